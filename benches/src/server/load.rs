//! The load generator: connections that are kept open, each with one request in flight, until all were answered.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use bytes::Bytes;
use http::{Request, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use crate::measure::count;

/// What one round came to.
pub(crate) struct Round {
    /// Requests a second.
    pub(crate) rate: f64,
    /// What a client waits, in µs.
    pub(crate) p50: f64,
    pub(crate) p99: f64,
}

type Sender = SendRequest<Full<Bytes>>;
type Queue = Arc<Mutex<std::vec::IntoIter<Request<Full<Bytes>>>>>;

/// Sends all requests and insists on an answer of 200 to each.
pub(crate) async fn run(
    server: SocketAddr,
    requests: Vec<Request<Full<Bytes>>>,
    connections: usize,
) -> Round {
    let total = requests.len();
    let queue: Queue = Arc::new(Mutex::new(requests.into_iter()));
    let mut senders = Vec::new();
    for _ in 0..connections {
        senders.push(connect(server).await);
    }
    let start = Instant::now();
    let workers: Vec<_> = senders.into_iter().map(|s| tokio::spawn(work(s, Arc::clone(&queue)))).collect();
    let mut waited = Vec::with_capacity(total);
    for worker in workers {
        waited.extend(worker.await.unwrap());
    }
    let elapsed = start.elapsed().as_secs_f64();
    assert_eq!(waited.len(), total);
    waited.sort_unstable_by(f64::total_cmp);
    let share = |percent: usize| waited.get(total * percent / 100).copied().unwrap_or(f64::NAN);
    Round { rate: count(total as u64) / elapsed, p50: share(50), p99: share(99) }
}

async fn connect(server: SocketAddr) -> Sender {
    let stream = TcpStream::connect(server).await.unwrap();
    stream.set_nodelay(true).unwrap();
    let (sender, connection) = handshake(TokioIo::new(stream)).await.unwrap();
    tokio::spawn(async move { connection.await.unwrap() });
    sender
}

/// What each request waited, in µs.
async fn work(mut sender: Sender, queue: Queue) -> Vec<f64> {
    let mut waited = Vec::new();
    let next = || queue.lock().unwrap().next();
    while let Some(request) = next() {
        sender.ready().await.unwrap();
        let start = Instant::now();
        let response = sender.send_request(request).await.unwrap();
        let status = response.status();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        assert_eq!(status, StatusCode::OK, "{}", String::from_utf8_lossy(&body));
        waited.push(start.elapsed().as_secs_f64() * 1e6);
    }
    waited
}

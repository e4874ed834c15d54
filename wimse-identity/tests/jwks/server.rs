//! An HTTPS server that answers as a test wants, can go away, and counts.

use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Response};
use http_body::{Body, Frame};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio_rustls::rustls::{ServerConfig, crypto};

/// A certification authority.
pub(crate) struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    pub(crate) fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    pub(crate) fn pem(&self) -> String {
        self.0.pem()
    }

    fn acceptor(&self, name: &str) -> TlsAcceptor {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new([name.to_owned()]).unwrap();
        let certificate = params.signed_by(&key, &self.0).unwrap().der().clone();
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let config = ServerConfig::builder_with_provider(crypto::aws_lc_rs::default_provider().into());
        let config = config.with_safe_default_protocol_versions().unwrap().with_no_client_auth();
        Arc::new(config.with_single_cert(vec![certificate], key).unwrap()).into()
    }
}

/// What the server answers.
#[derive(Clone)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Vec<u8>,
    /// What comes after the body.
    pub(crate) end: End,
    pub(crate) delay: Duration,
}

#[derive(Clone, Copy, PartialEq)]
pub(crate) enum End {
    Here,
    /// More of the same, for ever.
    Never,
    /// Nothing, for ever.
    Stalled,
    /// The connection is cut.
    Broken,
}

impl Reply {
    pub(crate) fn ok(body: impl Into<Vec<u8>>) -> Self {
        Self { status: 200, headers: Vec::new(), body: body.into(), end: End::Here, delay: Duration::ZERO }
    }

    pub(crate) fn status(status: u16) -> Self {
        Self { status, ..Self::ok("") }
    }

    pub(crate) fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    pub(crate) fn end(self, end: End) -> Self {
        Self { end, ..self }
    }

    pub(crate) fn delay(self, delay: Duration) -> Self {
        Self { delay, ..self }
    }
}

type Answer = Box<dyn FnMut(&HeaderMap) -> Reply + Send>;

#[derive(Default)]
pub(crate) struct Counts {
    pub(crate) requests: AtomicUsize,
    /// How many requests are being answered.
    pub(crate) current: AtomicUsize,
    pub(crate) most_at_once: AtomicUsize,
    /// Octets of bodies that were handed to the connection.
    pub(crate) sent: AtomicUsize,
}

struct Shared {
    answer: Mutex<Answer>,
    counts: Counts,
}

pub(crate) struct Server {
    address: SocketAddr,
    acceptor: Option<TlsAcceptor>,
    shared: Arc<Shared>,
    task: Option<JoinHandle<()>>,
}

impl Server {
    /// An HTTPS server on 127.0.0.1 whose certificate is for this name.
    pub(crate) async fn named(authority: &Authority, name: &str) -> Self {
        Self::new(Some(authority.acceptor(name))).await
    }

    pub(crate) async fn start(authority: &Authority) -> Self {
        Self::named(authority, "127.0.0.1").await
    }

    pub(crate) async fn plaintext() -> Self {
        Self::new(None).await
    }

    async fn new(acceptor: Option<TlsAcceptor>) -> Self {
        let answer: Answer = Box::new(|_| Reply::status(404));
        let shared = Arc::new(Shared { answer: Mutex::new(answer), counts: Counts::default() });
        let address = ([127, 0, 0, 1], 0).into();
        let mut server = Self { address, acceptor, shared, task: None };
        server.up().await;
        server
    }

    /// Comes back on the same port.
    pub(crate) async fn up(&mut self) {
        let listener = TcpListener::bind(self.address).await.unwrap();
        self.address = listener.local_addr().unwrap();
        let (acceptor, shared) = (self.acceptor.clone(), Arc::clone(&self.shared));
        self.task = Some(tokio::spawn(async move {
            // Dropped with this task, and every connection with it.
            let mut connections = tokio::task::JoinSet::new();
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let (acceptor, shared) = (acceptor.clone(), Arc::clone(&shared));
                connections.spawn(async move {
                    match acceptor {
                        Some(acceptor) => {
                            if let Ok(stream) = acceptor.accept(stream).await {
                                serve(stream, shared).await;
                            }
                        }
                        None => serve(stream, shared).await,
                    }
                });
            }
        }));
    }

    /// Goes away: connections are refused.
    pub(crate) async fn down(&mut self) {
        let task = self.task.take().unwrap();
        task.abort();
        let _ = task.await;
    }

    pub(crate) fn url(&self) -> String {
        let scheme = if self.acceptor.is_some() { "https" } else { "http" };
        format!("{scheme}://{}/keys?secret=query", self.address)
    }

    pub(crate) fn answers(&self, answer: impl FnMut(&HeaderMap) -> Reply + Send + 'static) {
        *self.shared.answer.lock().unwrap() = Box::new(answer);
    }

    pub(crate) fn always(&self, reply: Reply) {
        self.answers(move |_| reply.clone());
    }

    pub(crate) fn requests(&self) -> usize {
        self.shared.counts.requests.load(Ordering::SeqCst)
    }

    pub(crate) fn counts(&self) -> &Counts {
        &self.shared.counts
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(task) = &self.task {
            task.abort();
        }
    }
}

async fn serve<S>(stream: S, shared: Arc<Shared>)
where
    S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin + Send + 'static,
{
    let service = service_fn(|request: http::Request<hyper::body::Incoming>| {
        let shared = Arc::clone(&shared);
        async move {
            let counts = &shared.counts;
            counts.requests.fetch_add(1, Ordering::SeqCst);
            let current = counts.current.fetch_add(1, Ordering::SeqCst) + 1;
            counts.most_at_once.fetch_max(current, Ordering::SeqCst);
            let _leaving = Leaving(Arc::clone(&shared));
            let reply = (shared.answer.lock().unwrap())(request.headers());
            tokio::time::sleep(reply.delay).await;
            let mut response = Response::builder().status(reply.status);
            for (name, value) in &reply.headers {
                response = response.header(*name, value);
            }
            let cut = Box::pin(tokio::time::sleep(Duration::from_millis(100)));
            let body =
                ReplyBody { left: Some(reply.body.into()), end: reply.end, shared: Arc::clone(&shared), cut };
            Ok::<_, std::convert::Infallible>(response.body(body).unwrap())
        }
    });
    let _ = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
}

struct Leaving(Arc<Shared>);

impl Drop for Leaving {
    fn drop(&mut self) {
        self.0.counts.current.fetch_sub(1, Ordering::SeqCst);
    }
}

struct ReplyBody {
    left: Option<Bytes>,
    end: End,
    shared: Arc<Shared>,
    /// Lets what was sent arrive before the connection is cut.
    cut: Pin<Box<tokio::time::Sleep>>,
}

impl Body for ReplyBody {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, std::io::Error>>> {
        let next = if self.end == End::Never { self.left.clone() } else { self.left.take() };
        if let Some(bytes) = next {
            self.shared.counts.sent.fetch_add(bytes.len(), Ordering::SeqCst);
            return Poll::Ready(Some(Ok(Frame::data(bytes))));
        }
        match self.end {
            End::Here | End::Never => Poll::Ready(None),
            End::Stalled => Poll::Pending,
            End::Broken => self.cut.as_mut().poll(context).map(|()| Some(Err(std::io::Error::other("cut")))),
        }
    }

    fn size_hint(&self) -> http_body::SizeHint {
        match (&self.left, self.end) {
            (Some(left), End::Here) => http_body::SizeHint::with_exact(left.len() as u64),
            (None, End::Here) => http_body::SizeHint::with_exact(0),
            _ => http_body::SizeHint::default(),
        }
    }
}

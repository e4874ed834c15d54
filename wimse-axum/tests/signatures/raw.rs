//! HTTP/1.1 by hand, for requests that a client library would not send.

use std::time::Duration;

use axum::extract::Request;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::sockets::Server;

/// The head of a signed request, as it goes to `target`. The connection is closed afterwards.
pub(crate) fn head(request: &Request, target: &str) -> String {
    let mut text =
        format!("{} {target} HTTP/1.1\r\nhost: somewhere.example\r\nconnection: close\r\n", request.method());
    for (name, value) in request.headers() {
        text.extend([name.as_str(), ": ", value.to_str().unwrap(), "\r\n"]);
    }
    text + "\r\n"
}

/// A head with another field.
pub(crate) fn with(head: &str, field: &str) -> String {
    format!("{}{field}\r\n\r\n", head.strip_suffix("\r\n").unwrap())
}

pub(crate) async fn connect(server: &Server) -> TcpStream {
    let uri = server.get("/").uri().clone();
    TcpStream::connect(uri.authority().unwrap().as_str()).await.unwrap()
}

/// Sends this and nothing else, and reads until the server closes the connection.
pub(crate) async fn exchange(server: &Server, octets: &[u8]) -> Reply {
    let mut stream = connect(server).await;
    stream.write_all(octets).await.unwrap();
    rest(&mut stream).await
}

/// Reads until the server closes the connection.
pub(crate) async fn rest(stream: &mut TcpStream) -> Reply {
    let mut text = Vec::new();
    let reading = stream.read_to_end(&mut text);
    tokio::time::timeout(Duration::from_secs(10), reading).await.expect("no answer").unwrap();
    Reply(String::from_utf8(text).unwrap())
}

/// All that the server sent.
#[derive(Debug)]
pub(crate) struct Reply(pub(crate) String);

impl Reply {
    /// The body of a success.
    #[track_caller]
    pub(crate) fn ok(&self) -> &str {
        let (head, body) = self.0.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with("HTTP/1.1 200 "), "{self:?}");
        body
    }

    #[track_caller]
    pub(crate) fn assert_refused(&self, status: u16, reason: &str) {
        assert!(self.0.starts_with(&format!("HTTP/1.1 {status} ")), "{self:?}");
        assert!(self.0.contains(&format!("\"reason\":\"{reason}\"")), "{reason}: {self:?}");
    }
}

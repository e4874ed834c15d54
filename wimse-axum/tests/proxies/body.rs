//! Bodies of unknown length: chunked in HTTP/1.1, frames without a `content-length` in HTTP/2.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::{Body, Bytes, HttpBody};
use http::HeaderMap;
use http::header::CONTENT_LENGTH;
use http_body_util::BodyExt;
use hyper::body::Frame;

/// How large a piece is.
const PIECE: usize = 1000;

struct Pieces(Bytes);

impl HttpBody for Pieces {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let length = self.0.len().min(PIECE);
        Poll::Ready((length > 0).then(|| Ok(Frame::data(self.0.split_to(length)))))
    }
}

/// The same content in pieces, and no field that says how much it is.
pub(crate) async fn in_pieces<B>(headers: &mut HeaderMap, body: B) -> Body
where
    B: HttpBody<Data = Bytes>,
    B::Error: std::fmt::Debug,
{
    headers.remove(CONTENT_LENGTH);
    Body::new(Pieces(body.collect().await.unwrap().to_bytes()))
}

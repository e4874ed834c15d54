//! The body of a message that passes through as it is, or was read whole.

mod reading;

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::HeaderMap;
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;

pub(crate) use reading::{ReadError, Reading, Whole};

pin_project! {
    /// A body that passes through as it is, or was read whole: to be checked against a signature, to be signed, or
    /// because it is the short one of a refusal.
    #[derive(Debug)]
    pub struct MaybeBuffered<B> {
        #[pin]
        kind: Kind<B>,
    }
}

pin_project! {
    #[project = KindProjection]
    #[derive(Debug)]
    enum Kind<B> {
        Streamed { #[pin] body: B },
        Whole { content: Bytes, trailers: Option<HeaderMap> },
    }
}

impl<B> MaybeBuffered<B> {
    /// A body that passes through.
    pub fn streamed(body: B) -> Self {
        Self { kind: Kind::Streamed { body } }
    }

    /// All of some content, and the trailers after it.
    pub fn whole(content: Bytes, trailers: Option<HeaderMap>) -> Self {
        Self { kind: Kind::Whole { content, trailers } }
    }

    /// The content that is still to be read, if the body was read whole.
    pub fn content(&self) -> Option<&Bytes> {
        match &self.kind {
            Kind::Streamed { .. } => None,
            Kind::Whole { content, .. } => Some(content),
        }
    }
}

impl<B: Default> Default for MaybeBuffered<B> {
    fn default() -> Self {
        Self::streamed(B::default())
    }
}

impl<B: Body<Data = Bytes>> Body for MaybeBuffered<B> {
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        match self.project().kind.project() {
            KindProjection::Streamed { body } => body.poll_frame(cx),
            KindProjection::Whole { content, trailers } if content.is_empty() => {
                Poll::Ready(trailers.take().map(|trailers| Ok(Frame::trailers(trailers))))
            }
            KindProjection::Whole { content, .. } => {
                Poll::Ready(Some(Ok(Frame::data(std::mem::take(content)))))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.kind {
            Kind::Streamed { body } => body.is_end_stream(),
            Kind::Whole { content, trailers } => content.is_empty() && trailers.is_none(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.kind {
            Kind::Streamed { body } => body.size_hint(),
            Kind::Whole { content, trailers: None } => SizeHint::with_exact(content.len() as u64),
            // With a known length HTTP/1.1 would use Content-Length, which has no place for trailers.
            Kind::Whole { content, trailers: Some(_) } => {
                let mut hint = SizeHint::new();
                hint.set_lower(content.len() as u64);
                hint
            }
        }
    }
}

//! Reading a body whole, up to a limit.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::HeaderMap;
use http_body::Body;
use http_body_util::LengthLimitError;
use pin_project_lite::pin_project;
use wimse_core::content::{ContentBuffer, TooLarge};

use super::MaybeBuffered;
use crate::BoxError;

pin_project! {
    /// A body that is being read.
    pub(crate) struct Reading<B> {
        #[pin]
        body: B,
        limit: usize,
        buffer: Option<ContentBuffer>,
        trailers: Option<HeaderMap>,
    }
}

/// Why a body was not read whole.
pub(crate) enum ReadError {
    TooLarge(TooLarge),
    Failed(BoxError),
}

/// All of a body.
#[derive(Default)]
pub(crate) struct Whole {
    pub(crate) content: Bytes,
    pub(crate) trailers: Option<HeaderMap>,
}

impl Whole {
    pub(crate) fn into_body<B>(self) -> MaybeBuffered<B> {
        MaybeBuffered::whole(self.content, self.trailers)
    }
}

impl<B> Reading<B> {
    pub(crate) fn new(body: B, limit: usize) -> Self {
        Self { body, limit, buffer: None, trailers: None }
    }
}

impl<B> Reading<B>
where
    B: Body<Data = Bytes>,
    B::Error: Into<BoxError>,
{
    /// Reads on, and shows each piece to `each` as it arrives.
    pub(crate) fn poll(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        mut each: impl FnMut(&[u8]),
    ) -> Poll<Result<Whole, ReadError>> {
        let mut this = self.project();
        let buffer = match this.buffer {
            Some(buffer) => buffer,
            // Too much by its own account: nothing of it is read.
            None => match ContentBuffer::new(*this.limit, this.body.size_hint().lower()) {
                Ok(buffer) => this.buffer.insert(buffer),
                Err(error) => return Poll::Ready(Err(ReadError::TooLarge(error))),
            },
        };
        while let Some(frame) = ready!(this.body.as_mut().poll_frame(cx)) {
            match frame.map_err(|error| ReadError::of(error.into(), *this.limit))?.into_data() {
                Ok(piece) => {
                    each(&piece);
                    buffer.push(piece).map_err(ReadError::TooLarge)?;
                }
                Err(frame) => {
                    if let Ok(trailers) = frame.into_trailers() {
                        // They end a body.
                        *this.trailers = Some(trailers);
                        break;
                    }
                }
            }
        }
        let content = this.buffer.take().map(ContentBuffer::finish).unwrap_or_default();
        Poll::Ready(Ok(Whole { content, trailers: this.trailers.take() }))
    }
}

impl ReadError {
    /// A limit that a layer further out set looks like any other error of the body.
    fn of(error: BoxError, limit: usize) -> Self {
        let mut source: Option<&(dyn std::error::Error + 'static)> = Some(&*error);
        while let Some(cause) = source {
            if cause.is::<LengthLimitError>() {
                return Self::TooLarge(TooLarge { limit });
            }
            source = cause.source();
        }
        Self::Failed(error)
    }
}

//! Bodies that do what a test says.

use std::collections::VecDeque;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};
use http_body::{Body, Frame, SizeHint};

/// What a body does next. At the end of its script it is at its end.
#[derive(Debug, Clone)]
enum Step {
    Data(Bytes),
    Trailers(HeaderMap),
    Pause,
    Fail,
    Wait,
    Repeat(Bytes),
}

/// A body that plays a script.
#[derive(Debug, Clone, Default)]
pub(crate) struct Script {
    steps: VecDeque<Step>,
    announced: Option<u64>,
    polls: Arc<AtomicUsize>,
}

impl Script {
    /// One piece of content after the other.
    pub(crate) fn of(pieces: &[&str]) -> Self {
        let steps = pieces.iter().map(|piece| Step::Data(Bytes::copy_from_slice(piece.as_bytes()))).collect();
        Self { steps, ..Self::default() }
    }

    fn then(mut self, step: Step) -> Self {
        self.steps.push_back(step);
        self
    }

    /// One more piece.
    pub(crate) fn also(self, piece: &'static str) -> Self {
        self.then(Step::Data(Bytes::from_static(piece.as_bytes())))
    }

    pub(crate) fn trailers(self, name: &'static str, value: &'static str) -> Self {
        let trailer = (HeaderName::from_static(name), HeaderValue::from_static(value));
        self.all_trailers(HeaderMap::from_iter([trailer]))
    }

    pub(crate) fn all_trailers(self, trailers: HeaderMap) -> Self {
        self.then(Step::Trailers(trailers))
    }

    /// Lets others have their turn a few times.
    pub(crate) fn yields(self, turns: usize) -> Self {
        (0..turns).fold(self, |script, _| script.then(Step::Pause))
    }

    /// Breaks off, once what came before had time to be on its way.
    pub(crate) fn fails(self) -> Self {
        self.yields(1).then(Step::Fail)
    }

    /// Has nothing more to say, and does not end.
    pub(crate) fn waits(self) -> Self {
        self.then(Step::Wait)
    }

    /// Never ends.
    pub(crate) fn forever(self, piece: &'static [u8]) -> Self {
        self.then(Step::Repeat(Bytes::from_static(piece)))
    }

    /// Says how long it is, right or wrong.
    pub(crate) fn announcing(mut self, octets: u64) -> Self {
        self.announced = Some(octets);
        self
    }

    /// Does not say how long it is.
    pub(crate) fn announcing_nothing(self) -> Self {
        Self { announced: None, ..self }
    }

    /// How often this body, and its clones, were asked for more.
    pub(crate) fn polls(&self) -> Arc<AtomicUsize> {
        Arc::clone(&self.polls)
    }
}

impl Body for Script {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        self.polls.fetch_add(1, Ordering::SeqCst);
        let Some(step) = self.steps.pop_front() else { return Poll::Ready(None) };
        Poll::Ready(Some(match step {
            Step::Data(piece) => Ok(Frame::data(piece)),
            Step::Trailers(trailers) => Ok(Frame::trailers(trailers)),
            Step::Pause => {
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
            Step::Fail => Err(io::Error::other("the disk is gone")),
            Step::Wait => {
                self.steps.push_front(Step::Wait);
                return Poll::Pending;
            }
            Step::Repeat(piece) => {
                self.steps.push_front(Step::Repeat(piece.clone()));
                Ok(Frame::data(piece))
            }
        }))
    }

    fn is_end_stream(&self) -> bool {
        self.steps.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        self.announced.map_or_else(SizeHint::new, SizeHint::with_exact)
    }
}

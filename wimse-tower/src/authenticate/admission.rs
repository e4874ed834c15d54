//! From a verified head to a verified request: its content, if the proof covers that, and the last word.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::Body;
use pin_project_lite::pin_project;
use wimse_core::{HeadVerified, Peer, Reason, Rejection, Verifying};

use crate::body::{ReadError, Reading};
use crate::{BoxError, MaybeBuffered};

pin_project! {
    /// Resolves to the caller and the body that the inner service gets.
    pub(super) struct Admission<B> {
        #[pin]
        state: State<B>,
    }
}

pin_project! {
    #[project = StateProjection]
    enum State<B> {
        Reading { #[pin] reading: Reading<B>, head: Option<HeadVerified> },
        Verifying { verifying: Verifying, body: Option<MaybeBuffered<B>> },
    }
}

/// As far as one gets without waiting.
#[expect(clippy::large_enum_variant, reason = "it is taken apart at once, and a box is what it is to save")]
pub(super) enum Begun<B> {
    Decided(Peer, MaybeBuffered<B>),
    Awaited(Admission<B>),
}

impl<B: Body<Data = Bytes>> Begun<B> {
    /// Waits neither for content that is not there nor for an answer that is.
    pub(super) fn of(mut head: HeadVerified, body: B, limit: usize) -> Result<Self, Rejection> {
        let body = match (head.needs_content(), body.is_end_stream()) {
            (false, _) => MaybeBuffered::streamed(body),
            (true, true) => {
                head.update(&[]);
                MaybeBuffered::whole(Bytes::new(), None)
            }
            (true, false) => {
                let state = State::Reading { reading: Reading::new(body, limit), head: Some(head) };
                return Ok(Self::Awaited(Admission { state }));
            }
        };
        Ok(match head.finish().into_decision() {
            Ok(decision) => Self::Decided(decision?, body),
            Err(verifying) => {
                let state = State::Verifying { verifying, body: Some(body) };
                Self::Awaited(Admission { state })
            }
        })
    }
}

impl<B> Admission<B> {
    pub(super) fn awaits_content(&self) -> bool {
        matches!(self.state, State::Reading { .. })
    }
}

impl<B> Future for Admission<B>
where
    B: Body<Data = Bytes>,
    B::Error: Into<BoxError>,
{
    type Output = Result<(Peer, MaybeBuffered<B>), Rejection>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut state = self.project().state;
        if let StateProjection::Reading { reading, head } = state.as_mut().project() {
            let update = |piece: &[u8]| head.iter_mut().for_each(|head| head.update(piece));
            let read = ready!(reading.poll(cx, update));
            let Some(mut head) = head.take() else { return Poll::Pending };
            match read {
                Ok(whole) => {
                    head.update(&[]);
                    let body = Some(whole.into_body());
                    state.set(State::Verifying { verifying: head.finish(), body });
                }
                Err(ReadError::TooLarge(error)) => return Poll::Ready(Err(head.refuse(error))),
                Err(ReadError::Failed(error)) => {
                    let broken = Rejection::new(Reason::ContentIncomplete);
                    return Poll::Ready(Err(head.refuse(broken.with_detail("all of the content", error))));
                }
            }
        }
        let StateProjection::Verifying { verifying, body } = state.project() else { return Poll::Pending };
        let peer = ready!(Pin::new(verifying).poll(cx))?;
        match body.take() {
            Some(body) => Poll::Ready(Ok((peer, body))),
            None => Poll::Pending,
        }
    }
}

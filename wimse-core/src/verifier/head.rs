//! A request whose head is verified and whose content is awaited.

use std::fmt;

use http::{Method, Uri};

use super::{Judged, Proofs, RequestHead, Verifier, Verifying};
use crate::Rejection;
use crate::exchange::Exchange;
use crate::httpsig::profile::{ContentCheck, asks_for_signed_response};
use crate::observer::Target;
use crate::trace::NoTrace;

/// A request whose head is verified. Its caller is not known yet: [`HeadVerified::finish`] checks the content and uses the
/// proof up.
///
/// If [`HeadVerified::needs_content`], hand over every piece of the content before, an empty one if there is none, and
/// nothing of it to the application. Otherwise finish at once, and pass the content on as it arrives: the proof does not
/// cover it.
#[must_use = "the request is not authenticated yet"]
pub struct HeadVerified {
    verifier: Verifier,
    judged: Judged,
    content: Option<ContentCheck>,
    method: Method,
    uri: Uri,
    prefers_signed_response: bool,
}

impl HeadVerified {
    pub(super) fn new(verifier: &Verifier, judged: Judged, request: RequestHead<'_>) -> Self {
        let content = match &judged.proofs {
            Proofs::Wpt(_) => None,
            Proofs::Signature { signature, .. } => Some(signature.content()),
        };
        let (method, uri) = (request.method.clone(), request.uri.clone());
        let prefers_signed_response =
            content.is_some() && asks_for_signed_response(request.headers, judged.peer.revision());
        Self { verifier: verifier.clone(), judged, content, method, uri, prefers_signed_response }
    }

    /// Whether the proof covers the content, so that all of it must be here before [`HeadVerified::finish`].
    pub fn needs_content(&self) -> bool {
        self.content.is_some()
    }

    /// The next piece of the content. Call it at least once where content is needed: finishing without is refused with
    /// [`Reason::ContentUnchecked`](crate::Reason::ContentUnchecked).
    pub fn update(&mut self, piece: &[u8]) {
        if let Some(content) = &mut self.content {
            content.update(piece);
        }
    }

    /// The exchange that a signed response is tied to; `None` if the request has no HTTP signature, so that there is
    /// nothing to tie a response to.
    ///
    /// Sign nothing before [`HeadVerified::finish`] has let the request in. Whoever repeats a request, or sends it with other
    /// content, would get a signed refusal to put in the place of the true response.
    pub fn exchange(&self) -> Option<Exchange> {
        match &self.judged.proofs {
            Proofs::Wpt(_) => None,
            Proofs::Signature { signature, .. } => Some(Exchange::received(
                self.method.clone(),
                self.uri.clone(),
                signature,
                self.judged.peer.revision(),
                self.prefers_signed_response,
            )),
        }
    }

    /// That was all of the content: checks it, and uses the proof up.
    ///
    /// # Errors
    ///
    /// As [`Verifier::verify`], and if the content is not the one that was signed.
    pub fn finish(mut self) -> Verifying {
        let checked = self.content.take().map_or(Ok(()), ContentCheck::finish);
        if let Err(rejection) = checked {
            let rejection = self.verifier.answer_to(&self.judged.peer, rejection);
            return Verifying::done(Err(self.verifier.rejected(rejection, self.target())));
        }
        let target = Target { method: &self.method, path: self.uri.path() };
        // The content may have taken its time.
        let now = self.verifier.0.clock.now();
        self.verifier.use_up(self.judged, now, target, &mut NoTrace)
    }

    /// Refuses the request after all, for example because its content is too large, and reports that.
    pub fn refuse(self, rejection: impl Into<Rejection>) -> Rejection {
        let rejection = self.verifier.answer_to(&self.judged.peer, rejection.into());
        self.verifier.rejected(rejection, self.target())
    }

    fn target(&self) -> Target<'_> {
        Target { method: &self.method, path: self.uri.path() }
    }
}

impl fmt::Debug for HeadVerified {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HeadVerified").field("needs_content", &self.needs_content()).finish_non_exhaustive()
    }
}

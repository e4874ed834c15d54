//! Checking the response to a request that was signed, before the application sees anything of it.

use std::fmt;
use std::sync::Arc;

use http::{HeaderMap, StatusCode};

use crate::callee::Expectation;
use crate::clock::Clock;
use crate::exchange::Exchange;
use crate::httpsig::ResponseParts;
use crate::httpsig::profile::{ContentCheck, ResponseCheck, Terms, VerifiedResponse, refuse};
use crate::limits::Limits;
use crate::peer::{Authentication, Callee, Peer, Proof};
use crate::presented::Signatures;
use crate::trace::{NoTrace, Step};
use crate::trust::TrustStore;
use crate::wit::{Validation, WORKLOAD_IDENTITY_TOKEN, Wit};
use crate::wpt::{self, Context, ContextFields, Single, single};
use crate::{Reason, Rejection};

/// What the response to a signed request must be.
#[derive(Debug)]
#[must_use = "the response must be held against this"]
pub struct ExpectedResponse(Expected);

#[derive(Debug)]
enum Expected {
    Any,
    Unsigned(Unverifiable),
    To(Box<Awaited>),
}

#[derive(Debug)]
struct Awaited {
    exchange: Exchange,
    terms: ResponseTerms,
}

/// Why no signature on the response could be verified.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Unverifiable {
    /// The request has no signature to which one could be tied.
    Request,
    /// There are no trust anchors.
    Anchors,
}

/// What responses are held against, besides their request.
pub(crate) struct ResponseTerms {
    pub(crate) anchors: TrustStore,
    pub(crate) expected: Option<Expectation>,
    pub(crate) limits: Limits,
    pub(crate) clock: Arc<dyn Clock>,
}

impl fmt::Debug for ResponseTerms {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseTerms").field("expected", &self.expected).finish_non_exhaustive()
    }
}

impl ExpectedResponse {
    /// Any response will do: the request went without credentials.
    pub(crate) fn any() -> Self {
        Self(Expected::Any)
    }

    /// No signature could be verified, so that no response may have one (http-signature §3.5).
    pub(crate) fn unsigned(why: Unverifiable) -> Self {
        Self(Expected::Unsigned(why))
    }

    pub(crate) fn to(exchange: Exchange, terms: ResponseTerms) -> Self {
        Self(Expected::To(Box::new(Awaited { exchange, terms })))
    }

    /// Checks everything about a response but its content. `None` if it is unsigned and may be (http-signature §3.5): it
    /// can then be handed on, and nothing in it is authenticated.
    ///
    /// # Errors
    ///
    /// [`ResponseError`] if the response is signed and that is not valid, or unsigned where it must be signed, whatever
    /// its status. The application must not get such a response.
    pub fn verify_head(
        self,
        status: StatusCode,
        headers: &HeaderMap,
    ) -> Result<Option<ResponseVerified>, ResponseError> {
        let verified = match self.0 {
            Expected::Any => Ok(None),
            Expected::Unsigned(why) => none_signed(headers, why).map(|()| None),
            Expected::To(awaited) => awaited.verify(status, headers),
        };
        verified.map_err(|rejection| ResponseError { status, rejection })
    }
}

fn none_signed(headers: &HeaderMap, why: Unverifiable) -> Result<(), Rejection> {
    if matches!(Signatures::read(headers).find(), Ok(None)) {
        return Ok(());
    }
    Err(match why {
        Unverifiable::Anchors => Rejection::new(Reason::TrustDomainUnknown)
            .at(Step::TrustDomain)
            .with_detail("the signer's `response_anchors`, to check a signed response by", "none"),
        Unverifiable::Request => Rejection::new(Reason::RequestNonce)
            .at(Step::RequestNonce)
            .with_detail("an unsigned response to a request without an HTTP signature", "a signed one"),
    })
}

impl Awaited {
    fn verify(&self, status: StatusCode, headers: &HeaderMap) -> Result<Option<ResponseVerified>, Rejection> {
        let t = &mut NoTrace;
        let signatures = Signatures::read(headers);
        let found = signatures.find().map_err(|error| refuse(t, Step::SignatureFields, &error))?;
        let Some(signature) = found else {
            if !self.exchange.requires_signed_response() {
                return Ok(None);
            }
            let unsigned = Rejection::new(Reason::ResponseUnsigned).at(Step::SignatureFields);
            return Err(unsigned.with_detail("a signed response", format_args!("an unsigned one, {status}")));
        };
        let now = self.terms.clock.now();
        let wit = self.token(headers)?;
        let expected = self.terms.expected.as_ref().ok_or_else(|| {
            let unexpected = Rejection::new(Reason::CalleeUnexpected).at(Step::Callee);
            unexpected.with_detail("a callee that the signer's mapping names", wit.subject())
        })?;
        let exchange = self.exchange.borrow();
        let check = ResponseCheck {
            response: ResponseParts::new(status, headers),
            exchange,
            wit: Some(&wit),
            expected,
            terms: Terms {
                revision: self.exchange.revision(),
                now,
                leeway: self.terms.limits.leeway,
                window: self.terms.limits.signature_window,
            },
        };
        let verified = check.signature(&signature, &wit, t)?;
        let callee = self.callee(&verified, wit);
        Ok(Some(ResponseVerified { status, content: verified.content(), callee }))
    }

    fn token(&self, headers: &HeaderMap) -> Result<Arc<Wit>, Rejection> {
        let limits = &self.terms.limits;
        let token = match single(headers, &WORKLOAD_IDENTITY_TOKEN) {
            Single::Absent => {
                let missing = Rejection::new(Reason::WitMissing).at(Step::WitField);
                return Err(missing.with_detail("the callee's token beside its signature", "none"));
            }
            Single::Repeated => return Err(Rejection::new(Reason::WitRepeated).at(Step::WitField)),
            Single::One(token) => token.to_str().map_err(|_| Reason::WitMalformed)?,
        };
        let snapshot = self.terms.anchors.load();
        let snapshot = snapshot.as_ref().ok_or(Reason::AnchorsNotLoaded)?;
        Validation { snapshot, limits, now: self.terms.clock.now() }.token(token, &mut NoTrace)
    }

    fn callee(&self, verified: &VerifiedResponse, wit: Arc<Wit>) -> Callee {
        let authentication = Authentication {
            proof: Proof::HttpSignature,
            revision: self.exchange.revision(),
            expires_at: verified.expires_at().min(wit.expires_at()),
            context: Context::default(),
            wit,
        };
        Callee(Peer::new(authentication, None))
    }
}

/// A signed response whose head is verified. Hand over every piece of its content, an empty one if there is none, then
/// [`ResponseVerified::finish`].
#[derive(Debug)]
#[must_use = "the content must still be checked"]
pub struct ResponseVerified {
    status: StatusCode,
    content: ContentCheck,
    callee: Callee,
}

impl ResponseVerified {
    /// The next piece of the content.
    pub fn update(&mut self, piece: &[u8]) {
        self.content.update(piece);
    }

    /// That was all of the content: checks it, and says who answered.
    ///
    /// # Errors
    ///
    /// [`ResponseError`] if the content is not the one that was signed.
    pub fn finish(self) -> Result<Callee, ResponseError> {
        let Self { status, content, callee } = self;
        content.finish().map_err(|rejection| ResponseError { status, rejection })?;
        Ok(callee)
    }

    /// Marks the fields that carry credentials as sensitive, so that `Debug` of the headers does not show them.
    pub fn mark_sensitive(&self, headers: &mut HeaderMap) {
        wpt::mark_sensitive(headers, &ContextFields::default());
    }

    /// Refuses the response after all, for example because its content is too large.
    pub fn refuse(self, rejection: impl Into<Rejection>) -> ResponseError {
        ResponseError { status: self.status, rejection: rejection.into() }
    }
}

/// A response that the application must not see.
#[derive(Debug, Clone)]
pub struct ResponseError {
    status: StatusCode,
    rejection: Rejection,
}

impl ResponseError {
    /// The status that the response claims to have. **Nothing authenticates it**: it may come from a proxy or an
    /// attacker. For logs, and at most for the decision to try again later.
    pub fn unauthenticated_status(&self) -> StatusCode {
        self.status
    }

    /// Why the response was refused.
    pub fn reason(&self) -> Reason {
        self.rejection.reason()
    }

    /// The refusal with its detail, for logs. Its status means nothing here.
    pub fn rejection(&self) -> &Rejection {
        &self.rejection
    }
}

impl fmt::Display for ResponseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "a response with the unauthenticated status {} was refused: {}",
            self.status, self.rejection
        )
    }
}

impl std::error::Error for ResponseError {}

//! Authenticating requests: the [`Verifier`] and its configuration.
//!
//! A verifier knows whose tokens to trust, which audiences are its own and which proofs were used before. The
//! adapters check a request's head with [`Verifier::verify_head`], then its content if the proof covers it; so can
//! anything else that has a request.
// The order of the stages: a new check is a new line in `judge_presented` and a new file below.

mod builder;
mod head;
mod verifying;

use std::fmt;
use std::sync::Arc;

use http::{HeaderMap, Method, Uri};

pub(crate) use builder::check_limits;
pub use builder::{BuildError, VerifierBuilder};
pub use head::HeadVerified;
pub use verifying::Verifying;

use crate::clock::Clock;
use crate::httpsig::RequestParts;
use crate::httpsig::profile::{RequestCheck, Terms, VerifiedRequest, wanted_of_request};
use crate::limits::Limits;
use crate::observer::{Observer, Target};
use crate::peer::{Authentication, Peer, Proof};
use crate::presented::{Accepted, Presented, Signatures, carries_nothing, in_terms_of};
use crate::replay::{ProofUse, ReplayAnswer, ReplayCache};
use crate::revision::Revision;
use crate::target::has_path;
use crate::trace::{NoTrace, Step, Trace, ensure};
use crate::trust::TrustStore;
use crate::wit::{Validation, Wit};
use crate::wpt::{self, Context, Verification};
use crate::{Reason, Rejection, UnixTime};

/// The parts of a request that are authenticated, but for its content.
#[derive(Clone, Copy)]
pub struct RequestHead<'a> {
    /// The request's method.
    pub method: &'a Method,
    /// The target as the client sent it: under axum's `nest` the original one.
    pub uri: &'a Uri,
    /// All fields.
    pub headers: &'a HeaderMap,
}

impl<'a> From<&'a http::request::Parts> for RequestHead<'a> {
    fn from(parts: &'a http::request::Parts) -> Self {
        Self { method: &parts.method, uri: &parts.uri, headers: &parts.headers }
    }
}

impl<'a, B> From<&'a http::Request<B>> for RequestHead<'a> {
    fn from(request: &'a http::Request<B>) -> Self {
        Self { method: request.method(), uri: request.uri(), headers: request.headers() }
    }
}

impl fmt::Debug for RequestHead<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RequestHead")
            .field("method", self.method)
            .field("path", &self.uri.path())
            .finish_non_exhaustive()
    }
}

/// Authenticates requests: the one place where the order of checks is decided.
///
/// Cheap to clone, shared by all connections, no lock across requests.
#[derive(Clone)]
pub struct Verifier(Arc<Inner>);

struct Inner {
    trust: TrustStore,
    policy: wpt::Policy,
    replay: Option<Arc<dyn ReplayCache>>,
    accepted: Accepted,
    limits: Limits,
    clock: Arc<dyn Clock>,
    observer: Arc<dyn Observer>,
}

/// Nonces of signatures count once, whoever sends them (http-signature §3), unlike the `jti` of a proof token.
const ANY_SENDER: &str = "";

/// A request whose head is sound.
struct Judged {
    /// When the head was judged.
    now: UnixTime,
    peer: Peer,
    wit: Arc<Wit>,
    proofs: Proofs,
}

/// The proofs of a sound request, as far as there is still something to be done about them.
enum Proofs {
    /// A proof token alone: nothing else can fail, so that the replay cache was asked already.
    Wpt(Option<ReplayAnswer>),
    /// A signature, whose content is to be checked before it is used up together with the token beside it.
    Signature { signature: VerifiedRequest, wpt: Option<Wpt> },
}

/// A proof token to be used up.
struct Wpt {
    id: String,
    until: UnixTime,
}

impl Verifier {
    /// Starts a configuration, in which trust anchors, audiences and replay must be decided.
    pub fn builder() -> VerifierBuilder {
        VerifierBuilder::default()
    }

    /// Authenticates a request by its head alone, and uses its proof up: for proofs that do not cover content.
    ///
    /// A request with an HTTP signature is refused with [`Reason::ContentUnchecked`]: use
    /// [`Verifier::verify_with_content`], or [`Verifier::verify_head`] for content that arrives in pieces.
    ///
    /// Everything but a shared replay store is done before this returns; the future then completes at once.
    ///
    /// # Errors
    ///
    /// The future resolves to a [`Rejection`] whose [`Reason`] says which check failed: the credential or its proof (401,
    /// or 400 for a request with an HTTP signature alone and where no Workload Proof Token is accepted), or that the answer cannot be known at present (503).
    pub fn verify<'a>(&self, request: impl Into<RequestHead<'a>>) -> Verifying {
        self.run(request.into(), None, &mut NoTrace, true)
    }

    /// Authenticates a request whose content is all there, and uses its proof up.
    ///
    /// # Errors
    ///
    /// As [`Verifier::verify`], and if the content is not the one that was signed.
    pub fn verify_with_content<'a>(&self, request: impl Into<RequestHead<'a>>, content: &[u8]) -> Verifying {
        self.run(request.into(), Some(content), &mut NoTrace, true)
    }

    /// As [`Verifier::verify_with_content`], and reports every check to `trace`. Validates the token from scratch instead
    /// of remembering it, so that every check is seen. What a replay cache answers later is not reported.
    pub fn verify_traced<'a>(
        &self,
        request: impl Into<RequestHead<'a>>,
        content: &[u8],
        mut trace: &mut dyn Trace,
    ) -> Verifying {
        self.run(request.into(), Some(content), &mut trace, false)
    }

    /// Checks everything about a request but its content: what an adapter does before it reads any of that. The proof
    /// is not used up yet if it covers the content.
    ///
    /// # Errors
    ///
    /// As [`Verifier::verify`].
    pub fn verify_head<'a>(&self, request: impl Into<RequestHead<'a>>) -> Result<HeadVerified, Rejection> {
        let request = request.into();
        match self.judge(request, &mut NoTrace, true) {
            Ok(judged) => Ok(HeadVerified::new(self, judged, request)),
            Err(rejection) => Err(self.rejected(rejection, Target::from(&request))),
        }
    }

    /// Whether a request carries neither a Workload Identity Token nor a proof of any kind or revision. This is what
    /// may pass where authentication is optional; anything else must be verified.
    pub fn is_anonymous(&self, headers: &HeaderMap) -> bool {
        carries_nothing(headers)
    }

    /// A refusal with the status and the challenge that fit the proofs that are accepted here.
    pub fn rejection(&self, reason: Reason) -> Rejection {
        self.answer(reason.into())
    }

    /// Marks the fields that carry credentials as sensitive, so that `Debug` of the headers does not show them.
    pub fn mark_sensitive(&self, headers: &mut HeaderMap) {
        wpt::mark_sensitive(headers, &self.0.policy.context_fields);
    }

    /// Where decisions are reported.
    pub fn observer(&self) -> &Arc<dyn Observer> {
        &self.0.observer
    }

    fn run<T: Trace>(
        &self,
        request: RequestHead<'_>,
        content: Option<&[u8]>,
        t: &mut T,
        remember: bool,
    ) -> Verifying {
        let target = Target::from(&request);
        let judged = self.judge(request, t, remember).and_then(|judged| {
            if let Proofs::Signature { signature, .. } = &judged.proofs {
                let content = content.ok_or_else(|| self.rejection(Reason::ContentUnchecked))?;
                let mut check = signature.content();
                check.update(content);
                check.finish_traced(t).map_err(|rejection| self.answer_to(&judged.peer, rejection))?;
            }
            Ok(judged)
        });
        match judged {
            // Nothing was waited for: the head was judged just now.
            Ok(judged) => {
                let now = judged.now;
                self.use_up(judged, now, target, t)
            }
            Err(rejection) => Verifying::done(Err(self.rejected(rejection, target))),
        }
    }

    /// Every stage up to the content.
    fn judge<T: Trace>(
        &self,
        request: RequestHead<'_>,
        t: &mut T,
        remember: bool,
    ) -> Result<Judged, Rejection> {
        self.judge_target(request, t, remember).map_err(|rejection| self.answer(rejection))
    }

    fn judge_target<T: Trace>(
        &self,
        request: RequestHead<'_>,
        t: &mut T,
        remember: bool,
    ) -> Result<Judged, Rejection> {
        let signatures = Signatures::read(request.headers);
        self.judge_fields(request, &signatures, t, remember)
            .map_err(|rejection| in_terms_of(request.headers, &signatures, self.0.accepted, rejection))
    }

    fn judge_fields<T: Trace>(
        &self,
        request: RequestHead<'_>,
        signatures: &Signatures<'_>,
        t: &mut T,
        remember: bool,
    ) -> Result<Judged, Rejection> {
        let located = has_path(request.method, request.uri);
        let expected = format_args!("a path");
        let found = format_args!("{} {}", request.method, request.uri.path());
        ensure(t, Step::RequestTarget, located, Reason::RequestTarget, expected, found)?;

        let presented = Presented::read(request.headers, signatures, self.0.accepted, t)?;
        self.judge_presented(&presented, request, t, remember)
    }

    fn judge_presented<T: Trace>(
        &self,
        presented: &Presented<'_, '_>,
        request: RequestHead<'_>,
        t: &mut T,
        remember: bool,
    ) -> Result<Judged, Rejection> {
        let Inner { trust, policy, limits, replay, .. } = &*self.0;
        let now = self.0.clock.now();
        let snapshot = trust.load();
        let Some(snapshot) = snapshot.as_ref() else {
            return Err(Reason::AnchorsNotLoaded.into());
        };
        let validation = Validation { snapshot, limits, now };
        let wit = if remember {
            validation.token(presented.wit, t)?
        } else {
            validation.token_uncached(presented.wit, t)?
        };
        let authentication = |proof, expires_at: UnixTime, context| Authentication {
            proof,
            revision: presented.revision,
            expires_at: expires_at.min(wit.expires_at()),
            context,
            wit: Arc::clone(&wit),
        };

        let mut by_token = None;
        if let Some(proof) = presented.wpt {
            let RequestHead { headers, uri, .. } = request;
            let wire = presented.revision.wpt();
            let verification =
                Verification { proof, wit: &wit, headers, path: uri.path(), wire, policy, limits, now };
            let verified = verification.run(t, |id, until| match presented.signature {
                None => {
                    let proof = ProofUse::new(wit.subject().as_str(), id, until, now);
                    Err(replay.as_ref().map(|cache| cache.use_once(&proof)))
                }
                Some(_) => Ok(Wpt { id: id.to_owned(), until }),
            })?;
            by_token =
                Some((authentication(Proof::Wpt, verified.expires_at, verified.context), verified.burnt));
        }
        let mut by_signature = None;
        if let Some(signature) = &presented.signature {
            let check = RequestCheck {
                request: RequestParts::in_origin_form(request.method, request.uri, request.headers),
                wit: &wit,
                audiences: &policy.audiences,
                context: policy.context_fields.as_slice(),
                terms: Terms {
                    revision: presented.revision,
                    now,
                    leeway: limits.leeway,
                    window: limits.signature_window,
                },
            };
            let verified = check.signature(signature, t)?;
            let context = Context::covered(request.headers, &policy.context_fields);
            let by = authentication(Proof::HttpSignature, verified.expires_at(), context);
            by_signature = Some((by, verified));
        }
        let (peer, proofs) = match (by_signature, by_token) {
            (None, None) => return Err(Reason::ProofMissing.into()),
            (None, Some((token, burnt))) => (Peer::new(token, None), Proofs::Wpt(burnt.err().flatten())),
            (Some((by, signature)), None) => {
                (Peer::new(by, None), Proofs::Signature { signature, wpt: None })
            }
            (Some((by, signature)), Some((token, burnt))) => {
                (Peer::new(by, Some(token)), Proofs::Signature { signature, wpt: burnt.ok() })
            }
        };
        Ok(Judged { now, peer, wit, proofs })
    }

    /// The last stage: every proof of the request counts once.
    fn use_up<T: Trace>(&self, judged: Judged, now: UnixTime, target: Target<'_>, t: &mut T) -> Verifying {
        let Judged { peer, wit, proofs, .. } = judged;
        let ask = |scope: &str, id: &str, until| {
            let proof = ProofUse::new(scope, id, until, now).with_caller(wit.subject().as_str());
            self.0.replay.as_ref().map(|cache| cache.use_once(&proof))
        };
        let answers = match proofs {
            Proofs::Wpt(answer) => [answer, None],
            Proofs::Signature { signature, wpt } => {
                if let Err(rejection) = self.still_valid(&peer, now) {
                    return Verifying::done(Err(self.rejected(rejection, target)));
                }
                let token = wpt.and_then(|wpt| ask(wit.subject().as_str(), &wpt.id, wpt.until));
                [ask(ANY_SENDER, signature.nonce(), signature.remember_until()), token]
            }
        };
        Verifying::settle(self, peer, answers, target, t)
    }

    /// Whether a peer's proof did not expire while its content or a replay store took their time.
    fn still_valid(&self, peer: &Peer, now: UnixTime) -> Result<(), Rejection> {
        let until = peer.expires_at().plus(self.0.limits.leeway);
        if now < until {
            return Ok(());
        }
        let late = Rejection::new(Reason::ProofExpired).at(Step::Replay);
        let late = late.with_detail(
            format_args!("all of the content and the replay store's answer before {until}"),
            now,
        );
        Err(self.answer_to(peer, late))
    }

    /// The answer that fits the proofs that are accepted here: no challenge where no Workload Proof Token is accepted.
    fn answer(&self, rejection: Rejection) -> Rejection {
        let Accepted { wpt, signature, .. } = self.0.accepted;
        let rejection = if signature {
            rejection.or_signed(|| wanted_of_request(Revision::default()))
        } else {
            rejection
        };
        if wpt { rejection } else { rejection.without_challenge() }
    }

    /// As [`Self::answer`], to a caller whose proof is known.
    fn answer_to(&self, peer: &Peer, rejection: Rejection) -> Rejection {
        let signed_only = !peer.authentications().any(|by| by.proof() == Proof::Wpt);
        let rejection = wpt::under(peer.revision(), self.answer(rejection));
        if signed_only { rejection.without_challenge() } else { rejection }
    }

    fn rejected(&self, rejection: Rejection, target: Target<'_>) -> Rejection {
        self.0.observer.rejected(&rejection, target);
        rejection
    }
}

impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verifier")
            .field("trust", &self.0.trust)
            .field("audiences", &self.0.policy.audiences)
            .field("accepted", &self.0.accepted)
            .field("replay", &self.0.replay.is_some())
            .field("limits", &self.0.limits)
            .finish_non_exhaustive()
    }
}

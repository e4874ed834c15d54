//! Authenticating requests: the [`Verifier`] and its configuration.
//!
//! A verifier knows whose tokens to trust, which audiences are its own and which proofs were used before. The
//! adapters call [`Verifier::verify`] for each request; so can anything else that has a request's head.
// Configuration and the order of the stages: a new check is a new line in `judge` and a new file below.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context as TaskContext, Poll, ready};

use http::{HeaderMap, Method, Uri};

use crate::audience::{AudienceError, Audiences};
use crate::clock::{Clock, SystemClock};
use crate::limits::{Limits, MAX_LEEWAY};
use crate::observer::{Observer, Target, default_observer};
use crate::peer::{Authentication, Peer, Proof};
use crate::replay::{ProofUse, ReplayAnswer, ReplayCache, ReplayError, Use};
use crate::revision::{Revision, Revisions};
use crate::target::has_path;
use crate::trace::{NoTrace, Step, Trace, ensure};
use crate::trust::TrustStore;
use crate::wit::Validation;
use crate::wpt::{self, ContextFields, Fields, Verification};
use crate::{Reason, Rejection};

/// The parts of a request that are authenticated.
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
    revisions: Revisions,
    limits: Limits,
    clock: Arc<dyn Clock>,
    observer: Arc<dyn Observer>,
}

impl Verifier {
    /// Starts a configuration, in which trust anchors, audiences and replay must be decided.
    pub fn builder() -> VerifierBuilder {
        VerifierBuilder::default()
    }

    /// Authenticates a request by its head, and uses its proof up.
    ///
    /// Everything but a shared replay store is done before this returns; the future then completes at once.
    ///
    /// # Errors
    ///
    /// The future resolves to a [`Rejection`] whose [`Reason`] says which check failed: the credential or its proof (401,
    /// or 400 for the older revision), or that the answer cannot be known at present (503).
    pub fn verify<'a>(&self, request: impl Into<RequestHead<'a>>) -> Verifying {
        self.run(request.into(), &mut NoTrace, true)
    }

    /// As [`Verifier::verify`], and reports every check to `trace`. Validates the token from scratch instead of
    /// remembering it, so that every check is seen. What a replay cache answers later is not reported.
    pub fn verify_traced<'a>(
        &self,
        request: impl Into<RequestHead<'a>>,
        mut trace: &mut dyn Trace,
    ) -> Verifying {
        self.run(request.into(), &mut trace, false)
    }

    /// Whether a request carries neither a Workload Identity Token nor a proof of any revision. This is what
    /// may pass where authentication is optional; anything else must be verified.
    pub fn is_anonymous(&self, headers: &HeaderMap) -> bool {
        wpt::carries_nothing(headers)
    }

    /// Marks the fields that carry credentials as sensitive, so that `Debug` of the headers does not show them.
    pub fn mark_sensitive(&self, headers: &mut HeaderMap) {
        wpt::mark_sensitive(headers, &self.0.policy.context_fields);
    }

    /// Where decisions are reported.
    pub fn observer(&self) -> &Arc<dyn Observer> {
        &self.0.observer
    }

    fn run<T: Trace>(&self, request: RequestHead<'_>, t: &mut T, remember: bool) -> Verifying {
        let target = Target::from(&request);
        let decision = match self.judge(request, t, remember) {
            Ok((peer, None)) => Ok(peer),
            Ok((peer, Some(ReplayAnswer::Ready(answer)))) => settle(peer, answer, t),
            Ok((peer, Some(ReplayAnswer::Pending(answer)))) => {
                let (method, path) = (target.method.clone(), target.path.to_owned());
                let pending = Pending { answer, peer, verifier: self.clone(), method, path };
                return Verifying { state: State::Pending(Box::new(pending)) };
            }
            Err(rejection) => Err(rejection),
        };
        Verifying { state: State::Done(Some(self.report(decision, target))) }
    }

    /// Every stage up to asking the replay cache.
    fn judge<T: Trace>(
        &self,
        request: RequestHead<'_>,
        t: &mut T,
        remember: bool,
    ) -> Result<(Peer, Option<ReplayAnswer>), Rejection> {
        let inner = &*self.0;
        let path = request.uri.path();
        let located = has_path(request.method, request.uri);
        let expected = format_args!("a path");
        let found = format_args!("{} {path}", request.method);
        ensure(t, Step::RequestTarget, located, Reason::RequestTarget, expected, found)?;

        let fields = Fields::read(request.headers, inner.revisions, t)?;
        let revision = fields.revision;
        self.judge_fields(fields, request.headers, path, t, remember).map_err(|r| wpt::under(revision, r))
    }

    fn judge_fields<T: Trace>(
        &self,
        fields: Fields<'_>,
        headers: &HeaderMap,
        path: &str,
        t: &mut T,
        remember: bool,
    ) -> Result<(Peer, Option<ReplayAnswer>), Rejection> {
        let inner = &*self.0;
        let now = inner.clock.now();
        let snapshot = inner.trust.load();
        let Some(snapshot) = snapshot.as_ref() else {
            return Err(Reason::AnchorsNotLoaded.into());
        };
        let validation = Validation { snapshot, limits: &inner.limits, now };
        let wit = if remember {
            validation.token(fields.wit, t)?
        } else {
            validation.token_uncached(fields.wit, t)?
        };
        let verification = Verification {
            proof: fields.proof,
            wit: &wit,
            headers,
            path,
            wire: fields.revision.wpt(),
            policy: &inner.policy,
            limits: &inner.limits,
            now,
        };
        let verified = verification.run(t, |id, until| {
            let proof = ProofUse::new(wit.subject().as_str(), id, until, now);
            inner.replay.as_ref().map(|cache| cache.use_once(&proof))
        })?;
        let peer = Peer::new(Authentication {
            proof: Proof::Wpt,
            revision: fields.revision,
            expires_at: verified.expires_at.min(wit.expires_at()),
            context: verified.context,
            wit,
        });
        Ok((peer, verified.burnt))
    }

    /// A peer whose proof did not expire while a store took its time.
    fn still_valid(&self, peer: Peer) -> Result<Peer, Rejection> {
        let (now, until) = (self.0.clock.now(), peer.expires_at().plus(self.0.limits.leeway));
        if now < until {
            return Ok(peer);
        }
        let late = Rejection::new(Reason::ProofExpired).at(Step::Replay);
        let late = late.with_detail(format_args!("an answer of the replay store before {until}"), now);
        Err(wpt::under(peer.revision(), late))
    }

    fn report(&self, decision: Result<Peer, Rejection>, target: Target<'_>) -> Result<Peer, Rejection> {
        match &decision {
            Ok(peer) => self.0.observer.accepted(peer, target),
            Err(rejection) => self.0.observer.rejected(rejection, target),
        }
        decision
    }
}

/// Turns the replay cache's answer into the decision.
fn settle<T: Trace>(peer: Peer, answer: Result<Use, ReplayError>, t: &mut T) -> Result<Peer, Rejection> {
    let (reason, found) = match answer {
        Ok(Use::First) => (None, "the first use"),
        Ok(Use::Again) => (Some(Reason::Replayed), "another use"),
        Err(ReplayError::Full) => (Some(Reason::ReplayFull), "a full cache"),
        Err(ReplayError::Unavailable) => (Some(Reason::ReplayUnavailable), "no answer"),
    };
    let revision = peer.revision();
    let or = reason.unwrap_or(Reason::ReplayUnavailable);
    let (expected, found) = (format_args!("the first use of the proof"), format_args!("{found}"));
    ensure(t, Step::Replay, reason.is_none(), or, expected, found).map_err(|r| wpt::under(revision, r))?;
    Ok(peer)
}

impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verifier")
            .field("trust", &self.0.trust)
            .field("audiences", &self.0.policy.audiences)
            .field("replay", &self.0.replay.is_some())
            .field("limits", &self.0.limits)
            .finish_non_exhaustive()
    }
}

/// A decision in the making: a future of the validated [`Peer`] or the [`Rejection`].
#[must_use = "a request is not authenticated until this is awaited"]
pub struct Verifying {
    state: State,
}

enum State {
    Done(Option<Result<Peer, Rejection>>),
    Pending(Box<Pending>),
}

/// All that is left to do once a shared replay store has answered.
struct Pending {
    answer: Pin<Box<dyn Future<Output = Result<Use, ReplayError>> + Send>>,
    peer: Peer,
    verifier: Verifier,
    method: Method,
    path: String,
}

impl Future for Verifying {
    type Output = Result<Peer, Rejection>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<Self::Output> {
        if let State::Pending(pending) = &mut self.state {
            let answer = ready!(pending.answer.as_mut().poll(cx));
            let decision = settle(pending.peer.clone(), answer, &mut NoTrace)
                .and_then(|peer| pending.verifier.still_valid(peer));
            let target = Target { method: &pending.method, path: &pending.path };
            self.state = State::Done(Some(pending.verifier.report(decision, target)));
        }
        match &mut self.state {
            // Polled again after completion: closed.
            State::Done(decision) => {
                Poll::Ready(decision.take().unwrap_or_else(|| Err(Reason::ReplayUnavailable.into())))
            }
            State::Pending(_) => Poll::Pending,
        }
    }
}

impl fmt::Debug for Verifying {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verifying").finish_non_exhaustive()
    }
}

/// Whether a proof counts once. There is no default.
#[derive(Default)]
enum ReplayChoice {
    #[default]
    Undecided,
    Allow,
    Remember(Arc<dyn ReplayCache>),
}

impl ReplayChoice {
    fn decided(self) -> Result<Option<Arc<dyn ReplayCache>>, BuildError> {
        match self {
            Self::Undecided => Err(BuildError::Replay),
            Self::Allow => Ok(None),
            Self::Remember(cache) => Ok(Some(cache)),
        }
    }
}

/// Configures a [`Verifier`]. Closed by default: what is not decided does not build.
#[derive(Default)]
#[must_use]
pub struct VerifierBuilder {
    trust: Option<TrustStore>,
    audiences: Option<Audiences>,
    several_audiences: bool,
    context_fields: Option<Result<ContextFields, BuildError>>,
    replay: ReplayChoice,
    older: Option<Revision>,
    limits: Limits,
    clock: Option<Arc<dyn Clock>>,
    observer: Option<Arc<dyn Observer>>,
}

impl VerifierBuilder {
    /// Whose tokens to trust, required: [`TrustAnchors`](crate::TrustAnchors), or `&store` of a [`TrustStore`] that you
    /// keep, to exchange them later.
    pub fn trust_anchors(mut self, trust: impl Into<TrustStore>) -> Self {
        self.trust = Some(trust.into());
        self
    }

    /// Which audiences are mine, required. Never read from the request.
    pub fn audiences(mut self, audiences: Audiences) -> Self {
        self.audiences = Some(audiences);
        self
    }

    /// Where used proofs are remembered, required unless replay is allowed.
    pub fn replay_cache(mut self, cache: impl ReplayCache) -> Self {
        self.replay = ReplayChoice::Remember(Arc::new(cache));
        self
    }

    /// Accepts the same proof any number of times until it expires. **Weaker** than the default, which demands a
    /// replay cache (wpt §3.1.4): whoever records a request can repeat it for minutes. For idempotent services whose transport
    /// already rules this out.
    pub fn allow_replay(mut self) -> Self {
        self.replay = ReplayChoice::Allow;
        self
    }

    /// Also accepts an older draft revision, for peers that lag. **Weaker** than the default, which is the newest
    /// revision alone: the older one answers 400 without a challenge, and what it covers differs.
    pub fn allow_revision(mut self, revision: Revision) -> Self {
        self.older = Some(revision);
        self
    }

    /// Accepts a proof whose `aud` lists several audiences if one of them is mine. **Weaker** than the default,
    /// which accepts one audience (wpt §2): every listed service could replay the proof to the others.
    pub fn allow_several_audiences(mut self) -> Self {
        self.several_audiences = true;
        self
    }

    /// The names of fields that carry context tokens, such as an end user's token (wpt §2). A request that has
    /// such a field must cover it by its proof; [`Peer::context`] then has the value. `Txn-Token` is known by default.
    pub fn context_tokens<S: AsRef<str>>(mut self, fields: impl IntoIterator<Item = S>) -> Self {
        self.context_fields = Some(ContextFields::new(fields).ok_or(BuildError::ContextField));
        self
    }

    /// Replaces the caps on sizes and lifetimes. See [`Limits`] for the defaults.
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Replaces the system's clock.
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = Some(Arc::new(clock));
        self
    }

    /// Replaces the default observer, which writes `tracing` events.
    pub fn observer(mut self, observer: impl Observer) -> Self {
        self.observer = Some(Arc::new(observer));
        self
    }

    /// Builds the verifier.
    ///
    /// # Errors
    ///
    /// [`BuildError`] names the decision that is missing or cannot be used.
    pub fn build(self) -> Result<Verifier, BuildError> {
        let trust = self.trust.ok_or(BuildError::TrustAnchors)?;
        if trust.anchors().is_some_and(|anchors| anchors.is_empty()) {
            return Err(BuildError::TrustAnchors);
        }
        let audiences =
            self.audiences.ok_or(BuildError::Audiences)?.checked().map_err(BuildError::Audience)?;
        if self.limits.leeway > MAX_LEEWAY {
            return Err(BuildError::Leeway);
        }
        let mut revisions = Revisions::newest();
        if let Some(older) = self.older {
            revisions.allow(older);
        }
        Ok(Verifier(Arc::new(Inner {
            trust,
            policy: wpt::Policy {
                audiences,
                several_audiences: self.several_audiences,
                context_fields: self.context_fields.transpose()?.unwrap_or_default(),
            },
            replay: self.replay.decided()?,
            revisions,
            limits: self.limits,
            clock: self.clock.unwrap_or_else(|| Arc::new(SystemClock)),
            observer: self.observer.unwrap_or_else(default_observer),
        })))
    }
}

impl fmt::Debug for VerifierBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VerifierBuilder")
            .field("trust", &self.trust)
            .field("audiences", &self.audiences)
            .finish_non_exhaustive()
    }
}

/// A decision that a builder misses, or cannot use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum BuildError {
    /// No trust anchors were given, or none for any domain.
    TrustAnchors,
    /// No audiences were given.
    Audiences,
    /// An audience cannot be used.
    Audience(AudienceError),
    /// Neither a replay cache was given nor replay allowed.
    Replay,
    /// The leeway is over two minutes.
    Leeway,
    /// A name is not a field name, or not one that may carry a context token.
    ContextField,
    /// No credentials were given.
    Credentials,
    /// The lifetime of proofs is zero or over five minutes.
    ProofLifetime,
}

impl fmt::Display for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TrustAnchors => f.write_str("no trust anchors: call `trust_anchors` with at least one domain"),
            Self::Audiences => f.write_str("no audiences: call `audiences` with the names of this service"),
            Self::Audience(error) => write!(f, "an audience cannot be used: {error}"),
            Self::Replay => f.write_str("replay is undecided: call `replay_cache`, or `allow_replay` to go without"),
            Self::Leeway => f.write_str("leeway is limited to 120 seconds"),
            Self::ContextField => f.write_str("a context token needs a field of its own, other than the WIMSE fields, Authorization and Txn-Token"),
            Self::Credentials => f.write_str("no credentials: call `credentials`"),
            Self::ProofLifetime => f.write_str("proofs live for 1 to 300 seconds"),
        }
    }
}

impl std::error::Error for BuildError {}

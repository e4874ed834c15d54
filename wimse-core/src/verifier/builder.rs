//! The configuration of a [`Verifier`]: what must be decided, what can be relaxed.

use std::fmt;
use std::sync::Arc;

use super::{Inner, Verifier};
use crate::audience::{AudienceError, Audiences};
use crate::clock::{Clock, SystemClock};
use crate::httpsig::profile::MAX_WINDOW;
use crate::limits::{Limits, MAX_LEEWAY};
use crate::observer::{Observer, default_observer};
use crate::peer::Proof;
use crate::presented::Accepted;
use crate::replay::ReplayCache;
use crate::revision::{Revision, Revisions};
use crate::trust::TrustStore;
use crate::wpt::{self, ContextFields};

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
    proofs: Option<Vec<Proof>>,
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

    /// Which proofs suffice. Default: either, a Workload Proof Token or an HTTP signature.
    ///
    /// A proof token does not cover method, query and content, nor can a response be tied to it: for
    /// services that need that, HTTP signatures alone. Whatever suffices, every proof that a request has must be valid.
    pub fn proofs(mut self, proofs: impl IntoIterator<Item = Proof>) -> Self {
        self.proofs = Some(proofs.into_iter().collect());
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
    /// such a field must cover it by its proof; [`Peer::context`](crate::Peer::context) then has the value. `Txn-Token` is known by default.
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
        check_limits(&self.limits)?;
        let accepts = |proof| self.proofs.as_ref().is_none_or(|proofs| proofs.contains(&proof));
        let (wpt, signature) = (accepts(Proof::Wpt), accepts(Proof::HttpSignature));
        if !wpt && !signature {
            return Err(BuildError::Proofs);
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
            accepted: Accepted { wpt, signature, revisions },
            limits: self.limits,
            clock: self.clock.unwrap_or_else(|| Arc::new(SystemClock)),
            observer: self.observer.unwrap_or_else(default_observer),
        })))
    }
}

pub(crate) fn check_limits(limits: &Limits) -> Result<(), BuildError> {
    if limits.leeway > MAX_LEEWAY {
        return Err(BuildError::Leeway);
    }
    if limits.signature_window > MAX_WINDOW {
        return Err(BuildError::SignatureWindow);
    }
    Ok(())
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
    /// No proof suffices.
    Proofs,
    /// The leeway is over two minutes.
    Leeway,
    /// The cap on the validity of signatures is over ten minutes.
    SignatureWindow,
    /// A name is not a field name, or not one that may carry a context token.
    ContextField,
    /// No credentials were given.
    Credentials,
    /// The lifetime of proofs is zero or over five minutes.
    ProofLifetime,
    /// Signed responses are required, and requests are not signed with an HTTP signature.
    ResponseProof,
    /// Signed responses are required, and there are no trust anchors to check them by.
    ResponseAnchors,
    /// Signed responses are required, and who is to sign them is not known.
    Callees,
}

impl fmt::Display for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TrustAnchors => f.write_str("no trust anchors: call `trust_anchors` with at least one domain"),
            Self::Audiences => f.write_str("no audiences: call `audiences` with the names of this service"),
            Self::Audience(error) => write!(f, "an audience cannot be used: {error}"),
            Self::Replay => f.write_str("replay is undecided: call `replay_cache`, or `allow_replay` to go without"),
            Self::Proofs => f.write_str("no proof suffices: name at least one in `proofs`"),
            Self::SignatureWindow => f.write_str("the validity of signatures is capped at 600 seconds"),
            Self::Leeway => f.write_str("leeway is limited to 120 seconds"),
            Self::ContextField => f.write_str("a context token needs a field of its own, other than the WIMSE fields, Authorization and Txn-Token"),
            Self::Credentials => f.write_str("no credentials: call `credentials`"),
            Self::ResponseProof => {
                f.write_str("signed responses need requests with `Proof::HttpSignature`")
            }
            Self::ResponseAnchors => {
                f.write_str("signed responses cannot be checked: call `response_anchors`")
            }
            Self::Callees => f.write_str(
                "who is to sign responses is not known: call `expected_callees`, with a closure that names a trust domain if \
                 nothing better is known",
            ),
            Self::ProofLifetime => f.write_str("proofs live for 1 to 300 seconds"),
        }
    }
}

impl std::error::Error for BuildError {}

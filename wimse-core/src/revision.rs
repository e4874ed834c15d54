//! Which draft revisions are on the wire. Their differences are data, and all of it is here.

use http::HeaderName;
use http::header::AUTHORIZATION;

use crate::httpsig::Derived;

/// A pair of draft revisions that belong together.
///
/// The newest is the default. An older one is never used silently: a verifier must be told to accept it with
/// [`VerifierBuilder::allow_revision`](crate::VerifierBuilder::allow_revision), a signer to emit it with
/// [`SignerBuilder::revision`](crate::SignerBuilder::revision), and one message never carries both.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Revision {
    /// draft-ietf-wimse-wpt-02 and draft-ietf-wimse-http-signature-07.
    #[default]
    Wpt02HttpSignature07,
    /// draft-ietf-wimse-wpt-01 and draft-ietf-wimse-http-signature-06.
    Wpt01HttpSignature06,
}

/// How a Workload Proof Token travels and fails in one revision.
#[derive(Debug)]
pub(crate) struct WptWire {
    /// The field that carries the token.
    pub(crate) field: HeaderName,
    /// The authentication scheme before the token.
    pub(crate) scheme: Option<&'static str>,
    /// Failures answer 401 with a challenge; without it 400.
    pub(crate) challenge: bool,
    /// An OAuth access token in `Authorization` is covered by `ath`.
    pub(crate) covers_access_token: bool,
}

/// What an HTTP signature covers of the request's target in one revision.
#[derive(Debug)]
pub(crate) struct SignatureWire {
    /// Components of the target, besides `@method`.
    pub(crate) target: &'static [Derived],
}

static SIGNATURE_07: SignatureWire = SignatureWire { target: &[Derived::Path, Derived::Query] };

static SIGNATURE_06: SignatureWire = SignatureWire { target: &[Derived::RequestTarget] };

static WPT_02: WptWire =
    WptWire { field: AUTHORIZATION, scheme: Some("WPT"), challenge: true, covers_access_token: false };

static WPT_01: WptWire = WptWire {
    field: HeaderName::from_static("workload-proof-token"),
    scheme: None,
    challenge: false,
    covers_access_token: true,
};

impl Revision {
    /// Every revision, newest first.
    pub const ALL: [Self; 2] = [Self::Wpt02HttpSignature07, Self::Wpt01HttpSignature06];

    pub(crate) fn wpt(self) -> &'static WptWire {
        match self {
            Self::Wpt02HttpSignature07 => &WPT_02,
            Self::Wpt01HttpSignature06 => &WPT_01,
        }
    }

    pub(crate) fn signature(self) -> &'static SignatureWire {
        match self {
            Self::Wpt02HttpSignature07 => &SIGNATURE_07,
            Self::Wpt01HttpSignature06 => &SIGNATURE_06,
        }
    }

    /// The drafts' names, for logs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Wpt02HttpSignature07 => "wpt-02/http-signature-07",
            Self::Wpt01HttpSignature06 => "wpt-01/http-signature-06",
        }
    }
}

/// The revisions that a verifier accepts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Revisions {
    accepted: [bool; Revision::ALL.len()],
}

impl Revisions {
    pub(crate) fn newest() -> Self {
        let mut none = Self { accepted: [false; Revision::ALL.len()] };
        none.allow(Revision::default());
        none
    }

    pub(crate) fn allow(&mut self, revision: Revision) {
        for (slot, candidate) in self.accepted.iter_mut().zip(Revision::ALL) {
            *slot |= candidate == revision;
        }
    }

    pub(crate) fn contains(self, revision: Revision) -> bool {
        Revision::ALL.iter().zip(self.accepted).any(|(r, accepted)| accepted && *r == revision)
    }
}

//! Following a verification step by step, for an explaining tool. Costs nothing when nobody asks.

use std::fmt;

use crate::{Reason, Rejection};

macro_rules! steps {
    ($($variant:ident $code:literal $rules:literal $what:literal;)*) => {
        /// One check of the verifier, in the order in which they happen to a request with a Workload Proof Token.
        ///
        /// An HTTP signature is checked in an order of its own, after a Workload Proof Token beside it: `SignatureFields`
        /// comes before `ProofField`, and what is signed is looked at again before `SignatureCoverage`, so that
        /// `RequestTarget`, `SignatureFields` and `WitField` may be reported more than once; validity then comes before audience.
        /// A step that fails is the last.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Step {
            $(#[doc = concat!($what, " (", $rules, ").")] $variant,)*
        }

        impl Step {
            /// Every step.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// A stable `snake_case` code.
            pub const fn code(self) -> &'static str {
                match self { $(Self::$variant => $code),* }
            }

            /// The rules behind the step.
            pub const fn rules(self) -> &'static str {
                match self { $(Self::$variant => $rules),* }
            }

            /// What is checked, in a few words.
            pub const fn what(self) -> &'static str {
                match self { $(Self::$variant => $what),* }
            }
        }
    };
}

steps! {
    RequestTarget "request_target" "http-signature §3" "the request has a path to authenticate";
    WitField "wit_field" "workload-creds §5.1.1" "exactly one Workload-Identity-Token field";
    ProofField "proof_field" "wpt §2" "exactly one field with a proof, of an accepted revision";
    SignatureFields "signature_fields" "http-signature §3" "at most one usable signature with the WIMSE tag";
    WitCompact "wit_compact" "workload-creds §5.1.4" "the token is a compact JWS with a sound header";
    WitSubject "wit_subject" "workload-creds §5.1.4, identifier §4" "the subject is one canonical workload identifier";
    TrustDomain "trust_domain" "workload-creds §3" "the subject's trust domain has trust anchors";
    WitType "wit_type" "workload-creds §5.1.4" "the token's type is wit+jwt";
    WitProfile "wit_profile" "SPIFFE WIT-SVID §2, §3" "the token keeps to the profile of its trust domain";
    WitAlgorithm "wit_algorithm" "workload-creds §3, §5.1" "the token's algorithm is allowed for the trust domain";
    WitValidity "wit_validity" "workload-creds §5.1" "the token is within its lifetime, which is short enough";
    WitKey "wit_key" "workload-creds §3" "one trust anchor is chosen by key identifier";
    WitSignature "wit_signature" "workload-creds §5.1.4" "the token's signature verifies with that anchor";
    WitIssuer "wit_issuer" "workload-creds §9.1" "the issuer is allowed for the trust domain";
    WitConfirmation "wit_confirmation" "workload-creds §5.1, §5.1.4" "the confirmation key is a public key with an allowed algorithm";
    ProofCompact "proof_compact" "wpt §2" "the proof is a compact JWS with a sound header";
    ProofType "proof_type" "wpt §2" "the proof's type is wpt+jwt";
    ProofAlgorithm "proof_algorithm" "wpt §2" "the proof's algorithm is the one of the confirmation key";
    ProofBinding "proof_binding" "wpt §2" "the proof names the hash of this very token";
    ProofAudience "proof_audience" "wpt §2, §3.1.7" "the proof is meant for this service";
    ProofValidity "proof_validity" "wpt §2" "the proof is within its lifetime, which is short enough";
    ProofIdentifier "proof_identifier" "wpt §2" "the proof has an identifier of its own";
    TxnToken "txn_token" "wpt §2" "a transaction token is covered by the proof";
    ContextTokens "context_tokens" "wpt §2" "the context tokens are those that the proof covers";
    AccessToken "access_token" "wpt-01 §2" "the access token is covered by the proof";
    ProofSignature "proof_signature" "wpt §2" "the proof's signature verifies with the confirmation key";
    Callee "callee" "workload-creds §1.3" "the callee is the expected workload";
    SignatureCoverage "signature_coverage" "http-signature §3" "the signature covers what it must";
    SignatureParameters "signature_parameters" "http-signature §3" "the signature has the parameters it must have, and no other";
    RequestNonce "request_nonce" "http-signature §3.4" "the response belongs to this request";
    ContentDigest "content_digest" "http-signature §3" "the content has the digest that is covered";
    Replay "replay" "wpt §3.1.4" "the proof was not used before";
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// Receives every check as it is made. Implement it to explain a decision.
///
/// `expected` and `found` never hold a token, signature or key.
pub trait Trace {
    /// Reports one check.
    fn check(&mut self, step: Step, passed: bool, expected: fmt::Arguments<'_>, found: fmt::Arguments<'_>);
}

/// A [`Trace`] that collects nothing and compiles to nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoTrace;

impl Trace for NoTrace {
    #[inline(always)]
    fn check(&mut self, _: Step, _: bool, _: fmt::Arguments<'_>, _: fmt::Arguments<'_>) {}
}

impl<T: Trace + ?Sized> Trace for &mut T {
    #[inline]
    fn check(&mut self, step: Step, passed: bool, expected: fmt::Arguments<'_>, found: fmt::Arguments<'_>) {
        (**self).check(step, passed, expected, found);
    }
}

/// A [`Trace`] that keeps every check as text.
#[derive(Debug, Clone, Default)]
pub struct Steps(pub Vec<Checked>);

/// One check that was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checked {
    /// Which check.
    pub step: Step,
    /// Whether it passed.
    pub passed: bool,
    /// What it expected.
    pub expected: String,
    /// What was there.
    pub found: String,
}

impl Trace for Steps {
    fn check(&mut self, step: Step, passed: bool, expected: fmt::Arguments<'_>, found: fmt::Arguments<'_>) {
        self.0.push(Checked { step, passed, expected: expected.to_string(), found: found.to_string() });
    }
}

/// Makes one check: reports it to `trace`, and refuses with `reason` if it failed.
#[inline]
pub(crate) fn ensure<T: Trace>(
    trace: &mut T,
    step: Step,
    passed: bool,
    reason: Reason,
    expected: fmt::Arguments<'_>,
    found: fmt::Arguments<'_>,
) -> Result<(), Rejection> {
    trace.check(step, passed, expected, found);
    if passed { Ok(()) } else { Err(refuse(step, reason, expected, found)) }
}

#[cold]
fn refuse(step: Step, reason: Reason, expected: fmt::Arguments<'_>, found: fmt::Arguments<'_>) -> Rejection {
    Rejection::new(reason).with_detail(expected, found).at(step)
}

/// The value of a check that yields one; a missing value is the failure.
#[inline]
pub(crate) fn require<T: Trace, V>(
    trace: &mut T,
    step: Step,
    value: Option<V>,
    reason: Reason,
    expected: fmt::Arguments<'_>,
    found: fmt::Arguments<'_>,
) -> Result<V, Rejection> {
    ensure(trace, step, value.is_some(), reason, expected, found)?;
    value.ok_or_else(|| refuse(step, reason, expected, found))
}

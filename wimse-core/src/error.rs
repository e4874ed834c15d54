//! Why a request is refused: stable reason codes, HTTP status, problem details (RFC 9457).

use std::fmt::{self, Write as _};
use std::sync::Arc;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderValue, WWW_AUTHENTICATE};
use http::{Response, StatusCode};

use crate::ascii;
use crate::httpsig::ACCEPT_SIGNATURE;
use crate::trace::Step;

/// What kind of thing went wrong. Decides the status together with the proofs that an endpoint accepts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Kind {
    /// The caller's credential or its proof: 401 with a challenge where a Workload Proof Token is accepted; 400 for requests
    /// with an HTTP signature alone, and where nothing else is accepted.
    Credential,
    /// The caller is authenticated, but not allowed: 403.
    Authorization,
    /// The content is larger than is accepted: 413.
    TooLarge,
    /// A signed response is required and cannot be made: 501 (http-signature §3.6).
    NotSignable,
    /// The answer cannot be known at present: 503.
    Unavailable,
    /// The service is put together wrongly: 500.
    Configuration,
}

impl Kind {
    fn problem_type(self) -> &'static str {
        match self {
            Self::Credential => "urn:wimse:problem:credential-refused",
            Self::Authorization => "urn:wimse:problem:not-authorized",
            Self::TooLarge => "urn:wimse:problem:content-too-large",
            Self::NotSignable => "urn:wimse:problem:response-not-signable",
            Self::Unavailable => "urn:wimse:problem:unavailable",
            Self::Configuration => "urn:wimse:problem:internal",
        }
    }
}

macro_rules! reasons {
    ($($(#[$doc:meta])* $variant:ident $code:literal $kind:ident $title:literal $advice:literal;)*) => {
        /// A stable reason for a refusal: safe to show to a caller, to count, and to alert on.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Reason {
            $(#[doc = concat!($title, ".")] $(#[$doc])* $variant,)*
        }

        impl Reason {
            /// Every reason, e.g. to register counters up front.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The `snake_case` code. It never changes its meaning.
            pub const fn code(self) -> &'static str {
                match self { $(Self::$variant => $code),* }
            }

            /// What kind of refusal this is.
            pub const fn kind(self) -> Kind {
                match self { $(Self::$variant => Kind::$kind),* }
            }

            /// A short English sentence without details.
            pub const fn title(self) -> &'static str {
                match self { $(Self::$variant => $title),* }
            }

            /// What an operator should look at next.
            pub const fn advice(self) -> &'static str {
                match self { $(Self::$variant => $advice),* }
            }
        }
    };
}

reasons! {
    CredentialsMissing "credentials_missing" Credential
        "The request carries no workload credentials"
        "The caller does not sign its requests, or something on the way strips the fields.";
    WitMissing "wit_missing" Credential
        "There is a proof but no Workload Identity Token"
        "Check that no intermediary strips the Workload-Identity-Token field.";
    WitRepeated "wit_repeated" Credential
        "The Workload-Identity-Token field occurs more than once"
        "Check for an intermediary or a second signer that adds the field again.";
    WitMalformed "wit_malformed" Credential
        "The Workload Identity Token is not a well-formed compact JWS"
        "The field must hold one token alone, as the issuer returned it.";
    WitTooLarge "wit_too_large" Credential
        "The Workload Identity Token is too large"
        "Ask the issuer for fewer claims, or raise the verifier's limit.";
    WitType "wit_type" Credential
        "The Workload Identity Token does not have the type wit+jwt"
        "Another kind of JWT was sent, or the issuer sets no `typ`.";
    WitAlgorithm "wit_algorithm" Credential
        "The algorithm of the Workload Identity Token is not allowed for its trust domain"
        "Compare the token's `alg` with the algorithms allowed for the trust domain.";
    WitClaims "wit_claims" Credential
        "A claim of the Workload Identity Token is missing or malformed"
        "The issuer must set `sub`, `exp` and `cnf.jwk` with `alg`.";
    WitSubject "wit_subject_invalid" Credential
        "The subject is not a canonical workload identifier"
        "The issuer must emit identifiers in canonical form; they are never normalized here.";
    TrustDomainUnknown "trust_domain_unknown" Credential
        "The subject's trust domain is not trusted here"
        "Configure trust anchors for the domain if its workloads should be able to call.";
    WitKeyUnknown "wit_key_unknown" Credential
        "No trust anchor of the subject's trust domain fits the token's key identifier"
        "Refresh the trust anchors: the issuer may have rotated its keys.";
    WitSignature "wit_signature" Credential
        "The signature of the Workload Identity Token does not verify"
        "The token was altered or signed by another key than the configured anchor.";
    WitIssuer "wit_issuer" Credential
        "The issuer is not on the allow-list of the trust domain"
        "Compare `iss` with the issuers configured for the trust domain.";
    WitProfile "wit_profile" Credential
        "The Workload Identity Token breaks a rule of the WIT-SVID profile"
        "The profile wants `kid`, a SPIFFE ID as `sub`, no `aud`, and RS, ES or PS algorithms.";
    WitConfirmation "wit_confirmation" Credential
        "The confirmation key is missing, not public, not supported or not allowed"
        "`cnf.jwk` must be a public EC, Ed25519 or RSA key with an allowed `alg`.";
    WitExpired "wit_expired" Credential
        "The Workload Identity Token has expired"
        "Check the caller's token refresh and both clocks.";
    WitNotYetValid "wit_not_yet_valid" Credential
        "The Workload Identity Token is not valid yet"
        "Check the clocks of issuer and verifier.";
    WitLifetime "wit_lifetime" Credential
        "The Workload Identity Token is valid for too long"
        "Have the issuer shorten lifetimes, or raise the verifier's cap.";
    ProofMissing "proof_missing" Credential
        "The request has a Workload Identity Token but no proof of possession"
        "A Workload Identity Token alone is never enough; check for an intermediary that strips Authorization.";
    ProofRepeated "proof_repeated" Credential
        "The proof, or the Authorization field, occurs more than once"
        "One Authorization field is allowed, and one signature with the WIMSE tag; check for a second signer.";
    ProofMalformed "proof_malformed" Credential
        "The proof is not a well-formed Workload Proof Token"
        "The field must be `WPT`, one or more spaces, and one token.";
    ProofTooLarge "proof_too_large" Credential
        "The proof is too large"
        "A Workload Proof Token is a few hundred octets; check what the caller puts into it.";
    ProofType "proof_type" Credential
        "The proof does not have the type wpt+jwt"
        "Another kind of JWT was sent as a Workload Proof Token.";
    ProofAlgorithm "proof_algorithm" Credential
        "The algorithm of the proof differs from the one that the Workload Identity Token names"
        "`alg` must equal `cnf.jwk.alg` as a string; Ed25519 and EdDSA are different names.";
    ProofClaims "proof_claims" Credential
        "A claim of the proof is missing or malformed"
        "The caller must set `aud`, `exp`, `jti` and `wth`.";
    ProofSignature "proof_signature" Credential
        "The signature of the proof does not verify"
        "The sender does not hold the key that its token names, or an intermediary changed something that an HTTP signature covers: see the detail.";
    ProofExpired "proof_expired" Credential
        "The proof has expired"
        "Check both clocks, queues on the way, and that each attempt is signed afresh.";
    ProofNotYetValid "proof_not_yet_valid" Credential
        "The proof is not valid yet"
        "Check the caller's clock; a proof needs no `nbf`.";
    ProofLifetime "proof_lifetime" Credential
        "The proof is valid for too long"
        "A proof lives for seconds to minutes; check the caller's clock and setting.";
    ProofWitMismatch "proof_wit_mismatch" Credential
        "The proof was made for another Workload Identity Token"
        "Credential and proof must come from the same signer and the token must arrive unchanged.";
    AudienceMismatch "audience_mismatch" Credential
        "The proof was made for another audience"
        "Compare the caller's audience with the verifier's: under a base URL it has the path, aliases must be listed.";
    TxnToken "txn_token_mismatch" Credential
        "The transaction token and the proof do not belong together"
        "`tth` must be the hash of the one Txn-Token field; check for a field added or removed on the way.";
    ContextTokenUnknown "context_token_unknown" Credential
        "The proof covers a context token that is not understood here"
        "List the field among the verifier's context tokens, or have the caller leave it out.";
    ContextTokenMismatch "context_token_mismatch" Credential
        "A context token and the proof do not belong together"
        "Each `oth` member must match exactly one field; check for a field altered on the way.";
    ContextTokenNotCovered "context_token_not_covered" Credential
        "A context token is present that the proof does not cover"
        "The caller must name the field among its context tokens, so that `oth` covers it.";
    AccessToken "access_token_mismatch" Credential
        "The access token and the proof do not belong together"
        "In the older revision `ath` must be the hash of the access token in Authorization.";
    Replayed "replayed" Credential
        "The proof was used before"
        "Each attempt needs a fresh proof: sign inside the retry layer. Two verifiers on one route also look like this.";
    ProofNotAccepted "proof_not_accepted" Credential
        "The proof is of a kind that is not accepted here"
        "Have the caller use the other proof, or accept both in the verifier.";
    RevisionNotAccepted "revision_not_accepted" Credential
        "The proof is in the form of an older draft revision that is not accepted here"
        "Upgrade the caller, or opt in to the older revision for the time being.";
    RevisionsMixed "revisions_mixed" Credential
        "The request mixes proofs of two draft revisions"
        "A caller must use one revision in a message.";
    ComponentNotCovered "component_not_covered" Credential
        "The signature does not cover a part of the message that it must cover"
        "The signer must cover method, path, query, token, and content type, digest, Authorization and Txn-Token where present.";
    ComponentUnresolved "component_unresolved" Credential
        "The signature covers something that the message does not have"
        "Check for an intermediary that removes or rewrites the field.";
    SignatureParameter "signature_parameter" Credential
        "A parameter of the signature is missing, malformed or not allowed"
        "The signer must set `created`, `expires`, `nonce`, `tag` and `wimse-aud`, and neither `keyid` nor `alg`.";
    DigestMissing "digest_missing" Credential
        "The message has content and no Content-Digest"
        "The signer must add the digest of the content and cover it.";
    DigestMalformed "digest_malformed" Credential
        "The Content-Digest is malformed or has no known algorithm"
        "The digest must be sha-256 or sha-512.";
    DigestMismatch "digest_mismatch" Credential
        "The content is not the one that was signed"
        "Check for an intermediary that changes or recodes content.";
    ContentTooLarge "content_too_large" TooLarge
        "The content is larger than what is read to check its digest"
        "Raise the layer's body limit, or have the caller send less or use a Workload Proof Token.";
    ContentIncomplete "content_incomplete" Credential
        "The content ended before it was complete"
        "The connection broke, or an intermediary cut the body off.";
    ContentUnchecked "content_unchecked" Configuration
        "The content, which an HTTP signature covers, is not checked here"
        "Check requests with their content: by an authentication layer, or by `Verifier::verify_head`.";
    ResponseNotSignable "response_not_signable" NotSignable
        "A signed response is required and cannot be made"
        "The service has no credential to sign with, or the response is too large or endless: see the detail.";
    ResponseUnsigned "response_unsigned" Credential
        "A signed response was asked for and the response is not signed"
        "The response may come from a proxy, or the callee cannot sign.";
    RequestNonce "request_nonce_mismatch" Credential
        "The signed response does not belong to this request"
        "Look for a proxy or cache that answers with the response to another request.";
    CalleeUnexpected "callee_unexpected" Credential
        "Another workload answered than the one that is expected"
        "Compare the callee's identifier with the deployment's mapping.";
    RequestTarget "request_target" Credential
        "The request target has no path that a proof could be checked against"
        "CONNECT and `OPTIONS *` cannot be authenticated.";
    AnchorsNotLoaded "anchors_not_loaded" Unavailable
        "The trust anchors are not loaded yet"
        "Wait for the first load, or look into the source of the trust anchors.";
    ReplayUnavailable "replay_unavailable" Unavailable
        "Replay protection cannot answer at present"
        "Look into the replay store; requests are refused rather than accepted twice.";
    ReplayFull "replay_full" Unavailable
        "The replay cache is full"
        "Raise its capacity or look for a flood; live entries are never forgotten.";
    NotAuthorized "caller_not_allowed" Authorization
        "The caller is not allowed to do this"
        "Compare the caller's identifier with the policy of the route.";
    PolicyUnavailable "policy_unavailable" Unavailable
        "The authorization policy cannot decide at present"
        "Look into the policy's backend.";
    LayerMissing "authentication_layer_missing" Configuration
        "The service is not set up to authenticate its callers"
        "Put the authentication layer around this route.";
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// A refused request: the reason, the status, and the operator's detail.
///
/// [`Rejection::to_response`] shows the caller the reason only. `Display` adds the detail, which is for
/// logs: it names claims, audiences, identifiers and seconds, and never a token, signature or key.
#[derive(Clone)]
pub struct Rejection {
    reason: Reason,
    status: StatusCode,
    challenge: bool,
    accept_signature: Option<HeaderValue>,
    step: Option<Step>,
    detail: Option<Arc<Detail>>,
}

struct Detail {
    expected: String,
    found: String,
}

/// The longest piece of request content that a detail repeats, in characters.
const MAX_DETAIL: usize = 200;

/// A text without control characters that is cut where it gets too long, whatever is written after that.
struct Tame {
    text: String,
    /// Characters that still fit.
    left: usize,
}

impl Tame {
    fn text(display: &dyn fmt::Display) -> String {
        let mut tame = Self { text: String::with_capacity(96), left: MAX_DETAIL };
        // An error says that the text is full.
        _ = write!(tame, "{display}");
        tame.text
    }
}

impl fmt::Write for Tame {
    fn write_str(&mut self, piece: &str) -> fmt::Result {
        if piece.len() <= self.left && ascii::is_printable(piece.as_bytes()) {
            self.text.push_str(piece);
            self.left -= piece.len();
            return Ok(());
        }
        for c in piece.chars() {
            self.left = self.left.checked_sub(1).ok_or(fmt::Error)?;
            self.text.push(if c.is_control() { '\u{fffd}' } else { c });
        }
        Ok(())
    }
}

impl Rejection {
    /// A refusal with the status that fits the reason where Workload Proof Tokens are accepted.
    pub fn new(reason: Reason) -> Self {
        let (status, challenge) = match reason.kind() {
            Kind::Credential => (StatusCode::UNAUTHORIZED, true),
            Kind::Authorization => (StatusCode::FORBIDDEN, false),
            Kind::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, false),
            Kind::NotSignable => (StatusCode::NOT_IMPLEMENTED, false),
            Kind::Unavailable => (StatusCode::SERVICE_UNAVAILABLE, false),
            Kind::Configuration => (StatusCode::INTERNAL_SERVER_ERROR, false),
        };
        Self { reason, status, challenge, accept_signature: None, step: None, detail: None }
    }

    /// Adds what was expected and what was found, for the operator's log. Control characters are
    /// replaced and long text is cut. Must not be given a token, signature or key.
    #[must_use]
    pub fn with_detail(mut self, expected: impl fmt::Display, found: impl fmt::Display) -> Self {
        let (expected, found) = (Tame::text(&expected), Tame::text(&found));
        self.detail = Some(Arc::new(Detail { expected, found }));
        self
    }

    pub(crate) fn at(mut self, step: Step) -> Self {
        self.step = Some(step);
        self
    }

    /// Credential failures answer 400 without a challenge: HTTP signatures alone, and the older revision.
    pub(crate) fn without_challenge(mut self) -> Self {
        if self.reason.kind() == Kind::Credential {
            (self.status, self.challenge) = (StatusCode::BAD_REQUEST, false);
        }
        self
    }

    /// Says which signature would be accepted, if that is what the request misses (http-signature §3.5).
    pub(crate) fn or_signed(mut self, wanted: impl FnOnce() -> HeaderValue) -> Self {
        let misses = matches!(
            self.reason,
            Reason::CredentialsMissing
                | Reason::ProofMissing
                | Reason::ProofNotAccepted
                | Reason::RevisionNotAccepted
                | Reason::ComponentNotCovered
                | Reason::SignatureParameter
        );
        self.accept_signature = misses.then(wanted);
        self
    }

    /// The stable reason.
    pub fn reason(&self) -> Reason {
        self.reason
    }

    /// The HTTP status to answer with (workload-creds §5.2, wpt §2.1).
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// Whether the answer carries `WWW-Authenticate: WPT` (wpt §2.1).
    pub fn challenge(&self) -> bool {
        self.challenge
    }

    /// The check that failed, if the refusal comes from the verifier.
    pub fn step(&self) -> Option<Step> {
        self.step
    }

    /// What the failed check expected, for logs.
    pub fn expected(&self) -> Option<&str> {
        self.detail.as_deref().map(|d| d.expected.as_str())
    }

    /// What the failed check found, for logs.
    pub fn found(&self) -> Option<&str> {
        self.detail.as_deref().map(|d| d.found.as_str())
    }

    /// The answer for the caller: status, challenge, `Accept-Signature`, `Cache-Control: no-store`, and an RFC 9457 body
    /// with `type`, `title`, `status` and `reason`. Nothing in it depends on the request's content.
    pub fn to_response(&self) -> Response<Bytes> {
        let body = serde_json::json!({
            "type": self.reason.kind().problem_type(),
            "title": self.reason.title(),
            "status": self.status.as_u16(),
            "reason": self.reason.code(),
        });
        let mut response = Response::new(Bytes::from(body.to_string()));
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        headers.insert(http::header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(wanted) = &self.accept_signature {
            headers.insert(ACCEPT_SIGNATURE, wanted.clone());
        }
        if self.challenge {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("WPT"));
        }
        response
    }
}

impl From<Reason> for Rejection {
    fn from(reason: Reason) -> Self {
        Self::new(reason)
    }
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} [{}]", self.reason.title(), self.reason.code())?;
        if let Some(detail) = &self.detail {
            write!(f, ": expected {}, found {}", detail.expected, detail.found)?;
        }
        Ok(())
    }
}

impl fmt::Debug for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rejection")
            .field("reason", &self.reason)
            .field("status", &self.status.as_u16())
            .field("step", &self.step)
            .field("expected", &self.expected())
            .field("found", &self.found())
            .finish()
    }
}

impl std::error::Error for Rejection {}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn codes_are_unique_and_snake_case() {
        let codes: HashSet<_> = Reason::ALL.iter().map(|r| r.code()).collect();
        assert_eq!(codes.len(), Reason::ALL.len());
        for reason in Reason::ALL {
            assert!(reason.code().bytes().all(|b| b.is_ascii_lowercase() || b == b'_'), "{reason}");
            assert!(!reason.title().is_empty() && !reason.advice().is_empty());
        }
    }

    #[test]
    fn err_04_wpt_40_a_credential_failure_is_401_with_the_wpt_challenge() {
        let response = Rejection::new(Reason::ProofExpired).to_response();
        assert_eq!(response.status(), 401);
        assert_eq!(response.headers()[WWW_AUTHENTICATE], "WPT");
        let body: serde_json::Value = serde_json::from_slice(response.body()).unwrap();
        assert_eq!(body["reason"], "proof_expired");
        assert_eq!(body["status"], 401);
    }

    #[test]
    fn err_01_err_02_wptl_03_without_wpt_it_is_400() {
        let rejection = Rejection::new(Reason::WitExpired).without_challenge();
        assert_eq!(rejection.status(), 400);
        assert!(!rejection.to_response().headers().contains_key(WWW_AUTHENTICATE));
        assert_eq!(Rejection::new(Reason::ReplayFull).without_challenge().status(), 503);
    }

    #[test]
    fn the_caller_sees_no_detail_and_the_log_no_control_characters() {
        let rejection =
            Rejection::new(Reason::AudienceMismatch).with_detail("https://a", "https://b\r\nforged: line");
        let response = rejection.to_response();
        assert!(!String::from_utf8_lossy(response.body()).contains("https://"));
        assert!(!rejection.to_string().contains('\n'));
        let long = Rejection::new(Reason::WitClaims).with_detail("x", "y".repeat(10_000));
        assert!(long.to_string().len() < 500);
    }
}

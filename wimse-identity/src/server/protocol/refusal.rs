//! Why an identity server gives out no token.

use std::fmt;

use http::{Response, StatusCode};

use super::Problem;

macro_rules! refusals {
    ($($(#[$doc:meta])* $name:ident $code:literal $status:ident $title:literal;)*) => {
        /// Why there is no token. Each has a stable code and a status.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Refusal {
            $($(#[$doc])* $name,)*
        }

        impl Refusal {
            /// Every refusal.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// The stable code, which is `reason` in the answer.
            pub const fn code(self) -> &'static str {
                match self { $(Self::$name => $code,)* }
            }

            /// The HTTP status of the answer.
            pub const fn status(self) -> StatusCode {
                match self { $(Self::$name => StatusCode::$status,)* }
            }

            /// What happened, in a sentence for people.
            pub const fn title(self) -> &'static str {
                match self { $(Self::$name => $title,)* }
            }
        }
    };
}

refusals! {
    /// Not a message of this version: not JSON, a member missing, unknown or repeated.
    Malformed "request_malformed" BAD_REQUEST "The request is not a message of this protocol version";
    /// More than [`MAX_MESSAGE`](super::MAX_MESSAGE) octets.
    TooLarge "request_too_large" PAYLOAD_TOO_LARGE "The request is larger than 64 KiB";
    /// The nonce was not given out by this server, was used before, or has expired.
    NonceUnknown "nonce_unknown" UNAUTHORIZED "The nonce is not one of this server's, was used, or has expired";
    /// The proof is no JWS of the right type, with a public JWK that has the header's `alg`.
    ProofMalformed "proof_malformed" BAD_REQUEST "The key proof is malformed";
    /// The key did not sign the proof.
    ProofSignature "proof_signature" UNAUTHORIZED "The signature of the key proof does not verify";
    /// The proof is for another server.
    ProofAudience "proof_audience" UNAUTHORIZED "The key proof is for another server: compare its base URL";
    /// The proof belongs to other evidence.
    ProofEvidence "proof_evidence" UNAUTHORIZED "The key proof belongs to other evidence";
    /// The clocks of workload and server are too far apart.
    ProofTime "proof_time" UNAUTHORIZED "The clocks of workload and identity server are too far apart";
    /// The key's algorithm is not allowed here.
    AlgorithmNotAllowed "algorithm_not_allowed" FORBIDDEN "Keys of this algorithm get no token here";
    /// A renewal for the key that the workload has already (workload-creds §9.4).
    KeyReused "key_reused" FORBIDDEN "A new token is for a new key";
    /// The server does not take this kind of evidence.
    EvidenceUnsupported "evidence_unsupported" FORBIDDEN "This kind of evidence is not accepted here";
    /// The evidence does not name a workload: unknown, used, expired, or not carried by the request.
    EvidenceRefused "evidence_refused" FORBIDDEN "The evidence was refused";
    /// The server cannot answer at present.
    Unavailable "unavailable" SERVICE_UNAVAILABLE "The identity server cannot issue tokens at present";
}

impl Refusal {
    /// The content of the answer.
    pub fn problem(self) -> Problem {
        Problem {
            problem_type: format!("urn:wimse:identity-server:{}", self.code().replace('_', "-")),
            title: self.title().to_owned(),
            status: self.status().as_u16(),
            reason: self.code().to_owned(),
        }
    }

    /// The answer, for any server that speaks the types of `http`.
    pub fn to_response(self) -> Response<String> {
        self.problem().to_response(self.status())
    }

    /// The refusal with this code.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|refusal| refusal.code() == code)
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} [{}]", self.title(), self.code())
    }
}

impl std::error::Error for Refusal {}

//! The WIMSE profile of HTTP Message Signatures (http-signature §3): which parts a signature must cover, which
//! parameters it must and must not have, and how a response is tied to its request.
//!
//! A thin layer over the engine of the parent module. It is given a Workload Identity Token that was validated
//! before (http-signature §3: first the token, then the signature), takes key and algorithm from its `cnf.jwk`, and
//! never from the message. The content is the caller's to check, with the digest that comes back.

mod accept;
mod content;
mod lines;
mod request;
mod response;
mod rules;
mod sign;
mod suspects;

pub use accept::{asks_for_signed_response, wanted_of_request, wanted_of_response};
pub use content::ContentCheck;
pub use request::{RequestCheck, VerifiedRequest};
pub use response::{Exchange, ResponseCheck, VerifiedResponse};
pub(crate) use rules::refuse;
pub use rules::{MAX_WINDOW, Terms};
pub(crate) use sign::remove_signature;
pub use sign::{RequestSignature, ResponseSignature, SignatureError};

/// The tag by which the WIMSE signature of a message is found (http-signature §3).
pub const TAG: &str = "wimse-workload-to-workload";

/// The parameter that names the audience of a request (http-signature §3.2).
pub const AUDIENCE: &str = "wimse-aud";

/// The parameter by which a client asks for a signed response (http-signature §3.3).
pub const SIGN_RESPONSE: &str = "wimse-sign-response";

/// The parameter that ties a response to the nonce of its request (http-signature §3.4).
pub const REQUEST_NONCE: &str = "wimse-req-nonce";

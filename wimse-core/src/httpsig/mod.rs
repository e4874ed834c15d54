//! HTTP Message Signatures (RFC 9421) and `Content-Digest` (RFC 9530), for any use, not only for WIMSE.
//!
//! The engine answers one question: does this signature, by this key and algorithm, cover these parts of this
//! message? Which key, which algorithm, which parts and which age are acceptable is for the caller to decide;
//! nothing of that is ever taken from the message.
//!
//! ```
//! use http::{Request, header};
//! use wimse_core::UnixTime;
//! use wimse_core::httpsig::{BaseBuilder, Component, Derived, Limits, Message, ReceivedSignatures, SignatureBuilder};
//! use wimse_core::jose::{Algorithm, PublicKey, SigningKey};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let mut request = Request::post("https://api.example.com/pay?id=7").body(())?;
//! request.headers_mut().insert(header::CONTENT_TYPE, "application/json".parse()?);
//!
//! let key = SigningKey::generate(Algorithm::Ed25519)?;
//! let mut base = BaseBuilder::new();
//! let signed = SignatureBuilder::new("sig")
//!     .cover([Derived::Method, Derived::Path, Derived::Query])
//!     .cover([Component::field("content-type")?])
//!     .created(UnixTime::from_secs(1_745_508_910))
//!     .tag("payments")
//!     .sign(&Message::from(&request), &key, &mut base)?;
//! signed.append_to(request.headers_mut(), &Limits::default())?;
//!
//! let trusted = PublicKey::new(key.public_jwk().clone())?;
//! let signatures = ReceivedSignatures::parse(request.headers(), &Limits::default())?;
//! let signature = signatures.by_tag("payments")?;
//! signature.input()?.require([Derived::Method, Derived::Path, Derived::Query])?;
//! signature.verify(&Message::from(&request), &trusted, Algorithm::Ed25519, &mut base)?;
//! # Ok(())
//! # }
//! ```
//!
//! Stricter than the texts in places where two readers could differ: duplicate labels, parameters and dictionary
//! keys are refused instead of letting the last one win, and a covered part that is absent, repeated where one is
//! wanted, or not plain ASCII is an error, never an empty value.

mod accept;
mod base;
mod component;
mod derived;
pub mod digest;
mod error;
mod fields;
mod identifier;
mod limits;
mod message;
mod nonce;
mod octets;
mod params;
mod plain;
pub mod profile;
mod query_param;
mod reader;
mod scratch;
mod sign;
mod structured;
mod value;
mod verify;

pub use accept::{ACCEPT_SIGNATURE, AcceptSignatureBuilder, RequestedSignature, RequestedSignatures};
pub use base::BaseBuilder;
pub use component::{Component, ComponentParameter, Derived};
pub use error::{ComponentError, HttpSigError, Problem};
pub use fields::{ReceivedSignature, ReceivedSignatures, SIGNATURE, SIGNATURE_INPUT};
pub use limits::Limits;
pub use message::{Message, RequestParts, ResponseParts};
pub use params::{Parameter, SignatureInput};
pub use sign::{SignatureBuilder, Signed};
pub use structured::{FieldType, FieldTypes};
pub use value::{Value, ValueInvalid};
pub use verify::{registered_algorithm, registered_name};

pub(crate) use nonce::Nonce;
use scratch::with_scratch;

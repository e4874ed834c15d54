//! The part of JOSE that WIMSE needs: compact JWS with asymmetric signatures, and JSON Web Keys.
//!
//! Stricter than RFC 7515 where laxness has been exploited elsewhere: duplicate JSON members at any
//! depth, `crit`, `b64`, padded or non-canonical base64url, `none`, MAC and encryption algorithms are
//! refused; `jku`, `x5u`, `jwk` and `x5c` are never looked at.

mod algorithm;
pub(crate) mod base64url;
pub(crate) mod crypto;
mod id;
pub(crate) mod json;
mod jwk;
mod jws;
mod key;
pub(crate) mod members;

pub use algorithm::{Algorithm, Algorithms};
pub use crypto::{Ed25519Backend, random_id};
pub use jwk::{Jwk, JwkSet};
pub use jws::{CompactJws, JwsError};
pub use key::{KeyError, PublicKey, SignatureInvalid, SigningKey};

pub(crate) use crypto::sha256;
pub(crate) use id::ProofId;
pub(crate) use jws::{Header, sign_token};

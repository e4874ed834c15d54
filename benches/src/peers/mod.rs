//! Other libraries, each used as its documentation would have a careful user do it, keys parsed once.

pub(crate) mod httpsig;
pub(crate) mod jsonwebtoken;
pub(crate) mod wimsey;

use std::time::{SystemTime, UNIX_EPOCH};

use aws_lc_rs::digest;
use data_encoding::BASE64URL_NOPAD;

pub(crate) fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

/// A fresh identifier of 128 bits.
pub(crate) fn fresh_id() -> String {
    BASE64URL_NOPAD.encode(&random::<16>())
}

pub(crate) fn random<const N: usize>() -> [u8; N] {
    let mut octets = [0; N];
    aws_lc_rs::rand::fill(&mut octets).unwrap();
    octets
}

/// The hash by which a proof names its token.
pub(crate) fn hash(token: &str) -> String {
    BASE64URL_NOPAD.encode(digest::digest(&digest::SHA256, token.as_bytes()).as_ref())
}

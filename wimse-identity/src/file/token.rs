//! What has to be known of a token before its key can be read, and whether the token is all there.

use data_encoding::BASE64URL_NOPAD;
use serde_json::Value;
use wimse_core::jose::{Algorithm, CompactJws};

/// The algorithm that the token names for the workload's key, `cnf.jwk.alg` (workload-creds §5.1).
///
/// `None` if there is none, or the token was cut off: the signature has to have the length that its algorithm gives it, which is
/// how a token that is still being written shows. Everything else is checked by
/// [`Credential`](wimse_core::Credential).
pub(super) fn key_algorithm(token: &str) -> Option<Algorithm> {
    CompactJws::split(token).ok()?;
    let mut segments = token.split('.').map(|segment| BASE64URL_NOPAD.decode(segment.as_bytes()).ok());
    let header: Value = serde_json::from_slice(&segments.next()??).ok()?;
    let claims: Value = serde_json::from_slice(&segments.next()??).ok()?;
    let signature = segments.next()??;
    let algorithm = |at: Option<&Value>| at?.as_str()?.parse::<Algorithm>().ok();
    if !signature_lengths(algorithm(header.get("alg"))?).contains(&signature.len()) {
        return None;
    }
    algorithm(claims.pointer("/cnf/jwk/alg"))
}

/// In octets. RSA signatures are as long as the modulus: 2048 to 4096 bits.
fn signature_lengths(algorithm: Algorithm) -> std::ops::RangeInclusive<usize> {
    match algorithm {
        Algorithm::Es256 | Algorithm::Ed25519 | Algorithm::EdDsa => 64..=64,
        Algorithm::Es384 => 96..=96,
        Algorithm::Es512 => 132..=132,
        _ => 256..=512,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wimse_core::jose::SigningKey;
    use wimse_core::{WitIssuer, WorkloadId};

    #[test]
    fn a_token_that_was_cut_off_anywhere_is_noticed() {
        let id = WorkloadId::parse("wimse://example.com/a").unwrap();
        for issuer in [Algorithm::Es256, Algorithm::Es384, Algorithm::Es512, Algorithm::Ed25519] {
            let issuer = WitIssuer::new(SigningKey::generate(issuer).unwrap(), "k");
            let key = SigningKey::generate(Algorithm::Es384).unwrap();
            let token = issuer.issue(&id, key.public_jwk()).unwrap();
            assert_eq!(key_algorithm(&token), Some(Algorithm::Es384));
            for end in 0..token.len() {
                assert_eq!(key_algorithm(token.get(..end).unwrap()), None, "{end} of {}", token.len());
            }
        }
    }
}

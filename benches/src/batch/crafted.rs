//! Signatures that no single check accepts, made by the owner of a key so that a batch of them accepts now and then.

use curve25519_dalek::constants::EIGHT_TORSION;
use curve25519_dalek::edwards::EdwardsPoint;
use curve25519_dalek::scalar::Scalar;
use ed25519_dalek::{Signature, Verifier as _, VerifyingKey, verify_batch};
use sha2::{Digest as _, Sha512};

use super::share;
use crate::report::Report;

/// Two signatures whose points R lie off the right group by `torsion`, in opposite directions.
struct Pair {
    key: VerifyingKey,
    messages: [Vec<u8>; 2],
    signatures: [Signature; 2],
}

impl Pair {
    /// `number` makes each pair another one, as a random source would.
    fn new(torsion: EdwardsPoint, number: u32) -> Self {
        let secret = scalar(&[b"secret", &number.to_be_bytes()]);
        let key = VerifyingKey::from(EdwardsPoint::mul_base(&secret));
        let messages = [b"first", b"other"].map(|text| [text.as_slice(), &number.to_be_bytes()].concat());
        let [first, other] = &messages;
        let sign = |message: &[u8], off: EdwardsPoint| {
            let nonce = scalar(&[b"nonce", message]);
            let r = (EdwardsPoint::mul_base(&nonce) + off).compress();
            let k = scalar(&[r.as_bytes(), key.as_bytes(), message]);
            Signature::from_components(r.0, (nonce + k * secret).to_bytes())
        };
        let signatures = [sign(first, torsion), sign(other, -torsion)];
        Self { key, messages, signatures }
    }

    fn passes_singly(&self) -> bool {
        self.messages.iter().zip(&self.signatures).any(|(message, signature)| {
            let octets = aws_lc_rs::signature::UnparsedPublicKey::new(
                &aws_lc_rs::signature::ED25519,
                self.key.as_bytes(),
            );
            self.key.verify(message, signature).is_ok()
                || octets.verify(message, &signature.to_bytes()).is_ok()
        })
    }

    fn passes_as_batch(&self) -> bool {
        let messages = self.messages.each_ref().map(Vec::as_slice);
        verify_batch(&messages, &self.signatures, &[self.key; 2]).is_ok()
    }
}

fn scalar(parts: &[&[u8]]) -> Scalar {
    let mut hash = Sha512::new();
    for part in parts {
        hash.update(part);
    }
    Scalar::from_bytes_mod_order_wide(&hash.finalize().into())
}

pub(super) fn run(report: &mut Report, quick: bool) {
    let tries = if quick { 100 } else { 10_000 };
    for (order, index) in [(2, 4), (4, 2), (8, 1)] {
        let torsion = EIGHT_TORSION.get(index).copied().unwrap();
        let name = format!("crafted pairs with torsion of order {order} that pass as a batch, of all");
        report.row(&name, |name| {
            let pairs = (0..tries).map(|number| Pair::new(torsion, number));
            let passed = pairs.filter(|pair| {
                assert!(!pair.passes_singly(), "a single check accepts what it must refuse");
                pair.passes_as_batch()
            });
            share(name, u32::try_from(passed.count()).unwrap(), tries)
        });
    }
}

//! Signatures of as many callers, as each backend takes them.

use std::hint::black_box;

use aws_lc_rs::digest::{Context, SHA512};
use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair as _, ParsedPublicKey};
use curve25519_dalek::edwards::CompressedEdwardsY;
use curve25519_dalek::scalar::Scalar;
use ed25519_dalek::{Signature, Verifier as _, VerifyingKey, verify_batch};

/// About what is signed in a proof token.
const MESSAGE: usize = 350;

pub(super) struct Signatures {
    messages: Vec<Vec<u8>>,
    pub(super) signatures: Vec<Signature>,
    pub(super) keys: Vec<VerifyingKey>,
    parsed: Vec<ParsedPublicKey>,
}

impl Signatures {
    pub(super) fn new(size: usize) -> Self {
        let mut of_all = Self { messages: vec![], signatures: vec![], keys: vec![], parsed: vec![] };
        for number in 0..size {
            let pair = Ed25519KeyPair::generate().unwrap();
            let mut message = vec![7; MESSAGE];
            message.extend(number.to_be_bytes());
            of_all.signatures.push(Signature::from_slice(pair.sign(&message).as_ref()).unwrap());
            of_all.messages.push(message);
            of_all.keys.push(VerifyingKey::try_from(pair.public_key().as_ref()).unwrap());
            of_all.parsed.push(ParsedPublicKey::new(&ED25519, pair.public_key()).unwrap());
        }
        of_all
    }

    /// One caller sends a signature over something else.
    pub(super) fn with_a_bad_one(mut self) -> Self {
        if let Some(message) = self.messages.last_mut() {
            message.push(0);
        }
        self
    }

    pub(super) fn each(&self, check: impl Fn(&Self, usize)) {
        (0..self.keys.len()).for_each(|i| check(self, i));
    }

    pub(super) fn messages(&self) -> Vec<&[u8]> {
        self.messages.iter().map(Vec::as_slice).collect()
    }

    fn one(&self, i: usize) -> (&[u8], &Signature, &VerifyingKey, &ParsedPublicKey) {
        let one =
            || Some((self.messages.get(i)?, self.signatures.get(i)?, self.keys.get(i)?, self.parsed.get(i)?));
        let (message, signature, key, parsed) = one().unwrap();
        (black_box(message), black_box(signature), key, parsed)
    }

    pub(super) fn aws_lc(&self, i: usize) {
        let (message, signature, _, key) = self.one(i);
        key.verify_sig(message, &signature.to_bytes()).unwrap();
    }

    pub(super) fn aws_lc_verdict(&self, i: usize) {
        let (message, signature, _, key) = self.one(i);
        let _ = black_box(key.verify_sig(message, &signature.to_bytes()));
    }

    pub(super) fn dalek(&self, i: usize) {
        let (message, signature, key, _) = self.one(i);
        key.verify(message, signature).unwrap();
    }

    pub(super) fn in_group(&self, i: usize) {
        let (_, _, key, _) = self.one(i);
        assert!(black_box(key).to_edwards().is_torsion_free());
    }

    pub(super) fn batch(&self) {
        verify_batch(&self.messages(), &self.signatures, &self.keys).unwrap();
    }

    /// What it takes for the verdict of the single checks: that R is one of the points that sB − kA can be. The keys need the same
    /// once only. That R is decoded twice here adds about a tenth.
    pub(super) fn exact_batch(&self) {
        self.batch();
        for signature in &self.signatures {
            let r = CompressedEdwardsY(*signature.r_bytes());
            assert!(r.decompress().is_some_and(|point| point.is_torsion_free()));
        }
    }

    /// The numbers of the equation: k, s, and R as it was sent.
    pub(super) fn parts(&self, i: usize) -> (Scalar, Scalar, CompressedEdwardsY) {
        let (message, signature, key, _) = self.one(i);
        let mut hash = Context::new(&SHA512);
        for part in [signature.r_bytes(), key.as_bytes(), message] {
            hash.update(part);
        }
        let mut wide = [0; 64];
        wide.copy_from_slice(hash.finish().as_ref());
        let s = Scalar::from_canonical_bytes(*signature.s_bytes()).unwrap();
        (Scalar::from_bytes_mod_order_wide(&wide), s, CompressedEdwardsY(*signature.r_bytes()))
    }
}

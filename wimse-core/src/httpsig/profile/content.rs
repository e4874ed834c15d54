//! Checking content against the digest that a signature covers (http-signature §3).

use crate::httpsig::digest::{ContentDigest, DigestError, DigestVerifier};
use crate::trace::{Step, Trace};
use crate::{Reason, Rejection};

/// Checks the content of a message whose head was found sound, in one pass, in pieces as they arrive.
#[derive(Debug)]
#[must_use = "the content is not checked until `finish`"]
pub struct ContentCheck {
    digest: Option<DigestVerifier>,
    unannounced: bool,
    seen: bool,
}

impl ContentCheck {
    pub(super) fn new(digest: Option<&ContentDigest>) -> Self {
        Self { digest: digest.map(ContentDigest::verifier), unannounced: false, seen: false }
    }

    /// The next piece of the content, an empty one if there is none.
    pub fn update(&mut self, piece: &[u8]) {
        self.seen = true;
        match &mut self.digest {
            Some(digest) => digest.update(piece),
            None => self.unannounced |= !piece.is_empty(),
        }
    }

    /// That was all of it. Content without a digest is refused, no content needs none.
    ///
    /// # Errors
    ///
    /// [`Reason::DigestMissing`] or [`Reason::DigestMismatch`]; [`Reason::ContentUnchecked`] without any piece, since
    /// then nobody looked.
    pub fn finish(self) -> Result<(), Rejection> {
        self.finish_traced(&mut crate::trace::NoTrace)
    }

    pub(crate) fn finish_traced<T: Trace>(self, t: &mut T) -> Result<(), Rejection> {
        if !self.seen {
            return Err(refuse(t, Reason::ContentUnchecked, &"content that nobody looked at"));
        }
        let (reason, error) = match (self.digest.map(DigestVerifier::finish), self.unannounced) {
            (None, true) => (Reason::DigestMissing, "content and no digest"),
            (Some(Err(_)), _) => (Reason::DigestMismatch, "other content"),
            (Some(Ok(())), _) | (None, false) => {
                t.check(Step::ContentDigest, true, EXPECTED, format_args!("it"));
                return Ok(());
            }
        };
        Err(refuse(t, reason, &error))
    }
}

const EXPECTED: std::fmt::Arguments<'static> = format_args!("the content that `Content-Digest` names");

/// A digest that cannot be used.
pub(super) fn malformed<T: Trace>(t: &mut T, error: &DigestError) -> Rejection {
    refuse(t, Reason::DigestMalformed, error)
}

fn refuse<T: Trace>(t: &mut T, reason: Reason, found: &dyn std::fmt::Display) -> Rejection {
    t.check(Step::ContentDigest, false, EXPECTED, format_args!("{found}"));
    Rejection::new(reason).with_detail(EXPECTED, found).at(Step::ContentDigest)
}

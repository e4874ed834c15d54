//! The engine's signature bases against a second implementation that was written straight from RFC 9421: examples of
//! the RFC for the reference itself, then messages by the thousand for both. The fuzz target `signature_base` does the
//! same for as long as it is let.
#![allow(missing_docs, clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "test code")]
#![allow(
    clippy::string_slice,
    clippy::cast_possible_truncation,
    reason = "the reference is plain, and of ASCII"
)]

mod compare;
mod draw;
mod examples;
mod reference;

use proptest::prelude::*;

use crate::compare::agree;
use crate::draw::Draw;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(20_000))]

    #[test]
    fn hsq_01_the_engine_and_the_rfc_agree_about_every_base(octets in proptest::collection::vec(any::<u8>(), 0..120)) {
        agree(&Draw(&octets).case());
    }
}

/// A comparison that compares nothing would always pass.
#[test]
fn enough_of_what_is_drawn_has_a_base() {
    let mut random = 1_u64;
    let (mut bases, mut refusals) = (0, 0);
    for _ in 0..5_000 {
        let octets: Vec<u8> = std::iter::repeat_with(|| {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (random >> 56) as u8
        })
        .take(100)
        .collect();
        // Only what is drawn, without the changes that use up the rest.
        match agree(&Draw(&octets).drawn()) {
            Some(true) => bases += 1,
            Some(false) => refusals += 1,
            None => {}
        }
    }
    assert!(bases > 250 && refusals > 1_000, "{bases} bases and {refusals} refusals");
}

#![no_main]
//! Signature bases: the engine against the reference that was written from RFC 9421, on messages drawn from the input.

use compare::agree;
use draw::Draw;
use libfuzzer_sys::fuzz_target;
use wimse_fuzz::timed;

#[path = "../../wimse-core/tests/rfc9421_reference/compare.rs"]
mod compare;
#[path = "../../wimse-core/tests/rfc9421_reference/draw.rs"]
mod draw;
#[path = "../../wimse-core/tests/rfc9421_reference/reference/mod.rs"]
mod reference;

fuzz_target!(|data: &[u8]| {
    timed(|| {
        agree(&Draw(data).case());
    });
});

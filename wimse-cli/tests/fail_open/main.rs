//! What else would be let in: every accepted vector, altered in every way that is known to have opened a door
//! somewhere. None of the altered messages may be accepted, unless the list in `allowed` says why.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::string_slice,
    clippy::unwrap_used,
    reason = "a test panics where its expectations fail, in its helpers too"
)]

mod allowed;
mod base;
mod head;
mod json;
mod jws;
mod malleable;
mod member;
mod mutant;
mod octets;
mod reissue;
mod search;
mod signature;
mod times;

/// How many altered messages a search must make to count as one.
const ENOUGH: usize = 100_000;

/// Every eighth vector: enough, in less than a minute.
#[test]
fn no_altered_message_is_let_in() {
    search::run(8).check(ENOUGH);
}

#[test]
#[ignore = "takes minutes: all vectors"]
fn no_altered_message_is_let_in_whatever_vector_it_was() {
    search::run(1).check(10 * ENOUGH);
}

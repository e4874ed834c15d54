//! One buffer per thread for signature bases that nobody keeps.

use std::cell::Cell;

use zeroize::Zeroize;

use super::base::BaseBuilder;

/// A larger buffer is given back, in octets.
const KEPT: usize = 16 * 1024;

thread_local! {
    static TEXT: Cell<String> = const { Cell::new(String::new()) };
}

/// Runs `work` with a builder that borrows the thread's buffer. What is in it afterwards is wiped, since a base repeats fields that may
/// hold tokens; a base that outgrows the buffer while it is built leaves the smaller one to the allocator as it is.
///
/// The buffer is taken out for that time, so that `work` may do the same again, and gets another one.
pub(super) fn with_scratch<R>(work: impl FnOnce(&mut BaseBuilder) -> R) -> R {
    let mut base = BaseBuilder::in_buffer(TEXT.try_with(Cell::take).unwrap_or_default());
    let result = work(&mut base);
    let mut octets = base.into_buffer().into_bytes();
    if octets.capacity() <= KEPT {
        octets.clear();
        octets.resize(octets.capacity(), 0);
        octets.clear();
        // Nothing is kept where the thread is about to end.
        _ = TEXT.try_with(|text| text.set(String::from_utf8(octets).unwrap_or_default()));
    } else {
        octets.zeroize();
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::httpsig::{Derived, Message, SignatureBuilder};

    #[test]
    fn work_within_work_has_a_buffer_of_its_own() {
        let request = http::Request::get("https://a.example/secret").body(()).unwrap();
        let message = Message::from(&request);
        let path = SignatureBuilder::new("a").cover([Derived::Path]);
        let method = SignatureBuilder::new("a").cover([Derived::Method]);
        with_scratch(|outer| {
            outer.build(&message, path.input()).unwrap();
            with_scratch(|inner| {
                assert_eq!(inner.as_str(), "");
                inner.build(&message, method.input()).unwrap();
            });
            assert!(outer.as_str().contains("/secret"));
        });
        let left = TEXT.with(Cell::take);
        assert!(left.is_empty() && left.capacity() > 0);
    }

    #[test]
    fn a_large_buffer_is_not_kept() {
        let path = "/x".repeat(KEPT);
        let request = http::Request::get(path).body(()).unwrap();
        let input = SignatureBuilder::new("a").cover([Derived::Path]);
        with_scratch(|base| base.build(&Message::from(&request), input.input()).map(drop)).unwrap();
        assert_eq!(TEXT.with(Cell::take).capacity(), 0);
    }
}

//! Whole numbers in decimal, without the machinery of `fmt`: every proof has two.

/// As many octets as the longest `i64` has, with its sign.
const LEN: usize = 20;

/// A number in decimal.
pub(crate) struct Digits {
    octets: [u8; LEN],
    start: usize,
}

impl From<i64> for Digits {
    fn from(number: i64) -> Self {
        let (mut octets, mut start, mut rest) = ([b'0'; LEN], LEN, number.unsigned_abs());
        for octet in octets.iter_mut().rev() {
            // Less than ten.
            *octet += u8::try_from(rest % 10).unwrap_or_default();
            start -= 1;
            rest /= 10;
            if rest == 0 {
                break;
            }
        }
        if number < 0 {
            start = start.saturating_sub(1);
            octets.iter_mut().skip(start).take(1).for_each(|octet| *octet = b'-');
        }
        Self { octets, start }
    }
}

impl Digits {
    pub(crate) fn as_str(&self) -> &str {
        // Digits and a sign are always text.
        std::str::from_utf8(self.octets.get(self.start..).unwrap_or_default()).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_ends_of_the_range_have_room() {
        for number in [i64::MIN, i64::MIN + 1, -10, -9, -1, 0, 1, 9, 10, 1_745_508_910, i64::MAX] {
            assert_eq!(Digits::from(number).as_str(), number.to_string());
        }
    }

    proptest! {
        #[test]
        fn as_the_standard_library_writes_it(number in any::<i64>()) {
            let digits = Digits::from(number);
            prop_assert_eq!(digits.as_str(), number.to_string());
        }
    }
}

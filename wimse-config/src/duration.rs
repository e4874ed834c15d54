//! Durations as text: a whole number and a unit.

use std::time::Duration;

/// The units, in milliseconds. Months and years differ in length, and in other notations by the case of one letter.
const UNITS: [(&str, u64); 5] = [("ms", 1), ("s", 1_000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000)];

pub(crate) fn parse(text: &str) -> Option<Duration> {
    let (number, unit) = text.split_at_checked(text.find(|c: char| !c.is_ascii_digit())?)?;
    let (_, unit) = UNITS.into_iter().find(|(name, _)| *name == unit)?;
    Some(Duration::from_millis(number.parse::<u64>().ok()?.checked_mul(unit)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_is_a_whole_number_and_a_unit() {
        for (text, milliseconds) in [
            ("0s", 0),
            ("250ms", 250),
            ("60s", 60_000),
            ("5m", 300_000),
            ("24h", 86_400_000),
            ("30d", 2_592_000_000),
            ("18446744073709551615ms", u64::MAX),
        ] {
            assert_eq!(parse(text), Some(Duration::from_millis(milliseconds)), "{text}");
        }
        for text in [
            "",
            "60",
            "s",
            " 60s",
            "60s ",
            "60 s",
            "+60s",
            "-60s",
            "1.5s",
            "1h30m",
            "5M",
            "60S",
            "60sec",
            "٣s",
            "1y",
            "1w",
            "60us",
            "0x1s",
            "18446744073709551616ms",
            "18446744073709551615s",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}

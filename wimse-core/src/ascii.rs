//! Printable ASCII.

/// Whether all octets are printable ASCII, a space included. None ends the loop, so that it looks at many at once.
pub(crate) fn is_printable(text: &[u8]) -> bool {
    text.iter().fold(true, |all, b| all & (b.wrapping_sub(b' ') < 0x5f))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn space_to_tilde_and_nothing_else() {
        assert!(is_printable(b""));
        for octet in 0..=u8::MAX {
            let printable = octet.is_ascii_graphic() || octet == b' ';
            assert_eq!(is_printable(&[b'x', octet, b'x']), printable, "{octet}");
        }
    }
}

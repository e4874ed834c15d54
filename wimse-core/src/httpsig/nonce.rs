//! A nonce, kept beyond the message that it came with.

use std::fmt;

use crate::few::Few;

/// A nonce. In place as long as it is of ordinary length: 32 octets in base64 have room.
#[derive(Clone)]
pub(crate) struct Nonce(Few<u8, 48>);

impl Nonce {
    pub(crate) fn as_str(&self) -> &str {
        // It was made of a text.
        std::str::from_utf8(self.0.as_slice()).unwrap_or_default()
    }
}

impl From<&str> for Nonce {
    fn from(text: &str) -> Self {
        let mut octets = Few::new();
        octets.extend(text.as_bytes());
        Self(octets)
    }
}

impl fmt::Debug for Nonce {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_str().fmt(f)
    }
}

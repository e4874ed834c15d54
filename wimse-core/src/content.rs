//! Content that is read whole before it is signed, checked or handed on.

use std::fmt;

use bytes::{Bytes, BytesMut};

/// How much content the adapters read by default: 2 MiB.
pub const DEFAULT_CONTENT_LIMIT: usize = 2 * 1024 * 1024;

/// The most that is set aside before any of the content has arrived.
const MAX_RESERVED: usize = 64 * 1024;

/// Collects content up to a limit, into one piece of memory.
///
/// A piece on its own is kept as it is. Several are copied together: HTTP implementations hand out slices of their read
/// buffers, so that kept as they are, thousands of tiny pieces would each hold a buffer of kilobytes in memory.
#[derive(Debug)]
pub struct ContentBuffer {
    limit: usize,
    announced: usize,
    first: Bytes,
    all: BytesMut,
}

impl ContentBuffer {
    /// Nothing yet, and room for `limit` octets. `announced` is how many there will be at least, as `Content-Length`
    /// says.
    ///
    /// # Errors
    ///
    /// [`TooLarge`] if that is over the limit.
    pub fn new(limit: usize, announced: u64) -> Result<Self, TooLarge> {
        match usize::try_from(announced) {
            Ok(announced) if announced <= limit => {
                Ok(Self { limit, announced, first: Bytes::new(), all: BytesMut::new() })
            }
            _ => Err(TooLarge { limit }),
        }
    }

    /// Adds the next piece.
    ///
    /// # Errors
    ///
    /// [`TooLarge`]; then nothing was added.
    pub fn push(&mut self, piece: Bytes) -> Result<(), TooLarge> {
        let held = self.first.len() + self.all.len();
        if piece.len() > self.limit.saturating_sub(held) {
            return Err(TooLarge { limit: self.limit });
        }
        if held == 0 {
            self.first = piece;
            return Ok(());
        }
        if self.all.is_empty() {
            self.all.reserve(self.announced.min(MAX_RESERVED).max(held + piece.len()));
            self.all.extend_from_slice(&std::mem::take(&mut self.first));
        }
        self.all.extend_from_slice(&piece);
        Ok(())
    }

    /// All of it.
    pub fn finish(self) -> Bytes {
        if self.all.is_empty() { self.first } else { self.all.freeze() }
    }
}

/// Content is larger than what is read of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooLarge {
    /// The limit, in octets.
    pub limit: usize,
}

impl fmt::Display for TooLarge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the content is larger than {} octets", self.limit)
    }
}

impl std::error::Error for TooLarge {}

impl From<TooLarge> for crate::Rejection {
    fn from(error: TooLarge) -> Self {
        let found = "more, or a body limit further out";
        Self::new(crate::Reason::ContentTooLarge)
            .with_detail(format_args!("at most {} octets", error.limit), found)
    }
}

impl From<TooLarge> for crate::SignError {
    fn from(error: TooLarge) -> Self {
        Self::ContentTooLarge { limit: error.limit }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gather(limit: usize, pieces: &[&'static str]) -> Result<Bytes, TooLarge> {
        let mut buffer = ContentBuffer::new(limit, 0)?;
        for piece in pieces {
            buffer.push(Bytes::from_static(piece.as_bytes()))?;
        }
        Ok(buffer.finish())
    }

    #[test]
    fn pieces_become_one_and_the_limit_is_exact() {
        assert_eq!(gather(5, &["", "ab", "", "c", "de"]).unwrap(), "abcde");
        assert_eq!(gather(4, &["ab", "c", "de"]), Err(TooLarge { limit: 4 }));
        assert_eq!(gather(0, &[""]).unwrap(), "");
        assert_eq!(gather(0, &["a"]), Err(TooLarge { limit: 0 }));
        assert!(ContentBuffer::new(4, 5).is_err() && ContentBuffer::new(4, u64::MAX).is_err());
    }

    #[test]
    fn one_piece_is_not_copied_and_tiny_ones_do_not_keep_their_buffers() {
        let piece = Bytes::from(vec![1; 100]);
        let mut buffer = ContentBuffer::new(100, 100).unwrap();
        buffer.push(piece.clone()).unwrap();
        assert_eq!(buffer.finish().as_ptr(), piece.as_ptr());

        let mut buffer = ContentBuffer::new(100, 0).unwrap();
        buffer.push(piece.slice(0..1)).unwrap();
        buffer.push(piece.slice(1..2)).unwrap();
        let whole = buffer.finish();
        assert!(piece.is_unique() && whole.as_ptr() != piece.as_ptr());
    }
}

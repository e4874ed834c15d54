//! A list that lives inside its owner until it outgrows the usual size, so that an ordinary request needs no heap.

use std::fmt;

/// What fills the places that are not taken.
pub(crate) trait Blank {
    const BLANK: Self;
}

impl Blank for u8 {
    const BLANK: Self = 0;
}

impl Blank for &str {
    const BLANK: Self = "";
}

impl<A: Blank, B: Blank> Blank for (A, B) {
    const BLANK: Self = (A::BLANK, B::BLANK);
}

/// Up to `N` elements in place, more of them on the heap.
#[derive(Clone)]
pub(crate) struct Few<T, const N: usize> {
    inline: [T; N],
    len: usize,
    /// All elements, once there are more than `N`.
    spilled: Vec<T>,
}

impl<T: Blank, const N: usize> Few<T, N> {
    pub(crate) fn new() -> Self {
        Self { inline: [const { T::BLANK }; N], len: 0, spilled: Vec::new() }
    }

    pub(crate) fn push(&mut self, element: T) {
        if let (true, Some(slot)) = (self.spilled.is_empty(), self.inline.get_mut(self.len)) {
            *slot = element;
            self.len += 1;
            return;
        }
        if self.spilled.is_empty() {
            self.spilled.reserve(2 * N);
            self.spilled.extend(self.inline.iter_mut().map(|slot| std::mem::replace(slot, T::BLANK)));
        }
        self.spilled.push(element);
    }

    pub(crate) fn len(&self) -> usize {
        self.as_slice().len()
    }

    pub(crate) fn as_slice(&self) -> &[T] {
        if self.spilled.is_empty() { self.inline.get(..self.len).unwrap_or_default() } else { &self.spilled }
    }

    pub(crate) fn as_mut_slice(&mut self) -> &mut [T] {
        if self.spilled.is_empty() {
            self.inline.get_mut(..self.len).unwrap_or_default()
        } else {
            &mut self.spilled
        }
    }
}

impl<const N: usize> Few<u8, N> {
    /// Keeps the first `len` octets.
    pub(crate) fn truncate(&mut self, len: usize) {
        self.len = self.len.min(len);
        self.spilled.truncate(len);
    }

    /// Room for so many octets more, which are to be written.
    pub(crate) fn grow(&mut self, by: usize) -> &mut [u8] {
        let (start, end) = (self.len(), self.len() + by);
        if self.spilled.is_empty() && end <= N {
            self.len = end;
        } else {
            if self.spilled.is_empty() {
                self.spilled.extend_from_slice(self.inline.get(..start).unwrap_or_default());
            }
            self.spilled.resize(end, 0);
        }
        self.as_mut_slice().get_mut(start..).unwrap_or_default()
    }

    pub(crate) fn extend(&mut self, octets: &[u8]) {
        self.grow(octets.len()).copy_from_slice(octets);
    }
}

impl<T: Blank + fmt::Debug, const N: usize> fmt::Debug for Few<T, N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.as_slice()).finish()
    }
}

impl<T: Blank, const N: usize> Default for Few<T, N> {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn behaves_like_a_vector(pieces in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..6), 0..6)) {
            let (mut few, mut many) = (Few::<u8, 8>::new(), Vec::new());
            for piece in &pieces {
                if piece.len() % 2 == 0 {
                    few.extend(piece);
                } else {
                    piece.iter().for_each(|octet| few.push(*octet));
                }
                many.extend_from_slice(piece);
                prop_assert_eq!(few.as_slice(), many.as_slice());
                prop_assert_eq!(few.as_mut_slice(), many.as_mut_slice());
                prop_assert_eq!(few.len(), many.len());
            }
        }

        #[test]
        fn grows_by_as_much_as_asked_for_and_shrinks_again(first in 0_usize..12, by in 0_usize..12) {
            let mut octets = Few::<u8, 8>::new();
            octets.extend(&vec![1; first]);
            octets.grow(by).fill(2);
            prop_assert_eq!(octets.as_slice(), [vec![1; first], vec![2; by]].concat());
            octets.truncate(first);
            prop_assert_eq!(octets.as_slice(), vec![1; first]);
            octets.push(3);
            prop_assert_eq!(octets.len(), first + 1);
        }
    }
}

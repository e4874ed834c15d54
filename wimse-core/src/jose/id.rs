//! Identifiers of proofs: random, drawn for every request, and so drawn from a store of randomness.

use std::cell::RefCell;
use std::time::{SystemTime, UNIX_EPOCH};

use super::{KeyError, base64url, crypto};

/// Octets of an identifier: 128 bits (wpt §2).
const LEN: usize = 16;

/// Octets that are fetched at once. Asking the library for 16 takes as long as asking it for 512.
const STORE: usize = 32 * LEN;

struct Store {
    octets: [u8; STORE],
    used: usize,
}

thread_local! {
    static STORED: RefCell<Store> = const { RefCell::new(Store { octets: [0; STORE], used: STORE }) };
}

/// An identifier for one proof in base64url, fit for `jti` and nonces. Unique, but no secret.
pub(crate) struct ProofId([u8; 22]);

impl ProofId {
    /// Draws a new one.
    pub(crate) fn draw() -> Result<Self, KeyError> {
        // A process that was forked finds the same store, but draws from it at another time.
        let time = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos();
        let id = u128::from_le_bytes(octets().ok_or(KeyError::Library)?) ^ time;
        let mut text = [0; 22];
        base64url::encode_array(&id.to_le_bytes(), &mut text);
        Ok(Self(text))
    }

    pub(crate) fn as_str(&self) -> &str {
        // Base64url is always text.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

fn octets() -> Option<[u8; LEN]> {
    let stored = STORED.try_with(|store| store.try_borrow_mut().ok().and_then(|mut store| store.take()));
    stored.ok().flatten().or_else(|| {
        let mut fresh = [0; LEN];
        crypto::random(&mut fresh).then_some(fresh)
    })
}

impl Store {
    fn take(&mut self) -> Option<[u8; LEN]> {
        if self.used >= STORE {
            if !crypto::random(&mut self.octets) {
                return None;
            }
            self.used = 0;
        }
        let next = self.octets.get_mut(self.used..)?.first_chunk_mut::<LEN>()?;
        // Nothing is handed out twice, nor left to be found later.
        let taken = std::mem::take(next);
        self.used += LEN;
        Some(taken)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn wpt_20_identifiers_have_128_bits_and_never_repeat() {
        let draw =
            |_| -> Vec<String> { (0..1_000).map(|_| ProofId::draw().unwrap().as_str().to_owned()).collect() };
        let threads: Vec<_> = (0..4).map(|i| std::thread::spawn(move || draw(i))).collect();
        let ids: Vec<_> = threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect();
        assert!(ids.iter().all(|id| base64url::decode::<16>(id.as_bytes()).unwrap().len() == 16));
        assert_eq!(ids.iter().collect::<HashSet<_>>().len(), 4_000);
    }

    #[test]
    fn what_was_handed_out_is_gone_from_the_store() {
        let mut store = Store { octets: [0; STORE], used: STORE };
        for draw in 1..=STORE / LEN {
            assert_ne!(store.take().unwrap(), [0; LEN]);
            assert_eq!(store.octets[..draw * LEN], [0; STORE][..draw * LEN]);
        }
        assert_ne!(store.take().unwrap(), [0; LEN]);
        assert_eq!(store.used, LEN);
    }

    #[test]
    fn a_copy_of_the_store_yields_other_identifiers() {
        let copied = STORED.with(|store| {
            store.borrow_mut().take().unwrap();
            store.borrow().octets
        });
        let first = ProofId::draw().unwrap();
        STORED.with(|store| {
            let mut store = store.borrow_mut();
            store.used -= LEN;
            store.octets = copied;
        });
        assert_ne!(first.as_str(), ProofId::draw().unwrap().as_str());
    }
}

//! The names of keys in Redis.

use data_encoding::BASE64URL_NOPAD;

/// How many parts a cluster's memory has. Each lies on one node, and is lost and found as a whole.
const CLUSTER_PARTS: u8 = 64;

/// Names keys: `prefix{part}:digest` for a proof, `prefix{part}:memory` for the mark of a part.
///
/// The braces are Redis Cluster's hash tag, which puts the keys of a part on one node.
#[derive(Debug, Clone)]
pub(crate) struct Keys {
    prefix: String,
    parts: u8,
}

impl Keys {
    pub(crate) fn new(prefix: String, cluster: bool) -> Self {
        Self { prefix, parts: if cluster { CLUSTER_PARTS } else { 1 } }
    }

    pub(crate) fn parts(&self) -> std::ops::Range<u8> {
        0..self.parts
    }

    /// The part that remembers a proof. Digests are uniform, so that parts fill evenly.
    pub(crate) fn part_of(&self, digest: &[u8; 32]) -> u8 {
        let [first, ..] = digest;
        first % self.parts
    }

    pub(crate) fn proof(&self, digest: &[u8; 32]) -> String {
        format!("{}{{{}}}:{}", self.prefix, self.part_of(digest), BASE64URL_NOPAD.encode(digest))
    }

    pub(crate) fn mark(&self, part: u8) -> String {
        format!("{}{{{part}}}:memory", self.prefix)
    }

    pub(crate) fn prefix(&self) -> &str {
        &self.prefix
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_keys_of_a_part_share_its_hash_tag() {
        for (cluster, parts) in [(false, 1), (true, 64)] {
            let keys = Keys::new("wimse:".to_owned(), cluster);
            assert_eq!(keys.parts().len(), parts);
            for first in 0..=255 {
                let mut digest = [7; 32];
                digest[0] = first;
                let (key, mark) = (keys.proof(&digest), keys.mark(keys.part_of(&digest)));
                let tag = |key: &str| key.split_once('}').unwrap().0.to_owned();
                assert_eq!(tag(&key), tag(&mark));
                assert!(keys.parts().contains(&keys.part_of(&digest)));
                assert_eq!(
                    key.rsplit_once(':').unwrap().1.len(),
                    43,
                    "a digest, nothing of the proof itself"
                );
            }
        }
    }
}

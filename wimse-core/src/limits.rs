//! The numbers that the drafts leave to policy: sizes, lifetimes, leeway.

use std::time::Duration;

use crate::httpsig::profile::MAX_WINDOW;

/// The longest leeway that can be set: two minutes.
pub const MAX_LEEWAY: Duration = Duration::from_secs(120);

/// Caps on what a verifier accepts. The defaults suit most deployments.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Clock difference that is tolerated at both ends of every lifetime. Default 60 s, at most [`MAX_LEEWAY`].
    pub leeway: Duration,
    /// How much longer a Workload Identity Token may still be valid. Default 24 h.
    pub wit_remaining: Duration,
    /// How much longer a Workload Proof Token may still be valid. Default 5 min.
    pub wpt_remaining: Duration,
    /// The longest validity of an HTTP signature, from `created` to `expires`. Default 10 min.
    pub signature_window: Duration,
    /// The longest Workload Identity Token, in octets. Default 16,384. Whatever its length, a token holds at most 1,024
    /// JSON values, nested at most 16 levels deep.
    pub wit_size: usize,
    /// The longest Workload Proof Token, in octets. Default 8,192.
    pub wpt_size: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            leeway: Duration::from_secs(60),
            wit_remaining: Duration::from_secs(24 * 60 * 60),
            wpt_remaining: Duration::from_secs(5 * 60),
            signature_window: MAX_WINDOW,
            wit_size: 16_384,
            wpt_size: 8_192,
        }
    }
}

//! Whether what Redis remembers reaches back far enough to believe that it has not seen a proof.
//!
//! Redis may lose what it knew: by a restart, a failover, `FLUSHALL`. So each part of the memory has a mark, which names the
//! process that set it (`run_id`) and, by its remaining life, since when everything was remembered. A mark of another
//! process may have come back from a snapshot that is older than the last proofs, and counts for nothing.
//!
//! A proof that was used before the mark was set expires within the longest time that any verifier accepts one, counted
//! from the mark. Proofs that outlive this moment are new for certain; the others are refused until it has passed.

use std::time::Duration;

use wimse_core::replay::ProofUse;

use crate::fault::Fault;
use crate::question::{Mark, Reply};

/// The life of a mark, in milliseconds: a hundred years. The same for ever, since ages are counted by it.
const MARK_LIFE: i64 = 100 * 365 * 24 * 60 * 60 * 1_000;

/// What is asked of a memory.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Terms {
    /// For how long a proof may have to be remembered, in seconds.
    pub(crate) window: i64,
    /// How many seconds any two of the clocks may differ.
    pub(crate) tolerance: i64,
    /// Whether the memory survives the process.
    pub(crate) persistent: bool,
    /// Whether a memory without a mark is taken for a new one that never knew anything.
    pub(crate) allow_new: bool,
}

/// A mark that has to be set.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Marking {
    pub(crate) by: String,
    /// Milliseconds.
    pub(crate) life: i64,
    /// Whether a mark that is there meanwhile stays.
    pub(crate) keep: bool,
}

impl Terms {
    /// How many milliseconds to remember a proof: with what the clocks may differ when it is used and when it is repeated, Redis
    /// does not forget it before the last verifier refuses it as expired.
    pub(crate) fn remember(&self, proof: &ProofUse<'_>) -> Result<i64, Fault> {
        let left = proof.expires_at().seconds_since(proof.now());
        if left <= 0 {
            return Err(Fault::Expired);
        }
        if left > self.window {
            return Err(Fault::BeyondLimits);
        }
        Ok((left + 2 * self.seconds_apart()) * 1_000)
    }

    /// Whether a proof that Redis sees for the first time was never used, given its times in seconds.
    pub(crate) fn believe(&self, reply: &Reply, expires_at: i64, now: i64) -> Result<(), Fault> {
        self.clocks(reply, now)?;
        let Some(since) = self.since(reply)? else {
            return if self.allow_new && reply.mark.is_none() { Ok(()) } else { Err(self.forgotten(None)) };
        };
        let surely_new = since.saturating_add(self.full_age());
        let expires_at = expires_at.saturating_mul(1_000);
        if expires_at > surely_new { Ok(()) } else { Err(self.forgotten(Some(surely_new - expires_at))) }
    }

    /// How much longer until every proof can be decided; and the mark to set, if there is none that counts.
    pub(crate) fn standing(&self, reply: &Reply, now: i64) -> Result<(Duration, Option<Marking>), Fault> {
        self.clocks(reply, now)?;
        if let Some(since) = self.since(reply)? {
            let left = self.full_age() - (reply.now - since);
            return Ok((milliseconds(left), None));
        }
        let by = reply.run_id.clone().unwrap_or_else(|| "persistent".to_owned());
        // What was there and is not this process's gives way; what another replica set meanwhile stays.
        let keep = reply.mark.is_none();
        let age = if keep && self.allow_new { self.full_age() } else { 0 };
        Ok((milliseconds(self.full_age() - age), Some(Marking { by, life: MARK_LIFE - age, keep })))
    }

    /// Since when, by Redis's clock in milliseconds, everything was remembered. `None` without a mark that counts.
    fn since(&self, reply: &Reply) -> Result<Option<i64>, Fault> {
        let own = |mark: &&Mark| match &reply.run_id {
            Some(run_id) => mark.by == run_id.as_bytes(),
            None => self.persistent,
        };
        if reply.run_id.is_none() && !self.persistent {
            return Err(Fault::Unidentified);
        }
        let mark = reply.mark.as_ref().filter(own).filter(|mark| (0..=MARK_LIFE).contains(&mark.left));
        Ok(mark.map(|mark| reply.now.saturating_sub(MARK_LIFE - mark.left)))
    }

    /// The lives of keys are counted by Redis's clock, those of proofs by the verifiers'. Neither may have jumped.
    fn clocks(&self, reply: &Reply, now: i64) -> Result<(), Fault> {
        let ahead = (reply.now / 1_000).saturating_sub(now);
        if ahead.unsigned_abs() > self.tolerance.unsigned_abs() {
            return Err(Fault::ClocksDisagree(ahead));
        }
        Ok(())
    }

    /// The age, in milliseconds, from which a memory knows every proof that could be repeated. Verifier and verifier differ
    /// through the clock of Redis, at most by its distance to either, and that clock may have been another's.
    fn full_age(&self) -> i64 {
        (self.window + 3 * self.seconds_apart()) * 1_000
    }

    /// The tolerance, and what is lost by counting in whole seconds.
    fn seconds_apart(&self) -> i64 {
        self.tolerance + 1
    }

    fn forgotten(&self, left: Option<i64>) -> Fault {
        Fault::Forgotten(milliseconds(left.unwrap_or(self.full_age())))
    }
}

fn milliseconds(left: i64) -> Duration {
    Duration::from_millis(u64::try_from(left).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use wimse_core::UnixTime;

    const NOW: i64 = 1_800_000_000;
    const TERMS: Terms = Terms { window: 100, tolerance: 4, persistent: false, allow_new: false };
    /// Window and three times the clocks' distance.
    const FULL: i64 = 115;

    fn reply(mark: Option<(&str, i64)>) -> Reply {
        let mark = mark.map(|(by, age)| Mark { by: by.into(), left: MARK_LIFE - age * 1_000 });
        Reply { used: None, mark, now: NOW * 1_000, run_id: Some("this".to_owned()), evicts: false }
    }

    #[test]
    fn wpt_21_a_lost_memory_refuses_what_may_have_been_used_before_and_nothing_else() {
        let refused = |left: i64| Err(Fault::Forgotten(milliseconds(left * 1_000)));
        // Age of the mark, remaining life of the proof.
        let rows = [
            (Some(("this", FULL)), 1, Ok(())),
            (Some(("this", FULL)), 0, refused(0)),
            (Some(("this", FULL - 1)), 1, refused(0)),
            (Some(("this", 1_000)), 1, Ok(())),
            (Some(("this", 0)), 100, refused(15)),
            (Some(("this", 15)), 100, refused(0)),
            (Some(("this", 16)), 100, Ok(())),
            (Some(("this", 16)), 99, refused(0)),
            (Some(("this", -1)), 100, refused(FULL)),
            (Some(("another", 1_000)), 100, refused(FULL)),
            (None, 100, refused(FULL)),
        ];
        for (mark, left, expected) in rows {
            assert_eq!(TERMS.believe(&reply(mark), NOW + left, NOW), expected, "{mark:?} {left}");
        }
    }

    #[test]
    fn a_mark_is_set_where_none_counts_and_begins_anew() {
        let (this, full) = ("this".to_owned(), milliseconds(FULL * 1_000));
        let rows = [
            (Some(("this", 5)), milliseconds((FULL - 5) * 1_000), None),
            (Some(("this", 500)), Duration::ZERO, None),
            (Some(("another", 500)), full, Some(Marking { by: this.clone(), life: MARK_LIFE, keep: false })),
            (None, full, Some(Marking { by: this, life: MARK_LIFE, keep: true })),
        ];
        for (mark, left, marking) in rows {
            assert_eq!(TERMS.standing(&reply(mark), NOW), Ok((left, marking)), "{mark:?}");
        }
    }

    #[test]
    fn what_the_operator_vouches_for_is_believed_and_no_more() {
        let persistent = Terms { persistent: true, ..TERMS };
        let unnamed = |mark| Reply { run_id: None, ..reply(mark) };
        assert_eq!(persistent.believe(&unnamed(Some(("another", 500))), NOW + 1, NOW), Ok(()));
        assert!(persistent.believe(&unnamed(None), NOW + 100, NOW).is_err());
        assert_eq!(TERMS.believe(&unnamed(Some(("this", 500))), NOW + 1, NOW), Err(Fault::Unidentified));
        assert_eq!(TERMS.standing(&unnamed(None), NOW), Err(Fault::Unidentified));

        let new = Terms { allow_new: true, ..TERMS };
        assert_eq!(new.believe(&reply(None), NOW + 1, NOW), Ok(()));
        assert!(new.believe(&reply(Some(("another", 500))), NOW + 1, NOW).is_err());
        let (left, marking) = new.standing(&reply(None), NOW).unwrap();
        let life = MARK_LIFE - FULL * 1_000;
        assert_eq!((left, marking.unwrap().life), (Duration::ZERO, life));
        let (_, marking) = new.standing(&reply(Some(("another", 500))), NOW).unwrap();
        assert_eq!(marking.unwrap().life, MARK_LIFE);
    }

    #[test]
    fn clocks_that_differ_decide_nothing() {
        for (ahead, agree) in
            [(0, true), (4, true), (-4, true), (5, false), (-5, false), (3_600, false), (-3_600, false)]
        {
            let reply = Reply { now: (NOW + ahead) * 1_000, ..reply(Some(("this", 1_000))) };
            let expected = if agree { Ok(()) } else { Err(Fault::ClocksDisagree(ahead)) };
            assert_eq!(TERMS.believe(&reply, NOW + 100, NOW), expected, "{ahead}");
            assert_eq!(TERMS.standing(&reply, NOW).is_ok(), agree, "{ahead}");
        }
    }

    #[test]
    fn wpt_21_a_proof_is_remembered_until_nobody_accepts_it_and_never_for_no_time() {
        let time = UnixTime::from_secs;
        let rows = [
            (1, Ok(11_000)),
            (100, Ok(110_000)),
            (0, Err(Fault::Expired)),
            (-1, Err(Fault::Expired)),
            (101, Err(Fault::BeyondLimits)),
            (i64::MAX - NOW, Err(Fault::BeyondLimits)),
        ];
        for (left, expected) in rows {
            let proof = ProofUse::new("s", "id", time(NOW + left), time(NOW));
            assert_eq!(TERMS.remember(&proof), expected, "{left}");
        }
    }
}

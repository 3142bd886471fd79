//! What other nodes say that Malachite does not tell its application: their tips, and that they have begun
//! the next height.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use consensus::context::Context;
use ledger::party::Height;
use ledger::time::Timestamp;
use malachitebft_core_types::SignedVote;
use tokio::sync::Notify;

/// Votes for the awaited height that are kept until the application has looked at them.
const VOTES_MAX: usize = 16;

/// What was heard. Claims, not facts: of the validators up to a third lie, and a vote is not checked yet.
#[derive(Debug, Default)]
pub struct Heard {
    /// Owned by this lock: the newest tip that each validator's node claims, and when it said so.
    tips: Mutex<BTreeMap<Vec<u8>, (Timestamp, Height)>>,
    /// Owned by this lock: votes for the awaited height, unchecked.
    votes: Mutex<Vec<SignedVote<Context>>>,
    /// Votes of this height are kept; 0 for none.
    awaited: AtomicU64,
    changed: Notify,
    /// A validator's node asks how far this one is.
    asked: AtomicBool,
    was_asked: Notify,
}

impl Heard {
    /// Notes the tip of a validator's node, unless a later word of it is known. Whoever calls has checked
    /// that the node itself said so (see [`super::status`]), so there are as many as the genesis names.
    pub fn tip(&self, peer: &[u8], said_at: Timestamp, tip: Height) {
        let mut tips = self.tips.lock().unwrap_or_else(PoisonError::into_inner);
        if tips.get(peer).is_some_and(|(newest, _)| *newest > said_at) {
            return;
        }
        tips.insert(peer.to_vec(), (said_at, tip));
        drop(tips);
        self.changed.notify_one();
    }

    /// Notes a vote, if its height is awaited.
    pub fn vote(&self, vote: &SignedVote<Context>) {
        if vote.message.height.0.0 != self.awaited.load(Ordering::Relaxed) {
            return;
        }
        let mut votes = self.votes.lock().unwrap_or_else(PoisonError::into_inner);
        if votes.len() < VOTES_MAX {
            votes.push(vote.clone());
            drop(votes);
            self.changed.notify_one();
        }
    }

    /// From now on keeps votes of this height, and forgets those kept.
    pub fn await_votes_of(&self, height: Height) {
        self.awaited.store(height.0, Ordering::Relaxed);
        let _forgotten = self.take_votes();
    }

    /// Keeps no votes any more.
    pub fn await_no_votes(&self) {
        self.await_votes_of(Height::ZERO);
    }

    /// The votes kept, each once.
    pub fn take_votes(&self) -> Vec<SignedVote<Context>> {
        std::mem::take(&mut *self.votes.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Forgets all tips.
    #[cfg(test)]
    pub(crate) fn forget(&self) {
        let mut tips = self.tips.lock().unwrap_or_else(PoisonError::into_inner);
        tips.clear();
    }

    /// The tips that peers claim, the highest first.
    #[must_use]
    pub fn tips(&self) -> Vec<Height> {
        let tips = self.tips.lock().unwrap_or_else(PoisonError::into_inner);
        let mut tips: Vec<_> = tips.values().map(|(_, tip)| *tip).collect();
        tips.sort_unstable_by(|a, b| b.cmp(a));
        tips
    }

    /// The tip that at least one honest node has, where enough have spoken: of `validators` at most a third
    /// lie, so one more than that must claim as much.
    #[must_use]
    pub fn believed_tip(&self, validators: usize) -> Option<Height> {
        let liars_max = validators.saturating_sub(1) / 3;
        let spoken_min = validators.saturating_sub(liars_max).saturating_sub(1);
        let tips = self.tips();
        if tips.len() < spoken_min {
            return None;
        }
        Some(tips.get(liars_max).copied().unwrap_or(Height::ZERO))
    }

    /// Notes that a validator's node asks how far this one is.
    pub fn ask(&self) {
        self.asked.store(true, Ordering::Relaxed);
        self.was_asked.notify_one();
    }

    /// Whether anybody has asked since the last call.
    pub fn take_asked(&self) -> bool {
        self.asked.swap(false, Ordering::Relaxed)
    }

    /// Waits until somebody asks.
    pub async fn asked(&self) {
        while !self.take_asked() {
            self.was_asked.notified().await;
        }
    }

    /// Waits until something new was heard.
    pub async fn changed(&self) {
        self.changed.notified().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heard(tips: &[u64]) -> Heard {
        let heard = Heard::default();
        for (peer, tip) in (0_u8..).zip(tips) {
            heard.tip(&[peer], Timestamp(1), Height(*tip));
        }
        heard
    }

    #[test]
    fn a_tip_is_believed_only_when_an_honest_node_must_have_it() {
        for (validators, tips, expected) in [
            (1, &[][..], Some(0)),
            (4, &[], None),
            (4, &[7], None),
            // One of four may lie.
            (4, &[9_000, 7], Some(7)),
            (4, &[7, 7, 6], Some(7)),
            (4, &[6, 7, 9_000], Some(7)),
            (7, &[9, 9, 5], None),
            (7, &[9_000, 8_000, 7, 6], Some(7)),
        ] {
            let believed = heard(tips).believed_tip(validators);
            assert_eq!(believed, expected.map(Height), "{validators} {tips:?}");
        }
    }

    #[test]
    fn a_peer_counts_once_with_its_newest_word() {
        let heard = heard(&[5, 6]);
        heard.tip(&[0], Timestamp(2), Height(9));
        assert_eq!(heard.tips(), [Height(9), Height(6)]);
        heard.tip(&[0], Timestamp(1), Height(5));
        assert_eq!(heard.tips(), [Height(9), Height(6)]);
    }
}

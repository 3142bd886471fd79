//! Which blocks a clock must judge, and which were proposed again and must not be judged by a clock.
//!
//! A fresh block's time is held against each validator's clock. A block that more than 2/3 prevoted in an
//! earlier round may be decided much later; with clock bounds a locked block could never be decided. So
//! a part header that names such a round spares the clock. Malachite pairs blocks and proposals by the
//! block's id alone, and only a *proposal* that names the earlier round needs those prevotes: without this
//! file a proposer could write the round into the part header only, and have any time accepted.
//!
//! The rule: a block that no clock has judged counts only for proposals that name an earlier round.

use alloc::collections::{BTreeMap, BTreeSet};

use ledger::digest::BlockId;
use ledger::party::Height;
use ledger::quorum::Round;

use crate::message::{PartHeader, Proposal};

/// Blocks that are noted at one height; honest validators make one for each round.
pub const BLOCKS_PER_HEIGHT_MAX: usize = 256;

/// How to judge a block's time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Clock {
    /// Against this node's clock.
    Judges,
    /// Only against the parent's time.
    Spares,
}

/// What is known about the blocks proposed at the height under way.
#[derive(Clone, Debug, Default)]
pub struct Reproposals {
    height: Height,
    round: Round,
    /// Judged by our clock, and in time.
    judged: BTreeSet<BlockId>,
    /// Accepted without a clock.
    spared: BTreeSet<BlockId>,
    /// The newest round in which a block was proposed as a new one.
    new_in: BTreeMap<BlockId, Round>,
}

impl Reproposals {
    /// Notes that `round` of `height` has begun.
    pub fn begin(&mut self, height: Height, round: Round) {
        if height != self.height {
            *self = Self {
                height,
                ..Self::default()
            };
        }
        self.round = round;
    }

    /// Says how to judge the block of an arriving part header, and notes it.
    pub fn enter(&mut self, header: &PartHeader) -> Clock {
        if header.height.0 > self.height {
            self.begin(header.height.0, Round(0));
        }
        let is_new_now = self
            .new_in
            .get(&header.block)
            .is_some_and(|&round| round >= self.round);
        if self.judged.contains(&header.block) {
            return Clock::Spares;
        }
        if header.valid_round.is_none() || is_new_now || self.is_full() {
            return Clock::Judges;
        }
        self.spared.insert(header.block);
        Clock::Spares
    }

    /// Notes that a block passed this node's clock.
    pub fn judged(&mut self, height: Height, block: BlockId) {
        if height == self.height && !self.is_full() {
            self.spared.remove(&block);
            self.judged.insert(block);
        }
    }

    /// Whether this node's clock judged the block.
    #[must_use]
    pub fn is_judged(&self, block: BlockId) -> bool {
        self.judged.contains(&block)
    }

    /// Notes a block that is given back from the store, or came by sync: no clock judges it now.
    pub fn spared(&mut self, height: Height, block: BlockId) {
        if height == self.height && !self.judged.contains(&block) {
            self.spared.insert(block);
        }
    }

    /// Whether a correctly signed proposal counts, and notes it.
    pub fn admit_proposal(&mut self, proposal: &Proposal) -> bool {
        if proposal.height.0 > self.height {
            self.begin(proposal.height.0, Round(0));
        }
        if proposal.height.0 < self.height || proposal.pol_round.is_some() {
            return true;
        }
        let block = proposal.value.0;
        if self.spared.contains(&block) {
            return false;
        }
        if let Some(round) = self.new_in.get_mut(&block) {
            *round = proposal.round.max(*round);
            return true;
        }
        if self.is_full() {
            return false;
        }
        self.new_in.insert(block, proposal.round);
        true
    }

    fn is_full(&self) -> bool {
        let longest = self.judged.len().max(self.spared.len());
        longest.max(self.new_in.len()) >= BLOCKS_PER_HEIGHT_MAX
    }
}

#[cfg(test)]
mod tests {
    use ledger::digest::sha256;
    use ledger::key::SecretKey;

    use super::*;
    use crate::message::Value;
    use crate::validators::Address;

    fn proposer() -> Address {
        Address(SecretKey::from_seed(&[1; 32]).public())
    }

    fn block(n: u32) -> BlockId {
        BlockId(sha256(&n.to_be_bytes()))
    }

    fn header(round: u32, valid_round: Option<u32>, n: u32) -> PartHeader {
        PartHeader {
            height: crate::context::Height(Height(5)),
            round: Round(round),
            valid_round: valid_round.map(Round),
            proposer: proposer(),
            block: block(n),
            length: 1,
            chunks: alloc::vec::Vec::new(),
        }
    }

    fn proposal(round: u32, pol_round: Option<u32>, n: u32) -> Proposal {
        Proposal {
            height: crate::context::Height(Height(5)),
            round: Round(round),
            value: Value(block(n)),
            pol_round: pol_round.map(Round),
            proposer: proposer(),
        }
    }

    fn at_round(round: u32) -> Reproposals {
        let mut known = Reproposals::default();
        known.begin(Height(5), Round(round));
        known
    }

    #[test]
    fn a_new_block_is_judged_by_the_clock_and_then_counts_for_every_proposal() {
        let mut known = at_round(0);
        assert_eq!(known.enter(&header(0, None, 1)), Clock::Judges);
        known.judged(Height(5), block(1));
        assert!(known.admit_proposal(&proposal(0, None, 1)));
        // Proposed again: it was judged once.
        assert_eq!(known.enter(&header(1, Some(0), 1)), Clock::Spares);
        assert!(known.admit_proposal(&proposal(2, None, 1)));
    }

    #[test]
    fn a_block_proposed_again_is_spared_and_counts_only_as_proposed_again() {
        let mut known = at_round(3);
        assert_eq!(known.enter(&header(3, Some(1), 1)), Clock::Spares);
        assert!(!known.admit_proposal(&proposal(3, None, 1)));
        assert!(!known.admit_proposal(&proposal(4, None, 1)));
        assert!(known.admit_proposal(&proposal(3, Some(1), 1)));
    }

    #[test]
    fn a_proposer_cannot_spare_itself_the_clock_by_its_part_header() {
        // The proposal says "new", the header says "again", in either order.
        let mut known = at_round(1);
        assert!(known.admit_proposal(&proposal(1, None, 1)));
        assert_eq!(known.enter(&header(1, Some(0), 1)), Clock::Judges);
        // Two proposers in league: the header comes early, from the next round's.
        let mut known = at_round(0);
        assert!(known.admit_proposal(&proposal(0, None, 1)));
        assert_eq!(known.enter(&header(1, Some(0), 1)), Clock::Judges);
    }

    #[test]
    fn a_block_whose_parts_were_missed_in_an_earlier_round_is_spared_later() {
        let mut known = at_round(0);
        assert!(known.admit_proposal(&proposal(0, None, 1)));
        known.begin(Height(5), Round(1));
        assert_eq!(known.enter(&header(1, Some(0), 1)), Clock::Spares);
        assert!(known.admit_proposal(&proposal(1, Some(0), 1)));
    }

    #[test]
    fn a_block_from_the_store_or_by_sync_does_not_count_as_new() {
        let mut known = at_round(0);
        known.spared(Height(5), block(1));
        assert!(!known.admit_proposal(&proposal(0, None, 1)));
        known.begin(Height(6), Round(0));
        assert!(known.admit_proposal(&Proposal {
            height: crate::context::Height(Height(6)),
            ..proposal(0, None, 1)
        }));
    }

    #[test]
    fn what_is_noted_is_limited() {
        let mut known = at_round(0);
        let limit = u32::try_from(BLOCKS_PER_HEIGHT_MAX).unwrap();
        for n in 0..limit {
            assert!(known.admit_proposal(&proposal(0, None, n)));
        }
        assert!(!known.admit_proposal(&proposal(0, None, limit)));
        assert!(known.admit_proposal(&proposal(1, None, 0)));
    }
}

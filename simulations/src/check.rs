//! What must never be false, looked at after every event that can have changed it; and progress, once the faults
//! are over.
//!
//! The checker shares no state with the nodes. It executes every decided block once more on a state of its own,
//! counts votes by itself, knows the rules of trade by itself (`check/trade.rs`), and asks nodes what officers ask
//! (`check/verdict.rs`).

mod trade;
mod verdict;
mod violation;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use consensus::guard::{Request, Stage};
use consensus::replica::{Replica, Tip};
use consensus::validators::Address;
use ledger::digest::{BlockId, RecordDigest, StateRoot};
use ledger::key::PublicKey;
use ledger::party::Height;
use ledger::quorum::{Quorum, QuorumError, Round, ValidatorSet};
use ledger::record::PermitKey;
use ledger::state::memory::{MemoryState, initial_changes};
use ledger::state::{Leaf, PagesOf, Receipt, View as _};
use ledger::tree;

use crate::disk::Disk;
use crate::host::Committed;
use crate::parties::{NodeIndex, Parties, SetUpError};
use crate::trade::{Act, Expected};
pub use trade::Broken;
use trade::Permits;
pub use violation::Violation;

/// Looks at everything the nodes do.
#[derive(Debug)]
pub struct Checker {
    parties: Arc<Parties>,
    validators: ValidatorSet,
    /// The decided block of each height.
    blocks: BTreeMap<Height, BlockId>,
    proposers: BTreeMap<Height, PublicKey>,
    /// Executes every block once more, on a state of its own.
    replica: Replica,
    state: MemoryState,
    /// The root after each height.
    roots: BTreeMap<Height, StateRoot>,
    receipts: BTreeMap<Height, Vec<Receipt>>,
    permits: Permits,
    /// What became of each record.
    outcomes: BTreeMap<RecordDigest, Receipt>,
    /// Of them, those of the workload.
    decided_acts: usize,
    /// Records that a node has called durable, by node; those that it has decided are checked in its log when it
    /// starts again and at the end.
    acknowledged: BTreeMap<NodeIndex, BTreeSet<RecordDigest>>,
    /// The bytes of every record of the workload.
    handed_in: BTreeMap<RecordDigest, Vec<u8>>,
    signed: BTreeMap<(NodeIndex, Height, Round, Stage), Request>,
    tips: BTreeMap<NodeIndex, Height>,
    /// Validators whose signatures and blocks prove nothing: the dishonest, and those whose disk went back.
    excused: BTreeSet<NodeIndex>,
}

impl Checker {
    /// Before block 1.
    ///
    /// # Errors
    /// [`SetUpError::State`] where the genesis state cannot be read.
    pub fn new(parties: &Arc<Parties>, acts: &[Act]) -> Result<Self, SetUpError> {
        let (root, changes) = initial_changes(parties.genesis.initial_state());
        let mut state = MemoryState::default();
        state.apply(&changes);
        let validators = parties.genesis.validators().clone();
        let tip = Tip::genesis(root, validators.clone());
        Ok(Self {
            validators,
            blocks: BTreeMap::new(),
            proposers: BTreeMap::new(),
            decided_acts: 0,
            replica: Replica::new(parties.chain, tip),
            roots: BTreeMap::from([(Height::ZERO, root)]),
            state,
            receipts: BTreeMap::new(),
            permits: Permits::new(&parties.genesis),
            outcomes: BTreeMap::new(),
            acknowledged: BTreeMap::new(),
            handed_in: acts
                .iter()
                .map(|act| (act.record, act.bytes.clone()))
                .collect(),
            signed: BTreeMap::new(),
            tips: BTreeMap::new(),
            excused: BTreeSet::new(),
            parties: Arc::clone(parties),
        })
    }

    /// The highest height that any node has decided.
    #[must_use]
    pub fn height(&self) -> Height {
        self.replica.tip().height()
    }

    /// What became of each record.
    #[must_use]
    pub const fn outcomes(&self) -> &BTreeMap<RecordDigest, Receipt> {
        &self.outcomes
    }

    /// Whether the node has called this record durable.
    #[must_use]
    pub fn is_acknowledged(&self, node: NodeIndex, record: &RecordDigest) -> bool {
        let by_node = self.acknowledged.get(&node);
        by_node.is_some_and(|records| records.contains(record))
    }

    /// What this node signs and builds proves nothing about the honest.
    pub fn excuse(&mut self, node: NodeIndex) {
        self.excused.insert(node);
    }

    /// Whether nothing follows from what this node signs.
    #[must_use]
    pub fn is_excused(&self, node: NodeIndex) -> bool {
        self.excused.contains(&node)
    }

    /// The disk of a node went back in time: what it had decided and acknowledged since is gone there, and its
    /// author hands it in again.
    pub fn went_back(&mut self, node: NodeIndex, disk: &Disk) {
        self.excused.insert(node);
        let tip = disk.tip();
        let height = tip.map_or(Height::ZERO, |tip| tip.block.header().height);
        self.tips.insert(node, height);
        let kept = |record: &RecordDigest| {
            let bytes = self.handed_in.get(record);
            bytes.is_some_and(|bytes| is_kept(disk, record, bytes))
        };
        if let Some(records) = self.acknowledged.get_mut(&node) {
            records.retain(kept);
        }
    }

    /// A node committed a block. What its store holds is for [`Self::check_store`], once the event is over.
    ///
    /// # Errors
    /// The first [`Violation`].
    pub fn committed(&mut self, node: NodeIndex, committed: &Committed) -> Result<(), Violation> {
        let Committed {
            block,
            quorum,
            receipts,
        } = committed;
        let height = block.header().height;
        let after = self.tips.get(&node).copied().unwrap_or(Height::ZERO);
        if height != after.next() {
            return Err(Violation::OutOfOrder {
                node,
                height,
                after,
            });
        }
        self.tips.insert(node, height);
        if quorum.block != block.id() || quorum.height != height {
            return Err(Violation::OtherQuorum { node, height });
        }
        self.check_quorum(quorum)
            .map_err(|error| Violation::NoQuorum {
                node,
                height,
                error,
            })?;
        match self.blocks.get(&height) {
            Some(known) if *known != block.id() => return Err(Violation::Fork { height, node }),
            Some(_) => {}
            None => self.decided(height, committed)?,
        }
        if self.receipts.get(&height) != Some(receipts) {
            return Err(Violation::OtherReceipts { node, height });
        }
        Ok(())
    }

    /// The ledger's own check, and a count of its own: more than two thirds of the power, no key twice.
    fn check_quorum(&self, quorum: &Quorum) -> Result<(), QuorumError> {
        quorum.check_by(&self.parties.signing, self.parties.chain, &self.validators)?;
        let signers: BTreeSet<_> = quorum.signatures.iter().map(|one| one.validator).collect();
        let powers = signers
            .iter()
            .filter_map(|index| self.validators.get(*index));
        let signed = powers.fold(0_u64, |sum, member| sum.saturating_add(member.power));
        let total = self.validators.total_power();
        if signed.saturating_mul(3) > total.saturating_mul(2) {
            Ok(())
        } else {
            Err(QuorumError::NotEnough { signed, total })
        }
    }

    /// A node whose own word proves nothing committed a block, which must still be the others': less than a third
    /// cannot fork.
    ///
    /// # Errors
    /// The first [`Violation`].
    pub fn committed_elsewhere(
        &mut self,
        node: NodeIndex,
        committed: &Committed,
    ) -> Result<(), Violation> {
        let (block, height) = (&committed.block, committed.block.header().height);
        match self.blocks.get(&height) {
            Some(known) if *known != block.id() => Err(Violation::Fork { height, node }),
            Some(_) | None => Ok(()),
        }
    }

    /// Who built the block of a height.
    #[must_use]
    pub fn proposer(&self, height: Height) -> Option<NodeIndex> {
        let key = self.proposers.get(&height)?;
        self.parties.of_address(&Address(*key))
    }

    /// How many records of the workload are decided.
    #[must_use]
    pub const fn outcomes_of_acts(&self) -> usize {
        self.decided_acts
    }

    /// The first node has decided a height.
    fn decided(&mut self, height: Height, committed: &Committed) -> Result<(), Violation> {
        let not_as_said = |why: String| Violation::NotAsSaid { height, why };
        let (block, quorum) = (&committed.block, &committed.quorum);
        self.blocks.insert(height, block.id());
        self.proposers.insert(height, block.header().proposer);
        self.permits.begin(height, block.header().time);
        for (signed, receipt) in block.records().iter().zip(&committed.receipts) {
            let (digest, record) = (signed.digest(), signed.record());
            if receipt.refused.is_none() {
                self.permits.applied(digest, record)?;
            } else {
                self.permits.refused(digest, record)?;
            }
            let is_new = self.outcomes.insert(signed.digest(), *receipt).is_none();
            if !is_new {
                return Err(Violation::Twice(signed.digest()));
            }
            let is_act = self.handed_in.contains_key(&signed.digest());
            self.decided_acts = self.decided_acts.saturating_add(usize::from(is_act));
        }
        let commit = self
            .replica
            .commit(
                &self.state,
                block.clone(),
                quorum.clone(),
                &self.parties.signing,
            )
            .map_err(|error| not_as_said(error.to_string()))?;
        self.state.apply(&commit.executed.changes);
        let Ok(root): Result<StateRoot, _> = tree::root(&PagesOf(&self.state)) else {
            return Err(not_as_said("its state cannot be read".into()));
        };
        if root != block.header().state_root {
            return Err(not_as_said(format!("its state has root {root}")));
        }
        self.roots.insert(height, root);
        self.receipts.insert(height, commit.executed.receipts);
        Ok(())
    }

    /// Compares a store with the state that its tip must have.
    ///
    /// # Errors
    /// [`Violation::OtherState`], or [`Violation::Fork`] where it holds other blocks.
    pub fn check_store(&self, node: NodeIndex, disk: &Disk) -> Result<(), Violation> {
        let tip = disk.tip();
        let height = tip
            .as_ref()
            .map_or(Height::ZERO, |tip| tip.block.header().height);
        let told = self.tips.get(&node).copied().unwrap_or(Height::ZERO);
        if height < told {
            // What a node has committed it never loses.
            return Err(Violation::OutOfOrder {
                node,
                height,
                after: told,
            });
        }
        let id = tip.map(|tip| tip.block.id());
        if id.as_ref() != self.blocks.get(&height) {
            return Err(Violation::Fork { height, node });
        }
        let root: Result<StateRoot, _> = tree::root(&PagesOf(&*disk.state()));
        if root.is_ok_and(|root| self.roots.get(&height) == Some(&root)) {
            Ok(())
        } else {
            Err(Violation::OtherState { node, height })
        }
    }

    /// Compares a store that is level, value by value.
    ///
    /// # Errors
    /// [`Violation::OtherState`].
    pub fn check_whole_store(&self, node: NodeIndex, disk: &Disk) -> Result<(), Violation> {
        self.check_store(node, disk)?;
        let height = self.tips.get(&node).copied().unwrap_or(Height::ZERO);
        if height == self.height() && *disk.state() != self.state {
            return Err(Violation::OtherState { node, height });
        }
        Ok(())
    }

    /// A node starts again from its store: what it holds counts as told.
    ///
    /// # Errors
    /// As [`Self::check_store`].
    pub fn restarted(&mut self, node: NodeIndex, disk: &Disk) -> Result<(), Violation> {
        self.check_store(node, disk)?;
        if let Some(tip) = disk.tip() {
            self.tips.insert(node, tip.block.header().height);
        }
        Ok(())
    }

    /// A voting key signed.
    ///
    /// # Errors
    /// [`Violation::Contradiction`].
    pub fn signed(&mut self, node: NodeIndex, request: &Request) -> Result<(), Violation> {
        if self.excused.contains(&node) {
            return Ok(());
        }
        let (height, mark) = (request.height, &request.mark);
        let place = (node, height, mark.round, mark.stage);
        let first = self.signed.entry(place).or_insert(*request);
        if first.mark != *mark {
            return Err(Violation::Contradiction {
                node,
                height,
                round: mark.round,
                stage: mark.stage,
            });
        }
        Ok(())
    }

    /// A node called a record durable.
    pub fn acknowledged(&mut self, node: NodeIndex, record: RecordDigest) {
        self.acknowledged.entry(node).or_default().insert(record);
    }

    /// Everything that a node has acknowledged is on its disk: in the outbox, or decided, byte for byte.
    ///
    /// # Errors
    /// [`Violation::Forgotten`].
    pub fn check_kept(&self, node: NodeIndex, disk: &Disk) -> Result<(), Violation> {
        for record in self.acknowledged.get(&node).into_iter().flatten() {
            let bytes = self.handed_in.get(record);
            if !bytes.is_some_and(|bytes| is_kept(disk, record, bytes)) {
                return Err(Violation::Forgotten {
                    node,
                    record: *record,
                });
            }
        }
        Ok(())
    }

    /// Every act has the outcome that its story gives it, and every race one winner.
    ///
    /// # Errors
    /// [`Violation::OtherOutcome`], [`Violation::Race`].
    pub fn check_outcomes(&self, acts: &[Act]) -> Result<(), Violation> {
        let mut winners: BTreeMap<PermitKey, usize> = BTreeMap::new();
        for act in acts {
            let Some(receipt) = self.outcomes.get(&act.record) else {
                continue;
            };
            let found = receipt.refused;
            let is_right = match act.expected {
                Expected::Applied => found.is_none(),
                Expected::Refused(reason) => found == Some(reason),
                Expected::Race(loser) => {
                    let won = winners.entry(act.permit).or_default();
                    *won = won.saturating_add(usize::from(found.is_none()));
                    found.is_none_or(|reason| reason == loser)
                }
            };
            if !is_right {
                return Err(Violation::OtherOutcome {
                    record: act.record,
                    expected: act.expected,
                    found,
                });
            }
        }
        match winners.into_iter().find(|(_, winners)| *winners != 1) {
            Some((permit, winners)) => Err(Violation::Race { permit, winners }),
            None => Ok(()),
        }
    }
}

fn is_kept(disk: &Disk, record: &RecordDigest, bytes: &[u8]) -> bool {
    disk.outbox_holds(record, bytes) || is_logged(disk, record, bytes)
}

fn is_logged(disk: &Disk, record: &RecordDigest, bytes: &[u8]) -> bool {
    let state = disk.state();
    let index = state.log_index(record).ok().flatten();
    let leaf = index.and_then(|index| state.leaf(index));
    let leaf = leaf.and_then(|leaf| ledger::codec::decode::<Leaf>(leaf, leaf.len()).ok());
    leaf.is_some_and(|leaf| leaf.signed == bytes)
}

#[cfg(test)]
mod tests;

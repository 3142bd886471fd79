//! What must never be false, looked at after every event; and progress, once the faults are over.
//!
//! The checker shares no state with the nodes. It executes every decided block once more on a state of its
//! own, and knows the rules of trade by a few plain facts of its own (`check/trade.rs`).

mod trade;

use std::collections::BTreeMap;
use std::sync::Arc;

use consensus::guard::{Request, Stage};
use consensus::replica::{Replica, Tip};
use ledger::digest::{BlockId, RecordDigest, StateRoot};
use ledger::party::{Height, PartyCode};
use ledger::quorum::{QuorumError, Round, ValidatorSet};
use ledger::reason::Reason;
use ledger::record::PermitKey;
use ledger::signed::CheckAll;
use ledger::state::memory::{MemoryState, initial_changes};
use ledger::state::{Leaf, PagesOf, Receipt, View as _};
use ledger::tree;

use crate::disk::Disk;
use crate::host::Committed;
use crate::parties::{NodeIndex, Parties, SetUpError};
use crate::trade::{Act, Expected};
use trade::Permits;

/// Something that must never be false is false.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Violation {
    /// Two blocks at one height.
    #[error("fork: {node} decided another block at height {height} than the others")]
    Fork {
        /// The height.
        height: Height,
        /// The node that decided otherwise.
        node: NodeIndex,
    },
    /// A node left out a height or went back.
    #[error("{node} committed height {height} after height {after}")]
    OutOfOrder {
        /// The node.
        node: NodeIndex,
        /// The height.
        height: Height,
        /// Its height before.
        after: Height,
    },
    /// A committed block has no valid quorum.
    #[error("{node} committed height {height} without a quorum: {error}")]
    NoQuorum {
        /// The node.
        node: NodeIndex,
        /// The height.
        height: Height,
        /// What is wrong.
        error: QuorumError,
    },
    /// A quorum for another block.
    #[error("{node} committed height {height} with the quorum of another block")]
    OtherQuorum {
        /// The node.
        node: NodeIndex,
        /// The height.
        height: Height,
    },
    /// A decided block cannot be executed, or gives something else.
    #[error("the block of height {height} is not what it says: {why}")]
    NotAsSaid {
        /// The height.
        height: Height,
        /// What is wrong.
        why: String,
    },
    /// A node gave other receipts.
    #[error("{node} gave other receipts at height {height}")]
    OtherReceipts {
        /// The node.
        node: NodeIndex,
        /// The height.
        height: Height,
    },
    /// A node's store differs.
    #[error("the store of {node} differs at height {height}")]
    OtherState {
        /// The node.
        node: NodeIndex,
        /// The height.
        height: Height,
    },
    /// A permit was spent twice.
    #[error("permit {} of {} was spent twice", .0.number, .0.issuer)]
    SpentTwice(PermitKey),
    /// Somebody acted who may not.
    #[error("{author} was allowed to {deed} permit {} of {}", permit.number, permit.issuer)]
    WrongParty {
        /// Who.
        author: PartyCode,
        /// What.
        deed: &'static str,
        /// The permit.
        permit: PermitKey,
    },
    /// More than there was.
    #[error("more of permit {} of {} was accepted than was authorised or had left", .0.number, .0.issuer)]
    TooMuch(PermitKey),
    /// A voting key signed two different things in one place.
    #[error("{node} signed two different {stage}s at height {height}, round {round}")]
    Contradiction {
        /// The node.
        node: NodeIndex,
        /// Height.
        height: Height,
        /// Round.
        round: Round,
        /// Stage.
        stage: Stage,
    },
    /// Malachite holds evidence against a validator, and none here is dishonest.
    #[error("evidence against the validator of {0}, and none here is dishonest")]
    Evidence(NodeIndex),
    /// A record that a node called durable is neither kept nor decided.
    #[error("{node} lost record {record}, which it had acknowledged")]
    Forgotten {
        /// The node.
        node: NodeIndex,
        /// The record.
        record: RecordDigest,
    },
    /// An act had another outcome than its story has.
    #[error("record {record} should be {expected:?} and is {found:?}")]
    OtherOutcome {
        /// The record.
        record: RecordDigest,
        /// What must become of it.
        expected: Expected,
        /// What became of it.
        found: Option<Reason>,
    },
    /// A race was won by nobody or by several.
    #[error("{winners} acts of the race for permit {} of {} were applied", permit.number, permit.issuer)]
    Race {
        /// The permit.
        permit: PermitKey,
        /// Acts applied.
        winners: usize,
    },
    /// An honest record was turned away.
    #[error("{node} turned away record {record}: {why}")]
    TurnedAway {
        /// The node.
        node: NodeIndex,
        /// The record.
        record: RecordDigest,
        /// Why.
        why: String,
    },
    /// A node stopped by itself.
    #[error("{node} stopped: {why}")]
    Stopped {
        /// The node.
        node: NodeIndex,
        /// Why.
        why: String,
    },
    /// Progress did not return.
    #[error("no progress: {0}")]
    NoProgress(String),
}

/// Looks at everything the nodes do.
#[derive(Debug)]
pub struct Checker {
    parties: Arc<Parties>,
    validators: ValidatorSet,
    /// The decided block of each height.
    blocks: BTreeMap<Height, BlockId>,
    /// Executes every block once more.
    replica: Replica,
    /// The state after each height.
    states: BTreeMap<Height, Arc<MemoryState>>,
    receipts: BTreeMap<Height, Vec<Receipt>>,
    permits: Permits,
    /// What became of each record.
    outcomes: BTreeMap<RecordDigest, Receipt>,
    /// Records that a node has called durable, and who did.
    acknowledged: BTreeMap<RecordDigest, NodeIndex>,
    /// The bytes of every record of the workload.
    handed_in: BTreeMap<RecordDigest, Vec<u8>>,
    signed: BTreeMap<(NodeIndex, Height, Round, Stage), Request>,
    tips: BTreeMap<NodeIndex, Height>,
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
            replica: Replica::new(parties.chain, tip),
            states: BTreeMap::from([(Height::ZERO, Arc::new(state))]),
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

    /// Whether a node has called this record durable.
    #[must_use]
    pub fn is_acknowledged(&self, record: &RecordDigest) -> bool {
        self.acknowledged.contains_key(record)
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
        quorum
            .check(self.parties.chain, &self.validators)
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
        self.forget_below();
        Ok(())
    }

    /// The first node has decided a height.
    fn decided(&mut self, height: Height, committed: &Committed) -> Result<(), Violation> {
        let not_as_said = |why: String| Violation::NotAsSaid { height, why };
        let (block, quorum) = (&committed.block, &committed.quorum);
        self.blocks.insert(height, block.id());
        for (signed, receipt) in block.records().iter().zip(&committed.receipts) {
            if receipt.is_applied() {
                self.permits.applied(signed.record())?;
            }
            self.outcomes.insert(signed.digest(), *receipt);
        }
        let before = self
            .states
            .last_key_value()
            .map(|(_, state)| Arc::clone(state));
        let mut state = before.unwrap_or_default();
        let commit = self
            .replica
            .commit(&*state, block.clone(), quorum.clone(), &CheckAll)
            .map_err(|error| not_as_said(error.to_string()))?;
        Arc::make_mut(&mut state).apply(&commit.executed.changes);
        let Ok(root): Result<StateRoot, _> = tree::root(&PagesOf(&*state)) else {
            return Err(not_as_said("its state cannot be read".into()));
        };
        if root != block.header().state_root {
            return Err(not_as_said(format!("its state has root {root}")));
        }
        self.states.insert(height, state);
        self.receipts.insert(height, commit.executed.receipts);
        Ok(())
    }

    /// States that no node can come back to are not kept.
    fn forget_below(&mut self) {
        let nodes = self.parties.nodes();
        let tip = |node| self.tips.get(node).copied().unwrap_or(Height::ZERO);
        if let Some(lowest) = nodes.iter().map(tip).min() {
            self.states.retain(|height, _| *height >= lowest);
        }
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
        let expected = self.states.get(&height);
        if expected.is_none_or(|expected| **expected != *disk.state()) {
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
        self.acknowledged.insert(record, node);
    }

    /// Everything that a node has acknowledged is on its disk: in the outbox, or decided, byte for byte.
    ///
    /// # Errors
    /// [`Violation::Forgotten`].
    pub fn check_kept(&self, node: NodeIndex, disk: &Disk) -> Result<(), Violation> {
        let own = self.acknowledged.iter().filter(|(_, by)| **by == node);
        for (&record, _) in own {
            let bytes = self.handed_in.get(&record);
            let is_kept = bytes.is_some_and(|bytes| {
                disk.outbox_holds(&record, bytes) || is_logged(disk, &record, bytes)
            });
            if !is_kept {
                return Err(Violation::Forgotten { node, record });
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

fn is_logged(disk: &Disk, record: &RecordDigest, bytes: &[u8]) -> bool {
    let state = disk.state();
    let index = state.log_index(record).ok().flatten();
    let leaf = index.and_then(|index| state.leaf(index));
    let leaf = leaf.and_then(|leaf| ledger::codec::decode::<Leaf>(leaf, leaf.len()).ok());
    leaf.is_some_and(|leaf| leaf.signed == bytes)
}

#[cfg(test)]
mod tests;

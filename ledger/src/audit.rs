//! An auditor's second look at a chain: every block executed again from genesis, every quorum counted again.
//!
//! Trusted is only what genesis says: the network, the state before block 1, and the validators in it. The
//! quorum for a block is carried by the next one, so the newest block is final only after [`Audit::close`].

mod fault;
pub mod fork;

use alloc::collections::BTreeSet;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;

pub use fault::{AuditError, Fault};

use crate::block::{Block, BlockError, Header, NO_PARENT};
use crate::digest::{BlockId, ChainId};
use crate::key::PublicKey;
use crate::log::LogHead;
use crate::party::{Height, OfficeNumber, PartyCode};
use crate::proof::Anchor;
use crate::quorum::{Quorum, QuorumError, ValidatorSet};
use crate::signed::{CheckAll, SignatureCheck};
use crate::state::admission::AdmissionError;
use crate::state::memory::{MemoryState, initial_changes};
use crate::state::{Added, At, Executed, Execution, ReadError, Receipt, StateKey, validators};
use crate::time::Timestamp;
use crate::tree::KeyHash;

/// A chain as far as it was executed.
#[derive(Debug)]
pub struct Audit {
    chain: ChainId,
    state: MemoryState,
    tip: Option<Tip>,
    /// Who decides the next height.
    validators: Arc<ValidatorSet>,
    tally: Tally,
}

/// The last block, and who decides whether it is final.
#[derive(Debug)]
struct Tip {
    header: Header,
    id: BlockId,
    decided_by: Arc<ValidatorSet>,
}

/// What was checked so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Records that were applied.
    pub applied: u64,
    /// Records that are on the log and were refused.
    pub refused: u64,
    /// Signatures of offices that were checked.
    pub office_signatures: u64,
    /// Signatures of validators that were checked.
    pub votes: u64,
    /// Offices that signed.
    pub offices: BTreeSet<(PartyCode, OfficeNumber)>,
    /// Validators that signed.
    pub voters: BTreeSet<PublicKey>,
    /// Time of block 1.
    pub since: Option<Timestamp>,
}

impl Audit {
    /// Nothing but genesis: the network, and the state before block 1.
    ///
    /// # Errors
    /// [`ReadError`] where the state names no validators.
    pub fn begin(chain: ChainId, initial: Vec<(String, Vec<u8>)>) -> Result<Self, ReadError> {
        let (_, changes) = initial_changes(initial);
        let mut state = MemoryState::default();
        state.apply(&changes);
        let validators = Arc::new(validators(&state)?);
        Ok(Self {
            chain,
            state,
            tip: None,
            validators,
            tally: Tally::default(),
        })
    }

    /// Executes the next block.
    ///
    /// # Errors
    /// [`AuditError`]: the first check that fails. Nothing has changed then.
    pub fn next(&mut self, bytes: &[u8]) -> Result<Vec<Receipt>, AuditError> {
        match Block::decode(bytes) {
            Ok(block) => self.next_block(&block, &CheckAll),
            Err(error) => Err(self.malformed(error)),
        }
    }

    /// [`Self::next`] for a block that was read before, with a check of one's own for each signature.
    ///
    /// # Errors
    /// [`AuditError`], in the order: header, quorum for the block before, records, roots, next validators.
    pub fn next_block(
        &mut self,
        block: &Block,
        checker: &impl SignatureCheck,
    ) -> Result<Vec<Receipt>, AuditError> {
        let (height, header) = (self.height().next(), block.header());
        let at = |fault| AuditError { height, fault };
        self.check_header(header).map_err(at)?;
        match (block.carried(), &self.tip) {
            (None, None) => {}
            (Some(_), None) => return Err(at(Fault::QuorumNotNamed)),
            (None, Some(_)) => return Err(self.of_tip(Fault::NoQuorum)),
            (Some(quorum), Some(_)) => self.check_quorum(quorum, checker)?,
        }
        let mut executed = self.execute(block, checker).map_err(at)?;
        let next = self.validators_after(&executed).map_err(at)?;
        let (found, expected) = (header.next_validators, next.digest());
        if found != expected {
            return Err(at(Fault::Validators {
                found,
                expected,
                next: true,
            }));
        }
        self.count(block, &executed);
        // The rules never read a leaf or a signal again, and a long chain has many.
        executed.changes.signals.clear();
        for logged in &mut executed.changes.logged {
            logged.leaf = Vec::new();
        }
        self.state.apply(&executed.changes);
        self.tip = Some(Tip {
            header: header.clone(),
            id: block.id(),
            decided_by: core::mem::replace(&mut self.validators, next),
        });
        Ok(executed.receipts)
    }

    /// Checks the quorum for the last block, which no other block carries yet.
    ///
    /// # Errors
    /// [`AuditError`], also before block 1.
    pub fn close(
        &mut self,
        quorum: &Quorum,
        checker: &impl SignatureCheck,
    ) -> Result<(), AuditError> {
        self.check_quorum(quorum, checker)?;
        self.count_votes(quorum);
        Ok(())
    }

    /// The error where bytes of the next block cannot be read.
    #[must_use]
    pub fn malformed(&self, error: BlockError) -> AuditError {
        if error == BlockError::CarriedQuorum {
            return self.of_tip(Fault::QuorumNotNamed);
        }
        AuditError {
            height: self.height().next(),
            fault: Fault::Malformed(error),
        }
    }

    /// Height of the last block; 0 before block 1.
    #[must_use]
    pub fn height(&self) -> Height {
        self.tip
            .as_ref()
            .map_or(Height::ZERO, |tip| tip.header.height)
    }

    /// Id of the last block.
    #[must_use]
    pub fn block(&self) -> BlockId {
        self.tip.as_ref().map_or(NO_PARENT, |tip| tip.id)
    }

    /// Header of the last block.
    #[must_use]
    pub fn header(&self) -> Option<&Header> {
        self.tip.as_ref().map(|tip| &tip.header)
    }

    /// What was checked so far.
    #[must_use]
    pub const fn tally(&self) -> &Tally {
        &self.tally
    }

    /// What a device may trust from now on, once the last block was closed.
    #[must_use]
    pub fn anchor(&self) -> Option<Anchor> {
        let tip = self.tip.as_ref()?;
        Some(Anchor {
            height: tip.header.height,
            block: Some(tip.id),
            time: Some(tip.header.time),
            validators: (*self.validators).clone(),
        })
    }

    fn of_tip(&self, fault: Fault) -> AuditError {
        let height = self.height();
        AuditError { height, fault }
    }

    fn check_header(&self, header: &Header) -> Result<(), Fault> {
        if header.chain != self.chain {
            let (found, expected) = (header.chain, self.chain);
            return Err(Fault::Chain { found, expected });
        }
        if header.height != self.height().next() {
            let found = header.height;
            return Err(Fault::Height { found });
        }
        if header.parent != self.block() {
            let (found, expected) = (header.parent, self.block());
            return Err(Fault::Parent { found, expected });
        }
        if let Some(tip) = &self.tip
            && header.time <= tip.header.time
        {
            let (found, parent) = (header.time, tip.header.time);
            return Err(Fault::Time { found, parent });
        }
        let (found, expected) = (header.validators, self.validators.digest());
        if found != expected {
            return Err(Fault::Validators {
                found,
                expected,
                next: false,
            });
        }
        if self.validators.find(&header.proposer).is_none() {
            return Err(Fault::Proposer);
        }
        Ok(())
    }

    /// Whether the quorum makes the last block final.
    fn check_quorum(
        &self,
        quorum: &Quorum,
        checker: &impl SignatureCheck,
    ) -> Result<(), AuditError> {
        let Some(tip) = &self.tip else {
            return Err(self.of_tip(Fault::NoQuorum));
        };
        if (quorum.height, quorum.block) != (tip.header.height, tip.id) {
            return Err(self.of_tip(Fault::QuorumOfAnother {
                height: quorum.height,
                found: quorum.block,
                expected: tip.id,
            }));
        }
        let checked = quorum.check_by(checker, self.chain, &tip.decided_by);
        checked.map_err(|error| {
            let party = match error {
                QuorumError::Signature(index) => tip.decided_by.get(index).map(|own| own.party),
                QuorumError::Order | QuorumError::Unknown(_) | QuorumError::NotEnough { .. } => {
                    None
                }
            };
            self.of_tip(Fault::Quorum { error, party })
        })
    }

    fn execute(&self, block: &Block, checker: &impl SignatureCheck) -> Result<Executed, Fault> {
        let header = block.header();
        let log = self.header().map(Header::log);
        let at = At {
            chain: self.chain,
            height: header.height,
            time: header.time,
            log_size: log.map_or(0, |log: LogHead| log.size),
        };
        let mut execution = Execution::begin(&self.state, at).map_err(Fault::State)?;
        for (index, signed) in block.records().iter().enumerate() {
            let author = signed.record().author;
            let admitted = execution
                .admit(signed, checker)
                .map_err(|error| match error {
                    AdmissionError::Inadmissible(error) => Fault::Record {
                        index,
                        author,
                        error,
                    },
                    AdmissionError::Read(error) => Fault::State(error),
                })?;
            if admitted.add().map_err(Fault::State)? == Added::TooManyRefused {
                return Err(Fault::TooManyRefused(author));
            }
        }
        let executed = execution.finish().map_err(Fault::State)?;
        if header.state_root != executed.state_root {
            return Err(Fault::StateRoot {
                found: header.state_root,
                expected: executed.state_root,
            });
        }
        if (header.log_root, header.log_size) != (executed.log_root, executed.log_size) {
            return Err(Fault::LogRoot {
                found: header.log_root,
                found_size: header.log_size,
                expected: executed.log_root,
                expected_size: executed.log_size,
            });
        }
        Ok(executed)
    }

    /// The validators after a block: as it changes them, or as they were.
    fn validators_after(&self, executed: &Executed) -> Result<Arc<ValidatorSet>, Fault> {
        let place = KeyHash::of(StateKey::validators().as_ref());
        let Some(value) = executed.changes.values.get(&place) else {
            return Ok(Arc::clone(&self.validators));
        };
        let missing = || {
            ReadError(String::from(
                "the state after the block names no validators",
            ))
        };
        let bytes = value.as_ref().ok_or_else(missing).map_err(Fault::State)?;
        let set = crate::codec::decode(bytes, crate::limits::STATE_VALUE_BYTES_MAX);
        set.map(Arc::new)
            .map_err(|_| missing())
            .map_err(Fault::State)
    }

    fn count(&mut self, block: &Block, executed: &Executed) {
        if let Some(quorum) = block.carried() {
            self.count_votes(quorum);
        }
        let tally = &mut self.tally;
        tally.since.get_or_insert(block.header().time);
        for receipt in &executed.receipts {
            let count = match receipt.refused {
                None => &mut tally.applied,
                Some(_) => &mut tally.refused,
            };
            *count = count.saturating_add(1);
        }
        for signed in block.records() {
            let record = signed.record();
            tally
                .offices
                .extend(record.offices.iter().map(|office| (record.author, *office)));
            let count = u64::try_from(record.offices.len()).unwrap_or(u64::MAX);
            tally.office_signatures = tally.office_signatures.saturating_add(count);
        }
    }

    /// Counts a quorum for the last block that was checked.
    fn count_votes(&mut self, quorum: &Quorum) {
        let Some(tip) = &self.tip else { return };
        for signature in &quorum.signatures {
            if let Some(validator) = tip.decided_by.get(signature.validator) {
                self.tally.voters.insert(validator.key);
                self.tally.votes = self.tally.votes.saturating_add(1);
            }
        }
    }
}

#[cfg(test)]
mod tests;

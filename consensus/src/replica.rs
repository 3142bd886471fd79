//! One Party's replica: what to propose, what to accept, what to commit.
//!
//! The node and the simulator make the same calls in the same order; neither decides anything. Storage is
//! an argument (`view`, always the state of the tip), and so are time and the check of signatures.

mod failure;

use alloc::collections::BTreeMap;
use alloc::sync::Arc;
use alloc::vec::Vec;

use ledger::block::{Block, BlockError, Header, NO_PARENT};
use ledger::digest::{BlockId, ChainId, Digest, RecordDigest, StateRoot, sha256};
use ledger::key::PublicKey;
use ledger::limits::{
    BLOCK_BYTES_MAX, BLOCK_RECORDS_MAX, PROPOSAL_AHEAD_MS_MAX, PROPOSAL_BEHIND_MS_PER_ROUND,
};
use ledger::log::{LogHead, empty_root};
use ledger::party::Height;
use ledger::quorum::{PROTOCOL_VERSION, Quorum, Round, ValidatorSet};
use ledger::signed::{SignatureCheck, Signed};
use ledger::state::admission::{AdmissionError, Inadmissible};
use ledger::state::{Added, At, Executed, Execution, ReadError, StateKey, View};
use ledger::time::Timestamp;
use ledger::tree::KeyHash;

pub use failure::{CheckError, CommitError, InvalidBlock};

/// Room in a block for its header and carried quorum, so that records may fill the rest.
const OVERHEAD_BYTES: usize = 64 * 1024;
/// Bytes of records that a proposal may hold.
pub const PROPOSED_BYTES_MAX: usize = BLOCK_BYTES_MAX - OVERHEAD_BYTES;
/// Outcomes of blocks of the next height that are kept, so that no block is executed twice.
const EXECUTED_MAX: usize = 8;

/// The newest decided block, and what follows from it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tip {
    /// Its header; absent at genesis.
    pub header: Option<Header>,
    /// Its id; zero at genesis.
    pub block: BlockId,
    /// A valid quorum for it; absent at genesis.
    pub quorum: Option<Quorum>,
    /// Who decided it; at genesis, who decides block 1.
    pub decided_by: Arc<ValidatorSet>,
    /// Who decides the next height.
    pub validators: Arc<ValidatorSet>,
    /// The log after it.
    pub log: LogHead,
    /// The state after it.
    pub state_root: StateRoot,
}

impl Tip {
    /// Before block 1.
    #[must_use]
    pub fn genesis(state_root: StateRoot, validators: ValidatorSet) -> Self {
        let validators = Arc::new(validators);
        Self {
            header: None,
            block: NO_PARENT,
            quorum: None,
            decided_by: Arc::clone(&validators),
            validators,
            log: LogHead {
                size: 0,
                root: empty_root(),
            },
            state_root,
        }
    }

    /// After a decided block.
    #[must_use]
    pub fn decided(
        header: Header,
        quorum: Quorum,
        decided_by: Arc<ValidatorSet>,
        validators: Arc<ValidatorSet>,
    ) -> Self {
        Self {
            block: header.id(),
            log: header.log(),
            state_root: header.state_root,
            header: Some(header),
            quorum: Some(quorum),
            decided_by,
            validators,
        }
    }

    /// Height of the newest decided block; 0 at genesis.
    #[must_use]
    pub fn height(&self) -> Height {
        self.header
            .as_ref()
            .map_or(Height::ZERO, |header| header.height)
    }

    /// Time of the newest decided block; 0 at genesis.
    #[must_use]
    pub fn time(&self) -> Timestamp {
        self.header
            .as_ref()
            .map_or(Timestamp(0), |header| header.time)
    }
}

/// How a block's time is judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Freshness {
    /// A new proposal: also against this validator's clock.
    Fresh {
        /// The validator's clock.
        now: Timestamp,
        /// The round of the proposal.
        round: Round,
    },
    /// Proposed again, restreamed, synced or replayed: only against its parent, or a locked block could
    /// never be decided.
    Replayed,
}

/// A proposal, and the waiting records that can never enter a block any more.
#[derive(Clone, Debug)]
pub struct Proposed {
    /// The block.
    pub block: Block,
    /// Records to forget, with the reason for their author.
    pub dropped: Vec<(RecordDigest, Inadmissible)>,
}

/// Everything that one decided block changes, for one atomic write.
#[derive(Clone, Debug)]
pub struct Commit {
    /// The block.
    pub block: Block,
    /// Its quorum.
    pub quorum: Quorum,
    /// What it changes, and its receipts.
    pub executed: Executed,
    /// Who decides the next height.
    pub validators: Arc<ValidatorSet>,
}

/// One Party's replica.
#[derive(Debug)]
pub struct Replica {
    chain: ChainId,
    tip: Tip,
    /// Outcomes of acceptable blocks of the next height, by the digest of all their bytes: a block's id is
    /// its header's digest, and only execution binds the records to the header.
    executed: BTreeMap<Digest, Executed>,
}

impl Replica {
    /// A replica that has decided up to `tip`.
    #[must_use]
    pub const fn new(chain: ChainId, tip: Tip) -> Self {
        Self {
            chain,
            tip,
            executed: BTreeMap::new(),
        }
    }

    /// The network.
    #[must_use]
    pub const fn chain(&self) -> ChainId {
        self.chain
    }

    /// The newest decided block.
    #[must_use]
    pub const fn tip(&self) -> &Tip {
        &self.tip
    }

    /// Builds a block from waiting records, in their order, leaving out what may not enter.
    ///
    /// # Errors
    /// [`ReadError`]; also where our own block is not well formed, which names our mistake.
    pub fn propose(
        &mut self,
        view: &impl View,
        now: Timestamp,
        proposer: PublicKey,
        candidates: &[Arc<Signed>],
        checker: &impl SignatureCheck,
    ) -> Result<Proposed, ReadError> {
        let time = now.max(self.tip.time().plus_ms(1));
        let mut execution = Execution::begin(view, self.at(time))?;
        let mut records = Vec::new();
        let mut dropped = Vec::new();
        for signed in candidates.iter().take(BLOCK_RECORDS_MAX) {
            match execution.admit(signed, checker) {
                Ok(admitted) => {
                    if let Added::Logged(_) = admitted.add()? {
                        records.push(Arc::clone(signed));
                    }
                }
                Err(AdmissionError::Inadmissible(why)) if why.may_pass() => {}
                Err(AdmissionError::Inadmissible(why)) => dropped.push((signed.digest(), why)),
                Err(AdmissionError::Read(error)) => return Err(error),
            }
        }
        let executed = execution.finish()?;
        let next = self.next_validators(&executed).ok_or_else(no_validators)?;
        let header = self.header(time, proposer, &executed, &next);
        let block = Block::new(header, self.tip.quorum.clone(), &records)
            .map_err(|error: BlockError| ReadError(alloc::format!("our own block: {error}")))?;
        self.remember(&block, executed);
        Ok(Proposed { block, dropped })
    }

    /// Judges a block of the next height, by executing it.
    ///
    /// # Errors
    /// [`CheckError`].
    pub fn check(
        &mut self,
        view: &impl View,
        block: &Block,
        freshness: Freshness,
        checker: &impl SignatureCheck,
    ) -> Result<(), CheckError> {
        self.check_header(block, freshness)?;
        if self.executed.contains_key(&sha256(block.bytes())) {
            return Ok(());
        }
        self.check_carried(block, checker)?;
        let executed = self.execute(view, block, checker)?;
        self.remember(block, executed);
        Ok(())
    }

    /// Commits a decided block: returns all that it changes, and moves the tip. The caller writes the
    /// changes at once, or stops.
    ///
    /// # Errors
    /// [`CommitError`].
    pub fn commit(
        &mut self,
        view: &impl View,
        block: Block,
        quorum: Quorum,
        checker: &impl SignatureCheck,
    ) -> Result<Commit, CommitError> {
        if quorum.block != block.id() || quorum.height != block.header().height {
            return Err(CommitError::QuorumOfAnother);
        }
        self.check(view, &block, Freshness::Replayed, checker)?;
        quorum.check_by(checker, self.chain, &self.tip.validators)?;
        let executed = match self.executed.remove(&sha256(block.bytes())) {
            Some(executed) => executed,
            None => self.execute(view, &block, checker)?,
        };
        let next = self
            .next_validators(&executed)
            .ok_or(CommitError::NextValidators)?;
        self.executed.clear();
        let decided_by = Arc::clone(&self.tip.validators);
        self.tip = Tip::decided(
            block.header().clone(),
            quorum.clone(),
            decided_by,
            Arc::clone(&next),
        );
        Ok(Commit {
            block,
            quorum,
            executed,
            validators: next,
        })
    }

    fn at(&self, time: Timestamp) -> At {
        At {
            chain: self.chain,
            height: self.tip.height().next(),
            time,
            log_size: self.tip.log.size,
        }
    }

    fn header(
        &self,
        time: Timestamp,
        proposer: PublicKey,
        executed: &Executed,
        next: &ValidatorSet,
    ) -> Header {
        Header {
            version: PROTOCOL_VERSION,
            chain: self.chain,
            height: self.tip.height().next(),
            time,
            parent: self.tip.block,
            log_size: executed.log_size,
            log_root: executed.log_root,
            state_root: executed.state_root,
            validators: self.tip.validators.digest(),
            next_validators: next.digest(),
            carried_quorum: self.tip.quorum.as_ref().map(Quorum::digest),
            proposer,
        }
    }

    fn check_header(&self, block: &Block, freshness: Freshness) -> Result<(), InvalidBlock> {
        let header = block.header();
        if header.chain != self.chain {
            return Err(InvalidBlock::Chain);
        }
        let (found, tip) = (header.height, self.tip.height());
        if found != tip.next() {
            return Err(InvalidBlock::Height { found, tip });
        }
        if header.parent != self.tip.block {
            return Err(InvalidBlock::Parent);
        }
        if header.time <= self.tip.time() {
            return Err(InvalidBlock::TimeNotLater);
        }
        if let Freshness::Fresh { now, round } = freshness {
            check_clock(header.time, now, round)?;
        }
        if header.validators != self.tip.validators.digest() {
            return Err(InvalidBlock::Validators);
        }
        if self.tip.validators.find(&header.proposer).is_none() {
            return Err(InvalidBlock::Proposer);
        }
        Ok(())
    }

    fn check_carried(
        &self,
        block: &Block,
        checker: &impl SignatureCheck,
    ) -> Result<(), InvalidBlock> {
        match (block.carried(), &self.tip.quorum) {
            (None, None) => Ok(()),
            // The very quorum that this replica checked when it committed.
            (Some(carried), Some(own)) if carried == own => Ok(()),
            (Some(carried), Some(own))
                if carried.height == own.height && carried.block == own.block =>
            {
                carried
                    .check_by(checker, self.chain, &self.tip.decided_by)
                    .map_err(InvalidBlock::CarriedQuorumInvalid)
            }
            (None | Some(_), _) => Err(InvalidBlock::CarriedQuorum),
        }
    }

    fn execute(
        &self,
        view: &impl View,
        block: &Block,
        checker: &impl SignatureCheck,
    ) -> Result<Executed, CheckError> {
        let header = block.header();
        let mut execution = Execution::begin(view, self.at(header.time))?;
        for (index, signed) in block.records().iter().enumerate() {
            let admitted = match execution.admit(signed, checker) {
                Ok(admitted) => admitted,
                Err(AdmissionError::Inadmissible(error)) => {
                    return Err(InvalidBlock::Record { index, error }.into());
                }
                Err(AdmissionError::Read(error)) => return Err(error.into()),
            };
            if admitted.add()? == Added::TooManyRefused {
                return Err(InvalidBlock::TooManyRefused(signed.record().author).into());
            }
        }
        let executed = execution.finish()?;
        if header.state_root != executed.state_root {
            return Err(InvalidBlock::StateRoot.into());
        }
        if header.log_root != executed.log_root || header.log_size != executed.log_size {
            return Err(InvalidBlock::LogRoot.into());
        }
        let next = self.next_validators(&executed).ok_or_else(no_validators)?;
        if header.next_validators != next.digest() {
            return Err(InvalidBlock::NextValidators.into());
        }
        Ok(executed)
    }

    /// The validators after a block: as it changes them, or as they were.
    fn next_validators(&self, executed: &Executed) -> Option<Arc<ValidatorSet>> {
        let place = KeyHash::of(StateKey::validators().as_ref());
        match executed.changes.values.get(&place) {
            None => Some(Arc::clone(&self.tip.validators)),
            Some(value) => {
                let bytes = value.as_ref()?;
                ledger::codec::decode(bytes, BLOCK_BYTES_MAX)
                    .ok()
                    .map(Arc::new)
            }
        }
    }

    fn remember(&mut self, block: &Block, executed: Executed) {
        if self.executed.len() >= EXECUTED_MAX {
            self.executed.pop_first();
        }
        self.executed.insert(sha256(block.bytes()), executed);
    }
}

fn no_validators() -> ReadError {
    ReadError(alloc::string::String::from(
        "the state after the block holds no validator set",
    ))
}

fn check_clock(time: Timestamp, now: Timestamp, round: Round) -> Result<(), InvalidBlock> {
    let ahead = time.since_ms(now);
    if ahead > PROPOSAL_AHEAD_MS_MAX {
        return Err(InvalidBlock::TimeAhead(ahead));
    }
    let behind = now.since_ms(time);
    let rounds = u64::from(round.0).saturating_add(1);
    if behind > PROPOSAL_BEHIND_MS_PER_ROUND.saturating_mul(rounds) {
        return Err(InvalidBlock::TimeBehind(behind));
    }
    Ok(())
}

#[cfg(test)]
mod tests;

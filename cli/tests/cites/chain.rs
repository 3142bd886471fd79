//! A chain in memory under the demonstration genesis, whose private keys are published words.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use genesis::Genesis;
use ledger::block::{Block, Header, NO_PARENT};
use ledger::digest::{ChainId, StateRoot, sha256};
use ledger::key::SecretKey;
use ledger::log;
use ledger::party::{Height, PartyCode};
use ledger::proof::{HandOver, LoggedRecord, PROOF_VERSION, Proof, StateEntry, Value};
use ledger::quorum::{
    Ballot, PROTOCOL_VERSION, Quorum, QuorumSignature, Round, Step, ValidatorSet,
};
use ledger::record::PermitKey;
use ledger::signed::{CheckAll, Signed};
use ledger::state::memory::{MemoryState, initial_changes};
use ledger::state::{At, Execution, PagesOf, PermitState, Receipt, StateKey, View as _, read};
use ledger::time::Timestamp;
use ledger::tree::{KeyHash, prove};
use ledger::verdict::needed;

/// The genesis that the tests pin.
pub(crate) const GENESIS: &str = include_str!("../../../genesis/networks/demo-1.toml");
const PARTIES: [&str; 4] = ["QS", "QT", "QN", "QP"];

/// A private key of the demonstration network: `QS`, `management`.
pub(crate) fn specimen(code: &str, purpose: &str) -> SecretKey {
    let words = format!("SPECIMEN demo-1 {code} {purpose}");
    SecretKey::from_seed(&sha256(words.as_bytes()).0)
}

/// This machine's clock.
pub(crate) fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    Timestamp(u64::try_from(since.as_millis()).unwrap())
}

pub(crate) fn party(code: &str) -> PartyCode {
    PartyCode::new(code).unwrap()
}

/// Every block is final as soon as it is made.
#[derive(Clone)]
pub(crate) struct Chain {
    pub(crate) id: ChainId,
    validators: ValidatorSet,
    state: MemoryState,
    state_root: StateRoot,
    blocks: Vec<(Header, Quorum)>,
    /// Every block as a node stores it; empty where it was lost.
    pub(crate) bytes: Vec<Vec<u8>>,
    /// Added to the clock: a chain that lives in the past.
    pub(crate) age_ms: u64,
    /// Whose keys sign blocks; the four validators', unless a forger writes them.
    signers: Vec<SecretKey>,
}

impl Chain {
    pub(crate) fn new() -> Self {
        Self::of(&Genesis::parse(GENESIS).unwrap())
    }

    /// A chain of another genesis, with signers of its own.
    pub(crate) fn of(genesis: &Genesis) -> Self {
        let (state_root, changes) = initial_changes(genesis.initial_state());
        let mut state = MemoryState::default();
        state.apply(&changes);
        Self {
            id: genesis.chain_id(),
            validators: genesis.validators().clone(),
            state,
            state_root,
            blocks: Vec::new(),
            bytes: Vec::new(),
            age_ms: 0,
            signers: PARTIES.map(|code| specimen(code, "validator")).to_vec(),
        }
    }

    /// The same chain in the hands of a forger, who has all but the validators' keys.
    pub(crate) fn forged(&self) -> Self {
        let mut forged = self.clone();
        forged.signers = PARTIES.map(|code| specimen(code, "forger")).to_vec();
        forged
    }

    /// The same chain, of which only these validators sign the next blocks.
    pub(crate) fn signed_by(&self, codes: &[&str]) -> Self {
        let mut branch = self.clone();
        branch.signers = codes
            .iter()
            .map(|code| specimen(code, "validator"))
            .collect();
        branch
    }

    /// The header at a height.
    pub(crate) fn header(&self, height: u64) -> Option<&Header> {
        let place = usize::try_from(height.checked_sub(1)?).ok()?;
        self.blocks.get(place).map(|(header, _)| header)
    }

    pub(crate) fn height(&self) -> u64 {
        self.blocks.last().map_or(0, |(header, _)| header.height.0)
    }

    pub(crate) fn permit(&self, permit: &PermitKey) -> Option<PermitState> {
        read(&self.state, &StateKey::permit(permit)).unwrap()
    }

    pub(crate) fn history(&self, permit: &PermitKey) -> Vec<Vec<u8>> {
        let indices = self.state.history(permit).iter();
        indices
            .map(|index| self.state.leaf(*index).unwrap().to_vec())
            .collect()
    }

    /// The newest state.
    pub(crate) const fn state(&self) -> &MemoryState {
        &self.state
    }

    /// The block that would come next.
    pub(crate) fn next(&self) -> At {
        let last = self.blocks.last().map(|(header, _)| header);
        let earliest = last.map_or(Timestamp(0), |header| header.time.plus_ms(1));
        let clock = Timestamp(now().0 - self.age_ms);
        At {
            chain: self.id,
            height: last.map_or(Height::ZERO, |header| header.height).next(),
            time: clock.max(earliest),
            log_size: last.map_or(0, |header| header.log_size),
        }
    }

    /// A block with these records; the receipts, or why the first record cannot enter a block at all.
    pub(crate) fn block(&mut self, records: &[Arc<Signed>]) -> Result<Vec<Receipt>, String> {
        let last = self.blocks.last().map(|(header, _)| header.clone());
        let at = self.next();
        let mut execution = Execution::begin(&self.state, at).unwrap();
        for record in records {
            let admitted = execution
                .admit(record, &CheckAll)
                .map_err(|error| error.to_string())?;
            admitted.add().unwrap();
        }
        let executed = execution.finish().unwrap();
        let header = Header {
            version: PROTOCOL_VERSION,
            chain: self.id,
            height: at.height,
            time: at.time,
            parent: last.as_ref().map_or(NO_PARENT, Header::id),
            log_size: executed.log_size,
            log_root: executed.log_root,
            state_root: executed.state_root,
            validators: self.validators.digest(),
            next_validators: self.validators.digest(),
            carried_quorum: self.blocks.last().map(|(_, quorum)| quorum.digest()),
            proposer: self.validators.members()[0].key,
        };
        let quorum = self.sign(&header);
        let carried = self.blocks.last().map(|(_, quorum)| quorum.clone());
        let block = Block::new(header.clone(), carried, records).unwrap();
        self.bytes.push(block.bytes().to_vec());
        self.state.apply(&executed.changes);
        self.state_root = executed.state_root;
        self.blocks.push((header, quorum));
        Ok(executed.receipts)
    }

    fn sign(&self, header: &Header) -> Quorum {
        let sign = |(index, key): (usize, &SecretKey)| {
            let ballot = Ballot {
                height: header.height,
                round: Round(0),
                step: Step::Precommit,
                value: Some(header.id()),
                voter: key.public(),
            };
            let found = self.validators.find(&key.public()).map(|(place, _)| place);
            QuorumSignature {
                // A forger takes the places of those whose keys he lacks.
                validator: found.unwrap_or(u16::try_from(index).unwrap()),
                signature: key.sign(&ballot.preimage(self.id)),
            }
        };
        let mut signatures: Vec<_> = self.signers.iter().enumerate().map(sign).collect();
        signatures.sort_by_key(|signature| signature.validator);
        Quorum {
            height: header.height,
            round: Round(0),
            block: header.id(),
            signatures,
        }
    }

    fn entry(&self, key: &StateKey) -> StateEntry {
        let value = self.state.value(KeyHash::of(key.as_ref())).unwrap();
        StateEntry {
            key: key.as_str().into(),
            value: value.map(Value),
            path: prove(&PagesOf(&self.state), key.as_ref()).unwrap(),
        }
    }

    /// What a node would answer about a permit.
    pub(crate) fn proof(&self, permit: &PermitKey) -> Proof {
        let (header, quorum) = self.blocks.last().unwrap().clone();
        let keys = needed(&self.state, permit).unwrap();
        let logged = |index: &u64| LoggedRecord {
            index: *index,
            leaf: self.state.leaf(*index).unwrap().to_vec(),
            path: log::prove_inclusion(&self.state, header.log_size, *index).unwrap(),
        };
        Proof {
            version: PROOF_VERSION,
            permit: *permit,
            entries: keys.iter().map(|key| self.entry(key)).collect(),
            records: self.state.history(permit).iter().map(logged).collect(),
            hand_overs: Vec::<HandOver>::new(),
            header,
            quorum,
        }
    }
}

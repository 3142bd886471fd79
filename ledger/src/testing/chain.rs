//! A chain in memory, for tests.

use super::*;

/// A chain in memory: every block is final as soon as it is made, signed by all four validators.
#[derive(Clone, Debug)]
pub struct TestLedger {
    /// The state after the last block.
    pub state: MemoryState,
    /// Its root.
    pub state_root: StateRoot,
    /// Every block's header and quorum, from height 1.
    pub blocks: Vec<(Header, Quorum)>,
    records_made: u64,
}

impl Default for TestLedger {
    /// The four Parties before block 1.
    fn default() -> Self {
        Self::new(four_parties())
    }
}

impl TestLedger {
    /// A chain that begins with these entries, such as `genesis` or [`entries`] gives.
    #[must_use]
    pub fn new(entries: Vec<(String, Vec<u8>)>) -> Self {
        let (state_root, changes) = initial_changes(entries);
        let mut state = MemoryState::default();
        state.apply(&changes);
        Self {
            state,
            state_root,
            blocks: Vec::new(),
            records_made: 0,
        }
    }

    /// A signed record that differs from all others made here.
    pub fn says(
        &mut self,
        speaker: (&str, Role),
        statement: Statement,
        made_at: Timestamp,
    ) -> Arc<Signed> {
        self.records_made = self.records_made.saturating_add(1);
        sign(&record(speaker, statement, made_at, self.records_made))
    }

    /// The place of the next block.
    #[must_use]
    pub fn next(&self, time: Timestamp) -> At {
        let last = self.blocks.last().map(|(header, _)| header);
        At {
            chain: CHAIN,
            height: last.map_or(Height::ZERO, |header| header.height).next(),
            time,
            log_size: last.map_or(0, |header| header.log_size),
        }
    }

    /// Adds a block.
    ///
    /// # Panics
    /// Where a record is inadmissible; [`execute`] gives the error instead.
    pub fn block(&mut self, time: Timestamp, records: &[Arc<Signed>]) -> Executed {
        let at = self.next(time);
        let executed = execute(&self.state, at, records).expect("admissible records");
        let validators = validator_set(&VALIDATORS).digest();
        let last = self.blocks.last();
        let header = Header {
            version: PROTOCOL_VERSION,
            chain: CHAIN,
            height: at.height,
            time,
            parent: last.map_or(NO_PARENT, |(header, _)| header.id()),
            log_size: executed.log_size,
            log_root: executed.log_root,
            state_root: executed.state_root,
            validators,
            next_validators: validators,
            carried_quorum: last.map(|(_, quorum)| quorum.digest()),
            proposer: voting_key(1).public(),
        };
        let quorum = quorum_of(&header, &VALIDATORS, &VALIDATORS);
        self.state.apply(&executed.changes);
        self.state_root = executed.state_root;
        self.blocks.push((header, quorum));
        executed
    }

    /// Adds a block with one record and gives the answer: `None` where it was applied.
    pub fn state_now(
        &mut self,
        speaker: (&str, Role),
        statement: Statement,
        time: Timestamp,
    ) -> Option<Reason> {
        let signed = self.says(speaker, statement, time);
        let executed = self.block(time, &[signed]);
        executed.receipts.first().unwrap().refused
    }

    /// A permit's status.
    #[must_use]
    pub fn permit(&self, permit: &PermitKey) -> Option<PermitState> {
        read(&self.state, &StateKey::permit(permit)).unwrap()
    }

    /// An entry of the state with its path, present or absent.
    #[must_use]
    pub fn entry(&self, key: &StateKey) -> StateEntry {
        let pages = crate::state::PagesOf(&self.state);
        let value = self.state.value(KeyHash::of(key.as_ref())).unwrap();
        StateEntry {
            key: String::from(key.as_str()),
            value: value.map(Value),
            path: prove(&pages, key.as_ref()).unwrap(),
        }
    }

    /// The proof of a permit's status in the newest block, with what a verdict needs: parameters, issuer
    /// and destination.
    ///
    /// # Panics
    /// Before block 1.
    #[must_use]
    pub fn proof(&self, permit: &PermitKey) -> Proof {
        let (header, quorum) = self.blocks.last().expect("a block").clone();
        let keys = needed(&self.state, permit).unwrap();
        let indices = self.state.history(permit).iter();
        Proof {
            version: PROOF_VERSION,
            permit: *permit,
            entries: keys.iter().map(|key| self.entry(key)).collect(),
            records: indices
                .map(|index| crate::proof::LoggedRecord {
                    index: *index,
                    leaf: self.state.leaf(*index).unwrap().to_vec(),
                    path: log::prove_inclusion(&self.state, header.log_size, *index).unwrap(),
                })
                .collect(),
            hand_overs: vec![],
            header,
            quorum,
        }
    }

    /// What a verifier trusts who holds the genesis of this chain and nothing else.
    #[must_use]
    pub fn trust(&self) -> Trust {
        let parameters = parameters(&self.state).unwrap();
        Trust {
            chain: CHAIN,
            anchors: vec![Anchor {
                height: Height::ZERO,
                block: None,
                time: None,
                validators: validator_set(&VALIDATORS),
            }],
            max_age_ms: parameters.max_age_ms,
            trusting_period_ms: u64::from(parameters.trusting_period_days).saturating_mul(DAY_MS),
        }
    }
}

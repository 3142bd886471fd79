//! An auditor's second look at a chain: every block executed again from genesis, every quorum counted again.

use std::collections::BTreeMap;

use genesis::Genesis;
use ledger::block::{Block, NO_PARENT};
use ledger::digest::{BlockId, RecordDigest};
use ledger::party::Height;
use ledger::signed::CheckAll;
use ledger::state::memory::{MemoryState, initial_changes};
use ledger::state::{At, Execution, Receipt};

/// A chain as far as it was executed.
#[derive(Debug)]
pub struct Audit<'g> {
    genesis: &'g Genesis,
    state: MemoryState,
    height: Height,
    block: BlockId,
    log_size: u64,
    receipts: BTreeMap<RecordDigest, Receipt>,
}

impl<'g> Audit<'g> {
    /// Nothing but the genesis.
    #[must_use]
    pub fn begin(genesis: &'g Genesis) -> Self {
        let (_, changes) = initial_changes(genesis.initial_state());
        let mut state = MemoryState::default();
        state.apply(&changes);
        Self {
            genesis,
            state,
            height: Height::ZERO,
            block: NO_PARENT,
            log_size: 0,
            receipts: BTreeMap::new(),
        }
    }

    /// Executes the next block.
    ///
    /// # Panics
    /// Where anything in it is not what follows from the blocks before it.
    pub fn next(&mut self, bytes: &[u8]) {
        let block = Block::decode(bytes).expect("a well-formed block");
        let header = block.header();
        let (chain, height) = (self.genesis.chain_id(), self.height.next());
        assert_eq!(header.chain, chain);
        assert_eq!(header.height, height);
        assert_eq!(
            header.parent, self.block,
            "block {height} hangs on another parent"
        );
        let validators = self.genesis.validators();
        assert_eq!(header.validators, validators.digest());
        match block.carried() {
            None => assert_eq!(
                height,
                Height::ZERO.next(),
                "block {height} carries no quorum"
            ),
            Some(quorum) => {
                assert_eq!((quorum.height, quorum.block), (self.height, self.block));
                quorum
                    .check(chain, validators)
                    .expect("a quorum for the parent");
            }
        }
        let at = At {
            chain,
            height,
            time: header.time,
            log_size: self.log_size,
        };
        let mut execution = Execution::begin(&self.state, at).expect("a readable state");
        for signed in block.records() {
            let admitted = execution
                .admit(signed, &CheckAll)
                .expect("admissible records only");
            admitted.add().expect("a readable state");
        }
        let executed = execution.finish().expect("a readable state");
        assert_eq!(
            header.state_root, executed.state_root,
            "state root of block {height}"
        );
        assert_eq!(
            header.log_root, executed.log_root,
            "log root of block {height}"
        );
        assert_eq!(
            header.log_size, executed.log_size,
            "log size of block {height}"
        );
        for (signed, receipt) in block.records().iter().zip(&executed.receipts) {
            let earlier = self.receipts.insert(signed.digest(), receipt.clone());
            assert!(earlier.is_none(), "a record is in two blocks");
        }
        self.state.apply(&executed.changes);
        (self.height, self.block, self.log_size) = (height, block.id(), header.log_size);
    }

    /// What became of every record, as executed here.
    #[must_use]
    pub const fn receipts(&self) -> &BTreeMap<RecordDigest, Receipt> {
        &self.receipts
    }

    /// Id of the last block.
    #[must_use]
    pub const fn block(&self) -> BlockId {
        self.block
    }
}

//! An auditor's second look at a chain, for tests: the same as `cites audit verify`, and it panics.

use std::collections::BTreeMap;

use genesis::Genesis;
use ledger::block::Block;
use ledger::digest::{BlockId, RecordDigest};
use ledger::signed::CheckAll;
use ledger::state::Receipt;

/// A chain as far as it was executed.
#[derive(Debug)]
pub struct Audit {
    audit: ledger::audit::Audit,
    receipts: BTreeMap<RecordDigest, Receipt>,
}

impl Audit {
    /// Nothing but the genesis.
    ///
    /// # Panics
    /// Where its state names no validators.
    #[must_use]
    pub fn begin(genesis: &Genesis) -> Self {
        let audit = ledger::audit::Audit::begin(genesis.chain_id(), genesis.initial_state());
        Self {
            audit: audit.expect("a genesis with validators"),
            receipts: BTreeMap::new(),
        }
    }

    /// Executes the next block.
    ///
    /// # Panics
    /// Where anything in it is not what follows from the blocks before it.
    pub fn next(&mut self, bytes: &[u8]) {
        let block = Block::decode(bytes).expect("a well-formed block");
        let receipts = self
            .audit
            .next_block(&block, &CheckAll)
            .unwrap_or_else(|error| panic!("{error}"));
        for (signed, receipt) in block.records().iter().zip(receipts) {
            let earlier = self.receipts.insert(signed.digest(), receipt);
            assert!(earlier.is_none(), "a record is in two blocks");
        }
    }

    /// What became of every record, as executed here.
    #[must_use]
    pub const fn receipts(&self) -> &BTreeMap<RecordDigest, Receipt> {
        &self.receipts
    }

    /// Id of the last block.
    #[must_use]
    pub fn block(&self) -> BlockId {
        self.audit.block()
    }
}

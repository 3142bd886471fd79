//! Blocks before they are decided: judged once, on disk before anyone is told, given back after a crash.

use std::collections::BTreeMap;

use consensus::context::{Context, Height as EngineHeight, engine_round};
use consensus::message::Value;
use consensus::replica::{CheckError, Freshness};
use consensus::reproposal::Clock;
use consensus::signing::SharedReproposals as _;
use consensus::wire::{self, Undecided};
use ledger::block::Block;
use ledger::digest::BlockId;
use ledger::quorum::Round;
use malachitebft_app_channel::app::types::ProposedValue;
use malachitebft_core_types::{Round as EngineRound, Validity};
use tracing::{debug, warn};

use super::{Application, ApplicationError, now};

/// Acceptable blocks of the next height, kept until it is decided; one for each round, so few.
pub(super) type Known = BTreeMap<BlockId, Block>;

/// Acceptable blocks kept in memory; more are read back from the store when they are decided.
const KNOWN_MAX: usize = 8;

/// What a replica makes of an undecided block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It may be decided.
    Acceptable,
    /// Prevote nil.
    Unacceptable,
}

impl Application {
    /// Judges a block.
    pub(super) fn judge(
        &mut self,
        block: &Block,
        round: Round,
        clock: Clock,
    ) -> Result<Verdict, ApplicationError> {
        let freshness = match clock {
            Clock::Judges => Freshness::Fresh { now: now(), round },
            Clock::Spares => Freshness::Replayed,
        };
        let checked = self
            .replica
            .check(&*self.store, block, freshness, &*self.claims);
        match checked {
            Ok(()) => {}
            Err(CheckError::Invalid(why)) => {
                warn!(height = block.header().height.0, round = round.0, %why, "block refused");
                return Ok(Verdict::Unacceptable);
            }
            Err(CheckError::Read(error)) => return Err(error.into()),
        }
        if clock == Clock::Judges {
            let height = block.header().height;
            self.notes.with(|notes| notes.judged(height, block.id()));
        }
        Ok(Verdict::Acceptable)
    }

    /// Puts an acceptable block on disk: synced when this returns.
    pub(super) fn keep(
        &mut self,
        block: Block,
        undecided: &Undecided,
    ) -> Result<(), ApplicationError> {
        let (height, id) = (block.header().height, block.id());
        let bytes = wire::encode_undecided(undecided);
        self.store
            .put_undecided(height, undecided.round, id, &bytes)?;
        self.remember(block);
        Ok(())
    }

    pub(super) fn remember(&mut self, block: Block) {
        if self.known.len() < KNOWN_MAX {
            self.known.insert(block.id(), block);
        }
    }

    /// The undecided blocks of the next height that this node had before it was stopped.
    pub(super) fn recall_undecided(&mut self) -> Result<(), ApplicationError> {
        let height = self.next_height();
        self.notes.with(|notes| notes.begin(height, Round(0)));
        for (id, undecided) in self.undecided()? {
            let Ok(block) = Block::decode(&undecided.block) else {
                continue;
            };
            // It was acceptable before; only the database could have changed since.
            if self.judge(&block, undecided.round, Clock::Spares)? == Verdict::Unacceptable {
                continue;
            }
            self.notes.with(|notes| {
                if undecided.is_judged {
                    notes.judged(height, id);
                } else {
                    notes.spared(height, id);
                }
            });
            debug!(
                height = height.0,
                round = undecided.round.0,
                "an undecided block is given back"
            );
            self.give_back.push(proposed(height, &undecided, id));
            self.remember(block);
        }
        Ok(())
    }

    /// What the store holds for the next height.
    pub(super) fn undecided(&self) -> Result<Vec<(BlockId, Undecided)>, ApplicationError> {
        let found = self.store.read().undecided(self.next_height())?;
        let decode = |stored: crate::store::Undecided| {
            let undecided = wire::decode_undecided(&stored.bytes).ok()?;
            Some((stored.block, undecided))
        };
        Ok(found.into_iter().filter_map(decode).collect())
    }

    /// The block with this id, from memory or from the store.
    pub(super) fn find(&mut self, id: BlockId) -> Result<Option<Block>, ApplicationError> {
        if let Some(block) = self.known.remove(&id) {
            return Ok(Some(block));
        }
        let stored = self
            .undecided()?
            .into_iter()
            .find(|(found, _)| *found == id);
        Ok(stored.and_then(|(_, undecided)| Block::decode(&undecided.block).ok()))
    }
}

/// An acceptable block as Malachite is told of it.
pub(super) fn proposed(
    height: ledger::party::Height,
    undecided: &Undecided,
    block: BlockId,
) -> ProposedValue<Context> {
    ProposedValue {
        height: EngineHeight(height),
        round: engine_round(undecided.round),
        valid_round: undecided.valid_round.map_or(EngineRound::Nil, engine_round),
        proposer: undecided.proposer,
        value: Value(block),
        validity: Validity::Valid,
    }
}

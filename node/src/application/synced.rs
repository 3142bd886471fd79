//! A decided block came from another node: judged by everything but a clock, on disk before the answer.

use consensus::context::{Context, Height as EngineHeight, engine_round, ledger_round};
use consensus::message::Value;
use consensus::reproposal::Clock;
use consensus::signing::SharedReproposals as _;
use consensus::validators::Address;
use consensus::wire::Undecided;
use ledger::block::Block;
use malachitebft_app_channel::app::engine::host::SyncedValueOutcome;
use malachitebft_app_channel::app::types::ProposedValue;
use malachitebft_core_types::{Round as EngineRound, Validity};
use tokio::sync::oneshot;
use tracing::{debug, error};

use super::block::{Verdict, proposed};
use super::{Application, ApplicationError, answer};

/// Answers with what the replica makes of the block. Malachite has checked the quorum, and compares ids.
pub(super) fn handle(
    application: &mut Application,
    height: EngineHeight,
    round: EngineRound,
    proposer: Address,
    bytes: &[u8],
    reply: oneshot::Sender<SyncedValueOutcome<Context>>,
) -> Result<(), ApplicationError> {
    let outcome = judge(application, height, round, proposer, bytes)?;
    answer(reply, outcome);
    Ok(())
}

fn judge(
    application: &mut Application,
    height: EngineHeight,
    round: EngineRound,
    proposer: Address,
    bytes: &[u8],
) -> Result<SyncedValueOutcome<Context>, ApplicationError> {
    let block = match Block::decode(bytes) {
        Ok(block) => block,
        Err(why) => {
            debug!(height = height.0.0, %why, "a peer sent what is no block");
            return Ok(SyncedValueOutcome::PeerFault);
        }
    };
    if block.header().height != height.0 {
        return Ok(SyncedValueOutcome::PeerFault);
    }
    if height.0 != application.next_height() {
        return Ok(SyncedValueOutcome::LocalTransientError);
    }
    let (id, round) = (block.id(), ledger_round(round));
    if application.judge(&block, round, Clock::Spares)? == Verdict::Unacceptable {
        // If its id is the one in the quorum, this node and the others do not follow the same rules.
        error!(height = height.0.0, block = %id, "a block that others may have decided is refused here");
        let refused = ProposedValue {
            height,
            round: engine_round(round),
            valid_round: EngineRound::Nil,
            proposer,
            value: Value(id),
            validity: Validity::Invalid,
        };
        return Ok(SyncedValueOutcome::Verdict(refused));
    }
    application.notes.with(|notes| notes.spared(height.0, id));
    let undecided = Undecided {
        round,
        valid_round: None,
        proposer,
        signed: None,
        is_judged: false,
        block: bytes.to_vec(),
    };
    application.keep(block, &undecided)?;
    application.synced = height.0;
    Ok(SyncedValueOutcome::Verdict(proposed(
        height.0, &undecided, id,
    )))
}

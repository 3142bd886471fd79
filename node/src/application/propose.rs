//! It is this node's turn: a block from the waiting records, on disk before anyone hears of it.
//!
//! Proposed at once, with what waits now: the next block fills while this one is voted on.

use consensus::context::{Context, Height as EngineHeight, ledger_round};
use consensus::guard::Standing;
use consensus::message::{SignedPartHeader, Value};
use consensus::parts::{Place, describe, split};
use consensus::signing::SharedReproposals as _;
use consensus::wire::Undecided;
use ledger::block::Block;
use ledger::quorum::Round;
use malachitebft_app_channel::app::types::LocallyProposedValue;
use malachitebft_core_types::Round as EngineRound;
use tokio::sync::oneshot;
use tracing::{debug, warn};

use super::{Application, ApplicationError, answer, decided, now};
use crate::engine::NodeKey;

type Reply = oneshot::Sender<LocallyProposedValue<Context>>;

/// Answers with a block that is on disk, and streams it. Without an answer the round passes to the next.
pub(super) fn handle(
    application: &mut Application,
    height: EngineHeight,
    round: EngineRound,
    reply: Reply,
) -> Result<(), ApplicationError> {
    let Some(key) = application.key.clone() else {
        return Ok(());
    };
    if height.0 != application.next_height() {
        warn!(
            height = height.0.0,
            "a proposal is asked for at another height"
        );
        return Ok(());
    }
    // The guard would refuse to sign; the round passes without a word.
    if !key.guard().standing().is_armed() {
        return Ok(());
    }
    // Nothing is built on a state that was changed.
    if application.store.refuses_to_serve().is_some() {
        return Ok(());
    }
    let round_number = ledger_round(round);
    let proposal = match own_block(application, &key, round_number)? {
        Some(before) => Some(before),
        None => new_block(application, &key, height, round_number)?,
    };
    let Some((signed, block)) = proposal else {
        return Ok(());
    };
    let id = signed.header.block;
    debug!(
        height = height.0.0,
        round = round_number.0,
        records = block.records().len(),
        "proposing"
    );
    answer(reply, LocallyProposedValue::new(height, round, Value(id)));
    application.outgoing.extend(split(&signed, block.bytes()));
    application.remember(block);
    Ok(())
}

/// The block that this node made for this round before it was stopped: another one would contradict it.
fn own_block(
    application: &Application,
    key: &NodeKey,
    round: Round,
) -> Result<Option<(SignedPartHeader, Block)>, ApplicationError> {
    for (_, undecided) in application.undecided()? {
        let is_own = undecided.round == round && undecided.proposer == key.address();
        if let Some(signed) = undecided.signed.filter(|_| is_own)
            && let Ok(block) = Block::decode(&undecided.block)
        {
            return Ok(Some((signed, block)));
        }
    }
    Ok(None)
}

fn new_block(
    application: &mut Application,
    key: &NodeKey,
    height: EngineHeight,
    round: Round,
) -> Result<Option<(SignedPartHeader, Block)>, ApplicationError> {
    let candidates = application.waiting.candidates();
    let proposer = key.address();
    let proposed = application.replica.propose(
        &*application.store,
        now(),
        proposer.0,
        &candidates,
        &*application.claims,
    )?;
    decided::forget(application, &proposed.dropped)?;
    let block = proposed.block;
    let place = Place {
        height,
        round,
        valid_round: None,
        proposer,
    };
    let Some(header) = describe(&place, block.id(), block.bytes()) else {
        warn!("our own block does not fit into parts");
        return Ok(None);
    };
    // The guard logs a refusal.
    let Ok(signed) = key.sign_part_header(header) else {
        return Ok(None);
    };
    let undecided = Undecided {
        round,
        valid_round: None,
        proposer,
        signed: Some(signed.clone()),
        is_judged: true,
        block: block.bytes().to_vec(),
    };
    application
        .notes
        .with(|notes| notes.judged(height.0, block.id()));
    application.keep(block.clone(), &undecided)?;
    Ok(Some((signed, block)))
}

//! A part has arrived. The last one completes a block, which is judged and put on disk before the answer.

use consensus::context::{Context, engine_round};
use consensus::message::{ProposalPart, Value};
use consensus::parts::{Assembled, Outcome};
use consensus::signing::SharedReproposals as _;
use consensus::wire::Undecided;
use ledger::block::Block;
use malachitebft_app_channel::app::streaming::{StreamContent, StreamMessage};
use malachitebft_app_channel::app::types::ProposedValue;
use malachitebft_core_types::{Round as EngineRound, Validity};
use tokio::sync::oneshot;
use tracing::{debug, warn};

use super::block::{Verdict, proposed};
use super::{Application, ApplicationError, answer};

/// Answers with a value when the part completes a block.
pub(super) fn handle(
    application: &mut Application,
    message: StreamMessage<ProposalPart>,
    reply: oneshot::Sender<Option<ProposedValue<Context>>>,
) -> Result<(), ApplicationError> {
    let value = match message.content {
        StreamContent::Data(part) => take(application, part)?,
        // Streams end with their last part; nothing depends on the mark.
        StreamContent::Fin => None,
    };
    answer(reply, value);
    application.start_if_needed()
}

fn take(
    application: &mut Application,
    part: ProposalPart,
) -> Result<Option<ProposedValue<Context>>, ApplicationError> {
    // Nothing is judged by a state that was changed: without a block the vote is for none.
    if application.store.refuses_to_serve().is_some() {
        return Ok(None);
    }
    let expected = application.expected()?;
    let outcome = application.assembler.insert(part, &expected);
    accuse(application)?;
    finish(application, outcome)
}

/// Keeps evidence of proposers that contradicted themselves.
fn accuse(application: &mut Application) -> Result<(), ApplicationError> {
    for evidence in application.assembler.take_evidence() {
        application.record(application.next_height(), &evidence)?;
    }
    Ok(())
}

/// What waited for the commit of its parent, now that it is committed.
pub(super) fn take_later(application: &mut Application) -> Result<(), ApplicationError> {
    let expected = application.expected()?;
    let outcomes = application.assembler.take_later(&expected);
    accuse(application)?;
    for outcome in outcomes {
        if let Some(value) = finish(application, outcome)? {
            application.give_back.push(value);
        }
    }
    Ok(())
}

fn finish(
    application: &mut Application,
    outcome: Outcome,
) -> Result<Option<ProposedValue<Context>>, ApplicationError> {
    match outcome {
        Outcome::Complete(assembled) => {
            application.has_begun = true;
            complete(application, *assembled).map(Some)
        }
        Outcome::Kept => {
            application.has_begun = true;
            Ok(None)
        }
        Outcome::Later | Outcome::Repeated => Ok(None),
        Outcome::Refused(why) => {
            debug!(%why, "a part is refused");
            Ok(None)
        }
    }
}

fn complete(
    application: &mut Application,
    assembled: Assembled,
) -> Result<ProposedValue<Context>, ApplicationError> {
    let Assembled { signed, bytes } = assembled;
    let header = &signed.header;
    let mut value = ProposedValue {
        height: header.height,
        round: engine_round(header.round),
        valid_round: header.valid_round.map_or(EngineRound::Nil, engine_round),
        proposer: header.proposer,
        value: Value(header.block),
        validity: Validity::Invalid,
    };
    let block = match Block::decode(&bytes) {
        Ok(block) if block.id() == header.block => block,
        Ok(_) => {
            warn!(proposer = %header.proposer, "the parts make another block than their header says");
            return Ok(value);
        }
        Err(why) => {
            warn!(proposer = %header.proposer, %why, "the parts make no block");
            return Ok(value);
        }
    };
    let clock = application.notes.with(|notes| notes.enter(header));
    if application.judge(&block, header.round, clock)? == Verdict::Unacceptable {
        return Ok(value);
    }
    let undecided = Undecided {
        round: header.round,
        valid_round: header.valid_round,
        proposer: header.proposer,
        is_judged: application.notes.with(|notes| notes.is_judged(block.id())),
        signed: Some(signed.clone()),
        block: bytes,
    };
    let (height, id) = (block.header().height, block.id());
    application.keep(block, &undecided)?;
    value = proposed(height, &undecided, id);
    Ok(value)
}

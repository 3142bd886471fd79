//! A block is streamed again, for nodes that missed it in its own round.

use consensus::context::{Height as EngineHeight, ledger_round};
use consensus::message::SignedPartHeader;
use consensus::parts::{Place, describe, split};
use consensus::wire::Undecided;
use ledger::digest::BlockId;
use ledger::quorum::Round;
use malachitebft_core_types::Round as EngineRound;
use tracing::debug;

use super::{Application, ApplicationError};

/// Streams the block under the header of the proposal it belongs to: the original one where that proposal
/// is another validator's, a new one where this node proposes the block again.
pub(super) fn handle(
    application: &mut Application,
    height: EngineHeight,
    round: EngineRound,
    valid_round: EngineRound,
    block: BlockId,
) -> Result<(), ApplicationError> {
    if height.0 != application.next_height() {
        return Ok(());
    }
    let place = (ledger_round(round), valid_round.as_u32().map(Round));
    let stored: Vec<_> = application
        .undecided()?
        .into_iter()
        .filter(|(id, _)| *id == block)
        .collect();
    let original = stored.iter().find_map(|(_, undecided)| {
        let signed = undecided.signed.as_ref()?;
        let header = &signed.header;
        ((header.round, header.valid_round) == place).then(|| (signed.clone(), undecided))
    });
    let found = match original {
        Some((signed, undecided)) => Some((signed, undecided.block.clone())),
        None => again(application, height, place, block, &stored)?,
    };
    match found {
        Some((signed, bytes)) => application.outgoing.extend(split(&signed, &bytes)),
        None => debug!(
            height = height.0.0,
            "a block to be streamed again is not here"
        ),
    }
    Ok(())
}

/// This node proposes a block again that others made acceptable in an earlier round.
fn again(
    application: &mut Application,
    height: EngineHeight,
    (round, valid_round): (Round, Option<Round>),
    block: BlockId,
    stored: &[(BlockId, Undecided)],
) -> Result<Option<(SignedPartHeader, Vec<u8>)>, ApplicationError> {
    let (Some(key), Some((_, first))) = (application.key.clone(), stored.first()) else {
        return Ok(None);
    };
    let proposer = key.address();
    let place = Place {
        height,
        round,
        valid_round,
        proposer,
    };
    let turn = application
        .validators_at(height.0)?
        .proposer(height.0, round);
    if *malachitebft_core_types::Validator::address(turn) != proposer {
        return Ok(None);
    }
    let signed =
        describe(&place, block, &first.block).and_then(|header| key.sign_part_header(header).ok());
    Ok(signed.map(|signed| (signed, first.block.clone())))
}

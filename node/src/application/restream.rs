//! A block is streamed again, for nodes that missed it in its own round.

use consensus::context::{Height as EngineHeight, ledger_round};
use consensus::guard::Refusal;
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
        Some((signed, undecided)) => Ok((signed, undecided.block.clone())),
        None => again(application, height, place, block, &stored)?,
    };
    match found {
        Ok((signed, bytes)) => application.outgoing.extend(split(&signed, &bytes)),
        Err(why) => debug!(height = height.0.0, %why, "a block is not streamed again"),
    }
    Ok(())
}

/// Why a block is not streamed again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum NotStreamed {
    /// Its bytes never arrived.
    #[error("the block is not here")]
    Missing,
    /// Its proposer streams it, or nobody does.
    #[error("another validator proposes in this round")]
    OthersTurn,
    /// It would have no header that others accept.
    #[error("the block is too large")]
    TooLarge,
    /// This node has signed otherwise, or may not sign.
    #[error("the guard refused: {0}")]
    Guard(Refusal),
}

/// This node proposes a block again that others made acceptable in an earlier round.
fn again(
    application: &Application,
    height: EngineHeight,
    (round, valid_round): (Round, Option<Round>),
    block: BlockId,
    stored: &[(BlockId, Undecided)],
) -> Result<Result<(SignedPartHeader, Vec<u8>), NotStreamed>, ApplicationError> {
    let Some((_, first)) = stored.first() else {
        return Ok(Err(NotStreamed::Missing));
    };
    let turn = application
        .validators_at(height.0)?
        .proposer(height.0, round);
    let proposer = *malachitebft_core_types::Validator::address(turn);
    let Some(key) = application
        .key
        .as_ref()
        .filter(|key| key.address() == proposer)
    else {
        return Ok(Err(NotStreamed::OthersTurn));
    };
    let place = Place {
        height,
        round,
        valid_round,
        proposer,
    };
    let Some(header) = describe(&place, block, &first.block) else {
        return Ok(Err(NotStreamed::TooLarge));
    };
    let signed = key.sign_part_header(header).map_err(NotStreamed::Guard);
    Ok(signed.map(|signed| (signed, first.block.clone())))
}

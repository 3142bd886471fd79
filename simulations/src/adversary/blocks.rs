//! Blocks that an honest validator would not build, and records that may not enter one.

use std::sync::Arc;

use consensus::replica::Tip;
use ledger::block::{Block, Header};
use ledger::digest::{
    Digest, LogRoot, NumberHash, RecordDigest, StateRoot, ValidatorsDigest, sha256,
};
use ledger::key::SecretKey;
use ledger::party::{Height, OfficeNumber, PartyCode};
use ledger::quorum::{PROTOCOL_VERSION, Quorum, Round};
use ledger::record::{Cancel, CancelReason, PermitKey, Record, Statement};
use ledger::signed::Signed;
use ledger::time::Timestamp;

use super::words::Scene;
use crate::parties::MANAGEMENT;

/// No Party has so many offices.
const NO_OFFICE: OfficeNumber = OfficeNumber(999);
/// Validators accept a block up to two seconds ahead of their clocks, and clocks of a run differ.
const AHEAD_MS_MIN: u64 = 3_500;
const AHEAD_MS_STEP: u64 = 1_500;
/// Validators accept a block so far behind their clocks in round 0, and as much more in each later round.
const BEHIND_MS_PER_ROUND: u64 = 10_000;
/// How far back a logged record is looked for.
const HEIGHTS_BACK: u64 = 20;

/// The same block under a changed header.
fn with_header(block: &Block, change: impl FnOnce(&mut Header)) -> Option<Block> {
    let mut header = block.header().clone();
    change(&mut header);
    Block::new(header, block.carried().cloned(), block.records()).ok()
}

fn flipped(digest: &Digest) -> Digest {
    Digest(digest.0.map(|byte| !byte))
}

/// A second block for the same round, as valid as the first: the same records, a millisecond later.
#[must_use]
pub(super) fn rival(scene: &Scene<'_>, block: &Block) -> Option<Block> {
    let time = block.header().time.plus_ms(1);
    scene.build(time, block.records())
}

/// A block that says of itself what is not so; which, goes by turns.
#[must_use]
pub(super) fn invalid(block: &Block, turn: u64) -> Option<Block> {
    match turn.checked_rem(6) {
        Some(0) => with_header(block, |header| {
            header.state_root = StateRoot(flipped(&header.state_root.0));
        }),
        Some(1) => with_header(block, |header| {
            header.log_root = LogRoot(flipped(&header.log_root.0));
        }),
        Some(2) => with_header(block, |header| {
            header.next_validators = ValidatorsDigest(flipped(&header.next_validators.0));
        }),
        Some(3) => with_header(block, |header| {
            header.log_size = header.log_size.saturating_add(1);
        }),
        Some(4) => with_header(block, |header| {
            header.height = Height(header.height.0.saturating_add(1));
        }),
        _ => invalid_quorum(block),
    }
}

/// A block that carries too few signatures for its parent.
fn invalid_quorum(block: &Block) -> Option<Block> {
    let mut header = block.header().clone();
    let carried = block.carried().map(|carried| Quorum {
        signatures: carried.signatures.iter().take(1).copied().collect(),
        ..carried.clone()
    });
    match &carried {
        Some(carried) => header.carried_quorum = Some(carried.digest()),
        // Block 1 carries none.
        None => header.log_size = header.log_size.saturating_add(1),
    }
    Block::new(header, carried, block.records()).ok()
}

/// How a block is dated wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dated {
    /// Ahead of every clock.
    Ahead,
    /// Not later than its parent.
    BeforeItsParent,
    /// A moment after its parent, which is long ago.
    Behind,
}

/// A block dated wrong; how, goes by turns.
#[must_use]
pub(super) fn misdated(
    scene: &Scene<'_>,
    block: &Block,
    round: Round,
    turn: u64,
) -> Option<(Block, Dated)> {
    let tip: Tip = scene.tip()?;
    let now = scene.clock.reads(scene.now);
    let rounds = u64::from(round.0).saturating_add(1);
    let after_parent = tip.time().plus_ms(1);
    let is_long_ago = now.since_ms(after_parent) > BEHIND_MS_PER_ROUND.saturating_mul(rounds);
    match turn.checked_rem(3) {
        Some(0) if tip.height() > Height::ZERO => {
            let time = Timestamp(tip.time().0.saturating_sub(turn));
            let block = with_header(block, |header| header.time = time)?;
            Some((block, Dated::BeforeItsParent))
        }
        Some(1) if is_long_ago && tip.height() > Height::ZERO => {
            Some((scene.build(after_parent, block.records())?, Dated::Behind))
        }
        _ => {
            let more_ms = turn
                .checked_rem(5)
                .unwrap_or(0)
                .saturating_mul(AHEAD_MS_STEP);
            let time = now.plus_ms(AHEAD_MS_MIN.saturating_add(more_ms));
            Some((scene.build(time, block.records())?, Dated::Ahead))
        }
    }
}

/// A block without the records of one Party; `None` where it has none.
#[must_use]
pub(super) fn censored(scene: &Scene<'_>, block: &Block, party: PartyCode) -> Option<Block> {
    let kept = |signed: &&Arc<Signed>| signed.record().author != party;
    let kept: Vec<_> = block.records().iter().filter(kept).cloned().collect();
    if kept.len() == block.records().len() {
        return None;
    }
    scene.build(block.header().time, &kept)
}

/// A block with one record more, which may not be there, under the header of the block without it.
#[must_use]
pub(super) fn poisoned(block: &Block, poison: &Arc<Signed>) -> Option<Block> {
    let records = block.records().iter().chain([poison]).cloned();
    let records: Vec<_> = records.collect();
    Block::new(block.header().clone(), block.carried().cloned(), &records).ok()
}

/// What is wrong with a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Poison {
    /// Signed by a key that is not the office's.
    BadSignature,
    /// It is on the ledger already.
    Logged,
    /// Its author has no such office.
    UnknownOffice,
}

/// A record that may not enter a block; why, goes by turns.
#[must_use]
pub(super) fn poison(scene: &Scene<'_>, turn: u64) -> Option<(Arc<Signed>, Poison)> {
    let seat = scene.seat;
    let sign = |office, key| sign(scene, office, key, turn).map(Arc::new);
    match turn.checked_rem(3) {
        Some(0) => Some((sign(MANAGEMENT, &seat.peer)?, Poison::BadSignature)),
        Some(1) => Some((sign(NO_OFFICE, &seat.management)?, Poison::UnknownOffice)),
        _ => match logged(scene) {
            Some(signed) => Some((signed, Poison::Logged)),
            None => Some((sign(MANAGEMENT, &seat.peer)?, Poison::BadSignature)),
        },
    }
}

/// A record of one of the newest blocks.
fn logged(scene: &Scene<'_>) -> Option<Arc<Signed>> {
    let next = scene.height().0;
    let heights = (next.saturating_sub(HEIGHTS_BACK)..next).rev();
    let mut blocks = heights.filter_map(|height| scene.disk.block(Height(height)));
    blocks.find_map(|decided| decided.block.records().first().cloned())
}

fn sign(scene: &Scene<'_>, office: OfficeNumber, key: &SecretKey, turn: u64) -> Option<Signed> {
    let (seat, parties) = (scene.seat, scene.parties);
    let made_at = scene.clock.reads(scene.now);
    let Digest(name) = sha256(&turn.to_be_bytes());
    let mut nonce = [0; 16];
    for (to, from) in nonce.iter_mut().zip(name) {
        *to = from;
    }
    let record = Record {
        version: PROTOCOL_VERSION,
        chain: parties.chain,
        author: seat.code,
        offices: vec![office],
        statement: Statement::Cancel(Cancel {
            permit: PermitKey {
                issuer: seat.code,
                number: NumberHash(sha256(b"no permit")),
            },
            reason: CancelReason::Withdrawn,
        }),
        made_at,
        checkpoint: None,
        after: None::<RecordDigest>,
        good_until: made_at.plus_ms(60 * 60 * 1000),
        nonce,
    };
    Signed::sign_by(&parties.signing, &record, &[key]).ok()
}

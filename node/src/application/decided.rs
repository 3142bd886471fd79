//! A block is decided: the guard moves on, then the block and all it changes are written at once.

use consensus::context::Context;
use consensus::guard::DecidedHeight;
use consensus::quorum::from_certificate;
use consensus::validators::ValidatorSet;
use ledger::digest::{BlockId, RecordDigest};
use ledger::party::Height;
use ledger::quorum::{Quorum, Round};
use ledger::state::admission::Inadmissible;
use malachitebft_core_types::CommitCertificate;
use tokio::sync::oneshot;
use tracing::info;

use super::{Application, ApplicationError, answer, part};
use crate::store::NotIncluded;

/// Commits, then answers: only then is the height told to others.
pub(super) fn handle(
    application: &mut Application,
    certificate: &CommitCertificate<Context>,
    reply: oneshot::Sender<()>,
) -> Result<(), ApplicationError> {
    commit(application, certificate)?;
    answer(reply, ());
    // What waited for this commit may complete the next block.
    part::take_later(application)
}

/// Commits a decided block once; a second word about the same one changes nothing.
pub(super) fn commit(
    application: &mut Application,
    certificate: &CommitCertificate<Context>,
) -> Result<(), ApplicationError> {
    let (height, decided) = (certificate.height.0, certificate.value_id);
    if height <= application.replica.tip().height() {
        return agrees(application, height, decided);
    }
    let validators = application.validators_at(height)?;
    let quorum = from_certificate(certificate, validators);
    let missing = ApplicationError::Missing {
        height,
        block: decided,
    };
    let block = application.find(decided)?.ok_or(missing)?;
    let refused = |error| ApplicationError::Commit { height, error };
    let commit = application
        .replica
        .commit(&*application.store, block, quorum, &*application.claims)
        .map_err(refused)?;
    // In this order: a guard that is not ahead of the store is an old one.
    if let Some(key) = &application.key {
        let decided_by = application.validators_at(height)?.as_ledger();
        let decided = DecidedHeight::of(&commit.quorum, decided_by, &key.address().0);
        key.guard()
            .committed(&decided)
            .map_err(|_| ApplicationError::Guard)?;
    }
    application.store.commit(&commit)?;
    let logged = &commit.executed.changes.logged;
    application
        .waiting
        .remove(logged.iter().map(|logged| &logged.record));
    begin_next(application, height, &commit.quorum, logged.len())?;
    let set =
        ValidatorSet::new((*commit.validators).clone()).ok_or(ApplicationError::Validators)?;
    if application.validators_at(height)? != &set {
        application.validators.insert(height.next(), set);
    }
    settle_expired(application)?;
    application.announce();
    Ok(())
}

/// The halt that a fork ends in: two quorums at one height.
fn agrees(
    application: &Application,
    height: Height,
    decided: BlockId,
) -> Result<(), ApplicationError> {
    match application
        .store
        .read()
        .header(height)?
        .map(|header| header.id())
    {
        Some(stored) if stored == decided => Ok(()),
        Some(stored) => Err(ApplicationError::Contradiction {
            height,
            stored,
            decided,
        }),
        None => Err(ApplicationError::Missing {
            height,
            block: decided,
        }),
    }
}

fn begin_next(
    application: &mut Application,
    height: Height,
    quorum: &Quorum,
    records: usize,
) -> Result<(), ApplicationError> {
    info!(
        height = height.0,
        round = quorum.round.0,
        signatures = quorum.signatures.len(),
        records,
        block = %quorum.block,
        "block is final"
    );
    application.known.clear();
    application.round = Round(0);
    application.has_begun = false;
    application.heard.await_votes_of(height.next());
    Ok(())
}

/// Records past their time will never be in a block: their author is told, if we promised.
fn settle_expired(application: &mut Application) -> Result<(), ApplicationError> {
    let now = application.replica.tip().time();
    let expired: Vec<_> = application
        .waiting
        .take_expired(now)
        .into_iter()
        .map(|signed| (signed.digest(), NotIncluded::Expired))
        .collect();
    application.store.outbox_settle(&expired)?;
    application
        .waiting
        .remove(expired.iter().map(|(record, _)| record));
    Ok(())
}

/// Forgets records that a proposal could not use. Where a later block may still hold one that this node
/// promised, the intake brings it in again from the outbox.
pub(super) fn forget(
    application: &mut Application,
    dropped: &[(RecordDigest, Inadmissible)],
) -> Result<(), ApplicationError> {
    let tip = application.replica.tip().time();
    let mut settled = Vec::new();
    for (record, why) in dropped {
        info!(code = why.code(), "a waiting record is dropped");
        let outcome = NotIncluded::for_ever(why, tip);
        settled.extend(outcome.map(|outcome| (*record, outcome)));
    }
    application.store.outbox_settle(&settled)?;
    application
        .waiting
        .remove(dropped.iter().map(|(record, _)| record));
    Ok(())
}

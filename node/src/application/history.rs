//! Decided blocks for nodes that catch up.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use consensus::context::{Context, Height as EngineHeight};
use consensus::quorum::to_certificate;
use consensus::validators::ValidatorSet;
use consensus::wire::SYNC_VALUES_MAX;
use ledger::limits::SYNC_REPLY_BYTES_MAX;
use ledger::party::Height;
use malachitebft_core_types::{ExtendedCommitCertificate, VoteExtensions};
use malachitebft_sync::RawDecidedValue;
use tokio::sync::oneshot;

use super::{Application, ApplicationError, answer};
use crate::store::Store;

/// Every block since the first is kept.
const OLDEST: EngineHeight = EngineHeight(Height(1));

/// Answers with the oldest height that can be given.
pub(super) fn oldest(reply: oneshot::Sender<EngineHeight>) {
    answer(reply, OLDEST);
}

/// Answers with the decided blocks of a range, from its start, as far as they are here and fit one reply.
pub(super) fn handle(
    application: &Application,
    range: &RangeInclusive<EngineHeight>,
    reply: oneshot::Sender<Vec<RawDecidedValue<Context>>>,
) -> Result<(), ApplicationError> {
    // What stands in a database that was changed is no one else's business.
    if application.store.refuses_to_serve().is_some() {
        answer(reply, Vec::new());
        return Ok(());
    }
    let last = range.end().0.min(application.replica.tip().height());
    let mut height = range.start().0.max(OLDEST.0);
    let mut values = Vec::new();
    let mut bytes = 0_usize;
    while height <= last && values.len() < SYNC_VALUES_MAX {
        let Some(value) = decided(application, height)? else {
            break;
        };
        bytes = bytes.saturating_add(value.value_bytes.len());
        if bytes > SYNC_REPLY_BYTES_MAX && !values.is_empty() {
            break;
        }
        values.push(value);
        height = height.next();
    }
    answer(reply, values);
    Ok(())
}

fn decided(
    application: &Application,
    height: Height,
) -> Result<Option<RawDecidedValue<Context>>, ApplicationError> {
    let read = application.store.read();
    let (Some(bytes), Some(quorum)) = (read.block_bytes(height)?, read.quorum(height)?) else {
        return Ok(None);
    };
    let certificate = to_certificate(&quorum, application.validators_at(height)?);
    let certificate = ExtendedCommitCertificate::from_commit_certificate_and_extensions(
        certificate,
        VoteExtensions::default(),
    );
    Ok(Some(RawDecidedValue::new(bytes.into(), certificate)))
}

/// Who decided from which height on: genesis' validators, and every change since.
pub(super) fn validators(
    store: &Store,
    genesis: ledger::quorum::ValidatorSet,
) -> Result<BTreeMap<Height, ValidatorSet>, ApplicationError> {
    let wrap = |set| ValidatorSet::new(set).ok_or(ApplicationError::Validators);
    let mut validators = BTreeMap::from([(Height(1), wrap(genesis)?)]);
    for (from, set) in store.read().validator_changes(Height::ZERO, usize::MAX)? {
        validators.insert(from, wrap(set)?);
    }
    Ok(validators)
}

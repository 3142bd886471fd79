//! Proofs about a permit at the newest block. A proof that does not verify here is never served.

use std::sync::Arc;

use axum::extract::{Path, Query, State};
use axum::http::header;
use axum::response::IntoResponse;
use ledger::block::Header;
use ledger::digest::{RecordDigest, StateRoot};
use ledger::limits::{PROOF_HANDOVERS_MAX, PROOF_RECORDS_MAX};
use ledger::log::{LogHead, prove_inclusion};
use ledger::party::Height;
use ledger::proof::{HandOver, LoggedRecord, PROOF_VERSION, Proof, StateEntry, Value};
use ledger::record::PermitKey;
use ledger::state::{PagesOf, ReadError, StateKey, View as _};
use ledger::tree::{KeyHash, prove};
use ledger::verdict::needed;
use serde::Deserialize;

use super::Desk;
use super::problem::Problem;
use super::view;
use crate::store::{Reader, Snapshot, Store, StoreError};

/// From where the asker follows the validators.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct From {
    /// Height of the asker's newest checkpoint; hand-overs after it are added.
    from_height: Option<u64>,
    /// Digest of a record about the permit, whose leaf is wanted however many newer ones there are.
    record: Option<String>,
}

/// `GET /v1/proofs/permits/{party}/{number hash}?from_height=N&record=DIGEST`.
pub(super) async fn permit(
    State(desk): State<Arc<Desk>>,
    Path((party, number)): Path<(String, String)>,
    Query(asked): Query<From>,
) -> Result<impl IntoResponse, Problem> {
    let key = view::permit_key(&party, &number)?;
    let record = asked.record.as_deref().map(view::record_digest);
    let record = record.transpose()?;
    let from = Height(asked.from_height.unwrap_or(0));
    desk.in_step()?;
    let proof = make(&desk.store, key, record.as_ref(), from)?;
    Ok(([(header::CONTENT_TYPE, "application/cbor")], proof.encode()))
}

fn make(
    store: &Store,
    permit: PermitKey,
    record: Option<&RecordDigest>,
    from: Height,
) -> Result<Proof, Problem> {
    let snapshot = store.snapshot()?;
    let tip = Arc::clone(snapshot.tip());
    let (Some(header), Some(quorum)) = (tip.header.clone(), tip.quorum.clone()) else {
        let detail = "no block is final yet; try again in a moment";
        return Err(Problem::unavailable("NO_BLOCK_YET", detail));
    };
    let reader = snapshot.read();
    let proof = Proof {
        version: PROOF_VERSION,
        permit,
        entries: entries(&reader, permit)?,
        records: records(&reader, &header, permit, record)?,
        hand_overs: hand_overs(&snapshot, from)?,
        header,
        quorum,
    };
    check(&proof)?;
    Ok(proof)
}

fn entries(reader: &Reader<'_>, permit: PermitKey) -> Result<Vec<StateEntry>, ReadError> {
    let keys = needed(reader, &permit)?;
    keys.iter().map(|key| entry(reader, key)).collect()
}

/// The newest records about the permit, and the one that is asked for, if it is about the permit.
fn records(
    reader: &Reader<'_>,
    header: &Header,
    permit: PermitKey,
    asked: Option<&RecordDigest>,
) -> Result<Vec<LoggedRecord>, StoreError> {
    let mut indices = reader.history(&permit, u64::MAX, PROOF_RECORDS_MAX)?;
    let asked = asked.map(|record| reader.log_index(record)).transpose()?;
    if let Some(index) = asked.flatten()
        && !indices.contains(&index)
        && reader.history(&permit, index.saturating_add(1), 1)? == [index]
    {
        indices.truncate(PROOF_RECORDS_MAX.saturating_sub(1));
        indices.push(index);
    }
    indices.reverse();
    let logged = |index| {
        let leaf = reader.leaf(index)?;
        let missing = || StoreError::Damaged(format!("leaf {index} is missing"));
        Ok(LoggedRecord {
            index,
            leaf: leaf.ok_or_else(missing)?,
            path: prove_inclusion(reader, header.log_size, index)?,
        })
    };
    indices.into_iter().map(logged).collect()
}

pub(super) fn entry(reader: &Reader<'_>, key: &StateKey) -> Result<StateEntry, ReadError> {
    Ok(StateEntry {
        key: key.as_str().to_owned(),
        value: reader.value(KeyHash::of(key.as_ref()))?.map(Value),
        path: prove(&PagesOf(reader), key.as_ref())?,
    })
}

fn hand_overs(snapshot: &Snapshot<'_>, from: Height) -> Result<Vec<HandOver>, StoreError> {
    let reader = snapshot.read();
    let changes = reader.validator_changes(from.next(), PROOF_HANDOVERS_MAX)?;
    let mut hand_overs = Vec::new();
    for (first, next) in changes {
        let last = Height(first.0.saturating_sub(1));
        if let (Some(header), Some(quorum)) = (reader.header(last)?, reader.quorum(last)?) {
            hand_overs.push(HandOver {
                header,
                quorum,
                next,
            });
        }
    }
    Ok(hand_overs)
}

/// A value of the state, after its path was followed to the tip: nothing else is shown to anyone.
pub(super) fn shown(
    snapshot: &Snapshot<'_>,
    key: &StateKey,
) -> Result<Option<Vec<u8>>, StoreError> {
    let entry = entry(&snapshot.read(), key)?;
    check_entry(&entry, snapshot.tip().state_root)?;
    Ok(entry.value.map(|Value(bytes)| bytes))
}

/// A leaf of the log, after its path was followed to the tip.
pub(super) fn shown_leaf(snapshot: &Snapshot<'_>, index: u64) -> Result<Vec<u8>, StoreError> {
    let (reader, head) = (snapshot.read(), snapshot.tip().log);
    let missing = || StoreError::Damaged(format!("leaf {index} is missing"));
    let record = LoggedRecord {
        index,
        leaf: reader.leaf(index)?.ok_or_else(missing)?,
        path: prove_inclusion(&reader, head.size, index)?,
    };
    check_record(&record, &head)?;
    Ok(record.leaf)
}

/// What does not lead to our own tip was changed behind our back.
fn check(proof: &Proof) -> Result<(), StoreError> {
    for entry in &proof.entries {
        check_entry(entry, proof.header.state_root)?;
    }
    let head = proof.header.log();
    proof
        .records
        .iter()
        .try_for_each(|record| check_record(record, &head))
}

pub(super) fn check_entry(entry: &StateEntry, root: StateRoot) -> Result<(), StoreError> {
    let StateEntry { key, value, path } = entry;
    let value = value.as_ref().map(|Value(bytes)| bytes.as_slice());
    path.check(root, key.as_bytes(), value)
        .map_err(|error| StoreError::Damaged(format!("`{key}`: {error}")))
}

fn check_record(record: &LoggedRecord, head: &LogHead) -> Result<(), StoreError> {
    let LoggedRecord { index, leaf, path } = record;
    if path.shows(head, *index, leaf) {
        Ok(())
    } else {
        Err(StoreError::Damaged(format!(
            "leaf {index} is not in the log"
        )))
    }
}

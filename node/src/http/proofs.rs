//! Proofs about a permit at the newest block. A proof that does not verify here is never served.

use std::sync::Arc;

use axum::extract::{Path, Query, State};
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use ledger::block::Header;
use ledger::limits::{PROOF_HANDOVERS_MAX, PROOF_RECORDS_MAX};
use ledger::log::prove_inclusion;
use ledger::party::Height;
use ledger::proof::{HandOver, LoggedRecord, PROOF_VERSION, Proof, StateEntry, Value};
use ledger::record::PermitKey;
use ledger::state::{PagesOf, PermitState, ReadError, StateKey, View as _, read};
use ledger::tree::{KeyHash, prove};
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
}

/// `GET /v1/proofs/permits/{party}/{number hash}?from_height=N`.
pub(super) async fn permit(
    State(desk): State<Arc<Desk>>,
    Path((party, number)): Path<(String, String)>,
    Query(from): Query<From>,
) -> Result<impl IntoResponse, Problem> {
    let key = view::permit_key(&party, &number)?;
    let from = Height(from.from_height.unwrap_or(0));
    let proof = make(&desk.store, key, from)?;
    Ok(([(header::CONTENT_TYPE, "application/cbor")], proof.encode()))
}

fn make(store: &Store, permit: PermitKey, from: Height) -> Result<Proof, Problem> {
    if let Some(why) = store.refuses_to_serve() {
        return Err(Problem::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "REFUSES_TO_SERVE",
            why,
        ));
    }
    let snapshot = store.snapshot()?;
    let tip = Arc::clone(snapshot.tip());
    let (Some(header), Some(quorum)) = (tip.header.clone(), tip.quorum.clone()) else {
        let detail = "no block is final yet; try again in a moment";
        return Err(Problem::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "NO_BLOCK_YET",
            detail,
        ));
    };
    let reader = snapshot.read();
    let made = gather(&reader, &header, permit).map_err(|error| damaged(store, &error.0))?;
    let proof = Proof {
        version: PROOF_VERSION,
        permit,
        entries: made.0,
        records: made.1,
        hand_overs: hand_overs(&snapshot, from)?,
        header,
        quorum,
    };
    check(store, &proof)?;
    Ok(proof)
}

type Gathered = (Vec<StateEntry>, Vec<LoggedRecord>);

fn gather(reader: &Reader<'_>, header: &Header, permit: PermitKey) -> Result<Gathered, ReadError> {
    let state: Option<PermitState> = read(reader, &StateKey::permit(&permit))?;
    let destination = state.and_then(|state| state.destination);
    let mut keys = vec![
        StateKey::permit(&permit),
        StateKey::report(&permit),
        StateKey::parameters(),
        StateKey::party(permit.issuer),
    ];
    keys.extend(
        destination
            .filter(|code| *code != permit.issuer)
            .map(StateKey::party),
    );
    let entries = keys
        .iter()
        .map(|key| entry(reader, key))
        .collect::<Result<_, _>>()?;
    let failed = |error: StoreError| ReadError(error.to_string());
    let mut newest = reader
        .history(&permit, u64::MAX, PROOF_RECORDS_MAX)
        .map_err(failed)?;
    newest.reverse();
    let records = newest.into_iter().map(|index| {
        let leaf = reader.leaf(index).map_err(failed)?;
        let leaf = leaf.ok_or_else(|| ReadError(format!("leaf {index} is missing")))?;
        let path = prove_inclusion(reader, header.log_size, index);
        Ok(LoggedRecord {
            index,
            leaf,
            path: path.map_err(|error| ReadError(error.0))?,
        })
    });
    Ok((entries, records.collect::<Result<_, ReadError>>()?))
}

fn entry(reader: &Reader<'_>, key: &StateKey) -> Result<StateEntry, ReadError> {
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

/// What does not lead to our own tip was changed behind our back: nothing more is served.
fn check(store: &Store, proof: &Proof) -> Result<(), Problem> {
    for StateEntry { key, value, path } in &proof.entries {
        let value = value.as_ref().map(|Value(bytes)| bytes.as_slice());
        if let Err(error) = path.check(proof.header.state_root, key.as_bytes(), value) {
            return Err(damaged(store, &format!("state entry: {error}")));
        }
    }
    for record in &proof.records {
        if !record
            .path
            .shows(&proof.header.log(), record.index, &record.leaf)
        {
            return Err(damaged(
                store,
                &format!("leaf {} is not in the log", record.index),
            ));
        }
    }
    Ok(())
}

fn damaged(store: &Store, why: &str) -> Problem {
    store.refuse_to_serve(why);
    let detail = format!("the database was changed or damaged ({why}); rebuild it from peers");
    Problem::new(
        StatusCode::INTERNAL_SERVER_ERROR,
        "REFUSES_TO_SERVE",
        detail,
    )
}

//! Permits: their status and their history, for people. What must be believed is fetched as a proof.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use ledger::codec;
use ledger::limits::{LEAF_BYTES_MAX, STATE_VALUE_BYTES_MAX};
use ledger::record::{LineQuantity, Statement};
use ledger::signed::Signed;
use ledger::state::{Leaf, PermitState, ReportState, StateKey};
use minicbor::{Decode, Encode};
use serde_json::{Value, json};

use super::Desk;
use super::problem::Problem;
use super::{proofs, view};
use crate::store::{Snapshot, StoreError};

/// Entries of a history that are told.
const HISTORY_MAX: usize = 1_000;

/// `GET /v1/permits/{party}/{number hash}`.
pub(super) async fn permit(
    State(desk): State<Arc<Desk>>,
    Path((party, number)): Path<(String, String)>,
) -> Result<Json<Value>, Problem> {
    let key = view::permit_key(&party, &number)?;
    let snapshot = desk.store.snapshot()?;
    let permit: Option<PermitState> = shown(&snapshot, &StateKey::permit(&key))?;
    let report: Option<ReportState> = shown(&snapshot, &StateKey::report(&key))?;
    Ok(Json(json!({
        "schema": "cites.permit/1",
        "issuer": key.issuer.as_str(),
        "number_hash": view::hash(key.number),
        "permit": permit.as_ref().map(view::permit),
        "report": report.as_ref().map(view::report),
        "as_of": view::as_of(snapshot.tip()),
    })))
}

/// `GET /v1/permits/{party}/{number hash}/history`: every record about the permit, refused ones too.
pub(super) async fn history(
    State(desk): State<Arc<Desk>>,
    Path((party, number)): Path<(String, String)>,
) -> Result<Json<Value>, Problem> {
    let key = view::permit_key(&party, &number)?;
    crate::blocking::run(|| {
        let snapshot = desk.store.snapshot()?;
        let mut indices = snapshot.read().history(&key, u64::MAX, HISTORY_MAX)?;
        indices.reverse();
        let mut events = Vec::new();
        for index in indices {
            events.push(event(&snapshot, index)?);
        }
        Ok(Json(json!({
            "schema": "cites.history/1",
            "issuer": key.issuer.as_str(),
            "number_hash": view::hash(key.number),
            "events": events,
            "as_of": view::as_of(snapshot.tip()),
        })))
    })
}

/// A value of the state, proven to belong to the tip.
pub(super) fn shown<T>(snapshot: &Snapshot<'_>, key: &StateKey) -> Result<Option<T>, StoreError>
where
    T: for<'b> Decode<'b, ()> + Encode<()>,
{
    let bytes = proofs::shown(snapshot, key)?;
    let value = bytes.map(|bytes| codec::decode(&bytes, STATE_VALUE_BYTES_MAX));
    value
        .transpose()
        .map_err(|error| StoreError::Damaged(format!("`{}`: {error}", key.as_str())))
}

fn event(snapshot: &Snapshot<'_>, index: u64) -> Result<Value, Problem> {
    let odd = || StoreError::Damaged(format!("leaf {index} cannot be read"));
    let bytes = proofs::shown_leaf(snapshot, index)?;
    let leaf: Leaf = codec::decode(&bytes, LEAF_BYTES_MAX).map_err(|_| odd())?;
    let signed = Signed::decode(&leaf.signed).map_err(|_| odd())?;
    let record = signed.record();
    let header = snapshot.read().header(leaf.receipt.height)?;
    let header = header.ok_or_else(odd)?;
    Ok(json!({
        "log_index": index.to_string(),
        "record": view::hash(signed.digest()),
        "statement": record.statement.as_str(),
        "author": record.author.as_str(),
        "offices": record.offices.iter().map(|office| office.0).collect::<Vec<_>>(),
        "port": record.statement.port().map(|port| port.to_string()),
        "lines": lines(&record.statement),
        "made_at": record.made_at.to_string(),
        "time": header.time.to_string(),
        "receipt": view::receipt(&leaf.receipt),
    }))
}

fn lines(statement: &Statement) -> Vec<Value> {
    let line = |LineQuantity {
                    line,
                    unit,
                    quantity,
                }: LineQuantity| {
        json!({ "line": line.to_string(), "unit": unit.code(), "quantity": quantity.to_string() })
    };
    statement.quantities().into_iter().map(line).collect()
}

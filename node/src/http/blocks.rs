//! Blocks, headers and log consistency, for auditors and for other nodes' operators.

use std::sync::Arc;

use axum::extract::{Path, Query, State};
use axum::http::header;
use axum::response::IntoResponse;
use ledger::codec;
use ledger::log::prove_consistency;
use ledger::party::Height;
use serde::Deserialize;

use super::Desk;
use super::problem::Problem;
use crate::store::StoreError;

const CBOR: [(header::HeaderName, &str); 1] = [(header::CONTENT_TYPE, "application/cbor")];

/// `GET /v1/blocks/{height}`: the block's bytes as they were decided.
pub(super) async fn block(
    State(desk): State<Arc<Desk>>,
    Path(height): Path<u64>,
) -> Result<impl IntoResponse, Problem> {
    let bytes = crate::blocking::run(|| desk.store.read().block_bytes(Height(height)))?;
    bytes
        .map(|bytes| (CBOR, bytes))
        .ok_or_else(|| no_block(height))
}

/// `GET /v1/blocks/{height}/header`.
pub(super) async fn header(
    State(desk): State<Arc<Desk>>,
    Path(height): Path<u64>,
) -> Result<impl IntoResponse, Problem> {
    let found = desk.store.read().header(Height(height))?;
    found
        .map(|header| (CBOR, codec::encode(&header)))
        .ok_or_else(|| no_block(height))
}

/// Two sizes of the log.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Sizes {
    old: u64,
    new: u64,
}

/// `GET /v1/log/consistency?old=N&new=M`: that the log of N records is the beginning of that of M.
pub(super) async fn consistency(
    State(desk): State<Arc<Desk>>,
    Query(sizes): Query<Sizes>,
) -> Result<impl IntoResponse, Problem> {
    let size = desk.store.tip().log.size;
    if sizes.old == 0 || sizes.old > sizes.new || sizes.new > size {
        return Err(Problem::bad(format!("0 < old ≤ new ≤ {size}")));
    }
    let path = crate::blocking::run(|| prove_consistency(&*desk.store, sizes.new, sizes.old));
    Ok((CBOR, codec::encode(&path.map_err(StoreError::from)?)))
}

fn no_block(height: u64) -> Problem {
    Problem::not_found(format!("no final block at height {height} here"))
}

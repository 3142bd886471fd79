//! What the rules would say of a record, before anybody signs it, or why they refused it. Nothing is stored.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use ledger::codec;
use ledger::limits::RECORD_BYTES_MAX;
use ledger::party::Office;
use ledger::reason::Reason;
use ledger::record::Record;
use ledger::state::{At, Execution, StateKey, read};
use serde_json::{Value, json};

use super::Desk;
use super::problem::Problem;
use super::view;
use crate::clock::now;

/// `POST /v1/judgements`: the bytes of a record, signed by nobody.
pub(super) async fn judge(
    State(desk): State<Arc<Desk>>,
    body: Bytes,
) -> Result<Json<Value>, Problem> {
    let record: Record = codec::decode(&body, RECORD_BYTES_MAX)
        .map_err(|error| Problem::bad(format!("not a record: {error}")))?;
    record.check_form().map_err(Problem::bad)?;
    desk.in_step()?;
    if record.chain != desk.store.chain() {
        return Err(Problem::bad("the record is made for another network"));
    }
    // A permit of many lines cites many others.
    crate::blocking::run(|| told(&desk, &record)).map(Json)
}

fn told(desk: &Desk, record: &Record) -> Result<Value, Problem> {
    let snapshot = desk.store.snapshot()?;
    let tip = snapshot.tip();
    let at = At {
        chain: desk.store.chain(),
        height: tip.height().next(),
        time: now().max(tip.time().plus_ms(1)),
        log_size: tip.log.size,
    };
    let reader = snapshot.read();
    let mut roles = Vec::new();
    for number in &record.offices {
        let office: Option<Office> = read(&reader, &StateKey::office(record.author, *number))?;
        roles.extend(office.map(|office| office.role));
    }
    let judgement = Execution::begin(&reader, at)?.explain(record, &roles)?;
    let rows = |rows: &[(Reason, &str)]| -> Vec<Value> {
        let row =
            |(reason, words): &(Reason, &str)| json!({ "code": reason.code(), "rule": words });
        rows.iter().map(row).collect()
    };
    Ok(json!({
        "schema": "cites.judgement/1",
        "statement": record.statement.as_str(),
        "refused": judgement.broken.first().map(|(reason, _)| reason.code()),
        "broken": rows(&judgement.broken),
        "warnings": rows(&judgement.doubts),
        "as_of": view::as_of(tip),
    }))
}

//! Records: submit one, ask what became of it.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::Value;
use tokio::time::Instant;

use super::problem::Problem;
use super::view::{record_digest, record_status};
use super::{Desk, WAIT_MAX};
use crate::intake::Rejected;
use crate::store::RecordStatus;

/// How long to wait, and for what.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Wait {
    /// `accepted` (default): answer when the record is durable here. `final`: when it is in a final block.
    wait: Option<String>,
    /// Longest wait, at most 60 s.
    timeout_ms: Option<u64>,
}

impl Wait {
    fn deadline(&self) -> Result<Instant, Problem> {
        let asked = match self.wait.as_deref() {
            None | Some("accepted") => Duration::ZERO,
            Some("final") => self.timeout_ms.map_or(WAIT_MAX, Duration::from_millis),
            Some(_) => return Err(Problem::bad("`wait` is `accepted` or `final`")),
        };
        Ok(Instant::now() + asked.min(WAIT_MAX))
    }
}

/// `POST /v1/records`: 202 once durable, 200 once final (also where it was refused).
pub(super) async fn submit(
    State(desk): State<Arc<Desk>>,
    Query(wait): Query<Wait>,
    body: Bytes,
) -> Result<(StatusCode, Json<Value>), Problem> {
    let deadline = wait.deadline()?;
    let record = match desk.intake.submit(&body).await {
        Ok(record) => record,
        Err(rejected @ Rejected::Inadmissible(_)) => {
            // Judged by an old state. What may enter is taken in all the same: it waits, and is passed on.
            desk.in_step()?;
            return Err(rejected.into());
        }
        Err(rejected) => return Err(rejected.into()),
    };
    let status = desk.intake.settled(record, deadline).await?;
    let code = match status {
        RecordStatus::Waiting | RecordStatus::Unknown => StatusCode::ACCEPTED,
        RecordStatus::Final { .. } | RecordStatus::NotIncluded(_) => StatusCode::OK,
    };
    Ok((code, Json(record_status(&record, &status))))
}

/// `GET /v1/records/{record}`.
pub(super) async fn status(
    State(desk): State<Arc<Desk>>,
    Path(record): Path<String>,
) -> Result<Json<Value>, Problem> {
    let record = record_digest(&record)?;
    let mut status = desk.store.record_status(&record)?;
    if status == RecordStatus::Unknown && desk.waiting.contains(&record) {
        status = RecordStatus::Waiting;
    }
    if status == RecordStatus::Unknown {
        return Err(Problem::not_found("this node knows no such record"));
    }
    Ok(Json(record_status(&record, &status)))
}

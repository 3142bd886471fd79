//! `GET /metrics`: this node's own figures and Malachite's, in the OpenMetrics text form.

use std::fmt::Write as _;
use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;
use axum::routing::get;

use crate::engine::metrics;
use crate::http::Desk;

/// What a scraper expects.
const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

pub(super) fn routes(desk: Arc<Desk>) -> Router {
    Router::new().route("/metrics", get(all)).with_state(desk)
}

async fn all(State(desk): State<Arc<Desk>>) -> impl IntoResponse {
    let mut text = own(&desk);
    // Ends with the mark of the end.
    metrics::export(&mut text);
    ([(header::CONTENT_TYPE, CONTENT_TYPE)], text)
}

/// Name, kind, meaning, value.
fn own(desk: &Desk) -> String {
    let tip = desk.store.tip();
    let flushes = desk.store.flushes();
    let rows: [(&str, &str, &str, u64); 12] = [
        ("height", "gauge", "Newest final block", tip.height().0),
        (
            "block_time_ms",
            "gauge",
            "Its time, milliseconds since 1970",
            tip.time().0,
        ),
        ("log_records", "gauge", "Records in the log", tip.log.size),
        (
            "waiting_records",
            "gauge",
            "Records that wait for a block",
            desk.waiting.len() as u64,
        ),
        (
            "outbox_records",
            "gauge",
            "Records this node answers for",
            desk.store.outbox_len() as u64,
        ),
        (
            "gossip_peers",
            "gauge",
            "Nodes connected for records",
            *desk.gossip_peers.borrow() as u64,
        ),
        (
            "signs",
            "gauge",
            "1 while this node signs votes",
            u64::from(desk.progress.borrow().signs),
        ),
        (
            "flushes_commit",
            "counter",
            "Synced writes of blocks",
            flushes.commit,
        ),
        (
            "flushes_undecided",
            "counter",
            "Synced writes of undecided blocks",
            flushes.undecided,
        ),
        (
            "flushes_outbox",
            "counter",
            "Synced writes of groups of records",
            flushes.outbox,
        ),
        (
            "flushes_evidence",
            "counter",
            "Synced writes of evidence",
            flushes.evidence,
        ),
        (
            "flushes_guard",
            "counter",
            "Synced writes of the signer guard",
            desk.progress.borrow().guard_flushes,
        ),
    ];
    let mut text = String::new();
    for (name, kind, meaning, value) in rows {
        let total = if kind == "counter" { "_total" } else { "" };
        // Writing to a String cannot fail.
        let _infallible = writeln!(
            text,
            "# HELP cites_{name} {meaning}.\n# TYPE cites_{name} {kind}\ncites_{name}{total} {value}"
        );
    }
    text
}

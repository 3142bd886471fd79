//! The node in one look.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};

use super::Desk;
use super::problem::Problem;
use super::step::Step;
use super::view::hash;

/// `GET /healthz`: 200 while this node serves.
pub(super) async fn health(State(desk): State<Arc<Desk>>) -> Result<&'static str, Problem> {
    match desk.store.refuses_to_serve() {
        None => Ok("ok\n"),
        Some(why) => Err(Problem::refuses(why)),
    }
}

/// `GET /v1/status`.
pub(super) async fn status(State(desk): State<Arc<Desk>>) -> Json<Value> {
    let tip = desk.store.tip();
    let progress = *desk.progress.borrow();
    let role = match (desk.is_validator, progress.signs) {
        (true, true) => "validator",
        (true, false) => "observer",
        (false, _) => "follower",
    };
    let flushes = desk.store.flushes();
    Json(json!({
        "schema": "cites.status/1",
        "party": desk.party.as_str(),
        "network": desk.network,
        "chain": hash(desk.store.chain()),
        "version": env!("CARGO_PKG_VERSION"),
        "role": role,
        "height": tip.height().to_string(),
        "block": hash(tip.block),
        "time": tip.time().to_string(),
        "state_root": hash(tip.state_root),
        "log_size": tip.log.size.to_string(),
        "log_root": hash(tip.log.root),
        "validators": tip.validators.len(),
        "round": progress.round.0,
        "idle": progress.is_idle,
        "peers_height": desk.believed_tip().map(|tip| tip.to_string()),
        "in_sync": match desk.step() {
            Step::Unknown => None,
            Step::With => Some(true),
            Step::Behind(_) => Some(false),
        },
        "gossip_peers": *desk.gossip_peers.borrow(),
        "waiting": desk.waiting.len(),
        "outbox": desk.store.outbox_len(),
        "refuses_to_serve": desk.store.refuses_to_serve(),
        "flushes": {
            "commit": flushes.commit,
            "undecided": flushes.undecided,
            "outbox": flushes.outbox,
            "evidence": flushes.evidence,
            "guard": progress.guard_flushes,
        },
        "uptime_s": desk.started.elapsed().as_secs(),
    }))
}

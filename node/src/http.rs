//! The HTTP door of a node: submit a signed record, ask what became of it, fetch a proof, see the status.
//!
//! Loopback by default. URLs carry hashes, never permit numbers. Nothing here signs, and nothing a client
//! is told has to be believed: proofs verify by themselves. Every body, wait, header and connection is
//! limited.
//!
//! Requests have threads of their own: what they read from disk keeps nobody waiting but other clients. What
//! reads more than a few entries says so with `blocking::run`.

mod blocks;
mod door;
mod judgements;
mod permits;
mod problem;
mod proofs;
mod records;
mod registers;
mod serve;
mod status;
mod step;
mod view;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::routing::{get, post};
use ledger::limits::RECORD_BYTES_MAX;
use ledger::party::PartyCode;
use tokio::sync::{Semaphore, watch};
use tower_http::limit::RequestBodyLimitLayer;

pub use serve::{Threads, serve};

use crate::application::{Progress, Waiting};
use crate::engine::heard::Heard;
use crate::intake::Intake;
use crate::store::Store;

/// Requests served at the same time, those that wait for finality among them; more are sent away at once.
/// How the node is can be asked beyond that.
const REQUESTS_MAX: usize = 2_048;
/// Longest wait for finality that a client may ask for.
const WAIT_MAX: Duration = Duration::from_secs(60);

/// What the door opens to.
#[derive(Debug)]
pub struct Desk {
    /// The Party that runs this node.
    pub party: PartyCode,
    /// Name of the network.
    pub network: String,
    /// Decided blocks and the state.
    pub store: Arc<Store>,
    /// Records that wait for a block.
    pub waiting: Arc<Waiting>,
    /// The way in.
    pub intake: Intake,
    /// How far consensus is.
    pub progress: watch::Receiver<Progress>,
    /// What other nodes say of theirs.
    pub heard: Arc<Heard>,
    /// Whether this node has a voting key.
    pub is_validator: bool,
    /// Other nodes connected for gossip.
    pub gossip_peers: watch::Receiver<usize>,
    /// When this process began.
    pub started: std::time::Instant,
}

/// All routes.
#[must_use]
pub fn routes(desk: Arc<Desk>) -> Router {
    routes_with(desk, Arc::new(Semaphore::new(REQUESTS_MAX)))
}

fn routes_with(desk: Arc<Desk>, places: Arc<Semaphore>) -> Router {
    let ledger = Router::new()
        .route("/v1/records", post(records::submit))
        .route("/v1/records/{record}", get(records::status))
        .route("/v1/permits/{party}/{number}", get(permits::permit))
        .route(
            "/v1/permits/{party}/{number}/history",
            get(permits::history),
        )
        .route("/v1/proofs/permits/{party}/{number}", get(proofs::permit))
        .route("/v1/judgements", post(judgements::judge))
        .route("/v1/registers/{party}", get(registers::registers))
        .route("/v1/quotas/{party}/{year}/{species}", get(registers::quota))
        .route("/v1/papers/{party}/{number}", get(registers::paper))
        .route("/v1/statistics/{party}/{year}", get(registers::statistics))
        .route("/v1/signals/{signal}/{party}", get(registers::signals))
        .route("/v1/blocks/{height}", get(blocks::block))
        .route("/v1/blocks/{height}/header", get(blocks::header))
        .route("/v1/log/consistency", get(blocks::consistency))
        .route_layer(from_fn_with_state(Arc::clone(&desk), door::sound))
        .route_layer(from_fn_with_state(places, door::room));
    Router::new()
        .route("/healthz", get(status::health))
        .route("/v1/status", get(status::status))
        .merge(ledger)
        .fallback(problem::no_such_page)
        .layer(RequestBodyLimitLayer::new(RECORD_BYTES_MAX))
        .with_state(desk)
}

#[cfg(test)]
mod tests;

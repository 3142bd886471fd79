//! Malachite listens: where to begin, and when.
//!
//! Its first round would be lost with no peer connected, so the answer waits until enough are, or until a
//! bound. It waits in a task of its own: the engine asks the application for nothing else meanwhile.

use std::sync::Arc;
use std::time::Duration;

use consensus::context::{Context, Height as EngineHeight};
use malachitebft_app_channel::NetworkRequest;
use malachitebft_core_types::{HeightParams, ValidatorSet as _};
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;
use tracing::{error, info};

use super::{Application, answer};

/// How often the network is asked for its peers.
const ASK_INTERVAL: Duration = Duration::from_millis(20);
/// A new connection carries messages only once both sides have told what they subscribe to.
const SETTLE: Duration = Duration::from_millis(100);

type Reply = oneshot::Sender<(EngineHeight, HeightParams<Context>)>;

/// Answers once enough validators are connected.
pub(super) fn handle(
    application: &mut Application,
    network: &mpsc::Sender<NetworkRequest>,
    reply: Reply,
) {
    let height = application.next_height();
    let params = match application.height_params(height) {
        Ok(params) => params,
        Err(error) => return error!(%error, "no height to begin with"),
    };
    // With this node, more than two thirds.
    let peers_min = params.validator_set.count().saturating_mul(2) / 3;
    // And their tips, or this node's first turns would pass without a signature.
    let heard = Arc::clone(&application.heard);
    let validators = params.validator_set.count();
    let signs = application.key.is_some();
    let network = network.clone();
    let deadline = Instant::now() + application.pace.connect_max;
    tokio::spawn(async move {
        let mut peers = connected(&network).await?;
        let is_unheard = || signs && heard.believed_tip(validators).is_none();
        while (peers < peers_min || is_unheard()) && Instant::now() < deadline {
            tokio::time::sleep(ASK_INTERVAL).await;
            peers = connected(&network).await?;
        }
        if peers_min > 0 {
            tokio::time::sleep(SETTLE).await;
        }
        info!(height = height.0, peers, peers_min, "consensus begins");
        answer(reply, (EngineHeight(height), params));
        Some(())
    });
}

/// How many nodes are connected; `None` once the engine has ended.
pub(super) async fn connected(network: &mpsc::Sender<NetworkRequest>) -> Option<usize> {
    match NetworkRequest::dump_state(network).await {
        Ok(Some(state)) => Some(state.peers.len()),
        Ok(None) => Some(0),
        Err(_) => None,
    }
}

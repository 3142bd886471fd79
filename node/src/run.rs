//! One node from its configuration to its end: the wiring, on one screen.
//!
//! ```text
//! HTTP ─┐                                       ┌─ Malachite ─ other validators
//! gossip┼→ intake → waiting → application ⇄ engine
//! outbox┘     ↘ outbox            ↘ guard, then store → HTTP
//! ```

mod failure;
mod membership;
mod metrics;

use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant};

use consensus::guard::Local;
use consensus::signing::GuardedKey;
use genesis::Genesis;
use ledger::state::memory::initial_changes;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tracing::{info, warn};

pub use crate::application::Ended;
pub use failure::RunError;

use crate::application::{Application, Claims, Pace, Parts, Progress, SharedNotes, Waiting};
use crate::config::Config;
use crate::engine::{self, NodeKey};
use crate::gossip::{self, Received};
use crate::guard::{FileGuard, FolderLock};
use crate::http::{self, Desk};
use crate::identity::Identity;
use crate::intake::Intake;
use crate::store::Store;

/// Records from other nodes that wait to be judged.
const INBOUND_MAX: usize = 1_024;
/// Records from other nodes that are judged at the same time: one batch of the intake.
const JUDGED_MAX: usize = 512;
/// Records for which this node answers, on their way to gossip.
const OUTGOING_MAX: usize = 4_096;
/// The outbox is published again this often, and whenever a node connects.
const PUBLISH_AGAIN: Duration = Duration::from_secs(10);
/// Longest wait for threads that still use the database when the node ends.
const CLOSE_MAX: Duration = Duration::from_secs(5);

/// Runs the node until `stop` is done or it is to start again, then ends it in good order.
///
/// # Errors
/// [`RunError`]: it did not start, or had to stop.
pub async fn run(config: Config, stop: impl Future<Output = ()>) -> Result<Ended, RunError> {
    let started = Instant::now();
    let genesis = config.genesis()?;
    let identity = Identity::load(&config.home)?;
    let own = membership::own_node(&genesis, config.party, &identity)?;
    let folder = config.data_folder();
    if !folder.is_dir() {
        return Err(RunError::NotAccepted(folder));
    }
    let _lock = FolderLock::take(&folder)?;
    let store = Arc::new(open_store(&config, &genesis)?);
    let key = own.voting.map(|_| voting_key(&config, &identity, &store));
    let key = key.transpose()?.map(Arc::new);
    let http = listen(config.listen.http).await?;
    let metrics = listen(config.listen.metrics).await?;
    let threads = http::Threads::start().map_err(|source| RunError::Listen {
        address: config.listen.http,
        source,
    })?;

    let notes = SharedNotes::default();
    let settings = membership::engine_settings(&config, &genesis, &identity)?;
    let engine = engine::start(settings, key.clone(), notes.clone())
        .await
        .map_err(RunError::Engine)?;
    let waiting = Arc::new(Waiting::default());
    let claims = Arc::new(Claims::default());
    let parts = Parts {
        store: Arc::clone(&store),
        waiting: Arc::clone(&waiting),
        claims: Arc::clone(&claims),
        key,
        notes,
        heard: Arc::clone(&engine.heard),
        genesis_validators: genesis.validators().clone(),
    };
    let application = Application::new(parts, Pace::default())?;
    let progress = application.progress();

    let (outgoing, published) = mpsc::channel(OUTGOING_MAX);
    let intake = Intake::start(Arc::clone(&store), Arc::clone(&waiting), claims, outgoing)
        .map_err(RunError::Intake)?;
    let (sender, inbound) = mpsc::channel(INBOUND_MAX);
    let settings = membership::gossip_settings(&config, &genesis, &identity)?;
    let gossip = gossip::spawn(settings, membership::keypair(&identity)?, sender).await?;
    let (announce, gossip_peers) = watch::channel(0);
    let desk = Arc::new(Desk {
        party: config.party,
        network: genesis.network().to_string(),
        store: Arc::clone(&store),
        waiting,
        intake: intake.clone(),
        progress: progress.clone(),
        heard: engine.heard,
        is_validator: own.voting.is_some(),
        gossip_peers,
        started,
    });

    let mut tasks = JoinSet::new();
    tasks.spawn(publish(published, gossip.clone()));
    tasks.spawn(hear(inbound, intake.clone()));
    tasks.spawn(publish_again(gossip, announce, intake.clone()));
    tasks.spawn(follow_tip(progress, intake));
    let doors = [
        (metrics, metrics::routes(Arc::clone(&desk))),
        (http, http::routes(desk)),
    ];
    for (listener, routes) in doors {
        let door = http::serve(listener, routes, std::future::pending());
        tasks.spawn_on(door, threads.handle());
    }
    info!(
        party = %config.party,
        network = %genesis.network(),
        fingerprint = %genesis.fingerprint(),
        height = store.tip().height().0,
        http = %config.listen.http,
        "the node runs"
    );
    let ended = application.run(engine.channels, stop).await;
    // First the doors, then consensus, the store last.
    tasks.shutdown().await;
    drop(threads);
    engine::stop(engine.handle).await;
    let height = store.tip().height();
    close(store).await;
    info!(height = height.0, "the node has stopped");
    Ok(ended?)
}

/// Closes the database, for whoever opens it next: a thread may still be at its last record or answer.
async fn close(store: Arc<Store>) {
    let waits = async {
        while Arc::strong_count(&store) > 1 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    if tokio::time::timeout(CLOSE_MAX, waits).await.is_err() {
        warn!("the database is still in use; it closes with the process");
    }
}

fn open_store(config: &Config, genesis: &Genesis) -> Result<Store, RunError> {
    let (_, initial) = initial_changes(genesis.initial_state());
    let path = config.data_folder().join("store");
    Ok(crate::blocking::run(|| {
        Store::open(&path, genesis.chain_id(), &initial)
    })?)
}

/// The voting key, behind a guard that was judged against store and log.
fn voting_key(config: &Config, identity: &Identity, store: &Store) -> Result<NodeKey, RunError> {
    let folder = config.data_folder();
    let public = identity.voting().public();
    let log = engine::examine_log(&folder, &public).map_err(RunError::Log)?;
    let local = Local {
        tip: store.tip().height(),
        log,
    };
    let guard = FileGuard::open(&folder, store.chain(), &public, &local);
    let guard = guard.map_err(RunError::Guard)?;
    Ok(GuardedKey::new(
        store.chain(),
        identity.voting().clone(),
        guard,
    ))
}

async fn listen(address: std::net::SocketAddr) -> Result<TcpListener, RunError> {
    TcpListener::bind(address)
        .await
        .map_err(|source| RunError::Listen { address, source })
}

/// Records for which this node answers go out once they are durable.
async fn publish(mut records: mpsc::Receiver<Arc<ledger::signed::Signed>>, gossip: gossip::Handle) {
    while let Some(signed) = records.recv().await {
        if !gossip.publish(signed.bytes().to_vec()) {
            warn!("too many records wait to be published; they are published again later");
        }
    }
}

/// Records from other nodes come in, several at once so that they share a batch.
async fn hear(mut inbound: mpsc::Receiver<Received>, intake: Intake) {
    let mut judging = JoinSet::new();
    while let Some(Received { bytes, reply, .. }) = inbound.recv().await {
        while judging.len() >= JUDGED_MAX {
            judging.join_next().await;
        }
        while judging.try_join_next().is_some() {}
        let intake = intake.clone();
        judging.spawn(async move {
            // Gossip gives up on an answer that takes too long.
            let _given_up = reply.send(intake.hear(&bytes).await);
        });
    }
}

/// What was published while nobody listened is published again: at intervals, and to whoever connects.
async fn publish_again(gossip: gossip::Handle, announce: watch::Sender<usize>, intake: Intake) {
    let mut peers = gossip.peers();
    let mut interval = tokio::time::interval(PUBLISH_AGAIN);
    let mut count = 0;
    loop {
        tokio::select! {
            _ = interval.tick() => {}
            changed = peers.changed() => {
                if changed.is_err() {
                    return;
                }
                let before = std::mem::replace(&mut count, peers.borrow_and_update().len());
                announce.send_replace(count);
                if count <= before {
                    continue;
                }
                // It tells what it wants to hear in the first moment of a connection.
                tokio::time::sleep(Duration::from_millis(500)).await;
            }
        }
        // Connected or not: what is kept is looked through too.
        intake.send_again();
    }
}

/// Every new block may be what a record waited for.
async fn follow_tip(mut progress: watch::Receiver<Progress>, intake: Intake) {
    let mut tip = progress.borrow_and_update().tip;
    while progress.changed().await.is_ok() {
        let now = progress.borrow_and_update().tip;
        if std::mem::replace(&mut tip, now) != now {
            intake.tip_moved();
        }
    }
}

#[cfg(test)]
mod tests;

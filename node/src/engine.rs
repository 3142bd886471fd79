//! Starts Malachite: libp2p over TCP among known peers, value sync, write-ahead log.
//!
//! `engine/` and `application/` are the only places that name Malachite's engine. Its generic code is compiled
//! here once, at the only call of `EngineBuilder::build`.

pub mod codec;
pub mod heard;
mod log;
mod status;

pub use malachitebft_app_channel::app::metrics;
pub use status::{ANSWERS, ASKS};

use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use consensus::context::Context;
use consensus::guard::{LogFound, LogMark};
use consensus::parts::CHUNK_BYTES;
use consensus::signing::{Checker, GuardedKey};
use consensus::validators::Address;
use consensus::wire::{
    CONSENSUS_BYTES_MAX, LIVENESS_BYTES_MAX, PART_BYTES_MAX, SYNC_RESPONSE_BYTES_MAX,
};
use ledger::digest::{ChainId, hex};
use ledger::key::PublicKey;
use ledger::limits::SYNC_REPLY_BYTES_MAX;
use libp2p::identity::Keypair;
use libp2p::multiaddr::Protocol;
use libp2p::{Multiaddr, PeerId};
use malachitebft_app_channel::app::config::{
    ConsensusConfig, DiscoveryConfig, NodeConfig, P2pConfig, ProtocolNames, PubSubMaxSizePerTopic,
    ValuePayload, ValueSyncConfig,
};
use malachitebft_app_channel::app::types::codec::Codec as _;
use malachitebft_app_channel::{
    Channels, ConsensusContext, EngineBuilder, EngineHandle, NetworkContext, NetworkIdentity,
    RequestContext, SyncContext, WalContext,
};

use malachitebft_signing::Signer;

use crate::application::SharedNotes;
use crate::engine::codec::WireCodec;
use crate::engine::heard::Heard;
use crate::engine::status::Statuses;
use crate::guard::FileGuard;

/// Messages of one height that wait while this node is behind: one round of 185 validators is 369.
const QUEUE_PER_HEIGHT: usize = 4_000;
/// Heights ahead of ours whose messages wait.
const QUEUE_HEIGHTS: usize = 10;
/// Room for libp2p's own framing around a message.
const FRAMING_BYTES: usize = 4 * 1024;
/// Blocks asked for in one request of a node that catches up.
const SYNC_BATCH: usize = 16;
/// Connections from one address: several nodes share it on loopback only.
const CONNECTIONS_PER_ADDRESS: usize = 5;
const CONNECTIONS_PER_LOOPBACK_ADDRESS: usize = 1_000;
/// Zero: a node tells its tip when it decides and when a peer connects. So a node that is behind knows at
/// once, and an idle network is silent.
const STATUS_INTERVAL: Duration = Duration::ZERO;
/// How long an answer to a node that catches up may take.
const SYNC_TIMEOUT: Duration = Duration::from_secs(10);
const LOG_FOLDER: &str = "consensus";
const LOG_FILE: &str = "log";

/// The voting key behind the guard on this node's disk.
pub type NodeKey = GuardedKey<FileGuard>;

/// Another node, as genesis and `node.toml` name it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Peer {
    /// An IP address and TCP port, no DNS name.
    pub address: Multiaddr,
    /// Its identity.
    pub id: PeerId,
}

/// What the engine needs to know.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The chain.
    pub chain: ChainId,
    /// How this node is called in its peers' logs: its Party.
    pub name: String,
    /// Where it listens: IP address and TCP port.
    pub listen: Multiaddr,
    /// The nodes it talks to, and no others.
    pub peers: Vec<Peer>,
    /// The validators' nodes: their word about their tips counts.
    pub validators: Vec<PeerId>,
    /// Its identity among peers.
    pub keypair: Keypair,
    /// The data folder.
    pub folder: PathBuf,
}

/// The engine's log within the data folder.
#[must_use]
pub fn log_path(folder: &Path) -> PathBuf {
    folder.join(LOG_FOLDER).join(LOG_FILE)
}

/// What the write-ahead log in `folder` says; a damaged one is set aside. To be called before the guard is
/// opened and before [`start`].
///
/// # Errors
/// Whatever the disk says.
pub fn examine_log(folder: &Path, key: &PublicKey) -> std::io::Result<Option<LogMark>> {
    log::examine(&log_path(folder), key)
}

/// What the write-ahead log in `folder` says, without changing anything.
///
/// # Errors
/// Whatever the disk says.
pub fn look_at_log(folder: &Path, key: &PublicKey) -> std::io::Result<LogFound> {
    log::look(&log_path(folder), key)
}

/// A running engine.
pub struct Engine {
    /// Its messages to the application, and the way back.
    pub channels: Channels<Context>,
    /// Its actors. When they end, so must the node.
    pub handle: EngineHandle,
    /// What it hears from other nodes.
    pub heard: Arc<Heard>,
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Engine")
            .field("heard", &self.heard)
            .finish_non_exhaustive()
    }
}

/// Starts the engine: as a validator with `key`, which votes at the heights whose set names it; without one
/// as a follower, at `address`.
///
/// # Errors
/// Where an address is in use or the log cannot be opened.
pub async fn start(
    settings: Settings,
    key: Option<Arc<NodeKey>>,
    notes: SharedNotes,
) -> eyre::Result<Engine> {
    let context = Context {
        chain: settings.chain,
    };
    let heard = Arc::new(Heard::default());
    let validators = settings.validators.iter().copied();
    let codec = WireCodec {
        heard: Arc::clone(&heard),
        statuses: Statuses::new(settings.chain, settings.keypair.clone(), validators)?,
    };
    let verifier = Box::new(Checker::new(settings.chain, notes));
    let (identity, consensus) = match key {
        Some(key) => {
            let proof = key.prove_peer(settings.keypair.public().to_peer_id().to_bytes());
            let identity = NetworkIdentity::new_validator(
                settings.name.clone(),
                settings.keypair.clone(),
                key.address().to_string(),
                codec.encode(&proof)?,
            );
            let address = key.address();
            let signer: Arc<dyn Signer<Context>> = key;
            (
                identity,
                ConsensusContext::new_validator(address, verifier, Box::new(signer)),
            )
        }
        None => {
            let (name, keypair) = (settings.name.clone(), settings.keypair.clone());
            let identity = NetworkIdentity::new(name, keypair, None);
            let address = follower_address(&settings)?;
            (identity, ConsensusContext::new_full_node(address, verifier))
        }
    };
    let log = log_path(&settings.folder);
    let (channels, handle) = EngineBuilder::new(context, Config::new(settings)?)
        .with_default_wal(WalContext::new(log, codec.clone()))
        .with_default_network(NetworkContext::new(identity, codec.clone()))
        .with_default_sync(SyncContext::new(codec))
        .with_default_consensus(consensus)
        .with_default_request(RequestContext::new(REQUESTS))
        .build()
        .await?;
    Ok(Engine {
        channels,
        handle,
        heard,
    })
}

/// Ends the engine and waits until its actors are gone.
pub async fn stop(handle: EngineHandle) {
    handle.actor.stop(None);
    if let Err(error) = handle.handle.await {
        tracing::warn!(%error, "the consensus engine did not end well");
    }
}

/// Requests to the engine that may wait.
const REQUESTS: usize = 100;

/// A follower's address is its peer key: in no validator set, since voting keys are others.
fn follower_address(settings: &Settings) -> eyre::Result<Address> {
    let key = settings.keypair.public().try_into_ed25519()?;
    Ok(Address(PublicKey::from_bytes(&key.to_bytes())?))
}

/// Malachite's configuration, all of it from [`Settings`] and the constants above.
struct Config {
    name: String,
    consensus: ConsensusConfig,
    sync: ValueSyncConfig,
}

impl NodeConfig for Config {
    fn moniker(&self) -> &str {
        &self.name
    }

    fn consensus(&self) -> &ConsensusConfig {
        &self.consensus
    }

    fn consensus_mut(&mut self) -> &mut ConsensusConfig {
        &mut self.consensus
    }

    fn value_sync(&self) -> &ValueSyncConfig {
        &self.sync
    }

    fn value_sync_mut(&mut self) -> &mut ValueSyncConfig {
        &mut self.sync
    }
}

impl Config {
    fn new(settings: Settings) -> eyre::Result<Self> {
        let p2p = P2pConfig {
            protocol_names: protocol_names(settings.chain),
            discovery: discovery(&settings),
            pubsub_max_size: size(PART_BYTES_MAX.max(LIVENESS_BYTES_MAX) + FRAMING_BYTES)?,
            pubsub_max_size_per_topic: PubSubMaxSizePerTopic {
                consensus: Some(size(CONSENSUS_BYTES_MAX)?),
                proposal_parts: Some(size(PART_BYTES_MAX)?),
                liveness: Some(size(LIVENESS_BYTES_MAX)?),
            },
            rpc_max_size: size(SYNC_RESPONSE_BYTES_MAX + FRAMING_BYTES)?,
            persistent_peers: settings.peers.iter().map(with_identity).collect(),
            persistent_peers_only: true,
            listen_addr: settings.listen,
            ..P2pConfig::default()
        };
        Ok(Self {
            name: settings.name,
            consensus: ConsensusConfig {
                enabled: true,
                p2p,
                value_payload: ValuePayload::ProposalAndParts,
                queue_capacity: QUEUE_HEIGHTS,
                queue_per_height_capacity: QUEUE_PER_HEIGHT,
            },
            sync: ValueSyncConfig {
                status_update_interval: STATUS_INTERVAL,
                request_timeout: SYNC_TIMEOUT,
                max_response_size: size(SYNC_REPLY_BYTES_MAX)?,
                batch_size: SYNC_BATCH,
                ..ValueSyncConfig::default()
            },
        })
    }
}

/// A size in the type of Malachite's configuration, which its crates do not name for us.
fn size<T: FromStr>(bytes: usize) -> eyre::Result<T> {
    format!("{bytes} B")
        .parse()
        .map_err(|_| eyre::eyre!("not a size: {bytes}"))
}

/// Nodes of another chain do not understand each other from the first byte.
fn protocol_names(chain: ChainId) -> ProtocolNames {
    let short = hex(chain.as_ref().get(..8).unwrap_or_default());
    let name = |what: &str| format!("/cites/{short}/{what}/1");
    ProtocolNames {
        consensus: name("consensus"),
        discovery_kad: name("discovery-kad"),
        discovery_regres: name("discovery"),
        sync: name("sync"),
        validator_proof: name("validator-proof"),
    }
}

fn discovery(settings: &Settings) -> DiscoveryConfig {
    let is_loopback = settings.listen.iter().any(|part| match part {
        Protocol::Ip4(address) => address.is_loopback(),
        Protocol::Ip6(address) => address.is_loopback(),
        _ => false,
    });
    let peers_max = settings.peers.len().saturating_add(10);
    DiscoveryConfig {
        enabled: false,
        num_outbound_peers: peers_max,
        num_inbound_peers: peers_max,
        max_connections_per_ip: if is_loopback {
            CONNECTIONS_PER_LOOPBACK_ADDRESS
        } else {
            CONNECTIONS_PER_ADDRESS
        },
        ..DiscoveryConfig::default()
    }
}

fn with_identity(peer: &Peer) -> Multiaddr {
    peer.address.clone().with(Protocol::P2p(peer.id))
}

const _: () = assert!(CHUNK_BYTES < PART_BYTES_MAX, "a chunk fits into a part");

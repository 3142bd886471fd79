//! Spreads waiting records between Parties: a libp2p swarm of our own, beside Malachite's.
//!
//! Only nodes named in the genesis may connect, and only what they signed is passed on. Nothing here blocks:
//! queues are bounded, what does not fit is dropped (the author's node publishes again until the record is
//! final), a peer that reads too slowly is disconnected, and one that passes on too much of what breaks the
//! rules is sent away for some minutes.

mod bundle;
mod faults;
mod peers;
mod swarm;

use std::collections::BTreeSet;
use std::net::SocketAddr;

use ledger::digest::ChainId;
use libp2p::PeerId;
use libp2p::identity::Keypair;
use tokio::sync::{mpsc, oneshot, watch};

/// Records that wait to be published.
const OUTGOING_MAX: usize = 4_096;

/// What gossip needs to know.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The chain; nodes of another one do not understand each other from the first byte.
    pub chain: ChainId,
    /// Where this node listens.
    pub listen: SocketAddr,
    /// Every node of the genesis, and no other.
    pub members: BTreeSet<PeerId>,
    /// Nodes to dial, for as long as this one runs.
    pub dial: Vec<Address>,
}

/// Where nodes of one Party answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    /// Its address and port.
    pub address: SocketAddr,
    /// Who may answer there.
    pub peers: BTreeSet<PeerId>,
}

/// A record that another node sent.
#[derive(Debug)]
pub struct Received {
    /// The node that passed it on.
    pub peer: PeerId,
    /// The bytes, at most [`ledger::limits::RECORD_BYTES_MAX`].
    pub bytes: Vec<u8>,
    /// What to do with it; no answer is [`Acceptance::Ignore`].
    pub reply: oneshot::Sender<Acceptance>,
}

/// What this node found of a record, and so what becomes of the message that held it: the worst counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Acceptance {
    /// Not wanted now, and nobody's fault: not passed on.
    Ignore,
    /// Worth passing on.
    Accept,
    /// A signature does not verify here: not passed on, and too many are held against the peer, since a key
    /// seldom changes and each check costs.
    Doubt,
    /// No node that follows the rules would have sent it: not passed on, and held against the peer, which is
    /// sent away for some minutes if there are many.
    Reject,
}

/// The way to a running gossip.
#[derive(Clone, Debug)]
pub struct Handle {
    outgoing: mpsc::Sender<Vec<u8>>,
    peers: watch::Receiver<BTreeSet<PeerId>>,
    listen: SocketAddr,
}

/// Why gossip does not run.
#[derive(Debug, thiserror::Error)]
pub enum GossipError {
    /// The address cannot be listened on.
    #[error("cannot listen on `{address}` for records: {error}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What the system says.
        error: String,
    },
    /// libp2p refuses its configuration: our own mistake.
    #[error("gossip cannot be set up: {0}")]
    Setup(String),
}

impl GossipError {
    /// What to do next.
    #[must_use]
    pub const fn hint(&self) -> &'static str {
        match self {
            Self::Listen { .. } => "free the port, or change `listen.gossip` in node.toml",
            Self::Setup(_) => "report it: this must never happen",
        }
    }
}

impl Handle {
    /// Sends a record to the other Parties' nodes. Where too many wait it is not sent: publish again later.
    pub fn publish(&self, record: Vec<u8>) -> bool {
        self.outgoing.try_send(record).is_ok()
    }

    /// The nodes connected now; changes are announced.
    #[must_use]
    pub fn peers(&self) -> watch::Receiver<BTreeSet<PeerId>> {
        self.peers.clone()
    }

    /// Where this node listens.
    #[must_use]
    pub const fn listen(&self) -> SocketAddr {
        self.listen
    }
}

/// Starts gossip; it ends when every [`Handle`] is dropped. Records from other nodes arrive in `inbound`.
///
/// # Errors
/// [`GossipError`].
pub async fn spawn(
    settings: Settings,
    keypair: Keypair,
    inbound: mpsc::Sender<Received>,
) -> Result<Handle, GossipError> {
    // libp2p shares ports between sockets of one user, so a second node would steal half the connections.
    std::net::TcpListener::bind(settings.listen).map_err(|error| GossipError::Listen {
        address: settings.listen,
        error: error.to_string(),
    })?;
    let (outgoing, records) = mpsc::channel(OUTGOING_MAX);
    let (announce, peers) = watch::channel(BTreeSet::new());
    let (gossip, listen) = swarm::Gossip::start(settings, keypair, inbound, announce).await?;
    tokio::spawn(gossip.run(records));
    Ok(Handle {
        outgoing,
        peers,
        listen,
    })
}

#[cfg(test)]
mod tests;

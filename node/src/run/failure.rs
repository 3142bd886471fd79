//! Why a node did not start, or had to stop.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

use genesis::peer::PeerId;
use ledger::party::PartyCode;

use crate::application::ApplicationError;
use crate::config::ConfigError;
use crate::gossip::GossipError;
use crate::guard::LockError;
use crate::identity::IdentityError;
use crate::store::StoreError;

/// Why a node did not start, or had to stop.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The configuration or the genesis.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The keys.
    #[error(transparent)]
    Identity(#[from] IdentityError),
    /// A Party that the genesis does not name.
    #[error("the genesis does not name the Party {0}")]
    UnknownParty(PartyCode),
    /// A node that the genesis does not name.
    #[error("the genesis names no node {peer} of {party}")]
    UnknownNode {
        /// The Party.
        party: PartyCode,
        /// The node's name among nodes.
        peer: PeerId,
    },
    /// The genesis names another voting key for this node.
    #[error("the genesis names another voting key for this node")]
    OtherVotingKey,
    /// The node has not agreed to any genesis yet.
    #[error("there is no data folder `{}`", .0.display())]
    NotAccepted(PathBuf),
    /// The keys are not those of libp2p: our own mistake.
    #[error("the peer key cannot be used: {0}")]
    PeerKey(String),
    /// Another process runs this node.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The write-ahead log of consensus cannot be read.
    #[error("the log of consensus cannot be read: {0}")]
    Log(io::Error),
    /// The signer guard cannot be opened.
    #[error("the signer guard cannot be opened: {0}")]
    Guard(io::Error),
    /// A port is taken.
    #[error("cannot listen on `{address}`: {source}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What the system says.
        source: io::Error,
    },
    /// The consensus engine did not start.
    #[error("consensus did not start: {0}")]
    Engine(eyre::Report),
    /// The way in for records did not start.
    #[error("records cannot be taken in: {0}")]
    Intake(eyre::Report),
    /// Gossip did not start.
    #[error(transparent)]
    Gossip(#[from] GossipError),
    /// The running node had to stop.
    #[error(transparent)]
    Application(#[from] ApplicationError),
}

impl RunError {
    /// What to do next.
    #[must_use]
    pub fn hint(&self) -> String {
        match self {
            // These have hints of their own, given where they are reported.
            Self::Config(_) => String::new(),
            Self::Identity(error) => error.hint(),
            Self::UnknownParty(_) | Self::UnknownNode { .. } | Self::OtherVotingKey => {
                "use the keys and the genesis of one ceremony; see `cites-node genesis verify`"
                    .into()
            }
            Self::NotAccepted(_) => {
                "compare the fingerprint by telephone, then `cites-node genesis accept`; after a lost disk, \
                 `cites-node guard re-arm --new-data`"
                    .into()
            }
            Self::PeerKey(_) => "report it: this must never happen".into(),
            Self::Lock(_) => "stop the other process first".into(),
            Self::Store(error) => error.hint().into(),
            Self::Log(_) | Self::Guard(_) => {
                "check the disk's space, health and permissions, then start the node again".into()
            }
            Self::Listen { .. } => {
                "free the port, or change the section `listen` of node.toml".into()
            }
            Self::Engine(_) => "free its port, or change `listen.consensus` in node.toml".into(),
            Self::Intake(_) => "see the log for the reason, then start the node again".into(),
            Self::Gossip(error) => error.hint().into(),
            Self::Application(error) => error.hint().into(),
        }
    }
}

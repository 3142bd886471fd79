//! The shape of `node.toml`, and how its texts become values.

use std::collections::BTreeMap;
use std::fmt;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::{CONSENSUS_PORT, Config, Listen, PEERS_MAX, Peer, ValueFault};

/// The shape of `node.toml`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ConfigFile {
    pub(super) party: String,
    #[serde(default = "default_genesis")]
    pub(super) genesis: PathBuf,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) fingerprint: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) log_format: Option<String>,
    #[serde(default)]
    pub(super) listen: ListenEntry,
    #[serde(default, rename = "peer", skip_serializing_if = "Vec::is_empty")]
    pub(super) peers: Vec<PeerEntry>,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct ListenEntry {
    pub(super) consensus: Option<String>,
    pub(super) http: Option<String>,
    pub(super) metrics: Option<String>,
    pub(super) gossip: Option<String>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PeerEntry {
    pub(super) party: String,
    pub(super) consensus: String,
    pub(super) gossip: String,
}

pub(super) fn default_genesis() -> PathBuf {
    "genesis.toml".into()
}

impl From<&Peer> for PeerEntry {
    fn from(peer: &Peer) -> Self {
        Self {
            party: peer.party.to_string(),
            consensus: peer.consensus.to_string(),
            gossip: peer.gossip.to_string(),
        }
    }
}

/// Turns texts into values and collects what cannot be.
pub(super) struct Reader<V> {
    pub(super) variable: V,
    pub(super) faults: Vec<ValueFault>,
}

impl<V: Fn(&str) -> Option<String>> Reader<V> {
    /// `None` only together with a fault.
    pub(super) fn config(&mut self, home: &Path, file: &ConfigFile) -> Option<Config> {
        let party = self.parse("party", &file.party);
        let genesis = (self.variable)("CITES_NODE_GENESIS")
            .map_or_else(|| file.genesis.clone(), PathBuf::from);
        let fingerprint = self.value("fingerprint", file.fingerprint.as_deref());
        let log_format = self.value("log_format", file.log_format.as_deref());
        let usual = Listen::loopback(0);
        let entry = &file.listen;
        let listen = Listen {
            consensus: self.address(
                "listen.consensus",
                entry.consensus.as_deref(),
                usual.consensus,
            ),
            http: self.address("listen.http", entry.http.as_deref(), usual.http),
            metrics: self.address("listen.metrics", entry.metrics.as_deref(), usual.metrics),
            gossip: self.address("listen.gossip", entry.gossip.as_deref(), usual.gossip),
        };
        self.distinct(&listen);
        let peers = self.peers(&file.peers);
        Some(Config {
            home: home.to_owned(),
            party: party?,
            genesis: home.join(genesis),
            fingerprint,
            listen,
            peers,
            log_format: log_format.unwrap_or_default(),
        })
    }

    fn fault(&mut self, field: &str, expected: impl fmt::Display) {
        self.faults.push(ValueFault {
            field: field.into(),
            expected: expected.to_string(),
        });
    }

    fn parse<T: FromStr<Err: fmt::Display>>(&mut self, field: &str, text: &str) -> Option<T> {
        text.parse().map_err(|error| self.fault(field, error)).ok()
    }

    /// From the environment if it is there, else from the file.
    fn value<T: FromStr<Err: fmt::Display>>(
        &mut self,
        field: &str,
        text: Option<&str>,
    ) -> Option<T> {
        let name = format!("CITES_NODE_{}", field.replace('.', "_").to_uppercase());
        match (self.variable)(&name) {
            Some(text) => self.parse(&name, &text),
            None => self.parse(field, text?),
        }
    }

    fn address(&mut self, field: &str, text: Option<&str>, usual: SocketAddr) -> SocketAddr {
        let Address(address) = self.value(field, text).unwrap_or(Address(usual));
        address
    }

    /// Two services on one port cannot both start.
    fn distinct(&mut self, listen: &Listen) {
        let mut first = BTreeMap::new();
        for (field, address) in listen.named() {
            if let Some(other) = first.insert(address.port(), field) {
                self.fault(field, format!("has the same port as {other}"));
            }
        }
    }

    fn peers(&mut self, entries: &[PeerEntry]) -> Vec<Peer> {
        if entries.len() > PEERS_MAX {
            self.fault(
                "peer",
                format!("{} peers, the limit is {PEERS_MAX}", entries.len()),
            );
            return Vec::new();
        }
        let mut peers: Vec<Peer> = Vec::new();
        let mut first = BTreeMap::new();
        for (number, entry) in (1_usize..).zip(entries) {
            let party = self.parse(&format!("peer {number}, party"), &entry.party);
            let fields = [("consensus", &entry.consensus), ("gossip", &entry.gossip)];
            let [consensus, gossip] = fields.map(|(name, text)| {
                let field = format!("peer {number}, {name}");
                let Address(address) = self.parse(&field, text)?;
                if address.ip().is_unspecified() {
                    self.fault(&field, "an address to dial, not one to listen on");
                }
                if let Some(other) = first.insert(address, field.clone()) {
                    self.fault(&field, format!("is the same address as {other}"));
                }
                Some(address)
            });
            if let (Some(party), Some(consensus), Some(gossip)) = (party, consensus, gossip) {
                peers.push(Peer {
                    party,
                    consensus,
                    gossip,
                });
            }
        }
        peers
    }
}

/// An address with a port, never a name.
struct Address(SocketAddr);

impl FromStr for Address {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let address = text
            .parse::<SocketAddr>()
            .ok()
            .filter(|address| address.port() != 0);
        address.map(Self).ok_or_else(|| {
            format!("`{text}` is not an address and port, such as 192.0.2.7:{CONSENSUS_PORT}")
        })
    }
}

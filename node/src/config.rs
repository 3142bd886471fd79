//! `node.toml` → `Config`, checked once: whoever holds a `Config` need not ask again.

use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use genesis::check::Faults;
use genesis::file::FILE_BYTES_MAX;
use genesis::{Fingerprint, Genesis};
use ledger::party::PartyCode;

use crate::durable::{self, Existing, Readers};

mod file;

use file::{ConfigFile, ListenEntry, PeerEntry, Reader, default_genesis};

/// Name of the file within a node's home.
pub const FILE_NAME: &str = "node.toml";
/// Port of Malachite's own network.
pub const CONSENSUS_PORT: u16 = 27610;
/// Port of the HTTP interface.
pub const HTTP_PORT: u16 = 27611;
/// Port of the metrics.
pub const METRICS_PORT: u16 = 27612;
/// Port on which Parties spread records.
pub const GOSSIP_PORT: u16 = 27613;
/// Each further node on one machine takes ports this much higher.
pub const PORT_STEP: u16 = 10;

const CONFIG_BYTES_MAX: usize = 256 * 1024;
const PEERS_MAX: usize = 512;

/// What one node needs to know before it starts, besides its keys and the genesis.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// The folder of keys, guard, store and logs.
    pub home: PathBuf,
    /// The Party whose node this is.
    pub party: PartyCode,
    /// The genesis file.
    pub genesis: PathBuf,
    /// The genesis must have this fingerprint, where one is given.
    pub fingerprint: Option<Fingerprint>,
    /// Where the node listens.
    pub listen: Listen,
    /// Other Parties' nodes, to be dialled for as long as this node runs.
    pub peers: Vec<Peer>,
    /// How log lines look.
    pub log_format: LogFormat,
}

/// Where the node listens. Addresses, not names: a name server must not decide who is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Listen {
    /// Malachite's network.
    pub consensus: SocketAddr,
    /// HTTP interface.
    pub http: SocketAddr,
    /// Metrics.
    pub metrics: SocketAddr,
    /// Records between Parties.
    pub gossip: SocketAddr,
}

/// Another node. Who answers there is judged by the peer ids in the genesis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Peer {
    /// Its Party.
    pub party: PartyCode,
    /// Its address in Malachite's network.
    pub consensus: SocketAddr,
    /// Its address for records.
    pub gossip: SocketAddr,
}

/// How log lines look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

impl LogFormat {
    /// The word used in files and variables.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Json => "json",
        }
    }
}

impl FromStr for LogFormat {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        [Self::Text, Self::Json]
            .into_iter()
            .find(|format| format.as_str() == text)
            .ok_or_else(|| "text or json".into())
    }
}

impl Listen {
    /// The usual ports, `step` times [`PORT_STEP`] higher, on this machine only.
    #[must_use]
    pub fn loopback(step: u16) -> Self {
        Self::at(IpAddr::V4(Ipv4Addr::LOCALHOST), step)
    }

    /// The usual ports, `step` times [`PORT_STEP`] higher; what other nodes reach on `ip`, the rest on this
    /// machine only.
    #[must_use]
    pub fn at(ip: IpAddr, step: u16) -> Self {
        let port = |base: u16| base.saturating_add(step.saturating_mul(PORT_STEP));
        let local = IpAddr::V4(Ipv4Addr::LOCALHOST);
        Self {
            consensus: SocketAddr::new(ip, port(CONSENSUS_PORT)),
            http: SocketAddr::new(local, port(HTTP_PORT)),
            metrics: SocketAddr::new(local, port(METRICS_PORT)),
            gossip: SocketAddr::new(ip, port(GOSSIP_PORT)),
        }
    }

    fn named(&self) -> [(&'static str, SocketAddr); 4] {
        [
            ("listen.consensus", self.consensus),
            ("listen.http", self.http),
            ("listen.metrics", self.metrics),
            ("listen.gossip", self.gossip),
        ]
    }
}

/// Why there is no configuration.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// A file cannot be read or written.
    #[error("`{}`: {source}", .path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Not TOML, an unknown or missing key, or a value of another kind.
    #[error("`{}`, line {line}: {message}", .path.display())]
    Shape {
        /// The file.
        path: PathBuf,
        /// Line, from 1.
        line: usize,
        /// What the TOML reader says, which names the key.
        message: String,
    },
    /// Values that cannot be: all of them.
    #[error("{}", join(.0))]
    Values(Vec<ValueFault>),
    /// The genesis file has faults.
    #[error("{0}")]
    Genesis(Faults),
    /// A genesis was agreed on already.
    #[error("node.toml names the genesis {0} already")]
    Pinned(Fingerprint),
    /// Another genesis than the one that was agreed on.
    #[error("the genesis has the fingerprint {found}, agreed was {pinned}")]
    Fingerprint {
        /// Of the file.
        found: Fingerprint,
        /// Of `node.toml`, or as it was told.
        pinned: Fingerprint,
    },
}

/// One value that cannot be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ValueFault {
    /// The key, as in `listen.http` or `peer 2, gossip`, or the environment variable.
    pub field: String,
    /// What it should be.
    pub expected: String,
}

impl fmt::Display for ValueFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.field, self.expected)
    }
}

impl Config {
    /// A node's first configuration.
    #[must_use]
    pub fn new(home: &Path, party: PartyCode, listen: Listen) -> Self {
        Self {
            home: home.to_owned(),
            party,
            genesis: home.join(default_genesis()),
            fingerprint: None,
            listen,
            peers: Vec::new(),
            log_format: LogFormat::default(),
        }
    }

    /// Reads `node.toml` in `home`; environment variables, as `variable` gives them, go before it:
    /// `CITES_NODE_GENESIS`, `…_FINGERPRINT`, `…_LOG_FORMAT`, `…_LISTEN_CONSENSUS`, `…_LISTEN_HTTP`,
    /// `…_LISTEN_METRICS`, `…_LISTEN_GOSSIP`.
    ///
    /// # Errors
    /// [`ConfigError`]; of values that cannot be, all at once.
    pub fn load(
        home: &Path,
        variable: impl Fn(&str) -> Option<String>,
    ) -> Result<Self, ConfigError> {
        let path = home.join(FILE_NAME);
        let text = durable::read_text(&path, CONFIG_BYTES_MAX).map_err(at(&path))?;
        let file: ConfigFile = toml::from_str(&text).map_err(|error| {
            let start = error.span().map_or(0, |span| span.start);
            let before = text.get(..start).unwrap_or_default();
            ConfigError::Shape {
                path: path.clone(),
                line: before.matches('\n').count().saturating_add(1),
                message: error.message().replace('\n', " "),
            }
        })?;
        let mut reader = Reader {
            variable,
            faults: Vec::new(),
        };
        let config = reader.config(home, &file);
        match config {
            Some(config) if reader.faults.is_empty() => Ok(config),
            Some(_) | None => Err(ConfigError::Values(reader.faults)),
        }
    }

    /// Writes `node.toml` in the home, replacing what is there.
    ///
    /// # Errors
    /// [`ConfigError::File`].
    pub fn save(&self) -> Result<PathBuf, ConfigError> {
        let path = self.home.join(FILE_NAME);
        let listen = &self.listen;
        let file = ConfigFile {
            party: self.party.to_string(),
            genesis: self
                .genesis
                .strip_prefix(&self.home)
                .unwrap_or(&self.genesis)
                .to_owned(),
            fingerprint: self.fingerprint.map(|fingerprint| fingerprint.to_string()),
            log_format: Some(self.log_format.as_str().into()),
            listen: ListenEntry {
                consensus: Some(listen.consensus.to_string()),
                http: Some(listen.http.to_string()),
                metrics: Some(listen.metrics.to_string()),
                gossip: Some(listen.gossip.to_string()),
            },
            peers: self.peers.iter().map(PeerEntry::from).collect(),
        };
        let body = toml::to_string(&file).map_err(|error| at(&path)(io::Error::other(error)))?;
        let text = [HEAD, &body].concat();
        durable::write(
            &path,
            text.as_bytes(),
            Readers::Everybody,
            Existing::Replace,
        )
        .map_err(at(&path))?;
        Ok(path)
    }

    /// The folder of guard, store and logs of consensus: one process at a time.
    #[must_use]
    pub fn data_folder(&self) -> PathBuf {
        self.home.join("data")
    }

    /// Names the genesis that was agreed on, in `node.toml`; what else is written there stays.
    ///
    /// # Errors
    /// [`ConfigError`] of the file; [`ConfigError::Pinned`] where a genesis is named already.
    pub fn pin(home: &Path, fingerprint: Fingerprint) -> Result<(), ConfigError> {
        let path = home.join(FILE_NAME);
        if let Some(pinned) = Self::load(home, |_| None)?.fingerprint {
            return Err(ConfigError::Pinned(pinned));
        }
        let text = durable::read_text(&path, CONFIG_BYTES_MAX).map_err(at(&path))?;
        // Keys of the whole file stand before its first table, so the first line is always a right place.
        let text = format!("fingerprint = \"{fingerprint}\"\n{text}");
        durable::write(
            &path,
            text.as_bytes(),
            Readers::Everybody,
            Existing::Replace,
        )
        .map_err(at(&path))
    }

    /// Reads the genesis, and refuses another than the pinned one.
    ///
    /// # Errors
    /// [`ConfigError::File`], [`ConfigError::Genesis`], [`ConfigError::Fingerprint`].
    pub fn genesis(&self) -> Result<Genesis, ConfigError> {
        let text = durable::read_text(&self.genesis, FILE_BYTES_MAX).map_err(at(&self.genesis))?;
        let genesis = Genesis::parse(&text).map_err(ConfigError::Genesis)?;
        let found = genesis.fingerprint();
        match self.fingerprint {
            Some(pinned) if pinned != found => Err(ConfigError::Fingerprint { found, pinned }),
            Some(_) | None => Ok(genesis),
        }
    }
}

const HEAD: &str = "# One Party's node. Addresses are numbers, never names.\n\
    #\n\
    # For each other Party's node add:\n\
    # [[peer]]\n\
    # party = \"QT\"\n\
    # consensus = \"192.0.2.7:27610\"\n\
    # gossip = \"192.0.2.7:27613\"\n\
    #\n\
    # `cites-node genesis accept` adds the fingerprint that the Parties compared by telephone.\n\n";

fn at(path: &Path) -> impl FnOnce(io::Error) -> ConfigError {
    let path = path.to_owned();
    |source| ConfigError::File { path, source }
}

fn join(faults: &[ValueFault]) -> String {
    let lines: Vec<_> = faults.iter().map(ToString::to_string).collect();
    lines.join("\n")
}

#[cfg(test)]
mod tests;

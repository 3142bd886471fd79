//! Several Parties on this machine: the real ceremony, real processes, fresh keys at each start.
//!
//! What an operator would type is what happens here: `init` for each Party, `genesis new` and `collect` for the
//! coordinator, `genesis accept` in each home, then `run`. Only office keys are brought along.

mod desk;
mod ports;
mod process;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use genesis::Genesis;
use genesis::check::Faults;
use genesis::file::GenesisFile;
use ledger::digest::hex;
use ledger::key::{PublicKey, Signature};
use ledger::party::{PartyCode, Role};

use crate::config::{Config, ConfigError, Listen, Peer};
use crate::durable::{self, Existing, Readers};

pub use self::desk::{Answer, Desk};
pub use self::ports::Ports;
pub use self::process::{NodeProcess, STOP_WITH_STDIN, until};

/// Invented Parties of the demonstration, with codes that CITES never used.
pub const DEMO_PARTIES: [(&str, &str); 4] = [
    ("QS", "Suravia"),
    ("QT", "Transmar"),
    ("QN", "Norvia"),
    ("QP", "Portamar"),
];

/// Network that all local nodes form.
pub const NETWORK: &str = "demo-1";

/// One Party of a local network.
#[derive(Clone, Debug)]
pub struct LocalParty {
    /// Its code, one of those for demonstrations.
    pub code: PartyCode,
    /// Its name.
    pub name: String,
    /// Whether its node votes.
    pub votes: bool,
    /// Its offices.
    pub offices: Vec<OfficeKey>,
}

/// The public part of an office's key, as the office itself made it.
#[derive(Clone, Copy, Debug)]
pub struct OfficeKey {
    /// What the office may state.
    pub role: Role,
    /// Its key.
    pub key: PublicKey,
    /// Proof that the office holds it.
    pub proof: Signature,
}

/// What a local network is made of.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The `cites-node` program.
    pub program: PathBuf,
    /// Folder for everything; made if it is not there.
    pub dir: PathBuf,
    /// The Parties, in the order of their ports.
    pub parties: Vec<LocalParty>,
    /// An idle network decides an empty block after this time.
    pub heartbeat_ms: u32,
}

/// A network of nodes on this machine. Its processes end when it is dropped.
#[derive(Debug)]
pub struct Localnet {
    genesis: Genesis,
    genesis_path: PathBuf,
    nodes: Vec<NodeProcess>,
    // Keeps other local networks off the same ports.
    _ports: Ports,
}

/// Why there is no local network.
#[derive(Debug, thiserror::Error)]
pub enum LocalnetError {
    /// A file or program cannot be used.
    #[error("`{}`: {source}", .path.display())]
    File {
        /// The file or program.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A command of the ceremony failed.
    #[error("`{command}` ended with {exit}:\n{said}")]
    Command {
        /// What was called.
        command: String,
        /// How it ended.
        exit: String,
        /// What it said.
        said: String,
    },
    /// The genesis has faults.
    #[error(transparent)]
    Genesis(#[from] Faults),
    /// A node's configuration has faults.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// No block of free ports.
    #[error("there are no free ports from {from} to {to}")]
    Ports {
        /// First port tried.
        from: u16,
        /// Last port tried.
        to: u16,
    },
    /// A node did not do in time what it should.
    #[error("{party} {what}; the end of {}:\n{log}", .path.display())]
    Node {
        /// Whose node.
        party: PartyCode,
        /// What it did or did not do.
        what: String,
        /// Its log.
        path: PathBuf,
        /// The end of the log.
        log: String,
    },
}

impl LocalnetError {
    pub(crate) fn file(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        |source| Self::File { path, source }
    }
}

/// The programs of one build.
#[derive(Clone, Debug)]
pub struct Programs {
    /// `cites-node`.
    pub node: PathBuf,
    /// `cites`.
    pub cites: PathBuf,
}

impl Programs {
    /// This very program, and the `cites` that was built with it.
    ///
    /// # Errors
    /// [`LocalnetError::File`] where `cites` does not lie beside it.
    pub fn beside_us() -> Result<Self, LocalnetError> {
        let name = Path::new("cites-node");
        let node = std::env::current_exe().map_err(LocalnetError::file(name))?;
        let cites = node.with_file_name("cites");
        if cites.is_file() {
            return Ok(Self { node, cites });
        }
        let missing = "not there; build it with: cargo build --workspace --bins";
        Err(LocalnetError::file(&cites)(io::Error::other(missing)))
    }
}

/// Parties with fresh keys, each with the devices of its two offices, and their network. No node runs yet.
///
/// # Errors
/// [`LocalnetError`].
pub fn set_up(
    programs: &Programs,
    dir: &Path,
    parties: &[(PartyCode, String)],
    ports: Ports,
    heartbeat_ms: u32,
) -> Result<(Localnet, Vec<Desk>), LocalnetError> {
    let roles = [Role::Management, Role::Customs];
    let offices: Vec<_> = parties
        .iter()
        .flat_map(|(party, _)| roles.map(|role| (*party, role)))
        .collect();
    let made = Desk::set_up_all(&programs.cites, &dir.join("desks"), &offices)?;
    let offices_of = |party: PartyCode| {
        let own = made.iter().filter(move |(desk, _)| desk.party() == party);
        own.map(|(_, office)| *office).collect()
    };
    let plan = Plan {
        program: programs.node.clone(),
        dir: dir.join("nodes"),
        parties: parties
            .iter()
            .map(|(code, name)| LocalParty {
                code: *code,
                name: name.clone(),
                votes: true,
                offices: offices_of(*code),
            })
            .collect(),
        heartbeat_ms,
    };
    let localnet = Localnet::make(&plan, ports)?;
    let mut desks = Vec::new();
    for (desk, _) in &made {
        desk.pin(localnet.genesis_path(), localnet.genesis())?;
        let node = localnet
            .nodes()
            .iter()
            .find(|node| node.party() == desk.party());
        desks.extend(node.map(|node| desk.asking(&node.url())));
    }
    Ok((localnet, desks))
}

impl Localnet {
    /// Goes through the ceremony; no node runs yet.
    ///
    /// # Errors
    /// [`LocalnetError`] of files, of the ceremony, of the genesis.
    pub fn make(plan: &Plan, ports: Ports) -> Result<Self, LocalnetError> {
        fs::create_dir_all(&plan.dir).map_err(LocalnetError::file(&plan.dir))?;
        let dir = fs::canonicalize(&plan.dir).map_err(LocalnetError::file(&plan.dir))?;
        let genesis_path = dir.join("genesis.toml");
        for party in &plan.parties {
            init(plan, &dir.join(party.code.as_str()), party)?;
        }
        let genesis = collect(plan, &dir, &genesis_path)?;
        let listens: Vec<Listen> = (0_u16..)
            .map(|step| ports.listen(step))
            .take(plan.parties.len())
            .collect();
        let mut nodes = Vec::new();
        for (party, listen) in plan.parties.iter().zip(&listens) {
            let home = dir.join(party.code.as_str());
            let others = plan.parties.iter().zip(&listens);
            let peers =
                others
                    .filter(|(other, _)| other.code != party.code)
                    .map(|(other, listen)| Peer {
                        party: other.code,
                        consensus: listen.consensus,
                        gossip: listen.gossip,
                    });
            accept(plan, &home, &genesis_path, &genesis)?;
            configure(&home, *listen, peers.collect())?;
            nodes.push(NodeProcess::new(&plan.program, party.code, &home, *listen));
        }
        Ok(Self {
            genesis,
            genesis_path,
            nodes,
            _ports: ports,
        })
    }

    /// What the Parties agreed on.
    #[must_use]
    pub const fn genesis(&self) -> &Genesis {
        &self.genesis
    }

    /// Its file.
    #[must_use]
    pub fn genesis_path(&self) -> &Path {
        &self.genesis_path
    }

    /// The nodes, in the order of the plan.
    #[must_use]
    pub fn nodes(&self) -> &[NodeProcess] {
        &self.nodes
    }

    /// The nodes, to start and stop them.
    pub fn nodes_mut(&mut self) -> &mut [NodeProcess] {
        &mut self.nodes
    }

    /// Starts every node that does not run.
    ///
    /// # Errors
    /// [`LocalnetError::File`].
    pub fn start(&mut self) -> Result<(), LocalnetError> {
        self.nodes.iter_mut().try_for_each(NodeProcess::start)
    }

    /// Starts every node that does not run, and waits until all answer.
    ///
    /// # Errors
    /// [`LocalnetError::File`], [`LocalnetError::Node`].
    pub fn bring_up(&mut self) -> Result<(), LocalnetError> {
        self.start()?;
        self.nodes
            .iter_mut()
            .try_for_each(NodeProcess::wait_until_up)
    }

    /// Stops every node in good order, all at the same time.
    ///
    /// # Errors
    /// [`LocalnetError::Node`] for one that had to be killed.
    pub fn stop(&mut self) -> Result<(), LocalnetError> {
        self.nodes.iter().try_for_each(NodeProcess::ask_to_stop)?;
        self.nodes.iter_mut().try_for_each(NodeProcess::stop)
    }
}

fn init(plan: &Plan, home: &Path, party: &LocalParty) -> Result<(), LocalnetError> {
    let mut command = Command::new(&plan.program);
    command.arg("init").arg("--home").arg(home);
    command.args(["--network", NETWORK, "--party", party.code.as_str()]);
    command.args(["--name", &party.name]);
    if !party.votes {
        command.arg("--follower");
    }
    for office in &party.offices {
        let proof = hex(&office.proof.0);
        let office = format!("{}={}:{proof}", office.role, office.key);
        command.args(["--office", &office]);
    }
    said(&mut command).map(drop)
}

/// The coordinator's part. A draft may be edited before anybody is in it: here, its heartbeat.
fn collect(plan: &Plan, dir: &Path, path: &Path) -> Result<Genesis, LocalnetError> {
    let act = |act: &str| {
        let mut command = Command::new(&plan.program);
        command.args(["genesis", act]);
        command
    };
    let mut new = act("new");
    said(new.args(["--network", NETWORK, "--out"]).arg(path))?;
    let mut draft = GenesisFile::parse(&read(path)?)?;
    draft.parameters.heartbeat_ms = plan.heartbeat_ms;
    let longest = draft.parameters.max_age_ms.max(plan.heartbeat_ms);
    draft.parameters.max_age_ms = longest;
    let text = draft.to_toml();
    durable::write(path, text.as_bytes(), Readers::Everybody, Existing::Replace)
        .map_err(LocalnetError::file(path))?;
    for party in &plan.parties {
        let home = dir.join(party.code.as_str());
        let entry = home.join(format!("{}.party.toml", party.code));
        said(act("add").arg(path).arg(entry))?;
    }
    said(act("verify").arg(path))?;
    Ok(Genesis::parse(&read(path)?)?)
}

/// Each Party's part once the fingerprints were compared; it makes the signer guard.
fn accept(plan: &Plan, home: &Path, path: &Path, genesis: &Genesis) -> Result<(), LocalnetError> {
    let fingerprint = genesis.fingerprint().to_string();
    let mut command = Command::new(&plan.program);
    command.args(["genesis", "accept"]).arg(path);
    command.arg("--home").arg(home);
    command.args(["--fingerprint", &fingerprint]);
    said(&mut command).map(drop)
}

/// Writes the addresses.
fn configure(home: &Path, listen: Listen, peers: Vec<Peer>) -> Result<(), LocalnetError> {
    let mut config = Config::load(home, |_| None)?;
    config.listen = listen;
    config.peers = peers;
    config.save()?;
    Ok(())
}

fn read(path: &Path) -> Result<String, LocalnetError> {
    durable::read_text(path, genesis::file::FILE_BYTES_MAX).map_err(LocalnetError::file(path))
}

/// Calls a program to its end and gives what it said on stdout.
fn said(command: &mut Command) -> Result<String, LocalnetError> {
    let program = PathBuf::from(command.get_program());
    let output = command
        .stdin(Stdio::null())
        .output()
        .map_err(LocalnetError::file(&program))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let words: Vec<_> = command
        .get_args()
        .map(|word| word.to_string_lossy())
        .collect();
    Err(LocalnetError::Command {
        command: format!("{} {}", program.display(), words.join(" ")),
        exit: output.status.to_string(),
        said: String::from_utf8_lossy(&output.stderr).into_owned(),
    })
}

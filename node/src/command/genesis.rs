//! `cites-node genesis`: the ceremony, from Party files to one fingerprint.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::Subcommand;
use genesis::ceremony::{self, Submission};
use genesis::file::{FILE_BYTES_MAX, GenesisFile};
use genesis::{Fingerprint, Genesis, NetworkName};
use ledger::parameters::Parameters;
use ledger::party::PartyCode;
use node::config::{Config, ConfigError};
use node::durable::{self, Existing, Readers};
use node::guard::FileGuard;
use node::identity::Identity;

use super::{Exit, Failure};

/// Files that `collect` reads end like this.
const PARTY_FILE_END: &str = ".party.toml";

/// A step of the ceremony.
#[derive(Subcommand, Clone, Debug)]
pub(crate) enum Act {
    /// Begin a genesis file without Parties.
    New {
        /// Name of the network.
        #[arg(long)]
        network: String,
        /// The file to write.
        #[arg(long, default_value = "genesis.toml")]
        out: PathBuf,
    },
    /// Add one Party's file.
    Add {
        /// The genesis file.
        genesis: PathBuf,
        /// What the Party sent, such as QS.party.toml.
        party: PathBuf,
    },
    /// Add every *.party.toml of a folder, or none if anything is wrong with any of them.
    Collect {
        /// The genesis file.
        genesis: PathBuf,
        /// The folder.
        folder: PathBuf,
    },
    /// Check a complete genesis file and print its fingerprint.
    Verify {
        /// The genesis file.
        genesis: PathBuf,
        /// This node's folder: says which part the node has.
        #[arg(long, env = "CITES_NODE_HOME")]
        home: Option<PathBuf>,
    },
    /// Make the genesis that the Parties compared the one of this node, once and for ever.
    Accept {
        /// The genesis file.
        genesis: PathBuf,
        /// This node's folder.
        #[arg(long, env = "CITES_NODE_HOME")]
        home: PathBuf,
        /// The fingerprint, as the other Parties read it to you.
        #[arg(long)]
        fingerprint: Fingerprint,
    },
    /// Print the fingerprint and the chain id of a complete genesis file.
    Fingerprint {
        /// The genesis file.
        genesis: PathBuf,
    },
}

/// Does the step.
pub(crate) fn run(act: &Act, out: &mut impl Write) -> Result<(), Failure> {
    match act {
        Act::New { network, out: path } => new(network, path, out),
        Act::Add { genesis, party } => add(genesis, std::slice::from_ref(party), out),
        Act::Collect { genesis, folder } => add(genesis, &party_files(folder)?, out),
        Act::Verify { genesis, home } => verify(genesis, home.as_deref(), out),
        Act::Accept {
            genesis,
            home,
            fingerprint,
        } => accept(genesis, home, *fingerprint, out),
        Act::Fingerprint { genesis } => fingerprint(genesis, out),
    }
}

fn new(network: &str, path: &Path, out: &mut impl Write) -> Result<(), Failure> {
    let file = ceremony::new(network, &Parameters::default())?;
    write(path, &file, Existing::Keep)?;
    writeln!(out, "wrote    {}   {network}, no Party yet", path.display())?;
    writeln!(
        out,
        "hint:    look at [parameters], then `cites-node genesis add` or `collect`"
    )?;
    Ok(())
}

fn add(path: &Path, parties: &[PathBuf], out: &mut impl Write) -> Result<(), Failure> {
    let draft = read(path)?;
    let mut texts = Vec::new();
    for party in parties {
        texts.push((party.display().to_string(), read(party)?));
    }
    let submissions: Vec<_> = texts
        .iter()
        .map(|(name, text)| Submission { name, text })
        .collect();
    let file = ceremony::collect(&draft, &submissions)?;
    write(path, &file, Existing::Replace)?;
    let codes: Vec<_> = file
        .parties
        .iter()
        .map(|party| party.code.as_str())
        .collect();
    writeln!(
        out,
        "wrote    {}   {} Parties: {}",
        path.display(),
        codes.len(),
        codes.join(" ")
    )?;
    Ok(())
}

fn verify(path: &Path, home: Option<&Path>, out: &mut impl Write) -> Result<(), Failure> {
    let genesis = Genesis::parse(&read(path)?)?;
    let ours = match home {
        Some(home) => format!(", {}", our_part(&genesis, &Identity::load(home)?)?),
        None => String::new(),
    };
    let network: &NetworkName = genesis.network();
    let parties = genesis.members().len();
    writeln!(
        out,
        "ok       {network}, {parties} Parties, {}{ours}",
        who_decides(&genesis)
    )?;
    for member in genesis.members() {
        let offices: Vec<_> = member
            .offices
            .iter()
            .map(|office| office.role.as_str())
            .collect();
        writeln!(
            out,
            "party    {} {}: {}",
            member.code,
            member.name,
            offices.join(", ")
        )?;
    }
    for party in can_halt_alone(&genesis) {
        writeln!(
            out,
            "warning: {party} holds a third of the voting power or more: alone it can halt the network"
        )?;
    }
    writeln!(out, "fingerprint {}", genesis.fingerprint())?;
    writeln!(
        out,
        "hint:    read the fingerprint to the other Parties by telephone, then `cites-node genesis accept`"
    )?;
    Ok(())
}

/// Copies the genesis into the home, makes the signer guard for its chain, names its fingerprint in
/// `node.toml`. The name comes last: until then the step may be repeated; after it, never, since a guard
/// that is lost later must not be made anew as if its key had signed nothing.
fn accept(
    path: &Path,
    home: &Path,
    heard: Fingerprint,
    out: &mut impl Write,
) -> Result<(), Failure> {
    let text = read(path)?;
    let genesis = Genesis::parse(&text)?;
    let found = genesis.fingerprint();
    if found != heard {
        return Err(ConfigError::Fingerprint {
            found,
            pinned: heard,
        }
        .into());
    }
    let identity = Identity::load(home)?;
    let part = our_part(&genesis, &identity)?;
    let config = Config::load(home, |_| None)?;
    if let Some(pinned) = config.fingerprint {
        return Err(ConfigError::Pinned(pinned).into());
    }

    let failed = |path: &Path, error: io::Error| {
        let hint = "look at the disk and who may use the folder";
        Failure::new(Exit::Failed, format!("`{}`: {error}", path.display()), hint)
    };
    durable::write(
        &config.genesis,
        text.as_bytes(),
        Readers::Everybody,
        Existing::Replace,
    )
    .map_err(|error| failed(&config.genesis, error))?;
    let folder = config.data_folder();
    durable::create_private_folder(&folder).map_err(|error| failed(&folder, error))?;
    match FileGuard::create(&folder, genesis.chain_id(), &identity.voting().public()) {
        // Left by a step that was cut off; keeping it can only forbid, never allow.
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
            return Err(failed(&folder, error));
        }
        Ok(()) | Err(_) => {}
    }
    Config::pin(home, found)?;
    writeln!(out, "accepted {}, {part}", genesis.network())?;
    writeln!(
        out,
        "hint:    add the other Parties' addresses to node.toml, then `cites-node run`"
    )?;
    Ok(())
}

fn fingerprint(path: &Path, out: &mut impl Write) -> Result<(), Failure> {
    let genesis = Genesis::parse(&read(path)?)?;
    writeln!(out, "fingerprint {}", genesis.fingerprint())?;
    writeln!(out, "chain id    {}", genesis.chain_id())?;
    Ok(())
}

fn our_part(genesis: &Genesis, identity: &Identity) -> Result<String, Failure> {
    let node = genesis
        .nodes()
        .find(|(_, node)| node.peer == identity.peer_id());
    let Some((party, node)) = node else {
        let error = "this genesis does not name our node";
        let hint = "send the coordinator the *.party.toml that `cites-node init` wrote here";
        return Err(Failure::new(Exit::BadInput, error, hint));
    };
    let voting = identity.voting().public();
    let number = genesis
        .validators()
        .find(&voting)
        .map(|(index, _)| index.saturating_add(1));
    match (number, &node.voting) {
        (Some(number), Some(seat)) if seat.key == voting => {
            Ok(format!("our key is number {number} ({party})"))
        }
        (None, None) => Ok(format!("our node follows ({party})")),
        (Some(_) | None, Some(_)) | (Some(_), None) => {
            let error = "this genesis names our node with another voting key";
            let hint =
                "the coordinator took an older *.party.toml; send the one that lies in --home";
            Err(Failure::new(Exit::BadInput, error, hint))
        }
    }
}

/// `3 of 4 decide`, or in voting power where it is not equal.
fn who_decides(genesis: &Genesis) -> String {
    let validators = genesis.validators();
    let total = validators.total_power();
    // The least whole number above two thirds; powers are at most 2^32 in all.
    let needed = total.saturating_mul(2) / 3 + 1;
    let is_equal = validators.members().iter().all(|member| member.power == 1);
    if is_equal {
        format!("{needed} of {total} decide")
    } else {
        format!("{needed} of {total} voting power decide")
    }
}

/// With four or more voting Parties none needs to be able to halt the network; with fewer each can.
fn can_halt_alone(genesis: &Genesis) -> Vec<PartyCode> {
    let mut powers: BTreeMap<PartyCode, u64> = BTreeMap::new();
    for member in genesis.validators().members() {
        let power = powers.entry(member.party).or_default();
        *power = power.saturating_add(member.power);
    }
    if powers.len() < 4 {
        return Vec::new();
    }
    let total = genesis.validators().total_power();
    let halts = |power: u64| !genesis.validators().is_quorum(total.saturating_sub(power));
    powers
        .into_iter()
        .filter(|(_, power)| halts(*power))
        .map(|(party, _)| party)
        .collect()
}

fn party_files(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    let unreadable = |error: io::Error| {
        Failure::new(
            Exit::BadInput,
            format!("`{}`: {error}", folder.display()),
            "name the folder of the Parties' files",
        )
    };
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if name.ends_with(PARTY_FILE_END) && !name.starts_with('.') {
            files.push(path);
        }
    }
    if files.is_empty() {
        let error = format!("no *{PARTY_FILE_END} in `{}`", folder.display());
        return Err(Failure::new(
            Exit::BadInput,
            error,
            "each Party makes its file with `cites-node init`",
        ));
    }
    files.sort();
    Ok(files)
}

fn read(path: &Path) -> Result<String, Failure> {
    durable::read_text(path, FILE_BYTES_MAX).map_err(|error| {
        let hint = "name a genesis or Party file that `cites-node` wrote";
        Failure::new(
            Exit::BadInput,
            format!("`{}`: {error}", path.display()),
            hint,
        )
    })
}

fn write(path: &Path, file: &GenesisFile, existing: Existing) -> Result<(), Failure> {
    let text = file.to_toml();
    durable::write(path, text.as_bytes(), Readers::Everybody, existing).map_err(|error| {
        let is_there = error.kind() == io::ErrorKind::AlreadyExists;
        let (exit, hint) = if is_there {
            (
                Exit::Usage,
                "name another file with --out, or remove this one",
            )
        } else {
            (Exit::Failed, "look at the disk and who may use the folder")
        };
        Failure::new(exit, format!("`{}`: {error}", path.display()), hint)
    })
}

#[cfg(test)]
mod tests;

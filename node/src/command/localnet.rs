//! `cites-node localnet`: several Parties on this machine, until it is stopped.

use std::io::{self, Read as _, Write};
use std::path::PathBuf;

use clap::Args;
use ledger::party::PartyCode;
use node::localnet::{DEMO_PARTIES, Desk, Localnet, LocalnetError, Ports, Programs, set_up};

use super::{Exit, Failure};

/// Arguments of `localnet`.
#[derive(Args, Clone, Debug)]
pub(crate) struct LocalnetArguments {
    /// Folder for everything; it must not be there yet.
    #[arg(long, default_value = "localnet")]
    dir: PathBuf,
    /// The Parties, two to ten codes of those for demonstrations.
    #[arg(long, value_delimiter = ',', default_value = "QS,QT,QN,QP")]
    parties: Vec<PartyCode>,
    /// Ports that are free, instead of 27610 and following.
    #[arg(long)]
    free_ports: bool,
    /// An idle network decides an empty block after this many seconds.
    #[arg(long, default_value_t = 300, value_parser = clap::value_parser!(u32).range(1..=86_400))]
    heartbeat_s: u32,
}

/// Brings the network up, says how to use it, and keeps it up until standard input ends or Ctrl-C.
pub(crate) fn run(arguments: &LocalnetArguments, out: &mut impl Write) -> Result<(), Failure> {
    if arguments.dir.exists() {
        let error = format!("`{}` is there already", arguments.dir.display());
        return Err(Failure::new(
            Exit::Usage,
            error,
            "name another folder with --dir, or remove it",
        ));
    }
    let count = u16::try_from(arguments.parties.len()).unwrap_or(u16::MAX);
    if !(2..=10).contains(&count) {
        return Err(Failure::new(
            Exit::Usage,
            "two to ten Parties",
            "name them with --parties QS,QT,…",
        ));
    }
    let ports = ports(arguments.free_ports, count)?;
    let programs = Programs::beside_us()?;
    let parties: Vec<_> = arguments
        .parties
        .iter()
        .map(|code| (*code, name_of(*code)))
        .collect();
    let heartbeat_ms = arguments.heartbeat_s.saturating_mul(1000);
    let (mut localnet, desks) = set_up(&programs, &arguments.dir, &parties, ports, heartbeat_ms)?;
    localnet.bring_up()?;
    tell(&localnet, &desks, out)?;
    wait_for_end();
    writeln!(out, "stopping")?;
    localnet.stop()?;
    Ok(())
}

fn ports(free: bool, nodes: u16) -> Result<Ports, Failure> {
    if free {
        return Ok(Ports::free()?);
    }
    if Ports::are_usual_free(nodes) {
        return Ok(Ports::usual());
    }
    let error = "the ports from 27610 on are in use";
    Err(Failure::new(
        Exit::Failed,
        error,
        "stop the other network, or take --free-ports",
    ))
}

/// A demonstration's own name, or the code.
fn name_of(code: PartyCode) -> String {
    let known = DEMO_PARTIES
        .iter()
        .find(|(known, _)| *known == code.as_str());
    known.map_or_else(|| format!("Party {code}"), |(_, name)| (*name).to_owned())
}

/// What is where, and what to type next.
pub(crate) fn tell(
    localnet: &Localnet,
    desks: &[Desk],
    out: &mut impl Write,
) -> Result<(), Failure> {
    writeln!(out, "fingerprint {}", localnet.genesis().fingerprint())?;
    for node in localnet.nodes() {
        let id = node.id().unwrap_or_default();
        writeln!(
            out,
            "node   {}   {}   pid {id}   {}",
            node.party(),
            node.url(),
            node.home().display()
        )?;
    }
    for desk in desks {
        let home = desk.home().display();
        writeln!(out, "office {}/{}   {home}", desk.party(), desk.role())?;
    }
    if let (Some(desk), Some(node)) = (desks.first(), localnet.nodes().first()) {
        writeln!(out, "To act as {}/{}:", desk.party(), desk.role())?;
        writeln!(
            out,
            "  export CITES_NODE={} CITES_HOME={} CITES_KEY={} CITES_PASSWORD_FILE={}",
            node.url(),
            desk.home().display(),
            desk.key_path().display(),
            desk.password_path().display()
        )?;
    }
    writeln!(
        out,
        "The network is up until this program ends: Ctrl-C, or Ctrl-D."
    )?;
    out.flush()?;
    Ok(())
}

/// Until Ctrl-C, which reaches the nodes too, or until nobody holds standard input any more.
pub(crate) fn wait_for_end() {
    let mut input = io::stdin().lock();
    let mut bytes = [0; 256];
    while matches!(input.read(&mut bytes), Ok(count) if count > 0) {}
}

impl From<LocalnetError> for Failure {
    fn from(error: LocalnetError) -> Self {
        let hint = match &error {
            LocalnetError::File { .. } => "look at the disk, and who may use the folder",
            LocalnetError::Ports { .. } => "stop another local network",
            LocalnetError::Command { .. }
            | LocalnetError::Genesis(_)
            | LocalnetError::Config(_)
            | LocalnetError::Node { .. } => "",
        };
        Self::new(Exit::Failed, error, hint)
    }
}

//! `cites-node guard`: look at the signer guard of a node, or re-arm it after it was lost.
//!
//! A node whose guard is lost arms itself once others have decided further. The command is for the two cases
//! where it cannot: so many nodes observe that nobody decides, or the whole data folder is gone.

use std::io::Write;
use std::path::{Path, PathBuf};

use ::genesis::peer::PeerId;
use ::genesis::{Fingerprint, Genesis};
use clap::{Args, Subcommand};
use consensus::guard::{LogFound, Standing, Unsafe};
use ledger::key::PublicKey;
use ledger::party::Height;
use node::clock::now;
use node::config::{Config, ConfigError};
use node::guard::LockError;
use node::guard::operator::{self, NOTES_NAME, OperatorError, Stopped};
use node::identity::Identity;
use serde_json::json;

use super::{Exit, Failure};

/// An act about the guard.
#[derive(Subcommand, Clone, Debug)]
pub(crate) enum Act {
    /// Say what the guard holds, whether the node would vote, and what to do if not. Changes nothing.
    Show(Show),
    /// Let a node vote again after its guard was lost. Only for a stopped node, and only where its key
    /// cannot sign twice.
    ReArm(ReArm),
}

/// Arguments of `show`.
#[derive(Args, Clone, Debug)]
pub(crate) struct Show {
    /// Folder of the node's keys and data.
    #[arg(long, env = "CITES_NODE_HOME")]
    home: PathBuf,
    /// One JSON object.
    #[arg(long)]
    json: bool,
}

/// Arguments of `re-arm`.
#[derive(Args, Clone, Debug)]
pub(crate) struct ReArm {
    /// Folder of the node's keys and data.
    #[arg(long, env = "CITES_NODE_HOME")]
    home: PathBuf,
    /// The fingerprint of the genesis: shows that the right network is meant.
    #[arg(long)]
    fingerprint: Fingerprint,
    /// The node's peer id, as `cites-node init` and `guard show` print it: shows that the right node is meant.
    #[arg(long, value_parser = peer_id)]
    peer_id: PeerId,
    /// The height at which the network stands still. All operators ask each other by telephone: it is one
    /// above the highest block that any node has.
    #[arg(long, value_parser = height, conflicts_with = "new_data")]
    height: Option<Height>,
    /// You state that the data folder is this node's own: nothing in it but the file `guard` was ever
    /// restored from a copy, moved here or rebuilt, and no other machine has the voting key.
    #[arg(long, conflicts_with = "new_data")]
    data_is_original: bool,
    /// You state that the old data folder is lost for ever and that no other machine has the voting key. Makes
    /// a new, empty one; the node votes only after others have decided further.
    #[arg(long)]
    new_data: bool,
}

fn peer_id(text: &str) -> Result<PeerId, String> {
    PeerId::parse(text).map_err(|error| error.to_string())
}

fn height(text: &str) -> Result<Height, String> {
    match text.parse() {
        Ok(0) | Err(_) => Err("a height is a whole number from 1".into()),
        Ok(height) => Ok(Height(height)),
    }
}

/// Does the act.
pub(crate) fn run(act: &Act, out: &mut impl Write) -> Result<(), Failure> {
    match act {
        Act::Show(show) => self::show(show, out),
        Act::ReArm(re_arm) => self::re_arm(re_arm, out),
    }
}

/// A node that votes: its files, read and found to belong together.
struct Voter {
    config: Config,
    genesis: Genesis,
    peer: PeerId,
    key: PublicKey,
}

impl Voter {
    fn load(home: &Path) -> Result<Self, Failure> {
        let config = super::run::load(home)?;
        let genesis = config.genesis()?;
        let identity = Identity::load(home)?;
        let (peer, key) = (identity.peer_id(), identity.voting().public());
        let node = genesis.nodes().find(|(_, node)| node.peer == peer);
        let hint = "use the keys and the genesis of one ceremony; see `cites-node genesis verify`";
        let bad = |error: &str, hint: &str| Failure::new(Exit::BadInput, error, hint);
        let Some((_, node)) = node else {
            return Err(bad("the genesis does not name this node", hint));
        };
        match &node.voting {
            Some(seat) if seat.key == key => {}
            Some(_) => {
                return Err(bad(
                    "the genesis names another voting key for this node",
                    hint,
                ));
            }
            None => {
                let hint = "a follower signs nothing and needs no guard; just start it";
                return Err(bad("this node does not vote", hint));
            }
        }
        Ok(Self {
            config,
            genesis,
            peer,
            key,
        })
    }

    /// How long the others need for two heights, where nothing else happens.
    fn wait(&self) -> String {
        let minutes = self
            .genesis
            .parameters()
            .heartbeat_ms
            .saturating_mul(2)
            .div_ceil(60_000);
        let s = if minutes == 1 { "" } else { "s" };
        format!(
            "about {minutes} minute{s} at most, while nodes with more than two thirds of the voting power vote"
        )
    }
}

fn re_arm(arguments: &ReArm, out: &mut impl Write) -> Result<(), Failure> {
    let voter = Voter::load(&arguments.home)?;
    let found = voter.genesis.fingerprint();
    if found != arguments.fingerprint {
        let pinned = arguments.fingerprint;
        return Err(ConfigError::Fingerprint { found, pinned }.into());
    }
    if voter.peer != arguments.peer_id {
        let error = format!("this is node `{}`, not `{}`", voter.peer, arguments.peer_id);
        let hint = "look again which node you mean; `cites-node guard show` prints the peer id";
        return Err(Failure::new(Exit::BadInput, error, hint));
    }
    let folder = voter.config.data_folder();
    if arguments.new_data {
        return begin_anew(&voter, &folder, out);
    }
    let (Some(height), true) = (arguments.height, arguments.data_is_original) else {
        return Err(Failure::new(
            Exit::Usage,
            "nothing was confirmed, so nothing was done",
            "give --height and --data-is-original where only the guard was lost, or --new-data where the \
             whole data folder was; read in --help what you state by it",
        ));
    };
    let state = stopped(&voter, &folder)?.rearm(height, now())?;
    let newest = operator::newest(state.newest.as_ref());
    writeln!(
        out,
        "re-armed at height {height}; newest signature there: {newest}"
    )?;
    writeln!(
        out,
        "votes    from height {height} on, as soon as the node runs; never again what was signed"
    )?;
    writeln!(out, "noted    {}", folder.join(NOTES_NAME).display())?;
    writeln!(out, "hint:    now `cites-node run`; tell the other Parties")?;
    Ok(())
}

fn begin_anew(voter: &Voter, folder: &Path, out: &mut impl Write) -> Result<(), Failure> {
    if voter.config.fingerprint.is_none() {
        return Err(Failure::new(
            Exit::BadInput,
            "node.toml names no fingerprint: this node has not accepted a genesis",
            "restore the node.toml of the old machine, or begin with `cites-node genesis accept`",
        ));
    }
    operator::begin_anew(folder, now())?;
    writeln!(out, "made     {}   empty", folder.display())?;
    writeln!(
        out,
        "votes    not yet: what the key has signed is not known on this machine"
    )?;
    writeln!(
        out,
        "         once it runs, it fetches the ledger from the others, and votes by itself after they have"
    )?;
    writeln!(out, "         decided two heights more: {}", voter.wait())?;
    writeln!(
        out,
        "hint:    now `cites-node run`; never start the old machine again"
    )?;
    Ok(())
}

fn stopped(voter: &Voter, folder: &Path) -> Result<Stopped, Failure> {
    if !folder.is_dir() {
        return Err(Failure::new(
            Exit::BadInput,
            format_args!("there is no data folder `{}`", folder.display()),
            "on a new disk or machine: `cites-node guard re-arm --new-data`; before the first start: \
             `cites-node genesis accept`",
        ));
    }
    Ok(Stopped::take(folder, &voter.genesis, &voter.key)?)
}

/// What `show` shows, in the order of the lines: name in the text, name in JSON, value.
type Lines = Vec<(&'static str, &'static str, String)>;

fn show(arguments: &Show, out: &mut impl Write) -> Result<(), Failure> {
    let voter = Voter::load(&arguments.home)?;
    let folder = voter.config.data_folder();
    let mut lines: Lines = vec![
        ("peer id", "peer_id", voter.peer.to_string()),
        (
            "fingerprint",
            "fingerprint",
            voter.genesis.fingerprint().to_string(),
        ),
    ];
    match stopped_or_running(&voter, &folder)? {
        Some(stopped) => describe(&voter, &stopped, &mut lines),
        None => {
            let guard = operator::describe(&operator::look(&folder)?);
            lines.extend([
                ("guard", "guard", guard),
                ("node", "node", "runs".into()),
                (
                    "next",
                    "next",
                    "`cites-node status` says whether it votes".into(),
                ),
            ]);
        }
    }
    if arguments.json {
        let mut object = serde_json::Map::new();
        object.insert("schema".into(), json!("cites.guard/1"));
        object.extend(
            lines
                .into_iter()
                .map(|(_, name, value)| (name.into(), json!(value))),
        );
        writeln!(out, "{}", serde_json::Value::Object(object))?;
    } else {
        for (name, _, value) in lines {
            writeln!(out, "{name:<12}{value}")?;
        }
    }
    Ok(())
}

fn stopped_or_running(voter: &Voter, folder: &Path) -> Result<Option<Stopped>, Failure> {
    if !folder.is_dir() {
        return stopped(voter, folder).map(Some);
    }
    match Stopped::take(folder, &voter.genesis, &voter.key) {
        Ok(stopped) => Ok(Some(stopped)),
        Err(OperatorError::Lock(LockError::Taken(_))) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

fn describe(voter: &Voter, stopped: &Stopped, lines: &mut Lines) {
    let log = match stopped.log {
        LogFound::Missing => "missing".into(),
        LogFound::Damaged => "damaged, or a damaged one was set aside".into(),
        LogFound::Whole(mark) => {
            let newest = operator::newest(mark.newest.as_ref());
            format!("height {}, own newest signature {newest}", mark.height)
        }
    };
    let newest_block = stopped.tip.to_string();
    lines.extend([
        ("guard", "guard", operator::describe(&stopped.loaded)),
        ("block", "newest_block", newest_block),
        ("log", "log", log),
        ("node", "node", "stopped".into()),
    ]);
    match stopped.standing() {
        Standing::Armed(_) => lines.extend([
            ("standing", "standing", "armed".into()),
            (
                "next",
                "next",
                "start the node: it votes, unless others are further than this guard".into(),
            ),
        ]),
        Standing::Observing { reason, .. } => {
            let height = stopped.tip.next();
            let halted = match stopped.rearmed(height) {
                Ok(_) => format!(
                    "if the network stands still at height {height}: `cites-node guard re-arm`, see --help"
                ),
                Err(why) => halted(why, height),
            };
            lines.extend([
                ("standing", "standing", "observing".into()),
                ("why", "reason", reason.to_string()),
                (
                    "next",
                    "next",
                    format!(
                        "start the node: it signs nothing until others have decided two heights more than they \
                         have when it asks, then it votes by itself: {}",
                        voter.wait()
                    ),
                ),
                ("halted", "if_halted", halted),
            ]);
        }
    }
}

fn halted(why: Unsafe, height: Height) -> String {
    format!("it cannot be re-armed at height {height}: {why}")
}

impl From<OperatorError> for Failure {
    fn from(error: OperatorError) -> Self {
        let exit = match &error {
            OperatorError::Lock(_) | OperatorError::Store(_) | OperatorError::Disk { .. } => {
                Exit::Failed
            }
            OperatorError::FolderExists(_)
            | OperatorError::Unsafe(
                Unsafe::NotNeeded(_) | Unsafe::Decided { .. } | Unsafe::Behind { .. },
            ) => Exit::Usage,
            OperatorError::Unsafe(
                Unsafe::Foreign
                | Unsafe::Blank
                | Unsafe::LogMissing
                | Unsafe::LogDamaged
                | Unsafe::LogElsewhere(_),
            ) => Exit::BadInput,
        };
        let hint = error.hint();
        Self::new(exit, error, hint)
    }
}

#[cfg(test)]
mod tests;

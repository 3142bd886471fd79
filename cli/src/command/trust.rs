//! `cites trust`: what this device believes before it has seen any block.

mod carry;

use std::path::PathBuf;

use clap::Subcommand;
use genesis::file::FILE_BYTES_MAX;
use genesis::{Fingerprint, Genesis};
use serde_json::{Value, json};

use crate::desk::{Desk, ask};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::files;
use crate::print::{Answer, Page};
use crate::submit::hash_text;
use crate::trust::{Forget, Pinned};

/// `cites trust …`.
#[derive(Debug, Subcommand)]
pub(crate) enum Act {
    /// Trust a network, by its genesis file.
    Pin {
        /// The genesis file.
        genesis: PathBuf,
        /// The fingerprint that the other Parties read to you; it must be that of the file. Without it a person
        /// is asked, at a terminal.
        #[arg(long, value_name = "FINGERPRINT")]
        fingerprint: Option<Fingerprint>,
        /// Drop the saved checkpoints, after their trusting period has passed.
        #[arg(long)]
        forget_checkpoints: bool,
    },
    /// Show what is trusted.
    Show,
    /// Ask the node for its newest block, and trust it once it is verified.
    Sync,
    /// Write the node's newest block into a file, for a device without a line.
    Export {
        /// The file.
        file: PathBuf,
    },
    /// Trust the block in such a file, once it is verified from what this device trusts.
    Import {
        /// The file.
        file: PathBuf,
    },
}

pub(crate) fn run(act: &Act, desk: &Desk) -> Result<Answer, Failure> {
    match act {
        Act::Show => Ok(told(desk, &desk.pinned()?, "trusts")),
        Act::Sync => carry::sync(desk),
        Act::Export { file } => carry::export(file, desk),
        Act::Import { file } => carry::import(file, desk),
        Act::Pin {
            genesis: path,
            fingerprint,
            forget_checkpoints,
        } => {
            let bad = |error: &dyn std::fmt::Display| {
                Failure::new(
                    Exit::NotAPermit,
                    format_args!("`{}`: {error}", path.display()),
                )
            };
            let bytes = files::read(path, FILE_BYTES_MAX).map_err(|error| bad(&error))?;
            let text = String::from_utf8(bytes).map_err(|_| bad(&"not UTF-8 text"))?;
            let genesis = Genesis::parse(&text).map_err(|faults| {
                let errors = faults.as_slice().iter().map(ToString::to_string).collect();
                Failure::all(Exit::NotAPermit, errors)
                    .hint("ask the coordinator for a sound genesis file")
            })?;
            compare(genesis.fingerprint(), *fingerprint)?;
            let forget = if *forget_checkpoints {
                Forget::Checkpoints
            } else {
                Forget::Nothing
            };
            let pinned = Pinned::pin(&desk.home()?, &text, genesis, forget)?;
            Ok(told(desk, &pinned, "pinned"))
        }
    }
}

/// Everything this device will ever believe rests on this comparison, so nothing is pinned without it.
fn compare(found: Fingerprint, heard: Option<Fingerprint>) -> Result<(), Failure> {
    if heard == Some(found) {
        return Ok(());
    }
    if let Some(heard) = heard {
        return Err(Failure::new(
            Exit::NotAPermit,
            format_args!("the file's fingerprint is {found}, not {heard}"),
        )
        .code("FINGERPRINT")
        .hint("do not use it; ask the other Parties by telephone which fingerprint they have"));
    }
    let question =
        format!("The file's fingerprint is {found}. Did the other Parties read this one to you?");
    match ask(&question) {
        Some(true) => Ok(()),
        Some(false) => Err(Failure::new(Exit::Stopped, "stopped; nothing was pinned")
            .hint("ask the other Parties by telephone which fingerprint they have")),
        None => Err(Failure::new(
            Exit::Usage,
            "the fingerprint was not compared, and there is no terminal to ask at",
        )
        .hint("add --fingerprint, as the other Parties read it to you by telephone")),
    }
}

fn told(desk: &Desk, pinned: &Pinned, verb: &str) -> Answer {
    let genesis = &pinned.genesis;
    let (parties, validators) = (genesis.members().len(), genesis.validators().len());
    let mut page = Page::new();
    page.text(&format!(
        "{verb:<8} {}, {parties} Parties, {validators} validators",
        genesis.network()
    ));
    page.text(&format!("         fingerprint {}", genesis.fingerprint()));
    match pinned.checkpoints().last() {
        Some(anchor) => {
            let time = anchor.time.map(|time| time.to_string()).unwrap_or_default();
            page.text(&format!("newest   height {}, {time}", anchor.height));
        }
        None => page.text("newest   genesis; no block was verified yet"),
    }
    if desk.flags.verbose {
        page.text(&format!("chain    {}", hash_text(&pinned.chain)));
        for member in genesis.members() {
            let roles: Vec<&str> = member
                .offices
                .iter()
                .map(|office| office.role.as_str())
                .collect();
            page.text(&format!(
                "Party    {} {} ({})",
                member.code,
                member.name,
                roles.join(", ")
            ));
        }
    }
    let checkpoints: Vec<Value> = pinned
        .checkpoints()
        .iter()
        .map(|anchor| {
            json!({
                "height": anchor.height.to_string(),
                "block": anchor.block.map(|block| hash_text(&block)),
                "time": anchor.time.map(|time| time.to_string()),
            })
        })
        .collect();
    Answer::new("cites.trust/1", page)
        .with("network", genesis.network().as_str())
        .with("chain", hash_text(&pinned.chain))
        .with("fingerprint", genesis.fingerprint().to_string())
        .with(
            "parties",
            genesis
                .members()
                .iter()
                .map(|member| member.code.to_string())
                .collect::<Vec<_>>(),
        )
        .with("checkpoints", checkpoints)
}

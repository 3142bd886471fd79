//! `cites key`: the keys of offices, made and kept on the office's own machine.

use std::path::PathBuf;

use clap::Subcommand;
use genesis::NetworkName;
use genesis::possession::{Claim, Purpose};
use ledger::digest::hex;
use ledger::key::SecretKey;
use ledger::party::{PartyCode, Role};
use zeroize::Zeroizing;

use crate::desk::Desk;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::keys;
use crate::print::{Answer, Page};

/// `cites key …`.
#[derive(Debug, Subcommand)]
pub(crate) enum Act {
    /// Make a key; the file is encrypted with a password.
    New {
        /// The file; never overwritten.
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
    },
    /// Show the public half of a key.
    Show {
        /// The key file.
        file: PathBuf,
    },
    /// Prove that this office holds the key, for the genesis of a network.
    Prove {
        /// The key file.
        file: PathBuf,
        /// Name of the network that is to begin.
        #[arg(long, value_parser = network)]
        network: NetworkName,
        /// The office's Party.
        #[arg(long)]
        party: PartyCode,
        /// The office's role.
        #[arg(long)]
        role: Role,
    },
}

fn network(text: &str) -> Result<NetworkName, String> {
    NetworkName::parse(text).ok_or_else(|| {
        "3 to 32 lower-case letters, digits and single hyphens, beginning with a letter".into()
    })
}

pub(crate) fn run(act: &Act, desk: &Desk) -> Result<Answer, Failure> {
    match act {
        Act::New { out } => {
            // Said before anybody thinks of a password.
            if out.symlink_metadata().is_ok() {
                return Err(Failure::new(
                    Exit::Usage,
                    format_args!("`{}` is there already", out.display()),
                )
                .hint("choose another name; a key is never overwritten"));
            }
            let password = keys::new_password(desk)?;
            let seed: Zeroizing<[u8; 32]> = Zeroizing::new(desk.random()?);
            let key = SecretKey::from_seed(&seed);
            keys::save(desk, out, &key, &password)?;
            let mut page = Page::new();
            page.text(&format!(
                "wrote    {} (encrypted; keep it and its password apart)",
                out.display()
            ));
            page.text(&format!("public   {}", key.public()));
            Ok(Answer::new("cites.key/1", page)
                .with("file", out.display().to_string())
                .with("public_key", key.public().to_string()))
        }
        Act::Show { file } => {
            let public = keys::load(desk, file)?.public();
            let mut page = Page::new();
            page.text(&format!("public   {public}"));
            Ok(Answer::new("cites.key/1", page)
                .with("file", file.display().to_string())
                .with("public_key", public.to_string()))
        }
        Act::Prove {
            file,
            network,
            party,
            role,
        } => {
            let key = keys::load(desk, file)?;
            let claim = Claim {
                network,
                party: *party,
                purpose: Purpose::Office(*role),
            };
            let (public, proof) = (key.public().to_string(), hex(&claim.prove(&key).0));
            let office = format!("{role}={public}:{proof}");
            let mut page = Page::new();
            page.text(&office);
            Ok(Answer::new("cites.key/1", page)
                .with("network", network.as_str())
                .with("party", party.as_str())
                .with("role", role.as_str())
                .with("public_key", public)
                .with("possession", proof)
                .with("office", office))
        }
    }
}

//! The ceremony: each Party makes its entry on its own machine, a coordinator collects, everybody verifies.
//!
//! ```text
//! every Party   cites-node init            → QS.party.toml   (no secret in it)
//! coordinator   genesis new, add, collect  → genesis.toml
//! every Party   genesis verify             → the fingerprint, read to each other by telephone
//! ```
//! The coordinator needs no trust: a proof of possession binds each key to its Party and role, and what it
//! does not bind (names, powers, parameters, who is missing) the fingerprint does.

use alloc::vec::Vec;

use ledger::parameters::Parameters;

use crate::check::{Fault, FaultKind, Faults, check_draft};
use crate::file::{GenesisFile, PartyFile};
use crate::{Genesis, NetworkName};

/// A Party's file as it was received.
#[derive(Clone, Copy, Debug)]
pub struct Submission<'a> {
    /// The file's name, for messages.
    pub name: &'a str,
    /// Its text.
    pub text: &'a str,
}

/// Begins a genesis file: no Party yet, all parameters written out.
///
/// # Errors
/// [`Faults`] of the name or the parameters.
pub fn new(network: &str, parameters: &Parameters) -> Result<GenesisFile, Faults> {
    let name = NetworkName::parse(network)
        .ok_or_else(|| Faults::one(Fault::new("network", FaultKind::Network(network.into()))))?;
    let file = GenesisFile::new(&name, parameters);
    check_draft(&file)?;
    Ok(file)
}

/// Adds one Party.
///
/// # Errors
/// [`Faults`] of the draft, of the Party's file, or of both together.
pub fn add(draft: &str, submission: Submission<'_>) -> Result<GenesisFile, Faults> {
    collect(draft, &[submission])
}

/// Adds several Parties, or none if anything is wrong with any of them.
///
/// # Errors
/// [`Faults`] of the draft, of every Party's file, or of all together.
pub fn collect(draft: &str, submissions: &[Submission<'_>]) -> Result<GenesisFile, Faults> {
    let mut file = GenesisFile::parse(draft)?;
    check_draft(&file)?;
    let mut faults = Vec::new();
    for Submission { name, text } in submissions {
        match PartyFile::parse(text) {
            Err(of_shape) => {
                faults.extend(
                    of_shape
                        .into_vec()
                        .into_iter()
                        .map(|fault| fault.within(name)),
                );
            }
            Ok(made) if made.network != file.network => {
                let kind = FaultKind::OtherNetwork {
                    made_for: made.network,
                    network: file.network.clone(),
                };
                faults.push(Fault::new("network", kind).within(name));
            }
            Ok(made) => file.parties.push(made.party),
        }
    }
    faults.extend(
        check_draft(&file)
            .err()
            .map(Faults::into_vec)
            .unwrap_or_default(),
    );
    Faults::unless_empty(faults)?;
    file.parties.sort_by(|a, b| a.code.cmp(&b.code));
    Ok(file)
}

/// Checks a complete genesis file.
///
/// # Errors
/// [`Faults`]: all of them.
pub fn verify(text: &str) -> Result<Genesis, Faults> {
    Genesis::parse(text)
}

/// The text of a file that names a Party: what `init` sends to the coordinator, checked by its maker first.
///
/// # Errors
/// [`Faults`] that the coordinator would find.
pub fn check_party(file: &PartyFile) -> Result<(), Faults> {
    let network = NetworkName::parse(&file.network).ok_or_else(|| {
        Faults::one(Fault::new(
            "network",
            FaultKind::Network(file.network.clone()),
        ))
    })?;
    let mut draft = GenesisFile::new(&network, &Parameters::default());
    draft.parties.push(file.party.clone());
    check_draft(&draft)
}

//! Fresh trust, from a node or on a stick: a block that is newer than what this device has verified.
//!
//! What is carried is an ordinary proof: the block's header and quorum, and every hand-over of validators since
//! genesis. So whoever carries it can delay it and change nothing.

use std::path::Path;

use ledger::codec;
use ledger::limits::PROOF_BYTES_MAX;
use ledger::party::Height;
use ledger::proof::{Proof, ProofError};
use serde_json::json;

use super::told;
use crate::client::ClientError;
use crate::command::audit::newest;
use crate::desk::Desk;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::files::{self, Existing, Readers};
use crate::print::Answer;
use crate::trust::Pinned;

/// Asks the node for its newest block, and trusts it once it is verified.
pub(super) fn sync(desk: &Desk) -> Result<Answer, Failure> {
    let mut pinned = desk.pinned()?;
    let proof = newest(&pinned, &desk.client()?).map_err(ClientError::into_failure)?;
    let before = pinned.height();
    if proof.header.height < before {
        return Err(behind(proof.header.height, before));
    }
    adopt(desk, &mut pinned, &proof)?;
    Ok(moved(desk, &pinned, before))
}

/// Writes the node's newest block into a file, for a device without a line.
pub(super) fn export(path: &Path, desk: &Desk) -> Result<Answer, Failure> {
    let mut pinned = desk.pinned()?;
    let proof = newest(&pinned, &desk.client()?).map_err(ClientError::into_failure)?;
    let before = pinned.height();
    if proof.header.height < before {
        return Err(behind(proof.header.height, before));
    }
    // Nobody is handed what does not verify here.
    adopt(desk, &mut pinned, &proof)?;
    let bytes = codec::encode(&proof);
    files::write(path, &bytes, Readers::Everybody, Existing::Replace).map_err(|error| {
        Failure::new(Exit::Failed, format_args!("`{}`: {error}", path.display()))
            .hint("look at the disk and who may use the folder")
    })?;
    let mut answer = moved(desk, &pinned, before);
    answer.page.text(&format!(
        "wrote    {}, {} bytes",
        path.display(),
        bytes.len()
    ));
    Ok(answer
        .with("file", path.display().to_string())
        .with("bytes", bytes.len()))
}

/// Trusts the block in a file once it is verified from what this device trusts already.
pub(super) fn import(path: &Path, desk: &Desk) -> Result<Answer, Failure> {
    let mut pinned = desk.pinned()?;
    let unreadable = |error: &dyn std::fmt::Display| {
        Failure::new(
            Exit::NotAPermit,
            format_args!("`{}`: {error}", path.display()),
        )
        .code("UNREADABLE")
        .hint("make it again: cites trust export FILE")
    };
    let bytes = files::read(path, PROOF_BYTES_MAX).map_err(|error| unreadable(&error))?;
    let proof = Proof::decode(&bytes).map_err(|error| unreadable(&error))?;
    let before = pinned.height();
    if proof.header.height < before {
        return Err(behind(proof.header.height, before).hint(
            "it is older than what this device knows; make a new file: cites trust export FILE",
        ));
    }
    adopt(desk, &mut pinned, &proof)?;
    Ok(moved(desk, &pinned, before))
}

/// Saves the block as a checkpoint, where it follows from those that are saved.
fn adopt(desk: &Desk, pinned: &mut Pinned, proof: &Proof) -> Result<(), Failure> {
    let trust = pinned.trust(desk.flags.max_age);
    let proven = proof
        .check(&trust, desk.now())
        .map_err(|error| refused(&error))?;
    match proven.anchor() {
        Some(anchor) => pinned.save(anchor),
        None => Err(
            Failure::new(Exit::Amber, "it does not say who decides the next height")
                .code("NO_VALIDATORS")
                .hint("ask a node of this version"),
        ),
    }
}

fn refused(error: &ProofError) -> Failure {
    let (exit, code, hint) = match error {
        ProofError::OtherNetwork { .. } => (
            Exit::Amber,
            "OTHER_NETWORK",
            "one device, one network; see cites trust show",
        ),
        ProofError::TrustExpired(_) => (
            Exit::Amber,
            "TRUST_EXPIRED",
            "ask several Parties by telephone for the fingerprint, then: cites trust pin genesis.toml \
             --fingerprint … --forget-checkpoints",
        ),
        ProofError::Contradiction(_) => (
            Exit::Red,
            "FORK",
            "keep the file and this device as they are, and report it: cites audit compare tells who signed both",
        ),
        ProofError::HandOver(_)
        | ProofError::Validators
        | ProofError::QuorumOfAnother
        | ProofError::Quorum(_)
        | ProofError::Entry { .. }
        | ProofError::Record(_) => (
            Exit::Red,
            "BAD_SEAL",
            "do not use it; ask another node, and tell the one that gave it",
        ),
    };
    Failure::new(exit, error).code(code).hint(hint)
}

fn behind(found: Height, known: Height) -> Failure {
    Failure::new(
        Exit::Unreachable,
        format_args!("height {found} is behind height {known}, which this device has verified"),
    )
    .code("BEHIND")
    .hint("ask a node that is in sync; nothing was changed")
}

fn moved(desk: &Desk, pinned: &Pinned, before: Height) -> Answer {
    let mut answer = told(desk, pinned, "trusts");
    let now = pinned.height();
    answer.page.text(&if now > before {
        format!("moved    from height {before} to {now}")
    } else {
        format!("moved    not: height {now} was known")
    });
    answer.with(
        "moved",
        json!({"from": before.to_string(), "to": now.to_string()}),
    )
}

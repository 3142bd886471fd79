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
use crate::desk::Desk;
use crate::evidence::newest;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::files::{self, Existing, Readers};
use crate::print::Answer;
use crate::trust::Pinned;

const ANOTHER_NODE: &str = "ask a node that is in sync; nothing was changed";
const ANOTHER_FILE: &str =
    "it is older than what this device knows; make a new file: cites trust export FILE";

/// Asks the node for its newest block, and trusts it once it is verified.
pub(super) fn sync(desk: &Desk) -> Result<Answer, Failure> {
    fetched(desk).map(|(answer, _)| answer)
}

/// Writes the node's newest block into a file, for a device without a line.
pub(super) fn export(path: &Path, desk: &Desk) -> Result<Answer, Failure> {
    // Nobody is handed what does not verify here.
    let (mut answer, proof) = fetched(desk)?;
    let bytes = codec::encode(&proof);
    files::write(path, &bytes, Readers::Everybody, Existing::Replace)
        .map_err(|error| files::unwritten(path, &error))?;
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
    adopt(desk, &mut pinned, &proof, ANOTHER_FILE)
}

fn fetched(desk: &Desk) -> Result<(Answer, Proof), Failure> {
    let mut pinned = desk.pinned()?;
    let proof = newest(&pinned, &desk.client()?).map_err(ClientError::into_failure)?;
    let answer = adopt(desk, &mut pinned, &proof, ANOTHER_NODE)?;
    Ok((answer, proof))
}

/// Saves the block as a checkpoint, where it follows from those that are saved and does not go back.
fn adopt(
    desk: &Desk,
    pinned: &mut Pinned,
    proof: &Proof,
    instead: &str,
) -> Result<Answer, Failure> {
    let (found, before) = (proof.header.height, pinned.height());
    if found < before {
        return Err(Failure::new(
            Exit::Unreachable,
            format_args!(
                "height {found} is behind height {before}, which this device has verified"
            ),
        )
        .code("BEHIND")
        .hint(instead));
    }
    let trust = pinned.trust(desk.flags.max_age);
    let proven = proof.check(&trust, desk.now());
    let proven = proven.map_err(|error| refused(&error))?;
    let anchor = proven.anchor().ok_or_else(|| {
        Failure::new(Exit::Amber, "it does not say who decides the next height")
            .code("NO_VALIDATORS")
            .hint("ask a node of this version")
    })?;
    pinned.save(anchor)?;
    Ok(moved(desk, pinned, before))
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

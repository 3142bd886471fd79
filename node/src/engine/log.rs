//! Looks into Malachite's write-ahead log before the engine does.
//!
//! The guard is compared with the newest own signature in it. A damaged log would make the engine hang for
//! ever; it is set aside instead, since the guard alone keeps this node from contradicting itself.

use std::io;
use std::path::Path;

use consensus::guard::{LogMark, Mark, Request};
use consensus::wire::{self, ConsensusMessage};
use ledger::key::PublicKey;
use ledger::party::Height;
use malachitebft_app_channel::app::wal::Log;
use tracing::warn;

/// How Malachite marks an entry that holds a vote or proposal: this byte, then 8 bytes of length.
const MESSAGE_TAG: u8 = 1;
const ENTRY_HEADER_BYTES: usize = 9;

/// What the log says, if there is a whole one.
///
/// # Errors
/// Where a damaged log cannot be set aside, or a whole one not be opened (another process has it).
pub(super) fn examine(path: &Path, key: &PublicKey) -> io::Result<Option<LogMark>> {
    if !path.exists() {
        return Ok(None);
    }
    let (mark, damage) = read(path, key)?;
    if let Some(damage) = damage {
        let aside = path.with_extension("damaged");
        warn!(%damage, kept_as = %aside.display(), "the write-ahead log is damaged and set aside");
        std::fs::rename(path, aside)?;
    }
    Ok(mark)
}

type Read = (Option<LogMark>, Option<io::Error>);

fn read(path: &Path, key: &PublicKey) -> io::Result<Read> {
    let mut log = match Log::open(path) {
        Ok(log) => log,
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Err(error),
        Err(error) => return Ok((None, Some(error))),
    };
    let mut mark = LogMark {
        height: Height(log.sequence()),
        newest: None,
    };
    if log.is_empty() {
        return Ok((Some(mark), None));
    }
    for entry in log.iter()? {
        match entry.and_then(|bytes| own_mark(&bytes, key)) {
            Ok(None) => {}
            Ok(Some(request)) if request.height == mark.height => {
                let place = |mark: &Mark| (mark.round, mark.stage);
                let newest = mark
                    .newest
                    .iter()
                    .chain([&request.mark])
                    .max_by_key(|m| place(m));
                mark.newest = newest.copied();
            }
            Ok(Some(_)) => {}
            Err(error) => return Ok((Some(mark), Some(error))),
        }
    }
    Ok((Some(mark), None))
}

/// The vote or proposal of `key` in an entry, if it is one.
fn own_mark(entry: &[u8], key: &PublicKey) -> io::Result<Option<Request>> {
    if entry.first() != Some(&MESSAGE_TAG) {
        return Ok(None);
    }
    let bytes = entry.get(ENTRY_HEADER_BYTES..).unwrap_or_default();
    let message = wire::decode_consensus(bytes).map_err(io::Error::other)?;
    let (request, author) = match message {
        ConsensusMessage::Vote(vote) => (Request::from(&vote.message), vote.message.voter.0),
        ConsensusMessage::Proposal(proposal) => (
            Request::from(&proposal.message),
            proposal.message.proposer.0,
        ),
    };
    Ok((author == *key).then_some(request))
}

#[cfg(test)]
mod tests {
    use consensus::guard::Stage;
    use consensus::message::Vote;
    use ledger::digest::{BlockId, sha256};
    use ledger::key::SecretKey;
    use ledger::quorum::{Ballot, Round, Step};
    use malachitebft_core_types::SignedMessage;

    use super::*;

    fn key(n: u8) -> SecretKey {
        SecretKey::from_seed(&[n; 32])
    }

    fn entry(n: u8, round: u32, step: Step) -> Vec<u8> {
        let vote = Vote::from(Ballot {
            height: Height(7),
            round: Round(round),
            step,
            value: Some(BlockId(sha256(b"a"))),
            voter: key(n).public(),
        });
        let signature = key(n).sign(b"not checked here");
        let message = ConsensusMessage::Vote(SignedMessage::new(vote, signature));
        let bytes = wire::encode_consensus(&message).unwrap();
        let mut entry = vec![MESSAGE_TAG];
        entry.extend_from_slice(&u64::try_from(bytes.len()).unwrap().to_be_bytes());
        entry.extend_from_slice(&bytes);
        entry
    }

    fn log(path: &Path, entries: &[Vec<u8>]) {
        let mut log = Log::open(path).unwrap();
        log.reset(7).unwrap();
        for entry in entries {
            log.append(entry).unwrap();
        }
        log.flush().unwrap();
    }

    #[test]
    fn the_newest_own_signature_is_found() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        let public = key(1).public();
        assert_eq!(examine(&path, &public).unwrap(), None);
        log(&path, &[]);
        let empty = LogMark {
            height: Height(7),
            newest: None,
        };
        assert_eq!(examine(&path, &public).unwrap(), Some(empty));
        log(
            &path,
            &[
                entry(1, 0, Step::Precommit),
                entry(1, 1, Step::Prevote),
                entry(2, 5, Step::Precommit),
                vec![2, 1, 0, 0, 0, 0, 0, 0, 0, 0],
            ],
        );
        let mark = examine(&path, &public).unwrap().unwrap();
        let newest = mark.newest.unwrap();
        assert_eq!((newest.round, newest.stage), (Round(1), Stage::Prevote));
        assert!(path.exists());
    }

    #[test]
    fn a_damaged_log_is_set_aside_and_its_whole_entries_count() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        let public = key(1).public();
        let entries = [entry(1, 0, Step::Prevote), entry(1, 0, Step::Precommit)];
        log(&path, &entries);
        let whole = std::fs::read(&path).unwrap();
        let mut kept = 0;
        for position in 0..whole.len() {
            let mut damaged = whole.clone();
            damaged[position] ^= 0x10;
            std::fs::write(&path, &damaged).unwrap();
            // Whatever is damaged, the engine finds a log it can read, or none.
            let mark = examine(&path, &public).unwrap();
            if path.exists() {
                let (again, damage) = read(&path, &public).unwrap();
                assert_eq!((again, damage.is_none()), (mark, true), "byte {position}");
                kept += 1;
            }
        }
        assert!(
            kept < whole.len() / 4,
            "most damage is noticed: {kept} of {}",
            whole.len()
        );
    }
}

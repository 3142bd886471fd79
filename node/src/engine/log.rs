//! Looks into Malachite's write-ahead log before the engine does.
//!
//! The guard is compared with the newest own signature in it. A damaged log would make the engine hang for
//! ever; it is set aside instead, since the guard alone keeps this node from contradicting itself.

use std::io;
use std::path::{Path, PathBuf};

use consensus::guard::{LogFound, LogMark, Mark, Request};
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
        let aside = set_aside(path);
        warn!(%damage, kept_as = %aside.display(), "the write-ahead log is damaged and set aside");
        std::fs::rename(path, aside)?;
    }
    Ok(mark)
}

/// What the log says, for an operator; nothing is changed, neither the log nor its name.
///
/// # Errors
/// Where it cannot be read at all.
pub(super) fn look(path: &Path, key: &PublicKey) -> io::Result<LogFound> {
    if set_aside(path).try_exists()? {
        return Ok(LogFound::Damaged);
    }
    if !path.try_exists()? {
        return Ok(LogFound::Missing);
    }
    // Malachite cuts off what it cannot read, without a word; so it gets a copy.
    let copy = path.with_extension("copy");
    let length = std::fs::copy(path, &copy)?;
    let found = read(&copy, key);
    let kept = std::fs::metadata(&copy)?.len();
    std::fs::remove_file(&copy)?;
    Ok(match found? {
        (Some(mark), None) if kept == length => LogFound::Whole(mark),
        _ => LogFound::Damaged,
    })
}

/// Where a damaged log goes.
fn set_aside(path: &Path) -> PathBuf {
    path.with_extension("damaged")
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
    fn an_operator_looks_at_a_log_without_changing_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        let public = key(1).public();
        assert_eq!(look(&path, &public).unwrap(), LogFound::Missing);
        assert!(!path.exists());
        log(
            &path,
            &[entry(1, 0, Step::Prevote), entry(1, 0, Step::Precommit)],
        );
        let whole = std::fs::read(&path).unwrap();
        let found = look(&path, &public).unwrap();
        assert_eq!(found.whole(), examine(&path, &public).unwrap());
        // A log cut anywhere is not whole, but where an entry ends exactly nobody can tell.
        let entry_bytes = (whole.len() - 12) / 2;
        for cut in 0..whole.len() {
            std::fs::write(&path, &whole[..cut]).unwrap();
            let found = look(&path, &public).unwrap();
            let is_at_an_end = cut >= 12 && (cut - 12) % entry_bytes == 0;
            assert_eq!(found == LogFound::Damaged, !is_at_an_end, "cut at {cut}");
            assert_eq!(std::fs::read(&path).unwrap(), &whole[..cut]);
        }
        std::fs::write(&path, &whole).unwrap();
        std::fs::write(folder.path().join("log.damaged"), []).unwrap();
        assert_eq!(look(&path, &public).unwrap(), LogFound::Damaged);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2);
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

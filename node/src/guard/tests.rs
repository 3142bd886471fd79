//! The guard cut at every write, flipped at every byte, and put back in older copies.

use std::collections::BTreeMap;
use std::sync::Arc;

use consensus::guard::{DecidedHeight, LogMark};
use consensus::message::Vote;
use consensus::signing::GuardedKey;
use ledger::digest::{BlockId, sha256};
use ledger::key::{SecretKey, Signature};
use ledger::quorum::{Ballot, Round, Step};

use super::*;

fn chain() -> ChainId {
    ChainId(sha256(b"chain"))
}

fn key() -> SecretKey {
    SecretKey::from_seed(&[1; 32])
}

fn vote(height: u64, round: u32, step: Step, value: Option<&[u8]>) -> Vote {
    let ballot = Ballot {
        height: Height(height),
        round: Round(round),
        step,
        value: value.map(|name| BlockId(sha256(name))),
        voter: key().public(),
    };
    ballot.into()
}

fn local(tip: u64) -> Local {
    Local {
        tip: Height(tip),
        log: None,
    }
}

fn is_armed<M: Medium>(guard: &FileGuard<M>) -> bool {
    matches!(guard.standing(), Standing::Armed(_))
}

/// A disk that loses power: writes reach it only when synced, or as far as `power` bytes last.
#[derive(Clone, Debug)]
struct FailingDisk {
    durable: Vec<u8>,
    pending: Vec<(usize, Vec<u8>)>,
    power: usize,
}

impl FailingDisk {
    fn with(file: &[u8], power: usize) -> Self {
        Self {
            durable: file.to_vec(),
            pending: Vec::new(),
            power,
        }
    }

    fn settle(&mut self) -> io::Result<()> {
        for (offset, bytes) in std::mem::take(&mut self.pending) {
            for (index, byte) in bytes.into_iter().enumerate() {
                if self.power == 0 {
                    return Err(io::Error::other("no power"));
                }
                self.power -= 1;
                self.durable[offset + index] = byte;
            }
        }
        Ok(())
    }
}

impl Medium for Arc<Mutex<FailingDisk>> {
    fn write_at(&mut self, offset: usize, bytes: &[u8]) -> io::Result<()> {
        self.lock().unwrap().pending.push((offset, bytes.to_vec()));
        Ok(())
    }

    fn sync(&mut self) -> io::Result<()> {
        self.lock().unwrap().settle()
    }

    fn replace(&mut self, file: &[u8; FILE_BYTES]) -> io::Result<()> {
        let mut disk = self.lock().unwrap();
        if disk.power < FILE_BYTES {
            return Err(io::Error::other("no power"));
        }
        disk.durable = file.to_vec();
        Ok(())
    }
}

type Signed = BTreeMap<(u64, u32, bool), Signature>;

/// Signs a vote and holds it against everything signed before.
fn sign<M: Medium>(key: &GuardedKey<FileGuard<M>>, signed: &mut Signed, vote: &Vote) -> bool {
    let Ok(signature) = key.vote(vote) else {
        return false;
    };
    let ballot = vote.ballot();
    let place = (
        ballot.height.0,
        ballot.round.0,
        ballot.step == Step::Precommit,
    );
    let first = *signed.entry(place).or_insert(signature);
    assert_eq!(first, signature, "two signatures for {place:?}");
    true
}

fn restart(file: &[u8], tip: u64, power: usize) -> GuardedKey<FileGuard<Arc<Mutex<FailingDisk>>>> {
    let standing = Standing::at_start(load(Some(file)), chain(), &key().public(), &local(tip));
    let disk = Arc::new(Mutex::new(FailingDisk::with(file, power)));
    GuardedKey::new(chain(), key(), FileGuard::with_medium(standing, disk))
}

/// Cuts the power after every byte of a vote's write, restarts, and lets the node vote otherwise.
#[test]
fn power_lost_at_any_byte_never_lets_a_node_contradict_itself() {
    let before = write_copies(&State {
        height: Height(7),
        ..State::new(chain(), &key().public())
    });
    let prevote = vote(7, 0, Step::Prevote, Some(b"a"));
    let precommit = vote(7, 0, Step::Precommit, Some(b"a"));
    let mut outcomes = BTreeMap::<_, usize>::new();
    for power in 0..=4 * COPY_BYTES {
        let mut signed = Signed::new();
        let running = restart(&before, 6, power);
        let first = sign(&running, &mut signed, &prevote);
        let second = first && sign(&running, &mut signed, &precommit);
        assert_eq!(running.guard().is_broken(), !second);

        // What is on the disk now may be torn in one copy.
        let mut left = before;
        let standing = running.guard().standing();
        running.guard().lock(|inner| {
            left.copy_from_slice(&inner.medium.lock().unwrap().durable);
        });
        let again = restart(&left, 6, usize::MAX);
        assert!(
            is_armed(again.guard()),
            "one torn copy leaves the other, at {power}"
        );
        for other in [
            vote(7, 0, Step::Prevote, Some(b"b")),
            vote(7, 0, Step::Prevote, None),
            vote(7, 0, Step::Precommit, None),
            vote(7, 0, Step::Prevote, Some(b"a")),
            vote(7, 1, Step::Prevote, Some(b"b")),
        ] {
            sign(&again, &mut signed, &other);
        }
        assert!(matches!(standing, Standing::Armed(_)));
        *outcomes.entry((first, second)).or_default() += 1;
    }
    // Every kind of crash was met: in the first vote, in the second, in none.
    assert_eq!(outcomes.len(), 3, "{outcomes:?}");
}

#[test]
fn any_flipped_byte_never_lets_a_node_contradict_itself() {
    let mut signed = Signed::new();
    let before = write_copies(&State::new(chain(), &key().public()));
    let running = restart(&before, 0, usize::MAX);
    assert!(sign(
        &running,
        &mut signed,
        &vote(1, 0, Step::Prevote, Some(b"a"))
    ));
    let mut file = before;
    running
        .guard()
        .lock(|inner| file.copy_from_slice(&inner.medium.lock().unwrap().durable));
    for position in 0..FILE_BYTES {
        for twice in [false, true] {
            let mut damaged = file;
            damaged[position] ^= 1 << (position % 8);
            if twice {
                damaged[(position + COPY_OFFSETS[1]) % FILE_BYTES] ^= 1;
            }
            let again = restart(&damaged, 0, usize::MAX);
            let mut signed = signed.clone();
            for value in [None, Some(&b"b"[..]), Some(b"a")] {
                sign(&again, &mut signed, &vote(1, 0, Step::Prevote, value));
            }
            assert!(is_armed(again.guard()) || twice, "byte {position}");
        }
    }
}

#[test]
fn an_older_copy_put_back_is_found_out_and_signs_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(FILE_NAME);
    let public = key().public();
    FileGuard::create(folder.path(), chain(), &public).unwrap();
    assert_eq!(
        FileGuard::create(folder.path(), chain(), &public)
            .unwrap_err()
            .kind(),
        io::ErrorKind::AlreadyExists
    );
    let open = |local: &Local| {
        let guard = FileGuard::open(folder.path(), chain(), &public, local).unwrap();
        GuardedKey::new(chain(), key(), guard)
    };
    let mut signed = Signed::new();
    let running = open(&local(0));
    assert!(sign(
        &running,
        &mut signed,
        &vote(1, 0, Step::Prevote, Some(b"a"))
    ));
    let old = std::fs::read(&path).unwrap();
    assert!(sign(
        &running,
        &mut signed,
        &vote(1, 0, Step::Precommit, Some(b"a"))
    ));
    let mark = |height| LogMark {
        height: Height(height),
        newest: Some(Request::from(&vote(height, 0, Step::Precommit, Some(b"a"))).mark),
    };
    for height in 1..=5 {
        running.guard().committed(&seen(Height(height))).unwrap();
    }
    assert!(sign(
        &running,
        &mut signed,
        &vote(6, 0, Step::Precommit, Some(b"f"))
    ));
    drop(running);

    let with_log = |tip, height| Local {
        log: Some(mark(height)),
        ..local(tip)
    };
    // (own disk, others' tip): the store is ahead; the log is; only the other nodes are.
    for (own, peers) in [(local(5), 5), (with_log(0, 1), 5), (local(0), 5)] {
        std::fs::write(&path, &old).unwrap();
        let again = open(&own);
        again.guard().hear(Height(peers));
        assert!(!is_armed(again.guard()), "{own:?}");
        for height in [1, 6] {
            for step in [Step::Prevote, Step::Precommit] {
                assert!(!sign(&again, &mut signed, &vote(height, 0, step, None)));
            }
        }
        // It fetches what it lacks, where its key has signed.
        for height in own.tip.0 + 1..=5 {
            let seen = DecidedHeight {
                own: Some(Round(0)),
                ..seen(Height(height))
            };
            again.guard().committed(&seen).unwrap();
        }
        // Others decide the height under way and one more; then this node signs again.
        again.guard().committed(&seen(Height(6))).unwrap();
        assert!(!is_armed(again.guard()));
        again.guard().committed(&seen(Height(7))).unwrap();
        assert!(is_armed(again.guard()));
        assert!(!sign(&again, &mut signed, &vote(7, 0, Step::Prevote, None)));
        assert!(sign(
            &again,
            &mut signed.clone(),
            &vote(8, 0, Step::Prevote, None)
        ));
        drop(again);
        assert!(is_armed(open(&local(7)).guard()));
    }
}

#[test]
fn a_missing_cut_blank_or_foreign_guard_makes_an_observer() {
    let public = key().public();
    let other = SecretKey::from_seed(&[2; 32]).public();
    let whole = write_copies(&State::new(chain(), &public));
    for (what, file, key) in [
        ("missing", None, public),
        ("cut", Some(&whole[..FILE_BYTES - 1]), public),
        ("blank", Some(BLANK), public),
        ("of another key", Some(&whole[..]), other),
    ] {
        let folder = tempfile::tempdir().unwrap();
        if let Some(file) = file {
            std::fs::write(folder.path().join(FILE_NAME), file).unwrap();
        }
        let open = || FileGuard::open(folder.path(), chain(), &key, &local(3)).unwrap();
        assert!(!is_armed(&open()), "{what}");
        // Observing is not forgotten by a crash.
        assert!(!is_armed(&open()), "{what}");
        // Once others have decided far enough, it is armed by a whole file.
        let guard = open();
        guard.hear(Height(3));
        guard.committed(&seen(Height(5))).unwrap();
        assert!(is_armed(&guard), "{what}");
        drop(guard);
        assert!(is_armed(&open()), "{what}");
    }
}

#[test]
fn all_nodes_restarted_together_go_on_by_themselves() {
    // More than 2/3 signed at the highest tip, 6; the rest may lag.
    for (guard_height, tip) in [(7, 6), (6, 5), (7, 6), (6, 5)] {
        let state = State {
            height: Height(guard_height),
            ..State::new(chain(), &key().public())
        };
        let node = restart(&write_copies(&state), tip, usize::MAX);
        node.guard().hear(Height(6));
        assert!(is_armed(node.guard()));
        let next = vote(7, 0, Step::Prevote, Some(b"a"));
        assert!(sign(&node, &mut Signed::new(), &next));
    }
}

/// A height that was decided without this key.
const fn seen(height: Height) -> DecidedHeight {
    DecidedHeight { height, own: None }
}

#[test]
fn a_second_process_does_not_get_the_folder() {
    let folder = tempfile::tempdir().unwrap();
    let first = FolderLock::take(folder.path()).unwrap();
    assert!(matches!(
        FolderLock::take(folder.path()),
        Err(LockError::Taken(_))
    ));
    drop(first);
    assert!(FolderLock::take(folder.path()).is_ok());
    let missing = folder.path().join("missing");
    assert!(matches!(FolderLock::take(&missing), Err(LockError::Io(..))));
}

//! The guard: one signature for each height, round and step, whatever happens to its file.

mod cast;
mod late;
mod proposed;

use std::vec::Vec;

use ledger::digest::sha256;
use ledger::key::SecretKey;

use super::*;

const STAGES: [Stage; 3] = [Stage::Propose, Stage::Prevote, Stage::Precommit];

fn chain() -> ChainId {
    ChainId(sha256(b"chain"))
}

fn key() -> PublicKey {
    SecretKey::from_seed(&[1; 32]).public()
}

fn block(name: &str) -> Option<BlockId> {
    (name != "nil").then(|| BlockId(sha256(name.as_bytes())))
}

fn request(height: u64, round: u32, stage: Stage, value: &str) -> Request {
    Request {
        height: Height(height),
        mark: Mark {
            round: Round(round),
            stage,
            value: block(value),
            pol_round: None,
        },
    }
}

fn state(height: u64, newest: Option<(u32, Stage, &str)>) -> State {
    State {
        height: Height(height),
        newest: newest.map(|(round, stage, value)| request(height, round, stage, value).mark),
        ..State::new(chain(), &key())
    }
}

fn word(permission: &Permission) -> &'static str {
    match permission {
        Permission::Sign(_) => "sign",
        Permission::Again => "again",
        Permission::Refuse(Refusal::Behind { .. }) => "behind",
        Permission::Refuse(Refusal::Contradiction { .. }) => "contradiction",
        Permission::Refuse(Refusal::Observing(_)) => "observing",
        Permission::Refuse(Refusal::NotWritten) => "not written",
    }
}

#[test]
fn a_signature_that_contradicts_or_goes_back_is_refused() {
    use Stage::{Precommit, Prevote, Propose};
    let fresh = state(7, None);
    let prevoted = state(7, Some((1, Prevote, "a")));
    let nil = state(7, Some((1, Precommit, "nil")));
    for (guard, height, round, stage, value, expected) in [
        (fresh, 7, 0, Propose, "a", "sign"),
        (fresh, 7, 0, Prevote, "nil", "sign"),
        (fresh, 8, 0, Prevote, "a", "sign"),
        (fresh, 6, 9, Precommit, "a", "behind"),
        (prevoted, 7, 1, Prevote, "a", "again"),
        (prevoted, 7, 1, Prevote, "b", "contradiction"),
        (prevoted, 7, 1, Prevote, "nil", "contradiction"),
        (prevoted, 7, 1, Propose, "a", "behind"),
        (prevoted, 7, 0, Precommit, "a", "behind"),
        (prevoted, 7, 1, Precommit, "b", "sign"),
        (prevoted, 7, 2, Propose, "b", "sign"),
        (prevoted, 8, 0, Prevote, "b", "sign"),
        (prevoted, 6, 1, Prevote, "a", "behind"),
        (nil, 7, 1, Precommit, "nil", "again"),
        (nil, 7, 1, Precommit, "a", "contradiction"),
    ] {
        let permission = guard.permit(&request(height, round, stage, value));
        assert_eq!(
            word(&permission),
            expected,
            "{height}/{round} {stage} {value}"
        );
    }
}

#[test]
fn a_proposal_with_another_earlier_round_is_another_proposal() {
    let first = request(7, 3, Stage::Propose, "a");
    let mut second = first;
    second.mark.pol_round = Some(Round(1));
    let Permission::Sign(guard) = state(7, None).permit(&first) else {
        panic!("a first proposal is signed");
    };
    assert_eq!(word(&guard.permit(&first)), "again");
    assert_eq!(word(&guard.permit(&second)), "contradiction");
}

/// Every short history of requests: whatever was permitted never holds two values for one place.
#[test]
fn no_history_of_requests_obtains_two_signatures_for_one_place() {
    let mut all = Vec::new();
    for height in [1, 2] {
        for round in [0, 1] {
            for stage in STAGES {
                for value in ["a", "nil"] {
                    all.push(request(height, round, stage, value));
                }
            }
        }
    }
    for first in &all {
        for second in &all {
            for third in &all {
                let mut guard = State::new(chain(), &key());
                let mut signed: Vec<Request> = Vec::new();
                for request in [first, second, third] {
                    match guard.permit(request) {
                        Permission::Sign(next) => guard = next,
                        Permission::Again => {}
                        Permission::Refuse(_) => continue,
                    }
                    let contradicts = signed.iter().any(|old| {
                        old.height == request.height
                            && old.mark.place() == request.mark.place()
                            && old.mark != request.mark
                    });
                    assert!(!contradicts, "{first:?} {second:?} {third:?}");
                    signed.push(*request);
                }
            }
        }
    }
}

fn local(tip: u64, log: Option<(u64, Option<(u32, Stage, &str)>)>) -> Local {
    let log = log.map(|(height, newest)| LogMark {
        height: Height(height),
        newest: state(height, newest).newest,
    });
    Local {
        tip: Height(tip),
        log,
    }
}

#[test]
fn a_guard_that_cannot_be_trusted_makes_an_observer() {
    use ObserveReason::{
        Blank, Corrupt, Foreign, Missing, OlderThanLog, OlderThanPeers, OlderThanStore,
    };
    use Stage::{Precommit, Prevote};
    let foreign = State {
        key: *SecretKey::from_seed(&[2; 32]).public().as_bytes(),
        ..state(7, None)
    };
    let whole = |height, newest| Loaded::Whole(state(height, newest));
    let prevote = Some((0, Prevote, "a"));
    let precommit = Some((0, Precommit, "a"));
    // guard, own tip, own log, others' tip, reason to observe
    for (loaded, tip, log, peers, expected) in [
        (whole(1, None), 0, None, 0, None),
        (whole(7, None), 6, None, 6, None),
        (whole(7, prevote), 6, Some((7, prevote)), 6, None),
        (whole(7, precommit), 6, Some((7, prevote)), 7, None),
        // The crash fell between guard and store, or the log is of a height long past.
        (whole(7, None), 5, Some((6, precommit)), 6, None),
        (Loaded::Missing, 6, None, 6, Some(Missing)),
        (Loaded::Blank, 6, None, 6, Some(Blank)),
        (Loaded::Corrupt, 6, None, 6, Some(Corrupt)),
        (Loaded::Whole(foreign), 6, None, 6, Some(Foreign)),
        (whole(6, precommit), 6, None, 6, Some(OlderThanStore)),
        (whole(3, None), 6, None, 9, Some(OlderThanStore)),
        (whole(7, None), 6, Some((7, prevote)), 6, Some(OlderThanLog)),
        (
            whole(7, prevote),
            6,
            Some((7, precommit)),
            6,
            Some(OlderThanLog),
        ),
        (whole(7, prevote), 6, Some((8, None)), 6, Some(OlderThanLog)),
        (
            whole(7, prevote),
            6,
            Some((7, prevote)),
            8,
            Some(OlderThanPeers),
        ),
    ] {
        let local = local(tip, log);
        let mut standing = Standing::at_start(loaded, chain(), &key(), &local);
        standing.hear(Height(peers));
        let reason = match standing {
            Standing::Armed(_) => None,
            Standing::Observing { reason, .. } => Some(reason),
        };
        assert_eq!(reason, expected, "{loaded:?} {local:?} {peers}");
    }
}

/// Guard file, own tip, log, height that the operator names; what comes of it.
#[test]
fn an_operator_rearms_only_what_the_disk_shows_to_be_safe() {
    use LogFound::{Damaged, Missing};
    use Stage::{Precommit, Prevote};
    let whole = |height, newest| Loaded::Whole(state(height, newest));
    let log = |height, newest| {
        let newest = state(height, newest).newest;
        LogFound::Whole(LogMark {
            height: Height(height),
            newest,
        })
    };
    let foreign = Loaded::Whole(State {
        chain: ChainId(sha256(b"another chain")),
        ..state(7, None)
    });
    let prevote = Some((2, Prevote, "a"));
    let precommit = Some((2, Precommit, "a"));
    for (loaded, tip, log, asked, expected) in [
        (Loaded::Missing, 6, log(7, precommit), 7, "keeps precommit"),
        (Loaded::Corrupt, 6, log(7, prevote), 7, "keeps prevote"),
        (Loaded::Missing, 6, log(7, None), 7, "fresh"),
        // The log was not begun anew yet, so nothing was signed after the tip.
        (Loaded::Missing, 6, log(6, precommit), 7, "fresh"),
        (Loaded::Missing, 0, log(1, prevote), 1, "keeps prevote"),
        // Older than the store, older than the log.
        (whole(5, precommit), 6, log(7, prevote), 7, "keeps prevote"),
        (
            whole(7, prevote),
            6,
            log(7, precommit),
            7,
            "keeps precommit",
        ),
        (
            foreign,
            6,
            log(7, precommit),
            7,
            "the guard file belongs to another",
        ),
        (
            Loaded::Blank,
            6,
            log(7, precommit),
            7,
            "this data folder was made anew",
        ),
        (
            whole(7, precommit),
            6,
            log(7, prevote),
            7,
            "the guard is whole, at height 7",
        ),
        (
            whole(7, None),
            6,
            log(6, precommit),
            7,
            "the guard is whole, at height 7",
        ),
        (
            Loaded::Missing,
            7,
            log(8, None),
            7,
            "height 7 is decided: the newest block here is 7",
        ),
        (
            Loaded::Missing,
            6,
            log(7, None),
            8,
            "height 8 does not follow the newest block here, 6",
        ),
        (
            whole(7, prevote),
            6,
            log(8, None),
            7,
            "the log of consensus is about height 8",
        ),
        (
            whole(7, prevote),
            5,
            log(8, None),
            6,
            "the log of consensus is about height 8",
        ),
        (
            Loaded::Missing,
            6,
            Missing,
            7,
            "the log of consensus is missing",
        ),
        (
            Loaded::Missing,
            6,
            Damaged,
            7,
            "the log of consensus is damaged",
        ),
        (
            whole(5, precommit),
            6,
            Missing,
            7,
            "the log of consensus is missing",
        ),
        (
            Loaded::Missing,
            6,
            log(5, precommit),
            7,
            "the log of consensus is about height 5",
        ),
        (
            Loaded::Missing,
            6,
            log(8, None),
            7,
            "the log of consensus is about height 8",
        ),
    ] {
        let found = (Height(tip), log);
        let outcome = match rearmed(loaded, chain(), &key(), found, Height(asked)) {
            Ok(armed) => {
                assert_eq!(armed.height, Height(asked));
                assert_eq!((armed.chain, armed.key), (chain(), *key().as_bytes()));
                let local = Local {
                    tip: Height(tip),
                    log: log.whole(),
                };
                let again = Standing::at_start(Loaded::Whole(armed), chain(), &key(), &local);
                assert_eq!(again, Standing::Armed(armed), "{loaded:?}");
                armed
                    .newest
                    .map_or("fresh".into(), |mark| std::format!("keeps {}", mark.stage))
            }
            Err(error) => std::format!("{error}"),
        };
        assert!(
            outcome.starts_with(expected),
            "{loaded:?} {tip} {log:?} {asked}: {outcome}"
        );
    }
}

/// A key signs a history, its log holds it as the engine does, the guard is lost at any moment: after
/// re-arming no place is signed twice.
#[test]
fn a_rearmed_guard_contradicts_nothing_that_the_log_holds() {
    let places: Vec<_> = [0, 1, 2]
        .into_iter()
        .flat_map(|round| STAGES.map(|stage| (round, stage)))
        .collect();
    for signed in 0..=places.len() {
        let history: Vec<_> = places
            .iter()
            .take(signed)
            .map(|&(round, stage)| request(7, round, stage, "a"))
            .collect();
        let log = LogFound::Whole(LogMark {
            height: Height(7),
            newest: history.last().map(|request| request.mark),
        });
        // The guard is lost, damaged, or an older copy from anywhere in the history or before.
        let older = history.iter().rev().skip(1).map(|request| State {
            newest: Some(request.mark),
            ..state(7, None)
        });
        let older = older.chain([state(3, None), state(6, Some((9, Stage::Precommit, "b")))]);
        let losses = older
            .map(Loaded::Whole)
            .chain([Loaded::Missing, Loaded::Corrupt]);
        for loaded in losses {
            let armed = rearmed(loaded, chain(), &key(), (Height(6), log), Height(7))
                .expect("the log shows all");
            for &(round, stage) in &places {
                let other = request(7, round, stage, "b");
                let is_signed = history
                    .iter()
                    .any(|old| old.mark.place() == other.mark.place());
                let may_sign = word(&armed.permit(&other)) == "sign";
                assert!(!(is_signed && may_sign), "{loaded:?} {round} {stage}");
                // Nor less than it may: the network would stand still for nothing.
                assert!(is_signed || may_sign, "{loaded:?} {round} {stage}");
            }
            assert_eq!(
                word(&armed.permit(&request(6, 0, Stage::Prevote, "b"))),
                "behind"
            );
        }
    }
}

#[test]
fn a_damaged_copy_leaves_the_other_and_two_leave_none() {
    let old = state(7, Some((0, Stage::Prevote, "a")));
    let new = State {
        sequence: 2,
        ..state(7, Some((0, Stage::Precommit, "nil")))
    };
    assert_eq!(load(None), Loaded::Missing);
    assert_eq!(load(Some(BLANK)), Loaded::Blank);
    assert_eq!(load(Some(&[0])), Loaded::Corrupt);
    let file = write_copies(&new);
    assert_eq!(load(Some(&file)), Loaded::Whole(new));
    for position in 0..FILE_BYTES {
        let mut damaged = file;
        damaged[position] ^= 1 << (position % 8);
        assert_eq!(load(Some(&damaged)), Loaded::Whole(new), "byte {position}");
        let mirrored = (position + COPY_OFFSETS[1]) % FILE_BYTES;
        damaged[mirrored] ^= 1;
        let expected = if position % COPY_OFFSETS[1] < COPY_BYTES {
            Loaded::Corrupt
        } else {
            Loaded::Whole(new)
        };
        assert_eq!(load(Some(&damaged)), expected, "byte {position} twice");
    }
    // A write cut anywhere leaves the old state, the new one, or none at all.
    for cut in 0..=FILE_BYTES {
        let mut torn = write_copies(&old);
        torn[..cut].copy_from_slice(&file[..cut]);
        let loaded = load(Some(&torn));
        assert!(
            [Loaded::Whole(old), Loaded::Whole(new)].contains(&loaded),
            "cut {cut}: {loaded:?}"
        );
        assert_ne!(load(Some(&file[..cut])), Loaded::Whole(old));
    }
}

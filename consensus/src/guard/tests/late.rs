//! A node that was down follows and votes again; one whose folder is an old copy observes.

use std::string::String;

use super::*;
use crate::guard::{DecidedHeight, ObserveReason, Standing};

fn decided(height: u64) -> DecidedHeight {
    DecidedHeight {
        height: Height(height),
        own: None,
    }
}

/// This key's precommit stands in the quorum.
fn signed(height: u64, round: u32) -> DecidedHeight {
    DecidedHeight {
        own: Some(Round(round)),
        ..decided(height)
    }
}

fn unheard(guard: State) -> Standing {
    let own = local(guard.height.0 - 1, None);
    Standing::at_start(Loaded::Whole(guard), chain(), &key(), &own).until_heard()
}

fn told(standing: &Standing) -> String {
    match standing {
        Standing::Armed(state) => std::format!("armed at {}", state.height),
        Standing::Observing {
            reason: ObserveReason::Unheard,
            ..
        } => "unheard".into(),
        Standing::Observing { until, .. } => std::format!("until {:?}", until.map(|until| until.0)),
    }
}

#[test]
fn an_observer_signs_nothing_until_others_have_decided_beyond_its_past() {
    let log = Some((7, Some((0, Stage::Precommit, "a"))));
    let mut standing = Standing::at_start(Loaded::Missing, chain(), &key(), &local(6, log));
    // Other nodes' tips are not known: no decided height is enough.
    assert_eq!(standing.committed(&decided(1_000)), standing);
    standing.hear(Height(9));
    for stage in STAGES {
        let permission = standing.permit(&request(12, 0, stage, "a"));
        assert_eq!(word(&permission), "observing");
    }
    for height in 7..11 {
        assert_eq!(standing.committed(&decided(height)), standing, "{height}");
        assert_eq!(standing.committed(&signed(height, 0)), standing, "{height}");
        assert_eq!(standing.kept(), None);
    }
    let Standing::Armed(armed) = standing.committed(&decided(11)) else {
        panic!("height 11 is decided");
    };
    assert_eq!((armed.height, armed.newest), (Height(12), None));
    // A second report does not put the end off.
    standing.hear(Height(50));
    assert_eq!(standing.committed(&decided(11)), Standing::Armed(armed));
}

#[test]
fn an_armed_guard_moves_with_each_commit_once() {
    let standing = Standing::Armed(state(7, Some((0, Stage::Precommit, "a"))));
    let next = standing.committed(&signed(7, 0));
    let state = next.kept().expect("it is armed");
    assert_eq!(
        (state.height, state.newest, state.sequence),
        (Height(8), None, 2)
    );
    assert_eq!(next.committed(&decided(7)), next);
    assert_eq!(next.committed(&decided(3)), next);
}

/// The guard is at height 7, where it knows of a precommit in round 1. What is decided before and after the others
/// say that they have decided height 9; what becomes of the node.
#[test]
fn a_node_that_was_late_votes_once_it_has_caught_up_and_an_old_copy_does_not() {
    let both = |heights: &[u64]| heights.iter().copied().map(decided).collect::<Vec<_>>();
    for (before, after, expected) in [
        // Down for a while: it fetches what it missed, before or after it hears the others.
        (both(&[]), both(&[]), "until Some(11)"),
        (both(&[]), both(&[7, 8]), "until Some(11)"),
        (both(&[]), both(&[7, 8, 9]), "armed at 10"),
        (both(&[7, 8]), both(&[9]), "armed at 10"),
        (both(&[7, 8, 9]), both(&[]), "armed at 10"),
        (both(&[7, 8, 9, 10]), both(&[]), "armed at 11"),
        // What its guard knows of speaks for the guard.
        (std::vec![signed(7, 1)], both(&[8, 9]), "armed at 10"),
        (
            both(&[]),
            std::vec![signed(7, 0), decided(8), decided(9)],
            "armed at 10",
        ),
        // A copy: the key has signed since.
        (std::vec![signed(7, 2)], both(&[8, 9, 10]), "until Some(11)"),
        (
            std::vec![decided(7), signed(8, 0)],
            both(&[9, 10]),
            "until Some(11)",
        ),
        (
            both(&[7]),
            std::vec![decided(8), signed(9, 0), decided(10)],
            "until Some(11)",
        ),
        (
            both(&[7]),
            std::vec![signed(8, 0), decided(9), decided(10), decided(11)],
            "armed at 12",
        ),
        // Others said less than their blocks show.
        (
            both(&[7, 8, 9])
                .into_iter()
                .chain([signed(10, 0)])
                .collect(),
            both(&[11]),
            "until Some(12)",
        ),
        (
            both(&[]),
            std::vec![decided(7), decided(8), signed(9, 0), signed(10, 0)],
            "until Some(12)",
        ),
    ] {
        let mut standing = unheard(state(7, Some((1, Stage::Precommit, "a"))));
        for decided in &before {
            standing = standing.committed(decided);
            assert_eq!(told(&standing), "unheard");
        }
        standing.hear(Height(9));
        for decided in &after {
            standing = standing.committed(decided);
        }
        assert_eq!(told(&standing), expected, "{before:?} {after:?}");
    }
}

/// Whatever the moment of a second crash: what is on disk never looks newer than what the quorums have shown.
#[test]
fn a_guard_that_follows_is_on_disk_as_far_as_its_key_has_signed_nothing_new() {
    let start = unheard(state(7, None));
    let moved = start.committed(&decided(7)).committed(&decided(8));
    assert_eq!(moved.kept().map(|state| state.height), Some(Height(9)));
    let old = moved.committed(&signed(9, 0)).committed(&decided(10));
    assert_eq!(old.kept().map(|state| state.height), Some(Height(9)));
    // The store goes on, so the next start sees an old guard.
    let kept = old.kept().expect("it is whole");
    let again = Standing::at_start(Loaded::Whole(kept), chain(), &key(), &local(10, None));
    assert!(matches!(
        again,
        Standing::Observing {
            reason: ObserveReason::OlderThanStore,
            ..
        }
    ));
}

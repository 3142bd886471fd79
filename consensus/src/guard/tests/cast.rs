//! A vote for a block is cast again after later ones, whatever the node has become, and no other one is.

use super::*;
use crate::guard::{Local, ObserveReason, Standing};

/// Signs a vote or proposal, as the file keeps it.
fn signed(guard: State, next: &Request) -> State {
    let Permission::Sign(moved) = guard.permit(next) else {
        panic!("{next:?} is signed");
    };
    assert_eq!(load(Some(&write_copies(&moved))), Loaded::Whole(moved));
    moved
}

#[test]
fn the_same_vote_is_cast_again_after_later_rounds_and_no_other_one() {
    use Stage::{Precommit, Prevote, Propose};
    let history = [
        request(7, 3, Prevote, "a"),
        request(7, 3, Precommit, "a"),
        request(7, 4, Prevote, "nil"),
        request(7, 5, Propose, "b"),
    ];
    let guard = history.iter().fold(state(7, None), signed);
    for (next, expected) in [
        (request(7, 3, Prevote, "a"), "again"),
        (request(7, 3, Precommit, "a"), "again"),
        (request(7, 3, Precommit, "b"), "behind"),
        (request(7, 3, Prevote, "nil"), "behind"),
        (request(7, 2, Prevote, "a"), "behind"),
        (request(6, 3, Prevote, "a"), "behind"),
        (request(7, 4, Prevote, "nil"), "again"),
    ] {
        assert_eq!(word(&guard.permit(&next)), expected, "{next:?}");
    }
    let next = signed(guard, &request(8, 0, Prevote, "c"));
    assert_eq!(word(&next.permit(&history[0])), "behind");
    let decided = guard.after(Height(7)).expect("it moves on");
    assert_eq!(word(&decided.permit(&history[0])), "behind");
}

#[test]
fn what_was_cast_is_cast_again_before_others_are_heard_and_nothing_else_is() {
    let vote = request(7, 3, Stage::Precommit, "a");
    let guard = signed(state(7, None), &vote);
    let local = Local {
        tip: Height(6),
        log: None,
    };
    let standing = Standing::at_start(Loaded::Whole(guard), chain(), &key(), &local).until_heard();
    assert!(matches!(
        standing,
        Standing::Observing {
            reason: ObserveReason::Unheard,
            ..
        }
    ));
    assert_eq!(word(&standing.permit(&vote)), "again");
    for other in [
        request(7, 3, Stage::Precommit, "b"),
        request(7, 4, Stage::Prevote, "a"),
    ] {
        assert_eq!(word(&standing.permit(&other)), "observing", "{other:?}");
    }
}

#[test]
fn the_guard_remembers_the_newest_seven_rounds_and_fits_its_sector() {
    let mut guard = state(u64::MAX - 1, None);
    let voted = |round, stage| {
        let mut vote = request(u64::MAX - 1, round, stage, "a");
        if stage == Stage::Propose {
            vote.mark.pol_round = Some(Round(u32::MAX - 1));
        }
        vote
    };
    let rounds = u32::MAX - 30..u32::MAX;
    for round in rounds.clone() {
        for stage in STAGES {
            guard = signed(guard, &voted(round, stage));
        }
    }
    let again = |round: &u32| {
        let words =
            [Stage::Prevote, Stage::Precommit].map(|s| word(&guard.permit(&voted(*round, s))));
        words == ["again"; 2]
    };
    let remembered: Vec<_> = rounds.filter(again).collect();
    assert_eq!(remembered, (u32::MAX - 7..u32::MAX).collect::<Vec<_>>());
}

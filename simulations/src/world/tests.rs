//! Whole runs: the same twice, sound on many seeds, and every word of a node about itself is looked at.

use std::collections::BTreeSet;

use ledger::state::admission::Inadmissible;

use super::*;
use crate::bug::Bug;
use crate::host::{Observation, Refused};
use crate::scenario::{FaultKind, Menu, Range, Signatures, SpanMs};

fn included(name: &str) -> Scenario {
    Scenario::included(name).unwrap()
}

fn run_of(scenario: &Scenario, seed: u64) -> Run {
    Run {
        scenario: "test".into(),
        seed,
        heights: scenario.heights,
        parties: scenario.parties.count,
        bug: Bug::None,
    }
}

fn result(scenario: &Scenario, seed: u64) -> RunResult {
    let mut world = World::new(scenario.clone(), run_of(scenario, seed)).unwrap();
    world.run(|_| {})
}

#[test]
fn the_same_seed_is_the_same_run_and_another_seed_is_another() {
    let mut traces = BTreeSet::new();
    for name in ["calm", "everything", "twins"] {
        for seed in 1..=2 {
            let (first, second) = (result(&included(name), seed), result(&included(name), seed));
            assert_eq!(first, second, "{name}, seed {seed}");
            assert_eq!(first.violation, None, "{name}, seed {seed}");
            assert!(traces.insert(first.trace), "{name}, seed {seed}");
        }
    }
}

#[test]
fn either_scheme_of_signatures_decides_the_same_records() {
    // Of a race either side may win, so outcomes are compared by permit and deed.
    let outcomes = |signatures| {
        let mut scenario = included("calm");
        scenario.signatures = signatures;
        let result = result(&scenario, 3);
        assert_eq!(result.violation, None);
        let acts = result.acts.into_iter();
        let mut all: Vec<_> = acts
            .map(|act| (act.permit, act.deed, act.outcome))
            .collect();
        all.sort();
        all
    };
    assert_eq!(outcomes(Signatures::Real), outcomes(Signatures::Fast));
}

#[test]
fn every_check_holds_whatever_fails() {
    for seed in 1..=6 {
        let result = result(&included("everything"), seed);
        assert_eq!(result.violation, None, "seed {seed}");
    }
}

#[test]
fn what_happened_is_told() {
    let result = result(&included("region-split"), 1);
    assert_eq!(result.violation, None);
    assert!(
        !result.splits.is_empty() && result.splits.iter().all(|split| split.level_ms.is_some())
    );
    assert!(
        result
            .acts
            .iter()
            .all(|act| act.final_ms.is_some() && act.known_100_ms.is_some())
    );
    assert!(
        result
            .nodes
            .iter()
            .all(|node| node.sent_bytes > 0 && node.height > 0)
    );
    assert_eq!(u64::try_from(result.blocks.len()).unwrap(), result.height);
    assert!(result.counters.get("fault.region-split").is_some());
}

#[test]
fn a_network_that_stays_cut_has_no_progress() {
    let mut scenario = included("calm");
    scenario.progress_within_ms = 1_000;
    scenario.heartbeat_ms = 100;
    let menu = Menu {
        chance_permille: 1000,
        count: Range([1, 1]),
        between_ms: SpanMs([0, 0]),
        lasts_ms: SpanMs([1, 1]),
        permille: None,
        ms: None,
        ppm: None,
        operations: None,
    };
    scenario.faults.insert(FaultKind::HaltingOutage, menu);
    let mut world = World::new(scenario.clone(), run_of(&scenario, 1)).unwrap();
    for from in world.parties.nodes() {
        for to in world.parties.nodes() {
            world.network.cut(from, to);
        }
    }
    let violation = world.run(|_| {}).violation.unwrap();
    assert!(violation.starts_with("no progress"), "{violation}");
}

#[test]
fn what_a_node_says_of_itself_and_of_honest_others_is_a_violation() {
    let scenario = included("calm");
    let mut world = World::new(scenario.clone(), run_of(&scenario, 1)).unwrap();
    let node = world.parties.seats()[0].index;
    let other = world.parties.seats()[1].index;
    let record = world.acts[0].record;
    let told = [
        (Observation::Evidence(other), "Evidence"),
        (Observation::Stopped("a reason".into()), "Stopped"),
        (
            Observation::TurnedAway(record, Inadmissible::AlreadyLogged),
            "TurnedAway",
        ),
        (
            Observation::Refused(Refused::Block(other, "another root".into())),
            "Refused",
        ),
        (Observation::Refused(Refused::Part(other)), "Refused"),
        (Observation::Refused(Refused::Garbage(other)), "Refused"),
        (
            Observation::Refused(Refused::Synced(other, "another block".into())),
            "Refused",
        ),
    ];
    for (observation, expected) in told {
        let violation = world.observed(node, observation).unwrap_err();
        assert!(
            format!("{violation:?}").starts_with(expected),
            "{violation}"
        );
    }
    // Of the dishonest, nothing of it is.
    world.checker.excuse(other);
    world.observed(node, Observation::Evidence(other)).unwrap();
    world
        .observed(node, Observation::Refused(Refused::Part(other)))
        .unwrap();
}

#[test]
fn the_story_is_told_only_where_somebody_asked() {
    let scenario = included("third-down");
    let mut world = World::new(scenario.clone(), run_of(&scenario, 1)).unwrap();
    world.remember(50);
    let with = world.run(|_| {});
    assert_eq!(world.story().lines().count(), 50);
    assert_eq!(with, result(&scenario, 1));
}

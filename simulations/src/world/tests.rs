//! Whole runs: the same twice, sound on many seeds, and caught where a rule is broken on purpose.

use std::collections::BTreeSet;

use super::*;
use crate::scenario::SpanMs;

fn calm() -> Scenario {
    Scenario::included("calm").unwrap()
}

/// Many short crashes and cuts, close together.
fn rough() -> Scenario {
    let mut scenario = calm();
    scenario.heights = 20;
    scenario.crashes.count = 8;
    scenario.crashes.between_ms = SpanMs([0, 30_000]);
    scenario.crashes.operations_max = 60;
    scenario.crashes.down_ms = SpanMs([1, 3_000]);
    scenario.partitions.count = 4;
    scenario.partitions.between_ms = SpanMs([0, 30_000]);
    scenario
}

fn run(scenario: &Scenario, seed: u64, sabotage: Sabotage) -> Report {
    let run = Run {
        scenario: "calm".into(),
        seed,
        heights: scenario.heights,
        sabotage,
    };
    let mut world = World::new(scenario.clone(), run).unwrap();
    world.run(|_| Ok(())).unwrap()
}

#[test]
fn the_same_seed_is_the_same_run_and_another_seed_is_another() {
    let mut traces = BTreeSet::new();
    for seed in 1..=6 {
        let (first, second) = (
            run(&calm(), seed, Sabotage::None),
            run(&calm(), seed, Sabotage::None),
        );
        assert_eq!(first, second, "seed {seed}");
        assert_eq!(first.violation, None, "{first}");
        assert!(traces.insert(first.trace), "seed {seed}");
    }
}

#[test]
fn every_check_holds_on_a_calm_day() {
    let acts = |report: &Report| report.outcomes.values().sum::<u64>();
    let all = acts(&run(&calm(), 100, Sabotage::None));
    for seed in 101..=112 {
        let report = run(&calm(), seed, Sabotage::None);
        assert_eq!(report.violation, None, "{report}");
        // Chance moves acts about; it neither adds nor loses one.
        assert_eq!(acts(&report), all, "{report}");
        assert!(report.height.0 >= calm().heights, "{report}");
    }
}

#[test]
fn every_check_holds_whatever_fails() {
    for seed in 1..=10 {
        let report = run(&rough(), seed, Sabotage::None);
        assert_eq!(report.violation, None, "{report}");
    }
}

#[test]
fn a_node_that_forgets_what_it_signed_is_caught() {
    let caught = |seed| {
        let report = run(&rough(), seed, Sabotage::Amnesia);
        match report.violation {
            Some(Violation::Contradiction { .. }) => true,
            // Its own log and guard gone, it may also meet what it had decided before.
            Some(_) => panic!("{report}"),
            None => false,
        }
    };
    let caught: Vec<_> = (1..=10).filter(|seed| caught(*seed)).collect();
    assert!(!caught.is_empty(), "caught on seeds {caught:?} of 1 to 10");
}

#[test]
fn a_quorum_of_more_than_a_third_is_caught() {
    let report = run(&calm(), 1, Sabotage::WeakQuorum);
    match &report.violation {
        Some(Violation::Stopped { why, .. }) => assert!(why.contains("two thirds"), "{report}"),
        _ => panic!("{report}"),
    }
    assert!(report.to_string().contains(&report.run.command()));
}

#[test]
fn a_store_that_was_altered_is_caught() {
    let caught = |seed| {
        let report = run(&calm(), seed, Sabotage::AlteredState);
        matches!(report.violation, Some(Violation::OtherState { .. }))
    };
    assert!((1..=3).any(caught));
}

#[test]
fn a_network_slower_than_its_bound_has_no_progress() {
    let mut scenario = calm();
    scenario.heartbeat_ms = 100;
    scenario.progress_within_ms = 0;
    scenario.links.latency_ms = SpanMs([900, 1_000]);
    let report = run(&scenario, 1, Sabotage::None);
    assert!(
        matches!(report.violation, Some(Violation::NoProgress(_))),
        "{report}"
    );
}

#[test]
fn what_a_node_says_of_itself_is_a_violation_too() {
    let run = Run {
        scenario: "calm".into(),
        seed: 1,
        heights: 1,
        sabotage: Sabotage::None,
    };
    let mut world = World::new(calm(), run).unwrap();
    let node = NodeIndex(0);
    let record = world.acts[0].record;
    let late = ledger::state::admission::Inadmissible::AlreadyLogged;
    for (observation, expected) in [
        (Observation::Evidence(node), "Evidence"),
        (Observation::Stopped("a reason".into()), "Stopped"),
        (Observation::TurnedAway(record, late), "TurnedAway"),
    ] {
        let violation = world.observed(node, observation).unwrap_err();
        assert!(
            format!("{violation:?}").starts_with(expected),
            "{violation}"
        );
    }
}

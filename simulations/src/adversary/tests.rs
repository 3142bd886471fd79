//! Networks with dishonest validators: whatever up to f of them do, nothing that must hold breaks, and it goes on.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use super::*;
use crate::bug::Bug;
use crate::counters::Counters;
use crate::report::Run;
use crate::results::RunResult;
use crate::scenario::{FaultKind, Menu, Range, Signatures, SpanMs};
use crate::world::World;

/// A short run among `count` Parties, all of which vote, with as many dishonest ones as can be borne.
fn among(count: u16, strategies: &[Strategy]) -> Scenario {
    let mut scenario = Scenario::included("calm").unwrap();
    scenario.heights = 15;
    scenario.progress_within_ms = 600_000;
    scenario.signatures = Signatures::Fast;
    scenario.parties.count = count;
    scenario.parties.validators = count;
    scenario.trade.stories = 6;
    scenario.trade.within_ms = 10_000;
    scenario.adversaries.chance_permille = 1000;
    scenario.adversaries.count = Range([31, 31]);
    scenario.adversaries.strategies = strategies.to_vec();
    if count > 14 {
        scenario.trade.stories = 0;
    }
    scenario
}

fn run(scenario: &Scenario, seed: u64) -> RunResult {
    let run = Run {
        scenario: "calm".into(),
        seed,
        heights: scenario.heights,
        parties: scenario.parties.count,
        bug: Bug::None,
    };
    let mut world = World::new(scenario.clone(), run).unwrap();
    world.remember(30);
    let result = world.run(|_| {});
    let story: Vec<_> = world.story().lines().collect();
    assert_eq!(
        result.violation,
        None,
        "seed {seed}, {:?}\n{}",
        scenario.adversaries,
        story.join("\n")
    );
    result
}

/// What several runs counted, none of which may break anything.
fn counted(scenario: &Scenario, seeds: RangeInclusive<u64>) -> Counters {
    let mut counters = Counters::default();
    for seed in seeds {
        counters.merge(&run(scenario, seed).counters);
    }
    counters
}

fn deeds(counters: &Counters, strategy: Strategy) -> u64 {
    counters.get(&format!("adversary.{}", strategy.as_str()))
}

#[test]
fn no_strategy_of_less_than_a_third_breaks_anything() {
    for count in [4, 7] {
        for strategy in Strategy::ALL {
            let counters = counted(&among(count, &[strategy]), 1..=4);
            assert!(deeds(&counters, strategy) > 0, "{strategy:?} {count}");
        }
    }
}

#[test]
fn what_a_strategy_does_is_noticed() {
    for (strategy, noticed) in [
        (Strategy::EquivocatePrevote, "seen.evidence"),
        (Strategy::EquivocatePrecommit, "seen.evidence"),
        (Strategy::EquivocateProposal, "seen.evidence"),
        (Strategy::Amnesia, "seen.later-round"),
        (Strategy::Silent, "seen.later-round"),
        (Strategy::SelectiveSilence, "recovered.caught-up"),
        (Strategy::WrongProposer, "refused-message.part"),
        (Strategy::WrongTime, "refused-message.time"),
        (Strategy::InvalidBlock, "refused-message.block"),
        (Strategy::WithheldBlock, "seen.later-round"),
        (Strategy::AlteredParts, "refused-message.part"),
        (Strategy::AlteredParts, "refused-message.block"),
        (Strategy::PoisonRecord, "refused-message.block"),
        (Strategy::SyncGarbage, "refused-message.synced"),
    ] {
        let counters = counted(&among(7, &[strategy]), 11..=13);
        assert!(counters.get(noticed) > 0, "{strategy:?} {noticed}");
    }
}

#[test]
fn a_network_without_a_dishonest_validator_notices_none_of_it() {
    let mut scenario = among(7, &[]);
    scenario.adversaries.chance_permille = 0;
    let counters = counted(&scenario, 1..=3);
    for noticed in ["seen.evidence", "seen.later-round", "refused-message.block"] {
        assert_eq!(counters.get(noticed), 0, "{noticed}");
    }
}

#[test]
fn a_node_that_lacks_blocks_gets_them_although_some_answer_garbage() {
    let mut scenario = among(7, &[Strategy::SyncGarbage]);
    scenario.faults.insert(
        FaultKind::Isolation,
        Menu {
            chance_permille: 1000,
            count: Range([2, 2]),
            between_ms: SpanMs([0, 10_000]),
            lasts_ms: SpanMs([6_000, 9_000]),
            permille: None,
            ms: None,
            ppm: None,
            operations: None,
        },
    );
    let counters = counted(&scenario, 1..=6);
    assert!(counters.get("recovered.caught-up") > 0);
    assert!(counters.get("refused-message.synced") > 0);
}

#[test]
fn twins_contradict_each_other_and_fork_nothing() {
    for (count, twins) in [(4, 1), (7, 2)] {
        let mut scenario = among(count, &[]);
        scenario.adversaries.count = Range([0, 0]);
        scenario.adversaries.twins = Range([twins, twins]);
        let counters = counted(&scenario, 1..=6);
        assert_eq!(counters.get("adversary.twin"), twins * 6);
        assert!(counters.get("seen.evidence") > 0, "{count}");
    }
}

#[test]
fn a_mixed_lot_among_many_breaks_nothing() {
    let mut scenario = among(31, &[]);
    scenario.heights = 12;
    scenario.adversaries.twins = Range([0, 3]);
    let counters = counted(&scenario, 1..=6);
    let at_work = Strategy::ALL
        .into_iter()
        .filter(|strategy| deeds(&counters, *strategy) > 0);
    let at_work: Vec<_> = at_work.collect();
    assert!(at_work.len() > 14, "{at_work:?}");
}

#[test]
fn real_signatures_bear_the_same() {
    for (seed, strategy) in [
        (1, Strategy::EquivocatePrecommit),
        (2, Strategy::EquivocateProposal),
        (3, Strategy::PoisonRecord),
        (4, Strategy::SyncGarbage),
    ] {
        let mut scenario = among(4, &[strategy]);
        scenario.signatures = Signatures::Real;
        scenario.heights = 10;
        let counters = counted(&scenario, seed..=seed);
        assert!(deeds(&counters, strategy) > 0, "{strategy:?}");
    }
}

#[test]
fn the_same_seed_is_the_same_run_whatever_the_dishonest_do() {
    let mut scenario = among(7, &[]);
    scenario.adversaries.twins = Range([0, 1]);
    let mut traces = BTreeMap::new();
    for seed in 1..=6 {
        let (first, second) = (run(&scenario, seed), run(&scenario, seed));
        assert_eq!(first, second, "seed {seed}");
        traces.insert(first.trace, seed);
    }
    assert_eq!(traces.len(), 6);
}

/// No one is dishonest: some validators start again while they hear nobody, so their guards refuse their votes.
#[test]
fn validators_that_began_unheard_vote_once_they_have_heard_the_others() {
    let mut scenario = among(4, &[]);
    scenario.adversaries.chance_permille = 0;
    let menu = |lasts, operations| Menu {
        chance_permille: 1000,
        count: Range([6, 6]),
        between_ms: SpanMs([0, 20_000]),
        lasts_ms: SpanMs(lasts),
        permille: None,
        ms: None,
        ppm: None,
        operations,
    };
    let crash = menu([1, 1_000], Some(Range([0, 10])));
    scenario.faults.insert(FaultKind::Crash, crash);
    let isolation = menu([4_000, 8_000], None);
    scenario.faults.insert(FaultKind::Isolation, isolation);
    for seed in [2, 56, 58] {
        run(&scenario, seed);
    }
}

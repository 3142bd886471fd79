//! Every planted bug is found by some checker within a few seeds: what cannot fail checks nothing.

#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

use simulations::bug::Bug;
use simulations::campaign;
use simulations::report::Run;
use simulations::scenario::{FaultKind, Range, Scenario, Strategy};

/// A bug, the scenario in which it shows, what that scenario is changed to, and seeds within which it must be found.
type Row = (Bug, &'static str, fn(&mut Scenario), u64);

const fn as_it_is(_: &mut Scenario) {}

/// Many crashes, close together.
fn crashes(scenario: &mut Scenario) {
    scenario.faults.retain(|kind, _| *kind == FaultKind::Crash);
    if let Some(menu) = scenario.faults.get_mut(&FaultKind::Crash) {
        menu.chance_permille = 1000;
        menu.count = Range([8, 12]);
    }
    scenario.adversaries.chance_permille = 0;
    scenario.heartbeat_ms = 2_000;
}

/// Six validators, of which two go down: four are exactly two thirds.
fn six(scenario: &mut Scenario) {
    *scenario = scenario.with_parties(6);
}

/// Seven validators: four are more than half and less than two thirds.
fn seven(scenario: &mut Scenario) {
    *scenario = scenario.with_parties(7);
}

/// Nobody trades.
const fn idle(scenario: &mut Scenario) {
    scenario.trade.stories = 0;
}

/// Nodes that do not vote.
fn followers(scenario: &mut Scenario) {
    scenario.parties.validators = 4;
}

fn newer(scenario: &mut Scenario) {
    scenario
        .faults
        .retain(|kind, _| *kind == FaultKind::VersionMix);
    scenario
        .faults
        .values_mut()
        .for_each(|menu| menu.chance_permille = 1000);
    scenario.adversaries.chance_permille = 0;
}

fn dishonest(scenario: &mut Scenario, strategy: Strategy) {
    scenario.adversaries.chance_permille = 1000;
    scenario.adversaries.strategies = vec![strategy];
    scenario.adversaries.count = Range([2, 2]);
    scenario.parties.count = 7;
    scenario.parties.validators = 7;
}

fn invalid_blocks(scenario: &mut Scenario) {
    dishonest(scenario, Strategy::InvalidBlock);
}

/// Every story there is.
fn stories(scenario: &mut Scenario) {
    *scenario = scenario.with_parties(7);
    scenario.trade.stories = 40;
}

/// All fixed stories.
const TABLE: &[Row] = &[
    (Bug::Amnesia, "everything", crashes, 20),
    (Bug::GuardOff, "everything", crashes, 40),
    (Bug::WeakQuorum, "calm", seven, 3),
    (Bug::AlteredState, "calm", as_it_is, 5),
    (Bug::AcknowledgedEarly, "everything", crashes, 40),
    (Bug::TornBatch, "everything", crashes, 40),
    (Bug::BlockNotStored, "everything", crashes, 40),
    (Bug::VerdictIgnored, "calm", invalid_blocks, 5),
    (Bug::NeverCatchesUp, "late-joiner", as_it_is, 5),
    (Bug::NeverOffered, "late-joiner", followers, 5),
    (Bug::NoHeartbeat, "calm", idle, 3),
    (Bug::ReceiptsSwapped, "calm", stories, 10),
    (Bug::StopsOnGarbage, "everything", newer, 5),
    (Bug::NoTimeouts, "twins", as_it_is, 5),
    (Bug::TwoThirds, "third-down", six, 10),
    (Bug::LocalClock, "calm", as_it_is, 3),
    (Bug::LoggedAgain, "calm", stories, 20),
    (Bug::UsedAgain, "calm", stories, 3),
    (Bug::AnyParty, "calm", stories, 3),
    (Bug::CancelledUsed, "calm", stories, 3),
    (Bug::ReplacedUsed, "calm", stories, 3),
    (Bug::OverQuantity, "calm", stories, 3),
    (Bug::NotEndorsed, "calm", stories, 3),
    (Bug::DuplicateNumber, "calm", stories, 3),
    (Bug::EndorsedAgain, "calm", stories, 3),
    (Bug::AnyRole, "calm", stories, 3),
    (Bug::NeverIssued, "calm", stories, 3),
];

fn prepared(name: &str, change: fn(&mut Scenario)) -> Scenario {
    let mut scenario = Scenario::included(name).unwrap();
    scenario.signatures = simulations::scenario::Signatures::Fast;
    change(&mut scenario);
    scenario.heights = scenario.heights.min(20);
    // Days of isolation find nothing more, and take longer.
    scenario.faults.remove(&FaultKind::Isolation);
    scenario.heartbeat_ms = scenario.heartbeat_ms.min(2_000);
    // Whatever stands still does so for good: nobody needs to wait long to see it.
    scenario.progress_within_ms = scenario.progress_within_ms.min(120_000);
    scenario.check().unwrap();
    scenario
}

fn run(scenario: &Scenario, seed: u64, bug: Bug) -> Option<String> {
    let run = Run {
        scenario: "planted".into(),
        seed,
        heights: scenario.heights,
        parties: scenario.parties.count,
        bug,
    };
    let _planted = bug.plant().unwrap();
    campaign::run(scenario, &run, |_| {}).unwrap().violation
}

#[test]
fn every_planted_bug_is_found() {
    let planted: Vec<_> = TABLE.iter().map(|(bug, ..)| *bug).collect();
    let missing: Vec<_> = Bug::all().filter(|bug| !planted.contains(bug)).collect();
    assert!(missing.is_empty(), "no row for {missing:?}");
    let found = campaign::on_threads(2, TABLE, |_, (bug, name, change, seeds)| {
        let scenario = prepared(name, *change);
        let found = (1..=*seeds).find_map(|seed| Some((seed, run(&scenario, seed, *bug)?)));
        (*bug, found)
    });
    let mut unseen = Vec::new();
    for (bug, found) in found {
        match found {
            Some((seed, violation)) => println!("{bug:<20} seed {seed:>2}: {violation}"),
            None => unseen.push(bug),
        }
    }
    assert!(unseen.is_empty(), "not found: {unseen:?}");
}

#[test]
fn without_a_bug_the_same_runs_are_sound() {
    let sound = campaign::on_threads(2, TABLE, |_, (bug, name, change, _)| {
        let scenario = prepared(name, *change);
        (*bug, run(&scenario, 1, Bug::None))
    });
    for (bug, violation) in sound {
        assert_eq!(violation, None, "the scenario of {bug}");
    }
}

//! The workload against the real rules: every act has the outcome that its story says, in worlds of every size.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use ledger::limits::BLOCK_RECORDS_MAX;
use ledger::party::Height;
use ledger::signed::Signed;
use ledger::state::admission::{AdmissionError, Inadmissible};
use ledger::state::memory::{MemoryState, initial_changes};
use ledger::state::{Added, At, Execution, View as _};

use super::*;

const SIZES: [u16; 6] = [1, 2, 4, 14, 31, 185];

fn scenario(count: u16, stories: u32) -> Scenario {
    let mut scenario = Scenario::included("calm").unwrap();
    scenario.signatures = crate::scenario::Signatures::Fast;
    scenario.parties.count = count;
    scenario.parties.validators = count.min(4);
    scenario.trade.stories = stories;
    scenario
}

fn drawn(scenario: &Scenario, seed: u64) -> (Parties, Vec<Act>) {
    let parties = Parties::new(scenario, seed).unwrap();
    let acts = acts(scenario, &parties, seed).unwrap();
    (parties, acts)
}

/// Executes all acts, each up to `late_ms` late, one block for each second in which there is something to do.
fn outcomes(
    scenario: &Scenario,
    parties: &Parties,
    acts: &[Act],
    late_ms: u64,
) -> BTreeMap<RecordDigest, Option<Reason>> {
    let (_, changes) = initial_changes(parties.genesis.initial_state());
    let mut state = MemoryState::default();
    state.apply(&changes);
    let mut late = Random::new(late_ms, Purpose::Links);
    let mut queue: Vec<(u64, Arc<Signed>)> = acts
        .iter()
        .map(|act| {
            let due = act
                .at
                .as_ms()
                .saturating_add(late.below(late_ms.saturating_add(1)));
            (due / 1000, Arc::new(Signed::decode(&act.bytes).unwrap()))
        })
        .collect();
    queue.sort_by_key(|(second, _)| *second);
    let mut queue = queue.into_iter().peekable();
    let mut outcomes = BTreeMap::new();
    let mut waiting: Vec<Arc<Signed>> = Vec::new();
    let (mut second, mut height, mut log_size) = (0, Height::ZERO, 0);
    while outcomes.len() < acts.len() {
        second = match queue.peek() {
            Some((next, _)) if waiting.is_empty() => *next,
            Some(_) | None => second + 1,
        };
        while let Some((_, signed)) = queue.next_if(|(due, _)| *due <= second) {
            waiting.push(signed);
        }
        height = height.next();
        let time = scenario.begins_at().plus_ms(second * 1000 + 999);
        let at = At {
            chain: parties.chain,
            height,
            time,
            log_size,
        };
        let mut execution = Execution::begin(&state, at).unwrap();
        let mut included = Vec::new();
        let mut later = Vec::new();
        for signed in waiting {
            if included.len() >= BLOCK_RECORDS_MAX {
                later.push(signed);
                continue;
            }
            match execution.admit(&signed, &parties.signing) {
                Ok(admission) => match admission.add().unwrap() {
                    Added::Logged(receipt) => included.push((signed.digest(), receipt.refused)),
                    Added::TooManyRefused => later.push(signed),
                },
                Err(AdmissionError::Inadmissible(Inadmissible::Waits(_))) => later.push(signed),
                Err(error) => panic!("{error}"),
            }
        }
        let moved = !included.is_empty();
        waiting = later;
        assert!(
            moved || waiting.is_empty() || queue.peek().is_some(),
            "records wait for nothing"
        );
        let executed = execution.finish().unwrap();
        state.apply(&executed.changes);
        log_size = executed.log_size;
        outcomes.extend(included);
        assert!(state.log_index(&RecordDigest::default()).unwrap().is_none());
    }
    outcomes
}

/// What is not as the stories say.
fn check(scenario: &Scenario, seed: u64, late_ms: u64) -> Vec<Act> {
    let (parties, acts) = drawn(scenario, seed);
    let outcomes = outcomes(scenario, &parties, &acts, late_ms);
    let mut won: BTreeMap<PermitKey, u32> = BTreeMap::new();
    for act in &acts {
        let found = outcomes[&act.record];
        let record = || Signed::decode(&act.bytes).unwrap().record().clone();
        let is_right = match act.expected {
            Expected::Applied => found.is_none(),
            Expected::Refused(reason) => found == Some(reason),
            Expected::Race(loser) => {
                *won.entry(act.permit).or_default() += u32::from(found.is_none());
                found.is_none_or(|reason| reason == loser)
            }
        };
        assert!(
            is_right,
            "seed {seed}, {} Parties: {:?} expected, {found:?} found: {:#?}",
            scenario.parties.count,
            act.expected,
            record()
        );
    }
    assert!(
        won.values().all(|winners| *winners == 1),
        "seed {seed}: {won:?}"
    );
    acts
}

#[test]
fn every_story_ends_as_it_says_in_worlds_of_every_size() {
    for (count, seed) in SIZES.into_iter().zip(1..) {
        let acts = check(&scenario(count, 120), seed, 0);
        assert!(acts.is_sorted_by_key(|act| act.at));
        assert!(acts.len() > 120);
    }
}

#[test]
fn a_story_ends_as_it_says_however_late_its_records_are() {
    for (seed, late_ms) in [(11, 1_000), (12, 60_000), (13, 6 * 60 * 60 * 1000)] {
        check(&scenario(14, 120), seed, late_ms);
    }
}

#[test]
fn a_race_is_run_at_one_moment_and_waits_for_one_act() {
    let (_, acts) = drawn(&scenario(4, 40), 1);
    let is_race = |act: &&Act| act.expected == Expected::Race(Reason::Used);
    let race: Vec<_> = acts.iter().filter(is_race).collect();
    let permits: BTreeSet<_> = race.iter().map(|act| act.permit).collect();
    assert!(permits.len() >= 2);
    for permit in permits {
        let racers: Vec<_> = race.iter().filter(|act| act.permit == permit).collect();
        assert!(racers.len() >= 2);
        for act in &racers {
            let after = |act: &Act| Signed::decode(&act.bytes).unwrap().record().after;
            assert_eq!(act.at, racers[0].at);
            assert_eq!(after(act), after(racers[0]));
            assert!(after(act).is_some());
        }
    }
}

#[test]
fn the_stories_hold_every_statement_and_nearly_every_reason() {
    let acts = check(&scenario(14, u32::try_from(STORIES.len()).unwrap()), 5, 0);
    let applied = |act: &&Act| act.expected == Expected::Applied;
    let deeds: BTreeSet<_> = acts.iter().filter(applied).map(|act| act.deed).collect();
    let all = [
        "cancel",
        "consent",
        "correct",
        "cross",
        "endorse",
        "import",
        "issue",
        "operation",
        "paper-seen",
        "quota",
        "refuse",
        "revoke-range",
        "sight",
        "suspend",
    ];
    assert_eq!(deeds.into_iter().collect::<Vec<_>>(), all);
    let reasons: BTreeSet<_> = acts
        .iter()
        .filter_map(|act| match act.expected {
            Expected::Refused(reason) | Expected::Race(reason) => Some(reason),
            Expected::Applied => None,
        })
        .collect();
    assert!(reasons.len() >= 34, "{}: {reasons:?}", reasons.len());
}

#[test]
fn a_story_names_only_parties_that_it_needs() {
    for (place, Story(needs, rows)) in STORIES.iter().enumerate() {
        let parties = Parties::new(&scenario(14, 0), 1).unwrap();
        let mut random = Random::new(1, Purpose::Trade);
        let cast = Cast::draw(&mut random, parties.seats(), *needs).unwrap();
        for row in *rows {
            assert!(cast.who(row.who).is_some(), "story {place}: {row:?}");
        }
    }
}

fn year(count: u16, permits_max: u32) -> Scenario {
    let mut scenario = scenario(count, 0);
    scenario.trade.within_ms = 600_000;
    scenario.trade.volume_permille = 60_000;
    scenario.trade.permits_max = permits_max;
    scenario.trade.compress = 10_000;
    scenario.trade.mistakes_permille = 200;
    scenario.trade.re_exports_permille = 300;
    scenario
}

#[test]
fn the_year_and_every_fraud_end_as_they_say_in_worlds_of_every_size() {
    for (count, seed) in SIZES.into_iter().zip(31..) {
        let mut scenario = year(count, 200);
        scenario.trade.fraud_permille = 500;
        let acts = check(&scenario, seed, 5_000);
        assert!(acts.len() > 300, "{}", acts.len());
        let met: BTreeMap<_, BTreeSet<_>> = acts
            .iter()
            .filter_map(|act| Some((act.fraud?, act.permit)))
            .fold(BTreeMap::new(), |mut met, (fraud, permit)| {
                met.entry(fraud)
                    .or_insert_with(BTreeSet::new)
                    .insert(permit);
                met
            });
        let frauds: usize = met.values().map(BTreeSet::len).sum();
        if count > 2 {
            assert_eq!(met.len(), Fraud::ALL.len(), "{count} Parties");
            assert!((70..130).contains(&frauds), "{frauds}");
        }
        for act in acts.iter().filter(|act| act.fraud.is_some()) {
            let is_seen = act.expected != Expected::Applied;
            assert_eq!(act.fraud.map(Fraud::is_visible), Some(is_seen), "{act:?}");
        }
    }
}

#[test]
fn the_honest_acts_are_the_same_whoever_cheats_beside_them() {
    let mut scenario = year(14, 100);
    scenario.trade.stories = 20;
    let (_, honest) = drawn(&scenario, 3);
    scenario.trade.fraud_permille = 300;
    let (_, with_frauds) = drawn(&scenario, 3);
    scenario.trade.frauds = vec![Fraud::OverShipper, Fraud::Forger];
    let (_, with_two) = drawn(&scenario, 3);
    let bytes =
        |acts: &[Act]| -> BTreeSet<Vec<u8>> { acts.iter().map(|act| act.bytes.clone()).collect() };
    assert!(bytes(&honest).is_subset(&bytes(&with_frauds)));
    assert!(bytes(&honest).is_subset(&bytes(&with_two)));
    assert!(honest.iter().all(|act| act.fraud.is_none()));
    let frauds =
        |acts: &[Act]| -> BTreeSet<_> { acts.iter().filter_map(|act| act.fraud).collect() };
    assert_eq!(frauds(&with_frauds), Fraud::ALL.into());
    assert_eq!(
        frauds(&with_two),
        [Fraud::Forger, Fraud::OverShipper].into()
    );
}

#[test]
fn a_fraud_is_named_in_a_scenario_as_it_is_in_results() {
    #[derive(serde::Deserialize)]
    struct Named {
        frauds: Vec<Fraud>,
    }
    let words = Fraud::ALL
        .map(|fraud| format!("\"{}\"", fraud.as_str()))
        .join(", ");
    let read: Named = toml::from_str(&format!("frauds = [{words}]")).unwrap();
    assert_eq!(read.frauds, Fraud::ALL);
}

#[test]
fn the_year_holds_every_kind_of_life_that_was_asked_for() {
    let mut scenario = year(14, 300);
    let count = |acts: &[Act], deed: &str, expected: Expected| {
        let is = |act: &&Act| act.deed == deed && act.expected == expected;
        acts.iter().filter(is).count()
    };
    let not_endorsed = Expected::Refused(Reason::NotEndorsed);
    let over = Expected::Refused(Reason::OverQuantity);
    let (_, acts) = drawn(&scenario, 7);
    for (deed, expected) in [
        ("cancel", Expected::Applied),
        ("correct", Expected::Applied),
        ("cross", Expected::Applied),
        ("sight", Expected::Applied),
        ("import", not_endorsed),
        ("issue", over),
    ] {
        assert!(count(&acts, deed, expected) > 0, "{deed}");
    }
    scenario.trade.mistakes_permille = 0;
    scenario.trade.re_exports_permille = 0;
    let (_, acts) = drawn(&scenario, 7);
    assert!(acts.iter().all(|act| act.expected == Expected::Applied));
    assert_eq!(count(&acts, "cancel", Expected::Applied), 0);
    assert_eq!(count(&acts, "correct", Expected::Applied), 0);
}

#[test]
fn one_seed_draws_one_workload() {
    let mut scenario = year(14, 60);
    scenario.trade.stories = 20;
    scenario.trade.fraud_permille = 300;
    let bytes = |seed| -> Vec<_> {
        let (_, acts) = drawn(&scenario, seed);
        acts.into_iter()
            .map(|act| (act.at, act.number, act.bytes))
            .collect()
    };
    assert_eq!(bytes(4), bytes(4));
    assert_ne!(bytes(4), bytes(5));
}

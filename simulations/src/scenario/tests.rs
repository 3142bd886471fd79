//! Scenario files: the included ones are sound, and a value that no run can have is named.

use super::*;

#[test]
fn every_included_scenario_is_sound() {
    for name in included::names() {
        assert!(Scenario::included(name).is_ok(), "{name}");
    }
}

#[test]
fn an_unknown_or_misshapen_scenario_is_refused() {
    assert_eq!(
        Scenario::included("storm").unwrap_err(),
        ScenarioError::Unknown("storm".into())
    );
    let misspelt = included::text("calm")
        .unwrap()
        .replace("heights =", "height =");
    assert!(matches!(
        Scenario::parse(&misspelt),
        Err(ScenarioError::Shape(_))
    ));
}

#[test]
fn a_value_that_no_run_can_have_is_named() {
    for (name, from, to, expected) in [
        ("calm", "\"2027-03-01\"", "\"2027-02-30\"", "begins_on"),
        ("calm", "heights = 30", "heights = 0", "heights"),
        (
            "calm",
            "progress_within_ms = 120000",
            "progress_within_ms = 9999999999",
            "progress_within_ms",
        ),
        ("calm", "count = 4", "count = 186", "parties.count"),
        (
            "calm",
            "validators = 4",
            "validators = 5",
            "parties.validators",
        ),
        (
            "calm",
            "weak_permille = 0",
            "weak_permille = 1001",
            "parties.weak_permille",
        ),
        (
            "calm",
            "half_day_permille = 0",
            "half_day_permille = 1001",
            "parties.half_day_permille",
        ),
        (
            "calm",
            "offset_ms_max = 300",
            "offset_ms_max = 9999999999",
            "clocks.offset_ms_max",
        ),
        ("calm", "stories = 12", "stories = 999999", "trade.stories"),
        (
            "calm",
            "within_ms = 40000",
            "within_ms = 9999999999",
            "trade.within_ms",
        ),
        (
            "weak-lines",
            "power_cycle_ms = 240000",
            "power_cycle_ms = 0",
            "parties.power_cycle_ms",
        ),
        (
            "185-parties",
            "also_parties = [4",
            "also_parties = [0",
            "report.also_parties",
        ),
        (
            "185-parties",
            "compress = 5000",
            "compress = 0",
            "trade.compress",
        ),
        (
            "185-parties",
            "fraud_permille = 200",
            "fraud_permille = 2000",
            "trade.fraud_permille",
        ),
        (
            "everything",
            "chance_permille = 300\ncount = [1, 4]",
            "chance_permille = 1300\ncount = [1, 4]",
            "faults.loss.chance_permille",
        ),
        (
            "everything",
            "count = [1, 4]",
            "count = [4, 1]",
            "faults.loss.count",
        ),
        (
            "everything",
            "[0, 50000]",
            "[50000, 0]",
            "faults.loss.between_ms",
        ),
        (
            "everything",
            "permille = [10, 400]",
            "permille = [10, 4000]",
            "faults.loss.permille",
        ),
        (
            "everything",
            "permille = [10, 400]",
            "ppm = [10, 400]",
            "faults.loss.permille",
        ),
        (
            "everything",
            "ppm = [50, 100000]",
            "ppm = [5, 1]",
            "faults.clock-drift.ppm",
        ),
        (
            "everything",
            "operations = [0, 60]",
            "ms = [0, 60]\noperations = [0, 60]",
            "faults.crash.ms",
        ),
        (
            "everything",
            "chance_permille = 600",
            "chance_permille = 6000",
            "adversaries.chance_permille",
        ),
        (
            "everything",
            "twins = [0, 1]",
            "twins = [1, 0]",
            "adversaries.twins",
        ),
    ] {
        let text = included::text(name).unwrap();
        assert!(text.contains(from), "{name}: {from}");
        match Scenario::parse(&text.replacen(from, to, 1)) {
            Err(ScenarioError::Value { key, .. }) => assert_eq!(key, expected),
            other => panic!("{expected}: {other:?}"),
        }
    }
}

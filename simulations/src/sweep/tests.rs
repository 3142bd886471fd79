//! Tests of sweeps: threads, interruptions and foreign folders change nothing.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::sync::atomic::AtomicU64;

use super::ranges::{Variation, seeds};
use super::*;
use crate::results::{csv, synthetic};

/// How a plan is changed, and what then differs.
type Change = (fn(&mut Plan), &'static str);

fn plan() -> Plan {
    let vary = ["parties.count=4,7,13", "parties.weak_permille=0..400:200"];
    Plan {
        scenario: "calm".into(),
        text: synthetic::TEXT.into(),
        vary: vary
            .iter()
            .map(|text| Variation::parse(text).unwrap())
            .collect(),
        seeds: seeds("1..6").unwrap(),
        command: "cites-sim sweep calm --vary parties.count=4,7,13 --seeds 1..6".into(),
    }
}

/// Stands for the simulator: its result follows from scenario and seed alone.
fn run(scenario: &Scenario, seed: u64) -> Result<RunResult, String> {
    let seed_of_values = seed + 1_000 * u64::from(scenario.parties.weak_permille);
    let mut result = synthetic::run("calm", seed_of_values, scenario.parties.count, 60);
    if scenario.parties.weak_permille == 400 && seed == 2 {
        result.violation = Some("stands, \"still\"".into());
    }
    Ok(result)
}

fn files(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut files = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let bytes = fs::read(&path).unwrap();
                files.insert(path.strip_prefix(folder).unwrap().to_owned(), bytes);
            }
        }
    }
    files
}

#[test]
fn the_number_of_threads_changes_no_byte() {
    let (one, many) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let told = AtomicU64::new(0);
    let hear = |_, Done { of, .. }| {
        assert_eq!(of, 54);
        told.fetch_add(1, Ordering::Relaxed);
    };
    let swept = sweep(one.path(), &plan(), 1, run, hear).unwrap();
    assert_eq!((swept.made, swept.kept, swept.violations), (54, 0, 3));
    assert_eq!(told.into_inner(), 54);
    sweep(many.path(), &plan(), 8, run, |_, _| {}).unwrap();
    let (one, many) = (files(one.path()), files(many.path()));
    assert_eq!(
        one.len(),
        54 + 4,
        "runs, sweep.json, scenario.toml, sweep.csv, sweep.html"
    );
    assert!(one == many);
}

#[test]
fn an_interrupted_sweep_goes_on_and_ends_in_the_same_bytes() {
    let (whole, broken) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    sweep(whole.path(), &plan(), 2, run, |_, _| {}).unwrap();

    let power_fails = |scenario: &Scenario, seed| match (scenario.parties.count, seed) {
        (7, 4) => Err("power failed".to_owned()),
        _ => run(scenario, seed),
    };
    let error = sweep(broken.path(), &plan(), 1, power_fails, |_, _| {}).unwrap_err();
    assert_eq!(
        error.to_string(),
        "parties.count=7, parties.weak_permille=0, seed 4: power failed"
    );
    assert!(!broken.path().join("sweep.csv").exists());

    // A file that was being written, and one that a bad disk cut short.
    fs::write(broken.path().join("runs/0001/9.part"), "{").unwrap();
    fs::write(broken.path().join("runs/0001/1.json"), "{\"parties\":").unwrap();
    let swept = sweep(broken.path(), &plan(), 2, run, |_, _| {}).unwrap();
    assert_eq!((swept.made, swept.kept), (54 - 21 + 1, 20));
    fs::remove_file(broken.path().join("runs/0001/9.part")).unwrap();
    assert!(files(whole.path()) == files(broken.path()));

    // All is there: nothing is run again.
    let nothing = |_: &Scenario, _| Err("was run again".to_owned());
    let swept = sweep(broken.path(), &plan(), 2, nothing, |_, _| {}).unwrap();
    assert_eq!((swept.made, swept.kept), (0, 54));
}

#[test]
fn of_several_failures_the_first_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let fails = |_: &Scenario, seed: u64| Err(format!("no {seed}"));
    let error = sweep(folder.path(), &plan(), 4, fails, |_, _| {}).unwrap_err();
    assert!(error.to_string().ends_with("seed 1: no 1"), "{error}");
}

#[test]
fn another_sweep_is_not_mixed_in() {
    let folder = tempfile::tempdir().unwrap();
    sweep(folder.path(), &plan(), 2, run, |_, _| {}).unwrap();
    let before = files(folder.path());
    let changes: [Change; 4] = [
        (|plan| plan.scenario = "storm".into(), "scenario"),
        (|plan| plan.text.push_str("# more\n"), "scenario's text"),
        (|plan| plan.seeds.push(99), "list of seeds"),
        (
            |plan| plan.vary = vec![Variation::parse("parties.count=4,7").unwrap()],
            "varied values",
        ),
    ];
    for (change, what) in changes {
        let mut other = plan();
        change(&mut other);
        let error = sweep(folder.path(), &other, 1, run, |_, _| {})
            .unwrap_err()
            .to_string();
        assert!(error.contains(&format!("its {what} differs")), "{error}");
    }
    let manifest = folder.path().join("sweep.json");
    let text = fs::read_to_string(&manifest).unwrap();
    let commit = format!("\"commit\": \"{}\"", crate::results::campaign::COMMIT);
    fs::write(&manifest, text.replace(&commit, "\"commit\": \"0000\"")).unwrap();
    let error = sweep(folder.path(), &plan(), 1, run, |_, _| {})
        .unwrap_err()
        .to_string();
    assert!(error.contains("its program's commit differs"), "{error}");
    fs::write(&manifest, text).unwrap();
    assert!(files(folder.path()) == before);
}

#[test]
fn a_folder_of_something_else_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("notes.txt"), "mine").unwrap();
    let error = sweep(folder.path(), &plan(), 1, run, |_, _| {})
        .unwrap_err()
        .to_string();
    assert!(error.ends_with("exists; name another folder"), "{error}");
    assert_eq!(files(folder.path()).len(), 1);
}

#[test]
fn the_table_has_a_row_for_each_run_with_its_values() {
    let folder = tempfile::tempdir().unwrap();
    sweep(folder.path(), &plan(), 2, run, |_, _| {}).unwrap();
    let text = fs::read_to_string(folder.path().join("sweep.csv")).unwrap();
    let rows: Vec<Vec<String>> = csv::Rows::new(&text).map(Result::unwrap).collect();
    assert_eq!(rows.len(), 1 + 54);
    assert_eq!(
        rows[0][..5],
        [
            "combination",
            "seed",
            "parties.count",
            "parties.weak_permille",
            "parties"
        ]
    );
    assert_eq!(rows[54][..5], ["9", "6", "13", "400", "13"]);
    assert!(rows.iter().all(|row| row.len() == rows[0].len()));

    let page = fs::read_to_string(folder.path().join("sweep.html")).unwrap();
    crate::report::page::tests::check(&page);
    assert_eq!(
        page.matches("<svg ").count(),
        2 * 7,
        "each number against each value"
    );
    assert!(
        page.contains("parties.weak_permille = 200")
            && page.contains("A check failed in 3 of 54 runs")
    );
    assert!(page.contains("seed 2: stands, &quot;still&quot;"));
}

#[test]
fn a_plan_counts_its_runs() {
    assert_eq!(count(&plan()).unwrap(), 54);
}

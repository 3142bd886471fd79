//! `cites permit check`: every rule before anything is sent, and what the ledger would answer.

use serde_json::Value;

use crate::desk::Device;
use crate::papers::{appendix_i, document, granted};

const NUMBER: &str = "26QS000123";

/// The rules of a check, by their names.
fn rules(value: &Value) -> Vec<(String, String, Value)> {
    let rows = value["rules"].as_array().unwrap().iter();
    let text = |row: &Value, name: &str| row[name].as_str().unwrap().to_owned();
    rows.map(|row| {
        assert!(!text(row, "words").is_empty() && !text(row, "source").is_empty());
        (
            text(row, "rule"),
            text(row, "outcome"),
            row["ledger"].clone(),
        )
    })
    .collect()
}

#[test]
fn every_rule_of_the_catalogue_is_told_without_a_key_or_a_node() {
    let device = Device::new();
    let xml = device.permit(NUMBER);
    let run = device.run(&["permit", "check", &xml, "-v"]).ends(0);
    for number in 1..=22 {
        let name = format!("  R{number:02} ");
        let told = run.stdout.lines().filter(|line| line.starts_with(&name));
        assert_eq!(told.count(), 1, "{name}: {run:#?}");
    }
    let widths = run.stdout.lines().map(|line| line.chars().count());
    assert!(widths.max() <= Some(80), "{run:#?}");
    // What is kept needs no word unless it is asked for.
    let short = device.run(&["permit", "check", &xml]).ends(0);
    assert!(!short.stdout.contains("passed"), "{short:#?}");
    let value = device.run(&["permit", "check", &xml, "--json"]).ends(0);
    let rules = rules(&value.json());
    assert_eq!(rules.len(), 22);
    let of = |name: &str| rules.iter().find(|(rule, _, _)| rule == name).unwrap();
    assert_eq!(of("R05").1, "passed");
    assert_eq!(of("R06").1, "needs the ledger");
    assert_eq!(of("R06").2, Value::Null);
    assert!(device.node.asked().is_empty());
}

#[test]
fn a_doubtful_pair_of_codes_is_a_warning_with_its_rule() {
    let device = Device::new();
    // Skins by the litre.
    let odd = document(NUMBER).replace("unitCode=\"NAR\"", "unitCode=\"LTR\"");
    let xml = device.paper(NUMBER, &odd);
    let run = device.run(&["permit", "check", &xml, "--json"]).ends(0);
    let value = run.json();
    let row = &value["rules"][14];
    assert_eq!(
        (row["rule"].as_str(), row["outcome"].as_str()),
        (Some("R15"), Some("warning"))
    );
    let finding = row["findings"][0].as_str().unwrap();
    assert!(
        finding.contains("(UNEP-WCMC pairs of term and unit)"),
        "{finding}"
    );
    assert!(!value["warnings"].as_array().unwrap().is_empty());
    assert!(run.stderr.contains("warning"), "{run:#?}");
}

#[test]
fn the_ledger_is_asked_what_it_would_answer_and_nothing_is_stored() {
    let device = Device::new();
    let xml = device.permit(NUMBER);
    let ask = ["permit", "check", &xml, "--ask", "--json"];
    let run = device.run(&ask).ends(0);
    assert_eq!(run.json()["refused"], Value::Null);
    assert_eq!(run.json()["broken"], serde_json::json!([]));
    let rules_before = rules(&run.json());
    assert_eq!(rules_before[0].2, "passed", "R01: the number is free");
    assert_eq!(rules_before[20].2, "passed", "R21: the stamp is free");
    let asked = device.node.asked();
    assert_eq!(asked.len(), 1, "{asked:?}");
    assert!(asked[0].starts_with("POST /v1/judgements "), "{asked:?}");
    let height = device.node.chain(|chain| chain.height());

    device.issue(NUMBER);
    let run = device.run(&ask).ends(6);
    let value = run.json();
    assert_eq!(value["refused"], "DUPLICATE_NUMBER");
    let codes = value["broken"].as_array().unwrap().iter();
    let codes: Vec<&str> = codes.map(|row| row["code"].as_str().unwrap()).collect();
    assert_eq!(codes, ["DUPLICATE_NUMBER", "DUPLICATE_STAMP"]);
    let rules = rules(&value);
    assert_eq!(rules[0].2, "DUPLICATE_NUMBER (ledger)");
    assert_eq!(rules[20].2, "DUPLICATE_STAMP (ledger)");
    device
        .run(&["permit", "check", &xml, "--ask"])
        .ends(6)
        .says("DUPLICATE_NUMBER (ledger)");
    assert_eq!(device.node.chain(|chain| chain.height()), height + 1);
    device
        .run(&["permit", "check", &xml, "--ask", "--offline"])
        .ends(2);
}

#[test]
fn what_it_would_be_linked_to_is_asked_too() {
    let device = Device::new();
    let xml = device.paper(NUMBER, &appendix_i(NUMBER));
    let run = device.run(&["permit", "check", &xml, "--ask", "--json"]);
    let rules = rules(&run.ends(6).json());
    assert_eq!(rules[11].2, "NEEDS_IMPORT_PERMIT (ledger)");
    let late = device.paper("late", &granted("26QS000124", 40));
    let ask = ["permit", "check", &late, "--ask"];
    device.run(&ask).ends(6).says("GRANT_DATE (ledger)");
    device
        .run(&[&ask[..], &["--retrospective", "household-effects"]].concat())
        .ends(0);
}

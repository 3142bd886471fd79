//! Customs beyond the single journey: crossings, corrections, paper of Parties that are not on the ledger.

use crate::desk::Device;
use crate::papers::{document, of_party, passport};

const BOW: &str = "26QT000009";
const SKINS: &str = "26QS000123";
const NAME: &str = "QS/26QS000123";

/// A device with the bow's document; it is in QT.
fn with_a_bow() -> (Device, String) {
    let device = Device::new();
    let xml = device.paper(BOW, &passport(BOW));
    device.issues("QT/management", &xml, &[]).ends(0);
    (device, xml)
}

#[test]
fn a_passport_goes_out_and_in_by_turns_and_is_never_spent() {
    let (device, xml) = with_a_bow();
    let cross = |office: &str, way: &str, port: &str, code: i32| {
        let arguments = ["cross", way, &xml, "--port", port];
        device.run_as(office, &arguments).ends(code)
    };
    // It is at home, and it leaves from where it is.
    cross("QN/customs", "out", "QNHAR", 6).says("CROSSING_BROKEN: it is in QT");
    cross("QT/customs", "out", "QTMAR", 0).says("goes back to its holder");
    cross("QT/customs", "out", "QTMAR", 6)
        .says("CROSSING_BROKEN: it is between two States: record its arrival first");
    cross("QN/customs", "in", "QNHAR", 0);
    cross("QP/customs", "in", "QPMAR", 6)
        .says("refused CROSSING_BROKEN: it is in QN: record its departure there first");
    cross("QS/customs", "out", "QSSUR", 6).says("CROSSING_BROKEN");
    cross("QN/customs", "out", "QNHAR", 0);
    cross("QT/customs", "in", "QTMAR", 0);
    device.run(&["verify", &xml]).ends(0);
    let shown = device.run(&["permit", "show", &xml, "--json"]).ends(0);
    let shown = shown.json();
    assert_eq!(shown["permit"]["crossings"]["inside"], "QT");
    assert!(shown["permit"]["imported"].is_null());
    let import = ["import", &xml, "--line", "A=1", "--port", "QNHAR", "--yes"];
    device
        .run_as("QN/customs", &import)
        .ends(6)
        .says("WRONG_KIND");
}

#[test]
fn a_passport_crosses_only_as_it_was_issued() {
    let (device, xml) = with_a_bow();
    let altered = passport(BOW).replace("2 g", "3 g");
    assert_ne!(altered, passport(BOW));
    device.write("altered.xml", altered.as_bytes(), 0o644);
    let secret = "26QT000009.secret";
    let out = ["cross", "out"];
    let port = ["--port", "QTMAR", "--json"];
    let run = device.run_as(
        "QT/customs",
        &[&out[..], &["altered.xml", "--secret", secret], &port].concat(),
    );
    let value = run.ends(6).json();
    assert_eq!(value["code"], "ALTERED");
    assert_eq!(value["broken"][0]["code"], "ALTERED");
    let run = device.run_as(
        "QT/customs",
        &[&out[..], &[&xml, "--dry-run"], &port].concat(),
    );
    assert_eq!(run.ends(0).json()["statement"], "cross");
    device
        .run_as("QT/management", &[&out[..], &[&xml], &port].concat())
        .ends(7);
    std::fs::remove_file(device.path(secret)).unwrap();
    device
        .run_as("QT/customs", &[&out[..], &[&xml], &port].concat())
        .ends(2)
        .says("name it with --secret FILE");
    device
        .run_as("QT/customs", &["cross", "over", &xml, "--port", "QTMAR"])
        .ends(2);
    let skins = device.issue(SKINS);
    device
        .run_as("QS/customs", &["cross", "out", &skins, "--port", "QSSUR"])
        .ends(6)
        .says("WRONG_KIND");
}

#[test]
fn customs_correct_their_own_quantities_and_both_records_stay() {
    let device = Device::new();
    let xml = device.issue(SKINS);
    let correct = |office: &str, what: &str, line: &str, code: i32| {
        let arguments = [
            "correct", what, &xml, "--line", line, "--reason", "recount", "--yes",
        ];
        device.run_as(office, &arguments).ends(code)
    };
    correct("QS/customs", "endorsement", "A=970", 6)
        .says("no such act to correct")
        .says("nothing was sent");
    device.endorse(SKINS);
    correct("QN/customs", "endorsement", "A=970", 6).says("WRONG_PARTY");
    correct("QS/customs", "endorsement", "A=1001", 6).says("OVER_QUANTITY");
    correct("QS/customs", "endorsement", "A=970", 0).says("the record before stays");
    // The correction is what is corrected next.
    correct("QS/customs", "endorsement", "A=965", 0);
    device.import(SKINS);
    correct("QS/customs", "endorsement", "A=960", 6).says("USED");
    correct("QN/customs", "import", "A=966", 6).says("OVER_QUANTITY");
    correct("QN/customs", "import", "A=950", 0);
    let shown = device.run(&["permit", "show", &xml, "--json"]).ends(0);
    let permit = shown.json()["permit"].clone();
    assert_eq!(permit["lines"][0]["endorsed"], "965");
    assert_eq!(permit["lines"][0]["imported"], "950");
    for act in ["endorsement_corrected", "import_corrected"] {
        assert!(permit[act]["record"].is_string(), "{act}: {permit}");
    }
    let history = device.run(&["permit", "history", &xml]).ends(0);
    let applied = history.stdout.lines().filter(|line| {
        let words: Vec<&str> = line.split_whitespace().collect();
        words.get(1) == Some(&"correct") && words.last() == Some(&"applied")
    });
    assert_eq!(applied.count(), 3, "{history:#?}");
}

#[test]
fn a_correction_is_asked_about_and_has_a_reason() {
    let device = Device::new();
    device.issue(SKINS);
    device.endorse(SKINS);
    let correct = ["correct", "endorsement", NAME, "--line", "A=970"];
    let office = "QS/customs";
    let with = |more: &[&str]| device.run_as(office, &[&correct[..], more].concat());
    with(&["--yes"]).ends(2).says("--reason");
    with(&["--reason", "whim", "--yes"]).ends(2);
    with(&["--reason", "typing"]).ends(2).says("--yes");
    let run = with(&["--reason", "typing", "--dry-run", "--json"]).ends(0);
    assert_eq!(run.json()["status"], "signed");
    assert!(device.state(SKINS).endorsement_corrected.is_none());
}

#[test]
fn less_than_before_is_a_doubt_in_the_receipt_and_a_signal() {
    let device = Device::new();
    let xml = device.issue(SKINS);
    let endorse = [
        "endorse", &xml, "--line", "A=960", "--port", "QSSUR", "--json",
    ];
    let run = device.run_as("QS/customs", &endorse).ends(0);
    let doubts = serde_json::json!(["LESS_THAN_AUTHORISED"]);
    assert_eq!(run.json()["receipt"]["warnings"], doubts);
    // Common and lawful: noted, and nobody is warned of it.
    assert!(run.stderr.is_empty(), "{run:#?}");
    let import = [
        "import", &xml, "--line", "A=958", "--port", "QNHAR", "--yes",
    ];
    let run = device.run_as("QN/customs", &import).ends(0);
    assert!(
        run.stderr
            .contains("Less than was endorsed [LESS_THAN_ENDORSED]"),
        "{run:#?}"
    );
    for signal in ["endorsed-less", "imported-less"] {
        device
            .run(&["signals", signal, "--party", "QS"])
            .ends(0)
            .says("1 permit of QS");
    }
}

const PAPER: &str = "26QX000001";

#[test]
fn the_same_paper_of_a_party_outside_the_ledger_clears_once_anywhere() {
    let device = Device::new();
    let xml = device.paper(PAPER, &of_party(PAPER, "QX"));
    let paper = ["paper", &xml, "--port", "QNHAR"];
    let sure = [&paper[..], &["--yes"]].concat();
    let run = device.run(&["verify", &xml, "--json"]).ends(3);
    assert_eq!(run.codes(), ["NOT_ON_LEDGER_PARTY"]);
    device.run_as("QN/customs", &paper).ends(2).says("--yes");
    device
        .run_as("QN/customs", &[&paper[..], &["--dry-run"]].concat())
        .ends(0);
    device
        .run_as("QN/customs", &sure)
        .ends(0)
        .says("nobody vouches that it is genuine");
    // Nobody clears it again, at home or abroad.
    for office in ["QN/customs", "QP/customs"] {
        let run = device.run_as(office, &[&sure[..], &["--json"]].concat());
        let value = run.ends(6).json();
        assert_eq!(value["code"], "USED", "{office}");
        assert_eq!(value["broken"][0]["code"], "USED");
    }
    // The very same paper is red; by its number alone, or with another text, a person must look.
    let run = device.run(&["verify", &xml, "--json"]).ends(4);
    assert_eq!(run.codes(), ["USED", "NOT_ON_LEDGER_PARTY"]);
    assert_eq!(run.json()["reasons"][0]["port"], "QNHAR");
    let run = device.run(&["verify", "QX/26QX000001", "--json"]).ends(3);
    assert_eq!(run.codes(), ["NOT_ON_LEDGER_PARTY", "PAPER_SEEN"]);
    let other = of_party(PAPER, "QX").replace(">1000<", ">900<");
    let other = device.paper("other", &other);
    let run = device.run(&["verify", &other, "--json"]).ends(3);
    assert_eq!(run.codes(), ["NOT_ON_LEDGER_PARTY", "PAPER_SEEN"]);
    // It is never shown as issued.
    device
        .run(&["permit", "show", "QX/26QX000001"])
        .ends(6)
        .says("NOT_ON_LEDGER_PARTY");
}

#[test]
fn paper_of_a_party_on_the_ledger_clears_nothing() {
    let device = Device::new();
    let xml = device.paper(SKINS, &document(SKINS));
    let paper = ["paper", &xml, "--port", "QNHAR", "--yes"];
    device
        .run_as("QN/customs", &paper)
        .ends(6)
        .says("ON_LEDGER_PARTY");
    device.run_as("QN/management", &paper).ends(7);
    device.write("page.xml", b"<html/>", 0o644);
    device
        .run_as("QN/customs", &["paper", "page.xml", "--port", "QNHAR"])
        .ends(8);
}

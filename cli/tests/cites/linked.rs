//! Permits that rest on others: Appendix I on an import permit, re-exports on what was imported.

use serde_json::Value;

use crate::chain::GENESIS;
use crate::desk::{Device, Run, exists};
use crate::papers::{appendix_i, import_permit, import_permit_for_skins, re_export};

const GRANT: &str = "26QN000777";
const DRAGONS: &str = "26QS000200";
const SKINS: &str = "26QS000123";

/// Codes of a list of rules, `broken` of a refusal.
#[track_caller]
fn codes(run: &Run, list: &str) -> Vec<String> {
    let value = run.json();
    let rows = value[list].as_array().unwrap_or_else(|| panic!("{run:#?}"));
    let text = |row: &Value, name: &str| row[name].as_str().unwrap().to_owned();
    for row in rows {
        assert!(!text(row, "rule").is_empty(), "{row}");
    }
    rows.iter().map(|row| text(row, "code")).collect()
}

/// A device on which QN has granted its import permit.
fn granted() -> Device {
    let device = Device::new();
    let xml = device.paper(GRANT, &import_permit(GRANT));
    device.issues("QN/management", &xml, &[]).ends(0);
    device
}

fn endorse_dragons(device: &Device) {
    let endorse = [
        "endorse",
        "QS/26QS000200",
        "--line",
        "A=2",
        "--port",
        "QSSUR",
    ];
    device.run_as("QS/customs", &endorse).ends(0);
}

const IMPORT_DRAGONS: [&str; 7] = [
    "import",
    "QS/26QS000200",
    "--line",
    "A=2",
    "--port",
    "QNHAR",
    "--yes",
];
const ON_GRANT: [&str; 2] = ["--import-permit", "QN/26QN000777"];
const LINKED: [&str; 4] = [
    "--import-permit",
    "QN/26QN000777",
    "--linked-secret",
    "26QN000777.secret",
];

#[test]
fn an_appendix_i_export_on_an_import_permit_spends_both() {
    let device = granted();
    let xml = device.paper(DRAGONS, &appendix_i(DRAGONS));
    let height = device.node.chain(|chain| chain.height());
    let dry = [&LINKED[..], &["--dry-run", "--json"]].concat();
    let run = device.issues("QS/management", &xml, &dry).ends(0);
    assert_eq!(run.json()["status"], "signed");
    assert_eq!(device.node.chain(|chain| chain.height()), height);
    assert!(!exists(&device.path("26QS000200.secret")));
    device.issues("QS/management", &xml, &LINKED).ends(0);
    endorse_dragons(&device);
    device.run(&["verify", &xml]).ends(0);
    let grant = device.run(&["permit", "show", "QN/26QN000777", "--json"]);
    assert!(grant.ends(0).json()["permit"]["imported"].is_null());
    device
        .run_as("QN/customs", &IMPORT_DRAGONS)
        .ends(0)
        .says("it cannot be used again");
    for name in ["QS/26QS000200", "QN/26QN000777"] {
        let run = device.run(&["verify", name, "--json"]).ends(4);
        assert_eq!(run.codes()[0], "USED", "{name}");
    }
    let shown = device.run(&["permit", "show", &xml, "--json"]).ends(0);
    let shown = shown.json();
    assert_eq!(shown["permit"]["import_permit"]["party"], "QN");
    // The import permit is spent: no other export rests on it.
    let other = device.paper("26QS000201", &appendix_i("26QS000201"));
    let flags = [&LINKED[..], &["--json"]].concat();
    let run = device.issues("QS/management", &other, &flags).ends(6);
    assert_eq!(codes(&run, "broken"), ["IMPORT_PERMIT_BROKEN"]);
}

#[test]
fn an_appendix_i_export_without_its_import_permit_or_of_another_taxon_is_refused() {
    let device = granted();
    let xml = device.paper(DRAGONS, &appendix_i(DRAGONS));
    let run = device.issues("QS/management", &xml, &["--json"]).ends(6);
    assert_eq!(run.json()["code"], "NEEDS_IMPORT_PERMIT");
    assert_eq!(codes(&run, "broken"), ["NEEDS_IMPORT_PERMIT"]);
    assert_eq!(run.json()["receipt"]["reason"], "NEEDS_IMPORT_PERMIT");
    // Nobody showed that the taxa are the same.
    let flags = [&ON_GRANT[..], &["--json"]].concat();
    let run = device.issues("QS/management", &xml, &flags).ends(6);
    assert_eq!(codes(&run, "broken"), ["IMPORT_PERMIT_BROKEN"]);
    // A secret of a refused permit shows nothing, and is not left in the way of the next attempt.
    assert!(!exists(&device.path("26QS000200.secret")));
    // Another species has another tag under the same key.
    let other = appendix_i("26QS000201").replace("Varanus komodoensis", "Varanus salvator");
    let other = device.paper("26QS000201", &other);
    let run = device.issues("QS/management", &other, &LINKED).ends(6);
    run.says("refused IMPORT_PERMIT_BROKEN");
    device.issues("QS/management", &xml, &LINKED).ends(0);
    for (flags, exit) in [
        (&["--import-permit", "26QN000777"][..], 2),
        (&["--linked-secret", "none.secret"], 8),
    ] {
        device.issues("QS/management", &xml, flags).ends(exit);
    }
}

#[test]
fn an_import_permit_granted_on_the_way_is_named_at_the_border_and_both_are_spent() {
    // Norvia's own law asks for an import permit for Appendix II too.
    let (before, norvia) = GENESIS.split_once("name = \"Norvia\"").unwrap();
    let policy = norvia.replacen("for_ii = false", "for_ii = true", 1);
    assert_ne!(policy, norvia);
    let device = Device::of(&format!("{before}name = \"Norvia\"{policy}"));
    let xml = device.issue(SKINS);
    device.endorse(SKINS);
    let import = [
        "import", &xml, "--line", "A=958", "--port", "QNHAR", "--yes", "--json",
    ];
    let run = device.run_as("QN/customs", &import).ends(6);
    assert_eq!(codes(&run, "broken"), ["NEEDS_IMPORT_PERMIT"]);
    let late = [&import[..], &ON_GRANT].concat();
    let run = device.run_as("QN/customs", &late).ends(6);
    assert_eq!(codes(&run, "broken"), ["IMPORT_PERMIT_BROKEN"]);
    // The secret came with the goods, so that the import permit can be for the very same taxon.
    let grant = device.paper(GRANT, &import_permit_for_skins(GRANT));
    device
        .issues("QN/management", &grant, &SKINS_SECRET)
        .ends(0);
    device
        .run_as("QN/customs", &[&late[..], &["--dry-run"]].concat())
        .ends(0);
    device.run_as("QN/customs", &late).ends(0);
    for name in ["QS/26QS000123", "QN/26QN000777"] {
        let run = device.run(&["verify", name]).ends(4);
        run.says("USED");
    }
}

#[test]
fn goods_come_in_on_no_other_import_permit_than_the_one_they_left_on() {
    let device = granted();
    let second = "26QN000778";
    let grant = device.paper(second, &import_permit(second));
    device.issues("QN/management", &grant, &[]).ends(0);
    let xml = device.paper(DRAGONS, &appendix_i(DRAGONS));
    device.issues("QS/management", &xml, &LINKED).ends(0);
    endorse_dragons(&device);
    let other = [
        &IMPORT_DRAGONS[..],
        &["--import-permit", "QN/26QN000778", "--json"],
    ];
    let run = device.run_as("QN/customs", &other.concat()).ends(6);
    assert_eq!(codes(&run, "broken"), ["IMPORT_PERMIT_BROKEN"]);
    let same = [&IMPORT_DRAGONS[..], &ON_GRANT].concat();
    device.run_as("QN/customs", &same).ends(0);
    device.run(&["verify", "QN/26QN000778"]).ends(3);
    device
        .run(&["verify", "QN/26QN000777"])
        .ends(4)
        .says("USED");
}

/// Skins that QN imported: 958.
fn imported() -> Device {
    let device = Device::new();
    device.issue(SKINS);
    device.endorse(SKINS);
    device.import(SKINS);
    device
}

/// A re-export certificate of QN to QP, drawing on the skins.
fn certificate(device: &Device, number: &str, quantity: u32) -> String {
    let document = re_export(number, ("QN", "QP"), quantity, SKINS, None);
    device.paper(number, &document)
}

const SKINS_SECRET: [&str; 2] = ["--linked-secret", "26QS000123.secret"];

#[test]
fn a_re_export_draws_on_what_was_imported_and_never_more() {
    let device = imported();
    let xml = certificate(&device, "26QN000001", 600);
    let origin = ["--origin", "A:QS/26QS000123:A:600"];
    let flags = [&origin[..], &SKINS_SECRET].concat();
    device.issues("QN/management", &xml, &flags).ends(0);
    let shown = device.run(&["permit", "show", "QS/26QS000123", "--json"]);
    assert_eq!(
        shown.ends(0).json()["permit"]["lines"][0]["re_exported"],
        "600"
    );

    let xml = certificate(&device, "26QN000002", 359);
    let origin = ["--origin", "A:QS/26QS000123:A:359", "--json"];
    let flags = [&origin[..], &SKINS_SECRET].concat();
    let run = device.issues("QN/management", &xml, &flags).ends(6);
    assert_eq!(run.json()["code"], "OVER_QUANTITY");
    assert_eq!(codes(&run, "broken"), ["OVER_QUANTITY"]);
    let rule = run.json()["broken"][0]["rule"].as_str().unwrap().to_owned();
    assert_eq!(rule, "no more is re-exported than was imported");

    let xml = certificate(&device, "26QN000003", 358);
    let flags = ["--origin", "A:QS/26QS000123:A:358", "--json"];
    let flags = [&flags[..], &SKINS_SECRET].concat();
    let run = device.issues("QN/management", &xml, &flags).ends(0);
    assert_eq!(run.json()["receipt"]["warnings"], serde_json::json!([]));
}

#[test]
fn the_second_re_export_names_the_certificate_and_the_root() {
    let device = imported();
    let xml = certificate(&device, "26QN000001", 600);
    let flags = ["--origin", "A:QS/26QS000123:A:600"];
    let flags = [&flags[..], &SKINS_SECRET].concat();
    device.issues("QN/management", &xml, &flags).ends(0);
    for (office, arguments) in [
        (
            "QN/customs",
            &["endorse", &xml, "--line", "A=600", "--port", "QNHAR"][..],
        ),
        (
            "QP/customs",
            &[
                "import", &xml, "--line", "A=600", "--port", "QPMAR", "--yes",
            ],
        ),
    ] {
        device.run_as(office, arguments).ends(0);
    }
    let last = Some(("QN", "26QN000001"));
    let document = re_export("26QP000001", ("QP", "QT"), 601, SKINS, last);
    let xml = device.paper("26QP000001", &document);
    let secret = ["--linked-secret", "26QN000001.secret"];
    let attempt = |origin: &str, more: &[&str]| {
        let flags = [&["--origin", origin][..], &secret, more].concat();
        device.issues("QP/management", &xml, &flags)
    };
    let too_much = attempt("A:QN/26QN000001:A:601:QS/26QS000123:A", &["--json"]);
    assert_eq!(codes(&too_much.ends(6), "broken"), ["OVER_QUANTITY"]);
    // Another root than the certificate's own, and a certificate cited as if it were the root.
    for origin in [
        "A:QN/26QN000001:A:600:QS/26QS000999:A",
        "A:QN/26QN000001:A:600",
    ] {
        let run = attempt(origin, &["--json"]).ends(6);
        assert_eq!(codes(&run, "broken"), ["ORIGIN_BROKEN"], "{origin}");
    }
    // 601 are authorised and 600 drawn: a doubt for a person, which stands in the receipt and in every verdict.
    let run = attempt("A:QN/26QN000001:A:600:QS/26QS000123:A", &["--json"]).ends(0);
    assert_eq!(
        run.json()["receipt"]["warnings"],
        serde_json::json!(["MORE_THAN_DRAWN"])
    );
    assert!(run.stderr.contains("[MORE_THAN_DRAWN]"), "{run:#?}");
    let run = device.run(&["verify", &xml, "--json"]).ends(3);
    assert!(run.codes().contains(&"MORE_THAN_DRAWN".into()), "{run:#?}");
}

#[test]
fn what_the_ledger_does_not_know_is_not_covered_and_never_green() {
    let device = imported();
    let xml = certificate(&device, "26QN000001", 10);
    // Nothing is cited, and then a permit of a Party without a node.
    for (flags, number) in [
        (&[][..], "26QN000001"),
        (&["--origin", "A:QX/25QX0001:A:10"][..], "26QN000002"),
    ] {
        let document = re_export(number, ("QN", "QP"), 10, SKINS, None);
        let xml = device.paper(number, &document);
        let flags = [flags, &["--json"]].concat();
        let run = device.issues("QN/management", &xml, &flags).ends(0);
        assert_eq!(
            run.json()["receipt"]["warnings"],
            serde_json::json!(["ORIGIN_NOT_COVERED"])
        );
        let endorse = ["endorse", &xml, "--line", "A=10", "--port", "QNHAR"];
        device.run_as("QN/customs", &endorse).ends(0);
        let run = device.run(&["verify", &xml, "--json"]).ends(3);
        assert_eq!(run.codes(), ["ORIGIN_NOT_COVERED"]);
    }
    for (origin, error) in [
        ("A:QS/26QS000123:A", "such as A:QS/26QS000123:A:100"),
        ("A:QS/26QS000123:A:0", "draws nothing"),
        ("B:QS/26QS000123:A:1", "line B, which the permit does not"),
    ] {
        let flags = ["--origin", origin];
        let run = device.issues("QN/management", &xml, &flags).ends(2);
        run.says(error);
    }
}

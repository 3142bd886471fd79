//! `cites verify`: each light for its reason, in words, in JSON, in three languages.

use std::fs;

use crate::chain::GENESIS;
use crate::desk::Device;
use crate::papers::{document, today};

const NUMBER: &str = "26QS000123";

#[test]
fn an_endorsed_permit_with_its_document_is_green() {
    let device = Device::new();
    let xml = device.issue(NUMBER);
    device.endorse(NUMBER);
    // A block that this device has not verified yet, so that the votes are counted.
    device.node.chain(|chain| chain.block(&[])).unwrap();
    let run = device.run(&["verify", &xml]).ends(0);
    for text in [
        "✓ VALID   OK",
        "export permit QS/26QS000123   QS -> QN",
        "Varanus salvator",
        "960 endorsed of 1000 NAR",
        "QS 26 WS 000001-001000",
        "final 4/4 ✓",
        "document ✓",
        "height 4",
        "cites import QS/26QS000123 --line A=…",
    ] {
        assert!(
            run.stdout.contains(text),
            "{text:?} is not in {}",
            run.stdout
        );
    }
    assert!(
        run.stdout.lines().all(|line| line.chars().count() <= 80),
        "{}",
        run.stdout
    );
    assert!(!run.stdout.contains('\u{1b}'));
    let value = device.run(&["verify", &xml, "--json"]).ends(0).json();
    assert_eq!(value["verdict"], "green");
    assert_eq!(value["schema"], "cites.verify/1");
    assert_eq!(value["permit"]["party"], "QS");
    assert_eq!(value["permit"]["number"], NUMBER);
    assert_eq!(value["permit"]["lines"][0]["endorsed"], "960");
    assert_eq!(value["checks"]["document"], "pass");
    assert_eq!(value["checks"]["finality"], "pass");
    assert_eq!(value["not_checked"], serde_json::json!([]));
    assert_eq!(value["as_of"]["height"], "4");
    assert_eq!(value["as_of"]["source"], device.node.url);
}

#[test]
fn a_forgery_that_breaks_a_rule_of_its_own_is_red_and_not_unreadable() {
    let device = Device::new();
    let xml = device.issue(NUMBER);
    let text = fs::read_to_string(device.path(&xml)).unwrap();
    let until = today().plus_months(6).plus_days(-1);
    let later = today().plus_months(18);
    let forged = text.replace(&until.to_string(), &later.to_string());
    assert_ne!(forged, text);
    device.write("forged.xml", forged.as_bytes(), 0o644);
    // What is issued must keep the rule; what is presented is judged.
    device.run(&["permit", "check", "forged.xml"]).ends(8);
    let secret = format!("{NUMBER}.secret");
    let run = device.run(&["verify", "forged.xml", "--secret", &secret, "--json"]);
    let run = run.ends(4);
    assert_eq!(run.codes()[0], "ALTERED");
    assert_eq!(run.json()["reasons"][0]["boxes"][0]["box"], "2");
}

#[test]
fn a_transit_party_sees_its_own_advice() {
    let device = Device::new();
    let xml = device.issue(NUMBER);
    device.endorse(NUMBER);
    device
        .run(&["--as", "QT/customs", "verify", &xml])
        .ends(0)
        .says("OK_TRANSIT")
        .says("do not stamp, keep or spend");
}

#[test]
fn a_member_of_the_destinations_customs_union_is_not_in_transit() {
    let in_union = |genesis: String, name: &str| {
        let own = format!("name = \"{name}\"\n");
        assert!(genesis.contains(&own), "{name}");
        genesis.replace(&own, &format!("{own}customs_union = \"EU\"\n"))
    };
    let genesis = in_union(in_union(GENESIS.into(), "Norvia"), "Portamar");
    let device = Device::of(&genesis);
    let xml = device.issue(NUMBER);
    device.endorse(NUMBER);
    for (office, expected) in [("QP/customs", "OK"), ("QT/customs", "OK_TRANSIT")] {
        let run = device
            .run(&["--as", office, "verify", &xml, "--json"])
            .ends(0);
        assert_eq!(run.codes(), [expected], "{office}");
    }
    // It accepts the goods for the destination.
    let import = [
        "import", &xml, "--line", "A=958", "--port", "QPMAR", "--yes",
    ];
    device.run_as("QP/customs", &import).ends(0);
}

#[test]
fn before_the_endorsement_it_is_amber() {
    let device = Device::new();
    let xml = device.issue(NUMBER);
    let run = device.run(&["verify", &xml, "--json"]).ends(3);
    assert_eq!(run.codes(), ["NOT_ENDORSED"]);
    assert_eq!(run.json()["checks"]["endorsement"], "fail");
    device
        .run(&["verify", &xml])
        .ends(3)
        .says("? CANNOT CONFIRM   NOT_ENDORSED");
}

#[test]
fn after_the_import_it_is_red_and_tells_who_where_and_when() {
    let device = Device::new();
    let xml = device.issue(NUMBER);
    device.endorse(NUMBER);
    device.import(NUMBER);
    device
        .run(&["verify", &xml])
        .ends(4)
        .says("✕ DO NOT ACCEPT   USED")
        .says("by QN, port QNHAR")
        .says("height 4");
    let run = device.run(&["verify", &xml, "--json"]).ends(4);
    let reason = &run.json()["reasons"][0];
    assert_eq!(reason["by"], "QN");
    assert_eq!(reason["port"], "QNHAR");
    assert_eq!(reason["height"], "4");
    assert_eq!(run.json()["checks"]["status"], "fail");
}

#[test]
fn a_cancelled_permit_is_red_with_the_reason_of_its_cancellation() {
    for (reason, code) in [
        ("clerical", "CANCELLED"),
        ("lost", "LOST"),
        ("stolen", "STOLEN"),
        ("withdrawn", "CANCELLED"),
        ("damaged", "CANCELLED"),
    ] {
        let device = Device::new();
        let xml = device.issue(NUMBER);
        device
            .run_as(
                "QS/management",
                &["permit", "cancel", &xml, "--reason", reason, "--yes"],
            )
            .ends(0);
        let run = device.run(&["verify", &xml, "--json"]).ends(4);
        assert_eq!(run.codes()[0], code, "{reason}");
    }
}

#[test]
fn an_altered_document_is_red_and_the_box_is_named() {
    let device = Device::new();
    let xml = device.issue(NUMBER);
    device.endorse(NUMBER);
    for (from, to, place) in [
        (">1000<", ">9000<", "box 11, line A"),
        ("Varanus salvator", "Varanus komodoensis", "box 7, line A"),
        ("SPECIMEN Leather AS", "SPECIMEN Shoes AS", "box 3"),
        ("000001-001000", "000001-009000", "box 9, line A"),
        ("QS 26000123", "QS 26000124", "box 5b"),
    ] {
        let altered = document(NUMBER).replace(from, to);
        assert_ne!(altered, document(NUMBER));
        device.write(&xml, altered.as_bytes(), 0o644);
        device
            .run(&["verify", &xml])
            .ends(4)
            .says("✕ DO NOT ACCEPT   ALTERED")
            .says(place);
        let run = device.run(&["verify", &xml, "--json"]).ends(4);
        assert_eq!(run.codes(), ["ALTERED"]);
        let boxes = &run.json()["reasons"][0]["boxes"];
        assert_eq!(boxes.as_array().unwrap().len(), 1, "{boxes}");
    }
}

#[test]
fn without_the_secret_the_document_is_not_checked_and_that_is_amber() {
    let device = Device::new();
    let xml = device.issue(NUMBER);
    device.endorse(NUMBER);
    let secret = device.path("26QS000123.secret");
    let elsewhere = device.path("kept.bin");
    fs::rename(&secret, &elsewhere).unwrap();
    let run = device.run(&["verify", &xml, "--json"]).ends(3);
    assert_eq!(run.codes(), ["DOCUMENT_NOT_CHECKED"]);
    assert_eq!(run.json()["not_checked"], serde_json::json!(["document"]));
    device
        .run(&["verify", &xml, "--secret", "kept.bin"])
        .ends(0);
    device
        .run(&["verify", "QS/26QS000123"])
        .ends(3)
        .says("DOCUMENT_NOT_CHECKED");
    device
        .run(&[
            "verify",
            "QS/26QS000123",
            "--xml",
            &xml,
            "--secret",
            "kept.bin",
        ])
        .ends(0);
    device
        .run(&["verify", &xml, "--secret", "genesis.toml"])
        .ends(8);
    device.run(&["verify", &xml, "--secret", "missing"]).ends(8);
}

#[test]
fn a_number_that_was_never_issued_is_red_and_another_party_is_not_covered() {
    let device = Device::new();
    let run = device.run(&["verify", "QS/26QS999999", "--json"]).ends(4);
    assert_eq!(run.codes(), ["NOT_ISSUED"]);
    let run = device.run(&["verify", "QA/26QA000001", "--json"]).ends(3);
    assert_eq!(run.codes(), ["NOT_ON_LEDGER_PARTY"]);
}

#[test]
fn a_proof_file_needs_no_node_and_is_never_green() {
    let device = Device::new();
    let xml = device.issue(NUMBER);
    device.endorse(NUMBER);
    let before = device.save_proof(NUMBER);
    let nowhere = "http://127.0.0.1:1";
    let run = device
        .run_at(nowhere, &["verify", &before, "--xml", &xml, "--json"])
        .ends(3);
    assert_eq!(run.codes(), ["OFFLINE"]);
    assert_eq!(run.json()["not_checked"], serde_json::json!(["freshness"]));
    device
        .run_at(nowhere, &["verify", &before, "--xml", &xml])
        .ends(3)
        .says("Seal genuine; use not checked since");
    device
        .run_at(nowhere, &["verify", &xml, "--proof", &before])
        .ends(3)
        .says("OFFLINE");
    // The proof alone names the permit only by its hash.
    device
        .run_at(nowhere, &["verify", &before, "--offline"])
        .ends(3)
        .says("QS/#")
        .says("DOCUMENT_NOT_CHECKED");
    device.import(NUMBER);
    let after = device.save_proof(NUMBER);
    device
        .run_at(nowhere, &["verify", &after, "--xml", &xml])
        .ends(4)
        .says("USED");
    // An altered document is found without a node, too.
    device.write(
        &xml,
        document(NUMBER).replace(">1000<", ">9000<").as_bytes(),
        0o644,
    );
    device
        .run_at(nowhere, &["verify", &before, "--xml", &xml])
        .ends(4)
        .says("box 11, line A");
}

#[test]
fn a_proof_of_another_permit_does_not_pass_for_the_document() {
    let device = Device::new();
    let xml = device.issue(NUMBER);
    device.issue("26QS000124");
    let other = device.save_proof("26QS000124");
    let run = device
        .run(&["verify", &other, "--xml", &xml, "--json"])
        .ends(4);
    assert_eq!(run.codes(), ["OTHER_PERMIT"]);
}

#[test]
fn offline_uses_the_proof_beside_the_document_or_has_nothing() {
    let device = Device::new();
    let xml = device.issue(NUMBER);
    let asked = device.node.asked().len();
    let run = device.run(&["--offline", "verify", &xml, "--json"]).ends(3);
    assert_eq!(run.codes(), ["OFFLINE", "NOT_ENDORSED"]);
    assert_eq!(device.node.asked().len(), asked, "--offline asks nobody");
    fs::remove_file(device.path("26QS000123.citesproof")).unwrap();
    let run = device.run(&["--offline", "verify", &xml, "--json"]).ends(3);
    assert_eq!(run.codes(), ["OFFLINE"]);
    assert_eq!(run.json()["as_of"], serde_json::Value::Null);
    device.run(&["--offline", "permit", "show", &xml]).ends(2);
}

#[test]
fn the_three_languages_say_the_same() {
    let device = Device::new();
    let xml = device.issue(NUMBER);
    device.endorse(NUMBER);
    for (language, word) in [("en", "VALID"), ("fr", "VALABLE"), ("es", "VÁLIDO")] {
        let run = device
            .run(&["verify", &xml, "--lang", language])
            .ends(0)
            .says(&format!("✓ {word}   OK"));
        assert!(
            run.stdout.lines().all(|line| line.chars().count() <= 80),
            "{}",
            run.stdout
        );
    }
    device.import(NUMBER);
    device
        .run(&["verify", &xml, "--lang", "fr"])
        .ends(4)
        .says("NE PAS ACCEPTER   USED")
        .says("Déjà utilisé: par QN");
    device
        .run(&["verify", &xml, "--lang", "es"])
        .ends(4)
        .says("NO ACEPTAR   USED")
        .says("Ya utilizado: por QN");
}

#[test]
fn what_is_no_permit_is_no_verdict() {
    let device = Device::new();
    device.write("noise.bin", &[0xff; 300], 0o644);
    device.write("noise.xml", b"<a><b></a>", 0o644);
    for what in ["noise.bin", "noise.xml", "missing.xml", "26QS000123", "QS/"] {
        let run = device.run(&["verify", what, "--json"]).ends(8);
        assert!(run.json().get("verdict").is_none(), "{what}");
    }
    device.run(&["verify"]).ends(2);
    device
        .run(&["verify", "QS/1", "--json", "--max-age", "soon"])
        .ends(2);
}

#[test]
fn quiet_shows_the_verdict_alone_and_colour_only_where_it_is_asked_for() {
    let device = Device::new();
    device.issue(NUMBER);
    let run = device.run(&["verify", "QS/26QS000123", "-q"]).ends(3);
    assert_eq!(run.stdout.lines().count(), 1, "{}", run.stdout);
    let run = device
        .run(&["verify", "QS/26QS000123", "--color", "always"])
        .ends(3);
    assert!(
        run.stdout
            .starts_with("\u{1b}[1;33m? CANNOT CONFIRM\u{1b}[0m   "),
        "{}",
        run.stdout
    );
}

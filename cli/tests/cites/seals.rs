//! Seals on paper: made by the issuer, judged by anybody with or without a line, and never believed when altered.

use std::fs;

use crate::desk::Device;

const NUMBER: &str = "26QS000123";

/// A device with a permit that is issued and endorsed, and the text of its seal.
fn sealed() -> (Device, String) {
    let device = Device::new();
    let xml = device.issue(NUMBER);
    device.endorse(NUMBER);
    let run = device.run_as(
        "QS/management",
        &["permit", "seal", &xml, "--out", "paper.seal"],
    );
    run.ends(0);
    let text = fs::read_to_string(device.path("paper.seal")).unwrap();
    (device, text)
}

#[test]
fn a_seal_asked_of_a_node_is_green_and_shows_what_to_compare() {
    let (device, text) = sealed();
    for what in [text.as_str(), "paper.seal"] {
        let run = device.run(&["verify", what]).ends(0);
        for expected in [
            "✓ VALID   OK",
            "QS/26QS000123",
            "Varanus salvator",
            "1000 NAR",
            "QS 26 WS 000001-001000",
            "SPECIMEN Skins Ltd -> SPECIMEN Leather AS",
            "document ✓",
        ] {
            assert!(
                run.stdout.contains(expected),
                "{expected:?} is not in {}",
                run.stdout
            );
        }
        assert!(
            run.stdout.lines().all(|line| line.chars().count() <= 80),
            "{}",
            run.stdout
        );
    }
    device.import(NUMBER);
    let run = device.run(&["verify", &text, "--json"]).ends(4);
    assert_eq!(run.codes(), ["USED"]);
}

#[test]
fn the_code_is_drawn_for_its_owner_and_its_size_is_told() {
    let (device, text) = sealed();
    let xml = format!("{NUMBER}.xml");
    let run = device.run_as(
        "QS/management",
        &["permit", "seal", &xml, "--svg", "code.svg"],
    );
    let run = run.ends(0).says("wrote    ");
    assert!(
        run.stdout.contains("modules; print it at 45 mm or more"),
        "{}",
        run.stdout
    );
    let drawn = fs::read_to_string(device.path("code.svg")).unwrap();
    assert!(drawn.contains("QS/26QS000123") && drawn.contains("never a link"));
    let mode = std::os::unix::fs::PermissionsExt::mode(
        &fs::metadata(device.path("code.svg")).unwrap().permissions(),
    );
    assert_eq!(mode & 0o777, 0o600, "it holds the permit's secret");
    let json = device.run_as("QS/management", &["permit", "seal", &xml, "--json"]);
    let value = json.ends(0).json();
    assert_eq!(value["modules"], 109);
    assert!(value["text"].as_str().unwrap().len() >= text.len() - 8);
}

#[test]
fn without_a_node_a_seal_is_never_green_and_says_what_was_not_checked() {
    let (device, text) = sealed();
    let run = device
        .run(&["verify", &text, "--offline", "--json"])
        .ends(3);
    assert_eq!(run.codes(), ["OFFLINE"]);
    let value = run.json();
    assert_eq!(value["checks"]["document"], "pass");
    let left = value["not_checked"].to_string();
    for check in ["finality", "inclusion", "status", "endorsement"] {
        assert!(left.contains(check), "{check}: {left}");
    }
    let run = device.run(&["--lang", "fr", "verify", &text, "--offline"]);
    let run = run
        .ends(3)
        .says("Sceau authentique, posé après la hauteur 3");
    assert!(run.stdout.lines().all(|line| line.chars().count() <= 80));
    // Used meanwhile: the device cannot know, and does not say that it is unused.
    device.import(NUMBER);
    device.run(&["verify", &text, "--offline"]).ends(3);
    // A node that is silent leaves it as open as none.
    let run = device.run_at("http://127.0.0.1:9", &["verify", &text, "--json"]);
    assert_eq!(run.ends(3).codes(), ["OFFLINE"]);
}

#[test]
fn an_altered_seal_is_not_believed_with_or_without_a_node() {
    let (device, text) = sealed();
    let coded: Vec<char> = text.chars().collect();
    // The characters of a code in turn: most places lie in fields, hashes or the signature.
    for place in (4..coded.len()).step_by(97) {
        let mut altered = coded.clone();
        altered[place] = if altered[place] == 'A' { 'B' } else { 'A' };
        let altered: String = altered.into_iter().collect();
        for flags in [
            &["verify", &altered, "--json"][..],
            &["verify", &altered, "--json", "--offline"],
        ] {
            let run = device.run(flags);
            let code = run.code;
            assert!(
                [4, 8].contains(&code),
                "place {place} ends {code}: {}",
                run.stdout
            );
        }
    }
}

#[test]
fn links_other_codes_and_terminal_tricks_are_no_seals() {
    let (device, text) = sealed();
    let long = format!("CP1:{}", "0".repeat(5_000));
    for (what, code) in [
        ("https://cites.example/verify?n=26QS000123", "UNREADABLE"),
        ("CP1:", "UNREADABLE"),
        (&long, "UNREADABLE"),
        (&format!("{text}\u{1b}[2J\u{1b}[1;32mVALID"), "UNREADABLE"),
    ] {
        for command in ["verify", "inspect"] {
            let run = device.run(&[command, what, "--json"]).ends(8);
            assert_eq!(run.json()["code"], code, "{what}");
            assert!(!run.stdout.contains('\u{1b}'));
            assert!(!run.stderr.contains('\u{1b}'));
        }
    }
}

#[test]
fn a_seal_of_a_key_that_is_no_office_s_is_red() {
    let (device, text) = sealed();
    // Customs of the same Party may not issue.
    let xml = format!("{NUMBER}.xml");
    let run = device.run_as("QS/customs", &["permit", "seal", &xml]);
    run.ends(7);
    // A network with another genesis.
    let other = Device::of(&crate::chain::GENESIS.replace("Norvia", "Norvia two"));
    let run = other.run(&["verify", &text, "--offline", "--json"]).ends(3);
    assert_eq!(run.codes(), ["OTHER_NETWORK"]);
}

#[test]
fn inspect_shows_every_field_of_a_seal_and_not_its_secret() {
    let (device, text) = sealed();
    let run = device.run(&["inspect", &text]).ends(0);
    assert!(run.stdout.contains("not judged"), "{}", run.stdout);
    assert!(run.stdout.contains("Varanus salvator"), "{}", run.stdout);
    let secret = device.run(&["inspect", &format!("{NUMBER}.secret"), "--json"]);
    assert_eq!(secret.ends(0).json()["type"], "secret");
    let value = device
        .run(&["inspect", "paper.seal", "--json"])
        .ends(0)
        .json();
    assert_eq!(value["type"], "seal");
    assert_eq!(value["seal"]["number"], NUMBER);
    assert!(value["seal"].get("secret").is_none());
}

#[test]
fn a_document_that_was_changed_since_its_issue_is_not_sealed() {
    let (device, _) = sealed();
    let xml = format!("{NUMBER}.xml");
    let text = fs::read_to_string(device.path(&xml)).unwrap();
    let changed = text.replace("Varanus salvator", "Varanus niloticus");
    assert_ne!(changed, text);
    device.write(&xml, changed.as_bytes(), 0o644);
    let run = device
        .run_as("QS/management", &["permit", "seal", &xml])
        .ends(2);
    assert!(run.stderr.contains("not the document"), "{}", run.stderr);
}

//! What a device trusts: pinned once by its fingerprint, then only ever further ahead. And `inspect`.

use std::fs;

use crate::chain::GENESIS;
use crate::desk::{Device, fingerprint};

const NUMBER: &str = "26QS000123";

#[test]
fn nothing_is_judged_by_a_device_that_trusts_nothing() {
    let device = Device::bare();
    let xml = device.permit(NUMBER);
    for command in [
        vec!["verify", &xml],
        vec!["verify", "QS/1"],
        vec!["permit", "show", &xml],
        vec!["trust", "show"],
    ] {
        let run = device.run(&[&command[..], &["--json"]].concat()).ends(1);
        assert_eq!(run.json()["code"], "NO_TRUST");
        assert!(
            run.stderr.contains("hint: cites trust pin genesis.toml"),
            "{run:#?}"
        );
    }
    assert!(device.node.asked().is_empty());
}

#[test]
fn a_genesis_is_pinned_by_its_fingerprint() {
    let device = Device::bare();
    let shown = device
        .run(&["inspect", "genesis.toml", "--json"])
        .ends(0)
        .json();
    let fingerprint = shown["fingerprint"].as_str().unwrap();
    let wrong = "0000-0000-0000-0000-0000-0000-0000-0000";
    let run = device
        .run(&[
            "trust",
            "pin",
            "genesis.toml",
            "--fingerprint",
            wrong,
            "--json",
        ])
        .ends(8);
    assert_eq!(run.json()["code"], "FINGERPRINT");
    device.run(&["trust", "show"]).ends(1);
    let spoken = fingerprint.to_lowercase().replace('-', " ");
    device
        .run(&["trust", "pin", "genesis.toml", "--fingerprint", &spoken])
        .ends(0);
    let value = device.run(&["trust", "show", "--json"]).ends(0).json();
    assert_eq!(value["fingerprint"], fingerprint);
    device.write("bad.toml", b"network = 1", 0o644);
    device.run(&["trust", "pin", "bad.toml"]).ends(8);
    device.run(&["trust", "pin", "missing.toml"]).ends(8);
}

#[test]
fn nothing_is_pinned_that_nobody_compared() {
    let device = Device::bare();
    let pin = ["trust", "pin", "genesis.toml"];
    for more in [&[][..], &["--yes"]] {
        device
            .run(&[&pin[..], more].concat())
            .ends(2)
            .says("--fingerprint, as the other Parties read it to you");
    }
    device.run(&["trust", "show"]).ends(1);
    let question = format!("The file's fingerprint is {}.", fingerprint(GENESIS));
    let Some(run) = device.run_at_terminal(&pin, "n\n") else {
        eprintln!("script is not installed: nobody can be asked here");
        return;
    };
    run.ends(130).says(&question).says("nothing was pinned");
    device.run(&["trust", "show"]).ends(1);
    let run = device.run_at_terminal(&pin, "y\n").unwrap();
    run.ends(0).says(&question);
    device.run(&["trust", "show"]).ends(0);
}

#[test]
fn a_device_does_not_change_its_network_in_passing() {
    let device = Device::new();
    let other = GENESIS.replace("Suravia", "Suravie");
    device.write("other.toml", other.as_bytes(), 0o644);
    let spoken = fingerprint(&other);
    let pin = ["trust", "pin", "other.toml", "--fingerprint", &spoken];
    device.run(&pin).ends(2).says("another network");
    device
        .run(&[&["--home", "second"], &pin[..]].concat())
        .ends(0);
    // Somebody exchanges the pinned file itself.
    device.write("home/trust/genesis.toml", other.as_bytes(), 0o644);
    device.run(&["verify", "QS/1"]).ends(1).says("exchanged");
}

#[test]
fn each_verification_moves_the_checkpoint_ahead_and_never_back() {
    let device = Device::new();
    let newest = |device: &Device| {
        let value = device.run(&["trust", "show", "--json"]).ends(0).json();
        value["checkpoints"]
            .as_array()
            .unwrap()
            .last()
            .map(|last| last["height"].as_str().unwrap().to_owned())
    };
    assert_eq!(newest(&device), None);
    let xml = device.issue(NUMBER);
    assert_eq!(newest(&device).as_deref(), Some("2"));
    let old = device.save_proof(NUMBER);
    device.endorse(NUMBER);
    device.run(&["verify", &xml]).ends(0);
    assert_eq!(newest(&device).as_deref(), Some("3"));
    device.run(&["verify", &old]).ends(3);
    assert_eq!(newest(&device).as_deref(), Some("3"));
    for _ in 0..20 {
        device.node.chain(|chain| chain.block(&[])).unwrap();
        device.run(&["verify", &xml]).ends(0);
    }
    let value = device.run(&["trust", "show", "--json"]).ends(0).json();
    assert_eq!(value["checkpoints"].as_array().unwrap().len(), 16);
    assert!(
        device
            .node
            .asked()
            .last()
            .unwrap()
            .contains("from_height=22"),
        "{:?}",
        device.node.asked().last()
    );
    // A proof from before the oldest saved checkpoint is followed from genesis.
    device.run(&["verify", &old]).ends(3).says("OFFLINE");
    device.pin(&[]);
    assert_eq!(newest(&device).as_deref(), Some("23"));
    device.pin(&["--forget-checkpoints"]);
    assert_eq!(newest(&device), None);
}

#[test]
fn damaged_checkpoints_are_an_error_and_no_verdict() {
    let device = Device::new();
    let xml = device.issue(NUMBER);
    let path = device.path("home/trust/checkpoints.cbor");
    let bytes = fs::read(&path).unwrap();
    for damaged in [&bytes[..bytes.len() - 1], &[], &[0xff; 10]] {
        fs::write(&path, damaged).unwrap();
        let run = device.run(&["verify", &xml, "--json"]).ends(1);
        assert_eq!(run.json()["code"], "TRUST_DAMAGED");
    }
    device.pin(&["--forget-checkpoints"]);
    device.run(&["verify", &xml]).ends(3);
}

#[test]
fn two_checks_at_once_leave_sound_checkpoints() {
    let device = Device::new();
    let xml = device.issue(NUMBER);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..5 {
                    device.node.chain(|chain| chain.block(&[])).unwrap();
                    let run = device.run(&["verify", &xml, "--json"]);
                    assert_eq!(run.code, 3, "{run:#?}");
                }
            });
        }
    });
    device.run(&["trust", "show"]).ends(0);
}

#[test]
fn inspect_decodes_everything_and_shows_no_secret() {
    let device = Device::new();
    let xml = device.issue(NUMBER);
    let proof = device.save_proof(NUMBER);
    let sight = ["sight", &xml, "--port", "QTMAR", "--dry-run", "--json"];
    let run = device.run_as("QT/customs", &sight).ends(0);
    let hex = run.json()["bytes"].as_str().unwrap().to_owned();
    let bytes: Vec<u8> = (0..hex.len() / 2)
        .map(|at| u8::from_str_radix(&hex[2 * at..2 * at + 2], 16).unwrap())
        .collect();
    device.write("record.cbor", &bytes, 0o644);
    for (what, expected) in [
        (xml.as_str(), "permit"),
        (&proof, "proof"),
        ("26QS000123.secret", "secret"),
        ("genesis.toml", "genesis"),
        ("record.cbor", "record"),
    ] {
        let value = device.run(&["inspect", what, "--json"]).ends(0).json();
        assert_eq!(value["type"], expected, "{what}");
        assert!(value.get("verdict").is_none());
        device.run(&["inspect", what, "-v"]).ends(0);
    }
    let secret = fs::read(device.path("26QS000123.secret")).unwrap();
    let file = ledger::permit::commitment::SecretFile::from_bytes(&secret).unwrap();
    // The secret's bytes, wherever they lie in the file, are not in the output.
    let shown = device
        .run(&["inspect", "26QS000123.secret", "-v"])
        .ends(0)
        .stdout;
    for window in secret.windows(32) {
        let text = ledger::digest::hex(window);
        assert!(!shown.contains(&text) || text == file.commitment().to_string());
    }
    device.write("noise", &[1, 2, 3], 0o644);
    device.run(&["inspect", "noise"]).ends(8);
    device.run(&["inspect", "missing"]).ends(8);
}

//! Issue, endorse, sight, import, refuse, cancel: what they print, what they write, what the ledger holds.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use ledger::permit::commitment::SecretFile;
use ledger::proof::Proof;

use crate::desk::{Device, exists};
use crate::node::Desk;

const NUMBER: &str = "26QS000123";

#[test]
fn an_issue_leaves_a_secret_for_its_owner_and_a_proof_for_everybody() {
    let device = Device::new();
    let xml = device.permit(NUMBER);
    let run = device
        .run_as("QS/management", &["permit", "issue", &xml, "--json"])
        .ends(0);
    let value = run.json();
    assert_eq!(value["schema"], "cites.record/1");
    assert_eq!(value["status"], "final");
    assert_eq!(value["receipt"]["height"], "2");
    let secret = device.path("26QS000123.secret");
    assert_eq!(
        fs::metadata(&secret).unwrap().permissions().mode() & 0o777,
        0o600
    );
    let file = SecretFile::from_bytes(&fs::read(&secret).unwrap()).unwrap();
    let state = device.state(NUMBER);
    assert_eq!(state.commitment, file.commitment());
    assert_eq!(value["commitment"], format!("sha256:{}", file.commitment()));
    let proof = Proof::decode(&fs::read(device.path("26QS000123.citesproof")).unwrap()).unwrap();
    assert_eq!(proof.permit, device.permit_key(NUMBER));
    // URLs carry hashes only.
    assert!(
        device
            .node
            .asked()
            .iter()
            .all(|line| !line.contains(NUMBER)),
        "{:?}",
        device.node.asked()
    );
}

#[test]
fn a_number_with_a_slash_is_written_beside_its_document_and_found_again() {
    let device = Device::new();
    device.write(
        "a.xml",
        crate::papers::document("26QS000123/AA").as_bytes(),
        0o644,
    );
    device
        .run_as("QS/management", &["permit", "issue", "a.xml"])
        .ends(0)
        .says("26QS000123-AA.secret");
    device
        .run_as(
            "QS/customs",
            &[
                "endorse",
                "a.xml",
                "--line",
                "A=1000",
                "--port",
                "QSSUR",
                "--awb",
                "126-12345675",
            ],
        )
        .ends(0);
    device.run(&["verify", "a.xml"]).ends(0);
    device
        .run(&["verify", "QS/26qs000123/aa", "--xml", "a.xml"])
        .ends(0);
    fs::create_dir(device.path("out")).unwrap();
    let xml = device.permit("26QS000124");
    device
        .run_as("QS/management", &["permit", "issue", &xml, "--out", "out"])
        .ends(0);
    assert!(
        exists(&device.path("out/26QS000124.secret"))
            && exists(&device.path("out/26QS000124.citesproof"))
    );
}

#[test]
fn a_dry_run_sends_nothing_and_writes_nothing() {
    let device = Device::new();
    let xml = device.permit(NUMBER);
    let run = device
        .run_as(
            "QS/management",
            &["permit", "issue", &xml, "--dry-run", "--json"],
        )
        .ends(0);
    assert_eq!(run.json()["status"], "signed");
    assert_eq!(
        run.json().get("bytes"),
        None,
        "without its secret nobody may submit it"
    );
    assert!(device.node.asked().is_empty());
    assert!(!exists(&device.path("26QS000123.secret")));
    device
        .run_as(
            "QS/customs",
            &[
                "endorse",
                &xml,
                "--line",
                "A=1",
                "--port",
                "QSSUR",
                "--dry-run",
            ],
        )
        .ends(0);
    assert!(
        device.node.asked().is_empty(),
        "the document knows the unit"
    );
}

#[test]
fn the_secret_is_on_disk_before_anything_is_sent_and_serves_the_second_attempt() {
    let device = Device::new();
    let xml = device.permit(NUMBER);
    let key = device.key("QS", "management");
    let nowhere = "http://127.0.0.1:1";
    let run = device
        .run_at(nowhere, &["--key", &key, "permit", "issue", &xml, "--json"])
        .ends(5);
    assert_eq!(run.json()["code"], "UNREACHABLE");
    let secret = fs::read(device.path("26QS000123.secret")).unwrap();
    device
        .run(&["--key", &key, "permit", "issue", &xml])
        .ends(0);
    assert_eq!(fs::read(device.path("26QS000123.secret")).unwrap(), secret);
    device.endorse(NUMBER);
    device.run(&["verify", &xml]).ends(0);
    // Another version under the same number does not take the place of the secret.
    let other = crate::papers::document(NUMBER).replace(">1000<", ">1001<");
    device.write(&xml, other.as_bytes(), 0o644);
    device
        .run(&["--key", &key, "permit", "issue", &xml])
        .ends(2)
        .says("is there already");
    assert_eq!(fs::read(device.path("26QS000123.secret")).unwrap(), secret);
}

#[test]
fn a_record_whose_answer_was_lost_is_found_and_not_sent_twice() {
    let device = Device::new();
    device.node.takes(Desk::Broken);
    let xml = device.permit(NUMBER);
    device
        .run_as("QS/management", &["permit", "issue", &xml])
        .ends(0)
        .says("final    height 2");
    let posts = device
        .node
        .asked()
        .iter()
        .filter(|line| line.starts_with("POST"))
        .count();
    assert_eq!(posts, 1);
}

#[test]
fn the_whole_life_of_a_permit_is_shown_and_told() {
    let device = Device::new();
    let xml = device.issue(NUMBER);
    device.endorse(NUMBER);
    device
        .run_as("QT/customs", &["sight", &xml, "--port", "QTMAR"])
        .ends(0)
        .says("the permit is not spent");
    device
        .run_as(
            "QT/customs",
            &[
                "refuse",
                "--yes",
                &xml,
                "--reason",
                "OVER_QUANTITY",
                "--port",
                "QTMAR",
            ],
        )
        .ends(0);
    device.import(NUMBER);
    let run = device.run(&["permit", "show", "QS/26QS000123"]).ends(0);
    for text in [
        "export permit QS/26QS000123   QS -> QN",
        "960 endorsed of 1000 NAR, 958 imported",
        "by QN, port QNHAR",
        "1 sightings, 1 refusals",
        "valid 2",
    ] {
        assert!(
            run.stdout.contains(text),
            "{text:?} is not in {}",
            run.stdout
        );
    }
    let value = device
        .run(&["permit", "show", &xml, "--json"])
        .ends(0)
        .json();
    assert_eq!(value["permit"]["lines"][0]["imported"], "958");
    assert_eq!(value["permit"]["imported"]["by"], "QN");
    let run = device.run(&["permit", "history", "QS/26QS000123"]).ends(0);
    let lines: Vec<&str> = run.stdout.lines().collect();
    let (last, events) = lines.split_last().unwrap();
    assert_eq!(
        *last,
        format!("as node {} tells it, not proven", device.node.url)
    );
    let statements: Vec<&str> = events
        .iter()
        .map(|line| line.split_whitespace().nth(1).unwrap())
        .collect();
    assert_eq!(
        statements,
        ["issue", "endorse", "sight", "refuse", "import"]
    );
    let value = device
        .run(&["permit", "history", &xml, "--json"])
        .ends(0)
        .json();
    assert_eq!(value["events"].as_array().unwrap().len(), 5);
    assert_eq!(value["proven"], false);
}

#[test]
fn what_was_never_issued_can_be_sighted_and_refused_and_is_not_shown() {
    let device = Device::new();
    device
        .run_as("QT/customs", &["sight", "QS/26QS999999", "--port", "QTMAR"])
        .ends(0);
    device
        .run_as(
            "QT/customs",
            &[
                "refuse",
                "--yes",
                "QS/26QS999999",
                "--reason",
                "NOT_ISSUED",
                "--port",
                "QTMAR",
            ],
        )
        .ends(0);
    device
        .run(&["permit", "show", "QS/26QS999999"])
        .ends(6)
        .says("NOT_ISSUED");
    device.run(&["permit", "history", "QS/26QS999999"]).ends(0);
}

#[test]
fn accepted_is_enough_where_that_is_asked_for_and_the_record_can_be_asked_after() {
    let device = Device::new();
    device.node.takes(Desk::Slow);
    let xml = device.permit(NUMBER);
    let run = device
        .run_as(
            "QS/management",
            &["permit", "issue", &xml, "--wait", "accepted", "--json"],
        )
        .ends(0);
    assert_eq!(run.json()["status"], "accepted");
    assert!(!exists(&device.path("26QS000123.citesproof")));
    let record = run.json()["record"].as_str().unwrap().to_owned();
    let run = device.run(&["record", &record, "--json"]).ends(9);
    assert_eq!(run.json()["status"], "accepted");
    device
        .run(&["record", &"0".repeat(64)])
        .ends(6)
        .says("UNKNOWN_RECORD");
    device.run(&["record", "x"]).ends(2);
}

#[test]
fn a_record_that_was_applied_or_refused_is_told_by_its_name() {
    let device = Device::new();
    let xml = device.permit(NUMBER);
    let run = device
        .run_as("QS/management", &["permit", "issue", &xml, "--json"])
        .ends(0);
    let record = run.json()["record"].as_str().unwrap().to_owned();
    device
        .run(&["record", &record])
        .ends(0)
        .says("final    height 2");
    let run = device
        .run_as(
            "QT/customs",
            &[
                "import", &xml, "--line", "A=1", "--port", "QTMAR", "--yes", "--json",
            ],
        )
        .ends(6);
    let record = run.json()["record"].as_str().unwrap().to_owned();
    device
        .run(&["record", &record, "--wait", "final"])
        .ends(6)
        .says("WRONG_PARTY");
}

//! Replacement, cancellation after use, and permits issued after the goods had left.

use crate::desk::Device;
use crate::papers::{appendix_i, document, granted};

const FIRST: &str = "26QS000001";
const SECOND: &str = "26QS000002";
const THIRD: &str = "26QS000003";
const LOST: [&str; 4] = ["--replaces", FIRST, "--reason", "lost"];

#[test]
fn a_replaced_permit_is_red_and_names_the_one_that_replaces_it() {
    let device = Device::new();
    let old = device.issue(FIRST);
    let xml = device.permit(SECOND);
    device.issues("QS/management", &xml, &LOST).ends(0);
    let hash = |number: &str| device.permit_key(number).number.to_string();
    let run = device.run(&["verify", &old]).ends(4);
    let run = run.says("REPLACED").says("replaced by number hash");
    assert!(run.stdout.contains(&hash(SECOND)[..16]), "{run:#?}");
    let lines: Vec<&str> = run.stdout.lines().collect();
    assert!(
        lines.iter().all(|line| line.chars().count() <= 80),
        "{run:#?}"
    );

    // The successor is replaced in its turn, and the whole chain is told.
    let xml = device.permit(THIRD);
    let stolen = ["--replaces", SECOND, "--reason", "stolen"];
    device.issues("QS/management", &xml, &stolen).ends(0);
    let run = device.run(&["verify", &old, "--json"]).ends(4);
    assert_eq!(run.codes()[0], "REPLACED");
    let chain = run.json()["permit"]["replaced_by"].clone();
    for (place, number, alive) in [(0, SECOND, false), (1, THIRD, true)] {
        assert_eq!(
            chain[place]["number_hash"],
            format!("sha256:{}", hash(number))
        );
        assert_eq!(chain[place]["alive"], alive);
    }
    assert_eq!(chain.as_array().unwrap().len(), 2);
    device.endorse(THIRD);
    device.run(&["verify", &xml]).ends(0);
    let shown = device.run(&["permit", "show", &xml, "--json"]).ends(0);
    assert_eq!(shown.json()["permit"]["replaces"]["reason"], "stolen");
    // Whoever presents the old one is refused, and told by whom it was replaced.
    let endorse = [
        "endorse",
        "QS/26QS000001",
        "--line",
        "A=1",
        "--port",
        "QSSUR",
    ];
    device
        .run_as("QS/customs", &endorse)
        .ends(6)
        .says("refused REPLACED: by QS, height 3");
}

#[test]
fn each_replacement_that_may_not_be_is_refused() {
    let device = Device::new();
    device.issue(FIRST);
    let attempt = |number: &str, replaces: &str, code: &str| {
        let xml = device.permit(number);
        let flags = ["--replaces", replaces, "--reason", "clerical", "--json"];
        let run = device.issues("QS/management", &xml, &flags).ends(6);
        assert_eq!(run.json()["code"], code);
        assert_eq!(run.json()["broken"][0]["code"], code);
    };
    attempt(SECOND, "26QS000999", "NOT_ISSUED");
    let xml = device.permit(SECOND);
    device.issues("QS/management", &xml, &LOST).ends(0);
    attempt(THIRD, FIRST, "REPLACED");
    device.endorse(SECOND);
    // Goods have left: nothing but a true duplicate takes its place.
    let other = document(THIRD).replace(">1000<", ">1001<");
    let xml = device.paper(THIRD, &other);
    let flags = ["--replaces", SECOND, "--reason", "damaged"];
    let secret = ["--linked-secret", "26QS000002.secret"];
    for flags in [&flags[..], &[&flags[..], &secret].concat()] {
        let run = device.issues("QS/management", &xml, flags).ends(6);
        run.says("refused REPLACEMENT_BROKEN");
    }
    device.import(SECOND);
    attempt(THIRD, SECOND, "USED");
    let withdrawn = "26QS000004";
    device.issue(withdrawn);
    let name = "QS/26QS000004";
    let cancel = ["permit", "cancel", name, "--reason", "withdrawn", "--yes"];
    device.run_as("QS/management", &cancel).ends(0);
    attempt(THIRD, withdrawn, "CANCELLED");
    // Neither flag stands alone, and what is withdrawn has no successor.
    let xml = device.permit(THIRD);
    for flags in [
        &["--replaces", FIRST][..],
        &["--reason", "lost"],
        &["--replaces", FIRST, "--reason", "replaced"],
    ] {
        device.issues("QS/management", &xml, flags).ends(2);
    }
}

#[test]
fn a_permit_lost_on_the_way_is_replaced_by_a_duplicate_that_keeps_its_endorsement() {
    let device = Device::new();
    device.issue(FIRST);
    device.endorse(FIRST);
    let xml = device.permit(SECOND);
    let flags = [&LOST[..], &["--linked-secret", "26QS000001.secret"]].concat();
    device.issues("QS/management", &xml, &flags).ends(0);
    device
        .run(&["verify", &xml])
        .ends(0)
        .says("960 endorsed of 1000");
    device.import(SECOND);
    device
        .run(&["verify", "QS/26QS000001"])
        .ends(4)
        .says("REPLACED");
}

#[test]
fn a_notice_after_the_use_is_recorded_and_undoes_nothing() {
    let device = Device::new();
    let xml = device.issue(FIRST);
    device.endorse(FIRST);
    device.import(FIRST);
    let cancel = ["permit", "cancel", &xml, "--reason", "stolen", "--yes"];
    device
        .run_as("QS/management", &cancel)
        .ends(0)
        .says("contested at height 5")
        .says("the use stands");
    let run = device.run(&["verify", &xml, "--json"]).ends(4);
    assert_eq!(run.codes(), ["USED", "CONTESTED"]);
    assert_eq!(run.json()["reasons"][1]["by"], "QS");
    let shown = device.run(&["permit", "show", &xml, "--json"]).ends(0);
    let permit = shown.json()["permit"].clone();
    assert_eq!(permit["contested"]["height"], "5");
    assert_eq!(permit["imported"]["by"], "QN");
    assert!(permit["cancelled"].is_null());
    device
        .run_as("QS/management", &cancel)
        .ends(6)
        .says("ALREADY_RECORDED");
    let run = device.run(&["signals", "contested", "--party", "QS", "--json"]);
    assert_eq!(run.ends(0).json()["items"].as_array().unwrap().len(), 1);
}

#[test]
fn what_was_issued_after_the_goods_left_waits_for_the_destinations_consent() {
    let device = Device::new();
    let xml = device.paper(FIRST, &granted(FIRST, 40));
    let run = device.issues("QS/management", &xml, &["--json"]).ends(6);
    assert_eq!(run.json()["code"], "GRANT_DATE");
    let late = ["--retrospective", "authority-error"];
    device.issues("QS/management", &xml, &late).ends(0);
    let run = device.run(&["verify", &xml, "--json"]).ends(3);
    assert_eq!(run.codes(), ["RETROSPECTIVE"]);
    let import = [
        "import",
        "QS/26QS000001",
        "--line",
        "A=900",
        "--port",
        "QNHAR",
        "--yes",
    ];
    device
        .run_as("QN/customs", &import)
        .ends(6)
        .says("refused RETROSPECTIVE");
    let due = device.run(&["signals", "consent-due", "--party", "QN", "--json"]);
    assert_eq!(due.ends(0).json()["items"].as_array().unwrap().len(), 1);

    let consent = ["permit", "consent", &xml];
    let sure = ["permit", "consent", &xml, "--yes"];
    device
        .run_as("QN/management", &consent)
        .ends(2)
        .says("--yes");
    device.run_as("QN/customs", &sure).ends(7);
    device
        .run_as("QT/management", &sure)
        .ends(6)
        .says("refused WRONG_PARTY: only QN may consent");
    device
        .run_as("QN/management", &[&consent[..], &["--dry-run"]].concat())
        .ends(0);
    device
        .run_as("QN/management", &sure)
        .ends(0)
        .says("customs may accept it now");
    device
        .run_as("QN/management", &sure)
        .ends(6)
        .says("ALREADY_RECORDED");
    device.run(&["verify", &xml]).ends(0);
    // Box 14 was empty when the goods left: nothing needs to be endorsed any more.
    device.run_as("QN/customs", &import).ends(0);
    let due = device.run(&["signals", "consent-due", "--party", "QN", "--json"]);
    assert!(due.ends(0).json()["items"].as_array().unwrap().is_empty());
}

#[test]
fn nothing_is_retrospective_for_appendix_i_and_no_other_permit_needs_consent() {
    let device = Device::new();
    let xml = device.paper(FIRST, &appendix_i(FIRST));
    let late = ["--retrospective", "trader-misled", "--json"];
    let run = device.issues("QS/management", &xml, &late).ends(6);
    assert_eq!(run.json()["code"], "RETROSPECTIVE_APPENDIX_I");
    let broken = run.json()["broken"].clone();
    let codes = broken.as_array().unwrap().iter();
    let codes = codes.map(|row| row["code"].as_str().unwrap());
    assert_eq!(
        codes.collect::<Vec<_>>(),
        ["RETROSPECTIVE_APPENDIX_I", "NEEDS_IMPORT_PERMIT"],
        "every broken rule, the one that answers first"
    );
    device
        .issues("QS/management", &xml, &["--retrospective", "late"])
        .ends(2);
    device.issue(SECOND);
    let consent = ["permit", "consent", "QS/26QS000002", "--yes"];
    device
        .run_as("QN/management", &consent)
        .ends(6)
        .says("WRONG_KIND");
}

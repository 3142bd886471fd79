//! What a Management Authority states of its trade as a whole, and what people look for in it.

use std::os::unix::fs::PermissionsExt as _;

use ledger::time::{CivilDate, Timestamp};
use serde_json::Value;

use crate::chain::now;
use crate::desk::{Device, Run};
use crate::papers::{appendix_i, bred, document, import_permit, today};

const SPECIES: &str = "Varanus salvator";
const FORMS: [&str; 6] = [
    "26QS004000",
    "26QS004999",
    "--series",
    "forms",
    "--reason",
    "stolen",
];

fn register(device: &Device, office: &str, act: &[&str], more: &[&str]) -> Run {
    device.run_as(office, &[&["register"][..], act, more].concat())
}

#[test]
fn revoked_forms_are_red_where_no_permit_or_a_later_one_bears_their_number() {
    let device = Device::new();
    let before = device.issue("26QS004001");
    device.endorse("26QS004001");
    let revoke = [&["revoke"][..], &FORMS].concat();
    let run = register(&device, "QS/management", &revoke, &["--yes"]);
    run.ends(0).says("every verdict shows it from now on");
    let after = device.issue("26QS004002");
    device.endorse("26QS004002");
    let verdict = |what: &str, code: i32| {
        let run = device.run(&["verify", what, "--json"]).ends(code);
        run.codes()
    };
    assert_eq!(verdict(&before, 0), ["OK"]);
    assert_eq!(verdict(&after, 4), ["REVOKED_RANGE"]);
    assert_eq!(verdict("QS/26QS004100", 4), ["NOT_ISSUED", "REVOKED_RANGE"]);
    assert_eq!(verdict("QS/26QS005000", 4), ["NOT_ISSUED"]);
    // A copy of the blank with other text on it.
    let forged = device.permit("26QS004101");
    assert_eq!(verdict(&forged, 4), ["NOT_ISSUED", "REVOKED_RANGE"]);

    let told = device.run(&["register", "show", "QS", "--json"]).ends(0);
    let told = told.json();
    assert_eq!(told["revoked"][0]["numbers"], "26QS004000 to 26QS004999");
    device
        .run(&["register", "show", "QS"])
        .ends(0)
        .says("revoked: series forms, numbers 26QS004000 to 26QS004999, reason stolen")
        .says("suspensions: none")
        .says("not proven");
    let run = register(&device, "QS/management", &revoke, &["--lift", "--yes"]);
    run.ends(0).says("these numbers may be used again");
    assert_eq!(verdict(&after, 0), ["OK"]);
    assert_eq!(verdict("QS/26QS004100", 4), ["NOT_ISSUED"]);
}

#[test]
fn a_revoked_stamp_is_told_by_the_document() {
    let device = Device::new();
    let revoke = [
        "revoke",
        "QS 26000100",
        "QS 26000199",
        "--series",
        "stamps",
        "--reason",
        "lost",
    ];
    register(&device, "QS/management", &revoke, &["--yes"]).ends(0);
    let xml = device.issue("26QS000123");
    device.endorse("26QS000123");
    let run = device.run(&["verify", &xml, "--json"]).ends(4);
    assert_eq!(run.codes(), ["REVOKED_RANGE"]);
    assert_eq!(run.json()["checks"]["registers"], "fail");
}

#[test]
fn a_revocation_is_asked_about_said_once_and_lifted_as_it_was_said() {
    let device = Device::new();
    let revoke = [&["revoke"][..], &FORMS].concat();
    let office = "QS/management";
    register(&device, office, &revoke, &[])
        .ends(2)
        .says("--yes");
    let run = register(&device, office, &revoke, &["--dry-run", "--json"]).ends(0);
    assert_eq!(run.json()["statement"], "revoke-range");
    register(&device, office, &revoke, &["--lift", "--yes"])
        .ends(6)
        .says("UNKNOWN_RECORD");
    register(&device, office, &revoke, &["--yes"]).ends(0);
    let run = register(&device, office, &revoke, &["--yes", "--json"]).ends(6);
    assert_eq!(run.json()["code"], "ALREADY_RECORDED");
    assert_eq!(run.json()["broken"][0]["code"], "ALREADY_RECORDED");
    register(&device, "QS/customs", &revoke, &["--yes"]).ends(7);
    for (first, last) in [
        ("26QS004999", "26QS004000"),
        ("26QS004000", "26QT004999"),
        ("QS", "QS"),
    ] {
        let range = ["revoke", first, last];
        register(
            &device,
            office,
            &[&range[..], &FORMS[2..]].concat(),
            &["--yes"],
        )
        .ends(2);
    }
}

/// A device where QS has its seal, and a quota of 1500 skins for this year.
fn with_quota() -> (Device, Run) {
    let device = Device::new();
    let seal = ["register", "seal", "--out", "qs.seal"];
    device.run(&seal).ends(0);
    let run = quota(&device, "1500", &[]);
    (device, run)
}

fn quota(device: &Device, total: &str, more: &[&str]) -> Run {
    let year = today().year().to_string();
    let act = [
        "quota", SPECIES, "--year", &year, "--total", total, "--unit", "NAR",
    ];
    let more = [&["--seal", "qs.seal", "--yes", "--json"][..], more].concat();
    register(device, "QS/management", &act, &more)
}

#[test]
fn a_seal_is_made_once_for_its_owner() {
    let (device, _) = with_quota();
    let path = device.path("qs.seal");
    let before = std::fs::read(&path).unwrap();
    let mode = std::fs::metadata(&path).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    device
        .run(&["register", "seal", "--out", "qs.seal"])
        .ends(1)
        .says("a seal that is in use must not be lost");
    assert_eq!(std::fs::read(&path).unwrap(), before);
}

#[test]
fn issuing_draws_the_quota_down_and_never_above_and_abroad_sees_it() {
    let (device, run) = with_quota();
    let species = run.ends(0).json()["species"].as_str().unwrap().to_owned();
    assert!(species.starts_with("sha256:"));
    let year = today().year().to_string();
    let look = [
        "register",
        "show",
        "QS",
        "--species",
        SPECIES,
        "--seal",
        "qs.seal",
        "--year",
        &year,
    ];
    let drawn = || {
        let run = device.run(&[&look[..], &["--json"]].concat()).ends(0);
        run.json()["quota"]["drawn"].clone()
    };
    assert_eq!(drawn(), "0");
    let sealed = ["--seal", "qs.seal", "--json"];
    let xml = device.permit("26QS000001");
    device.issues("QS/management", &xml, &sealed).ends(0);
    assert_eq!(drawn(), "1000");
    device
        .run(&look)
        .ends(0)
        .says("quota: 1000 of 1500 NAR drawn");
    let xml = device.permit("26QS000002");
    let run = device.issues("QS/management", &xml, &sealed).ends(6);
    assert_eq!(run.json()["code"], "QUOTA_EXCEEDED");
    assert_eq!(run.json()["broken"][0]["code"], "QUOTA_EXCEEDED");
    // Another unit measures something else.
    let metres = document("26QS000003").replace("unitCode=\"NAR\"", "unitCode=\"MTK\"");
    let xml = device.paper("26QS000003", &metres);
    let run = device.issues("QS/management", &xml, &sealed).ends(6);
    assert_eq!(run.json()["code"], "UNIT_MISMATCH");
    // Never below what is drawn; and what is cancelled unused is given back.
    let run = quota(&device, "999", &[]).ends(6);
    assert_eq!(run.json()["code"], "QUOTA_EXCEEDED");
    let cancel = ["permit", "cancel", "QS/26QS000001", "--reason", "clerical"];
    let cancel = [&cancel[..], &["--yes"]].concat();
    device.run_as("QS/management", &cancel).ends(0);
    assert_eq!(drawn(), "0");
    quota(&device, "999", &[]).ends(0);
    let none = device.run(&[&look[..8], &["2040"]].concat());
    none.ends(0).says("quota: none stated");
}

#[test]
fn what_is_no_quota_is_not_sent() {
    let (device, _) = with_quota();
    let year = today().year();
    let past = (year - 1).to_string();
    let act = ["quota", SPECIES, "--total", "1", "--unit", "NAR"];
    let of_year = |year: &str, seal: &str| {
        let more = ["--year", year, "--seal", seal, "--yes", "--json"];
        register(&device, "QS/management", &act, &more)
    };
    assert_eq!(of_year(&past, "qs.seal").ends(6).json()["code"], "DATES");
    of_year("2040", "password").ends(2).says("not a seal");
    of_year("2040", "none.seal").ends(2);
    of_year("MMXL", "qs.seal").ends(2);
    quota(&device, "1.00001", &[]).ends(2).says("--total");
    quota(&device, "1", &["--dry-run"]).ends(0);
    device
        .run(&["register", "show", "QS", "--species", SPECIES])
        .ends(2);
    device.run(&["register", "show", "Suravia"]).ends(2);
}

/// The first day that is not over everywhere: a suspension from it holds at once.
fn this_day() -> CivilDate {
    Timestamp(now().0 - 12 * 60 * 60 * 1000).date()
}

fn suspend(device: &Device, office: &str, of: &str, more: &[&str]) -> Run {
    let from = this_day().to_string();
    let act = ["suspend", "--of", of, "--from", &from];
    register(
        device,
        office,
        &act,
        &[&["--yes", "--json"][..], more].concat(),
    )
}

#[test]
fn a_suspension_stops_what_has_not_left_and_ends_when_it_is_stated_again() {
    let device = Device::new();
    let left = device.issue("26QS000001");
    device.endorse("26QS000001");
    let waits = device.issue("26QS000002");
    // The destination suspends imports from QS.
    suspend(&device, "QN/management", "QS", &[]).ends(0);
    let run = device.run(&["verify", &waits, "--json"]).ends(4);
    assert_eq!(run.codes()[0], "SUSPENDED");
    assert_eq!(run.json()["reasons"][0]["by"], "QN");
    let endorse = ["endorse", &waits, "--line", "A=1", "--port", "QSSUR"];
    device
        .run_as("QS/customs", &endorse)
        .ends(6)
        .says("SUSPENDED");
    let xml = device.permit("26QS000003");
    let run = device.issues("QS/management", &xml, &["--json"]).ends(6);
    assert_eq!(run.json()["broken"][0]["code"], "SUSPENDED");
    // Never retroactive: what has left may arrive.
    device.run(&["verify", &left]).ends(0);
    device.import("26QS000001");
    device
        .run(&["register", "show", "QS"])
        .ends(0)
        .says("suspensions: by QN, from ");

    let lifted = this_day().plus_days(-1).to_string();
    suspend(&device, "QN/management", "QS", &["--until", &lifted]).ends(0);
    device.issues("QS/management", &xml, &[]).ends(0);
}

#[test]
fn a_suspended_species_stops_its_own_trade_and_every_line_must_name_its_key() {
    let (device, _) = with_quota();
    let of_species = ["--species", SPECIES, "--seal", "qs.seal"];
    suspend(&device, "QS/management", "QS", &of_species).ends(0);
    let xml = device.permit("26QS000001");
    let run = device.issues("QS/management", &xml, &["--json"]).ends(6);
    assert_eq!(run.json()["code"], "NEEDS_SPECIES_KEY");
    let sealed = ["--seal", "qs.seal"];
    device
        .issues("QS/management", &xml, &sealed)
        .ends(6)
        .says("refused SUSPENDED");
    let other = document("26QS000001").replace(SPECIES, "Python reticulatus");
    let xml = device.paper("26QS000001", &other);
    device.issues("QS/management", &xml, &sealed).ends(0);
}

#[test]
fn a_suspension_is_never_of_the_past() {
    let device = Device::new();
    let act = ["suspend", "--of", "QS", "--from"];
    let day = |days: i32| today().plus_days(days).to_string();
    let from = |day: &str, more: &[&str]| {
        let more = [&[day, "--yes"][..], more].concat();
        register(&device, "QS/management", &act, &more)
    };
    from(&day(-3), &[]).ends(6).says("DATES");
    from(&day(5), &["--until", &day(4)]).ends(6).says("DATES");
    from("tomorrow", &[]).ends(2);
    from(&day(5), &["--species", SPECIES]).ends(2);
    from(&day(5), &["--dry-run"]).ends(0);
    from(&day(5), &[]).ends(0);
    // It is announced, and does not hold yet.
    device.issue("26QS000001");
}

#[test]
fn a_registered_operation_trades_as_appendix_ii_until_it_is_struck_off() {
    let device = Device::new();
    let enter = ["operation", "QS-D-17"];
    let office = "QS/management";
    let xml = device.paper("26QS000001", &bred("26QS000001", "QS-D-17"));
    let run = device.issues(office, &xml, &["--json"]).ends(6);
    assert_eq!(run.json()["code"], "NEEDS_IMPORT_PERMIT");
    register(&device, office, &enter, &[]).ends(2).says("--yes");
    register(&device, office, &enter, &["--dry-run"]).ends(0);
    register(&device, office, &enter, &["--yes"])
        .ends(0)
        .says("exports of source D may name it");
    register(&device, office, &enter, &["--yes"])
        .ends(6)
        .says("ALREADY_RECORDED");
    let run = device.issues(office, &xml, &["--json"]).ends(0);
    assert_eq!(run.json()["receipt"]["warnings"], serde_json::json!([]));

    let strike = ["operation", "QS-D-17", "--strike", "--yes"];
    register(&device, office, &strike, &[]).ends(0);
    register(&device, office, &strike, &[])
        .ends(6)
        .says("UNKNOWN_RECORD");
    // On an import permit it may go all the same; whether it is source D is left to a person.
    let grant =
        import_permit("26QN000777").replace("<TypeExtensionCode>C<", "<TypeExtensionCode>D<");
    let grant = device.paper("26QN000777", &grant);
    device.issues("QN/management", &grant, &[]).ends(0);
    let xml = device.paper("26QS000002", &bred("26QS000002", "QS-D-17"));
    let linked = [
        "--import-permit",
        "QN/26QN000777",
        "--linked-secret",
        "26QN000777.secret",
        "--json",
    ];
    let run = device.issues(office, &xml, &linked).ends(0);
    let doubts = serde_json::json!(["OPERATION_UNREGISTERED"]);
    assert_eq!(run.json()["receipt"]["warnings"], doubts);
    let run = device.run(&["verify", &xml, "--json"]).ends(3);
    let codes = run.codes();
    assert!(
        codes.contains(&"OPERATION_UNREGISTERED".into()),
        "{codes:?}"
    );
}

fn items(run: Run) -> Vec<Value> {
    run.ends(0).json()["items"].as_array().unwrap().clone()
}

#[test]
fn signals_list_what_is_open_and_what_was_refused_where() {
    let device = Device::new();
    for number in ["26QS000001", "26QS000002", "26QS000003"] {
        device.issue(number);
        device.endorse(number);
    }
    device.import("26QS000001");
    let ask = |signal: &str, party: &str, more: &[&str]| {
        let ask = ["signals", signal, "--party", party, "--json"];
        device.run(&[&ask[..], more].concat())
    };
    let open = items(ask("open", "QS", &[]));
    let hashes = open.iter().map(|item| {
        let hash = item["permit"]["number_hash"].as_str().unwrap();
        hash.trim_start_matches("sha256:").to_owned()
    });
    let expected = ["26QS000002", "26QS000003"];
    let expected = expected.map(|number| device.permit_key(number).number.to_string());
    assert_eq!(hashes.collect::<Vec<_>>(), expected, "the oldest first");
    assert_eq!(items(ask("awaited", "QN", &[])).len(), 2);
    assert_eq!(items(ask("open", "QT", &[])).len(), 0);
    assert_eq!(items(ask("open", "QS", &["--older", "30d"])).len(), 0);
    assert_eq!(items(ask("open", "QS", &["--older", "0d"])).len(), 2);

    let again = [
        "import",
        "QS/26QS000001",
        "--line",
        "A=1",
        "--port",
        "QNEST",
        "--yes",
    ];
    device.run_as("QN/customs", &again).ends(6);
    let refused = items(ask("refused", "QS", &[]));
    assert_eq!(refused.len(), 1);
    assert_eq!(refused[0]["ports"][0]["port"], "QNEST");
    device
        .run(&["signals", "refused", "--party", "QS"])
        .ends(0)
        .says("refused: 1 permit of QS")
        .says("-> QN  QNEST 1 attempts, 0 refusals")
        .says("not proven");
    ask("lost", "QS", &[]).ends(2);
    ask("open", "Suravia", &[]).ends(2);
    for age in ["12h", "30"] {
        let run = ask("open", "QS", &["--older", age]).ends(2);
        run.says("is not a number of days such as 30d");
    }
}

#[test]
fn statistics_count_each_month_and_show_a_burst() {
    let device = Device::new();
    let (year, month, _) = today().ymd();
    for number in 1..=10 {
        let number = format!("26QS0000{number:02}");
        let xml = device.permit(&number);
        let late = ["--retrospective", "trader-misled"];
        device.issues("QS/management", &xml, &late).ends(0);
    }
    let cancel = ["permit", "cancel", "QS/26QS000001", "--reason", "clerical"];
    let cancel = [&cancel[..], &["--yes"]].concat();
    device.run_as("QS/management", &cancel).ends(0);
    device.run_as("QS/management", &cancel).ends(6);
    let xml = device.paper("26QS000099", &appendix_i("26QS000099"));
    device.issues("QS/management", &xml, &[]).ends(6);
    let year = year.to_string();
    let ask = ["statistics", "--party", "QS", "--year", &year];
    let value = device.run(&[&ask[..], &["--json"]].concat()).ends(0).json();
    let months = value["months"].as_array().unwrap();
    assert_eq!(months.len(), 12);
    let counts = months.iter().find(|row| row["month"] == month).unwrap();
    for (name, expected) in [
        ("issued", 10),
        ("retrospective", 10),
        ("cancelled", 1),
        ("refused", 2),
        ("captive", 0),
    ] {
        assert_eq!(counts[name], expected, "{name}");
    }
    device
        .run(&ask)
        .ends(0)
        .says(&format!("spike  retrospective: 10 in month {month}, 0"))
        .says("not proven");
    device
        .run(&["statistics", "--party", "QS", "--year", "x"])
        .ends(2);
}

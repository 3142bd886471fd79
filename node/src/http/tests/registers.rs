//! What is not of one permit: judgements, registers, quotas, paper, statistics, signals; each once, and its bad input.

use ledger::digest::{Digest, OperationHash, SpeciesKey, sha256};
use ledger::record::{
    Operation, PaperSeen, Quota, RetrospectiveReason, RevokeRange, RevokeReason, SerialRange,
    Series, Suspend,
};
use ledger::testing::units;
use serde_json::json;

use super::*;

const SPECIES: SpeciesKey = SpeciesKey(Digest([7; 32]));
const CUSTOMS: (&str, Role) = ("QN", Role::Customs);

/// Asserts that each path is refused as a bad request, in the form of RFC 9457.
async fn are_bad(desk: &Arc<Desk>, paths: &[String]) {
    for path in paths {
        let answer = get_from(desk, path).await;
        assert_eq!(answer.problem(), (400, "BAD_REQUEST".into()), "{path}");
    }
}

async fn json_of(desk: &Arc<Desk>, path: &str) -> Value {
    let answer = get_from(desk, path).await;
    assert_eq!(answer.status, 200, "{path}");
    answer.json()
}

/// A ledger with these records in one block.
fn ledger_of(folder: &Path, records: &[Arc<Signed>]) -> (Arc<Store>, Arc<Desk>) {
    let store = open(folder);
    decide(&store, records);
    let desk = desk(&store);
    (store, desk)
}

async fn judge(desk: &Arc<Desk>, bytes: &[u8]) -> Answer {
    let request = Request::post("/v1/judgements").body(Body::from(bytes.to_vec()));
    call(routes(Arc::clone(desk)), request.unwrap()).await
}

#[tokio::test]
async fn a_record_is_judged_in_full_and_nothing_of_it_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let (store, desk) = ledger_of(folder.path(), &[]);
    story(&store, 0);
    let bytes = |author, statement| {
        let record = testing::record(author, statement, START, 9);
        ledger::codec::encode(&record)
    };
    let good = judge(&desk, &bytes(QT, testing::sight(testing::permit(NUMBER)))).await;
    assert_eq!(good.status, 200);
    let value = good.json();
    assert_eq!(value["schema"], "cites.judgement/1");
    assert_eq!(value["statement"], "sight");
    assert_eq!(value["refused"], Value::Null);
    assert_eq!(value["broken"], json!([]));
    assert_eq!(value["as_of"]["height"], "2");

    // Said by customs, and issued before: every broken rule, the one that answers first.
    let issue = Statement::Issue(testing::issue(NUMBER));
    let bad = judge(&desk, &bytes(CUSTOMS, issue.clone())).await.json();
    assert_eq!(bad["refused"], "ROLE");
    assert_eq!(bad["broken"][0]["code"], "ROLE");
    let rule = "only a Management Authority issues (Art. VI.3)";
    assert_eq!(bad["broken"][0]["rule"], rule);
    let twice = judge(&desk, &bytes(QS, issue)).await.json();
    assert_eq!(twice["refused"], "DUPLICATE_NUMBER");
    assert!(desk.waiting.is_empty());
    assert_eq!(store.tip().log.size, 2);
}

#[tokio::test]
async fn what_is_no_record_of_this_network_is_not_judged() {
    let folder = tempfile::tempdir().unwrap();
    let (_, desk) = ledger_of(folder.path(), &[]);
    let sight = testing::record(QT, testing::sight(testing::permit(NUMBER)), START, 9);
    let bytes = ledger::codec::encode(&sight);
    let mut foreign = sight.clone();
    foreign.chain = ChainId::default();
    let mut of_nobody = sight.clone();
    of_nobody.offices.clear();
    let signed = testing::sign(&sight);
    for (what, bytes) in [
        ("nothing", vec![]),
        ("noise", b"noise".to_vec()),
        ("cut", bytes[..bytes.len() - 1].to_vec()),
        ("longer", [&bytes[..], &[0]].concat()),
        ("signed", signed.bytes().to_vec()),
        ("foreign", ledger::codec::encode(&foreign)),
        ("of nobody", ledger::codec::encode(&of_nobody)),
    ] {
        let answer = judge(&desk, &bytes).await;
        assert_eq!(answer.problem(), (400, "BAD_REQUEST".into()), "{what}");
    }
    let long = vec![0; RECORD_BYTES_MAX + 1];
    assert_eq!(judge(&desk, &long).await.status, 413);
    assert_eq!(get_from(&desk, "/v1/judgements").await.status, 405);
    // An old state would judge wrongly.
    for peer in 1..=2 {
        desk.heard.tip(&[peer], Timestamp(100), Height(100));
    }
    let behind = judge(&desk, &bytes).await;
    assert_eq!(behind.problem(), (503, "NOT_IN_SYNC".into()));
}

#[tokio::test]
async fn registers_tell_what_is_revoked_and_suspended() {
    let folder = tempfile::tempdir().unwrap();
    let range = SerialRange::parse("26QS004000/AA", "26QS004999/AA").unwrap();
    let revoke = Statement::RevokeRange(RevokeRange {
        series: Series::Forms,
        range,
        reason: RevokeReason::Stolen,
        lifted: false,
    });
    let suspend = Statement::Suspend(Suspend {
        of: testing::party("QS"),
        species: Some(SPECIES),
        from: START.date(),
        until: None,
    });
    let operation = Statement::Operation(Operation {
        number: OperationHash(Digest([8; 32])),
        listed: true,
    });
    let records = [
        says(QS, revoke, 1),
        says(("QN", Role::Management), suspend, 2),
        says(QS, operation, 3),
    ];
    let (_, desk) = ledger_of(folder.path(), &records);
    let told = json_of(&desk, "/v1/registers/QS").await;
    assert_eq!(told["schema"], "cites.registers/1");
    let revoked = &told["revoked"][0];
    assert_eq!(revoked["series"], "forms");
    assert_eq!(revoked["numbers"], "26QS004000/AA to 26QS004999/AA");
    assert_eq!(revoked["reason"], "stolen");
    assert_eq!(revoked["act"]["party"], "QS");
    let suspended = &told["suspensions"][0];
    assert_eq!(suspended["by"], "QN");
    assert_eq!(suspended["species"], view::hash(SPECIES));
    assert_eq!(suspended["from"], START.date().to_string());
    assert_eq!(suspended["until"], Value::Null);
    // Of a Party that never stated anything, and of one that is not there.
    for party in ["QP", "QZ"] {
        let none = json_of(&desk, &format!("/v1/registers/{party}")).await;
        assert_eq!(none["revoked"], json!([]), "{party}");
        assert_eq!(none["suspensions"], json!([]), "{party}");
    }
    let bad = ["qs", "QSS", "Q1", "%00%00"].map(|party| format!("/v1/registers/{party}"));
    are_bad(&desk, &bad).await;
}

#[tokio::test]
async fn a_quota_is_found_by_the_key_of_its_species() {
    let folder = tempfile::tempdir().unwrap();
    let year = START.date().year();
    let quota = Statement::Quota(Quota {
        year,
        species: SPECIES,
        unit: ledger::codes::Unit::Number,
        total: units(150),
    });
    let mut drawn = testing::issue(NUMBER);
    drawn.lines.truncate(1);
    drawn.lines[0].species = Some(SPECIES);
    let records = [says(QS, quota, 1), says(QS, Statement::Issue(drawn), 2)];
    let (_, desk) = ledger_of(folder.path(), &records);
    let path =
        |party: &str, year: &str, species: &str| format!("/v1/quotas/{party}/{year}/{species}");
    let (year, species) = (year.to_string(), SPECIES.to_string());
    let told = json_of(&desk, &path("QS", &year, &species)).await;
    assert_eq!(told["schema"], "cites.quota/1");
    for (field, expected) in [("unit", "NAR"), ("total", "150"), ("drawn", "100")] {
        assert_eq!(told[field], expected, "{field}");
    }
    let other = "0".repeat(64);
    for path in [
        path("QS", "2000", &species),
        path("QS", &year, &other),
        path("QN", &year, &species),
    ] {
        let none = get_from(&desk, &path).await;
        assert_eq!(none.problem(), (404, "NOT_FOUND".into()), "{path}");
    }
    let bad = [
        path("qs", &year, &species),
        path("QS", "x", &species),
        path("QS", "-1", &species),
        path("QS", "70000", &species),
        path("QS", &year, "x"),
        path("QS", &year, &species[1..]),
    ];
    are_bad(&desk, &bad).await;
}

#[tokio::test]
async fn claims_on_paper_are_told_and_never_as_a_permit() {
    let folder = tempfile::tempdir().unwrap();
    let paper = PermitKey {
        issuer: testing::party("QX"),
        number: testing::permit(NUMBER).number,
    };
    let seen = Statement::PaperSeen(PaperSeen {
        permit: paper,
        stamp: None,
        document: sha256(b"paper"),
        port: testing::port("QNHAR"),
    });
    let (_, desk) = ledger_of(folder.path(), &[says(CUSTOMS, seen, 1)]);
    let told = json_of(&desk, &format!("/v1/papers/QX/{}", paper.number)).await;
    assert_eq!(told["schema"], "cites.paper/1");
    assert_eq!(told["claims"][0]["document"], view::hash(sha256(b"paper")));
    assert_eq!(told["claims"][0]["act"]["port"], "QNHAR");
    let permit = json_of(&desk, &format!("/v1/{}", place(&paper))).await;
    assert_eq!(permit["permit"], Value::Null);
    let none = json_of(&desk, &format!("/v1/papers/QY/{}", paper.number)).await;
    assert_eq!(none["claims"], json!([]));
    let bad = ["QX/1", "qx/1", &format!("Q/{}", paper.number)];
    are_bad(&desk, &bad.map(|rest| format!("/v1/papers/{rest}"))).await;
}

/// Retrospective permits, of which a list is made.
fn retrospective(numbers: std::ops::Range<u64>) -> Vec<Arc<Signed>> {
    let issue = |number: u64| {
        let mut issue = testing::issue(&format!("26QS{number:06}"));
        issue.lines.truncate(1);
        issue.retrospective = Some(RetrospectiveReason::TraderMisled);
        says(QS, Statement::Issue(issue), number)
    };
    numbers.map(issue).collect()
}

#[tokio::test]
async fn statistics_count_by_month_and_show_what_stands_out() {
    let folder = tempfile::tempdir().unwrap();
    let mut records = retrospective(1..11);
    // Transit customs may not issue: that is counted with its Party.
    records.push(says(QT, Statement::Issue(testing::issue("26QT000001")), 99));
    let (_, desk) = ledger_of(folder.path(), &records);
    let (year, month, _) = START.date().ymd();
    let path = |party: &str, year: i32| format!("/v1/statistics/{party}/{year}");
    let told = json_of(&desk, &path("QS", year)).await;
    assert_eq!(told["schema"], "cites.statistics/1");
    assert_eq!(told["months"].as_array().unwrap().len(), 12);
    let counts = &told["months"][usize::from(month) - 1];
    for (field, expected) in [("month", month), ("issued", 10), ("retrospective", 10)] {
        assert_eq!(counts[field], expected, "{field}");
    }
    let spike = json!([{ "month": month, "count": 10, "twelve_months_before": 0 }]);
    assert_eq!(told["spikes"]["retrospective"], spike);
    assert_eq!(told["spikes"]["captive"], json!([]));
    let other = json_of(&desk, &path("QT", year)).await;
    assert_eq!(other["months"][usize::from(month) - 1]["refused"], 1);
    let next = json_of(&desk, &path("QS", year + 1)).await;
    assert_eq!(next["months"][0]["issued"], 0);
    let bad = ["qs/2026", "QS/x", "QS/-1", "QS/65536"];
    are_bad(&desk, &bad.map(|rest| format!("/v1/statistics/{rest}"))).await;
}

#[tokio::test]
async fn a_list_is_told_page_by_page_each_permit_once_the_oldest_first() {
    let folder = tempfile::tempdir().unwrap();
    let (store, desk) = ledger_of(folder.path(), &retrospective(1..300));
    let list = "/v1/signals/retrospective/QS";
    let some = json_of(&desk, list).await;
    assert_eq!(some["schema"], "cites.signals/1");
    assert_eq!(some["items"].as_array().unwrap().len(), 299);
    assert_eq!(some["next"], Value::Null);
    decide(&store, &retrospective(300..502));
    let (mut pages, mut found) = (Vec::new(), Vec::new());
    let mut path = list.to_owned();
    loop {
        let page = json_of(&desk, &path).await;
        let items = page["items"].as_array().unwrap();
        pages.push(items.len());
        let entry = |item: &Value| {
            let text = |value: &Value| value.as_str().unwrap().to_owned();
            (text(&item["since"]), text(&item["permit"]["number_hash"]))
        };
        found.extend(items.iter().map(entry));
        match page["next"].as_str() {
            Some(next) => path = format!("{list}?after={next}"),
            None => break,
        }
    }
    assert_eq!(pages, [500, 1]);
    assert!(found.is_sorted_by_key(|(since, _)| since.clone()));
    let once: std::collections::BTreeSet<_> = found.iter().map(|(_, permit)| permit).collect();
    assert_eq!(once.len(), 501);
    let first = json_of(&desk, list).await;
    let item = &first["items"][0];
    assert_eq!(item["destination"], "QN");
    assert_eq!(item["lines"][0]["authorised"], "100");
    assert_eq!(item["age_days"], 0);
    // Nothing is a day old yet, so there is no page to come either.
    let old = json_of(&desk, &format!("{list}?older_than_days=1")).await;
    assert_eq!(old["items"], json!([]));
    assert_eq!(old["next"], Value::Null);

    let cursor = first["next"].as_str().unwrap();
    let bad = [
        "/v1/signals/lost/QS".to_owned(),
        "/v1/signals/open/qs".to_owned(),
        format!("{list}?after=x"),
        format!("{list}?after={}", &cursor[2..]),
        format!("{list}?after={}", "ff".repeat(45)),
        // The cursor of another list.
        format!("/v1/signals/open/QS?after={cursor}"),
        format!("/v1/signals/retrospective/QT?after={cursor}"),
    ];
    are_bad(&desk, &bad).await;
    for query in ["older_than_days=-1", "older_than_days=x", "newer=1"] {
        let answer = get_from(&desk, &format!("{list}?{query}")).await;
        assert_eq!(answer.status, 400, "{query}");
    }
}

#[tokio::test]
async fn permits_of_many_lines_come_on_shorter_pages() {
    let folder = tempfile::tempdir().unwrap();
    let long = |number: u64| {
        let mut issue = testing::issue(&format!("26QS{number:06}"));
        let line = |at| testing::issued_line(at, ledger::codes::Unit::Number, units(1));
        issue.lines = (1..=200).map(line).collect();
        issue.retrospective = Some(RetrospectiveReason::AuthorityError);
        says(QS, Statement::Issue(issue), number)
    };
    let records: Vec<_> = (1..=25).map(long).collect();
    let (_, desk) = ledger_of(folder.path(), &records);
    let list = "/v1/signals/retrospective/QS";
    let answer = get_from(&desk, list).await;
    assert!(answer.bytes.len() < 1024 * 1024, "{}", answer.bytes.len());
    let page = answer.json();
    assert_eq!(page["items"].as_array().unwrap().len(), 20);
    let next = page["next"].as_str().unwrap();
    let rest = json_of(&desk, &format!("{list}?after={next}")).await;
    assert_eq!(rest["items"].as_array().unwrap().len(), 5);
    assert_eq!(rest["next"], Value::Null);
}

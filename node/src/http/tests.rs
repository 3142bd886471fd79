//! The door, against a real store in a temporary folder.

mod registers;

use std::path::Path;

use axum::body::{Body, to_bytes};
use axum::http::{Request, StatusCode, header};
use consensus::replica::{Replica, Tip};
use ledger::digest::{ChainId, RecordDigest};
use ledger::party::{Height, Role};
use ledger::proof::Proof;
use ledger::quorum::Round;
use ledger::record::{PermitKey, Statement};
use ledger::signed::{CheckAll, Signed};
use ledger::state::memory::initial_changes;
use ledger::testing::{self, CHAIN, START, VALIDATORS};
use ledger::time::Timestamp;
use rocksdb::{DB, IteratorMode, Options};
use serde_json::Value;
use tokio::sync::mpsc;
use tower::ServiceExt as _;

use axum::response::IntoResponse as _;
use ledger::state::StateKey;

use super::problem::{Damage, Problem};
use super::*;
use crate::application::Claims;
use crate::store::StoreError;

const NUMBER: &str = "26QS000001";
const QS: (&str, Role) = ("QS", Role::Management);
const QT: (&str, Role) = ("QT", Role::Customs);

fn open(folder: &Path) -> Arc<Store> {
    let (_, initial) = initial_changes(testing::four_parties());
    Arc::new(Store::open(&folder.join("store"), CHAIN, &initial).unwrap())
}

fn says(author: (&str, Role), statement: Statement, nonce: u64) -> Arc<Signed> {
    testing::sign(&testing::record(author, statement, START, nonce))
}

/// A block with these records.
fn decide(store: &Store, records: &[Arc<Signed>]) {
    let mut replica = Replica::new(CHAIN, Tip::clone(&store.tip()));
    let now = START.plus_ms(store.tip().height().0);
    let builder = testing::voting_key(1).public();
    let proposed = replica
        .propose(store, now, builder, records, &CheckAll)
        .unwrap();
    assert!(proposed.dropped.is_empty());
    let quorum = testing::quorum_of(proposed.block.header(), &VALIDATORS, &[1, 2, 3]);
    let commit = replica
        .commit(store, proposed.block, quorum, &CheckAll)
        .unwrap();
    store.commit(&commit).unwrap();
}

/// A permit, another one, and `sightings` of the first: one block.
fn story(store: &Store, sightings: u64) -> Vec<RecordDigest> {
    let permit = testing::permit(NUMBER);
    let mut records = vec![
        says(QS, Statement::Issue(testing::issue(NUMBER)), 1),
        says(QS, Statement::Issue(testing::issue("26QS000002")), 2),
    ];
    records.extend((0..sightings).map(|nonce| says(QT, testing::sight(permit), 3 + nonce)));
    decide(store, &records);
    records.iter().map(|record| record.digest()).collect()
}

fn desk(store: &Arc<Store>) -> Arc<Desk> {
    let waiting = Arc::new(Waiting::default());
    let (outgoing, _) = mpsc::channel(16);
    let claims = Arc::new(Claims::default());
    let intake = Intake::start(Arc::clone(store), Arc::clone(&waiting), claims, outgoing);
    let (_, progress) = watch::channel(Progress {
        tip: store.tip().height(),
        time: store.tip().time(),
        round: Round(0),
        is_idle: false,
        signs: true,
        guard_flushes: 0,
    });
    Arc::new(Desk {
        party: testing::party("QS"),
        network: "test-1".into(),
        store: Arc::clone(store),
        waiting,
        intake: intake.unwrap(),
        progress,
        heard: Arc::new(Heard::default()),
        is_validator: true,
        gossip_peers: watch::channel(0).1,
        started: std::time::Instant::now(),
    })
}

struct Answer {
    status: StatusCode,
    closes: bool,
    kind: String,
    bytes: Vec<u8>,
}

impl Answer {
    fn json(&self) -> Value {
        serde_json::from_slice(&self.bytes).unwrap()
    }

    /// Status and code of a problem.
    fn problem(&self) -> (u16, String) {
        assert_eq!(self.kind, "application/problem+json");
        let code = self.json()["code"].as_str().unwrap().to_owned();
        (self.status.as_u16(), code)
    }
}

async fn call(routes: Router, request: Request<Body>) -> Answer {
    let response = routes.oneshot(request).await.unwrap();
    let kind = response.headers().get(header::CONTENT_TYPE);
    Answer {
        status: response.status(),
        kind: kind.map_or_else(String::new, |kind| kind.to_str().unwrap().to_owned()),
        closes: response
            .headers()
            .get(header::CONNECTION)
            .is_some_and(|value| value == "close"),
        bytes: to_bytes(response.into_body(), 4 * 1024 * 1024)
            .await
            .unwrap()
            .to_vec(),
    }
}

async fn get_from(desk: &Arc<Desk>, path: &str) -> Answer {
    let request = Request::get(path).body(Body::empty()).unwrap();
    call(routes(Arc::clone(desk)), request).await
}

async fn post_to(desk: &Arc<Desk>, bytes: &[u8]) -> Answer {
    let request = Request::post("/v1/records").body(Body::from(bytes.to_vec()));
    call(routes(Arc::clone(desk)), request.unwrap()).await
}

fn place(permit: &PermitKey) -> String {
    format!("permits/{}/{}", permit.issuer, permit.number)
}

fn refused() -> (u16, String) {
    (503, "REFUSES_TO_SERVE".into())
}

/// Flips the last bit of the first leaf, as somebody who knows RocksDB could while the node is down.
fn change_first_leaf(folder: &Path) {
    let path = folder.join("store");
    let columns = DB::list_cf(&Options::default(), &path).unwrap();
    let db = DB::open_cf(&Options::default(), &path, columns).unwrap();
    let leaves = db.cf_handle("leaves").unwrap();
    let (key, mut leaf) = db
        .iterator_cf(leaves, IteratorMode::Start)
        .next()
        .unwrap()
        .unwrap();
    *leaf.last_mut().unwrap() ^= 1;
    db.put_cf(leaves, key, leaf).unwrap();
}

#[tokio::test]
async fn once_a_change_was_found_nothing_of_the_ledger_is_served() {
    let permit = testing::permit(NUMBER);
    let record = says(QS, Statement::Issue(testing::issue(NUMBER)), 1);
    let ledger = [
        format!("/v1/records/{}", record.digest()),
        format!("/v1/{}", place(&permit)),
        format!("/v1/{}/history", place(&permit)),
        format!("/v1/proofs/{}", place(&permit)),
        "/v1/blocks/1".into(),
        "/v1/blocks/1/header".into(),
        "/v1/log/consistency?old=1&new=2".into(),
    ];
    // Each of these looks at the leaf, and finds it.
    for finder in [2, 3] {
        let folder = tempfile::tempdir().unwrap();
        drop({
            let store = open(folder.path());
            story(&store, 2);
            // Of the newest block every leaf is looked at when the store is opened.
            decide(&store, &[]);
            store
        });
        change_first_leaf(folder.path());
        let desk = desk(&open(folder.path()));
        assert_eq!(get_from(&desk, "/healthz").await.status, 200);
        assert_eq!(get_from(&desk, &ledger[1]).await.status, 200);
        let found = get_from(&desk, &ledger[finder]).await;
        assert_eq!(found.problem(), refused());
        for path in &ledger {
            assert_eq!(get_from(&desk, path).await.problem(), refused(), "{path}");
        }
        assert_eq!(post_to(&desk, record.bytes()).await.problem(), refused());
        assert_eq!(get_from(&desk, "/healthz").await.problem(), refused());
        let status = get_from(&desk, "/v1/status").await;
        assert_eq!(status.status, 200);
        let why = status.json()["refuses_to_serve"].clone();
        assert_eq!(why, "leaf 0 is not in the log");
    }
}

#[test]
fn a_disk_that_fails_is_no_tampering() {
    for (error, code, damage) in [
        (StoreError::Failed("IO error".into()), "STORE", None),
        (
            StoreError::Damaged("x".into()),
            "REFUSES_TO_SERVE",
            Some("x"),
        ),
    ] {
        let response = Problem::from(error).into_response();
        let is_server_error = response.status().is_server_error();
        assert!(is_server_error, "{code}");
        let found = response.extensions().get::<Damage>();
        assert_eq!(found.map(|Damage(why)| why.as_str()), damage, "{code}");
    }
}

#[tokio::test]
async fn a_value_that_does_not_lead_to_the_tip_is_not_shown() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    story(&store, 0);
    let snapshot = store.snapshot().unwrap();
    let key = StateKey::permit(&testing::permit(NUMBER));
    assert!(proofs::shown(&snapshot, &key).unwrap().is_some());
    let absent = StateKey::permit(&testing::permit("26QS999999"));
    assert_eq!(proofs::shown(&snapshot, &absent), Ok(None));
    let mut entry = proofs::entry(&snapshot.read(), &key).unwrap();
    let root = snapshot.tip().state_root;
    assert_eq!(proofs::check_entry(&entry, root), Ok(()));
    if let Some(ledger::proof::Value(bytes)) = &mut entry.value {
        bytes[3] ^= 1;
    }
    let changed = proofs::check_entry(&entry, root);
    assert!(
        matches!(changed, Err(StoreError::Damaged(_))),
        "{changed:?}"
    );
}

#[tokio::test]
async fn a_proof_holds_the_record_that_is_asked_for_however_old_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let records = story(&store, 20);
    let desk = desk(&store);
    let path = format!("/v1/proofs/{}", place(&testing::permit(NUMBER)));
    let unknown = RecordDigest(ledger::digest::sha256(b"unknown"));
    let newest: Vec<u64> = (6..22).collect();
    let with_old = |old: u64| [&[old][..], &newest[1..]].concat();
    for (asked, expected) in [
        (None, newest.clone()),
        (Some(records[0]), with_old(0)),
        (Some(records[2]), with_old(2)),
        (Some(records[21]), newest.clone()),
        // About another permit.
        (Some(records[1]), newest.clone()),
        (Some(unknown), newest.clone()),
    ] {
        let query = asked.map_or_else(String::new, |record| format!("?record={record}"));
        let answer = get_from(&desk, &format!("{path}{query}")).await;
        assert_eq!(answer.status, 200, "{query}");
        let proof = Proof::decode(&answer.bytes).unwrap();
        let indices: Vec<u64> = proof.records.iter().map(|record| record.index).collect();
        assert_eq!(indices, expected, "{query}");
        let head = proof.header.log();
        let shows = |record: &ledger::proof::LoggedRecord| {
            record.path.shows(&head, record.index, &record.leaf)
        };
        assert!(proof.records.iter().all(shows));
    }
    let odd = get_from(&desk, &format!("{path}?record=x")).await;
    assert_eq!(odd.problem(), (400, "BAD_REQUEST".into()));
}

#[tokio::test]
async fn a_node_that_is_behind_proves_nothing_and_refuses_no_record() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    story(&store, 0);
    let desk = desk(&store);
    let proof = format!("/v1/proofs/{}", place(&testing::permit(NUMBER)));
    let mut foreign = testing::record(QT, testing::sight(testing::permit(NUMBER)), START, 9);
    foreign.chain = ChainId::default();
    let foreign = testing::sign(&foreign);
    let behind = (503, "NOT_IN_SYNC".to_owned());

    let status = get_from(&desk, "/v1/status").await.json();
    assert_eq!(
        (&status["peers_height"], &status["in_sync"]),
        (&Value::Null, &Value::Null)
    );
    for (tip, in_sync) in [(2, true), (100, false)] {
        for peer in 1..=2 {
            desk.heard.tip(&[peer], Timestamp(tip), Height(tip));
        }
        let status = get_from(&desk, "/v1/status").await.json();
        assert_eq!(status["peers_height"], tip.to_string());
        assert_eq!(status["in_sync"], in_sync);
        let (proven, refused) = (
            get_from(&desk, &proof).await,
            post_to(&desk, foreign.bytes()).await,
        );
        if in_sync {
            assert_eq!(proven.status, 200);
            assert_eq!(refused.problem(), (422, "WRONG_CHAIN".into()));
        } else {
            assert_eq!(proven.problem(), behind);
            assert_eq!(refused.problem(), behind);
        }
        assert_eq!(
            post_to(&desk, b"noise").await.problem(),
            (400, "MALFORMED".into())
        );
    }
}

#[tokio::test]
async fn how_the_node_is_can_be_asked_when_there_is_no_room() {
    let folder = tempfile::tempdir().unwrap();
    let desk = desk(&open(folder.path()));
    let get = |path: &str| {
        let request = Request::get(path).body(Body::empty()).unwrap();
        call(
            routes_with(Arc::clone(&desk), Arc::new(Semaphore::new(0))),
            request,
        )
    };
    assert_eq!(get("/healthz").await.status, 200);
    assert_eq!(get("/v1/status").await.status, 200);
    assert_eq!(get("/nowhere").await.problem(), (404, "NOT_FOUND".into()));
    let sent_away = get("/v1/blocks/1").await;
    assert_eq!(sent_away.problem(), (503, "BUSY".into()));
    assert!(sent_away.closes, "its place is free again");
}

//! Nodes that are down, killed, frozen, late or full: nothing acknowledged is lost, and work goes on.

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use ledger::digest::{ChainId, RecordDigest};
use tests::client::Client;
use tests::network::{BOUND, FOUR, Network, Vote};
use tests::offices::{endorse, issue};

use crate::alone;

/// Submits permits of its own through one node until told to stop; keeps what the node acknowledged.
struct Load {
    acknowledged: Mutex<Vec<RecordDigest>>,
    is_over: AtomicBool,
}

impl Load {
    fn new() -> Self {
        Self {
            acknowledged: Mutex::default(),
            is_over: AtomicBool::new(false),
        }
    }

    fn run(&self, name: &str, client: &Client, chain: ChainId) {
        for serial in 0_u32.. {
            if self.is_over.load(Ordering::Relaxed) {
                return;
            }
            let signed = issue(chain, &format!("{name}-{serial}"));
            match client.hand_in(&signed) {
                Some(answer) if matches!(answer.status, 200 | 202) => {
                    self.acknowledged.lock().unwrap().push(signed.digest());
                }
                // Down, or starting, or busy: nothing was promised.
                Some(_) | None => thread::sleep(Duration::from_millis(20)),
            }
        }
    }

    fn count(&self) -> usize {
        self.acknowledged.lock().unwrap().len()
    }
}

/// Every acknowledged record is final, on every node, and no node still answers for one.
fn assert_kept(network: &Network, acknowledged: &[RecordDigest]) {
    let client = network.client(0);
    for digest in acknowledged {
        network.wait(&format!("record {digest} final"), || {
            client
                .record(digest)
                .filter(|answer| answer.json["status"] == "final")
        });
    }
    let agreement = network.check(&[0, 1, 2, 3]);
    for digest in acknowledged {
        assert!(
            agreement.receipts.contains_key(digest),
            "record {digest} was lost"
        );
    }
    // What is final is no promise any more, on no node.
    for place in 0..4 {
        network.wait(&format!("node {place} has kept its promises"), || {
            let status = network.client(place).get("/v1/status")?;
            (status.number("outbox") == Some(0)).then_some(())
        });
    }
}

#[test]
fn three_of_four_go_on_and_the_fourth_catches_up() {
    let _turn = alone();
    let mut network = Network::start();
    let chain = network.chain();
    network.kill(&[1]);
    for serial in 0..5 {
        let signed = issue(chain, &format!("THREE{serial}"));
        network.client(0).apply(&signed);
    }
    let without = network.check(&[0, 2, 3]);
    network.up(&[1]);
    assert_eq!(network.check(&[0, 1, 2, 3]), without);
}

#[test]
fn two_of_four_halt_lose_nothing_and_go_on_when_a_third_is_back() {
    let _turn = alone();
    let mut network = Network::start();
    let chain = network.chain();
    network.client(0).apply(&issue(chain, "BEFORE"));
    let before = network.check(&[0, 1, 2, 3]);
    network.kill(&[2, 3]);
    let waiting = [issue(chain, "HALT1"), issue(chain, "HALT2")];
    for signed in &waiting {
        let answer = network
            .client(0)
            .submit(signed, Duration::from_secs(5))
            .unwrap();
        assert_eq!(
            (answer.status, answer.json["status"].as_str()),
            (202, Some("stored"))
        );
    }
    assert_eq!(
        network.check(&[0, 1]),
        before,
        "two of four decided something"
    );
    // Even the promise of a node that is killed itself holds.
    network.kill(&[0]);
    network.up(&[0, 2]);
    let digests = waiting.map(|signed| signed.digest());
    for digest in &digests {
        network.wait("final after the halt", || {
            let answer = network.client(2).record(digest)?;
            (answer.json["status"] == "final").then_some(())
        });
    }
    network.up(&[3]);
    assert_kept(&network, &digests);
}

#[test]
fn ten_kills_under_load_lose_nothing_that_was_acknowledged() {
    let _turn = alone();
    let mut network = Network::start();
    let chain = network.chain();
    let clients: Vec<_> = [0, 1, 2, 3].map(|place| network.client(place)).into();
    let load = Load::new();
    thread::scope(|scope| {
        for (place, client) in clients.iter().enumerate() {
            let load = &load;
            scope.spawn(move || load.run(&format!("LOAD{place}"), client, chain));
        }
        for kill in 0..10 {
            let goal = load.count() + 20;
            network.wait("load", || (load.count() >= goal).then_some(()));
            let place = kill % 4;
            network.kill(&[place]);
            let goal = load.count() + 5;
            network.wait("load with three", || (load.count() >= goal).then_some(()));
            network.up(&[place]);
        }
        load.is_over.store(true, Ordering::Relaxed);
    });
    let acknowledged = load.acknowledged.into_inner().unwrap();
    assert!(acknowledged.len() >= 250);
    assert_kept(&network, &acknowledged);
}

#[test]
fn four_that_are_killed_together_go_on_by_themselves() {
    let _turn = alone();
    let mut network = Network::start();
    let chain = network.chain();
    for round in 0..3 {
        let load = Load::new();
        let client = network.client(0);
        thread::scope(|scope| {
            scope.spawn(|| load.run(&format!("ALL{round}"), &client, chain));
            network.wait("load", || (load.count() >= 20).then_some(()));
            network.kill(&[0, 1, 2, 3]);
            load.is_over.store(true, Ordering::Relaxed);
        });
        network.up(&[0, 1, 2, 3]);
        let signed = issue(chain, &format!("AGAIN{round}"));
        network.client(3).apply(&signed);
        assert_kept(&network, &load.acknowledged.into_inner().unwrap());
    }
}

#[test]
fn a_follower_that_joins_late_reaches_the_same_state() {
    let _turn = alone();
    let five = [&FOUR[..], &[("QM", Vote::No)]].concat();
    let mut network = Network::make(&five);
    let chain = network.chain();
    network.up(&[0, 1, 2, 3]);
    for serial in 0..40 {
        let signed = issue(chain, &format!("LATE{serial}"));
        network.client(0).apply(&signed);
    }
    let before = network.check(&[0, 1, 2, 3]);
    assert!(before.height >= 40);
    network.up(&[4]);
    assert_eq!(network.check(&[0, 1, 2, 3, 4]), before);
    assert_eq!(
        network.client(4).get("/v1/status").unwrap().json["role"],
        "follower"
    );
    // Whoever follows can author too: a record handed in there is final everywhere.
    network.client(4).apply(&endorse(chain, "LATE0", 1));
    assert!(network.check(&[0, 1, 2, 3, 4]).height > before.height);
}

#[test]
fn a_node_whose_time_stands_still_holds_nobody_up() {
    let _turn = alone();
    let mut network = Network::start();
    let chain = network.chain();
    network.node(3).freeze().unwrap();
    for serial in 0..5 {
        let signed = issue(chain, &format!("FROZEN{serial}"));
        network.client(0).apply(&signed);
    }
    let without = network.check(&[0, 1, 2]);
    network.node(3).thaw().unwrap();
    assert_eq!(network.check(&[0, 1, 2, 3]), without);
}

#[test]
fn a_full_node_says_so_and_keeps_what_it_promised() {
    let _turn = alone();
    let mut network = Network::start();
    let chain = network.chain();
    let client = network.client(0);
    network.kill(&[2, 3]);
    let promised = Mutex::new(Vec::new());
    let refusals = Mutex::new(BTreeMap::new());
    thread::scope(|scope| {
        for part in 0..8 {
            let (client, promised, refusals) = (&client, &promised, &refusals);
            scope.spawn(move || {
                for serial in 0..700 {
                    let signed = issue(chain, &format!("FULL{part}-{serial}"));
                    let answer = client.hand_in(&signed).unwrap();
                    if answer.status == 202 {
                        promised.lock().unwrap().push(signed.digest());
                    } else {
                        let code = answer.json["code"].as_str().map(str::to_owned);
                        refusals
                            .lock()
                            .unwrap()
                            .insert((answer.status, code), answer.json);
                    }
                }
            });
        }
    });
    let promised = promised.into_inner().unwrap();
    assert_eq!(
        promised.len(),
        ledger::limits::MEMPOOL_RECORDS_PER_PARTY_MAX
    );
    let refusals = refusals.into_inner().unwrap();
    let kinds: Vec<_> = refusals.keys().collect();
    assert_eq!(
        kinds,
        [&(503, Some("PARTY_FULL".to_owned()))],
        "{refusals:?}"
    );
    network.up(&[2, 3]);
    assert_kept(&network, &promised);
}

#[test]
fn clients_that_are_slow_on_purpose_block_nobody_and_are_cut_off() {
    let _turn = alone();
    let mut network = Network::start();
    let chain = network.chain();
    let address = network.node(0).listen().http;
    let mut slow: Vec<TcpStream> = (0..200)
        .map(|_| {
            let mut stream = TcpStream::connect(address).unwrap();
            stream
                .write_all(b"POST /v1/records HTTP/1.1\r\nHost: x\r\nContent-Le")
                .unwrap();
            stream
        })
        .collect();
    let begun = Instant::now();
    network.client(0).apply(&issue(chain, "SLOW"));
    assert!(
        begun.elapsed() < Duration::from_secs(10),
        "{:?}",
        begun.elapsed()
    );
    for stream in &mut slow {
        stream.set_read_timeout(Some(BOUND)).unwrap();
        let mut rest = Vec::new();
        // The end of the stream, or a reset: either way the node has let go of it.
        let ended = stream.read_to_end(&mut rest);
        let is_timeout = ended.is_err_and(|error| error.kind() == std::io::ErrorKind::WouldBlock);
        assert!(!is_timeout, "a connection without a request stays open");
    }
    let _agreement = network.check(&[0, 1, 2, 3]);
}

#[test]
fn a_validator_that_began_alone_casts_its_votes_once_it_hears_the_others() {
    let _turn = alone();
    let mut network = Network::make(&FOUR);
    network.up(&[0]);
    // It begins after a while, connected or not, and its guard withholds what Malachite casts only once.
    network.wait("the first node has begun alone", || {
        let log = network.nodes()[0].log();
        log.contains("consensus begins").then_some(())
    });
    let withheld = Duration::from_secs(8);
    thread::sleep(withheld);
    // With the fourth away, all three votes are needed at the very first height.
    network.up(&[1, 2]);
    network.client(1).apply(&issue(network.chain(), "late"));
    let _agreement = network.check(&[0, 1, 2]);
}

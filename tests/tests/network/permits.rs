//! One permit on four nodes: from issue to import, and no further.

use std::thread;

use tests::network::{BOUND, Network};
use tests::offices::{endorse, import, issue, re_export, sight};

use crate::alone;

#[test]
fn a_permit_is_issued_endorsed_seen_and_spent_once() {
    let _turn = alone();
    let network = Network::start();
    let chain = network.chain();
    let (suravia, transmar, norvia) = (network.client(0), network.client(1), network.client(2));

    let steps = [
        (&suravia, issue(chain, "A")),
        (&suravia, endorse(chain, "A", 96)),
        (&transmar, sight(chain, "A")),
        (&norvia, import(chain, "A", 95, "QNHAR")),
    ];
    for (client, signed) in &steps {
        client.apply(signed);
    }
    let again = norvia
        .submit(&import(chain, "A", 95, "QNEST"), BOUND)
        .unwrap();
    assert_eq!(again.refused(), Some("USED"), "{again:?}");

    let agreement = network.check(&[0, 1, 2, 3]);
    assert_eq!(agreement.receipts.len(), 5);
    let applied = agreement
        .receipts
        .values()
        .filter(|receipt| receipt.is_applied());
    assert_eq!(applied.count(), 4);
}

#[test]
fn of_two_ports_that_race_exactly_one_wins_on_every_node() {
    let _turn = alone();
    let network = Network::start();
    let chain = network.chain();
    for round in 0..5 {
        let number = format!("RACE{round}");
        network.client(0).apply(&issue(chain, &number));
        network.client(0).apply(&endorse(chain, &number, 50));
        let racers = [
            (2, import(chain, &number, 50, "QNHAR")),
            (3, import(chain, &number, 50, "QNEST")),
        ];
        let answers = thread::scope(|scope| {
            let racing = racers.each_ref().map(|(place, signed)| {
                let client = network.client(*place);
                scope.spawn(move || client.submit(signed, BOUND).unwrap())
            });
            racing.map(|racer| racer.join().unwrap())
        });
        let winners = answers.iter().filter(|answer| answer.is_applied()).count();
        let losers = answers
            .iter()
            .filter(|answer| answer.refused() == Some("USED"))
            .count();
        assert_eq!((winners, losers), (1, 1), "{answers:?}");
    }
    let agreement = network.check(&[0, 1, 2, 3]);
    assert_eq!(agreement.receipts.len(), 20);
}

#[test]
fn the_same_record_twice_is_one_record_wherever_it_is_handed_in() {
    let _turn = alone();
    let network = Network::start();
    let signed = issue(network.chain(), "TWICE");
    let first = network.client(0).submit(&signed, BOUND).unwrap();
    for place in [0, 1, 2, 3] {
        // A node that is a block behind still takes it in, and tells the same in the end.
        let again = network.wait("the same answer everywhere", || {
            network
                .client(place)
                .submit(&signed, BOUND)
                .filter(|answer| answer.status == 200)
        });
        assert_eq!(again.json, first.json);
    }
    assert_eq!(network.check(&[0, 1, 2, 3]).receipts.len(), 1);
}

#[test]
fn what_came_in_goes_on_once_and_every_node_tells_the_same_signals() {
    let _turn = alone();
    let network = Network::start();
    let chain = network.chain();
    let (suravia, norvia) = (network.client(0), network.client(2));
    for number in ["IN", "OPEN"] {
        suravia.apply(&issue(chain, number));
        suravia.apply(&endorse(chain, number, 90));
    }
    norvia.apply(&import(chain, "IN", 80, "QNHAR"));
    norvia.apply(&re_export(chain, "ON1", "IN", 50));
    let beyond = norvia
        .submit(&re_export(chain, "ON2", "IN", 31), BOUND)
        .unwrap();
    assert_eq!(beyond.refused(), Some("OVER_QUANTITY"), "{beyond:?}");
    norvia.apply(&re_export(chain, "ON3", "IN", 30));

    let agreement = network.check(&[0, 1, 2, 3]);
    assert_eq!(agreement.receipts.len(), 8);
    for (path, count) in [
        ("/v1/signals/open/QS", 1),
        ("/v1/signals/awaited/QN", 1),
        ("/v1/signals/endorsed-less/QS", 2),
        ("/v1/signals/imported-less/QS", 1),
        ("/v1/signals/not-covered/QN", 0),
    ] {
        let told = [0, 1, 2, 3].map(|place| network.client(place).get(path).unwrap().json);
        let items = told[0]["items"].as_array().unwrap();
        assert_eq!(items.len(), count, "{path}: {}", told[0]);
        assert!(
            told.iter().all(|one| one["items"] == told[0]["items"]),
            "{path}"
        );
    }
    let year = tests::offices::now().date().year();
    let path = format!("/v1/statistics/QN/{year}");
    let told = [0, 1, 2, 3].map(|place| network.client(place).get(&path).unwrap().json);
    let sum = |name: &str| -> u64 {
        let months = told[0]["months"].as_array().unwrap().iter();
        months.map(|month| month[name].as_u64().unwrap()).sum()
    };
    assert_eq!((sum("issued"), sum("refused")), (2, 1), "{}", told[0]);
    assert!(told.iter().all(|one| one["months"] == told[0]["months"]));
}

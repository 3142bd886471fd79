//! One permit on four nodes: from issue to import, and no further.

use std::thread;

use tests::network::{BOUND, Network};
use tests::offices::{endorse, import, issue, sight};

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

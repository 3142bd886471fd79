//! Networks of real nodes: the main job, and what it must withstand. One binary, one network at a time.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::sync::{Mutex, MutexGuard, PoisonError};

use tests::network::{BOUND, Network};
use tests::offices::{endorse, import, issue, sight};

/// A network of four has a machine of two cores to itself. One test that failed leaves the next its turn.
fn alone() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

#[test]
fn a_permit_is_issued_endorsed_seen_and_spent_once_on_four_nodes() {
    let _turn = alone();
    let network = Network::start();
    let chain = network.chain();
    let (suravia, transmar, norvia) = (network.client(0), network.client(1), network.client(2));

    let issued = suravia.submit(&issue(chain, "A"), BOUND).unwrap();
    assert!(issued.is_applied(), "{issued:?}");
    let endorsed = suravia.submit(&endorse(chain, "A", 96), BOUND).unwrap();
    assert!(endorsed.is_applied(), "{endorsed:?}");
    let seen = transmar.submit(&sight(chain, "A"), BOUND).unwrap();
    assert!(seen.is_applied(), "{seen:?}");
    let imported = norvia
        .submit(&import(chain, "A", 95, "QNHAR"), BOUND)
        .unwrap();
    assert!(imported.is_applied(), "{imported:?}");

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

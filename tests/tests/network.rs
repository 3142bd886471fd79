//! Networks of real nodes: the main job, and what it must withstand. One binary, one network at a time.

use tests::network::{FOUR, Network};

#[test]
fn ceremony() {
    let network = Network::make(&FOUR);
    drop(network);
}

//! The ledger against an independent reference model, over random histories of many Parties.
//!
//! After every statement the answers are equal, the states are equal, the index of signals is what the model
//! reads off all permits, and one checker of invariants finds nothing; each invariant has a planted violation
//! that it does find.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests say so by panicking"
)]

mod acts;
mod balance;
mod calendar;
mod check;
mod effects;
mod game;
mod grants;
mod history;
mod issuing;
mod pairs;
mod planted;
mod reach;
mod records;
mod rules;
mod scripts;
mod seen;
mod signals;
mod world;

use std::sync::Arc;

use ledger::party::Height;
use ledger::signed::Signed;
use ledger::state::{At, Receipt};
use ledger::testing::START;
use proptest::prelude::*;
use proptest::test_runner::Config;

use game::{Chain, Game, answer_of};
use history::{Blocks, blocks, next, one_move, pause, said};
use records::{Digests, beginnings, may_speak, recorded, signed};
use world::Now;

/// The default zones, none at all, and the widest the other way round that parameters allow.
pub(crate) const ZONES: [(i16, i16); 3] = [(840, -720), (0, 0), (-600, -600)];

pub(crate) fn play(game: &mut Game, blocks: &Blocks) {
    for (wait, moves) in blocks {
        game.now += pause(*wait);
        game.block(moves, next);
    }
}

/// `PROPTEST_CASES` asks for longer runs.
fn config() -> Config {
    match std::env::var_os("PROPTEST_CASES") {
        Some(_) => Config::default(),
        None => Config::with_cases(100),
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn the_ledger_answers_as_the_reference_model_does(zones in 0..3_usize, blocks in blocks(24)) {
        play(&mut Game::new(ZONES[zones]), &blocks);
    }

    #[test]
    fn a_race_in_one_block_is_decided_by_its_order_alone(blocks in blocks(12), one in one_move(), two in one_move()) {
        let mut game = Game::new(ZONES[0]);
        play(&mut game, &blocks);
        game.now += 1;
        // Both speak of the state before the block, as two ports do that do not know of each other.
        let now = i64::try_from(game.now).unwrap();
        let pair = [&one, &two].map(|play| said(&game.world, now, play));
        let height = game.chain.height + 1;
        prop_assume!(pair.iter().all(|said| may_speak(said.hat, height)));
        let time = game.time();
        let records = [0, 1].map(|turn| {
            let serial = game.serial + 1 + turn as u64;
            let record = recorded(&pair[turn], time, serial, &game.digests);
            (serial, signed(&record))
        });
        game.digests.extend(records.iter().map(|(serial, signed)| (*serial, signed.digest())));
        let world = game.world.clone();
        for order in [[0, 1], [1, 0]] {
            game.world = world.clone();
            let signed = order.map(|turn| Arc::clone(&records[turn].1));
            let executed = game.chain.execute(game.chain.at(time), &signed).unwrap();
            for (turn, receipt) in order.into_iter().zip(&executed.receipts) {
                let now = Now { ms: now, height, serial: records[turn].0 };
                let expected = game.world.judge(now, &pair[turn]);
                prop_assert_eq!(answer_of(receipt), expected);
            }
            game.compare_state(&game.chain.after(&executed), "a race");
        }
    }

    #[test]
    fn a_history_leaves_the_same_state_however_it_is_cut_into_blocks(
        zones in 0..3_usize,
        plays in proptest::collection::vec(one_move(), 1..32),
        cuts in any::<u32>(),
    ) {
        let (mut world, entries) = beginnings(ZONES[zones]);
        let chain = Chain::new(entries);
        let mut digests = Digests::new();
        let mut records = Vec::new();
        let ms = i64::try_from(START.0).unwrap();
        for (serial, play) in (1..).zip(&plays) {
            let said = said(&world, ms, play);
            if may_speak(said.hat, 1) {
                world.judge(Now { ms, height: 1, serial }, &said).ok();
                let record = recorded(&said, START, serial, &digests);
                let signed = signed(&record);
                digests.insert(serial, signed.digest());
                records.push(signed);
            }
        }
        let whole = replay(&chain, &records, |_| false);
        let alone = replay(&chain, &records, |_| true);
        let cut = replay(&chain, &records, |index| cuts >> index & 1 == 1);
        prop_assert_eq!(&whole, &alone);
        prop_assert_eq!(&whole, &cut);
    }
}

/// State root, index of signals and answers after `records`, cut into blocks of one time and, so that the acts
/// in the leaves are equal, of one height.
fn replay(
    chain: &Chain,
    records: &[Arc<Signed>],
    cut: impl Fn(usize) -> bool,
) -> (
    ledger::digest::StateRoot,
    std::collections::BTreeSet<ledger::state::SignalKey>,
    Vec<rules::Answer>,
) {
    let mut chain = chain.clone();
    let mut answers = Vec::new();
    let mut block = Vec::new();
    for (index, signed) in records.iter().enumerate() {
        block.push(Arc::clone(signed));
        if cut(index) || index + 1 == records.len() {
            let at = At {
                height: Height(1),
                ..chain.at(START)
            };
            let executed = chain.execute(at, &block).expect("admissible");
            chain = chain.after(&executed);
            answers.extend(
                executed
                    .receipts
                    .iter()
                    .map(|receipt: &Receipt| answer_of(receipt)),
            );
            block.clear();
        }
    }
    (chain.root, chain.state.signals().clone(), answers)
}

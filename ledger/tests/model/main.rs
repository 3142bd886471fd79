//! The ledger against an independent reference model, over random histories of many Parties.
//!
//! After every statement the answers are equal, the states are equal, and one checker of invariants finds
//! nothing; each invariant has a planted violation that it does find.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "tests say so by panicking"
)]

mod check;
mod history;
mod planted;
mod rules;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use ledger::party::Height;
use ledger::record::{Record, Statement};
use ledger::signed::Signed;
use ledger::state::memory::MemoryState;
use ledger::state::{At, Executed};
use ledger::testing::{START, TestLedger, execute};
use ledger::time::Timestamp;
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use check::{Step, check};
use history::{
    Blocks, Move, beginnings, blocks, one_move, parties, pause, permits, recorded, roles, said,
    signed, world_of,
};
use rules::{Said, World};

/// The default zones, none at all, and the widest the other way round that parameters allow.
const ZONES: [(i16, i16); 3] = [(840, -720), (0, 0), (-600, -600)];

/// A history while it is played.
struct Game {
    world: World,
    ledger: TestLedger,
    now: u64,
    nonce: u64,
    answers: BTreeSet<(&'static str, &'static str)>,
    spent: BTreeMap<ledger::record::PermitKey, u32>,
}

impl Game {
    fn new(zones: (i16, i16)) -> Self {
        let (world, ledger) = beginnings(zones);
        Self {
            world,
            ledger,
            now: START.0,
            nonce: 0,
            answers: BTreeSet::new(),
            spent: BTreeMap::new(),
        }
    }

    fn time(&self) -> Timestamp {
        Timestamp(self.now)
    }

    /// Plays one block; every beginning of it is executed as well, so that each statement is judged alone.
    fn block(&mut self, wait: u8, moves: &[Move]) {
        self.now += pause(wait);
        let mut records: Vec<Arc<Signed>> = Vec::new();
        let mut before = self.ledger.clone();
        for play in moves {
            let said = said(&self.world, self.now as i64, play);
            self.nonce += 1;
            let record = recorded(&said, self.time(), self.nonce);
            records.push(signed(&record));
            let mut after = self.ledger.clone();
            let executed = after.block(self.time(), &records);
            self.compare(&said, record, &executed, &before, &after);
            before = after;
        }
        self.ledger = before;
    }

    fn compare(
        &mut self,
        said: &Said,
        record: Record,
        executed: &Executed,
        before: &TestLedger,
        after: &TestLedger,
    ) {
        let expected = self.world.judge(self.now as i64, said);
        let refused = executed.receipts.last().unwrap().refused;
        assert_eq!(
            refused.map(|reason| reason.code()),
            expected,
            "{said:?} at {}",
            self.now
        );
        assert_eq!(world_of(after, &self.world), self.world, "after {said:?}");
        let kind = record.statement.as_str();
        self.answers.insert((kind, expected.unwrap_or("applied")));
        if let (Statement::Import(import), None) = (&record.statement, refused) {
            let times = self.spent.entry(import.permit).or_default();
            *times += 1;
            assert_eq!(*times, 1, "spent twice");
        }
        let step = Step {
            parties: parties().into_iter().collect(),
            before: permits(before),
            after: permits(after),
            record,
            roles: roles(said.hat),
            refused,
        };
        assert_eq!(check(&step), Ok(()), "{said:?}");
    }

    fn play(&mut self, blocks: &Blocks) {
        for (wait, moves) in blocks {
            self.block(*wait, moves);
        }
    }
}

proptest! {
    #![proptest_config(Config::with_cases(200))]

    #[test]
    fn the_ledger_answers_as_the_reference_model_does(zones in 0..3_usize, blocks in blocks(16)) {
        Game::new(ZONES[zones]).play(&blocks);
    }

    #[test]
    fn a_race_in_one_block_is_decided_by_its_order_alone(blocks in blocks(10), one in one_move(), two in one_move()) {
        let mut game = Game::new(ZONES[0]);
        game.play(&blocks);
        // Both speak of the state before the block, as two ports do that do not know of each other.
        let now = game.now + 1;
        let pair = [&one, &two].map(|play| said(&game.world, now as i64, play));
        for order in [[0, 1], [1, 0]] {
            let mut world = game.world.clone();
            let mut ledger = game.ledger.clone();
            let records = order.map(|turn| {
                let record = recorded(&pair[turn], Timestamp(now), 1_000 + turn as u64);
                signed(&record)
            });
            let executed = ledger.block(Timestamp(now), &records);
            for (turn, receipt) in order.into_iter().zip(&executed.receipts) {
                let expected = world.judge(now as i64, &pair[turn]);
                prop_assert_eq!(receipt.refused.map(|reason| reason.code()), expected);
            }
            prop_assert_eq!(world_of(&ledger, &world), world);
        }
    }

    #[test]
    fn a_history_leaves_the_same_state_however_it_is_cut_into_blocks(
        zones in 0..3_usize,
        plays in proptest::collection::vec(one_move(), 1..24),
        cuts in any::<u32>(),
    ) {
        let (mut world, ledger) = beginnings(ZONES[zones]);
        let mut records = Vec::new();
        for (nonce, play) in (0..).zip(&plays) {
            let said = said(&world, START.0 as i64, play);
            world.judge(START.0 as i64, &said);
            records.push(signed(&recorded(&said, START, nonce)));
        }
        let whole = replay(&ledger, &records, |_| false);
        let alone = replay(&ledger, &records, |_| true);
        let cut = replay(&ledger, &records, |index| cuts >> index & 1 == 1);
        prop_assert_eq!(&whole, &alone);
        prop_assert_eq!(&whole, &cut);
    }
}

/// State root and answers after `records`, cut into blocks of one time and, so that the acts in the
/// leaves are equal, of one height.
fn replay(
    ledger: &TestLedger,
    records: &[Arc<Signed>],
    cut: impl Fn(usize) -> bool,
) -> (
    ledger::digest::StateRoot,
    Vec<Option<ledger::reason::Reason>>,
) {
    let mut state: MemoryState = ledger.state.clone();
    let (mut root, mut answers, mut log_size) = (ledger.state_root, Vec::new(), 0);
    let mut block = Vec::new();
    for (index, signed) in records.iter().enumerate() {
        block.push(Arc::clone(signed));
        if cut(index) || index + 1 == records.len() {
            let at = At {
                height: Height(1),
                log_size,
                ..ledger.next(START)
            };
            let executed = execute(&state, at, &block).expect("admissible");
            state.apply(&executed.changes);
            (root, log_size) = (executed.state_root, executed.log_size);
            answers.extend(executed.receipts.iter().map(|receipt| receipt.refused));
            block.clear();
        }
    }
    (root, answers)
}

/// The histories above would prove little if they stopped at the first row: they reach every row.
#[test]
fn random_histories_reach_every_answer_of_every_statement() {
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &[7; 32]);
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    let mut reached = BTreeSet::new();
    for round in 0..250 {
        let history = blocks(16).new_tree(&mut runner).unwrap().current();
        let mut game = Game::new(ZONES[round % 3]);
        game.play(&history);
        reached.append(&mut game.answers);
    }
    let life = ["USED", "CANCELLED", "REPLACED", "LOST", "STOLEN"];
    let dates = ["NOT_YET_VALID", "EXPIRED"];
    let goods = ["UNKNOWN_LINE", "UNIT_MISMATCH", "OVER_QUANTITY"];
    let border = ["applied", "ROLE", "NOT_ISSUED", "WRONG_PARTY", "WRONG_KIND"];
    let issue = [
        "applied",
        "ROLE",
        "UNSUPPORTED",
        "WRONG_KIND",
        "WRONG_PARTY",
        "DUPLICATE_NUMBER",
        "DATES",
        "VALIDITY_TOO_LONG",
        "GRANT_DATE",
        "EXPIRED",
        "NEEDS_IMPORT_PERMIT",
    ];
    let expected: [(&str, Vec<&str>); 6] = [
        ("issue", issue.to_vec()),
        (
            "endorse",
            [&border[..], &life, &["ALREADY_ENDORSED"], &dates, &goods].concat(),
        ),
        (
            "import",
            [&border[..], &life, &["NOT_ENDORSED"], &dates, &goods].concat(),
        ),
        ("sight", border[..2].to_vec()),
        ("refuse", vec!["applied", "ROLE", "WRONG_KIND"]),
        ("cancel", [&border[..4], &life].concat()),
    ];
    let expected: BTreeSet<(&str, &str)> = expected
        .into_iter()
        .flat_map(|(kind, answers)| answers.into_iter().map(move |answer| (kind, answer)))
        .collect();
    assert_eq!(reached, expected);
}

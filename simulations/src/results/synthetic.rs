//! Results that no world made, for the tests of tables and reports: plausible, seeded, and with every odd case in them.

use std::collections::BTreeMap;

use ledger::digest::sha256;

use super::campaign::Campaign;
use super::{ActRow, BlockRow, EventRow, NodeRow, RunResult, SplitRow};
use crate::bug::Bug;
use crate::region::{Line, Region};
use crate::report::Run;

/// The scenario of these results.
pub(crate) const TEXT: &str = include_str!("../../scenarios/calm.toml");

/// Numbers of chance that need no crate.
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    /// A number below `bound` (`SplitMix64`).
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % bound.max(1)
    }

    /// Mostly near `middle`, at times far above it.
    fn skewed(&mut self, middle: u64) -> u64 {
        let base = middle / 2 + self.below(middle / 2 + 1) + self.below(middle / 2 + 1);
        match self.below(20) {
            0 => base * 4,
            1 | 2 => base * 2,
            _ => base,
        }
    }
}

/// A campaign of `runs` seeds with `parties` Parties and `acts` records a run.
pub(crate) fn campaign(runs: u64, parties: u16, acts: u64) -> Campaign {
    let run = |seed| run("calm", seed, parties, acts);
    let also = [4, 7, 13, 31, 61]
        .into_iter()
        .filter(|size| *size < parties);
    let also = also.flat_map(|size| [1, 2, 3].map(|seed| self::run("calm", seed, size, acts / 4)));
    let command = format!("cites-sim run calm --seeds 1..{runs} --heights 30");
    let campaign = Campaign::new("calm", TEXT, &command, (1..=runs).map(run).collect());
    campaign.with_also(also.collect())
}

/// One run.
pub(crate) fn run(scenario: &str, seed: u64, parties: u16, acts: u64) -> RunResult {
    let mut dice = Dice(seed * 1000 + u64::from(parties));
    let lasted_ms = 3_600_000;
    let validators = parties.min(31);
    RunResult {
        run: Run {
            scenario: scenario.into(),
            seed,
            heights: 30,
            parties,
            bug: Bug::None,
        },
        parties,
        validators,
        violation: None,
        trace: sha256(&[seed.to_be_bytes(), u64::from(parties).to_be_bytes()].concat()),
        events: 10_000 + dice.below(5_000),
        lasted_ms,
        height: 30 + dice.below(5),
        blocks: (1..=30).map(|height| block(&mut dice, height)).collect(),
        acts: (0..acts).map(|act| deed(&mut dice, act, parties)).collect(),
        nodes: (0..parties)
            .map(|n| node(&mut dice, n, validators))
            .collect(),
        splits: (0..3).map(|n| split(&mut dice, n)).collect(),
        events_told: (0..12).map(|n| event(&mut dice, n)).collect(),
        counters: counters(&mut dice),
    }
}

fn code(number: u64) -> String {
    let letter = |n: u64| char::from(b'A' + u8::try_from(n % 26).unwrap());
    [letter(number / 26), letter(number)].iter().collect()
}

fn region(number: u64) -> Region {
    Region::ALL[usize::try_from(number % 6).unwrap()]
}

fn line(number: u64) -> Line {
    [Line::Good, Line::Ordinary, Line::Weak, Line::Ordinary][usize::try_from(number % 4).unwrap()]
}

fn block(dice: &mut Dice, height: u64) -> BlockRow {
    let first = height * 100_000 + dice.below(500);
    BlockRow {
        height,
        round: u32::from(dice.below(10) == 0),
        proposer: code(dice.below(31)),
        records: dice.below(90),
        bytes: 400 + dice.below(60_000),
        decided_first_ms: first,
        decided_half_ms: Some(first + 300),
        decided_all_ms: (height < 29).then_some(first + 2_000),
    }
}

fn deed(dice: &mut Dice, act: u64, parties: u16) -> ActRow {
    let author = dice.below(parties.into());
    let (region, line) = (region(author), line(author));
    let deed = ["issue", "endorse", "sight", "import"][usize::try_from(act % 4).unwrap()];
    let frauds = [
        "port-shopper",
        "double-racer",
        "phantom-issuer",
        "over-shipper",
        "told by \"nobody\" <yet>",
    ];
    let fraud = (act % 11 == 3).then(|| frauds[usize::try_from((act / 11) % 5).unwrap()]);
    let outcome = match (fraud, dice.below(60)) {
        (_, 0) => None,
        (Some("phantom-issuer"), _) => Some("applied"),
        (Some("double-racer"), 1..30) => Some("applied"),
        (Some(_), _) => Some("USED"),
        (None, 1) => Some("NOT_ENDORSED"),
        (None, _) => Some("applied"),
    };
    let slow = match line {
        Line::Good => 700,
        Line::Ordinary => 900,
        Line::Weak => 2_200,
    };
    let handed_in_ms = 1_000 + act * 3_000_000 / 2_000 + dice.below(400);
    let far = [120, 100, 140, 40, 70, 260][Region::ALL.iter().position(|r| *r == region).unwrap()];
    let final_ms =
        outcome.map(|_| handed_in_ms + dice.skewed(slow + far * 4 + u64::from(parties) * 6));
    let later = |dice: &mut Dice, ms: u64| final_ms.map(|at| at + dice.skewed(ms));
    ActRow {
        permit: act / 4,
        deed,
        party: code(author),
        region,
        line,
        fraud,
        handed_in_ms,
        acknowledged_ms: Some(handed_in_ms + 4),
        final_ms,
        known_50_ms: later(dice, 120),
        known_95_ms: later(dice, 1_400),
        known_100_ms: later(dice, 30_000).filter(|_| act % 97 != 3),
        outcome: outcome.map(str::to_owned),
    }
}

fn node(dice: &mut Dice, number: u16, validators: u16) -> NodeRow {
    let is_validator = number < validators;
    let sent = if is_validator { 9_000_000 } else { 900_000 };
    NodeRow {
        node: code(number.into()) + if number == 1 { "'" } else { "" },
        region: region(number.into()),
        line: line(number.into()),
        is_validator,
        is_dishonest: number == 1,
        sent_bytes: dice.skewed(sent),
        received_bytes: dice.skewed(8_000_000),
        up_ms: 3_600_000 - if number % 7 == 6 { 1_800_000 } else { 0 },
        height: 30,
    }
}

fn split(dice: &mut Dice, number: u64) -> SplitRow {
    let began_ms = 600_000 * (number + 1);
    let healed = began_ms + 30_000 + dice.below(90_000);
    let decided = healed + dice.skewed(1_500);
    SplitRow {
        kind: ["region-split", "halves", "isolation"][usize::try_from(number % 3).unwrap()],
        nodes: 1 + dice.below(12),
        began_ms,
        healed_ms: Some(healed),
        decided_ms: Some(decided),
        level_ms: (number != 2 || dice.below(2) == 0).then_some(decided + dice.skewed(6_000)),
    }
}

fn event(dice: &mut Dice, number: u64) -> EventRow {
    EventRow {
        at_ms: number * 200_000 + dice.below(1_000),
        kind: ["fault", "healed", "crash", "restart"][usize::try_from(number % 4).unwrap()],
        node: (number % 4 > 1).then(|| code(dice.below(31))),
        what: format!(
            "region <{}> is cut off, \"{number}\", & comes back",
            region(number)
        ),
    }
}

fn counters(dice: &mut Dice) -> BTreeMap<String, u64> {
    let names = [
        "fault.loss",
        "fault.region-split",
        "recovery.sync",
        "refused.USED",
        "round.above-0",
    ];
    names.map(|name| (name.to_owned(), dice.below(40))).into()
}

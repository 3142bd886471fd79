//! What a run tells researchers, gathered while it runs.

use std::collections::BTreeMap;

use ledger::digest::RecordDigest;
use ledger::party::Height;

use super::faults::{Fault, Split};
use super::{Node, World};
use crate::check::Violation;
use crate::host::{Committed, Host};
use crate::moment::Moment;
use crate::parties::{NodeIndex, Parties};
use crate::results::{ActRow, BlockRow, EventRow, NodeRow, RunResult, SplitRow};
use crate::trade::Act;

/// Things told of one run, at most: the rest is in the counters.
const TOLD_MAX: usize = 20_000;

/// What became of an act.
#[derive(Clone, Copy, Debug, Default)]
struct ActTold {
    handed_in: Option<Moment>,
    acknowledged: Option<Moment>,
    last: Option<Moment>,
    height: Option<Height>,
}

/// What became of a height.
#[derive(Clone, Debug)]
struct HeightTold {
    row: BlockRow,
    /// Nodes of Parties that have it.
    have: usize,
    known: [Option<Moment>; 3],
}

/// Gathers rows.
#[derive(Debug)]
pub(super) struct Told {
    parties: usize,
    acts: Vec<ActTold>,
    by_record: BTreeMap<RecordDigest, usize>,
    heights: BTreeMap<Height, HeightTold>,
    tips: BTreeMap<NodeIndex, Height>,
    splits: BTreeMap<usize, (SplitRow, Option<Height>)>,
    events: Vec<EventRow>,
}

impl Told {
    pub(super) fn new(parties: &Parties, acts: &[Act]) -> Self {
        let records = acts.iter().map(|act| act.record);
        Self {
            parties: parties.seats().len(),
            acts: vec![ActTold::default(); acts.len()],
            by_record: records.zip(0..).collect(),
            heights: BTreeMap::new(),
            tips: BTreeMap::new(),
            splits: BTreeMap::new(),
            events: Vec::new(),
        }
    }

    pub(super) fn handed_in(&mut self, act: usize, now: Moment) {
        if let Some(told) = self.acts.get_mut(act) {
            told.handed_in.get_or_insert(now);
        }
    }

    pub(super) fn acknowledged(&mut self, now: Moment, record: &RecordDigest) {
        let act = self.by_record.get(record);
        if let Some(told) = act.and_then(|act| self.acts.get_mut(*act)) {
            told.acknowledged.get_or_insert(now);
        }
    }

    pub(super) fn committed(
        &mut self,
        now: Moment,
        node: NodeIndex,
        committed: &Committed,
        acts: &[Act],
    ) {
        let height = committed.block.header().height;
        let is_new = self.tips.get(&node).is_none_or(|tip| *tip < height);
        if node.is_twin || !is_new {
            return;
        }
        self.tips.insert(node, height);
        let told = self.heights.entry(height).or_insert_with(|| HeightTold {
            row: row(now, committed),
            have: 0,
            known: [None; 3],
        });
        told.have = told.have.saturating_add(1);
        for (known, percent) in told.known.iter_mut().zip([50, 95, 100]) {
            if told.have.saturating_mul(100) >= self.parties.saturating_mul(percent) {
                known.get_or_insert(now);
            }
        }
        for signed in committed.block.records() {
            let Some(&index) = self.by_record.get(&signed.digest()) else {
                continue;
            };
            if let (Some(told), Some(act)) = (self.acts.get_mut(index), acts.get(index)) {
                told.height = Some(height);
                if act.node == node {
                    told.last.get_or_insert(now);
                }
            }
        }
        self.after_splits(now, height);
    }

    /// Notes the first block after each split, and when all are level again.
    fn after_splits(&mut self, now: Moment, height: Height) {
        for (row, healed_at) in self.splits.values_mut() {
            let Some(target) = *healed_at else {
                continue;
            };
            if height > target {
                row.decided_ms.get_or_insert(now.as_ms());
            }
            if row.level_ms.is_none()
                && self.tips.len() >= self.parties
                && self.tips.values().all(|tip| *tip >= target)
            {
                row.level_ms = Some(now.as_ms());
            }
        }
    }

    pub(super) fn split(&mut self, now: Moment, number: usize, split: &Split) {
        let row = SplitRow {
            kind: split.kind.as_str(),
            nodes: u64::try_from(split.side.len()).unwrap_or(0),
            began_ms: now.as_ms(),
            healed_ms: None,
            decided_ms: None,
            level_ms: None,
        };
        if !split.side.is_empty() {
            self.splits.insert(number, (row, None));
        }
    }

    pub(super) fn mended(&mut self, now: Moment, number: usize, height: Height) {
        if let Some((row, healed_at)) = self.splits.get_mut(&number) {
            row.healed_ms = Some(now.as_ms());
            *healed_at = Some(height);
        }
    }

    pub(super) fn fault(&mut self, now: Moment, fault: &Fault) {
        if self.events.len() < TOLD_MAX {
            self.events.push(EventRow {
                at_ms: now.as_ms(),
                kind: "fault",
                node: None,
                what: fault.to_string(),
            });
        }
    }
}

fn row(now: Moment, committed: &Committed) -> BlockRow {
    let (block, header) = (&committed.block, committed.block.header());
    BlockRow {
        height: header.height.0,
        round: committed.quorum.round.0,
        proposer: String::new(),
        records: u64::try_from(block.records().len()).unwrap_or(0),
        bytes: u64::try_from(block.bytes().len()).unwrap_or(0),
        decided_first_ms: now.as_ms(),
        decided_half_ms: None,
        decided_all_ms: None,
    }
}

impl World {
    /// Everything about the run, once it is over.
    pub(super) fn result(&mut self, violation: Option<Violation>) -> RunResult {
        self.count_outcomes();
        let seats = self.parties.seats();
        let validators = seats.iter().filter(|seat| seat.is_validator).count();
        RunResult {
            run: self.run.clone(),
            parties: u16::try_from(seats.len()).unwrap_or(u16::MAX),
            validators: u16::try_from(validators).unwrap_or(u16::MAX),
            violation: violation.map(|violation| violation.to_string()),
            trace: self.trace.digest(),
            events: self.events,
            lasted_ms: self.now.as_ms(),
            height: self.checker.height().0,
            blocks: self.block_rows(),
            acts: self.act_rows(),
            nodes: self
                .nodes
                .iter()
                .map(|entry| self.node_row(entry))
                .collect(),
            splits: self
                .told
                .splits
                .values()
                .map(|(row, _)| row.clone())
                .collect(),
            events_told: self.told.events.clone(),
            counters: self.counters.all().clone(),
        }
    }

    fn block_rows(&self) -> Vec<BlockRow> {
        let row = |(height, told): (&Height, &HeightTold)| {
            let proposer = self.checker.proposer(*height);
            let ms = |at: Option<Moment>| at.map(|at| at.as_ms());
            let [half, _, all] = told.known;
            BlockRow {
                proposer: proposer.map_or_else(String::new, |node| node.to_string()),
                decided_half_ms: ms(half),
                decided_all_ms: ms(all),
                ..told.row.clone()
            }
        };
        self.told.heights.iter().map(row).collect()
    }

    fn act_rows(&self) -> Vec<ActRow> {
        let mut rows = Vec::new();
        for (act, told) in self.acts.iter().zip(&self.told.acts) {
            let Some(seat) = self.parties.seat(act.node) else {
                continue;
            };
            let height = told
                .height
                .and_then(|height| self.told.heights.get(&height));
            let [half, most, all] = height.map_or([None; 3], |height| height.known);
            let ms = |at: Option<Moment>| at.map(|at| at.as_ms());
            let receipt = self.checker.outcomes().get(&act.record);
            let outcome = receipt.map(|receipt| match receipt.refused {
                None => "applied".to_owned(),
                Some(reason) => reason.code().to_owned(),
            });
            rows.push(ActRow {
                permit: act.number,
                deed: act.deed,
                party: seat.code.to_string(),
                region: seat.region,
                line: seat.line,
                fraud: act.fraud.map(|fraud| fraud.as_str()),
                handed_in_ms: told.handed_in.unwrap_or(act.at).as_ms(),
                acknowledged_ms: ms(told.acknowledged),
                final_ms: ms(told.last),
                known_50_ms: ms(half),
                known_95_ms: ms(most),
                known_100_ms: ms(all),
                outcome,
            });
        }
        rows
    }

    fn node_row(&self, entry: &Node) -> NodeRow {
        let (sent_bytes, received_bytes) = self.network.carried(entry.index);
        let seat = self.parties.seat(entry.index);
        let running = entry.host.is_some();
        let since = if running {
            self.now.since(entry.up_since)
        } else {
            std::time::Duration::ZERO
        };
        let up = entry.up_for.saturating_add(since);
        let tip = entry.host.as_ref().map(Host::tip);
        NodeRow {
            node: entry.index.to_string(),
            region: seat.map_or(crate::region::Region::Africa, |seat| seat.region),
            line: seat.map_or(crate::region::Line::Good, |seat| seat.line),
            is_validator: seat.is_some_and(|seat| seat.is_validator),
            is_dishonest: entry.adversary.is_some() || entry.index.is_twin,
            sent_bytes,
            received_bytes,
            up_ms: Moment(up).as_ms(),
            height: tip.unwrap_or(Height::ZERO).0,
        }
    }

    /// Counts outcomes, statements, frauds and what lines and adversaries did.
    fn count_outcomes(&mut self) {
        for act in &self.acts {
            let Some(receipt) = self.checker.outcomes().get(&act.record) else {
                continue;
            };
            match receipt.refused {
                None => self.counters.count("applied", act.deed),
                Some(reason) => self.counters.count("refused", reason.code()),
            }
            if let Some(fraud) = act.fraud {
                self.counters.count("fraud", fraud.as_str());
            }
        }
        let tally = *self.network.tally();
        for (name, count) in [
            ("sent", tally.sent),
            ("swallowed", tally.swallowed),
            ("retried", tally.retried),
            ("doubled", tally.doubled),
            ("replayed", tally.replayed),
            ("crowded", tally.crowded),
        ] {
            self.counters.add("lines", name, count);
        }
        for entry in &self.nodes {
            if let Some(adversary) = &entry.adversary {
                let name = adversary.strategy().as_str();
                self.counters.add("adversary", name, adversary.deeds());
            }
            if entry.index.is_twin {
                self.counters.count("adversary", "twin");
            }
        }
    }
}

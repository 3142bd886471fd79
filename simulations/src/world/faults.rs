//! Who fails, when and for how long: drawn from the seed before the run.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use ledger::digest::sha256;
use ledger::state::{Changes, PagesOf};
use ledger::tree::{self, KeyHash};

use crate::bug::Bug;
use crate::disk::{Cause, Disk};
use crate::moment::Moment;
use crate::parties::{NodeIndex, Parties};
use crate::random::{Purpose, Random};
use crate::region::Region;
use crate::scenario::{FaultKind, Menu, Range, Scenario, SpanMs};

/// What a fault does to lines.
pub type Pairs = Vec<(NodeIndex, NodeIndex)>;

/// Something that a fault does, when it strikes or ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The lines of a node get worse.
    Troubles(NodeIndex, FaultKind, u64),
    /// They are as before.
    NoTroubles(NodeIndex, FaultKind),
    /// Lines are cut.
    Cut(usize),
    /// The same lines are whole again.
    Mend(usize),
    /// A disk takes only so many more operations; the node starts again this long after it has failed.
    DiskFails {
        /// The node.
        node: NodeIndex,
        /// Operations that it still begins.
        operations: u32,
        /// Why.
        cause: Cause,
        /// How long the node is down.
        down: Duration,
        /// Whose fault it is.
        kind: FaultKind,
    },
    /// Somebody copies a node's folder.
    Copied(NodeIndex),
    /// Power fails, and the copy is put back.
    OldDisk(NodeIndex, Duration),
    /// A node starts again.
    Restart(NodeIndex, FaultKind),
    /// A node begins for the first time.
    Joins(NodeIndex),
    /// A process stands still for so long.
    Paused(NodeIndex, Duration),
    /// It goes on.
    Resumed(NodeIndex),
    /// A clock is off by so much more.
    ClockOff(NodeIndex, i64),
    /// A clock runs faster by so many millionths.
    ClockDrifts(NodeIndex, i64),
    /// A clock is right again.
    ClockMended(NodeIndex, FaultKind),
    /// A node speaks the next version too, for so long.
    Newer(NodeIndex, Duration),
    /// It goes back to this one.
    Older(NodeIndex),
    /// Somebody changes what a node has stored.
    Tampered(NodeIndex),
}

/// A split of the network, for the report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Split {
    /// Kind of fault.
    pub kind: FaultKind,
    /// What is cut.
    pub pairs: Pairs,
    /// Nodes on the smaller side.
    pub side: Vec<NodeIndex>,
}

/// The faults of a run.
#[derive(Debug)]
pub struct Faults {
    random: Random,
    nodes: Vec<NodeIndex>,
    validators: Vec<NodeIndex>,
    regions: BTreeMap<Region, Vec<NodeIndex>>,
    half_days: Vec<NodeIndex>,
    /// Validators that may still be made dishonest by a disk that goes back.
    old_disks_left: usize,
    splits: Vec<Split>,
    joiners: Vec<NodeIndex>,
    plan: Vec<(Moment, Fault)>,
    /// Faults that have not ended.
    open: u32,
    over_since: Option<Moment>,
}

impl Faults {
    /// Draws the faults of a run in which these validators are dishonest.
    #[must_use]
    pub fn new(
        scenario: &Scenario,
        parties: &Parties,
        dishonest: &[NodeIndex],
        (seed, bug): (u64, Bug),
    ) -> Self {
        let seats = parties.seats();
        let honest = |node: &NodeIndex| !dishonest.contains(node);
        let mut regions: BTreeMap<Region, Vec<NodeIndex>> = BTreeMap::new();
        for seat in parties.all_seats() {
            regions.entry(seat.region).or_default().push(seat.index);
        }
        let validators: Vec<_> = seats
            .iter()
            .filter(|seat| seat.is_validator)
            .map(|seat| seat.index)
            .collect();
        let tolerated = validators.len().saturating_sub(1) / 3;
        let half_days = seats.iter().filter(|seat| seat.is_half_day);
        let mut faults = Self {
            random: Random::new(seed, Purpose::Faults),
            nodes: parties.nodes().into_iter().filter(honest).collect(),
            old_disks_left: tolerated.saturating_sub(dishonest.len()),
            validators: validators.into_iter().filter(honest).collect(),
            regions,
            half_days: half_days.map(|seat| seat.index).collect(),
            splits: Vec::new(),
            joiners: Vec::new(),
            plan: Vec::new(),
            open: 0,
            over_since: None,
        };
        // Each kind draws whether it is there, whatever the others drew.
        for (kind, menu) in &scenario.faults {
            if faults.random.happens(u64::from(menu.chance_permille)) {
                for _ in 0..faults.random.between(menu.count) {
                    faults.draw(*kind, menu, tolerated);
                }
            }
        }
        faults.power_cycles(scenario);
        if bug == Bug::AlteredState {
            let at = Moment(faults.random.within(SpanMs([5_000, 20_000])));
            let node = faults.node();
            faults
                .plan
                .extend(node.map(|node| (at, Fault::Tampered(node))));
        }
        if faults.open == 0 {
            faults.over_since = Some(Moment::default());
        }
        faults
    }

    fn draw(&mut self, kind: FaultKind, menu: &Menu, tolerated: usize) {
        let at = Moment(self.random.within(menu.between_ms));
        let lasts = self.random.within(menu.lasts_ms);
        let strength = self.random.between(menu.strength());
        let end = at.plus(lasts);
        let Some(node) = self.node() else {
            return;
        };
        match kind {
            FaultKind::Loss
            | FaultKind::Delay
            | FaultKind::Duplicate
            | FaultKind::Reorder
            | FaultKind::Replay => self.spell(
                (at, Fault::Troubles(node, kind, strength)),
                (end, Fault::NoTroubles(node, kind)),
            ),
            FaultKind::OneWay => {
                let other = self.node().unwrap_or(node);
                self.split(kind, vec![(node, other)], vec![], (at, end));
            }
            FaultKind::RegionSplit | FaultKind::Halves => {
                let side = self.side(kind);
                let pairs = self.across(&side);
                self.split(kind, pairs, side, (at, end));
            }
            FaultKind::Isolation => {
                let pairs = self.across(&[node]);
                self.split(kind, pairs, vec![node], (at, end));
            }
            FaultKind::Flapping => self.flap(node, (at, end), strength),
            FaultKind::Pause => {
                self.spell(
                    (at, Fault::Paused(node, lasts)),
                    (end, Fault::Resumed(node)),
                );
            }
            FaultKind::Crash => self.disk_fails(at, node, (kind, Cause::Power, strength), lasts),
            FaultKind::TornWrite => self.disk_fails(at, node, (kind, Cause::Torn, strength), lasts),
            FaultKind::FullDisk => self.disk_fails(at, node, (kind, Cause::Full, 1), lasts),
            FaultKind::OldDisk => self.old_disk(at, node, lasts, strength),
            FaultKind::ClockOffset | FaultKind::ClockJump => {
                let ms = self.either_way(strength);
                self.clock((at, Fault::ClockOff(node, ms)), (end, kind), node);
            }
            FaultKind::ClockDrift => {
                let ppm = self.either_way(strength);
                self.clock((at, Fault::ClockDrifts(node, ppm)), (end, kind), node);
            }
            FaultKind::Outage => self.outage(at, lasts, kind, tolerated),
            FaultKind::HaltingOutage => {
                self.outage(at, lasts, kind, tolerated.saturating_add(1));
            }
            FaultKind::LateJoin => {
                let node = self.follower(node);
                if !self.joiners.contains(&node) {
                    self.joiners.push(node);
                    self.open = self.open.saturating_add(1);
                    self.plan.push((at, Fault::Joins(node)));
                }
            }
            FaultKind::VersionMix => {
                self.spell((at, Fault::Newer(node, lasts)), (end, Fault::Older(node)));
            }
        }
    }

    /// A fault with a beginning and an end.
    fn spell(&mut self, begins: (Moment, Fault), ends: (Moment, Fault)) {
        self.open = self.open.saturating_add(1);
        self.plan.push(begins);
        self.plan.push(ends);
    }

    fn split(
        &mut self,
        kind: FaultKind,
        pairs: Pairs,
        side: Vec<NodeIndex>,
        (at, end): (Moment, Moment),
    ) {
        let number = self.splits.len();
        self.splits.push(Split { kind, pairs, side });
        self.spell((at, Fault::Cut(number)), (end, Fault::Mend(number)));
    }

    fn flap(&mut self, node: NodeIndex, (at, end): (Moment, Moment), period_ms: u64) {
        let half = Duration::from_millis(period_ms.max(100) / 2);
        let pairs = self.across(&[node]);
        let mut from = at;
        // A thousand times are enough for any run.
        for _ in 0..1_000 {
            if from >= end {
                break;
            }
            let to = from.plus(half);
            self.split(FaultKind::Flapping, pairs.clone(), vec![node], (from, to));
            from = to.plus(half);
        }
    }

    fn disk_fails(
        &mut self,
        at: Moment,
        node: NodeIndex,
        (kind, cause, operations): (FaultKind, Cause, u64),
        down: Duration,
    ) {
        self.open = self.open.saturating_add(1);
        let operations = u32::try_from(operations).unwrap_or(u32::MAX);
        let fails = Fault::DiskFails {
            node,
            operations,
            cause,
            down,
            kind,
        };
        self.plan.push((at, fails));
    }

    /// A validator's disk that goes back may contradict itself at the height under way, which no guard can know:
    /// such validators count among the dishonest.
    fn old_disk(&mut self, at: Moment, node: NodeIndex, down: Duration, back_ms: u64) {
        let is_validator = self.validators.contains(&node);
        if is_validator && self.old_disks_left == 0 {
            return;
        }
        self.old_disks_left = self
            .old_disks_left
            .saturating_sub(usize::from(is_validator));
        let copied = at.as_ms().saturating_sub(back_ms);
        self.open = self.open.saturating_add(1);
        self.plan
            .push((Moment::from_ms(copied), Fault::Copied(node)));
        self.plan.push((at, Fault::OldDisk(node, down)));
    }

    fn clock(
        &mut self,
        begins: (Moment, Fault),
        (end, kind): (Moment, FaultKind),
        node: NodeIndex,
    ) {
        self.spell(begins, (end, Fault::ClockMended(node, kind)));
    }

    fn outage(&mut self, at: Moment, down: Duration, kind: FaultKind, count: usize) {
        let mut validators = self.validators.clone();
        self.random.shuffle(&mut validators);
        for node in validators.into_iter().take(count) {
            self.disk_fails(at, node, (kind, Cause::Power, 0), down);
        }
    }

    fn power_cycles(&mut self, scenario: &Scenario) {
        let half = Duration::from_millis(scenario.parties.power_cycle_ms / 2);
        let horizon = Moment::from_ms(scenario.trade.within_ms);
        for node in self.half_days.clone() {
            let mut at = Moment(
                self.random
                    .within(SpanMs([0, scenario.parties.power_cycle_ms])),
            );
            while at < horizon {
                self.disk_fails(at, node, (FaultKind::Crash, Cause::Power, 0), half);
                at = at.plus(half).plus(half);
            }
        }
    }

    fn node(&mut self) -> Option<NodeIndex> {
        self.random.choose(&self.nodes).copied()
    }

    /// `node`, or a follower where there is one: a validator that is late would be no late joiner but an outage.
    fn follower(&self, node: NodeIndex) -> NodeIndex {
        let follows = |node: &&NodeIndex| !self.validators.contains(node);
        if follows(&&node) {
            return node;
        }
        self.nodes.iter().find(follows).copied().unwrap_or(node)
    }

    fn either_way(&mut self, most: u64) -> i64 {
        let most = i64::try_from(most).unwrap_or(i64::MAX);
        if self.random.happens(500) {
            most
        } else {
            most.saturating_neg()
        }
    }

    /// The smaller side of a split.
    fn side(&mut self, kind: FaultKind) -> Vec<NodeIndex> {
        if kind == FaultKind::RegionSplit {
            let regions: Vec<_> = self.regions.keys().copied().collect();
            let region = self.random.choose(&regions);
            return region
                .and_then(|region| self.regions.get(region))
                .cloned()
                .unwrap_or_default();
        }
        let mut nodes = self.nodes.clone();
        self.random.shuffle(&mut nodes);
        let most = u64::try_from(nodes.len() / 2).unwrap_or(1).max(1);
        let size = self.random.between(Range([1, most]));
        nodes.truncate(usize::try_from(size).unwrap_or(1));
        nodes
    }

    /// Every line between `side` and the others, both ways.
    fn across(&self, side: &[NodeIndex]) -> Pairs {
        let all = self.regions.values().flatten();
        let others: Vec<_> = all.copied().filter(|node| !side.contains(node)).collect();
        let both = |a: &NodeIndex, b: &NodeIndex| [(*a, *b), (*b, *a)];
        side.iter()
            .flat_map(|a| others.iter().flat_map(move |b| both(a, b)))
            .collect()
    }

    /// When each strikes and ends; once.
    pub fn take_plan(&mut self) -> Vec<(Moment, Fault)> {
        std::mem::take(&mut self.plan)
    }

    /// Who joins only later.
    #[must_use]
    pub fn joiners(&self) -> Vec<NodeIndex> {
        self.joiners.clone()
    }

    /// What a cut cuts.
    #[must_use]
    pub fn split_of(&self, number: usize) -> Option<&Split> {
        self.splits.get(number)
    }

    /// A fault has ended.
    pub fn ended(&mut self, now: Moment) {
        self.open = self.open.saturating_sub(1);
        if self.open == 0 {
            self.over_since = Some(now);
        }
    }

    /// When the last fault ended; `None` while one is left.
    #[must_use]
    pub const fn over_since(&self) -> Option<Moment> {
        self.over_since
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Troubles(node, kind, strength) => {
                write!(f, "lines of {node}: {} {strength}", kind.as_str())
            }
            Self::NoTroubles(node, kind) => write!(f, "lines of {node}: no {} left", kind.as_str()),
            Self::Cut(number) => write!(f, "cut {number} begins"),
            Self::Mend(number) => write!(f, "cut {number} is mended"),
            Self::DiskFails {
                node,
                operations,
                kind,
                ..
            } => write!(
                f,
                "{node}: {} after {operations} disk operations",
                kind.as_str()
            ),
            Self::Copied(node) => write!(f, "somebody copies the folder of {node}"),
            Self::OldDisk(node, _) => write!(f, "{node}: power fails, and the copy is put back"),
            Self::Restart(node, _) => write!(f, "{node} starts again"),
            Self::Joins(node) => write!(f, "{node} joins with an empty disk"),
            Self::Paused(node, span) => {
                write!(f, "{node} stands still for {} ms", span.as_millis())
            }
            Self::Resumed(node) => write!(f, "{node} goes on"),
            Self::ClockOff(node, ms) => write!(f, "clock of {node} jumps by {ms} ms"),
            Self::ClockDrifts(node, ppm) => write!(f, "clock of {node} drifts by {ppm} ppm"),
            Self::ClockMended(node, _) => write!(f, "clock of {node} is right again"),
            Self::Newer(node, _) => write!(f, "{node} speaks the next version too"),
            Self::Older(node) => write!(f, "{node} is back at this version"),
            Self::Tampered(node) => write!(f, "stored state of {node} altered"),
        }
    }
}

/// Adds a value to a stored state that no block has put there; the root changes with it.
pub fn tamper(disk: &Disk) {
    let (place, value) = (KeyHash::of(b"altered"), b"altered".to_vec());
    let leaves = BTreeMap::from([(place, Some(sha256(&value)))]);
    let Ok((_, pages)) = tree::update(&PagesOf(&*disk.state()), &leaves) else {
        return;
    };
    disk.tamper(&Changes {
        values: BTreeMap::from([(place, Some(value))]),
        pages,
        ..Changes::default()
    });
}

//! Who fails, when and for how long: drawn from the seed before the run, except how long a crash lasts.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::time::Duration;

use ledger::digest::sha256;
use ledger::state::{Changes, PagesOf};
use ledger::tree::{self, KeyHash};

use super::queue::Moment;
use super::random::{Purpose, Random};
use super::sabotage::Sabotage;
use crate::disk::Disk;
use crate::parties::NodeIndex;
use crate::report::Run;
use crate::scenario::{Scenario, SpanMs};

/// A fault that strikes, or ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The power of a node fails after so many operations of its disk.
    PowerFails {
        /// The node.
        node: NodeIndex,
        /// Operations that it still begins.
        operations: u32,
    },
    /// A node starts again.
    Restart(NodeIndex),
    /// The network splits: these on one side, the others on the other.
    Cut(BTreeSet<NodeIndex>),
    /// The network is whole again.
    Heal,
    /// Somebody changes what a node has stored.
    Tamper(NodeIndex),
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::PowerFails { node, operations } => {
                write!(
                    f,
                    "power of {node} fails after {operations} disk operations"
                )
            }
            Self::Restart(node) => write!(f, "{node} starts again"),
            Self::Cut(side) => {
                let side: Vec<_> = side.iter().map(ToString::to_string).collect();
                write!(f, "{} cut off", side.join(" "))
            }
            Self::Heal => write!(f, "network whole again"),
            Self::Tamper(node) => write!(f, "stored state of {node} altered"),
        }
    }
}

/// The faults of a run.
#[derive(Debug)]
pub struct Faults {
    random: Random,
    nodes: Vec<NodeIndex>,
    scenario: Scenario,
    sabotage: Sabotage,
    /// Faults that have not ended.
    open: u32,
    over_since: Option<Moment>,
    noted: Vec<(Moment, String)>,
}

impl Faults {
    /// The faults of a run, not drawn yet.
    #[must_use]
    pub fn new(scenario: &Scenario, run: &Run, nodes: &[NodeIndex]) -> Self {
        let open = scenario
            .crashes
            .count
            .saturating_add(scenario.partitions.count);
        Self {
            random: Random::new(run.seed, Purpose::Faults),
            nodes: nodes.to_vec(),
            scenario: scenario.clone(),
            sabotage: run.sabotage,
            open,
            over_since: (open == 0).then(Moment::default),
            noted: Vec::new(),
        }
    }

    /// Draws when each strikes.
    pub fn plan(&mut self) -> Vec<(Moment, Fault)> {
        let (crashes, partitions) = (self.scenario.crashes, self.scenario.partitions);
        let mut plan = Vec::new();
        for _ in 0..crashes.count {
            let at = Moment(self.random.within(crashes.between_ms));
            let node = self.node();
            let operations = self
                .random
                .below(u64::from(crashes.operations_max).saturating_add(1));
            let operations = u32::try_from(operations).unwrap_or(u32::MAX);
            plan.push((at, Fault::PowerFails { node, operations }));
        }
        for _ in 0..partitions.count {
            let at = Moment(self.random.within(partitions.between_ms));
            let end = at.plus(self.random.within(partitions.lasts_ms));
            // One or two of four: a minority, or halves of which neither can decide.
            let first = self.node();
            let mut side = BTreeSet::from([first]);
            if self.random.below(2) == 1 {
                side.insert(self.node());
            }
            plan.push((at, Fault::Cut(side)));
            plan.push((end, Fault::Heal));
        }
        if self.sabotage == Sabotage::AlteredState {
            let at = Moment(self.random.within(SpanMs([5_000, 20_000])));
            plan.push((at, Fault::Tamper(self.node())));
        }
        plan
    }

    fn node(&mut self) -> NodeIndex {
        let count = u64::try_from(self.nodes.len()).unwrap_or(1);
        let drawn = usize::try_from(self.random.below(count)).unwrap_or(0);
        self.nodes.get(drawn).copied().unwrap_or(NodeIndex(0))
    }

    /// How long a node that has just crashed is down.
    pub fn down(&mut self) -> Duration {
        self.random.within(self.scenario.crashes.down_ms)
    }

    /// Gives a crashed disk its power back, with what survives.
    pub fn recover(&mut self, disk: &Disk) {
        disk.recover(&mut self.random);
    }

    /// A fault has ended.
    pub fn ended(&mut self, now: Moment) {
        self.open = self.open.saturating_sub(1);
        if self.open == 0 {
            self.over_since = Some(now);
        }
    }

    /// Whether no fault is left.
    #[must_use]
    pub const fn are_over(&self) -> bool {
        self.open == 0
    }

    /// When the last fault ended.
    #[must_use]
    pub const fn over_since(&self) -> Option<Moment> {
        self.over_since
    }

    /// Notes a fault for the report.
    pub fn note(&mut self, now: Moment, fault: &Fault) {
        self.noted.push((now, fault.to_string()));
    }

    /// The faults so far.
    #[must_use]
    pub fn noted(&self) -> &[(Moment, String)] {
        &self.noted
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

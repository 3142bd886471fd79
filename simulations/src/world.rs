//! The world: one queue of events, the only clock and the only chance, and every node within it.

pub mod faults;
pub mod queue;
pub mod random;
pub mod sabotage;

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use consensus::guard::State;
use ledger::digest::{Digest, sha256};
use ledger::state::memory::{MemoryState, initial_changes};

use crate::check::{Checker, Violation};
use crate::disk::Disk;
use crate::host::{Alarm, Clock, Host, Observation, Output, Stimulus};
use crate::network::{Message, Network};
use crate::parties::{NodeIndex, Parties, Seat, SetUpError};
use crate::report::{Report, Run};
use crate::scenario::Scenario;
use crate::trade::{self, Act};
use faults::{Fault, Faults};
use queue::{Moment, Queue};
use random::{Purpose, Random};
use sabotage::Sabotage;

/// An author hands a record in again until a node has called it durable.
const HAND_IN_AGAIN: Duration = Duration::from_secs(1);

/// Something that happens.
#[derive(Debug)]
enum Event {
    /// A message arrives.
    Arrives {
        from: NodeIndex,
        to: NodeIndex,
        message: Message,
    },
    /// An alarm rings, for the process that set it.
    Rings {
        node: NodeIndex,
        process: u32,
        alarm: Alarm,
    },
    /// An author hands in the record of this act.
    HandedIn(usize),
    /// A fault strikes or ends.
    Fault(Fault),
}

struct Node {
    disk: Disk,
    clock: Clock,
    /// Counts the processes on this disk.
    process: u32,
    /// Absent while the node is down.
    host: Option<Host>,
}

/// A network with everything around it.
pub struct World {
    run: Run,
    scenario: Scenario,
    parties: Arc<Parties>,
    acts: Vec<Act>,
    nodes: BTreeMap<NodeIndex, Node>,
    network: Network,
    faults: Faults,
    queue: Queue<Event>,
    checker: Checker,
    now: Moment,
    events: u64,
    trace: Digest,
}

impl World {
    /// Sets up a run: the whole of it follows from its arguments.
    ///
    /// # Errors
    /// [`SetUpError`].
    pub fn new(scenario: Scenario, run: Run) -> Result<Self, SetUpError> {
        let parties = Arc::new(Parties::new(&scenario, run.seed)?);
        let acts = trade::acts(&scenario, &parties, run.seed)?;
        let mut queue = Queue::default();
        let mut faults = Faults::new(&scenario, &run, &parties.nodes());
        for (at, fault) in faults.plan() {
            queue.plan(at, Event::Fault(fault));
        }
        for (index, act) in acts.iter().enumerate() {
            queue.plan(act.at, Event::HandedIn(index));
        }
        let links = Random::new(run.seed, Purpose::Links);
        Ok(Self {
            network: Network::new(&parties.nodes(), &scenario.links, links),
            checker: Checker::new(&parties, &acts)?,
            nodes: nodes(&scenario, &parties, run.seed),
            faults,
            run,
            scenario,
            parties,
            acts,
            queue,
            now: Moment::default(),
            events: 0,
            trace: Digest::default(),
        })
    }

    /// Runs to the end, or to the first violation. `line` is given one line for each event.
    ///
    /// # Errors
    /// Only those of `line`.
    pub fn run(&mut self, mut line: impl FnMut(&str) -> io::Result<()>) -> io::Result<Report> {
        let mut outcome = self.start();
        while outcome.is_ok() && !self.is_over() {
            let Some((at, event)) = self.queue.take() else {
                outcome = Err(Violation::NoProgress("nothing is left to happen".into()));
                break;
            };
            self.now = at;
            self.events = self.events.saturating_add(1);
            let told = self.describe(&event);
            self.trace = sha256(&[self.trace.as_ref(), told.as_bytes()].concat());
            line(&told)?;
            outcome = self.happen(event).and_then(|()| self.check_progress());
        }
        let outcome = outcome.and_then(|()| self.check_end());
        Ok(self.report(outcome.err()))
    }

    /// The disk of a node, whether it is up or down.
    #[must_use]
    pub fn disk(&self, node: NodeIndex) -> Option<&Disk> {
        self.nodes.get(&node).map(|entry| &entry.disk)
    }

    fn start(&mut self) -> Result<(), Violation> {
        for node in self.parties.nodes() {
            self.boot(node)?;
        }
        Ok(())
    }

    /// Starts a process on a node's disk.
    fn boot(&mut self, node: NodeIndex) -> Result<(), Violation> {
        let (Some(entry), Some(seat)) = (self.nodes.get_mut(&node), self.parties.seat(node)) else {
            return Ok(());
        };
        self.checker.restarted(node, &entry.disk)?;
        self.checker.check_kept(node, &entry.disk)?;
        let disk = entry.disk.clone();
        let host = Host::new(&self.parties, seat, disk, entry.clock, self.run.sabotage)
            .map_err(|why| Violation::Stopped { node, why })?;
        entry.process = entry.process.saturating_add(1);
        entry.host = Some(host);
        self.stimulate(node, Stimulus::Start)
    }

    fn happen(&mut self, event: Event) -> Result<(), Violation> {
        match event {
            Event::Arrives { from, to, message } => {
                if self.network.is_open(from, to) {
                    self.stimulate(to, Stimulus::Message(from, message))?;
                }
                Ok(())
            }
            Event::Rings {
                node,
                process,
                alarm,
            } => {
                if self
                    .nodes
                    .get(&node)
                    .is_some_and(|entry| entry.process == process)
                {
                    self.stimulate(node, Stimulus::Alarm(alarm))?;
                }
                Ok(())
            }
            Event::HandedIn(index) => self.hand_in(index),
            Event::Fault(fault) => self.strike(fault),
        }
    }

    fn hand_in(&mut self, index: usize) -> Result<(), Violation> {
        let Some(act) = self.acts.get(index) else {
            return Ok(());
        };
        if self.checker.is_acknowledged(&act.record) {
            return Ok(());
        }
        let again = self.now.plus(HAND_IN_AGAIN);
        self.queue.plan(again, Event::HandedIn(index));
        self.stimulate(act.node, Stimulus::Submission(act.bytes.clone()))
    }

    fn strike(&mut self, fault: Fault) -> Result<(), Violation> {
        self.faults.note(self.now, &fault);
        match fault {
            Fault::PowerFails { node, operations } => {
                match self.nodes.get(&node) {
                    Some(entry) if !entry.disk.is_failing() => {
                        entry.disk.cut_power_after(operations);
                    }
                    // It is down already, or about to be.
                    Some(_) | None => self.faults.ended(self.now),
                }
                self.notice_crash(node);
                Ok(())
            }
            Fault::Restart(node) => {
                if let Some(entry) = self.nodes.get(&node) {
                    self.faults.recover(&entry.disk);
                }
                self.faults.ended(self.now);
                self.boot(node)
            }
            Fault::Cut(side) => {
                self.network.cut(side);
                Ok(())
            }
            Fault::Heal => {
                self.faults.ended(self.now);
                self.heal()
            }
            Fault::Tamper(node) => {
                if let Some(entry) = self.nodes.get(&node) {
                    faults::tamper(&entry.disk);
                }
                Ok(())
            }
        }
    }

    fn heal(&mut self) -> Result<(), Violation> {
        let nodes = self.parties.nodes();
        let pairs = nodes
            .iter()
            .flat_map(|a| nodes.iter().map(move |b| (*a, *b)));
        let cut: Vec<_> = pairs
            .filter(|(a, b)| !self.network.is_open(*a, *b))
            .collect();
        self.network.heal();
        for (a, b) in cut {
            self.stimulate(a, Stimulus::Connected(b))?;
        }
        Ok(())
    }

    /// Lets a node handle something, does what it wants done, and looks at it.
    fn stimulate(&mut self, node: NodeIndex, stimulus: Stimulus) -> Result<(), Violation> {
        let Some(entry) = self.nodes.get_mut(&node) else {
            return Ok(());
        };
        let Some(host) = &mut entry.host else {
            return Ok(());
        };
        let process = entry.process;
        let (outputs, disk) = (host.handle(self.now, stimulus), entry.disk.clone());
        for output in outputs {
            match output {
                Output::Send(to, message) => {
                    if let Some(delay) = self.network.delay(node, to) {
                        let from = node;
                        let at = self.now.plus(delay);
                        self.queue.plan(at, Event::Arrives { from, to, message });
                    }
                }
                Output::Wake(after, alarm) => {
                    let ring = Event::Rings {
                        node,
                        process,
                        alarm,
                    };
                    self.queue.plan(self.now.plus(after), ring);
                }
                Output::Observed(observation) => self.observed(node, observation)?,
            }
        }
        self.checker.check_store(node, &disk)?;
        self.checker.check_kept(node, &disk)?;
        self.notice_crash(node);
        Ok(())
    }

    fn observed(&mut self, node: NodeIndex, observation: Observation) -> Result<(), Violation> {
        match observation {
            Observation::Committed(committed) => self.checker.committed(node, &committed),
            Observation::Signed(request) => self.checker.signed(node, &request),
            Observation::Acknowledged(record) => {
                self.checker.acknowledged(node, record);
                Ok(())
            }
            Observation::TurnedAway(record, why) => Err(Violation::TurnedAway {
                node,
                record,
                why: why.to_string(),
            }),
            Observation::Evidence(against) => Err(Violation::Evidence(against)),
            Observation::Stopped(why) => Err(Violation::Stopped { node, why }),
        }
    }

    /// A node whose power has failed is down, until it starts again.
    fn notice_crash(&mut self, node: NodeIndex) {
        let Some(entry) = self.nodes.get_mut(&node) else {
            return;
        };
        if entry.host.is_some() && !entry.disk.has_power() {
            entry.host = None;
            if self.run.sabotage == Sabotage::Amnesia {
                entry.disk.forget_undecided();
            }
            let down = self.faults.down();
            self.queue
                .plan(self.now.plus(down), Event::Fault(Fault::Restart(node)));
        }
    }

    /// Whether all is done: no fault is left, every record is decided, every node is level and far enough.
    fn is_over(&self) -> bool {
        let height = self.checker.height();
        let is_level = |entry: &Node| {
            let tip = entry.host.as_ref().map(Host::tip);
            tip.is_some_and(|tip| tip == height)
        };
        self.faults.are_over()
            && height.0 >= self.scenario.heights
            && self.undecided() == 0
            && self.nodes.values().all(is_level)
    }

    fn undecided(&self) -> usize {
        let is_decided = |act: &&Act| self.checker.outcomes().contains_key(&act.record);
        self.acts.iter().filter(|act| !is_decided(act)).count()
    }

    /// After the last fault and the last act, the end must come within the scenario's bound.
    fn check_progress(&self) -> Result<(), Violation> {
        let last_act = self.acts.last().map_or(Moment::default(), |act| act.at);
        let Some(calm) = self.faults.over_since() else {
            return Ok(());
        };
        let heights = Duration::from_millis(
            self.scenario
                .heartbeat_ms
                .saturating_mul(2)
                .saturating_mul(self.scenario.heights),
        );
        let bound = calm
            .max(last_act)
            .plus(self.scenario.progress_within())
            .plus(heights);
        if self.now <= bound {
            return Ok(());
        }
        let tips = self.nodes.iter().map(|(node, entry)| {
            let tip = entry.host.as_ref().map(Host::tip);
            tip.map_or_else(|| format!("{node} down"), |tip| format!("{node} {tip}"))
        });
        Err(Violation::NoProgress(format!(
            "heights {}, {} records undecided",
            tips.collect::<Vec<_>>().join(", "),
            self.undecided(),
        )))
    }

    fn check_end(&self) -> Result<(), Violation> {
        for (node, entry) in &self.nodes {
            self.checker.check_store(*node, &entry.disk)?;
            self.checker.check_kept(*node, &entry.disk)?;
        }
        self.checker.check_outcomes(&self.acts)
    }

    fn report(&self, violation: Option<Violation>) -> Report {
        let mut outcomes: BTreeMap<&'static str, u64> = BTreeMap::new();
        for receipt in self.checker.outcomes().values() {
            let code = receipt.refused.map_or("applied", |reason| reason.code());
            let count = outcomes.entry(code).or_default();
            *count = count.saturating_add(1);
        }
        Report {
            run: self.run.clone(),
            violation,
            trace: self.trace,
            events: self.events,
            lasted: self.now,
            height: self.checker.height(),
            faults: self.faults.noted().to_vec(),
            outcomes,
        }
    }

    /// One line for the trace: everything about an event that a run depends on.
    fn describe(&self, event: &Event) -> String {
        let what = match event {
            Event::Arrives { from, to, message } => {
                let digest = sha256(message.bytes()).to_string();
                let digest = digest.get(..16).unwrap_or_default().to_owned();
                let lost = if self.network.is_open(*from, *to) {
                    ""
                } else {
                    " lost"
                };
                format!("{from} → {to} {} {digest}{lost}", message.kind())
            }
            Event::Rings {
                node,
                process,
                alarm,
            } => format!("{node} alarm {process} {alarm:?}"),
            Event::HandedIn(index) => {
                let act = self.acts.get(*index);
                let act = act.map(|act| format!("{} record {}", act.node, act.record));
                act.unwrap_or_default()
            }
            Event::Fault(fault) => format!("fault {fault}"),
        };
        format!("{} {what}", self.now)
    }
}

fn nodes(scenario: &Scenario, parties: &Parties, seed: u64) -> BTreeMap<NodeIndex, Node> {
    let (_, changes) = initial_changes(parties.genesis.initial_state());
    let mut genesis = MemoryState::default();
    genesis.apply(&changes);
    let mut random = Random::new(seed, Purpose::Clocks);
    let mut node = |seat: &Seat| {
        let guard = State::new(parties.chain, &seat.voting.public());
        let width = scenario.clock_skew_ms.saturating_mul(2).saturating_add(1);
        let drawn = i64::try_from(random.below(width)).unwrap_or(0);
        let skew = i64::try_from(scenario.clock_skew_ms).unwrap_or(0);
        Node {
            disk: Disk::new(&genesis, &guard),
            clock: Clock {
                begins_at: scenario.begins_at(),
                skew_ms: drawn.saturating_sub(skew),
            },
            process: 0,
            host: None,
        }
    };
    let seats = parties.seats().iter();
    seats.map(|seat| (seat.index, node(seat))).collect()
}

#[cfg(test)]
mod tests;

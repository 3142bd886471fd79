//! The world: one queue of events, the only clock and the only chance, and every node within it.

pub mod faults;
mod node;
mod observed;
pub mod queue;
mod story;
mod strike;
mod told;
mod trace;

use std::sync::Arc;
use std::time::Duration;

use ledger::party::Height;

use crate::adversary::{Adversary, Scene};
use crate::check::{Checker, Violation};
use crate::counters::Counters;
use crate::disk::Disk;
use crate::host::{Alarm, Host, Manner, Output, Stimulus};
use crate::moment::Moment;
use crate::network::Network;
use crate::packet::Packet;
use crate::parties::{NodeIndex, Parties, SetUpError};
use crate::random::{Purpose, Random};
use crate::report::Run;
use crate::results::RunResult;
use crate::scenario::Scenario;
use crate::trade::{self, Act};
use faults::{Fault, Faults};
use node::{Node, nodes};
use queue::Queue;
pub use story::Story;
use told::Told;
use trace::Trace;

/// An author hands a record in again until a node has called it durable.
const HAND_IN_AGAIN: Duration = Duration::from_secs(2);

/// Permits of a block that officers ask about.
const VERDICTS_MAX: usize = 3;

/// Something that happens.
#[derive(Debug)]
enum Event {
    /// A message arrives.
    Arrives {
        from: NodeIndex,
        to: NodeIndex,
        packet: Packet,
    },
    /// A message leaves later than it could have.
    Leaves {
        from: NodeIndex,
        to: NodeIndex,
        packet: Packet,
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

/// A network with everything around it.
pub struct World {
    run: Run,
    scenario: Scenario,
    parties: Arc<Parties>,
    acts: Vec<Act>,
    nodes: Vec<Node>,
    network: Network,
    faults: Faults,
    disks: Random,
    queue: Queue<Event>,
    checker: Checker,
    told: Told,
    counters: Counters,
    story: Story,
    /// Where every node must come, once all else is done.
    target: Option<Height>,
    /// When the last planned fault strikes or ends.
    planned_until: Moment,
    now: Moment,
    events: u64,
    trace: Trace,
}

impl World {
    /// Sets up a run: the whole of it follows from its arguments.
    ///
    /// # Errors
    /// [`SetUpError`].
    pub fn new(scenario: Scenario, run: Run) -> Result<Self, SetUpError> {
        let parties = Parties::new(&scenario, run.seed)?;
        let (parties, dishonest) = Adversary::appoint(parties, &scenario, run.seed);
        let parties = Arc::new(parties);
        let acts = trade::acts(&scenario, &parties, run.seed)?;
        let mut queue = Queue::default();
        let accused: Vec<_> = dishonest.keys().copied().collect();
        let mut faults = Faults::new(&scenario, &parties, &accused, (run.seed, run.bug));
        let mut planned_until = Moment::default();
        for (at, fault) in faults.take_plan() {
            planned_until = planned_until.max(at);
            queue.plan(at, Event::Fault(fault));
        }
        for (index, act) in acts.iter().enumerate() {
            queue.plan(act.at, Event::HandedIn(index));
        }
        let mut checker = Checker::new(&parties, &acts)?;
        for node in accused {
            checker.excuse(node);
        }
        let mut world = Self {
            network: Network::new(&parties, run.seed)?,
            told: Told::new(&parties, &acts),
            nodes: nodes(&scenario, &parties, &run, dishonest),
            disks: Random::new(run.seed, Purpose::Disks),
            checker,
            faults,
            run,
            scenario,
            parties,
            acts,
            queue,
            counters: Counters::default(),
            story: Story::default(),
            target: None,
            planned_until,
            now: Moment::default(),
            events: 0,
            trace: Trace::default(),
        };
        world.late_joiners();
        Ok(world)
    }

    /// Keeps the last lines of the story, for `replay --explain`.
    pub fn remember(&mut self, lines: usize) {
        self.story = Story::of(lines);
    }

    /// Runs to the end, or to the first violation. `height` is told each new height.
    pub fn run(&mut self, mut height: impl FnMut(Height)) -> RunResult {
        let mut outcome = self.start();
        let mut highest = Height::ZERO;
        while outcome.is_ok() && !self.is_over() {
            let Some((at, event)) = self.queue.take() else {
                outcome = Err(Violation::NoProgress("nothing is left to happen".into()));
                break;
            };
            self.now = at;
            self.events = self.events.saturating_add(1);
            self.note(&event);
            outcome = self.happen(event).and_then(|()| self.check_progress());
            if self.checker.height() > highest {
                highest = self.checker.height();
                height(highest);
            }
        }
        let outcome = outcome.and_then(|()| self.check_end());
        self.result(outcome.err())
    }

    /// The disk of a node, whether it is up or down.
    #[must_use]
    pub fn disk(&self, node: NodeIndex) -> Option<&Disk> {
        self.nodes
            .get(usize::from(node.place))
            .map(|entry| &entry.disk)
    }

    /// Who takes part.
    #[must_use]
    pub const fn parties(&self) -> &Arc<Parties> {
        &self.parties
    }

    /// The story so far.
    #[must_use]
    pub const fn story(&self) -> &Story {
        &self.story
    }

    fn node(&mut self, node: NodeIndex) -> Option<&mut Node> {
        self.nodes.get_mut(usize::from(node.place))
    }

    fn start(&mut self) -> Result<(), Violation> {
        let present = self.nodes.iter().filter(|entry| !entry.is_absent);
        let present: Vec<_> = present.map(|entry| entry.index).collect();
        present.into_iter().try_for_each(|node| self.boot(node))
    }

    /// Starts a process on a node's disk.
    fn boot(&mut self, node: NodeIndex) -> Result<(), Violation> {
        let (now, parties) = (self.now, Arc::clone(&self.parties));
        let (Some(entry), Some(seat)) = (
            self.nodes.get_mut(usize::from(node.place)),
            parties.seat(node),
        ) else {
            return Ok(());
        };
        if !self.checker.is_excused(node) {
            self.checker.restarted(node, &entry.disk)?;
            self.checker.check_kept(node, &entry.disk)?;
        }
        let manner = Manner {
            is_newer: entry.newer_until.is_some(),
            ..entry.manner
        };
        let host = Host::new(&parties, seat, entry.disk.clone(), entry.clock, manner)
            .map_err(|why| Violation::Stopped { node, why })?;
        entry.process = entry.process.saturating_add(1);
        entry.host = Some(host);
        entry.up_since = now;
        self.stimulate(node, Stimulus::Start)
    }

    fn happen(&mut self, event: Event) -> Result<(), Violation> {
        match event {
            Event::Arrives { from, to, packet } => {
                if self.network.is_open(from, to) {
                    self.reach(to, Event::Arrives { from, to, packet })?;
                }
                Ok(())
            }
            Event::Rings { node, process, .. } => {
                let is_current = |entry: &Node| entry.process == process;
                if self.node(node).is_some_and(|entry| is_current(entry)) {
                    self.reach(node, event)?;
                }
                Ok(())
            }
            Event::Leaves { from, to, packet } => {
                if self.node(from).is_some_and(|entry| entry.host.is_some()) {
                    self.send(from, to, packet);
                }
                Ok(())
            }
            Event::HandedIn(index) => self.hand_in(index),
            Event::Fault(fault) => self.strike(fault),
        }
    }

    /// Brings an event to a node, now or when it goes on.
    fn reach(&mut self, node: NodeIndex, event: Event) -> Result<(), Violation> {
        let paused = self.node(node).and_then(|entry| entry.paused_until);
        if let Some(until) = paused.filter(|until| *until > self.now) {
            self.queue.plan(until, event);
            return Ok(());
        }
        match event {
            Event::Arrives { from, packet, .. } => {
                self.stimulate(node, Stimulus::Message(from, packet))
            }
            Event::Rings { alarm, .. } => self.stimulate(node, Stimulus::Alarm(alarm)),
            Event::Leaves { .. } | Event::HandedIn(_) | Event::Fault(_) => Ok(()),
        }
    }

    fn hand_in(&mut self, index: usize) -> Result<(), Violation> {
        let Some(act) = self.acts.get(index) else {
            return Ok(());
        };
        let (node, bytes) = (act.node, act.bytes.clone());
        if self.checker.is_acknowledged(node, &act.record) {
            return Ok(());
        }
        self.told.handed_in(index, self.now);
        let again = self.now.plus(HAND_IN_AGAIN);
        self.queue.plan(again, Event::HandedIn(index));
        let is_paused = self
            .node(node)
            .is_some_and(|entry| entry.paused_until.is_some());
        if is_paused {
            return Ok(());
        }
        self.stimulate(node, Stimulus::Submission(bytes))
    }

    /// Lets a node handle something, does what it wants done, and looks at it.
    fn stimulate(&mut self, node: NodeIndex, stimulus: Stimulus) -> Result<(), Violation> {
        let (now, parties) = (self.now, Arc::clone(&self.parties));
        let Some(entry) = self.nodes.get_mut(usize::from(node.place)) else {
            return Ok(());
        };
        let Some(host) = &mut entry.host else {
            return Ok(());
        };
        let (process, disk) = (entry.process, entry.disk.clone());
        let noticed = entry.adversary.as_ref().map(|_| stimulus.clone());
        let mut outputs = host.handle(now, stimulus);
        if let (Some(adversary), Some(noticed), Some(seat)) =
            (&mut entry.adversary, noticed, parties.seat(node))
        {
            let scene = Scene {
                now,
                seat,
                parties: &parties,
                disk: &disk,
                clock: entry.clock,
            };
            outputs = adversary.change(&scene, &noticed, outputs);
        }
        for output in outputs {
            match output {
                Output::Send(to, packet) => self.send(node, to, packet),
                Output::SendLater(after, to, packet) => {
                    let from = node;
                    self.queue
                        .plan(now.plus(after), Event::Leaves { from, to, packet });
                }
                Output::Broadcast(packet) => {
                    for seat in parties.all_seats() {
                        if seat.index != node {
                            self.send(node, seat.index, packet.clone());
                        }
                    }
                }
                Output::Wake(after, alarm) => {
                    let ring = Event::Rings {
                        node,
                        process,
                        alarm,
                    };
                    self.queue.plan(now.plus(after), ring);
                }
                Output::Observed(observation) => self.observed(node, observation)?,
            }
        }
        self.look_at(node, &disk)?;
        self.notice_fall(node);
        Ok(())
    }

    fn send(&mut self, from: NodeIndex, to: NodeIndex, packet: Packet) {
        for at in self.network.send(self.now, from, to, packet.bytes().len()) {
            let packet = packet.clone();
            self.queue.plan(at, Event::Arrives { from, to, packet });
        }
    }

    /// Looks at a store that has changed.
    fn look_at(&mut self, node: NodeIndex, disk: &Disk) -> Result<(), Violation> {
        let is_excused = self.checker.is_excused(node);
        let Some(entry) = self.node(node) else {
            return Ok(());
        };
        let version = disk.version();
        if version == entry.looked_at {
            return Ok(());
        }
        entry.looked_at = version;
        if is_excused {
            return Ok(());
        }
        self.checker.check_store(node, disk)?;
        self.ask(node, disk)
    }

    /// Asks one node at each height, each in turn, what officers may make of the permits of its newest block.
    fn ask(&mut self, node: NodeIndex, disk: &Disk) -> Result<(), Violation> {
        let entry = self.nodes.get(usize::from(node.place));
        let (Some(tip), Some(entry)) = (disk.tip(), entry) else {
            return Ok(());
        };
        let now = entry.clock.reads(self.now);
        let nodes = u64::try_from(self.nodes.len()).unwrap_or(u64::MAX);
        let turn = tip.block.header().height.0.checked_rem(nodes);
        if turn != Some(node.place.into()) {
            return Ok(());
        }
        let records = tip.block.records().iter().map(|signed| signed.record());
        let permits = records.filter_map(|record| record.statement.permit(record.author));
        for permit in permits.take(VERDICTS_MAX) {
            for light in self.checker.check_verdicts(disk, permit, now)? {
                self.counters.count("verdict", light.as_str());
            }
        }
        Ok(())
    }

    /// Whether all is done: no fault is left, every record is decided, the world is far enough, and every node has
    /// come to where the world was at that moment.
    fn is_over(&mut self) -> bool {
        let height = self.checker.height();
        let is_done = self.faults.over_since().is_some()
            && height.0 >= self.run.heights
            && self.undecided() == 0;
        if self.target.is_none() && is_done {
            self.target = Some(height);
        }
        let Some(target) = self.target else {
            return false;
        };
        let is_there = |entry: &Node| {
            let tip = entry.host.as_ref().map(Host::tip);
            tip.is_some_and(|tip| tip >= target) || self.checker.is_excused(entry.index)
        };
        self.nodes.iter().all(is_there)
    }

    fn undecided(&self) -> usize {
        self.acts
            .len()
            .saturating_sub(self.checker.outcomes_of_acts())
    }

    /// After the last fault and the last act, the end must come within the scenario's bound.
    fn check_progress(&self) -> Result<(), Violation> {
        let last_act = self.acts.last().map_or(Moment::default(), |act| act.at);
        // A disk that is to fail in so many operations never does where its node stands still.
        let stands_still = || self.planned_until.plus(self.scenario.progress_within());
        let calm = self.faults.over_since().unwrap_or_else(stands_still);
        let heights = self
            .scenario
            .heartbeat_ms
            .saturating_mul(2)
            .saturating_mul(self.run.heights);
        let bound = calm
            .max(last_act)
            .plus(self.scenario.progress_within())
            .plus(Duration::from_millis(heights));
        if self.now <= bound {
            return Ok(());
        }
        let tips = self.nodes.iter().map(|entry| {
            let (node, tip) = (entry.index, entry.host.as_ref().map(Host::tip));
            tip.map_or_else(|| format!("{node} down"), |tip| format!("{node} {tip}"))
        });
        Err(Violation::NoProgress(format!(
            "heights {}, {} records undecided",
            tips.collect::<Vec<_>>().join(", "),
            self.undecided(),
        )))
    }

    fn check_end(&self) -> Result<(), Violation> {
        for entry in &self.nodes {
            if !self.checker.is_excused(entry.index) && !entry.index.is_twin {
                self.checker.check_whole_store(entry.index, &entry.disk)?;
                self.checker.check_kept(entry.index, &entry.disk)?;
            }
        }
        self.checker.check_outcomes(&self.acts)
    }
}

#[cfg(test)]
mod tests;

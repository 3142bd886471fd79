//! Faults, as they strike and end.

use std::time::Duration;

use super::faults::{self, Fault};
use super::{Event, World};
use crate::bug::Bug;
use crate::check::Violation;
use crate::disk::Cause;
use crate::host::Stimulus;
use crate::moment::Moment;
use crate::parties::NodeIndex;
use crate::scenario::FaultKind;

impl World {
    /// Nodes that join later are not there at the start.
    pub(super) fn late_joiners(&mut self) {
        for node in self.faults.joiners() {
            if let Some(entry) = self.node(node) {
                entry.is_absent = true;
            }
        }
    }

    pub(super) fn strike(&mut self, fault: Fault) -> Result<(), Violation> {
        self.story.fault(self.now, &fault);
        self.told.fault(self.now, &fault);
        match fault {
            Fault::Troubles(node, kind, strength) => {
                self.struck(kind);
                self.trouble(node, kind, strength);
                Ok(())
            }
            Fault::NoTroubles(node, kind) => {
                self.trouble(node, kind, 0);
                self.ended(kind);
                Ok(())
            }
            Fault::Cut(number) => {
                self.cut(number);
                Ok(())
            }
            Fault::Mend(number) => self.mend(number),
            Fault::DiskFails {
                node,
                operations,
                cause,
                down,
                kind,
            } => {
                self.disk_fails(node, (operations, cause), (down, kind));
                Ok(())
            }
            Fault::Copied(node) => {
                if let Some(entry) = self.node(node) {
                    entry.old_copy = Some(entry.disk.copy());
                }
                Ok(())
            }
            Fault::OldDisk(node, down) => {
                self.disk_fails(node, (0, Cause::Power), (down, FaultKind::OldDisk));
                Ok(())
            }
            Fault::Restart(node, kind) => self.restart(node, kind),
            Fault::Joins(node) => self.joins(node),
            Fault::Paused(node, span) => {
                self.struck(FaultKind::Pause);
                let until = self.now.plus(span);
                if let Some(entry) = self.node(node) {
                    entry.paused_until = Some(until);
                }
                Ok(())
            }
            Fault::Resumed(node) => {
                if let Some(entry) = self.node(node) {
                    entry.paused_until = None;
                }
                self.ended(FaultKind::Pause);
                Ok(())
            }
            Fault::ClockOff(node, ms) => {
                self.struck(FaultKind::ClockOffset);
                self.set_clock(node, Some(ms), None);
                Ok(())
            }
            Fault::ClockDrifts(node, ppm) => {
                self.struck(FaultKind::ClockDrift);
                self.set_clock(node, None, Some(ppm));
                Ok(())
            }
            Fault::ClockMended(node, kind) => {
                self.set_clock(node, None, None);
                self.ended(kind);
                Ok(())
            }
            Fault::Newer(node, span) => self.newer(node, span),
            Fault::Older(node) => self.older(node),
            Fault::Tampered(node) => {
                let disk = self.node(node).map(|entry| entry.disk.clone());
                if let Some(disk) = disk {
                    faults::tamper(&disk);
                    self.look_at(node, &disk)?;
                }
                Ok(())
            }
        }
    }

    fn struck(&mut self, kind: FaultKind) {
        self.counters.count("fault", kind.as_str());
    }

    fn ended(&mut self, kind: FaultKind) {
        self.counters.count("ended", kind.as_str());
        self.faults.ended(self.now);
    }

    fn trouble(&mut self, node: NodeIndex, kind: FaultKind, strength: u64) {
        let Some(troubles) = self.network.troubles(node) else {
            return;
        };
        let changed = match kind {
            FaultKind::Loss => &mut troubles.loss_permille,
            FaultKind::Delay => &mut troubles.delay_ms,
            FaultKind::Duplicate => &mut troubles.duplicate_permille,
            FaultKind::Reorder => &mut troubles.reorder_ms,
            FaultKind::Replay => &mut troubles.replay_permille,
            FaultKind::OneWay
            | FaultKind::RegionSplit
            | FaultKind::Halves
            | FaultKind::Flapping
            | FaultKind::Isolation
            | FaultKind::Pause
            | FaultKind::Crash
            | FaultKind::TornWrite
            | FaultKind::OldDisk
            | FaultKind::FullDisk
            | FaultKind::ClockOffset
            | FaultKind::ClockDrift
            | FaultKind::ClockJump
            | FaultKind::Outage
            | FaultKind::HaltingOutage
            | FaultKind::LateJoin
            | FaultKind::VersionMix => return,
        };
        *changed = strength;
    }

    // Lines.

    fn cut(&mut self, number: usize) {
        let Some(split) = self.faults.split_of(number).cloned() else {
            return;
        };
        self.struck(split.kind);
        for (from, to) in &split.pairs {
            self.network.cut(*from, *to);
        }
        self.told.split(self.now, number, &split);
    }

    fn mend(&mut self, number: usize) -> Result<(), Violation> {
        let Some(split) = self.faults.split_of(number).cloned() else {
            return Ok(());
        };
        let height = self.checker.height();
        self.told.mended(self.now, number, height);
        self.ended(split.kind);
        for (from, to) in split.pairs {
            let is_open = self.network.mend(from, to);
            if is_open && self.parties.neighbours(from).contains(&to) {
                self.stimulate(from, Stimulus::Connected(to))?;
            }
        }
        Ok(())
    }

    // Processes and disks.

    fn disk_fails(
        &mut self,
        node: NodeIndex,
        (operations, cause): (u32, Cause),
        falls: (Duration, FaultKind),
    ) {
        let Some(entry) = self.node(node) else {
            return;
        };
        if entry.host.is_none() || entry.disk.is_failing() || entry.paused_until.is_some() {
            // It is down already, or about to be.
            entry.old_copy = None;
            self.counters.count("missed", falls.1.as_str());
            self.faults.ended(self.now);
            return;
        }
        entry.disk.fail_after(operations, cause);
        entry.falls_for = Some(falls);
        self.notice_fall(node);
    }

    /// A node whose disk has failed is down, until it starts again.
    pub(super) fn notice_fall(&mut self, node: NodeIndex) {
        let now = self.now;
        let Some(entry) = self.node(node) else {
            return;
        };
        if entry.host.is_none() || entry.disk.has_power() {
            return;
        }
        entry.host = None;
        entry.up_for = entry.up_for.saturating_add(now.since(entry.up_since));
        if entry.manner.bug == Bug::Amnesia {
            entry.disk.forget_undecided();
        }
        let Some((down, kind)) = entry.falls_for.take() else {
            return;
        };
        self.struck(kind);
        let restart = Event::Fault(Fault::Restart(node, kind));
        self.queue.plan(now.plus(down), restart);
    }

    fn restart(&mut self, node: NodeIndex, kind: FaultKind) -> Result<(), Violation> {
        let Some(entry) = self.nodes.get_mut(usize::from(node.place)) else {
            return Ok(());
        };
        let recovered = entry.disk.recover(&mut self.disks);
        if recovered.lost > 0 {
            self.counters.count("recovered", "unsynced-lost");
        }
        if recovered.is_torn {
            self.counters.count("recovered", "torn-dropped");
        }
        if kind == FaultKind::OldDisk
            && let Some(copy) = entry.old_copy.take()
        {
            let before = entry.disk.tip().map(|tip| tip.block.header().height);
            entry.disk.put_back(copy);
            let after = entry.disk.tip().map(|tip| tip.block.header().height);
            if after < before {
                self.counters.count("recovered", "disk-went-back");
            }
            let disk = entry.disk.clone();
            entry.looked_at = disk.version();
            self.checker.went_back(node, &disk);
            self.hand_in_again(node);
        }
        self.ended(kind);
        self.boot(node)
    }

    /// What a disk that went back has forgotten, its authors hand in again.
    fn hand_in_again(&mut self, node: NodeIndex) {
        for (index, act) in self.acts.iter().enumerate() {
            let is_gone = !self.checker.is_acknowledged(node, &act.record);
            if act.node == node && act.at <= self.now && is_gone {
                self.queue.plan(self.now, Event::HandedIn(index));
            }
        }
    }

    fn joins(&mut self, node: NodeIndex) -> Result<(), Violation> {
        if let Some(entry) = self.node(node) {
            entry.is_absent = false;
        }
        self.struck(FaultKind::LateJoin);
        self.ended(FaultKind::LateJoin);
        self.boot(node)
    }

    // Clocks and versions.

    /// Makes a clock wrong; or right, where nothing is given.
    fn set_clock(&mut self, node: NodeIndex, offset_ms: Option<i64>, drift_ppm: Option<i64>) {
        let now = self.now;
        let Some(entry) = self.node(node) else {
            return;
        };
        let clock = &mut entry.clock;
        if offset_ms.is_none() && drift_ppm.is_none() {
            (clock.offset_ms, clock.drift_ppm) = (0, 0);
        }
        if let Some(ms) = offset_ms {
            clock.offset_ms = clock.offset_ms.saturating_add(ms);
        }
        if let Some(ppm) = drift_ppm {
            clock.offset_ms = clock.error_ms(now);
            (clock.drift_ppm, clock.drifts_since) = (ppm, now);
        }
        let clock = *clock;
        if let Some(host) = &mut entry.host {
            host.set_clock(clock);
        }
    }

    /// A node is upgraded before the others: its process starts again, and its Party tries a record that the rules
    /// of today refuse.
    fn newer(&mut self, node: NodeIndex, span: Duration) -> Result<(), Violation> {
        self.struck(FaultKind::VersionMix);
        let until: Moment = self.now.plus(span);
        if let Some(entry) = self.node(node) {
            entry.newer_until = Some(until);
            if let Some(host) = &mut entry.host {
                host.set_newer(true);
            }
        }
        let act = self.acts.iter().find(|act| act.node == node);
        let Some(mut bytes) = act.map(|act| act.bytes.clone()) else {
            return Ok(());
        };
        // The first bytes are the map and its lengths; the record's version stands behind them.
        if let Some(byte) = bytes.get_mut(NEXT_VERSION_AT) {
            *byte = byte.wrapping_add(1);
        }
        self.stimulate(node, Stimulus::Submission(bytes))
    }

    fn older(&mut self, node: NodeIndex) -> Result<(), Violation> {
        if let Some(entry) = self.node(node) {
            entry.newer_until = None;
            if let Some(host) = &mut entry.host {
                host.set_newer(false);
            }
        }
        self.ended(FaultKind::VersionMix);
        Ok(())
    }
}

/// Where the version of a record stands in a signed one: behind the envelope's map, key and length, and the
/// record's own map and key.
const NEXT_VERSION_AT: usize = 7;

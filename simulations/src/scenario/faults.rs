//! The menu of faults: for each kind, how likely a run has it, how often, when, how long and how strong.

use serde::Deserialize;

use super::{PERMILLE, Range, ScenarioError, SpanMs, TIME, value};

/// Faults of one kind in one run, at most.
const COUNT_MAX: u64 = 1_000;

/// A kind of fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FaultKind {
    /// Messages of a node must be sent again (`permille`).
    Loss,
    /// Messages of a node take longer (`ms`).
    Delay,
    /// Messages of a node arrive twice (`permille`).
    Duplicate,
    /// Messages of a node overtake each other by up to this much (`ms`).
    Reorder,
    /// Old messages of a node come once more, later (`permille`).
    Replay,
    /// What one node sends another never arrives.
    OneWay,
    /// One region is cut off from the others.
    RegionSplit,
    /// The world falls into two parts, drawn node by node.
    Halves,
    /// The line of a node goes down and comes up again, over and over (`ms`: the period).
    Flapping,
    /// One node is cut off.
    Isolation,
    /// A process stands still and goes on later, with its old timers.
    Pause,
    /// Power fails at some disk operation (`operations`), and what was not synced may be lost.
    Crash,
    /// As `Crash`, and the last unsynced write is torn.
    TornWrite,
    /// Power fails, and the disk comes back as it was some time before (`ms`): a folder put back from a copy.
    OldDisk,
    /// The disk is full: nothing can be written until somebody makes room.
    FullDisk,
    /// A clock is off by up to this much (`ms`), either way.
    ClockOffset,
    /// A clock runs too fast or too slow by up to this much (`ppm`).
    ClockDrift,
    /// A clock jumps by up to this much (`ms`), either way.
    ClockJump,
    /// As many validators as may fail lose power at one moment: the others go on.
    Outage,
    /// One validator more than may fail loses power with them: nothing is decided until it is back.
    HaltingOutage,
    /// A node begins only now, with an empty disk.
    LateJoin,
    /// A node speaks the next version: it sends what others do not understand, and its Party hands in records
    /// that the rules of today refuse.
    VersionMix,
}

/// How the strength of a fault is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Strength {
    None,
    Permille,
    Ms,
    Ppm,
    Operations,
}

/// What a scenario says about one kind of fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Menu {
    /// Share of runs that have it.
    #[serde(default = "always")]
    pub chance_permille: u16,
    /// How often it strikes in a run that has it.
    #[serde(default = "once")]
    pub count: Range,
    /// When it strikes.
    #[serde(default)]
    pub between_ms: SpanMs,
    /// How long it lasts.
    #[serde(default)]
    pub lasts_ms: SpanMs,
    /// Strength, as a share.
    pub permille: Option<Range>,
    /// Strength, as a time.
    pub ms: Option<Range>,
    /// Strength, in millionths.
    pub ppm: Option<Range>,
    /// Strength, in disk operations that still succeed.
    pub operations: Option<Range>,
}

const fn always() -> u16 {
    1000
}

const fn once() -> Range {
    Range([1, 1])
}

impl Default for SpanMs {
    fn default() -> Self {
        Self([0, 0])
    }
}

impl FaultKind {
    /// Every kind.
    pub const ALL: [Self; 22] = [
        Self::Loss,
        Self::Delay,
        Self::Duplicate,
        Self::Reorder,
        Self::Replay,
        Self::OneWay,
        Self::RegionSplit,
        Self::Halves,
        Self::Flapping,
        Self::Isolation,
        Self::Pause,
        Self::Crash,
        Self::TornWrite,
        Self::OldDisk,
        Self::FullDisk,
        Self::ClockOffset,
        Self::ClockDrift,
        Self::ClockJump,
        Self::Outage,
        Self::HaltingOutage,
        Self::LateJoin,
        Self::VersionMix,
    ];

    /// The word of scenario files, counters and reports.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Loss => "loss",
            Self::Delay => "delay",
            Self::Duplicate => "duplicate",
            Self::Reorder => "reorder",
            Self::Replay => "replay",
            Self::OneWay => "one-way",
            Self::RegionSplit => "region-split",
            Self::Halves => "halves",
            Self::Flapping => "flapping",
            Self::Isolation => "isolation",
            Self::Pause => "pause",
            Self::Crash => "crash",
            Self::TornWrite => "torn-write",
            Self::OldDisk => "old-disk",
            Self::FullDisk => "full-disk",
            Self::ClockOffset => "clock-offset",
            Self::ClockDrift => "clock-drift",
            Self::ClockJump => "clock-jump",
            Self::Outage => "outage",
            Self::HaltingOutage => "halting-outage",
            Self::LateJoin => "late-join",
            Self::VersionMix => "version-mix",
        }
    }

    const fn strength(self) -> Strength {
        match self {
            Self::Loss | Self::Duplicate | Self::Replay => Strength::Permille,
            Self::Delay
            | Self::Reorder
            | Self::Flapping
            | Self::OldDisk
            | Self::ClockOffset
            | Self::ClockJump => Strength::Ms,
            Self::ClockDrift => Strength::Ppm,
            Self::Crash | Self::TornWrite => Strength::Operations,
            Self::OneWay
            | Self::RegionSplit
            | Self::Halves
            | Self::Isolation
            | Self::Pause
            | Self::FullDisk
            | Self::Outage
            | Self::HaltingOutage
            | Self::LateJoin
            | Self::VersionMix => Strength::None,
        }
    }
}

impl Menu {
    /// How strong it is, in the unit of its kind; 0 where the kind has no strength.
    #[must_use]
    pub fn strength(&self) -> Range {
        let named = [self.permille, self.ms, self.ppm, self.operations];
        named.into_iter().flatten().next().unwrap_or(Range([0, 0]))
    }

    pub(super) fn check(&self, kind: FaultKind) -> Result<(), ScenarioError> {
        let key = |name: &str| format!("faults.{}.{name}", kind.as_str());
        let Range([least, most]) = self.count;
        if self.chance_permille > 1000 {
            return Err(value(key("chance_permille"), PERMILLE));
        }
        if least > most || most > COUNT_MAX {
            return Err(value(
                key("count"),
                "must be two ascending numbers, at most 1000",
            ));
        }
        for (name, span) in [("between_ms", self.between_ms), ("lasts_ms", self.lasts_ms)] {
            if !span.is_sound() {
                return Err(value(
                    key(name),
                    "must be two ascending numbers, at most sixty days",
                ));
            }
        }
        for (name, unit, given) in [
            ("permille", Strength::Permille, self.permille),
            ("ms", Strength::Ms, self.ms),
            ("ppm", Strength::Ppm, self.ppm),
            ("operations", Strength::Operations, self.operations),
        ] {
            match given {
                Some(_) if kind.strength() != unit => {
                    return Err(value(key(name), "does not belong to this kind of fault"));
                }
                None if kind.strength() == unit => {
                    return Err(value(
                        key(name),
                        "is missing: how strong it is, from and to",
                    ));
                }
                Some(Range([from, to])) if from > to => {
                    return Err(value(key(name), "must be two ascending numbers"));
                }
                Some(Range([_, to])) if unit == Strength::Permille && to > 1000 => {
                    return Err(value(key(name), PERMILLE));
                }
                Some(Range([_, to])) if to > super::SPAN_MS_MAX => {
                    return Err(value(key(name), TIME));
                }
                Some(_) | None => {}
            }
        }
        Ok(())
    }
}

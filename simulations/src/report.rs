//! What a run was and how it ended, for people; with the one command that repeats it.

use std::collections::BTreeMap;
use std::fmt;

use ledger::digest::Digest;
use ledger::party::Height;

use crate::check::Violation;
use crate::world::queue::Moment;
use crate::world::sabotage::Sabotage;

/// A run, from outside: with the same run, everything else is the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    /// Name of the scenario.
    pub scenario: String,
    /// The seed.
    pub seed: u64,
    /// Heights that every node must decide.
    pub heights: u64,
    /// What is broken on purpose.
    pub sabotage: Sabotage,
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// The run.
    pub run: Run,
    /// What went wrong, if anything.
    pub violation: Option<Violation>,
    /// Digest of the trace: of every event, in order, with its bytes.
    pub trace: Digest,
    /// Events that happened.
    pub events: u64,
    /// Virtual time that passed.
    pub lasted: Moment,
    /// Heights that were decided.
    pub height: Height,
    /// Faults, in the order in which they struck and ended.
    pub faults: Vec<(Moment, String)>,
    /// Records by outcome: applied, or a reason code.
    pub outcomes: BTreeMap<&'static str, u64>,
}

impl Run {
    /// The command that repeats it.
    #[must_use]
    pub fn command(&self) -> String {
        let Self {
            scenario,
            seed,
            heights,
            sabotage,
        } = self;
        let broken = match sabotage {
            Sabotage::None => String::new(),
            Sabotage::Amnesia | Sabotage::WeakQuorum | Sabotage::AlteredState => {
                format!(" --sabotage {sabotage}")
            }
        };
        format!("cites-sim run {scenario} --seed {seed} --heights {heights}{broken}")
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Run {
            scenario,
            seed,
            sabotage,
            ..
        } = &self.run;
        writeln!(f, "scenario    {scenario}, seed {seed}")?;
        if *sabotage != Sabotage::None {
            writeln!(f, "sabotage    {sabotage}: a rule is broken on purpose")?;
        }
        for (at, fault) in &self.faults {
            writeln!(f, "fault       {at} s  {fault}")?;
        }
        let records: u64 = self.outcomes.values().sum();
        writeln!(f, "records     {records} decided")?;
        for (outcome, count) in &self.outcomes {
            writeln!(f, "            {count:>4}  {outcome}")?;
        }
        writeln!(
            f,
            "time        {} s virtual, {} events, height {}",
            self.lasted, self.events, self.height
        )?;
        writeln!(f, "trace       {}", self.trace)?;
        match &self.violation {
            None => writeln!(f, "result      every check held"),
            Some(violation) => {
                writeln!(f, "result      VIOLATION: {violation}")?;
                writeln!(f, "repeat      {}", self.run.command())
            }
        }
    }
}

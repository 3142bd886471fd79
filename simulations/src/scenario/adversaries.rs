//! Dishonest validators: which strategies a run may draw, and how many follow one.

use serde::Deserialize;

use super::{PERMILLE, Range, ScenarioError, value};

/// What a dishonest validator does. The numbers are those of the list of Byzantine strategies in the programme of
/// tests; what is not here needs real sockets, snapshots or governance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Strategy {
    /// 1: prevotes one thing to some and another to others.
    EquivocatePrevote,
    /// 2: precommits one thing to some and another to others.
    EquivocatePrecommit,
    /// 3: proposes one block to some and another to others.
    EquivocateProposal,
    /// 4: forgets what it was locked on.
    Amnesia,
    /// 5: says nothing.
    Silent,
    /// 6: says nothing to a third of the others.
    SelectiveSilence,
    /// 7: precommits nil, whatever it saw.
    PrecommitNil,
    /// 8: votes as late as it can.
    LateVotes,
    /// 9: votes for blocks that nobody proposed.
    UnknownValues,
    /// 10: proposes when it is not its turn.
    WrongProposer,
    /// 11: dates its blocks wrong.
    WrongTime,
    /// 12: proposes blocks that are not what they say.
    InvalidBlock,
    /// 13: proposes and does not send the block.
    WithheldBlock,
    /// 14: sends the parts of its blocks swapped or altered.
    AlteredParts,
    /// 15: leaves the records of one Party out of its blocks.
    Censor,
    /// 18: puts a record into its blocks that may not be there.
    PoisonRecord,
    /// 19: sends old votes again, and votes of another chain.
    OldVotes,
    /// 20: floods others with votes of future heights and rounds.
    FutureFlood,
    /// 21: says that it is far ahead, then far behind.
    FalseHeight,
    /// 22: answers requests for decided blocks with garbage behind a valid one.
    SyncGarbage,
}

/// Who is dishonest among validators.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Adversaries {
    /// Share of runs that have any.
    pub chance_permille: u16,
    /// Strategies that may be drawn; empty: every one.
    #[serde(default)]
    pub strategies: Vec<Strategy>,
    /// Dishonest validators, each with a strategy of its own. With twins never more than f, less than a third,
    /// whatever stands here.
    #[serde(default)]
    pub count: Range,
    /// Validators whose key runs on two nodes at once.
    #[serde(default)]
    pub twins: Range,
}

impl Default for Range {
    fn default() -> Self {
        Self([0, 0])
    }
}

impl Default for Adversaries {
    fn default() -> Self {
        Self {
            chance_permille: 0,
            strategies: Vec::new(),
            count: Range([0, 0]),
            twins: Range([0, 0]),
        }
    }
}

impl Strategy {
    /// Every strategy.
    pub const ALL: [Self; 20] = [
        Self::EquivocatePrevote,
        Self::EquivocatePrecommit,
        Self::EquivocateProposal,
        Self::Amnesia,
        Self::Silent,
        Self::SelectiveSilence,
        Self::PrecommitNil,
        Self::LateVotes,
        Self::UnknownValues,
        Self::WrongProposer,
        Self::WrongTime,
        Self::InvalidBlock,
        Self::WithheldBlock,
        Self::AlteredParts,
        Self::Censor,
        Self::PoisonRecord,
        Self::OldVotes,
        Self::FutureFlood,
        Self::FalseHeight,
        Self::SyncGarbage,
    ];

    /// The word of scenario files, counters and reports.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::EquivocatePrevote => "equivocate-prevote",
            Self::EquivocatePrecommit => "equivocate-precommit",
            Self::EquivocateProposal => "equivocate-proposal",
            Self::Amnesia => "amnesia",
            Self::Silent => "silent",
            Self::SelectiveSilence => "selective-silence",
            Self::PrecommitNil => "precommit-nil",
            Self::LateVotes => "late-votes",
            Self::UnknownValues => "unknown-values",
            Self::WrongProposer => "wrong-proposer",
            Self::WrongTime => "wrong-time",
            Self::InvalidBlock => "invalid-block",
            Self::WithheldBlock => "withheld-block",
            Self::AlteredParts => "altered-parts",
            Self::Censor => "censor",
            Self::PoisonRecord => "poison-record",
            Self::OldVotes => "old-votes",
            Self::FutureFlood => "future-flood",
            Self::FalseHeight => "false-height",
            Self::SyncGarbage => "sync-garbage",
        }
    }
}

impl Adversaries {
    pub(super) fn check(&self) -> Result<(), ScenarioError> {
        if self.chance_permille > 1000 {
            return Err(value("adversaries.chance_permille", PERMILLE));
        }
        for (key, Range([least, most])) in [
            ("adversaries.count", self.count),
            ("adversaries.twins", self.twins),
        ] {
            if least > most {
                return Err(value(key, "must be two ascending numbers"));
            }
        }
        Ok(())
    }
}

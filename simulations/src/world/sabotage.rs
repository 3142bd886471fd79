//! A rule broken on purpose, to see that the checkers find it: a checker that cannot fail checks nothing.

use std::fmt;

use clap::ValueEnum;

/// What is broken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Sabotage {
    /// Nothing.
    #[default]
    None,
    /// A node that crashes comes back without log, undecided blocks and guard, and signs all the same.
    Amnesia,
    /// Malachite decides with more than 1/3 of the voting power.
    WeakQuorum,
    /// One node's stored state is changed behind its back.
    AlteredState,
}

impl Sabotage {
    /// The word of the command line.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Amnesia => "amnesia",
            Self::WeakQuorum => "weak-quorum",
            Self::AlteredState => "altered-state",
        }
    }
}

impl fmt::Display for Sabotage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

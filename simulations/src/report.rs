//! What a run was, and the page that tells researchers about many of them.

// The page: numbers, then pieces, then pictures, then sections, then the whole.
pub mod assumptions;
pub mod html;
pub mod page;
pub mod plot;
pub mod section;
pub mod sections;
pub mod statistics;
pub mod verdict;

use crate::bug::Bug;

/// A run, from outside: with the same run, everything else is the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    /// Name of the scenario, or of its file.
    pub scenario: String,
    /// The seed.
    pub seed: u64,
    /// Heights that every node must decide.
    pub heights: u64,
    /// Parties that take part.
    pub parties: u16,
    /// What is broken on purpose.
    pub bug: Bug,
}

impl Run {
    /// The command that repeats it and tells its story.
    #[must_use]
    pub fn command(&self) -> String {
        let Self {
            scenario,
            seed,
            heights,
            parties,
            bug,
        } = self;
        let broken = match bug {
            Bug::None => String::new(),
            bug => format!(" --bug {bug}"),
        };
        format!(
            "cites-sim replay {scenario} --seed {seed} --heights {heights} --parties {parties}{broken} --explain"
        )
    }
}

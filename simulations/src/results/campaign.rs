//! A campaign: one scenario, run with several seeds, and perhaps in other sizes.

use super::RunResult;

/// Version of the program.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");
/// Commit that the program was built from; `unknown` where it was built outside a clone.
pub const COMMIT: &str = env!("CITES_SIM_COMMIT");

/// A campaign.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Campaign {
    /// Name of the scenario.
    pub scenario: String,
    /// The very text of its file.
    pub text: String,
    /// The command that repeats it.
    pub command: String,
    /// Version of the program that made the runs.
    pub version: String,
    /// Its commit.
    pub commit: String,
    /// The runs of the scenario.
    pub runs: Vec<RunResult>,
    /// Runs of it with other numbers of Parties.
    pub also: Vec<RunResult>,
}

impl Campaign {
    /// A campaign of this program.
    #[must_use]
    pub fn new(scenario: &str, text: &str, command: &str, runs: Vec<RunResult>) -> Self {
        Self {
            scenario: scenario.to_owned(),
            text: text.to_owned(),
            command: command.to_owned(),
            version: VERSION.to_owned(),
            commit: COMMIT.to_owned(),
            runs,
            also: Vec::new(),
        }
    }

    /// With runs of other sizes.
    #[must_use]
    pub fn with_also(self, also: Vec<RunResult>) -> Self {
        Self { also, ..self }
    }

    /// Every run with its number in the tables, the main ones first.
    pub fn all(&self) -> impl Iterator<Item = (u64, &RunResult)> {
        let runs = self.runs.iter().chain(&self.also);
        (1..).zip(runs)
    }

    /// The seeds of the main runs.
    #[must_use]
    pub fn seeds(&self) -> Vec<u64> {
        self.runs.iter().map(|result| result.run.seed).collect()
    }

    /// A line of the scenario file such as `question`; empty where it has none.
    #[must_use]
    pub fn line(&self, key: &str) -> String {
        let table: toml::Table = toml::from_str(&self.text).unwrap_or_default();
        let line = table.get(key).and_then(toml::Value::as_str);
        line.unwrap_or_default().to_owned()
    }
}

//! What a sweep is to run: a scenario, what is varied in it, and the seeds.

use std::fmt;

use toml::{Table, Value};

use super::SweepError;
use super::ranges::Variation;
use crate::scenario::{Scenario, ScenarioError};

/// Runs of one sweep, at most.
const RUNS_MAX: usize = 1_000_000;

/// What is to be run.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// Name of the scenario.
    pub scenario: String,
    /// The very text of its file.
    pub text: String,
    /// What is varied.
    pub vary: Vec<Variation>,
    /// Seeds of every combination.
    pub seeds: Vec<u64>,
    /// The command that repeats it, without the folder.
    pub command: String,
}

/// A scenario with one value of each variation.
#[derive(Clone, Debug)]
pub struct Combination {
    /// Its number, from 1.
    pub number: usize,
    /// Name and value of each variation.
    pub values: Vec<(String, Value)>,
    /// The scenario.
    pub scenario: Scenario,
}

impl Plan {
    /// Every combination; the last variation changes fastest.
    ///
    /// # Errors
    /// [`SweepError`].
    pub fn combinations(&self) -> Result<Vec<Combination>, SweepError> {
        if self.vary.is_empty() || self.seeds.is_empty() {
            return Err(SweepError::Plan(
                "nothing is varied; `--vary parties.count=4,7` varies something".into(),
            ));
        }
        let sizes = self.vary.iter().map(|variation| variation.values.len());
        let runs = sizes.fold(self.seeds.len(), usize::saturating_mul);
        if runs > RUNS_MAX {
            return Err(SweepError::Plan(format!(
                "{runs} runs are too many, {RUNS_MAX} at most"
            )));
        }
        let mut choices: Vec<Vec<Value>> = vec![Vec::new()];
        for variation in &self.vary {
            let extended = choices.iter().flat_map(|chosen| {
                let with = |value: &Value| [&chosen[..], std::slice::from_ref(value)].concat();
                variation.values.iter().map(with)
            });
            choices = extended.collect();
        }
        let numbered = (1..).zip(choices);
        numbered
            .map(|(number, chosen)| self.combination(number, chosen))
            .collect()
    }

    fn combination(&self, number: usize, chosen: Vec<Value>) -> Result<Combination, SweepError> {
        let names = self.vary.iter().map(Variation::name);
        let values: Vec<(String, Value)> = names.zip(chosen).collect();
        let scenario = self
            .varied(&values)
            .map_err(|source| SweepError::Scenario {
                combination: told(&values),
                source,
            })?;
        Ok(Combination {
            number,
            values,
            scenario,
        })
    }

    fn varied(&self, values: &[(String, Value)]) -> Result<Scenario, ScenarioError> {
        let shape = |error: String| ScenarioError::Shape(error);
        let mut table: Table =
            toml::from_str(&self.text).map_err(|error| shape(error.to_string()))?;
        for (variation, (_, value)) in self.vary.iter().zip(values) {
            for key in &variation.keys {
                set(&mut table, key, value.clone()).map_err(shape)?;
            }
        }
        let text = toml::to_string(&table).map_err(|error| shape(error.to_string()))?;
        Scenario::parse(&text)
    }
}

impl fmt::Display for Combination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&told(&self.values))
    }
}

/// A value without the quotes of a file.
#[must_use]
pub fn plain(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}

fn told(values: &[(String, Value)]) -> String {
    let pairs: Vec<String> = values
        .iter()
        .map(|(name, value)| format!("{name}={}", plain(value)))
        .collect();
    pairs.join(", ")
}

/// Sets the value at a path of keys. Tables on the way are made where they are absent: an optional key may stand in a
/// table that the file leaves out.
fn set(table: &mut Table, path: &str, value: Value) -> Result<(), String> {
    let Some((first, rest)) = path.split_once('.') else {
        table.insert(path.to_owned(), value);
        return Ok(());
    };
    let inner = table
        .entry(first)
        .or_insert_with(|| Value::Table(Table::new()));
    match inner.as_table_mut() {
        Some(inner) => set(inner, rest, value),
        None => Err(format!("`{first}` is not a table")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::results::synthetic;

    fn plan(vary: &[&str]) -> Plan {
        let vary = vary.iter().map(|text| Variation::parse(text).unwrap());
        Plan {
            scenario: "calm".into(),
            text: synthetic::TEXT.into(),
            vary: vary.collect(),
            seeds: vec![1, 2],
            command: String::new(),
        }
    }

    #[test]
    fn every_combination_is_made_in_order() {
        let combinations = plan(&["parties.count=5,9", "trade.fraud_permille=0..20:10"])
            .combinations()
            .unwrap();
        let told: Vec<String> = combinations.iter().map(Combination::to_string).collect();
        assert_eq!(
            told,
            [
                "parties.count=5, trade.fraud_permille=0",
                "parties.count=5, trade.fraud_permille=10",
                "parties.count=5, trade.fraud_permille=20",
                "parties.count=9, trade.fraud_permille=0",
                "parties.count=9, trade.fraud_permille=10",
                "parties.count=9, trade.fraud_permille=20",
            ]
        );
        let last = combinations.last().unwrap();
        assert_eq!(
            (
                last.number,
                last.scenario.parties.count,
                last.scenario.trade.fraud_permille
            ),
            (6, 9, 20)
        );
    }

    #[test]
    fn two_keys_are_varied_together_and_tables_are_made() {
        let combinations = plan(&[
            "parties.count+parties.validators=7",
            "report.also_parties=4",
        ])
        .combinations();
        // `also_parties` is a list: the table was made, and the value is told to be wrong.
        assert!(
            combinations
                .unwrap_err()
                .to_string()
                .contains("not a scenario")
        );
        let combinations = plan(&[
            "parties.count+parties.validators=7",
            "adversaries.chance_permille=500",
        ])
        .combinations();
        let scenario = &combinations.unwrap()[0].scenario;
        assert_eq!(
            (scenario.parties.count, scenario.parties.validators),
            (7, 7)
        );
        assert_eq!(scenario.adversaries.chance_permille, 500);
    }

    #[test]
    fn what_is_no_scenario_is_told_with_its_combination_before_anything_runs() {
        for (vary, told) in [
            (
                &["parties.count=4,3"][..],
                "parties.count=3: `parties.validators` must be from 1",
            ),
            (&["parties.cuont=4"], "parties.cuont=4: not a scenario"),
            (
                &["heights.x=4"],
                "heights.x=4: not a scenario: `heights` is not a table",
            ),
            (&[], "nothing is varied"),
            (
                &["heights=1..1000", "heartbeat_ms=1..1000"],
                "2000000 runs are too many",
            ),
        ] {
            let error = plan(vary).combinations().unwrap_err().to_string();
            assert!(error.starts_with(told), "{error}");
        }
    }
}

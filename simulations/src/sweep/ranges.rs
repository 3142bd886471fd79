//! What is varied, as the command line says it: `parties.count=4,7,13` or `parties.weak_permille=0..400:100`.

use toml::Value;

use super::SweepError;

/// Values of one range, at most.
const VALUES_MAX: usize = 1_000;
/// Seeds, at most.
const SEEDS_MAX: usize = 100_000;

/// Some keys of the scenario, and the values that they take, all of them the same one at a time.
#[derive(Clone, Debug, PartialEq)]
pub struct Variation {
    /// As it was given.
    pub text: String,
    /// Keys, with points between tables.
    pub keys: Vec<String>,
    /// Values, in the order in which they were given.
    pub values: Vec<Value>,
}

impl Variation {
    /// Reads `key=value,value` or `key=first..last:step`, both ends included; `key+key=` varies both together.
    ///
    /// # Errors
    /// [`SweepError::Range`].
    pub fn parse(text: &str) -> Result<Self, SweepError> {
        let wrong = |what| SweepError::Range {
            text: text.to_owned(),
            what,
        };
        let (keys, values) = text
            .split_once('=')
            .ok_or_else(|| wrong("must be a key, `=`, and values"))?;
        let keys: Vec<String> = keys.split('+').map(|key| key.trim().to_owned()).collect();
        let is_key = |key: &String| key.split('.').all(|part| !part.is_empty());
        if !keys.iter().all(is_key) {
            return Err(wrong("must begin with a key such as `parties.count`"));
        }
        let values: Vec<Value> = match values.split_once("..") {
            Some((first, rest)) => {
                let range = range(first, rest)
                    .ok_or_else(|| wrong("must be `first..last:step` in whole numbers"))?;
                range.into_iter().map(Value::Integer).collect()
            }
            None => values
                .split(',')
                .map(|value| literal(value.trim()))
                .collect(),
        };
        if values.len() > VALUES_MAX {
            return Err(wrong("must have at most 1000 values"));
        }
        let mut seen: Vec<&Value> = Vec::new();
        for value in &values {
            if seen.contains(&value) || value.as_str() == Some("") {
                return Err(wrong("must name each value once, and none that is empty"));
            }
            seen.push(value);
        }
        Ok(Self {
            text: text.to_owned(),
            keys,
            values,
        })
    }

    /// Its name in tables and plots.
    #[must_use]
    pub fn name(&self) -> String {
        self.keys.join("+")
    }
}

/// Reads `1..10`, both ends included, or `1,5,9`.
///
/// # Errors
/// [`SweepError::Range`].
pub fn seeds(text: &str) -> Result<Vec<u64>, SweepError> {
    let wrong = |what| SweepError::Range {
        text: text.to_owned(),
        what,
    };
    let not_seeds = || wrong("must be seeds such as `1..10` or `1,5,9`");
    let seed = |text: &str| text.trim().parse::<u64>().ok();
    let seeds: Vec<u64> = match text.split_once("..") {
        Some((first, last)) => {
            let (first, last) = seed(first).zip(seed(last)).ok_or_else(not_seeds)?;
            (first..=last).take(SEEDS_MAX.saturating_add(1)).collect()
        }
        None => {
            let seeds: Option<Vec<u64>> = text.split(',').map(seed).collect();
            seeds.ok_or_else(not_seeds)?
        }
    };
    let distinct: std::collections::BTreeSet<&u64> = seeds.iter().collect();
    if seeds.is_empty() || seeds.len() > SEEDS_MAX || distinct.len() < seeds.len() {
        return Err(wrong(
            "must name at least one seed, at most 100000, and none twice",
        ));
    }
    Ok(seeds)
}

/// A value as it would stand in the file; a word needs no quotes.
fn literal(text: &str) -> Value {
    let line = format!("value = {text}");
    let table: Result<toml::Table, _> = toml::from_str(&line);
    let read = table.ok().and_then(|mut table| table.remove("value"));
    read.unwrap_or_else(|| Value::String(text.to_owned()))
}

fn range(first: &str, rest: &str) -> Option<Vec<i64>> {
    let (last, step) = rest.split_once(':').unwrap_or((rest, "1"));
    let number = |text: &str| text.trim().parse::<i64>().ok();
    let (first, last, step) = (number(first)?, number(last)?, number(step)?);
    let mut values = Vec::new();
    let mut value = first;
    while step > 0 && value <= last && values.len() <= VALUES_MAX {
        values.push(value);
        value = value.checked_add(step)?;
    }
    Some(values).filter(|values| !values.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_read() {
        for (text, values) in [
            ("parties.count=4,7,13", "4 7 13"),
            ("parties.weak_permille=0..400:100", "0 100 200 300 400"),
            ("heights=1..3", "1 2 3"),
            ("heights=1..10:4", "1 5 9"),
            ("signatures=real,fast", "\"real\" \"fast\""),
            ("x.y=true,1.5", "true 1.5"),
        ] {
            let read = Variation::parse(text).unwrap();
            let told: Vec<String> = read.values.iter().map(Value::to_string).collect();
            assert_eq!(told.join(" "), values, "{text}");
        }
        let both = Variation::parse("parties.count+parties.validators=4,7").unwrap();
        assert_eq!(both.keys, ["parties.count", "parties.validators"]);
    }

    #[test]
    fn what_is_no_range_is_refused() {
        for (text, told) in [
            ("parties.count", "must be a key, `=`, and values"),
            ("=1", "must begin with a key"),
            ("a..b=1", "must begin with a key"),
            ("a+=1", "must begin with a key"),
            ("a=", "none that is empty"),
            ("a=1,,2", "none that is empty"),
            ("a=1,2,1", "each value once"),
            ("a=5..1", "must be `first..last:step`"),
            ("a=1..5:0", "must be `first..last:step`"),
            ("a=1..x", "must be `first..last:step`"),
            ("a=1..5000", "at most 1000 values"),
        ] {
            let error = Variation::parse(text).unwrap_err().to_string();
            assert!(error.contains(told), "{text}: {error}");
        }
    }

    #[test]
    fn seeds_are_read_or_refused() {
        assert_eq!(seeds("1..4").unwrap(), [1, 2, 3, 4]);
        assert_eq!(seeds("9, 2").unwrap(), [9, 2]);
        assert_eq!(seeds("7").unwrap(), [7]);
        for text in ["", "x", "1..", "4..1", "1,1", "0..1000000", "-1"] {
            assert!(seeds(text).is_err(), "{text}");
        }
    }
}

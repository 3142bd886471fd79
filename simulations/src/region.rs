//! The six CITES regions, the lines between them, and how a Party is connected: read from `data/lines.toml`.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;

/// The data file that comes with the program; its head names its sources.
const LINES: &str = include_str!("../data/lines.toml");

/// A CITES region (Res. Conf. 11.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Region {
    /// Africa.
    Africa,
    /// Asia.
    Asia,
    /// Central and South America and the Caribbean.
    LatinAmerica,
    /// Europe.
    Europe,
    /// North America.
    NorthAmerica,
    /// Oceania.
    Oceania,
}

impl Region {
    /// Every region, in the order of their names.
    pub const ALL: [Self; 6] = [
        Self::Africa,
        Self::Asia,
        Self::LatinAmerica,
        Self::Europe,
        Self::NorthAmerica,
        Self::Oceania,
    ];

    /// Its name as the table of Parties has it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Africa => "Africa",
            Self::Asia => "Asia",
            Self::LatinAmerica => "Central and South America and the Caribbean",
            Self::Europe => "Europe",
            Self::NorthAmerica => "North America",
            Self::Oceania => "Oceania",
        }
    }

    /// A short name, for tables and plots.
    #[must_use]
    pub const fn short(self) -> &'static str {
        match self {
            Self::Africa => "Africa",
            Self::Asia => "Asia",
            Self::LatinAmerica => "C. and S. America",
            Self::Europe => "Europe",
            Self::NorthAmerica => "N. America",
            Self::Oceania => "Oceania",
        }
    }

    /// The region of this name.
    #[must_use]
    pub fn of_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|region| region.name() == name)
    }
}

impl fmt::Display for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.short())
    }
}

/// How a Party is connected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Line {
    /// A data centre.
    Good,
    /// An office's broadband.
    Ordinary,
    /// Satellite or mobile.
    Weak,
}

impl Line {
    /// The word for tables.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Ordinary => "ordinary",
            Self::Weak => "weak",
        }
    }
}

/// What a class of lines costs at one end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LineClass {
    /// Added to the latency.
    pub access_ms: u64,
    /// The latency grows by up to this share of itself.
    pub jitter_permille: u64,
    /// Share of messages that must be sent again.
    pub loss_permille: u64,
    /// How long until a lost message is sent again; twice as long each time.
    pub retry_ms: u64,
    /// Bytes queue behind each other at this rate.
    pub kbit_per_s: u64,
}

/// One-way latency between two regions, in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Latency {
    /// 10th percentile.
    pub low_ms: u64,
    /// Median.
    pub middle_ms: u64,
    /// 90th percentile.
    pub high_ms: u64,
}

/// The whole data file.
#[derive(Clone, Debug)]
pub struct Lines {
    between: BTreeMap<(Region, Region), Latency>,
    classes: BTreeMap<Line, LineClass>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    between_ms: Vec<(String, String, u64, u64, u64)>,
    classes: BTreeMap<Line, LineClass>,
}

impl Lines {
    /// The lines that come with the program.
    ///
    /// # Errors
    /// What is wrong with the file: our own mistake.
    pub fn included() -> Result<Self, String> {
        let file: File = toml::from_str(LINES).map_err(|error| error.to_string())?;
        let mut between = BTreeMap::new();
        for (from, to, low_ms, middle_ms, high_ms) in &file.between_ms {
            let region = |name: &str| Region::of_name(name).ok_or_else(|| format!("`{name}`"));
            let (from, to) = (region(from)?, region(to)?);
            let latency = Latency {
                low_ms: *low_ms,
                middle_ms: *middle_ms,
                high_ms: *high_ms,
            };
            between.insert((from, to), latency);
            between.insert((to, from), latency);
        }
        let pairs = Region::ALL
            .iter()
            .flat_map(|a| Region::ALL.map(|b| (*a, b)));
        match pairs.into_iter().find(|pair| !between.contains_key(pair)) {
            Some((a, b)) => Err(format!("no line from {a} to {b}")),
            None if file.classes.len() == 3 => Ok(Self {
                between,
                classes: file.classes,
            }),
            None => Err("a class of lines is missing".into()),
        }
    }

    /// The latency between two regions.
    #[must_use]
    pub fn between(&self, from: Region, to: Region) -> Latency {
        let none = Latency {
            low_ms: 0,
            middle_ms: 0,
            high_ms: 0,
        };
        self.between.get(&(from, to)).copied().unwrap_or(none)
    }

    /// What a class of lines costs.
    #[must_use]
    pub fn class(&self, line: Line) -> LineClass {
        let none = LineClass {
            access_ms: 0,
            jitter_permille: 0,
            loss_permille: 0,
            retry_ms: 0,
            kbit_per_s: u64::MAX,
        };
        self.classes.get(&line).copied().unwrap_or(none)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_data_file_knows_every_pair_of_regions_and_every_class() {
        let lines = Lines::included().unwrap();
        for a in Region::ALL {
            for b in Region::ALL {
                let there = lines.between(a, b);
                assert_eq!(there, lines.between(b, a), "{a} {b}");
                assert!(there.low_ms <= there.middle_ms && there.middle_ms <= there.high_ms);
            }
        }
        assert!(lines.class(Line::Weak).kbit_per_s < lines.class(Line::Good).kbit_per_s);
    }

    #[test]
    fn the_regions_are_those_of_the_table_of_parties() {
        for party in genesis::parties::all() {
            // The EU is a Party without a region of its own.
            assert!(Region::of_name(party.region).is_some(), "{}", party.code);
        }
    }
}

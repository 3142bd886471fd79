//! The tables of a results folder: which columns each has, and how a row is written and read back.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::slice::Iter;
use std::sync::{Mutex, PoisonError};

use super::csv::Fields;
use super::{ActRow, BlockRow, NodeRow, RunResult, SplitRow};
use crate::region::{Line, Region};

/// Distinct words of rows that a folder may hold, at most: they live as long as the program.
const WORDS_MAX: usize = 10_000;

/// A row of a table of its own.
pub trait Row: Clone {
    /// Name of the file.
    const FILE: &'static str;
    /// Its columns, after `run` and `seed`.
    const COLUMNS: &'static [&'static str];

    /// The rows of a run.
    fn of(result: &RunResult) -> Cow<'_, [Self]>;

    /// Gives a run its rows.
    fn put(result: &mut RunResult, rows: Vec<Self>);

    /// Writes the columns.
    fn write(&self, fields: &mut Fields);

    /// Reads the columns.
    ///
    /// # Errors
    /// What is wrong with them.
    fn read(cells: &mut Cells<'_>) -> Result<Self, String>;
}

/// How often something was at work in a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CounterRow {
    /// What.
    pub counter: String,
    /// How often.
    pub count: u64,
}

/// The fields of a row that is being read.
#[derive(Debug)]
pub struct Cells<'a>(Iter<'a, String>);

impl<'a> Cells<'a> {
    /// The fields of a row.
    #[must_use]
    pub fn new(fields: &'a [String]) -> Self {
        Self(fields.iter())
    }

    /// The next text.
    ///
    /// # Errors
    /// There is none.
    pub fn text(&mut self) -> Result<&'a str, String> {
        let next = self.0.next().map(String::as_str);
        next.ok_or_else(|| "a column is missing".to_owned())
    }

    /// The next text; an empty field is none.
    ///
    /// # Errors
    /// There is no field.
    pub fn text_if_any(&mut self) -> Result<Option<&'a str>, String> {
        Ok(Some(self.text()?).filter(|text| !text.is_empty()))
    }

    /// The next number.
    ///
    /// # Errors
    /// Not one.
    pub fn number<N: std::str::FromStr>(&mut self) -> Result<N, String> {
        let text = self.text()?;
        text.parse()
            .map_err(|_| format!("`{text}` is not a number of this column"))
    }

    /// The next number; an empty field is none.
    ///
    /// # Errors
    /// Not one.
    pub fn number_if_any(&mut self) -> Result<Option<u64>, String> {
        let parse = |text: &str| text.parse();
        let text = self.text_if_any()?;
        text.map(parse)
            .transpose()
            .map_err(|_| format!("`{}` is not a number", text.unwrap_or_default()))
    }

    /// The next `yes` or `no`.
    ///
    /// # Errors
    /// Neither.
    pub fn answer(&mut self) -> Result<bool, String> {
        match self.text()? {
            "yes" => Ok(true),
            "no" => Ok(false),
            other => Err(format!("`{other}` is neither yes nor no")),
        }
    }

    fn region(&mut self) -> Result<Region, String> {
        let name = self.text()?;
        Region::of_name(name).ok_or_else(|| format!("`{name}` is not a region"))
    }

    fn line(&mut self) -> Result<Line, String> {
        let word = self.text()?;
        let mut all = [Line::Good, Line::Ordinary, Line::Weak].into_iter();
        all.find(|line| line.as_str() == word)
            .ok_or_else(|| format!("`{word}` is not a line"))
    }
}

/// The word, kept for ever: rows of a run that has just ended point at words of the program.
///
/// # Errors
/// There are too many.
pub fn word(text: &str) -> Result<&'static str, String> {
    // Filled by whoever reads a folder; the lock is held only for one look-up.
    static WORDS: Mutex<BTreeSet<&'static str>> = Mutex::new(BTreeSet::new());
    let mut words = WORDS.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(known) = words.get(text) {
        return Ok(known);
    }
    if words.len() >= WORDS_MAX {
        return Err(format!("`{text}` is one word too many"));
    }
    let kept: &'static str = Box::leak(text.to_owned().into_boxed_str());
    words.insert(kept);
    Ok(kept)
}

impl Row for BlockRow {
    const FILE: &'static str = "blocks.csv";
    const COLUMNS: &'static [&'static str] = &[
        "height",
        "round",
        "proposer",
        "records",
        "size_bytes",
        "decided_first_ms",
        "decided_half_ms",
        "decided_all_ms",
    ];

    fn of(result: &RunResult) -> Cow<'_, [Self]> {
        Cow::Borrowed(&result.blocks)
    }

    fn put(result: &mut RunResult, rows: Vec<Self>) {
        result.blocks = rows;
    }

    fn write(&self, fields: &mut Fields) {
        fields
            .number(self.height)
            .number(self.round.into())
            .text(&self.proposer)
            .number(self.records)
            .number(self.bytes)
            .number(self.decided_first_ms)
            .number_if_any(self.decided_half_ms)
            .number_if_any(self.decided_all_ms);
    }

    fn read(cells: &mut Cells<'_>) -> Result<Self, String> {
        Ok(Self {
            height: cells.number()?,
            round: cells.number()?,
            proposer: cells.text()?.to_owned(),
            records: cells.number()?,
            bytes: cells.number()?,
            decided_first_ms: cells.number()?,
            decided_half_ms: cells.number_if_any()?,
            decided_all_ms: cells.number_if_any()?,
        })
    }
}

impl Row for ActRow {
    const FILE: &'static str = "permits.csv";
    const COLUMNS: &'static [&'static str] = &[
        "permit",
        "deed",
        "party",
        "region",
        "line",
        "fraud",
        "handed_in_ms",
        "acknowledged_ms",
        "final_ms",
        "known_50_ms",
        "known_95_ms",
        "known_100_ms",
        "outcome",
    ];

    fn of(result: &RunResult) -> Cow<'_, [Self]> {
        Cow::Borrowed(&result.acts)
    }

    fn put(result: &mut RunResult, rows: Vec<Self>) {
        result.acts = rows;
    }

    fn write(&self, fields: &mut Fields) {
        fields
            .number(self.permit)
            .text(self.deed)
            .text(&self.party)
            .text(self.region.name())
            .text(self.line.as_str())
            .text(self.fraud.unwrap_or_default())
            .number(self.handed_in_ms)
            .number_if_any(self.acknowledged_ms)
            .number_if_any(self.final_ms)
            .number_if_any(self.known_50_ms)
            .number_if_any(self.known_95_ms)
            .number_if_any(self.known_100_ms)
            .text(self.outcome.as_deref().unwrap_or_default());
    }

    fn read(cells: &mut Cells<'_>) -> Result<Self, String> {
        Ok(Self {
            permit: cells.number()?,
            deed: word(cells.text()?)?,
            party: cells.text()?.to_owned(),
            region: cells.region()?,
            line: cells.line()?,
            fraud: cells.text_if_any()?.map(word).transpose()?,
            handed_in_ms: cells.number()?,
            acknowledged_ms: cells.number_if_any()?,
            final_ms: cells.number_if_any()?,
            known_50_ms: cells.number_if_any()?,
            known_95_ms: cells.number_if_any()?,
            known_100_ms: cells.number_if_any()?,
            outcome: cells.text_if_any()?.map(str::to_owned),
        })
    }
}

impl Row for NodeRow {
    const FILE: &'static str = "nodes.csv";
    const COLUMNS: &'static [&'static str] = &[
        "node",
        "region",
        "line",
        "is_validator",
        "is_dishonest",
        "sent_bytes",
        "received_bytes",
        "up_ms",
        "height",
    ];

    fn of(result: &RunResult) -> Cow<'_, [Self]> {
        Cow::Borrowed(&result.nodes)
    }

    fn put(result: &mut RunResult, rows: Vec<Self>) {
        result.nodes = rows;
    }

    fn write(&self, fields: &mut Fields) {
        fields
            .text(&self.node)
            .text(self.region.name())
            .text(self.line.as_str())
            .answer(self.is_validator)
            .answer(self.is_dishonest)
            .number(self.sent_bytes)
            .number(self.received_bytes)
            .number(self.up_ms)
            .number(self.height);
    }

    fn read(cells: &mut Cells<'_>) -> Result<Self, String> {
        Ok(Self {
            node: cells.text()?.to_owned(),
            region: cells.region()?,
            line: cells.line()?,
            is_validator: cells.answer()?,
            is_dishonest: cells.answer()?,
            sent_bytes: cells.number()?,
            received_bytes: cells.number()?,
            up_ms: cells.number()?,
            height: cells.number()?,
        })
    }
}

impl Row for SplitRow {
    const FILE: &'static str = "splits.csv";
    const COLUMNS: &'static [&'static str] = &[
        "kind",
        "nodes",
        "began_ms",
        "healed_ms",
        "decided_ms",
        "level_ms",
    ];

    fn of(result: &RunResult) -> Cow<'_, [Self]> {
        Cow::Borrowed(&result.splits)
    }

    fn put(result: &mut RunResult, rows: Vec<Self>) {
        result.splits = rows;
    }

    fn write(&self, fields: &mut Fields) {
        fields
            .text(self.kind)
            .number(self.nodes)
            .number(self.began_ms)
            .number_if_any(self.healed_ms)
            .number_if_any(self.decided_ms)
            .number_if_any(self.level_ms);
    }

    fn read(cells: &mut Cells<'_>) -> Result<Self, String> {
        Ok(Self {
            kind: word(cells.text()?)?,
            nodes: cells.number()?,
            began_ms: cells.number()?,
            healed_ms: cells.number_if_any()?,
            decided_ms: cells.number_if_any()?,
            level_ms: cells.number_if_any()?,
        })
    }
}

impl Row for CounterRow {
    const FILE: &'static str = "counters.csv";
    const COLUMNS: &'static [&'static str] = &["counter", "count"];

    fn of(result: &RunResult) -> Cow<'_, [Self]> {
        let row = |(counter, count): (&String, &u64)| Self {
            counter: counter.clone(),
            count: *count,
        };
        result.counters.iter().map(row).collect()
    }

    fn put(result: &mut RunResult, rows: Vec<Self>) {
        let pairs = rows.into_iter().map(|row| (row.counter, row.count));
        result.counters = pairs.collect();
    }

    fn write(&self, fields: &mut Fields) {
        fields.text(&self.counter).number(self.count);
    }

    fn read(cells: &mut Cells<'_>) -> Result<Self, String> {
        Ok(Self {
            counter: cells.text()?.to_owned(),
            count: cells.number()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_kept_once() {
        let text = String::from("a word of this test");
        let (first, again) = (word(&text).unwrap(), word(&text).unwrap());
        assert_eq!(first, text);
        assert!(std::ptr::eq(first, again));
    }

    #[test]
    fn wrong_cells_are_told_in_words() {
        for (cell, told) in [
            ("", "`` is not a number of this column"),
            ("-1", "`-1` is not a number of this column"),
        ] {
            let fields = [cell.to_owned()];
            assert_eq!(Cells::new(&fields).number::<u64>().unwrap_err(), told);
        }
        let fields = ["maybe".to_owned()];
        assert!(Cells::new(&fields).answer().is_err());
        assert!(Cells::new(&fields).region().is_err());
        assert!(Cells::new(&fields).line().is_err());
        assert!(Cells::new(&fields).number_if_any().is_err());
        assert_eq!(Cells::new(&[]).text().unwrap_err(), "a column is missing");
    }
}

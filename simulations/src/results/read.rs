//! Reads a folder of results back, so that its report can be made again by a changed program.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use super::RunResult;
use super::campaign::Campaign;
use super::csv::Rows;
use super::folder::{FolderError, disk};
use super::manifest::{LAYOUT, Manifest, digest};
use super::rows::{Cells, CounterRow, Row};
use super::runs::{self, Part};
use super::{ActRow, BlockRow, NodeRow, SplitRow};

/// Runs by their number in the tables.
type Runs = BTreeMap<u64, (Part, RunResult)>;

/// Reads a folder.
///
/// # Errors
/// [`FolderError`].
pub fn read(folder: &Path) -> Result<Campaign, FolderError> {
    let manifest = manifest(folder)?;
    let text = file(folder, "scenario.toml")?;
    if digest(&text) != manifest.scenario_sha256 {
        let what = "is not the scenario of `manifest.json`: its digest differs";
        return Err(content(folder, "scenario.toml", what));
    }
    let mut found = Runs::new();
    table(folder, runs::FILE, runs::COLUMNS, |fields| {
        let (number, part, result) = runs::read(fields)?;
        found.insert(number, (part, result));
        Ok(())
    })?;
    rows::<BlockRow>(folder, &mut found)?;
    rows::<ActRow>(folder, &mut found)?;
    rows::<NodeRow>(folder, &mut found)?;
    rows::<SplitRow>(folder, &mut found)?;
    rows::<CounterRow>(folder, &mut found)?;
    events(folder, &mut found)?;

    let (main, also): (Vec<_>, Vec<_>) = found
        .into_values()
        .partition(|(part, _)| *part == Part::Main);
    let results = |runs: Vec<(Part, RunResult)>| runs.into_iter().map(|(_, result)| result);
    Ok(Campaign {
        scenario: manifest.scenario,
        text,
        command: manifest.command,
        version: manifest.version,
        commit: manifest.commit,
        runs: results(main).collect(),
        also: results(also).collect(),
    })
}

fn manifest(folder: &Path) -> Result<Manifest, FolderError> {
    const FILE: &str = "manifest.json";
    if folder.is_dir() && !folder.join(FILE).exists() {
        let what = "is missing: the runs did not come to their end";
        return Err(content(folder, FILE, what));
    }
    let text = file(folder, FILE)?;
    let read: Result<Manifest, _> = serde_json::from_str(&text);
    let manifest = read.map_err(|error| content(folder, FILE, &error.to_string()))?;
    if manifest.layout == LAYOUT {
        return Ok(manifest);
    }
    let what = format!("layout {}, this program reads {LAYOUT}", manifest.layout);
    Err(content(folder, FILE, &what))
}

/// Every row of a table goes to its run.
fn rows<R: Row>(folder: &Path, found: &mut Runs) -> Result<(), FolderError> {
    let columns: Vec<&str> = ["run", "seed"].iter().chain(R::COLUMNS).copied().collect();
    let mut rows: BTreeMap<u64, Vec<R>> = BTreeMap::new();
    table(folder, R::FILE, &columns, |fields| {
        let mut cells = Cells::new(fields);
        let (run, _seed): (u64, u64) = (cells.number()?, cells.number()?);
        if !found.contains_key(&run) {
            return Err(format!("there is no run {run} in `{}`", runs::FILE));
        }
        let row = R::read(&mut cells)?;
        rows.entry(run).or_default().push(row);
        Ok(())
    })?;
    for (run, rows) in rows {
        if let Some((_, result)) = found.get_mut(&run) {
            R::put(result, rows);
        }
    }
    Ok(())
}

fn events(folder: &Path, found: &mut Runs) -> Result<(), FolderError> {
    let text = file(folder, runs::EVENTS_FILE)?;
    for (number, line) in (1_u64..).zip(text.lines()) {
        let wrong = |what: String| {
            let what = format!("line {number}: {what}");
            content(folder, runs::EVENTS_FILE, &what)
        };
        let (run, event) = runs::read_event(line).map_err(wrong)?;
        let Some((_, result)) = found.get_mut(&run) else {
            return Err(wrong(format!("there is no run {run}")));
        };
        result.events_told.push(event);
    }
    Ok(())
}

fn table(
    folder: &Path,
    name: &str,
    columns: &[&str],
    mut take: impl FnMut(&[String]) -> Result<(), String>,
) -> Result<(), FolderError> {
    let text = file(folder, name)?;
    let quotes = |source| FolderError::Csv {
        path: folder.join(name),
        source,
    };
    let mut rows = Rows::new(&text);
    let head = rows.next().transpose().map_err(quotes)?;
    if head.unwrap_or_default() != columns {
        let what = format!("its first row must be {}", columns.join(","));
        return Err(content(folder, name, &what));
    }
    for (number, row) in (2_u64..).zip(rows) {
        let row = row.map_err(quotes)?;
        let width = match row.len() == columns.len() {
            true => Ok(()),
            false => Err(format!("{} columns of {}", row.len(), columns.len())),
        };
        width
            .and_then(|()| take(&row))
            .map_err(|what| content(folder, name, &format!("row {number}: {what}")))?;
    }
    Ok(())
}

fn file(folder: &Path, name: &str) -> Result<String, FolderError> {
    let path = folder.join(name);
    fs::read_to_string(&path).map_err(disk("read", &path))
}

fn content(folder: &Path, name: &str, what: &str) -> FolderError {
    FolderError::Content {
        path: folder.join(name),
        what: what.to_owned(),
    }
}

#[cfg(test)]
mod tests;

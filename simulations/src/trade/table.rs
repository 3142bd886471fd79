//! The numbers of a synthetic year of trade: read from `data/trade.toml`, which names their sources.

use ledger::codes::{Appendix, Kind, Source, Unit};
use serde::Deserialize;

use crate::parties::SetUpError;
use crate::random::Random;
use crate::region::Region;
use crate::scenario::Range;

/// The data file that comes with the program.
const TRADE: &str = include_str!("../../data/trade.toml");

/// A number from a first to a last one, each range with its share.
pub(super) type Ranges = Vec<(Range, u64)>;

/// The whole data file.
#[derive(Clone, Debug)]
pub(super) struct Table {
    pub permits_per_year: u64,
    pub regions: Vec<RegionRow>,
    pub rank_offset: u64,
    pub months: Vec<u64>,
    pub weekdays: Vec<u64>,
    pub hours: Vec<u64>,
    pub burst_permits: u64,
    pub bursts_per_year: u64,
    pub burst_hours: u64,
    pub kinds: Vec<(Kind, u64)>,
    pub appendices: Vec<(Appendix, u64)>,
    pub sources: Vec<(Source, u64)>,
    pub units: Vec<(Unit, u64)>,
    pub lines: Ranges,
    pub quantities: Ranges,
    pub never_used_permille: u64,
    pub less_leaves_permille: u64,
    pub less_arrives_permille: u64,
    pub over_drawn_permille: u64,
    pub transits: Vec<(u64, u64)>,
    pub until_endorsed_h: Ranges,
    pub until_imported_h: Ranges,
    pub between_steps_h: Ranges,
}

/// A region's share of the world's trade.
#[derive(Clone, Copy, Debug)]
pub(super) struct RegionRow {
    pub region: Region,
    pub exports: u64,
    pub imports: u64,
    pub hours_east: i64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    permits_per_year: u64,
    regions: Vec<(String, u64, u64, i64)>,
    rank_offset: u64,
    months_permille: Vec<u64>,
    weekdays_permille: Vec<u64>,
    hours_permille: Vec<u64>,
    burst_permits: u64,
    bursts_per_year: u64,
    burst_hours: u64,
    kinds: Vec<(String, u64)>,
    appendices: Vec<(String, u64)>,
    sources: Vec<(String, u64)>,
    units: Vec<(String, u64)>,
    lines: Vec<(u64, u64, u64)>,
    quantities: Vec<(u64, u64, u64)>,
    never_used_permille: u64,
    less_leaves_permille: u64,
    less_arrives_permille: u64,
    over_drawn_permille: u64,
    transits: Vec<(u64, u64)>,
    until_endorsed_h: Vec<(u64, u64, u64)>,
    until_imported_h: Vec<(u64, u64, u64)>,
    between_steps_h: Vec<(u64, u64, u64)>,
}

impl Table {
    /// The table that comes with the program.
    pub(super) fn included() -> Result<Self, SetUpError> {
        let file: File =
            toml::from_str(TRADE).map_err(|error| SetUpError::Trade(error.to_string()))?;
        if (file.months_permille.len(), file.weekdays_permille.len()) != (12, 7)
            || file.hours_permille.len() != 24
            || file.lines.iter().any(|(_, to, _)| *to > 250)
        {
            return Err(SetUpError::Trade("months, weekdays, hours or lines".into()));
        }
        let region = |(name, exports, imports, hours_east): &(String, u64, u64, i64)| {
            let region = Region::of_name(name).ok_or_else(|| SetUpError::Trade(name.clone()))?;
            Ok(RegionRow {
                region,
                exports: *exports,
                imports: *imports,
                hours_east: *hours_east,
            })
        };

        Ok(Self {
            permits_per_year: file.permits_per_year,
            regions: file.regions.iter().map(region).collect::<Result<_, _>>()?,
            rank_offset: file.rank_offset,
            months: file.months_permille,
            weekdays: file.weekdays_permille,
            hours: file.hours_permille,
            burst_permits: file.burst_permits,
            bursts_per_year: file.bursts_per_year,
            burst_hours: file.burst_hours,
            kinds: coded(&file.kinds, Kind::from_word)?,
            appendices: coded(&file.appendices, Appendix::from_code)?,
            sources: coded(&file.sources, Source::from_code)?,
            units: coded(&file.units, Unit::from_code)?,
            lines: ranges(&file.lines),
            quantities: ranges(&file.quantities),
            never_used_permille: file.never_used_permille,
            less_leaves_permille: file.less_leaves_permille,
            less_arrives_permille: file.less_arrives_permille,
            over_drawn_permille: file.over_drawn_permille,
            transits: file.transits,
            until_endorsed_h: ranges(&file.until_endorsed_h),
            until_imported_h: ranges(&file.until_imported_h),
            between_steps_h: ranges(&file.between_steps_h),
        })
    }
}

fn coded<T>(
    rows: &[(String, u64)],
    read: impl Fn(&str) -> Option<T>,
) -> Result<Vec<(T, u64)>, SetUpError> {
    let read = |(code, share): &(String, u64)| {
        let one = read(code).ok_or_else(|| SetUpError::Trade(code.clone()))?;
        Ok((one, *share))
    };
    rows.iter().map(read).collect()
}

fn ranges(rows: &[(u64, u64, u64)]) -> Ranges {
    let range = |(from, to, share): &(u64, u64, u64)| (Range([*from, *to]), *share);
    rows.iter().map(range).collect()
}

/// One of these, each as likely as its share says; `None` where there is none.
pub(super) fn pick<T: Copy>(random: &mut Random, shares: &[(T, u64)]) -> Option<T> {
    let total = shares
        .iter()
        .fold(0_u64, |sum, (_, share)| sum.saturating_add(*share));
    let mut drawn = random.below(total);
    for (one, share) in shares {
        match drawn.checked_sub(*share) {
            Some(rest) => drawn = rest,
            None => return Some(*one),
        }
    }
    None
}

/// A number out of these ranges.
pub(super) fn number(random: &mut Random, ranges: &[(Range, u64)]) -> u64 {
    let range = pick(random, ranges).unwrap_or(Range([0, 0]));
    random.between(range)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_share_of_the_data_file_is_of_a_thousand() {
        let table = Table::included().unwrap();
        fn sum<T>(shares: &[(T, u64)]) -> u64 {
            shares.iter().map(|(_, share)| share).sum()
        }
        for total in [
            sum(&table.kinds),
            sum(&table.appendices),
            sum(&table.sources),
            sum(&table.units),
            sum(&table.lines),
            sum(&table.quantities),
            sum(&table.transits),
            sum(&table.until_endorsed_h),
            sum(&table.until_imported_h),
            table.regions.iter().map(|row| row.exports).sum(),
            table.regions.iter().map(|row| row.imports).sum(),
            table.months.iter().sum::<u64>() / 12,
            table.weekdays.iter().sum::<u64>() / 7,
            table.hours.iter().sum::<u64>() / 24,
        ] {
            assert_eq!(total, 1000);
        }
    }

    #[test]
    fn a_share_is_as_likely_as_it_says() {
        let mut random = Random::new(1, crate::random::Purpose::Trade);
        let drawn = (0..10_000).filter(|_| pick(&mut random, &[(true, 1), (false, 3)]).unwrap());
        let count = drawn.count();
        assert!((2_300..2_700).contains(&count), "{count}");
    }
}

//! A synthetic year of trade: how many permits are issued over the time of a run, and when each of them.

use std::time::Duration;

use ledger::time::Timestamp;

use super::author::Author;
use super::life::Clerk;
use super::market::Market;
use super::table::Table;
use crate::moment::Moment;
use crate::parties::{Seat, SetUpError};
use crate::random::Random;
use crate::scenario::SpanMs;

const HOUR_MS: u64 = 60 * 60 * 1000;
const DAY_MS: u64 = 24 * HOUR_MS;
/// A mean year.
const YEAR_MS: u64 = 365 * DAY_MS + 6 * HOUR_MS;
/// Shares of the month, the weekday and the hour, each in thousandths.
const SHARES: u128 = 1000 * 1000 * 1000;

/// How busy the world is over the time of a run, hour by hour.
#[derive(Debug)]
struct Calendar {
    /// Beginning of each stretch, and the sum of all work until its end.
    stretches: Vec<(u64, u64)>,
    within_ms: u64,
    /// All work, in milliseconds of a mean hour, times [`SHARES`].
    work: u128,
}

impl Calendar {
    fn new(table: &Table, market: &Market<'_>, (begins_at, within_ms): (Timestamp, u64)) -> Self {
        let (mut work, mut until) = (0_u128, 0_u64);
        let mut stretches = Vec::new();
        let mut from_ms = 0;
        while from_ms < within_ms {
            let now = begins_at.plus_ms(from_ms);
            let rest_ms = HOUR_MS.saturating_sub(now.0.checked_rem(HOUR_MS).unwrap_or(0));
            let length_ms = rest_ms.min(within_ms.saturating_sub(from_ms));
            let share = season(table, now).saturating_mul(market.busy_permille(now));
            work = work.saturating_add(u128::from(share).saturating_mul(length_ms.into()));
            // Small enough that the sum of sixty days fits.
            let weight = (share / 1_000_000).saturating_mul(length_ms);
            until = until.saturating_add(weight.max(1));
            stretches.push((from_ms, until));
            from_ms = from_ms.saturating_add(length_ms);
        }
        Self {
            stretches,
            within_ms,
            work,
        }
    }

    /// A moment at which a permit is issued.
    fn moment(&self, random: &mut Random) -> Moment {
        let all = self.stretches.last().map_or(0, |(_, until)| *until);
        let drawn = random.below(all);
        let place = self.stretches.partition_point(|(_, until)| *until <= drawn);
        let from = self.stretches.get(place).map_or(0, |(from, _)| *from);
        let next = self.stretches.get(place.saturating_add(1));
        let to = next.map_or(self.within_ms, |(next, _)| *next);
        Moment(random.within(SpanMs([from, to])))
    }
}

/// The share of the month and of the weekday.
fn season(table: &Table, now: Timestamp) -> u64 {
    let (_, month, _) = now.date().ymd();
    let month = table.months.get(usize::from(month).saturating_sub(1));
    // 1 January 1970 was a Thursday.
    let weekday = (now.0 / DAY_MS).saturating_add(4).checked_rem(7);
    let weekday = usize::try_from(weekday.unwrap_or(0)).unwrap_or(0);
    let weekday = table.weekdays.get(weekday);
    let share = |found: Option<&u64>| found.copied().unwrap_or(0);
    share(month).saturating_mul(share(weekday))
}

/// When a permit is issued, and by whom, where that is not left to chance.
#[derive(Clone, Copy, Debug)]
pub(super) struct Planned<'a> {
    pub at: Moment,
    pub issuer: Option<&'a Seat>,
}

/// The permits of the run, burst days included.
pub(super) fn plan<'a>(
    author: &Author<'a>,
    random: &mut Random,
    (table, market): (&Table, &Market<'a>),
) -> Vec<Planned<'a>> {
    let trade = &author.scenario.trade;
    let begins_at = author.scenario.begins_at();
    let calendar = Calendar::new(table, market, (begins_at, trade.within_ms));
    let volume = u128::from(trade.volume_permille);
    let a_year = volume.saturating_mul(table.permits_per_year.into());
    let year = u128::from(YEAR_MS).saturating_mul(1000);
    let ordinary = rounded(
        random,
        a_year.saturating_mul(calendar.work),
        year.saturating_mul(SHARES),
    );
    let bursts = volume
        .saturating_mul(table.bursts_per_year.into())
        .saturating_mul(trade.within_ms.into());
    let bursts = rounded(random, bursts, year);
    let mut planned = Vec::new();
    for _ in 0..ordinary.min(trade.permits_max.into()) {
        let at = calendar.moment(random);
        planned.push(Planned { at, issuer: None });
    }
    let span = SpanMs([0, table.burst_hours.saturating_mul(HOUR_MS)]);
    for _ in 0..bursts {
        let begin = calendar.moment(random);
        let issuer = market.issuer(random, begins_at.plus_ms(begin.as_ms()));
        for _ in 0..table.burst_permits {
            let at = begin.plus(random.within(span));
            if at.as_ms() <= trade.within_ms {
                planned.push(Planned { at, issuer });
            }
        }
    }
    let permits_max = usize::try_from(trade.permits_max).unwrap_or(usize::MAX);
    if planned.len() > permits_max {
        random.shuffle(&mut planned);
        planned.truncate(permits_max);
    }
    planned.sort_by_key(|planned| planned.at);
    planned
}

/// A quotient of whole permits: the rest becomes one with the chance that it is.
fn rounded(random: &mut Random, amount: u128, by: u128) -> u64 {
    let whole = amount.checked_div(by).unwrap_or(0);
    let rest = amount.checked_rem(by).unwrap_or(0);
    let millionth = rest.saturating_mul(1_000_000).checked_div(by).unwrap_or(0);
    let one_more = u128::from(random.below(1_000_000)) < millionth;
    u64::try_from(whole.saturating_add(one_more.into())).unwrap_or(u64::MAX)
}

/// Tells the lives of the year's permits; says when each was issued, and by whom.
pub(super) fn tell<'a>(
    author: &mut Author<'a>,
    random: &mut Random,
    (table, market): (&Table, &Market<'a>),
) -> Result<Vec<Planned<'a>>, SetUpError> {
    let mut planned = plan(author, random, (table, market));
    for (number, one) in (0_u64..).zip(&mut planned) {
        let now = author.scenario.begins_at().plus_ms(one.at.as_ms());
        let drawn = market.issuer(random, now);
        one.issuer = one.issuer.or(drawn);
        let Some(issuer) = one.issuer else { continue };
        Clerk::new(author, random, (table, market), one.at).live(issuer, number)?;
    }
    Ok(planned)
}

/// Time of the table, as it passes in a run.
pub(super) fn compressed(hours: u64, compress: u32) -> Duration {
    let us = hours.saturating_mul(HOUR_MS).saturating_mul(1000);
    let us = us.checked_div(compress.into()).unwrap_or(us);
    Duration::from_micros(us)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parties::Parties;
    use crate::random::Purpose;
    use crate::region::Region;
    use crate::scenario::Scenario;

    /// A week of March in a world of 31 Parties.
    fn week(permits_max: u32) -> (Scenario, Parties, Table) {
        let mut scenario = Scenario::included("calm").unwrap();
        scenario.parties.count = 31;
        scenario.trade.within_ms = 7 * DAY_MS;
        scenario.trade.volume_permille = 1000;
        scenario.trade.permits_max = permits_max;
        let parties = Parties::new(&scenario, 1).unwrap();
        (scenario, parties, Table::included().unwrap())
    }

    #[test]
    fn a_week_has_its_share_of_the_year_in_office_hours_and_by_region() {
        let (scenario, parties, mut table) = week(200_000);
        table.bursts_per_year = 0;
        let mut random = Random::new(1, Purpose::Trade);
        let market = Market::new(&mut random, &table, parties.seats());
        let author = Author::new(&scenario, &parties);
        let planned = plan(&author, &mut random, (&table, &market));
        // 1,200,000 * 7 / 365.25, give or take a twentieth.
        assert!(
            (21_850..24_150).contains(&planned.len()),
            "{}",
            planned.len()
        );
        assert!(planned.is_sorted_by_key(|one| one.at));
        let now = |one: &Planned<'_>| scenario.begins_at().plus_ms(one.at.as_ms());
        // The run begins on a Monday at noon: the fifth and the sixth day are mostly a weekend.
        let day = |day: u64| {
            let of = |one: &&Planned<'_>| one.at.as_ms() / DAY_MS == day;
            planned.iter().filter(of).count()
        };
        assert!(day(1) > 3 * day(5), "{} {}", day(1), day(5));
        let mut by_region = std::collections::BTreeMap::<Region, usize>::new();
        for one in &planned {
            let issuer = market.issuer(&mut random, now(one)).unwrap();
            *by_region.entry(issuer.region).or_default() += 1;
        }
        let permille = |region| by_region.get(&region).unwrap() * 1000 / planned.len();
        // Published: 37 % and 34 %, of those regions that a small world has.
        assert!(
            (320..430).contains(&permille(Region::Asia)),
            "{by_region:?}"
        );
        assert!(
            (290..400).contains(&permille(Region::Europe)),
            "{by_region:?}"
        );
    }

    #[test]
    fn a_burst_is_one_partys_and_no_run_has_more_permits_than_it_may() {
        let (scenario, parties, mut table) = week(5_000);
        table.bursts_per_year = 365;
        table.permits_per_year = 0;
        let mut random = Random::new(2, Purpose::Trade);
        let market = Market::new(&mut random, &table, parties.seats());
        let author = Author::new(&scenario, &parties);
        let planned = plan(&author, &mut random, (&table, &market));
        assert_eq!(planned.len(), 5_000);
        let issuers: std::collections::BTreeSet<_> =
            planned.iter().map(|one| one.issuer.unwrap().code).collect();
        assert!(issuers.len() <= 8, "{issuers:?}");
    }
}

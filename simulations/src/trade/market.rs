//! Who trades with whom: regions by their published shares, Parties within a region by a rank that the seed draws.

use ledger::time::Timestamp;

use super::cast::{Cast, Needs, are_one};
use super::table::{RegionRow, Table, pick};
use crate::parties::Seat;
use crate::random::Random;

/// What the Party of the highest rank trades, in units of weight.
const FIRST: u64 = 1_000_000;
/// Draws until any Parties that fit will do.
const DRAWS_MAX: usize = 32;
const HOUR_MS: i64 = 60 * 60 * 1000;

/// The Parties of a world with their shares of its trade.
#[derive(Debug)]
pub(super) struct Market<'a> {
    seats: &'a [Seat],
    hours: &'a [u64],
    regions: Vec<Region<'a>>,
}

#[derive(Debug)]
struct Region<'a> {
    row: RegionRow,
    exporters: Vec<(&'a Seat, u64)>,
    importers: Vec<(&'a Seat, u64)>,
}

impl<'a> Market<'a> {
    /// Draws the ranks.
    pub(super) fn new(random: &mut Random, table: &'a Table, seats: &'a [Seat]) -> Self {
        let mut ranked = |row: &RegionRow| {
            let of_region = seats.iter().filter(|seat| seat.region == row.region);
            let mut order: Vec<&Seat> = of_region.collect();
            random.shuffle(&mut order);
            let weight = |rank: u64| {
                let rank = rank.saturating_add(table.rank_offset);
                FIRST.checked_div(rank).unwrap_or(FIRST)
            };
            order.into_iter().zip((1..).map(weight)).collect()
        };
        let region = |row: &RegionRow| Region {
            row: *row,
            exporters: ranked(row),
            importers: ranked(row),
        };
        let regions = table.regions.iter().map(region);
        Self {
            seats,
            hours: &table.hours,
            regions: regions
                .filter(|region| !region.exporters.is_empty())
                .collect(),
        }
    }

    /// How much the world issues at that instant, in thousandths of the mean over the day.
    pub(super) fn busy_permille(&self, now: Timestamp) -> u64 {
        let all = self.regions.iter();
        let shares = all
            .clone()
            .fold(0_u64, |sum, region| sum.saturating_add(region.row.exports));
        let busy = all.fold(0_u64, |sum, region| {
            sum.saturating_add(self.issues(region, now))
        });
        busy.checked_div(shares).unwrap_or(0)
    }

    /// What a region issues at that instant: its share, at its hour of the day.
    fn issues(&self, region: &Region<'_>, now: Timestamp) -> u64 {
        let local_ms = i64::try_from(now.0)
            .unwrap_or(0)
            .saturating_add(region.row.hours_east.saturating_mul(HOUR_MS));
        let hour = local_ms.div_euclid(HOUR_MS).rem_euclid(24);
        let hour = usize::try_from(hour).unwrap_or(0);
        let permille = self.hours.get(hour).copied().unwrap_or(0);
        region.row.exports.saturating_mul(permille)
    }

    /// An issuer that is at work at that instant.
    pub(super) fn issuer(&self, random: &mut Random, now: Timestamp) -> Option<&'a Seat> {
        let regions = self.regions.iter();
        let shares: Vec<_> = regions
            .map(|region| (region, self.issues(region, now)))
            .collect();
        let region = pick(random, &shares)?;
        pick(random, &region.exporters)
    }

    /// A Party to which goods go, or through which they pass.
    pub(super) fn importer(&self, random: &mut Random) -> Option<&'a Seat> {
        let regions = self.regions.iter();
        let shares: Vec<_> = regions.map(|region| (region, region.row.imports)).collect();
        let region = pick(random, &shares)?;
        pick(random, &region.importers)
    }

    /// An importer that is in no customs union with any of these.
    pub(super) fn importer_apart(&self, random: &mut Random, from: &[&Seat]) -> Option<&'a Seat> {
        let apart = |seat: &&Seat| from.iter().all(|other| !are_one(seat, other));
        let drawn = (0..DRAWS_MAX).find_map(|_| self.importer(random).filter(&apart));
        drawn.or_else(|| {
            let left: Vec<&Seat> = self.seats.iter().filter(&apart).collect();
            random.choose(&left).copied()
        })
    }

    /// Whom a story needs, around an issuer; whoever fits where the issuer has no such partners.
    pub(super) fn cast(
        &self,
        random: &mut Random,
        issuer: &'a Seat,
        needs: Needs,
    ) -> Option<Cast<'a>> {
        for _ in 0..DRAWS_MAX {
            let mut cast = Cast::alone(issuer);
            if needs == Needs::Nobody {
                return Some(cast);
            }
            let Some(destination) = self.importer_apart(random, &[issuer]) else {
                break;
            };
            cast.destination = Some(destination);
            if needs.partner() {
                let partner =
                    |seat: &&Seat| seat.code != destination.code && are_one(seat, destination);
                let partners: Vec<&Seat> = self.seats.iter().filter(partner).collect();
                cast.partner = random.choose(&partners).copied();
            }
            if needs.transit() {
                cast.transit = self.importer_apart(random, &[issuer, destination]);
            }
            let is_full = cast.partner.is_some() || !needs.partner();
            if is_full && (cast.transit.is_some() || !needs.transit()) {
                return Some(cast);
            }
        }
        Cast::draw(random, self.seats, needs)
    }
}

//! Who takes part, how they are connected, and who votes.

use std::collections::BTreeMap;

use ledger::party::PartyCode;

use super::SetUpError;
use crate::random::{Purpose, Random};
use crate::region::{Line, Region};
use crate::scenario::Scenario;

/// The customs union of two of the invented Parties: either may accept what is destined for the other.
const UNION: &str = "SIM";
/// Code, name, region, customs union. Invented: ISO leaves these codes to users.
const INVENTED: [(&str, &str, Region, Option<&str>); 14] = [
    ("QS", "Suravia", Region::Africa, None),
    ("QT", "Transmar", Region::Asia, None),
    ("QN", "Norvia", Region::Europe, Some(UNION)),
    ("QP", "Portamar", Region::Europe, Some(UNION)),
    ("QM", "Maravel", Region::LatinAmerica, None),
    ("QO", "Ostrania", Region::Oceania, None),
    ("QQ", "Quendor", Region::NorthAmerica, None),
    ("QR", "Rovinia", Region::Africa, None),
    ("QU", "Umbria Nova", Region::Asia, None),
    ("QV", "Valdoria", Region::Europe, None),
    ("QW", "Westmark", Region::LatinAmerica, None),
    ("QX", "Xandria", Region::Africa, None),
    ("QY", "Ylvania", Region::Asia, None),
    ("QZ", "Zembla", Region::Europe, None),
];

/// A Party before it has keys.
#[derive(Clone, Copy, Debug)]
pub(super) struct Chosen {
    pub(super) code: PartyCode,
    pub(super) name: &'static str,
    pub(super) region: Region,
    pub(super) union: Option<&'static str>,
}

/// Small worlds are of invented Parties, which only networks named `sim-…` accept; larger ones need real codes, which
/// only other networks accept. Neither leaves this program, and their keys are drawn from the seed.
pub(super) fn network(count: u16) -> &'static str {
    if usize::from(count) <= INVENTED.len() {
        "sim-world"
    } else {
        "simulated-world"
    }
}

/// Who takes part. Up to fourteen Parties are invented; larger worlds take real ones, as many of each region as
/// its share of all Parties asks for.
pub(super) fn choose(scenario: &Scenario, seed: u64) -> Result<Vec<Chosen>, SetUpError> {
    let count = usize::from(scenario.parties.count);
    if count <= INVENTED.len() {
        let invented = INVENTED.into_iter().take(count);
        let chosen = invented.map(|(code, name, region, union)| {
            Ok(Chosen {
                code: PartyCode::new(code).ok_or_else(|| SetUpError::Name(code.into()))?,
                name,
                region,
                union,
            })
        });
        return chosen.collect();
    }
    let mut by_region: BTreeMap<Region, Vec<Chosen>> = BTreeMap::new();
    for party in genesis::parties::all() {
        let region =
            Region::of_name(party.region).ok_or_else(|| SetUpError::Name(party.region.into()))?;
        by_region.entry(region).or_default().push(Chosen {
            code: party.code,
            name: party.name,
            region,
            union: party.customs_union,
        });
    }
    let sizes: BTreeMap<_, _> = by_region
        .iter()
        .map(|(region, all)| (*region, all.len()))
        .collect();
    let mut random = Random::new(seed, Purpose::World);
    let mut chosen = Vec::new();
    for (region, places) in shares(count, &sizes) {
        let mut all = by_region.remove(&region).unwrap_or_default();
        random.shuffle(&mut all);
        chosen.extend(all.into_iter().take(places));
    }
    chosen.sort_by_key(|party| party.code);
    Ok(chosen)
}

/// How each Party is connected, and whether it loses power half the day.
pub(super) fn lines(scenario: &Scenario, seed: u64, chosen: &[Chosen]) -> Vec<(Line, bool)> {
    let spec = &scenario.parties;
    let mut random = Random::new(seed, Purpose::Lines);
    let mut draw = |_: &Chosen| {
        let (line, power) = (random.below(1000), random.below(1000));
        let weak = u64::from(spec.weak_permille);
        let ordinary = weak.saturating_add(u64::from(spec.ordinary_permille));
        let line = match line {
            drawn if drawn < weak => Line::Weak,
            drawn if drawn < ordinary => Line::Ordinary,
            _ => Line::Good,
        };
        (line, power < u64::from(spec.half_day_permille))
    };
    chosen.iter().map(&mut draw).collect()
}

/// Who votes: seats by region, and within a region good lines and steady power first.
pub(super) fn committee(size: usize, chosen: &[Chosen], lines: &[(Line, bool)]) -> Vec<bool> {
    let mut sizes: BTreeMap<Region, usize> = BTreeMap::new();
    for party in chosen {
        let size = sizes.entry(party.region).or_default();
        *size = size.saturating_add(1);
    }
    let mut votes = vec![false; chosen.len()];
    for (region, seats) in shares(size, &sizes) {
        let of_region = chosen.iter().zip(lines).enumerate();
        let mut candidates: Vec<_> = of_region
            .filter(|(_, (party, _))| party.region == region)
            .map(|(place, (_, (line, is_half_day)))| (*is_half_day, *line, place))
            .collect();
        candidates.sort_unstable();
        for (_, _, place) in candidates.into_iter().take(seats) {
            if let Some(vote) = votes.get_mut(place) {
                *vote = true;
            }
        }
    }
    votes
}

/// Divides `seats` by the sizes of the regions, by largest remainder.
fn shares(seats: usize, sizes: &BTreeMap<Region, usize>) -> BTreeMap<Region, usize> {
    let total: usize = sizes.values().sum();
    let exact = |size: usize| size.saturating_mul(seats);
    let mut shares: BTreeMap<_, _> = sizes
        .iter()
        .map(|(region, size)| (*region, exact(*size).checked_div(total).unwrap_or(0)))
        .collect();
    let mut rest: Vec<_> = sizes
        .iter()
        .map(|(region, size)| (exact(*size).checked_rem(total).unwrap_or(0), *region))
        .collect();
    rest.sort_by(|a, b| b.cmp(a));
    let given: usize = shares.values().sum();
    for (_, region) in rest.into_iter().take(seats.saturating_sub(given)) {
        if let Some(share) = shares.get_mut(&region) {
            *share = share.saturating_add(1);
        }
    }
    shares
}

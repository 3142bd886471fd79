//! The reference: the rules of permits once more, with plain maps and numbers, from the text and not from the code.
//!
//! It shares nothing with the ledger, not even dates or codes: Parties, kinds and units are small numbers,
//! dates are day numbers, answers are words. `history.rs` translates.

use std::collections::BTreeMap;

const MINUTE_MS: i64 = 60_000;
const DAY_MS: i64 = 24 * 60 * MINUTE_MS;

/// Issuing Party, and number.
pub(crate) type Name = (u8, u8);

/// In which capacity somebody speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Hat {
    Authority,
    Border,
    Scientist,
    Delegate,
    AuthorityAndBorder,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Line {
    pub letter: u8,
    pub unit: u8,
    pub authorised: u64,
    /// Appendix I, and not from a registered operation.
    pub strict: bool,
    pub left: Option<u64>,
    pub arrived: Option<u64>,
}

/// Line, unit, quantity.
pub(crate) type Goods = Vec<(u8, u8, u64)>;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Grant {
    pub number: u8,
    /// As box 1 counts them: 1 export, 2 re-export, 3 import, … 13 other.
    pub kind: u8,
    pub to: Option<u8>,
    pub granted: i64,
    pub from: i64,
    pub until: i64,
    pub lines: Vec<Line>,
    /// 0, or one of the things that have no rules yet.
    pub unusual: u8,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Why {
    Clerical,
    Lost,
    Stolen,
    Withdrawn,
    Replaced,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Deed {
    Grant(Grant),
    Leave(Name, Goods),
    Pass(Name),
    Arrive(Name, Goods),
    TurnAway(Name, bool),
    Void(Name, Why),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Said {
    pub by: u8,
    pub hat: Hat,
    pub deed: Deed,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Permit {
    pub grant: Grant,
    pub left_by: Option<u8>,
    pub arrived_by: Option<u8>,
    pub void: Option<Why>,
    pub passed: u32,
    pub turned_away: u32,
    pub attempts: u32,
}

/// All that the Parties know.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct World {
    /// Each Party's customs union, where it is in one.
    pub unions: Vec<Option<u8>>,
    /// Whether each Party accepts what was never endorsed.
    pub lenient: Vec<bool>,
    /// Zones in minutes: where dates begin, where they end.
    pub zones: (i64, i64),
    pub permits: BTreeMap<Name, Permit>,
    /// Passed and turned away, of numbers never issued.
    pub reports: BTreeMap<Name, (u32, u32)>,
}

type Answer = Result<(), &'static str>;

impl World {
    /// What becomes of it at `now`: nothing to say, or the code of the refusal.
    pub(crate) fn judge(&mut self, now: i64, said: &Said) -> Option<&'static str> {
        let name = name_of(said);
        let answer = self.refusal(now, said, name).err();
        match (answer, self.permits.get_mut(&name)) {
            (Some(_), Some(permit)) => permit.attempts += 1,
            (Some(_), None) => {}
            (None, _) => self.happen(said, name),
        }
        answer
    }

    fn refusal(&self, now: i64, said: &Said, name: Name) -> Answer {
        let permit = self.permits.get(&name);
        match &said.deed {
            Deed::Grant(grant) => {
                must(said.hat == Hat::Authority, "ROLE")?;
                self.grant(now, said.by, grant, permit.is_some())
            }
            Deed::Leave(_, goods) => {
                must(said.hat == Hat::Border, "ROLE")?;
                let permit = permit.ok_or("NOT_ISSUED")?;
                must(travels(permit.grant.kind), "WRONG_KIND")?;
                must(self.fellows(said.by, name.0), "WRONG_PARTY")?;
                alive(permit)?;
                must(permit.left_by.is_none(), "ALREADY_ENDORSED")?;
                self.in_date(now, permit)?;
                fits(permit, goods, |line| line.authorised)
            }
            Deed::Arrive(_, goods) => {
                must(said.hat == Hat::Border, "ROLE")?;
                let permit = permit.ok_or("NOT_ISSUED")?;
                must(travels(permit.grant.kind), "WRONG_KIND")?;
                let to = permit.grant.to.ok_or("WRONG_PARTY")?;
                must(self.fellows(said.by, to), "WRONG_PARTY")?;
                alive(permit)?;
                self.in_date(now, permit)?;
                must(
                    permit.left_by.is_some() || self.lenient[to as usize],
                    "NOT_ENDORSED",
                )?;
                fits(permit, goods, |line| line.left.unwrap_or(line.authorised))
            }
            Deed::Pass(_) => must(said.hat == Hat::Border, "ROLE"),
            Deed::TurnAway(_, green) => {
                must(said.hat == Hat::Border, "ROLE")?;
                must(!green, "WRONG_KIND")
            }
            Deed::Void(..) => {
                must(said.hat == Hat::Authority, "ROLE")?;
                let permit = permit.ok_or("NOT_ISSUED")?;
                must(said.by == name.0, "WRONG_PARTY")?;
                alive(permit)
            }
        }
    }

    fn grant(&self, now: i64, by: u8, grant: &Grant, taken: bool) -> Answer {
        let Grant {
            kind,
            to,
            granted,
            from,
            until,
            ..
        } = *grant;
        must(grant.unusual == 0 && kind != 2, "UNSUPPORTED")?;
        let passport = (9..=12).contains(&kind);
        must(passport == to.is_none(), "WRONG_KIND")?;
        must(kind != 3 || to == Some(by), "WRONG_PARTY")?;
        must(!taken, "DUPLICATE_NUMBER")?;
        must(granted <= from && from <= until, "DATES")?;
        must(
            until <= months_later(granted, longest(kind)),
            "VALIDITY_TOO_LONG",
        )?;
        let (east, west) = self.zones;
        let begun = granted * DAY_MS - east * MINUTE_MS <= now;
        let recent = now < (granted + 31) * DAY_MS - west * MINUTE_MS;
        must(begun && recent, "GRANT_DATE")?;
        must(now < (until + 1) * DAY_MS - west * MINUTE_MS, "EXPIRED")?;
        let strict = kind == 1 && grant.lines.iter().any(|line| line.strict);
        must(!strict, "NEEDS_IMPORT_PERMIT")
    }

    /// The same Party, or both in one customs union.
    fn fellows(&self, one: u8, other: u8) -> bool {
        let union = |party: u8| self.unions[party as usize];
        one == other || (union(one).is_some() && union(one) == union(other))
    }

    fn in_date(&self, now: i64, permit: &Permit) -> Answer {
        let (east, west) = self.zones;
        must(
            now >= permit.grant.from * DAY_MS - east * MINUTE_MS,
            "NOT_YET_VALID",
        )?;
        must(
            now < (permit.grant.until + 1) * DAY_MS - west * MINUTE_MS,
            "EXPIRED",
        )
    }

    fn happen(&mut self, said: &Said, name: Name) {
        if let Deed::Grant(grant) = &said.deed {
            let grant = grant.clone();
            let (left_by, arrived_by, void) = (None, None, None);
            let (passed, turned_away, attempts) = (0, 0, 0);
            let permit = Permit {
                grant,
                left_by,
                arrived_by,
                void,
                passed,
                turned_away,
                attempts,
            };
            self.permits.insert(name, permit);
            return;
        }
        let Some(permit) = self.permits.get_mut(&name) else {
            let report = self.reports.entry(name).or_default();
            match said.deed {
                Deed::Pass(_) => report.0 += 1,
                Deed::TurnAway(..) => report.1 += 1,
                Deed::Grant(_) | Deed::Leave(..) | Deed::Arrive(..) | Deed::Void(..) => {
                    unreachable!("refused where nothing was issued")
                }
            }
            return;
        };
        let moved = |goods: &Goods, letter| {
            let named = goods.iter().find(|(line, ..)| *line == letter);
            Some(named.map_or(0, |(.., quantity)| *quantity))
        };
        match &said.deed {
            Deed::Grant(_) => {}
            Deed::Leave(_, goods) => {
                permit.left_by = Some(said.by);
                for line in &mut permit.grant.lines {
                    line.left = moved(goods, line.letter);
                }
            }
            Deed::Arrive(_, goods) => {
                permit.arrived_by = Some(said.by);
                for line in &mut permit.grant.lines {
                    line.arrived = moved(goods, line.letter);
                }
            }
            Deed::Pass(_) => permit.passed += 1,
            Deed::TurnAway(..) => permit.turned_away += 1,
            Deed::Void(_, why) => permit.void = Some(*why),
        }
    }
}

/// The permit that a statement is about: an issuer always names its own.
pub(crate) fn name_of(said: &Said) -> Name {
    match &said.deed {
        Deed::Grant(grant) => (said.by, grant.number),
        Deed::Leave(name, _)
        | Deed::Pass(name)
        | Deed::Arrive(name, _)
        | Deed::TurnAway(name, _)
        | Deed::Void(name, _) => *name,
    }
}

fn must(holds: bool, code: &'static str) -> Answer {
    if holds { Ok(()) } else { Err(code) }
}

fn alive(permit: &Permit) -> Answer {
    must(permit.arrived_by.is_none(), "USED")?;
    match permit.void {
        None => Ok(()),
        Some(Why::Clerical | Why::Withdrawn) => Err("CANCELLED"),
        Some(Why::Replaced) => Err("REPLACED"),
        Some(Why::Lost) => Err("LOST"),
        Some(Why::Stolen) => Err("STOLEN"),
    }
}

/// All lines are judged for one fault before any is judged for the next.
fn fits(permit: &Permit, goods: &Goods, limit: fn(&Line) -> u64) -> Answer {
    let line = |letter: u8| permit.grant.lines.iter().find(|line| line.letter == letter);
    let named = || {
        goods
            .iter()
            .map(|(letter, unit, quantity)| (line(*letter), *unit, *quantity))
    };
    must(named().all(|(line, ..)| line.is_some()), "UNKNOWN_LINE")?;
    must(
        named().all(|(line, unit, _)| line.is_some_and(|line| line.unit == unit)),
        "UNIT_MISMATCH",
    )?;
    must(
        named().all(|(line, _, quantity)| line.is_some_and(|line| quantity <= limit(line))),
        "OVER_QUANTITY",
    )
}

/// Import permits, introductions from the sea and passports do not travel with one consignment.
fn travels(kind: u8) -> bool {
    !matches!(kind, 3 | 5 | 9..=12)
}

/// Months from the grant that a kind may last.
pub(crate) fn longest(kind: u8) -> i64 {
    match kind {
        1 | 2 | 12 => 6,
        3..=5 => 12,
        _ => 36,
    }
}

/// The same day `months` later, or the last day of that month.
pub(crate) fn months_later(day: i64, months: i64) -> i64 {
    let (year, month, date) = calendar(day);
    let count = year * 12 + month - 1 + months;
    let first = |count: i64| first_of(count.div_euclid(12), count.rem_euclid(12) + 1);
    let length = first(count + 1) - first(count);
    first(count) + date.min(length) - 1
}

/// Day number of the first of a month: years are counted from March, so that the leap day comes last.
fn first_of(year: i64, month: i64) -> i64 {
    let (year, month) = if month > 2 {
        (year, month - 3)
    } else {
        (year - 1, month + 9)
    };
    let days = 365 * year + year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    days + (153 * month + 2) / 5 - 719_468
}

/// Year, month and day of the month of a day number, by counting months.
fn calendar(day: i64) -> (i64, i64, i64) {
    let mut count = 1970 * 12 + day.div_euclid(31);
    let first = |count: i64| first_of(count.div_euclid(12), count.rem_euclid(12) + 1);
    while first(count + 1) <= day {
        count += 1;
    }
    (
        count.div_euclid(12),
        count.rem_euclid(12) + 1,
        day - first(count) + 1,
    )
}

#[test]
fn the_models_calendar_is_right_on_known_days() {
    for (day, known) in [
        (0, (1970, 1, 1)),
        (20_780, (2026, 11, 23)),
        (21_243, (2028, 2, 29)),
    ] {
        assert_eq!(calendar(day), known);
    }
    let leap = first_of(2028, 2);
    assert_eq!(
        months_later(first_of(2027, 8) + 30, 6),
        leap + 28,
        "31 August, and a leap year"
    );
    assert_eq!(months_later(leap + 28, 12), first_of(2029, 2) + 27);
    assert_eq!(months_later(20_780, 6), 20_780 + 181);
}

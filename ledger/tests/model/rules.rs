//! The reference: who is answered what, from the texts and not from the code. Issues stand in `grants.rs`.

use std::collections::BTreeSet;

use crate::calendar::{DAY_MS, MINUTE_MS, day_of, year_of};
use crate::world::{
    Act, Deed, Fate, Goods, Hat, Line, Name, Now, Permit, Said, Why, World, may_need_entry,
    name_of, travels,
};

/// The doubts that go with what happens, or the code of the refusal.
pub(crate) type Answer = Result<BTreeSet<&'static str>, &'static str>;

pub(crate) type Judged = Result<(), &'static str>;

pub(crate) fn must(holds: bool, code: &'static str) -> Judged {
    if holds { Ok(()) } else { Err(code) }
}

/// Doubts that apply.
pub(crate) fn noted<const N: usize>(doubts: [(bool, &'static str); N]) -> BTreeSet<&'static str> {
    let applies = doubts.into_iter().filter(|(applies, _)| *applies);
    applies.map(|(_, code)| code).collect()
}

impl World {
    /// What becomes of it.
    pub(crate) fn judge(&mut self, now: Now, said: &Said) -> Answer {
        let answer = self.answer(now, said);
        match &answer {
            Ok(doubts) => self.happen(now, said, doubts),
            Err(_) => self.refuse(now, said),
        }
        self.settle();
        answer
    }

    fn answer(&self, now: Now, said: &Said) -> Answer {
        let permit = name_of(said).and_then(|name| self.permits.get(&name));
        let issued = || permit.ok_or("NOT_ISSUED");
        must(speaks_as(said), "ROLE")?;
        match &said.deed {
            Deed::Grant(grant) => self.grant(now, said.by, grant),
            Deed::Leave(name, goods) => self.leave(now, said.by, *name, issued()?, goods),
            Deed::Arrive(_, goods, entry) => self.arrive(now, said.by, issued()?, goods, *entry),
            Deed::Pass(_) => Ok(BTreeSet::new()),
            Deed::TurnAway(_, green) => must(!green, "WRONG_KIND").map(|()| BTreeSet::new()),
            Deed::Void(name, _) => void(said.by, *name, issued()?).map(|()| BTreeSet::new()),
            Deed::Agree(_) => agree(said.by, issued()?).map(|()| BTreeSet::new()),
            Deed::Cross(name, out, paper) => {
                // Out of a foreign State, or in to its own.
                let home = *out == (said.by != name.0);
                let broken = self.crossing(now, said.by, issued()?, home, *out, *paper);
                broken.map(|()| BTreeSet::new())
            }
            Deed::Amend(_, record, goods) => self
                .amend(said.by, issued()?, *record, goods)
                .map(|()| BTreeSet::new()),
            Deed::Paper(name, stamp, content) => {
                must(!self.is_member(name.0), "ON_LEDGER_PARTY")?;
                let known = self.papers.get(name).map_or(&[][..], Vec::as_slice);
                let same = |known: &(Option<u8>, u8, _)| (known.0, known.1) == (*stamp, *content);
                must(!known.iter().any(same), "USED")?;
                must(known.len() < 32, "REGISTER_FULL").map(|()| BTreeSet::new())
            }
            Deed::Revoke(..) | Deed::Quota { .. } | Deed::Works(..) | Deed::Halt { .. } => {
                self.register(now, said).map(|()| BTreeSet::new())
            }
        }
    }

    fn leave(&self, now: Now, by: u8, name: Name, permit: &Permit, goods: &Goods) -> Answer {
        must(travels(permit.grant.kind), "WRONG_KIND")?;
        must(self.fellows(by, name.0), "WRONG_PARTY")?;
        must(permit.arrived.is_none(), "USED")?;
        not_void(permit)?;
        must(permit.left.is_none(), "ALREADY_ENDORSED")?;
        self.in_date(now, permit)?;
        let species: Vec<_> = permit.grant.lines.iter().map(|line| line.species).collect();
        let halted = self.is_halted(now, name.0, permit.grant.to, &species);
        must(!halted, "SUSPENDED")?;
        fits(permit, goods, |line, _| line.authorised)?;
        let less = short_of(permit, goods, |line, _| line.authorised);
        Ok(noted([(less, "LESS_THAN_AUTHORISED")]))
    }

    fn arrive(
        &self,
        now: Now,
        by: u8,
        permit: &Permit,
        goods: &Goods,
        entry: Option<Name>,
    ) -> Answer {
        let kind = permit.grant.kind;
        must(travels(kind) || kind == 5, "WRONG_KIND")?;
        must(entry.is_none() || may_need_entry(kind), "WRONG_KIND")?;
        let to = permit.grant.to.ok_or("WRONG_PARTY")?;
        must(self.fellows(by, to), "WRONG_PARTY")?;
        must(permit.arrived.is_none(), "USED")?;
        not_void(permit)?;
        self.in_date(now, permit)?;
        let late = permit.grant.late.is_some();
        must(!late || permit.agreed.is_some(), "RETROSPECTIVE")?;
        let endorsed = permit.left.is_some() || kind == 5 || late;
        must(endorsed || self.lenient[usize::from(to)], "NOT_ENDORSED")?;
        let shown = permit.grant.entry.or(entry);
        let needs = permit
            .both()
            .any(|(line, fate)| self.rests(permit, line, fate));
        must(!needs || shown.is_some(), "NEEDS_IMPORT_PERMIT")?;
        if let Some(shown) = shown {
            let needed = self.needed(permit, goods);
            must(entry.is_none_or(|own| own == shown), "IMPORT_PERMIT_BROKEN")?;
            must(self.grants(now, shown, to, &needed), "IMPORT_PERMIT_BROKEN")?;
        }
        fits(permit, goods, |line, fate| match kind {
            5 => line.authorised - fate.arrived.unwrap_or(0),
            _ => fate.left.unwrap_or(line.authorised),
        })?;
        let less = short_of(permit, goods, |_, fate| fate.left.unwrap_or(0));
        Ok(noted([(less, "LESS_THAN_ENDORSED")]))
    }

    fn crossing(
        &self,
        now: Now,
        by: u8,
        permit: &Permit,
        home: bool,
        out: bool,
        paper: u8,
    ) -> Judged {
        let travel = permit.travel.as_ref().ok_or("WRONG_KIND")?;
        not_void(permit)?;
        must(now.ms >= self.begins(permit.grant.from), "NOT_YET_VALID")?;
        must(home || now.ms < self.ends(permit.grant.until), "EXPIRED")?;
        must(permit.grant.paper == paper, "ALTERED")?;
        let here = match travel.inside {
            Some(inside) => out && self.fellows(by, inside),
            None => !out,
        };
        must(here, "CROSSING_BROKEN")
    }

    fn register(&self, now: Now, said: &Said) -> Judged {
        match said.deed {
            Deed::Revoke(series, first, last, lifted) => {
                let known = self.revoked.get(&said.by).map_or(&[][..], Vec::as_slice);
                let same = |one: &(u8, u64, u64, _)| (one.0, one.1, one.2) == (series, first, last);
                let held = known.iter().any(same);
                must(lifted || !held, "ALREADY_RECORDED")?;
                must(!lifted || held, "UNKNOWN_RECORD")?;
                must(lifted || known.len() < 256, "REGISTER_FULL")
            }
            Deed::Quota {
                year,
                species,
                unit,
                total,
            } => {
                must(year >= year_of(day_of(now.ms)), "DATES")?;
                let known = self.rations.get(&(said.by, year, species));
                must(
                    known.is_none_or(|known| known.unit == unit),
                    "UNIT_MISMATCH",
                )?;
                must(
                    known.is_none_or(|known| known.drawn <= total),
                    "QUOTA_EXCEEDED",
                )
            }
            Deed::Works(number, listed) => {
                let known = self.is_listed((said.by, number));
                must(!listed || !known, "ALREADY_RECORDED")?;
                must(listed || known, "UNKNOWN_RECORD")
            }
            Deed::Halt {
                of,
                species,
                from,
                until,
            } => {
                let known = self.halts.get(&of).map_or(&[][..], Vec::as_slice);
                let own = known
                    .iter()
                    .find(|one| one.act.by == said.by && one.species == species);
                let over = |day: i64| self.ends(day) <= now.ms;
                let began = own.is_some_and(|own| own.from == from);
                // What is stated again with its first day may end whenever its author likes.
                let ahead = until.is_none_or(|until| from <= until && !over(until));
                must(began || (!over(from) && ahead), "DATES")?;
                must(own.is_some() || known.len() < 256, "REGISTER_FULL")
            }
            Deed::Grant(_)
            | Deed::Leave(..)
            | Deed::Pass(_)
            | Deed::Arrive(..)
            | Deed::TurnAway(..)
            | Deed::Void(..)
            | Deed::Agree(_)
            | Deed::Cross(..)
            | Deed::Amend(..)
            | Deed::Paper(..) => Ok(()),
        }
    }

    pub(crate) fn is_listed(&self, works: (u8, u8)) -> bool {
        self.works.get(&works).is_some_and(|(listed, _)| *listed)
    }

    /// Suspensions in force now on what goes from one Party to another. They begin when their first day has begun
    /// everywhere, and are over when their last day is over everywhere.
    pub(crate) fn halts_now(&self, now: Now, from: u8, to: Option<u8>) -> Vec<Option<u8>> {
        let (_, west) = self.zones;
        let known = self.halts.get(&from).map_or(&[][..], Vec::as_slice);
        let holds = |one: &&crate::world::Halt| {
            let begun = one.from * DAY_MS - west * MINUTE_MS <= now.ms;
            let over = |until: i64| (until + 1) * DAY_MS - west * MINUTE_MS <= now.ms;
            (one.act.by == from || to == Some(one.act.by)) && begun && !one.until.is_some_and(over)
        };
        known.iter().filter(holds).map(|one| one.species).collect()
    }

    pub(crate) fn is_halted(
        &self,
        now: Now,
        from: u8,
        to: Option<u8>,
        species: &[Option<u8>],
    ) -> bool {
        let halts = self.halts_now(now, from, to);
        halts
            .into_iter()
            .any(|halted| halted.is_none() || species.contains(&halted))
    }

    /// Whether that is an unused import permit of `to`, in date, with enough of each taxon in its unit.
    pub(crate) fn grants(&self, now: Now, entry: Name, to: u8, needed: &[(u8, u8, u64)]) -> bool {
        let Some(permit) = self.permits.get(&entry) else {
            return false;
        };
        permit.grant.kind == 3
            && entry.0 == to
            && permit.lives()
            && self.in_date(now, permit).is_ok()
            && suffices(permit, needed)
    }

    /// Whether a line comes in on an import permit only: Appendix I, and all but III where the destination asks.
    fn rests(&self, permit: &Permit, line: &Line, fate: &Fate) -> bool {
        let asked = permit
            .grant
            .to
            .is_some_and(|to| self.strict[usize::from(to)]);
        may_need_entry(permit.grant.kind)
            && (is_strict(line, fate.registered) || (line.appendix < 3 && asked))
    }

    /// What an import permit must grant for these goods: taxon, unit, quantity.
    fn needed(&self, permit: &Permit, goods: &Goods) -> Vec<(u8, u8, u64)> {
        let needed = goods.iter().filter_map(|(letter, _, quantity)| {
            let (line, fate) = permit.at(*letter)?;
            let rests = self.rests(permit, line, fate);
            rests.then_some((line.taxon, line.unit, *quantity))
        });
        needed.collect()
    }

    /// Customs correct what they recorded last of what left or arrived in one consignment, within what limited it.
    fn amend(&self, by: u8, permit: &Permit, record: u64, goods: &Goods) -> Judged {
        let is = |again: &Option<Act>, first: &Option<Act>| {
            let last = again.as_ref().or(first.as_ref());
            last.is_some_and(|act| act.serial == record)
        };
        let leaving = is(&permit.left_again, &permit.left);
        let arriving = is(&permit.arrived_again, &permit.arrived) && travels(permit.grant.kind);
        must(leaving || arriving, "UNKNOWN_RECORD")?;
        let first = if leaving {
            &permit.left
        } else {
            &permit.arrived
        };
        let own = first.as_ref().is_some_and(|act| act.by == by);
        must(own, "WRONG_PARTY")?;
        must(!leaving || permit.arrived.is_none(), "USED")?;
        fits(permit, goods, |line, fate| {
            if leaving {
                line.authorised
            } else {
                fate.left.unwrap_or(line.authorised)
            }
        })?;
        let entry = permit
            .grant
            .entry
            .and_then(|entry| self.permits.get(&entry));
        let enough = entry.is_none_or(|entry| suffices(entry, &self.needed(permit, goods)));
        must(leaving || enough, "OVER_QUANTITY")?;
        let below = !leaving && short_of(permit, goods, |_, fate| fate.gone);
        must(!below, "ORIGIN_BROKEN")
    }

    fn in_date(&self, now: Now, permit: &Permit) -> Judged {
        must(now.ms >= self.begins(permit.grant.from), "NOT_YET_VALID")?;
        must(now.ms < self.ends(permit.grant.until), "EXPIRED")
    }
}

fn speaks_as(said: &Said) -> bool {
    match said.deed {
        Deed::Grant(_)
        | Deed::Void(..)
        | Deed::Agree(_)
        | Deed::Revoke(..)
        | Deed::Quota { .. }
        | Deed::Works(..)
        | Deed::Halt { .. } => said.hat == Hat::Authority,
        Deed::Leave(..)
        | Deed::Pass(_)
        | Deed::Arrive(..)
        | Deed::TurnAway(..)
        | Deed::Cross(..)
        | Deed::Amend(..)
        | Deed::Paper(..) => matches!(said.hat, Hat::Border | Hat::Watch),
    }
}

fn void(by: u8, name: Name, permit: &Permit) -> Judged {
    must(by == name.0, "WRONG_PARTY")?;
    not_void(permit)?;
    must(permit.contested.is_none(), "ALREADY_RECORDED")
}

fn agree(by: u8, permit: &Permit) -> Judged {
    must(permit.grant.late.is_some(), "WRONG_KIND")?;
    must(permit.grant.to == Some(by), "WRONG_PARTY")?;
    not_void(permit)?;
    must(permit.agreed.is_none(), "ALREADY_RECORDED")
}

/// Whether a permit has as much of each taxon in its unit.
fn suffices(permit: &Permit, needed: &[(u8, u8, u64)]) -> bool {
    let sum = |of: (u8, u8)| -> u64 {
        let same = needed.iter().filter(|need| (need.0, need.1) == of);
        same.map(|need| need.2).sum()
    };
    let has = |of: (u8, u8)| -> u64 {
        let same = permit
            .grant
            .lines
            .iter()
            .filter(|line| (line.taxon, line.unit) == of);
        same.map(|line| line.authorised).sum()
    };
    needed
        .iter()
        .all(|need| sum((need.0, need.1)) <= has((need.0, need.1)))
}

pub(crate) fn not_void(permit: &Permit) -> Judged {
    match permit.void {
        None => Ok(()),
        Some(_) if permit.next.is_some() => Err("REPLACED"),
        Some((Why::Clerical | Why::Withdrawn | Why::Damaged, _)) => Err("CANCELLED"),
        Some((Why::Lost, _)) => Err("LOST"),
        Some((Why::Stolen, _)) => Err("STOLEN"),
    }
}

/// Appendix I counts as Appendix II where it comes from a registered operation.
pub(crate) fn is_strict(line: &Line, registered: bool) -> bool {
    line.appendix == 1 && !(line.source == 'D' && registered)
}

/// All lines are judged for one fault before any is judged for the next.
fn fits(permit: &Permit, goods: &Goods, limit: impl Fn(&Line, &Fate) -> u64) -> Judged {
    let named = || {
        goods
            .iter()
            .map(|(letter, unit, quantity)| (permit.at(*letter), *unit, *quantity))
    };
    must(named().all(|(line, ..)| line.is_some()), "UNKNOWN_LINE")?;
    let fit =
        |(line, unit, _): (Option<(&Line, _)>, u8, _)| line.is_some_and(|line| line.0.unit == unit);
    must(named().all(fit), "UNIT_MISMATCH")?;
    let few = |(line, _, quantity): (Option<(&Line, &Fate)>, _, u64)| {
        line.is_some_and(|(line, fate)| quantity <= limit(line, fate))
    };
    must(named().all(few), "OVER_QUANTITY")
}

/// Whether less of some line is named than there should be.
fn short_of(permit: &Permit, goods: &Goods, whole: impl Fn(&Line, &Fate) -> u64) -> bool {
    let named = |letter| {
        goods
            .iter()
            .find(|good| good.0 == letter)
            .map_or(0, |good| good.2)
    };
    permit
        .both()
        .any(|(line, fate)| named(line.letter) < whole(line, fate))
}

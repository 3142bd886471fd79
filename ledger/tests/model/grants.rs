//! The reference: what is answered to the issue of a permit.

use std::collections::BTreeMap;

use crate::calendar::months_later;
use crate::calendar::year_of;
use crate::rules::{Answer, Judged, is_strict, must, noted};
use crate::world::{
    Grant, Line, Name, Now, Origin, Permit, Spot, Why, World, longest, may_need_entry, travels,
};

impl World {
    pub(crate) fn grant(&self, now: Now, by: u8, grant: &Grant) -> Answer {
        let kind = grant.kind;
        let passport = (9..=12).contains(&kind);
        let cites = grant.lines.iter().any(|line| !line.origins.is_empty());
        must(passport == grant.to.is_none(), "WRONG_KIND")?;
        must(!cites || kind == 2, "WRONG_KIND")?;
        must(grant.late.is_none() || travels(kind), "WRONG_KIND")?;
        must(grant.entry.is_none() || may_need_entry(kind), "WRONG_KIND")?;
        must(
            !matches!(kind, 3 | 5) || grant.to == Some(by),
            "WRONG_PARTY",
        )?;
        must(
            !self.permits.contains_key(&(by, grant.number)),
            "DUPLICATE_NUMBER",
        )?;
        self.dates(now, grant)?;
        let first = grant.lines.iter().any(|line| line.appendix == 1);
        must(grant.late.is_none() || !first, "RETROSPECTIVE_APPENDIX_I")?;
        let old = grant.instead.map(|(number, _)| (by, number));
        if let Some(old) = old {
            replaces(grant, self.permits.get(&old).ok_or("NOT_ISSUED")?)?;
        }
        let stamped =
            |(name, permit): (&Name, &Permit)| name.0 == by && permit.grant.stamp == grant.stamp;
        let again = grant.stamp.is_some() && self.permits.iter().any(stamped);
        must(!again, "DUPLICATE_STAMP")?;
        self.may_leave(now, by, grant)?;
        self.may_enter(now, by, grant)?;
        let broken = |line: &Line| {
            line.origins
                .iter()
                .any(|origin| self.is_broken(by, line, origin))
                || self.depth(line) > 32
        };
        must(!grant.lines.iter().any(broken), "ORIGIN_BROKEN")?;
        self.leaves_enough(by, grant, old)?;
        Ok(self.doubts((by, grant.number), grant))
    }

    fn dates(&self, now: Now, grant: &Grant) -> Judged {
        let Grant {
            granted,
            from,
            until,
            ..
        } = *grant;
        must(granted <= from && from <= until, "DATES")?;
        must(
            until <= months_later(granted, longest(grant.kind)),
            "VALIDITY_TOO_LONG",
        )?;
        let recent = now.ms < self.ends(granted + 30) || grant.late.is_some();
        must(self.begins(granted) <= now.ms && recent, "GRANT_DATE")?;
        must(now.ms < self.ends(until), "EXPIRED")
    }

    fn may_leave(&self, now: Now, by: u8, grant: &Grant) -> Judged {
        if !travels(grant.kind) {
            return Ok(());
        }
        let species: Vec<_> = grant.lines.iter().map(|line| line.species).collect();
        must(!self.is_halted(now, by, grant.to, &species), "SUSPENDED")?;
        let some = self
            .halts_now(now, by, grant.to)
            .into_iter()
            .any(|halt| halt.is_some());
        must(!some || !species.contains(&None), "NEEDS_SPECIES_KEY")
    }

    fn may_enter(&self, now: Now, by: u8, grant: &Grant) -> Judged {
        let strict = |line: &&Line| is_strict(line, self.is_registered(by, grant.kind, line));
        let strict: Vec<_> = grant.lines.iter().filter(strict).collect();
        let needs = matches!(grant.kind, 1 | 13) && !strict.is_empty();
        must(!needs || grant.entry.is_some(), "NEEDS_IMPORT_PERMIT")?;
        let Some(entry) = grant.entry else {
            return Ok(());
        };
        must(Some(entry.0) == grant.to, "IMPORT_PERMIT_BROKEN")?;
        let needed = strict
            .iter()
            .map(|line| (line.taxon, line.unit, line.authorised));
        let needed: Vec<_> = needed.collect();
        let granted = || self.grants(now, entry, entry.0, &needed);
        must(
            !self.is_member(entry.0) || granted(),
            "IMPORT_PERMIT_BROKEN",
        )
    }

    /// No more is taken than came in, and no more than the quota; what the replaced permit took comes back first.
    fn leaves_enough(&self, by: u8, grant: &Grant, old: Option<Name>) -> Judged {
        let mut drawn: BTreeMap<Spot, u64> = BTreeMap::new();
        for origin in grant.lines.iter().flat_map(|line| &line.origins) {
            *drawn.entry(origin.source()).or_default() += origin.drawn;
        }
        let enough = |(spot, sum): (&Spot, &u64)| {
            let arrived = self
                .spot(*spot)
                .and_then(|(permit, letter)| permit.at(letter)?.1.arrived);
            arrived.is_none_or(|arrived| self.taken(*spot, old) + sum <= arrived)
        };
        must(drawn.iter().all(enough), "OVER_QUANTITY")?;
        if grant.kind != 1 {
            return Ok(());
        }
        let year = year_of(grant.granted);
        let mut asked: BTreeMap<u8, (u64, bool)> = BTreeMap::new();
        for line in &grant.lines {
            let Some(species) = line.species else {
                continue;
            };
            let Some(ration) = self.rations.get(&(by, year, species)) else {
                continue;
            };
            let (sum, same_unit) = asked.entry(species).or_insert((0, true));
            *sum += line.authorised;
            *same_unit &= ration.unit == line.unit;
        }
        must(
            asked.values().all(|(_, same_unit)| *same_unit),
            "UNIT_MISMATCH",
        )?;
        let leaves = |(species, (sum, _)): (&u8, &(u64, bool))| {
            let key = (by, year, *species);
            let ration = &self.rations[&key];
            self.rationed(key, ration.since, old) + sum <= ration.total
        };
        must(asked.iter().all(leaves), "QUOTA_EXCEEDED")
    }

    fn doubts(&self, name: Name, grant: &Grant) -> std::collections::BTreeSet<&'static str> {
        let any = |doubted: &dyn Fn(&Line) -> bool| grant.lines.iter().any(doubted);
        let source = |origin: &Origin| {
            let (permit, letter) = self.spot(origin.source())?;
            permit.at(letter)
        };
        let another = |line: &Line| {
            let mut sources = line.origins.iter().filter_map(source);
            sources.any(|(source, _)| source.appendix != line.appendix)
        };
        let more = |line: &Line| {
            let same = |origin: &Origin| {
                source(origin).is_some_and(|(source, _)| source.unit == line.unit)
            };
            let sum: u64 = line.origins.iter().map(|origin| origin.drawn).sum();
            !line.origins.is_empty() && line.origins.iter().all(same) && line.authorised > sum
        };
        noted([
            (
                any(&|line| !self.is_known(grant.kind, line)),
                "ORIGIN_NOT_COVERED",
            ),
            (
                grant.entry.is_some_and(|entry| !self.is_member(entry.0)),
                "IMPORT_PERMIT_NOT_COVERED",
            ),
            (any(&another), "APPENDIX_CHANGED"),
            (any(&more), "MORE_THAN_DRAWN"),
            (self.reports.contains_key(&name), "SEEN_BEFORE_ISSUE"),
            (
                any(&|line| line.source == 'D' && !self.is_registered(name.0, grant.kind, line)),
                "OPERATION_UNREGISTERED",
            ),
        ])
    }

    /// On the register of the Party that issues, but for what was bred elsewhere and goes on.
    pub(crate) fn is_registered(&self, by: u8, kind: u8, line: &Line) -> bool {
        line.works
            .is_some_and(|works| (kind == 2 || works.0 == by) && self.is_listed(works))
    }

    /// Whether the ledger knows all that a line comes from.
    pub(crate) fn is_known(&self, kind: u8, line: &Line) -> bool {
        let known = |origin: &Origin| {
            let found = self.spot(origin.source());
            found
                .and_then(|(permit, letter)| permit.at(letter))
                .is_some_and(|(_, fate)| fate.known)
        };
        kind != 2 || (!line.origins.is_empty() && line.origins.iter().all(known))
    }

    /// Re-exports behind a line; one behind what nobody knows.
    pub(crate) fn depth(&self, line: &Line) -> u64 {
        let behind = |origin: &Origin| {
            let found = self.spot(origin.source());
            let fate = found.and_then(|(permit, letter)| permit.at(letter));
            1 + fate.map_or(0, |(_, fate)| fate.depth)
        };
        line.origins.iter().map(behind).max().unwrap_or(0)
    }

    fn spot(&self, spot: Spot) -> Option<(&Permit, u8)> {
        Some((self.permits.get(&spot.0)?, spot.1))
    }

    /// Whether what is cited is not what came in: with Parties that are not on the ledger nobody can tell.
    fn is_broken(&self, by: u8, line: &Line, origin: &Origin) -> bool {
        let (name, letter) = origin.source();
        if !self.is_member(name.0) {
            return false;
        }
        let found = self
            .permits
            .get(&name)
            .and_then(|permit| Some((permit, permit.at(letter)?)));
        let Some((permit, (source, fate))) = found else {
            return true;
        };
        let kind = permit.grant.kind;
        let came = fate.arrived.is_some() && (travels(kind) || kind == 5);
        let here = permit.grant.to.is_some_and(|to| self.fellows(by, to));
        let rooted = match origin.last {
            None => kind != 2,
            Some(_) => {
                let same = source.origins.iter().any(|own| own.root == origin.root);
                kind == 2 && (source.origins.is_empty() || same)
            }
        };
        let alike = source.taxon == line.taxon && source.source == line.source;
        !(came && here && alike && rooted)
    }
}

/// A permit that was neither used nor withdrawn is replaced once, by one of its kind; once goods have left, by its
/// very duplicate; once some have landed, by none.
fn replaces(grant: &Grant, old: &Permit) -> Judged {
    must(old.arrived.is_none(), "USED")?;
    must(!matches!(old.void, Some((Why::Withdrawn, _))), "CANCELLED")?;
    must(old.next.is_none(), "REPLACED")?;
    let landed = old.fates.iter().any(|fate| fate.arrived.is_some());
    let facts = |grant: &Grant| {
        let line = |line: &Line| Line {
            works: None,
            ..line.clone()
        };
        let lines: Vec<_> = grant.lines.iter().map(line).collect();
        (grant.to, grant.entry, lines)
    };
    let twin = facts(grant) == facts(&old.grant);
    let fit = grant.kind == old.grant.kind && !landed && (old.left.is_none() || twin);
    must(fit, "REPLACEMENT_BROKEN")
}

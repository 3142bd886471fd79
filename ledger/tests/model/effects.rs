//! The reference: what happens when a statement is applied, and when it is refused.

use std::collections::BTreeSet;

use crate::calendar::{day_of, month_of, year_of};
use crate::world::{
    Act, Deed, Fate, Goods, Grant, Halt, Hat, Name, Now, Permit, Ration, Said, Travel, World,
    name_of,
};

/// Issued, captive, late, not covered, cancelled, refused.
const ISSUED: usize = 0;
const CAPTIVE: usize = 1;
const LATE: usize = 2;
const NOT_COVERED: usize = 3;
const CANCELLED: usize = 4;
const REFUSED: usize = 5;

/// Attempts at further ports only add to the sum.
const PORTS: usize = 16;

impl World {
    pub(crate) fn refuse(&mut self, now: Now, said: &Said) {
        self.count(now, said.by, REFUSED);
        let port = act(now, said).port;
        let name = name_of(said);
        if let Some(permit) = name.and_then(|name| self.permits.get_mut(&name)) {
            permit.attempts += 1;
            permit.touched = now.height;
            at_port(permit, port, |counts| counts.1 += 1);
        }
    }

    pub(crate) fn happen(&mut self, now: Now, said: &Said, doubts: &BTreeSet<&'static str>) {
        let act = act(now, said);
        match &said.deed {
            Deed::Grant(grant) => self.come_alive(now, act, grant, doubts),
            Deed::Void(name, why) => {
                let spent = self.permits[name].arrived.is_some();
                if !spent {
                    self.count(now, said.by, CANCELLED);
                }
                let permit = self.touch(*name, now);
                if spent {
                    permit.contested = Some((*why, act));
                } else {
                    permit.void = Some((*why, act));
                }
            }
            Deed::Arrive(name, goods, entry) => self.come_in(now, act, *name, goods, *entry),
            Deed::Paper(name, stamp, content) => {
                self.papers
                    .entry(*name)
                    .or_default()
                    .push((*stamp, *content, act));
            }
            Deed::Revoke(..) | Deed::Quota { .. } | Deed::Works(..) | Deed::Halt { .. } => {
                self.enter(act, &said.deed);
            }
            Deed::Pass(name) | Deed::TurnAway(name, _) if !self.permits.contains_key(name) => {
                let passed = matches!(said.deed, Deed::Pass(_));
                let report = self.reports.entry(*name).or_insert((0, 0, act.clone()));
                report.0 += u32::from(passed);
                report.1 += u32::from(!passed);
                report.2 = act;
            }
            Deed::Leave(name, _)
            | Deed::Pass(name)
            | Deed::TurnAway(name, _)
            | Deed::Agree(name)
            | Deed::Cross(name, ..)
            | Deed::Amend(name, ..) => move_on(self.touch(*name, now), act, &said.deed),
        }
    }

    fn touch(&mut self, name: Name, now: Now) -> &mut Permit {
        let permit = self
            .permits
            .get_mut(&name)
            .expect("refused where nothing was issued");
        permit.touched = now.height;
        permit
    }

    fn count(&mut self, now: Now, by: u8, what: usize) {
        let day = day_of(now.ms);
        let year = self.months.entry((by, year_of(day))).or_default();
        year[month_of(day) as usize - 1][what] += 1;
    }

    fn come_alive(&mut self, now: Now, act: Act, grant: &Grant, doubts: &BTreeSet<&'static str>) {
        let by = act.by;
        let bred = grant.lines.iter().any(|line| "ACDF".contains(line.source));
        let counted = [
            (true, ISSUED),
            (bred, CAPTIVE),
            (grant.late.is_some(), LATE),
            (doubts.contains("ORIGIN_NOT_COVERED"), NOT_COVERED),
            (grant.instead.is_some(), CANCELLED),
        ];
        for (_, what) in counted.into_iter().filter(|(counts, _)| *counts) {
            self.count(now, by, what);
        }
        let fates = grant.lines.iter().map(|line| Fate {
            left: None,
            arrived: None,
            gone: 0,
            depth: self.depth(line),
            known: self.is_known(grant.kind, line),
            registered: self.is_registered(by, grant.kind, line),
            rationed: grant.kind == 1
                && line.species.is_some_and(|species| {
                    let year = year_of(grant.granted);
                    self.rations.contains_key(&(by, year, species))
                }),
        });
        let home = Travel {
            inside: Some(by),
            count: 0,
            last: None,
        };
        let mut permit = Permit {
            fates: fates.collect(),
            grant: grant.clone(),
            issued: act.clone(),
            left: None,
            left_again: None,
            arrived: None,
            arrived_again: None,
            void: None,
            contested: None,
            agreed: None,
            next: None,
            travel: (9..=12).contains(&grant.kind).then_some(home),
            passed: 0,
            turned_away: 0,
            attempts: 0,
            ports: Vec::new(),
            doubts: doubts.clone(),
            touched: now.height,
        };
        // Works that are on no register are nobody's.
        for (line, fate) in permit.grant.lines.iter_mut().zip(&permit.fates) {
            line.works = line.works.filter(|_| fate.registered);
        }
        if let Some((number, why)) = grant.instead {
            let old = self.touch((by, number), now);
            old.next = Some(grant.number);
            old.void.get_or_insert((why, act));
            // The same goods are still on their way, or the same instrument still abroad.
            permit.travel.clone_from(&old.travel);
            permit.left.clone_from(&old.left);
            permit.left_again.clone_from(&old.left_again);
            for (line, fate) in permit.grant.lines.iter().zip(&mut permit.fates) {
                fate.left = old.at(line.letter).and_then(|(_, fate)| fate.left);
            }
        }
        self.permits.insert((by, grant.number), permit);
    }

    fn come_in(&mut self, now: Now, act: Act, name: Name, goods: &Goods, entry: Option<Name>) {
        let permit = self.touch(name, now);
        if permit.grant.kind == 5 {
            for (line, fate) in permit.grant.lines.iter().zip(&mut permit.fates) {
                fate.arrived = Some(fate.arrived.unwrap_or(0) + moved(goods, line.letter));
            }
            let all = permit
                .both()
                .all(|(line, fate)| fate.arrived == Some(line.authorised));
            permit.arrived = all.then_some(act);
            return;
        }
        for (line, fate) in permit.grant.lines.iter().zip(&mut permit.fates) {
            fate.arrived = Some(moved(goods, line.letter));
        }
        permit.arrived = Some(act.clone());
        permit.grant.entry = permit.grant.entry.or(entry);
        if let Some(entry) = permit.grant.entry {
            self.touch(entry, now).arrived = Some(act);
        }
    }

    fn enter(&mut self, act: Act, deed: &Deed) {
        let by = act.by;
        match *deed {
            Deed::Revoke(series, first, last, lifted) => {
                let known = self.revoked.entry(by).or_default();
                if lifted {
                    known.retain(|one| (one.0, one.1, one.2) != (series, first, last));
                } else {
                    known.push((series, first, last, act));
                }
            }
            Deed::Quota {
                year,
                species,
                unit,
                total,
            } => {
                let since = act.serial;
                let fresh = Ration {
                    unit,
                    total,
                    drawn: 0,
                    act: act.clone(),
                    since,
                };
                let known = self.rations.entry((by, year, species)).or_insert(fresh);
                (known.total, known.act) = (total, act);
            }
            Deed::Works(number, listed) => {
                self.works.insert((by, number), (listed, act));
            }
            Deed::Halt {
                of,
                species,
                from,
                until,
            } => {
                let known = self.halts.entry(of).or_default();
                let halt = Halt {
                    species,
                    from,
                    until,
                    act,
                };
                let own = |one: &&mut Halt| one.act.by == by && one.species == species;
                match known.iter_mut().find(own) {
                    Some(own) => *own = halt,
                    None => known.push(halt),
                }
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
            | Deed::Paper(..) => {}
        }
    }
}

/// What happens to one permit alone.
fn move_on(permit: &mut Permit, act: Act, deed: &Deed) {
    match deed {
        Deed::Leave(_, goods) => {
            permit.left = Some(act);
            leave(permit, goods);
        }
        Deed::Pass(_) => permit.passed += 1,
        Deed::TurnAway(..) => {
            permit.turned_away += 1;
            at_port(permit, act.port, |counts| counts.2 += 1);
        }
        Deed::Agree(_) => permit.agreed = Some(act),
        Deed::Cross(_, out, _) => {
            if let Some(travel) = &mut permit.travel {
                travel.inside = (!out).then_some(act.by);
                travel.count += 1;
                travel.last = Some(act);
            }
        }
        Deed::Amend(_, record, goods) => {
            let last = permit.left_again.as_ref().or(permit.left.as_ref());
            if last.is_some_and(|last| last.serial == *record) {
                permit.left_again = Some(act);
                leave(permit, goods);
            } else {
                permit.arrived_again = Some(act);
                for (line, fate) in permit.grant.lines.iter().zip(&mut permit.fates) {
                    fate.arrived = Some(moved(goods, line.letter));
                }
            }
        }
        Deed::Grant(_)
        | Deed::Void(..)
        | Deed::Arrive(..)
        | Deed::Paper(..)
        | Deed::Revoke(..)
        | Deed::Quota { .. }
        | Deed::Works(..)
        | Deed::Halt { .. } => {}
    }
}

fn leave(permit: &mut Permit, goods: &Goods) {
    for (line, fate) in permit.grant.lines.iter().zip(&mut permit.fates) {
        fate.left = Some(moved(goods, line.letter));
    }
}

fn moved(goods: &Goods, letter: u8) -> u64 {
    let named = goods.iter().find(|(line, ..)| *line == letter);
    named.map_or(0, |(.., quantity)| *quantity)
}

fn at_port(permit: &mut Permit, port: Option<u8>, count: fn(&mut (u8, u32, u32))) {
    let Some(port) = port else { return };
    let known = permit.ports.iter().any(|counts| counts.0 == port);
    if !known && permit.ports.len() < PORTS {
        permit.ports.push((port, 0, 0));
    }
    permit
        .ports
        .iter_mut()
        .filter(|counts| counts.0 == port)
        .for_each(count);
}

fn act(now: Now, said: &Said) -> Act {
    let desk = match said.hat {
        Hat::Authority | Hat::AuthorityAndBorder => 1,
        Hat::Border => 2,
        Hat::Scientist => 3,
        Hat::Delegate => 4,
        Hat::Watch => 5,
    };
    let at_a_port = matches!(
        said.deed,
        Deed::Leave(..)
            | Deed::Pass(_)
            | Deed::Arrive(..)
            | Deed::TurnAway(..)
            | Deed::Cross(..)
            | Deed::Paper(..)
    );
    Act {
        by: said.by,
        desk,
        port: at_a_port.then_some(said.port),
        ms: now.ms,
        height: now.height,
        serial: now.serial,
    }
}

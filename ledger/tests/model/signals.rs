//! The reference: what people look for, read off every permit there is.

use std::collections::BTreeSet;

use crate::world::{Fate, Line, Name, Permit, World};

/// What, whose, since when, which permit.
pub(crate) type Signals = BTreeSet<(&'static str, u8, i64, Name)>;

impl World {
    pub(crate) fn signals(&self) -> Signals {
        let mut all = Signals::new();
        for (name, permit) in &self.permits {
            for (what, of_destination, since) in signals_of(permit) {
                let party = if of_destination {
                    permit.grant.to
                } else {
                    Some(name.0)
                };
                all.extend(party.map(|party| (what, party, since, *name)));
            }
        }
        all
    }
}

/// What, whether it is the destination's rather than the issuer's, since when.
fn signals_of(permit: &Permit) -> Vec<(&'static str, bool, i64)> {
    let mut found = Vec::new();
    let any =
        |asked: &dyn Fn(&Line, &Fate) -> bool| permit.both().any(|(line, fate)| asked(line, fate));
    if let Some(left) = &permit.left {
        // Gone, and not arrived, and nobody says that it is not to arrive.
        if permit.lives() {
            found.push(("open", false, left.ms));
            found.push(("awaited", true, left.ms));
        }
        let less = any(&|line, fate| fate.left.is_some_and(|left| left < line.authorised));
        if less && permit.next.is_none() {
            found.push(("endorsed-less", false, left.ms));
        }
    }
    if let Some(arrived) = &permit.arrived
        && any(&|_, fate| {
            fate.arrived
                .is_some_and(|arrived| arrived < fate.left.unwrap_or(0))
        })
    {
        found.push(("imported-less", false, arrived.ms));
    }
    if permit.attempts + permit.turned_away > 0 {
        found.push(("refused", false, permit.issued.ms));
    }
    if permit.grant.late.is_some() {
        found.push(("retrospective", false, permit.issued.ms));
        if permit.agreed.is_none() && permit.lives() {
            found.push(("consent-due", true, permit.issued.ms));
        }
    }
    if any(&|_, fate| !fate.known) {
        found.push(("not-covered", false, permit.issued.ms));
    }
    if let Some((_, contested)) = &permit.contested {
        found.push(("contested", false, contested.ms));
    }
    found
}

//! A permit as the applied records tell it.

use std::collections::BTreeMap;

use ledger::codes::{Appendix, Unit, Uses};
use ledger::digest::{NumberHash, RecordDigest, TaxonTag};
use ledger::parameters::Parameters;
use ledger::party::{Height, PartyCode};
use ledger::permit::LineId;
use ledger::quantity::Quantity;
use ledger::record::{
    CancelReason, Correct, Direction, Import, Issue, IssuedLine, LineQuantity, PermitKey,
};
use ledger::time::Timestamp;

use super::{Broken, Judged, Needed, must};

/// An endorsement or an import.
#[derive(Clone, Copy, Debug)]
pub(in crate::check) struct Done {
    /// Whose customs did it.
    pub(super) by: PartyCode,
    /// Its record, or the last one that corrects it.
    pub(super) in_force: RecordDigest,
}

/// A permit that was issued, and what became of it.
#[derive(Clone, Debug)]
pub(in crate::check) struct Issued {
    pub(in crate::check) said: Issue,
    pub(in crate::check) lines: BTreeMap<LineId, Line>,
    pub(in crate::check) endorsed: Option<Done>,
    /// The import of one consignment; landings of a total have none.
    pub(super) imported: Option<Done>,
    /// Whether it, or what it is spent with, was imported; of a total, all of it.
    pub(in crate::check) is_spent: bool,
    pub(in crate::check) cancelled: Option<CancelReason>,
    pub(in crate::check) replaced_by: Option<NumberHash>,
    pub(in crate::check) is_contested: bool,
    pub(in crate::check) is_consented: bool,
    /// The import permit that it was issued on, or came in on.
    pub(in crate::check) import_permit: Option<PermitKey>,
    /// The State where a passport is.
    pub(super) inside: Option<PartyCode>,
    pub(in crate::check) refusals: u32,
    /// The last block that changed anything here.
    pub(in crate::check) changed_at: Height,
}

/// A line, in ten-thousandths of its unit.
#[derive(Clone, Debug)]
pub(in crate::check) struct Line {
    pub(in crate::check) unit: Unit,
    pub(super) taxon: TaxonTag,
    pub(in crate::check) authorised: u64,
    pub(in crate::check) endorsed: Option<u64>,
    pub(in crate::check) imported: Option<u64>,
    /// Whether it counts as Appendix I.
    pub(super) is_strict: bool,
    /// Whether it is of Appendix I or II.
    pub(super) is_listed_higher: bool,
    /// Re-exports behind it.
    pub(super) depth: u8,
    /// Whether it draws on a quota.
    pub(super) is_rationed: bool,
}

impl Issued {
    pub(super) fn new(said: &Issue, by: PartyCode, height: Height) -> Self {
        let line = |line: &IssuedLine| {
            let told = Line {
                unit: line.unit,
                taxon: line.taxon,
                authorised: line.authorised.scaled(),
                endorsed: None,
                imported: None,
                is_strict: line.appendix == Appendix::I,
                is_listed_higher: line.appendix != Appendix::III,
                depth: 0,
                is_rationed: false,
            };
            (line.line, told)
        };
        Self {
            lines: said.lines.iter().map(line).collect(),
            endorsed: None,
            imported: None,
            is_spent: false,
            cancelled: None,
            replaced_by: None,
            is_contested: false,
            is_consented: false,
            import_permit: said.import_permit,
            inside: said.kind.is_multi_crossing().then_some(by),
            refusals: 0,
            changed_at: height,
            said: said.clone(),
        }
    }

    pub(in crate::check) const fn is_cancelled(&self) -> bool {
        self.cancelled.is_some()
    }

    pub(in crate::check) const fn is_retrospective(&self) -> bool {
        self.said.retrospective.is_some()
    }

    pub(in crate::check) const fn lacks_consent(&self) -> bool {
        self.is_retrospective() && !self.is_consented
    }

    /// The next crossing of a passport.
    pub(in crate::check) const fn next_direction(&self) -> Direction {
        if self.inside.is_some() {
            Direction::Out
        } else {
            Direction::In
        }
    }

    /// What may at most leave next, or come in.
    pub(in crate::check) fn next_goods(&self, is_leaving: bool) -> Vec<LineQuantity> {
        let is_total = self.said.kind.uses() == Uses::Total;
        let goods = self.lines.iter().filter_map(|(id, line)| {
            let most = match (is_leaving, is_total) {
                (true, _) => line.authorised,
                (false, true) => line.authorised.saturating_sub(line.imported.unwrap_or(0)),
                (false, false) => line.endorsed.unwrap_or(line.authorised),
            };
            Some(LineQuantity {
                line: *id,
                unit: line.unit,
                quantity: Quantity::from_scaled(most).filter(|most| !most.is_zero())?,
            })
        });
        goods.collect()
    }

    /// Whether something moved on it. Import permits move nothing, but are spent.
    const fn is_used(&self) -> bool {
        self.endorsed.is_some() || self.is_spent
    }

    /// Whether what it draws stays drawn: unless it was replaced, or cancelled before anything left.
    pub(super) const fn holds_draws(&self) -> bool {
        self.replaced_by.is_none() && (self.cancelled.is_none() || self.is_used())
    }

    /// Whether it has not begun, and whether it is over.
    pub(in crate::check) fn is_out_of_date(
        &self,
        now: Timestamp,
        parameters: &Parameters,
    ) -> (bool, bool) {
        let (east, west) = (
            parameters.date_begins_offset_minutes,
            parameters.date_ends_offset_minutes,
        );
        let early = now < self.said.valid_from.starts_at(east);
        let late = now >= self.said.valid_until.ends_at(west);
        (early, late)
    }

    /// Whether these are lines of it, in their units, and no more than the limit.
    pub(super) fn fits(&self, goods: &[LineQuantity], limit: impl Fn(&Line) -> u64) -> Judged {
        let fits = |named: &LineQuantity| {
            let line = self.lines.get(&named.line);
            line.is_some_and(|line| {
                line.unit == named.unit && named.quantity.scaled() <= limit(line)
            })
        };
        let is_ordered = goods.is_sorted_by(|a, b| a.line < b.line);
        must(is_ordered && goods.iter().all(fits), Broken::Quantity)
    }

    /// Whether it authorises as much of each taxon in its unit.
    pub(super) fn covers(&self, needed: &Needed) -> bool {
        needed.iter().all(|((taxon, unit), sum)| {
            let same = |line: &&Line| line.taxon == *taxon && line.unit == *unit;
            let lines = self.lines.values().filter(same);
            let granted = lines.fold(0_u128, |sum, line| {
                sum.saturating_add(line.authorised.into())
            });
            *sum <= granted
        })
    }

    pub(super) fn leave(&mut self, goods: &[LineQuantity]) {
        for (id, line) in &mut self.lines {
            line.endorsed = Some(moved(goods, *id));
        }
    }

    pub(super) fn arrive(&mut self, said: &Import, done: Done) {
        if self.said.kind.uses() == Uses::Total {
            for (id, line) in &mut self.lines {
                let landed = line.imported.unwrap_or(0);
                line.imported = Some(landed.saturating_add(moved(&said.lines, *id)));
            }
            let is_whole = |line: &Line| line.imported == Some(line.authorised);
            self.is_spent = self.lines.values().all(is_whole);
            return;
        }
        for (id, line) in &mut self.lines {
            line.imported = Some(moved(&said.lines, *id));
        }
        self.import_permit = self.import_permit.or(said.import_permit);
        self.imported = Some(done);
        self.is_spent = true;
    }

    pub(super) fn correct(&mut self, said: &Correct, digest: RecordDigest) {
        let endorsed = self.endorsed.as_mut();
        if let Some(done) = endorsed.filter(|done| done.in_force == said.record) {
            done.in_force = digest;
            self.leave(&said.lines);
            return;
        }
        if let Some(done) = &mut self.imported {
            done.in_force = digest;
        }
        for (id, line) in &mut self.lines {
            line.imported = Some(moved(&said.lines, *id));
        }
    }
}

/// The quantity given for a line; zero where it is left out.
fn moved(goods: &[LineQuantity], line: LineId) -> u64 {
    let named = goods.iter().find(|named| named.line == line);
    named.map_or(0, |named| named.quantity.scaled())
}

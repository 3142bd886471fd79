//! Rules that a document keeps or breaks by itself, without the ledger, each with its text.
//!
//! Faults stop a document; warnings are for a person to judge. Rules that need the state of the ledger
//! (duplicate numbers, balances of origins, quotas) are only listed here, in the catalogue.
//! What is absent: no clock, so nothing expires here, and no list of species.

mod catalogue;
mod judged;

mod kinds;
mod line;
mod origins;
mod pairs;
mod parties;
mod validity;

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::fault::{FaultCode, PermitFault};
use super::{FormBox, Permit, Place};
use crate::codes::Kind;

pub use self::catalogue::{RuleId, Severity, WhereChecked};
pub use self::judged::{Judged, Outcome};
pub use self::validity::says_retrospective;

pub(crate) use self::line::check_line;
pub(crate) use self::pairs::check_pairs;
pub(crate) use self::validity::{Validity, check_validity};

/// What the rules found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Findings {
    /// Broken rules.
    pub faults: Vec<PermitFault>,
    /// Doubts.
    pub warnings: Vec<PermitFault>,
}

impl Findings {
    fn fault(
        &mut self,
        rule: impl Into<Option<RuleId>>,
        place: Place,
        code: FaultCode,
        message: impl Into<String>,
    ) {
        let rule = rule.into();
        self.faults.push(finding(rule, place, code, message.into()));
    }

    fn warn(
        &mut self,
        rule: impl Into<Option<RuleId>>,
        place: Place,
        code: FaultCode,
        message: impl Into<String>,
    ) {
        let rule = rule.into();
        self.warnings
            .push(finding(rule, place, code, message.into()));
    }
}

const fn finding(
    rule: Option<RuleId>,
    place: Place,
    code: FaultCode,
    message: String,
) -> PermitFault {
    PermitFault {
        xml_line: None,
        place: Some(place),
        code,
        message,
        rule,
    }
}

/// Checks a permit that was built or edited rather than read; [`super::xml::read`] does it by itself.
#[must_use]
pub fn check(permit: &Permit) -> Findings {
    let mut found = Findings::default();
    let validity = Validity {
        kind: permit.kind,
        issued: permit.issued,
        from: permit.valid_from,
        until: permit.valid_until,
    };
    check_validity(&validity, &mut found);
    check_kind_name(permit, &mut found);
    check_letters(permit, &mut found);
    for line in &permit.lines {
        check_line(line, &mut found);
        check_pairs(line, permit.purpose, &mut found);
    }
    check_together(permit, &mut found);
    found
}

/// What boxes must keep that are only known once the whole document was read.
pub(crate) fn check_together(permit: &Permit, found: &mut Findings) {
    validity::check_retrospective(permit, found);
    parties::check_parties(permit, found);
    origins::check_origins(permit, found);
    kinds::check_kind(permit, found);
}

/// The name in box 1.1 must tell the kind, or the document would be read as another one.
fn check_kind_name(permit: &Permit, found: &mut Findings) {
    let Some(name) = &permit.kind_name else {
        return;
    };
    let letter = String::from(permit.kind.letter());
    if Kind::from_box_1(&letter, name.as_str()) != Some(permit.kind) {
        let message = format!("`{name}` does not name a {}", permit.kind.title());
        let at = Place::of(FormBox::B1_1);
        found.fault(RuleId::R15, at, FaultCode::Code, message);
    }
}

/// Lines of a permit that was built: some, each letter once, ascending.
fn check_letters(permit: &Permit, found: &mut Findings) {
    if permit.lines.is_empty() {
        let at = Place::of(FormBox::B7);
        found.fault(None, at, FaultCode::Missing, "the permit has no line");
    }
    for pair in permit.lines.windows(2) {
        if let [one, next] = pair
            && one.id >= next.id
        {
            let message = format!("line {} stands after line {}", next.id, one.id);
            let at = Place::on(FormBox::B7, next.id);
            found.fault(None, at, FaultCode::Repeated, message);
        }
    }
}

#[cfg(test)]
mod tests;

//! Dates: the longest validity, dates that contradict one another, retrospective issue (boxes 2, 13, 14).

use alloc::format;

use super::{Findings, RuleId};
use crate::codes::{Appendix, Kind};
use crate::permit::fault::FaultCode;
use crate::permit::{FormBox, Moment, Permit, Place};

/// What the rules on dates look at (boxes 1, 2, 13).
pub(crate) struct Validity {
    pub(crate) kind: Kind,
    pub(crate) issued: Moment,
    pub(crate) from: Option<Moment>,
    pub(crate) until: Moment,
}

pub(crate) fn check_validity(validity: &Validity, found: &mut Findings) {
    let (issued, until) = (validity.issued.date(), validity.until.date());
    let from = validity.from.map_or(issued, Moment::date);
    let box_2 = Place::of(FormBox::B2);
    // Art. VI.2, Res. Conf. 12.3: the longest period counts from the date of grant.
    let months = validity.kind.months_max();
    if until > issued.plus_months(months) {
        let message =
            format!("valid until {until} is more than {months} months after issue {issued}");
        found.fault(RuleId::R05, box_2, FaultCode::ValidityTooLong, message);
    }
    if until < issued {
        let message = format!("valid until {until} is before issue {issued}");
        found.fault(RuleId::R04, box_2, FaultCode::Dates, message);
    }
    if from > until {
        let message = format!("valid from {from} is after valid until {until}");
        found.fault(RuleId::R04, box_2, FaultCode::Dates, message);
    }
}

/// "Retrospective" in the three languages of the Convention, lower case.
const RETROSPECTIVE: [&str; 4] = ["retrospecti", "rétrospecti", "retroactiv", "rétroactiv"];

/// Whether the special conditions (box 5) say that the document was issued after the goods left.
#[must_use]
pub fn says_retrospective(permit: &Permit) -> bool {
    permit.conditions.iter().any(|condition| {
        let condition = condition.as_str().to_lowercase();
        RETROSPECTIVE.iter().any(|word| condition.contains(word))
    })
}

/// Res. Conf. 12.3, retrospective issue: said on the face, with the destination's consent, never for Appendix I.
pub(super) fn check_retrospective(permit: &Permit, found: &mut Findings) {
    let issued = permit.granted_on();
    let from = permit.valid_from_date();
    let left = permit.endorsement.at.map(Moment::date);
    let left = left.filter(|left| permit.kind.is_endorsed() && *left < issued);
    let (at, what) = match left {
        Some(left) => (
            FormBox::B14,
            format!("left on {left}, before issue {issued}"),
        ),
        None if from < issued => (
            FormBox::B2,
            format!("valid from {from} is before issue {issued}"),
        ),
        None => return,
    };
    let (at, code) = (Place::of(at), FaultCode::Retrospective);
    if permit.kind.is_multi_crossing() {
        // A passport is for many crossings; which of them came before it, it does not show.
        found.warn(RuleId::R14, at, code, what);
        return;
    }
    let is_bound = |appendix: Appendix, source| appendix.treated_with(source) == Appendix::I;
    let bound = permit.lines.iter().find(|l| is_bound(l.appendix, l.source));
    let is_said = says_retrospective(permit);
    if let Some(line) = bound {
        let message = format!(
            "{what}, and line {} is of Appendix I, for which nothing is issued retrospectively",
            line.id
        );
        found.fault(RuleId::R14, at, code, message);
    } else if is_said {
        let message = format!("{what}: retrospective, so the destination must consent");
        found.warn(RuleId::R14, at, code, message);
    } else {
        let message = format!("{what}, and box 5 does not say that it is retrospective");
        match left {
            Some(_) => found.fault(RuleId::R14, at, code, message),
            // The goods may have left later than the document allows.
            None => found.warn(RuleId::R14, at, code, message),
        }
    }
}

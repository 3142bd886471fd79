//! What a line must keep, whatever permit it is on: quantities, quota, and what its source needs.

use alloc::format;
use core::cmp::Ordering;

use super::{Findings, RuleId};
use crate::codes::Source;
use crate::permit::fault::FaultCode;
use crate::permit::{FormBox, Line, Measure, Place};

pub(crate) fn check_line(line: &Line, found: &mut Findings) {
    if line.authorised.quantity.is_zero() {
        let at = Place::on(FormBox::B11, line.id);
        found.fault(
            None,
            at,
            FaultCode::Quantity,
            "a line of nothing is left out, not issued with quantity 0",
        );
    }
    check_sources(line, found);
    check_endorsed(line, found);
    check_quota(line, found);
}

/// Box 10 with box 12b.
fn check_sources(line: &Line, found: &mut Findings) {
    let on = |form_box| Place::on(form_box, line.id);
    // Guidelines for annual reports: I and O tell of the law, a second code of the biology.
    match line.second_source {
        None if line.source.takes_second() => {
            let message = format!("source {} needs a second source beside it", line.source);
            found.warn(
                RuleId::R16,
                on(FormBox::B10),
                FaultCode::SourceAlone,
                message,
            );
        }
        Some(second) if line.source.takes_second() == second.takes_second() => {
            let message = format!(
                "sources {} and {second}: a second source tells the biology beside I or O",
                line.source
            );
            found.warn(
                RuleId::R16,
                on(FormBox::B10),
                FaultCode::SourceAlone,
                message,
            );
        }
        None | Some(_) => {}
    }
    let has = |source| [Some(line.source), line.second_source].contains(&Some(source));
    let box_12b = on(FormBox::B12b);
    if has(Source::PreConvention) && line.acquired.is_none() {
        found.warn(
            RuleId::R16,
            box_12b,
            FaultCode::PreConvention,
            "source O needs the date of acquisition",
        );
    }
    if has(Source::RegisteredOperation) && line.operation.is_none() {
        found.warn(
            RuleId::R16,
            box_12b,
            FaultCode::SourceAlone,
            "source D needs the number of the registered operation",
        );
    }
}

/// Box 14 against box 11: what leaves is never more than what was authorised.
fn check_endorsed(line: &Line, found: &mut Findings) {
    let Some(endorsed) = line.endorsed else {
        return;
    };
    let authorised = line.authorised;
    let (at, code) = (Place::on(FormBox::B14, line.id), FaultCode::OverQuantity);
    let is_one_unit = endorsed.unit == authorised.unit;
    match compare(endorsed, authorised) {
        None => {
            let message = format!(
                "endorsed in {}, authorised in {}, which measures something else",
                endorsed.unit, authorised.unit
            );
            found.fault(RuleId::R08, at, code, message);
        }
        Some(Ordering::Greater) if is_one_unit => {
            let message = format!(
                "{} endorsed, {} authorised",
                endorsed.quantity, authorised.quantity
            );
            found.fault(RuleId::R08, at, code, message);
        }
        Some(Ordering::Greater) => {
            let message = format!(
                "{} endorsed, {} authorised",
                told(endorsed),
                told(authorised)
            );
            found.fault(RuleId::R08, at, code, message);
        }
        Some(Ordering::Less | Ordering::Equal) if is_one_unit => {}
        Some(Ordering::Less | Ordering::Equal) => {
            let message = format!(
                "endorsed in {}, authorised in {}",
                endorsed.unit, authorised.unit
            );
            found.warn(RuleId::R08, at, code, message);
        }
    }
}

/// Box 11a: what was exported this year, this permit included, against the quota and against box 11.
fn check_quota(line: &Line, found: &mut Findings) {
    let Some(used) = line.used_to_date else {
        return;
    };
    let (at, code) = (Place::on(FormBox::B11a, line.id), FaultCode::Quota);
    if let Some(quota) = line.quota {
        match compare(used, quota) {
            None => {
                let message = format!("used in {}, quota in {}", used.unit, quota.unit);
                found.warn(RuleId::R17, at, code, message);
            }
            Some(Ordering::Greater) => {
                let message = format!("{} used, the quota is {}", told(used), told(quota));
                found.warn(RuleId::R17, at, code, message);
            }
            Some(Ordering::Less | Ordering::Equal) => {}
        }
    }
    if compare(used, line.authorised) == Some(Ordering::Less) {
        let message = format!(
            "{} used to date is less than {} of this line, which it includes",
            told(used),
            told(line.authorised)
        );
        found.warn(RuleId::R17, at, code, message);
    }
}

fn told(measure: Measure) -> alloc::string::String {
    format!("{} {}", measure.quantity, measure.unit)
}

/// Compares exactly, kilograms with grams too; none where the units measure different things.
fn compare(one: Measure, other: Measure) -> Option<Ordering> {
    let of_smallest =
        |measure: Measure| u128::from(measure.quantity.scaled()) * u128::from(measure.unit.parts());
    let is_comparable = one.unit.dimension() == other.unit.dimension();
    is_comparable.then(|| of_smallest(one).cmp(&of_smallest(other)))
}

//! Pairs of codes that rarely or never go together; every message says whose rule it is.
//!
//! Whether a specimen is an animal or a plant is said by its term or its source. Where neither tells, nothing
//! is said: there is no list of species here.

use alloc::format;

use super::{Findings, RuleId};
use crate::codes::{Appendix, Group, Purpose, Source, Unit};
use crate::permit::fault::FaultCode;
use crate::permit::{FormBox, Line, Place};
use crate::quantity::Quantity;

pub(crate) fn check_pairs(line: &Line, purpose: Purpose, found: &mut Findings) {
    let mut doubt = |form_box, message| {
        let at = Place::on(form_box, line.id);
        found.warn(RuleId::R15, at, FaultCode::Unlikely, message);
    };
    let unit = line.authorised.unit;
    if let Some(term) = line.term {
        let meaning = term.meaning();
        if !term.suits_dimension(unit.dimension()) {
            doubt(
                FormBox::B11,
                format!(
                    "{term} ({meaning}) is rarely measured in {unit} (UNEP-WCMC pairs of term and unit)"
                ),
            );
        }
        if !term.suits_purpose(purpose) {
            doubt(
                FormBox::B9,
                format!(
                    "{term} ({meaning}) is rarely traded for purpose {purpose} (UNEP-WCMC pairs of term and \
                     purpose)"
                ),
            );
        }
        for source in [Some(line.source), line.second_source]
            .into_iter()
            .flatten()
        {
            if let (Some(told), Some(only)) = (term.group(), source.group())
                && told != only
            {
                doubt(
                    FormBox::B10,
                    format!(
                        "{term} ({meaning}) is of {told}, source {source} is for {only} only (UNEP-WCMC checks of \
                         annual reports; Res. Conf. 12.3)"
                    ),
                );
            }
        }
    }
    if unit == Unit::Number && !is_whole(line.authorised.quantity) {
        doubt(
            FormBox::B11,
            format!(
                "{} specimens: not a whole number (Guidelines for annual reports)",
                line.authorised.quantity
            ),
        );
    }
    let is_registered =
        [Some(line.source), line.second_source].contains(&Some(Source::RegisteredOperation));
    if is_registered && line.appendix != Appendix::I {
        doubt(
            FormBox::B10,
            format!(
                "source D is for Appendix I, this is Appendix {} (Art. VII.4; Res. Conf. 12.3)",
                line.appendix
            ),
        );
    }
}

fn is_whole(quantity: Quantity) -> bool {
    let one = Quantity::from_units(1).map_or(1, Quantity::scaled);
    quantity.scaled().is_multiple_of(one)
}

/// Animal or plant, as term or source tell it.
pub(super) fn group(line: &Line) -> Option<Group> {
    let by_term = line.term.and_then(crate::codes::Term::group);
    let by_second = line.second_source.and_then(Source::group);
    by_term.or(line.source.group()).or(by_second)
}

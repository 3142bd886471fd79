//! Sample permits, made at the start of each demonstration: issued today, valid six months. No date that was
//! ever written into the code meets the clock.

use ledger::codes::{Appendix, Country, Kind, Purpose, Source, Term};
use ledger::permit::number::PermitNumber;
use ledger::permit::text::Text;
use ledger::permit::xml::{self, Reading};
use ledger::permit::{Cited, Moment, Permit};
use ledger::quantity::Quantity;
use ledger::time::CivilDate;

/// Everything of a sample but its number and dates.
const TEMPLATE: &str = include_str!("permit.xml");
/// Longest validity of an export permit (Art. VI.2).
const VALID_MONTHS: u8 = 6;
/// 08:00 UTC, when the office opens.
const OPENING_SECOND: u32 = 8 * 60 * 60;
const LAST_SECOND: u32 = 24 * 60 * 60 - 1;

/// Why there is no sample: the template is wrong, which a test excludes.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the sample permit cannot be made: {0}")]
pub struct SampleError(String);

/// An export permit of Suravia for Norvia: 1,000 skins, line A.
///
/// # Errors
/// [`SampleError`].
pub(crate) fn permit(number: &str, today: CivilDate) -> Result<Permit, SampleError> {
    let wrong = |why: &dyn std::fmt::Display| SampleError(why.to_string());
    let Reading { mut permit, .. } =
        xml::read(TEMPLATE.as_bytes()).map_err(|error| wrong(&error))?;
    let at = |date, second| Moment::new(date, second, 0).ok_or_else(|| wrong(&"no such time"));
    permit.number = PermitNumber::new(number).map_err(|error| wrong(&error))?;
    permit.issued = at(today, OPENING_SECOND)?;
    permit.officer.at = Some(permit.issued);
    permit.valid_from = Some(at(today, 0)?);
    permit.valid_until = at(today.plus_months(VALID_MONTHS), LAST_SECOND)?;
    Ok(permit)
}

/// Norvia's import permit for live falcons, bred in captivity: Appendix I, so nothing leaves without it.
///
/// # Errors
/// [`SampleError`].
pub(super) fn import_permit(number: &str, today: CivilDate) -> Result<Permit, SampleError> {
    let mut permit = falcons(number, today, ("QS", "QN"), FALCONS)?;
    permit.kind = Kind::Import;
    permit.authority.by.country = Some(country("QN")?);
    Ok(permit)
}

/// Suravia's export permit for these falcons.
///
/// # Errors
/// [`SampleError`].
pub(super) fn falcon_export(number: &str, today: CivilDate) -> Result<Permit, SampleError> {
    falcons(number, today, ("QS", "QN"), FALCONS)
}

/// Norvia's re-export certificate for some of them, to Portamar.
///
/// # Errors
/// [`SampleError`].
pub(super) fn re_export(
    number: &str,
    today: CivilDate,
    origin: &Permit,
    units: u64,
) -> Result<Permit, SampleError> {
    let mut permit = falcons(number, today, ("QN", "QP"), units)?;
    permit.kind = Kind::ReExport;
    for line in &mut permit.lines {
        line.origin.country = Some(country("QS")?);
        line.origin.documents = vec![Cited {
            number: Some(origin.number.clone()),
            issued: Some(origin.issued),
        }];
    }
    Ok(permit)
}

/// Falcons that move in the story.
pub(super) const FALCONS: u64 = 4;

fn falcons(
    number: &str,
    today: CivilDate,
    (from, to): (&str, &str),
    units: u64,
) -> Result<Permit, SampleError> {
    let mut permit = permit(number, today)?;
    let text = |words: &str| Text::new(words).ok_or_else(|| SampleError(words.into()));
    permit.purpose = Purpose::Breeding;
    permit.conditions = vec![text(
        "SPECIMEN. Transport by the IATA Live Animals Regulations",
    )?];
    permit.authority.by.country = Some(country(from)?);
    permit.exporter.country = Some(country(from)?);
    permit.importer.country = Some(country(to)?);
    for line in &mut permit.lines {
        line.taxon = text("Falco peregrinus")?;
        line.common_name = Some(text("peregrine falcon")?);
        line.term = Some(Term::from_code("LIV").ok_or_else(|| SampleError("LIV".into()))?);
        line.description = Some(text("live, ringed")?);
        line.marks = vec![text("rings QS 26 001 to 004")?];
        line.appendix = Appendix::I;
        line.source = Source::CaptiveBred;
        line.authorised.quantity =
            Quantity::from_units(units).ok_or_else(|| SampleError("too many".into()))?;
    }
    Ok(permit)
}

fn country(code: &str) -> Result<Country, SampleError> {
    Country::from_code(code).ok_or_else(|| SampleError(code.into()))
}

/// The same permit with another quantity in box 11, line A: what a forger would print.
///
/// # Errors
/// [`SampleError`].
pub(super) fn with_quantity(permit: &Permit, units: u64) -> Result<Permit, SampleError> {
    let mut forged = permit.clone();
    let quantity = Quantity::from_units(units);
    let (Some(line), Some(quantity)) = (forged.lines.first_mut(), quantity) else {
        return Err(SampleError("no line, or too much".into()));
    };
    line.authorised.quantity = quantity;
    Ok(forged)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sample_of_any_day_reads_back_without_a_fault_or_doubt() {
        // 1 January 2024 and the four years after it, leap day and all.
        for day in 19_723..19_723 + 4 * 366 {
            let made = permit("26QS000123", CivilDate(day)).unwrap();
            let reading = xml::read(xml::write(&made).as_bytes()).unwrap();
            assert_eq!(reading.permit, made);
            assert!(reading.warnings.is_empty() && reading.tolerated.is_empty());
            assert_eq!(made.granted_on(), CivilDate(day));
        }
    }

    #[test]
    fn the_forger_changes_one_box() {
        let made = permit("26QS000123", CivilDate(20_000)).unwrap();
        let forged = with_quantity(&made, 9_000).unwrap();
        assert_ne!(forged, made);
        assert_eq!(with_quantity(&forged, 1_000).unwrap(), made);
    }
}

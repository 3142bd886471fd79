//! Where re-exported specimens came from: the documents cited in boxes 12 and 12a.
//!
//! Whether those documents exist, and how much of them is left, only the ledger knows.

use alloc::format;

use super::{Findings, RuleId};
use crate::codes::{Kind, Source};
use crate::permit::fault::FaultCode;
use crate::permit::{FormBox, Line, Permit, Place, Provenance};

pub(super) fn check_origins(permit: &Permit, found: &mut Findings) {
    for line in &permit.lines {
        if permit.kind == Kind::ReExport {
            check_re_export(permit, line, found);
        }
        let boxes = [
            (FormBox::B12, &line.origin),
            (FormBox::B12a, &line.last_re_export),
        ];
        for (form_box, from) in boxes {
            check_cited(permit, Place::on(form_box, line.id), from, found);
        }
    }
}

/// Res. Conf. 12.3, Annex 1: country of origin and of last re-export, each with number and date of its document,
/// or a justification for the omission.
fn check_re_export(permit: &Permit, line: &Line, found: &mut Findings) {
    let box_12 = Place::on(FormBox::B12, line.id);
    match line.origin.country {
        None if permit.conditions.is_empty() => found.fault(
            RuleId::R13,
            box_12,
            FaultCode::Origin,
            "a re-export certificate names the country of origin, or box 5 says why not",
        ),
        None => found.warn(
            RuleId::R13,
            box_12,
            FaultCode::Origin,
            "the country of origin is missing; box 5 must say why",
        ),
        // No permit was ever issued for what was seized, is older than the Convention, or of unknown origin.
        Some(origin) if origin.as_str() == UNKNOWN || is_without_permit(line) => {}
        Some(origin) => {
            let what = format!("the permit of the country of origin {origin}");
            check_complete(box_12, &line.origin, &what, found);
        }
    }
    let box_12a = Place::on(FormBox::B12a, line.id);
    match line.last_re_export.country {
        Some(country) if Some(country) == permit.exporter.country => {
            let message = format!(
                "the last re-export was from {country} itself: box 12a is for the one before this"
            );
            found.warn(RuleId::R13, box_12a, FaultCode::Origin, message);
        }
        Some(country) => {
            let what = format!("the certificate of the last re-export from {country}");
            check_complete(box_12a, &line.last_re_export, &what, found);
        }
        None if !line.last_re_export.documents.is_empty() => found.warn(
            RuleId::R13,
            box_12a,
            FaultCode::Origin,
            "the country of last re-export is missing",
        ),
        None => {}
    }
}

/// The code of CITES for an unknown country.
const UNKNOWN: &str = "XX";

fn is_without_permit(line: &Line) -> bool {
    [Some(line.source), line.second_source]
        .into_iter()
        .flatten()
        .any(|source| {
            matches!(
                source,
                Source::Confiscated | Source::PreConvention | Source::Unknown
            )
        })
}

/// Number and date of at least one document, and both of each.
fn check_complete(at: Place, from: &Provenance, what: &str, found: &mut Findings) {
    if from.documents.is_empty() {
        let message = format!("{what} is not cited");
        found.warn(RuleId::R13, at, FaultCode::Origin, message);
    }
    for cited in &from.documents {
        let message = match (&cited.number, cited.issued) {
            (Some(number), None) => format!("the date of `{number}` is missing"),
            (None, _) => format!("the number of {what} is missing"),
            (Some(_), Some(_)) => continue,
        };
        found.warn(RuleId::R13, at, FaultCode::Origin, message);
    }
}

/// What a document of any kind may not say of those it cites.
fn check_cited(permit: &Permit, at: Place, from: &Provenance, found: &mut Findings) {
    let issued = permit.granted_on();
    let party = from.country.map(|country| country.party());
    for (index, cited) in from.documents.iter().enumerate() {
        let Some(number) = &cited.number else {
            continue;
        };
        if *number == permit.number && (party.is_none() || party == permit.issuer()) {
            let message = format!("`{number}` cites itself");
            found.fault(RuleId::R13, at, FaultCode::Origin, message);
            continue;
        }
        if let Some(date) = cited.issued.map(|moment| moment.date())
            && date > issued
        {
            let message = format!("`{number}` of {date} is cited by a document of {issued}");
            found.warn(RuleId::R13, at, FaultCode::Dates, message);
        }
        let earlier = from.documents.iter().take(index);
        if earlier.clone().any(|other| other.number == cited.number) {
            let message = format!("`{number}` is cited twice");
            found.warn(RuleId::R13, at, FaultCode::Origin, message);
        }
    }
}

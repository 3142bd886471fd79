//! Rules that a document keeps or breaks by itself, without the ledger, each with its text.
//!
//! Faults stop a document; warnings are for a person to judge. Rules that need the state of the ledger
//! (duplicate numbers, origins, quotas) are not here.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::fault::{FaultCode, PermitFault};
use super::{FormBox, Line, Moment, Permit, Place};
use crate::codes::{Kind, Purpose, Source};

/// What the rules found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Findings {
    /// Broken rules.
    pub faults: Vec<PermitFault>,
    /// Doubts.
    pub warnings: Vec<PermitFault>,
}

impl Findings {
    fn fault(&mut self, place: Place, code: FaultCode, message: String) {
        self.faults.push(finding(place, code, message));
    }

    fn warn(&mut self, place: Place, code: FaultCode, message: String) {
        self.warnings.push(finding(place, code, message));
    }
}

fn finding(place: Place, code: FaultCode, message: String) -> PermitFault {
    PermitFault {
        xml_line: None,
        place: Some(place),
        code,
        message,
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
    check_parties(permit, &mut found);
    check_letters(permit, &mut found);
    for line in &permit.lines {
        check_line(line, &mut found);
        check_likelihood(line, permit.purpose, &mut found);
    }
    found
}

/// The name in box 1.1 must tell the kind, or the document would be read as another one.
fn check_kind_name(permit: &Permit, found: &mut Findings) {
    let Some(name) = &permit.kind_name else {
        return;
    };
    let letter = String::from(permit.kind.letter());
    if Kind::from_box_1(&letter, name.as_str()) != Some(permit.kind) {
        let message = format!("`{name}` does not name a {}", permit.kind.title());
        found.fault(Place::of(FormBox::B1_1), FaultCode::Code, message);
    }
}

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
        found.fault(
            box_2,
            FaultCode::ValidityTooLong,
            format!("valid until {until} is more than {months} months after issue {issued}"),
        );
    }
    if until < issued {
        let message = format!("valid until {until} is before issue {issued}");
        found.fault(box_2, FaultCode::Dates, message);
    }
    if from > until {
        let message = format!("valid from {from} is after valid until {until}");
        found.fault(box_2, FaultCode::Dates, message);
    }
    // Res. Conf. 12.3, retrospective issue: never silently.
    if from < issued {
        let message = format!("valid from {from} is before issue {issued}");
        found.warn(box_2, FaultCode::Dates, message);
    }
}

/// Boxes 1, 3a, 4 and 6 against each other.
pub(crate) fn check_parties(permit: &Permit, found: &mut Findings) {
    let (exporter, importer) = (permit.exporter.country, permit.importer.country);
    if permit.is_copy {
        found.warn(
            Place::of(FormBox::B1),
            FaultCode::Copy,
            "marked as a copy, which cannot replace the original".into(),
        );
    }
    if let (Some(exporter), Some(importer)) = (exporter, importer) {
        // An introduction from the sea has one State on both sides; passports come home.
        let may_be_one =
            permit.kind == Kind::IntroductionFromTheSea || permit.kind.is_multi_crossing();
        if exporter == importer && !may_be_one {
            let message = format!("exporter and importer are both in {importer}");
            found.warn(Place::of(FormBox::B3a), FaultCode::Country, message);
        }
    }
    // Art. III.3: the State of import grants the import permit; any other comes from the State that exports.
    let (side, grantor) = match permit.kind {
        Kind::Import | Kind::IntroductionFromTheSea => ("importer", importer),
        Kind::Export
        | Kind::ReExport
        | Kind::Origin
        | Kind::PreConvention
        | Kind::CaptiveBred
        | Kind::Phytosanitary
        | Kind::TravellingExhibition
        | Kind::PersonalOwnership
        | Kind::MusicalInstrument
        | Kind::SampleCollection
        | Kind::Other => ("exporter", exporter),
    };
    if let (Some(grantor), Some(authority)) = (grantor, permit.authority.by.country)
        && grantor != authority
    {
        let message =
            format!("the Management Authority is in {authority}, the {side} in {grantor}");
        found.warn(Place::of(FormBox::B6), FaultCode::Country, message);
    }
    if permit.kind == Kind::ReExport {
        let silent = |line: &&Line| line.origin.country.is_none();
        for line in permit.lines.iter().filter(silent) {
            found.warn(
                Place::on(FormBox::B12, line.id),
                FaultCode::Origin,
                "a re-export certificate names the country of origin".into(),
            );
        }
    }
}

/// Lines of a permit that was built: some, each letter once, ascending.
fn check_letters(permit: &Permit, found: &mut Findings) {
    if permit.lines.is_empty() {
        found.fault(
            Place::of(FormBox::B7),
            FaultCode::Missing,
            "the permit has no line".into(),
        );
    }
    for pair in permit.lines.windows(2) {
        if let [one, next] = pair
            && one.id >= next.id
        {
            let message = format!("line {} stands after line {}", next.id, one.id);
            found.fault(
                Place::on(FormBox::B7, next.id),
                FaultCode::Repeated,
                message,
            );
        }
    }
}

/// What a line must keep, whatever permit it is on.
pub(crate) fn check_line(line: &Line, found: &mut Findings) {
    let on = |form_box| Place::on(form_box, line.id);
    if line.authorised.quantity.is_zero() {
        found.fault(
            on(FormBox::B11),
            FaultCode::Quantity,
            "a line of nothing is left out, not issued with quantity 0".into(),
        );
    }
    // Guidelines for annual reports: I and O tell of the law, a second code of the biology.
    if line.source.takes_second() && line.second_source.is_none() {
        let message = format!("source {} needs a second source beside it", line.source);
        found.warn(on(FormBox::B10), FaultCode::SourceAlone, message);
    }
    let is_pre_convention =
        [Some(line.source), line.second_source].contains(&Some(Source::PreConvention));
    if is_pre_convention && line.acquired.is_none() {
        found.warn(
            on(FormBox::B12b),
            FaultCode::PreConvention,
            "source O needs the date of acquisition".into(),
        );
    }
    if line.source == Source::RegisteredOperation && line.operation.is_none() {
        found.warn(
            on(FormBox::B12b),
            FaultCode::SourceAlone,
            "source D needs the number of the registered operation".into(),
        );
    }
    let Some(endorsed) = line.endorsed else {
        return;
    };
    if endorsed.unit != line.authorised.unit {
        let message = format!(
            "endorsed in {}, authorised in {}",
            endorsed.unit, line.authorised.unit
        );
        found.warn(on(FormBox::B14), FaultCode::OverQuantity, message);
    } else if endorsed.quantity > line.authorised.quantity {
        let message = format!(
            "{} endorsed, {} authorised",
            endorsed.quantity, line.authorised.quantity
        );
        found.warn(on(FormBox::B14), FaultCode::OverQuantity, message);
    }
}

/// Pairs that UNEP-WCMC finds implausible.
pub(crate) fn check_likelihood(line: &Line, purpose: Purpose, found: &mut Findings) {
    let Some(term) = line.term else { return };
    let unit = line.authorised.unit;
    if !term.suits_dimension(unit.dimension()) {
        let message = format!("{} ({}) is rarely measured in {unit}", term, term.meaning());
        found.warn(
            Place::on(FormBox::B11, line.id),
            FaultCode::Unlikely,
            message,
        );
    }
    if !term.suits_purpose(purpose) {
        let message = format!(
            "{} ({}) is rarely traded for purpose {purpose}",
            term,
            term.meaning()
        );
        found.warn(
            Place::on(FormBox::B9, line.id),
            FaultCode::Unlikely,
            message,
        );
    }
}

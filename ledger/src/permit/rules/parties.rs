//! Countries: exporter, importer, Management Authority and origin against one another (boxes 3a, 4, 6, 12).

use alloc::format;

use super::{Findings, RuleId};
use crate::codes::{Kind, Source};
use crate::permit::fault::FaultCode;
use crate::permit::{FormBox, Line, Permit, Place};

pub(super) fn check_parties(permit: &Permit, found: &mut Findings) {
    if permit.is_copy {
        found.warn(
            None,
            Place::of(FormBox::B1),
            FaultCode::Copy,
            "marked as a copy, which cannot replace the original",
        );
    }
    check_traders(permit, found);
    check_authority(permit, found);
    for line in &permit.lines {
        check_origin(permit, line, found);
    }
}

fn check_traders(permit: &Permit, found: &mut Findings) {
    let (Some(exporter), Some(importer)) = (permit.exporter.country, permit.importer.country)
    else {
        return;
    };
    let box_3a = Place::of(FormBox::B3a);
    let is_from_the_sea = permit.kind == Kind::IntroductionFromTheSea;
    // An introduction from the sea has one State on both sides; passports come home.
    if exporter == importer && !is_from_the_sea && !permit.kind.is_multi_crossing() {
        let message = format!("exporter and importer are both in {importer}");
        found.warn(RuleId::R19, box_3a, FaultCode::Country, message);
    }
    // Res. Conf. 12.3, Annex 1: otherwise it is an export from the other State.
    if exporter != importer && is_from_the_sea && exporter.as_str() != HIGH_SEAS {
        let message =
            format!("introduced from the sea into {importer} by an exporter in {exporter}");
        found.warn(RuleId::R19, box_3a, FaultCode::Country, message);
    }
}

/// The code of CITES for the sea outside the jurisdiction of any State.
const HIGH_SEAS: &str = "HS";

/// Art. III.3, III.5: the State of import grants import permits and certificates of introduction from the sea;
/// any other document comes from the State that exports.
fn check_authority(permit: &Permit, found: &mut Findings) {
    let (side, grantor) = match permit.kind {
        Kind::Import | Kind::IntroductionFromTheSea => ("importer", permit.importer.country),
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
        | Kind::Other => ("exporter", permit.exporter.country),
    };
    if let (Some(grantor), Some(authority)) = (grantor, permit.authority.by.country)
        && grantor != authority
    {
        let message =
            format!("the Management Authority is in {authority}, the {side} in {grantor}");
        let at = Place::of(FormBox::B6);
        found.warn(RuleId::R19, at, FaultCode::Country, message);
    }
}

/// Box 12 says where specimens come from that are not of the exporting State; in direct trade it is blank.
fn check_origin(permit: &Permit, line: &Line, found: &mut Findings) {
    let at = Place::on(FormBox::B12, line.id);
    let (origin, exporter) = (line.origin.country, permit.exporter.country);
    let code = FaultCode::Country;
    match permit.kind {
        Kind::Export => check_direct(permit, line, found),
        Kind::Origin => {
            // Res. Conf. 12.3, Annex 1: it states that the specimens originate in the issuing State.
            if let (Some(origin), Some(authority)) = (origin, permit.authority.by.country)
                && origin != authority
            {
                let message = format!("a certificate of origin of {authority} for origin {origin}");
                found.warn(RuleId::R19, at, code, message);
            }
        }
        Kind::ReExport
        | Kind::Import
        | Kind::PreConvention
        | Kind::CaptiveBred
        | Kind::Phytosanitary
        | Kind::Other => {
            if let (Some(origin), true) = (origin, origin == exporter) {
                let message = format!(
                    "the origin {origin} is the exporter's country (UNEP-WCMC checks of annual reports)"
                );
                found.warn(RuleId::R19, at, code, message);
            }
        }
        Kind::IntroductionFromTheSea
        | Kind::TravellingExhibition
        | Kind::PersonalOwnership
        | Kind::MusicalInstrument
        | Kind::SampleCollection => {}
    }
}

/// An export permit is for specimens of the exporting State.
fn check_direct(permit: &Permit, line: &Line, found: &mut Findings) {
    let at = Place::on(FormBox::B12, line.id);
    let cited = line
        .origin
        .documents
        .iter()
        .chain(&line.last_re_export.documents);
    let numbers = cited.filter_map(|cited| cited.number.as_ref());
    if let Some(number) = numbers.into_iter().next() {
        let message = format!(
            "an export permit cites `{number}`: what was imported leaves with a re-export certificate"
        );
        found.warn(RuleId::R19, at, FaultCode::Country, message);
        return;
    }
    let (Some(origin), Some(exporter)) = (line.origin.country, permit.exporter.country) else {
        return;
    };
    let is_of_the_sea = line.source == Source::Sea && origin.as_str() == HIGH_SEAS;
    if origin == exporter {
        let message =
            format!("the origin {origin} is the exporter's country: blank in direct trade");
        found.warn(RuleId::R19, at, FaultCode::Country, message);
    } else if !is_of_the_sea {
        let message = format!(
            "an export permit of {exporter} for origin {origin}: what was imported leaves with a re-export \
             certificate"
        );
        found.warn(RuleId::R19, at, FaultCode::Country, message);
    }
}

//! What each kind of document expects of purpose, source, Appendix and lines (`domain.md` 1.1, 1.2).
//!
//! All of it is doubt, not refusal: whether a purpose is primarily commercial, or a certificate fits, the
//! Management Authority has judged, and a person may judge again.

use alloc::format;
use alloc::string::String;

use super::{Findings, RuleId, pairs};
use crate::codes::{Appendix, Group, Kind, Purpose, Source, Unit};
use crate::permit::fault::FaultCode;
use crate::permit::{FormBox, Line, Permit, Place};
use crate::quantity::Quantity;

pub(super) fn check_kind(permit: &Permit, found: &mut Findings) {
    check_unknown_source(permit, found);
    match permit.kind {
        Kind::Export | Kind::ReExport | Kind::Import => check_not_commercial(permit, found),
        Kind::Origin => check_lines(permit, found, |line| {
            // Art. V.3: Appendices I and II need more than a certificate of origin.
            (line.appendix != Appendix::III).then(|| {
                let message = format!(
                    "a certificate of origin is for Appendix III, this is Appendix {} (Art. V.3)",
                    line.appendix
                );
                (FormBox::B10, message)
            })
        }),
        Kind::IntroductionFromTheSea => check_sources(
            permit,
            found,
            &[Source::Sea],
            "an introduction from the sea has source X (Art. III.5, IV.6)",
        ),
        Kind::PreConvention => {
            check_sources(
                permit,
                found,
                &[Source::PreConvention],
                "a pre-Convention certificate is for source O (Art. VII.2)",
            );
            check_acquired(permit, found);
        }
        Kind::CaptiveBred => check_sources(
            permit,
            found,
            &[
                Source::ArtificiallyPropagated,
                Source::CaptiveBred,
                Source::RegisteredOperation,
            ],
            "a certificate of captive breeding is for sources A, C and D (Art. VII.4, VII.5)",
        ),
        Kind::Phytosanitary => check_phytosanitary(permit, found),
        Kind::TravellingExhibition => check_exhibition(permit, found),
        Kind::PersonalOwnership => check_ownership(permit, found),
        Kind::MusicalInstrument => check_instrument(permit, found),
        Kind::SampleCollection => check_samples(permit, found),
        Kind::Other => {}
    }
}

/// One doubt for each line of which `doubt` gives a box and words.
fn check_lines(
    permit: &Permit,
    found: &mut Findings,
    doubt: impl Fn(&Line) -> Option<(FormBox, String)>,
) {
    for line in &permit.lines {
        if let Some((form_box, message)) = doubt(line) {
            let at = Place::on(form_box, line.id);
            found.warn(RuleId::R15, at, FaultCode::Kind, message);
        }
    }
}

fn has_one_of(line: &Line, sources: &[Source]) -> bool {
    let mut all = [Some(line.source), line.second_source]
        .into_iter()
        .flatten();
    all.any(|source| sources.contains(&source))
}

fn check_sources(permit: &Permit, found: &mut Findings, sources: &[Source], rule: &str) {
    check_lines(permit, found, |line| {
        let message = || format!("source {}: {rule}", line.source);
        (!has_one_of(line, sources)).then(|| (FormBox::B10, message()))
    });
}

/// Res. Conf. 12.3, Annex 2, box 10: U must be justified.
fn check_unknown_source(permit: &Permit, found: &mut Findings) {
    if !permit.conditions.is_empty() {
        return;
    }
    for line in &permit.lines {
        if has_one_of(line, &[Source::Unknown]) {
            let at = Place::on(FormBox::B10, line.id);
            found.warn(
                RuleId::R16,
                at,
                FaultCode::SourceAlone,
                "source U needs its reason in box 5",
            );
        }
    }
}

/// Art. III.3 c): specimens of Appendix I are not imported to be used for primarily commercial purposes.
/// Pre-Convention specimens are exempt (Art. VII.2), those of registered operations deemed to be of Appendix II.
fn check_not_commercial(permit: &Permit, found: &mut Findings) {
    if permit.purpose != Purpose::Commercial {
        return;
    }
    check_lines(permit, found, |line| {
        let is_bound = line.appendix.treated_with(line.source) == Appendix::I;
        let is_bound = is_bound && !has_one_of(line, &[Source::PreConvention]);
        is_bound.then(|| {
            let message = "Appendix I is not traded for primarily commercial purposes, this is purpose T (Art. III.3 \
                           c))";
            (FormBox::B10, message.into())
        })
    });
}

/// A date of acquisition after the issue is none.
fn check_acquired(permit: &Permit, found: &mut Findings) {
    let issued = permit.granted_on();
    for line in &permit.lines {
        let at = Place::on(FormBox::B12b, line.id);
        match line.acquired.map(|moment| moment.date()) {
            Some(acquired) if acquired > issued => {
                let message = format!("acquired on {acquired}, after issue {issued}");
                found.warn(RuleId::R16, at, FaultCode::PreConvention, message);
            }
            // Where source O stands, the rule of source O asks for the date.
            None if !has_one_of(line, &[Source::PreConvention]) => found.warn(
                RuleId::R16,
                at,
                FaultCode::PreConvention,
                "a pre-Convention certificate needs the date of acquisition",
            ),
            None | Some(_) => {}
        }
    }
}

/// Res. Conf. 12.3: only for artificially propagated plants.
fn check_phytosanitary(permit: &Permit, found: &mut Findings) {
    check_sources(
        permit,
        found,
        &[Source::ArtificiallyPropagated],
        "a phytosanitary certificate serves for source A only (Res. Conf. 12.3)",
    );
    check_lines(permit, found, |line| {
        let term = line
            .term
            .filter(|term| term.group() == Some(Group::Animal))?;
        let message = format!(
            "a phytosanitary certificate is for plants, {term} ({}) is of animals",
            term.meaning()
        );
        Some((FormBox::B9, message))
    });
}

fn check_purpose(
    permit: &Permit,
    found: &mut Findings,
    is_expected: impl Fn(Purpose) -> bool,
    rule: &str,
) {
    if !is_expected(permit.purpose) {
        let message = format!("purpose {}: {rule}", permit.purpose);
        let at = Place::of(FormBox::B5a);
        found.warn(RuleId::R15, at, FaultCode::Kind, message);
    }
}

/// 50 CFR 23.49: captive-bred, artificially propagated or pre-Convention, one live animal a certificate.
fn check_exhibition(permit: &Permit, found: &mut Findings) {
    check_purpose(
        permit,
        found,
        |purpose| purpose == Purpose::Exhibition,
        "a travelling exhibition has purpose Q (Res. Conf. 12.3)",
    );
    check_sources(
        permit,
        found,
        &[
            Source::ArtificiallyPropagated,
            Source::CaptiveBred,
            Source::RegisteredOperation,
            Source::PreConvention,
        ],
        "an exhibition travels with sources A, C, D and O (50 CFR 23.49)",
    );
    let is_animal = |line: &Line| pairs::group(line) == Some(Group::Animal);
    check_one_animal(permit, found, is_animal, "50 CFR 23.49");
}

/// Res. Conf. 10.20: a certificate for each live animal, of its owner.
fn check_ownership(permit: &Permit, found: &mut Findings) {
    check_purpose(
        permit,
        found,
        |purpose| purpose == Purpose::Personal,
        "a certificate of ownership has purpose P (Res. Conf. 10.20)",
    );
    check_lines(permit, found, |line| {
        let is_live = line.term.is_none_or(|term| term.code() == LIVE);
        let is_plant = pairs::group(line) == Some(Group::Plant);
        let message = "a certificate of ownership is for a live animal (Res. Conf. 10.20)";
        (!is_live || is_plant).then(|| (FormBox::B9, message.into()))
    });
    check_one_animal(permit, found, |_| true, "Res. Conf. 10.20");
}

/// The trade term of live animals and plants.
const LIVE: &str = "LIV";

fn is_live(line: &Line) -> bool {
    line.term.is_some_and(|term| term.code() == LIVE)
}

fn check_one_animal(
    permit: &Permit,
    found: &mut Findings,
    is_animal: impl Fn(&Line) -> bool,
    source: &str,
) {
    let one = Quantity::from_units(1).unwrap_or_default();
    let mut total = Quantity::ZERO;
    let is_counted = |line: &&Line| line.authorised.unit == Unit::Number;
    let animals = permit
        .lines
        .iter()
        .filter(|line| is_live(line) && is_animal(line));
    for line in animals.filter(is_counted) {
        total = total
            .checked_add(line.authorised.quantity)
            .unwrap_or(Quantity::MAX);
        if total > one {
            let message =
                format!("{total} live animals: each has a certificate of its own ({source})");
            let at = Place::on(FormBox::B11, line.id);
            found.warn(RuleId::R15, at, FaultCode::Kind, message);
            return;
        }
    }
}

/// Res. Conf. 16.8: instruments cross borders for performance, never for sale.
fn check_instrument(permit: &Permit, found: &mut Findings) {
    check_purpose(
        permit,
        found,
        |purpose| purpose != Purpose::Commercial,
        "a musical instrument crosses borders without being sold (Res. Conf. 16.8)",
    );
    check_lines(permit, found, |line| {
        let message = "a musical instrument is not alive (Res. Conf. 16.8)";
        is_live(line).then(|| (FormBox::B9, message.into()))
    });
}

/// Res. Conf. 12.3: samples of Appendices II and III, or deemed so, dead, under an ATA carnet.
fn check_samples(permit: &Permit, found: &mut Findings) {
    check_lines(permit, found, |line| {
        let message = "a sample collection holds nothing alive (Res. Conf. 12.3)";
        is_live(line).then(|| (FormBox::B9, message.into()))
    });
    check_lines(permit, found, |line| {
        let is_bred = has_one_of(line, &[Source::ArtificiallyPropagated, Source::CaptiveBred]);
        let is_bound = line.appendix.treated_with(line.source) == Appendix::I && !is_bred;
        let message = "a sample collection holds Appendix I only where it is bred or propagated (Res. Conf. 12.3)";
        is_bound.then(|| (FormBox::B10, message.into()))
    });
    let names_carnet = permit
        .conditions
        .iter()
        .any(|condition| condition.as_str().to_lowercase().contains("carnet"));
    if !names_carnet {
        found.warn(
            RuleId::R15,
            Place::of(FormBox::B5),
            FaultCode::Kind,
            "box 5 does not name the ATA carnet of the samples (Res. Conf. 12.3)",
        );
    }
}

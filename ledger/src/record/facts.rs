//! The facts of a document that its record puts on the ledger, and nothing else of it.

use alloc::vec::Vec;

use super::{Issue, IssuedLine, OperationKey};
use crate::codes::{Kind, Source};
use crate::digest::ChainId;
use crate::party::PartyCode;
use crate::permit::commitment::{SecretFile, operation_hash, stamp_digest, taxon_tag};
use crate::permit::number::number_hash;
use crate::permit::{FormBox, Line, Permit, Place};
use crate::state::{LineState, PermitState};

impl Issue {
    /// What the Management Authority of `issuer` states when it issues `permit`. Links to other permits (origins,
    /// import permit, replaced permit) and the `retrospective` reason are the caller's to set.
    #[must_use]
    pub fn of(chain: ChainId, issuer: PartyCode, permit: &Permit, file: &SecretFile) -> Self {
        let line = |line: &Line| IssuedLine {
            line: line.id,
            unit: line.authorised.unit,
            authorised: line.authorised.quantity,
            appendix: line.appendix,
            source: line.source,
            taxon: taxon_tag(file.taxon_key(line.id).as_bytes(), line.taxon.as_str()),
            origins: Vec::new(),
            species: file
                .species_seal
                .as_ref()
                .map(|seal| seal.key_of(line.taxon.as_str())),
            operation: operation(chain, issuer, permit.kind, line),
        };
        Self {
            number: number_hash(chain, issuer, permit.number.as_str()),
            kind: permit.kind,
            destination: permit.destination(),
            granted_on: permit.granted_on(),
            valid_from: permit.valid_from_date(),
            valid_until: permit.valid_until_date(),
            lines: permit.lines.iter().map(line).collect(),
            commitment: file.commitment(),
            stamp: permit
                .stamp()
                .map(|stamp| stamp_digest(chain, issuer, stamp.as_str())),
            retrospective: None,
            replaces: None,
            import_permit: None,
        }
    }
}

/// The registered operation that a line of source D names: in the issuer's register, or where the specimens
/// were bred if they are re-exported.
fn operation(chain: ChainId, issuer: PartyCode, kind: Kind, line: &Line) -> Option<OperationKey> {
    let registration = line.operation.as_ref()?;
    let bred_in = line.origin.country.map(|country| country.party());
    let party = match kind {
        Kind::ReExport => bred_in?,
        Kind::Export
        | Kind::Import
        | Kind::Origin
        | Kind::IntroductionFromTheSea
        | Kind::PreConvention
        | Kind::CaptiveBred
        | Kind::Phytosanitary
        | Kind::TravellingExhibition
        | Kind::PersonalOwnership
        | Kind::MusicalInstrument
        | Kind::SampleCollection
        | Kind::Other => issuer,
    };
    let number = operation_hash(chain, party, registration.as_str());
    (line.source == Source::RegisteredOperation).then_some(OperationKey { party, number })
}

/// The boxes in which a document contradicts the facts on the ledger, in the order of the form. Needs no
/// secret, and finds only what the ledger holds: agreement does not prove the document.
#[must_use]
pub fn contradictions(permit: &Permit, state: &PermitState) -> Vec<Place> {
    let mut places = Vec::new();
    let mut compare = |form_box, line, differs: bool| {
        if differs {
            places.push(Place { form_box, line });
        }
    };
    compare(FormBox::B1, None, permit.kind != state.kind);
    compare(
        FormBox::B2,
        None,
        permit.valid_from_date() != state.valid_from,
    );
    compare(
        FormBox::B2,
        None,
        permit.valid_until_date() != state.valid_until,
    );
    compare(
        FormBox::B3a,
        None,
        permit.destination() != state.destination,
    );
    for line in &permit.lines {
        let id = Some(line.id);
        let known = state.line(line.id);
        let is = |same: fn(&Line, &LineState) -> bool| known.is_some_and(|known| same(line, known));
        compare(
            FormBox::B10,
            id,
            !is(|a, b| a.appendix == b.appendix && a.source == b.source),
        );
        compare(
            FormBox::B11,
            id,
            !is(|a, b| a.authorised.quantity == b.authorised && a.authorised.unit == b.unit),
        );
    }
    for known in &state.lines {
        compare(
            FormBox::B11,
            Some(known.line),
            permit.line(known.line).is_none(),
        );
    }
    compare(FormBox::B13, None, permit.granted_on() != state.granted_on);
    places.dedup();
    places
}

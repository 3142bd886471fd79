//! What the permits of the year say: kinds, lines, quantities. Nothing that names anybody.

use ledger::codes::{Appendix, Kind, Source, Unit};
use ledger::digest::{ChainId, Commitment, Digest, SpeciesKey, TaxonTag, sha256};
use ledger::party::PartyCode;
use ledger::permit::LineId;
use ledger::permit::number::number_hash;
use ledger::quantity::Quantity;
use ledger::record::{Issue, IssuedLine, LineQuantity};
use ledger::time::CivilDate;

use super::table::{Table, number, pick};
use crate::random::Random;

/// Species that the Parties of a world trade in.
const SPECIES: u64 = 500;
/// Ten-thousandths of a unit: what is weighed or measured is written to three decimal places.
const GRAIN: u64 = 10;
const SCALE: u64 = 10_000;

/// A permit before anybody issues it.
#[derive(Clone, Debug)]
pub(super) struct Draft {
    name: String,
    kind: Kind,
    destination: Option<PartyCode>,
    lines: Vec<IssuedLine>,
}

impl Draft {
    /// Draws lines, sources and quantities.
    pub(super) fn new(
        random: &mut Random,
        table: &Table,
        (kind, destination): (Kind, PartyCode),
        name: String,
    ) -> Self {
        let drawn = pick(random, &table.appendices).unwrap_or(Appendix::II);
        let appendix = if kind == Kind::Export {
            drawn
        } else {
            Appendix::II
        };
        let count = number(random, &table.lines);
        let last = u8::try_from(count).unwrap_or(u8::MAX);
        let mut line = |id: LineId| {
            let source = pick(random, &table.sources).unwrap_or(Source::Wild);
            let unit = pick(random, &table.units).unwrap_or(Unit::Number);
            IssuedLine {
                line: id,
                unit,
                authorised: quantity(random, table, unit),
                appendix,
                source: source_of(kind, source),
                taxon: TaxonTag(named(&name, &format!("taxon {id}"))),
                origins: Vec::new(),
                species: Some(SpeciesKey(named(
                    "species",
                    &random.below(SPECIES).to_string(),
                ))),
                operation: None,
            }
        };
        let lines = (1..=last).filter_map(LineId::new).map(&mut line).collect();
        Self {
            kind,
            destination: Some(destination),
            lines,
            name,
        }
    }

    /// A certificate of ownership of one animal.
    pub(super) fn passport(random: &mut Random, name: String) -> Self {
        let line = IssuedLine {
            line: LineId::A,
            unit: Unit::Number,
            authorised: Quantity::from_units(1).unwrap_or(Quantity::MAX),
            appendix: Appendix::II,
            source: Source::CaptiveBred,
            taxon: TaxonTag(named(&name, "taxon")),
            origins: Vec::new(),
            species: Some(SpeciesKey(named(
                "species",
                &random.below(SPECIES).to_string(),
            ))),
            operation: None,
        };
        Self {
            kind: Kind::PersonalOwnership,
            destination: None,
            lines: vec![line],
            name,
        }
    }

    /// The permit of another number that takes its place.
    pub(super) fn replacement(&self) -> Self {
        Self {
            name: format!("{}/R", self.name),
            ..self.clone()
        }
    }

    /// Whether it is for Appendix I, and so rests on an import permit.
    pub(super) fn is_strict(&self) -> bool {
        self.lines.iter().any(|line| line.appendix == Appendix::I)
    }

    /// As its authority issues it today.
    pub(super) fn issue(&self, chain: ChainId, issuer: PartyCode, today: CivilDate) -> Issue {
        self.said(self.kind, (chain, issuer), today)
    }

    /// The import permit that it rests on.
    pub(super) fn import_permit(&self, chain: ChainId, to: PartyCode, today: CivilDate) -> Issue {
        let granted = Self {
            name: format!("{}/I", self.name),
            ..self.clone()
        };
        granted.said(Kind::Import, (chain, to), today)
    }

    /// The certificate under which one line of it travels on.
    pub(super) fn re_export(
        &self,
        (to, line): (PartyCode, IssuedLine),
        by: (ChainId, PartyCode),
        today: CivilDate,
    ) -> Issue {
        let onward = Self {
            name: format!("{}/X", self.name),
            kind: Kind::ReExport,
            destination: Some(to),
            lines: vec![line],
        };
        onward.said(Kind::ReExport, by, today)
    }

    fn said(&self, kind: Kind, (chain, by): (ChainId, PartyCode), today: CivilDate) -> Issue {
        Issue {
            // Two digits of the year, the issuing Party, a serial number.
            number: number_hash(chain, by, &format!("{}{}", today.year() % 100, self.name)),
            kind,
            destination: self.destination,
            granted_on: today,
            valid_from: today,
            valid_until: today.plus_months(kind.months_max()),
            lines: self.lines.clone(),
            commitment: Commitment(named(&self.name, "document")),
            stamp: (kind == Kind::Export).then(|| named(&self.name, "stamp")),
            retrospective: None,
            replaces: None,
            import_permit: None,
        }
    }
}

/// All that lines authorise.
pub(super) fn quantities(lines: &[IssuedLine]) -> Vec<LineQuantity> {
    let quantity = |line: &IssuedLine| LineQuantity {
        line: line.line,
        unit: line.unit,
        quantity: line.authorised,
    };
    lines.iter().map(quantity).collect()
}

/// All of it, or in so many of a thousand cases between half and all of each line; never nothing.
pub(super) fn part(
    random: &mut Random,
    mut lines: Vec<LineQuantity>,
    permille: u64,
) -> Vec<LineQuantity> {
    if !random.happens(permille) {
        return lines;
    }
    for line in &mut lines {
        let grain = if line.unit == Unit::Number {
            SCALE
        } else {
            GRAIN
        };
        let share = random.below(500).saturating_add(500);
        let scaled = line.quantity.scaled().saturating_mul(share) / 1000;
        let whole = scaled
            .checked_div(grain)
            .unwrap_or(0)
            .max(1)
            .saturating_mul(grain);
        line.quantity = Quantity::from_scaled(whole).unwrap_or(line.quantity);
    }
    lines
}

fn quantity(random: &mut Random, table: &Table, unit: Unit) -> Quantity {
    let units = number(random, &table.quantities);
    let fraction = random.below(SCALE / GRAIN).saturating_mul(GRAIN);
    let fraction = if unit == Unit::Number { 0 } else { fraction };
    let scaled = units.saturating_mul(SCALE).saturating_add(fraction);
    Quantity::from_scaled(scaled).unwrap_or(Quantity::MAX)
}

/// Some kinds of documents are for specimens of one source.
const fn source_of(kind: Kind, drawn: Source) -> Source {
    match kind {
        Kind::CaptiveBred | Kind::PersonalOwnership => Source::CaptiveBred,
        Kind::PreConvention => Source::PreConvention,
        Kind::Export
        | Kind::ReExport
        | Kind::Import
        | Kind::Origin
        | Kind::IntroductionFromTheSea
        | Kind::Phytosanitary
        | Kind::TravellingExhibition
        | Kind::MusicalInstrument
        | Kind::SampleCollection
        | Kind::Other => drawn,
    }
}

fn named(one: &str, other: &str) -> Digest {
    sha256(format!("{one} {other}").as_bytes())
}

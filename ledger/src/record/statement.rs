//! What an office can state about a permit, in the fields that the rules need and no others.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use core::str::FromStr;

use minicbor::{Decode, Decoder, Encode, Encoder, decode, encode};

use super::FormError;
use crate::codes::{Appendix, Kind, Source, Unit};
use crate::digest::{Commitment, Digest, NumberHash, TaxonTag};
use crate::limits::{LINES_MAX, ORIGINS_PER_LINE_MAX};
use crate::party::PartyCode;
use crate::permit::LineId;
use crate::quantity::Quantity;
use crate::reason::Reason;
use crate::time::CivilDate;

/// Names a permit: its issuing Party and the hash of its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
pub struct PermitKey {
    /// The Party that issued it.
    #[n(0)]
    pub issuer: PartyCode,
    /// Its number, hashed.
    #[n(1)]
    pub number: NumberHash,
}

/// A port as UN/LOCODE: two letters of the country, three letters or digits of the place.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Port([u8; 5]);

impl Port {
    /// Reads a code such as `QNHAR`.
    #[must_use]
    pub fn new(text: &str) -> Option<Self> {
        let code: [u8; 5] = text.as_bytes().try_into().ok()?;
        let [first, second, rest @ ..] = &code;
        let country = first.is_ascii_uppercase() && second.is_ascii_uppercase();
        let place = rest
            .iter()
            .all(|byte| byte.is_ascii_uppercase() || (b'2'..=b'9').contains(byte));
        (country && place).then_some(Self(code))
    }

    /// The five characters.
    #[must_use]
    pub fn as_str(&self) -> &str {
        core::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl fmt::Display for Port {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Port {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Port {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::new(text).ok_or_else(|| {
            alloc::format!("`{text}` is not a UN/LOCODE: five characters, such as QNHAR")
        })
    }
}

impl<C> Encode<C> for Port {
    fn encode<W: encode::Write>(
        &self,
        e: &mut Encoder<W>,
        _: &mut C,
    ) -> Result<(), encode::Error<W::Error>> {
        e.str(self.as_str())?.ok()
    }
}

impl<'b, C> Decode<'b, C> for Port {
    fn decode(d: &mut Decoder<'b>, _: &mut C) -> Result<Self, decode::Error> {
        Self::new(d.str()?).ok_or_else(|| decode::Error::message("not a UN/LOCODE"))
    }
}

/// A quantity of a permit's line, in a unit that must be the line's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct LineQuantity {
    /// The line: A, B, C, …
    #[n(0)]
    pub line: LineId,
    /// Its unit (box 11).
    #[n(1)]
    pub unit: Unit,
    /// How much; never zero, a line that did not move is left out.
    #[n(2)]
    pub quantity: Quantity,
}

/// Where a re-exported line comes from (box 12): what it draws, in the origin's unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
pub struct Origin {
    /// The cited permit.
    #[n(0)]
    pub permit: PermitKey,
    /// Its line.
    #[n(1)]
    pub line: LineId,
    /// How much of it goes into this line.
    #[n(2)]
    pub drawn: Quantity,
}

/// A line of an issued permit, in the facts that rules need. Species, terms and marks stay committed.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct IssuedLine {
    /// A, B, C, …
    #[n(0)]
    pub line: LineId,
    /// Unit of every quantity of this line (box 11).
    #[n(1)]
    pub unit: Unit,
    /// Quantity authorised (box 11), never zero.
    #[n(2)]
    pub authorised: Quantity,
    /// Appendix (box 10).
    #[n(3)]
    pub appendix: Appendix,
    /// Source (box 10).
    #[n(4)]
    pub source: Source,
    /// Taxon (box 7) under a key that travels with the document.
    #[n(5)]
    pub taxon: TaxonTag,
    /// Permits that this line re-exports from (box 12); empty for an original export.
    #[n(6)]
    pub origins: Vec<Origin>,
}

/// A Management Authority issues a permit; the ledger itself takes the author as issuer.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Issue {
    /// The permit's number, hashed with the author's code.
    #[n(0)]
    pub number: NumberHash,
    /// Kind (box 1).
    #[n(1)]
    pub kind: Kind,
    /// Country of import (box 3a); absent for kinds that cross many borders.
    #[n(2)]
    pub destination: Option<PartyCode>,
    /// Date of grant (box 13).
    #[n(3)]
    pub granted_on: CivilDate,
    /// First day of validity.
    #[n(4)]
    pub valid_from: CivilDate,
    /// Last day of validity (box 2).
    #[n(5)]
    pub valid_until: CivilDate,
    /// The lines, ascending.
    #[n(6)]
    pub lines: Vec<IssuedLine>,
    /// Commitment to the whole document.
    #[n(7)]
    pub commitment: Commitment,
    /// Security stamp number (box 5b), hashed.
    #[n(8)]
    pub stamp: Option<Digest>,
    /// Issued after the goods left (Res. Conf. 12.3).
    #[n(9)]
    pub retrospective: bool,
    /// The permit that this one replaces.
    #[n(10)]
    pub replaces: Option<NumberHash>,
    /// The destination's import permit that an Appendix I export rests on (Art. III.2 d).
    #[n(11)]
    pub import_permit: Option<PermitKey>,
}

/// Customs of the issuing Party certify what really leaves (box 14).
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Endorse {
    /// The permit.
    #[n(0)]
    pub permit: PermitKey,
    /// Quantities that leave, by line.
    #[n(1)]
    pub lines: Vec<LineQuantity>,
    /// Port of export.
    #[n(2)]
    pub port: Port,
    /// Bill of lading or air waybill (box 15), hashed.
    #[n(3)]
    pub transport: Option<Digest>,
}

/// Customs of any Party have seen the goods in transit (Art. VII.1). Never spends, never locks.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Sight {
    /// The permit, issued or not.
    #[n(0)]
    pub permit: PermitKey,
    /// Where.
    #[n(1)]
    pub port: Port,
}

/// Customs of the destination accept the import, which spends the permit (Art. VI.6).
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Import {
    /// The permit.
    #[n(0)]
    pub permit: PermitKey,
    /// Quantities accepted, by line.
    #[n(1)]
    pub lines: Vec<LineQuantity>,
    /// Port of import.
    #[n(2)]
    pub port: Port,
}

/// Customs of any Party refuse the goods. Visible to all; does not spend.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Refuse {
    /// The permit, issued or not.
    #[n(0)]
    pub permit: PermitKey,
    /// Why.
    #[n(1)]
    pub reason: Reason,
    /// Where.
    #[n(2)]
    pub port: Port,
}

/// Why a permit is cancelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum CancelReason {
    /// A mistake in the document.
    #[n(1)]
    Clerical,
    /// The document was lost.
    #[n(2)]
    Lost,
    /// The document was stolen.
    #[n(3)]
    Stolen,
    /// The authority takes it back.
    #[n(4)]
    Withdrawn,
    /// Another permit takes its place.
    #[n(5)]
    Replaced,
}

impl CancelReason {
    /// All reasons, in their order.
    pub const ALL: [Self; 5] = [
        Self::Clerical,
        Self::Lost,
        Self::Stolen,
        Self::Withdrawn,
        Self::Replaced,
    ];

    /// The word used in flags and JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Clerical => "clerical",
            Self::Lost => "lost",
            Self::Stolen => "stolen",
            Self::Withdrawn => "withdrawn",
            Self::Replaced => "replaced",
        }
    }

    /// What a later act on the permit is answered.
    #[must_use]
    pub const fn refusal(self) -> Reason {
        match self {
            Self::Clerical | Self::Withdrawn => Reason::Cancelled,
            Self::Lost => Reason::Lost,
            Self::Stolen => Reason::Stolen,
            Self::Replaced => Reason::Replaced,
        }
    }
}

impl FromStr for CancelReason {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|reason| reason.as_str() == text)
            .ok_or_else(|| {
                alloc::format!(
                    "`{text}` is not a reason: clerical, lost, stolen, withdrawn or replaced"
                )
            })
    }
}

/// The issuing Party's Management Authority cancels a permit. Never undoes a use.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Cancel {
    /// The permit.
    #[n(0)]
    pub permit: PermitKey,
    /// Why.
    #[n(1)]
    pub reason: CancelReason,
}

/// What is stated. The indices stand on the ledger; later statements take new ones.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum Statement {
    /// A permit comes alive.
    #[n(1)]
    Issue(#[n(0)] Issue),
    /// Box 14.
    #[n(2)]
    Endorse(#[n(0)] Endorse),
    /// Seen in transit.
    #[n(3)]
    Sight(#[n(0)] Sight),
    /// Accepted and spent.
    #[n(4)]
    Import(#[n(0)] Import),
    /// Refused at the border.
    #[n(5)]
    Refuse(#[n(0)] Refuse),
    /// Cancelled by its issuer.
    #[n(6)]
    Cancel(#[n(0)] Cancel),
}

impl Statement {
    /// The word used in logs, JSON and the table of rules.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Issue(_) => "issue",
            Self::Endorse(_) => "endorse",
            Self::Sight(_) => "sight",
            Self::Import(_) => "import",
            Self::Refuse(_) => "refuse",
            Self::Cancel(_) => "cancel",
        }
    }

    /// The permit it is about. `author` is the issuer of what it issues, so that nobody can squat on
    /// another Party's number.
    #[must_use]
    pub const fn permit(&self, author: PartyCode) -> PermitKey {
        match self {
            Self::Issue(issue) => PermitKey {
                issuer: author,
                number: issue.number,
            },
            Self::Endorse(endorse) => endorse.permit,
            Self::Sight(sight) => sight.permit,
            Self::Import(import) => import.permit,
            Self::Refuse(refuse) => refuse.permit,
            Self::Cancel(cancel) => cancel.permit,
        }
    }

    pub(super) fn check_form(&self) -> Result<(), FormError> {
        match self {
            Self::Issue(issue) => check_issued_lines(&issue.lines),
            Self::Endorse(Endorse { lines, .. }) | Self::Import(Import { lines, .. }) => {
                check_order(lines, |line| line.line)?;
                check_quantities(lines.iter().map(|line| line.quantity))
            }
            Self::Sight(_) | Self::Refuse(_) | Self::Cancel(_) => Ok(()),
        }
    }
}

fn check_issued_lines(lines: &[IssuedLine]) -> Result<(), FormError> {
    check_order(lines, |line| line.line)?;
    check_quantities(lines.iter().map(|line| line.authorised))?;
    for IssuedLine { origins, .. } in lines {
        let ordered = origins.is_sorted_by(|a, b| (a.permit, a.line) < (b.permit, b.line));
        if origins.len() > ORIGINS_PER_LINE_MAX || !ordered {
            return Err(FormError::Origins);
        }
        check_quantities(origins.iter().map(|origin| origin.drawn))?;
    }
    Ok(())
}

fn check_order<T>(lines: &[T], id: impl Fn(&T) -> LineId) -> Result<(), FormError> {
    let ordered = lines.is_sorted_by(|a, b| id(a) < id(b));
    if lines.is_empty() || lines.len() > LINES_MAX || !ordered {
        return Err(FormError::Lines);
    }
    Ok(())
}

fn check_quantities(mut quantities: impl Iterator<Item = Quantity>) -> Result<(), FormError> {
    if quantities.any(Quantity::is_zero) {
        Err(FormError::ZeroQuantity)
    } else {
        Ok(())
    }
}

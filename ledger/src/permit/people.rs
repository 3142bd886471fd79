//! Traders, authorities, signatories and places of a permit (boxes 3, 4, 6, 13, 14).

use super::Moment;
use super::text::Text;
use crate::codes::Country;

/// A trader or authority with its address. Everything may be absent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TradeParty {
    /// Identifier given by whoever registers it.
    pub id: Option<Text>,
    /// Name.
    pub name: Option<Text>,
    /// Postcode.
    pub postcode: Option<Text>,
    /// Post office box.
    pub po_box: Option<Text>,
    /// Street and house number.
    pub street: Option<Text>,
    /// City.
    pub city: Option<Text>,
    /// Country; of the importer: box 3a.
    pub country: Option<Country>,
    /// Name of the country, as written.
    pub country_name: Option<Text>,
    /// State, province or region.
    pub subdivision: Option<Text>,
    /// Person who represents it.
    pub representative: Option<Text>,
    /// Person who may sign for it.
    pub signer: Option<Text>,
}

impl TradeParty {
    /// Its texts with their names in field paths; the country stands apart.
    #[must_use]
    pub const fn texts(&self) -> [(&'static str, &Option<Text>); 10] {
        [
            ("id", &self.id),
            ("name", &self.name),
            ("postcode", &self.postcode),
            ("po-box", &self.po_box),
            ("street", &self.street),
            ("city", &self.city),
            ("country-name", &self.country_name),
            ("subdivision", &self.subdivision),
            ("representative", &self.representative),
            ("signer", &self.signer),
        ]
    }
}

/// Who signed in a box, when and where. Everything may be absent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Signatory {
    /// When it was signed.
    pub at: Option<Moment>,
    /// Identifier; of the Management Authority's signature (box 6): the security stamp number of box 5b.
    pub id: Option<Text>,
    /// Statement, or a signature in words.
    pub statement: Option<Text>,
    /// Who signed.
    pub by: TradeParty,
    /// Where.
    pub place: Site,
}

/// A place: its UN/LOCODE or other code, and its name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Site {
    /// Code.
    pub id: Option<Text>,
    /// Name.
    pub name: Option<Text>,
}

/// Box 14, as the document shows it; the ledger keeps its own record of it. Everything may be absent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Endorsement {
    /// Signature of the examining authority.
    pub signed: Signatory,
    /// When the goods left.
    pub at: Option<Moment>,
    /// Port of export.
    pub port: Site,
    /// Who certified the examination.
    pub certified_by: TradeParty,
}

/// Box 15: the transport document. Everything may be absent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Transport {
    /// Number of the bill of lading or air waybill.
    pub number: Option<Text>,
    /// UN/EDIFACT 1001 code of the kind of document.
    pub type_code: Option<Text>,
    /// Its date.
    pub issued: Option<Moment>,
}

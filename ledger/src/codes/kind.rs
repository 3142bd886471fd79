//! Kinds of CITES documents (box 1): how long they may be valid, how often they may be used.
//!
//! The label for scientific exchange (Art. VII.6) is not here: it is no permit and nobody uses it up.

use core::fmt;

use minicbor::{Decode, Encode};

/// Kind of a permit or certificate (box 1; Res. Conf. 12.3). The indices stand on the ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
#[cbor(index_only)]
pub enum Kind {
    /// Export permit (Art. III.2, IV.2, V.2).
    #[n(1)]
    Export,
    /// Re-export certificate (Art. III.4, IV.5).
    #[n(2)]
    ReExport,
    /// Import permit (Art. III.3).
    #[n(3)]
    Import,
    /// Certificate of origin, Appendix III (Art. V.3).
    #[n(4)]
    Origin,
    /// Certificate of introduction from the sea (Art. III.5, IV.6).
    #[n(5)]
    IntroductionFromTheSea,
    /// Pre-Convention certificate (Art. VII.2).
    #[n(6)]
    PreConvention,
    /// Certificate of captive breeding or artificial propagation (Art. VII.5).
    #[n(7)]
    CaptiveBred,
    /// Phytosanitary certificate that serves as a CITES certificate (Res. Conf. 12.3).
    #[n(8)]
    Phytosanitary,
    /// Travelling-exhibition certificate (Art. VII.7, Res. Conf. 12.3).
    #[n(9)]
    TravellingExhibition,
    /// Certificate of ownership of personal live animals (Res. Conf. 10.20).
    #[n(10)]
    PersonalOwnership,
    /// Musical instrument certificate (Res. Conf. 16.8).
    #[n(11)]
    MusicalInstrument,
    /// Sample collection certificate, with an ATA carnet (Res. Conf. 12.3).
    #[n(12)]
    SampleCollection,
    /// Any other kind that a Management Authority defines.
    #[n(13)]
    Other,
}

/// How often a document may be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Uses {
    /// For one consignment; the import spends it (Art. VI.5, VI.6).
    Single,
    /// As a passport: crosses borders many times and is never collected.
    Crossings,
    /// Drawn down by landings to a total within a year (Art. IV.7).
    Total,
}

/// A row of the table of kinds.
struct Row {
    /// Box 1: E export, R re-export, I import, O other.
    letter: char,
    /// Word in files and flags.
    word: &'static str,
    title: &'static str,
    /// Longest validity in calendar months from the date of grant.
    months_max: u8,
    uses: Uses,
}

/// Where the texts leave the period to the issuer ("as stated"), the longest that any CITES document may
/// have: three years.
const AS_STATED: u8 = 36;

/// Words in box 1.1, lower case, in the three languages of the Convention, and the kind they tell.
/// The first that occurs decides.
const NAMES: &[(&str, Kind)] = &[
    ("musical", Kind::MusicalInstrument),
    ("instrument", Kind::MusicalInstrument),
    ("exhibition", Kind::TravellingExhibition),
    ("exposition", Kind::TravellingExhibition),
    ("exhibición", Kind::TravellingExhibition),
    ("exposición", Kind::TravellingExhibition),
    ("sample", Kind::SampleCollection),
    ("échantillons", Kind::SampleCollection),
    ("muestras", Kind::SampleCollection),
    ("ownership", Kind::PersonalOwnership),
    ("propriété", Kind::PersonalOwnership),
    ("propiedad", Kind::PersonalOwnership),
    ("from the sea", Kind::IntroductionFromTheSea),
    ("de la mer", Kind::IntroductionFromTheSea),
    ("del mar", Kind::IntroductionFromTheSea),
    ("pre-convention", Kind::PreConvention),
    ("pré-convention", Kind::PreConvention),
    ("preconvención", Kind::PreConvention),
    ("captive", Kind::CaptiveBred),
    ("captivity", Kind::CaptiveBred),
    ("propagat", Kind::CaptiveBred),
    ("captivité", Kind::CaptiveBred),
    ("cautividad", Kind::CaptiveBred),
    ("reproduit", Kind::CaptiveBred),
    ("reproducid", Kind::CaptiveBred),
    ("phytosanitary", Kind::Phytosanitary),
    ("phytosanitaire", Kind::Phytosanitary),
    ("fitosanitario", Kind::Phytosanitary),
    ("origin", Kind::Origin),
    ("origen", Kind::Origin),
];

impl Kind {
    /// All kinds, in their order.
    pub const ALL: [Self; 13] = [
        Self::Export,
        Self::ReExport,
        Self::Import,
        Self::Origin,
        Self::IntroductionFromTheSea,
        Self::PreConvention,
        Self::CaptiveBred,
        Self::Phytosanitary,
        Self::TravellingExhibition,
        Self::PersonalOwnership,
        Self::MusicalInstrument,
        Self::SampleCollection,
        Self::Other,
    ];

    /// The table. Periods: Art. VI.2 (export, six months), Res. Conf. 12.3, 50 CFR 23.54.
    #[rustfmt::skip]
    const fn row(self) -> Row {
        use Uses::{Crossings, Single, Total};
        let (letter, word, title, months_max, uses) = match self {
            Self::Export => ('E', "export", "export permit", 6, Single),
            Self::ReExport => ('R', "re-export", "re-export certificate", 6, Single),
            Self::Import => ('I', "import", "import permit", 12, Single),
            Self::Origin => ('O', "origin", "certificate of origin", 12, Single),
            Self::IntroductionFromTheSea => ('O', "introduction-from-the-sea", "certificate of introduction from the sea", 12, Total),
            Self::PreConvention => ('O', "pre-convention", "pre-Convention certificate", AS_STATED, Single),
            Self::CaptiveBred => ('O', "captive-bred", "certificate of captive breeding or artificial propagation", AS_STATED, Single),
            Self::Phytosanitary => ('O', "phytosanitary", "phytosanitary certificate", AS_STATED, Single),
            Self::TravellingExhibition => ('O', "travelling-exhibition", "travelling-exhibition certificate", 36, Crossings),
            Self::PersonalOwnership => ('O', "personal-ownership", "certificate of ownership", 36, Crossings),
            Self::MusicalInstrument => ('O', "musical-instrument", "musical instrument certificate", 36, Crossings),
            Self::SampleCollection => ('O', "sample-collection", "sample collection certificate", 6, Crossings),
            Self::Other => ('O', "other", "other", AS_STATED, Single),
        };
        Row { letter, word, title, months_max, uses }
    }

    /// The word used in files, flags and messages.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        self.row().word
    }

    /// The name as people say it: `export permit`.
    #[must_use]
    pub const fn title(self) -> &'static str {
        self.row().title
    }

    /// The letter of box 1 and of the e-permit XML: E, R, I or O.
    #[must_use]
    pub const fn letter(self) -> char {
        self.row().letter
    }

    /// Longest validity, in calendar months from the date of grant, clamped to the end of the month.
    #[must_use]
    pub const fn months_max(self) -> u8 {
        self.row().months_max
    }

    /// How often it may be used.
    #[must_use]
    pub const fn uses(self) -> Uses {
        self.row().uses
    }

    /// Whether one import spends it.
    #[must_use]
    pub fn is_single_use(self) -> bool {
        self.uses() == Uses::Single
    }

    /// Whether it is a passport that names no destination and is never collected.
    #[must_use]
    pub fn is_multi_crossing(self) -> bool {
        self.uses() == Uses::Crossings
    }

    /// Whether customs ever endorse its export in box 14. Import permits and certificates of introduction
    /// from the sea leave no State; the crossings of passports are recorded one by one.
    #[must_use]
    pub const fn is_endorsed(self) -> bool {
        match self {
            Self::Import
            | Self::IntroductionFromTheSea
            | Self::TravellingExhibition
            | Self::PersonalOwnership
            | Self::MusicalInstrument
            | Self::SampleCollection => false,
            Self::Export
            | Self::ReExport
            | Self::Origin
            | Self::PreConvention
            | Self::CaptiveBred
            | Self::Phytosanitary
            | Self::Other => true,
        }
    }

    /// Reads a word as [`Self::as_str`] gives it.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }

    /// The kind told by box 1: the letter and, where that is `O`, the name in box 1.1.
    #[must_use]
    pub fn from_box_1(letter: &str, name: &str) -> Option<Self> {
        match letter {
            "E" => Some(Self::Export),
            "R" => Some(Self::ReExport),
            "I" => Some(Self::Import),
            "O" => Some(Self::from_name(name)),
            _ => None,
        }
    }

    fn from_name(name: &str) -> Self {
        let name = name.to_lowercase();
        let told = NAMES.iter().find(|(word, _)| name.contains(word));
        told.map_or(Self::Other, |(_, kind)| *kind)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_its_row_and_is_told_by_its_title() {
        for (index, kind) in Kind::ALL.into_iter().enumerate() {
            assert_eq!(
                crate::codec::encode(&kind),
                [u8::try_from(index).unwrap() + 1]
            );
            assert_eq!(Kind::from_word(kind.as_str()), Some(kind));
            let letter = std::string::String::from(kind.letter());
            assert_eq!(Kind::from_box_1(&letter, kind.title()), Some(kind));
        }
        assert_eq!(Kind::from_box_1("X", ""), None);
    }

    #[test]
    fn box_1_1_is_read_in_the_three_languages() {
        for (name, kind) in [
            (
                "Certificat pour instrument de musique",
                Kind::MusicalInstrument,
            ),
            ("CERTIFICADO DE ORIGEN", Kind::Origin),
            (
                "Introduction en provenance de la mer",
                Kind::IntroductionFromTheSea,
            ),
            ("Certificat pré-Convention", Kind::PreConvention),
            ("Label", Kind::Other),
            ("", Kind::Other),
        ] {
            assert_eq!(Kind::from_box_1("O", name), Some(kind), "{name}");
        }
    }

    #[test]
    fn import_permits_introductions_and_passports_are_never_endorsed() {
        use Kind::{
            Import, IntroductionFromTheSea, MusicalInstrument, PersonalOwnership, SampleCollection,
            TravellingExhibition,
        };
        let never: std::vec::Vec<_> = Kind::ALL.into_iter().filter(|k| !k.is_endorsed()).collect();
        let expected = [
            Import,
            IntroductionFromTheSea,
            TravellingExhibition,
            PersonalOwnership,
            MusicalInstrument,
            SampleCollection,
        ];
        assert_eq!(never, expected);
    }
}

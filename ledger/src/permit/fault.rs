//! What is wrong or doubtful in a document: the XML line, the box, the words, the code.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use super::Place;
use super::rules::{Findings, RuleId};
#[cfg(doc)]
use crate::limits::FAULTS_MAX;

macro_rules! fault_codes {
    ($($(#[$doc:meta])* $variant:ident $code:literal;)*) => {
        /// Kind of a fault or warning: stable, for scripts.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum FaultCode {
            $($(#[$doc])* $variant,)*
        }

        impl FaultCode {
            /// All codes.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// The code as printed in brackets.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $code),* }
            }
        }
    };
}

fault_codes! {
    /// Not well-formed XML, or XML that is refused unread: too large, too deep, `<!DOCTYPE`, entities.
    Xml "XML";
    /// No e-permit of toolkit version 2, or several in one file.
    NoPermit "NO_PERMIT";
    /// A value that its type does not allow.
    Xsd "XSD";
    /// A code that is not in its list.
    Code "CODE";
    /// A box that must be filled is not.
    Missing "MISSING";
    /// A box is filled twice.
    Repeated "REPEATED";
    /// More lines or citations than fit.
    TooMany "TOO_MANY";
    /// Valid for longer than the kind allows (Res. Conf. 12.3).
    ValidityTooLong "VALIDITY_TOO_LONG";
    /// Dates that contradict one another.
    Dates "DATES";
    /// A quantity of nothing.
    Quantity "QUANTITY";

    /// Warning: an old or foreign code, read as today's.
    Alias "ALIAS";
    /// Warning: an element that is not in the path table; its content is not part of the permit.
    Unknown "UNKNOWN";
    /// Warning: a copy cannot replace the original (Art. VI.4).
    Copy "COPY";
    /// Warning: source O needs the date of acquisition (box 12b).
    PreConvention "PRE_CONVENTION";
    /// Warning: a source that needs something beside it (box 10, box 12b).
    SourceAlone "SOURCE_ALONE";
    /// Warning: codes that rarely or never meet: term, unit, purpose, source, Appendix.
    Unlikely "UNLIKELY";
    /// Warning: boxes that do not fit the kind of the document.
    Kind "KIND";
    /// Warning: countries that contradict kind or each other (boxes 3a, 4, 6, 12).
    Country "COUNTRY";
    /// A document that cites itself, or a re-export certificate that is silent about where the specimens came
    /// from. Warning: what it says of that is incomplete (boxes 12, 12a).
    Origin "ORIGIN";
    /// Box 14 shows more than box 11, or measures something else. Warning: another unit for the same.
    OverQuantity "OVER_QUANTITY";
    /// Issued after the goods left, for Appendix I or without saying so. Warning: issued after they left.
    Retrospective "RETROSPECTIVE";
    /// Warning: more used than the quota, or quantities of box 11a that contradict box 11.
    Quota "QUOTA";
}

/// One fault: `line 41, box 11 line A: quantity … is not a decimal number [XSD]`.
/// The same type tells warnings, which do not stop a document.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PermitFault {
    /// Line of the XML file, from 1; absent for a permit that was not read from a file.
    pub xml_line: Option<u32>,
    /// Box and line of the form; absent where the fault is of the file.
    pub place: Option<Place>,
    /// Its kind.
    pub code: FaultCode,
    /// What is wrong, in words, with the input in backticks.
    pub message: String,
    /// The rule of the catalogue that is broken or in doubt; absent where the document cannot be read there.
    pub rule: Option<RuleId>,
}

impl fmt::Display for PermitFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.xml_line, self.place) {
            (Some(xml_line), Some(_)) => write!(f, "line {xml_line}, ")?,
            (Some(xml_line), None) => write!(f, "line {xml_line}: ")?,
            (None, _) => {}
        }
        if let Some(place) = self.place {
            fmt::Display::fmt(&place.form_box, f)?;
            match place.line {
                Some(line) => write!(f, " line {line}: ")?,
                None => f.write_str(": ")?,
            }
        }
        write!(f, "{} [{}]", self.message, self.code.as_str())
    }
}

impl FaultCode {
    /// Whether a box could not be read, so that rules that look at it were not judged.
    #[must_use]
    pub const fn is_of_reading(self) -> bool {
        match self {
            Self::Xml
            | Self::NoPermit
            | Self::Xsd
            | Self::Code
            | Self::Missing
            | Self::Repeated
            | Self::TooMany => true,
            Self::ValidityTooLong
            | Self::Dates
            | Self::Quantity
            | Self::Alias
            | Self::Unknown
            | Self::Copy
            | Self::PreConvention
            | Self::SourceAlone
            | Self::Unlikely
            | Self::Kind
            | Self::Country
            | Self::Origin
            | Self::OverQuantity
            | Self::Retrospective
            | Self::Quota => false,
        }
    }
}

/// Why a document is no permit: all its faults, in the order of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PermitError {
    /// The first [`FAULTS_MAX`] faults, sorted, each once; never empty.
    pub faults: Vec<PermitFault>,
    /// How many more there were.
    pub more: usize,
    /// Doubts beside the faults, sorted; what stands in boxes that could not be read is not among them.
    pub warnings: Vec<PermitFault>,
}

impl PermitError {
    /// Sorts faults and keeps as many as are told.
    pub(crate) fn new(
        Findings {
            mut faults,
            mut warnings,
        }: Findings,
        more: usize,
    ) -> Self {
        for list in [&mut faults, &mut warnings] {
            list.sort();
            list.dedup();
        }
        Self {
            faults,
            more,
            warnings,
        }
    }

    /// Faults and doubts together, to be told rule by rule.
    #[must_use]
    pub fn findings(&self) -> Findings {
        Findings {
            faults: self.faults.clone(),
            warnings: self.warnings.clone(),
        }
    }
}

/// One fault a line.
impl fmt::Display for PermitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, fault) in self.faults.iter().enumerate() {
            let separator = if index == 0 { "" } else { "\n" };
            write!(f, "{separator}{fault}")?;
        }
        match self.more {
            0 => Ok(()),
            more => write!(f, "\nand {more} more faults"),
        }
    }
}

impl core::error::Error for PermitError {}

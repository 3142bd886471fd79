//! E-permit XML of the CITES toolkit, version 2, to and from [`Permit`]: the only reader of foreign text.
//!
//! Element names are read without their namespace prefix, because partners send all sorts (`rsm:`, `urn1:`,
//! none) and wrap the document in SOAP or other envelopes. The path table is that of `domain.md` 4.2. What
//! the table does not know is tolerated and counted; what it knows and cannot read is a fault. All faults
//! are told at once. Attributes other than `unitCode` are notation and are not looked at.
//! What is absent: no DTD, no entities but the five of XML, no schema fetched, no toolkit version 1 or 3.

mod read;
mod tree;
mod write;

use alloc::string::String;
use alloc::vec::Vec;

use super::Permit;
use super::fault::PermitFault;
use super::rules::Findings;

pub use self::read::{read, read_presented};
pub use self::write::write;

/// A permit that was read, and what had to be tolerated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reading {
    /// The permit.
    pub permit: Permit,
    /// How much had to be tolerated, by kind.
    pub tolerated: Tolerated,
    /// Doubts for a person, in the order of the file.
    pub warnings: Vec<PermitFault>,
}

impl Reading {
    /// The doubts, to be told rule by rule.
    #[must_use]
    pub fn findings(&self) -> Findings {
        Findings {
            faults: Vec::new(),
            warnings: self.warnings.clone(),
        }
    }
}

/// Deviations that do not change the meaning of a document.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tolerated {
    /// Known elements without content, attributes aside.
    pub empty_elements: usize,
    /// Values that are only `?`.
    pub placeholders: usize,
    /// Elements outside the path table that hold something; it is not part of the permit.
    pub unknown_elements: usize,
    /// Old or foreign codes, lower-case codes, lines numbered instead of lettered.
    pub aliases: usize,
    /// Dates without a time or an offset.
    pub bare_dates: usize,
}

impl Tolerated {
    /// Whether there was anything.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// `4 empty elements, 1 placeholder`: for a line of output.
impl core::fmt::Display for Tolerated {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let kinds = [
            (self.empty_elements, "empty element"),
            (self.placeholders, "placeholder"),
            (self.unknown_elements, "unknown element"),
            (self.aliases, "other code"),
            (self.bare_dates, "bare date"),
        ];
        let told: Vec<String> = kinds
            .into_iter()
            .filter(|(count, _)| *count > 0)
            .map(|(count, what)| {
                let plural = if count == 1 { "" } else { "s" };
                alloc::format!("{count} {what}{plural}")
            })
            .collect();
        if told.is_empty() {
            return f.write_str("nothing");
        }
        f.write_str(&told.join(", "))
    }
}

#[cfg(test)]
mod tests;

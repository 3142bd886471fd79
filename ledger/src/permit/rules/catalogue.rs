//! The catalogue of rules, R01 to R22: words, text, severity, and where each is checked.
//!
//! Rules that a document keeps or breaks by itself are checked beside this file; the others by the ledger.

use core::fmt;

/// How grave it is to break a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The Convention leaves no choice: the document or the consignment is stopped.
    Stop,
    /// A person, or the policy of a Party, decides.
    Warning,
    /// Neither valid nor false: the ledger cannot know, and says so.
    NotCovered,
}

impl Severity {
    /// The word in messages.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Stop => "stop",
            Self::Warning => "warning",
            Self::NotCovered => "not covered",
        }
    }
}

/// Who can tell whether a rule is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum WhereChecked {
    /// The document alone.
    Document,
    /// The document in part; the rest needs the ledger or today's date.
    Both,
    /// The ledger alone.
    Ledger,
}

macro_rules! catalogue {
    ($($rule:ident $place:ident $severity:ident $words:literal, $source:literal;)*) => {
        /// A rule of the catalogue (`domain.md` 1.12): what a verifier checks of a permit.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum RuleId {
            $(#[doc = $words] $rule,)*
        }

        impl RuleId {
            /// All rules, in their order.
            pub const ALL: &[Self] = &[$(Self::$rule),*];

            /// Its name: `R05`.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$rule => stringify!($rule)),* }
            }

            /// What must hold, in plain words.
            #[must_use]
            pub const fn words(self) -> &'static str {
                match self { $(Self::$rule => $words),* }
            }

            /// The text it rests on.
            #[must_use]
            pub const fn source(self) -> &'static str {
                match self { $(Self::$rule => $source),* }
            }

            /// The gravest that breaking it can mean.
            #[must_use]
            pub const fn severity(self) -> Severity {
                match self { $(Self::$rule => Severity::$severity),* }
            }

            /// Who can tell whether it is kept.
            #[must_use]
            pub const fn where_checked(self) -> WhereChecked {
                match self { $(Self::$rule => WhereChecked::$place),* }
            }
        }
    };
}

catalogue! {
    R01 Ledger Stop
        "the issuing Party knows the number, and its Management Authority signed the issue with a valid key",
        "Art. VI.3";
    R02 Ledger Stop
        "the document shows what was issued, box by box",
        "50 CFR 23.26";
    R03 Ledger Stop
        "the document is not cancelled, lost, stolen or replaced",
        "50 CFR 23.52; Regulation (EC) 865/2006, Art. 12";
    R04 Both Stop
        "the document is used within its validity, whose dates agree with one another",
        "Art. VI.2; 50 CFR 23.54";
    R05 Document Stop
        "the document is not valid for longer than its kind may be",
        "Art. IV.7, VI.2; Res. Conf. 12.3; 50 CFR 23.54";
    R06 Ledger Stop
        "a document for one consignment was not used before",
        "Art. VI.5, VI.6";
    R07 Ledger Warning
        "customs of the exporting Party endorsed the export",
        "Res. Conf. 12.3, Annex 1";
    R08 Both Stop
        "no line is endorsed for more than it authorises, nor in a unit that measures something else",
        "Art. VI.5; Res. Conf. 12.3, Annex 1";
    R09 Ledger Stop
        "no more is imported than was endorsed",
        "Art. VI.5";
    R10 Ledger Stop
        "the importing Party is the country of import, or of the same union",
        "Res. Conf. 12.3, Annex 2, box 3a";
    R11 Ledger Stop
        "only the exporting Party endorses, only the importing Party clears, a transit Party only looks",
        "Art. VI.6, VII.1";
    R12 Ledger Stop
        "an export of Appendix I rests on an import permit of the destination",
        "Art. III.2 d), III.3";
    R13 Both Stop
        "a re-export names where its specimens came from, and does not exceed what was imported",
        "Art. III.4, IV.5; Res. Conf. 12.3; 50 CFR 23.26";
    R14 Both Stop
        "a document issued after the goods left says so, rests on the destination's consent, and is never of Appendix I",
        "Res. Conf. 12.3";
    R15 Document Stop
        "every code is in its list, and codes go together",
        "Guidelines for annual reports; UNEP-WCMC checks of annual reports; Res. Conf. 12.3";
    R16 Document Warning
        "sources D, O, U and I have beside them what they need",
        "Res. Conf. 12.3; Guidelines for annual reports";
    R17 Both Warning
        "no more is exported in a year than the quota",
        "Res. Conf. 12.3, Annex 2, box 11a";
    R18 Ledger Warning
        "a document for many crossings goes out and in by turns, with one holder, in one State at a time",
        "Res. Conf. 12.3; 50 CFR 23.49";
    R19 Document Warning
        "exporter, importer, Management Authority and origin are in countries that agree with one another",
        "Art. III, IV, V; UNEP-WCMC checks of annual reports";
    R20 Ledger Stop
        "trade of the Party in the species is not suspended",
        "Art. VIII.7, XIII; 50 CFR 23.26";
    R21 Ledger Warning
        "the security stamp is on one document only",
        "Res. Conf. 12.3, Annex 1";
    R22 Ledger NotCovered
        "the issuing Party takes part in the ledger",
        "Art. X";
}

impl fmt::Display for RuleId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_are_numbered_one_to_twenty_two_and_each_has_its_words_and_text() {
        assert_eq!(RuleId::ALL.len(), 22);
        for (number, rule) in (1..).zip(RuleId::ALL) {
            assert_eq!(rule.as_str(), std::format!("R{number:02}"));
            assert!(!rule.words().is_empty() && !rule.source().is_empty());
        }
    }
}

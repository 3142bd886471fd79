//! What was found, told rule by rule.

use alloc::vec::Vec;

use super::{Findings, RuleId, WhereChecked};
use crate::permit::fault::PermitFault;

/// How a document stands to a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Kept, as far as [`RuleId::where_checked`] lets the document tell.
    Passed,
    /// In doubt: a person decides.
    Warning,
    /// Broken.
    Stop,
    /// The document cannot tell.
    NeedsLedger,
    /// Not looked at, because boxes could not be read.
    NotJudged,
}

impl Outcome {
    /// The words in a list of rules.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Warning => "warning",
            Self::Stop => "stop",
            Self::NeedsLedger => "needs the ledger",
            Self::NotJudged => "not judged",
        }
    }
}

/// A rule, how the document stands to it, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judged<'a> {
    /// The rule.
    pub rule: RuleId,
    /// How the document stands to it.
    pub outcome: Outcome,
    /// What was found: faults, then warnings.
    pub findings: Vec<&'a PermitFault>,
}

impl Findings {
    /// Every rule of the catalogue, in its order.
    #[must_use]
    pub fn by_rule(&self) -> Vec<Judged<'_>> {
        let all = RuleId::ALL.iter().copied();
        all.map(|rule| self.judge(rule)).collect()
    }

    /// What belongs to no rule: boxes that could not be read, and what was tolerated.
    #[must_use]
    pub fn without_rule(&self) -> Vec<&PermitFault> {
        let all = self.faults.iter().chain(&self.warnings);
        all.filter(|finding| finding.rule.is_none()).collect()
    }

    fn judge(&self, rule: RuleId) -> Judged<'_> {
        let of_rule = |finding: &&PermitFault| finding.rule == Some(rule);
        let mut findings: Vec<_> = self.faults.iter().filter(of_rule).collect();
        let is_stopped = !findings.is_empty();
        findings.extend(self.warnings.iter().filter(of_rule));
        let is_unread = || self.faults.iter().any(|fault| fault.code.is_of_reading());
        let outcome = if is_stopped {
            Outcome::Stop
        } else if !findings.is_empty() {
            Outcome::Warning
        } else if rule.where_checked() == WhereChecked::Ledger {
            Outcome::NeedsLedger
        } else if is_unread() {
            Outcome::NotJudged
        } else {
            Outcome::Passed
        };
        Judged {
            rule,
            outcome,
            findings,
        }
    }
}

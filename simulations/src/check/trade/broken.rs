//! The rules of trade by name, as a violation tells them.

/// A rule that an accepted act breaks. Each ends the sentence "it was accepted …".
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
pub enum Broken {
    /// Role and Party.
    #[error("from an office or Party that may not")]
    Party,
    /// Never issued.
    #[error("although it was never issued")]
    NotIssued,
    /// A number or a stamp twice.
    #[error("although the number or the stamp was used before")]
    IssuedTwice,
    /// Used before.
    #[error("although it was used before")]
    Spent,
    /// After the end.
    #[error("after it was cancelled or replaced")]
    Over,
    /// Stated twice.
    #[error("a second time")]
    Again,
    /// What the kind of document does not know.
    #[error("although this kind of document, or of statement, does not know that")]
    Kind,
    /// Before the first day, after the last, or with dates that contradict one another.
    #[error("out of date")]
    Dates,
    /// Retrospective for Appendix I.
    #[error("after the goods had left, although they are of Appendix I")]
    Retrospective,
    /// Something else should be there first.
    #[error("without the endorsement, the consent or the import permit that it needs")]
    Unaccompanied,
    /// More than there was.
    #[error("for more than there was")]
    Quantity,
    /// What is re-exported.
    #[error("although what is re-exported did not come in like that")]
    Origin,
    /// A quota.
    #[error("although the quota does not allow it")]
    Quota,
    /// A passport.
    #[error("although it would be in two States at once")]
    TwoStates,
    /// Another document.
    #[error("with another document than the one that was issued")]
    OtherDocument,
    /// A suspension.
    #[error("although its trade is suspended")]
    Suspended,
    /// A replacement.
    #[error("although it is no true duplicate of what it replaces")]
    Replacement,
    /// Nothing of the kind is in force.
    #[error("although nothing like that is in force")]
    Unknown,
    /// A register.
    #[error("although the register is full")]
    Full,
    /// Paper of a Party that issues on the ledger.
    #[error("although the issuing Party is on the ledger")]
    OnLedger,
}

impl Broken {
    /// All of them.
    #[cfg(test)]
    pub(crate) const ALL: [Self; 20] = [
        Self::Party,
        Self::NotIssued,
        Self::IssuedTwice,
        Self::Spent,
        Self::Over,
        Self::Again,
        Self::Kind,
        Self::Dates,
        Self::Retrospective,
        Self::Unaccompanied,
        Self::Quantity,
        Self::Origin,
        Self::Quota,
        Self::TwoStates,
        Self::OtherDocument,
        Self::Suspended,
        Self::Replacement,
        Self::Unknown,
        Self::Full,
        Self::OnLedger,
    ];
}

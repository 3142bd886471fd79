//! What an office can state, in the fields that the rules need and no others.

use alloc::vec::Vec;

use minicbor::{Decode, Encode};

use super::FormError;
use super::act::{Cancel, Consent, Correct, Cross, Endorse, Import, PaperSeen, Refuse, Sight};
use super::issue::{Issue, IssuedLine, Origin};
use super::register::{Operation, Quota, RevokeRange, Suspend};
use super::subject::{LineQuantity, PermitKey, Port};
use crate::limits::{LINES_MAX, ORIGINS_PER_LINE_MAX};
use crate::party::PartyCode;
use crate::permit::LineId;
use crate::quantity::Quantity;

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
    /// The destination agrees to a retrospective permit.
    #[n(7)]
    Consent(#[n(0)] Consent),
    /// A passport crosses a border.
    #[n(8)]
    Cross(#[n(0)] Cross),
    /// Quantities of an earlier act are corrected.
    #[n(9)]
    Correct(#[n(0)] Correct),
    /// Paper of a Party that is not on the ledger was cleared.
    #[n(10)]
    PaperSeen(#[n(0)] PaperSeen),
    /// Forms or stamps are revoked.
    #[n(11)]
    RevokeRange(#[n(0)] RevokeRange),
    /// A yearly quota.
    #[n(12)]
    Quota(#[n(0)] Quota),
    /// The register of breeding operations.
    #[n(13)]
    Operation(#[n(0)] Operation),
    /// Trade is suspended.
    #[n(14)]
    Suspend(#[n(0)] Suspend),
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
            Self::Consent(_) => "consent",
            Self::Cross(_) => "cross",
            Self::Correct(_) => "correct",
            Self::PaperSeen(_) => "paper-seen",
            Self::RevokeRange(_) => "revoke-range",
            Self::Quota(_) => "quota",
            Self::Operation(_) => "operation",
            Self::Suspend(_) => "suspend",
        }
    }

    /// The permit it is about, where it is about one. `author` is the issuer of what it issues, so that nobody
    /// can squat on another Party's number.
    #[must_use]
    pub const fn permit(&self, author: PartyCode) -> Option<PermitKey> {
        Some(match self {
            Self::Issue(issue) => PermitKey {
                issuer: author,
                number: issue.number,
            },
            Self::Endorse(said) => said.permit,
            Self::Sight(said) => said.permit,
            Self::Import(said) => said.permit,
            Self::Refuse(said) => said.permit,
            Self::Cancel(said) => said.permit,
            Self::Consent(said) => said.permit,
            Self::Cross(said) => said.permit,
            Self::Correct(said) => said.permit,
            Self::PaperSeen(said) => said.permit,
            Self::RevokeRange(_) | Self::Quota(_) | Self::Operation(_) | Self::Suspend(_) => {
                return None;
            }
        })
    }

    /// The permit it is about, or what stands for the author's registers: records are listed under it.
    #[must_use]
    pub fn subject(&self, author: PartyCode) -> PermitKey {
        self.permit(author)
            .unwrap_or_else(|| PermitKey::registers_of(author))
    }

    /// Quantities by line, of statements that give any.
    #[must_use]
    pub fn quantities(&self) -> Vec<LineQuantity> {
        match self {
            Self::Issue(issue) => issue
                .lines
                .iter()
                .map(|line| LineQuantity {
                    line: line.line,
                    unit: line.unit,
                    quantity: line.authorised,
                })
                .collect(),
            Self::Endorse(Endorse { lines, .. })
            | Self::Import(Import { lines, .. })
            | Self::Correct(Correct { lines, .. }) => lines.clone(),
            Self::Sight(_)
            | Self::Refuse(_)
            | Self::Cancel(_)
            | Self::Consent(_)
            | Self::Cross(_)
            | Self::PaperSeen(_)
            | Self::RevokeRange(_)
            | Self::Quota(_)
            | Self::Operation(_)
            | Self::Suspend(_) => Vec::new(),
        }
    }

    /// The port where it happened, where it happened at one.
    #[must_use]
    pub const fn port(&self) -> Option<Port> {
        match self {
            Self::Endorse(said) => Some(said.port),
            Self::Sight(said) => Some(said.port),
            Self::Import(said) => Some(said.port),
            Self::Refuse(said) => Some(said.port),
            Self::Cross(said) => Some(said.port),
            Self::PaperSeen(said) => Some(said.port),
            Self::Issue(_)
            | Self::Cancel(_)
            | Self::Consent(_)
            | Self::Correct(_)
            | Self::RevokeRange(_)
            | Self::Quota(_)
            | Self::Operation(_)
            | Self::Suspend(_) => None,
        }
    }

    pub(super) fn check_form(&self) -> Result<(), FormError> {
        match self {
            Self::Issue(issue) => {
                if issue
                    .replaces
                    .is_some_and(|old| !old.reason.may_be_replaced())
                {
                    return Err(FormError::Replaces);
                }
                check_issued_lines(&issue.lines)
            }
            Self::Endorse(Endorse { lines, .. })
            | Self::Import(Import { lines, .. })
            | Self::Correct(Correct { lines, .. }) => {
                check_order(lines, |line| line.line)?;
                check_quantities(lines.iter().map(|line| line.quantity))
            }
            Self::RevokeRange(said) if !said.range.is_well_formed() => Err(FormError::Range),
            Self::Sight(_)
            | Self::Refuse(_)
            | Self::Cancel(_)
            | Self::Consent(_)
            | Self::Cross(_)
            | Self::PaperSeen(_)
            | Self::RevokeRange(_)
            | Self::Quota(_)
            | Self::Operation(_)
            | Self::Suspend(_) => Ok(()),
        }
    }
}

fn check_issued_lines(lines: &[IssuedLine]) -> Result<(), FormError> {
    check_order(lines, |line| line.line)?;
    check_quantities(lines.iter().map(|line| line.authorised))?;
    for IssuedLine { origins, .. } in lines {
        let place = |origin: &Origin| (origin.source(), origin.root);
        let ordered = origins.is_sorted_by(|a, b| place(a) < place(b));
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

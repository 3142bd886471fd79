//! The answer to "may I accept this permit?": data, from a pure function of its inputs.
//!
//! The worst reason sets the light. Green needs the document, a final and fresh state, and a node asked
//! now; a check from a file alone is never green. What was not checked is listed, not implied.

mod judgement;
mod needed;
mod registers;

use alloc::vec::Vec;

use self::judgement::Judgement;
pub use self::needed::needed;
use crate::digest::BlockId;
use crate::party::{Height, PartyCode};
use crate::permit::commitment::SecretFile;
use crate::permit::{Permit, Place};
use crate::proof::{Anchor, Proof, Trust};
use crate::reason::{Light, Reason};
use crate::record::PermitKey;
use crate::seal::{SealFault, Sealed};
use crate::state::{Act, PermitState};
use crate::time::Timestamp;

/// Where the proof comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// A node was asked just now.
    Node,
    /// A file: what happened since is not known.
    File,
}

/// The document that was presented with the goods.
#[derive(Clone, Copy, Debug)]
pub struct Presented<'a> {
    /// The document, read.
    pub permit: &'a Permit,
    /// Its secret file, without which only the facts on the ledger can be compared.
    pub secret: Option<&'a SecretFile>,
}

/// What is asked.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    /// The permit.
    pub permit: PermitKey,
    /// Its number as printed, where it is known: revoked forms are told by it.
    pub number: Option<&'a str>,
    /// The document, where it is at hand.
    pub document: Option<Presented<'a>>,
    /// The seal on the paper, where that is what is at hand; a document goes before it.
    pub sealed: Option<&'a Sealed>,
    /// The Party that asks, for the advice to transit customs.
    pub reader: Option<Reader<'a>>,
}

/// Who asks. From the genesis that the reader pinned: a proof shows only the permit's own Parties.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reader<'a> {
    /// The Party.
    pub party: PartyCode,
    /// The customs union it belongs to, if any.
    pub union: Option<&'a str>,
}

/// One of the checks that a verdict rests on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Check {
    /// More than two thirds of the validators this device trusts signed the block.
    Finality,
    /// The status shown is in the state of that block.
    Inclusion,
    /// The block is recent, and a node was asked now.
    Freshness,
    /// Issued, not used, not cancelled.
    Status,
    /// The permit is in date.
    Validity,
    /// The export was endorsed (box 14).
    Endorsement,
    /// No form or stamp of it is revoked, and its trade is not suspended.
    Registers,
    /// The document is the one that was issued.
    Document,
}

impl Check {
    /// All checks, in the order in which they are made.
    pub const ALL: [Self; 8] = [
        Self::Finality,
        Self::Inclusion,
        Self::Freshness,
        Self::Status,
        Self::Validity,
        Self::Endorsement,
        Self::Registers,
        Self::Document,
    ];

    /// The word used in JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Finality => "finality",
            Self::Inclusion => "inclusion",
            Self::Freshness => "freshness",
            Self::Status => "status",
            Self::Validity => "validity",
            Self::Endorsement => "endorsement",
            Self::Registers => "registers",
            Self::Document => "document",
        }
    }
}

/// What came of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Made, and as it should be.
    Pass,
    /// Made, and not as it should be.
    Fail,
    /// Not made.
    NotChecked,
}

/// A reason with what there is to say about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The reason.
    pub reason: Reason,
    /// Who did it, when and where.
    pub act: Option<Act>,
    /// The boxes concerned.
    pub places: Vec<Place>,
}

/// How old the data are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AsOf {
    /// Height of the block.
    pub height: Height,
    /// Its id.
    pub block: BlockId,
    /// Its time.
    pub time: Timestamp,
    /// Time since then, in milliseconds.
    pub age_ms: u64,
}

/// The answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// The permit asked about.
    pub permit: PermitKey,
    /// At least one reason, the worst first.
    pub findings: Vec<Finding>,
    /// Every check, in their order.
    pub checks: Vec<(Check, Outcome)>,
    /// The age of the data, where there are any.
    pub as_of: Option<AsOf>,
    /// Voting power that signed, and all; (0, 0) where the block was verified earlier.
    pub signed_power: (u64, u64),
    /// The permit's status, where it is proven.
    pub state: Option<PermitState>,
    /// The permits that replaced it, one after the other, as far as the proof shows them.
    pub successors: Vec<(PermitKey, PermitState)>,
    /// The checkpoint that this device may save.
    pub anchor: Option<Anchor>,
}

impl Verdict {
    /// The worst finding's light.
    #[must_use]
    pub fn light(&self) -> Light {
        self.findings
            .iter()
            .map(|finding| finding.reason.light())
            .max()
            .unwrap_or(Light::Amber)
    }

    /// Where the proof or the answer of a node cannot be read at all.
    #[must_use]
    pub fn unreadable(permit: PermitKey) -> Self {
        let mut judgement = Judgement::new(permit);
        judgement.find(Reason::Unreadable);
        judgement.close()
    }
}

/// Judges what `proof` shows about the permit in question, under `trust`, at `now`.
#[must_use]
pub fn judge(
    question: &Question<'_>,
    proof: &Proof,
    trust: &Trust,
    now: Timestamp,
    source: Source,
) -> Verdict {
    let mut judgement = Judgement::new(question.permit);
    if proof.permit != question.permit {
        judgement.find(Reason::OtherPermit);
        return judgement.close();
    }
    let proven = match proof.check(trust, now) {
        Ok(proven) => proven,
        Err(error) => {
            judgement.refute(&error);
            return judgement.close();
        }
    };
    judgement.date(&proven, trust, now, source);
    judgement.status(question, &proven, now);
    judgement.close()
}

/// Judges a seal where no node can be asked and no proof is at hand: never green.
#[must_use]
pub fn judge_seal(sealed: &Sealed, now: Timestamp) -> Verdict {
    let mut judgement = Judgement::new(sealed.permit());
    judgement.seal_alone(sealed, now);
    judgement.close()
}

/// The answer about a seal that does not count.
#[must_use]
pub fn refuse_seal(permit: PermitKey, fault: SealFault) -> Verdict {
    let mut judgement = Judgement::new(permit);
    judgement.mark(Check::Document, Outcome::Fail);
    judgement.find(match fault {
        SealFault::OtherNetwork => Reason::OtherNetwork,
        SealFault::UnknownKey(_) | SealFault::Anchor | SealFault::Signature => Reason::BadSeal,
    });
    judgement.close()
}

#[cfg(test)]
mod tests;

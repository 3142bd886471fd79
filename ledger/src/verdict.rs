//! The answer to "may I accept this permit?": data, from a pure function of its inputs.
//!
//! The worst reason sets the light. Green needs the document, a final and fresh state, and a node asked
//! now; a check from a file alone is never green. What was not checked is listed, not implied.

use alloc::vec;
use alloc::vec::Vec;

use crate::codec;
use crate::digest::BlockId;
use crate::limits::{MADE_AT_AHEAD_MS_MAX, STATE_VALUE_BYTES_MAX};
use crate::parameters::Parameters;
use crate::party::{Height, Party, PartyCode};
use crate::permit::commitment::{SecretFile, commit, differences};
use crate::permit::{Permit, Place};
use crate::proof::{Anchor, Proof, ProofError, Proven, Trust};
use crate::reason::{Light, Reason};
use crate::record::{Issue, PermitKey, contradictions};
use crate::state::{Act, PermitState, ReadError, StateKey, View, read};
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
    /// The document, where it is at hand.
    pub document: Option<Presented<'a>>,
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
    /// The document is the one that was issued.
    Document,
}

impl Check {
    /// All checks, in the order in which they are made.
    pub const ALL: [Self; 7] = [
        Self::Finality,
        Self::Inclusion,
        Self::Freshness,
        Self::Status,
        Self::Validity,
        Self::Endorsement,
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

/// Successors of a replaced permit that a proof shows at most.
const SUCCESSORS_SHOWN: usize = 8;

/// The entries that a proof about a permit shows, so that every device can judge it: its status, the network's
/// parameters, its Parties, what its issuer revoked or had suspended, the permits that replace it, the import permit
/// it rests on; of a number that was never issued, what was reported and claimed.
///
/// # Errors
/// [`ReadError`].
pub fn needed(view: &impl View, permit: &PermitKey) -> Result<Vec<StateKey>, ReadError> {
    let mut keys = vec![
        StateKey::permit(permit),
        StateKey::parameters(),
        StateKey::party(permit.issuer),
        StateKey::revoked(permit.issuer),
        StateKey::suspensions(permit.issuer),
    ];
    let Some(state) = read::<PermitState>(view, &StateKey::permit(permit))? else {
        keys.extend([StateKey::report(permit), StateKey::paper(permit)]);
        return Ok(keys);
    };
    keys.extend(state.destination.map(StateKey::party));
    keys.extend(state.import_permit.as_ref().map(StateKey::permit));
    let mut next = state.replaced_by;
    for _ in 0..SUCCESSORS_SHOWN {
        let Some(number) = next else { break };
        let issuer = permit.issuer;
        let key = StateKey::permit(&PermitKey { issuer, number });
        next = read::<PermitState>(view, &key)?.and_then(|successor| successor.replaced_by);
        keys.push(key);
    }
    Ok(keys)
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

/// A verdict while it is made.
struct Judgement(Verdict);

impl Judgement {
    fn new(permit: PermitKey) -> Self {
        Self(Verdict {
            permit,
            findings: Vec::new(),
            checks: Check::ALL
                .map(|check| (check, Outcome::NotChecked))
                .to_vec(),
            as_of: None,
            signed_power: (0, 0),
            state: None,
            anchor: None,
        })
    }

    fn find(&mut self, reason: Reason) {
        self.0.findings.push(Finding {
            reason,
            act: None,
            places: vec![],
        });
    }

    fn find_act(&mut self, reason: Reason, act: &Act) {
        self.0.findings.push(Finding {
            reason,
            act: Some(act.clone()),
            places: vec![],
        });
    }

    fn mark(&mut self, check: Check, outcome: Outcome) {
        for (known, marked) in &mut self.0.checks {
            if *known == check {
                *marked = outcome;
            }
        }
    }

    fn mark_passed(&mut self, check: Check, passed: bool) {
        self.mark(check, if passed { Outcome::Pass } else { Outcome::Fail });
    }

    /// Worst first; reasons of one light keep the order in which they were found.
    fn close(mut self) -> Verdict {
        self.0
            .findings
            .sort_by_key(|finding| core::cmp::Reverse(finding.reason.light()));
        self.0
    }

    fn refute(&mut self, error: &ProofError) {
        match error {
            ProofError::OtherNetwork { .. } => self.find(Reason::OtherNetwork),
            ProofError::TrustExpired(_) => self.find(Reason::TrustExpired),
            ProofError::Contradiction(_)
            | ProofError::HandOver(_)
            | ProofError::Validators
            | ProofError::QuorumOfAnother
            | ProofError::Quorum(_) => {
                self.mark(Check::Finality, Outcome::Fail);
                self.find(Reason::BadSeal);
            }
            ProofError::Entry { .. } | ProofError::Record(_) => {
                self.mark(Check::Finality, Outcome::Pass);
                self.mark(Check::Inclusion, Outcome::Fail);
                self.find(Reason::BadSeal);
            }
        }
    }

    fn date(&mut self, proven: &Proven<'_>, trust: &Trust, now: Timestamp, source: Source) {
        let header = proven.header();
        let age_ms = now.since_ms(header.time);
        self.mark(Check::Finality, Outcome::Pass);
        self.0.signed_power = proven.signed_power();
        self.0.anchor = proven.anchor();
        self.0.as_of = Some(AsOf {
            height: header.height,
            block: header.id(),
            time: header.time,
            age_ms,
        });
        let ahead = header.time.since_ms(now) > MADE_AT_AHEAD_MS_MAX;
        let stale = age_ms > trust.max_age_ms;
        if ahead {
            self.find(Reason::Clock);
        }
        if source == Source::File {
            self.find(Reason::Offline);
        }
        if stale {
            self.find(Reason::Stale);
        }
        if source == Source::Node {
            self.mark_passed(Check::Freshness, !ahead && !stale);
        }
    }

    fn status(&mut self, question: &Question<'_>, proven: &Proven<'_>, now: Timestamp) {
        let Some(entry) = proven.entry(&StateKey::permit(&question.permit)) else {
            self.mark(Check::Inclusion, Outcome::Fail);
            self.find(Reason::OtherPermit);
            return;
        };
        let parameters: Option<Parameters> = shown(proven, &StateKey::parameters());
        let Some(bytes) = entry else {
            self.mark(Check::Inclusion, Outcome::Pass);
            self.mark(Check::Status, Outcome::Fail);
            let issuer = proven.entry(&StateKey::party(question.permit.issuer));
            let absent = issuer == Some(None);
            self.find(if absent {
                Reason::NotOnLedgerParty
            } else {
                Reason::NotIssued
            });
            return;
        };
        let state = codec::decode::<PermitState>(bytes, STATE_VALUE_BYTES_MAX).ok();
        let (Some(state), Some(parameters)) = (state, parameters) else {
            // The quorum signed something that this program does not know how to read.
            self.find(Reason::Unreadable);
            return;
        };
        self.mark(Check::Inclusion, Outcome::Pass);
        self.life(&state);
        self.validity(&state, &parameters, now);
        self.endorsement(&state, proven);
        self.document(question, proven, &state);
        if self.0.findings.is_empty() {
            let transit = is_transit(question.reader, &state, proven);
            self.find(if transit {
                Reason::OkTransit
            } else {
                Reason::Ok
            });
        }
        self.0.state = Some(state);
    }

    fn life(&mut self, state: &PermitState) {
        if let Some(act) = &state.import {
            self.find_act(Reason::Used, act);
        }
        if let (Some(cancellation), Some(reason)) = (&state.cancellation, state.cancelled_as()) {
            self.find_act(reason, &cancellation.act);
        }
        self.mark_passed(
            Check::Status,
            state.import.is_none() && state.cancellation.is_none(),
        );
        if state.refusals > 0 {
            self.find(Reason::RefusedBefore);
        }
        if state.lacks_consent() {
            self.find(Reason::Retrospective);
        }
    }

    fn validity(&mut self, state: &PermitState, parameters: &Parameters, now: Timestamp) {
        let early = now < state.begins_at(parameters);
        let late = now >= state.ends_at(parameters);
        if early {
            self.find(Reason::NotYetValid);
        }
        if late {
            self.find(Reason::Expired);
        }
        self.mark_passed(Check::Validity, !early && !late);
    }

    fn endorsement(&mut self, state: &PermitState, proven: &Proven<'_>) {
        if state.endorsement.is_some() {
            self.mark(Check::Endorsement, Outcome::Pass);
        } else if state.kind.is_endorsed() {
            let policy = state.destination.and_then(|code| shown_party(proven, code));
            if !policy.is_some_and(|party| party.accepts_unendorsed) {
                self.mark(Check::Endorsement, Outcome::Fail);
                self.find(Reason::NotEndorsed);
            }
        }
    }

    fn document(&mut self, question: &Question<'_>, proven: &Proven<'_>, state: &PermitState) {
        let Some(Presented { permit, secret }) = question.document else {
            self.find(Reason::DocumentNotChecked);
            return;
        };
        let places = match secret {
            Some(file) if commit(permit, &file.secret) == state.commitment => {
                let chain = proven.header().chain;
                let stated = Issue::of(chain, state.issuer, permit, file);
                disagreement(&stated, permit, state)
            }
            // The secret file is the issued one, so it can name what differs.
            Some(file) if file.commitment() == state.commitment => {
                let places = differences(permit, file)
                    .into_iter()
                    .filter_map(|d| d.place);
                Some(places.collect())
            }
            Some(file) if file.issuer == state.issuer && file.number == permit.number => {
                Some(contradictions(permit, state))
            }
            // The secret of another permit says nothing about this one.
            Some(_) | None => match contradictions(permit, state) {
                none if none.is_empty() => {
                    self.find(Reason::DocumentNotChecked);
                    return;
                }
                places => Some(places),
            },
        };
        self.mark_passed(Check::Document, places.is_none());
        if let Some(mut places) = places {
            places.dedup();
            self.0.findings.push(Finding {
                reason: Reason::Altered,
                act: None,
                places,
            });
        }
    }
}

/// Where the committed document and the facts that its own issuer put on the ledger disagree.
fn disagreement(stated: &Issue, permit: &Permit, state: &PermitState) -> Option<Vec<Place>> {
    let same_lines = stated.lines.len() == state.lines.len()
        && stated.lines.iter().all(|line| {
            state
                .line(line.line)
                .is_some_and(|known| known.taxon == line.taxon)
        });
    let places = contradictions(permit, state);
    let same = same_lines && places.is_empty() && stated.stamp == state.stamp;
    (!same).then_some(places)
}

/// Whether the reader is neither where the goods come from nor where they go, nor in a customs union with one
/// of these.
fn is_transit(reader: Option<Reader<'_>>, state: &PermitState, proven: &Proven<'_>) -> bool {
    let Some(Reader { party, union }) = reader else {
        return false;
    };
    let shares_union = |end| {
        let of_end = shown_party(proven, end).and_then(|end| end.union);
        union.is_some() && union == of_end.as_deref()
    };
    let ends = [Some(state.issuer), state.destination];
    let mut ends = ends.into_iter().flatten();
    !ends.any(|end| end == party || shares_union(end))
}

fn shown_party(proven: &Proven<'_>, code: PartyCode) -> Option<Party> {
    shown(proven, &StateKey::party(code))
}

fn shown<T>(proven: &Proven<'_>, key: &StateKey) -> Option<T>
where
    T: for<'b> minicbor::Decode<'b, ()> + minicbor::Encode<()>,
{
    let bytes = proven.entry(key)??;
    codec::decode(bytes, STATE_VALUE_BYTES_MAX).ok()
}

#[cfg(test)]
mod tests;

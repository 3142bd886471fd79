//! A verdict in the making: one check after the other, each with what it finds.

use alloc::vec;
use alloc::vec::Vec;

use super::{AsOf, Check, Finding, Outcome, Presented, Question, Reader, Source, Verdict};
use crate::codec;
use crate::limits::{MADE_AT_AHEAD_MS_MAX, STATE_VALUE_BYTES_MAX};
use crate::parameters::Parameters;
use crate::party::{Party, PartyCode};
use crate::permit::Permit;
use crate::permit::Place;
use crate::permit::commitment::{commit, differences};
use crate::proof::{ProofError, Proven, Trust};
use crate::reason::Reason;
use crate::record::{Issue, PermitKey, contradictions};
use crate::seal::Sealed;
use crate::state::{Act, PermitState, StateKey};
use crate::time::{CivilDate, Timestamp};

/// A verdict while it is made.
pub(super) struct Judgement(pub(super) Verdict);

impl Judgement {
    pub(super) fn new(permit: PermitKey) -> Self {
        Self(Verdict {
            permit,
            findings: Vec::new(),
            checks: Check::ALL
                .map(|check| (check, Outcome::NotChecked))
                .to_vec(),
            as_of: None,
            signed_power: (0, 0),
            state: None,
            successors: Vec::new(),
            anchor: None,
        })
    }

    pub(super) fn find(&mut self, reason: Reason) {
        self.0.findings.push(Finding {
            reason,
            act: None,
            places: vec![],
        });
    }

    pub(super) fn find_act(&mut self, reason: Reason, act: &Act) {
        self.0.findings.push(Finding {
            reason,
            act: Some(act.clone()),
            places: vec![],
        });
    }

    pub(super) fn mark(&mut self, check: Check, outcome: Outcome) {
        for (known, marked) in &mut self.0.checks {
            if *known == check {
                *marked = outcome;
            }
        }
    }

    pub(super) fn mark_passed(&mut self, check: Check, passed: bool) {
        self.mark(check, if passed { Outcome::Pass } else { Outcome::Fail });
    }

    /// Worst first; reasons of one light keep the order in which they were found.
    pub(super) fn close(mut self) -> Verdict {
        self.0
            .findings
            .sort_by_key(|finding| core::cmp::Reverse(finding.reason.light()));
        self.0
    }

    pub(super) fn refute(&mut self, error: &ProofError) {
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

    pub(super) fn date(
        &mut self,
        proven: &Proven<'_>,
        trust: &Trust,
        now: Timestamp,
        source: Source,
    ) {
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

    pub(super) fn status(&mut self, question: &Question<'_>, proven: &Proven<'_>, now: Timestamp) {
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
            self.never_issued(question, proven);
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
        self.successors(&state, proven);
        self.validity(&state, &parameters, now);
        self.endorsement(&state, proven);
        self.registers(question, proven, &state, &parameters, now);
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
        if let Some(notice) = &state.contested {
            self.find_act(Reason::Contested, &notice.act);
        }
        for doubt in state.warnings.iter() {
            self.find(doubt);
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
        } else if state.kind.is_endorsed() && state.retrospective.is_none() {
            let policy = state.destination.and_then(|code| shown_party(proven, code));
            if !policy.is_some_and(|party| party.accepts_unendorsed) {
                self.mark(Check::Endorsement, Outcome::Fail);
                self.find(Reason::NotEndorsed);
            }
        }
    }

    fn document(&mut self, question: &Question<'_>, proven: &Proven<'_>, state: &PermitState) {
        let Some(Presented { permit, secret }) = question.document else {
            match question.sealed {
                Some(sealed) => self.sealed(sealed, state),
                None => self.find(Reason::DocumentNotChecked),
            }
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

    /// The paper's seal against the commitment on the ledger: one office may have signed two papers.
    fn sealed(&mut self, sealed: &Sealed, state: &PermitState) {
        let is_issued = sealed.commitment() == state.commitment;
        self.mark_passed(Check::Document, is_issued);
        if !is_issued {
            self.find(Reason::Altered);
        }
    }

    /// What a seal tells by itself. Its dates are whole days at the place of issue, which may be a day away.
    pub(super) fn seal_alone(&mut self, sealed: &Sealed, now: Timestamp) {
        self.mark(Check::Document, Outcome::Pass);
        let revealed = sealed.seal().revealed();
        let day = |path: &str| {
            let value = revealed.value(path).and_then(|value| value.get(..10));
            value.and_then(CivilDate::parse)
        };
        let today = now.date();
        let late = day("2/valid-until").is_some_and(|last| today > last.plus_days(1));
        let early = day("2/valid-from").is_some_and(|first| today.plus_days(1) < first);
        if late || early {
            self.mark(Check::Validity, Outcome::Fail);
        }
        if late {
            self.find(Reason::Expired);
        }
        if early {
            self.find(Reason::NotYetValid);
        }
        self.find(Reason::Offline);
    }
}

/// Where the committed document and the facts that its own issuer put on the ledger disagree.
fn disagreement(stated: &Issue, permit: &Permit, state: &PermitState) -> Option<Vec<Place>> {
    let same_lines = stated.lines.len() == state.lines.len()
        && stated.lines.iter().all(|line| {
            state
                .line(line.line)
                .is_some_and(|known| known.taxon == line.taxon && known.species == line.species)
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

pub(super) fn shown_party(proven: &Proven<'_>, code: PartyCode) -> Option<Party> {
    shown(proven, &StateKey::party(code))
}

pub(super) fn shown<T>(proven: &Proven<'_>, key: &StateKey) -> Option<T>
where
    T: for<'b> minicbor::Decode<'b, ()> + minicbor::Encode<()>,
{
    let bytes = proven.entry(key)??;
    codec::decode(bytes, STATE_VALUE_BYTES_MAX).ok()
}

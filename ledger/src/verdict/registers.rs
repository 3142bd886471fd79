//! What the registers say of a permit: revoked forms and stamps, suspensions, its import permit, its successors, claims
//! on paper.

use super::judgement::{Judgement, shown};
use super::{Check, Presented, Question};
use crate::parameters::Parameters;
use crate::permit::commitment::{paper_digest, stamp_digest};
use crate::proof::Proven;
use crate::reason::Reason;
use crate::record::{PermitKey, Series};
use crate::state::register::{PaperState, RevokedRange, RevokedRanges, Suspensions};
use crate::state::{PermitState, StateKey};
use crate::time::Timestamp;

impl Judgement {
    /// Of a number that was never issued: whether its form was stolen, and whether its paper was used.
    pub(super) fn never_issued(&mut self, question: &Question<'_>, proven: &Proven<'_>) {
        if let Some(revoked) = revoked(question, proven) {
            self.find_act(Reason::RevokedRange, &revoked.act);
        }
        let paper: PaperState =
            shown(proven, &StateKey::paper(&question.permit)).unwrap_or_default();
        let issuer = question.permit.issuer;
        let chain = proven.header().chain;
        let same = question.document.and_then(|Presented { permit, .. }| {
            let stamp = permit
                .stamp()
                .map(|stamp| stamp_digest(chain, issuer, stamp.as_str()));
            paper.claim(stamp, paper_digest(chain, issuer, permit))
        });
        match (same, paper.0.last()) {
            (Some(claim), _) => self.find_act(Reason::Used, &claim.act),
            (None, Some(claim)) => self.find_act(Reason::PaperSeen, &claim.act),
            (None, None) => {}
        }
    }

    /// The permits that took its place, as far as the proof shows them.
    pub(super) fn successors(&mut self, state: &PermitState, proven: &Proven<'_>) {
        let issuer = state.issuer;
        let mut next = state.replaced_by;
        while let Some(number) = next {
            let key = PermitKey { issuer, number };
            let Some(successor) = shown::<PermitState>(proven, &StateKey::permit(&key)) else {
                return;
            };
            let is_new = self.0.successors.iter().all(|(known, _)| *known != key);
            next = successor.replaced_by.filter(|_| is_new);
            self.0.successors.push((key, successor));
        }
    }

    pub(super) fn registers(
        &mut self,
        question: &Question<'_>,
        proven: &Proven<'_>,
        state: &PermitState,
        parameters: &Parameters,
        now: Timestamp,
    ) {
        let issuer = state.issuer;
        let knows = |key: &StateKey| proven.entry(key).is_some();
        let is_known = question.number.is_some() || question.document.is_some();
        // Forms that were revoked after the issue were no blanks any more.
        let stolen = revoked(question, proven);
        let stolen = stolen.filter(|range| range.act.height < state.issued.height);
        let suspensions: Suspensions =
            shown(proven, &StateKey::suspensions(issuer)).unwrap_or_default();
        let suspended = suspensions
            .in_force(issuer, state.destination, now, parameters)
            .find(|suspension| suspension.concerns(state.lines.iter().map(|line| line.species)));
        // What has left may arrive: no suspension is retroactive.
        let suspended = suspended.filter(|_| {
            state.kind.is_endorsed() && state.endorsement.is_none() && state.import.is_none()
        });
        if let Some(range) = &stolen {
            self.find_act(Reason::RevokedRange, &range.act);
        }
        if let Some(suspension) = suspended {
            self.find_act(Reason::Suspended, &suspension.act);
        }
        let broken = state.import.is_none()
            && rests_on_a_broken_import_permit(state, proven, now, parameters);
        if broken {
            self.find(Reason::ImportPermitBroken);
        }
        let shows = knows(&StateKey::revoked(issuer)) && knows(&StateKey::suspensions(issuer));
        let found = stolen.is_some() || suspended.is_some() || broken;
        if found || (is_known && shows) {
            self.mark_passed(Check::Registers, !found);
        }
    }
}

/// The revocation that the form's number, or the stamp's, falls under.
fn revoked(question: &Question<'_>, proven: &Proven<'_>) -> Option<RevokedRange> {
    let ranges: RevokedRanges = shown(proven, &StateKey::revoked(question.permit.issuer))?;
    let document = question.document.map(|Presented { permit, .. }| permit);
    let number = question
        .number
        .or(document.map(|permit| permit.number.as_str()));
    let stamp = document.and_then(|permit| permit.stamp());
    let form = number.and_then(|number| ranges.covering(Series::Forms, number));
    let stamp = stamp.and_then(|stamp| ranges.covering(Series::Stamps, stamp.as_str()));
    form.or(stamp).cloned()
}

/// Whether the import permit that it names can no longer be used with it.
fn rests_on_a_broken_import_permit(
    state: &PermitState,
    proven: &Proven<'_>,
    now: Timestamp,
    parameters: &Parameters,
) -> bool {
    let named = state.import_permit.map(|key| StateKey::permit(&key));
    let granted: Option<PermitState> = named.and_then(|key| shown(proven, &key));
    granted.is_some_and(|granted| !granted.is_alive() || !granted.is_in_date(now, parameters))
}

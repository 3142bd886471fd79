//! Whether what a node proves and answers about a permit is what the applied records say.
//!
//! The proof is made from the node's own state as the node makes it, and judged as an officer's device judges it:
//! from the genesis alone. Then the node is asked what would become of the act that the officer is about to state.
//! The document is not at hand and left out of the light; all other reasons must be those that the checker knows.

use std::collections::BTreeSet;

use genesis::trust::TrustRoot;
use ledger::codes::Unit;
use ledger::log::prove_inclusion;
use ledger::party::{Height, Office, OfficeNumber, PartyCode, Role};
use ledger::permit::LineId;
use ledger::proof::{Anchor, LoggedRecord, PROOF_VERSION, Proof, StateEntry, Trust, Value};
use ledger::quantity::Quantity;
use ledger::quorum::PROTOCOL_VERSION;
use ledger::reason::{Light, Reason};
use ledger::record::{
    CancelReason, Cross, Endorse, Import, LineQuantity, PermitKey, Port, Record, Statement,
};
use ledger::state::memory::MemoryState;
use ledger::state::{At, Execution, PagesOf, StateKey, View as _, Warnings, read};
use ledger::time::Timestamp;
use ledger::tree::{KeyHash, prove};
use ledger::verdict::{Question, Reader, Source, judge, needed};

use super::trade::Permits;
use super::{Checker, Violation};
use crate::disk::{Decided, Disk};
use crate::parties::{CUSTOMS, MANAGEMENT};
use crate::signatures::Signing;

const DAY_MS: u64 = 24 * 60 * 60 * 1000;
/// Records that a proof shows at most.
const RECORDS_SHOWN: usize = 16;
/// A block that is further ahead of the officer's clock is from the future.
const AHEAD_MS_MAX: u64 = 2 * 60 * 1000;
/// What an honest node's proof never is.
const UNPROVEN: [Reason; 5] = [
    Reason::BadSeal,
    Reason::Unreadable,
    Reason::OtherPermit,
    Reason::OtherNetwork,
    Reason::TrustExpired,
];

/// Asks what an officer may make of a permit at `now`, from what one node holds, and compares it with what the
/// applied records say. A node that is behind answers for its own height: where the permit changed since, only its
/// proof is checked. Returns the worst light of all that was told, the missing document left out.
///
/// In runs without real signatures the device trusts the block that the checker itself knows to be decided.
///
/// # Errors
/// [`Violation::DishonestVerdict`].
pub(crate) fn check_verdict(
    checker: &Checker,
    disk: &Disk,
    permit: PermitKey,
    officer: (PartyCode, Role),
    now: Timestamp,
) -> Result<Light, Violation> {
    let (state, tip) = (disk.state(), disk.tip());
    let Some(tip) = tip else {
        // No block, no proof: nobody is misled by that.
        return Ok(Light::Amber);
    };
    let asked = Asked {
        checker,
        state: &state,
        height: tip.block.header().height,
        tip: &tip,
        permit,
        officer,
        now,
    };
    let (party, role) = officer;
    let dishonest = |why| Violation::DishonestVerdict {
        permit,
        party,
        role,
        height: asked.height,
        why,
    };
    let proven = asked.proven().map_err(dishonest)?;
    let answered = asked.answered().map_err(dishonest)?;
    Ok(proven.max(answered))
}

impl Checker {
    /// Asks one node what customs may make of a permit: those of the Party that issued it, of the one that it is
    /// destined for, and of one that it is nothing to. Returns what each was told.
    ///
    /// # Errors
    /// [`Violation::DishonestVerdict`].
    pub fn check_verdicts(
        &self,
        disk: &Disk,
        permit: PermitKey,
        now: Timestamp,
    ) -> Result<Vec<Light>, Violation> {
        let told = self.permits.permit(permit);
        let to = told.and_then(|told| told.said.destination);
        let ends: BTreeSet<_> = [Some(permit.issuer), to].into_iter().flatten().collect();
        let is_apart = |party: &PartyCode| {
            let mut ends = ends.iter();
            ends.all(|end| !self.permits.are_one(*end, *party))
        };
        let mut others = self.parties.seats().iter().map(|seat| seat.code);
        let other = others.find(is_apart);
        let asked = ends.iter().copied().chain(other);
        let ask = |party| check_verdict(self, disk, permit, (party, Role::Customs), now);
        asked.map(ask).collect()
    }
}

struct Asked<'a> {
    checker: &'a Checker,
    state: &'a MemoryState,
    tip: &'a Decided,
    /// The height of the tip.
    height: Height,
    permit: PermitKey,
    officer: (PartyCode, Role),
    now: Timestamp,
}

impl Asked<'_> {
    /// What the device finds in the node's proof.
    fn proven(&self) -> Result<Light, String> {
        let proof = self.proof()?;
        let union = self.checker.permits.union_of(self.officer.0);
        let question = Question {
            sealed: None,
            permit: self.permit,
            number: None,
            document: None,
            reader: Some(Reader {
                party: self.officer.0,
                union,
            }),
        };
        let verdict = judge(&question, &proof, &self.trust()?, self.now, Source::Node);
        let found: BTreeSet<_> = verdict.findings.iter().map(|one| one.reason).collect();
        let without = |reasons: &BTreeSet<Reason>, left_out: &[Reason]| -> BTreeSet<Reason> {
            let kept = reasons.iter().filter(|one| !left_out.contains(one));
            kept.copied().collect()
        };
        if let Some(reason) = UNPROVEN.into_iter().find(|one| found.contains(one)) {
            return Err(format!("its proof is {reason}"));
        }
        if self.is_settled() {
            // Doubts are for a person, and set no rule.
            let (found, known) = (without(&found, &Warnings::TABLE), self.known());
            if found != known {
                return Err(format!("its proof shows {found:?}, the records {known:?}"));
            }
        }
        let rest = without(&found, &[Reason::DocumentNotChecked]);
        let worst = rest.iter().map(|reason| reason.light()).max();
        Ok(worst.unwrap_or(Light::Green))
    }

    /// What the node answers to the officer's next act.
    fn answered(&self) -> Result<Light, String> {
        let header = self.tip.block.header();
        let at = At {
            chain: header.chain,
            height: self.height.next(),
            time: self.now.max(header.time.plus_ms(1)),
            log_size: header.log_size,
        };
        let record = self.next_act(at.time)?;
        let mut roles = Vec::new();
        for number in &record.offices {
            let key = StateKey::office(record.author, *number);
            let office: Option<Office> = read(self.state, &key).map_err(|e| e.to_string())?;
            roles.extend(office.map(|office| office.role));
        }
        let told = Execution::begin(self.state, at)
            .and_then(|mut execution| execution.explain(&record, &roles))
            .map_err(|error| error.to_string())?;
        let refused: Vec<_> = told.broken.iter().map(|(reason, _)| *reason).collect();
        let judged = self.checker.permits.judge(at.time, &record);
        if self.is_settled() && judged.is_ok() != refused.is_empty() {
            let deed = record.statement.as_str();
            let known = judged.map_or_else(|rule| rule.to_string(), |()| "as it should be".into());
            return Err(format!(
                "{deed} is answered {refused:?}, and would be {known}"
            ));
        }
        let worst = refused.iter().map(|reason| reason.light()).max();
        Ok(worst.unwrap_or(Light::Green))
    }

    /// Whether what the checker knows now was the same at the height of the node.
    fn is_settled(&self) -> bool {
        let permits = &self.checker.permits;
        let told = permits.permit(self.permit);
        let entry = told.and_then(|told| permits.permit(told.import_permit?));
        let changed = told.into_iter().chain(entry).map(|told| told.changed_at);
        let registers = permits.registers().changed_at(self.permit.issuer);
        let last = changed.max().unwrap_or(Height::ZERO).max(registers);
        self.height <= self.checker.height() && last <= self.height
    }

    fn known(&self) -> BTreeSet<Reason> {
        let permits = &self.checker.permits;
        let time = permits.time_of(self.height).unwrap_or_default();
        let max_age_ms = permits.parameters().max_age_ms;
        let is_ahead = time > self.now.plus_ms(AHEAD_MS_MAX);
        let is_stale = self.now > time.plus_ms(max_age_ms);
        let mut known = permits.known(self.permit, self.now);
        known.extend(is_ahead.then_some(Reason::Clock));
        known.extend(is_stale.then_some(Reason::Stale));
        known
    }

    /// The proof as the node makes it.
    fn proof(&self) -> Result<Proof, String> {
        let header = self.tip.block.header();
        let keys = needed(self.state, &self.permit).map_err(|error| error.to_string())?;
        let entry = |key: &StateKey| {
            let value = self.state.value(KeyHash::of(key.as_ref()))?;
            Ok(StateEntry {
                key: key.as_str().to_owned(),
                value: value.map(Value),
                path: prove(&PagesOf(self.state), key.as_ref())?,
            })
        };
        let entries: Result<_, ledger::state::ReadError> = keys.iter().map(entry).collect();
        let indices = self.state.history(&self.permit);
        let newest = indices.get(indices.len().saturating_sub(RECORDS_SHOWN)..);
        let logged = |index: &u64| {
            let leaf = self.state.leaf(*index);
            Ok(LoggedRecord {
                index: *index,
                leaf: leaf
                    .ok_or_else(|| format!("leaf {index} is missing"))?
                    .to_vec(),
                path: prove_inclusion(self.state, header.log_size, *index)
                    .map_err(|error| error.to_string())?,
            })
        };
        let records: Result<_, String> = newest.unwrap_or(indices).iter().map(logged).collect();
        Ok(Proof {
            version: PROOF_VERSION,
            permit: self.permit,
            entries: entries.map_err(|error| error.to_string())?,
            records: records?,
            hand_overs: Vec::new(),
            header: header.clone(),
            quorum: self.tip.quorum.clone(),
        })
    }

    /// What the device starts from.
    fn trust(&self) -> Result<Trust, String> {
        let checker = self.checker;
        let root = TrustRoot::from(&checker.parties.genesis);
        let genesis = Anchor {
            height: root.height,
            block: None,
            time: None,
            validators: root.validators,
        };
        let mut anchors = vec![genesis.clone()];
        if matches!(checker.parties.signing, Signing::Fast) {
            let quorum = checker.check_quorum(&self.tip.quorum);
            quorum.map_err(|error| error.to_string())?;
            anchors.extend(checker.blocks.get(&self.height).map(|block| Anchor {
                height: self.height,
                block: Some(*block),
                ..genesis
            }));
        }
        let days = u64::from(root.parameters.trusting_period_days);
        Ok(Trust {
            chain: root.chain,
            anchors,
            max_age_ms: root.parameters.max_age_ms,
            trusting_period_ms: days.saturating_mul(DAY_MS),
        })
    }

    /// What the officer is about to state: out of the country, or into it.
    fn next_act(&self, at: Timestamp) -> Result<Record, String> {
        let (party, role) = self.officer;
        let (permits, permit) = (&self.checker.permits, self.permit);
        let port = Port::new(&format!("{party}AAA")).ok_or("no port")?;
        let told = permits.permit(permit);
        let is_home = permits.are_one(party, permit.issuer);
        let is_leaving = is_home
            && told.is_some_and(|told| told.said.kind.is_endorsed() && told.endorsed.is_none());
        let goods = told
            .map(|told| told.next_goods(is_leaving))
            .unwrap_or_default();
        let lines = if goods.is_empty() { something() } else { goods };
        let statement = match told {
            Some(told) if told.said.kind.is_multi_crossing() => Statement::Cross(Cross {
                permit,
                direction: told.next_direction(),
                port,
                document: told.said.commitment,
            }),
            Some(_) if is_leaving => Statement::Endorse(Endorse {
                permit,
                lines,
                port,
                transport: None,
            }),
            Some(_) | None => Statement::Import(Import {
                permit,
                lines,
                port,
                import_permit: None,
            }),
        };
        Ok(Record {
            version: PROTOCOL_VERSION,
            chain: self.checker.parties.chain,
            author: party,
            offices: vec![office_of(role)],
            statement,
            made_at: at,
            checkpoint: None,
            after: None,
            good_until: at.plus_ms(DAY_MS),
            nonce: [0; 16],
        })
    }
}

/// One specimen, where nothing better is known.
fn something() -> Vec<LineQuantity> {
    let quantity = Quantity::from_units(1).unwrap_or(Quantity::MAX);
    vec![LineQuantity {
        line: LineId::A,
        unit: Unit::Number,
        quantity,
    }]
}

const fn office_of(role: Role) -> OfficeNumber {
    match role {
        Role::Customs => CUSTOMS,
        Role::Management | Role::Scientific | Role::Governance => MANAGEMENT,
    }
}

impl Permits {
    /// What the applied records say of a permit at `now`, in the words of a verdict.
    pub(super) fn known(&self, permit: PermitKey, now: Timestamp) -> BTreeSet<Reason> {
        let Some(told) = self.permit(permit) else {
            let is_member = self.is_member(permit.issuer);
            let has_paper = self.registers().has_paper(&permit);
            return noted([
                (is_member, Reason::NotIssued),
                (!is_member, Reason::NotOnLedgerParty),
                (has_paper, Reason::PaperSeen),
            ]);
        };
        let (early, late) = told.is_out_of_date(now, self.parameters());
        let never_left = told.said.kind.is_endorsed() && told.endorsed.is_none();
        let is_excused = told.is_retrospective() || self.accepts_unendorsed(told.said.destination);
        let is_suspended = self.is_suspended(now, permit.issuer, told);
        let entry = told.import_permit.and_then(|entry| self.permit(entry));
        let is_broken = entry.is_some_and(|entry| {
            let (early, late) = entry.is_out_of_date(now, self.parameters());
            entry.is_spent || entry.is_cancelled() || early || late
        });
        let mut known = noted([
            (true, Reason::DocumentNotChecked),
            (told.is_spent, Reason::Used),
            (told.refusals > 0, Reason::RefusedBefore),
            (told.lacks_consent(), Reason::Retrospective),
            (told.is_contested, Reason::Contested),
            (early, Reason::NotYetValid),
            (late, Reason::Expired),
            (never_left && !is_excused, Reason::NotEndorsed),
            (
                never_left && !told.is_spent && is_suspended,
                Reason::Suspended,
            ),
            (!told.is_spent && is_broken, Reason::ImportPermitBroken),
        ]);
        known.extend(told.cancelled.map(|why| match (told.replaced_by, why) {
            (Some(_), _) => Reason::Replaced,
            (None, CancelReason::Lost) => Reason::Lost,
            (None, CancelReason::Stolen) => Reason::Stolen,
            (None, CancelReason::Clerical | CancelReason::Withdrawn | CancelReason::Damaged) => {
                Reason::Cancelled
            }
        }));
        known
    }
}

fn noted<const N: usize>(reasons: [(bool, Reason); N]) -> BTreeSet<Reason> {
    let holds = reasons.into_iter().filter(|(holds, _)| *holds);
    holds.map(|(_, reason)| reason).collect()
}

//! The rules of trade that every history must keep, written down a second time, from decided records only.
//!
//! What a record states is judged on what the applied records before it say, never on the state of the ledger: a
//! record that was applied must keep every rule, and one that was refused must break one.

mod broken;
mod issue;
mod issued;
mod register;

use std::collections::{BTreeMap, BTreeSet};

use genesis::Genesis;
use ledger::codes::{Kind, Uses};
use ledger::digest::{Digest, RecordDigest};
use ledger::parameters::Parameters;
use ledger::party::{Height, OfficeNumber, PartyCode, Role};
use ledger::reason::Light;
use ledger::record::{
    Cancel, Consent, Correct, Cross, Direction, Endorse, Import, LineKey, LineQuantity, PermitKey,
    Record, Statement,
};
use ledger::time::Timestamp;

use super::Violation;
pub use broken::Broken;
pub(super) use issued::Issued;
use issued::{Done, Line};
use register::Registers;

/// Whether a rule holds, or the one that does not.
type Judged = Result<(), Broken>;

/// A Party as its genesis entry has it.
#[derive(Clone, Debug)]
struct Member {
    union: Option<String>,
    accepts_unendorsed: bool,
    import_permit_for_ii: bool,
}

/// What the applied records say about each permit.
#[derive(Clone, Debug)]
pub(super) struct Permits {
    parameters: Parameters,
    roles: BTreeMap<(PartyCode, OfficeNumber), Role>,
    members: BTreeMap<PartyCode, Member>,
    /// The block whose records are told.
    height: Height,
    now: Timestamp,
    /// The time of each block.
    times: BTreeMap<Height, Timestamp>,
    issued: BTreeMap<PermitKey, Issued>,
    stamps: BTreeSet<(PartyCode, Digest)>,
    /// What permits that hold their draws have drawn from each line, in ten-thousandths of its unit.
    drawn: BTreeMap<LineKey, u128>,
    registers: Registers,
}

impl Permits {
    pub(super) fn new(genesis: &Genesis) -> Self {
        let mut roles = BTreeMap::new();
        let mut members = BTreeMap::new();
        for member in genesis.members() {
            for (number, office) in (1..).zip(&member.offices) {
                roles.insert((member.code, OfficeNumber(number)), office.role);
            }
            let entry = Member {
                union: member.customs_union.clone(),
                accepts_unendorsed: member.accepts_unendorsed,
                import_permit_for_ii: member.import_permit_for_ii,
            };
            members.insert(member.code, entry);
        }
        Self {
            parameters: *genesis.parameters(),
            roles,
            members,
            height: Height::ZERO,
            now: Timestamp(0),
            times: BTreeMap::new(),
            issued: BTreeMap::new(),
            stamps: BTreeSet::new(),
            drawn: BTreeMap::new(),
            registers: Registers::default(),
        }
    }

    /// A block begins: what is told next, it holds.
    pub(super) fn begin(&mut self, height: Height, time: Timestamp) {
        self.height = height;
        self.now = time;
        self.times.insert(height, time);
    }

    /// A record was applied.
    pub(super) fn applied(
        &mut self,
        digest: RecordDigest,
        record: &Record,
    ) -> Result<(), Violation> {
        let judged = self.judge(self.now, record);
        judged.map_err(|broken| violation(record, broken))?;
        self.happen(digest, record);
        Ok(())
    }

    /// A record was refused.
    pub(super) fn refused(&self, digest: RecordDigest, record: &Record) -> Result<(), Violation> {
        match self.judge(self.now, record) {
            Ok(()) => Err(Violation::WronglyRefused(digest)),
            Err(_) => Ok(()),
        }
    }

    /// A permit, where it was issued.
    pub(super) fn permit(&self, permit: PermitKey) -> Option<&Issued> {
        self.issued.get(&permit)
    }

    /// The time of a block.
    pub(super) fn time_of(&self, height: Height) -> Option<Timestamp> {
        self.times.get(&height).copied()
    }

    pub(super) const fn parameters(&self) -> &Parameters {
        &self.parameters
    }

    pub(super) const fn registers(&self) -> &Registers {
        &self.registers
    }

    pub(super) fn is_member(&self, party: PartyCode) -> bool {
        self.members.contains_key(&party)
    }

    pub(super) fn accepts_unendorsed(&self, party: Option<PartyCode>) -> bool {
        let member = party.and_then(|party| self.members.get(&party));
        member.is_some_and(|member| member.accepts_unendorsed)
    }

    fn asks_for_import_permit(&self, party: Option<PartyCode>) -> bool {
        let member = party.and_then(|party| self.members.get(&party));
        member.is_some_and(|member| member.import_permit_for_ii)
    }

    /// The customs union that a Party belongs to.
    pub(super) fn union_of(&self, party: PartyCode) -> Option<&str> {
        self.members.get(&party)?.union.as_deref()
    }

    /// One Party, or two of one customs union.
    pub(super) fn are_one(&self, a: PartyCode, b: PartyCode) -> bool {
        let union = self.union_of(a);
        a == b || (union.is_some() && union == self.union_of(b))
    }

    /// Whether its offices may state this now.
    pub(super) fn judge(&self, now: Timestamp, record: &Record) -> Judged {
        let (by, needed) = (record.author, role_for(&record.statement));
        let speaks = |office: &OfficeNumber| self.roles.get(&(by, *office)) == Some(&needed);
        let may_speak = !record.offices.is_empty() && record.offices.iter().all(speaks);
        must(may_speak, Broken::Party)?;
        match &record.statement {
            Statement::Issue(said) => self.may_issue(now, by, said),
            Statement::Endorse(said) => self.may_endorse(now, by, said),
            Statement::Sight(_) => Ok(()),
            Statement::Import(said) => self.may_import(now, by, said),
            Statement::Refuse(said) => must(said.reason.light() != Light::Green, Broken::Kind),
            Statement::Cancel(said) => self.may_cancel(by, said),
            Statement::Consent(said) => self.may_consent(by, said),
            Statement::Cross(said) => self.may_cross(now, by, said),
            Statement::Correct(said) => self.may_correct(by, said),
            Statement::PaperSeen(said) => {
                must(!self.is_member(said.permit.issuer), Broken::OnLedger)?;
                self.registers.may_clear(said)
            }
            Statement::RevokeRange(said) => self.registers.may_revoke(by, said),
            Statement::Quota(said) => self.registers.may_ration(now, by, said),
            Statement::Operation(said) => self.registers.may_list(by, said),
            Statement::Suspend(said) => self.registers.may_suspend(now, by, said, &self.parameters),
        }
    }

    fn told(&self, permit: PermitKey) -> Result<&Issued, Broken> {
        self.issued.get(&permit).ok_or(Broken::NotIssued)
    }

    fn in_date(&self, now: Timestamp, permit: &Issued) -> Judged {
        let (early, late) = permit.is_out_of_date(now, &self.parameters);
        must(!early && !late, Broken::Dates)
    }

    fn may_endorse(&self, now: Timestamp, by: PartyCode, said: &Endorse) -> Judged {
        let permit = self.told(said.permit)?;
        must(permit.said.kind.is_endorsed(), Broken::Kind)?;
        must(self.are_one(by, said.permit.issuer), Broken::Party)?;
        must(!permit.is_spent, Broken::Spent)?;
        must(!permit.is_cancelled(), Broken::Over)?;
        must(permit.endorsed.is_none(), Broken::Again)?;
        self.in_date(now, permit)?;
        must(
            !self.is_suspended(now, said.permit.issuer, permit),
            Broken::Suspended,
        )?;
        permit.fits(&said.lines, |line| line.authorised)
    }

    /// Whether trade under a permit is suspended now.
    pub(super) fn is_suspended(&self, now: Timestamp, issuer: PartyCode, permit: &Issued) -> bool {
        let parties = (issuer, permit.said.destination);
        let mut suspended = self.registers.suspended(now, parties, &self.parameters);
        let species = || permit.said.lines.iter().map(|line| line.species);
        permit.said.kind.is_endorsed()
            && suspended.any(|of| of.is_none() || species().any(|species| species == of))
    }

    fn may_import(&self, now: Timestamp, by: PartyCode, said: &Import) -> Judged {
        let permit = self.told(said.permit)?;
        let kind = permit.said.kind;
        let is_total = kind.uses() == Uses::Total;
        must(kind.is_endorsed() || is_total, Broken::Kind)?;
        let may_name = said.import_permit.is_none() || may_rest(kind);
        must(may_name, Broken::Kind)?;
        let to = permit.said.destination.ok_or(Broken::Party)?;
        must(self.are_one(by, to), Broken::Party)?;
        must(!permit.is_spent, Broken::Spent)?;
        must(!permit.is_cancelled(), Broken::Over)?;
        self.in_date(now, permit)?;
        must(!permit.lacks_consent(), Broken::Unaccompanied)?;
        let left = permit.endorsed.is_some() || is_total || permit.is_retrospective();
        let is_endorsed = left || self.accepts_unendorsed(Some(to));
        must(is_endorsed, Broken::Unaccompanied)?;
        let named = permit.import_permit.or(said.import_permit);
        let needs = permit.lines.values().any(|line| self.rests(permit, line));
        must(!needs || named.is_some(), Broken::Unaccompanied)?;
        if let Some(named) = named {
            let same = said.import_permit.is_none_or(|said| said == named);
            let needed = self.needed(permit, &said.lines);
            must(same, Broken::Unaccompanied)?;
            self.is_granted(now, named, to, &needed)?;
        }
        permit.fits(&said.lines, |line| match is_total {
            true => line.authorised.saturating_sub(line.imported.unwrap_or(0)),
            false => line.endorsed.unwrap_or(line.authorised),
        })
    }

    /// Whether a line comes in on an import permit only: Appendix I, and all but III where the destination asks.
    fn rests(&self, permit: &Issued, line: &Line) -> bool {
        let asked = self.asks_for_import_permit(permit.said.destination);
        may_rest(permit.said.kind) && (line.is_strict || (asked && line.is_listed_higher))
    }

    /// What an import permit must grant for these goods.
    fn needed(&self, permit: &Issued, goods: &[LineQuantity]) -> Needed {
        let mut needed = Needed::new();
        for named in goods {
            let line = permit.lines.get(&named.line);
            if let Some(line) = line.filter(|line| self.rests(permit, line)) {
                let sum = needed.entry((line.taxon, line.unit)).or_default();
                *sum = sum.saturating_add(named.quantity.scaled().into());
            }
        }
        needed
    }

    /// Whether that is an unused import permit of `to`, in date, with enough of each taxon in its unit.
    fn is_granted(
        &self,
        now: Timestamp,
        named: PermitKey,
        to: PartyCode,
        needed: &Needed,
    ) -> Judged {
        let granted = self.issued.get(&named).ok_or(Broken::Unaccompanied)?;
        let is_usable = granted.said.kind == Kind::Import
            && named.issuer == to
            && !granted.is_spent
            && !granted.is_cancelled()
            && self.in_date(now, granted).is_ok();
        must(is_usable && granted.covers(needed), Broken::Unaccompanied)
    }

    fn may_cancel(&self, by: PartyCode, said: &Cancel) -> Judged {
        let permit = self.told(said.permit)?;
        must(by == said.permit.issuer, Broken::Party)?;
        must(!permit.is_cancelled(), Broken::Over)?;
        must(!permit.is_contested, Broken::Again)
    }

    fn may_consent(&self, by: PartyCode, said: &Consent) -> Judged {
        let permit = self.told(said.permit)?;
        must(permit.is_retrospective(), Broken::Kind)?;
        must(permit.said.destination == Some(by), Broken::Party)?;
        must(!permit.is_cancelled(), Broken::Over)?;
        must(!permit.is_consented, Broken::Again)
    }

    fn may_cross(&self, now: Timestamp, by: PartyCode, said: &Cross) -> Judged {
        let permit = self.told(said.permit)?;
        must(permit.said.kind.is_multi_crossing(), Broken::Kind)?;
        must(!permit.is_cancelled(), Broken::Over)?;
        let is_out = said.direction == Direction::Out;
        // Out of a foreign State, or in to its own: no passport is kept from going home.
        let is_homeward = is_out == (by != said.permit.issuer);
        let (early, late) = permit.is_out_of_date(now, &self.parameters);
        must(!early && (!late || is_homeward), Broken::Dates)?;
        must(
            permit.said.commitment == said.document,
            Broken::OtherDocument,
        )?;
        let is_here = match permit.inside {
            Some(inside) => is_out && self.are_one(by, inside),
            None => !is_out,
        };
        must(is_here, Broken::TwoStates)
    }

    fn may_correct(&self, by: PartyCode, said: &Correct) -> Judged {
        let permit = self.told(said.permit)?;
        let is_of = |done: &&Done| done.in_force == said.record;
        if let Some(done) = permit.endorsed.as_ref().filter(is_of) {
            must(done.by == by, Broken::Party)?;
            must(!permit.is_spent, Broken::Spent)?;
            return permit.fits(&said.lines, |line| line.authorised);
        }
        let imported = permit.imported.as_ref().filter(is_of);
        let done = imported.ok_or(Broken::Unknown)?;
        must(done.by == by, Broken::Party)?;
        permit.fits(&said.lines, |line| line.endorsed.unwrap_or(line.authorised))?;
        let granted = permit
            .import_permit
            .and_then(|named| self.issued.get(&named));
        let needed = self.needed(permit, &said.lines);
        must(
            granted.is_none_or(|granted| granted.covers(&needed)),
            Broken::Quantity,
        )?;
        let is_kept = |id, drawn: u128| {
            let named = said.lines.iter().find(|named| named.line == id);
            drawn <= named.map_or(0, |named| named.quantity.scaled().into())
        };
        let covers_drawn = permit.lines.keys().all(|id| {
            let (permit, line) = (said.permit, *id);
            is_kept(line, self.drawn_from(&LineKey { permit, line }))
        });
        must(covers_drawn, Broken::Origin)
    }

    fn drawn_from(&self, source: &LineKey) -> u128 {
        self.drawn.get(source).copied().unwrap_or(0)
    }

    /// Notes what an applied record says.
    fn happen(&mut self, digest: RecordDigest, record: &Record) {
        let by = record.author;
        let done = Done {
            by,
            in_force: digest,
        };
        match &record.statement {
            Statement::Issue(said) => self.issue(by, said),
            Statement::Endorse(said) => self.change(said.permit, |permit| {
                permit.leave(&said.lines);
                permit.endorsed = Some(done);
            }),
            Statement::Import(said) => self.import(said, done),
            Statement::Refuse(said) => self.change(said.permit, |permit| {
                permit.refusals = permit.refusals.saturating_add(1);
            }),
            Statement::Cancel(said) => self.cancel(said),
            Statement::Consent(said) => {
                self.change(said.permit, |permit| permit.is_consented = true);
            }
            Statement::Cross(said) => self.change(said.permit, |permit| {
                permit.inside = (said.direction == Direction::In).then_some(by);
            }),
            Statement::Correct(said) => self.change(said.permit, |permit| {
                permit.correct(said, digest);
            }),
            Statement::Sight(_) => {}
            Statement::PaperSeen(said) => self.registers.clear(said, self.height),
            Statement::RevokeRange(said) => self.registers.revoke(by, said),
            Statement::Quota(said) => self.registers.ration(by, said),
            Statement::Operation(said) => self.registers.list(by, said),
            Statement::Suspend(said) => self.registers.suspend(by, said, self.height),
        }
    }

    fn change(&mut self, permit: PermitKey, change: impl FnOnce(&mut Issued)) {
        let height = self.height;
        if let Some(permit) = self.issued.get_mut(&permit) {
            permit.changed_at = height;
            change(permit);
        }
    }

    fn import(&mut self, said: &Import, done: Done) {
        let mut named = None;
        self.change(said.permit, |permit| {
            permit.arrive(said, done);
            named = permit.import_permit.filter(|_| permit.is_spent);
        });
        if let Some(named) = named {
            self.change(named, |granted| granted.is_spent = true);
        }
    }

    fn cancel(&mut self, said: &Cancel) {
        let mut back = None;
        self.change(said.permit, |permit| {
            let held = permit.holds_draws();
            if permit.is_spent {
                // After the use it is a notice, and undoes nothing.
                permit.is_contested = true;
            } else {
                permit.cancelled = Some(said.reason);
            }
            back = (held && !permit.holds_draws()).then(|| permit.clone());
        });
        if let Some(permit) = back {
            self.give_back(said.permit.issuer, &permit);
        }
    }
}

/// Quantities by taxon and unit.
type Needed = BTreeMap<(ledger::digest::TaxonTag, ledger::codes::Unit), u128>;

const fn must(holds: bool, broken: Broken) -> Judged {
    if holds { Ok(()) } else { Err(broken) }
}

/// Whether goods of that kind of document rest on an import permit at all (Art. III to V).
const fn may_rest(kind: Kind) -> bool {
    matches!(kind, Kind::Export | Kind::ReExport | Kind::Other)
}

const fn role_for(statement: &Statement) -> Role {
    match statement {
        Statement::Issue(_)
        | Statement::Cancel(_)
        | Statement::Consent(_)
        | Statement::RevokeRange(_)
        | Statement::Quota(_)
        | Statement::Operation(_)
        | Statement::Suspend(_) => Role::Management,
        Statement::Endorse(_)
        | Statement::Sight(_)
        | Statement::Import(_)
        | Statement::Refuse(_)
        | Statement::Cross(_)
        | Statement::Correct(_)
        | Statement::PaperSeen(_) => Role::Customs,
    }
}

fn violation(record: &Record, broken: Broken) -> Violation {
    let author = record.author;
    let (permit, deed) = (record.statement.subject(author), record.statement.as_str());
    if broken == Broken::Party {
        return Violation::WrongParty {
            author,
            deed,
            permit,
        };
    }
    if broken == Broken::Spent {
        return Violation::SpentTwice(permit);
    }
    if broken == Broken::Quantity {
        return Violation::TooMuch(permit);
    }
    Violation::Rule {
        author,
        deed,
        permit,
        rule: broken,
    }
}

#[cfg(test)]
mod tests;

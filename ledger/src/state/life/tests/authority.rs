//! Breaches of what Management Authorities state beside issuing.

use super::*;
use crate::digest::OperationHash;
use crate::limits::{REVOKED_RANGES_MAX, SUSPENSIONS_MAX};
use crate::record::{
    Cancel, Consent, Operation, OperationKey, Quota, RetrospectiveReason, RevokeRange,
    RevokeReason, SerialRange, Series, Suspend,
};
use crate::state::register::{OperationState, RevokedRange, RevokedRanges};

#[test]
#[rustfmt::skip]
fn a_cancellation_is_refused_by_the_first_rule_it_breaks() {
    use Reason as R;
    let order = [
        R::Role, R::NotIssued, R::WrongParty, R::Cancelled, R::Replaced, R::Lost, R::Stolen, R::AlreadyRecorded,
    ];
    let breaches: &[Breach<Cancel>] = &[
        breach!(role Customs),
        breach!(not issued),
        ("another Party's Management Authority", |s| s.author = party("QN"), R::WrongParty),
        breach!(cancelled Clerical Cancelled),
        breach!(cancelled Withdrawn Cancelled),
        breach!(cancelled Damaged Cancelled),
        breach!(replaced Stolen),
        breach!(cancelled Lost Lost),
        breach!(cancelled Stolen Stolen),
        ("contested before", |s| s.with(|permit| {
            permit.contested = Some(cancellation(CancelReason::Lost));
        }), R::AlreadyRecorded),
    ];
    // Where there is no permit there is no issuer either: `WRONG_PARTY` is not asked.
    let never: Vec<_> = no_permit(&order, &[]).into_iter().chain(one_cancellation()).collect();
    for permit in [alive(), endorsed(), imported()] {
        let said = Cancel { permit: crate::testing::permit("1"), reason: CancelReason::Lost };
        let good = Situation::new("QS", Role::Management, said).about(permit);
        check(CANCEL, &order, &good, Statement::Cancel, breaches, &never);
    }
}

#[test]
#[rustfmt::skip]
fn a_consent_is_refused_by_the_first_rule_it_breaks() {
    use Reason as R;
    let order = [
        R::Role, R::NotIssued, R::WrongKind, R::WrongParty, R::Cancelled, R::Replaced, R::Lost, R::Stolen,
        R::AlreadyRecorded,
    ];
    let mut retrospective = alive();
    retrospective.retrospective = Some(RetrospectiveReason::HouseholdEffects);
    let good = Situation::new("QN", Role::Management, Consent { permit: permit("1") }).about(retrospective);
    let breaches: &[Breach<Consent>] = &[
        breach!(role Customs),
        breach!(role Management Customs),
        breach!(not issued),
        ("not retrospective", |s| s.with(|permit| permit.retrospective = None), R::WrongKind),
        breach!(author "QS"),
        breach!(author "QP"),
        breach!(cancelled Clerical Cancelled),
        breach!(cancelled Withdrawn Cancelled),
        breach!(replaced Lost),
        breach!(cancelled Lost Lost),
        breach!(cancelled Stolen Stolen),
        ("agreed before", |s| s.with(|permit| permit.consent = Some(act("QN"))), R::AlreadyRecorded),
    ];
    let never: Vec<_> = no_permit(&order, &[]).into_iter().chain(one_cancellation()).collect();
    check(CONSENT, &order, &good, Statement::Consent, breaches, &never);
}

fn range(first: u64) -> SerialRange {
    SerialRange::parse(
        &std::format!("26QS{first:06}"),
        &std::format!("26QS{:06}", first + 9),
    )
    .expect("a range")
}

/// The range that begins there is revoked.
fn revoked<S: Clone>(s: &mut Situation<S>, series: Series, first: u64) {
    let one = RevokedRange {
        series,
        range: range(first),
        reason: RevokeReason::Stolen,
        act: act("QS"),
    };
    s.enter(StateKey::revoked(party("QS")), |all: &mut RevokedRanges| {
        all.0.push(one)
    });
}

#[test]
#[rustfmt::skip]
fn a_revocation_is_refused_by_the_first_rule_it_breaks() {
    use Reason as R;
    let order = [R::Role, R::AlreadyRecorded, R::UnknownRecord, R::RegisterFull];
    let said = RevokeRange { series: Series::Forms, range: range(0), reason: RevokeReason::Stolen, lifted: false };
    let good = Situation::new("QS", Role::Management, said);
    let breaches: &[Breach<RevokeRange>] = &[
        breach!(role Customs),
        ("revoked before", |s| revoked(s, Series::Forms, 0), R::AlreadyRecorded),
        ("lifted, and never revoked", |s| s.said.lifted = true, R::UnknownRecord),
        ("lifted, and another range is revoked", |s| {
            revoked(s, Series::Forms, 1);
            revoked(s, Series::Stamps, 0);
            s.said.lifted = true;
        }, R::UnknownRecord),
        ("as many ranges as a Party may have", |s| {
            (0..REVOKED_RANGES_MAX as u64).for_each(|n| revoked(s, Series::Stamps, 10 * n));
        }, R::RegisterFull),
    ];
    let never = [
        // What holds cannot be unknown, and lifting needs no room.
        (R::AlreadyRecorded, R::UnknownRecord), (R::UnknownRecord, R::RegisterFull),
    ];
    check(REVOKE_RANGE, &order, &good, Statement::RevokeRange, breaches, &never);
    let mut lifting = good;
    lifting.said.lifted = true;
    (0..REVOKED_RANGES_MAX as u64).for_each(|n| revoked(&mut lifting, Series::Forms, 10 * n));
    lifting.is_applied(Statement::RevokeRange);
}

#[test]
#[rustfmt::skip]
fn a_quota_is_refused_by_the_first_rule_it_breaks() {
    use Reason as R;
    let order = [R::Role, R::Dates, R::UnitMismatch, R::QuotaExceeded];
    let said = Quota { year: 2026, species: species("a"), unit: Unit::Number, total: units(100) };
    let good = Situation::new("QS", Role::Management, said);
    fn stated(s: &mut Situation<Quota>, state: &QuotaState) {
        let key = StateKey::quota(s.author, s.said.year, &s.said.species);
        s.values.insert(key, codec::encode(state));
    }
    let breaches: &[Breach<Quota>] = &[
        breach!(role Scientific),
        ("for last year", |s| s.said.year = 2025, R::Dates),
        ("stated in another unit", |s| stated(s, &quota(Unit::Kilogram, 100)), R::UnitMismatch),
        ("below what is drawn", |s| {
            stated(s, &QuotaState { total: units(200), ..quota(s.said.unit, 101) });
        }, R::QuotaExceeded),
        ("by a ten-thousandth, in another unit", |s| {
            stated(s, &quota(Unit::Kilogram, 100));
            s.said.total = Quantity::from_scaled(999_999).expect("a quantity");
        }, R::UnitMismatch),
    ];
    check(QUOTA, &order, &good, Statement::Quota, breaches, &[]);
    for (drawn, total) in [(100, 100), (0, 0), (99, 100)] {
        let mut again = good.clone();
        again.said.total = units(total);
        stated(&mut again, &quota(Unit::Number, drawn));
        again.is_applied(Statement::Quota);
    }
    let mut later = good;
    later.said.year = 2027;
    later.is_applied(Statement::Quota);
}

#[test]
#[rustfmt::skip]
fn an_entry_in_the_register_is_refused_by_the_first_rule_it_breaks() {
    use Reason as R;
    let order = [R::Role, R::AlreadyRecorded, R::UnknownRecord];
    let number = OperationHash(sha256(b"A-QS-501"));
    let good = Situation::new("QS", Role::Management, Operation { number, listed: true });
    fn stands(s: &mut Situation<Operation>, party: PartyCode, listed: bool) {
        let key = StateKey::operation(&OperationKey { party, number: s.said.number });
        s.values.insert(key, codec::encode(&OperationState { listed, act: act("QS") }));
    }
    let breaches: &[Breach<Operation>] = &[
        breach!(role Scientific),
        ("listed before", |s| stands(s, s.author, true), R::AlreadyRecorded),
        ("struck off, and never listed", |s| s.said.listed = false, R::UnknownRecord),
        ("struck off twice", |s| {
            stands(s, s.author, false);
            s.said.listed = false;
        }, R::UnknownRecord),
        ("struck off another Party's register", |s| {
            stands(s, party("QN"), true);
            s.said.listed = false;
        }, R::UnknownRecord),
    ];
    check(OPERATION, &order, &good, Statement::Operation, breaches, &[(R::AlreadyRecorded, R::UnknownRecord)]);
    let mut again = good.clone();
    stands(&mut again, good.author, false);
    again.is_applied(Statement::Operation);
    let mut struck = good.clone();
    stands(&mut struck, good.author, true);
    struck.said.listed = false;
    struck.is_applied(Statement::Operation);
}

#[test]
#[rustfmt::skip]
fn a_suspension_is_refused_by_the_first_rule_it_breaks() {
    use Reason as R;
    let order = [R::Role, R::Dates, R::RegisterFull];
    let today = START.date();
    let said = Suspend { of: party("QT"), species: None, from: today, until: None };
    let good = Situation::new("QS", Role::Management, said);
    let breaches: &[Breach<Suspend>] = &[
        breach!(role Governance),
        ("from two days ago", |s| s.said.from = START.date().plus_days(-2), R::Dates),
        ("until two days ago", |s| s.said.until = Some(START.date().plus_days(-2)), R::Dates),
        ("until before it begins", |s| {
            s.said.from = START.date().plus_days(9);
            s.said.until = Some(START.date().plus_days(8));
        }, R::Dates),
        ("again, and earlier than before", |s| {
            s.suspend("QT", "QS", None);
            s.said.from = START.date().plus_days(-2);
        }, R::Dates),
        ("another Party's began on that day", |s| {
            s.suspend("QT", "QN", None);
            s.now = START.plus_ms(5 * crate::testing::DAY_MS);
            s.said.from = START.date().plus_days(-1);
        }, R::Dates),
        ("as many suspensions as a Party may have", |s| {
            let names = (0..SUSPENSIONS_MAX).map(|n| species(&std::format!("{n}")));
            names.for_each(|name| s.suspend("QT", "QS", Some(name)));
        }, R::RegisterFull),
    ];
    check(SUSPEND, &order, &good, Statement::Suspend, breaches, &[]);
    let others: [fn(&mut Situation<Suspend>); 4] = [
        |s| s.said.of = party("QS"),
        |s| s.said.until = Some(s.said.from),
        // One that began long ago gets its end.
        |s| {
            s.suspend("QT", "QS", None);
            s.said.from = START.date().plus_days(-1);
            s.now = START.plus_ms(50 * crate::testing::DAY_MS);
            s.said.until = Some(s.now.date());
        },
        // Changing one needs no room.
        |s| {
            let names = (1..SUSPENSIONS_MAX).map(|n| species(&std::format!("{n}")));
            names.for_each(|name| s.suspend("QT", "QS", Some(name)));
            s.suspend("QT", "QS", None);
        },
    ];
    for change in others {
        let mut situation = good.clone();
        change(&mut situation);
        situation.is_applied(Statement::Suspend);
    }
}

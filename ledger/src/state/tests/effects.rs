//! What an applied statement leaves behind, and what a refused one does not.

use std::collections::BTreeSet;
use std::vec;

use super::*;
use crate::digest::RecordDigest;
use crate::limits::REFUSED_PER_AUTHOR_MAX;
use crate::parameters::Parameters;
use crate::party::{OfficeNumber, Party};
use crate::reason::Reason;
use crate::signed::CheckAll;
use crate::testing::{PARTIES, entries, plain_party, port};
use crate::tree::KeyHash;

fn balances(ledger: &TestLedger, permit: &PermitKey) -> Vec<(u64, Option<u64>, Option<u64>)> {
    let permit = ledger.permit(permit).expect("issued");
    let whole = |quantity: crate::quantity::Quantity| quantity.scaled() / 10_000;
    let lines = permit.lines.iter();
    lines
        .map(|line| {
            let (endorsed, imported) = (line.endorsed.map(whole), line.imported.map(whole));
            (whole(line.authorised), endorsed, imported)
        })
        .collect()
}

#[test]
fn quantities_follow_the_goods_and_the_import_spends_the_permit() {
    let (mut ledger, key) = issued();
    assert_eq!(
        balances(&ledger, &key),
        [(100, None, None), (20, None, None)]
    );
    let endorsed = ledger.state_now(EXPORT, endorse(key, quantities(96, 0)), after(1));
    assert_eq!(endorsed, None);
    assert_eq!(
        balances(&ledger, &key),
        [(100, Some(96), None), (20, Some(0), None)],
        "a line that is left out did not leave"
    );
    let too_much = ledger.state_now(IMPORT, import(key, quantities(96, 1)), after(2));
    assert_eq!(too_much, Some(Reason::OverQuantity));
    let imported = ledger.state_now(IMPORT, import(key, quantities(95, 0)), after(3));
    assert_eq!(imported, None);
    assert_eq!(
        balances(&ledger, &key),
        [(100, Some(96), Some(95)), (20, Some(0), Some(0))]
    );
    let again = ledger.state_now(IMPORT, import(key, quantities(1, 0)), after(4));
    assert_eq!(again, Some(Reason::Used), "what is left over is lost");
}

#[test]
fn an_act_names_who_where_when_and_by_which_record() {
    let (mut ledger, key) = issued();
    let signed = ledger.says(EXPORT, endorse(key, quantities(5, 5)), after(1));
    ledger.block(after(7), &[Arc::clone(&signed)]);
    let permit = ledger.permit(&key).unwrap();
    let act = Act {
        party: party("QS"),
        office: OfficeNumber(2),
        port: Some(port("QSSUR")),
        time: after(7),
        height: crate::party::Height(2),
        record: signed.digest(),
    };
    assert_eq!(permit.endorsement, Some(act));
    assert_eq!(permit.last_height, crate::party::Height(2));
    assert_eq!(permit.issued.port, None);
    assert_eq!(permit.issued.height, crate::party::Height(1));
}

#[test]
fn sightings_refusals_and_refused_attempts_are_counted_and_change_nothing_else() {
    let (mut ledger, key) = issued();
    let before = ledger.permit(&key).unwrap();
    for (number, speaker) in (1..).zip([TRANSIT, IMPORT, TRANSIT]) {
        assert_eq!(
            ledger.state_now(speaker, sight(key), after(number)),
            None,
            "never locks"
        );
    }
    let altered = refuse(key, Reason::Altered);
    assert_eq!(ledger.state_now(TRANSIT, altered, after(4)), None);
    for (number, role) in (5..).zip([Role::Management, Role::Scientific]) {
        let refused = ledger.state_now(("QP", role), sight(key), after(number));
        assert_eq!(refused, Some(Reason::Role));
    }
    let counts = |code, attempts, refusals| PortCounts {
        port: port(code),
        attempts,
        refusals,
    };
    let expected = PermitState {
        sightings: 3,
        refusals: 1,
        refused_attempts: 2,
        last_height: crate::party::Height(7),
        ports: vec![counts("QNHAR", 0, 1), counts("QTTRA", 2, 0)],
        ..before
    };
    assert_eq!(ledger.permit(&key), Some(expected));
    let spent = ledger.state_now(EXPORT, endorse(key, quantities(1, 1)), after(7));
    assert_eq!(
        spent, None,
        "a sighting and a refusal spend and lock nothing"
    );
}

#[test]
fn a_number_that_was_never_issued_is_reported_and_stays_never_issued() {
    let (mut ledger, _) = issued();
    let forged = permit("forged");
    let report = |ledger: &TestLedger| {
        let report: Option<ReportState> = read(&ledger.state, &StateKey::report(&forged)).unwrap();
        report.map(|report| (report.sightings, report.refusals, report.last.party))
    };
    assert_eq!(report(&ledger), None);
    ledger.state_now(TRANSIT, sight(forged), after(1));
    ledger.state_now(TRANSIT, sight(forged), after(2));
    ledger.state_now(IMPORT, refuse(forged, Reason::NotIssued), after(3));
    assert_eq!(report(&ledger), Some((2, 1, party("QN"))));
    assert_eq!(ledger.permit(&forged), None);
    let entry = ledger.entry(&StateKey::permit(&forged));
    let shown = entry
        .path
        .check(ledger.state_root, entry.key.as_bytes(), None);
    assert_eq!(shown, Ok(()), "still proven absent");
    // The issuer may issue that number later: the report stays beside it.
    ledger.state_now(MANAGEMENT, Statement::Issue(issue("forged")), after(4));
    assert_eq!(ledger.permit(&forged).unwrap().sightings, 0);
    assert_eq!(report(&ledger), Some((2, 1, party("QN"))));
}

#[test]
fn a_refusal_about_an_unknown_permit_changes_the_log_and_its_own_trace_only() {
    let mut ledger = TestLedger::default();
    let unknown = permit("unknown");
    for (number, statement) in (1..).zip([
        endorse(unknown, quantities(1, 1)),
        import(unknown, quantities(1, 1)),
        cancel(unknown, CancelReason::Stolen),
        Statement::Issue(crate::record::Issue {
            retrospective: Some(crate::record::RetrospectiveReason::TraderMisled),
            ..issue("unknown")
        }),
    ]) {
        let signed = ledger.says(("QS", Role::Customs), statement, after(number));
        let executed = ledger.block(after(number), &[Arc::clone(&signed)]);
        assert!(!executed.receipts[0].is_applied());
        let keys = [
            StateKey::seen(&signed.digest()),
            StateKey::statistics(party("QS"), 2026),
        ];
        assert_eq!(
            executed.changes.values.into_keys().collect::<BTreeSet<_>>(),
            keys.map(|key| KeyHash::of(key.as_ref())).into()
        );
        assert_eq!(executed.log_size, number);
    }
    let applied = ledger.state_now(MANAGEMENT, Statement::Issue(issue("unknown")), after(9));
    assert_eq!(applied, None, "a refused issue reserves nothing");
}

#[test]
fn of_two_imports_in_one_block_the_first_wins_and_the_second_is_on_record() {
    for swapped in [false, true] {
        let (mut ledger, key) = issued();
        ledger.state_now(EXPORT, endorse(key, quantities(50, 5)), after(1));
        let mut racing = [(40, 5), (50, 4)].map(|(a, b)| {
            let statement = import(key, quantities(a, b));
            ledger.says(IMPORT, statement, after(1))
        });
        if swapped {
            racing.reverse();
        }
        let executed = ledger.block(after(2), &racing);
        let answers: Vec<_> = executed.receipts.iter().map(|r| r.refused).collect();
        assert_eq!(answers, [None, Some(Reason::Used)]);
        let permit = ledger.permit(&key).unwrap();
        assert_eq!(permit.import.unwrap().record, racing[0].digest());
        assert_eq!(permit.refused_attempts, 1);
    }
}

#[test]
fn a_cancellation_never_undoes_a_use_and_stops_every_later_one() {
    let (mut ledger, key) = issued();
    ledger.state_now(EXPORT, endorse(key, quantities(50, 5)), after(1));
    let (mut used_first, mut cancelled_first) = (ledger.clone(), ledger);
    used_first.state_now(IMPORT, import(key, quantities(50, 5)), after(2));
    let late = used_first.state_now(MANAGEMENT, cancel(key, CancelReason::Stolen), after(3));
    assert_eq!(late, None, "a notice, on record");
    let permit = used_first.permit(&key).unwrap();
    assert!(permit.import.is_some() && permit.cancellation.is_none());
    assert_eq!(permit.contested.unwrap().reason, CancelReason::Stolen);
    let again = used_first.state_now(MANAGEMENT, cancel(key, CancelReason::Stolen), after(4));
    assert_eq!(again, Some(Reason::AlreadyRecorded));

    cancelled_first.state_now(MANAGEMENT, cancel(key, CancelReason::Stolen), after(2));
    let late = cancelled_first.state_now(IMPORT, import(key, quantities(50, 5)), after(3));
    assert_eq!(late, Some(Reason::Stolen));
    let permit = cancelled_first.permit(&key).unwrap();
    assert_eq!(permit.cancelled_as(), Some(Reason::Stolen));
    assert!(permit.import.is_none());
}

#[test]
fn every_cancellation_gives_its_own_answer_afterwards() {
    for reason in CancelReason::ALL.iter().copied() {
        let (mut ledger, key) = issued();
        ledger.state_now(MANAGEMENT, cancel(key, reason), after(1));
        let answer = Some(reason.refusal());
        let endorsed = ledger.state_now(EXPORT, endorse(key, quantities(1, 1)), after(2));
        let cancelled = ledger.state_now(MANAGEMENT, cancel(key, CancelReason::Lost), after(3));
        assert_eq!((endorsed, cancelled), (answer, answer), "{reason:?}");
    }
}

/// Norvia and Portamar share one union, Suravia and Transmar another.
fn unions(norvia_accepts_unendorsed: bool) -> TestLedger {
    let parties = PARTIES.map(|code| {
        let north = ["QN", "QP"].contains(&code);
        let union = Some(if north { "NORTH" } else { "SOUTH" }.into());
        let accepts_unendorsed = norvia_accepts_unendorsed && code == "QN";
        let member = Party {
            union,
            accepts_unendorsed,
            ..plain_party()
        };
        (party(code), member)
    });
    TestLedger::new(entries(&parties, &Parameters::default()))
}

#[test]
fn customs_of_a_union_act_for_its_members_and_for_no_others() {
    for (endorsing, importing, expected) in [
        ("QS", "QN", [None, None]),
        ("QT", "QP", [None, None]),
        (
            "QP",
            "QN",
            [Some(Reason::WrongParty), Some(Reason::NotEndorsed)],
        ),
        ("QT", "QS", [None, Some(Reason::WrongParty)]),
    ] {
        let (mut ledger, key) = (unions(false), permit("1"));
        ledger.state_now(MANAGEMENT, Statement::Issue(issue("1")), START);
        let customs = |code| (code, Role::Customs);
        let endorsement = endorse(key, quantities(9, 9));
        let endorsed = ledger.state_now(customs(endorsing), endorsement, after(1));
        let imported =
            ledger.state_now(customs(importing), import(key, quantities(9, 9)), after(2));
        assert_eq!([endorsed, imported], expected, "{endorsing}, {importing}");
    }
}

#[test]
fn parties_in_no_union_are_in_none_together() {
    let (mut ledger, key) = issued();
    for (code, statement) in [
        ("QP", endorse(key, quantities(1, 1))),
        ("QT", import(key, quantities(1, 1))),
    ] {
        let refused = ledger.state_now((code, Role::Customs), statement, after(1));
        assert_eq!(refused, Some(Reason::WrongParty));
    }
}

#[test]
fn a_union_gives_customs_no_right_to_issue_or_cancel_for_a_member() {
    let (mut ledger, key) = (unions(false), permit("1"));
    ledger.state_now(MANAGEMENT, Statement::Issue(issue("1")), START);
    let fellow = ("QT", Role::Management);
    let refused = ledger.state_now(fellow, cancel(key, CancelReason::Lost), after(1));
    assert_eq!(refused, Some(Reason::WrongParty));
    // A fellow's issue of the same number hash is a permit of the fellow, not of Suravia.
    ledger.state_now(fellow, Statement::Issue(issue("1")), after(2));
    assert_eq!(ledger.permit(&key).unwrap().issuer, party("QS"));
    let own = PermitKey {
        issuer: party("QT"),
        ..key
    };
    assert_eq!(ledger.permit(&own).unwrap().issuer, party("QT"));
}

#[test]
fn an_unendorsed_permit_is_spent_only_where_its_destination_says_so() {
    for (accepts, importing, expected) in [
        (false, "QN", Some(Reason::NotEndorsed)),
        (true, "QN", None),
        // A member of the union applies the destination's policy, not its own.
        (true, "QP", None),
    ] {
        let (mut ledger, key) = (unions(accepts), permit("1"));
        ledger.state_now(MANAGEMENT, Statement::Issue(issue("1")), START);
        let statement = import(key, quantities(100, 20));
        let imported = ledger.state_now((importing, Role::Customs), statement, after(1));
        assert_eq!(imported, expected, "{accepts}, {importing}");
    }
    let (mut ledger, key) = (unions(true), permit("1"));
    ledger.state_now(MANAGEMENT, Statement::Issue(issue("1")), START);
    let over = ledger.state_now(IMPORT, import(key, quantities(101, 20)), after(1));
    assert_eq!(
        over,
        Some(Reason::OverQuantity),
        "never more than authorised"
    );
    let part = ledger.state_now(IMPORT, import(key, quantities(100, 0)), after(2));
    assert_eq!(part, None);
    let late = ledger.state_now(EXPORT, endorse(key, quantities(1, 1)), after(3));
    assert_eq!(late, Some(Reason::Used));
    assert_eq!(
        balances(&ledger, &key),
        [(100, None, Some(100)), (20, None, Some(0))]
    );
}

#[test]
fn one_author_gets_fifty_refused_records_in_a_block_and_no_more() {
    let (mut ledger, key) = issued();
    let refused =
        |ledger: &mut TestLedger, code| ledger.says((code, Role::Scientific), sight(key), START);
    let mut execution = Execution::begin(&ledger.state, ledger.next(after(1))).unwrap();
    let mut add = |signed: &Arc<Signed>| {
        let admitted = execution.admit(signed, &CheckAll).expect("admissible");
        admitted.add().unwrap()
    };
    let mut sources = ledger.clone();
    for count in 0..REFUSED_PER_AUTHOR_MAX {
        let added = add(&refused(&mut sources, "QP"));
        assert!(matches!(added, Added::Logged(receipt) if usize::from(receipt.index) == count));
    }
    assert_eq!(add(&refused(&mut sources, "QP")), Added::TooManyRefused);
    let applied = sources.says(("QP", Role::Customs), sight(key), START);
    let other = refused(&mut sources, "QT");
    for signed in [&applied, &other] {
        assert!(
            matches!(add(signed), Added::Logged(_)),
            "not refused, or not theirs"
        );
    }
    assert_eq!(add(&refused(&mut sources, "QP")), Added::TooManyRefused);
    let executed = execution.finish().unwrap();
    assert_eq!(executed.log_size, 1 + 52, "what was too much left no trace");
    assert_eq!(executed.changes.seen_added.len(), 52);
    ledger.state.apply(&executed.changes);
    let permit = ledger.permit(&key).unwrap();
    assert_eq!((permit.refused_attempts, permit.sightings), (51, 1));
    let next = refused(&mut sources, "QP");
    assert!(
        execute(&ledger.state, ledger.next(after(2)), &[next]).is_ok(),
        "the next block"
    );
}

#[test]
fn the_log_holds_every_record_with_its_receipt_and_finds_it() {
    let (mut ledger, key) = issued();
    let records = [
        ledger.says(EXPORT, endorse(key, quantities(1, 1)), after(1)),
        ledger.says(EXPORT, endorse(key, quantities(1, 1)), after(1)),
    ];
    let executed = ledger.block(after(2), &records);
    for (index, signed) in (1..).zip(&records) {
        let leaf: Leaf = codec::decode(ledger.state.leaf(index).unwrap(), 70_000).unwrap();
        assert_eq!(leaf.signed, signed.bytes());
        assert_eq!(leaf.receipt, executed.receipts[index as usize - 1]);
        let found = ledger.state.log_index(&signed.digest()).unwrap();
        assert_eq!(found, Some(index));
    }
    assert_eq!(ledger.state.history(&key), [0, 1, 2]);
    assert_eq!(ledger.state.log_index(&RecordDigest::default()), Ok(None));
}

#[test]
fn the_largest_permit_goes_from_issue_to_proof_within_every_limit() {
    use crate::codes::Unit;
    use crate::quantity::Quantity;
    use crate::record::LineQuantity;
    use crate::testing::issued_line;
    let mut stated = issue("1");
    let lines = (1..=250).map(|number| issued_line(number, Unit::Kilogram, Quantity::MAX));
    stated.lines = lines.collect();
    let moved: Vec<_> = stated
        .lines
        .iter()
        .map(|line| LineQuantity {
            line: line.line,
            unit: line.unit,
            quantity: line.authorised,
        })
        .collect();
    let (mut ledger, key) = (TestLedger::default(), permit("1"));
    let statements = [
        (MANAGEMENT, Statement::Issue(stated)),
        (EXPORT, endorse(key, moved.clone())),
        (IMPORT, import(key, moved)),
    ];
    for (number, (speaker, statement)) in (0..).zip(statements) {
        assert_eq!(ledger.state_now(speaker, statement, after(number)), None);
    }
    let bytes = ledger.proof(&key).encode();
    let proof = crate::proof::Proof::decode(&bytes).expect("within the limits of a proof");
    assert!(proof.check(&ledger.trust(), after(3)).is_ok());
    assert_eq!(proof.records.len(), 3);
}

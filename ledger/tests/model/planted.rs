//! Planted violations: the checker finds each one, so its silence over random histories means something.

use std::collections::BTreeSet;

use ledger::party::Role;
use ledger::quantity::Quantity;
use ledger::reason::Reason;
use ledger::record::{CancelReason, Statement};
use ledger::state::{Cancellation, PermitState};
use ledger::testing::{
    PARTIES, START, TestLedger, cancel, endorse, import, issue, party, permit, plain_party,
    quantities, record, refuse, sight, sign, units,
};

use crate::check::{Permits, Step, Violation, check};

const MANAGEMENT: (&str, Role) = ("QS", Role::Management);
const EXPORT: (&str, Role) = ("QS", Role::Customs);
const IMPORT: (&str, Role) = ("QN", Role::Customs);

/// A story that ends with the last of these statements; all but a planted one keep every invariant.
fn story(statements: &[((&str, Role), Statement)]) -> Step {
    let mut ledger = TestLedger::default();
    let mut step = None;
    for (nonce, (speaker, statement)) in (1..).zip(statements) {
        let now = START.plus_ms(nonce);
        let record = record(*speaker, statement.clone(), now, nonce);
        let before = permits(&ledger);
        let executed = ledger.block(now, &[sign(&record)]);
        let told = Step {
            parties: PARTIES.map(|code| (party(code), plain_party())).into(),
            before,
            after: permits(&ledger),
            record,
            roles: vec![speaker.1],
            refused: executed.receipts[0].refused,
        };
        assert_eq!(check(&told), Ok(()), "an honest story");
        step = Some(told);
    }
    step.unwrap()
}

fn permits(ledger: &TestLedger) -> Permits {
    let keys = [permit("1"), permit("2")];
    keys.into_iter()
        .filter_map(|key| Some((key, ledger.permit(&key)?)))
        .collect()
}

fn issued() -> Vec<((&'static str, Role), Statement)> {
    ["2", "1"]
        .map(|number| (MANAGEMENT, Statement::Issue(issue(number))))
        .to_vec()
}

fn then(
    mut story: Vec<((&'static str, Role), Statement)>,
    last: ((&'static str, Role), Statement),
) -> Vec<((&'static str, Role), Statement)> {
    story.push(last);
    story
}

fn endorsed() -> Vec<((&'static str, Role), Statement)> {
    then(issued(), (EXPORT, endorse(permit("1"), quantities(50, 10))))
}

fn imported() -> Vec<((&'static str, Role), Statement)> {
    then(
        endorsed(),
        (IMPORT, import(permit("1"), quantities(40, 10))),
    )
}

fn cancelled() -> Vec<((&'static str, Role), Statement)> {
    then(
        endorsed(),
        (MANAGEMENT, cancel(permit("1"), CancelReason::Lost)),
    )
}

fn after(step: &mut Step) -> &mut PermitState {
    step.after.get_mut(&permit("1")).unwrap()
}

type Plant = (
    &'static str,
    Vec<((&'static str, Role), Statement)>,
    fn(&mut Step),
    Violation,
);

#[rustfmt::skip]
#[expect(clippy::too_many_lines, reason = "rows of one table")]
fn plants() -> Vec<Plant> {
    use Violation as V;
    let seen = |story| then(story, (IMPORT, sight(permit("1"))));
    let again = |story| then(story, (IMPORT, import(permit("1"), quantities(1, 1))));
    vec![
        ("another permit's counter moves", imported(), |s| {
            s.after.get_mut(&permit("2")).unwrap().sightings += 1;
        }, V::AnotherPermit),
        ("another permit goes", imported(), |s| { s.after.remove(&permit("2")); }, V::AnotherPermit),
        ("the permit itself goes", imported(), |s| { s.after.remove(&permit("1")); }, V::AnotherPermit),
        ("a permit comes by a sighting", seen(vec![]), |s| {
            let stranger = story(&issued());
            s.after.insert(permit("1"), stranger.after[&permit("1")].clone());
        }, V::Issue),
        ("an issue brings nothing", issued(), |s| { s.after.remove(&permit("1")); }, V::Issue),
        ("a refused issue brings a permit", issued(), |s| s.refused = Some(Reason::Dates), V::Issue),
        ("issued over an issued one", then(issued(), (MANAGEMENT, Statement::Issue(issue("1")))), |s| {
            s.refused = None;
        }, V::Issue),
        ("issued by customs", issued(), |s| s.roles = vec![Role::Customs], V::WrongParty),
        ("issued for another Party", issued(), |s| after(s).issuer = party("QT"), V::WrongParty),
        ("born used", issued(), |s| {
            let spent = story(&imported()).after[&permit("1")].clone();
            s.after.insert(permit("1"), spent);
        }, V::NotOnce),
        ("born seen", issued(), |s| after(s).sightings = 1, V::Count),
        ("a refused import spends", again(imported()), |s| after(s).import.as_mut().unwrap().height.0 += 1, V::RefusedChanged),
        ("a refused import is not counted", again(imported()), |s| after(s).refused_attempts -= 1, V::RefusedChanged),
        ("a refused import is counted as a sighting", again(imported()), |s| after(s).sightings += 1, V::RefusedChanged),
        ("the destination changes", imported(), |s| after(s).destination = Some(party("QP")), V::FactsChanged),
        ("more is authorised", endorsed(), |s| after(s).lines[0].authorised = units(1_000), V::FactsChanged),
        ("it lasts longer", seen(endorsed()), |s| after(s).valid_until.0 += 1, V::FactsChanged),
        ("imported by customs of nobody", imported(), |s| {
            for permits in [&mut s.before, &mut s.after] {
                permits.get_mut(&permit("1")).unwrap().destination = Some(party("QP"));
            }
        }, V::WrongParty),
        ("endorsed by customs of nobody", endorsed(), |s| s.record.author = party("QP"), V::WrongParty),
        ("cancelled by customs", cancelled(), |s| s.roles = vec![Role::Customs], V::WrongParty),
        ("cancelled by a fellow of a union", cancelled(), |s| {
            for code in ["QS", "QT"] {
                s.parties.get_mut(&party(code)).unwrap().union = Some("UNION".into());
            }
            s.record.author = party("QT");
        }, V::WrongParty),
        ("imported in another's name", imported(), |s| after(s).import.as_mut().unwrap().party = party("QS"), V::WrongParty),
        ("spent twice", again(imported()), |s| {
            s.refused = None;
            after(s).refused_attempts -= 1;
        }, V::NotOnce),
        ("an import that is not kept", imported(), |s| {
            after(s).import = None;
            for line in &mut after(s).lines {
                line.imported = None;
            }
        }, V::NotOnce),
        ("a use undone by a sighting", seen(imported()), |s| {
            after(s).import = None;
            for line in &mut after(s).lines {
                line.imported = None;
            }
        }, V::NotOnce),
        ("a cancellation undone by a sighting", seen(cancelled()), |s| after(s).cancellation = None, V::NotOnce),
        ("a cancellation rewritten", seen(cancelled()), |s| after(s).cancellation.as_mut().unwrap().act.height.0 += 1, V::NotOnce),
        ("an endorsement moved by an import", imported(), |s| after(s).endorsement.as_mut().unwrap().time.0 += 1, V::NotOnce),
        ("cancelled after the use", imported(), |s| {
            let act = after(s).import.clone().unwrap();
            s.before = s.after.clone();
            s.record = record(MANAGEMENT, cancel(permit("1"), CancelReason::Lost), START, 9);
            s.roles = vec![Role::Management];
            let act = ledger::state::Act { party: party("QS"), ..act };
            after(s).cancellation = Some(Cancellation { reason: CancelReason::Lost, act });
        }, V::NotAbsorbed),
        ("endorsed after the cancellation", endorsed(), |s| {
            let act = after(s).issued.clone();
            for permits in [&mut s.before, &mut s.after] {
                permits.get_mut(&permit("1")).unwrap().cancellation =
                    Some(Cancellation { reason: CancelReason::Lost, act: act.clone() });
            }
        }, V::NotAbsorbed),
        ("endorsed more than authorised", endorsed(), |s| after(s).lines[0].endorsed = Some(units(101)), V::Balance),
        ("accepted more than endorsed", imported(), |s| after(s).lines[0].imported = Some(units(51)), V::Balance),
        ("quantities without an act", issued(), |s| after(s).lines[0].endorsed = Some(Quantity::ZERO), V::Balance),
        ("an act without quantities", endorsed(), |s| after(s).lines[1].endorsed = None, V::Balance),
        ("a sighting moves goods", seen(endorsed()), |s| after(s).lines[0].endorsed = Some(units(49)), V::Balance),
        ("a sighting that is not counted", seen(endorsed()), |s| after(s).sightings -= 1, V::Count),
        ("a refusal counted twice", then(endorsed(), (IMPORT, refuse(permit("1"), Reason::Altered))), |s| {
            after(s).refusals += 1;
        }, V::Count),
        ("an import that wipes the attempts", then(again(endorsed()), (IMPORT, sight(permit("1")))), |s| {
            after(s).refused_attempts += 1;
        }, V::Count),
    ]
}

#[test]
fn the_checker_finds_every_planted_violation() {
    let mut found = BTreeSet::new();
    for (what, statements, plant, violation) in plants() {
        let mut step = story(&statements);
        plant(&mut step);
        assert_eq!(check(&step), Err(violation), "{what}");
        found.insert(violation);
    }
    use Violation as V;
    let all = [
        V::AnotherPermit,
        V::Issue,
        V::RefusedChanged,
        V::FactsChanged,
        V::WrongParty,
        V::NotOnce,
        V::NotAbsorbed,
        V::Balance,
        V::Count,
    ];
    assert_eq!(found, BTreeSet::from(all), "each has its violation");
}

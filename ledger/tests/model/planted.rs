//! Planted violations: the checker finds each one, so its silence over random histories means something.

use std::collections::BTreeSet;

use ledger::party::{Height, Role};
use ledger::quantity::Quantity;
use ledger::reason::Reason;
use ledger::record::{CancelReason, PermitKey};
use ledger::state::{Act, Cancellation, PermitState};
use ledger::testing::{START, party, units};

use crate::check::{Step, Violation, check};
use crate::game::{Game, Next};
use crate::records::{ZERO_ZONES, amount, key, stamp};
use crate::scripts::{by_authority, by_customs, export, line};
use crate::world::{Deed, Goods, Grant, Line, Origin, Said, Why};

/// A story that ends with the last of these statements; all but a planted one keep every invariant.
fn story(told: Vec<Said>) -> Step {
    let mut game = Game::new(ZERO_ZONES);
    for said in told {
        game.now += 1;
        game.block(&[said], |_, said| Next::Say(said.clone()));
    }
    let step = game.last.unwrap();
    assert_eq!(check(&step), Ok(()), "an honest story");
    step
}

fn permit(number: u8) -> PermitKey {
    key((0, number))
}

fn two_lines(number: u8, to: u8) -> Grant {
    let second = Line { unit: 2, ..line(2) };
    Grant {
        lines: vec![line(1), second],
        ..export(START.0, number, to)
    }
}

fn goods(a: u64, b: u64) -> Goods {
    vec![(1, 1, a), (2, 2, b)]
}

fn issued() -> Vec<Said> {
    [1, 0]
        .map(|number| by_authority(0, Deed::Grant(two_lines(number, 2))))
        .to_vec()
}

fn then(mut story: Vec<Said>, last: Said) -> Vec<Said> {
    story.push(last);
    story
}

fn leave() -> Said {
    by_customs(0, Deed::Leave((0, 0), goods(30, 20)))
}

fn arrive() -> Said {
    by_customs(2, Deed::Arrive((0, 0), goods(25, 20), None))
}

fn endorsed() -> Vec<Said> {
    then(issued(), leave())
}

fn imported() -> Vec<Said> {
    then(endorsed(), arrive())
}

fn void() -> Said {
    by_authority(0, Deed::Void((0, 0), Why::Lost))
}

fn cancelled() -> Vec<Said> {
    then(endorsed(), void())
}

fn seen(story: Vec<Said>) -> Vec<Said> {
    then(story, by_customs(2, Deed::Pass((0, 0))))
}

fn turned_away(story: Vec<Said>) -> Vec<Said> {
    then(story, by_customs(2, Deed::TurnAway((0, 0), false)))
}

/// An import that the rules refuse.
fn again(story: Vec<Said>) -> Vec<Said> {
    then(
        story,
        by_customs(3, Deed::Arrive((0, 0), goods(1, 1), None)),
    )
}

/// Ten of what came in go on.
fn re_exported() -> Vec<Said> {
    let origin = Origin {
        root: ((0, 0), 1),
        last: None,
        drawn: 10,
    };
    let line = Line {
        origins: vec![origin],
        authorised: 10,
        ..line(1)
    };
    let certificate = Grant {
        kind: 2,
        lines: vec![line],
        ..export(START.0, 0, 3)
    };
    then(imported(), by_authority(2, Deed::Grant(certificate)))
}

fn re_export(step: &mut Step) -> &mut PermitState {
    step.after.permits.get_mut(&key((2, 0))).unwrap()
}

fn crossed(times: usize) -> Vec<Said> {
    let passport = Grant {
        kind: 11,
        to: None,
        ..export(START.0, 0, 0)
    };
    let crossings = [(0, true), (3, false), (3, true), (0, false)];
    let crossings = crossings.map(|(by, out)| by_customs(by, Deed::Cross((0, 0), out, 0)));
    let mut story = vec![by_authority(0, Deed::Grant(passport))];
    story.extend(crossings.into_iter().take(times));
    story
}

/// An Appendix I export to Party 3, on the import permit that Party 3 granted.
fn accompanied() -> Vec<Said> {
    let first = Line {
        appendix: 1,
        ..line(1)
    };
    let entry = Grant {
        kind: 3,
        lines: vec![first.clone()],
        ..export(START.0, 0, 3)
    };
    let export = Grant {
        lines: vec![first],
        entry: Some((3, 0)),
        ..export(START.0, 0, 3)
    };
    vec![
        by_authority(3, Deed::Grant(entry)),
        by_authority(0, Deed::Grant(export)),
        by_customs(0, Deed::Leave((0, 0), vec![(1, 1, 40)])),
        by_customs(3, Deed::Arrive((0, 0), vec![(1, 1, 40)], None)),
    ]
}

fn replaced() -> Vec<Said> {
    let duplicate = Grant {
        instead: Some((0, Why::Damaged)),
        ..two_lines(2, 2)
    };
    then(endorsed(), by_authority(0, Deed::Grant(duplicate)))
}

fn drawn_on_a_quota() -> Vec<Said> {
    let quota = Deed::Quota {
        year: 2026,
        species: 0,
        unit: 1,
        total: 50,
    };
    let line = Line {
        species: Some(0),
        ..line(1)
    };
    let grant = Grant {
        lines: vec![line],
        ..export(START.0, 0, 2)
    };
    vec![by_authority(0, quota), by_authority(0, Deed::Grant(grant))]
}

fn agreed() -> Vec<Said> {
    let late = Grant {
        late: Some(1),
        ..two_lines(0, 2)
    };
    vec![
        by_authority(0, Deed::Grant(late)),
        by_authority(2, Deed::Agree((0, 0))),
    ]
}

fn cleared() -> Vec<Said> {
    vec![by_customs(1, Deed::Paper((6, 0), None, 0))]
}

/// The endorsement is the third record.
fn corrected() -> Vec<Said> {
    then(
        endorsed(),
        by_customs(0, Deed::Amend((0, 0), 3, goods(29, 20))),
    )
}

fn after(step: &mut Step) -> &mut PermitState {
    step.after.permits.get_mut(&permit(0)).unwrap()
}

fn both(step: &mut Step, change: impl Fn(&mut PermitState)) {
    for book in [&mut step.before, &mut step.after] {
        change(book.permits.get_mut(&permit(0)).unwrap());
    }
}

fn speak_as(step: &mut Step, role: Role) {
    step.offices
        .iter_mut()
        .for_each(|office| office.role = role);
}

fn union_of_the_first_two(step: &mut Step) {
    for code in ["QS", "QT"] {
        step.parties.get_mut(&party(code)).unwrap().union = Some("UNION".into());
    }
}

type Plant = (&'static str, Vec<Said>, fn(&mut Step), Violation);

#[rustfmt::skip]
#[expect(clippy::too_many_lines, reason = "rows of one table")]
fn plants() -> Vec<Plant> {
    use Violation as V;
    vec![
        ("a record is logged twice", imported(), |s| { let digest = s.digest; s.after.log.push(digest); }, V::LoggedTwice),
        ("a logged record is logged again", imported(), |s| {
            s.digest = s.before.log[0];
            *s.after.log.last_mut().unwrap() = s.digest;
        }, V::LoggedTwice),
        ("a record is not logged", imported(), |s| { s.after.log.pop(); }, V::LoggedTwice),
        ("another record is logged in its place", imported(), |s| s.after.log.last_mut().unwrap().0.0[0] ^= 1, V::LoggedTwice),
        ("a record goes from the log", imported(), |s| { s.after.log.remove(0); }, V::LoggedTwice),
        ("a key speaks before its time", imported(), |s| s.offices[0].active_from = Height(s.height.0 + 1), V::InactiveKey),
        ("a key speaks after its time", imported(), |s| s.offices[0].active_until = Some(s.height), V::InactiveKey),
        ("another permit's counter moves", imported(), |s| {
            s.after.permits.get_mut(&permit(1)).unwrap().sightings += 1;
        }, V::AnotherPermit),
        ("another permit goes", imported(), |s| { s.after.permits.remove(&permit(1)); }, V::AnotherPermit),
        ("the permit itself goes", imported(), |s| { s.after.permits.remove(&permit(0)); }, V::AnotherPermit),
        ("a re-export moves its origin's goods", re_exported(), |s| after(s).lines[0].imported = Some(amount(24)), V::AnotherPermit),
        ("a replacement makes the old one another", replaced(), |s| after(s).destination = Some(party("QP")), V::AnotherPermit),
        ("an import spends another import permit", accompanied(), |s| {
            let other = s.before.permits[&permit(0)].clone();
            s.before.permits.insert(permit(5), other.clone());
            s.after.permits.insert(permit(5), PermitState { import: Some(other.issued.clone()), ..other });
        }, V::AnotherPermit),
        ("a refused import spends another's", again(re_exported()), |s| re_export(s).sightings += 1, V::RefusedChanged),
        ("a permit comes by a sighting", seen(vec![]), |s| {
            let stranger = story(issued()).after.permits[&permit(0)].clone();
            s.after.permits.insert(permit(0), stranger);
        }, V::Issue),
        ("an issue brings nothing", issued(), |s| { s.after.permits.remove(&permit(0)); }, V::Issue),
        ("a refused issue brings a permit", issued(), |s| s.refused = Some(Reason::Dates), V::Issue),
        ("issued over an issued one", then(issued(), issued().remove(1)), |s| s.refused = None, V::Issue),
        ("issued by customs", issued(), |s| speak_as(s, Role::Customs), V::WrongParty),
        ("issued for another Party", issued(), |s| after(s).issuer = party("QT"), V::WrongParty),
        ("born used", issued(), |s| {
            let spent = story(imported()).after.permits[&permit(0)].clone();
            s.after.permits.insert(permit(0), spent);
        }, V::NotOnce),
        ("born endorsed", issued(), |s| {
            let left = story(endorsed()).after.permits[&permit(0)].clone();
            s.after.permits.insert(permit(0), left);
        }, V::Replacement),
        ("born seen", issued(), |s| after(s).sightings = 1, V::Count),
        ("a refused import spends", again(imported()), |s| after(s).import.as_mut().unwrap().height.0 += 1, V::RefusedChanged),
        ("a refused import is not counted", again(imported()), |s| after(s).refused_attempts -= 1, V::RefusedChanged),
        ("a refused import is counted at no port", again(imported()), |s| after(s).ports.clear(), V::RefusedChanged),
        ("a refused import is counted as a sighting", again(imported()), |s| after(s).sightings += 1, V::RefusedChanged),
        ("the destination changes", imported(), |s| after(s).destination = Some(party("QP")), V::FactsChanged),
        ("more is authorised", endorsed(), |s| after(s).lines[0].authorised = units(1_000), V::FactsChanged),
        ("it lasts longer", seen(endorsed()), |s| after(s).valid_until.0 += 1, V::FactsChanged),
        ("its origin changes", seen(imported()), |s| after(s).lines[0].taxon.0.0[0] ^= 1, V::FactsChanged),
        ("imported by customs of nobody", imported(), |s| both(s, |own| own.destination = Some(party("QP"))), V::WrongParty),
        ("endorsed by customs of nobody", endorsed(), |s| s.record.author = party("QP"), V::WrongParty),
        ("cancelled by customs", cancelled(), |s| speak_as(s, Role::Customs), V::WrongParty),
        ("cancelled by a fellow of a union", cancelled(), |s| {
            union_of_the_first_two(s);
            s.record.author = party("QT");
        }, V::WrongParty),
        ("consented to by the issuer", agreed(), |s| s.record.author = party("QS"), V::WrongParty),
        ("corrected by a fellow of a union", corrected(), |s| {
            union_of_the_first_two(s);
            s.record.author = party("QT");
        }, V::WrongParty),
        ("spent twice", imported(), |s| {
            let act = s.after.permits[&permit(0)].import.clone();
            s.before.permits.get_mut(&permit(0)).unwrap().import = act;
        }, V::NotOnce),
        ("an import undone by a sighting", seen(imported()), |s| after(s).import = None, V::NotOnce),
        ("an endorsement undone by a cancellation", cancelled(), |s| after(s).endorsement = None, V::NotOnce),
        ("an endorsement moved by an import", imported(), |s| after(s).endorsement.as_mut().unwrap().time.0 += 1, V::NotOnce),
        ("a consent undone by a sighting", seen(agreed()), |s| after(s).consent = None, V::NotOnce),
        ("a correction that nobody made", seen(endorsed()), |s| {
            after(s).endorsement_corrected = Some(s_act(s));
        }, V::NotOnce),
        ("a notice that undoes the use", then(imported(), void()), |s| after(s).import = None, V::NotOnce),
        ("cancelled after the use", then(imported(), void()), |s| {
            let own = after(s).contested.take();
            after(s).cancellation = own;
        }, V::NotOnce),
        ("endorsed after the cancellation", endorsed(), |s| {
            let cancellation = Some(Cancellation { reason: CancelReason::Lost, act: s_act(s) });
            both(s, |own| own.cancellation.clone_from(&cancellation));
        }, V::NotAbsorbed),
        ("an endorsement corrected after the use", corrected(), |s| {
            let act = Some(s_act(s));
            both(s, |own| {
                own.import.clone_from(&act);
                own.lines.iter_mut().for_each(|line| line.imported = Some(Quantity::ZERO));
            });
        }, V::NotAbsorbed),
        ("a retrospective import without consent", then(agreed(), arrive()), |s| both(s, |own| own.consent = None), V::Unaccompanied),
        ("an import without an endorsement", imported(), |s| {
            both(s, |own| {
                own.endorsement = None;
                own.lines.iter_mut().for_each(|line| line.endorsed = None);
            });
            s.parties.get_mut(&party("QN")).unwrap().accepts_unendorsed = false;
        }, V::Unaccompanied),
        ("Appendix I without an import permit", imported(), |s| {
            both(s, |own| own.lines[0].appendix = ledger::codes::Appendix::I);
        }, V::Unaccompanied),
        ("an import permit that is not spent along", accompanied(), |s| {
            let unspent = s.before.permits[&key((3, 0))].clone();
            s.after.permits.insert(key((3, 0)), unspent);
        }, V::Unaccompanied),
        ("an import permit of another Party", accompanied(), |s| {
            for book in [&mut s.before, &mut s.after] {
                book.permits.get_mut(&key((3, 0))).unwrap().issuer = party("QM");
            }
        }, V::Unaccompanied),
        ("more than the import permit grants", accompanied(), |s| {
            for book in [&mut s.before, &mut s.after] {
                book.permits.get_mut(&key((3, 0))).unwrap().lines[0].authorised = amount(39);
            }
        }, V::Unaccompanied),
        ("a passport comes in where it is", crossed(2), |s| {
            let inside = Some(party("QP"));
            s.before.permits.get_mut(&permit(0)).unwrap().crossings.as_mut().unwrap().inside = inside;
        }, V::TwoStates),
        ("a passport leaves a State where it is not", crossed(3), |s| {
            let inside = Some(party("QT"));
            s.before.permits.get_mut(&permit(0)).unwrap().crossings.as_mut().unwrap().inside = inside;
        }, V::TwoStates),
        ("a passport comes into another State than it says", crossed(2), |s| {
            after(s).crossings.as_mut().unwrap().inside = Some(party("QT"));
        }, V::TwoStates),
        ("a passport moves by a sighting", seen(crossed(1)), |s| {
            after(s).crossings.as_mut().unwrap().inside = Some(party("QT"));
        }, V::TwoStates),
        ("a crossing that is not counted", crossed(1), |s| after(s).crossings.as_mut().unwrap().count = 0, V::TwoStates),
        ("a crossing with another document", crossed(1), |s| both(s, |own| own.commitment.0.0[0] ^= 1), V::TwoStates),
        ("a replacement that forgets the endorsement", replaced(), |s| {
            s.after.permits.get_mut(&permit(2)).unwrap().endorsement = None;
        }, V::Replacement),
        ("a replaced permit that stays alive", replaced(), |s| {
            let alive = s.before.permits[&permit(0)].clone();
            s.after.permits.insert(permit(0), alive);
        }, V::Replacement),
        ("replaced by a permit that does not say so", replaced(), |s| {
            s.after.permits.get_mut(&permit(2)).unwrap().replaces.as_mut().unwrap().number = permit(1).number;
        }, V::Replacement),
        ("endorsed more than authorised", endorsed(), |s| after(s).lines[0].endorsed = Some(amount(41)), V::Balance),
        ("accepted more than endorsed", imported(), |s| after(s).lines[0].imported = Some(amount(31)), V::Balance),
        ("quantities without an act", issued(), |s| after(s).lines[0].endorsed = Some(Quantity::ZERO), V::Balance),
        ("an act without quantities", endorsed(), |s| after(s).lines[1].endorsed = None, V::Balance),
        ("a sighting moves goods", seen(endorsed()), |s| after(s).lines[0].endorsed = Some(amount(29)), V::Balance),
        ("a correction moves what arrived", corrected(), |s| after(s).lines[0].imported = Some(amount(1)), V::Balance),
        ("a sea certificate spent before the last landing", landed(), |s| after(s).lines[0].imported = Some(amount(39)), V::Balance),
        ("a re-export that draws nothing", re_exported(), |s| after(s).lines[0].re_exported = Quantity::ZERO, V::Conservation),
        ("a re-export that draws from another line", re_exported(), |s| {
            after(s).lines[0].re_exported = Quantity::ZERO;
            after(s).lines[1].re_exported = amount(10);
        }, V::Conservation),
        ("more re-exported than arrived", re_exported(), |s| {
            re_export(s).lines[0].origins[0].drawn = amount(26);
            after(s).lines[0].re_exported = amount(26);
        }, V::Conservation),
        ("a cancelled re-export that keeps its draws", then(re_exported(), by_authority(2, Deed::Void((2, 0), Why::Lost))), |s| {
            after(s).lines[0].re_exported = amount(10);
        }, V::Conservation),
        ("a re-export of another taxon", re_exported(), |s| re_export(s).lines[0].taxon.0.0[0] ^= 1, V::Chain),
        ("a re-export of what is not there", re_exported(), |s| {
            re_export(s).lines[0].origins[0].root.permit = permit(9);
        }, V::Chain),
        ("a re-export of itself", re_exported(), |s| {
            re_export(s).lines[0].origins[0].root.permit = key((2, 0));
        }, V::Chain),
        ("a re-export that is no deeper than its origin", re_exported(), |s| re_export(s).lines[0].depth = 0, V::Chain),
        ("a re-export that is not covered although all is", re_exported(), |s| re_export(s).lines[0].is_covered = false, V::Chain),
        ("a quota that is not drawn", drawn_on_a_quota(), |s| quota(s).drawn = Quantity::ZERO, V::Quota),
        ("a quota overdrawn", drawn_on_a_quota(), |s| quota(s).total = amount(39), V::Quota),
        ("a permit that forgets what it drew", drawn_on_a_quota(), |s| after(s).lines[0].draws_on_quota = false, V::Quota),
        ("two permits with one stamp", issued(), |s| {
            both_numbers(s, |own| own.stamp = Some(stamp(1)));
        }, V::Stamp),
        ("the same paper cleared twice", cleared(), |s| {
            let claims = s.after.papers.get_mut(&key((6, 0))).unwrap();
            let claim = claims.0[0].clone();
            claims.0.push(claim);
        }, V::Paper),
        ("paper of a Party on the ledger", cleared(), |s| {
            let claims = s.after.papers.remove(&key((6, 0))).unwrap();
            s.after.papers.insert(permit(9), claims);
        }, V::Paper),
        ("a sighting that is not counted", seen(endorsed()), |s| after(s).sightings -= 1, V::Count),
        ("a refusal counted twice", turned_away(endorsed()), |s| after(s).refusals += 1, V::Count),
        ("a refusal counted at another port", turned_away(endorsed()), |s| {
            after(s).ports[0].port = ledger::testing::port("QXZZZ");
        }, V::Count),
        ("a sighting that wipes the attempts", seen(again(endorsed())), |s| after(s).refused_attempts = 0, V::Count),
    ]
}

/// An act of this story.
fn s_act(step: &mut Step) -> Act {
    after(step).issued.clone()
}

fn landed() -> Vec<Said> {
    let certificate = Grant {
        kind: 5,
        to: Some(0),
        ..export(START.0, 0, 0)
    };
    let land = |quantity| by_customs(0, Deed::Arrive((0, 0), vec![(1, 1, quantity)], None));
    vec![
        by_authority(0, Deed::Grant(certificate)),
        land(30),
        land(10),
    ]
}

fn quota(step: &mut Step) -> &mut ledger::state::register::QuotaState {
    step.after.quotas.values_mut().next().unwrap()
}

/// On the permit that is issued now, and on the one before it.
fn both_numbers(step: &mut Step, change: fn(&mut PermitState)) {
    for book in [&mut step.before, &mut step.after] {
        change(book.permits.get_mut(&permit(1)).unwrap());
    }
    change(after(step));
}

#[test]
fn the_checker_finds_every_planted_violation() {
    let mut found = BTreeSet::new();
    for (what, told, plant, violation) in plants() {
        let mut step = story(told);
        plant(&mut step);
        assert_eq!(check(&step), Err(violation), "{what}");
        found.insert(violation);
    }
    assert_eq!(
        found,
        BTreeSet::from(Violation::ALL),
        "each has its violation"
    );
}

//! Every two acts that can meet on one permit, origin, quota, import permit, passport or paper, in both orders in
//! one block, in every state that these can be in.

use std::collections::BTreeSet;

use ledger::testing::START;

use crate::calendar::day_of;
use crate::check::{Step, check};
use crate::game::{Chain, Game, Next, WORDS, answer_of, execute_unchecked};
use crate::records::{ZERO_ZONES, parties, recorded, signed};
use crate::scripts::{by_authority, by_customs, export, line};
use crate::world::{Deed, Goods, Grant, Line, Name, Now, Origin, Said, Why, World};

/// The permit that all speak of.
const IT: Name = (0, 0);

/// Numbers of the two records: none of the acts knows the other.
const LATER: u64 = 1_000;

fn all() -> Goods {
    vec![(1, 1, 40)]
}

fn today() -> i64 {
    day_of(i64::try_from(START.0).unwrap())
}

fn grant(number: u8, change: impl FnOnce(&mut Grant)) -> Said {
    let mut grant = Grant {
        paper: 0,
        ..export(START.0, number, 2)
    };
    change(&mut grant);
    let by = if matches!(grant.kind, 3 | 5) {
        grant.to.unwrap()
    } else {
        0
    };
    by_authority(by, Deed::Grant(grant))
}

/// On Appendix I, for Party 3, on its import permit.
fn first(grant: &mut Grant) {
    (grant.to, grant.entry) = (Some(3), Some((3, 0)));
    grant.lines[0].appendix = 1;
}

fn entry() -> Said {
    grant(0, |own| {
        (own.kind, own.to) = (3, Some(3));
        own.lines[0].appendix = 1;
    })
}

fn late(own: &mut Grant) {
    own.late = Some(2);
}

fn passport() -> Said {
    grant(0, |own| (own.kind, own.to) = (10, None))
}

fn sea() -> Said {
    grant(0, |own| (own.kind, own.to) = (5, Some(0)))
}

fn rationed(number: u8) -> Said {
    grant(number, |own| own.lines[0].species = Some(0))
}

fn quota(total: u64) -> Said {
    by_authority(
        0,
        Deed::Quota {
            year: 2026,
            species: 0,
            unit: 1,
            total,
        },
    )
}

fn leave(quantity: u64) -> Said {
    by_customs(0, Deed::Leave(IT, vec![(1, 1, quantity)]))
}

fn arrive(by: u8, entry: Option<Name>) -> Said {
    by_customs(by, Deed::Arrive(IT, all(), entry))
}

fn void(why: Why) -> Said {
    by_authority(0, Deed::Void(IT, why))
}

fn instead(number: u8) -> Said {
    grant(number, |own| own.instead = Some((0, Why::Damaged)))
}

fn cross(by: u8, out: bool) -> Said {
    by_customs(by, Deed::Cross(IT, out, 0))
}

fn re_export(by: u8, number: u8, drawn: u64) -> Said {
    let origin = Origin {
        root: (IT, 1),
        last: None,
        drawn,
    };
    let line = Line {
        origins: vec![origin],
        authorised: drawn,
        ..line(1)
    };
    let grant = Grant {
        kind: 2,
        lines: vec![line],
        ..export(START.0, number, 5)
    };
    by_authority(by, Deed::Grant(grant))
}

/// The certificate of Party 2 for 15 of it, goods gone.
fn re_export_gone() -> Vec<Said> {
    vec![
        re_export(2, 0, 15),
        by_customs(2, Deed::Leave((2, 0), vec![(1, 1, 15)])),
    ]
}

/// A duplicate of that certificate, or one that draws another quantity.
fn re_export_instead(drawn: u64) -> Said {
    let mut said = re_export(2, 3, drawn);
    if let Deed::Grant(grant) = &mut said.deed {
        grant.instead = Some((0, Why::Lost));
        grant.lines[0].authorised = 15;
    }
    said
}

/// What came to Party 5 on that certificate goes on, from this root.
fn re_export_on(root: Name) -> Said {
    let origin = Origin {
        root: (root, 1),
        last: Some(((2, 0), 1)),
        drawn: 10,
    };
    let line = Line {
        origins: vec![origin],
        authorised: 10,
        ..line(1)
    };
    let grant = Grant {
        kind: 2,
        lines: vec![line],
        ..export(START.0, 0, 1)
    };
    by_authority(5, Deed::Grant(grant))
}

fn halt(by: u8, days: i64) -> Said {
    let deed = Deed::Halt {
        of: 0,
        species: None,
        from: today(),
        until: Some(today() + days),
    };
    by_authority(by, deed)
}

/// Records are numbered from 1, so corrections know what they correct.
fn amend(by: u8, record: u64, quantity: u64) -> Said {
    by_customs(by, Deed::Amend(IT, record, vec![(1, 1, quantity)]))
}

/// What happened before the two acts. Everything that is imported was issued, endorsed and imported as records 1 to 3.
fn states() -> Vec<(&'static str, Vec<Said>)> {
    let plain = || grant(0, |_| {});
    let gone = || vec![plain(), leave(40)];
    let came = || [gone(), vec![arrive(2, None)]].concat();
    let then = |mut story: Vec<Said>, last: Said| {
        story.push(last);
        story
    };
    let to_three = || vec![entry(), grant(0, first)];
    vec![
        ("nothing", vec![]),
        ("reported", vec![by_customs(1, Deed::TurnAway(IT, false))]),
        ("issued", vec![plain()]),
        ("endorsed", gone()),
        ("imported", came()),
        ("contested", then(came(), void(Why::Withdrawn))),
        ("re-exported in part", then(came(), re_export(2, 0, 15))),
        ("re-exported whole", then(came(), re_export(2, 0, 40))),
        ("re-export gone", [came(), re_export_gone()].concat()),
        (
            "re-export came",
            then(
                [came(), re_export_gone()].concat(),
                by_customs(5, Deed::Arrive((2, 0), vec![(1, 1, 15)], None)),
            ),
        ),
        ("cancelled", vec![plain(), void(Why::Clerical)]),
        ("withdrawn", vec![plain(), void(Why::Withdrawn)]),
        ("lost on the way", then(gone(), void(Why::Lost))),
        ("replaced", vec![plain(), instead(2)]),
        ("replaced on the way", then(gone(), instead(2))),
        ("corrected", then(gone(), amend(0, 2, 30))),
        ("retrospective", vec![grant(0, late)]),
        (
            "agreed",
            vec![grant(0, late), by_authority(2, Deed::Agree(IT))],
        ),
        ("passport at home", vec![passport()]),
        ("passport between", vec![passport(), cross(0, true)]),
        (
            "passport abroad",
            vec![passport(), cross(0, true), cross(3, false)],
        ),
        ("import permit", vec![entry()]),
        ("on an import permit", to_three()),
        ("gone on an import permit", then(to_three(), leave(40))),
        (
            "came on an import permit",
            [to_three(), vec![leave(40), arrive(3, None)]].concat(),
        ),
        ("sea", vec![sea()]),
        (
            "landed in part",
            vec![
                sea(),
                by_customs(0, Deed::Arrive(IT, vec![(1, 1, 25)], None)),
            ],
        ),
        ("quota", vec![quota(40)]),
        ("quota drawn", vec![quota(40), rationed(0)]),
        ("suspended", vec![plain(), halt(0, 3)]),
        (
            "paper seen",
            vec![by_customs(1, Deed::Paper((6, 0), None, 0))],
        ),
    ]
}

/// What two of are said in one block.
fn acts() -> Vec<Said> {
    let bred = grant(7, |own| {
        (own.lines[0].source, own.lines[0].works) = ('D', Some((0, 1)));
    });
    let first_of = |number| grant(number, first);
    let with_drawn = |why| by_authority(2, Deed::Void((2, 0), why));
    vec![
        grant(0, |_| {}),
        instead(2),
        instead(3),
        leave(40),
        leave(30),
        arrive(2, None),
        // A fellow of the union of Party 2.
        arrive(1, None),
        arrive(3, None),
        arrive(3, Some((3, 0))),
        arrive(0, None),
        void(Why::Lost),
        void(Why::Withdrawn),
        by_authority(2, Deed::Agree(IT)),
        by_customs(4, Deed::Pass(IT)),
        by_customs(4, Deed::TurnAway(IT, false)),
        cross(0, true),
        cross(3, true),
        cross(3, false),
        cross(5, false),
        cross(0, false),
        amend(0, 2, 35),
        amend(2, 3, 20),
        re_export(2, 0, 40),
        re_export(2, 1, 25),
        re_export(1, 0, 25),
        with_drawn(Why::Lost),
        re_export_instead(15),
        re_export_instead(10),
        re_export_on(IT),
        re_export_on((0, 5)),
        grant(2, |own| {
            (own.kind, own.to, own.instead) = (5, Some(0), Some((0, Why::Damaged)));
        }),
        entry(),
        by_authority(3, Deed::Void((3, 0), Why::Clerical)),
        first_of(4),
        quota(40),
        quota(80),
        rationed(5),
        rationed(6),
        by_customs(1, Deed::Paper((6, 0), None, 0)),
        by_customs(3, Deed::Paper((6, 0), None, 0)),
        by_authority(0, Deed::Revoke(1, 0, 9, false)),
        by_authority(0, Deed::Works(1, true)),
        bred,
        halt(0, 3),
        halt(2, 3),
        grant(8, |own| own.stamp = Some(1)),
        grant(9, |own| own.stamp = Some(1)),
    ]
}

fn meet(told: Vec<Said>, met: &mut BTreeSet<(bool, bool)>) {
    let mut game = Game::new(ZERO_ZONES);
    for said in told {
        game.now += 1;
        game.block(&[said], |_, said| Next::Say(said.clone()));
    }
    game.now += 1;
    let (chain, world, serial) = (game.chain.clone(), game.world.clone(), LATER);
    let acts = acts();
    let record = |said: &Said, serial| {
        let record = recorded(said, game.time(), serial, &game.digests);
        let signed = signed(&record);
        (record, signed)
    };
    let firsts: Vec<_> = acts.iter().map(|said| record(said, serial)).collect();
    let seconds: Vec<_> = acts.iter().map(|said| record(said, serial + 1)).collect();
    let parties: std::collections::BTreeMap<_, _> = parties().into_iter().collect();
    for (one, first) in acts.iter().zip(&firsts) {
        let mut after_one = world.clone();
        let expected = after_one.judge(now(&game, serial), one);
        let alone = step(&chain, &game, std::slice::from_ref(&first.1));
        let book = WORDS.book(&alone.state, &alone.log);
        for (two, second) in acts.iter().zip(&seconds) {
            let records = [first.1.clone(), second.1.clone()];
            let executed = execute_unchecked(&chain, chain.at(game.time()), &records);
            let mut after_both = after_one.clone();
            let then = after_both.judge(now(&game, serial + 1), two);
            let answers: Vec<_> = executed.receipts.iter().map(answer_of).collect();
            assert_eq!(
                answers,
                [expected.clone(), then.clone()],
                "{one:?}, then {two:?}"
            );
            met.insert((expected.is_ok(), then.is_ok()));
            let both = chain.after(&executed);
            compare(
                &mut game,
                [&first.1, &second.1],
                after_both,
                &both,
                &format!("{one:?}, then {two:?}"),
            );
            let step = Step {
                parties: parties.clone(),
                before: book.clone(),
                after: WORDS.book(&both.state, &both.log),
                offices: chain.offices(&second.0),
                digest: second.1.digest(),
                height: ledger::party::Height(both.height),
                refused: executed.receipts[1].refused,
                record: second.0.clone(),
            };
            assert_eq!(check(&step), Ok(()), "{one:?}, then {two:?}");
        }
    }
}

fn now(game: &Game, serial: u64) -> Now {
    Now {
        serial,
        ..game.moment()
    }
}

fn step(chain: &Chain, game: &Game, records: &[std::sync::Arc<ledger::signed::Signed>]) -> Chain {
    chain.after(&execute_unchecked(chain, chain.at(game.time()), records))
}

fn compare(
    game: &mut Game,
    records: [&std::sync::Arc<ledger::signed::Signed>; 2],
    world: World,
    chain: &Chain,
    what: &str,
) {
    for (serial, record) in (LATER..).zip(records) {
        game.digests.insert(serial, record.digest());
    }
    game.world = world;
    game.compare_state(chain, what);
}

fn meet_in(states: impl Iterator<Item = (&'static str, Vec<Said>)>) {
    let mut met = BTreeSet::new();
    for (_, told) in states {
        meet(told, &mut met);
    }
    assert_eq!(met.len(), 4, "applied and refused, in every combination");
}

#[test]
fn two_acts_at_once_are_decided_by_their_order_in_every_state_of_a_permit() {
    meet_in(states().into_iter().take(17));
}

#[test]
fn two_acts_at_once_are_decided_by_their_order_on_passports_import_permits_and_registers() {
    meet_in(states().into_iter().skip(17));
}

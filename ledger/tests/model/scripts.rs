//! Histories written by hand, where chance would take too long: chains of re-exports to their greatest depth, and
//! registers to their limits. Played on the ledger and in the model like all others.

use crate::calendar::{DAY_MS, day_of};
use crate::game::{Game, Next};
use crate::records::ZERO_ZONES;
use crate::world::{Deed, Grant, Hat, Line, Name, Origin, Said, World};

/// One block with all this in it.
pub(crate) fn tell(game: &mut Game, said: &[Said]) {
    game.now += 1;
    game.block(said, |_, said| Next::Say(said.clone()));
}

pub(crate) fn by_authority(by: u8, deed: Deed) -> Said {
    Said {
        by,
        hat: Hat::Authority,
        port: 0,
        deed,
    }
}

pub(crate) fn by_customs(by: u8, deed: Deed) -> Said {
    Said {
        by,
        hat: Hat::Border,
        port: by,
        deed,
    }
}

/// A line of 40, Appendix II, wild.
pub(crate) fn line(letter: u8) -> Line {
    Line {
        letter,
        unit: 1,
        authorised: 40,
        appendix: 2,
        source: 'W',
        taxon: letter,
        origins: Vec::new(),
        species: None,
        works: None,
    }
}

/// An export permit of one line, granted today.
pub(crate) fn export(now: u64, number: u8, to: u8) -> Grant {
    let today = day_of(i64::try_from(now).unwrap());
    Grant {
        number,
        kind: 1,
        to: Some(to),
        granted: today,
        from: today,
        until: today + 100,
        lines: vec![line(1)],
        paper: number,
        stamp: None,
        late: None,
        instead: None,
        entry: None,
    }
}

/// Games that end at some limit.
pub(crate) fn games() -> Vec<Game> {
    vec![
        deepest_chain(),
        full_list_of_papers(),
        full_lists_of_a_party(),
        more_ports_than_are_counted(),
        recount_beyond_an_import_permit(),
        expired_abroad(),
    ]
}

fn numbers(game: &Game, by: u8) -> u8 {
    u8::try_from(
        game.world
            .permits
            .keys()
            .filter(|name| name.0 == by)
            .count(),
    )
    .unwrap()
}

/// Re-exports one on the other, 33 of them, between Parties 0 to 5 in turn: the 33rd is one too deep.
fn deepest_chain() -> Game {
    let mut game = Game::new(ZERO_ZONES);
    let root: Name = (0, 0);
    let mut last: Option<Name> = None;
    for step in 0..34_u8 {
        let (by, to) = (step % 6, (step + 1) % 6);
        let mut grant = export(game.now, numbers(&game, by), to);
        if step > 0 {
            let spot = last.map(|name| (name, 1)).filter(|_| step > 1);
            grant.kind = 2;
            grant.lines[0].origins = vec![Origin {
                root: (root, 1),
                last: spot,
                drawn: 40,
            }];
        }
        let name = (by, grant.number);
        tell(&mut game, &[by_authority(by, Deed::Grant(grant))]);
        if step == 33 {
            assert!(
                game.answers.contains(&("issue", "ORIGIN_BROKEN")),
                "one too deep"
            );
            assert!(!game.world.permits.contains_key(&name));
            break;
        }
        assert_eq!(u64::from(step), depth(&game.world, name));
        let goods = vec![(1, 1, 40)];
        let leave = by_customs(by, Deed::Leave(name, goods.clone()));
        let arrive = by_customs(to, Deed::Arrive(name, goods, None));
        // Parties 3 and 4 ask for an import permit for Appendix II.
        let entry = Grant {
            kind: 3,
            to: Some(to),
            ..export(game.now, numbers(&game, to), to)
        };
        if game.world.strict[usize::from(to)] {
            let deed = Deed::Arrive(name, vec![(1, 1, 40)], Some((to, entry.number)));
            let entry = by_authority(to, Deed::Grant(entry));
            tell(&mut game, &[leave, entry, by_customs(to, deed)]);
        } else {
            tell(&mut game, &[leave, arrive]);
        }
        last = Some(name);
    }
    game
}

fn depth(world: &World, name: Name) -> u64 {
    world.permits[&name].fates[0].depth
}

/// 33 claims on one number: the 33rd finds no room.
fn full_list_of_papers() -> Game {
    let mut game = Game::new(ZERO_ZONES);
    let claims: Vec<_> = (0..33)
        .map(|content| by_customs(1, Deed::Paper((6, 0), None, content)))
        .collect();
    tell(&mut game, &claims);
    assert!(game.answers.contains(&("paper-seen", "REGISTER_FULL")));
    game
}

/// 257 revoked ranges, and as many suspensions: there is room for 256.
fn full_lists_of_a_party() -> Game {
    let mut game = Game::new(ZERO_ZONES);
    let today = day_of(i64::try_from(game.now).unwrap());
    // Every beginning of a block is executed anew, so they come in small ones.
    for hundred in 0..26_u64 {
        let ten = (0..10)
            .map(|one| hundred * 10 + one)
            .filter(|number| *number < 257);
        let said = ten.flat_map(|number| {
            let species = u8::try_from(number).ok();
            let halt = Deed::Halt {
                of: 0,
                species,
                from: today + 1,
                until: None,
            };
            let range = Deed::Revoke(1, number, number, false);
            [halt, range].map(|deed| by_authority(0, deed))
        });
        tell(&mut game, &said.collect::<Vec<_>>());
    }
    let changed = Deed::Halt {
        of: 0,
        species: Some(9),
        from: today + 2,
        until: None,
    };
    let lifted = Deed::Revoke(1, 9, 9, true);
    let again = Deed::Revoke(1, 256, 256, false);
    tell(
        &mut game,
        &[changed, lifted, again].map(|deed| by_authority(0, deed)),
    );
    for kind in ["revoke-range", "suspend"] {
        assert!(game.answers.contains(&(kind, "REGISTER_FULL")));
    }
    assert_eq!(game.world.revoked[&0].len(), 256);
    game
}

/// Turned away at twenty ports: sixteen are counted one by one.
fn more_ports_than_are_counted() -> Game {
    let mut game = Game::new(ZERO_ZONES);
    let grant = export(game.now, 0, 2);
    tell(&mut game, &[by_authority(0, Deed::Grant(grant))]);
    for port in 0..20 {
        let refused = Deed::TurnAway((0, 0), false);
        let attempt = Deed::Arrive((0, 0), vec![(1, 1, 1)], None);
        let at_port = |deed| Said {
            port,
            ..by_customs(3, deed)
        };
        tell(&mut game, &[at_port(refused), at_port(attempt)]);
    }
    let permit = &game.world.permits[&(0, 0)];
    assert_eq!(
        (permit.ports.len(), permit.turned_away, permit.attempts),
        (16, 20, 20)
    );
    game
}

/// What came in on an import permit is not corrected to more than it granted: only where a stricter measure asked for
/// it was the export not bound by it.
fn recount_beyond_an_import_permit() -> Game {
    let mut game = Game::new(ZERO_ZONES);
    let mut entry = Grant {
        kind: 3,
        ..export(game.now, 0, 3)
    };
    entry.lines[0].authorised = 30;
    let export = export(game.now, 0, 3);
    let arrive = Deed::Arrive((0, 0), vec![(1, 1, 25)], Some((3, 0)));
    let amend = |record, quantity| Deed::Amend((0, 0), record, vec![(1, 1, quantity)]);
    for said in [
        by_authority(3, Deed::Grant(entry)),
        by_authority(0, Deed::Grant(export)),
        by_customs(0, Deed::Leave((0, 0), vec![(1, 1, 40)])),
        by_customs(3, arrive),
        by_customs(3, amend(4, 31)),
        by_customs(3, amend(4, 30)),
        // The import permit itself had no goods of its own.
        by_customs(3, Deed::Amend((3, 0), 4, vec![(1, 1, 1)])),
    ] {
        tell(&mut game, &[said]);
    }
    assert!(game.answers.contains(&("correct", "OVER_QUANTITY")));
    assert!(game.answers.contains(&("correct", "UNKNOWN_RECORD")));
    assert_eq!(game.world.permits[&(0, 0)].fates[0].arrived, Some(30));
    game
}

/// A passport whose last day passes abroad goes home, and nowhere else.
fn expired_abroad() -> Game {
    let mut game = Game::new(ZERO_ZONES);
    let mut passport = Grant {
        kind: 11,
        to: None,
        ..export(game.now, 0, 0)
    };
    passport.until = passport.granted + 3;
    let cross = |by, out| by_customs(by, Deed::Cross((0, 0), out, 0));
    let told = [
        by_authority(0, Deed::Grant(passport)),
        cross(0, true),
        cross(3, false),
    ];
    tell(&mut game, &told);
    game.now += 40 * DAY_MS.unsigned_abs();
    tell(
        &mut game,
        &[
            cross(3, true),
            cross(5, false),
            cross(0, false),
            cross(0, true),
        ],
    );
    let permit = &game.world.permits[&(0, 0)];
    let travel = permit.travel.as_ref().unwrap();
    assert_eq!(
        (travel.inside, travel.count, permit.attempts),
        (Some(0), 4, 2)
    );
    game
}

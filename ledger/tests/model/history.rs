//! Random histories: moves in small numbers, and what they mean in a world.

use proptest::prelude::*;

use crate::calendar::{DAY_MS, day_of, year_of};
use crate::game::{Game, Next};
use crate::issuing::{MOST, grant};
use crate::records::{MEMBERS, NUMBERS, UNIONS};
use crate::world::{Deed, Goods, Hat, Name, Permit, Said, Why, World, may_need_entry, travels};

pub(crate) const WHYS: [Why; 5] = [
    Why::Clerical,
    Why::Lost,
    Why::Stolen,
    Why::Damaged,
    Why::Withdrawn,
];

/// One random move. Small numbers choose; what they mean depends on the world they are played in.
#[derive(Clone, Debug)]
pub(crate) struct Move {
    pub deed: u8,
    pub pick: u8,
    pub who: u8,
    pub hat: u8,
    pub choice: [u8; 8],
}

/// Moves of one block, after a pause.
pub(crate) type Blocks = Vec<(u8, Vec<Move>)>;

pub(crate) fn one_move() -> impl Strategy<Value = Move> {
    let small = (
        0..68_u8,
        any::<u8>(),
        any::<u8>(),
        any::<u8>(),
        any::<[u8; 8]>(),
    );
    small.prop_map(|(deed, pick, who, hat, choice)| Move {
        deed,
        pick,
        who,
        hat,
        choice,
    })
}

pub(crate) fn blocks(most: usize) -> impl Strategy<Value = Blocks> {
    let block = (0..24_u8, proptest::collection::vec(one_move(), 1..4));
    proptest::collection::vec(block, 1..most)
}

/// The pause before a block, in milliseconds.
pub(crate) fn pause(choice: u8) -> u64 {
    let day = DAY_MS.unsigned_abs();
    match choice {
        0..=17 => 1 + u64::from(choice),
        18 => day / 24,
        19..=20 => day / 2,
        21..=22 => day,
        _ => 40 * day,
    }
}

pub(crate) fn next(game: &Game, play: &Move) -> Next {
    if play.deed >= 67 {
        return Next::Again(usize::from(play.pick));
    }
    let now = i64::try_from(game.now).unwrap();
    Next::Say(said(&game.world, now, play))
}

/// What somebody says with this move, at `now`: mostly what may be said, so that histories get far.
pub(crate) fn said(world: &World, now: i64, play: &Move) -> Said {
    let (right, deed) = deed(world, now, play);
    let right = right % MEMBERS;
    let own = match deed {
        Deed::Grant(_)
        | Deed::Void(..)
        | Deed::Agree(_)
        | Deed::Revoke(..)
        | Deed::Quota { .. }
        | Deed::Works(..)
        | Deed::Halt { .. } => Hat::Authority,
        Deed::Leave(..)
        | Deed::Pass(_)
        | Deed::Arrive(..)
        | Deed::TurnAway(..)
        | Deed::Cross(..)
        | Deed::Amend(..)
        | Deed::Paper(..) => {
            if play.hat % 16 == 15 {
                Hat::Watch
            } else {
                Hat::Border
            }
        }
    };
    let fellow = (0..MEMBERS).find(|other| {
        *other != right
            && UNIONS[usize::from(right)].is_some()
            && UNIONS[usize::from(*other)] == UNIONS[usize::from(right)]
    });
    let by = match play.who {
        0..=207 => right,
        208..=231 => fellow.unwrap_or(right),
        _ => play.who,
    };
    let hat = match play.hat {
        0 | 1 => Hat::Authority,
        2 | 3 => Hat::Border,
        4 => Hat::Scientist,
        5 => Hat::Delegate,
        6 => Hat::AuthorityAndBorder,
        _ => own,
    };
    Said {
        by: by % MEMBERS,
        hat,
        port: play.pick % 20,
        deed,
    }
}

/// A permit of those that are asked for; now and then any, or any number.
fn aim(world: &World, play: &Move, asked: impl Fn(&Permit) -> bool) -> Name {
    let all: Vec<Name> = world.permits.keys().copied().collect();
    let fit = world.permits.iter().filter(|(_, permit)| asked(permit));
    let fit: Vec<Name> = fit.map(|(name, _)| *name).collect();
    let pick = usize::from(play.pick / 16);
    let from = match play.pick % 16 {
        0 => &[][..],
        1 | 2 => &all,
        _ if fit.is_empty() => &all,
        _ => &fit,
    };
    match from.get(pick % from.len().max(1)) {
        Some(name) => *name,
        None => (play.choice[0] % 8, play.choice[1] % NUMBERS),
    }
}

fn deed(world: &World, now: i64, play: &Move) -> (u8, Deed) {
    let to = |name: Name| world.permits.get(&name).and_then(|permit| permit.grant.to);
    let [first, second, ..] = play.choice;
    match play.deed {
        0..=19 => {
            let (by, grant) = grant(world, now, play);
            (by, Deed::Grant(grant))
        }
        20..=27 => {
            let name = aim(world, play, |permit| {
                travels(permit.grant.kind) && permit.left.is_none() && permit.lives()
            });
            let permit = world.permits.get(&name);
            (
                name.0,
                Deed::Leave(name, goods(permit, play, |line, _| line.authorised)),
            )
        }
        28..=38 => arrive(world, play),
        39 => (first, Deed::Pass(aim(world, play, |_| true))),
        40 | 41 => (
            first,
            Deed::TurnAway(aim(world, play, |_| true), second % 5 == 0),
        ),
        42..=44 => {
            let name = aim(world, play, |permit| {
                first % 3 > 0 || permit.grant.late.is_some() || permit.travel.is_some()
            });
            (name.0, Deed::Void(name, WHYS[usize::from(first % 5)]))
        }
        45 | 46 => {
            let name = aim(world, play, |permit| permit.grant.late.is_some());
            (to(name).unwrap_or(first), Deed::Agree(name))
        }
        47..=50 => cross(world, play),
        51..=55 => amend(world, play),
        56 | 57 => {
            let issuer = if first % 6 == 0 {
                second
            } else {
                MEMBERS + first % 2
            };
            let paper = (issuer % 8, second % 2);
            let stamp = (first % 3 == 0).then_some(second % 2);
            (first, Deed::Paper(paper, stamp, second % 3))
        }
        58 | 59 => {
            let range = u64::from(second % 3) * 10;
            (
                first % 3,
                Deed::Revoke(1 + second % 2, range, range + 9, first % 2 == 0),
            )
        }
        60..=62 => ration(world, now, play),
        63 => (first % 4, Deed::Works(second % 3, first % 8 < 5)),
        _ => halt(now, play),
    }
}

fn arrive(world: &World, play: &Move) -> (u8, Deed) {
    let name = aim(world, play, |permit| {
        let ready = permit.left.is_some() || permit.grant.kind == 5 || permit.grant.late.is_some();
        permit.lives() && ready
    });
    let permit = world.permits.get(&name);
    let goods = goods(permit, play, |line, fate| match permit {
        Some(permit) if permit.grant.kind == 5 => line.authorised - fate.arrived.unwrap_or(0),
        _ => fate.left.unwrap_or(line.authorised),
    });
    let to = permit.and_then(|permit| permit.grant.to).unwrap_or(3);
    let fitting = |own: &(&Name, &Permit)| {
        let Some(permit) = permit else { return false };
        let covers = |taxon| own.1.grant.lines.iter().any(|line| line.taxon == taxon);
        let all = permit.grant.lines.iter().all(|line| covers(line.taxon));
        own.0.0 == to && own.1.grant.kind == 3 && own.1.lives() && all
    };
    let [a, b, .., h] = play.choice;
    let needs = permit
        .is_some_and(|permit| may_need_entry(permit.grant.kind) && permit.grant.entry.is_none());
    let entry = match h % 16 {
        0 => Some((a % MEMBERS, b % NUMBERS)),
        1..=12 if needs => world.permits.iter().find(fitting).map(|own| *own.0),
        _ => None,
    };
    (to, Deed::Arrive(name, goods, entry))
}

fn cross(world: &World, play: &Move) -> (u8, Deed) {
    let name = aim(world, play, |permit| {
        permit.travel.is_some() && (permit.void.is_none() || play.choice[3] % 4 == 0)
    });
    let permit = world.permits.get(&name);
    let [a, b, c, ..] = play.choice;
    let inside = permit
        .and_then(|permit| permit.travel.as_ref())
        .and_then(|own| own.inside);
    let out = inside.is_some() != (a % 8 == 0);
    let by = match (inside, b % 4) {
        (Some(inside), _) => inside,
        (None, 0) => name.0,
        (None, _) => b / 4,
    };
    let paper = permit.map_or(0, |permit| permit.grant.paper);
    let paper = if c % 16 == 0 { paper + 1 } else { paper };
    (by, Deed::Cross(name, out, paper))
}

fn amend(world: &World, play: &Move) -> (u8, Deed) {
    let [a, b, ..] = play.choice;
    let name = aim(world, play, |permit| {
        permit.left.is_some() || permit.fates.iter().any(|fate| fate.arrived.is_some())
    });
    let permit = world.permits.get(&name);
    let found = permit.and_then(|permit| {
        let arrived = permit.arrived_again.as_ref().or(permit.arrived.as_ref());
        let left = permit.left_again.as_ref().or(permit.left.as_ref());
        match a % 8 {
            0 => permit.left.as_ref(),
            1 => permit.arrived.as_ref(),
            2 => Some(&permit.issued),
            3 | 4 => left,
            _ => arrived.or(left),
        }
    });
    let (record, by) = found.map_or((0, b), |act| (act.serial, act.by));
    let goods = goods(permit, play, |line, fate| match permit {
        Some(permit) if permit.arrived.is_some() => fate.left.unwrap_or(line.authorised),
        _ => line.authorised,
    });
    (by, Deed::Amend(name, record, goods))
}

fn ration(world: &World, now: i64, play: &Move) -> (u8, Deed) {
    let [a, b, c, d, e, ..] = play.choice;
    // Often one that is drawn on already.
    let drawn = world.rations.iter().find(|(_, ration)| ration.drawn > 0);
    if let (0..=3, Some((key, ration))) = (a % 8, drawn) {
        let total = ration.drawn - 1 + u64::from(b % 3);
        let (year, species) = (key.1, key.2);
        return (
            key.0,
            Deed::Quota {
                year,
                species,
                unit: ration.unit,
                total,
            },
        );
    }
    let by = a % 3;
    let year = year_of(day_of(now)) + [0, 0, 0, 0, 0, 1, 1, -1][usize::from(b % 8)];
    let species = c % 2;
    let known = world.rations.get(&(by, year, species));
    let unit = if d % 8 == 0 {
        2
    } else {
        known.map_or(1, |known| known.unit)
    };
    let drawn = known.map_or(0, |known| known.drawn);
    let total = match e % 8 {
        0 => drawn.saturating_sub(1),
        1 => drawn,
        2 | 3 => (drawn + 15).min(MOST),
        _ => 60,
    };
    (
        by,
        Deed::Quota {
            year,
            species,
            unit,
            total,
        },
    )
}

fn halt(now: i64, play: &Move) -> (u8, Deed) {
    let [a, b, c, d, e, ..] = play.choice;
    let today = day_of(now);
    let of = [0, 1, 2, 6][usize::from(a % 4)];
    let by = if b % 2 == 0 { of } else { b / 2 };
    let species = (c % 3 > 0).then_some(c % 2);
    let from = today + [0, 0, 0, 1, 2, -1, -2, -3][usize::from(d % 8)];
    let until = today + [1, 2, 2, 3, 3, 0, -1, -2][usize::from(e % 8)];
    (
        by,
        Deed::Halt {
            of,
            species,
            from,
            until: (e < 240).then_some(until),
        },
    )
}

/// Quantities of some lines, mostly within what may move.
fn goods(
    permit: Option<&Permit>,
    play: &Move,
    limit: impl Fn(&crate::world::Line, &crate::world::Fate) -> u64,
) -> Goods {
    let [_, _, a, b, c, d, ..] = play.choice;
    let Some(permit) = permit else {
        return vec![(1, 1, 5)];
    };
    let mut goods = Goods::new();
    for ((line, fate), choice) in permit.both().zip([a, b, c]) {
        let most = limit(line, fate);
        let unit = if choice % 32 == 9 { 3 } else { line.unit };
        let quantity = match choice % 16 {
            0 => continue,
            1 => most.saturating_add(1).min(MOST),
            2 | 3 => most / 2,
            4 => 1,
            _ => most,
        };
        if quantity > 0 {
            goods.push((line.letter, unit, quantity));
        }
    }
    let beyond = permit.grant.lines.len() as u8;
    if d % 32 == 0 {
        goods.push((beyond + 1, 1, 1));
    } else if goods.is_empty() {
        goods.push((
            beyond,
            permit.grant.lines.last().map_or(1, |line| line.unit),
            1,
        ));
    }
    goods
}

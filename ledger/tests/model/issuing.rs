//! Random issues: what may be issued in a world, and now and then something odd about it.

use crate::calendar::{day_of, months_later};
use crate::history::{Move, WHYS};
use crate::records::{MEMBERS, NUMBERS};
use crate::world::{Grant, Line, Name, Origin, Permit, Spot, World, longest, travels};

/// The largest quantity that there is.
pub(crate) const MOST: u64 = 10_u64.pow(16);

/// Who issues, and what.
pub(crate) fn grant(world: &World, now: i64, play: &Move) -> (u8, Grant) {
    let today = day_of(now);
    let a = play.choice[0];
    let (by, mut grant) = some_kind(world, today, play);
    let free = (0..NUMBERS).find(|number| !world.permits.contains_key(&(by, *number)));
    grant.number = free.unwrap_or(a % NUMBERS);
    if play.pick % 3 == 0 {
        tweak(&mut grant, today, play);
    }
    for line in &mut grant.lines {
        line.authorised = line.authorised.clamp(1, MOST);
        for origin in &mut line.origins {
            origin.drawn = origin.drawn.clamp(1, MOST);
        }
        line.origins.sort();
        line.origins.dedup_by_key(|origin| origin.source());
    }
    (by, grant)
}

/// An export permit that may be issued.
fn plain(today: i64, play: &Move) -> Grant {
    let [_, b, _, d, e, f, g, _] = play.choice;
    let mut plain = Grant {
        number: 0,
        kind: 1,
        to: Some([2, 2, 3, 1, 4, 0, 5, 6][usize::from(b % 8)]),
        granted: today,
        from: today,
        until: today + [3, 10, 45, 150][usize::from(e % 4)],
        lines: (1..=1 + d % 3).map(|letter| line(letter, f)).collect(),
        paper: f % 3,
        stamp: None,
        late: None,
        instead: None,
        entry: None,
    };
    if g % 2 == 0 {
        for line in &mut plain.lines {
            line.species = Some(g / 2 % 2);
        }
    }
    plain
}

fn some_kind(world: &World, today: i64, play: &Move) -> (u8, Grant) {
    let [a, _, c, _, e, f, g, _] = play.choice;
    let by = [0, 0, 0, 1, 1, 2, 3, 4][usize::from(a % 8)];
    let mut plain = plain(today, play);
    match c % 28 {
        0..=4 => {}
        5 | 6 => plain = entry_permit(plain, by),
        7..=9 => plain = on_an_entry_permit(world, plain, by, f),
        10..=15 => return re_export(world, plain, play),
        16..=18 => return replacement(world, plain, play),
        19 | 20 => {
            (plain.kind, plain.to) = (9 + f % 4, None);
            plain.until = today + [20, 45, 100, 170][usize::from(e % 4)];
        }
        21 => (plain.kind, plain.to) = (5, Some(by)),
        22 => plain.kind = [4, 6, 7, 8, 13][usize::from(f % 5)],
        23 => {
            for line in &mut plain.lines {
                (line.source, line.appendix) = ('D', 1 + f % 2);
                line.works = Some((by, f / 2 % 3));
            }
        }
        24 | 25 => {
            plain.late = Some(1 + f % 3);
            plain.granted = today - [0, 20, 31, 60][usize::from(g % 4)];
            plain.from = plain.granted;
        }
        _ => {
            plain.kind = 2;
            let root = ((MEMBERS + f % 2, g % 4), 1);
            let last = (f % 3 == 0).then_some(((MEMBERS + g % 2, f % 4), 2));
            let cited = Origin {
                root,
                last,
                drawn: 10,
            };
            plain.lines[0].origins = if g % 4 == 0 { Vec::new() } else { vec![cited] };
        }
    }
    (by, plain)
}

fn line(letter: u8, f: u8) -> Line {
    Line {
        letter,
        unit: 1 + u8::from(f / 4 % 8 == letter),
        authorised: 10 * u64::from(f % 4 + 1),
        appendix: 2 + u8::from(f % 16 == 5),
        source: ['W', 'W', 'W', 'C', 'A'][usize::from(f % 5)],
        taxon: letter,
        origins: Vec::new(),
        species: None,
        works: None,
    }
}

fn entry_permit(mut plain: Grant, by: u8) -> Grant {
    (plain.kind, plain.to) = (3, Some(by));
    for line in &mut plain.lines {
        line.appendix = 1;
        line.authorised =
            line.authorised * (1 + u64::from(line.letter % 2)) - u64::from(line.letter);
    }
    plain
}

/// An Appendix I export on a living import permit, where there is one.
fn on_an_entry_permit(world: &World, mut plain: Grant, by: u8, f: u8) -> Grant {
    let fits = |own: &(&Name, &Permit)| own.1.grant.kind == 3 && own.1.lives() && own.0.0 != by;
    let found: Vec<_> = world.permits.iter().filter(fits).collect();
    if let Some((name, permit)) = found.get(usize::from(f) % found.len().max(1)) {
        (plain.to, plain.entry) = (Some(name.0), Some(**name));
        plain.lines.clone_from(&permit.grant.lines);
        for line in &mut plain.lines {
            line.authorised = if f % 4 == 0 {
                line.authorised
            } else {
                line.authorised / 2
            };
        }
    }
    for line in &mut plain.lines {
        line.appendix = 1;
    }
    plain
}

/// What came into a Party on some line and is left there.
struct Left<'w> {
    spot: Spot,
    line: &'w Line,
    quantity: u64,
    at: u8,
}

fn all_left(world: &World) -> Vec<Left<'_>> {
    let mut found = Vec::new();
    for (name, permit) in world
        .permits
        .iter()
        .filter(|(_, permit)| permit.grant.kind != 3)
    {
        let Some(at) = permit.grant.to.filter(|to| *to < MEMBERS) else {
            continue;
        };
        for (line, fate) in permit.both() {
            let quantity = fate.arrived.unwrap_or(0).saturating_sub(fate.gone);
            let spot = (*name, line.letter);
            found.push(Left {
                spot,
                line,
                quantity,
                at,
            });
        }
    }
    found.retain(|left| left.quantity > 0);
    found
}

/// What is drawn from there: all, a part, or more than there is.
fn origin_of(world: &World, left: &Left<'_>, g: u8) -> Origin {
    let drawn = match g % 8 {
        0 => left.quantity + 1,
        1 | 2 => left.quantity.div_ceil(2),
        3 => 1,
        _ => left.quantity,
    };
    let re_exported = world.permits[&left.spot.0].grant.kind == 2;
    let root = left
        .line
        .origins
        .first()
        .map_or(((7, 0), 1), |own| own.root);
    if re_exported {
        Origin {
            root,
            last: Some(left.spot),
            drawn,
        }
    } else {
        Origin {
            root: left.spot,
            last: None,
            drawn,
        }
    }
}

/// A certificate for what came into some Party, in part or in whole, of one permit or of several.
fn re_export(world: &World, mut plain: Grant, play: &Move) -> (u8, Grant) {
    let [a, _, _, _, _, f, g, h] = play.choice;
    plain.kind = 2;
    let found = all_left(world);
    let Some(left) = found.get(usize::from(f) % found.len().max(1)) else {
        return (a % MEMBERS, plain);
    };
    let mut line = Line {
        letter: 1,
        origins: vec![origin_of(world, left, g)],
        species: plain.lines[0].species,
        ..left.line.clone()
    };
    // Merged with another line of the same taxon, where there is one.
    let same = found.iter().find(|other| {
        let alike = other.at == left.at && other.line.taxon == line.taxon;
        other.spot != left.spot && alike && h % 2 == 0
    });
    line.origins
        .extend(same.map(|other| origin_of(world, other, g)));
    let sum: u64 = line.origins.iter().map(|origin| origin.drawn).sum();
    line.authorised = sum + u64::from(h % 8 == 1);
    let mut lines = vec![line.clone()];
    // Split over two lines that draw on the same one.
    if h % 4 == 3 {
        lines.push(Line { letter: 2, ..line });
    }
    plain.lines = lines;
    (left.at, plain)
}

/// Another permit for one that is not spent.
fn replacement(world: &World, mut plain: Grant, play: &Move) -> (u8, Grant) {
    let [a, _, _, _, _, f, g, _] = play.choice;
    let fits = |own: &(&Name, &Permit)| match play.pick % 8 {
        0 => true,
        1 => own.1.left.is_some() && own.1.next.is_none(),
        2 => own.1.travel.is_some() && own.1.next.is_none(),
        3 => own.1.grant.late.is_some() && own.1.next.is_none(),
        _ => own.1.arrived.is_none() && own.1.next.is_none(),
    };
    let found: Vec<_> = world.permits.iter().filter(fits).collect();
    let Some((name, old)) = found.get(usize::from(f) % found.len().max(1)) else {
        return (a % MEMBERS, plain);
    };
    (plain.kind, plain.to, plain.entry) = (old.grant.kind, old.grant.to, old.grant.entry);
    plain.lines.clone_from(&old.grant.lines);
    plain.late = old.grant.late;
    plain.instead = Some((name.1, WHYS[usize::from(f % 4)]));
    match g % 16 {
        0 => plain.lines[0].authorised += 1,
        1 => plain.kind = 13,
        2 => plain.to = plain.to.map(|_| 3),
        _ => {}
    }
    (name.0, plain)
}

/// Something odd about it.
fn tweak(grant: &mut Grant, today: i64, play: &Move) {
    let [a, b, _, _, _, f, g, h] = play.choice;
    let odd = i64::from(f % 3);
    let first = &mut grant.lines[0];
    let drawn = |line: &mut Line, more: u64| {
        line.origins
            .iter_mut()
            .for_each(|origin| origin.drawn += more);
    };
    match play.choice[7] % 30 {
        0 => (grant.granted, grant.from) = (today + odd, today + odd),
        1 => (grant.granted, grant.from) = (today - 30 - odd, today - 30 - odd),
        2 => grant.from = grant.granted - 1,
        3 => grant.until = grant.from - 1,
        4 => grant.until = months_later(grant.granted, longest(grant.kind)) + odd - 1,
        5 => (grant.granted, grant.from, grant.until) = (today - 9, today - 9, today + odd - 3),
        6 => {
            grant.to = if grant.to.is_some() {
                None
            } else {
                Some(a % 8)
            }
        }
        7 => first.appendix = 1,
        8 => grant.late = Some(1 + f % 3),
        9 => (grant.late, first.appendix) = (Some(1), 1),
        10 => grant.instead = Some((f % NUMBERS, WHYS[usize::from(g % 4)])),
        11..=13 => grant.stamp = Some(f % 2),
        14 => grant.entry = Some((a % 8, b % NUMBERS)),
        15 => grant.number = f % 3,
        16 => grant.lines.iter_mut().for_each(|line| line.species = None),
        17 => first.unit = 1 + first.unit % 3,
        18 => first.authorised *= 10,
        19 => grant.kind = 1 + f % 13,
        20 => drawn(first, 1 + u64::from(g)),
        21 => first.taxon += 1,
        22 => first.source = 'R',
        23 => {
            for origin in &mut first.origins {
                origin.root = ((a % 8, b % NUMBERS), 1 + f % 2);
            }
        }
        24 | 25 => grant.from = grant.granted + 2,
        26 => first.authorised = MOST,
        27 => grant.until = grant.granted + odd,
        28 => first.works = Some((h % MEMBERS, f % 3)),
        _ => {
            let root = ((a % 8, b % NUMBERS), 1);
            first.origins.push(Origin {
                root,
                last: None,
                drawn: 1,
            });
        }
    }
    if !travels(grant.kind) && h % 2 == 0 {
        grant.late = None;
    }
}

//! Random histories: moves in the words of the reference model, and the same moves as signed records.

use std::sync::Arc;

use ledger::codes::{Appendix, Kind, Source, Unit};
use ledger::digest::sha256;
use ledger::parameters::Parameters;
use ledger::party::{Party, PartyCode, Role};
use ledger::permit::number::number_hash;
use ledger::quantity::Quantity;
use ledger::reason::Reason;
use ledger::record::{
    Cancel, CancelReason, Endorse, Import, Issue, IssuedLine, LineQuantity, Origin, PermitKey,
    Record, Refuse, Sight, Statement,
};
use ledger::signed::Signed;
use ledger::state::{PermitState, ReportState, StateKey, read};
use ledger::testing::{
    CHAIN, TestLedger, entries, issued_line, line, office, party, port, record, sign,
};
use ledger::time::{CivilDate, Timestamp};
use proptest::prelude::*;

use crate::check::Permits;
use crate::rules::{
    Deed, Goods, Grant, Hat, Line, Name, Permit, Said, Why, World, longest, months_later,
};

/// Parties 0 to 7. Moves aim at permits of the first two.
pub(crate) const CODES: [&str; 8] = ["QS", "QT", "QN", "QP", "QM", "QR", "QU", "QZ"];
const UNIONS: [Option<u8>; 8] = [
    None,
    Some(1),
    Some(1),
    Some(2),
    Some(2),
    None,
    Some(2),
    None,
];
const LENIENT: [bool; 8] = [false, false, true, false, true, true, false, false];
/// Numbers in use.
pub(crate) const NUMBERS: u8 = 2;
const KINDS: [u8; 10] = [2, 3, 3, 4, 5, 6, 9, 11, 12, 13];
const WHYS: [Why; 5] = [
    Why::Clerical,
    Why::Lost,
    Why::Stolen,
    Why::Withdrawn,
    Why::Replaced,
];
const DAY_MS: u64 = 86_400_000;

/// One random move. Small numbers choose; what they mean depends on the world they are played in.
#[derive(Clone, Debug)]
pub(crate) struct Move {
    pub deed: u8,
    pub issuer: u8,
    pub number: u8,
    pub who: u8,
    pub hat: u8,
    pub choice: [u8; 6],
}

/// Moves of one block, after a pause.
pub(crate) type Blocks = Vec<(u8, Vec<Move>)>;

pub(crate) fn one_move() -> impl Strategy<Value = Move> {
    let choice = any::<[u8; 6]>();
    (0..16_u8, 0..2_u8, 0..NUMBERS, 0..24_u8, 0..32_u8, choice).prop_map(
        |(deed, issuer, number, who, hat, choice)| Move {
            deed,
            issuer,
            number,
            who,
            hat,
            choice,
        },
    )
}

pub(crate) fn blocks(most: usize) -> impl Strategy<Value = Blocks> {
    let block = (0..16_u8, proptest::collection::vec(one_move(), 1..4));
    proptest::collection::vec(block, 1..most)
}

/// The pause before a block, in milliseconds.
pub(crate) fn pause(choice: u8) -> u64 {
    match choice {
        0..=11 => 1 + u64::from(choice),
        12 => DAY_MS / 24,
        13 => DAY_MS / 2,
        14 => DAY_MS,
        _ => 40 * DAY_MS,
    }
}

/// What somebody says with this move, at `now`: mostly what may be said, so that histories get far.
pub(crate) fn said(world: &World, now: i64, play: &Move) -> Said {
    let name = (play.issuer, play.number);
    let permit = world.permits.get(&name);
    let to = permit.and_then(|permit| permit.grant.to).unwrap_or(3);
    let [first, second, ..] = play.choice;
    let (deed, right, hat) = match play.deed {
        0..=3 => (Deed::Grant(grant(now, play)), name.0, Hat::Authority),
        4..=7 => (Deed::Leave(name, goods(permit, play)), name.0, Hat::Border),
        8..=11 => (Deed::Arrive(name, goods(permit, play)), to, Hat::Border),
        12 => (Deed::Pass(name), first % 8, Hat::Border),
        13 => (
            Deed::TurnAway(name, second % 5 == 0),
            first % 8,
            Hat::Border,
        ),
        _ => (
            Deed::Void(name, WHYS[usize::from(first % 5)]),
            name.0,
            Hat::Authority,
        ),
    };
    let fellow = (0..8).find(|other| {
        *other != right
            && UNIONS[usize::from(right)].is_some()
            && UNIONS[usize::from(*other)] == UNIONS[usize::from(right)]
    });
    let by = match play.who {
        0..=18 => right,
        19..=21 => fellow.unwrap_or(right),
        _ => second % 8,
    };
    let hat = match play.hat {
        0 => Hat::Authority,
        1 => Hat::Border,
        2 => Hat::Scientist,
        3 => Hat::Delegate,
        4 => Hat::AuthorityAndBorder,
        _ => hat,
    };
    Said { by, hat, deed }
}

/// A grant that may be made, or one with something odd about it.
fn grant(now: i64, play: &Move) -> Grant {
    let [a, b, c, d, e, f] = play.choice;
    let today = now.div_euclid(DAY_MS as i64);
    let line = |letter| Line {
        letter,
        unit: 1 + (e.wrapping_add(letter)) % 2,
        authorised: 10 * u64::from(f % 4 + 1),
        strict: false,
        left: None,
        arrived: None,
    };
    let mut grant = Grant {
        number: play.number,
        kind: 1,
        to: Some(a % 5),
        granted: today,
        from: today,
        until: today + [3, 10, 45, 150][usize::from(b % 4)],
        lines: (1..=1 + d % 3).map(line).collect(),
        unusual: 0,
    };
    let odd = i64::from(e % 3);
    match c % 48 {
        0 => grant.unusual = 1 + f % 4,
        1 => (grant.granted, grant.from) = (today + odd, today + odd),
        2 => (grant.granted, grant.from) = (today - 30 - odd, today - 30 - odd),
        3 | 16..=18 => grant.from = today + 2 * odd - 1,
        4 => grant.until = today + odd - 2,
        5 => grant.until = months_later(today, longest(grant.kind)) + odd - 1,
        6 => (grant.granted, grant.from, grant.until) = (today - 9, today - 9, today + odd - 3),
        7 => grant.to = None,
        8 => grant.lines[0].strict = true,
        9..=15 => {
            grant.kind = KINDS[usize::from(a % 10)];
            grant.to = match grant.kind {
                3 => Some(play.issuer).filter(|_| odd > 0).or(Some(4)),
                9..=12 => Some(1).filter(|_| odd == 0),
                _ => grant.to,
            };
            grant.until = months_later(today, longest(grant.kind)) + i64::from(f % 8 == 0);
        }
        _ => {}
    }
    grant
}

/// Quantities of some lines, mostly within what may move.
fn goods(permit: Option<&Permit>, play: &Move) -> Goods {
    let [_, _, a, b, c, d] = play.choice;
    let Some(permit) = permit else {
        return vec![(1, 1, 5)];
    };
    let mut goods = Goods::new();
    for (line, choice) in permit.grant.lines.iter().zip([a, b, c]) {
        let most = line.left.unwrap_or(line.authorised);
        let unit = if choice % 16 == 9 { 3 } else { line.unit };
        let quantity = match choice % 8 {
            0 => continue,
            1 => most + 1,
            2 => most / 2,
            3 => 1,
            _ => most,
        };
        if quantity > 0 {
            goods.push((line.letter, unit, quantity));
        }
    }
    if d % 16 == 0 || goods.is_empty() {
        let beyond = permit.grant.lines.len() as u8;
        let letter = if d % 16 == 0 { beyond + 1 } else { beyond };
        goods.retain(|(own, ..)| *own != letter);
        goods.push((letter, 1, 1));
    }
    goods
}

/// A world and a ledger that begin alike.
pub(crate) fn beginnings(zones: (i16, i16)) -> (World, TestLedger) {
    let world = World {
        unions: UNIONS.to_vec(),
        lenient: LENIENT.to_vec(),
        zones: (zones.0.into(), zones.1.into()),
        ..World::default()
    };
    let parameters = Parameters {
        date_begins_offset_minutes: zones.0,
        date_ends_offset_minutes: zones.1,
        ..Parameters::default()
    };
    (world, TestLedger::new(entries(&parties(), &parameters)))
}

pub(crate) fn parties() -> Vec<(PartyCode, Party)> {
    let members = CODES.iter().zip(UNIONS).zip(LENIENT);
    members
        .map(|((code, union), accepts_unendorsed)| {
            let union = union.map(|number| format!("UNION-{number}"));
            let member = Party {
                union,
                accepts_unendorsed,
            };
            (party(code), member)
        })
        .collect()
}

pub(crate) fn roles(hat: Hat) -> Vec<Role> {
    match hat {
        Hat::Authority => vec![Role::Management],
        Hat::Border => vec![Role::Customs],
        Hat::Scientist => vec![Role::Scientific],
        Hat::Delegate => vec![Role::Governance],
        Hat::AuthorityAndBorder => vec![Role::Management, Role::Customs],
    }
}

pub(crate) fn key(name: Name) -> PermitKey {
    let issuer = party(CODES[usize::from(name.0)]);
    let number = number_hash(CHAIN, issuer, &name.1.to_string());
    PermitKey { issuer, number }
}

/// The same as a record, made at the time of its block.
pub(crate) fn recorded(said: &Said, now: Timestamp, nonce: u64) -> Record {
    let code = CODES[usize::from(said.by)];
    let mut record = record((code, Role::Customs), statement(said), now, nonce);
    record.offices = roles(said.hat).into_iter().map(office).collect();
    record
}

pub(crate) fn signed(record: &Record) -> Arc<Signed> {
    sign(record)
}

fn statement(said: &Said) -> Statement {
    let moved = |goods: &Goods| -> Vec<_> {
        let named = goods.iter();
        named
            .map(|(letter, unit, quantity)| LineQuantity {
                line: line(*letter),
                unit: Unit::ALL[usize::from(*unit) - 1],
                quantity: Quantity::from_scaled(*quantity).unwrap(),
            })
            .collect()
    };
    let port = port("QXABC");
    match &said.deed {
        Deed::Grant(grant) => Statement::Issue(issue(said.by, grant)),
        Deed::Leave(name, goods) => Statement::Endorse(Endorse {
            permit: key(*name),
            lines: moved(goods),
            port,
            transport: None,
        }),
        Deed::Pass(name) => Statement::Sight(Sight {
            permit: key(*name),
            port,
        }),
        Deed::Arrive(name, goods) => Statement::Import(Import {
            permit: key(*name),
            lines: moved(goods),
            port,
        }),
        Deed::TurnAway(name, green) => Statement::Refuse(Refuse {
            permit: key(*name),
            reason: if *green { Reason::Ok } else { Reason::Altered },
            port,
        }),
        Deed::Void(name, why) => Statement::Cancel(Cancel {
            permit: key(*name),
            reason: match why {
                Why::Clerical => CancelReason::Clerical,
                Why::Lost => CancelReason::Lost,
                Why::Stolen => CancelReason::Stolen,
                Why::Withdrawn => CancelReason::Withdrawn,
                Why::Replaced => CancelReason::Replaced,
            },
        }),
    }
}

fn day(day: i64) -> CivilDate {
    CivilDate(i32::try_from(day).unwrap())
}

fn issue(by: u8, grant: &Grant) -> Issue {
    let cited = key((0, 0));
    let mut lines: Vec<_> = grant
        .lines
        .iter()
        .map(|line| IssuedLine {
            appendix: if line.strict {
                Appendix::I
            } else {
                Appendix::II
            },
            source: Source::Wild,
            ..issued_line(
                line.letter,
                Unit::ALL[usize::from(line.unit) - 1],
                Quantity::from_scaled(line.authorised).unwrap(),
            )
        })
        .collect();
    if grant.unusual == 1 {
        let drawn = Quantity::from_scaled(1).unwrap();
        let origin = Origin {
            permit: cited,
            line: line(1),
            drawn,
        };
        lines[0].origins.push(origin);
    }
    Issue {
        number: key((by, grant.number)).number,
        kind: Kind::ALL[usize::from(grant.kind) - 1],
        destination: grant.to.map(|to| party(CODES[usize::from(to)])),
        granted_on: day(grant.granted),
        valid_from: day(grant.from),
        valid_until: day(grant.until),
        lines,
        commitment: ledger::digest::Commitment(sha256(b"document")),
        stamp: None,
        retrospective: grant.unusual == 2,
        replaces: (grant.unusual == 3).then_some(cited.number),
        import_permit: (grant.unusual == 4).then_some(cited),
    }
}

/// Every name that moves can be about.
pub(crate) fn names() -> impl Iterator<Item = Name> {
    (0..8).flat_map(|issuer| (0..NUMBERS).map(move |number| (issuer, number)))
}

/// All permits on the ledger, as they are.
pub(crate) fn permits(ledger: &TestLedger) -> Permits {
    let permits = names().map(|name| (key(name), ledger.permit(&key(name))));
    permits
        .filter_map(|(key, permit)| Some((key, permit?)))
        .collect()
}

/// The ledger in the words of the model, with the rest of `world` as it is.
pub(crate) fn world_of(ledger: &TestLedger, world: &World) -> World {
    let mut seen = World {
        permits: Default::default(),
        reports: Default::default(),
        ..world.clone()
    };
    for name in names() {
        if let Some(permit) = ledger.permit(&key(name)) {
            seen.permits.insert(name, permit_of(name, &permit));
        }
        let report: Option<ReportState> =
            read(&ledger.state, &StateKey::report(&key(name))).unwrap();
        seen.reports
            .extend(report.map(|report| (name, (report.sightings, report.refusals))));
    }
    seen
}

fn permit_of(name: Name, permit: &PermitState) -> Permit {
    let number = |code: PartyCode| {
        let place = CODES.iter().position(|own| *own == code.as_str());
        u8::try_from(place.unwrap()).unwrap()
    };
    let lines = permit.lines.iter().map(|line| Line {
        letter: line.line.number(),
        unit: 1 + Unit::ALL
            .iter()
            .position(|unit| *unit == line.unit)
            .unwrap() as u8,
        authorised: line.authorised.scaled(),
        strict: line.appendix == Appendix::I,
        left: line.endorsed.map(Quantity::scaled),
        arrived: line.imported.map(Quantity::scaled),
    });
    assert_eq!(number(permit.issuer), name.0);
    let grant = Grant {
        number: name.1,
        kind: 1 + Kind::ALL
            .iter()
            .position(|kind| *kind == permit.kind)
            .unwrap() as u8,
        to: permit.destination.map(number),
        granted: permit.granted_on.0.into(),
        from: permit.valid_from.0.into(),
        until: permit.valid_until.0.into(),
        lines: lines.collect(),
        unusual: 0,
    };
    let void = permit.cancellation.as_ref().map(|own| match own.reason {
        CancelReason::Clerical => Why::Clerical,
        CancelReason::Lost => Why::Lost,
        CancelReason::Stolen => Why::Stolen,
        CancelReason::Withdrawn => Why::Withdrawn,
        CancelReason::Replaced => Why::Replaced,
    });
    Permit {
        grant,
        left_by: permit.endorsement.as_ref().map(|act| number(act.party)),
        arrived_by: permit.import.as_ref().map(|act| number(act.party)),
        void,
        passed: permit.sightings,
        turned_away: permit.refusals,
        attempts: permit.refused_attempts,
    }
}

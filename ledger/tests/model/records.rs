//! The model's statements as signed records, and the ledger at its beginning.

use std::collections::BTreeMap;
use std::sync::Arc;

use ledger::codec;
use ledger::codes::{Appendix, Kind, Source, Unit};
use ledger::digest::{
    Commitment, Digest, OperationHash, RecordDigest, SpeciesKey, TaxonTag, sha256,
};
use ledger::parameters::Parameters;
use ledger::party::{Algorithm, Height, Office, OfficeNumber, Party, PartyCode, Role};
use ledger::permit::number::number_hash;
use ledger::quantity::Quantity;
use ledger::reason::Reason;
use ledger::record::{
    Cancel, CancelReason, Consent, Correct, CorrectReason, Cross, Direction, Endorse, Import,
    Issue, IssuedLine, LineKey, LineQuantity, Operation, OperationKey, Origin, PaperSeen,
    PermitKey, Port, Quota, Record, Refuse, Replaces, RetrospectiveReason, RevokeRange,
    RevokeReason, SerialRange, Series, Sight, Statement, Suspend,
};
use ledger::signed::Signed;
use ledger::state::StateKey;
use ledger::testing::{CHAIN, entries, line, office, office_key, party, port, record, sign};
use ledger::time::{CivilDate, Timestamp};

use crate::world::{Deed, Goods, Grant, Hat, Line, Name, Said, Spot, Why, World};

/// Parties 0 to 7; the last two are not on the ledger.
pub(crate) const CODES: [&str; 8] = ["QS", "QT", "QN", "QP", "QM", "QR", "QU", "QZ"];
pub(crate) const MEMBERS: u8 = 6;
pub(crate) const UNIONS: [Option<u8>; 8] =
    [None, Some(1), Some(1), Some(2), Some(2), None, None, None];
const LENIENT: [bool; 8] = [false, false, true, false, true, true, false, false];
const STRICT: [bool; 8] = [false, false, false, true, true, false, false, false];
/// Zones in which a date is a day in UTC.
pub(crate) const ZERO_ZONES: (i16, i16) = (0, 0);
/// Numbers in use by each Party.
pub(crate) const NUMBERS: u8 = 12;
/// The office whose key is active for a while only.
const WATCH: OfficeNumber = OfficeNumber(5);
const WATCH_ACTIVE: core::ops::Range<u64> = 4..9;

/// Digests of records by their number in the history.
pub(crate) type Digests = BTreeMap<u64, RecordDigest>;

/// A world, and what the ledger holds before block 1: alike.
pub(crate) fn beginnings(zones: (i16, i16)) -> (World, Vec<(String, Vec<u8>)>) {
    let world = World {
        members: MEMBERS,
        unions: UNIONS.to_vec(),
        lenient: LENIENT.to_vec(),
        strict: STRICT.to_vec(),
        zones: (zones.0.into(), zones.1.into()),
        ..World::default()
    };
    let parameters = Parameters {
        date_begins_offset_minutes: zones.0,
        date_ends_offset_minutes: zones.1,
        ..Parameters::default()
    };
    let mut entries = entries(&parties(), &parameters);
    for (code, _) in parties() {
        let office = Office {
            role: Role::Customs,
            algorithm: Algorithm::Ed25519,
            key: office_key(code, WATCH).public(),
            active_from: Height(WATCH_ACTIVE.start),
            active_until: Some(Height(WATCH_ACTIVE.end)),
        };
        let key = StateKey::office(code, WATCH).as_str().to_owned();
        entries.push((key, codec::encode(&office)));
    }
    (world, entries)
}

/// Whether an office may speak at that height at all.
pub(crate) fn may_speak(hat: Hat, height: u64) -> bool {
    hat != Hat::Watch || WATCH_ACTIVE.contains(&height)
}

/// The Parties on the ledger.
pub(crate) fn parties() -> Vec<(PartyCode, Party)> {
    let member = |place: usize| Party {
        union: UNIONS[place].map(|number| format!("UNION-{number}")),
        accepts_unendorsed: LENIENT[place],
        import_permit_for_ii: STRICT[place],
    };
    (0..usize::from(MEMBERS))
        .map(|place| (party(CODES[place]), member(place)))
        .collect()
}

pub(crate) fn roles(hat: Hat) -> Vec<Role> {
    match hat {
        Hat::Authority => vec![Role::Management],
        Hat::Border | Hat::Watch => vec![Role::Customs],
        Hat::Scientist => vec![Role::Scientific],
        Hat::Delegate => vec![Role::Governance],
        Hat::AuthorityAndBorder => vec![Role::Management, Role::Customs],
    }
}

pub(crate) fn code(place: u8) -> PartyCode {
    party(CODES[usize::from(place)])
}

pub(crate) fn key(name: Name) -> PermitKey {
    let issuer = code(name.0);
    let number = number_hash(CHAIN, issuer, &name.1.to_string());
    PermitKey { issuer, number }
}

pub(crate) fn stamp(number: u8) -> Digest {
    sha256(&[1, number])
}

pub(crate) fn paper(number: u8) -> Digest {
    sha256(&[2, number])
}

pub(crate) fn species(number: u8) -> SpeciesKey {
    SpeciesKey(sha256(&[3, number]))
}

pub(crate) fn taxon(number: u8) -> TaxonTag {
    TaxonTag(sha256(&[4, number]))
}

pub(crate) fn works((place, number): (u8, u8)) -> OperationKey {
    let number = OperationHash(sha256(&[5, number]));
    OperationKey {
        party: code(place),
        number,
    }
}

pub(crate) fn gate(number: u8) -> Port {
    let letter = |number: u8| char::from(b'A' + number);
    port(&format!("QX{}AA", letter(number % 26)))
}

pub(crate) fn amount(scaled: u64) -> Quantity {
    Quantity::from_scaled(scaled).expect("within the limits")
}

pub(crate) fn range(first: u64, last: u64) -> SerialRange {
    let (prefix, suffix) = ("26QX".to_owned(), "/ZZ".to_owned());
    SerialRange {
        prefix,
        first,
        last,
        digits: 4,
        suffix,
    }
}

/// The same as a record, made at the time of its block.
pub(crate) fn recorded(said: &Said, now: Timestamp, serial: u64, digests: &Digests) -> Record {
    let statement = statement(said, digests);
    let mut record = record(
        (CODES[usize::from(said.by)], Role::Customs),
        statement,
        now,
        serial,
    );
    record.offices = match said.hat {
        Hat::Watch => vec![WATCH],
        hat => roles(hat).into_iter().map(office).collect(),
    };
    record
}

pub(crate) fn signed(record: &Record) -> Arc<Signed> {
    sign(record)
}

fn moved(goods: &Goods) -> Vec<LineQuantity> {
    let named = goods.iter().map(|(letter, unit, quantity)| LineQuantity {
        line: line(*letter),
        unit: Unit::ALL[usize::from(*unit) - 1],
        quantity: amount(*quantity),
    });
    named.collect()
}

fn statement(said: &Said, digests: &Digests) -> Statement {
    let port = gate(said.port);
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
        Deed::Arrive(name, goods, entry) => Statement::Import(Import {
            permit: key(*name),
            lines: moved(goods),
            port,
            import_permit: entry.map(key),
        }),
        Deed::TurnAway(name, green) => Statement::Refuse(Refuse {
            permit: key(*name),
            reason: if *green { Reason::Ok } else { Reason::Altered },
            port,
        }),
        Deed::Void(name, why) => Statement::Cancel(Cancel {
            permit: key(*name),
            reason: reason(*why),
        }),
        Deed::Agree(name) => Statement::Consent(Consent { permit: key(*name) }),
        Deed::Cross(name, out, content) => Statement::Cross(Cross {
            permit: key(*name),
            direction: if *out { Direction::Out } else { Direction::In },
            port,
            document: Commitment(paper(*content)),
        }),
        Deed::Amend(name, serial, goods) => Statement::Correct(Correct {
            permit: key(*name),
            record: digests.get(serial).copied().unwrap_or_default(),
            lines: moved(goods),
            reason: CorrectReason::Recount,
        }),
        Deed::Paper(name, mark, content) => Statement::PaperSeen(PaperSeen {
            permit: key(*name),
            stamp: mark.map(stamp),
            document: paper(*content),
            port,
        }),
        deed @ (Deed::Revoke(..) | Deed::Quota { .. } | Deed::Works(..) | Deed::Halt { .. }) => {
            of_its_trade(deed)
        }
    }
}

fn of_its_trade(deed: &Deed) -> Statement {
    match *deed {
        Deed::Revoke(series, first, last, lifted) => Statement::RevokeRange(RevokeRange {
            series: Series::ALL[usize::from(series) - 1],
            range: range(first, last),
            reason: RevokeReason::Stolen,
            lifted,
        }),
        Deed::Quota {
            year,
            species: kind,
            unit,
            total,
        } => Statement::Quota(Quota {
            year: u16::try_from(year).expect("a year"),
            species: species(kind),
            unit: Unit::ALL[usize::from(unit) - 1],
            total: amount(total),
        }),
        Deed::Works(number, listed) => {
            let number = works((0, number)).number;
            Statement::Operation(Operation { number, listed })
        }
        Deed::Halt {
            of,
            species: kind,
            from,
            until,
        } => Statement::Suspend(Suspend {
            of: code(of),
            species: kind.map(species),
            from: day(from),
            until: until.map(day),
        }),
        Deed::Grant(_)
        | Deed::Leave(..)
        | Deed::Pass(_)
        | Deed::Arrive(..)
        | Deed::TurnAway(..)
        | Deed::Void(..)
        | Deed::Agree(_)
        | Deed::Cross(..)
        | Deed::Amend(..)
        | Deed::Paper(..) => unreachable!("said of a permit"),
    }
}

pub(crate) fn reason(why: Why) -> CancelReason {
    match why {
        Why::Clerical => CancelReason::Clerical,
        Why::Lost => CancelReason::Lost,
        Why::Stolen => CancelReason::Stolen,
        Why::Withdrawn => CancelReason::Withdrawn,
        Why::Damaged => CancelReason::Damaged,
    }
}

fn day(day: i64) -> CivilDate {
    CivilDate(i32::try_from(day).expect("a day"))
}

fn spot(spot: Spot) -> LineKey {
    LineKey {
        permit: key(spot.0),
        line: line(spot.1),
    }
}

/// Where origins stand in the order that records ask for.
pub(crate) fn origin(origin: &crate::world::Origin) -> Origin {
    Origin {
        root: spot(origin.root),
        last: origin.last.map(spot),
        drawn: amount(origin.drawn),
    }
}

fn issued(own: &Line) -> IssuedLine {
    let mut origins: Vec<_> = own.origins.iter().map(origin).collect();
    origins.sort_by_key(|origin| (origin.source(), origin.root));
    IssuedLine {
        line: line(own.letter),
        unit: Unit::ALL[usize::from(own.unit) - 1],
        authorised: amount(own.authorised),
        appendix: Appendix::ALL[usize::from(own.appendix) - 1],
        source: Source::from_code(&own.source.to_string()).expect("a source"),
        taxon: taxon(own.taxon),
        origins,
        species: own.species.map(species),
        operation: own.works.map(works),
    }
}

fn issue(by: u8, grant: &Grant) -> Issue {
    Issue {
        number: key((by, grant.number)).number,
        kind: Kind::ALL[usize::from(grant.kind) - 1],
        destination: grant.to.map(code),
        granted_on: day(grant.granted),
        valid_from: day(grant.from),
        valid_until: day(grant.until),
        lines: grant.lines.iter().map(issued).collect(),
        commitment: Commitment(paper(grant.paper)),
        stamp: grant.stamp.map(stamp),
        retrospective: grant
            .late
            .map(|late| RetrospectiveReason::ALL[usize::from(late) - 1]),
        replaces: grant.instead.map(|(number, why)| Replaces {
            number: key((by, number)).number,
            reason: reason(why),
        }),
        import_permit: grant.entry.map(key),
    }
}

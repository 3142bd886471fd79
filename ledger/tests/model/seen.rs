//! The ledger's state in the words of the model, field by field.

use std::collections::BTreeMap;

use ledger::codec;
use ledger::codes::{Appendix, Kind, Source, Unit};
use ledger::digest::{Commitment, Digest, RecordDigest, SpeciesKey, TaxonTag};
use ledger::party::PartyCode;
use ledger::permit::LineId;
use ledger::quantity::Quantity;
use ledger::record::{
    CancelReason, LineKey, OperationKey, PermitKey, Port, RetrospectiveReason, SerialRange, Series,
};
use ledger::state::memory::MemoryState;
use ledger::state::register::{
    MonthCounts, OperationState, PaperState, QuotaState, RevokedRanges, Statistics, Suspensions,
};
use ledger::state::{Act, Cancellation, LineState, PermitState, ReportState, StateKey, View as _};
use ledger::time::{CivilDate, Timestamp};
use ledger::tree::KeyHash;

use crate::check::Book;
use crate::records::{
    CODES, Digests, NUMBERS, code, gate, key, paper, range, species, stamp, taxon, works,
};
use crate::signals::Signals;
use crate::world::{
    Act as Seen, Fate, Grant, Halt, Line, Name, Origin, Permit, Ration, Travel, Why, World,
};

/// Small numbers in use for stamps, papers, species, taxa and operations.
const SMALL: u8 = 40;
/// Species that quotas are for.
const KINDS: u8 = 3;
/// Years that histories reach.
const YEARS: core::ops::Range<u16> = 2025..2031;

/// What the ledger's codes mean in the model, made once.
pub(crate) struct Words {
    parties: BTreeMap<PartyCode, u8>,
    permits: BTreeMap<PermitKey, Name>,
    keys: BTreeMap<Name, PermitKey>,
    stamps: BTreeMap<Digest, u8>,
    papers: BTreeMap<Digest, u8>,
    species: BTreeMap<SpeciesKey, u8>,
    taxa: BTreeMap<TaxonTag, u8>,
    works: BTreeMap<OperationKey, (u8, u8)>,
    ports: BTreeMap<Port, u8>,
    places: Places,
}

/// Where everything stands in the map, hashed once: a state is read after every statement.
struct Places {
    /// Permit, report, paper.
    names: Vec<(Name, [KeyHash; 3])>,
    stamps: Vec<((u8, u8), KeyHash)>,
    /// Revoked, suspensions.
    parties: Vec<(u8, [KeyHash; 2])>,
    works: Vec<((u8, u8), KeyHash)>,
    statistics: Vec<((u8, i64), KeyHash)>,
    quotas: Vec<((u8, u16, u8), KeyHash)>,
}

fn place(key: &StateKey) -> KeyHash {
    KeyHash::of(key.as_ref())
}

impl Places {
    fn new() -> Self {
        let pairs =
            |most: u8| places().flat_map(move |party| (0..most).map(move |number| (party, number)));
        let years = || places().flat_map(|party| YEARS.map(move |year| (party, year)));
        let quotas =
            years().flat_map(|(party, year)| (0..KINDS).map(move |kind| (party, year, kind)));
        let of_name = |name: Name| {
            let key = key(name);
            [
                StateKey::permit(&key),
                StateKey::report(&key),
                StateKey::paper(&key),
            ]
            .map(|key| place(&key))
        };
        let of_party = |party: u8| {
            let code = code(party);
            [StateKey::revoked(code), StateKey::suspensions(code)].map(|key| place(&key))
        };
        let of_stamp = |(party, number)| place(&StateKey::stamp(code(party), &stamp(number)));
        let of_quota =
            |(party, year, kind)| place(&StateKey::quota(code(party), year, &species(kind)));
        Self {
            names: names().map(|name| (name, of_name(name))).collect(),
            stamps: pairs(SMALL).map(|mark| (mark, of_stamp(mark))).collect(),
            parties: places().map(|party| (party, of_party(party))).collect(),
            works: pairs(4)
                .map(|pair| (pair, place(&StateKey::operation(&works(pair)))))
                .collect(),
            statistics: years()
                .map(|(party, year)| {
                    let key = StateKey::statistics(code(party), year);
                    ((party, year.into()), place(&key))
                })
                .collect(),
            quotas: quotas.map(|own| (own, of_quota(own))).collect(),
        }
    }
}

fn places() -> impl Iterator<Item = u8> {
    (0..).take(CODES.len())
}

/// Every name that statements can be about.
pub(crate) fn names() -> impl Iterator<Item = Name> {
    places().flat_map(|issuer| (0..NUMBERS).map(move |number| (issuer, number)))
}

impl Words {
    pub(crate) fn new() -> Self {
        let pairs = || places().flat_map(|place| (0..4).map(move |number| (place, number)));
        Self {
            parties: places().map(|place| (code(place), place)).collect(),
            permits: names().map(|name| (key(name), name)).collect(),
            keys: names().map(|name| (name, key(name))).collect(),
            stamps: (0..SMALL).map(|number| (stamp(number), number)).collect(),
            papers: (0..SMALL).map(|number| (paper(number), number)).collect(),
            species: (0..=u8::MAX)
                .map(|number| (species(number), number))
                .collect(),
            taxa: (0..SMALL).map(|number| (taxon(number), number)).collect(),
            works: pairs().map(|pair| (works(pair), pair)).collect(),
            ports: (0..26).map(|number| (gate(number), number)).collect(),
            places: Places::new(),
        }
    }

    /// What the checker looks at.
    pub(crate) fn book(&self, state: &MemoryState, log: &[RecordDigest]) -> Book {
        let mut book = Book {
            log: log.to_vec(),
            ..Book::default()
        };
        for (name, [permit, _, paper]) in &self.places.names {
            let key = self.keys[name];
            book.permits
                .extend(get(state, permit).map(|permit| (key, permit)));
            book.papers
                .extend(get(state, paper).map(|claims| (key, claims)));
        }
        for ((party, year, kind), place) in &self.places.quotas {
            let key = (code(*party), *year, species(*kind));
            book.quotas
                .extend(get(state, place).map(|quota| (key, quota)));
        }
        book
    }

    /// The state as a world; what no state holds is as in `world`.
    pub(crate) fn world_of(&self, state: &MemoryState, world: &World, digests: &Digests) -> World {
        let serials = digests
            .iter()
            .map(|(serial, digest)| (*digest, *serial))
            .collect();
        let reader = Reader {
            words: self,
            serials,
        };
        let mut seen = World {
            permits: BTreeMap::new(),
            reports: BTreeMap::new(),
            papers: BTreeMap::new(),
            revoked: BTreeMap::new(),
            rations: BTreeMap::new(),
            works: BTreeMap::new(),
            halts: BTreeMap::new(),
            months: BTreeMap::new(),
            ..world.clone()
        };
        for (name, [permit, report, paper]) in &self.places.names {
            let permit: Option<PermitState> = get(state, permit);
            seen.permits
                .extend(permit.map(|permit| (*name, reader.permit(*name, &permit))));
            let report: Option<ReportState> = get(state, report);
            let report = report.map(|own| (own.sightings, own.refusals, reader.act(&own.last)));
            seen.reports.extend(report.map(|report| (*name, report)));
            let claims: Option<PaperState> = get(state, paper);
            seen.papers
                .extend(claims.map(|claims| (*name, reader.claims(&claims))));
        }
        reader.registers(state, &mut seen, world);
        seen
    }

    /// The index of signals in the words of the model.
    pub(crate) fn signals_of(&self, state: &MemoryState) -> Signals {
        let signals = state.signals().iter();
        signals
            .map(|one| {
                let party = self.parties[&one.party];
                (
                    one.signal.as_str(),
                    party,
                    ms(one.since),
                    self.permits[&one.permit],
                )
            })
            .collect()
    }

    /// Each stamp, and the permit that the state says bears it.
    pub(crate) fn stamps_of(&self, state: &MemoryState) -> BTreeMap<(u8, u8), Name> {
        let found = self.places.stamps.iter().filter_map(|(mark, place)| {
            let permit = get(state, place)?;
            Some((*mark, self.permits[&permit]))
        });
        found.collect()
    }
}

fn get<T>(state: &MemoryState, place: &KeyHash) -> Option<T>
where
    T: for<'b> minicbor::Decode<'b, ()> + minicbor::Encode<()>,
{
    let bytes = state.value(*place).expect("a state that reads")?;
    Some(codec::decode(&bytes, bytes.len()).expect("such a value"))
}

fn ms(time: Timestamp) -> i64 {
    i64::try_from(time.0).expect("a time")
}

fn day(date: CivilDate) -> i64 {
    date.0.into()
}

fn place_of<T: PartialEq>(all: &[T], one: &T) -> u8 {
    let place = all.iter().position(|other| other == one);
    place
        .and_then(|place| u8::try_from(place + 1).ok())
        .expect("in the list")
}

struct Reader<'w> {
    words: &'w Words,
    serials: BTreeMap<RecordDigest, u64>,
}

impl Reader<'_> {
    fn act(&self, act: &Act) -> Seen {
        Seen {
            by: self.words.parties[&act.party],
            desk: act.office.0,
            port: act.port.map(|port| self.words.ports[&port]),
            ms: ms(act.time),
            height: act.height.0,
            serial: self.serials[&act.record],
        }
    }

    fn maybe(&self, act: &Option<Act>) -> Option<Seen> {
        act.as_ref().map(|act| self.act(act))
    }

    fn void(&self, cancellation: &Option<Cancellation>) -> Option<(Why, Seen)> {
        let own = cancellation.as_ref()?;
        Some((why(own.reason), self.act(&own.act)))
    }

    fn permit(&self, name: Name, permit: &PermitState) -> Permit {
        let words = self.words;
        assert_eq!(words.parties[&permit.issuer], name.0);
        let number = |hash| {
            words.permits[&PermitKey {
                issuer: permit.issuer,
                number: hash,
            }]
                .1
        };
        let grant = Grant {
            number: name.1,
            kind: place_of(&Kind::ALL, &permit.kind),
            to: permit.destination.map(|to| words.parties[&to]),
            granted: day(permit.granted_on),
            from: day(permit.valid_from),
            until: day(permit.valid_until),
            lines: permit.lines.iter().map(|line| self.line(line)).collect(),
            paper: match permit.commitment {
                Commitment(digest) => words.papers[&digest],
            },
            stamp: permit.stamp.map(|digest| words.stamps[&digest]),
            late: permit
                .retrospective
                .map(|late| place_of(RetrospectiveReason::ALL, &late)),
            instead: permit
                .replaces
                .map(|old| (number(old.number), why(old.reason))),
            entry: permit.import_permit.map(|entry| words.permits[&entry]),
        };
        let travel = permit.crossings.as_ref().map(|own| Travel {
            inside: own.inside.map(|inside| words.parties[&inside]),
            count: own.count,
            last: self.maybe(&own.last),
        });
        let ports = permit.ports.iter();
        Permit {
            grant,
            fates: permit.lines.iter().map(fate).collect(),
            issued: self.act(&permit.issued),
            left: self.maybe(&permit.endorsement),
            left_again: self.maybe(&permit.endorsement_corrected),
            arrived: self.maybe(&permit.import),
            arrived_again: self.maybe(&permit.import_corrected),
            void: self.void(&permit.cancellation),
            contested: self.void(&permit.contested),
            agreed: self.maybe(&permit.consent),
            next: permit.replaced_by.map(number),
            travel,
            passed: permit.sightings,
            turned_away: permit.refusals,
            attempts: permit.refused_attempts,
            ports: ports
                .map(|own| (words.ports[&own.port], own.attempts, own.refusals))
                .collect(),
            doubts: permit.warnings.iter().map(|reason| reason.code()).collect(),
            touched: permit.last_height.0,
        }
    }

    fn line(&self, line: &LineState) -> Line {
        let words = self.words;
        let spot = |spot: LineKey| (words.permits[&spot.permit], letter(spot.line));
        let origins = line.origins.iter().map(|origin| Origin {
            root: spot(origin.root),
            last: origin.last.map(spot),
            drawn: origin.drawn.scaled(),
        });
        let mut origins: Vec<_> = origins.collect();
        origins.sort();
        Line {
            letter: letter(line.line),
            unit: place_of(Unit::ALL, &line.unit),
            authorised: line.authorised.scaled(),
            appendix: place_of(Appendix::ALL, &line.appendix),
            source: source(line.source),
            taxon: words.taxa[&line.taxon],
            origins,
            species: line.species.map(|species| words.species[&species]),
            works: line.operation.map(|works| words.works[&works]),
        }
    }

    fn claims(&self, claims: &PaperState) -> Vec<(Option<u8>, u8, Seen)> {
        let claims = claims.0.iter().map(|claim| {
            let mark = claim.stamp.map(|digest| self.words.stamps[&digest]);
            (
                mark,
                self.words.papers[&claim.document],
                self.act(&claim.act),
            )
        });
        claims.collect()
    }

    fn registers(&self, state: &MemoryState, seen: &mut World, world: &World) {
        let words = self.words;
        for (party, [revoked, suspensions]) in &words.places.parties {
            if let Some(ranges) = get::<RevokedRanges>(state, revoked) {
                let ranges = ranges.0.iter().map(|one| {
                    let SerialRange { first, last, .. } = one.range;
                    assert_eq!(one.range, range(first, last));
                    (
                        place_of(Series::ALL, &one.series),
                        first,
                        last,
                        self.act(&one.act),
                    )
                });
                seen.revoked.insert(*party, ranges.collect());
            }
            if let Some(halts) = get::<Suspensions>(state, suspensions) {
                let halts = halts.0.iter().map(|one| Halt {
                    species: one.species.map(|species| words.species[&species]),
                    from: day(one.from),
                    until: one.until.map(day),
                    act: self.act(&one.act),
                });
                seen.halts.insert(*party, halts.collect());
            }
        }
        for (pair, place) in &words.places.works {
            let known = get::<OperationState>(state, place);
            seen.works
                .extend(known.map(|own| (*pair, (own.listed, self.act(&own.act)))));
        }
        for (key, place) in &words.places.statistics {
            let known = get::<Statistics>(state, place);
            seen.months
                .extend(known.map(|months| (*key, months.0.map(counts))));
        }
        for ((party, year, kind), place) in &words.places.quotas {
            let Some(quota) = get::<QuotaState>(state, place) else {
                continue;
            };
            let key = (*party, (*year).into(), *kind);
            let ration = Ration {
                unit: place_of(Unit::ALL, &quota.unit),
                total: quota.total.scaled(),
                drawn: quota.drawn.scaled(),
                act: self.act(&quota.act),
                // The ledger does not say.
                since: world.rations.get(&key).map_or(0, |own| own.since),
            };
            seen.rations.insert(key, ration);
        }
    }
}

fn letter(line: LineId) -> u8 {
    line.number()
}

fn source(source: Source) -> char {
    source.code().chars().next().expect("a letter")
}

fn fate(line: &LineState) -> Fate {
    Fate {
        left: line.endorsed.map(Quantity::scaled),
        arrived: line.imported.map(Quantity::scaled),
        gone: line.re_exported.scaled(),
        depth: line.depth.into(),
        known: line.is_covered,
        registered: line.operation.is_some(),
        rationed: line.draws_on_quota,
    }
}

const fn counts(own: MonthCounts) -> [u32; 6] {
    let MonthCounts {
        issued,
        captive,
        retrospective,
        not_covered,
        cancelled,
        refused,
    } = own;
    [
        issued,
        captive,
        retrospective,
        not_covered,
        cancelled,
        refused,
    ]
}

const fn why(reason: CancelReason) -> Why {
    match reason {
        CancelReason::Clerical => Why::Clerical,
        CancelReason::Lost => Why::Lost,
        CancelReason::Stolen => Why::Stolen,
        CancelReason::Withdrawn => Why::Withdrawn,
        CancelReason::Damaged => Why::Damaged,
    }
}

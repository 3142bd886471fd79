//! The workload: permits issued, endorsed, seen and imported, and all that must be refused.
//!
//! Every act waits for the one before it (`after`), so its outcome is known before the run; only a race
//! is open, and of a race exactly one act is applied.

use ledger::codes::{Appendix, Kind, Source, Unit};
use ledger::digest::{Commitment, NumberHash, RecordDigest, TaxonTag, sha256};
use ledger::party::Role;
use ledger::permit::LineId;
use ledger::permit::number::number_hash;
use ledger::quantity::Quantity;
use ledger::quorum::PROTOCOL_VERSION;
use ledger::reason::Reason;
use ledger::record::{
    Cancel, CancelReason, Endorse, Import, Issue, IssuedLine, LineQuantity, PermitKey, Port,
    Record, Refuse, Sight, Statement,
};
use ledger::signed::Signed;

use crate::parties::{NodeIndex, Parties, Seat, SetUpError};
use crate::scenario::{Scenario, SpanMs};
use crate::world::queue::Moment;
use crate::world::random::{Purpose, Random};

/// A record is good for a day: no run is longer.
const GOOD_FOR_MS: u64 = 24 * 60 * 60 * 1000;
/// Time between two acts of one story.
const STEP: SpanMs = SpanMs([100, 2500]);
/// Specimens that a permit allows.
const AUTHORISED: u64 = 50;
/// The country of import of every permit.
const DESTINATION: &str = "QN";
/// The issuing Party of every permit.
const ISSUER: &str = "QS";

/// What must become of an act.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expected {
    /// Applied.
    Applied,
    /// Logged with this reason.
    Refused(Reason),
    /// Of all such acts on one permit one is applied, and each other refused with this reason.
    Race(Reason),
}

/// One act of one office.
#[derive(Clone, Debug)]
pub struct Act {
    /// When it is handed in first.
    pub at: Moment,
    /// The node of its own Party, where it is handed in.
    pub node: NodeIndex,
    /// The permit it is about.
    pub permit: PermitKey,
    /// Its record.
    pub record: RecordDigest,
    /// The signed record's bytes.
    pub bytes: Vec<u8>,
    /// What must become of it.
    pub expected: Expected,
}

/// What an office does in a story.
#[derive(Clone, Copy, Debug)]
enum Deed {
    Issue,
    Endorse(Amount),
    Sight,
    Import(Amount),
    Refuse,
    Cancel,
}

/// How many specimens.
#[derive(Clone, Copy, Debug)]
enum Amount {
    /// What leaves: drawn from the seed, at most what was authorised.
    Leaving,
    /// More than was authorised.
    TooMany,
}

/// A row of a story: where (a port, whose first letters are the Party), by which office, what, and what
/// must become of it.
type Row = (&'static str, Role, Deed, Expected);

use Amount::{Leaving, TooMany};
use Deed::{Cancel as Withdraw, Endorse as Endorsing, Import as Importing, Issue as Issuing};
use Deed::{Refuse as Refusing, Sight as Sighting};
use Expected::{Applied, Race, Refused};
use Role::{Customs, Management};

const ISSUED: Row = ("QSAAA", Management, Issuing, Applied);
const ENDORSED: Row = ("QSAAA", Customs, Endorsing(Leaving), Applied);
const SIGHTED: Row = ("QTAAA", Customs, Sighting, Applied);
const IMPORTED: Row = ("QNAAA", Customs, Importing(Leaving), Applied);

/// The stories: each permit of a run lives one of them, in turn.
const STORIES: &[&[Row]] = &[
    // Two Parties of one customs union, and two ports of one, accept it at the same moment.
    &[
        ISSUED,
        ENDORSED,
        ("QNAAA", Customs, Importing(Leaving), Race(Reason::Used)),
        ("QPAAA", Customs, Importing(Leaving), Race(Reason::Used)),
        ("QNBBB", Customs, Importing(Leaving), Race(Reason::Used)),
    ],
    // Used, and used again elsewhere.
    &[
        ISSUED,
        ENDORSED,
        SIGHTED,
        IMPORTED,
        ("QPAAA", Customs, Importing(Leaving), Refused(Reason::Used)),
        // A notice against the use undoes nothing, and is given once.
        ("QSAAA", Management, Withdraw, Applied),
        (
            "QSAAA",
            Management,
            Withdraw,
            Refused(Reason::AlreadyRecorded),
        ),
    ],
    // More is to leave than was authorised, and more is to arrive than left.
    &[
        ISSUED,
        (
            "QSAAA",
            Customs,
            Endorsing(TooMany),
            Refused(Reason::OverQuantity),
        ),
        ENDORSED,
        (
            "QSBBB",
            Customs,
            Endorsing(Leaving),
            Refused(Reason::AlreadyEndorsed),
        ),
        (
            "QNAAA",
            Customs,
            Importing(TooMany),
            Refused(Reason::OverQuantity),
        ),
        IMPORTED,
    ],
    // Others than the destination and the issuer act.
    &[
        ISSUED,
        (
            "QTAAA",
            Customs,
            Endorsing(Leaving),
            Refused(Reason::WrongParty),
        ),
        ENDORSED,
        (
            "QTAAA",
            Customs,
            Importing(Leaving),
            Refused(Reason::WrongParty),
        ),
        ("QTAAA", Management, Withdraw, Refused(Reason::WrongParty)),
        IMPORTED,
    ],
    // It arrives although its export was never endorsed.
    &[
        ISSUED,
        (
            "QNAAA",
            Customs,
            Importing(Leaving),
            Refused(Reason::NotEndorsed),
        ),
        ENDORSED,
        IMPORTED,
    ],
    // Withdrawn, then used all the same.
    &[
        ISSUED,
        ("QSAAA", Management, Withdraw, Applied),
        (
            "QSAAA",
            Customs,
            Endorsing(Leaving),
            Refused(Reason::Cancelled),
        ),
        (
            "QNAAA",
            Customs,
            Importing(Leaving),
            Refused(Reason::Cancelled),
        ),
        ("QNAAA", Customs, Refusing, Applied),
    ],
    // Its number is issued twice; the first time by customs.
    &[
        ("QSAAA", Customs, Issuing, Refused(Reason::Role)),
        ISSUED,
        (
            "QSAAA",
            Management,
            Issuing,
            Refused(Reason::DuplicateNumber),
        ),
        ENDORSED,
    ],
    // Never issued, but met at borders.
    &[
        SIGHTED,
        ("QNAAA", Customs, Refusing, Applied),
        (
            "QNAAA",
            Customs,
            Importing(Leaving),
            Refused(Reason::NotIssued),
        ),
    ],
];

/// Draws the workload of a run, in the order of time.
///
/// # Errors
/// [`SetUpError`] where a record is not well formed: our own mistake.
pub fn acts(scenario: &Scenario, parties: &Parties, seed: u64) -> Result<Vec<Act>, SetUpError> {
    let mut author = Author {
        scenario,
        parties,
        random: Random::new(seed, Purpose::Trade),
        acts: Vec::new(),
    };
    let permits = usize::try_from(scenario.trade.permits).unwrap_or(usize::MAX);
    for (permit, story) in STORIES.iter().cycle().take(permits).enumerate() {
        author.tell(&format!("SIM-{permit:04}"), story)?;
    }
    let mut acts = author.acts;
    acts.sort_by_key(|act| act.at);
    Ok(acts)
}

struct Author<'a> {
    scenario: &'a Scenario,
    parties: &'a Parties,
    random: Random,
    acts: Vec<Act>,
}

impl<'a> Author<'a> {
    fn tell(&mut self, number: &str, story: &[Row]) -> Result<(), SetUpError> {
        let issuer = self.seat(ISSUER)?.code;
        let permit = PermitKey {
            issuer,
            number: number_hash(self.parties.chain, issuer, number),
        };
        let within = SpanMs([0, self.scenario.trade.within_ms]);
        let mut at = Moment(self.random.within(within));
        let leaving = self.random.below(AUTHORISED).saturating_add(1);
        let (mut after, mut last) = (None, None);
        let mut is_racing = false;
        for &(port, role, deed, expected) in story {
            // All acts of a race wait for the act before it, and are handed in at one moment.
            let races_on = is_racing && matches!(expected, Race(_));
            is_racing = matches!(expected, Race(_));
            if !races_on {
                at = at.plus(self.random.within(STEP));
                after = last;
            }
            let seat = self.seat(port.get(..2).unwrap_or_default())?;
            let statement = self.statement(permit, port, deed, leaving)?;
            let signed = self.sign(seat, role, statement, (at, after))?;
            last = Some(signed.digest());
            self.acts.push(Act {
                at,
                node: seat.index,
                permit,
                record: signed.digest(),
                bytes: signed.bytes().to_vec(),
                expected,
            });
        }
        Ok(())
    }

    fn seat(&self, code: &str) -> Result<&'a Seat, SetUpError> {
        let seat = self.parties.of_code(code);
        seat.ok_or_else(|| SetUpError::Name(code.into()))
    }

    fn statement(
        &self,
        permit: PermitKey,
        port: &str,
        deed: Deed,
        leaving: u64,
    ) -> Result<Statement, SetUpError> {
        let port = Port::new(port).ok_or_else(|| SetUpError::Name(port.into()))?;
        let lines = |amount| {
            let count = match amount {
                Leaving => leaving,
                TooMany => AUTHORISED.saturating_add(1),
            };
            vec![LineQuantity {
                line: LineId::A,
                unit: Unit::Number,
                quantity: Quantity::from_units(count).unwrap_or(Quantity::MAX),
            }]
        };
        Ok(match deed {
            Deed::Issue => Statement::Issue(self.issue(permit.number)?),
            Deed::Endorse(amount) => Statement::Endorse(Endorse {
                permit,
                lines: lines(amount),
                port,
                transport: None,
            }),
            Deed::Sight => Statement::Sight(Sight { permit, port }),
            Deed::Import(amount) => Statement::Import(Import {
                permit,
                lines: lines(amount),
                port,
                import_permit: None,
            }),
            Deed::Refuse => Statement::Refuse(Refuse {
                permit,
                reason: Reason::NotIssued,
                port,
            }),
            Deed::Cancel => Statement::Cancel(Cancel {
                permit,
                reason: CancelReason::Withdrawn,
            }),
        })
    }

    fn issue(&self, number: NumberHash) -> Result<Issue, SetUpError> {
        let today = self.scenario.first_day();
        Ok(Issue {
            number,
            kind: Kind::Export,
            destination: Some(self.seat(DESTINATION)?.code),
            granted_on: today,
            valid_from: today,
            valid_until: today.plus_months(Kind::Export.months_max()),
            lines: vec![IssuedLine {
                line: LineId::A,
                unit: Unit::Number,
                authorised: Quantity::from_units(AUTHORISED).unwrap_or(Quantity::MAX),
                appendix: Appendix::II,
                source: Source::CaptiveBred,
                taxon: TaxonTag(sha256(b"taxon")),
                origins: Vec::new(),
                species: None,
                operation: None,
            }],
            commitment: Commitment(sha256(number.as_ref())),
            stamp: None,
            retrospective: None,
            replaces: None,
            import_permit: None,
        })
    }

    fn sign(
        &mut self,
        seat: &Seat,
        role: Role,
        statement: Statement,
        (at, after): (Moment, Option<RecordDigest>),
    ) -> Result<Signed, SetUpError> {
        let (office, key) = seat.office(role);
        let made_at = self.scenario.begins_at().plus_ms(at.as_ms());
        let record = Record {
            version: PROTOCOL_VERSION,
            chain: self.parties.chain,
            author: seat.code,
            offices: vec![office],
            statement,
            made_at,
            checkpoint: None,
            after,
            good_until: made_at.plus_ms(GOOD_FOR_MS),
            nonce: self.random.bytes(),
        };
        Signed::sign(&record, &[key]).map_err(|error| SetUpError::Record(error.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_race_is_run_at_one_moment_and_waits_for_one_act() {
        let scenario = Scenario::included("calm").unwrap();
        let parties = Parties::new(&scenario, 1).unwrap();
        let acts = acts(&scenario, &parties, 1).unwrap();
        let race: Vec<_> = acts
            .iter()
            .filter(|act| act.expected == Race(Reason::Used))
            .collect();
        assert!(race.len() >= 3);
        let first = race.iter().filter(|act| act.permit == race[0].permit);
        let first: Vec<_> = first.collect();
        assert_eq!(first.len(), 3);
        for act in &first {
            assert_eq!(act.at, first[0].at);
            let after = |act: &Act| Signed::decode(&act.bytes).unwrap().record().after;
            assert_eq!(after(act), after(first[0]));
            assert!(after(act).is_some());
        }
    }

    #[test]
    fn every_permit_has_a_story_and_every_act_comes_after_the_last() {
        let scenario = Scenario::included("calm").unwrap();
        let parties = Parties::new(&scenario, 2).unwrap();
        let acts = acts(&scenario, &parties, 2).unwrap();
        assert!(acts.is_sorted_by_key(|act| act.at));
        let permits: std::collections::BTreeSet<_> = acts.iter().map(|act| act.permit).collect();
        assert_eq!(
            permits.len(),
            usize::try_from(scenario.trade.permits).unwrap()
        );
    }
}

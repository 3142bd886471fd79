//! Makes and signs records, and keeps them as acts.

use std::time::Duration;

use ledger::digest::RecordDigest;
use ledger::party::Role;
use ledger::quorum::PROTOCOL_VERSION;
use ledger::record::{Record, Statement};
use ledger::signed::Signed;
use ledger::time::CivilDate;

use super::{Act, Expected, Fraud};
use crate::moment::Moment;
use crate::parties::{Parties, Seat, SetUpError};
use crate::random::Random;
use crate::scenario::Scenario;

/// A record is good for sixty days: no run is longer.
const GOOD_FOR_MS: u64 = 60 * 24 * 60 * 60 * 1000;
/// No date is read further west than this: there a day begins last.
const WEST: Duration = Duration::from_secs(12 * 60 * 60);

/// Who says something, when, and what must become of it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Saying<'a> {
    pub by: &'a Seat,
    pub role: Role,
    pub at: Moment,
    pub after: Option<RecordDigest>,
    pub expected: Expected,
    pub fraud: Option<Fraud>,
}

/// Writes all records of a run.
#[derive(Debug)]
pub(super) struct Author<'a> {
    pub scenario: &'a Scenario,
    pub parties: &'a Parties,
    acts: Vec<Act>,
}

impl<'a> Author<'a> {
    pub(super) const fn new(scenario: &'a Scenario, parties: &'a Parties) -> Self {
        Self {
            scenario,
            parties,
            acts: Vec::new(),
        }
    }

    /// Signs a statement. `random` gives the nonce, so that each stream of chance names its own records.
    pub(super) fn say(
        &mut self,
        random: &mut Random,
        saying: Saying<'_>,
        statement: Statement,
    ) -> Result<RecordDigest, SetUpError> {
        let (office, key) = saying.by.office(saying.role);
        let made_at = self.scenario.begins_at().plus_ms(saying.at.as_ms());
        let record = Record {
            version: PROTOCOL_VERSION,
            chain: self.parties.chain,
            author: saying.by.code,
            offices: vec![office],
            statement,
            made_at,
            checkpoint: None,
            after: saying.after,
            good_until: made_at.plus_ms(GOOD_FOR_MS),
            nonce: random.bytes(),
        };
        let signed = Signed::sign_by(&self.parties.signing, &record, &[key])
            .map_err(|error| SetUpError::Record(error.to_string()))?;
        self.acts.push(Act {
            at: saying.at,
            node: saying.by.index,
            permit: record.statement.subject(saying.by.code),
            record: signed.digest(),
            bytes: signed.bytes().to_vec(),
            expected: saying.expected,
            number: 0,
            deed: record.statement.as_str(),
            fraud: saying.fraud,
        });
        Ok(signed.digest())
    }

    /// The date at a moment of the run, in UTC.
    pub(super) fn date(&self, at: Moment) -> CivilDate {
        self.scenario.begins_at().plus_ms(at.as_ms()).date()
    }

    /// The newest date that has begun everywhere at a moment of the run. A suspension from that date holds at
    /// once.
    pub(super) fn date_everywhere(&self, at: Moment) -> CivilDate {
        let now = self.scenario.begins_at().plus_ms(at.as_ms());
        let west = u64::try_from(WEST.as_millis()).unwrap_or(0);
        ledger::time::Timestamp(now.0.saturating_sub(west)).date()
    }

    pub(super) fn into_acts(self) -> Vec<Act> {
        self.acts
    }
}

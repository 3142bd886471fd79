//! Records that are signed before the clock starts: distinct export permits, each Party its own.

use ledger::digest::{ChainId, Commitment, NumberHash, sha256};
use ledger::key::SecretKey;
use ledger::party::{OfficeNumber, PartyCode};
use ledger::permit::commitment::{PermitSecret, SecretFile};
use ledger::permit::number::number_hash;
use ledger::quorum::PROTOCOL_VERSION;
use ledger::record::{Issue, Record, Statement};
use ledger::signed::Signed;
use ledger::time::Timestamp;

use super::BenchError;
use crate::demo::sample;

/// Records stay admissible for a day: longer than any measurement.
const GOOD_FOR_MS: u64 = 24 * 60 * 60 * 1000;

/// A Management Authority that issues permits.
#[derive(Debug)]
pub(super) struct Issuer {
    pub(super) party: PartyCode,
    pub(super) office: OfficeNumber,
    pub(super) key: SecretKey,
}

/// Signed records for each node, with the permits that they issue.
#[derive(Debug)]
pub(super) struct Supply(Vec<Vec<(u64, Vec<u8>)>>);

impl Supply {
    /// Signs `count` issues in all, shared equally, the first of them the `first` permit of the network.
    pub(super) fn make(
        issuers: &[Issuer],
        chain: ChainId,
        now: Timestamp,
        first: u64,
        count: u64,
    ) -> Result<Self, BenchError> {
        let nodes = issuers.len();
        let share = |(place, issuer): (usize, &Issuer)| {
            let next = issuers.iter().cycle().nth(place.saturating_add(1));
            let mut template = template(chain, issuer, now)?;
            template.destination = next.map(|next| next.party);
            (first..first.saturating_add(count))
                .filter(|index| place_of(*index, nodes) == Some(place))
                .map(|index| Ok((index, sign(issuer, chain, now, &template, index)?)))
                .collect()
        };
        let shares = issuers.iter().enumerate().map(share);
        Ok(Self(shares.collect::<Result<_, BenchError>>()?))
    }

    /// Number of nodes.
    pub(super) fn nodes(&self) -> usize {
        self.0.len()
    }

    /// A record for the node at `place`.
    pub(super) fn record(&self, place: usize, index: usize) -> Option<&[u8]> {
        let (_, record) = self.0.get(place)?.get(index)?;
        Some(record)
    }

    /// The permits that the first `count` records for the node at `place` issue.
    pub(super) fn permits(&self, place: usize, count: usize) -> Vec<u64> {
        let records = self.0.get(place).map(Vec::as_slice).unwrap_or_default();
        records
            .iter()
            .take(count)
            .map(|(index, _)| *index)
            .collect()
    }
}

/// The place of the Party that issues the permit of that index.
pub(super) fn place_of(index: u64, issuers: usize) -> Option<usize> {
    usize::try_from(index).ok()?.checked_rem(issuers)
}

/// The number of the permit of that index, as the ledger knows it.
pub(super) fn number_of(chain: ChainId, party: PartyCode, index: u64) -> NumberHash {
    number_hash(chain, party, &format!("26{party}{index:08}"))
}

/// What the ledger holds of the sample permit: the sizes are those of a real one.
fn template(chain: ChainId, issuer: &Issuer, now: Timestamp) -> Result<Issue, BenchError> {
    let permit = sample::permit("SPECIMEN", now.date())
        .map_err(|error| BenchError::Record(error.to_string()))?;
    // Of no permit that anybody should not know.
    let secret = PermitSecret::new(sha256(b"sample").0);
    let file = SecretFile::new(issuer.party, &permit, secret, vec![]);
    Ok(Issue::of(chain, issuer.party, &permit, &file))
}

fn sign(
    issuer: &Issuer,
    chain: ChainId,
    now: Timestamp,
    template: &Issue,
    index: u64,
) -> Result<Vec<u8>, BenchError> {
    let document = sha256(&index.to_be_bytes());
    let mut nonce = [0; 16];
    for (place, byte) in nonce.iter_mut().zip(document.0) {
        *place = byte;
    }
    let record = Record {
        version: PROTOCOL_VERSION,
        chain,
        author: issuer.party,
        offices: vec![issuer.office],
        statement: Statement::Issue(Issue {
            number: number_of(chain, issuer.party, index),
            commitment: Commitment(document),
            ..template.clone()
        }),
        made_at: now,
        checkpoint: None,
        after: None,
        good_until: now.plus_ms(GOOD_FOR_MS),
        nonce,
    };
    let signed = Signed::sign(&record, &[&issuer.key]);
    let signed = signed.map_err(|error| BenchError::Record(error.to_string()))?;
    Ok(signed.bytes().to_vec())
}

//! Every key of the authenticated state: readable text, hashed into its place by the tree.

use alloc::format;
use alloc::string::String;

use crate::digest::{Digest, RecordDigest, SpeciesKey};
use crate::party::{OfficeNumber, PartyCode};
use crate::record::{OperationKey, PermitKey};

/// A key of the authenticated state, such as `permit/QS/5d1e…`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct StateKey(String);

impl StateKey {
    /// `permit/<issuer>/<number hash>`: one leaf holds a permit's whole status.
    #[must_use]
    pub fn permit(permit: &PermitKey) -> Self {
        Self(format!("permit/{}/{}", permit.issuer, permit.number))
    }

    /// `report/<issuer>/<number hash>`: sightings and refusals of a number that was never issued.
    #[must_use]
    pub fn report(permit: &PermitKey) -> Self {
        Self(format!("report/{}/{}", permit.issuer, permit.number))
    }

    /// `seen/<record digest>`: a record that may not enter again; removed when it expires.
    #[must_use]
    pub fn seen(record: &RecordDigest) -> Self {
        Self(format!("seen/{record}"))
    }

    /// `stamp/<party>/<digest>`: the permit that bears a security stamp.
    #[must_use]
    pub fn stamp(party: PartyCode, stamp: &Digest) -> Self {
        Self(format!("stamp/{party}/{stamp}"))
    }

    /// `paper/<issuer>/<number hash>`: claims on paper of a Party that is not on the ledger.
    #[must_use]
    pub fn paper(permit: &PermitKey) -> Self {
        Self(format!("paper/{}/{}", permit.issuer, permit.number))
    }

    /// `revoked/<party>`: forms and stamps that nobody may use.
    #[must_use]
    pub fn revoked(party: PartyCode) -> Self {
        Self(format!("revoked/{party}"))
    }

    /// `suspensions/<party>`: suspensions of that Party's exports.
    #[must_use]
    pub fn suspensions(party: PartyCode) -> Self {
        Self(format!("suspensions/{party}"))
    }

    /// `quota/<party>/<year>/<species key>`.
    #[must_use]
    pub fn quota(party: PartyCode, year: u16, species: &SpeciesKey) -> Self {
        Self(format!("quota/{party}/{year}/{species}"))
    }

    /// `operation/<party>/<number hash>`.
    #[must_use]
    pub fn operation(operation: &OperationKey) -> Self {
        Self(format!(
            "operation/{}/{}",
            operation.party, operation.number
        ))
    }

    /// `statistics/<party>/<year>`: what the Party did in each month.
    #[must_use]
    pub fn statistics(party: PartyCode, year: u16) -> Self {
        Self(format!("statistics/{party}/{year}"))
    }

    /// `party/<code>`.
    #[must_use]
    pub fn party(party: PartyCode) -> Self {
        Self(format!("party/{party}"))
    }

    /// `office/<party>/<n>`.
    #[must_use]
    pub fn office(party: PartyCode, office: OfficeNumber) -> Self {
        Self(format!("office/{party}/{office}"))
    }

    /// `validators`: who decides the next height.
    #[must_use]
    pub fn validators() -> Self {
        Self(String::from("validators"))
    }

    /// `parameters`.
    #[must_use]
    pub fn parameters() -> Self {
        Self(String::from("parameters"))
    }

    /// The key as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl AsRef<[u8]> for StateKey {
    fn as_ref(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

//! Every key of the authenticated state: readable text, hashed into its place by the tree.

use alloc::format;
use alloc::string::String;

use crate::digest::RecordDigest;
use crate::party::{OfficeNumber, PartyCode};
use crate::record::PermitKey;

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

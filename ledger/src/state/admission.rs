//! Whether a record may enter a block at all, judged against the parent's state and the block's time.

use alloc::collections::BTreeMap;
use alloc::sync::Arc;
use alloc::vec::Vec;

use super::execution::At;
use super::key::StateKey;
use super::view::{ReadError, View};
use super::{Receipt, decode_value, read};
use crate::digest::RecordDigest;
use crate::limits::{GOOD_UNTIL_MS_MAX, MADE_AT_AHEAD_MS_MAX};
use crate::party::{Office, OfficeNumber, PartyCode, Role};
use crate::planted;
use crate::signed::{SignatureCheck, Signed, Verified};
use crate::time::Timestamp;
use crate::tree::KeyHash;

/// Why a record may not enter a block. Not a refusal: nothing is logged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Inadmissible {
    /// Made for another network.
    #[error("the record is made for another network")]
    WrongChain,
    /// The author has no such office.
    #[error("the author has no office {0}")]
    UnknownOffice(OfficeNumber),
    /// The office's key is not active at this height.
    #[error("the key of office {0} is not active")]
    KeyInactive(OfficeNumber),
    /// A signature does not verify under its office's key.
    #[error("a signature does not verify under its office's key")]
    BadSignature,
    /// Already logged, or twice in one block.
    #[error("the record is already on the ledger")]
    AlreadyLogged,
    /// Past its `good_until`.
    #[error("the record was good until {0}")]
    TooLate(Timestamp),
    /// Its `good_until` is too far away, by this many milliseconds.
    #[error("the record asks to be good for more than 90 days")]
    GoodTooLong(u64),
    /// Made in the future.
    #[error("the record says it was made at {0}, later than the block's time; check the clock")]
    MadeInFuture(Timestamp),
    /// Waits for a record that is not logged.
    #[error("the record waits for record {0}, which is not on the ledger yet")]
    Waits(RecordDigest),
}

impl Inadmissible {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::WrongChain => "WRONG_CHAIN",
            Self::UnknownOffice(_) => "UNKNOWN_OFFICE",
            Self::KeyInactive(_) => "KEY_INACTIVE",
            Self::BadSignature => "BAD_SIGNATURE",
            Self::AlreadyLogged => "ALREADY_LOGGED",
            Self::TooLate(_) => "TOO_LATE",
            Self::GoodTooLong(_) => "GOOD_TOO_LONG",
            Self::MadeInFuture(_) => "MADE_IN_FUTURE",
            Self::Waits(_) => "WAITS",
        }
    }

    /// Whether a node keeps the record because it may become admissible by itself, and blames nobody for it:
    /// it waits for another record, or for clocks that are a little apart (two minutes, for `good_until`).
    ///
    /// Not what asks to be good for much longer: its author is told at once, instead of in a year. Not a key
    /// that is not active here, although a node that is behind may learn of it with the next block: its
    /// signature is not checked yet, and nobody vouches for what was not checked. Nothing is lost by that,
    /// since the author's node sends its records again until they are final; and once a key was active, this
    /// answer means that it ended.
    #[must_use]
    pub const fn may_pass(&self) -> bool {
        match self {
            Self::Waits(_) | Self::MadeInFuture(_) => true,
            Self::GoodTooLong(over_ms) => *over_ms <= MADE_AT_AHEAD_MS_MAX,
            Self::WrongChain
            | Self::UnknownOffice(_)
            | Self::KeyInactive(_)
            | Self::BadSignature
            | Self::AlreadyLogged
            | Self::TooLate(_) => false,
        }
    }
}

/// Admission's two kinds of failure, never mixed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AdmissionError {
    /// The record may not enter.
    #[error(transparent)]
    Inadmissible(#[from] Inadmissible),
    /// The state could not be read.
    #[error(transparent)]
    Read(#[from] ReadError),
}

/// A verified record with the roles of its offices, as the parent's state gives them.
#[derive(Clone, Debug)]
pub struct Admitted {
    /// The record.
    pub record: Verified,
    /// One role for each office.
    pub roles: Vec<Role>,
}

/// Admits a record to the block at `at`, on the state of its parent.
///
/// # Errors
/// [`Inadmissible`] in the order of its variants, or [`ReadError`].
pub fn admit(
    view: &impl View,
    at: &At,
    signed: &Arc<Signed>,
    checker: &impl SignatureCheck,
) -> Result<Admitted, AdmissionError> {
    let office = |author, number| read(view, &StateKey::office(author, number));
    admit_knowing(view, at, signed, checker, office)
}

/// Offices that were decoded before, for whoever admits record after record. Each is still read every time,
/// and decoded again where the state holds another: decoding a key costs half as much as a signature.
#[derive(Debug, Default)]
pub struct KnownOffices(BTreeMap<KeyHash, (Vec<u8>, Office)>);

impl KnownOffices {
    /// [`admit`], with the same answers.
    ///
    /// # Errors
    /// As [`admit`].
    pub fn admit(
        &mut self,
        view: &impl View,
        at: &At,
        signed: &Arc<Signed>,
        checker: &impl SignatureCheck,
    ) -> Result<Admitted, AdmissionError> {
        let office = |author, number| self.read(view, &StateKey::office(author, number));
        admit_knowing(view, at, signed, checker, office)
    }

    fn read(&mut self, view: &impl View, key: &StateKey) -> Result<Option<Office>, ReadError> {
        let place = KeyHash::of(key.as_ref());
        let Some(bytes) = view.value(place)? else {
            return Ok(None);
        };
        if let Some((known, office)) = self.0.get(&place)
            && *known == bytes
        {
            return Ok(Some(office.clone()));
        }
        let office: Office = decode_value(key, &bytes)?;
        self.0.insert(place, (bytes, office.clone()));
        Ok(Some(office))
    }
}

/// [`admit`], for a caller that knows the offices of the parent's state.
pub(super) fn admit_knowing(
    view: &impl View,
    at: &At,
    signed: &Arc<Signed>,
    checker: &impl SignatureCheck,
    mut office_of: impl FnMut(PartyCode, OfficeNumber) -> Result<Option<Office>, ReadError>,
) -> Result<Admitted, AdmissionError> {
    let record = signed.record();
    if record.chain != at.chain {
        return Err(Inadmissible::WrongChain.into());
    }
    let mut keys = Vec::new();
    let mut roles = Vec::new();
    for &number in &record.offices {
        let office = office_of(record.author, number)?;
        let office = office.ok_or(Inadmissible::UnknownOffice(number))?;
        if !office.is_active_at(at.height) {
            return Err(Inadmissible::KeyInactive(number).into());
        }
        keys.push((office.algorithm, office.key));
        roles.push(office.role);
    }
    let verified = Arc::clone(signed).verify(&keys, checker);
    let verified = verified.ok_or(Inadmissible::BadSignature)?;
    check_time_and_order(view, at, &verified)?;
    Ok(Admitted {
        record: verified,
        roles,
    })
}

fn check_time_and_order(
    view: &impl View,
    at: &At,
    verified: &Verified,
) -> Result<(), AdmissionError> {
    let record = verified.record();
    if view
        .value(KeyHash::of(StateKey::seen(&verified.digest()).as_ref()))?
        .is_some()
        && !planted::logged_again()
    {
        return Err(Inadmissible::AlreadyLogged.into());
    }
    if record.good_until < at.time {
        return Err(Inadmissible::TooLate(record.good_until).into());
    }
    let over_ms = record
        .good_until
        .since_ms(at.time.plus_ms(GOOD_UNTIL_MS_MAX));
    if over_ms > 0 {
        return Err(Inadmissible::GoodTooLong(over_ms).into());
    }
    if record.made_at > at.time.plus_ms(MADE_AT_AHEAD_MS_MAX) {
        return Err(Inadmissible::MadeInFuture(record.made_at).into());
    }
    if let Some(after) = record.after
        && view.log_index(&after)?.is_none()
    {
        return Err(Inadmissible::Waits(after).into());
    }
    Ok(())
}

impl Receipt {
    /// Whether the record was applied.
    #[must_use]
    pub const fn is_applied(&self) -> bool {
        self.refused.is_none()
    }
}

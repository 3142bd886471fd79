//! The offices that signed what waits here, so that a key's end is noticed: a node that never proposes would
//! keep their records until they expire.

use std::collections::{BTreeMap, BTreeSet};

use ledger::codec;
use ledger::party::{Height, Office, OfficeNumber, PartyCode};
use ledger::record::Record;
use ledger::state::{StateKey, View};
use ledger::tree::KeyHash;

/// An office, by its Party and its number there.
pub(super) type OfficeName = (PartyCode, OfficeNumber);

/// The offices, as they were when they last signed something that came in.
#[derive(Debug, Default)]
pub(super) struct Signers(BTreeMap<OfficeName, Signer>);

#[derive(Debug)]
struct Signer {
    place: KeyHash,
    /// The office as the state held it.
    value: Vec<u8>,
    active_until: Option<Height>,
}

impl Signers {
    /// Notes the offices of a record whose signatures verified.
    pub(super) fn note(&mut self, view: &impl View, record: &Record) {
        for &number in &record.offices {
            let name = (record.author, number);
            if self.0.contains_key(&name) {
                continue;
            }
            let place = KeyHash::of(StateKey::office(record.author, number).as_ref());
            // It was read a moment ago, for the signature; the next record of the office tries again.
            let Ok(Some(value)) = view.value(place) else {
                continue;
            };
            let Ok(office) = codec::decode::<Office>(&value, value.len()) else {
                continue;
            };
            let signer = Signer {
                place,
                value,
                active_until: office.active_until,
            };
            self.0.insert(name, signer);
        }
    }

    /// Forgets, and names, the offices that may not sign for `height` any more, or that the state holds
    /// otherwise now: their records must be judged again.
    pub(super) fn take_changed(
        &mut self,
        view: &impl View,
        height: Height,
    ) -> BTreeSet<OfficeName> {
        let is_as_it_was = |signer: &Signer| {
            signer.active_until.is_none_or(|end| height < end)
                && matches!(view.value(signer.place), Ok(Some(value)) if value == signer.value)
        };
        let mut changed = BTreeSet::new();
        self.0.retain(|name, signer| {
            let stays = is_as_it_was(signer);
            if !stays {
                changed.insert(*name);
            }
            stays
        });
        changed
    }
}

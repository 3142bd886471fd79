//! Good records that may not wait for a block yet: another record must be logged first, clocks are a little
//! apart, or there is no room. Bounded, unless this node has promised them.

use std::collections::BTreeMap;
use std::sync::Arc;

use ledger::digest::RecordDigest;
use ledger::mempool::MempoolError;
use ledger::party::PartyCode;
use ledger::record::Record;
use ledger::signed::Signed;
use ledger::state::At;
use ledger::state::admission::Inadmissible;

/// Records kept aside, in all.
pub(super) const RECORDS_MAX: usize = 4_000;
/// Records of one Party kept aside: `after` can be made up, so that they stay until they expire.
const PER_PARTY_MAX: usize = 1_000;
/// Bytes kept aside, in all.
const BYTES_MAX: usize = 32 * 1024 * 1024;
/// Where this share of either is taken, what other nodes pass on has no room: their authors' nodes send it
/// again, and those who ask this node have only this one.
const HEARD_SHARE: usize = 4;

/// The records, each once.
#[derive(Debug, Default)]
pub(super) struct Aside {
    records: BTreeMap<RecordDigest, Kept>,
    of_party: BTreeMap<PartyCode, usize>,
    bytes: usize,
}

#[derive(Debug)]
struct Kept {
    signed: Arc<Signed>,
    /// What it waits for; room, where it is nothing of its own.
    why: Option<Inadmissible>,
}

impl Aside {
    /// Keeps a record that somebody asks this node to bring into a block.
    pub(super) fn add(
        &mut self,
        signed: &Arc<Signed>,
        why: Inadmissible,
    ) -> Result<(), MempoolError> {
        self.add_within(1, signed, why)
    }

    /// Keeps a record that another node passed on.
    pub(super) fn add_heard(
        &mut self,
        signed: &Arc<Signed>,
        why: Inadmissible,
    ) -> Result<(), MempoolError> {
        self.add_within(HEARD_SHARE, signed, why)
    }

    fn add_within(
        &mut self,
        share: usize,
        signed: &Arc<Signed>,
        why: Inadmissible,
    ) -> Result<(), MempoolError> {
        if !self.contains(&signed.digest()) {
            let author = signed.record().author;
            let bytes = self.bytes.saturating_add(signed.bytes().len());
            if self.records.len() >= RECORDS_MAX / share || bytes > BYTES_MAX / share {
                return Err(MempoolError::Full);
            }
            if self.of_party.get(&author).copied().unwrap_or(0) >= PER_PARTY_MAX {
                return Err(MempoolError::PartyFull(author));
            }
        }
        self.keep(signed, Some(why));
        Ok(())
    }

    /// Keeps a record that this node has promised, room or not: when it was promised there was.
    pub(super) fn keep(&mut self, signed: &Arc<Signed>, why: Option<Inadmissible>) {
        let digest = signed.digest();
        self.remove(&digest);
        self.bytes = self.bytes.saturating_add(signed.bytes().len());
        let count = self.of_party.entry(signed.record().author).or_default();
        *count = count.saturating_add(1);
        let signed = Arc::clone(signed);
        self.records.insert(digest, Kept { signed, why });
    }

    pub(super) fn contains(&self, record: &RecordDigest) -> bool {
        self.records.contains_key(record)
    }

    pub(super) fn remove(&mut self, record: &RecordDigest) {
        let Some(Kept { signed, .. }) = self.records.remove(record) else {
            return;
        };
        self.bytes = self.bytes.saturating_sub(signed.bytes().len());
        let author = signed.record().author;
        if let Some(count) = self.of_party.get_mut(&author) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                self.of_party.remove(&author);
            }
        }
    }

    /// Takes out what must be judged again: what it waits for is there, its time is over, or `is_due` says so.
    /// Whoever waits for a record that is not logged stays without being judged, or a thousand made-up ones
    /// would cost every block dearly.
    pub(super) fn take_due(
        &mut self,
        at: &At,
        is_logged: impl Fn(&RecordDigest) -> bool,
        is_due: impl Fn(&Record) -> bool,
    ) -> Vec<Arc<Signed>> {
        let due = |kept: &Kept| {
            let record = kept.signed.record();
            match &kept.why {
                Some(Inadmissible::Waits(after)) => {
                    record.good_until < at.time || is_due(record) || is_logged(after)
                }
                Some(_) | None => true,
            }
        };
        let kept = self.records.values().filter(|kept| due(kept));
        let due: Vec<_> = kept.map(|kept| Arc::clone(&kept.signed)).collect();
        for signed in &due {
            self.remove(&signed.digest());
        }
        due
    }
}

#[cfg(test)]
mod tests {
    use ledger::digest::Digest;
    use ledger::party::{Height, Role};
    use ledger::reason::Reason;
    use ledger::testing::{CHAIN, DAY_MS, START, permit, record, refuse, sign};

    use super::*;

    fn signed(party: &str, nonce: u64) -> Arc<Signed> {
        let statement = refuse(permit("1"), Reason::NotIssued);
        sign(&record((party, Role::Customs), statement, START, nonce))
    }

    fn waits(n: u8) -> Inadmissible {
        Inadmissible::Waits(RecordDigest(Digest([n; 32])))
    }

    #[test]
    fn one_party_has_its_share_and_what_was_heard_leaves_room_for_those_who_ask() {
        let mut aside = Aside::default();
        let own: Vec<_> = (0..=1_000).map(|nonce| signed("QS", nonce)).collect();
        for signed in &own[..PER_PARTY_MAX] {
            assert_eq!(aside.add(signed, waits(1)), Ok(()));
        }
        let full = Err(MempoolError::PartyFull(own[0].record().author));
        assert_eq!(aside.add(&own[1_000], waits(1)), full);
        let other = signed("QT", 1);
        assert_eq!(
            aside.add_heard(&other, waits(1)),
            Err(MempoolError::Full),
            "a quarter is taken"
        );
        assert_eq!(aside.add(&other, waits(1)), Ok(()));
        assert_eq!(
            aside.add_heard(&other, waits(2)),
            Ok(()),
            "kept already: no more room is needed"
        );
        aside.keep(&own[1_000], None);
        assert!(aside.contains(&own[1_000].digest()), "promised: kept");
        for signed in &own[..2] {
            aside.remove(&signed.digest());
        }
        assert_eq!(aside.add(&own[0], waits(1)), Ok(()));
        for signed in own.iter().chain([&other]) {
            aside.remove(&signed.digest());
        }
        assert_eq!((aside.bytes, aside.of_party.len()), (0, 0));
    }

    #[test]
    fn all_bytes_are_bounded() {
        let mut aside = Aside {
            bytes: BYTES_MAX - 10,
            ..Aside::default()
        };
        assert_eq!(
            aside.add(&signed("QS", 1), waits(1)),
            Err(MempoolError::Full)
        );
    }

    #[test]
    fn what_waits_for_another_record_is_judged_again_only_for_a_reason() {
        let at = |time| At {
            chain: CHAIN,
            height: Height(2),
            time,
            log_size: 0,
        };
        let (early, late) = (at(START), at(START.plus_ms(DAY_MS + 1)));
        let is_first = |record: &RecordDigest| record.0.0 == [1; 32];
        let (never, nobody) = (|_: &RecordDigest| false, |_: &Record| false);
        let mut aside = Aside::default();
        let one = signed("QS", 1);
        let two = signed("QT", 2);
        let again = |aside: &mut Aside| {
            aside.keep(&one, Some(waits(1)));
            aside.keep(&two, Some(waits(2)));
        };
        again(&mut aside);
        assert!(aside.take_due(&early, never, nobody).is_empty());
        assert_eq!(aside.take_due(&early, is_first, nobody), [one.clone()]);
        assert!(!aside.contains(&one.digest()) && aside.contains(&two.digest()));
        again(&mut aside);
        let qt = |record: &Record| record.author == ledger::testing::party("QT");
        assert_eq!(aside.take_due(&early, never, qt), [two.clone()]);
        again(&mut aside);
        assert_eq!(aside.take_due(&late, never, nobody).len(), 2);
        aside.keep(&one, Some(Inadmissible::MadeInFuture(START)));
        aside.keep(&two, None);
        assert_eq!(aside.take_due(&early, never, nobody).len(), 2);
    }
}

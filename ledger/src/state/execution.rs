//! Executes a block, record by record, and gathers all that it changes.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::sync::Arc;
use alloc::vec::Vec;

use minicbor::{Decode, Encode};

use super::admission::{AdmissionError, Admitted, Inadmissible, admit_knowing};
use super::effect::{self, Accepted, Effect};
use super::key::StateKey;
use super::life::{self, Case, Judgement};
use super::links::{self, Links};
use super::permit::{Act, PermitState, ReportState};
use super::register::{MonthCounts, Statistics};
use super::signal::{SignalKey, signals_of};
use super::view::{PagesOf, ReadError, View};
use super::warning::Warnings;
use super::{Leaf, Receipt, decode_value, parameters, read};
use crate::codec;
use crate::digest::{ChainId, Digest, LogRoot, RecordDigest, StateRoot, sha256};
use crate::limits::REFUSED_PER_AUTHOR_MAX;
use crate::log::{LogError, LogTail};
use crate::parameters::Parameters;
use crate::party::{Height, Office, OfficeNumber, Party, PartyCode, Role};
use crate::planted;
use crate::reason::Reason;
use crate::record::{PermitKey, Record};
use crate::signed::{SignatureCheck, Signed, Verified};
use crate::time::Timestamp;
use crate::tree::{self, KeyHash, LeafChanges, PageChanges};

/// Expired seen digests that one block removes at most.
const SEEN_REMOVED_MAX: usize = 4_000;

/// The block in which records are judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct At {
    /// The network.
    pub chain: ChainId,
    /// Its height.
    pub height: Height,
    /// Its time.
    pub time: Timestamp,
    /// Leaves of the log before it.
    pub log_size: u64,
}

/// A record as the block logs it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Logged {
    /// Digest of the record.
    pub record: RecordDigest,
    /// Its index in the log of the chain.
    pub index: u64,
    /// The permit it is about, or what stands for its author's registers.
    pub permit: PermitKey,
    /// The leaf: signed record and receipt.
    pub leaf: Vec<u8>,
}

/// Everything that a block changes, for one atomic write.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// Values of the map: new, or removed.
    pub values: BTreeMap<KeyHash, Option<Vec<u8>>>,
    /// Pages of the map: new, or removed.
    pub pages: PageChanges,
    /// Hashes of the log, by index.
    pub log_hashes: Vec<(u64, Digest)>,
    /// Records, in the order of the log.
    pub logged: Vec<Logged>,
    /// Seen digests that this block adds, by expiry.
    pub seen_added: Vec<(Timestamp, RecordDigest)>,
    /// Seen digests that this block removes.
    pub seen_removed: Vec<(Timestamp, RecordDigest)>,
    /// Entries of the index of signals: new (`true`), or removed.
    pub signals: BTreeMap<SignalKey, bool>,
}

/// A block's outcome: what its header must say, and what it changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Executed {
    /// One receipt for each record.
    pub receipts: Vec<Receipt>,
    /// Root of the map after the block.
    pub state_root: StateRoot,
    /// Leaves of the log after the block.
    pub log_size: u64,
    /// Root of the log after the block.
    pub log_root: LogRoot,
    /// All changes.
    pub changes: Changes,
}

/// What came of adding an admitted record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Added {
    /// It is in the block, with this receipt.
    Logged(Receipt),
    /// It would be one refused record of its author too many: nothing happened.
    TooManyRefused,
}

/// A block while it is executed.
#[derive(Debug)]
pub struct Execution<'v, V> {
    view: &'v V,
    at: At,
    parameters: Parameters,
    /// Offices and Parties as the parent's state holds them, each read once for the block: decoding a key
    /// costs more than all the rules of a record together.
    offices: BTreeMap<(PartyCode, OfficeNumber), Option<Office>>,
    parties: BTreeMap<PartyCode, Option<Party>>,
    values: BTreeMap<KeyHash, Option<Vec<u8>>>,
    in_block: BTreeSet<RecordDigest>,
    refused: BTreeMap<PartyCode, usize>,
    receipts: Vec<Receipt>,
    logged: Vec<Logged>,
    seen_added: Vec<(Timestamp, RecordDigest)>,
    signals: BTreeMap<SignalKey, bool>,
    /// Statistics of the year, of Parties that spoke in this block: written once for all their records.
    statistics: BTreeMap<PartyCode, Statistics>,
}

/// Leave for one record to enter the block. It holds the block until it is used or given up, so no record
/// can be admitted twice before it is logged, and none enters that this very block did not admit.
#[derive(Debug)]
#[must_use = "an admitted record is in the block only once it was added"]
pub struct Admission<'e, 'v, V> {
    execution: &'e mut Execution<'v, V>,
    admitted: Admitted,
}

impl<V: View> Admission<'_, '_, V> {
    /// Judges the record and applies or refuses it.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn add(self) -> Result<Added, ReadError> {
        self.execution.add(&self.admitted)
    }
}

impl<'v, V: View> Execution<'v, V> {
    /// Begins a block on the state `view`, which must be its parent's.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn begin(view: &'v V, at: At) -> Result<Self, ReadError> {
        let time = planted::local_clock().map_or(at.time, Timestamp);
        let at = At { time, ..at };
        Ok(Self {
            view,
            at,
            parameters: parameters(view)?,
            offices: BTreeMap::new(),
            parties: BTreeMap::new(),
            values: BTreeMap::new(),
            in_block: BTreeSet::new(),
            refused: BTreeMap::new(),
            receipts: Vec::new(),
            logged: Vec::new(),
            seen_added: Vec::new(),
            signals: BTreeMap::new(),
            statistics: BTreeMap::new(),
        })
    }

    /// Admits a record: against the parent's state, and once in a block.
    ///
    /// ```
    /// # use {ledger::signed::{CheckAll, Signed}, ledger::state::{Execution, View}, std::sync::Arc};
    /// # fn log<V: View>(execution: &mut Execution<'_, V>, one: &Arc<Signed>, two: &Arc<Signed>) {
    /// execution.admit(one, &CheckAll).unwrap().add().unwrap();
    /// execution.admit(two, &CheckAll).unwrap().add().unwrap();
    /// # }
    /// ```
    ///
    /// To admit both before adding either would let one record pass as two:
    ///
    /// ```compile_fail
    /// # use {ledger::signed::{CheckAll, Signed}, ledger::state::{Execution, View}, std::sync::Arc};
    /// # fn log<V: View>(execution: &mut Execution<'_, V>, one: &Arc<Signed>, two: &Arc<Signed>) {
    /// let first = execution.admit(one, &CheckAll).unwrap();
    /// let second = execution.admit(two, &CheckAll).unwrap();
    /// first.add().unwrap();
    /// second.add().unwrap();
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`AdmissionError`].
    pub fn admit(
        &mut self,
        signed: &Arc<Signed>,
        checker: &impl SignatureCheck,
    ) -> Result<Admission<'_, 'v, V>, AdmissionError> {
        if self.in_block.contains(&signed.digest()) && !planted::logged_again() {
            return Err(Inadmissible::AlreadyLogged.into());
        }
        let (view, offices) = (self.view, &mut self.offices);
        let office = |author, number| match offices.get(&(author, number)) {
            Some(known) => Ok(known.clone()),
            None => {
                let office: Option<Office> = read(view, &StateKey::office(author, number))?;
                offices.insert((author, number), office.clone());
                Ok(office)
            }
        };
        let admitted = admit_knowing(view, &self.at, signed, checker, office)?;
        Ok(Admission {
            execution: self,
            admitted,
        })
    }

    fn add(&mut self, admitted: &Admitted) -> Result<Added, ReadError> {
        let record = admitted.record.record();
        let key = record.statement.permit(record.author);
        let permit = self.permit(key)?;
        let links = links::gather(self, &record.statement, record.author, permit.as_ref())?;
        let judged = self.judge(record, &admitted.roles, permit.as_ref(), &links)?;
        if judged.is_err() && !self.may_refuse(record.author) {
            return Ok(Added::TooManyRefused);
        }
        let act = self.act(&admitted.record);
        let mut before = BTreeSet::new();
        let about = key.zip(permit);
        for (key, permit) in about
            .iter()
            .map(|(key, permit)| (key, permit))
            .chain(&links.permits)
        {
            before.extend(signals_of(*key, permit));
        }
        let effect = match judged {
            Err(_) => effect::refused(about, &act),
            Ok(warnings) => {
                let report = match (key, &about) {
                    (Some(key), None) => self.read::<ReportState>(&StateKey::report(&key))?,
                    (Some(_) | None, Some(_)) | (None, None) => None,
                };
                Accepted {
                    act,
                    permit: about,
                    report,
                    links,
                    warnings,
                }
                .effect(&record.statement)
            }
        };
        self.apply(record.author, effect, &before)?;
        Ok(Added::Logged(self.log(&admitted.record, judged)))
    }

    /// Everything that the rules say about a record at this point of the block, as if it were admitted.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn explain(&mut self, record: &Record, roles: &[Role]) -> Result<Judgement, ReadError> {
        let permit = self.permit(record.statement.permit(record.author))?;
        let links = links::gather(self, &record.statement, record.author, permit.as_ref())?;
        self.know_parties(record, permit.as_ref())?;
        let case = self.case(record, roles, permit.as_ref(), &links);
        Ok(life::explain(&record.statement, &case))
    }

    fn permit(&self, key: Option<PermitKey>) -> Result<Option<PermitState>, ReadError> {
        match key {
            Some(key) => self.read(&StateKey::permit(&key)),
            None => Ok(None),
        }
    }

    /// Writes what a statement changes. `before`: the signals of all permits that it can have changed.
    fn apply(
        &mut self,
        author: PartyCode,
        effect: Effect,
        before: &BTreeSet<SignalKey>,
    ) -> Result<(), ReadError> {
        for (key, permit) in effect.permits {
            let after = signals_of(key, &permit);
            let gone = before
                .iter()
                .filter(|one| one.permit == key && !after.contains(one));
            self.signals.extend(gone.map(|one| (*one, false)));
            self.signals
                .extend(after.difference(before).map(|one| (*one, true)));
            self.put(&StateKey::permit(&key), codec::encode(&permit));
        }
        for (key, value) in effect.values {
            self.put(&key, value);
        }
        self.count(author, &effect.counts)
    }

    fn count(&mut self, author: PartyCode, counts: &MonthCounts) -> Result<(), ReadError> {
        if *counts == MonthCounts::default() {
            return Ok(());
        }
        let today = self.at.time.date();
        if !self.statistics.contains_key(&author) {
            let known = self.read(&StateKey::statistics(author, today.year()))?;
            self.statistics.insert(author, known.unwrap_or_default());
        }
        let month = self
            .statistics
            .get_mut(&author)
            .and_then(|year| year.month_mut(today.ymd().1));
        if let Some(month) = month {
            month.add(counts);
        }
        Ok(())
    }

    /// Closes the block: removes expired seen digests, and computes the roots.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn finish(mut self) -> Result<Executed, ReadError> {
        let year = self.at.time.date().year();
        for (party, statistics) in core::mem::take(&mut self.statistics) {
            self.put(
                &StateKey::statistics(party, year),
                codec::encode(&statistics),
            );
        }
        let seen_removed = self.view.seen_before(self.at.time, SEEN_REMOVED_MAX)?;
        for (_, record) in &seen_removed {
            self.values
                .insert(KeyHash::of(StateKey::seen(record).as_ref()), None);
        }
        let leaves: LeafChanges = self
            .values
            .iter()
            .map(|(place, value)| (*place, value.as_ref().map(|bytes| sha256(bytes))))
            .collect();
        let (state_root, pages) = tree::update(&PagesOf(self.view), &leaves)?;
        let mut log = LogTail::new(self.view, self.at.log_size);
        for logged in &self.logged {
            log.append(&logged.leaf)
                .map_err(|LogError(e)| ReadError(e))?;
        }
        let log_root = log.root().map_err(|LogError(e)| ReadError(e))?;
        let log_size = log.size();
        let changes = Changes {
            values: self.values,
            pages,
            log_hashes: log.into_hashes(),
            logged: self.logged,
            seen_added: self.seen_added,
            seen_removed,
            signals: self.signals,
        };
        Ok(Executed {
            receipts: self.receipts,
            state_root,
            log_size,
            log_root,
            changes,
        })
    }

    fn judge(
        &mut self,
        record: &Record,
        roles: &[Role],
        permit: Option<&PermitState>,
        links: &Links,
    ) -> Result<Result<Warnings, Reason>, ReadError> {
        self.know_parties(record, permit)?;
        let case = self.case(record, roles, permit, links);
        Ok(life::judge(&record.statement, &case))
    }

    fn know_parties(
        &mut self,
        record: &Record,
        permit: Option<&PermitState>,
    ) -> Result<(), ReadError> {
        let issuer = record.statement.permit(record.author).map(|key| key.issuer);
        let destination = permit.and_then(|permit| permit.destination);
        for code in [Some(record.author), issuer, destination] {
            self.know_party(code)?;
        }
        Ok(())
    }

    fn case<'c>(
        &'c self,
        record: &Record,
        roles: &'c [Role],
        permit: Option<&'c PermitState>,
        links: &'c Links,
    ) -> Case<'c, ()> {
        let party = |code| self.parties.get(&code).and_then(Option::as_ref);
        let issuer = record.statement.permit(record.author).map(|key| key.issuer);
        Case {
            said: &(),
            author: record.author,
            author_party: party(record.author),
            roles,
            permit,
            issuer_party: issuer.and_then(party),
            destination_party: permit.and_then(|permit| permit.destination).and_then(party),
            links,
            now: self.at.time,
            parameters: &self.parameters,
        }
    }

    fn know_party(&mut self, code: Option<PartyCode>) -> Result<(), ReadError> {
        if let Some(code) = code
            && !self.parties.contains_key(&code)
        {
            let party = read(self.view, &StateKey::party(code))?;
            self.parties.insert(code, party);
        }
        Ok(())
    }

    fn may_refuse(&self, author: PartyCode) -> bool {
        self.refused.get(&author).copied().unwrap_or(0) < REFUSED_PER_AUTHOR_MAX
    }

    fn act(&self, verified: &Verified) -> Act {
        let record = verified.record();
        Act {
            party: record.author,
            // A well-formed record names at least one office.
            office: record
                .offices
                .first()
                .copied()
                .unwrap_or(crate::party::OfficeNumber(0)),
            port: record.statement.port(),
            time: self.at.time,
            height: self.at.height,
            record: verified.digest(),
        }
    }

    fn log(&mut self, verified: &Verified, judged: Result<Warnings, Reason>) -> Receipt {
        let record = verified.record();
        // A block holds at most 2,000 records.
        let index = u16::try_from(self.receipts.len()).unwrap_or(u16::MAX);
        let receipt = Receipt {
            height: self.at.height,
            index,
            refused: judged.err(),
            warnings: judged.unwrap_or_default(),
        };
        if receipt.refused.is_some() {
            let count = self.refused.entry(record.author).or_default();
            *count = count.saturating_add(1);
        }
        let digest = verified.digest();
        self.in_block.insert(digest);
        self.put(&StateKey::seen(&digest), codec::encode(&record.good_until));
        self.seen_added.push((record.good_until, digest));
        let leaf = codec::encode(&Leaf {
            signed: verified.signed().bytes().to_vec(),
            receipt,
        });
        let place = u64::from(index).saturating_add(self.at.log_size);
        self.logged.push(Logged {
            record: digest,
            index: place,
            permit: record.statement.subject(record.author),
            leaf,
        });
        self.receipts.push(receipt);
        receipt
    }

    fn put(&mut self, key: &StateKey, value: Vec<u8>) {
        self.values.insert(KeyHash::of(key.as_ref()), Some(value));
    }

    /// Reads through what the block has changed so far.
    pub(super) fn read<T>(&self, key: &StateKey) -> Result<Option<T>, ReadError>
    where
        T: for<'b> Decode<'b, ()> + Encode<()>,
    {
        match self.values.get(&KeyHash::of(key.as_ref())) {
            Some(value) => value
                .as_ref()
                .map(|bytes| decode_value(key, bytes))
                .transpose(),
            None => read(self.view, key),
        }
    }
}

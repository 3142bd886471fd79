//! Executes a block, record by record, and gathers all that it changes.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::sync::Arc;
use alloc::vec::Vec;

use minicbor::{Decode, Encode};

use super::admission::{AdmissionError, Admitted, Inadmissible, admit_knowing};
use super::effect::{self, Effect};
use super::key::StateKey;
use super::life::{self, Case, first_broken};
use super::permit::{Act, PermitState, ReportState};
use super::view::{PagesOf, ReadError, View};
use super::{Leaf, Receipt, decode_value, parameters, read};
use crate::codec;
use crate::digest::{ChainId, Digest, LogRoot, RecordDigest, StateRoot, sha256};
use crate::limits::REFUSED_PER_AUTHOR_MAX;
use crate::log::{LogError, LogTail};
use crate::parameters::Parameters;
use crate::party::{Height, Office, OfficeNumber, Party, PartyCode};
use crate::reason::Reason;
use crate::record::{PermitKey, Statement};
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
    /// The permit it is about.
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
        if self.in_block.contains(&signed.digest()) {
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
        let (permit_key, report_key) = (StateKey::permit(&key), StateKey::report(&key));
        let permit: Option<PermitState> = self.read(&permit_key)?;
        let refused = self.judge(admitted, permit.as_ref())?;
        if refused.is_some() && !self.may_refuse(record.author) {
            return Ok(Added::TooManyRefused);
        }
        let act = self.act(&admitted.record);
        let effect = match refused {
            Some(_) => effect::refused(permit, &act),
            None if permit.is_some() => effect::accepted(record, act, permit, None),
            None => effect::accepted(record, act, None, self.read::<ReportState>(&report_key)?),
        };
        match effect {
            Effect::Permit(permit) => self.put(&permit_key, codec::encode(&permit)),
            Effect::Report(report) => self.put(&report_key, codec::encode(&report)),
            Effect::LogOnly => {}
        }
        Ok(Added::Logged(self.log(&admitted.record, key, refused)))
    }

    /// Closes the block: removes expired seen digests, and computes the roots.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn finish(mut self) -> Result<Executed, ReadError> {
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
        admitted: &Admitted,
        permit: Option<&PermitState>,
    ) -> Result<Option<Reason>, ReadError> {
        let record = admitted.record.record();
        let issuer = record.statement.permit(record.author).issuer;
        let destination = permit.and_then(|permit| permit.destination);
        for code in [Some(record.author), Some(issuer), destination] {
            self.know_party(code)?;
        }
        let party = |code| self.parties.get(&code).and_then(Option::as_ref);
        let case = Case {
            said: &(),
            author: record.author,
            author_party: party(record.author),
            roles: &admitted.roles,
            permit,
            issuer_party: party(issuer),
            destination_party: destination.and_then(party),
            now: self.at.time,
            parameters: &self.parameters,
        };
        Ok(match &record.statement {
            Statement::Issue(said) => first_broken(life::ISSUE, &case.with(said)),
            Statement::Endorse(said) => first_broken(life::ENDORSE, &case.with(said)),
            Statement::Sight(said) => first_broken(life::SIGHT, &case.with(said)),
            Statement::Import(said) => first_broken(life::IMPORT, &case.with(said)),
            Statement::Refuse(said) => first_broken(life::REFUSE, &case.with(said)),
            Statement::Cancel(said) => first_broken(life::CANCEL, &case.with(said)),
        })
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
        let port = match &record.statement {
            Statement::Issue(_) | Statement::Cancel(_) => None,
            Statement::Endorse(said) => Some(said.port),
            Statement::Sight(said) => Some(said.port),
            Statement::Import(said) => Some(said.port),
            Statement::Refuse(said) => Some(said.port),
        };
        Act {
            party: record.author,
            // A well-formed record names at least one office.
            office: record
                .offices
                .first()
                .copied()
                .unwrap_or(crate::party::OfficeNumber(0)),
            port,
            time: self.at.time,
            height: self.at.height,
            record: verified.digest(),
        }
    }

    fn log(&mut self, verified: &Verified, permit: PermitKey, refused: Option<Reason>) -> Receipt {
        let record = verified.record();
        // A block holds at most 2,000 records.
        let index = u16::try_from(self.receipts.len()).unwrap_or(u16::MAX);
        let receipt = Receipt {
            height: self.at.height,
            index,
            refused,
        };
        if refused.is_some() {
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
            permit,
            leaf,
        });
        self.receipts.push(receipt);
        receipt
    }

    fn put(&mut self, key: &StateKey, value: Vec<u8>) {
        self.values.insert(KeyHash::of(key.as_ref()), Some(value));
    }

    /// Reads through what the block has changed so far.
    fn read<T>(&self, key: &StateKey) -> Result<Option<T>, ReadError>
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

impl<'a> Case<'a, ()> {
    fn with<S>(&self, said: &'a S) -> Case<'a, S> {
        Case {
            said,
            author: self.author,
            author_party: self.author_party,
            roles: self.roles,
            permit: self.permit,
            issuer_party: self.issuer_party,
            destination_party: self.destination_party,
            now: self.now,
            parameters: self.parameters,
        }
    }
}

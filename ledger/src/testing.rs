//! Fixtures that the tests of every crate share: invented Parties, their keys, and a ledger in memory.
//!
//! Everything follows from names and numbers: no randomness, no clock. Only tests are built with it
//! (feature `testing`), so a fixture that cannot be made panics.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "fixtures of tests: a broken fixture is a broken test"
)]

use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec;
use alloc::vec::Vec;

use crate::block::{Header, NO_PARENT};
use crate::codec;
use crate::codes::{Appendix, Kind, Source, Unit};
use crate::digest::{ChainId, Commitment, Digest, StateRoot, TaxonTag, sha256};
use crate::key::SecretKey;
use crate::log;
use crate::parameters::Parameters;
use crate::party::{Algorithm, Height, Office, OfficeNumber, Party, PartyCode, Role};
use crate::permit::LineId;
use crate::permit::number::number_hash;
use crate::proof::{Anchor, PROOF_VERSION, Proof, StateEntry, Trust, Value};
use crate::quantity::Quantity;
use crate::quorum::{
    Ballot, PROTOCOL_VERSION, Quorum, QuorumSignature, Round, Step, Validator, ValidatorSet,
};
use crate::reason::Reason;
use crate::record::{
    Cancel, CancelReason, Endorse, Import, Issue, IssuedLine, LineQuantity, PermitKey, Port,
    Record, Refuse, Sight, Statement,
};
use crate::signed::{CheckAll, Signed};
use crate::state::admission::AdmissionError;
use crate::state::memory::{MemoryState, initial_changes};
use crate::state::{Added, At, Executed, Execution, PermitState, StateKey, View, parameters, read};
use crate::time::Timestamp;
use crate::tree::{KeyHash, prove};

/// The network of all fixtures.
pub const CHAIN: ChainId = ChainId(Digest([0xc1; 32]));
/// A day like any other, 2026-11-23T12:00:00Z.
pub const START: Timestamp = Timestamp(1_795_435_200_000);
/// One day in milliseconds.
pub const DAY_MS: u64 = 24 * 60 * 60 * 1000;
/// Suravia exports, Transmar is passed through, Norvia imports, Portamar looks on.
pub const PARTIES: [&str; 4] = ["QS", "QT", "QN", "QP"];

/// The Party with that code.
#[must_use]
pub fn party(code: &str) -> PartyCode {
    PartyCode::new(code).expect(code)
}

/// A key that follows from its name.
#[must_use]
pub fn key(name: &str) -> SecretKey {
    SecretKey::from_seed(&sha256(name.as_bytes()).0)
}

/// The office with that role: each Party has one of each, 1 to 4.
#[must_use]
pub fn office(role: Role) -> OfficeNumber {
    let number = Role::ALL.iter().position(|own| *own == role).unwrap();
    OfficeNumber(u16::try_from(number).unwrap().saturating_add(1))
}

/// The key of a Party's office.
#[must_use]
pub fn office_key(party: PartyCode, office: OfficeNumber) -> SecretKey {
    key(&alloc::format!("office/{party}/{office}"))
}

/// The voting key of validator `number`.
#[must_use]
pub fn voting_key(number: u8) -> SecretKey {
    key(&alloc::format!("validator/{number}"))
}

/// Validators with those numbers, of equal power.
#[must_use]
pub fn validator_set(numbers: &[u8]) -> ValidatorSet {
    let member = |number: &u8| Validator {
        key: voting_key(*number).public(),
        power: 1,
        party: party("QS"),
    };
    ValidatorSet::new(numbers.iter().map(member).collect()).unwrap()
}

/// The four validators of [`TestLedger`].
pub const VALIDATORS: [u8; 4] = [1, 2, 3, 4];

/// The precommits of validators `signers`, of the set `members`, for a header.
#[must_use]
pub fn quorum_of(header: &Header, members: &[u8], signers: &[u8]) -> Quorum {
    let set = validator_set(members);
    let sign = |number: &u8| {
        let key = voting_key(*number);
        let ballot = Ballot {
            height: header.height,
            round: Round(0),
            step: Step::Precommit,
            value: Some(header.id()),
            voter: key.public(),
        };
        QuorumSignature {
            validator: set.find(&key.public()).expect("a member").0,
            signature: key.sign(&ballot.preimage(header.chain)),
        }
    };
    let mut signatures: Vec<_> = signers.iter().map(sign).collect();
    signatures.sort_by_key(|signature| signature.validator);
    Quorum {
        height: header.height,
        round: Round(0),
        block: header.id(),
        signatures,
    }
}

/// A Party in no customs union that insists on box 14.
#[must_use]
pub const fn plain_party() -> Party {
    Party {
        union: None,
        accepts_unendorsed: false,
    }
}

/// The state before block 1, as genesis writes it: Parties, their four offices, validators, parameters.
#[must_use]
pub fn entries(parties: &[(PartyCode, Party)], parameters: &Parameters) -> Vec<(String, Vec<u8>)> {
    let text = |key: StateKey| String::from(key.as_str());
    let mut entries = vec![
        (text(StateKey::parameters()), codec::encode(parameters)),
        (
            text(StateKey::validators()),
            codec::encode(&validator_set(&VALIDATORS)),
        ),
    ];
    for (code, party) in parties {
        entries.push((text(StateKey::party(*code)), codec::encode(party)));
        for role in Role::ALL {
            let number = office(role);
            let office = Office {
                role,
                algorithm: Algorithm::Ed25519,
                key: office_key(*code, number).public(),
                active_from: Height(1),
                active_until: None,
            };
            let key = text(StateKey::office(*code, number));
            entries.push((key, codec::encode(&office)));
        }
    }
    entries
}

/// [`PARTIES`] as [`entries`], under the default parameters.
#[must_use]
pub fn four_parties() -> Vec<(String, Vec<u8>)> {
    let parties = PARTIES.map(|code| (party(code), plain_party()));
    entries(&parties, &Parameters::default())
}

/// The permit of Suravia with that number.
#[must_use]
pub fn permit(number: &str) -> PermitKey {
    let issuer = party("QS");
    PermitKey {
        issuer,
        number: number_hash(CHAIN, issuer, number),
    }
}

/// A quantity of whole units.
#[must_use]
pub fn units(units: u64) -> Quantity {
    Quantity::from_units(units).unwrap()
}

/// Line `number`, from 1.
#[must_use]
pub fn line(number: u8) -> LineId {
    LineId::new(number).unwrap()
}

/// A line of an issued permit: wild, Appendix II, no origins.
#[must_use]
pub fn issued_line(number: u8, unit: Unit, authorised: Quantity) -> IssuedLine {
    IssuedLine {
        line: line(number),
        unit,
        authorised,
        appendix: Appendix::II,
        source: Source::Wild,
        taxon: TaxonTag(sha256(&[number])),
        origins: vec![],
    }
}

/// An export permit of Suravia for Norvia, granted on the day of [`START`], valid six months: line A
/// 100 specimens, line B 20 kg.
#[must_use]
pub fn issue(number: &str) -> Issue {
    let granted_on = START.date();
    Issue {
        number: permit(number).number,
        kind: Kind::Export,
        destination: Some(party("QN")),
        granted_on,
        valid_from: granted_on,
        valid_until: granted_on.plus_months(6),
        lines: vec![
            issued_line(1, Unit::Number, units(100)),
            issued_line(2, Unit::Kilogram, units(20)),
        ],
        commitment: Commitment(sha256(number.as_bytes())),
        stamp: None,
        retrospective: false,
        replaces: None,
        import_permit: None,
    }
}

/// Quantities of the lines of [`issue`], A in specimens and B in kilograms; zero leaves a line out.
#[must_use]
pub fn quantities(a: u64, b: u64) -> Vec<LineQuantity> {
    [(1, Unit::Number, a), (2, Unit::Kilogram, b)]
        .into_iter()
        .filter(|(_, _, quantity)| *quantity > 0)
        .map(|(number, unit, quantity)| LineQuantity {
            line: line(number),
            unit,
            quantity: units(quantity),
        })
        .collect()
}

/// The port with that code.
#[must_use]
pub fn port(code: &str) -> Port {
    Port::new(code).expect(code)
}

/// Endorsement at a port of Suravia.
#[must_use]
pub fn endorse(permit: PermitKey, lines: Vec<LineQuantity>) -> Statement {
    Statement::Endorse(Endorse {
        permit,
        lines,
        port: port("QSSUR"),
        transport: None,
    })
}

/// Import at a port of Norvia.
#[must_use]
pub fn import(permit: PermitKey, lines: Vec<LineQuantity>) -> Statement {
    Statement::Import(Import {
        permit,
        lines,
        port: port("QNHAR"),
    })
}

/// Sighting at a port of Transmar.
#[must_use]
pub fn sight(permit: PermitKey) -> Statement {
    Statement::Sight(Sight {
        permit,
        port: port("QTTRA"),
    })
}

/// Refusal at a port of Norvia.
#[must_use]
pub fn refuse(permit: PermitKey, reason: Reason) -> Statement {
    Statement::Refuse(Refuse {
        permit,
        reason,
        port: port("QNHAR"),
    })
}

/// Cancellation.
#[must_use]
pub fn cancel(permit: PermitKey, reason: CancelReason) -> Statement {
    Statement::Cancel(Cancel { permit, reason })
}

/// A record of a Party's office, made at `made_at` and good for a day.
#[must_use]
pub fn record(
    (author, role): (&str, Role),
    statement: Statement,
    made_at: Timestamp,
    nonce: u64,
) -> Record {
    let mut bytes = [0; 16];
    let (head, _) = bytes.split_at_mut(8);
    head.copy_from_slice(&nonce.to_be_bytes());
    Record {
        version: PROTOCOL_VERSION,
        chain: CHAIN,
        author: party(author),
        offices: vec![office(role)],
        statement,
        made_at,
        checkpoint: None,
        after: None,
        good_until: made_at.plus_ms(DAY_MS),
        nonce: bytes,
    }
}

/// A record signed by the offices that it names.
#[must_use]
pub fn sign(record: &Record) -> Arc<Signed> {
    let keys: Vec<_> = record
        .offices
        .iter()
        .map(|number| office_key(record.author, *number))
        .collect();
    let keys: Vec<_> = keys.iter().collect();
    Arc::new(Signed::sign(record, &keys).expect("a well-formed record"))
}

/// Executes records on a state, which stays as it is.
///
/// # Errors
/// [`AdmissionError`].
///
/// # Panics
/// Where an author has too many refused records.
pub fn execute(
    view: &impl View,
    at: At,
    records: &[Arc<Signed>],
) -> Result<Executed, AdmissionError> {
    let mut execution = Execution::begin(view, at)?;
    for signed in records {
        let admitted = execution.admit(signed, &CheckAll)?;
        let added = execution.add(&admitted)?;
        assert_ne!(
            added,
            Added::TooManyRefused,
            "too many refused records of one author"
        );
    }
    Ok(execution.finish()?)
}

/// A chain in memory: every block is final as soon as it is made, signed by all four validators.
#[derive(Clone, Debug)]
pub struct TestLedger {
    /// The state after the last block.
    pub state: MemoryState,
    /// Its root.
    pub state_root: StateRoot,
    /// Every block's header and quorum, from height 1.
    pub blocks: Vec<(Header, Quorum)>,
    records_made: u64,
}

impl Default for TestLedger {
    /// The four Parties before block 1.
    fn default() -> Self {
        Self::new(four_parties())
    }
}

impl TestLedger {
    /// A chain that begins with these entries, such as `genesis` or [`entries`] gives.
    #[must_use]
    pub fn new(entries: Vec<(String, Vec<u8>)>) -> Self {
        let (state_root, changes) = initial_changes(entries);
        let mut state = MemoryState::default();
        state.apply(&changes);
        Self {
            state,
            state_root,
            blocks: Vec::new(),
            records_made: 0,
        }
    }

    /// A signed record that differs from all others made here.
    pub fn says(
        &mut self,
        speaker: (&str, Role),
        statement: Statement,
        made_at: Timestamp,
    ) -> Arc<Signed> {
        self.records_made = self.records_made.saturating_add(1);
        sign(&record(speaker, statement, made_at, self.records_made))
    }

    /// The place of the next block.
    #[must_use]
    pub fn next(&self, time: Timestamp) -> At {
        let last = self.blocks.last().map(|(header, _)| header);
        At {
            chain: CHAIN,
            height: last.map_or(Height::ZERO, |header| header.height).next(),
            time,
            log_size: last.map_or(0, |header| header.log_size),
        }
    }

    /// Adds a block.
    ///
    /// # Panics
    /// Where a record is inadmissible; [`execute`] gives the error instead.
    pub fn block(&mut self, time: Timestamp, records: &[Arc<Signed>]) -> Executed {
        let at = self.next(time);
        let executed = execute(&self.state, at, records).expect("admissible records");
        let validators = validator_set(&VALIDATORS).digest();
        let last = self.blocks.last();
        let header = Header {
            version: PROTOCOL_VERSION,
            chain: CHAIN,
            height: at.height,
            time,
            parent: last.map_or(NO_PARENT, |(header, _)| header.id()),
            log_size: executed.log_size,
            log_root: executed.log_root,
            state_root: executed.state_root,
            validators,
            next_validators: validators,
            carried_quorum: last.map(|(_, quorum)| quorum.digest()),
            proposer: voting_key(1).public(),
        };
        let quorum = quorum_of(&header, &VALIDATORS, &VALIDATORS);
        self.state.apply(&executed.changes);
        self.state_root = executed.state_root;
        self.blocks.push((header, quorum));
        executed
    }

    /// Adds a block with one record and gives the answer: `None` where it was applied.
    pub fn state_now(
        &mut self,
        speaker: (&str, Role),
        statement: Statement,
        time: Timestamp,
    ) -> Option<Reason> {
        let signed = self.says(speaker, statement, time);
        let executed = self.block(time, &[signed]);
        executed.receipts.first().unwrap().refused
    }

    /// A permit's status.
    #[must_use]
    pub fn permit(&self, permit: &PermitKey) -> Option<PermitState> {
        read(&self.state, &StateKey::permit(permit)).unwrap()
    }

    /// An entry of the state with its path, present or absent.
    #[must_use]
    pub fn entry(&self, key: &StateKey) -> StateEntry {
        let pages = crate::state::PagesOf(&self.state);
        let value = self.state.value(KeyHash::of(key.as_ref())).unwrap();
        StateEntry {
            key: String::from(key.as_str()),
            value: value.map(Value),
            path: prove(&pages, key.as_ref()).unwrap(),
        }
    }

    /// The proof of a permit's status in the newest block, with what a verdict needs: parameters, issuer
    /// and destination.
    ///
    /// # Panics
    /// Before block 1.
    #[must_use]
    pub fn proof(&self, permit: &PermitKey) -> Proof {
        let (header, quorum) = self.blocks.last().expect("a block").clone();
        let destination = self.permit(permit).and_then(|permit| permit.destination);
        let mut keys = vec![
            StateKey::permit(permit),
            StateKey::parameters(),
            StateKey::party(permit.issuer),
        ];
        keys.extend(destination.map(StateKey::party));
        let indices = self.state.history(permit).iter();
        Proof {
            version: PROOF_VERSION,
            permit: *permit,
            entries: keys.iter().map(|key| self.entry(key)).collect(),
            records: indices
                .map(|index| crate::proof::LoggedRecord {
                    index: *index,
                    leaf: self.state.leaf(*index).unwrap().to_vec(),
                    path: log::prove_inclusion(&self.state, header.log_size, *index).unwrap(),
                })
                .collect(),
            hand_overs: vec![],
            header,
            quorum,
        }
    }

    /// What a verifier trusts who holds the genesis of this chain and nothing else.
    #[must_use]
    pub fn trust(&self) -> Trust {
        let parameters = parameters(&self.state).unwrap();
        Trust {
            chain: CHAIN,
            anchors: vec![Anchor {
                height: Height::ZERO,
                block: None,
                time: None,
                validators: validator_set(&VALIDATORS),
            }],
            max_age_ms: parameters.max_age_ms,
            trusting_period_ms: u64::from(parameters.trusting_period_days).saturating_mul(DAY_MS),
        }
    }
}

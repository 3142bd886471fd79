//! Fixtures that the tests of every crate share: invented Parties, their keys, and a ledger in memory.
//!
//! Everything follows from names and numbers: no randomness, no clock. Only tests are built with it
//! (feature `testing`), so a fixture that cannot be made panics.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "fixtures of tests: a broken fixture is a broken test"
)]

mod chain;

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
use crate::verdict::needed;

pub use chain::TestLedger;

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
        import_permit_for_ii: false,
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
        species: None,
        operation: None,
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
        retrospective: None,
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
        import_permit: None,
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
        let added = execution.admit(signed, &CheckAll)?.add()?;
        assert_ne!(
            added,
            Added::TooManyRefused,
            "too many refused records of one author"
        );
    }
    Ok(execution.finish()?)
}

//! Offices of the invented Parties: their keys, and what they state.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use genesis::NetworkName;
use genesis::possession::{Claim, Purpose};
use ledger::codes::{Appendix, Kind, Source, Unit};
use ledger::digest::{ChainId, Commitment, TaxonTag, sha256};
use ledger::key::SecretKey;
use ledger::party::{OfficeNumber, PartyCode, Role};
use ledger::permit::LineId;
use ledger::permit::number::number_hash;
use ledger::quantity::Quantity;
use ledger::quorum::PROTOCOL_VERSION;
use ledger::record::{
    Endorse, Import, Issue, IssuedLine, LineKey, LineQuantity, Origin, PermitKey, Port, Record,
    Sight, Statement,
};
use ledger::signed::Signed;
use ledger::time::Timestamp;
use node::localnet::{NETWORK, OfficeKey};

/// The offices that every Party of a test network has, in the order of their numbers.
const ROLES: [Role; 2] = [Role::Management, Role::Customs];

/// Records made here stay admissible for an hour.
const GOOD_FOR_MS: u64 = 60 * 60 * 1000;

/// The Party with that code.
#[must_use]
pub fn party(code: &str) -> PartyCode {
    PartyCode::new(code).expect(code)
}

/// The key of an office: it follows from its name.
#[must_use]
pub fn office_key(party: PartyCode, role: Role) -> SecretKey {
    SecretKey::from_seed(&sha256(format!("test office {party} {role}").as_bytes()).0)
}

/// What a Party hands in for the genesis.
#[must_use]
pub fn offices_of(party: PartyCode) -> Vec<OfficeKey> {
    let network = NetworkName::parse(NETWORK).expect("a network name");
    let office = |role: Role| {
        let secret = office_key(party, role);
        let claim = Claim {
            network: &network,
            party,
            purpose: Purpose::Office(role),
        };
        OfficeKey {
            role,
            key: secret.public(),
            proof: claim.prove(&secret),
        }
    };
    ROLES.map(office).into()
}

/// This machine's clock.
#[must_use]
pub fn now() -> Timestamp {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .expect("a clock after 1970");
    Timestamp(u64::try_from(since.as_millis()).expect("a clock of this age"))
}

/// What an office of a network states, signed.
#[must_use]
pub fn sign(chain: ChainId, (author, role): (&str, Role), statement: Statement) -> Signed {
    let author = party(author);
    let number = ROLES
        .iter()
        .position(|own| *own == role)
        .expect("an office of every Party");
    let now = now();
    let record = Record {
        version: PROTOCOL_VERSION,
        chain,
        author,
        offices: vec![OfficeNumber(
            u16::try_from(number).expect("two offices") + 1,
        )],
        statement,
        made_at: now,
        checkpoint: None,
        after: None,
        good_until: now.plus_ms(GOOD_FOR_MS),
        nonce: nonce(),
    };
    Signed::sign(&record, &[&office_key(author, role)]).expect("a well-formed record")
}

/// Never the same twice: counted here, and begun where no other process of this second begins.
fn nonce() -> [u8; 16] {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let mut nonce = [0; 16];
    nonce[..8].copy_from_slice(
        &now()
            .0
            .wrapping_mul(u64::from(std::process::id()))
            .to_be_bytes(),
    );
    nonce[8..].copy_from_slice(&count.to_be_bytes());
    nonce
}

/// The permit of Suravia with that number.
#[must_use]
pub fn permit(chain: ChainId, number: &str) -> PermitKey {
    let issuer = party("QS");
    PermitKey {
        issuer,
        number: number_hash(chain, issuer, number),
    }
}

/// Suravia issues an export permit for Norvia: 100 specimens, line A, valid six months from today.
#[must_use]
pub fn issue(chain: ChainId, number: &str) -> Signed {
    let today = now().date();
    let line = IssuedLine {
        line: line_a(),
        unit: Unit::Number,
        authorised: Quantity::from_units(100).expect("a quantity"),
        appendix: Appendix::II,
        source: Source::Wild,
        taxon: TaxonTag(sha256(number.as_bytes())),
        origins: Vec::new(),
        species: None,
        operation: None,
    };
    let statement = Statement::Issue(Issue {
        number: permit(chain, number).number,
        kind: Kind::Export,
        destination: Some(party("QN")),
        granted_on: today,
        valid_from: today,
        valid_until: today.plus_months(6),
        lines: vec![line],
        commitment: Commitment(sha256(number.as_bytes())),
        stamp: None,
        retrospective: None,
        replaces: None,
        import_permit: None,
    });
    sign(chain, ("QS", Role::Management), statement)
}

/// Norvia re-exports that many of what came in under Suravia's permit, to Portamar.
#[must_use]
pub fn re_export(chain: ChainId, number: &str, origin: &str, units: u64) -> Signed {
    let Statement::Issue(mut said) = issue(chain, origin).record().statement.clone() else {
        unreachable!("an issue is an issue");
    };
    said.number = number_hash(chain, party("QN"), number);
    said.kind = Kind::ReExport;
    said.destination = Some(party("QP"));
    for line in &mut said.lines {
        line.authorised = Quantity::from_units(units).expect("a quantity");
        line.origins = vec![Origin {
            root: LineKey {
                permit: permit(chain, origin),
                line: line_a(),
            },
            last: None,
            drawn: line.authorised,
        }];
    }
    sign(chain, ("QN", Role::Management), Statement::Issue(said))
}

/// Suravia's customs endorse that many specimens.
#[must_use]
pub fn endorse(chain: ChainId, number: &str, units: u64) -> Signed {
    let statement = Statement::Endorse(Endorse {
        permit: permit(chain, number),
        lines: vec![quantity(units)],
        port: port("QSSUR"),
        transport: None,
    });
    sign(chain, ("QS", Role::Customs), statement)
}

/// Transmar's customs see the goods.
#[must_use]
pub fn sight(chain: ChainId, number: &str) -> Signed {
    let statement = Statement::Sight(Sight {
        permit: permit(chain, number),
        port: port("QTMAR"),
    });
    sign(chain, ("QT", Role::Customs), statement)
}

/// Norvia's customs accept that many specimens at a port, which spends the permit.
#[must_use]
pub fn import(chain: ChainId, number: &str, units: u64, at: &str) -> Signed {
    let statement = Statement::Import(Import {
        permit: permit(chain, number),
        lines: vec![quantity(units)],
        port: port(at),
        import_permit: None,
    });
    sign(chain, ("QN", Role::Customs), statement)
}

fn quantity(units: u64) -> LineQuantity {
    LineQuantity {
        line: line_a(),
        unit: Unit::Number,
        quantity: Quantity::from_units(units).expect("a quantity"),
    }
}

fn line_a() -> LineId {
    LineId::new(1).expect("line A")
}

fn port(code: &str) -> Port {
    Port::new(code).expect(code)
}

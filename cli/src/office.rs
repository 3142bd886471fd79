//! Who signs: the office named by `--as`, or the one that the key belongs to, opened with its key.

use genesis::{Genesis, SeatedOffice};
use ledger::key::{PublicKey, SecretKey};
use ledger::party::{OfficeNumber, PartyCode, Role};

use crate::arguments::OfficeName;
use crate::desk::Desk;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::keys;
use crate::trust::Pinned;

/// An office with its key in hand.
#[derive(Debug)]
pub(crate) struct Author {
    /// Its Party.
    pub(crate) party: PartyCode,
    /// Its number.
    pub(crate) office: OfficeNumber,
    /// Its role.
    pub(crate) role: Role,
    /// Its key.
    pub(crate) key: SecretKey,
}

impl Author {
    /// Opens the office's key for an act that needs `role`.
    pub(crate) fn open(desk: &Desk, pinned: &Pinned, role: Role) -> Result<Self, Failure> {
        if let Some(name) = desk.flags.office
            && name.role != role
        {
            return Err(not_allowed(format_args!(
                "this act is for {role}, not for {}",
                name.role
            )));
        }
        let path = desk.flags.key.as_ref().ok_or_else(|| {
            Failure::new(Exit::Key, "no key is named")
                .code("KEY_MISSING")
                .hint("name the office's key with --key FILE or CITES_KEY; make one with: cites key new --out FILE")
        })?;
        // Before the password is asked for.
        if let Some(name) = desk.flags.office {
            seats(&pinned.genesis, &name)?;
        }
        let key = keys::load(desk, path)?;
        let public = key.public();
        let seat = match desk.flags.office {
            Some(name) => seats(&pinned.genesis, &name)?
                .into_iter()
                .find(|seat| seat.key == public),
            None => seat_of(&pinned.genesis, &public),
        };
        let seat = seat.ok_or_else(|| {
            not_allowed(match desk.flags.office {
                Some(name) => format!("this key is not the key of {}/{}", name.party, name.role),
                None => format!("no office of this network has the key {public}"),
            })
        })?;
        if seat.role != role {
            return Err(not_allowed(format_args!(
                "this act is for {role}; the key is that of {}/{}",
                seat.party, seat.role
            )));
        }
        Ok(Self {
            party: seat.party,
            office: seat.number,
            role: seat.role,
            key,
        })
    }
}

impl std::fmt::Display for Author {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}#{}", self.party, self.role, self.office)
    }
}

/// An office of the genesis.
#[derive(Clone, Copy, Debug)]
struct Seat {
    party: PartyCode,
    number: OfficeNumber,
    role: Role,
    key: PublicKey,
}

fn seats_of(genesis: &Genesis) -> impl Iterator<Item = Seat> {
    let members = genesis.members().iter();
    members.flat_map(|member| {
        (1_u16..)
            .zip(&member.offices)
            .map(|(number, SeatedOffice { role, key, .. })| Seat {
                party: member.code,
                number: OfficeNumber(number),
                role: *role,
                key: *key,
            })
    })
}

/// The offices that a name may mean; at least one.
fn seats(genesis: &Genesis, name: &OfficeName) -> Result<Vec<Seat>, Failure> {
    if genesis.member(name.party).is_none() {
        return Err(not_allowed(format_args!(
            "{} is not a Party of network {}",
            name.party,
            genesis.network()
        )));
    }
    let fits = |seat: &Seat| {
        seat.party == name.party
            && seat.role == name.role
            && name.number.is_none_or(|number| number == seat.number)
    };
    let found: Vec<Seat> = seats_of(genesis).filter(fits).collect();
    if found.is_empty() {
        return Err(not_allowed(format_args!(
            "{} has no such office: {}",
            name.party, name.role
        )));
    }
    Ok(found)
}

fn seat_of(genesis: &Genesis, key: &PublicKey) -> Option<Seat> {
    seats_of(genesis).find(|seat| seat.key == *key)
}

fn not_allowed(error: impl std::fmt::Display) -> Failure {
    Failure::new(Exit::Key, error)
        .code("KEY_NOT_ALLOWED")
        .hint("name the office with --as PARTY/ROLE and its key with --key FILE; nothing was sent")
}

//! What can be wrong with a genesis or Party file: where, what, and what to do about it.

use alloc::string::{String, ToString as _};
use alloc::vec::Vec;
use core::fmt;

use ledger::key::KeyError;
use ledger::limits::VALIDATORS_MAX;
use ledger::parameters::ParameterFault;
use ledger::quorum::PROTOCOL_VERSION;

use super::{NAME_CHARS_MAX, NODES_MAX, OFFICES_MAX, PARTIES_MAX};
use crate::file::FILE_BYTES_MAX;
use crate::peer::PeerIdError;

/// One fault of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Where: `party QS, office 2 (customs), key`.
    pub place: String,
    /// What is wrong there.
    pub kind: FaultKind,
}

/// What is wrong. Texts from the file are shortened and escaped when they are shown.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FaultKind {
    /// More bytes than any honest file has.
    #[error("{got} bytes, the limit is {FILE_BYTES_MAX}")]
    TooLarge {
        /// Bytes of the file.
        got: usize,
    },
    /// Not TOML, an unknown or missing key, or a value of another kind.
    #[error("{}, in `{}`", one_line(.message), shown(.text))]
    Shape {
        /// What the TOML reader says, which names the key.
        message: String,
        /// The line.
        text: String,
    },
    /// Not a network's name.
    #[error("`{}` is not a network's name", shown(.0))]
    Network(String),
    /// A Party file made for another network.
    #[error("made for the network `{}`, not for `{}`", shown(.made_for), shown(.network))]
    OtherNetwork {
        /// The network in the Party file.
        made_for: String,
        /// The network of the genesis.
        network: String,
    },
    /// Another version of rules and formats.
    #[error("version {0}, this program speaks version {PROTOCOL_VERSION}")]
    ProtocolVersion(u8),
    /// A number out of its range.
    #[error("{0}")]
    Parameter(ParameterFault),
    /// Nobody takes part.
    #[error("no Party")]
    NoParty,
    /// More Parties than the Convention can have.
    #[error("{0} Parties, the limit is {PARTIES_MAX}")]
    TooManyParties(usize),
    /// Nobody votes.
    #[error("no node votes")]
    NoValidator,
    /// More voters than a network can carry.
    #[error("{0} nodes vote, the limit is {VALIDATORS_MAX}")]
    TooManyValidators(usize),
    /// More voting power than can be counted.
    #[error("more than 2^32 - 1 voting power in all")]
    PowerTotal,
    /// A vote without power.
    #[error("a voting power of 0")]
    NoPower,
    /// Not two capital letters.
    #[error("`{}` is not a Party code", shown(.0))]
    Code(String),
    /// Two capital letters that no Party bears.
    #[error("no Party to the Convention has this code")]
    UnknownCode,
    /// An invented Party on a real network.
    #[error("an invented code on a real network")]
    InventedCode,
    /// A real Party on a network for demonstration.
    #[error("the code of a real Party on a network for demonstration")]
    RealCode,
    /// The Party is there already.
    #[error("this Party is entered already, as Party number {first} of the file")]
    DuplicateCode {
        /// Number of its first entry, from 1.
        first: usize,
    },
    /// Empty, too long, or with characters that deceive the eye.
    #[error("`{}` is not a name to print", shown(.0))]
    Name(String),
    /// Not a customs union's code.
    #[error("`{}` is not a customs union's code", shown(.0))]
    Union(String),
    /// A Party that cannot state anything.
    #[error("no office")]
    NoOffice,
    /// More offices than a Party needs.
    #[error("{0} offices, the limit is {OFFICES_MAX}")]
    TooManyOffices(usize),
    /// A Party without a node.
    #[error("no node")]
    NoNode,
    /// More nodes than a Party needs.
    #[error("{0} nodes, the limit is {NODES_MAX}")]
    TooManyNodes(usize),
    /// Not a role.
    #[error("`{}` is not a role", shown(.0))]
    Role(String),
    /// Not an acceptable public key.
    #[error("{0}")]
    Key(KeyError),
    /// Not an acceptable peer id.
    #[error("{0}")]
    PeerId(PeerIdError),
    /// The key serves elsewhere already.
    #[error("the same key as {0}")]
    DuplicateKey(String),
    /// Not the text of a signature.
    #[error("a proof of possession is 128 hexadecimal digits")]
    Signature,
    /// The proof is for another network, Party, purpose or key.
    #[error("the proof of possession does not verify")]
    Possession,
}

impl FaultKind {
    /// What to do about it.
    #[must_use]
    pub const fn hint(&self) -> &'static str {
        match self {
            Self::TooLarge { .. } => "this is not a genesis or Party file; look at what was sent",
            Self::Shape { .. } => "correct the line, or make the file again with `cites-node`",
            Self::Network(_) => {
                "3 to 32 lower-case letters, digits and single hyphens, beginning with a letter, such as cites-1 or demo-1"
            }
            Self::OtherNetwork { .. } => {
                "ask the Party to run `cites-node init` with the right --network"
            }
            Self::ProtocolVersion(_) => {
                "use the release of `cites-node` that the Parties agreed on"
            }
            Self::Parameter(_) => "correct the number under [parameters]",
            Self::NoParty => "add each Party's file with `cites-node genesis add` or `collect`",
            Self::TooManyParties(_) => "one entry for each Party; see genesis/parties.csv",
            Self::NoValidator => "at least one Party runs `cites-node init` without --follower",
            Self::TooManyValidators(_) => {
                "let some Parties follow: 21 to 31 voters are the useful size"
            }
            Self::PowerTotal | Self::NoPower => {
                "give each voting node a power of 1, or small whole numbers"
            }
            Self::Code(_) => "two capital letters, such as QS",
            Self::UnknownCode => "see genesis/parties.csv for the 185 codes",
            Self::InventedCode => "QM to QZ belong on networks named demo-…, test-… or sim-…",
            Self::RealCode => "on networks named demo-…, test-… or sim-… use the codes QM to QZ",
            Self::DuplicateCode { .. } => {
                "keep the entry that the Party confirms, remove the other"
            }
            Self::Name(_) => "1 to 80 visible characters, no space at either end",
            Self::Union(_) => {
                "2 to 16 capital letters and digits, beginning with a letter, such as EU"
            }
            Self::NoOffice => {
                "the Party runs `cites-node init` with --office ROLE=PUBLIC-KEY:PROOF"
            }
            Self::TooManyOffices(_) | Self::TooManyNodes(_) => {
                "enter the others later, by recorded decision"
            }
            Self::NoNode => {
                "the Party runs `cites-node init` on its node and sends the file it writes"
            }
            Self::Role(_) => "management, customs, scientific or governance",
            Self::Key(_) | Self::PeerId(_) => {
                "copy it again from the tool that made it; if it is the same, make a new key"
            }
            Self::DuplicateKey(_) => {
                "make a key of its own: one key serves one purpose of one Party"
            }
            Self::Signature => "copy it again from the tool that made it",
            Self::Possession => {
                "whoever holds the key makes the proof again, for exactly this network, Party and role"
            }
        }
    }
}

impl Fault {
    pub(crate) fn new(place: &str, kind: FaultKind) -> Self {
        Self {
            place: place.to_string(),
            kind,
        }
    }

    pub(crate) fn within(self, file: &str) -> Self {
        Self {
            place: alloc::format!("{}, {}", shown(file), self.place),
            kind: self.kind,
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.kind)
    }
}

/// All faults of a file: at least one. Displayed one a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Faults(Vec<Fault>);

impl Faults {
    pub(crate) fn one(fault: Fault) -> Self {
        Self(alloc::vec![fault])
    }

    /// `Ok` where there is none.
    pub(crate) fn unless_empty(faults: Vec<Fault>) -> Result<(), Self> {
        if faults.is_empty() {
            return Ok(());
        }
        Err(Self(faults))
    }

    /// The faults, in the order of the file.
    #[must_use]
    pub fn as_slice(&self) -> &[Fault] {
        &self.0
    }

    pub(crate) fn into_vec(self) -> Vec<Fault> {
        self.0
    }
}

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, fault) in self.0.iter().enumerate() {
            let separator = if index == 0 { "" } else { "\n" };
            write!(f, "{separator}{fault}")?;
        }
        Ok(())
    }
}

impl core::error::Error for Faults {}

/// A foreign text as it may be printed: escaped, so that it cannot steer a terminal, and at most 60 characters.
pub(crate) fn shown(text: &str) -> String {
    let mut short = String::new();
    for c in text.chars().take(60) {
        match c {
            '\'' | '"' => short.push(c),
            other => short.extend(other.escape_debug()),
        }
    }
    if text.chars().nth(60).is_some() {
        short.push('…');
    }
    short
}

/// A reader's message, which may quote the file, on one line and bounded.
fn one_line(message: &str) -> String {
    let visible = message
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c });
    visible
        .filter(|c| !NAME_DECEIVERS.contains(c))
        .take(300)
        .collect()
}

/// Characters that print as nothing or turn the direction of the line.
pub(super) const NAME_DECEIVERS: [char; 22] = [
    '\u{ad}', '\u{61c}', '\u{200b}', '\u{200c}', '\u{200d}', '\u{200e}', '\u{200f}', '\u{2028}',
    '\u{2029}', '\u{202a}', '\u{202b}', '\u{202c}', '\u{202d}', '\u{202e}', '\u{2060}', '\u{2066}',
    '\u{2067}', '\u{2068}', '\u{2069}', '\u{feff}', '\u{fffc}', '\u{fffd}',
];

const _: () = assert!(NAME_CHARS_MAX == 80, "the hint of FaultKind::Name says 80");

//! The exit codes: a promise to scripts. A crash never looks like a forgery (1 ≠ 4), a forgery never like a
//! typing mistake (4 ≠ 2), and anything but 0 means "do not go on by yourself".

use ledger::reason::Light;

/// How the program ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Done; for `verify`: green.
    Done = 0,
    /// The tool itself failed, or this device is not set up. Says nothing about a permit.
    Failed = 1,
    /// Wrong usage, as clap says it too.
    Usage = 2,
    /// Amber: a person must look.
    Amber = 3,
    /// Red: stop the goods.
    Red = 4,
    /// The node cannot be reached, or is not in step with the others. Try again.
    Unreachable = 5,
    /// The ledger refused the record; the reason's code is in the output. Do not try again.
    Refused = 6,
    /// A key is missing, locked, or not allowed for this act.
    Key = 7,
    /// The input is not a permit, or not what was asked for.
    NotAPermit = 8,
    /// Submitted, and not final within the time given: ask again with the record's name. Or kept on this device
    /// because no node answered: `cites queue send`.
    NotFinal = 9,
    /// Stopped by the person at the keyboard.
    Stopped = 130,
}

impl Exit {
    /// The number.
    pub(crate) const fn code(self) -> u8 {
        self as u8
    }

    /// How a check with this light ends.
    pub(crate) const fn of(light: Light) -> Self {
        match light {
            Light::Green => Self::Done,
            Light::Amber => Self::Amber,
            Light::Red => Self::Red,
        }
    }
}

//! The frauds of the workload: who cheats, how, and whether any ledger could see it.

use serde::Deserialize;

/// A fraud.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fraud {
    /// Presents a permit that no Party issued, or a real number at a Party that is not its destination.
    Forger,
    /// Shows a spent permit again: at another port of the same Party, and in its customs union.
    Photocopier,
    /// Is refused at one port and tries another Party.
    PortShopper,
    /// An authority that issues a number twice, disowns a use to try again, and back-dates without saying so.
    CorruptIssuer,
    /// An authority that issues permits for specimens that do not exist. Every record is in order, so no ledger
    /// sees it: what a signature cannot prove is that the words are true.
    PhantomIssuer,
    /// Ships more than was authorised, and lands more than left.
    OverShipper,
    /// Shows one permit at several ports at the same moment, before any of them can have heard of the others.
    DoubleRacer,
}

impl Fraud {
    /// All of them, in their order.
    pub const ALL: [Self; 7] = [
        Self::Forger,
        Self::Photocopier,
        Self::PortShopper,
        Self::CorruptIssuer,
        Self::PhantomIssuer,
        Self::OverShipper,
        Self::DoubleRacer,
    ];

    /// Its name in scenarios and results.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Forger => "forger",
            Self::Photocopier => "photocopier",
            Self::PortShopper => "port-shopper",
            Self::CorruptIssuer => "corrupt-issuer",
            Self::PhantomIssuer => "phantom-issuer",
            Self::OverShipper => "over-shipper",
            Self::DoubleRacer => "double-racer",
        }
    }

    /// Whether a ledger can see it at all.
    #[must_use]
    pub const fn is_visible(self) -> bool {
        match self {
            Self::PhantomIssuer => false,
            Self::Forger
            | Self::Photocopier
            | Self::PortShopper
            | Self::CorruptIssuer
            | Self::OverShipper
            | Self::DoubleRacer => true,
        }
    }
}

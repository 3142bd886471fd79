//! The stories of the frauds: the honest acts around them, and what of each fraud the ledger refuses.

use ledger::reason::Reason;
use ledger::record::CancelReason::Withdrawn;

use super::Expected::{Applied, Race, Refused};
use super::Fraud;
use super::author::Author;
use super::cast::Needs;
use super::cast::Who::{Destination, Issuer, Partner, Transit};
use super::deed::Amount::{Leaving, TooMany};
use super::deed::Deed::{Cancel, Endorse, Import, Issue, Refuse};
use super::deed::Form::{LongAgo, Plain};
use super::deed::Paper::{A, B};
use super::deed::Place::{Desk, OtherPort, Port};
use super::deed::{Row, row};
use super::market::Market;
use super::story::Story;
use super::table::Table;
use super::teller::Telling;
use super::year::{Planned, compressed};
use crate::parties::SetUpError;
use crate::random::Random;
use crate::scenario::SpanMs;

/// However much time is compressed, two acts are this far apart.
const STEP_MS_MIN: u64 = 100;

const ISSUED: Row = row(Issuer, Desk, Issue(A, Plain), Applied);
const ENDORSED: Row = row(Issuer, Port, Endorse(A, Leaving), Applied);
const IMPORTED: Row = row(Destination, Port, Import(A, Leaving), Applied);
const ANYWHERE_ELSE: Row = row(
    Transit,
    Port,
    Import(A, Leaving),
    Refused(Reason::WrongParty),
);
const USED_AGAIN: Row = row(
    Destination,
    OtherPort,
    Import(A, Leaving),
    Refused(Reason::Used),
);
const RACER: Row = row(Destination, Port, Import(A, Leaving), Race(Reason::Used));

#[rustfmt::skip]
const FORGER: &[Story] = &[
    // At a border of the very State whose permit it is said to be, or of another.
    Story(Needs::Nobody, &[
        row(Issuer, Port, Import(A, Leaving), Refused(Reason::NotIssued)).cheating(),
    ]),
    Story(Needs::Destination, &[
        row(Destination, Port, Import(A, Leaving), Refused(Reason::NotIssued)).cheating(),
    ]),
    // Somebody has copied the number of a real permit.
    Story(Needs::Transit, &[ISSUED, ENDORSED, ANYWHERE_ELSE.cheating(), IMPORTED]),
];

#[rustfmt::skip]
const PHOTOCOPIER: &[Story] = &[
    Story(Needs::Destination, &[ISSUED, ENDORSED, IMPORTED, USED_AGAIN.cheating()]),
    Story(Needs::Partner, &[
        ISSUED,
        ENDORSED,
        IMPORTED,
        USED_AGAIN.cheating(),
        row(Partner, Port, Import(A, Leaving), Refused(Reason::Used)).cheating(),
    ]),
];

#[rustfmt::skip]
const PORT_SHOPPER: &[Story] = &[Story(Needs::Transit, &[
    ISSUED,
    ENDORSED,
    // Customs look into the crate.
    row(Destination, Port, Refuse(A, Reason::Altered), Applied),
    ANYWHERE_ELSE.cheating(),
])];

#[rustfmt::skip]
const CORRUPT_ISSUER: &[Story] = &[
    // The same number for a second consignment.
    Story(Needs::Destination, &[
        ISSUED,
        ENDORSED,
        IMPORTED,
        row(Issuer, Desk, Issue(A, Plain), Refused(Reason::DuplicateNumber)).cheating(),
    ]),
    // A use is disowned to cover the next. The notice itself is any authority's right, and undoes nothing.
    Story(Needs::Destination, &[
        ISSUED,
        ENDORSED,
        IMPORTED,
        row(Issuer, Desk, Cancel(A, Withdrawn), Applied),
        row(Issuer, OtherPort, Endorse(A, Leaving), Refused(Reason::Used)).cheating(),
        USED_AGAIN.cheating(),
    ]),
    // A permit for goods that left long ago, as if it had been there then.
    Story(Needs::Destination, &[
        ISSUED,
        row(Issuer, Desk, Issue(B, LongAgo), Refused(Reason::GrantDate)).cheating(),
    ]),
];

#[rustfmt::skip]
const PHANTOM_ISSUER: &[Story] = &[Story(Needs::Destination, &[
    ISSUED.cheating(),
    ENDORSED.cheating(),
    IMPORTED.cheating(),
])];

#[rustfmt::skip]
const OVER_SHIPPER: &[Story] = &[Story(Needs::Destination, &[
    ISSUED,
    row(Issuer, Port, Endorse(A, TooMany), Refused(Reason::OverQuantity)).cheating(),
    ENDORSED,
    row(Destination, Port, Import(A, TooMany), Refused(Reason::OverQuantity)).cheating(),
    IMPORTED,
])];

#[rustfmt::skip]
const DOUBLE_RACER: &[Story] = &[
    Story(Needs::Destination, &[
        ISSUED,
        ENDORSED,
        RACER.cheating(),
        row(Destination, OtherPort, Import(A, Leaving), Race(Reason::Used)).cheating(),
    ]),
    Story(Needs::Partner, &[
        ISSUED,
        ENDORSED,
        RACER.cheating(),
        row(Destination, OtherPort, Import(A, Leaving), Race(Reason::Used)).cheating(),
        row(Partner, Port, Import(A, Leaving), Race(Reason::Used)).cheating(),
    ]),
];

impl Fraud {
    /// The ways of it.
    pub(super) const fn stories(self) -> &'static [Story] {
        match self {
            Self::Forger => FORGER,
            Self::Photocopier => PHOTOCOPIER,
            Self::PortShopper => PORT_SHOPPER,
            Self::CorruptIssuer => CORRUPT_ISSUER,
            Self::PhantomIssuer => PHANTOM_ISSUER,
            Self::OverShipper => OVER_SHIPPER,
            Self::DoubleRacer => DOUBLE_RACER,
        }
    }
}

/// Tells the frauds that permits of the year meet: each has papers of its own, of the same issuer and from the same
/// moment on, so that the honest year stays as it is, to the byte.
pub(super) fn tell<'a>(
    author: &mut Author<'a>,
    random: &mut Random,
    (table, market): (&Table, &Market<'a>),
    year: &[Planned<'a>],
) -> Result<(), SetUpError> {
    let trade = &author.scenario.trade;
    let (permille, compress) = (trade.fraud_permille, trade.compress);
    let pace = pace(table, compress);
    let frauds = match trade.frauds.as_slice() {
        [] => Fraud::ALL.to_vec(),
        named => named.to_vec(),
    };
    for (number_met, met) in year.iter().enumerate() {
        if !random.happens(permille.into()) {
            continue;
        }
        let chosen = random.choose(&frauds).copied();
        let (Some(fraud), Some(issuer)) = (chosen, met.issuer) else {
            continue;
        };
        let mut ways = fraud.stories().to_vec();
        random.shuffle(&mut ways);
        // Not every world has Parties for every way of it.
        let mut cast = |Story(needs, _): &Story| market.cast(random, issuer, *needs);
        let Some((story, cast)) = ways.iter().find_map(|way| Some((way, cast(way)?))) else {
            continue;
        };
        let name = format!("{}{number_met:06}/F", cast.issuer.code);
        let mut telling = Telling::new(author, random, (cast, name, met.at));
        telling.fraud = Some(fraud);
        telling.pace = pace;
        telling.tell(story)?;
    }
    Ok(())
}

/// Time between two acts of whoever cheats.
fn pace(table: &Table, compress: u32) -> SpanMs {
    let hours = table.between_steps_h.first().map(|(range, _)| range.0);
    let ms = |hours| u64::try_from(compressed(hours, compress).as_millis()).unwrap_or(u64::MAX);
    let [from, to] = hours
        .unwrap_or_default()
        .map(ms)
        .map(|ms| ms.max(STEP_MS_MIN));
    SpanMs([from, to])
}

//! Who plays which part in a story: drawn from the seats, as far as a world has such Parties.

use crate::parties::Seat;
use crate::random::Random;

/// A part in a story.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Who {
    /// Issues the permit.
    Issuer,
    /// Where the goods go.
    Destination,
    /// In the customs union of the destination.
    Partner,
    /// In no customs union with issuer or destination.
    Transit,
}

/// Whom a story needs besides its issuer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Needs {
    /// Nobody.
    Nobody,
    /// A destination.
    Destination,
    /// A destination, and a Party that has nothing to do with the trade.
    Transit,
    /// A destination in a customs union.
    Partner,
    /// All of them.
    Everybody,
}

impl Needs {
    const fn destination(self) -> bool {
        !matches!(self, Self::Nobody)
    }

    pub(super) const fn transit(self) -> bool {
        matches!(self, Self::Transit | Self::Everybody)
    }

    pub(super) const fn partner(self) -> bool {
        matches!(self, Self::Partner | Self::Everybody)
    }
}

/// Who plays which part.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cast<'a> {
    pub issuer: &'a Seat,
    pub destination: Option<&'a Seat>,
    pub partner: Option<&'a Seat>,
    pub transit: Option<&'a Seat>,
}

impl<'a> Cast<'a> {
    /// Draws who takes part; `None` where this world has no such Parties.
    pub(super) fn draw(random: &mut Random, seats: &'a [Seat], needs: Needs) -> Option<Self> {
        let mut order: [Vec<&Seat>; 4] = std::array::from_fn(|_| Vec::new());
        for seats_in_order in &mut order {
            let count = u64::try_from(seats.len()).unwrap_or(0);
            let first = usize::try_from(random.below(count)).unwrap_or(0);
            let from = seats.iter().skip(first).chain(seats.iter().take(first));
            *seats_in_order = from.collect();
        }
        Self::find(&order, needs)
    }

    /// The first that fit, in these orders: of issuers, destinations, partners and transit Parties.
    fn find(order: &[Vec<&'a Seat>; 4], needs: Needs) -> Option<Self> {
        let [issuers, destinations, partners, transits] = order;
        if !needs.destination() {
            return issuers.first().map(|issuer| Self::alone(issuer));
        }
        for destination in destinations {
            let partner_of =
                |seat: &&&Seat| seat.code != destination.code && are_one(seat, destination);
            let partner = partners.iter().find(partner_of).copied();
            if needs.partner() && partner.is_none() {
                continue;
            }
            for issuer in issuers.iter().filter(|seat| !are_one(seat, destination)) {
                let apart = |seat: &&&Seat| !are_one(seat, destination) && !are_one(seat, issuer);
                let transit = transits.iter().find(apart).copied();
                if needs.transit() && transit.is_none() {
                    continue;
                }
                return Some(Self {
                    issuer,
                    destination: Some(destination),
                    partner: partner.filter(|_| needs.partner()),
                    transit: transit.filter(|_| needs.transit()),
                });
            }
        }
        None
    }

    /// An issuer without anybody else.
    pub(super) const fn alone(issuer: &'a Seat) -> Self {
        Self {
            issuer,
            destination: None,
            partner: None,
            transit: None,
        }
    }

    /// Who plays a part.
    pub(super) const fn who(&self, who: Who) -> Option<&'a Seat> {
        match who {
            Who::Issuer => Some(self.issuer),
            Who::Destination => self.destination,
            Who::Partner => self.partner,
            Who::Transit => self.transit,
        }
    }
}

/// Whether two Parties are one for customs.
pub(super) fn are_one(one: &Seat, other: &Seat) -> bool {
    one.code == other.code || (one.union.is_some() && one.union == other.union)
}

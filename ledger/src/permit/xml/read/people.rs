//! Traders, authorities, signatories and places: the shapes that boxes 3, 4, 6, 13 and 14 share.

use super::super::tree::Element;
use super::draft::Draft;
use crate::permit::{Place, Signatory, Site, TradeParty};

impl Draft {
    /// A `…TradeParty`; the country stands in the second place, box 3a for the importer.
    pub(super) fn trade_party(
        &mut self,
        parent: &mut Element,
        name: &str,
        (at, country_at): (Place, Place),
    ) -> TradeParty {
        let mut element = self.part(parent, name, at);
        let mut address = self.part(&mut element, "PostalTradeAddress", at);
        let party = TradeParty {
            id: self.joined(&mut element, "ID", at),
            name: self.joined(&mut element, "Name", at),
            postcode: self.joined(&mut address, "PostcodeCode", at),
            po_box: self.joined(&mut address, "PostOfficeBox", at),
            street: self.joined(&mut address, "StreetName", at),
            city: self.joined(&mut address, "CityName", at),
            country: self.country(&mut address, "CountryID", country_at),
            country_name: self.joined(&mut address, "CountryName", country_at),
            subdivision: self.joined(&mut address, "CountrySubDivisionName", at),
            representative: self.person(&mut element, "SpecifiedRepresentativePerson", at),
            signer: self.person(&mut element, "SpecifiedAuthoritativeSignatoryPerson", at),
        };
        self.rest(address);
        self.rest(element);
        party
    }

    fn person(
        &mut self,
        parent: &mut Element,
        name: &str,
        at: Place,
    ) -> Option<crate::permit::text::Text> {
        let mut person = self.part(parent, name, at);
        let text = self.joined(&mut person, "Name", at);
        self.rest(person);
        text
    }

    /// A `…SignatoryDocumentAuthentication`; its identifier stands in the second place, box 5b for the
    /// Management Authority.
    pub(super) fn signatory(
        &mut self,
        parent: &mut Element,
        name: &str,
        (at, id_at): (Place, Place),
    ) -> Signatory {
        let mut element = self.part(parent, name, at);
        // A, B, C or D: the element's own name says the same.
        let _kind = self.leaf(&mut element, "TypeCode", at);
        let signatory = Signatory {
            at: self.moment(&mut element, "ActualDateTime", at),
            id: self.joined(&mut element, "ID", id_at),
            statement: self.joined(&mut element, "Statement", at),
            by: self.trade_party(&mut element, "ProviderTradeParty", (at, at)),
            place: self.site(&mut element, "IssueLogisticsLocation", at),
        };
        self.rest(element);
        signatory
    }

    /// A `…LogisticsLocation`.
    pub(super) fn site(&mut self, parent: &mut Element, name: &str, at: Place) -> Site {
        let mut element = self.part(parent, name, at);
        let site = Site {
            id: self.joined(&mut element, "ID", at),
            name: self.joined(&mut element, "Name", at),
        };
        self.rest(element);
        site
    }
}

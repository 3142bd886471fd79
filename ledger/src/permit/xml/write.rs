//! From [`Permit`] to XML: what was read can be given back, element by element in the order of the toolkit.

use alloc::string::{String, ToString as _};
use core::fmt::Display;

use crate::codes::Kind;
use crate::permit::{Line, Measure, Permit, Provenance, Signatory, Site, TradeParty};

const ROOT: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
    <rsm:CITESEPermit xmlns:rsm=\"urn:un:unece:uncefact:data:standard:CITESEPermit:2\"\n    \
    xmlns:ram=\"urn:un:unece:uncefact:data:draft:ReusableAggregateBusinessInformationEntity:1\">\n";

/// Writes an e-permit of toolkit version 2. Reading it gives the same permit, if it keeps the rules.
#[must_use]
pub fn write(permit: &Permit) -> String {
    let mut writer = Writer {
        out: ROOT.into(),
        depth: 1,
    };
    writer.context();
    writer.inside("rsm:HeaderExchangedDocument", |w| w.header(permit));
    writer.inside("rsm:SpecifiedSupplyChainConsignment", |w| {
        w.consignment(permit);
    });
    writer.out.push_str("</rsm:CITESEPermit>\n");
    writer.out
}

struct Writer {
    out: String,
    depth: usize,
}

impl Writer {
    fn indent(&mut self) {
        for _ in 0..self.depth {
            self.out.push_str("  ");
        }
    }

    /// An element around what `content` writes; nothing where that is nothing.
    fn inside(&mut self, name: &str, content: impl FnOnce(&mut Self)) {
        let before = self.out.len();
        self.indent();
        for part in ["<", name, ">\n"] {
            self.out.push_str(part);
        }
        let opened = self.out.len();
        self.depth = self.depth.saturating_add(1);
        content(self);
        self.depth = self.depth.saturating_sub(1);
        if self.out.len() == opened {
            self.out.truncate(before);
            return;
        }
        self.indent();
        for part in ["</", name, ">\n"] {
            self.out.push_str(part);
        }
    }

    /// An element with a value.
    fn leaf(&mut self, name: &str, value: &impl Display) {
        self.leaf_with(name, "", value);
    }

    fn leaf_with(&mut self, name: &str, attribute: &str, value: &impl Display) {
        self.indent();
        let value = value.to_string();
        let value = quick_xml::escape::partial_escape(value.as_str());
        for part in ["<ram:", name, attribute, ">", &value, "</ram:", name, ">\n"] {
            self.out.push_str(part);
        }
    }

    fn some<T: Display>(&mut self, name: &str, value: Option<T>) {
        if let Some(value) = value {
            self.leaf(name, &value);
        }
    }

    /// Fixed: says that this is a CITES permit.
    fn context(&mut self) {
        self.inside("rsm:SpecifiedExchangedDocumentContext", |w| {
            w.inside(
                "ram:BusinessProcessSpecifiedDocumentContextParameter",
                |w| {
                    w.leaf("ID", &1);
                    w.leaf("Value", &"CITES PERMITTING");
                    w.inside("ram:SpecifiedDocumentVersion", |w| w.leaf("ID", &1));
                },
            );
        });
    }

    /// Boxes 1, 2, 5, 5a, 5b, 6, 13 and signatures.
    fn header(&mut self, permit: &Permit) {
        self.leaf("ID", &permit.number);
        self.some("Name", kind_name(permit));
        self.leaf_with(
            "TypeCode",
            " listID=\"1001\" listAgencyID=\"6\"",
            &permit.kind.letter(),
        );
        self.leaf("IssueDateTime", &permit.issued);
        self.leaf("CopyIndicator", &permit.is_copy);
        self.some("Purpose", permit.purpose_text.as_ref());
        self.leaf("PurposeCode", &permit.purpose);
        for condition in &permit.conditions {
            self.leaf("Information", condition);
        }
        // Partners look for box 2 in one place or the other.
        self.inside("ram:ReferenceReferencedDocument", |w| w.period(permit));
        self.period(permit);
        self.site("ram:IssueLogisticsLocation", &permit.issued_in);
        for (ordinal, code, signatory) in [
            ("First", 'A', &permit.authority),
            ("Second", 'B', &permit.applicant),
            ("Third", 'C', &permit.officer),
            ("Fourth", 'D', &permit.endorsement.signed),
        ] {
            self.signatory(ordinal, code, signatory);
        }
    }

    fn period(&mut self, permit: &Permit) {
        self.inside("ram:EffectiveSpecifiedPeriod", |w| {
            w.some("StartDateTime", permit.valid_from);
            w.leaf("EndDateTime", &permit.valid_until);
        });
    }

    fn signatory(&mut self, ordinal: &str, code: char, signatory: &Signatory) {
        if *signatory == Signatory::default() {
            return;
        }
        let name = alloc::format!("ram:{ordinal}SignatoryDocumentAuthentication");
        self.inside(&name, |w| {
            w.leaf("TypeCode", &code);
            w.some("ActualDateTime", signatory.at);
            w.some("ID", signatory.id.as_ref());
            w.some("Statement", signatory.statement.as_ref());
            w.trade_party("ram:ProviderTradeParty", &signatory.by);
            w.site("ram:IssueLogisticsLocation", &signatory.place);
        });
    }

    fn trade_party(&mut self, name: &str, party: &TradeParty) {
        self.inside(name, |w| {
            w.some("ID", party.id.as_ref());
            w.some("Name", party.name.as_ref());
            w.inside("ram:PostalTradeAddress", |w| {
                w.some("PostcodeCode", party.postcode.as_ref());
                w.some("PostOfficeBox", party.po_box.as_ref());
                w.some("StreetName", party.street.as_ref());
                w.some("CityName", party.city.as_ref());
                w.some("CountryID", party.country);
                w.some("CountryName", party.country_name.as_ref());
                w.some("CountrySubDivisionName", party.subdivision.as_ref());
            });
            w.inside("ram:SpecifiedRepresentativePerson", |w| {
                w.some("Name", party.representative.as_ref());
            });
            w.inside("ram:SpecifiedAuthoritativeSignatoryPerson", |w| {
                w.some("Name", party.signer.as_ref());
            });
        });
    }

    fn site(&mut self, name: &str, site: &Site) {
        self.inside(name, |w| {
            w.some("ID", site.id.as_ref());
            w.some("Name", site.name.as_ref());
        });
    }

    /// Boxes 3, 4, 14, 15 and the lines.
    fn consignment(&mut self, permit: &Permit) {
        self.trade_party("ram:ConsignorTradeParty", &permit.exporter);
        self.trade_party("ram:ConsigneeTradeParty", &permit.importer);
        self.inside("ram:TransportContractReferencedDocument", |w| {
            w.some("IssueDateTime", permit.transport.issued);
            w.some("TypeCode", permit.transport.type_code.as_ref());
            w.some("ID", permit.transport.number.as_ref());
        });
        self.inside("ram:ExaminationTransportEvent", |w| {
            w.some("ActualOccurrenceDateTime", permit.endorsement.at);
            w.site("ram:OccurrenceLogisticsLocation", &permit.endorsement.port);
            w.trade_party("ram:CertifyingTradeParty", &permit.endorsement.certified_by);
        });
        for line in &permit.lines {
            self.inside("ram:IncludedSupplyChainConsignmentItem", |w| w.line(line));
        }
    }

    /// Boxes 7 to 12b, and 14 by line.
    fn line(&mut self, line: &Line) {
        self.leaf("ID", &line.id);
        self.inside("ram:PhysicalLogisticsShippingMarks", |w| {
            for mark in &line.marks {
                w.leaf("Marking", mark);
            }
        });
        for (name, from) in [
            ("ram:OriginTradeCountry", &line.origin),
            ("ram:ExportTradeCountry", &line.last_re_export),
        ] {
            self.inside(name, |w| {
                w.some("ID", from.country);
                w.some("Name", from.country_name.as_ref());
            });
        }
        self.cited('E', &line.origin);
        self.cited('R', &line.last_re_export);
        self.inside("ram:TransportLogisticsPackage", |w| {
            w.measure("ItemQuantity", Some(line.authorised));
        });
        self.inside("ram:IncludedSupplyChainTradeLineItem", |w| {
            w.leaf("TypeCode", &line.appendix);
            match line.second_source {
                Some(second) => w.leaf(
                    "TypeExtensionCode",
                    &alloc::format!("{}/{second}", line.source),
                ),
                None => w.leaf("TypeExtensionCode", &line.source),
            }
            w.inside("ram:SpecifiedTradeProduct", |w| {
                w.some("Description", line.description.as_ref());
                w.some("TypeCode", line.term);
                w.some("CommonName", line.common_name.as_ref());
                w.leaf("ScientificName", &line.taxon);
            });
        });
        self.inside("ram:ExaminationTransportEvent", |w| {
            w.measure("UnitQuantity", line.endorsed);
        });
        self.inside("ram:ApplicableCrossBorderRegulatoryProcedure", |w| {
            w.some("CategoryCode", line.category.as_ref());
            w.measure("UsedToDateQuotaQuantity", line.used_to_date);
            w.measure("AnnualQuotaQuantity", line.quota);
            w.some("AcquisitionDateTime", line.acquired);
            w.inside("ram:PreviousReferencedDocument", |w| {
                w.some("ID", line.operation.as_ref());
                w.some("Name", line.operation_name.as_ref());
            });
        });
    }

    fn cited(&mut self, letter: char, from: &Provenance) {
        for cited in &from.documents {
            self.inside("ram:AssociatedReferencedDocument", |w| {
                w.some("IssueDateTime", cited.issued);
                w.leaf("TypeCode", &letter);
                w.some("ID", cited.number.as_ref());
            });
        }
    }

    fn measure(&mut self, name: &str, measure: Option<Measure>) {
        if let Some(Measure { quantity, unit }) = measure {
            self.leaf_with(name, &alloc::format!(" unitCode=\"{unit}\""), &quantity);
        }
    }
}

/// Box 1.1: the name, or the kind's title where the letter alone would not tell it.
fn kind_name(permit: &Permit) -> Option<String> {
    let title = match permit.kind {
        Kind::Export | Kind::ReExport | Kind::Import => None,
        Kind::Origin
        | Kind::IntroductionFromTheSea
        | Kind::PreConvention
        | Kind::CaptiveBred
        | Kind::Phytosanitary
        | Kind::TravellingExhibition
        | Kind::PersonalOwnership
        | Kind::MusicalInstrument
        | Kind::SampleCollection
        | Kind::Other => Some(permit.kind.title().to_string()),
    };
    permit
        .kind_name
        .as_ref()
        .map(|name| name.to_string())
        .or(title)
}

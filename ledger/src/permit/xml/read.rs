//! From XML to [`Permit`]: finds the permit in its envelope, reads header and consignment, tells all faults.

mod draft;
mod line;
mod people;

use alloc::format;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;

use self::draft::Draft;
use super::Reading;
use super::tree::{self, Element};
use crate::codes::{Kind, Purpose};
use crate::limits::LINES_MAX;
use crate::permit::fault::{FaultCode, PermitError, PermitFault};
use crate::permit::number::PermitNumber;
use crate::permit::rules::{self, Findings, RuleId, Validity};
use crate::permit::text::Text;
use crate::permit::{
    Endorsement, FormBox, Line, Moment, Permit, Place, Signatory, Site, TradeParty, Transport,
};

/// Reads an e-permit of toolkit version 2, at most 1 MiB, and checks what can be checked without the ledger.
///
/// # Errors
/// [`PermitError`] with all faults: ill-formed XML alone, otherwise every wrong box at once.
pub fn read(xml: &[u8]) -> Result<Reading, PermitError> {
    read_but(xml, |_| false)
}

/// Reads a document that was presented, to be judged: what can be read and breaks a rule is a warning, for the
/// ledger's answer is the verdict, and a forgery must not look like a file that cannot be read.
///
/// # Errors
/// [`PermitError`] where a box cannot be read, with all faults.
pub fn read_presented(xml: &[u8]) -> Result<Reading, PermitError> {
    use RuleId::{R04, R05, R08, R13, R14};
    let judged = [R04, R05, R08, R13, R14].map(Some);
    read_but(xml, |fault| judged.contains(&fault.rule))
}

fn read_but(xml: &[u8], is_doubt: impl Fn(&PermitFault) -> bool) -> Result<Reading, PermitError> {
    let root = tree::parse(xml).map_err(alone)?;
    let permit = find_permit(root).map_err(alone)?;
    let mut draft = Draft::default();
    let permit = draft.permit(permit);
    let Draft {
        faults,
        more,
        mut warnings,
        tolerated,
        ..
    } = draft;
    match permit {
        Some(permit) if more == 0 && faults.iter().all(is_doubt) => {
            warnings.extend(faults);
            warnings.sort();
            warnings.dedup();
            Ok(Reading {
                permit,
                tolerated,
                warnings,
            })
        }
        Some(_) | None => Err(PermitError::new(Findings { faults, warnings }, more)),
    }
}

fn alone(fault: PermitFault) -> PermitError {
    let found = Findings {
        faults: vec![fault],
        warnings: Vec::new(),
    };
    PermitError::new(found, 0)
}

const PERMIT: &str = "CITESEPermit";

/// The one permit in whatever it is wrapped in. Two are refused: another reader may take the other one.
fn find_permit(root: Element) -> Result<Element, PermitFault> {
    let fault = |xml_line, message: String| PermitFault {
        xml_line: Some(xml_line),
        place: None,
        code: FaultCode::NoPermit,
        message,
        rule: None,
    };
    let version_1 = (root.xml_line, contains(&root, "CBFShip"));
    let mut found = Vec::new();
    collect(root, &mut found);
    let mut found = found.into_iter();
    match (found.next(), found.next()) {
        (Some(permit), None) => Ok(permit),
        (Some(_), Some(second)) => {
            Err(fault(second.xml_line, "a second permit in one file".into()))
        }
        (None, _) if version_1.1 => Err(fault(
            version_1.0,
            "toolkit version 1 (`CBFShip`) is not read".into(),
        )),
        (None, _) => Err(fault(version_1.0, format!("no `{PERMIT}` in the file"))),
    }
}

fn contains(element: &Element, name: &str) -> bool {
    element.name == name || element.children.iter().any(|child| contains(child, name))
}

fn collect(mut element: Element, found: &mut Vec<Element>) {
    let children = core::mem::take(&mut element.children);
    if element.name == PERMIT {
        element.children = children;
        found.push(element);
        return;
    }
    for child in children {
        collect(child, found);
    }
}

impl Draft {
    fn permit(&mut self, mut root: Element) -> Option<Permit> {
        let xml_line = root.xml_line;
        self.context(&mut root);
        let box_1 = Place::of(FormBox::B1);
        let mut header = self.part(&mut root, "HeaderExchangedDocument", box_1);
        let mut consignment = self.part(
            &mut root,
            "SpecifiedSupplyChainConsignment",
            Place::of(FormBox::B4),
        );
        self.rest(root);
        let header_line = header.xml_line;
        let head = self.header(&mut header);
        let [authority, applicant, officer, examiner] = self.signatories(&mut header);
        self.rest(header);
        let box_6 = Place::of(FormBox::B6);
        let country = authority.by.country;
        let country_of = (
            header_line,
            box_6,
            "the country of the Management Authority",
        );
        let _country = self.required(country, country_of);
        let lines = self.lines(&mut consignment, head.purpose);
        let endorsement = self.endorsement(&mut consignment, examiner);
        let transport = self.transport(&mut consignment);
        let (box_3, box_3a) = (Place::of(FormBox::B3), Place::of(FormBox::B3a));
        let box_4 = Place::of(FormBox::B4);
        let importer = self.trade_party(&mut consignment, "ConsigneeTradeParty", (box_3, box_3a));
        let exporter = self.trade_party(&mut consignment, "ConsignorTradeParty", (box_4, box_4));
        let consignment_line = consignment.xml_line;
        self.rest(consignment);
        self.country_of_import(head.kind, &importer, consignment_line);
        let permit = Permit {
            number: head.number?,
            kind: head.kind?,
            kind_name: head.kind_name,
            is_copy: head.is_copy,
            valid_from: head.valid_from,
            valid_until: head.valid_until?,
            importer,
            exporter,
            applicant,
            conditions: head.conditions,
            purpose: head.purpose?,
            purpose_text: head.purpose_text,
            authority,
            issued: head.issued?,
            issued_in: head.issued_in,
            officer,
            lines,
            endorsement,
            transport,
        };
        self.traders(&permit, consignment_line);
        let mut found = Findings::default();
        rules::check_together(&permit, &mut found);
        self.adopt(found, xml_line);
        Some(permit)
    }

    /// Says only that this is a CITES permit.
    fn context(&mut self, root: &mut Element) {
        for mut context in root.take("SpecifiedExchangedDocumentContext") {
            for mut process in context.take("BusinessProcessSpecifiedDocumentContextParameter") {
                for value in process.take("Value") {
                    let text = value.text.trim();
                    if !text.is_empty() && !text.eq_ignore_ascii_case("CITES PERMITTING") {
                        let message = format!("business context `{}`", tree::clip(text));
                        self.warn(value.xml_line, None, FaultCode::Unknown, message);
                    }
                }
            }
        }
    }

    /// Boxes 1, 2, 5, 5a and 13.
    fn header(&mut self, header: &mut Element) -> Head {
        let xml_line = header.xml_line;
        let (box_1, box_5a) = (Place::of(FormBox::B1), Place::of(FormBox::B5a));
        let box_13 = Place::of(FormBox::B13);
        let number = self.number(header, box_1);
        let number = self.required(number, (xml_line, box_1, "the permit number"));
        let (kind, kind_name) = self.kind(header);
        let is_copy = self.is_copy(header);
        let issued = self.moment(header, "IssueDateTime", box_13);
        let issued = self.required(issued, (xml_line, box_13, "the date of issue"));
        let (valid_from, valid_until) = self.validity(header);
        let conditions = self.texts(header, "Information", Place::of(FormBox::B5));
        let purpose = self.leaf(header, "PurposeCode", box_5a);
        let purpose =
            purpose.and_then(|leaf| self.code(&leaf, (box_5a, "a purpose"), Purpose::from_code));
        let purpose = self.required(purpose, (xml_line, box_5a, "the purpose"));
        let purpose_text = self.joined(header, "Purpose", box_5a);
        let issued_in = self.site(header, "IssueLogisticsLocation", box_13);
        if let (Some(kind), Some(issued), Some(until)) = (kind, issued, valid_until) {
            let mut found = Findings::default();
            let validity = Validity {
                kind,
                issued,
                from: valid_from,
                until,
            };
            rules::check_validity(&validity, &mut found);
            self.adopt(found, xml_line);
        }
        Head {
            number,
            kind,
            kind_name,
            is_copy,
            valid_from,
            valid_until,
            conditions,
            purpose,
            purpose_text,
            issued,
            issued_in,
        }
    }

    /// Boxes 1 and 1.1.
    fn kind(&mut self, header: &mut Element) -> (Option<Kind>, Option<Text>) {
        let (xml_line, at) = (header.xml_line, Place::of(FormBox::B1));
        let name = self.joined(header, "Name", Place::of(FormBox::B1_1));
        let Some(letter) = self.leaf(header, "TypeCode", at) else {
            self.missing(xml_line, at, "the kind of document");
            return (None, name);
        };
        let told = name.as_ref().map_or("", Text::as_str);
        let what = (at, "a kind of document: E, R, I or O");
        let kind = self.code(&letter, what, |code| Kind::from_box_1(code, told));
        let is_title = kind.is_some_and(|kind| told == kind.title());
        (kind, name.filter(|_| !is_title))
    }

    fn is_copy(&mut self, header: &mut Element) -> bool {
        let at = Place::of(FormBox::B1);
        let Some(leaf) = self.leaf(header, "CopyIndicator", at) else {
            return false;
        };
        match leaf.text.as_str() {
            "true" | "1" => true,
            "false" | "0" => false,
            other => {
                let message = format!(
                    "copy indicator `{}` is neither true nor false",
                    tree::clip(other)
                );
                self.fault(leaf.xml_line, at, FaultCode::Xsd, message);
                false
            }
        }
    }

    /// Box 2, in its two places: both must say the same.
    fn validity(&mut self, header: &mut Element) -> (Option<Moment>, Option<Moment>) {
        let (xml_line, at) = (header.xml_line, Place::of(FormBox::B2));
        let mut period = self.part(header, "EffectiveSpecifiedPeriod", at);
        let mut from = self.moment(&mut period, "StartDateTime", at);
        let mut until = self.moment(&mut period, "EndDateTime", at);
        self.rest(period);
        for mut document in header.take("ReferenceReferencedDocument") {
            let is_other = document
                .children
                .iter()
                .any(|child| child.name == "ID" && !draft::is_blank(child));
            if is_other {
                // It is about another document, such as a replaced permit; its period is not ours.
                self.rest(document);
                continue;
            }
            let mut period = self.part(&mut document, "EffectiveSpecifiedPeriod", at);
            let period_line = period.xml_line;
            let again = self.moment(&mut period, "StartDateTime", at);
            self.same(&mut from, again, (period_line, "valid from"));
            let again = self.moment(&mut period, "EndDateTime", at);
            self.same(&mut until, again, (period_line, "valid until"));
            self.rest(period);
            self.rest(document);
        }
        let until = self.required(until, (xml_line, at, "the last day of validity"));
        (from, until)
    }

    fn same(
        &mut self,
        first: &mut Option<Moment>,
        again: Option<Moment>,
        (xml_line, what): (u32, &str),
    ) {
        match (*first, again) {
            (Some(one), Some(other)) if one != other => {
                let message = format!("{what} {one} in one place, {other} in another");
                self.fault(xml_line, Place::of(FormBox::B2), FaultCode::Dates, message);
            }
            (None, Some(_)) => *first = again,
            (Some(_), _) | (None, None) => {}
        }
    }

    /// Boxes 5b, 6, 4, 13 and 14.
    fn signatories(&mut self, header: &mut Element) -> [Signatory; 4] {
        [
            ("First", FormBox::B6, FormBox::B5b),
            ("Second", FormBox::B4, FormBox::B4),
            ("Third", FormBox::B13, FormBox::B13),
            ("Fourth", FormBox::B14, FormBox::B14),
        ]
        .map(|(ordinal, form_box, id_box)| {
            let name = format!("{ordinal}SignatoryDocumentAuthentication");
            self.signatory(header, &name, (Place::of(form_box), Place::of(id_box)))
        })
    }

    /// Boxes 7 to 12b of all lines, ascending.
    fn lines(&mut self, consignment: &mut Element, purpose: Option<Purpose>) -> Vec<Line> {
        let items = consignment.take("IncludedSupplyChainConsignmentItem");
        // Unused blocks of a template.
        let (blank, items): (Vec<_>, Vec<_>) = items.into_iter().partition(draft::is_blank);
        for item in &blank {
            self.count_blank(item);
        }
        let at = Place::of(FormBox::B7);
        if items.is_empty() {
            self.missing(consignment.xml_line, at, "a line");
        }
        let mut lines: Vec<Line> = Vec::new();
        for (index, item) in items.into_iter().enumerate() {
            let xml_line = item.xml_line;
            if index >= LINES_MAX {
                let message = format!("more than {LINES_MAX} lines");
                self.fault(xml_line, at, FaultCode::TooMany, message);
                break;
            }
            let Some(line) = self.line(item) else {
                continue;
            };
            let mut found = Findings::default();
            rules::check_line(&line, &mut found);
            if let Some(purpose) = purpose {
                rules::check_pairs(&line, purpose, &mut found);
            }
            self.adopt(found, xml_line);
            if lines.iter().any(|other| other.id == line.id) {
                let message = format!("a second line {}", line.id);
                self.fault(
                    xml_line,
                    Place::on(FormBox::B7, line.id),
                    FaultCode::Repeated,
                    message,
                );
            }
            lines.push(line);
        }
        lines.sort_by_key(|line| line.id);
        lines
    }

    /// Box 14.
    fn endorsement(&mut self, consignment: &mut Element, signed: Signatory) -> Endorsement {
        let at = Place::of(FormBox::B14);
        let mut event = self.part(consignment, "ExaminationTransportEvent", at);
        let endorsement = Endorsement {
            signed,
            at: self.moment(&mut event, "ActualOccurrenceDateTime", at),
            port: self.site(&mut event, "OccurrenceLogisticsLocation", at),
            certified_by: self.trade_party(&mut event, "CertifyingTradeParty", (at, at)),
        };
        self.rest(event);
        endorsement
    }

    /// Box 15.
    fn transport(&mut self, consignment: &mut Element) -> Transport {
        let at = Place::of(FormBox::B15);
        let mut document = self.part(consignment, "TransportContractReferencedDocument", at);
        let transport = Transport {
            number: self.joined(&mut document, "ID", at),
            type_code: self.text(&mut document, "TypeCode", at),
            issued: self.moment(&mut document, "IssueDateTime", at),
        };
        self.rest(document);
        transport
    }

    /// Box 3a: every kind but passports has one destination.
    fn country_of_import(&mut self, kind: Option<Kind>, importer: &TradeParty, xml_line: u32) {
        if !kind.is_some_and(Kind::is_multi_crossing) {
            let at = Place::of(FormBox::B3a);
            let what = (xml_line, at, "the country of import");
            let _country = self.required(importer.country, what);
        }
    }

    /// Boxes 3 and 4: who should be named.
    fn traders(&mut self, permit: &Permit, xml_line: u32) {
        let may_be_blank = permit.kind.is_multi_crossing();
        if permit.importer.name.is_none() && !may_be_blank {
            let message = "the name of the importer is missing".into();
            self.warn(
                xml_line,
                Some(Place::of(FormBox::B3)),
                FaultCode::Missing,
                message,
            );
        }
        if permit.exporter.name.is_none() {
            let message = "the name of the exporter is missing".into();
            self.warn(
                xml_line,
                Some(Place::of(FormBox::B4)),
                FaultCode::Missing,
                message,
            );
        }
    }
}

/// Boxes 1, 2, 5, 5a and 13. A box that must be filled and is absent here has its fault noted.
struct Head {
    number: Option<PermitNumber>,
    kind: Option<Kind>,
    kind_name: Option<Text>,
    is_copy: bool,
    valid_from: Option<Moment>,
    valid_until: Option<Moment>,
    conditions: Vec<Text>,
    purpose: Option<Purpose>,
    purpose_text: Option<Text>,
    issued: Option<Moment>,
    issued_in: Site,
}

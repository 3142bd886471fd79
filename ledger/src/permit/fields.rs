//! A permit as a list of (path, value): what the commitment is over, and how a box is named to people.
//!
//! ```text
//! path  = box "/" [ line "/" ] name *( "/" ( name / index ) )     11/A/quantity    9/B/mark/00002
//! box   = "1" | "1.1" | "2" | "3" | "3a" | … | "13"               as printed on the form
//! line  = "A" … "IP"                                              boxes 7 to 12b only, and always there
//! name  = lower-case letters, digits and "-", beginning with a letter
//! index = five digits, from 00001, in the order of the document
//! ```
//!
//! The first field is `#schema`; `#` sorts before every box. Values are texts in their normal form: codes,
//! decimals without trailing zeros, dates and times as [`super::Moment`] shows them, `true` or `false`.
//! A box that is not filled has no field. Boxes 14 and 15 have none ever: they are filled after the issue,
//! and are records of their own. A path or value that changes its meaning needs another schema.

use alloc::format;
use alloc::string::{String, ToString as _};
use alloc::vec::Vec;
use core::fmt::Display;

use super::text::Text;
use super::{
    FormBox, Line, LineId, Measure, Permit, Place, Provenance, Signatory, Site, TradeParty,
};

/// Path of the first field.
pub const SCHEMA_PATH: &str = "#schema";
/// Value of the first field: the version of this list.
pub const SCHEMA: &str = "cites-permit/1";

/// One field of a permit.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Field {
    /// Where it stands.
    pub path: String,
    /// What it says, in its normal form.
    pub value: String,
}

/// All fields of a permit, ascending by path (as bytes), each path once.
#[must_use]
pub fn fields(permit: &Permit) -> Vec<Field> {
    let mut list = List(Vec::new());
    list.put(SCHEMA_PATH.into(), &SCHEMA);
    list.header(permit);
    for line in &permit.lines {
        list.line(line);
    }
    list.0.sort();
    // Two lines of one letter can be built but neither read nor pass the rules: no path has two leaves.
    list.0.dedup_by(|later, earlier| later.path == earlier.path);
    list.0
}

/// Box and line of a path; `None` for the schema and for what is no path.
#[must_use]
pub fn box_of(path: &str) -> Option<Place> {
    let (number, rest) = path.split_once('/')?;
    let known = |one: &&FormBox| one.as_str() == number && **one < FormBox::B14;
    let form_box = FormBox::ALL.iter().find(known).copied()?;
    if !form_box.has_lines() {
        return is_name_path(rest).then_some(Place::of(form_box));
    }
    let (line, rest) = rest.split_once('/')?;
    let line: LineId = line.parse().ok()?;
    is_name_path(rest).then_some(Place::on(form_box, line))
}

/// `name *( "/" ( name / index ) )`
fn is_name_path(path: &str) -> bool {
    let is_name = |part: &str| {
        part.starts_with(|c: char| c.is_ascii_lowercase())
            && part
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
    };
    let is_index = |part: &str| part.len() == 5 && part.bytes().all(|byte| byte.is_ascii_digit());
    let mut parts = path.split('/');
    parts.next().is_some_and(is_name) && parts.all(|part| is_name(part) || is_index(part))
}

struct List(Vec<Field>);

impl List {
    fn put(&mut self, path: String, value: &impl Display) {
        let value = value.to_string();
        self.0.push(Field { path, value });
    }

    fn some<T: Display>(&mut self, path: &str, value: Option<T>) {
        if let Some(value) = value {
            self.put(path.into(), &value);
        }
    }

    /// Boxes 1 to 6 and 13.
    fn header(&mut self, permit: &Permit) {
        self.put("1/number".into(), &permit.number);
        self.put("1/kind".into(), &permit.kind);
        self.put("1/copy".into(), &permit.is_copy);
        self.some("1.1/name", permit.kind_name.as_ref());
        self.some("2/valid-from", permit.valid_from);
        self.put("2/valid-until".into(), &permit.valid_until);
        self.trade_party("3", &permit.importer);
        self.some("3a/country", permit.importer.country);
        self.trade_party("4", &permit.exporter);
        self.some("4/country", permit.exporter.country);
        self.signatory("4/applicant", &permit.applicant);
        self.some("4/applicant/id", permit.applicant.id.as_ref());
        self.numbered("5/condition", &permit.conditions);
        self.put("5a/purpose".into(), &permit.purpose);
        self.some("5a/text", permit.purpose_text.as_ref());
        self.some("5b/stamp", permit.authority.id.as_ref());
        self.signatory("6/authority", &permit.authority);
        self.put("13/issued".into(), &permit.issued);
        self.site("13/place", &permit.issued_in);
        self.signatory("13/officer", &permit.officer);
        self.some("13/officer/id", permit.officer.id.as_ref());
    }

    /// Boxes 7 to 12b.
    fn line(&mut self, line: &Line) {
        let at = |form_box: &str, name: &str| format!("{form_box}/{}/{name}", line.id);
        self.put(at("7", "taxon"), &line.taxon);
        self.some(&at("8", "common-name"), line.common_name.as_ref());
        self.some(&at("9", "term"), line.term);
        self.some(&at("9", "description"), line.description.as_ref());
        self.numbered(&at("9", "mark"), &line.marks);
        self.put(at("10", "appendix"), &line.appendix);
        self.put(at("10", "source"), &line.source);
        self.some(&at("10", "second-source"), line.second_source);
        self.put(at("11", "quantity"), &line.authorised.quantity);
        self.put(at("11", "unit"), &line.authorised.unit);
        self.measure(&at("11a", "used-to-date"), line.used_to_date);
        self.measure(&at("11a", "quota"), line.quota);
        self.provenance(&at("12", "origin"), &line.origin);
        self.provenance(&at("12a", "re-export"), &line.last_re_export);
        self.some(&at("12b", "category"), line.category.as_ref());
        self.some(&at("12b", "operation"), line.operation.as_ref());
        self.some(&at("12b", "operation-name"), line.operation_name.as_ref());
        self.some(&at("12b", "acquired"), line.acquired);
    }

    fn numbered(&mut self, path: &str, texts: &[Text]) {
        for (index, text) in (1_u32..).zip(texts) {
            self.put(format!("{path}/{index:05}"), text);
        }
    }

    fn measure(&mut self, path: &str, measure: Option<Measure>) {
        if let Some(measure) = measure {
            self.put(format!("{path}/quantity"), &measure.quantity);
            self.put(format!("{path}/unit"), &measure.unit);
        }
    }

    fn provenance(&mut self, path: &str, from: &Provenance) {
        self.some(&format!("{path}/country"), from.country);
        self.some(&format!("{path}/country-name"), from.country_name.as_ref());
        for (index, cited) in (1_u32..).zip(&from.documents) {
            let number = cited.number.as_ref();
            self.some(&format!("{path}/document/{index:05}/number"), number);
            self.some(&format!("{path}/document/{index:05}/issued"), cited.issued);
        }
    }

    /// Without the country, which stands in a box of its own for the importer.
    fn trade_party(&mut self, path: &str, party: &TradeParty) {
        for (name, text) in party.texts() {
            self.some(&format!("{path}/{name}"), text.as_ref());
        }
    }

    /// Without the identifier, which stands in a box of its own for the Management Authority.
    fn signatory(&mut self, path: &str, signatory: &Signatory) {
        self.some(&format!("{path}/at"), signatory.at);
        self.some(&format!("{path}/statement"), signatory.statement.as_ref());
        self.trade_party(&format!("{path}/by"), &signatory.by);
        self.some(&format!("{path}/by/country"), signatory.by.country);
        self.site(&format!("{path}/place"), &signatory.place);
    }

    fn site(&mut self, path: &str, site: &Site) {
        self.some(&format!("{path}/id"), site.id.as_ref());
        self.some(&format!("{path}/name"), site.name.as_ref());
    }
}

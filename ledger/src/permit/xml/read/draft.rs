//! The tools of the reader: take an element, read its value, note what is wrong or tolerated.

use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::super::Tolerated;
use super::super::tree::{Element, clip};
use crate::codes::{Country, Unit};
use crate::limits::FAULTS_MAX;
use crate::permit::fault::{FaultCode, PermitFault};
use crate::permit::number::PermitNumber;
use crate::permit::rules::{Findings, RuleId};
use crate::permit::text::{self, Text};
use crate::permit::{FormBox, Measure, Moment, Place};

/// What was noted so far.
#[derive(Default)]
pub(super) struct Draft {
    pub(super) faults: Vec<PermitFault>,
    /// Faults beyond `FAULTS_MAX`.
    pub(super) more: usize,
    pub(super) warnings: Vec<PermitFault>,
    pub(super) tolerated: Tolerated,
    /// Where each box was first filled in the file.
    filled: BTreeMap<Place, u32>,
}

/// A value of an element, in its normal form, never a placeholder.
pub(super) struct Leaf {
    pub(super) text: String,
    pub(super) unit: Option<String>,
    pub(super) xml_line: u32,
}

impl Draft {
    pub(super) fn fault(&mut self, xml_line: u32, at: Place, code: FaultCode, message: String) {
        self.note_fault(PermitFault {
            xml_line: Some(xml_line),
            place: Some(at),
            code,
            message,
            rule: (code == FaultCode::Code).then_some(RuleId::R15),
        });
    }

    fn note_fault(&mut self, fault: PermitFault) {
        if self.faults.len() >= FAULTS_MAX {
            self.more = self.more.saturating_add(1);
            return;
        }
        self.faults.push(fault);
    }

    pub(super) fn warn(
        &mut self,
        xml_line: u32,
        at: Option<Place>,
        code: FaultCode,
        message: String,
    ) {
        self.note_warning(PermitFault {
            xml_line: Some(xml_line),
            place: at,
            code,
            message,
            rule: None,
        });
    }

    fn note_warning(&mut self, warning: PermitFault) {
        if self.warnings.len() < FAULTS_MAX {
            self.warnings.push(warning);
        }
    }

    /// Takes over what the rules found, with the line of the file where the box stands.
    pub(super) fn adopt(&mut self, found: Findings, xml_line: u32) {
        // Where the box is empty, the line of the form stands where its name (box 7) does.
        let line_of = |draft: &Self, place: Option<Place>| {
            let named = place.map(|place| Place {
                form_box: FormBox::B7,
                ..place
            });
            let lines = [place, named].map(|place| draft.filled.get(&place?).copied());
            // A box filled above belongs to another line of the same letter.
            let here = lines.into_iter().flatten().find(|line| *line >= xml_line);
            here.unwrap_or(xml_line)
        };
        for mut fault in found.faults {
            fault.xml_line = Some(line_of(self, fault.place));
            self.note_fault(fault);
        }
        for mut warning in found.warnings {
            warning.xml_line = Some(line_of(self, warning.place));
            self.note_warning(warning);
        }
    }

    /// The children of that name that hold a value.
    pub(super) fn leaves(&mut self, parent: &mut Element, name: &str, at: Place) -> Vec<Leaf> {
        let mut leaves = Vec::new();
        for element in parent.take(name) {
            let text = text::normalise(&element.text);
            if text.is_empty() {
                self.tolerated.empty_elements = self.tolerated.empty_elements.saturating_add(1);
            } else if text::is_placeholder(&text) {
                self.tolerated.placeholders = self.tolerated.placeholders.saturating_add(1);
            } else {
                self.filled.entry(at).or_insert(element.xml_line);
                leaves.push(Leaf {
                    text,
                    unit: element.unit.clone(),
                    xml_line: element.xml_line,
                });
            }
            for child in element.children {
                self.unknown(&child);
            }
        }
        leaves
    }

    /// The only child of that name that holds a value. Two values are a fault even if they are equal: another
    /// reader may see the other one.
    pub(super) fn leaf(&mut self, parent: &mut Element, name: &str, at: Place) -> Option<Leaf> {
        let mut leaves = self.leaves(parent, name, at).into_iter();
        let first = leaves.next()?;
        if let Some(second) = leaves.next() {
            self.repeated(second.xml_line, at, name);
        }
        Some(first)
    }

    fn repeated(&mut self, xml_line: u32, at: Place, name: &str) {
        let message = format!("`{name}` is filled twice");
        self.fault(xml_line, at, FaultCode::Repeated, message);
    }

    /// The only child of that name that holds anything; an absent element where there is none.
    pub(super) fn part(&mut self, parent: &mut Element, name: &str, at: Place) -> Element {
        let (filled, blank): (Vec<_>, Vec<_>) = parent
            .take(name)
            .into_iter()
            .partition(|child| !is_blank(child));
        for element in &blank {
            self.count_blank(element);
        }
        let mut filled = filled.into_iter();
        let first = filled.next();
        if let Some(second) = filled.next() {
            self.repeated(second.xml_line, at, name);
        }
        first.unwrap_or_else(|| Element::absent(parent.xml_line))
    }

    /// What the path table did not take from an element.
    pub(super) fn rest(&mut self, element: Element) {
        if !text::is_placeholder(&text::normalise(&element.text)) {
            self.note_unknown(&element, "text beside elements");
        }
        for child in element.children {
            self.unknown(&child);
        }
    }

    fn unknown(&mut self, element: &Element) {
        if is_blank(element) {
            self.count_blank(element);
        } else {
            self.note_unknown(element, "not in the path table, so not part of the permit");
        }
    }

    fn note_unknown(&mut self, element: &Element, why: &str) {
        self.tolerated.unknown_elements = self.tolerated.unknown_elements.saturating_add(1);
        let message = format!("`{}`: {why}", clip(&element.name));
        self.warn(element.xml_line, None, FaultCode::Unknown, message);
    }

    pub(super) fn count_blank(&mut self, element: &Element) {
        if element.children.is_empty() {
            let count = if element.text.trim() == "?" {
                &mut self.tolerated.placeholders
            } else {
                &mut self.tolerated.empty_elements
            };
            *count = count.saturating_add(1);
        }
        for child in &element.children {
            self.count_blank(child);
        }
    }

    pub(super) fn text(&mut self, parent: &mut Element, name: &str, at: Place) -> Option<Text> {
        Text::new(&self.leaf(parent, name, at)?.text)
    }

    /// A text that may stand there in several languages or parts: joined by ` / `.
    pub(super) fn joined(&mut self, parent: &mut Element, name: &str, at: Place) -> Option<Text> {
        let leaves = self.leaves(parent, name, at);
        let texts: Vec<&str> = leaves.iter().map(|leaf| leaf.text.as_str()).collect();
        Text::new(&texts.join(" / "))
    }

    pub(super) fn texts(&mut self, parent: &mut Element, name: &str, at: Place) -> Vec<Text> {
        let leaves = self.leaves(parent, name, at);
        leaves
            .iter()
            .filter_map(|leaf| Text::new(&leaf.text))
            .collect()
    }

    pub(super) fn moment(&mut self, parent: &mut Element, name: &str, at: Place) -> Option<Moment> {
        let leaf = self.leaf(parent, name, at)?;
        match leaf.text.parse::<Moment>() {
            Ok(moment) => {
                if !moment.is_complete() {
                    self.tolerated.bare_dates = self.tolerated.bare_dates.saturating_add(1);
                }
                Some(moment)
            }
            Err(message) => {
                self.fault(leaf.xml_line, at, FaultCode::Xsd, message);
                None
            }
        }
    }

    pub(super) fn number(&mut self, parent: &mut Element, at: Place) -> Option<PermitNumber> {
        let leaf = self.leaf(parent, "ID", at)?;
        match PermitNumber::new(&leaf.text) {
            Ok(number) => Some(number),
            Err(error) => {
                self.fault(leaf.xml_line, at, FaultCode::Xsd, format!("{error}"));
                None
            }
        }
    }

    /// A code of a list; in lower case it is tolerated.
    pub(super) fn code<T>(
        &mut self,
        leaf: &Leaf,
        (at, what): (Place, &str),
        from_code: impl Fn(&str) -> Option<T>,
    ) -> Option<T> {
        if let Some(value) = from_code(&leaf.text) {
            return Some(value);
        }
        let value = from_code(&leaf.text.to_ascii_uppercase());
        if value.is_some() {
            self.alias();
        } else {
            let message = format!("`{}` is not {what}", clip(&leaf.text));
            self.fault(leaf.xml_line, at, FaultCode::Code, message);
        }
        value
    }

    pub(super) fn alias(&mut self) {
        self.tolerated.aliases = self.tolerated.aliases.saturating_add(1);
    }

    pub(super) fn country(
        &mut self,
        parent: &mut Element,
        name: &str,
        at: Place,
    ) -> Option<Country> {
        let leaf = self.leaf(parent, name, at)?;
        let country = self.code(&leaf, (at, "a country of ISO 3166-1"), Country::from_code)?;
        if country.is_former() {
            self.alias();
        }
        Some(country)
    }

    pub(super) fn measure(
        &mut self,
        parent: &mut Element,
        name: &str,
        at: Place,
    ) -> Option<Measure> {
        let leaf = self.leaf(parent, name, at)?;
        let unit = self.unit(&leaf, at);
        match leaf.text.parse() {
            Ok(quantity) => Some(Measure {
                quantity,
                unit: unit?,
            }),
            Err(error) => {
                self.fault(
                    leaf.xml_line,
                    at,
                    FaultCode::Xsd,
                    format!("quantity {error}"),
                );
                None
            }
        }
    }

    fn unit(&mut self, leaf: &Leaf, at: Place) -> Option<Unit> {
        let written = leaf.unit.as_deref().unwrap_or_default();
        if text::is_placeholder(written) {
            // Guidelines for annual reports: no unit means a number of specimens.
            self.alias();
            return Some(Unit::Number);
        }
        let code = written.to_ascii_uppercase();
        let unit = Unit::from_code(&code).or_else(|| {
            let unit = Unit::from_alias(&code)?;
            let message = format!("unit `{}` is read as {unit}", clip(written));
            self.warn(leaf.xml_line, Some(at), FaultCode::Alias, message);
            Some(unit)
        });
        if unit.is_none() {
            let message = format!(
                "`{}` is not a unit of UN/ECE Recommendation 20 that CITES uses",
                clip(written)
            );
            self.fault(leaf.xml_line, at, FaultCode::Code, message);
        } else if unit.map(Unit::code) != Some(written) {
            self.alias();
        }
        unit
    }

    /// Notes that a box that must be filled is not.
    pub(super) fn missing(&mut self, xml_line: u32, at: Place, what: &str) {
        self.fault(
            xml_line,
            at,
            FaultCode::Missing,
            format!("{what} is missing"),
        );
    }

    /// The value, or a fault that it is missing, unless a fault of that box already says why.
    pub(super) fn required<T>(
        &mut self,
        value: Option<T>,
        (xml_line, at, what): (u32, Place, &str),
    ) -> Option<T> {
        // Lines without a letter share a place; what is told of this one stands below its beginning.
        let told =
            |fault: &PermitFault| fault.place == Some(at) && fault.xml_line >= Some(xml_line);
        let told = self.faults.iter().any(told);
        if value.is_none() && !told {
            self.missing(xml_line, at, what);
        }
        value
    }
}

/// Whether neither an element nor anything in it holds more than a placeholder.
pub(super) fn is_blank(element: &Element) -> bool {
    text::is_placeholder(&text::normalise(&element.text)) && element.children.iter().all(is_blank)
}

//! XML bytes to a tree of elements, within limits: nothing here knows what a permit is.

use alloc::format;
use alloc::string::{String, ToString as _};
use alloc::vec::Vec;
use core::fmt::Display;
use core::mem;

use quick_xml::Reader;
use quick_xml::events::{BytesRef, BytesStart, Event};

use crate::limits::{XML_ATTRIBUTES_MAX, XML_BYTES_MAX, XML_DEPTH_MAX, XML_ELEMENTS_MAX};
use crate::permit::fault::{FaultCode, PermitFault};

/// An element: its name without prefix, where it began, what it holds.
#[derive(Debug, Default)]
pub(super) struct Element {
    pub(super) name: String,
    /// Line of the file, from 1.
    pub(super) xml_line: u32,
    /// The attribute `unitCode`.
    pub(super) unit: Option<String>,
    /// Character data directly inside.
    pub(super) text: String,
    pub(super) children: Vec<Self>,
}

impl Element {
    /// An element that is not there: it holds nothing and stands where its parent does.
    pub(super) fn absent(xml_line: u32) -> Self {
        Self {
            xml_line,
            ..Self::default()
        }
    }

    /// Takes out all children of that name, in their order.
    pub(super) fn take(&mut self, name: &str) -> Vec<Self> {
        let children = mem::take(&mut self.children);
        let (taken, rest) = children.into_iter().partition(|child| child.name == name);
        self.children = rest;
        taken
    }
}

/// Reads bytes into a tree.
pub(super) fn parse(xml: &[u8]) -> Result<Element, PermitFault> {
    if xml.len() > XML_BYTES_MAX {
        let message = format!("{} bytes, the limit is {XML_BYTES_MAX}", xml.len());
        return Err(fault(None, message));
    }
    let text = core::str::from_utf8(xml).map_err(|e| {
        let before = xml.get(..e.valid_up_to()).unwrap_or_default();
        fault(Some(line_after(before)), "not UTF-8 text".into())
    })?;
    if let Some((at, c)) = text.char_indices().find(|(_, c)| !is_xml_char(*c)) {
        let before = text.get(..at).unwrap_or_default();
        let message = format!("forbidden character U+{:04X}", u32::from(c));
        return Err(fault(Some(line_after(before.as_bytes())), message));
    }
    Parser {
        text,
        reader: Reader::from_str(text),
        counted: 0,
        xml_line: 1,
        elements: 0,
        open: Vec::new(),
        root: None,
    }
    .run()
}

/// `Char` of XML 1.0.
const fn is_xml_char(c: char) -> bool {
    !matches!(c, '\0'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}')
}

fn line_after(bytes: &[u8]) -> u32 {
    let breaks = bytes.iter().filter(|byte| **byte == b'\n').count();
    u32::try_from(breaks).unwrap_or(u32::MAX).saturating_add(1)
}

fn fault(xml_line: Option<u32>, message: String) -> PermitFault {
    PermitFault {
        xml_line,
        place: None,
        code: FaultCode::Xml,
        message,
        rule: None,
    }
}

struct Parser<'x> {
    text: &'x str,
    reader: Reader<&'x [u8]>,
    /// Bytes whose line breaks are counted in `xml_line`.
    counted: usize,
    xml_line: u32,
    elements: usize,
    /// Elements begun and not ended, outermost first.
    open: Vec<Element>,
    root: Option<Element>,
}

impl Parser<'_> {
    fn run(mut self) -> Result<Element, PermitFault> {
        loop {
            self.count_lines();
            let event = match self.reader.read_event() {
                Ok(event) => event,
                Err(error) => return Err(self.ill_formed(&error)),
            };
            match event {
                Event::Start(start) => {
                    let element = self.element(&start)?;
                    self.open.push(element);
                }
                Event::Empty(start) => {
                    let element = self.element(&start)?;
                    self.close(element)?;
                }
                Event::End(_) => {
                    if let Some(element) = self.open.pop() {
                        self.close(element)?;
                    }
                }
                Event::Text(text) => self.characters(&text.xml10_content())?,
                Event::CData(data) => self.characters(&data.xml10_content())?,
                Event::GeneralRef(reference) => {
                    let c = self.resolve(&reference)?;
                    self.characters(c.encode_utf8(&mut [0; 4]))?;
                }
                Event::Decl(declaration) => {
                    let encoding = declaration.encoding().and_then(Result::ok);
                    self.check_encoding(encoding.as_deref().unwrap_or("UTF-8"))?;
                }
                Event::DocType(_) => return Err(self.fault("`<!DOCTYPE` is refused".into())),
                Event::Comment(_) | Event::PI(_) => {}
                Event::Eof => break,
            }
        }
        match (self.open.last(), self.root.take()) {
            (Some(open), _) => {
                let message = format!(
                    "`{}` of line {} is not closed",
                    clip(&open.name),
                    open.xml_line
                );
                Err(self.fault(message))
            }
            (None, Some(root)) => Ok(root),
            (None, None) => Err(self.fault("no XML element".into())),
        }
    }

    fn count_lines(&mut self) {
        let at = usize::try_from(self.reader.buffer_position()).unwrap_or(usize::MAX);
        let passed = self
            .text
            .as_bytes()
            .get(self.counted..at)
            .unwrap_or_default();
        self.xml_line = self
            .xml_line
            .saturating_add(line_after(passed))
            .saturating_sub(1);
        self.counted = at;
    }

    fn fault(&self, message: String) -> PermitFault {
        fault(Some(self.xml_line), message)
    }

    fn ill_formed(&self, error: &impl Display) -> PermitFault {
        // The words of the XML library may hold foreign text of any length.
        let words: String = error.to_string().chars().take(160).collect();
        self.fault(words)
    }

    /// Begins an element; judges depth and number before anything is kept.
    fn element(&mut self, start: &BytesStart<'_>) -> Result<Element, PermitFault> {
        if self.open.len() >= XML_DEPTH_MAX {
            return Err(self.fault(format!("elements are nested deeper than {XML_DEPTH_MAX}")));
        }
        self.elements = self.elements.saturating_add(1);
        if self.elements > XML_ELEMENTS_MAX {
            return Err(self.fault(format!("more than {XML_ELEMENTS_MAX} elements")));
        }
        Ok(Element {
            name: start.local_name().as_ref().to_string(),
            xml_line: self.xml_line,
            unit: self.unit_code(start)?,
            ..Element::default()
        })
    }

    fn unit_code(&self, start: &BytesStart<'_>) -> Result<Option<String>, PermitFault> {
        let mut names = Vec::new();
        let mut unit = None;
        // The crate's own search for duplicates is quadratic, ours ends at XML_ATTRIBUTES_MAX.
        for attribute in start.attributes().with_checks(false) {
            let attribute = attribute.map_err(|e| self.ill_formed(&e))?;
            let name = attribute.key.as_ref().to_string();
            if names.len() >= XML_ATTRIBUTES_MAX {
                return Err(self.fault(format!("more than {XML_ATTRIBUTES_MAX} attributes")));
            }
            if names.contains(&name) {
                return Err(self.fault(format!("attribute `{}` stands twice", clip(&name))));
            }
            let value = attribute
                .normalized_value(quick_xml::XmlVersion::Explicit1_0)
                .map_err(|e| self.ill_formed(&e))?;
            if attribute.key.local_name().as_ref() == "unitCode" {
                unit = Some(value.trim().to_string());
            }
            names.push(name);
        }
        Ok(unit)
    }

    fn close(&mut self, element: Element) -> Result<(), PermitFault> {
        match (self.open.last_mut(), &self.root) {
            (Some(parent), _) => parent.children.push(element),
            (None, None) => self.root = Some(element),
            (None, Some(_)) => return Err(self.fault("a second root element".into())),
        }
        Ok(())
    }

    fn characters(&mut self, text: &str) -> Result<(), PermitFault> {
        match self.open.last_mut() {
            Some(element) => element.text.push_str(text),
            // A byte order mark may open the file.
            None if text.chars().all(|c| c.is_whitespace() || c == '\u{feff}') => {}
            None => return Err(self.fault("text outside the root element".into())),
        }
        Ok(())
    }

    /// The five entities of XML and character references; entities of a DTD do not exist here.
    fn resolve(&self, reference: &BytesRef<'_>) -> Result<char, PermitFault> {
        let name = reference.xml10_content();
        if reference.is_char_ref() {
            let c = reference.resolve_char_ref().ok().flatten();
            return c
                .filter(|c| is_xml_char(*c))
                .ok_or_else(|| self.fault(format!("`&{};` is no character", clip(&name))));
        }
        match &*name {
            "amp" => Ok('&'),
            "lt" => Ok('<'),
            "gt" => Ok('>'),
            "quot" => Ok('"'),
            "apos" => Ok('\''),
            _ => Err(self.fault(format!("entity `&{};` is refused", clip(&name)))),
        }
    }

    fn check_encoding(&self, encoding: &str) -> Result<(), PermitFault> {
        let is_utf_8 = encoding.eq_ignore_ascii_case("UTF-8");
        // What is all ASCII reads alike in every encoding that a partner may declare.
        if is_utf_8 || self.text.is_ascii() {
            return Ok(());
        }
        Err(self.fault(format!("encoding `{}` is not UTF-8", clip(encoding))))
    }
}

/// Foreign text for a message: at most 40 characters.
pub(super) fn clip(text: &str) -> String {
    if text.chars().nth(40).is_none() {
        return text.into();
    }
    let mut shown: String = text.chars().take(40).collect();
    shown.push('…');
    shown
}

//! One line of the consignment (`IncludedSupplyChainConsignmentItem`): boxes 7 to 12b, and 14 by line.

use alloc::format;
use alloc::vec::Vec;

use super::super::tree::Element;
use super::draft::{Draft, Leaf, is_blank};
use crate::codes::{Appendix, Source, Term};
use crate::limits::ORIGINS_PER_LINE_MAX;
use crate::permit::fault::FaultCode;
use crate::permit::text::Text;
use crate::permit::{Cited, FormBox, Line, LineId, Measure, Place, Provenance};

/// Where boxes of this line stand: with its letter, once that is known.
#[derive(Clone, Copy)]
struct Here {
    id: Option<LineId>,
    xml_line: u32,
}

impl Here {
    const fn at(self, form_box: FormBox) -> Place {
        Place {
            form_box,
            line: self.id,
        }
    }
}

impl Draft {
    /// Reads a line; `None` where a box that must be filled is missing or wrong, which is noted.
    pub(super) fn line(&mut self, mut item: Element) -> Option<Line> {
        let id = self.letter(&mut item);
        let here = Here {
            id,
            xml_line: item.xml_line,
        };
        let mut marks = Vec::new();
        for mut mark in item.take("PhysicalLogisticsShippingMarks") {
            marks.extend(self.texts(&mut mark, "Marking", here.at(FormBox::B9)));
            self.rest(mark);
        }
        let mut origin = self.provenance(&mut item, "OriginTradeCountry", here.at(FormBox::B12));
        let mut last_re_export =
            self.provenance(&mut item, "ExportTradeCountry", here.at(FormBox::B12a));
        self.cited(&mut item, here, (&mut origin, &mut last_re_export));
        let authorised = self.authorised(&mut item, here);
        let goods = self.goods(&mut item, here);
        let endorsed = self.endorsed(&mut item, here);
        let procedure = self.procedure(&mut item, here);
        self.rest(item);
        let (goods, authorised, id) = (goods?, authorised?, id?);
        Some(Line {
            id,
            marks,
            authorised,
            origin,
            last_re_export,
            endorsed,
            taxon: goods.taxon,
            common_name: goods.common_name,
            term: goods.term,
            description: goods.description,
            appendix: goods.appendix,
            source: goods.source,
            second_source: goods.second_source,
            used_to_date: procedure.used_to_date,
            quota: procedure.quota,
            category: procedure.category,
            operation: procedure.operation,
            operation_name: procedure.operation_name,
            acquired: procedure.acquired,
        })
    }

    /// The letter of the line; a number is tolerated.
    fn letter(&mut self, item: &mut Element) -> Option<LineId> {
        let at = Place::of(FormBox::B7);
        let Some(leaf) = self.leaf(item, "ID", at) else {
            self.missing(item.xml_line, at, "the letter of the line");
            return None;
        };
        if let Some(id) = leaf.text.parse().ok().and_then(LineId::new) {
            self.alias();
            return Some(id);
        }
        self.code(&leaf, (at, "a line: A to Z, then AA to IP"), |code| {
            code.parse().ok()
        })
    }

    /// Box 11.
    fn authorised(&mut self, item: &mut Element, here: Here) -> Option<Measure> {
        let at = here.at(FormBox::B11);
        let mut package = self.part(item, "TransportLogisticsPackage", at);
        let measure = self.measure(&mut package, "ItemQuantity", at);
        self.rest(package);
        self.required(measure, (here.xml_line, at, "the quantity"))
    }

    /// Box 14 of this line.
    fn endorsed(&mut self, item: &mut Element, here: Here) -> Option<Measure> {
        let at = here.at(FormBox::B14);
        let mut event = self.part(item, "ExaminationTransportEvent", at);
        let measure = self.measure(&mut event, "UnitQuantity", at);
        self.rest(event);
        measure
    }

    /// Country of box 12 or 12a; its documents are read by [`Self::cited`].
    fn provenance(&mut self, item: &mut Element, name: &str, at: Place) -> Provenance {
        let mut country = self.part(item, name, at);
        let from = Provenance {
            country: self.country(&mut country, "ID", at),
            country_name: self.joined(&mut country, "Name", at),
            documents: Vec::new(),
        };
        self.rest(country);
        from
    }

    /// Permits and certificates of boxes 12 and 12a. Partners write letters, or the codes 861 and 811 that the
    /// toolkit's own sample had by mistake.
    fn cited(
        &mut self,
        item: &mut Element,
        here: Here,
        (origin, last_re_export): (&mut Provenance, &mut Provenance),
    ) {
        for mut document in item.take("AssociatedReferencedDocument") {
            let kind = self.leaf(&mut document, "TypeCode", here.at(FormBox::B12));
            if is_blank(&document) {
                self.rest(document);
                continue;
            }
            let is_re_export = match kind.as_ref().map(|leaf| leaf.text.as_str()) {
                Some("E" | "I" | "O" | "861") => false,
                Some("R" | "811") => true,
                Some(_) | None => {
                    self.kind_of_citation(kind.as_ref(), document.xml_line, here);
                    false
                }
            };
            let (from, form_box) = if is_re_export {
                (&mut *last_re_export, FormBox::B12a)
            } else {
                (&mut *origin, FormBox::B12)
            };
            let at = here.at(form_box);
            let cited = Cited {
                number: self.number(&mut document, at),
                issued: self.moment(&mut document, "IssueDateTime", at),
            };
            if from.documents.len() >= ORIGINS_PER_LINE_MAX {
                let message = format!("more than {ORIGINS_PER_LINE_MAX} documents");
                self.fault(document.xml_line, at, FaultCode::TooMany, message);
            } else if cited.number.is_some() || cited.issued.is_some() {
                from.documents.push(cited);
            }
            self.rest(document);
        }
    }

    fn kind_of_citation(&mut self, kind: Option<&Leaf>, xml_line: u32, here: Here) {
        let at = here.at(FormBox::B12);
        match kind {
            Some(leaf) => {
                let what = "a kind of document: E, R, I or O";
                let _none: Option<()> = self.code(leaf, (at, what), |_| None);
            }
            None => self.missing(xml_line, at, "the kind of the cited document"),
        }
    }

    /// Boxes 7 to 10.
    fn goods(&mut self, item: &mut Element, here: Here) -> Option<Goods> {
        let mut trade = self.part(
            item,
            "IncludedSupplyChainTradeLineItem",
            here.at(FormBox::B10),
        );
        let appendix = self.appendix(&mut trade, here);
        let (source, second_source) = self.sources(&mut trade, here);
        let mut product = self.part(&mut trade, "SpecifiedTradeProduct", here.at(FormBox::B7));
        let (box_7, box_9) = (here.at(FormBox::B7), here.at(FormBox::B9));
        let taxon = self.text(&mut product, "ScientificName", box_7);
        let taxon = self.required(taxon, (here.xml_line, box_7, "the scientific name"));
        let common_name = self.joined(&mut product, "CommonName", here.at(FormBox::B8));
        let description = self.joined(&mut product, "Description", box_9);
        let term = self.term(&mut product, box_9);
        if description.is_none() {
            // A code or words: one of them must say what it is.
            let _term = self.required(term, (here.xml_line, box_9, "the description"));
        }
        self.rest(product);
        self.rest(trade);
        Some(Goods {
            taxon: taxon?,
            common_name,
            term,
            description,
            appendix: appendix?,
            source: source?,
            second_source,
        })
    }

    fn appendix(&mut self, trade: &mut Element, here: Here) -> Option<Appendix> {
        let at = here.at(FormBox::B10);
        let appendix = self.leaf(trade, "TypeCode", at).map(|leaf| {
            self.code(
                &leaf,
                (at, "an Appendix: I, II or III"),
                Appendix::from_code,
            )
        });
        if appendix.is_none() {
            self.missing(here.xml_line, at, "the Appendix");
        }
        appendix?
    }

    /// One source, or two as in `I/W`.
    fn sources(&mut self, trade: &mut Element, here: Here) -> (Option<Source>, Option<Source>) {
        let at = here.at(FormBox::B10);
        let leaves = self.leaves(trade, "TypeExtensionCode", at);
        let xml_line = leaves.first().map_or(here.xml_line, |leaf| leaf.xml_line);
        let mut sources = Vec::new();
        let mut count = 0_usize;
        for leaf in &leaves {
            for text in leaf
                .text
                .split(['/', ',', ' '])
                .filter(|part| !part.is_empty())
            {
                count = count.saturating_add(1);
                let part = Leaf {
                    text: text.into(),
                    unit: None,
                    xml_line: leaf.xml_line,
                };
                sources.extend(self.code(&part, (at, "a source"), Source::from_code));
            }
        }
        if count == 0 {
            self.missing(xml_line, at, "the source");
        } else if count > 2 {
            self.fault(
                xml_line,
                at,
                FaultCode::TooMany,
                "more than two sources".into(),
            );
        }
        let mut sources = sources.into_iter();
        (sources.next(), sources.next())
    }

    fn term(&mut self, product: &mut Element, at: Place) -> Option<Term> {
        let leaf = self.leaf(product, "TypeCode", at)?;
        let term = self.code(
            &leaf,
            (at, "a trade term of the 2021 Guidelines"),
            Term::from_code,
        )?;
        if term.is_retired() {
            self.alias();
        }
        Some(term)
    }

    /// Boxes 11a and 12b.
    fn procedure(&mut self, item: &mut Element, here: Here) -> Procedure {
        let (box_11a, box_12b) = (here.at(FormBox::B11a), here.at(FormBox::B12b));
        let mut procedure = self.part(item, "ApplicableCrossBorderRegulatoryProcedure", box_11a);
        let mut operation = self.part(&mut procedure, "PreviousReferencedDocument", box_12b);
        let read = Procedure {
            used_to_date: self.measure(&mut procedure, "UsedToDateQuotaQuantity", box_11a),
            quota: self.measure(&mut procedure, "AnnualQuotaQuantity", box_11a),
            category: self.joined(&mut procedure, "CategoryCode", box_12b),
            operation: self.joined(&mut operation, "ID", box_12b),
            operation_name: self.joined(&mut operation, "Name", box_12b),
            acquired: self.moment(&mut procedure, "AcquisitionDateTime", box_12b),
        };
        self.rest(operation);
        self.rest(procedure);
        read
    }
}

/// Boxes 7 to 10.
struct Goods {
    taxon: Text,
    common_name: Option<Text>,
    term: Option<Term>,
    description: Option<Text>,
    appendix: Appendix,
    source: Source,
    second_source: Option<Source>,
}

/// Boxes 11a and 12b.
struct Procedure {
    used_to_date: Option<Measure>,
    quota: Option<Measure>,
    category: Option<Text>,
    operation: Option<Text>,
    operation_name: Option<Text>,
    acquired: Option<crate::permit::Moment>,
}

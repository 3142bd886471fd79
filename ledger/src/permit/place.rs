//! Where something stands on the standard form: a box, and a line where the box has lines.

use core::fmt;

use super::LineId;

macro_rules! boxes {
    ($($variant:ident $number:literal $label:literal;)*) => {
        /// A box of the standard form (Res. Conf. 12.3, Annex 2), in the order of the form.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum FormBox {
            $(#[doc = $label] $variant,)*
        }

        impl FormBox {
            /// All boxes, in the order of the form.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// The number printed on the form: `11a`.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $number),* }
            }

            /// What the box holds.
            #[must_use]
            pub const fn label(self) -> &'static str {
                match self { $(Self::$variant => $label),* }
            }
        }
    };
}

boxes! {
    B1 "1" "permit number and kind";
    B1_1 "1.1" "name of another kind";
    B2 "2" "validity";
    B3 "3" "importer";
    B3a "3a" "country of import";
    B4 "4" "exporter or re-exporter";
    B5 "5" "special conditions";
    B5a "5a" "purpose";
    B5b "5b" "security stamp number";
    B6 "6" "Management Authority";
    B7 "7" "scientific name";
    B8 "8" "common name";
    B9 "9" "description, marks";
    B10 "10" "Appendix and source";
    B11 "11" "quantity and unit";
    B11a "11a" "used to date and quota";
    B12 "12" "country of origin";
    B12a "12a" "country of last re-export";
    B12b "12b" "operation or date of acquisition";
    B13 "13" "issue";
    B14 "14" "export endorsement";
    B15 "15" "bill of lading or air waybill";
}

impl FormBox {
    /// Whether each line fills it by itself.
    #[must_use]
    pub fn has_lines(self) -> bool {
        (Self::B7..=Self::B12b).contains(&self)
    }
}

impl fmt::Display for FormBox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "box {}", self.as_str())
    }
}

/// A box, and the line where the box has lines: `box 11, line A`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The box.
    pub form_box: FormBox,
    /// The line, where the box has lines.
    pub line: Option<LineId>,
}

impl Place {
    /// A box of its own.
    #[must_use]
    pub const fn of(form_box: FormBox) -> Self {
        Self {
            form_box,
            line: None,
        }
    }

    /// A box of a line.
    #[must_use]
    pub const fn on(form_box: FormBox, line: LineId) -> Self {
        Self {
            form_box,
            line: Some(line),
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "{}, line {line}", self.form_box),
            None => fmt::Display::fmt(&self.form_box, f),
        }
    }
}

//! Free text of a permit in one normal form, so that equal boxes have equal bytes.

use alloc::string::String;
use core::fmt;

use unicode_normalization::UnicodeNormalization as _;

/// A text of a box in its normal form. There is no empty text and no `?`: those stand for "not filled".
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Text(
    // As `normalise` gives it, not a placeholder: checked in `new`.
    String,
);

impl Text {
    /// Normalises a text; `None` where nothing is left or only `?`.
    #[must_use]
    pub fn new(text: &str) -> Option<Self> {
        let text = normalise(text);
        (!is_placeholder(&text)).then_some(Self(text))
    }

    /// The normal form.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

/// Whether a normal form says "not filled": empty, or the `?` that XML tools put into templates.
pub(crate) fn is_placeholder(text: &str) -> bool {
    text.is_empty() || text == "?"
}

/// A text in its normal form: NFC, trimmed, inner white space collapsed to one blank, nothing invisible.
#[must_use]
pub fn normalise(text: &str) -> String {
    let visible: String = text.chars().filter(|c| !is_dropped(*c)).nfc().collect();
    collapse(&visible)
}

/// Trims and collapses white space (Unicode `White_Space`) to single blanks.
pub(crate) fn collapse(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for word in text.split_whitespace() {
        if !out.is_empty() {
            out.push(' ');
        }
        out.push_str(word);
    }
    out
}

/// Whether a character shows nothing: two texts that differ in it look the same.
pub(crate) fn is_invisible(c: char) -> bool {
    let controls = c.is_control() && !c.is_whitespace();
    let formats = matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}'
        // Not characters at all, and forbidden in XML.
        | '\u{fffe}' | '\u{ffff}');
    controls || formats
}

/// Invisible, except the joiners that Persian and Indic names need.
pub(crate) fn is_dropped(c: char) -> bool {
    is_invisible(c) && !matches!(c, '\u{200c}' | '\u{200d}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn texts_that_look_alike_are_one_text() {
        for (written, normal) in [
            ("  raw\n\t skins ", "raw skins"),
            ("Mu\u{308}ller", "Müller"),
            ("a\u{202e}b\u{feff}", "ab"),
            ("می\u{200c}خواهم", "می\u{200c}خواهم"),
            (" \u{a0}\u{3000}", ""),
        ] {
            assert_eq!(normalise(written), normal, "{written}");
        }
    }

    proptest! {
        #[test]
        fn a_normal_form_is_its_own_normal_form(text in "\\PC{0,60}|[a \u{300}-\u{310}\u{34f}\u{200b}-\u{200f}]{0,40}") {
            let once = normalise(&text);
            prop_assert_eq!(normalise(&once), once);
        }
    }
}

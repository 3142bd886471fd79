//! The QR code of a seal as SVG, with the words beside it that keep people from opening links.

use std::fmt::Write as _;

use fast_qr::{ECL, QRBuilder, QRCode};

/// Light modules that the standard asks for around a code (ISO/IEC 18004).
const QUIET: usize = 4;
/// Smallest module that a copy at 200 dpi still shows: three dots, in hundredths of a millimetre.
const MODULE_HUNDREDTHS_MM: usize = 38;
/// The smallest code that is printed, in millimetres.
const SIDE_MM_MIN: usize = 40;

/// What stands beneath the code, in the Convention's languages.
const CAPTION: [&str; 3] = [
    "Scan with the verifier of your own authority, not with a camera app. This code is never a link.",
    "Lisez avec le vérificateur de votre autorité, pas avec un appareil photo. Ce code n'est jamais un lien.",
    "Lea con el verificador de su autoridad, no con una cámara. Este código nunca es un enlace.",
];

/// A code.
pub(crate) struct Code(QRCode);

impl Code {
    /// With the most correction that has room for the text; `None` where none has.
    pub(crate) fn of(text: &str) -> Option<Self> {
        [ECL::M, ECL::L]
            .into_iter()
            .find_map(|level| QRBuilder::new(text).ecl(level).build().ok())
            .map(Self)
    }

    /// Modules of a side.
    pub(crate) const fn size(&self) -> usize {
        self.0.size
    }

    /// Side in millimetres, quiet zone included, at which a copy of 200 dpi can be read.
    pub(crate) fn print_mm(&self) -> usize {
        let modules = self.size().saturating_add(2 * QUIET);
        let side = modules.saturating_mul(MODULE_HUNDREDTHS_MM).div_ceil(100);
        side.max(SIDE_MM_MIN)
    }

    /// The drawing, with the permit's name and the caption.
    pub(crate) fn svg(&self, name: &str) -> String {
        let side = self.size().saturating_add(2 * QUIET);
        let text_height = 14;
        let height = side.saturating_add(text_height);
        let width_mm = self.print_mm();
        let height_mm = width_mm.saturating_mul(height).div_ceil(side);
        let mut svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width_mm}mm\" height=\"{height_mm}mm\" \
             viewBox=\"0 0 {side} {height}\">\n\
             <rect width=\"{side}\" height=\"{height}\" fill=\"#fff\"/>\n<path fill=\"#000\" d=\""
        );
        for row in 0..self.size() {
            for column in 0..self.size() {
                if self.is_dark(row, column) {
                    let (x, y) = (column.saturating_add(QUIET), row.saturating_add(QUIET));
                    // A String takes all that is written to it.
                    let _whole = write!(svg, "M{x} {y}h1v1h-1z");
                }
            }
        }
        svg.push_str("\"/>\n");
        let lines = std::iter::once(name).chain(CAPTION);
        for (line, y) in lines.zip((side..).step_by(3)) {
            let y = y.saturating_add(2);
            let text = escaped(line);
            let _whole = writeln!(
                svg,
                "<text x=\"{QUIET}\" y=\"{y}\" font-family=\"sans-serif\" font-size=\"2.2\">{text}</text>"
            );
        }
        svg.push_str("</svg>\n");
        svg
    }

    fn is_dark(&self, row: usize, column: usize) -> bool {
        let place = row
            .checked_mul(self.size())
            .and_then(|start| start.checked_add(column));
        place
            .and_then(|place| self.0.data.get(place))
            .is_some_and(|module| module.value())
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_grows_with_its_text_and_ends_where_none_has_room() {
        let text = |length: usize| format!("CP1:{}", "A".repeat(length));
        for (length, size) in [(100, 37), (1_163, 109), (1_659, 129), (3_896, 169)] {
            assert_eq!(
                Code::of(&text(length)).map(|code| code.size()),
                Some(size),
                "{length}"
            );
        }
        assert!(Code::of(&text(4_400)).is_none());
        assert_eq!(Code::of(&text(100)).unwrap().print_mm(), 40);
        assert_eq!(Code::of(&text(1_163)).unwrap().print_mm(), 45);
    }

    /// `tests/verify_seal.py` reads the drawing with a decoder of others.
    #[test]
    fn the_code_of_a_pinned_seal_keeps_its_drawing() {
        let vectors = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/vectors");
        let json = std::fs::read_to_string(format!("{vectors}/seals.json")).unwrap();
        let json: serde_json::Value = serde_json::from_str(&json).unwrap();
        let text = json["vectors"][0]["fields"]["text"].as_str().unwrap();
        let svg = Code::of(text).unwrap().svg("QS/26QS000123/AA");
        let pinned = format!("{vectors}/seal-export-skins.svg");
        if std::env::var_os("UPDATE_VECTORS").is_some() {
            std::fs::write(&pinned, &svg).unwrap();
        }
        assert!(
            svg == std::fs::read_to_string(pinned).unwrap(),
            "another drawing than the pinned one"
        );
    }

    #[test]
    fn the_drawing_says_in_three_languages_that_it_is_no_link() {
        let svg = Code::of("CP1:ABC").unwrap().svg("QS/26<1>&2");
        for words in [
            "never a link",
            "jamais un lien",
            "nunca es un enlace",
            "QS/26&lt;1&gt;&amp;2",
        ] {
            assert!(svg.contains(words), "{words}");
        }
        assert!(!svg.contains("href") && !svg.contains("<script"));
    }
}

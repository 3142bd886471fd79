//! Pieces of a page: escaped text, tables, and numbers as people read them.

use super::statistics::{Interval, Sample, Share};

const SECOND_MS: f64 = 1_000.0;
const MINUTE_MS: f64 = 60.0 * SECOND_MS;
const HOUR_MS: f64 = 60.0 * MINUTE_MS;
const DAY_MS: f64 = 24.0 * HOUR_MS;

/// What stands where there is no number.
pub const NOTHING: &str = "–";

/// A column of a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Column {
    /// Words, to the left.
    Words(&'static str),
    /// Numbers, to the right.
    Numbers(&'static str),
}

/// A table.
#[derive(Clone, Debug)]
pub struct Table {
    columns: Vec<Column>,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// With these columns; the first one names the row.
    #[must_use]
    pub fn new(columns: &[Column]) -> Self {
        Self {
            columns: columns.to_vec(),
            rows: Vec::new(),
        }
    }

    /// Adds a row, as plain text.
    pub fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        self.rows.push(cells.into_iter().collect());
    }

    /// How many rows.
    #[must_use]
    pub const fn count(&self) -> usize {
        self.rows.len()
    }

    /// As HTML.
    #[must_use]
    pub fn html(&self) -> String {
        let mut html = String::from("<div class=\"scroll\"><table><thead><tr>");
        for column in &self.columns {
            let (class, head) = match column {
                Column::Words(head) => ("", head),
                Column::Numbers(head) => (" class=\"n\"", head),
            };
            put(
                &mut html,
                format_args!("<th scope=\"col\"{class}>{}</th>", escape(head)),
            );
        }
        html.push_str("</tr></thead><tbody>\n");
        for row in &self.rows {
            html.push_str("<tr>");
            for (index, (cell, column)) in row.iter().zip(&self.columns).enumerate() {
                let cell = escape(cell);
                let piece = match column {
                    Column::Words(_) if index == 0 => format!("<th scope=\"row\">{cell}</th>"),
                    Column::Words(_) => format!("<td>{cell}</td>"),
                    Column::Numbers(_) => format!("<td class=\"n\">{cell}</td>"),
                };
                html.push_str(&piece);
            }
            html.push_str("</tr>\n");
        }
        html.push_str("</tbody></table></div>\n");
        html
    }
}

/// Text that stands for itself in HTML and in SVG, also within quotes.
#[must_use]
pub fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            // No other control character may stand in HTML.
            '\n' | '\t' => escaped.push(' '),
            control if control.is_control() => escaped.push('\u{fffd}'),
            plain => escaped.push(plain),
        }
    }
    escaped
}

/// Adds a piece.
pub fn put(html: &mut String, piece: std::fmt::Arguments<'_>) {
    html.push_str(&std::fmt::format(piece));
}

/// A whole number with thin spaces between thousands.
#[must_use]
pub fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len().saturating_sub(index)).is_multiple_of(3) {
            text.push('\u{202f}');
        }
        text.push(digit);
    }
    text
}

/// A number of things in memory.
#[must_use]
pub fn length(number: usize) -> String {
    count(u64::try_from(number).unwrap_or(u64::MAX))
}

/// A duration with about three digits.
#[must_use]
pub fn duration(ms: f64) -> String {
    match ms {
        _ if ms < SECOND_MS => format!("{ms:.0} ms"),
        _ if ms < 10.0 * SECOND_MS => format!("{:.2} s", ms / SECOND_MS),
        _ if ms < MINUTE_MS * 2.0 => format!("{:.1} s", ms / SECOND_MS),
        _ if ms < HOUR_MS * 2.0 => format!("{:.1} min", ms / MINUTE_MS),
        _ if ms < DAY_MS * 2.0 => format!("{:.1} h", ms / HOUR_MS),
        _ => format!("{:.1} days", ms / DAY_MS),
    }
}

/// A duration, or a dash.
#[must_use]
pub fn duration_if_any(ms: Option<f64>) -> String {
    ms.map_or_else(|| NOTHING.into(), duration)
}

/// The interval of a quantile of durations, or a dash.
#[must_use]
pub fn duration_interval(sample: &Sample, permille: u32) -> String {
    match sample.interval(permille) {
        Some(Interval { low, high }) => format!("{} to {}", duration(low), duration(high)),
        None => NOTHING.into(),
    }
}

/// Bytes with about three digits, in units of a thousand.
#[must_use]
pub fn bytes(number: f64) -> String {
    match number {
        _ if number < 1e3 => format!("{number:.0} B"),
        _ if number < 1e6 => format!("{:.1} kB", number / 1e3),
        _ if number < 1e9 => format!("{:.1} MB", number / 1e6),
        _ => format!("{:.2} GB", number / 1e9),
    }
}

/// A share of one in per cent.
#[must_use]
pub fn percent(share: f64) -> String {
    let per_cent = share * 100.0;
    match per_cent {
        _ if per_cent > 0.0 && per_cent < 0.01 => format!("{per_cent:.5}\u{a0}%"),
        _ if per_cent < 1.0 => format!("{per_cent:.2}\u{a0}%"),
        _ => format!("{per_cent:.1}\u{a0}%"),
    }
}

/// A share, or a dash.
#[must_use]
pub fn share(share: Share) -> String {
    share.value().map_or_else(|| NOTHING.into(), percent)
}

/// How sure a share is, or a dash.
#[must_use]
pub fn share_interval(share: Share) -> String {
    match share.wilson() {
        Some(Interval { low, high }) => format!("{} to {}", percent(low), percent(high)),
        None => NOTHING.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_from_a_run_becomes_markup() {
        assert_eq!(
            escape("<b class='x'>&\"\u{7}\n"),
            "&lt;b class=&#39;x&#39;&gt;&amp;&quot;\u{fffd} "
        );
        let mut table = Table::new(&[Column::Words("<a>"), Column::Numbers("n")]);
        table.row(["<script>".into(), "1".into()]);
        let html = table.html();
        assert!(
            html.contains("&lt;script&gt;") && html.contains("&lt;a&gt;"),
            "{html}"
        );
        assert!(!html.contains("<script"));
    }

    #[test]
    fn numbers_are_written_as_people_read_them() {
        let written = [
            count(7),
            count(1_234),
            count(12_345_678),
            duration(12.4),
            duration(1_234.0),
            duration(61_000.0),
            duration(600_000.0),
            duration(7.2e6),
            duration(2.592e9),
            bytes(999.0),
            bytes(12_345_678.0),
            percent(0.0),
            percent(0.000_03),
            percent(0.5),
        ];
        let wanted = [
            "7",
            "1\u{202f}234",
            "12\u{202f}345\u{202f}678",
            "12 ms",
            "1.23 s",
            "61.0 s",
            "10.0 min",
            "2.0 h",
            "30.0 days",
            "999 B",
            "12.3 MB",
            "0.00\u{a0}%",
            "0.00300\u{a0}%",
            "50.0\u{a0}%",
        ];
        assert_eq!(written, wanted);
    }
}

//! What is shown: pages for people, objects for scripts. Foreign texts lose whatever could move a terminal.

use std::io::{self, IsTerminal as _, Write as _};

use clap::ValueEnum;
use ledger::reason::Light;
use serde_json::{Map, Value};

use crate::exit::Exit;

pub(crate) mod permit;
pub(crate) mod verdict;

/// Columns that a page never exceeds, unless one word does.
const COLUMNS: usize = 80;
/// Where the text after a label begins.
const LABEL_COLUMNS: usize = 12;

/// Keeps two words on one line.
pub(crate) const NO_BREAK: char = '\u{a0}';

/// When to colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Colour {
    /// On a terminal, unless `NO_COLOR` is set.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

impl Colour {
    /// Whether stdout is coloured.
    pub(crate) fn is_on(self) -> bool {
        let set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        match self {
            Self::Always => true,
            Self::Never => false,
            Self::Auto => {
                let is_dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
                io::stdout().is_terminal() && !set("NO_COLOR") && !is_dumb
            }
        }
    }
}

/// What a command gives back when it did its work.
#[derive(Debug)]
pub(crate) struct Answer {
    /// How the program ends.
    pub(crate) exit: Exit,
    /// For people.
    pub(crate) page: Page,
    /// For scripts.
    pub(crate) json: Map<String, Value>,
    /// Doubts, for stderr.
    pub(crate) warnings: Vec<String>,
}

impl Answer {
    /// An answer that ends with 0.
    pub(crate) fn new(schema: &str, page: Page) -> Self {
        let mut json = Map::new();
        json.insert("schema".into(), schema.into());
        json.insert("exit_code".into(), 0.into());
        Self {
            exit: Exit::Done,
            page,
            json,
            warnings: Vec::new(),
        }
    }

    /// Ends otherwise.
    pub(crate) fn exit(mut self, exit: Exit) -> Self {
        self.exit = exit;
        self.json.insert("exit_code".into(), exit.code().into());
        self
    }

    /// One more field of the JSON object.
    pub(crate) fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.json.insert(name.into(), value.into());
        self
    }
}

/// Lines for people: a heading with the light, labelled lines, plain lines.
#[derive(Debug, Default)]
pub(crate) struct Page {
    lines: Vec<Line>,
}

#[derive(Debug)]
enum Line {
    Heading {
        light: Light,
        word: String,
        rest: String,
    },
    Field {
        label: String,
        text: String,
    },
    Text(String),
}

impl Page {
    /// Nothing yet.
    pub(crate) const fn new() -> Self {
        Self { lines: Vec::new() }
    }

    /// The light with its icon and word, then the rest.
    pub(crate) fn heading(&mut self, light: Light, word: &str, rest: &str) {
        self.lines.push(Line::Heading {
            light,
            word: plain(word),
            rest: plain(rest),
        });
    }

    /// A label and its text, wrapped under itself.
    pub(crate) fn field(&mut self, label: &str, text: &str) {
        self.lines.push(Line::Field {
            label: plain(label),
            text: plain(text),
        });
    }

    /// A line as it is.
    pub(crate) fn text(&mut self, text: &str) {
        self.lines
            .extend(text.lines().map(|line| Line::Text(plain(line))));
    }

    /// The page as text; with `-q` only its first line.
    pub(crate) fn render(&self, colour: Colour, quiet: bool) -> String {
        let is_coloured = colour.is_on();
        let mut out = String::new();
        for line in &self.lines {
            match line {
                Line::Heading { light, word, rest } => {
                    let head = format!("{} {word}", icon(*light));
                    let width = head.chars().count().saturating_add(3);
                    let first = COLUMNS.saturating_sub(width);
                    if is_coloured {
                        out.push_str(&format!("\u{1b}[1;{}m{head}\u{1b}[0m", shade(*light)));
                    } else {
                        out.push_str(&head);
                    }
                    out.push_str("   ");
                    push_wrapped(&mut out, rest, first);
                }
                Line::Field { label, text } => {
                    let width = LABEL_COLUMNS.saturating_sub(3);
                    out.push_str(&format!("  {label:<width$} "));
                    push_wrapped(&mut out, text, COLUMNS.saturating_sub(LABEL_COLUMNS));
                }
                Line::Text(text) => {
                    out.push_str(text);
                    out.push('\n');
                }
            }
            if quiet {
                break;
            }
        }
        out
    }
}

/// Words wrapped at `first` columns, then under the labels' column. Gaps stay as wide as they are; a
/// no-break space keeps two words together.
fn push_wrapped(out: &mut String, text: &str, first: usize) {
    let mut room = first;
    let mut gap = 0_usize;
    let mut is_start = true;
    for word in text.split(' ') {
        if word.is_empty() {
            gap = gap.saturating_add(1);
            continue;
        }
        let length = word.chars().count();
        if !is_start && length.saturating_add(gap) > room {
            out.push('\n');
            out.push_str(&" ".repeat(LABEL_COLUMNS));
            room = COLUMNS.saturating_sub(LABEL_COLUMNS);
            is_start = true;
        }
        if !is_start {
            out.push_str(&" ".repeat(gap));
            room = room.saturating_sub(gap);
        }
        out.extend(word.chars().map(|c| if c == NO_BREAK { ' ' } else { c }));
        room = room.saturating_sub(length);
        is_start = false;
        gap = 1;
    }
    out.push('\n');
}

/// The sign that stands with the word; never colour alone.
const fn icon(light: Light) -> char {
    match light {
        Light::Green => '✓',
        Light::Amber => '?',
        Light::Red => '✕',
    }
}

const fn shade(light: Light) -> u8 {
    match light {
        Light::Green => 32,
        Light::Amber => 33,
        Light::Red => 31,
    }
}

/// A text without anything that moves a cursor, starts an escape or turns the direction of writing.
pub(crate) fn plain(text: &str) -> String {
    let is_shown = |c: &char| {
        !c.is_control()
            && !matches!(c,
                '\u{ad}' | '\u{61c}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}' | '\u{2029}'
                | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
    };
    text.chars()
        .map(|c| if c == '\t' { ' ' } else { c })
        .filter(is_shown)
        .collect()
}

/// Writes all of `text` to stdout.
pub(crate) fn out(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()
}

/// Writes `text` to stderr. Nobody is left to tell when that fails; the exit code still says it.
pub(crate) fn talk(text: &str) {
    let _gone = io::stderr().lock().write_all(text.as_bytes());
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn whatever_is_shown_only_its_lines_move_the_terminal(text in any::<String>()) {
            let mut page = Page::new();
            page.heading(Light::Red, &text, &text);
            page.field(&text, &text);
            page.text(&text);
            let shown = page.render(Colour::Never, false);
            prop_assert!(shown.chars().all(|c| c == '\n' || !c.is_control()), "{shown:?}");
        }
    }

    #[test]
    fn foreign_text_cannot_move_the_terminal() {
        let hostile = "a\u{1b}[2J\u{9b}31m\rb\u{202e}c\u{7}\td";
        assert_eq!(plain(hostile), "a[2J31mbc d");
        let mut page = Page::new();
        page.heading(Light::Red, "NO", hostile);
        page.field("x", hostile);
        page.text(hostile);
        let shown = page.render(Colour::Never, false);
        assert!(
            shown.chars().all(|c| c == '\n' || !c.is_control()),
            "{shown:?}"
        );
    }

    #[test]
    fn no_line_is_longer_than_a_terminal() {
        let mut page = Page::new();
        page.heading(Light::Amber, "CANNOT CONFIRM", &"word ".repeat(60));
        page.field("compare", &"some longer words ".repeat(20));
        for line in page.render(Colour::Never, false).lines() {
            assert!(line.chars().count() <= COLUMNS, "{line}");
        }
    }

    #[test]
    fn colour_is_only_ever_an_addition() {
        let mut page = Page::new();
        page.heading(Light::Red, "DO NOT ACCEPT", "USED");
        assert_eq!(
            page.render(Colour::Never, false),
            "✕ DO NOT ACCEPT   USED\n"
        );
        assert_eq!(
            page.render(Colour::Always, false),
            "\u{1b}[1;31m✕ DO NOT ACCEPT\u{1b}[0m   USED\n"
        );
    }
}

//! The words that people read in a verdict, in three languages, from one file each.
//!
//! French and Spanish are drafts until a speaker from a Party has approved them.

use std::collections::BTreeMap;
use std::fmt;

use clap::ValueEnum;
use toml::{Table, Value};

use crate::exit::Exit;
use crate::failure::Failure;

/// A language of the Convention.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Language {
    /// English.
    En,
    /// French.
    Fr,
    /// Spanish.
    Es,
}

impl Language {
    /// The code used in flags and JSON.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::Fr => "fr",
            Self::Es => "es",
        }
    }

    const fn text(self) -> &'static str {
        match self {
            Self::En => include_str!("../catalogue/en.toml"),
            Self::Fr => include_str!("../catalogue/fr.toml"),
            Self::Es => include_str!("../catalogue/es.toml"),
        }
    }
}

impl fmt::Display for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The texts of one language, by dotted key: `reason.USED.text`.
#[derive(Debug)]
pub(crate) struct Catalogue {
    language: Language,
    texts: BTreeMap<String, String>,
}

impl Catalogue {
    /// Reads the language's file, which is part of the program.
    pub(crate) fn new(language: Language) -> Result<Self, Failure> {
        let table: Table = toml::from_str(language.text()).map_err(|error| {
            Failure::new(
                Exit::Failed,
                format_args!("catalogue of {language}: {error}"),
            )
        })?;
        let mut texts = BTreeMap::new();
        flatten("", &table, &mut texts);
        Ok(Self { language, texts })
    }

    /// The language.
    pub(crate) const fn language(&self) -> Language {
        self.language
    }

    /// The text of a key; the key itself where there is none, which a test excludes.
    pub(crate) fn text<'a>(&'a self, key: &'a str) -> &'a str {
        self.texts.get(key).map_or(key, String::as_str)
    }

    /// The text of a key with `{name}` replaced.
    pub(crate) fn fill(&self, key: &str, values: &[(&str, &str)]) -> String {
        values
            .iter()
            .fold(self.text(key).to_owned(), |text, (name, value)| {
                text.replace(&format!("{{{name}}}"), value)
            })
    }
}

fn flatten(prefix: &str, table: &Table, texts: &mut BTreeMap<String, String>) {
    for (key, value) in table {
        let key = if prefix.is_empty() {
            key.clone()
        } else {
            format!("{prefix}.{key}")
        };
        match value {
            Value::String(text) => {
                texts.insert(key, text.clone());
            }
            Value::Table(inner) => flatten(&key, inner, texts),
            Value::Integer(_)
            | Value::Float(_)
            | Value::Boolean(_)
            | Value::Datetime(_)
            | Value::Array(_) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use ledger::codes::Kind;
    use ledger::reason::Reason;
    use ledger::verdict::Check;

    use super::*;
    use crate::print::{Colour, Page};

    const LANGUAGES: [Language; 3] = [Language::En, Language::Fr, Language::Es];

    fn holes(text: &str) -> BTreeSet<&str> {
        let parts = text.split('{').skip(1);
        parts
            .filter_map(|part| part.split_once('}'))
            .map(|(name, _)| name)
            .collect()
    }

    #[test]
    fn every_language_has_the_same_keys_and_the_same_holes() {
        let english = Catalogue::new(Language::En).unwrap();
        assert!(english.texts.len() > 100);
        for language in LANGUAGES {
            let other = Catalogue::new(language).unwrap();
            let keys: Vec<_> = other.texts.keys().collect();
            assert_eq!(keys, english.texts.keys().collect::<Vec<_>>(), "{language}");
            for (key, text) in &english.texts {
                assert_eq!(holes(other.text(key)), holes(text), "{language} {key}");
                assert!(!other.text(key).trim().is_empty(), "{language} {key}");
            }
        }
    }

    #[test]
    fn every_reason_check_kind_and_light_has_its_texts() {
        for language in LANGUAGES {
            let catalogue = Catalogue::new(language).unwrap();
            let mut keys = vec!["word.green".into(), "word.amber".into(), "word.red".into()];
            for reason in Reason::ALL {
                keys.push(format!("reason.{}.text", reason.code()));
                keys.push(format!("reason.{}.next", reason.code()));
            }
            keys.extend(Check::ALL.map(|check| format!("check.{}", check.as_str())));
            keys.extend(Kind::ALL.map(|kind| format!("kind.{}", kind.as_str())));
            for key in keys {
                assert!(catalogue.texts.contains_key(&key), "{language}: {key}");
            }
        }
    }

    #[test]
    fn every_reason_fits_a_terminal_in_every_language() {
        for language in LANGUAGES {
            let catalogue = Catalogue::new(language).unwrap();
            for reason in Reason::ALL {
                let (code, light) = (reason.code(), reason.light());
                let text = catalogue.text(&format!("reason.{code}.text")).to_owned();
                let next = catalogue.text(&format!("reason.{code}.next")).to_owned();
                let mut page = Page::new();
                let word = catalogue
                    .text(&format!("word.{}", light.as_str()))
                    .to_owned();
                page.heading(light, &word, &format!("{code}   {text}"));
                page.field(catalogue.text("label.also"), &format!("{code}   {text}"));
                page.field(catalogue.text("label.next"), &next);
                let shown = page.render(Colour::Never, false);
                let widths = shown.lines().map(|line| line.chars().count());
                assert!(widths.max() <= Some(80), "{language}: {shown}");
                // A heading, a finding, an advice: never more than two lines each.
                assert!(shown.lines().count() <= 6, "{language}: {shown}");
            }
        }
    }

    #[test]
    fn no_text_speaks_of_a_reason_that_does_not_exist() {
        let catalogue = Catalogue::new(Language::En).unwrap();
        for key in catalogue.texts.keys() {
            if let Some(rest) = key.strip_prefix("reason.") {
                let code = rest.split('.').next().unwrap();
                assert!(
                    Reason::ALL.iter().any(|reason| reason.code() == code),
                    "{key}"
                );
            }
        }
    }
}

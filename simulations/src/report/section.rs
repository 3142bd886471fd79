//! One part of a page: a picture, how to read it, and the numbers in it.

use super::html::{Table, escape, put};

/// One part of a page.
#[derive(Clone, Debug)]
pub struct Section {
    /// Unique on the page; also the anchor. Empty where nothing leads here.
    pub id: &'static str,
    /// Its heading.
    pub heading: String,
    /// What is shown.
    pub shown: Shown,
    /// What must be said besides.
    pub notes: Vec<String>,
    /// The numbers.
    pub table: Table,
    /// Files of the folder that the numbers are from.
    pub files: &'static [&'static str],
}

/// What a section shows above its table.
#[derive(Clone, Debug)]
pub enum Shown {
    /// A picture.
    Picture {
        /// As SVG.
        svg: String,
        /// One sentence: how to read it.
        reading: String,
    },
    /// The table itself is what is shown; one sentence says how to read it.
    Table(String),
    /// Nothing, and why.
    Nothing(String),
}

impl Section {
    /// As HTML.
    #[must_use]
    pub fn html(&self) -> String {
        self.below("h2")
    }

    /// As HTML, within another section.
    #[must_use]
    pub fn html_within(&self) -> String {
        self.below("h3")
    }

    fn below(&self, tag: &str) -> String {
        let id = match self.id {
            "" => String::new(),
            id => format!(" id=\"{id}\""),
        };
        let heading = escape(&self.heading);
        let mut html = format!("<section{id}>\n<{tag}>{heading}</{tag}>\n");
        match &self.shown {
            Shown::Picture { svg, reading } => put(
                &mut html,
                format_args!(
                    "<figure>\n<div class=\"scroll\">{svg}</div>\n<figcaption>{}</figcaption>\n</figure>\n",
                    escape(reading)
                ),
            ),
            Shown::Table(text) | Shown::Nothing(text) => {
                put(&mut html, format_args!("<p>{}</p>\n", escape(text)));
            }
        }
        for note in &self.notes {
            put(
                &mut html,
                format_args!("<p class=\"note\">{}</p>\n", escape(note)),
            );
        }
        let rows = self.table.count();
        match self.shown {
            _ if rows == 0 => {}
            Shown::Table(_) => html.push_str(&self.table.html()),
            Shown::Picture { .. } | Shown::Nothing(_) => put(
                &mut html,
                format_args!(
                    "<details><summary>The numbers: {rows} {}</summary>\n{}</details>\n",
                    if rows == 1 { "row" } else { "rows" },
                    self.table.html()
                ),
            ),
        }
        let links = self
            .files
            .iter()
            .map(|file| format!("<a href=\"{file}\">{file}</a>"));
        let links: Vec<String> = links.collect();
        if !links.is_empty() {
            put(
                &mut html,
                format_args!("<p class=\"from\">From {}</p>\n", links.join(", ")),
            );
        }
        html.push_str("</section>\n");
        html
    }
}

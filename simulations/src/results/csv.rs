//! Comma-separated values by RFC 4180, written and read; lines end with a line feed alone.

/// Why a text is not a table.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CsvError {
    /// A quote was opened and never closed.
    #[error("row {0}: a quote is not closed")]
    Unclosed(u64),
    /// Something follows the closing quote of a field.
    #[error("row {0}: text after a closing quote")]
    AfterQuote(u64),
}

/// One row that is being written.
#[derive(Debug, Default)]
pub struct Fields {
    line: String,
    count: usize,
}

impl Fields {
    /// Adds a text, in quotes where it needs them.
    pub fn text(&mut self, text: &str) -> &mut Self {
        self.begin();
        if text.contains([',', '"', '\n', '\r']) {
            self.line.push('"');
            self.line.push_str(&text.replace('"', "\"\""));
            self.line.push('"');
        } else {
            self.line.push_str(text);
        }
        self
    }

    /// Adds a number.
    pub fn number(&mut self, number: u64) -> &mut Self {
        self.begin();
        self.line.push_str(&number.to_string());
        self
    }

    /// Adds a number, or an empty field where there is none.
    pub fn number_if_any(&mut self, number: Option<u64>) -> &mut Self {
        match number {
            Some(number) => self.number(number),
            None => self.text(""),
        }
    }

    /// Adds `yes` or `no`.
    pub fn answer(&mut self, is_so: bool) -> &mut Self {
        self.text(if is_so { "yes" } else { "no" })
    }

    /// The whole row; the next one begins.
    pub fn end(&mut self) -> String {
        self.count = 0;
        let mut line = std::mem::take(&mut self.line);
        line.push('\n');
        line
    }

    fn begin(&mut self) {
        if self.count > 0 {
            self.line.push(',');
        }
        self.count = self.count.saturating_add(1);
    }
}

/// A row of these texts.
#[must_use]
pub fn row<T: AsRef<str>>(texts: impl IntoIterator<Item = T>) -> String {
    let mut fields = Fields::default();
    for text in texts {
        fields.text(text.as_ref());
    }
    fields.end()
}

/// The rows of a text, one by one.
#[derive(Debug)]
pub struct Rows<'a> {
    rest: &'a str,
    number: u64,
}

impl<'a> Rows<'a> {
    /// The rows of `text`.
    #[must_use]
    pub const fn new(text: &'a str) -> Self {
        Self {
            rest: text,
            number: 0,
        }
    }

    /// The field at the front, and whether its row ends with it.
    fn field(&mut self) -> Result<(String, bool), CsvError> {
        let field = match self.rest.strip_prefix('"') {
            Some(quoted) => self.quoted(quoted)?,
            None => {
                let end = self.rest.find([',', '\n']).unwrap_or(self.rest.len());
                let (field, rest) = self.rest.split_at(end);
                self.rest = rest;
                let is_last = rest.starts_with('\n') || rest.is_empty();
                let plain = field.strip_suffix('\r').filter(|_| is_last);
                plain.unwrap_or(field).to_owned()
            }
        };
        if let Some(rest) = self.rest.strip_prefix(',') {
            self.rest = rest;
            return Ok((field, false));
        }
        let rest = self.rest.strip_prefix('\r').unwrap_or(self.rest);
        match rest.strip_prefix('\n') {
            Some(next) => self.rest = next,
            None if rest.is_empty() => self.rest = rest,
            None => return Err(CsvError::AfterQuote(self.number)),
        }
        Ok((field, true))
    }

    fn quoted(&mut self, quoted: &'a str) -> Result<String, CsvError> {
        let mut field = String::new();
        let mut rest = quoted;
        loop {
            let split = rest.split_once('"');
            let (before, after) = split.ok_or(CsvError::Unclosed(self.number))?;
            field.push_str(before);
            match after.strip_prefix('"') {
                Some(more) => {
                    field.push('"');
                    rest = more;
                }
                None => {
                    self.rest = after;
                    return Ok(field);
                }
            }
        }
    }
}

impl Iterator for Rows<'_> {
    type Item = Result<Vec<String>, CsvError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        self.number = self.number.saturating_add(1);
        let mut fields = Vec::new();
        loop {
            match self.field() {
                Ok((field, is_last)) => {
                    fields.push(field);
                    if is_last {
                        return Some(Ok(fields));
                    }
                }
                Err(error) => {
                    self.rest = "";
                    return Some(Err(error));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_fields_that_need_quotes_have_them() {
        for (text, written) in [
            ("plain", "plain\n"),
            ("", "\n"),
            ("a b", "a b\n"),
            ("a,b", "\"a,b\"\n"),
            ("say \"no\"", "\"say \"\"no\"\"\"\n"),
            ("two\nlines", "\"two\nlines\"\n"),
            ("\r", "\"\r\"\n"),
        ] {
            assert_eq!(row([text]), written);
        }
    }

    #[test]
    fn what_was_written_reads_back() {
        let table = [
            vec!["run", "what"],
            vec!["1", "a,b"],
            vec!["", "\"\""],
            vec!["é", "\r\n"],
            vec!["3", ""],
        ];
        let text: String = table.iter().map(row).collect();
        let read: Result<Vec<_>, _> = Rows::new(&text).collect();
        assert_eq!(read.unwrap(), table);
    }

    #[test]
    fn tables_of_other_programs_are_read_too() {
        for text in ["a,b\r\n1,\"x\"\r\n", "a,b\n1,x", "\"a\",\"b\"\n1,\"x\""] {
            let read: Result<Vec<_>, _> = Rows::new(text).collect();
            assert_eq!(read.unwrap(), [["a", "b"], ["1", "x"]], "{text:?}");
        }
    }

    #[test]
    fn broken_quotes_are_named_by_their_row() {
        for (text, error) in [
            ("a\n\"b", CsvError::Unclosed(2)),
            ("\"a\"b,c\n", CsvError::AfterQuote(1)),
        ] {
            let read: Result<Vec<_>, _> = Rows::new(text).collect();
            assert_eq!(read, Err(error));
        }
    }

    #[test]
    fn numbers_and_answers_keep_their_places() {
        let mut fields = Fields::default();
        fields.number(7).number_if_any(None).answer(true).text("x");
        assert_eq!(fields.end(), "7,,yes,x\n");
        fields.number_if_any(Some(0));
        assert_eq!(fields.end(), "0\n");
    }
}

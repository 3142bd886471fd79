//! How every command fails: an exit code, what went wrong, what to do next. Never a statement about a permit.

use std::fmt::Display;

use serde_json::{Map, Value, json};

use crate::exit::Exit;
use crate::print::plain;

/// Why a command could not do its work, or what the ledger answered instead.
#[derive(Debug)]
pub(crate) struct Failure {
    exit: Exit,
    schema: &'static str,
    code: Option<String>,
    errors: Vec<String>,
    hint: String,
    details: Map<String, Value>,
}

impl Failure {
    /// One error.
    pub(crate) fn new(exit: Exit, error: impl Display) -> Self {
        Self::all(exit, vec![error.to_string()])
    }

    /// Several errors.
    pub(crate) fn all(exit: Exit, errors: Vec<String>) -> Self {
        Self {
            exit,
            schema: "cites.error/1",
            code: None,
            errors,
            hint: String::new(),
            details: Map::new(),
        }
    }

    /// What to do about it.
    pub(crate) fn hint(mut self, hint: impl Display) -> Self {
        self.hint = hint.to_string();
        self
    }

    /// The stable code, where there is one.
    pub(crate) fn code(mut self, code: impl Into<String>) -> Self {
        self.code = Some(code.into());
        self
    }

    /// The object is an answer of its own kind rather than an error.
    pub(crate) const fn schema(mut self, schema: &'static str) -> Self {
        self.schema = schema;
        self
    }

    /// One more field of the JSON object.
    pub(crate) fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.details.insert(name.into(), value.into());
        self
    }

    /// More fields of the JSON object.
    pub(crate) fn with_all(mut self, fields: Map<String, Value>) -> Self {
        self.details.extend(fields);
        self
    }

    /// Whether a record was refused, as proven: what was made for it will never be of use.
    pub(crate) fn is_final_refusal(&self) -> bool {
        let status = self.details.get("status").and_then(Value::as_str);
        self.exit == Exit::Refused && status == Some("final")
    }

    /// Whether no node answered, or none that can take records now: the record may be sent again as it is.
    pub(crate) fn is_unanswered(&self) -> bool {
        self.exit == Exit::Unreachable || self.details.get("answered") == Some(&Value::Bool(false))
    }

    /// How the program ends.
    pub(crate) const fn exit(&self) -> Exit {
        self.exit
    }

    /// `error:` and `hint:` lines for stderr, without control characters of foreign texts.
    pub(crate) fn lines(&self) -> String {
        let mut text = String::new();
        for error in &self.errors {
            for (index, line) in error.lines().enumerate() {
                text.push_str(if index == 0 { "error: " } else { "       " });
                text.push_str(&plain(line));
                text.push('\n');
            }
        }
        if !self.hint.is_empty() {
            text.push_str("hint: ");
            text.push_str(&plain(&self.hint));
            text.push('\n');
        }
        text
    }

    /// What went wrong, in words.
    pub(crate) fn error(&self) -> String {
        self.errors.join("\n")
    }

    /// The object for `--json`.
    pub(crate) fn json(&self) -> Value {
        Value::Object(self.fields())
    }

    /// Its fields.
    pub(crate) fn fields(&self) -> Map<String, Value> {
        let mut object = self.details.clone();
        object.insert("schema".into(), self.schema.into());
        object.insert("exit_code".into(), self.exit.code().into());
        if let Some(code) = &self.code {
            object.insert("code".into(), code.clone().into());
        }
        object.insert("error".into(), self.error().into());
        if self.errors.len() > 1 {
            object.insert("errors".into(), json!(self.errors));
        }
        if !self.hint.is_empty() {
            object.insert("hint".into(), self.hint.clone().into());
        }
        object
    }
}

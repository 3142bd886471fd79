//! `cites permit history`: what happened with a permit, as the node tells it.

use clap::Args;
use serde_json::Value;

use crate::client::ClientError;
use crate::desk::Desk;
use crate::failure::Failure;
use crate::print::{Answer, Page};
use crate::reference::Named;

/// Arguments of `permit history`.
#[derive(Args, Debug)]
pub(crate) struct History {
    /// The permit, as QS/26QS000123, or its XML.
    permit: String,
}

pub(crate) fn run(arguments: &History, desk: &Desk) -> Result<Answer, Failure> {
    let named = Named::read(&arguments.permit)?;
    let pinned = desk.pinned()?;
    let client = desk.client()?;
    let history = client
        .history(&named.key(pinned.chain))
        .map_err(ClientError::into_failure)?;
    let mut page = Page::new();
    let events = history
        .get("events")
        .and_then(Value::as_array)
        .cloned()
        .unwrap_or_default();
    for (index, event) in (1_usize..).zip(&events) {
        page.text(&line(index, event));
    }
    if events.is_empty() {
        page.text(&format!("{named}: nothing is recorded"));
    }
    page.text(&format!(
        "as node {} tells it, not proven",
        client.address()
    ));
    Ok(Answer::new("cites.history/1", page)
        .with("permit", named.to_string())
        .with("source", client.address())
        .with("proven", false)
        .with("events", events))
}

/// `2  endorse  QS office 2  2026-03-20T14:00:00Z  height 9  QSSUR  applied`.
fn line(index: usize, event: &Value) -> String {
    let text = |name: &str| match event.get(name) {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Number(number)) => number.to_string(),
        Some(Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_)) | None => {
            "-".into()
        }
    };
    let receipt = event.get("receipt");
    let said = |name: &str| {
        receipt
            .and_then(|receipt| receipt.get(name))
            .and_then(Value::as_str)
    };
    let result = match (said("result"), said("reason")) {
        (Some("refused"), Some(reason)) => format!("refused {reason}"),
        (Some(result), _) => result.into(),
        (None, _) => "-".into(),
    };
    let height = receipt
        .and_then(|receipt| receipt.get("height"))
        .and_then(crate::client::number);
    let height = height.map_or_else(|| "-".into(), |height| height.to_string());
    format!(
        "{index:<3}{:<8} {} {:<20} height {height:<6} {:<6} {result}",
        text("statement"),
        text("author"),
        text("made_at"),
        text("port"),
    )
}

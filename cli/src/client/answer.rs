//! What a node answers: values where it did, failures where it did not.

use ledger::party::Height;
use ledger::reason::Reason;
use ledger::state::Warnings;
use serde_json::Value;

use super::ClientError;
use crate::exit::Exit;
use crate::failure::Failure;

/// What became of a record, as the node says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    /// Stored, not in a block yet.
    Waiting,
    /// In a final block.
    Final(Receipt),
    /// Never to be in a block; the code says why.
    NotIncluded(String),
}

/// A receipt, as the node says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Receipt {
    /// Height of the block.
    pub(crate) height: Height,
    /// Place in the block.
    pub(crate) index: u64,
    /// Why it was refused; absent where it was applied.
    pub(crate) refused: Option<Reason>,
    /// Doubts that the ledger noted with it.
    pub(crate) warnings: Warnings,
}

/// What a node says that the rules would say of a record.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Judgement {
    /// The answer; absent where it would be applied.
    pub(crate) refused: Option<String>,
    /// Every broken rule with its words.
    pub(crate) broken: Value,
    /// Every doubt with its words.
    pub(crate) warnings: Value,
}

pub(super) fn receipt(value: &Value) -> Option<Receipt> {
    let refused = match value.get("result")?.as_str()? {
        "applied" => None,
        "refused" => {
            let code = value.get("reason")?;
            let code = code.as_str().or_else(|| code.get("code")?.as_str())?;
            Some(
                Reason::ALL
                    .iter()
                    .copied()
                    .find(|reason| reason.code() == code)?,
            )
        }
        _ => return None,
    };
    Some(Receipt {
        height: Height(number(value.get("height")?)?),
        index: number(value.get("index")?)?,
        refused,
        warnings: warnings(value),
    })
}

/// Doubts that this version knows; others are for later versions to tell.
fn warnings(receipt: &Value) -> Warnings {
    let codes = receipt.get("warnings").and_then(Value::as_array);
    let codes = codes.into_iter().flatten().filter_map(Value::as_str);
    codes
        .filter_map(|code| {
            Warnings::TABLE
                .into_iter()
                .find(|known| known.code() == code)
        })
        .collect()
}

/// A number, or a string that holds one.
pub(crate) fn number(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| value.as_str()?.parse().ok())
}

/// RFC 9457, as far as it can be read.
pub(super) fn problem(status: u16, body: &[u8]) -> ClientError {
    let value: Value = serde_json::from_slice(body).unwrap_or_default();
    let text = |name: &str| {
        value
            .get(name)
            .and_then(Value::as_str)
            .map(|text| text.chars().take(500).collect())
    };
    ClientError::Problem {
        status,
        code: text("code"),
        detail: text("detail")
            .or_else(|| text("title"))
            .unwrap_or_else(|| "no reason given".into()),
    }
}

impl ClientError {
    /// Whether there is no node to speak with now, as opposed to one that answers wrongly.
    pub(crate) fn is_silence(&self) -> bool {
        match self {
            Self::Unreachable { .. } | Self::Cut { .. } => true,
            Self::Problem { status, .. } => exit_of(*status) == Exit::Unreachable,
            Self::TooLarge { .. } | Self::Nonsense { .. } => false,
        }
    }

    /// The failure of a command that needs the answer.
    pub(crate) fn into_failure(self) -> Failure {
        let hint = match &self {
            Self::Unreachable { .. } => {
                "is the node running? name it with --node URL or CITES_NODE"
            }
            Self::Cut { .. } => "try again, or give it longer with --timeout",
            Self::TooLarge { .. } | Self::Nonsense { .. } => {
                "is this a node of the permit ledger, and of this version?"
            }
            Self::Problem { .. } => "",
        };
        let (exit, code) = match &self {
            Self::Problem { status, code, .. } => (exit_of(*status), code.clone()),
            Self::Unreachable { .. }
            | Self::Cut { .. }
            | Self::TooLarge { .. }
            | Self::Nonsense { .. } => (Exit::Unreachable, Some("UNREACHABLE".into())),
        };
        let failure = Failure::new(exit, &self).hint(hint);
        match code {
            Some(code) => failure.code(code),
            None => failure,
        }
    }
}

/// What a refusal by HTTP status means to a script: a busy node may be asked again, a refusal not.
const fn exit_of(status: u16) -> Exit {
    match status {
        401 | 403 => Exit::Key,
        408 | 425 | 429 | 500..=599 => Exit::Unreachable,
        400..=499 => Exit::Refused,
        _ => Exit::Unreachable,
    }
}

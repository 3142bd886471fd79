//! Errors as RFC 9457 problems, with the same codes as receipts and verdicts.

use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use ledger::mempool::MempoolError;
use ledger::state::ReadError;
use serde_json::json;

use crate::intake::Rejected;
use crate::store::StoreError;

/// Why a request was not served.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Problem {
    status: StatusCode,
    code: &'static str,
    detail: String,
    damage: Option<Damage>,
}

/// Goes along with an answer, inside this process: what was found in the database, so that nothing more is
/// served from it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Damage(pub(super) String);

impl Problem {
    pub(super) fn new(status: StatusCode, code: &'static str, detail: impl ToString) -> Self {
        Self {
            status,
            code,
            detail: detail.to_string(),
            damage: None,
        }
    }

    /// Try again in a moment.
    pub(super) fn unavailable(code: &'static str, detail: impl ToString) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, code, detail)
    }

    /// What stands in the database cannot be served, from now on.
    pub(super) fn refuses(why: impl Into<String>) -> Self {
        let damage = StoreError::Damaged(why.into());
        let detail = format!("{damage}; {}", damage.hint());
        let mut problem = Self::unavailable("REFUSES_TO_SERVE", detail);
        if let StoreError::Damaged(why) = damage {
            problem.damage = Some(Damage(why));
        }
        problem
    }

    /// A part of the request is not what it should be.
    pub(super) fn bad(detail: impl ToString) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "BAD_REQUEST", detail)
    }

    pub(super) fn not_found(detail: impl ToString) -> Self {
        Self::new(StatusCode::NOT_FOUND, "NOT_FOUND", detail)
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let body = json!({
            "type": "about:blank",
            "title": self.status.canonical_reason().unwrap_or("error"),
            "status": self.status.as_u16(),
            "code": self.code,
            "detail": self.detail,
        });
        let kind = [(header::CONTENT_TYPE, "application/problem+json")];
        let mut response = (self.status, kind, body.to_string()).into_response();
        if let Some(damage) = self.damage {
            response.extensions_mut().insert(damage);
        }
        response
    }
}

impl From<StoreError> for Problem {
    /// A disk that fails may pass; what was changed behind our back does not.
    fn from(error: StoreError) -> Self {
        if let StoreError::Damaged(why) = error {
            return Self::refuses(why);
        }
        let detail = format!("{error}; {}", error.hint());
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "STORE", detail)
    }
}

impl From<ReadError> for Problem {
    fn from(error: ReadError) -> Self {
        StoreError::from(error).into()
    }
}

impl From<Rejected> for Problem {
    fn from(rejected: Rejected) -> Self {
        let detail = rejected.to_string();
        let (status, code) = match rejected {
            Rejected::Malformed(_) => (StatusCode::BAD_REQUEST, "MALFORMED"),
            Rejected::Inadmissible(why) => (StatusCode::UNPROCESSABLE_ENTITY, why.code()),
            Rejected::Full(MempoolError::PartyFull(_)) => {
                (StatusCode::SERVICE_UNAVAILABLE, "PARTY_FULL")
            }
            Rejected::Full(MempoolError::Full | MempoolError::Waiting) => {
                (StatusCode::SERVICE_UNAVAILABLE, "FULL")
            }
            Rejected::Busy => (StatusCode::SERVICE_UNAVAILABLE, "BUSY"),
            Rejected::Store(error) => return error.into(),
        };
        Self::new(status, code, detail)
    }
}

pub(super) async fn no_such_page() -> Problem {
    Problem::not_found("no such page; see the API in docs/")
}

//! What a Party's state holds beside its permits, and what people look for in them: registers, quotas, statistics,
//! signals. Each answer follows from the state alone, so every node gives the same one at a height.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, Query, State};
use ledger::digest::{Digest, SpeciesKey, bytes_from_hex};
use ledger::party::PartyCode;
use ledger::state::register::{
    MonthCounts, PaperState, QuotaState, RevokedRanges, Statistics, Suspensions,
};
use ledger::state::signal::{SIGNAL_KEY_BYTES, SignalKey, spikes};
use ledger::state::{PermitState, Signal, StateKey};
use ledger::time::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use super::Desk;
use super::permits::shown;
use super::problem::Problem;
use super::view;
use crate::store::{Snapshot, StoreError};

/// Entries of a list in one answer.
const PAGE_MAX: usize = 500;
/// Permits, lines and ports in one answer: it stays below a megabyte, whatever the permits are like.
const ROWS_MAX: usize = 4_000;

/// `GET /v1/registers/{party}`: revoked forms and stamps, suspensions of its exports.
pub(super) async fn registers(
    State(desk): State<Arc<Desk>>,
    Path(party): Path<String>,
) -> Result<Json<Value>, Problem> {
    let party = view::party(&party)?;
    let snapshot = desk.store.snapshot()?;
    let revoked: Option<RevokedRanges> = shown(&snapshot, &StateKey::revoked(party))?;
    let suspensions: Option<Suspensions> = shown(&snapshot, &StateKey::suspensions(party))?;
    let revoked = revoked.unwrap_or_default().0.into_iter().map(|one| {
        json!({
            "series": one.series.as_str(), "numbers": one.range.to_string(),
            "reason": one.reason.as_str(), "act": view::act(&one.act),
        })
    });
    let suspensions = suspensions.unwrap_or_default().0.into_iter().map(|one| {
        json!({
            "by": one.act.party.as_str(), "species": one.species.map(view::hash),
            "from": one.from.to_string(), "until": one.until.map(|day| day.to_string()),
            "act": view::act(&one.act),
        })
    });
    Ok(Json(json!({
        "schema": "cites.registers/1",
        "party": party.as_str(),
        "revoked": revoked.collect::<Vec<_>>(),
        "suspensions": suspensions.collect::<Vec<_>>(),
        "as_of": view::as_of(snapshot.tip()),
    })))
}

/// `GET /v1/quotas/{party}/{year}/{species key}`.
pub(super) async fn quota(
    State(desk): State<Arc<Desk>>,
    Path((party, year, species)): Path<(String, String, String)>,
) -> Result<Json<Value>, Problem> {
    let party = view::party(&party)?;
    let year: u16 = year
        .parse()
        .map_err(|_| Problem::bad("the year is a number such as 2026"))?;
    let species = Digest::from_hex(&species)
        .map(SpeciesKey)
        .ok_or_else(|| Problem::bad("the species key is 64 hexadecimal digits"))?;
    let snapshot = desk.store.snapshot()?;
    let quota: Option<QuotaState> = shown(&snapshot, &StateKey::quota(party, year, &species))?;
    let quota = quota.ok_or_else(|| Problem::not_found("no such quota"))?;
    Ok(Json(json!({
        "schema": "cites.quota/1",
        "party": party.as_str(), "year": year, "species": view::hash(species),
        "unit": quota.unit.code(), "total": quota.total.to_string(),
        "drawn": quota.drawn.to_string(), "act": view::act(&quota.act),
        "as_of": view::as_of(snapshot.tip()),
    })))
}

/// `GET /v1/papers/{party}/{number hash}`: claims on paper of a Party that is not on the ledger.
pub(super) async fn paper(
    State(desk): State<Arc<Desk>>,
    Path((party, number)): Path<(String, String)>,
) -> Result<Json<Value>, Problem> {
    let key = view::permit_key(&party, &number)?;
    let snapshot = desk.store.snapshot()?;
    let paper: Option<PaperState> = shown(&snapshot, &StateKey::paper(&key))?;
    let claims = paper.unwrap_or_default().0.into_iter().map(|claim| {
        json!({
            "document": view::hash(claim.document), "stamp": claim.stamp.map(view::hash),
            "act": view::act(&claim.act),
        })
    });
    Ok(Json(json!({
        "schema": "cites.paper/1",
        "permit": view::key(key),
        "claims": claims.collect::<Vec<_>>(),
        "as_of": view::as_of(snapshot.tip()),
    })))
}

/// `GET /v1/statistics/{party}/{year}`: each month of a Party, and months that stand out.
pub(super) async fn statistics(
    State(desk): State<Arc<Desk>>,
    Path((party, year)): Path<(String, String)>,
) -> Result<Json<Value>, Problem> {
    let party = view::party(&party)?;
    let year: u16 = year
        .parse()
        .map_err(|_| Problem::bad("the year is a number such as 2026"))?;
    let snapshot = desk.store.snapshot()?;
    let of = |year| -> Result<Statistics, StoreError> {
        let known: Option<Statistics> = shown(&snapshot, &StateKey::statistics(party, year))?;
        Ok(known.unwrap_or_default())
    };
    let (before, counts) = (of(year.saturating_sub(1))?, of(year)?);
    let months = (1..)
        .zip(&counts.0)
        .map(|(month, counts): (u8, &MonthCounts)| {
            json!({
                "month": month, "issued": counts.issued, "captive": counts.captive,
                "retrospective": counts.retrospective, "not_covered": counts.not_covered,
                "cancelled": counts.cancelled, "refused": counts.refused,
            })
        });
    let spikes = |of: fn(&MonthCounts) -> u32| -> Vec<Value> {
        let found = spikes(&before, year, &counts, of).into_iter();
        found
            .map(|spike| {
                json!({
                    "month": spike.month.1, "count": spike.count, "twelve_months_before": spike.before,
                })
            })
            .collect()
    };
    Ok(Json(json!({
        "schema": "cites.statistics/1",
        "party": party.as_str(), "year": year,
        "months": months.collect::<Vec<_>>(),
        "spikes": {
            "captive": spikes(|month| month.captive),
            "retrospective": spikes(|month| month.retrospective),
            "refused": spikes(|month| month.refused),
        },
        "as_of": view::as_of(snapshot.tip()),
    })))
}

/// Which part of a list.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Page {
    /// Only what is at least this old, at the time of the newest block.
    older_than_days: Option<u32>,
    /// `next` of the answer before.
    after: Option<String>,
}

/// `GET /v1/signals/{signal}/{party}?older_than_days=N&after=CURSOR`: permits that people look for, the oldest first.
pub(super) async fn signals(
    State(desk): State<Arc<Desk>>,
    Path((signal, party)): Path<(String, String)>,
    Query(page): Query<Page>,
) -> Result<Json<Value>, Problem> {
    let signal = Signal::from_word(&signal).ok_or_else(|| {
        let words = Signal::ALL.map(Signal::as_str).join(", ");
        Problem::bad(format!("`{signal}` is none of: {words}"))
    })?;
    let party = view::party(&party)?;
    let after = page.after.as_deref().map(|text| {
        let bytes = bytes_from_hex::<SIGNAL_KEY_BYTES>(text);
        let key = bytes.and_then(|bytes| SignalKey::from_bytes(&bytes));
        key.filter(|key| key.signal == signal && key.party == party)
            .ok_or_else(|| Problem::bad("`after` is the `next` of an earlier answer of this list"))
    });
    let after = after.transpose()?.map(|key| key.to_bytes());
    crate::blocking::run(|| {
        let snapshot = desk.store.snapshot()?;
        let now = snapshot.tip().time();
        let days = page.older_than_days.unwrap_or(0);
        let youngest = Timestamp(now.0.saturating_sub(u64::from(days).saturating_mul(DAY_MS)));
        let reader = snapshot.read();
        // One more than is told: then there is a next page.
        let found = reader.signals(signal, party, after.as_deref(), PAGE_MAX.saturating_add(1))?;
        let mut old = found
            .iter()
            .take_while(|key| key.since <= youngest)
            .peekable();
        let (mut items, mut rows, mut last) = (Vec::new(), 0_usize, None);
        while items.len() < PAGE_MAX
            && rows < ROWS_MAX
            && let Some(key) = old.next()
        {
            let permit = permit_of(&snapshot, key)?;
            rows = rows
                .saturating_add(1)
                .saturating_add(permit.lines.len())
                .saturating_add(permit.ports.len());
            items.push(item(&permit, key, now));
            last = Some(key);
        }
        let next = last.filter(|_| old.peek().is_some());
        Ok(Json(json!({
            "schema": "cites.signals/1",
            "signal": signal.as_str(), "party": party.as_str(),
            "items": items, "next": next.map(|key| ledger::digest::hex(&key.to_bytes())),
            "as_of": view::as_of(snapshot.tip()),
        })))
    })
}

const DAY_MS: u64 = 24 * 60 * 60 * 1000;

fn permit_of(snapshot: &Snapshot<'_>, key: &SignalKey) -> Result<PermitState, StoreError> {
    let permit: Option<PermitState> = shown(snapshot, &StateKey::permit(&key.permit))?;
    permit.ok_or_else(|| StoreError::Damaged("a signal of a permit that is not there".into()))
}

fn item(permit: &PermitState, key: &SignalKey, now: Timestamp) -> Value {
    let lines = permit.lines.iter().map(|line| {
        json!({
            "line": line.line.to_string(), "unit": line.unit.code(),
            "authorised": line.authorised.to_string(),
            "endorsed": line.endorsed.map(|quantity| quantity.to_string()),
            "imported": line.imported.map(|quantity| quantity.to_string()),
        })
    });
    json!({
        "permit": view::key(key.permit),
        "destination": permit.destination.as_ref().map(PartyCode::as_str),
        "since": key.since.to_string(),
        "age_days": now.since_ms(key.since) / DAY_MS,
        "refused_attempts": permit.refused_attempts, "refusals": permit.refusals,
        "ports": permit.ports.iter().map(view::port).collect::<Vec<_>>(),
        "lines": lines.collect::<Vec<_>>(),
    })
}

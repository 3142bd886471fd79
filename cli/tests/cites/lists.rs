//! What the fake node answers beside permits and proofs: judgements, registers, quotas, signals, statistics.

use ledger::codec;
use ledger::digest::{Digest, SpeciesKey};
use ledger::limits::RECORD_BYTES_MAX;
use ledger::party::Office;
use ledger::reason::Reason;
use ledger::record::Record;
use ledger::state::register::{QuotaState, RevokedRanges, Statistics, Suspensions};
use ledger::state::signal::spikes;
use ledger::state::{Execution, PermitState, Signal, StateKey, read};
use serde_json::{Value, json};

use crate::chain::{Chain, party};

/// `POST /v1/judgements`.
pub(crate) fn judgement(chain: &Chain, body: &[u8]) -> Option<Value> {
    let record: Record = codec::decode(body, RECORD_BYTES_MAX).ok()?;
    let state = chain.state();
    let offices = record.offices.iter();
    let roles = offices.filter_map(|number| {
        let key = StateKey::office(record.author, *number);
        let office: Option<Office> = read(state, &key).unwrap();
        office.map(|office| office.role)
    });
    let roles: Vec<_> = roles.collect();
    let mut execution = Execution::begin(state, chain.next()).unwrap();
    let judgement = execution.explain(&record, &roles).unwrap();
    let rows = |rows: &[(Reason, &str)]| -> Vec<Value> {
        let rows = rows.iter();
        rows.map(|(reason, words)| json!({"code": reason.code(), "rule": words}))
            .collect()
    };
    Some(json!({
        "refused": judgement.broken.first().map(|(reason, _)| reason.code()),
        "broken": rows(&judgement.broken), "warnings": rows(&judgement.doubts),
    }))
}

/// `GET /v1/registers/{party}`.
pub(crate) fn registers(chain: &Chain, code: &str) -> Value {
    let state = chain.state();
    let revoked: Option<RevokedRanges> = read(state, &StateKey::revoked(party(code))).unwrap();
    let suspended: Option<Suspensions> = read(state, &StateKey::suspensions(party(code))).unwrap();
    let revoked = revoked.unwrap_or_default().0.into_iter().map(|one| {
        json!({"series": one.series.as_str(), "numbers": one.range.to_string(), "reason": one.reason.as_str()})
    });
    let suspended = suspended.unwrap_or_default().0.into_iter().map(|one| {
        json!({
            "by": one.act.party.as_str(), "species": one.species.map(|key| format!("sha256:{key}")),
            "from": one.from.to_string(), "until": one.until.map(|day| day.to_string()),
        })
    });
    json!({"revoked": revoked.collect::<Vec<_>>(), "suspensions": suspended.collect::<Vec<_>>()})
}

/// `GET /v1/quotas/{party}/{year}/{species key}`.
pub(crate) fn quota(chain: &Chain, code: &str, year: &str, species: &str) -> Option<Value> {
    let species = SpeciesKey(Digest::from_hex(species).unwrap());
    let key = StateKey::quota(party(code), year.parse().unwrap(), &species);
    let quota: QuotaState = read(chain.state(), &key).unwrap()?;
    Some(json!({
        "unit": quota.unit.code(), "total": quota.total.to_string(), "drawn": quota.drawn.to_string(),
    }))
}

/// `GET /v1/statistics/{party}/{year}`.
pub(crate) fn statistics(chain: &Chain, code: &str, year: &str) -> Value {
    let year: u16 = year.parse().unwrap();
    let of = |year| {
        let key = StateKey::statistics(party(code), year);
        let known: Option<Statistics> = read(chain.state(), &key).unwrap();
        known.unwrap_or_default()
    };
    let (before, counts) = (of(year - 1), of(year));
    let months = (1_u8..).zip(&counts.0).map(|(month, counts)| {
        json!({
            "month": month, "issued": counts.issued, "captive": counts.captive, "refused": counts.refused,
            "retrospective": counts.retrospective, "not_covered": counts.not_covered, "cancelled": counts.cancelled,
        })
    });
    let retrospective = spikes(&before, year, &counts, |month| month.retrospective);
    let retrospective = retrospective.into_iter().map(|spike| {
        json!({"month": spike.month.1, "count": spike.count, "twelve_months_before": spike.before})
    });
    let spikes = json!({"retrospective": retrospective.collect::<Vec<_>>()});
    json!({"months": months.collect::<Vec<_>>(), "spikes": spikes})
}

/// `GET /v1/signals/{signal}/{party}`: one entry on each page, so that there is more than one.
pub(crate) fn signals(chain: &Chain, signal: &str, code: &str, query: &str) -> Value {
    let signal = Signal::from_word(signal).unwrap();
    let asked = |name: &str| query.split('&').find_map(|part| part.strip_prefix(name));
    let days: u64 = asked("older_than_days=").unwrap().parse().unwrap();
    let after = asked("after=").unwrap_or_default();
    let now = chain.next().time;
    let state = chain.state();
    let all = state.signals().iter();
    let all = all.filter(|key| key.signal == signal && key.party == party(code));
    let old = all.filter(|key| now.since_ms(key.since) / 86_400_000 >= days);
    let named = old.map(|key| (ledger::digest::hex(&key.to_bytes()), key));
    let mut rest = named.filter(|(name, _)| name.as_str() > after);
    let item = rest.next().map(|(name, key)| {
        let permit: Option<PermitState> = read(state, &StateKey::permit(&key.permit)).unwrap();
        let permit = permit.unwrap();
        let ports = permit.ports.iter().map(|counts| {
            json!({"port": counts.port.as_str(), "attempts": counts.attempts, "refusals": counts.refusals})
        });
        let item = json!({
            "permit": {"issuer": key.permit.issuer.as_str(), "number_hash": format!("sha256:{}", key.permit.number)},
            "destination": permit.destination.map(|to| to.to_string()), "since": key.since.to_string(),
            "age_days": now.since_ms(key.since) / 86_400_000, "ports": ports.collect::<Vec<_>>(),
        });
        (name, item)
    });
    let next = item.as_ref().map(|(name, _)| name.clone());
    let items: Vec<Value> = item.into_iter().map(|(_, item)| item).collect();
    json!({"items": items, "next": next.filter(|_| rest.next().is_some())})
}

//! `cites permit show`: the permit's state on the ledger, proven.

use clap::Args;
use ledger::reason::Reason;
use ledger::record::RetrospectiveReason;
use ledger::state::{Act, PermitState};
use serde_json::{Value, json};

use super::lines::no_state;
use crate::client::ClientError;
use crate::desk::Desk;
use crate::evidence::Evidence;
use crate::failure::Failure;
use crate::print::permit::{line_json, lines_of};
use crate::print::verdict::{act_words, age};
use crate::print::{Answer, Page};
use crate::reference::Named;
use crate::submit::{act_json, hash_text};

/// Arguments of `permit show`.
#[derive(Args, Debug)]
pub(crate) struct Show {
    /// The permit, as QS/26QS000123, or its XML.
    permit: String,
}

pub(crate) fn run(arguments: &Show, desk: &Desk) -> Result<Answer, Failure> {
    let named = Named::read(&arguments.permit)?;
    let mut pinned = desk.pinned()?;
    let client = desk.client()?;
    let key = named.key(pinned.chain);
    let evidence = Evidence::fetch(&pinned, &client, &key).map_err(ClientError::into_failure)?;
    let verdict = evidence.judge(desk, &mut pinned, key, None)?;
    let (Some(state), Some(as_of)) = (&verdict.state, &verdict.as_of) else {
        return Err(no_state(desk, &named, &verdict).hint(""));
    };
    let words = &desk.words;
    let mut page = Page::new();
    let kind = words
        .text(&format!("kind.{}", state.kind.as_str()))
        .to_owned();
    let route = state
        .destination
        .map(|to| format!("   {} -> {to}", state.issuer))
        .unwrap_or_default();
    page.text(&format!("{kind} {named}{route}"));
    page.field(
        "",
        &words.fill(
            "phrase.valid",
            &[
                ("from", &state.valid_from.to_string()),
                ("until", &state.valid_until.to_string()),
            ],
        ),
    );
    for line in lines_of(words, None, Some(state)) {
        page.field("", &line);
    }
    for (word, act) in acts(state) {
        page.field(word, &act_words(words, act));
    }
    let counts = format!(
        "{} sightings, {} refusals, {} refused attempts",
        state.sightings, state.refusals, state.refused_attempts
    );
    page.field("counted", &counts);
    let height = words.fill("phrase.height", &[("height", &as_of.height.to_string())]);
    let ago = words.fill("phrase.ago", &[("age", &age(as_of.age_ms))]);
    page.field(words.text("label.as_of"), &format!("{height}, {ago}"));
    Ok(Answer::new("cites.permit/1", page)
        .with("permit", permit_json(&named, state))
        .with("as_of", json!({
            "height": as_of.height.to_string(), "time": as_of.time.to_string(), "age_s": as_of.age_ms / 1000,
            "block": hash_text(&as_of.block), "source": client.address(),
        })))
}

fn acts(state: &PermitState) -> Vec<(&'static str, &Act)> {
    let cancelled = state
        .cancellation
        .as_ref()
        .map(|cancellation| (cancellation.reason.as_str(), &cancellation.act));
    let acts = [
        Some(("issued", &state.issued)),
        state.endorsement.as_ref().map(|act| ("endorsed", act)),
        state
            .endorsement_corrected
            .as_ref()
            .map(|act| ("corrected", act)),
        state.consent.as_ref().map(|act| ("consent", act)),
        state.import.as_ref().map(|act| ("imported", act)),
        state
            .import_corrected
            .as_ref()
            .map(|act| ("corrected", act)),
        cancelled,
        state
            .contested
            .as_ref()
            .map(|notice| ("contested", &notice.act)),
        state
            .crossings
            .as_ref()
            .and_then(|crossings| Some(("crossed", crossings.last.as_ref()?))),
    ];
    acts.into_iter().flatten().collect()
}

fn permit_json(named: &Named, state: &PermitState) -> Value {
    let act = |act: &Option<Act>| act.as_ref().map(act_json);
    json!({
        "party": state.issuer.as_str(), "number": named.number.as_str(),
        "kind": state.kind.as_str(), "destination": state.destination.map(|to| to.to_string()),
        "granted_on": state.granted_on.to_string(), "valid_from": state.valid_from.to_string(),
        "valid_until": state.valid_until.to_string(), "retrospective": state.retrospective.map(RetrospectiveReason::as_str),
        "commitment": hash_text(&state.commitment),
        "lines": state.lines.iter().map(line_json).collect::<Vec<_>>(),
        "issued": act_json(&state.issued), "endorsed": act(&state.endorsement), "imported": act(&state.import),
        "cancelled": state.cancellation.as_ref().map(|cancellation| {
            let mut fields = act_json(&cancellation.act);
            fields.insert("reason".into(), cancellation.reason.as_str().into());
            fields
        }),
        "consent": act(&state.consent), "replaced_by": state.replaced_by.as_ref().map(hash_text),
        "replaces": state.replaces.map(|old| json!({"number_hash": hash_text(&old.number), "reason": old.reason.as_str()})),
        "import_permit": state.import_permit.map(|key| json!({"party": key.issuer.as_str(), "number_hash": hash_text(&key.number)})),
        "crossings": state.crossings.as_ref().map(|crossings| json!({
            "inside": crossings.inside.map(|party| party.to_string()), "count": crossings.count,
        })),
        "contested": state.contested.as_ref().map(|notice| act_json(&notice.act)),
        "endorsement_corrected": act(&state.endorsement_corrected), "import_corrected": act(&state.import_corrected),
        "warnings": state.warnings.iter().map(Reason::code).collect::<Vec<_>>(),
        "ports": state.ports.iter().map(|counts| json!({
            "port": counts.port.as_str(), "attempts": counts.attempts, "refusals": counts.refusals,
        })).collect::<Vec<_>>(),
        "sightings": state.sightings, "refusals": state.refusals, "refused_attempts": state.refused_attempts,
        "last_height": state.last_height.to_string(),
    })
}

//! A verdict in words and as an object.

use ledger::permit::{Permit, Place};
use ledger::reason::{Light, Reason};
use ledger::seal::Seal;
use ledger::state::Act;
use ledger::time::Timestamp;
use ledger::verdict::{Check, Finding, Outcome, Verdict};
use serde_json::{Value, json};

use super::{Answer, NO_BREAK, Page};
use crate::catalogue::Catalogue;
use crate::desk::Desk;
use crate::exit::Exit;
use crate::print::permit::{line_json, lines_of};
use crate::sealed;
use crate::submit::{act_json, hash_text};

/// A verdict with what is needed to tell it.
#[derive(Debug)]
pub(crate) struct Told<'a> {
    /// The verdict.
    pub(crate) verdict: &'a Verdict,
    /// The permit's name here, `QS/26QS000123`; absent where only its hash is known.
    pub(crate) name: Option<String>,
    /// The document presented.
    pub(crate) document: Option<&'a Permit>,
    /// The seal on the paper.
    pub(crate) seal: Option<&'a Seal>,
    /// Where the data came from.
    pub(crate) source: Value,
    /// Height that this device had verified before.
    pub(crate) seen_height: u64,
}

impl Told<'_> {
    /// The answer of `verify`.
    pub(crate) fn answer(&self, desk: &Desk) -> Answer {
        let light = self.verdict.light();
        let mut answer = Answer::new("cites.verify/1", self.page(desk)).exit(Exit::of(light));
        for (name, value) in self.fields(desk) {
            answer = answer.with(name, value);
        }
        answer
    }

    fn page(&self, desk: &Desk) -> Page {
        let words = &desk.words;
        let light = self.verdict.light();
        let mut page = Page::new();
        let mut findings = self.verdict.findings.iter();
        let first = findings
            .next()
            .map(|finding| self.finding(words, finding))
            .unwrap_or_default();
        page.heading(
            light,
            words.text(&format!("word.{}", light.as_str())),
            &first,
        );
        page.field(words.text("label.permit"), &self.permit_line(words));
        for finding in findings {
            page.field(words.text("label.also"), &self.finding(words, finding));
        }
        for (key, state) in &self.verdict.successors {
            let hash: String = key.number.to_string().chars().take(16).collect();
            let by = [
                ("hash", hash.as_str()),
                ("date", &state.valid_until.to_string()),
            ];
            page.field(
                words.text("label.also"),
                &words.fill("phrase.replaced_by", &by),
            );
        }
        let compared = match self.seal {
            Some(seal) => sealed::lines_of(words, seal),
            None => lines_of(words, self.document, self.verdict.state.as_ref()),
        };
        for line in compared {
            page.field(words.text("label.compare"), &line);
        }
        if let Some(parties) = self.parties(words) {
            page.field("", &parties);
        }
        let (made, left): (Vec<_>, Vec<_>) = self
            .verdict
            .checks
            .iter()
            .copied()
            .partition(|(_, outcome)| *outcome != Outcome::NotChecked);
        let made: Vec<String> = made
            .into_iter()
            .map(|(check, outcome)| self.check(words, check, outcome))
            .collect();
        if !made.is_empty() {
            page.field(words.text("label.checks"), &made.join("  "));
        }
        let left: Vec<&str> = left
            .into_iter()
            .map(|(check, _)| check_word(words, check))
            .collect();
        if !left.is_empty() {
            page.field(words.text("label.unchecked"), &left.join(", "));
        }
        page.field(words.text("label.as_of"), &self.as_of(words));
        for advice in self.advice(desk) {
            page.field(words.text("label.next"), &advice);
        }
        if desk.flags.verbose {
            self.details(words, &mut page);
        }
        page
    }

    fn finding(&self, words: &Catalogue, finding: &Finding) -> String {
        let mut text = format!(
            "{}   {}",
            finding.reason.code(),
            self.text(words, finding.reason)
        );
        if let Some(act) = &finding.act {
            text.push_str(": ");
            text.push_str(&act_words(words, act));
        }
        if !finding.places.is_empty() {
            let places: Vec<String> = finding
                .places
                .iter()
                .map(|place| place_words(words, *place))
                .collect();
            text.push_str(": ");
            text.push_str(&places.join("; "));
        }
        if finding.reason == Reason::Stale
            && self
                .verdict
                .as_of
                .is_some_and(|as_of| as_of.height.0 < self.seen_height)
        {
            text.push_str("; ");
            text.push_str(&words.fill(
                "phrase.saved_later",
                &[("height", &self.seen_height.to_string())],
            ));
        }
        text
    }

    fn text(&self, words: &Catalogue, reason: Reason) -> String {
        let Some(as_of) = &self.verdict.as_of else {
            if reason == Reason::Offline {
                return match self.seal {
                    Some(seal) => {
                        let height = seal.anchor().height.to_string();
                        words.fill("phrase.seal_only", &[("height", &height)])
                    }
                    None => words.text("phrase.no_data").into(),
                };
            }
            return words.fill(
                &format!("reason.{}.text", reason.code()),
                &[("time", "?"), ("height", "?")],
            );
        };
        words.fill(
            &format!("reason.{}.text", reason.code()),
            &[
                ("time", &minute(as_of.time)),
                ("height", &as_of.height.to_string()),
            ],
        )
    }

    fn permit_line(&self, words: &Catalogue) -> String {
        let name = self.name.clone().unwrap_or_else(|| {
            let hash = self.verdict.permit.number.to_string();
            let (start, _) = hash.split_at_checked(12).unwrap_or((&hash, ""));
            format!("{}/#{start}…", self.verdict.permit.issuer)
        });
        // What the ledger proves comes first; the document's own word only where nothing is proven.
        let (kind, destination, until) = match (&self.verdict.state, self.document) {
            (Some(state), _) => (state.kind, state.destination, state.valid_until),
            (None, Some(permit)) => (permit.kind, permit.destination(), permit.valid_until_date()),
            (None, None) => return name,
        };
        let route = destination
            .map(|to| format!("{} -> {to}   ", self.verdict.permit.issuer))
            .unwrap_or_default();
        let until = words.fill("phrase.until", &[("date", &until.to_string())]);
        format!(
            "{} {name}   {route}{until}",
            words.text(&format!("kind.{}", kind.as_str()))
        )
    }

    fn parties(&self, words: &Catalogue) -> Option<String> {
        if let Some(seal) = self.seal {
            return sealed::parties_of(seal);
        }
        let permit = self.document?;
        let from = permit.exporter.name.as_ref()?;
        let to = permit.importer.name.as_ref()?;
        Some(format!(
            "{from} -> {to} ({})",
            words.text("phrase.names_from")
        ))
    }

    fn check(&self, words: &Catalogue, check: Check, outcome: Outcome) -> String {
        let sign = match outcome {
            Outcome::Pass => '✓',
            Outcome::Fail => '✕',
            Outcome::NotChecked => '?',
        };
        let (signed, all) = self.verdict.signed_power;
        if check == Check::Finality && all > 0 {
            return keep(&format!(
                "{} {signed}/{all} {sign}",
                check_word(words, check)
            ));
        }
        keep(&format!("{} {sign}", check_word(words, check)))
    }

    fn as_of(&self, words: &Catalogue) -> String {
        match &self.verdict.as_of {
            None => "-".into(),
            Some(as_of) => {
                let height = words.fill("phrase.height", &[("height", &as_of.height.to_string())]);
                let ago = words.fill("phrase.ago", &[("age", &age(as_of.age_ms))]);
                format!("{height}, {ago} ({})", as_of.time)
            }
        }
    }

    /// What to do: of the worst reason, and the command that does it where there is one.
    fn advice(&self, desk: &Desk) -> Vec<String> {
        let Some(worst) = self.verdict.findings.first() else {
            return Vec::new();
        };
        let mut advice = vec![
            desk.words
                .text(&format!("reason.{}.next", worst.reason.code()))
                .to_owned(),
        ];
        let Some(name) = &self.name else {
            return advice;
        };
        let lines = self.verdict.state.iter().flat_map(|state| &state.lines);
        let lines: Vec<String> = lines
            .take(3)
            .map(|line| format!("--line {}=…", line.line))
            .collect();
        if worst.reason == Reason::Ok {
            advice.push(format!("cites import {name} {} --port …", lines.join(" ")));
        }
        if worst.reason == Reason::OkTransit {
            advice.push(format!("cites sight {name} --port …"));
        }
        if worst.reason.light() == Light::Red {
            advice.push(format!(
                "cites refuse {name} --reason {} --port …",
                worst.reason.code()
            ));
        }
        advice
    }

    fn details(&self, words: &Catalogue, page: &mut Page) {
        let label = words.text("label.detail");
        page.field(
            label,
            &format!("number hash {}", self.verdict.permit.number),
        );
        if let Some(as_of) = &self.verdict.as_of {
            page.field(label, &format!("block {}", as_of.block));
        }
        if let Some(state) = &self.verdict.state {
            page.field(label, &format!("commitment {}", state.commitment));
            page.field(
                label,
                &format!(
                    "sightings {}, refusals {}, refused attempts {}",
                    state.sightings, state.refusals, state.refused_attempts
                ),
            );
        }
    }

    fn fields(&self, desk: &Desk) -> Vec<(&'static str, Value)> {
        let verdict = self.verdict;
        let reasons: Vec<Value> = verdict
            .findings
            .iter()
            .map(|finding| self.finding_json(&desk.words, finding))
            .collect();
        let checks = verdict
            .checks
            .iter()
            .filter(|(_, outcome)| *outcome != Outcome::NotChecked);
        let checks: serde_json::Map<String, Value> = checks
            .map(|(check, outcome)| {
                (
                    check.as_str().to_owned(),
                    self.check_json(*check, *outcome).into(),
                )
            })
            .collect();
        let left = verdict
            .checks
            .iter()
            .filter(|(_, outcome)| *outcome == Outcome::NotChecked);
        let left: Vec<&str> = left.map(|(check, _)| check.as_str()).collect();
        let as_of = verdict.as_of.map(|as_of| {
            json!({
                "height": as_of.height.to_string(), "time": as_of.time.to_string(), "age_s": as_of.age_ms / 1000,
                "block": hash_text(&as_of.block), "source": self.source,
            })
        });
        vec![
            ("verdict", verdict.light().as_str().into()),
            ("permit", self.permit_json()),
            ("reasons", reasons.into()),
            ("checks", checks.into()),
            ("not_checked", left.into()),
            ("as_of", as_of.into()),
            ("lang", desk.words.language().as_str().into()),
        ]
    }

    fn finding_json(&self, words: &Catalogue, finding: &Finding) -> Value {
        let mut fields = finding.act.as_ref().map(act_json).unwrap_or_default();
        fields.insert("code".into(), finding.reason.code().into());
        fields.insert("light".into(), finding.reason.light().as_str().into());
        fields.insert("text".into(), self.text(words, finding.reason).into());
        if !finding.places.is_empty() {
            let boxes = finding.places.iter().map(|place| {
                json!({"box": place.form_box.as_str(), "line": place.line.map(|line| line.to_string())})
            });
            fields.insert("boxes".into(), boxes.collect::<Vec<_>>().into());
        }
        Value::Object(fields)
    }

    fn check_json(&self, check: Check, outcome: Outcome) -> String {
        let word = match outcome {
            Outcome::Pass => "pass",
            Outcome::Fail => "fail",
            Outcome::NotChecked => "not checked",
        };
        let (signed, all) = self.verdict.signed_power;
        if check == Check::Finality && all > 0 {
            return format!("{word} {signed}/{all}");
        }
        word.into()
    }

    fn permit_json(&self) -> Value {
        let verdict = self.verdict;
        let number = self
            .name
            .as_ref()
            .and_then(|name| name.split_once('/'))
            .map(|(_, number)| number);
        let mut permit = json!({
            "party": verdict.permit.issuer.as_str(),
            "number": number,
            "number_hash": hash_text(&verdict.permit.number),
        });
        if let (Some(state), Some(object)) = (&verdict.state, permit.as_object_mut()) {
            object.insert("kind".into(), state.kind.as_str().into());
            object.insert(
                "destination".into(),
                state.destination.map(|to| to.to_string()).into(),
            );
            object.insert("valid_from".into(), state.valid_from.to_string().into());
            object.insert("valid_until".into(), state.valid_until.to_string().into());
            let lines: Vec<Value> = state.lines.iter().map(line_json).collect();
            object.insert("lines".into(), lines.into());
            let successors: Vec<Value> = verdict
                .successors
                .iter()
                .map(|(key, state)| {
                    json!({
                        "number_hash": hash_text(&key.number), "alive": state.is_alive(),
                        "valid_until": state.valid_until.to_string(),
                    })
                })
                .collect();
            if !successors.is_empty() {
                object.insert("replaced_by".into(), successors.into());
            }
        }
        permit
    }
}

/// A text that is not broken over two lines.
fn keep(text: &str) -> String {
    text.replace(' ', &NO_BREAK.to_string())
}

fn check_word(words: &Catalogue, check: Check) -> &str {
    match check {
        Check::Finality => words.text("check.finality"),
        Check::Inclusion => words.text("check.inclusion"),
        Check::Freshness => words.text("check.freshness"),
        Check::Status => words.text("check.status"),
        Check::Validity => words.text("check.validity"),
        Check::Endorsement => words.text("check.endorsement"),
        Check::Registers => words.text("check.registers"),
        Check::Document => words.text("check.document"),
    }
}

/// `QN, port QNHAR, 2026-03-24 10:22Z, height 1063`.
pub(crate) fn act_words(words: &Catalogue, act: &Act) -> String {
    let port = act.port.map(|port| {
        format!(
            ", {}",
            words.fill("phrase.port", &[("port", port.as_str())])
        )
    });
    let height = words.fill("phrase.height", &[("height", &act.height.to_string())]);
    let by = words.fill("phrase.by", &[("party", act.party.as_str())]);
    format!(
        "{by}{}, {}, {height}",
        port.unwrap_or_default(),
        minute(act.time)
    )
}

/// `box 11, line A` in the language.
pub(crate) fn place_words(words: &Catalogue, place: Place) -> String {
    let form_box = words.fill("phrase.box", &[("box", place.form_box.as_str())]);
    match place.line {
        Some(line) => format!(
            "{form_box}, {}",
            words.fill("phrase.line", &[("line", &line.to_string())])
        ),
        None => form_box,
    }
}

/// `2026-03-24 10:22Z`.
pub(crate) fn minute(time: Timestamp) -> String {
    let text = time.to_string();
    match text.split_at_checked(16) {
        Some((start, _)) => format!("{}Z", start.replace('T', " ")),
        None => text,
    }
}

/// `3 s`, `12 min`, `5 h`, `9 d`.
pub(crate) fn age(age_ms: u64) -> String {
    let seconds = age_ms / 1000;
    match seconds {
        0..=119 => format!("{seconds} s"),
        120..=7199 => format!("{} min", seconds / 60),
        7200..=172_799 => format!("{} h", seconds / 3600),
        _ => format!("{} d", seconds / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_age_is_told_in_the_unit_that_people_use() {
        for (ms, expected) in [
            (0, "0 s"),
            (3_999, "3 s"),
            (119_000, "119 s"),
            (120_000, "2 min"),
            (7_200_000, "2 h"),
            (172_800_000, "2 d"),
        ] {
            assert_eq!(age(ms), expected);
        }
        assert_eq!(minute(Timestamp(0)), "1970-01-01 00:00Z");
    }
}

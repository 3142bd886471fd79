//! Which frauds are found, how often and how soon; and which ones no ledger can see.

use std::collections::BTreeMap;

use crate::report::html::Column::{Numbers, Words};
use crate::report::html::{
    Table, count, duration_if_any, duration_interval, share, share_interval,
};
use crate::report::plot::Axis;
use crate::report::plot::bars::{Bar, Bars, Group, Layout};
use crate::report::section::{Section, Shown};
use crate::report::statistics::{MEDIAN, Sample, Share};
use crate::results::ActRow;
use crate::results::campaign::Campaign;

/// What the ledger can do about a fraud.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sight {
    /// It refuses it.
    Refused,
    /// It records it, and everybody can see it.
    Visible,
    /// Neither.
    Unseen,
}

/// What is known about frauds, by name. Others are shown all the same, by what became of them.
const KNOWN: &[(&str, Sight, &str)] = &[
    (
        "forger",
        Sight::Refused,
        "a permit that its office never issued is not on the ledger",
    ),
    (
        "photocopier",
        Sight::Refused,
        "a photocopy is of a permit that is already used",
    ),
    (
        "port-shopper",
        Sight::Refused,
        "a refusal at one port is known at the next",
    ),
    (
        "double-racer",
        Sight::Refused,
        "of two uses at once, blocks put one first and refuse the other",
    ),
    (
        "over-shipper",
        Sight::Refused,
        "no more is imported than was endorsed, and no more endorsed than authorised",
    ),
    (
        "corrupt-issuer",
        Sight::Refused,
        "an office numbers no permit twice, back-dates none without saying so, and undoes no use by cancelling",
    ),
    (
        "phantom-issuer",
        Sight::Unseen,
        "a permit for specimens that do not exist: every signature is right, and only people can tell",
    ),
];

/// One permit that one fraud was tried with.
#[derive(Debug, Default)]
struct Attempt {
    /// Records that belong to it.
    records: u64,
    /// Some of them were decided.
    is_decided: bool,
    /// Time from handing in until the first refusal was final on its author's node.
    refused_ms: Option<u64>,
    /// Some record was refused.
    is_refused: bool,
}

type Attempts = BTreeMap<(String, &'static str), BTreeMap<(usize, u64), Attempt>>;

/// The section.
#[must_use]
pub fn section(campaign: &Campaign) -> Section {
    let attempts = attempts(campaign);
    let mut table = Table::new(&[
        Words("Fraud"),
        Words("scenario"),
        Numbers("attempts"),
        Numbers("records"),
        Numbers("refused"),
        Numbers("share"),
        Numbers("95 % CI (Wilson)"),
        Numbers("median until refused"),
        Numbers("95 % CI of the median"),
        Words("what the ledger can do"),
    ]);
    let mut groups = Vec::new();
    let mut undecided = 0_u64;
    for ((scenario, fraud), of) in &attempts {
        let refused = Share::count(of.values(), |attempt| attempt.is_refused);
        undecided =
            undecided.saturating_add(Share::count(of.values(), |attempt| !attempt.is_decided).hits);
        let sample = Sample::of(of.values().filter_map(|attempt| attempt.refused_ms));
        let (sight, why) = known(fraud);
        table.row([
            (*fraud).to_owned(),
            scenario.clone(),
            count(refused.of),
            count(of.values().map(|attempt| attempt.records).sum()),
            count(refused.hits),
            share(refused),
            share_interval(refused),
            duration_if_any(sample.quantile(MEDIAN)),
            duration_interval(&sample, MEDIAN),
            match sight {
                Some(Sight::Refused) => format!("refuses it: {why}"),
                Some(Sight::Visible) => format!("shows it to everybody: {why}"),
                Some(Sight::Unseen) => format!("nothing: {why}"),
                None => String::new(),
            },
        ]);
        groups.push(Group {
            name: match sight {
                Some(Sight::Unseen) => format!("{fraud} (unseen by design)"),
                Some(Sight::Refused | Sight::Visible) | None => (*fraud).to_owned(),
            },
            bars: vec![Bar {
                value: refused.value().unwrap_or_default(),
                interval: refused.wilson(),
                text: format!("{} of {}", count(refused.hits), count(refused.of)),
            }],
        });
    }
    Section {
        id: "frauds",
        heading: "Frauds: tried and refused".into(),
        shown: shown(groups),
        notes: notes(&attempts, undecided),
        table,
        files: &["permits.csv"],
    }
}

fn notes(attempts: &Attempts, undecided: u64) -> Vec<String> {
    let tried: std::collections::BTreeSet<&str> =
        attempts.keys().map(|(_, fraud)| *fraud).collect();
    let mut notes = Vec::new();
    for (sight, begin) in [
        (Sight::Unseen, "No ledger can see"),
        (
            Sight::Visible,
            "Not refused, but on the ledger for everybody to see:",
        ),
    ] {
        let such = KNOWN
            .iter()
            .filter(|(name, known, _)| *known == sight && tried.contains(name));
        for (name, _, why) in such {
            notes.push(format!("{begin} {name}: {why}."));
        }
    }
    if undecided > 0 {
        notes.push(format!(
            "{} attempts were not decided when their run ended; they count as not refused.",
            count(undecided)
        ));
    }
    notes
}

fn shown(groups: Vec<Group>) -> Shown {
    if groups.is_empty() {
        return Shown::Nothing("Nobody tried a fraud in these runs.".into());
    }
    let bars = Bars {
        id: "frauds-plot".into(),
        title: "Share of attempts that the ledger refused".into(),
        about: "One bar for each fraud: the share of its attempts that were refused.".into(),
        x: Axis::shares("attempts that were refused"),
        series: vec!["refused".into()],
        layout: Layout::Beside,
        groups,
    };
    Shown::Picture {
        svg: bars.svg(),
        reading: "To read: an attempt is one permit that the fraud was tried with, and it is refused if any of its records was; the \
                  stroke is the 95 % confidence interval."
            .into(),
    }
}

fn known(fraud: &str) -> (Option<Sight>, &'static str) {
    let found = KNOWN.iter().find(|(name, _, _)| *name == fraud);
    found.map_or((None, ""), |(_, sight, why)| (Some(*sight), *why))
}

fn attempts(campaign: &Campaign) -> Attempts {
    let mut attempts = Attempts::new();
    for (number, result) in campaign.runs.iter().enumerate() {
        for act in &result.acts {
            let Some(fraud) = act.fraud else { continue };
            let of = attempts
                .entry((result.run.scenario.clone(), fraud))
                .or_default();
            of.entry((number, act.permit)).or_default().add(act);
        }
    }
    attempts
}

impl Attempt {
    fn add(&mut self, act: &ActRow) {
        self.records = self.records.saturating_add(1);
        let Some(outcome) = &act.outcome else { return };
        self.is_decided = true;
        if outcome == "applied" {
            return;
        }
        self.is_refused = true;
        let took_ms = act.final_ms.map(|at| at.saturating_sub(act.handed_in_ms));
        self.refused_ms = self.refused_ms.or(took_ms);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::results::synthetic;
    use crate::trade::Fraud;

    #[test]
    fn an_attempt_of_several_records_counts_once() {
        let mut campaign = synthetic::campaign(1, 7, 4);
        let acts = &mut campaign.runs[0].acts;
        for (act, (fraud, outcome)) in acts.iter_mut().zip([
            ("double-racer", Some("applied")),
            ("double-racer", Some("USED")),
            ("double-racer", None),
            ("phantom-issuer", Some("applied")),
        ]) {
            act.permit = 9;
            act.fraud = Some(fraud);
            act.outcome = outcome.map(str::to_owned);
            act.handed_in_ms = 1_000;
            act.final_ms = outcome.map(|_| 3_500);
        }
        let attempts = attempts(&campaign);
        let racer = &attempts[&("calm".to_owned(), "double-racer")];
        let attempt = racer.values().next().unwrap();
        assert_eq!(
            (racer.len(), attempt.records, attempt.refused_ms),
            (1, 3, Some(2_500))
        );

        let html = section(&campaign).html();
        assert!(html.contains("No ledger can see phantom-issuer"), "{html}");
        assert!(html.contains("1 of 1") && html.contains("0 of 1"), "{html}");
    }

    #[test]
    fn a_fraud_without_an_explanation_is_shown_all_the_same() {
        let mut campaign = synthetic::campaign(1, 7, 1);
        campaign.runs[0].acts[0].fraud = Some("<new>");
        let html = section(&campaign).html();
        assert!(
            html.contains("&lt;new&gt;") && !html.contains("<new>"),
            "{html}"
        );
    }

    #[test]
    fn exactly_the_frauds_of_the_workload_are_explained_once_and_as_visible_as_it_says() {
        let explained: Vec<_> = KNOWN
            .iter()
            .map(|(name, sight, _)| (*name, *sight))
            .collect();
        assert_eq!(explained.len(), Fraud::ALL.len());
        for fraud in Fraud::ALL {
            let found = explained.iter().find(|(name, _)| *name == fraud.as_str());
            let (_, sight) = found.unwrap_or_else(|| panic!("{}", fraud.as_str()));
            assert_eq!(
                *sight != Sight::Unseen,
                fraud.is_visible(),
                "{}",
                fraud.as_str()
            );
        }
    }
}

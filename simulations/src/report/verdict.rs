//! The answers at the head of a report: was it safe, did it go on, was anything used twice.

use std::collections::BTreeMap;

use super::html::{count, escape, length, percent, put};
use super::sections::double;
use super::statistics::Share;
use crate::results::campaign::Campaign;
use crate::results::{ActRow, RunResult};

/// An answer.
struct Tile {
    is_good: bool,
    question: &'static str,
    answer: String,
    details: String,
}

/// The tiles, as HTML.
#[must_use]
pub fn tiles(campaign: &Campaign) -> String {
    let mut html = String::from("<section class=\"tiles\" aria-label=\"Verdicts\">\n");
    for tile in [safety(campaign), progress(campaign), double_use(campaign)] {
        let (class, sign) = if tile.is_good {
            ("good", "✓")
        } else {
            ("bad", "✗")
        };
        put(
            &mut html,
            format_args!(
                "<div class=\"tile {class}\"><h2>{}</h2><p class=\"answer\"><span aria-hidden=\"true\">{sign}</span> {}</p>\
                 <p>{}</p></div>\n",
                escape(tile.question),
                escape(&tile.answer),
                escape(&tile.details)
            ),
        );
    }
    html.push_str("</section>\n");
    html
}

fn safety(campaign: &Campaign) -> Tile {
    let all: Vec<&RunResult> = campaign.all().map(|(_, result)| result).collect();
    let broken = Share::count(&all, |result| result.violation.is_some());
    let first = all.iter().find_map(|result| {
        let violation = result.violation.as_ref()?;
        Some(format!(
            "Seed {}, {} Parties: {violation}",
            result.run.seed, result.parties
        ))
    });
    let bound = broken.rule_of_three().map_or_else(String::new, |bound| {
        let bound = percent(bound);
        format!("After every event every check held. By the rule of three, fewer than {bound} of such runs break one (95 %).")
    });
    Tile {
        is_good: broken.hits == 0 && broken.of > 0,
        question: "Safety",
        answer: match broken.hits {
            0 => format!("held in {} of {} runs", count(broken.of), count(broken.of)),
            hits => format!(
                "a check failed in {} of {} runs",
                count(hits),
                count(broken.of)
            ),
        },
        details: first.unwrap_or(bound),
    }
}

fn progress(campaign: &Campaign) -> Tile {
    let runs = &campaign.runs;
    let reached = Share::count(runs, |result| result.height >= result.run.heights);
    let acts = runs.iter().flat_map(|result| &result.acts);
    let acknowledged = acts.filter(|act| act.acknowledged_ms.is_some());
    let open = Share::count(acknowledged, |act| act.outcome.is_none());
    let bound = open.rule_of_three().map_or_else(String::new, |bound| {
        format!(" (95 %: fewer than {})", percent(bound))
    });
    let heights = format!(
        "{} of {} runs came to their height",
        count(reached.hits),
        count(reached.of)
    );
    let records = format!(
        "{} of {} acknowledged records undecided at the end",
        count(open.hits),
        count(open.of)
    );
    let is_high = reached.hits == reached.of && reached.of > 0;
    let (answer, details) = if is_high && open.hits > 0 {
        (records, heights)
    } else {
        (heights, records + &bound)
    };
    Tile {
        is_good: is_high && open.hits == 0,
        question: "Progress",
        answer,
        details: details + ".",
    }
}

fn double_use(campaign: &Campaign) -> Tile {
    let twice: u64 = campaign.runs.iter().map(used_twice).sum();
    let uses = campaign.runs.iter().flat_map(|result| &result.acts);
    let uses = uses.filter(|act| is_use(act)).count();
    let window = double::in_one_sentence(campaign);
    Tile {
        is_good: twice == 0,
        question: "Double use",
        answer: match twice {
            0 => format!("0 permits used twice, in {} uses", length(uses)),
            more => format!("{} permits used more than once", count(more)),
        },
        details: window.unwrap_or_else(|| "No permit was used in these runs.".into()),
    }
}

/// Whether a permit was spent by it.
pub(crate) fn is_use(act: &ActRow) -> bool {
    act.deed == "import" && act.outcome.as_deref() == Some("applied")
}

/// Permits of a run that were spent more than once.
fn used_twice(result: &RunResult) -> u64 {
    let mut uses: BTreeMap<u64, u64> = BTreeMap::new();
    for act in result.acts.iter().filter(|act| is_use(act)) {
        let uses = uses.entry(act.permit).or_default();
        *uses = uses.saturating_add(1);
    }
    let twice = uses.values().filter(|uses| **uses > 1).count();
    u64::try_from(twice).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::results::synthetic;

    #[test]
    fn a_permit_used_twice_is_told() {
        let mut campaign = synthetic::campaign(2, 7, 100);
        assert!(tiles(&campaign).contains("0 permits used twice"));
        let result = &mut campaign.runs[1];
        let used = result.acts.iter().find(|act| is_use(act)).unwrap().clone();
        result.acts.push(used);
        let html = tiles(&campaign);
        assert!(
            html.contains("1 permits used more than once") && html.contains("tile bad"),
            "{html}"
        );
    }

    #[test]
    fn a_run_that_broke_a_rule_or_stood_still_is_told() {
        let mut campaign = synthetic::campaign(3, 7, 100);
        for act in campaign.runs.iter_mut().flat_map(|result| &mut result.acts) {
            act.outcome.get_or_insert_with(|| "applied".into());
        }
        let html = tiles(&campaign);
        assert!(
            html.contains("held in 6 of 6 runs") && html.contains("3 of 3 runs came"),
            "{html}"
        );
        assert!(!html.contains("tile bad"), "{html}");

        campaign.runs[2].violation = Some("two blocks at height <9>".into());
        campaign.runs[0].height = 0;
        let html = tiles(&campaign);
        for told in [
            "a check failed in 1 of 6",
            "Seed 3, 7 Parties: two blocks at height &lt;9&gt;",
            "2 of 3 runs came",
        ] {
            assert!(html.contains(told), "{told}: {html}");
        }
    }
}

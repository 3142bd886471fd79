//! `report.html`: one file that needs nothing else, for a screen, a printer and a screen reader.

use super::assumptions;
use super::html::{count, escape, length, put};
use super::sections::{double, events, finality, frauds, runs, sizes, splits, spread, traffic};
use super::verdict;
use crate::results::campaign::Campaign;
use crate::results::manifest;

/// The look of all pages.
const STYLE: &str = include_str!("style.css");
/// Digits of a digest that are shown; the manifest has them all.
const DIGEST_PREFIX: usize = 16;
/// Seeds that are listed one by one, at most.
const SEEDS_MAX: usize = 12;

/// The report of a campaign. It says nothing that is not in the folder, so a folder gives the same page.
#[must_use]
pub fn render(campaign: &Campaign) -> String {
    let sections = [
        finality::section(campaign),
        sizes::section(campaign),
        spread::section(campaign),
        double::section(campaign),
        splits::section(campaign),
        traffic::section(campaign),
        frauds::section(campaign),
        runs::section(campaign),
        events::counters(campaign),
        events::section(campaign),
    ];
    let mut body = header(campaign);
    body.push_str(&verdict::tiles(campaign));
    body.push_str("<nav aria-label=\"Contents\"><ul>\n");
    for section in &sections {
        put(
            &mut body,
            format_args!(
                "<li><a href=\"#{}\">{}</a></li>\n",
                section.id,
                escape(&section.heading)
            ),
        );
    }
    put(
        &mut body,
        format_args!(
            "<li><a href=\"#{}\">{}</a></li>\n</ul></nav>\n",
            assumptions::ID,
            assumptions::HEADING
        ),
    );
    for section in &sections {
        body.push_str(&section.html());
    }
    body.push_str(&assumptions::html());
    document(&format!("{}: simulation report", campaign.scenario), &body)
}

/// A whole page around `body`.
#[must_use]
pub fn document(title: &str, body: &str) -> String {
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n\
         <title>{}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n<main>\n{body}</main>\n</body>\n</html>\n",
        escape(title)
    )
}

/// A list of facts about where a page came from.
#[must_use]
pub fn facts(facts: &[(&str, String)]) -> String {
    let mut html = String::from("<dl>\n");
    for (name, fact) in facts {
        put(
            &mut html,
            format_args!(
                "<div><dt>{}</dt><dd>{}</dd></div>\n",
                escape(name),
                escape(fact)
            ),
        );
    }
    html.push_str("</dl>\n");
    html
}

/// The command that makes a page again.
#[must_use]
pub fn reproduce(command: &str) -> String {
    format!(
        "<p class=\"again\"><span>Reproduce with</span> <code>{}</code></p>\n",
        escape(command)
    )
}

/// Seeds in few words.
#[must_use]
pub fn seeds(seeds: &[u64]) -> String {
    let pairs = seeds.iter().zip(seeds.iter().skip(1));
    let is_row = seeds.len() > 2 && pairs.into_iter().all(|(a, b)| a.checked_add(1) == Some(*b));
    match (seeds.first(), seeds.last()) {
        (Some(first), Some(last)) if is_row => format!("{first} to {last}"),
        _ => {
            let shown: Vec<String> = seeds.iter().take(SEEDS_MAX).map(u64::to_string).collect();
            let more = seeds.len().saturating_sub(shown.len());
            let rest = match more {
                0 => String::new(),
                more => format!(" and {more} more"),
            };
            shown.join(", ") + &rest
        }
    }
}

fn header(campaign: &Campaign) -> String {
    let main = campaign.runs.first();
    let question = campaign.line("question");
    let about = campaign.line("about");
    let records = campaign.runs.iter().map(|result| result.acts.len()).sum();
    let virtual_ms = campaign
        .runs
        .iter()
        .map(|result| result.lasted_ms)
        .sum::<u64>();
    let mut html = format!(
        "<header>\n<p class=\"kind\">Simulation report · {}</p>\n",
        escape(&campaign.scenario)
    );
    put(
        &mut html,
        format_args!(
            "<h1>{}</h1>\n",
            escape(if question.is_empty() {
                &campaign.scenario
            } else {
                &question
            })
        ),
    );
    put(
        &mut html,
        format_args!("<p class=\"about\">{}</p>\n", escape(&about)),
    );
    let also = match campaign.also.len() {
        0 => String::new(),
        more => format!(", and {} of other sizes", length(more)),
    };
    let digest = manifest::digest(&campaign.text);
    let digest: String = digest.chars().take(DIGEST_PREFIX).chain(['…']).collect();
    html.push_str(&facts(&[
        ("Runs", format!("{}{also}", length(campaign.runs.len()))),
        ("Seeds", seeds(&campaign.seeds())),
        (
            "Parties",
            main.map_or_else(String::new, |main| {
                format!("{}, of them {} validators", main.parties, main.validators)
            }),
        ),
        ("Records handed in", length(records)),
        (
            "Simulated time",
            super::html::duration(super::statistics::real(virtual_ms)),
        ),
        (
            "Heights per run",
            main.map_or_else(String::new, |main| count(main.run.heights)),
        ),
        ("Program", format!("cites-sim {}", campaign.version)),
        ("Commit", campaign.commit.clone()),
        ("Scenario file, SHA-256", digest),
    ]));
    html.push_str(&reproduce(&campaign.command));
    html.push_str("</header>\n");
    html
}

#[cfg(test)]
pub(crate) mod tests;

//! What a simulation takes for granted, and what it leaves out: the last words of every report.

use super::html::{escape, put};

/// The anchor.
pub const ID: &str = "assumptions";
/// The heading.
pub const HEADING: &str = "Assumptions, and what was not modelled";

/// What is taken for granted.
const ASSUMED: &[&str] = &[
    "Consensus core, replica and rules of trade are the production code. Network, disk, clocks and people are models.",
    "Latency between regions is derived from distances between capitals; how offices are connected is assumed, by three \
     classes of lines. Nobody has published how the Parties' authorities are connected.",
    "A lost message is sent again and costs time, as over TCP; it is never lost for good unless a fault says so.",
    "The workload is synthetic. Its totals follow published figures of trade; persons, species and firms are invented.",
    "Where the scenario says `signatures = \"fast\"`, a keyed hash stands in for Ed25519: such runs say nothing about \
     signatures, and nothing about the time that they take.",
    "Seeds are independent of each other; records within a run are not. Confidence intervals over records are therefore \
     somewhat too narrow.",
    "Quantiles are nearest-rank. Their intervals are between order statistics, by the binomial distribution; those of shares \
     are Wilson's. Where nothing was found in n cases, the rule of three bounds its share by 3/n. All at 95 %.",
];

/// What is left out.
const ABSENT: &[&str] = &[
    "Time that a processor takes: and of a disk: virtual time passes only on lines and in timers.",
    "Congestion by other people's traffic, routes that change, and firewalls.",
    "How a border post works: queues, opening hours, language, and officers who do not look.",
    "Paper permits of Parties that do not use the ledger.",
    "Theft of keys, coercion, and collusion of more than a third of the validators, unless the scenario is about them.",
    "Programs that read these numbers: they are about this version of the code and this scenario, and about no others.",
];

/// The section, as HTML.
#[must_use]
pub fn html() -> String {
    let mut html = format!("<section id=\"{ID}\">\n<h2>{HEADING}</h2>\n");
    for (heading, items) in [("Assumed", ASSUMED), ("Not modelled", ABSENT)] {
        put(&mut html, format_args!("<h3>{heading}</h3>\n<ul>\n"));
        for item in items {
            put(&mut html, format_args!("<li>{}</li>\n", escape(item)));
        }
        html.push_str("</ul>\n");
    }
    html.push_str("</section>\n");
    html
}

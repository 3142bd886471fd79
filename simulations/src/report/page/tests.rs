//! Tests of the whole page.

use super::*;
use crate::results::synthetic;

/// Elements of HTML that have no end.
const EMPTY: &[&str] = &["meta", "!DOCTYPE"];

/// Every element is closed in order, every id is unique, every link of the page leads somewhere.
pub(crate) fn check(page: &str) {
    let mut open: Vec<&str> = Vec::new();
    let mut ids = std::collections::BTreeSet::new();
    for tag in page.split('<').skip(1) {
        let (tag, _) = tag.split_once('>').expect("a tag ends");
        let name = tag.split([' ', '\n']).next().unwrap().trim_end_matches('/');
        if let Some((_, id)) = tag.split_once(" id=\"") {
            let (id, _) = id.split_once('"').unwrap();
            assert!(ids.insert(id), "two of {id}");
        }
        match name.strip_prefix('/') {
            Some(name) => assert_eq!(open.pop(), Some(name)),
            None if tag.ends_with('/') || EMPTY.contains(&name) => {}
            None => open.push(name),
        }
    }
    assert!(open.is_empty(), "{open:?}");
    for (at, _) in page.match_indices("href=\"#") {
        let (target, _) = page[at + 7..].split_once('"').unwrap();
        assert!(ids.contains(target), "{target}");
    }
    for wrong in [
        "http://",
        "https://",
        "<script",
        "javascript:",
        "url(http",
        "NaN",
        "@import",
    ] {
        let plain = page.replace("http://www.w3.org/2000/svg", "");
        assert!(!plain.contains(wrong), "{wrong}");
    }
}

#[test]
fn the_page_is_whole_and_needs_nothing_else() {
    let page = render(&synthetic::campaign(4, 31, 300));
    check(&page);
    assert_eq!(page.matches("<svg ").count(), 7, "every chart has its data");
    for told in [
        "lang=\"en\"",
        "Reproduce with",
        "What does an ordinary hour look like",
        "<h1>",
    ] {
        assert!(page.contains(told), "{told}");
    }
}

#[test]
fn a_campaign_of_nothing_says_so_instead_of_drawing_empty_plots() {
    let mut campaign = synthetic::campaign(1, 4, 0);
    for result in &mut campaign.runs {
        result.splits.clear();
        result.nodes.clear();
        result.events_told.clear();
        result.counters.clear();
    }
    let page = render(&campaign);
    check(&page);
    assert_eq!(page.matches("<svg ").count(), 0);
    for told in [
        "No record was decided",
        "same number of Parties",
        "no use had to become known",
        "no used permit to copy",
        "never split",
        "No honest node",
        "Nobody tried a fraud",
        "Nothing was counted",
        "Nothing out of the ordinary",
    ] {
        assert!(page.contains(told), "{told}");
    }
    campaign.runs.clear();
    check(&render(&campaign));
}

#[test]
fn what_a_run_tells_never_becomes_markup() {
    let mut campaign = synthetic::campaign(2, 7, 60);
    let nasty = "</td><script>alert('x')</script>";
    campaign.scenario = nasty.into();
    campaign.command = nasty.into();
    campaign.commit = nasty.into();
    campaign.text = format!("question = {nasty:?}\nabout = {nasty:?}\n");
    for result in &mut campaign.runs {
        result.violation = Some(nasty.into());
        result.run.scenario = nasty.into();
        result.counters.insert(nasty.into(), 1);
        result.events_told[0].what = nasty.into();
        result.events_told[0].node = Some(nasty.into());
        result.acts[0].fraud = Some("</td><script>alert('x')</script>");
        result.splits[0].kind = "</td><script>alert('x')</script>";
    }
    let page = render(&campaign);
    check(&page);
    assert!(page.contains("&lt;script&gt;alert(&#39;x&#39;)"));
}

#[test]
fn the_page_of_the_whole_world_is_small() {
    let page = render(&synthetic::campaign(10, 185, 2_000));
    assert!(page.len() < 2_000_000, "{} bytes", page.len());
}

#[test]
fn seeds_are_told_in_few_words() {
    let many: Vec<u64> = (0..30).map(|n| n * 2).collect();
    for (list, told) in [
        (&[][..], ""),
        (&[7], "7"),
        (&[1, 2], "1, 2"),
        (&[1, 2, 3, 4], "1 to 4"),
        (&[1, 3, 2], "1, 3, 2"),
        (
            &many[..],
            "0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22 and 18 more",
        ),
    ] {
        assert_eq!(seeds(list), told);
    }
}

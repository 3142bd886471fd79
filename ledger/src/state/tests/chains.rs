//! Re-exports: what may be drawn, how far, and from what.

use std::vec;

use super::story::{Story, customs, first, key, management, next, re_export, scaled};
use super::*;
use crate::codes::Unit;
use crate::limits::CHAIN_DEPTH_MAX;
use crate::quantity::Quantity;
use crate::reason::Reason;
use crate::record::{LineKey, LineQuantity, Origin};
use crate::testing::{issued_line, line, units};

#[test]
fn goods_are_split_and_merged_and_never_become_more() {
    let mut story = Story::new();
    let root = story.arrived(("QS", "QN"), "1");
    let one = story.issue(("QN", "QP"), "r1", |issue| {
        re_export(issue, &[first(root, units(40))])
    });
    let two = story.issue(("QN", "QT"), "r2", |issue| {
        re_export(issue, &[first(root, units(60))])
    });
    assert_eq!(story.balance(root), Quantity::ZERO);
    let over = story.try_issue(("QN", "QT"), "r3", |issue| {
        re_export(issue, &[first(root, scaled(1))])
    });
    assert_eq!(over, Some(Reason::OverQuantity), "a ten-thousandth");

    story.travel(one, 40, 0);
    story.leave(two, 60, 0);
    story.arrive(two, 50, 0);
    // What was lost on the way is gone: only what arrived goes on.
    let lost = story.try_issue(("QT", "QP"), "r4", |issue| {
        re_export(issue, &[next(root, two, units(60))])
    });
    assert_eq!(lost, Some(Reason::OverQuantity));
    let three = story.issue(("QT", "QP"), "r4", |issue| {
        re_export(issue, &[next(root, two, units(50))])
    });
    story.travel(three, 50, 0);

    let both = [next(root, one, units(40)), next(root, three, units(50))];
    let merged = story.issue(("QP", "QS"), "m", |issue| re_export(issue, &both));
    assert_eq!(story.permit(merged).lines[0].authorised, units(90));
    assert_eq!(story.permit(merged).lines[0].depth, 3);
    assert_eq!(story.balance(one), Quantity::ZERO);
    assert_eq!(story.balance(three), Quantity::ZERO);
    for last in [one, three] {
        let again = story.try_issue(("QP", "QS"), "m2", |issue| {
            re_export(issue, &[next(root, last, scaled(1))]);
        });
        assert_eq!(again, Some(Reason::OverQuantity));
    }
}

#[test]
fn two_lines_of_one_record_draw_from_one_sum() {
    let mut story = Story::new();
    let root = story.arrived(("QS", "QN"), "1");
    let lines = |second: u64| {
        move |issue: &mut Issue| {
            re_export(issue, &[first(root, units(50))]);
            let mut line = issue.lines[0].clone();
            line.line = crate::testing::line(3);
            line.origins[0].drawn = scaled(second);
            line.authorised = scaled(second);
            issue.lines.push(line);
        }
    };
    let over = story.try_issue(("QN", "QP"), "r1", lines(500_001));
    assert_eq!(over, Some(Reason::OverQuantity));
    story.issue(("QN", "QP"), "r1", lines(500_000));
    assert_eq!(story.balance(root), Quantity::ZERO);
}

#[test]
fn what_was_drawn_comes_back_only_while_nothing_has_left() {
    let mut story = Story::new();
    let root = story.arrived(("QS", "QN"), "1");
    let draws =
        |quantity| move |issue: &mut Issue| re_export(issue, &[first(root, units(quantity))]);
    let one = story.issue(("QN", "QP"), "r1", draws(70));
    let over = story.try_issue(("QN", "QP"), "r2", draws(31));
    assert_eq!(over, Some(Reason::OverQuantity));
    story.done(management("QN"), cancel(one, CancelReason::Withdrawn));
    assert_eq!(story.balance(root), units(100));

    let two = story.issue(("QN", "QP"), "r2", draws(100));
    story.leave(two, 10, 0);
    story.done(management("QN"), cancel(two, CancelReason::Lost));
    assert_eq!(story.balance(root), Quantity::ZERO, "goods had left on it");
    let over = story.try_issue(("QN", "QP"), "r3", draws(1));
    assert_eq!(over, Some(Reason::OverQuantity));
}

#[test]
fn a_replacement_gives_back_what_the_old_certificate_drew() {
    let mut story = Story::new();
    let root = story.arrived(("QS", "QN"), "1");
    let replacing = |number: &'static str, drawn| {
        move |issue: &mut Issue| {
            re_export(issue, &[first(root, units(drawn))]);
            let reason = CancelReason::Clerical;
            issue.replaces = Some(Replaces {
                number: key("QN", number).number,
                reason,
            });
        }
    };
    story.issue(("QN", "QP"), "r1", |issue| {
        re_export(issue, &[first(root, units(80))])
    });
    let over = story.try_issue(("QN", "QP"), "r2", replacing("r1", 101));
    assert_eq!(over, Some(Reason::OverQuantity));
    let two = story.issue(("QN", "QP"), "r2", replacing("r1", 100));
    assert_eq!(story.balance(root), Quantity::ZERO);
    let three = story.issue(("QN", "QP"), "r3", replacing("r2", 30));
    assert_eq!(story.balance(root), units(70));
    // Once goods have left on it, what it drew stays drawn under the duplicate.
    story.leave(three, 30, 0);
    let four = story.issue(("QN", "QP"), "r4", replacing("r3", 30));
    assert_eq!(story.balance(root), units(70));
    story.arrive(four, 30, 0);
    story.done(management("QN"), cancel(four, CancelReason::Stolen));
    assert_eq!(story.balance(root), units(70), "a notice undoes nothing");
    assert_eq!(
        story.ask(customs("QP"), import(two, quantities(1, 0))),
        Some(Reason::Replaced)
    );
}

#[test]
fn what_the_ledger_does_not_cover_is_never_covered_further_on() {
    let mut story = Story::new();
    let elsewhere = key("QX", "paper");
    let said = [first(elsewhere, units(30))];
    let root = story.arrived(("QS", "QN"), "1");
    let one = story.issue(("QN", "QP"), "r1", |issue| re_export(issue, &said));
    assert!(!story.permit(one).lines[0].is_covered);
    assert!(
        story
            .permit(one)
            .warnings
            .contains(Reason::OriginNotCovered)
    );
    story.travel(one, 30, 0);
    let two = story.issue(("QP", "QN"), "r2", |issue| {
        re_export(issue, &[next(elsewhere, one, units(30))]);
    });
    let permit = story.permit(two);
    assert!(!permit.lines[0].is_covered && permit.warnings.contains(Reason::OriginNotCovered));
    assert_eq!(
        permit.lines[0].depth, 2,
        "one re-export that nobody here saw"
    );
    story.travel(two, 30, 0);
    // Mixed with what is covered, it stays uncovered; and it is bound to the balance of what arrived here.
    let mixed = [next(elsewhere, two, units(30)), first(root, units(10))];
    let three = story.issue(("QN", "QT"), "r3", |issue| re_export(issue, &mixed));
    assert!(!story.permit(three).lines[0].is_covered);
    let over = story.try_issue(("QN", "QT"), "r4", |issue| {
        re_export(issue, &[next(elsewhere, two, scaled(1))]);
    });
    assert_eq!(over, Some(Reason::OverQuantity));
    let covered = story.issue(("QN", "QT"), "r5", |issue| {
        re_export(issue, &[first(root, units(10))])
    });
    assert!(story.permit(covered).lines[0].is_covered);
    // A certificate that cites nothing leaves its origin open, and is never covered.
    let open = story.issue(("QN", "QP"), "r6", |issue| {
        re_export(issue, &[]);
        issue.lines[0].authorised = units(5);
    });
    assert!(!story.permit(open).lines[0].is_covered);
    story.travel(open, 5, 0);
    let after = story.issue(("QP", "QT"), "r7", |issue| {
        re_export(issue, &[next(key("QS", "whatever"), open, units(5))]);
    });
    assert!(!story.permit(after).lines[0].is_covered);
}

#[test]
fn a_chain_has_an_end() {
    let mut story = Story::new();
    let root = story.arrived(("QS", "QN"), "0");
    let ways = [("QN", "QS"), ("QS", "QN")];
    let mut last = None;
    let name = |depth: u8| std::format!("r{depth}");
    for depth in 1..=CHAIN_DEPTH_MAX {
        let way = ways[usize::from(depth + 1) % 2];
        let origin = last.map_or(first(root, units(9)), |last| next(root, last, units(9)));
        let key = story.issue(way, &name(depth), |issue| re_export(issue, &[origin]));
        assert_eq!(story.permit(key).lines[0].depth, depth);
        story.travel(key, 9, 0);
        last = Some(key);
    }
    let origin = next(root, last.expect("a chain"), units(1));
    let way = ways[usize::from(CHAIN_DEPTH_MAX) % 2];
    let deeper = story.try_issue(way, "deeper", |issue| re_export(issue, &[origin]));
    assert_eq!(deeper, Some(Reason::OriginBroken));
}

#[test]
fn no_certificate_is_its_own_origin_not_even_by_way_of_others() {
    let mut story = Story::new();
    let root = story.arrived(("QS", "QN"), "1");
    let own = story.try_issue(("QN", "QP"), "r1", |issue| {
        re_export(issue, &[next(root, key("QN", "r1"), units(1))]);
    });
    assert_eq!(own, Some(Reason::OriginBroken), "itself");
    let two = story.try_issue(("QN", "QP"), "r1", |issue| {
        re_export(issue, &[next(root, key("QP", "r2"), units(1))]);
    });
    assert_eq!(two, Some(Reason::OriginBroken), "one that is issued later");
    let one = story.issue(("QN", "QS"), "r1", |issue| {
        re_export(issue, &[first(root, units(100))])
    });
    story.travel(one, 100, 0);
    // Back where it came from, it goes on from the certificate on which it came back, not from the first permit.
    let again = story.try_issue(("QS", "QP"), "r2", |issue| {
        re_export(issue, &[first(root, units(1))])
    });
    assert_eq!(
        again,
        Some(Reason::OriginBroken),
        "it did not arrive in Suravia"
    );
    let two = story.issue(("QS", "QP"), "r2", |issue| {
        re_export(issue, &[next(root, one, units(100))])
    });
    assert_eq!(story.permit(two).lines[0].depth, 2);
    // And what goes back a second time is bound by the second arrival, so nothing multiplies in a circle.
    let over = story.try_issue(("QN", "QP"), "r3", |issue| {
        re_export(issue, &[first(root, scaled(1))])
    });
    assert_eq!(over, Some(Reason::OverQuantity));
}

#[test]
fn an_origin_must_be_what_it_is_said_to_be() {
    let mut story = Story::new();
    let root = story.arrived(("QS", "QN"), "1");
    let other = story.arrived(("QS", "QN"), "2");
    let cases: [(&str, fn(&mut Issue)); 3] = [
        ("another taxon", |issue| {
            issue.lines[0].taxon = issued_line(2, Unit::Number, units(1)).taxon
        }),
        ("another source", |issue| {
            issue.lines[0].source = crate::codes::Source::CaptiveBred
        }),
        ("another line", |issue| {
            issue.lines[0].origins[0].root.line = line(2)
        }),
    ];
    for (what, change) in cases {
        let broken = story.try_issue(("QN", "QP"), "r", |issue| {
            re_export(issue, &[first(root, units(1))]);
            change(issue);
        });
        assert_eq!(broken, Some(Reason::OriginBroken), "{what}");
    }
    let one = story.issue(("QN", "QP"), "r1", |issue| {
        re_export(issue, &[first(root, units(9))])
    });
    let early = story.try_issue(("QP", "QT"), "r", |issue| {
        re_export(issue, &[next(root, one, units(1))])
    });
    assert_eq!(early, Some(Reason::OriginBroken), "it has not arrived");
    story.travel(one, 9, 0);
    let wrong = story.try_issue(("QP", "QT"), "r", |issue| {
        re_export(issue, &[next(other, one, units(1))])
    });
    assert_eq!(
        wrong,
        Some(Reason::OriginBroken),
        "it did not come from there"
    );
    let wrong = story.try_issue(("QT", "QN"), "r", |issue| {
        re_export(issue, &[next(root, one, units(1))])
    });
    assert_eq!(
        wrong,
        Some(Reason::OriginBroken),
        "it arrived in another State"
    );
    story.issue(("QP", "QT"), "r", |issue| {
        re_export(issue, &[next(root, one, units(9))])
    });
}

#[test]
fn draws_are_in_the_unit_of_their_origin_whatever_is_made_of_them() {
    let mut story = Story::new();
    let root = story.arrived(("QS", "QN"), "1");
    let made = story.issue(("QN", "QP"), "r1", |issue| {
        re_export(issue, &[first(root, units(60))]);
        (issue.lines[0].unit, issue.lines[0].authorised) = (Unit::Kilogram, units(7));
    });
    assert_eq!(story.balance(root), units(40));
    let lines = vec![LineQuantity {
        line: line(1),
        unit: Unit::Kilogram,
        quantity: units(7),
    }];
    story.done(customs("QN"), endorse(made, lines.clone()));
    story.done(customs("QP"), import(made, lines));
    let over = story.try_issue(("QP", "QT"), "r2", |issue| {
        re_export(issue, &[next(root, made, scaled(70_001))]);
    });
    assert_eq!(over, Some(Reason::OverQuantity), "kilograms from here on");
}

/// `count` lines of the largest quantity there is, and the same as moved.
fn largest(
    count: u8,
    origin: impl Fn(u8) -> Vec<Origin>,
) -> (Vec<crate::record::IssuedLine>, Vec<LineQuantity>) {
    let lines = (1..=count).map(|number| crate::record::IssuedLine {
        origins: origin(number),
        ..issued_line(number, Unit::Kilogram, Quantity::MAX)
    });
    let lines: Vec<_> = lines.collect();
    let moved = lines.iter().map(|line| LineQuantity {
        line: line.line,
        unit: line.unit,
        quantity: line.authorised,
    });
    let moved = moved.collect();
    (lines, moved)
}

#[test]
fn the_largest_quantities_on_the_most_lines_are_re_exported_exactly() {
    let mut story = Story::new();
    let (lines, moved) = largest(250, |_| vec![]);
    let root = story.issue(("QS", "QN"), "1", |issue| issue.lines.clone_from(&lines));
    story.done(customs("QS"), endorse(root, moved.clone()));
    story.done(customs("QN"), import(root, moved));
    let draw = |number: u8, drawn| {
        let root = LineKey {
            permit: root,
            line: line(number),
        };
        Origin {
            root,
            last: None,
            drawn,
        }
    };
    // Two halves of each line, then nothing more.
    let half = Quantity::from_scaled(Quantity::MAX.scaled() / 2).expect("a half");
    for number in ["r1", "r2"] {
        story.issue(("QN", "QP"), number, |issue| {
            let (lines, _) = largest(250, |number| vec![draw(number, half)]);
            issue.kind = crate::codes::Kind::ReExport;
            issue.lines = lines;
        });
    }
    assert!(
        story
            .permit(root)
            .lines
            .iter()
            .all(|line| line.balance().is_zero())
    );
    // Sums beyond the largest quantity do not wrap around.
    let second = story.issue(("QS", "QN"), "2", |issue| {
        issue.lines = largest(1, |_| vec![]).0
    });
    let moved = vec![LineQuantity {
        line: line(1),
        unit: Unit::Kilogram,
        quantity: Quantity::MAX,
    }];
    story.done(customs("QS"), endorse(second, moved.clone()));
    story.done(customs("QN"), import(second, moved));
    let over = story.try_issue(("QN", "QP"), "r3", |issue| {
        issue.kind = crate::codes::Kind::ReExport;
        issue.lines = largest(9, |_| vec![first(second, Quantity::MAX)]).0;
        for line in &mut issue.lines {
            line.taxon = issued_line(1, Unit::Kilogram, units(1)).taxon;
        }
    });
    assert_eq!(over, Some(Reason::OverQuantity));
}

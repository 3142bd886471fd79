//! Tests of plots.

use super::bars::{Bar, Bars, Group, Layout};
use super::*;

fn plot(shape: Shape, count: u32) -> Plot {
    let sure = |x: f64| Interval {
        low: x / 2.0,
        high: x,
    };
    let point = |n: u32| Point {
        x: f64::from(n),
        y: f64::from(n) * 0.75,
        interval: Some(sure(f64::from(n))),
    };
    let series = |name: &str| Series {
        name: name.into(),
        shape,
        points: (0..count).map(point).collect(),
    };
    Plot {
        id: "p".into(),
        title: "Finality <&> \"time\"".into(),
        about: "Rises.".into(),
        x: Axis::linear("time", f64::from(count)),
        y: Axis::linear("share", f64::from(count)),
        series: vec![series("one"), series("two <b>")],
    }
}

/// Every element is closed, every attribute quoted, and no place is outside the picture or not a number.
fn check(svg: &str) {
    let mut open: Vec<&str> = Vec::new();
    for tag in svg.split('<').skip(1) {
        let (tag, _) = tag.split_once('>').expect("a tag ends");
        let name = tag.split([' ', '\n']).next().unwrap().trim_end_matches('/');
        match name.strip_prefix('/') {
            Some(name) => assert_eq!(open.pop(), Some(name), "{svg}"),
            None if tag.ends_with('/') => {}
            None => open.push(name),
        }
        assert_eq!(tag.matches('"').count() % 2, 0, "{tag}");
    }
    assert!(open.is_empty(), "{open:?}");
    for wrong in ["NaN", "inf", "script", "href", "style="] {
        assert!(!svg.contains(wrong), "{wrong}");
    }
}

#[test]
fn every_shape_is_whole_and_escaped() {
    for shape in [Shape::Line, Shape::Step, Shape::Band, Shape::Dots] {
        for count in [0, 1, 2, 50] {
            let svg = plot(shape, count).svg();
            check(&svg);
            assert!(svg.contains("Finality &lt;&amp;&gt; &quot;time&quot;</title>"));
            assert!(
                svg.contains("two &lt;b&gt;") && svg.contains("<desc id=\"p-d\">Rises.</desc>")
            );
        }
    }
}

#[test]
fn styles_differ_by_more_than_colour() {
    let marks: std::collections::BTreeSet<String> = (0..STYLES)
        .map(|style| mark(0.0, 0.0, style).replace(&format!("s{style}"), ""))
        .collect();
    assert_eq!(marks.len(), STYLES);
}

#[test]
fn a_staircase_goes_right_before_it_goes_up() {
    let points = [Point::new(0.0, 0.0), Point::new(1.0, 2.0)].into();
    let series = Series {
        name: String::new(),
        shape: Shape::Step,
        points,
    };
    let drawn = path(&series, |point| (point.x, point.y));
    assert_eq!(drawn.as_deref(), Some("M0.0 0.0H1.0V2.0"));
}

#[test]
fn a_curve_is_thinned_without_losing_its_ends() {
    let points: Vec<Point> = (0..10_001).map(|n| Point::new(f64::from(n), 0.0)).collect();
    let thinned = thin(&points, 400);
    assert_eq!(thinned.len(), 400);
    assert_eq!(thinned.first(), points.first());
    assert_eq!(thinned.last(), points.last());
    assert!(thinned.is_sorted_by(|a, b| a.x < b.x));
    assert_eq!(thin(&points[..3], 400), points[..3]);
    assert!(thin(&[], 400).is_empty());
}

#[test]
fn bars_are_whole_in_both_layouts() {
    for layout in [Layout::Beside, Layout::Stacked] {
        let bar = |value: f64| Bar {
            value,
            interval: Some(Interval {
                low: value - 1.0,
                high: value + 1.0,
            }),
            text: format!("{value:.0} <s>"),
        };
        let group = |name: &str| Group {
            name: name.into(),
            bars: vec![bar(3.0), bar(8.0)],
        };
        let bars = Bars {
            id: "b".into(),
            title: "t".into(),
            about: "a".into(),
            x: Axis::linear("s", 12.0),
            series: vec!["sent".into(), "received".into()],
            layout,
            groups: vec![group("a & b"), group("c")],
        };
        let svg = bars.svg();
        check(&svg);
        assert_eq!(svg.matches("<rect").count(), 4 + 2, "bars and the legend");
        assert!(svg.contains("a &amp; b") && svg.contains("3 &lt;s&gt;"));
    }
}

#[test]
fn a_long_legend_takes_more_rows() {
    let names = ["a name of some length, for example this"; 5];
    let (_, rows) = legend(&names, LEFT, 0.0, |_, _, _| String::new());
    assert!(rows > 2.0, "{rows}");
}

//! Plots as SVG: lines, steps, dots and bars. No script, font or link; colour is never the only difference.

pub mod axis;
pub mod bars;

use super::html::{escape, put};
use super::statistics::Interval;

pub use axis::Axis;

/// Width of every plot.
pub const WIDTH: f64 = 760.0;
/// Kinds of lines, marks and fills; the style sheet has a colour for each.
pub const STYLES: usize = 6;
/// Height of the part between the axes.
const INNER_HEIGHT: f64 = 320.0;
const LEFT: f64 = 78.0;
const RIGHT: f64 = 30.0;
const TOP: f64 = 40.0;
/// Room for the ticks and the name of the axis.
const BELOW: f64 = 54.0;
const LEGEND_ROW: f64 = 24.0;
/// Between the marks of neighbouring series at one place.
const ASIDE: f64 = 5.0;
/// Marks on a curve of many points.
const MARKS_MAX: usize = 7;

/// A point, with how sure it is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    /// To the right.
    pub x: f64,
    /// Upwards.
    pub y: f64,
    /// The interval of `y`.
    pub interval: Option<Interval>,
}

/// How the points of a series are drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// Joined, each with a mark and its interval.
    Line,
    /// As a staircase, with a few marks.
    Step,
    /// Joined, with the intervals as a band.
    Band,
    /// Marks alone.
    Dots,
}

/// What is drawn in one style.
#[derive(Clone, Debug)]
pub struct Series {
    /// Its name in the legend.
    pub name: String,
    /// How it is drawn.
    pub shape: Shape,
    /// From left to right.
    pub points: Vec<Point>,
}

/// A plot of two axes.
#[derive(Clone, Debug)]
pub struct Plot {
    /// Unique on the page.
    pub id: String,
    /// What it shows.
    pub title: String,
    /// The same for those who cannot see it.
    pub about: String,
    /// Below.
    pub x: Axis,
    /// At the left.
    pub y: Axis,
    /// What is drawn.
    pub series: Vec<Series>,
}

impl Point {
    /// Without an interval.
    #[must_use]
    pub const fn new(x: f64, y: f64) -> Self {
        let interval = None;
        Self { x, y, interval }
    }
}

impl Plot {
    /// As SVG.
    #[must_use]
    pub fn svg(&self) -> String {
        let bottom = TOP + INNER_HEIGHT;
        let names: Vec<&str> = self.series.iter().map(|series| &*series.name).collect();
        let (legend, rows) = legend(&names, LEFT, bottom + BELOW, |x, y, index| {
            let line = format!("<path class=\"l s{index}\" d=\"M{x:.1} {y:.1}h30\"/>");
            line + &mark(x + 15.0, y, index)
        });
        let height = bottom + BELOW + rows * LEGEND_ROW;
        let mut svg = open(&self.id, &self.title, &self.about, height);
        let frame = Frame {
            left: LEFT,
            right: WIDTH - RIGHT,
            top: TOP,
            bottom,
        };
        self.y.draw_left(&mut svg, &frame);
        self.x.draw_below(&mut svg, &frame);
        for (index, series) in self.series.iter().enumerate() {
            self.draw(&mut svg, &frame, series, index);
        }
        svg.push_str(&legend);
        svg.push_str("</svg>\n");
        svg
    }

    fn draw(&self, svg: &mut String, frame: &Frame, series: &Series, index: usize) {
        let style = index.checked_rem(STYLES).unwrap_or(0);
        // Intervals of several series at one place would hide each other.
        let aside = match series.shape {
            Shape::Line => (index as f64 - (self.series.len() as f64 - 1.0) / 2.0) * ASIDE,
            Shape::Step | Shape::Band | Shape::Dots => 0.0,
        };
        let across = |x| self.x.place(x, frame.left, frame.right) + aside;
        let up = |y| self.y.place(y, frame.bottom, frame.top);
        let at = |point: &Point| (across(point.x), up(point.y));
        if series.shape == Shape::Band {
            band(svg, series, style, across, up);
        }
        if let Some(path) = path(series, at) {
            put(
                svg,
                format_args!("<path class=\"l s{style}\" d=\"{path}\"/>"),
            );
        }
        for point in &series.points {
            let (x, _) = at(point);
            if let (Some(Interval { low, high }), Shape::Line | Shape::Dots) =
                (point.interval, series.shape)
            {
                let (low, high) = (up(low), up(high));
                put(
                    svg,
                    format_args!(
                        "<path class=\"w s{style}\" d=\"M{:.1} {low:.1}h8M{x:.1} {low:.1}V{high:.1}M{:.1} {high:.1}h8\"/>",
                        x - 4.0,
                        x - 4.0
                    ),
                );
            }
        }
        for point in marked(series, style) {
            let (x, y) = at(point);
            svg.push_str(&mark(x, y, style));
        }
        svg.push('\n');
    }
}

/// The part between the axes.
#[derive(Clone, Copy, Debug)]
pub struct Frame {
    /// Its left side.
    pub left: f64,
    /// Its right side.
    pub right: f64,
    /// Its upper side.
    pub top: f64,
    /// Its lower side.
    pub bottom: f64,
}

/// Thins a curve to at most `most` points, the first and the last among them.
#[must_use]
pub fn thin(points: &[Point], most: usize) -> Vec<Point> {
    let last = points.len().saturating_sub(1);
    let steps = most.saturating_sub(1).max(1);
    if last <= steps {
        return points.to_vec();
    }
    let index = |step: usize| step.saturating_mul(last).checked_div(steps).unwrap_or(0);
    let chosen = (0..=steps).filter_map(|step| points.get(index(step)));
    chosen.copied().collect()
}

/// Begins a picture with its two texts for screen readers and the title for everybody.
fn open(id: &str, title: &str, about: &str, height: f64) -> String {
    let (id, title) = (escape(id), escape(title));
    let about = escape(about);
    format!(
        "<svg viewBox=\"0 0 {WIDTH:.0} {height:.0}\" role=\"img\" aria-labelledby=\"{id}-t {id}-d\" \
         xmlns=\"http://www.w3.org/2000/svg\">\n<title id=\"{id}-t\">{title}</title><desc id=\"{id}-d\">{about}</desc>\n\
         <text class=\"h\" x=\"8\" y=\"20\">{title}</text>\n"
    )
}

/// The names, each behind its sample, in as many rows as they need; and how many rows that is.
fn legend(
    names: &[&str],
    left: f64,
    top: f64,
    sample: impl Fn(f64, f64, usize) -> String,
) -> (String, f64) {
    const SAMPLE: f64 = 40.0;
    let (mut svg, mut x, mut rows) = (String::new(), left, 1.0);
    for (index, name) in names.iter().enumerate() {
        let width = SAMPLE + text_width(name) + 22.0;
        if x > left && x + width > WIDTH {
            x = left;
            rows += 1.0;
        }
        let y = top + (rows - 0.5) * LEGEND_ROW;
        svg.push_str(&sample(x, y, index.checked_rem(STYLES).unwrap_or(0)));
        put(
            &mut svg,
            format_args!(
                "<text x=\"{:.1}\" y=\"{:.1}\">{}</text>",
                x + SAMPLE,
                y + 4.5,
                escape(name)
            ),
        );
        x += width;
    }
    svg.push('\n');
    (svg, rows)
}

/// About how wide a text is: nobody knows the reader's font.
fn text_width(text: &str) -> f64 {
    text.chars().count() as f64 * 7.0
}

fn mark(x: f64, y: f64, style: usize) -> String {
    let path = match style {
        0 => format!("M{:.1} {y:.1}a4 4 0 1 0 8 0a4 4 0 1 0 -8 0", x - 4.0),
        1 => format!("M{:.1} {:.1}h7v7h-7z", x - 3.5, y - 3.5),
        2 => format!("M{x:.1} {:.1}l4.6 8h-9.2z", y - 5.0),
        3 => format!("M{x:.1} {:.1}l5 5l-5 5l-5 -5z", y - 5.0),
        4 => format!("M{:.1} {:.1}l8 8m0 -8l-8 8", x - 4.0, y - 4.0),
        _ => format!("M{:.1} {y:.1}h10m-5 -5v10", x - 5.0),
    };
    format!("<path class=\"m s{style}\" d=\"{path}\"/>")
}

/// The points that bear a mark: all of a few, some of many, not the same ones for neighbouring styles.
fn marked(series: &Series, style: usize) -> Vec<&Point> {
    let points = &series.points;
    match series.shape {
        Shape::Line | Shape::Dots => points.iter().collect(),
        Shape::Step | Shape::Band => {
            let slots = MARKS_MAX.saturating_mul(STYLES);
            let index = |slot: usize| slot.saturating_mul(points.len()).checked_div(slots);
            let own = (style..slots).step_by(STYLES);
            own.filter_map(|slot| points.get(index(slot)?)).collect()
        }
    }
}

fn path(series: &Series, at: impl Fn(&Point) -> (f64, f64)) -> Option<String> {
    let mut path = String::new();
    for point in &series.points {
        let (x, y) = at(point);
        match series.shape {
            Shape::Dots => return None,
            _ if path.is_empty() => put(&mut path, format_args!("M{x:.1} {y:.1}")),
            Shape::Step => put(&mut path, format_args!("H{x:.1}V{y:.1}")),
            Shape::Line | Shape::Band => put(&mut path, format_args!("L{x:.1} {y:.1}")),
        }
    }
    (series.points.len() > 1).then_some(path)
}

fn band(
    svg: &mut String,
    series: &Series,
    style: usize,
    across: impl Fn(f64) -> f64,
    up: impl Fn(f64) -> f64,
) {
    let sure = series
        .points
        .iter()
        .filter_map(|point| Some((point.x, point.interval?)));
    let upper = sure.clone().map(|(x, interval)| (x, interval.high));
    let lower = sure.rev().map(|(x, interval)| (x, interval.low));
    let mut edge = String::new();
    for (x, y) in upper.chain(lower) {
        let letter = if edge.is_empty() { 'M' } else { 'L' };
        put(
            &mut edge,
            format_args!("{letter}{:.1} {:.1}", across(x), up(y)),
        );
    }
    if !edge.is_empty() {
        put(
            svg,
            format_args!("<path class=\"b s{style}\" d=\"{edge}z\"/>"),
        );
    }
}

#[cfg(test)]
mod tests;

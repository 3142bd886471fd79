//! Horizontal bars: long names stay readable, and any number of them fits.

use super::super::html::{escape, put};
use super::super::statistics::Interval;
use super::{Axis, BELOW, Frame, LEGEND_ROW, RIGHT, STYLES, TOP, WIDTH, legend, open, text_width};

const THICK: f64 = 17.0;
const BETWEEN: f64 = 12.0;
/// Room for the text behind the longest bar.
const BEHIND: f64 = 96.0;

/// How the bars of a group lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// One below the other.
    Beside,
    /// One behind the other.
    Stacked,
}

/// A bar.
#[derive(Clone, Debug)]
pub struct Bar {
    /// How long.
    pub value: f64,
    /// How sure.
    pub interval: Option<Interval>,
    /// The text behind it.
    pub text: String,
}

/// Bars of one thing, one for each series.
#[derive(Clone, Debug)]
pub struct Group {
    /// The thing.
    pub name: String,
    /// In the order of the series.
    pub bars: Vec<Bar>,
}

/// A plot of bars.
#[derive(Clone, Debug)]
pub struct Bars {
    /// Unique on the page.
    pub id: String,
    /// What it shows.
    pub title: String,
    /// The same for those who cannot see it.
    pub about: String,
    /// Along the bars.
    pub x: Axis,
    /// Names of the series.
    pub series: Vec<String>,
    /// How the bars of a group lie.
    pub layout: Layout,
    /// From top to bottom.
    pub groups: Vec<Group>,
}

impl Bars {
    /// As SVG.
    #[must_use]
    pub fn svg(&self) -> String {
        let rows = match self.layout {
            Layout::Stacked => 1,
            Layout::Beside => self.series.len().max(1),
        };
        let tall = THICK * rows as f64 + BETWEEN;
        let widths = self.groups.iter().map(|group| text_width(&group.name));
        let left = (widths.fold(60.0, f64::max) + 20.0).min(300.0);
        let bottom = TOP + tall * self.groups.len() as f64 + BETWEEN / 2.0;
        let names: Vec<&str> = self.series.iter().map(String::as_str).collect();
        let (legend, legend_rows) = match self.series.len() {
            0 | 1 => (String::new(), 0.0),
            _ => legend(&names, left, bottom + BELOW, |x, y, style| {
                self.rectangle(style, x, y - 7.0, 30.0, 14.0)
            }),
        };
        let mut svg = open(
            &self.id,
            &self.title,
            &self.about,
            bottom + BELOW + legend_rows * LEGEND_ROW,
        );
        self.fills(&mut svg);
        let frame = Frame {
            left,
            right: WIDTH - RIGHT - BEHIND,
            top: TOP,
            bottom,
        };
        self.x.draw_below(&mut svg, &frame);
        for (index, group) in self.groups.iter().enumerate() {
            let top = TOP + tall * index as f64 + BETWEEN / 2.0;
            let middle = top + (tall - BETWEEN) / 2.0 + 4.5;
            put(
                &mut svg,
                format_args!(
                    "<text class=\"y\" x=\"{:.1}\" y=\"{middle:.1}\">{}</text>",
                    left - 8.0,
                    escape(&group.name)
                ),
            );
            self.draw(&mut svg, &frame, group, top);
        }
        put(
            &mut svg,
            format_args!("<path class=\"a\" d=\"M{left:.1} {TOP:.1}V{bottom:.1}\"/>\n"),
        );
        svg.push_str(&legend);
        svg.push_str("</svg>\n");
        svg
    }

    fn draw(&self, svg: &mut String, frame: &Frame, group: &Group, top: f64) {
        let across = |value| self.x.place(value, frame.left, frame.right);
        let (mut sum, mut y, mut texts) = (0.0, top, Vec::new());
        for (index, bar) in group.bars.iter().enumerate() {
            let style = index.checked_rem(STYLES).unwrap_or(0);
            let (from, to) = (across(sum), across(sum + bar.value));
            svg.push_str(&self.rectangle(style, from, y, to - from, THICK - 2.0));
            let mut end = to;
            if let Some(Interval { low, high }) = bar.interval {
                let (low, high) = (across(low), across(high));
                let middle = y + THICK / 2.0 - 1.0;
                put(
                    svg,
                    format_args!(
                        "<path class=\"e\" d=\"M{low:.1} {:.1}v8M{low:.1} {middle:.1}H{high:.1}M{high:.1} {:.1}v8\"/>",
                        middle - 4.0,
                        middle - 4.0
                    ),
                );
                end = end.max(high);
            }
            match self.layout {
                Layout::Beside => {
                    behind(svg, end, y, &bar.text);
                    y += THICK;
                }
                Layout::Stacked => {
                    sum += bar.value;
                    texts.push(bar.text.as_str());
                }
            }
        }
        if self.layout == Layout::Stacked {
            behind(svg, across(sum), y, &texts.join(" + "));
        }
        svg.push('\n');
    }

    /// Fills differ by their texture as well.
    fn fills(&self, svg: &mut String) {
        let id = escape(&self.id);
        let stripes = [
            "",
            "M-2 2l4 -4M0 8l8 -8M6 10l4 -4",
            "M0 4h8",
            "M4 0v8",
            "M-2 6l4 4M0 0l8 8M6 -2l4 4",
            "M3 3h2v2h-2z",
        ];
        svg.push_str("<defs>");
        for (style, path) in stripes
            .iter()
            .enumerate()
            .take(self.series.len().min(STYLES))
        {
            put(
                svg,
                format_args!(
                    "<pattern id=\"{id}-f{style}\" width=\"8\" height=\"8\" patternUnits=\"userSpaceOnUse\">\
                     <path class=\"f{} s{style}\" d=\"M0 0h8v8h-8z\"/><path class=\"i s{style}\" d=\"{path}\"/></pattern>",
                    u8::from(style > 0)
                ),
            );
        }
        svg.push_str("</defs>\n");
    }

    fn rectangle(&self, style: usize, x: f64, y: f64, width: f64, height: f64) -> String {
        format!(
            "<rect class=\"r s{style}\" fill=\"url(#{}-f{style})\" x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" \
             height=\"{height:.1}\"/>",
            escape(&self.id)
        )
    }
}

fn behind(svg: &mut String, x: f64, y: f64, text: &str) {
    put(
        svg,
        format_args!(
            "<text class=\"k\" x=\"{:.1}\" y=\"{:.1}\">{}</text>",
            x + 7.0,
            y + 12.0,
            escape(text)
        ),
    );
}

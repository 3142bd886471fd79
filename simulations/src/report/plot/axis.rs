//! An axis: where a value lies, and which ticks say so.

use super::super::html::{escape, put};
use super::Frame;

/// Least distance of two ticks, as a share of the axis.
const APART: f64 = 0.085;
/// Durations that people have names for: those to show first, and those to fill up with.
const ROUND_MS: &[(f64, &str, bool)] = &[
    (1.0, "1 ms", true),
    (2.0, "2 ms", false),
    (5.0, "5 ms", false),
    (10.0, "10 ms", true),
    (20.0, "20 ms", false),
    (50.0, "50 ms", false),
    (100.0, "100 ms", true),
    (200.0, "200 ms", false),
    (500.0, "500 ms", false),
    (1e3, "1 s", true),
    (2e3, "2 s", false),
    (5e3, "5 s", false),
    (1e4, "10 s", true),
    (2e4, "20 s", false),
    (3e4, "30 s", false),
    (6e4, "1 min", true),
    (1.2e5, "2 min", false),
    (3e5, "5 min", false),
    (6e5, "10 min", true),
    (1.2e6, "20 min", false),
    (1.8e6, "30 min", false),
    (3.6e6, "1 h", true),
    (7.2e6, "2 h", false),
    (1.08e7, "3 h", false),
    (2.16e7, "6 h", true),
    (4.32e7, "12 h", false),
    (8.64e7, "1 day", true),
    (1.728e8, "2 days", false),
    (2.592e8, "3 days", false),
    (6.048e8, "7 days", true),
    (1.2096e9, "14 days", false),
    (2.592e9, "30 days", true),
];

/// Units of a linear axis of durations.
const UNITS_MS: &[(f64, &str)] = &[
    (8.64e7, "days"),
    (3.6e6, "h"),
    (6e4, "min"),
    (1e3, "s"),
    (1.0, "ms"),
];

/// Units of an axis of bytes.
const UNITS_BYTES: &[(f64, &str)] = &[(1e9, "GB"), (1e6, "MB"), (1e3, "kB"), (1.0, "bytes")];

/// How values are spread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Scale {
    Linear,
    Logarithmic,
}

/// An axis.
#[derive(Clone, Debug)]
pub struct Axis {
    name: String,
    scale: Scale,
    least: f64,
    greatest: f64,
    ticks: Vec<(f64, String)>,
}

impl Axis {
    /// From 0 to a little above `greatest`.
    #[must_use]
    pub fn linear(name: &str, greatest: f64) -> Self {
        let (step, greatest) = round(greatest);
        let ticks = ticks(step, greatest, |value| plain(value, step));
        Self::new(name, Scale::Linear, (0.0, greatest), ticks)
    }

    /// From 0 to 100 %.
    #[must_use]
    pub fn shares(name: &str) -> Self {
        let ticks = ticks(0.2, 1.0, |share| format!("{:.0} %", share * 100.0));
        Self::new(name, Scale::Linear, (0.0, 1.0), ticks)
    }

    /// Durations in milliseconds, from 0, in the unit that suits the greatest.
    #[must_use]
    pub fn durations(name: &str, greatest: f64) -> Self {
        Self::in_units(name, greatest, UNITS_MS)
    }

    /// Bytes, from 0, in the unit that suits the greatest.
    #[must_use]
    pub fn bytes(name: &str, greatest: f64) -> Self {
        Self::in_units(name, greatest, UNITS_BYTES)
    }

    /// Durations in milliseconds on a logarithmic axis; what is below 1 ms lies at its left end.
    #[must_use]
    pub fn log_durations(name: &str, least: f64, greatest: f64) -> Self {
        let least = least.max(1.0);
        let greatest = greatest.max(least * 2.0);
        let range = (least, greatest);
        let mut axis = Self::new(name, Scale::Logarithmic, range, Vec::new());
        for wanted in [true, false] {
            for (ms, text, _) in ROUND_MS.iter().filter(|(_, _, first)| *first == wanted) {
                let at = axis.place(*ms, 0.0, 1.0);
                let is_within = *ms >= least * 0.999 && *ms <= greatest * 1.001;
                let is_free =
                    |(other, _): &(f64, String)| (axis.place(*other, 0.0, 1.0) - at).abs() >= APART;
                if is_within && axis.ticks.iter().all(is_free) {
                    axis.ticks.push((*ms, (*text).to_owned()));
                }
            }
        }
        axis.ticks.sort_by(|a, b| a.0.total_cmp(&b.0));
        axis
    }

    /// Ticks at these values and nowhere else; logarithmic where they span more than a factor of ten.
    #[must_use]
    pub fn of_values(name: &str, values: &[f64]) -> Self {
        let least = values.iter().copied().fold(f64::INFINITY, f64::min);
        let greatest = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let is_wide = least > 0.0 && greatest > least * 10.0;
        let (scale, range) = if is_wide {
            (Scale::Logarithmic, (least / 1.25, greatest * 1.25))
        } else {
            let room = ((greatest - least) * 0.08)
                .max(greatest.abs() * 0.02)
                .max(0.5);
            (Scale::Linear, (least - room, greatest + room))
        };
        let mut axis = Self::new(name, scale, range, Vec::new());
        for value in values {
            let at = axis.place(*value, 0.0, 1.0);
            let mut others = axis.ticks.iter();
            if others.all(|(other, _)| (axis.place(*other, 0.0, 1.0) - at).abs() >= 0.05) {
                axis.ticks.push((*value, trimmed(*value)));
            }
        }
        axis
    }

    /// Names at 0, 1, 2 and so on.
    #[must_use]
    pub fn of_names(name: &str, names: &[String]) -> Self {
        let places = (0_u32..).map(f64::from).zip(names.iter().cloned());
        let last = names.len().saturating_sub(1) as f64;
        Self::new(name, Scale::Linear, (-0.5, last + 0.5), places.collect())
    }

    /// Where `value` lies between two ends; what is beyond an end lies at it.
    #[must_use]
    pub fn place(&self, value: f64, from: f64, to: f64) -> f64 {
        let share = match self.scale {
            Scale::Linear => (value - self.least) / (self.greatest - self.least),
            Scale::Logarithmic => {
                let ratio = value.max(self.least) / self.least;
                ratio.log10() / (self.greatest / self.least).log10()
            }
        };
        from + (to - from) * share.clamp(0.0, 1.0)
    }

    fn in_units(name: &str, greatest: f64, units: &[(f64, &str)]) -> Self {
        let suits = units.iter().find(|(size, _)| greatest >= size * 2.0);
        let (size, unit) = suits.or(units.last()).copied().unwrap_or((1.0, ""));
        let (step, greatest) = round(greatest / size);
        let mut ticks = ticks(step, greatest, |value| plain(value, step));
        for (value, _) in &mut ticks {
            *value *= size;
        }
        let name = format!("{name} ({unit})");
        Self::new(&name, Scale::Linear, (0.0, greatest * size), ticks)
    }

    pub(super) fn draw_below(&self, svg: &mut String, frame: &Frame) {
        self.draw_ticks_below(svg, frame);
        put(
            svg,
            format_args!(
                "<path class=\"a\" d=\"M{:.1} {:.1}H{:.1}\"/><text class=\"x\" x=\"{:.1}\" y=\"{:.1}\">{}</text>\n",
                frame.left,
                frame.bottom,
                frame.right,
                f64::midpoint(frame.left, frame.right),
                frame.bottom + 42.0,
                escape(&self.name)
            ),
        );
    }

    fn draw_ticks_below(&self, svg: &mut String, frame: &Frame) {
        for (value, text) in &self.ticks {
            let x = self.place(*value, frame.left, frame.right);
            put(
                svg,
                format_args!(
                    "<path class=\"g\" d=\"M{x:.1} {:.1}V{:.1}\"/><text class=\"k x\" x=\"{x:.1}\" y=\"{:.1}\">{}</text>",
                    frame.top,
                    frame.bottom,
                    frame.bottom + 18.0,
                    escape(text)
                ),
            );
        }
    }

    pub(super) fn draw_left(&self, svg: &mut String, frame: &Frame) {
        for (value, text) in &self.ticks {
            let y = self.place(*value, frame.bottom, frame.top);
            put(
                svg,
                format_args!(
                    "<path class=\"g\" d=\"M{:.1} {y:.1}H{:.1}\"/><text class=\"k y\" x=\"{:.1}\" y=\"{:.1}\">{}</text>",
                    frame.left,
                    frame.right,
                    frame.left - 8.0,
                    y + 4.0,
                    escape(text)
                ),
            );
        }
        let (x, y) = (16.0, f64::midpoint(frame.top, frame.bottom));
        put(
            svg,
            format_args!(
                "<text class=\"x\" x=\"{x:.1}\" y=\"{y:.1}\" transform=\"rotate(-90 {x:.1} {y:.1})\">{}</text>\n",
                escape(&self.name)
            ),
        );
    }

    fn new(
        name: &str,
        scale: Scale,
        (least, greatest): (f64, f64),
        ticks: Vec<(f64, String)>,
    ) -> Self {
        Self {
            name: name.to_owned(),
            scale,
            least,
            greatest,
            ticks,
        }
    }
}

/// A round step that gives four to eight ticks, and the first multiple of it that is not below `greatest`.
fn round(greatest: f64) -> (f64, f64) {
    if !(greatest > 0.0 && greatest.is_finite()) {
        return (0.2, 1.0);
    }
    let mut step = 1e-6;
    // 1, 2, 5, 10, 20, 50, …
    for factor in [2.0, 2.5, 2.0].into_iter().cycle().take(80) {
        if greatest / step <= 7.0 {
            break;
        }
        step *= factor;
    }
    (step, (greatest / step - 1e-9).ceil().max(1.0) * step)
}

fn ticks(step: f64, greatest: f64, text: impl Fn(f64) -> String) -> Vec<(f64, String)> {
    let count = (greatest / step).round().clamp(1.0, 20.0) as u32;
    let values = (0..=count).map(|index| f64::from(index) * step);
    values.map(|value| (value, text(value))).collect()
}

/// With as many decimals as the step needs.
fn plain(value: f64, step: f64) -> String {
    match step {
        _ if step >= 0.999 => format!("{value:.0}"),
        _ if step >= 0.0999 => format!("{value:.1}"),
        _ if step >= 0.009_99 => format!("{value:.2}"),
        _ => format!("{value:.4}"),
    }
}

/// Without decimals that say nothing.
fn trimmed(value: f64) -> String {
    let text = format!("{value:.3}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(axis: &Axis) -> String {
        let texts: Vec<&str> = axis.ticks.iter().map(|(_, text)| &**text).collect();
        texts.join(" | ")
    }

    #[test]
    fn ticks_are_round() {
        for (axis, wanted) in [
            (Axis::linear("", 7.0), "0 | 1 | 2 | 3 | 4 | 5 | 6 | 7"),
            (
                Axis::linear("", 0.33),
                "0.00 | 0.05 | 0.10 | 0.15 | 0.20 | 0.25 | 0.30 | 0.35",
            ),
            (
                Axis::linear("", 1234.0),
                "0 | 200 | 400 | 600 | 800 | 1000 | 1200 | 1400",
            ),
            (Axis::linear("", 0.0), "0.0 | 0.2 | 0.4 | 0.6 | 0.8 | 1.0"),
            (
                Axis::durations("", 2_600.0),
                "0.0 | 0.5 | 1.0 | 1.5 | 2.0 | 2.5 | 3.0",
            ),
            (Axis::bytes("", 7.3e6), "0 | 2 | 4 | 6 | 8"),
            (Axis::shares(""), "0 % | 20 % | 40 % | 60 % | 80 % | 100 %"),
            (
                Axis::log_durations("", 1.0, 1e3),
                "1 ms | 2 ms | 5 ms | 10 ms | 20 ms | 50 ms | 100 ms | 200 ms | 500 ms | 1 s",
            ),
            (
                Axis::log_durations("", 6e4, 2.592e9),
                "1 min | 10 min | 1 h | 6 h | 1 day | 7 days | 30 days",
            ),
            (
                Axis::of_values("", &[4.0, 7.0, 13.0, 31.0, 185.0]),
                "4 | 7 | 13 | 31 | 185",
            ),
            (Axis::of_names("", &["a".into(), "b".into()]), "a | b"),
        ] {
            assert_eq!(texts(&axis), wanted);
        }
    }

    #[test]
    fn values_lie_in_order_between_the_ends() {
        let axes = [
            Axis::linear("", 10.0),
            Axis::log_durations("", 1.0, 10.0),
            Axis::of_values("", &[1.0, 2.0, 10.0]),
        ];
        for axis in axes {
            let places: Vec<f64> = [0.5, 1.0, 2.0, 5.0, 9.0]
                .map(|value| axis.place(value, 10.0, 90.0))
                .into();
            assert!(places.is_sorted(), "{places:?}");
            assert!(
                places.iter().all(|place| (10.0..=90.0).contains(place)),
                "{places:?}"
            );
        }
    }
}

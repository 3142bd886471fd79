//! How far a long computation is, for whoever waits at a terminal. The only place with a clock on the wall.

use std::collections::BTreeMap;
use std::io::{self, IsTerminal as _, Stderr, Write};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Between two drawings, at least.
const REDRAW: Duration = Duration::from_millis(100);
/// Before this nobody can say how long the rest takes.
const UNSURE: Duration = Duration::from_millis(1_500);
const WIDTH: u64 = 28;
/// Parts that a run is counted in.
const PARTS: u64 = 10_000;

/// So many of so many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Done {
    /// How many.
    pub done: u64,
    /// Of how many.
    pub of: u64,
}

/// Where a computation tells how far it is; several threads may.
#[derive(Debug)]
pub struct Progress<W = Stderr> {
    begun: Instant,
    /// Held while a number is changed and a line is drawn.
    inner: Mutex<Inner<W>>,
}

#[derive(Debug)]
struct Inner<W> {
    out: W,
    is_terminal: bool,
    what: String,
    runs: Done,
    /// Heights of the runs that are under way, by their number.
    heights: BTreeMap<u64, Done>,
    drawn: Option<Duration>,
}

impl Progress {
    /// Of `runs` runs of `what`, on the terminal of the program, if there is one.
    #[must_use]
    pub fn on_stderr(what: &str, runs: Done) -> Self {
        let out = io::stderr();
        let is_terminal = out.is_terminal();
        Self {
            begun: Instant::now(),
            inner: Mutex::new(Inner::new(out, is_terminal, what, runs)),
        }
    }
}

impl<W: Write> Progress<W> {
    /// Run number `run` has so many heights.
    pub fn height(&self, run: u64, heights: Done) {
        self.with(|inner, elapsed| {
            inner.heights.insert(run, heights);
            inner.draw_if_due(elapsed);
        });
    }

    /// Run number `run` came to its end.
    pub fn run_ended(&self, run: u64) {
        self.with(|inner, elapsed| {
            inner.end_run(run);
            inner.draw_if_due(elapsed);
        });
    }

    /// Nothing more to come.
    pub fn end(&self) {
        self.with(Inner::end);
    }

    fn with(&self, act: impl FnOnce(&mut Inner<W>, Duration)) {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        act(&mut inner, self.begun.elapsed());
    }
}

impl<W: Write> Inner<W> {
    fn new(out: W, is_terminal: bool, what: &str, runs: Done) -> Self {
        let mut inner = Self {
            out,
            is_terminal,
            what: what.to_owned(),
            runs,
            heights: BTreeMap::new(),
            drawn: None,
        };
        if is_terminal {
            inner.draw_if_due(Duration::ZERO);
        } else {
            let Done { done, of } = runs;
            let before = if done > 0 {
                format!(", {done} done before")
            } else {
                String::new()
            };
            inner.say(&format!("{what}: {of} runs{before}\n"));
        }
        inner
    }

    fn end_run(&mut self, run: u64) {
        self.heights.remove(&run);
        self.runs.done = self.runs.done.saturating_add(1);
    }

    fn draw_if_due(&mut self, elapsed: Duration) {
        let is_due = self
            .drawn
            .is_none_or(|drawn| elapsed.saturating_sub(drawn) >= REDRAW);
        if self.is_terminal && is_due {
            self.drawn = Some(elapsed);
            // The rest of an older, longer line is wiped.
            self.say(&format!("\r{}\u{1b}[K", self.line(elapsed)));
        }
    }

    fn end(&mut self, elapsed: Duration) {
        let Done { done, of } = self.runs;
        let begin = if self.is_terminal { "\r\u{1b}[K" } else { "" };
        let took = span(elapsed);
        self.say(&format!(
            "{begin}{}: {done} of {of} runs in {took}\n",
            self.what
        ));
    }

    fn line(&self, elapsed: Duration) -> String {
        let Done { done, of } = self.runs;
        let parts = self.parts();
        let whole = of.saturating_mul(PARTS).max(1);
        let filled = parts
            .saturating_mul(WIDTH)
            .checked_div(whole)
            .unwrap_or(0)
            .min(WIDTH);
        let bar: String = (0..WIDTH)
            .map(|n| if n < filled { '█' } else { '░' })
            .collect();
        let per_cent = parts.saturating_mul(100).checked_div(whole).unwrap_or(0);
        let left = match self.left(elapsed) {
            Some(left) => format!("about {} left", span(left)),
            None => "…".into(),
        };
        format!(
            "{} {bar} {per_cent:>3} %  {done}/{of} runs  {}, {left}",
            self.what,
            span(elapsed)
        )
    }

    /// What is done, of all runs together.
    fn parts(&self) -> u64 {
        let of_run = |heights: &Done| {
            heights
                .done
                .saturating_mul(PARTS)
                .checked_div(heights.of)
                .unwrap_or(0)
                .min(PARTS)
        };
        let under_way: u64 = self.heights.values().map(of_run).sum();
        self.runs
            .done
            .saturating_mul(PARTS)
            .saturating_add(under_way)
    }

    /// How long the rest takes if it goes on as until now.
    fn left(&self, elapsed: Duration) -> Option<Duration> {
        let parts = u128::from(self.parts());
        let whole = u128::from(self.runs.of.saturating_mul(PARTS));
        if elapsed < UNSURE || parts == 0 {
            return None;
        }
        let rest = whole.saturating_sub(parts);
        let left_ms = elapsed
            .as_millis()
            .saturating_mul(rest)
            .checked_div(parts)?;
        u64::try_from(left_ms).ok().map(Duration::from_millis)
    }

    /// A terminal that is gone is no reason to stop.
    fn say(&mut self, text: &str) {
        drop(
            self.out
                .write_all(text.as_bytes())
                .and_then(|()| self.out.flush()),
        );
    }
}

/// A duration for people who wait.
fn span(duration: Duration) -> String {
    let seconds = duration.as_secs();
    let (minutes, hours) = (seconds / 60, seconds / 3_600);
    match (hours, minutes) {
        (0, 0) => format!("{seconds} s"),
        (0, _) => format!("{minutes} min {:02} s", seconds % 60),
        (_, _) => format!("{hours} h {:02} min", minutes % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    const fn done(done: u64, of: u64) -> Done {
        Done { done, of }
    }

    fn text(inner: &Inner<Vec<u8>>) -> String {
        String::from_utf8(inner.out.clone()).unwrap()
    }

    #[test]
    fn without_a_terminal_only_the_beginning_and_the_end_are_told() {
        let mut inner = Inner::new(Vec::new(), false, "calm", done(2, 3));
        for second in 0..50 {
            inner.heights.insert(1, done(second, 50));
            inner.draw_if_due(ms(second * 1_000));
        }
        inner.end_run(1);
        inner.end(ms(61_000));
        assert_eq!(
            text(&inner),
            "calm: 3 runs, 2 done before\ncalm: 3 of 3 runs in 1 min 01 s\n"
        );
    }

    #[test]
    fn a_terminal_is_drawn_at_most_ten_times_a_second() {
        let mut inner = Inner::new(Vec::new(), true, "calm", done(0, 1));
        for now in 1..=1_000 {
            inner.heights.insert(1, done(now, 2_000));
            inner.draw_if_due(ms(now));
        }
        assert_eq!(text(&inner).matches('\r').count(), 11);
        inner.end(ms(1_000));
        assert!(
            text(&inner).ends_with("\r\u{1b}[Kcalm: 0 of 1 runs in 1 s\n"),
            "{:?}",
            text(&inner)
        );
    }

    #[test]
    fn the_line_counts_heights_of_runs_under_way() {
        let mut inner = Inner::new(Vec::new(), true, "calm", done(1, 4));
        inner.heights.insert(2, done(15, 30));
        inner.heights.insert(3, done(30, 30));
        // 2.5 of 4 runs in 50 s: 1.5 runs take 30 s.
        let line = inner.line(ms(50_000));
        assert!(
            line.contains(" 62 %  1/4 runs  50 s, about 30 s left"),
            "{line}"
        );
        assert_eq!(line.matches('█').count(), 17);
        inner.end_run(3);
        assert!(inner.line(ms(1_000)).contains("2/4 runs  1 s, …"));
    }

    #[test]
    fn nothing_to_do_is_no_division_by_zero() {
        let inner = Inner::new(Vec::new(), true, "calm", done(0, 0));
        assert!(inner.line(ms(9_000)).contains("0/0 runs"));
    }

    #[test]
    fn spans_are_told_in_two_units() {
        for (seconds, told) in [
            (0, "0 s"),
            (59, "59 s"),
            (250, "4 min 10 s"),
            (7_320, "2 h 02 min"),
        ] {
            assert_eq!(span(ms(seconds * 1_000)), told);
        }
    }
}

//! What was expected and what came: each step is judged here, and nowhere else.

use std::fmt;

use crate::localnet::Answer;

/// An outcome that was not the expected one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct Unexpected {
    /// The step.
    pub step: &'static str,
    /// What was to come.
    pub expected: String,
    /// What came.
    pub found: String,
    /// What the program said besides.
    pub said: String,
}

impl fmt::Display for Unexpected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "step {}: expected {}, found {}",
            self.step, self.expected, self.found
        )?;
        if self.said.is_empty() {
            Ok(())
        } else {
            write!(f, "\n{}", self.said.trim_end())
        }
    }
}

/// An exit code, with the reason code that goes with it; none where nothing is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Expected {
    exit: i32,
    code: &'static str,
}

/// The command did what it was asked to do.
pub(super) const DONE: Expected = Expected { exit: 0, code: "" };

impl Expected {
    /// A green verdict.
    pub(super) const fn green(code: &'static str) -> Self {
        Self { exit: 0, code }
    }

    /// An amber verdict.
    pub(super) const fn amber(code: &'static str) -> Self {
        Self { exit: 3, code }
    }

    /// A red verdict.
    pub(super) const fn red(code: &'static str) -> Self {
        Self { exit: 4, code }
    }

    /// The ledger refused the record.
    pub(super) const fn refused(code: &'static str) -> Self {
        Self { exit: 6, code }
    }

    /// Passes the expected answer on.
    pub(super) fn of(self, step: &'static str, answer: Answer) -> Result<Answer, Box<Unexpected>> {
        if answer.exit == self.exit && answer.code() == self.code {
            return Ok(answer);
        }
        Err(Box::new(Unexpected {
            step,
            expected: told(self.exit, self.code),
            found: told(answer.exit, answer.code()),
            said: format!("{}{}", answer.said, answer.json),
        }))
    }
}

fn told(exit: i32, code: &str) -> String {
    format!("exit {exit} {code}").trim_end().to_owned()
}

/// Holds what must hold.
pub(super) fn hold(
    step: &'static str,
    holds: bool,
    expected: &str,
    found: impl FnOnce() -> String,
) -> Result<(), Box<Unexpected>> {
    if holds {
        return Ok(());
    }
    Err(Box::new(Unexpected {
        step,
        expected: expected.into(),
        found: found(),
        said: String::new(),
    }))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::json;

    use super::*;

    fn answer(exit: i32, json: serde_json::Value) -> Answer {
        Answer {
            exit,
            json,
            said: "error: x\n".into(),
            took: Duration::ZERO,
        }
    }

    #[test]
    fn exit_and_code_must_both_be_the_expected_ones() {
        let used = || answer(6, json!({"code": "USED"}));
        assert!(Expected::refused("USED").of("again", used()).is_ok());
        let verdict = answer(
            4,
            json!({"reasons": [{"code": "USED"}, {"code": "EXPIRED"}]}),
        );
        assert!(Expected::red("USED").of("again", verdict).is_ok());
        for expected in [DONE, Expected::red("USED"), Expected::refused("EXPIRED")] {
            let error = expected.of("again", used()).unwrap_err();
            assert_eq!(error.found, "exit 6 USED");
            assert!(error.to_string().contains("error: x"), "{error}");
        }
    }

    #[test]
    fn what_does_not_hold_is_told() {
        assert!(hold("race", true, "one winner", || unreachable!()).is_ok());
        let error = hold("race", false, "one winner", || "two".into()).unwrap_err();
        assert_eq!(
            error.to_string(),
            "step race: expected one winner, found two"
        );
    }
}

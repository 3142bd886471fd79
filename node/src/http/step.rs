//! Whether this node is in step with the others, as far as it has heard of them.

use ledger::party::Height;

use super::Desk;
use super::problem::Problem;

/// A node that is no further behind is in step: what others say arrives before their block does.
const BEHIND_MAX: u64 = 10;

/// This node against the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Too few of them have said how far they are.
    Unknown,
    /// In step.
    With,
    /// Behind them by this many heights: what it holds is old.
    Behind(u64),
}

impl Step {
    fn of(tip: Height, believed: Option<Height>) -> Self {
        match believed.map(|believed| believed.0.saturating_sub(tip.0)) {
            None => Self::Unknown,
            Some(behind) if behind > BEHIND_MAX => Self::Behind(behind),
            Some(_) => Self::With,
        }
    }
}

impl Desk {
    /// The tip that an honest node must have, where enough have spoken.
    pub(super) fn believed_tip(&self) -> Option<Height> {
        self.heard.believed_tip(self.store.tip().validators.len())
    }

    /// This node against the others.
    pub(super) fn step(&self) -> Step {
        Step::of(self.store.tip().height(), self.believed_tip())
    }

    /// Nothing is proven from an old state, in which a spent permit is still good.
    pub(super) fn in_step(&self) -> Result<(), Problem> {
        match self.step() {
            Step::Unknown | Step::With => Ok(()),
            Step::Behind(behind) => {
                let detail = format!(
                    "this node is {behind} heights behind the others and catches up; try again later"
                );
                Err(Problem::unavailable("NOT_IN_SYNC", detail))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_is_behind_when_others_are_more_than_a_few_heights_ahead() {
        for (tip, believed, expected) in [
            (5, None, Step::Unknown),
            (5, Some(0), Step::With),
            (5, Some(5), Step::With),
            (5, Some(5 + BEHIND_MAX), Step::With),
            (5, Some(6 + BEHIND_MAX), Step::Behind(1 + BEHIND_MAX)),
        ] {
            let step = Step::of(Height(tip), believed.map(Height));
            assert_eq!(step, expected, "{tip} {believed:?}");
        }
    }
}

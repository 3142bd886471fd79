//! The scenarios that come with the program.

use super::{Scenario, ScenarioError};

/// Name and file of each, from the calmest to the wildest.
const INCLUDED: &[(&str, &str)] = &[
    ("calm", include_str!("../../scenarios/calm.toml")),
    (
        "185-parties",
        include_str!("../../scenarios/185-parties.toml"),
    ),
    (
        "committee-21",
        include_str!("../../scenarios/committee-21.toml"),
    ),
    (
        "committee-31",
        include_str!("../../scenarios/committee-31.toml"),
    ),
    (
        "third-down",
        include_str!("../../scenarios/third-down.toml"),
    ),
    (
        "more-than-a-third-down",
        include_str!("../../scenarios/more-than-a-third-down.toml"),
    ),
    (
        "region-split",
        include_str!("../../scenarios/region-split.toml"),
    ),
    (
        "weak-lines",
        include_str!("../../scenarios/weak-lines.toml"),
    ),
    (
        "late-joiner",
        include_str!("../../scenarios/late-joiner.toml"),
    ),
    (
        "double-racer",
        include_str!("../../scenarios/double-racer.toml"),
    ),
    (
        "port-shopper",
        include_str!("../../scenarios/port-shopper.toml"),
    ),
    (
        "corrupt-issuer",
        include_str!("../../scenarios/corrupt-issuer.toml"),
    ),
    ("twins", include_str!("../../scenarios/twins.toml")),
    (
        "everything",
        include_str!("../../scenarios/everything.toml"),
    ),
];

/// The names of the included scenarios.
pub fn names() -> impl Iterator<Item = &'static str> {
    INCLUDED.iter().map(|(name, _)| *name)
}

/// The text of the included scenario of this name.
///
/// # Errors
/// [`ScenarioError::Unknown`].
pub fn text(name: &str) -> Result<&'static str, ScenarioError> {
    let found = INCLUDED.iter().find(|(known, _)| *known == name);
    let (_, text) = found.ok_or_else(|| ScenarioError::Unknown(name.into()))?;
    Ok(text)
}

impl Scenario {
    /// The included scenario of this name.
    ///
    /// # Errors
    /// [`ScenarioError`].
    pub fn included(name: &str) -> Result<Self, ScenarioError> {
        Self::parse(text(name)?)
    }
}

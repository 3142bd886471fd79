//! Some fields of a permit and the hashes of the rest: enough to come to its commitment with its secret.

use alloc::vec::Vec;

use super::{PermitSecret, leaf, leaves, merkle};
use crate::digest::{Commitment, Digest};
use crate::permit::Permit;
use crate::permit::fields::{self, Field};

/// Fields of a permit, each at its place among all of them, ascending.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Revealed {
    /// How many fields the permit has.
    pub size: usize,
    /// Those that are shown, with their place from 0.
    pub shown: Vec<(usize, Field)>,
    /// Roots of the largest parts of the tree in which nothing is shown, from left to right.
    pub hidden: Vec<Digest>,
}

impl Revealed {
    /// Shows those fields of a permit of which `is_shown` says so.
    #[must_use]
    pub fn of(permit: &Permit, secret: &PermitSecret, is_shown: impl Fn(&Field) -> bool) -> Self {
        let all = fields::fields(permit);
        let digests: Vec<Digest> = leaves(permit, secret).map(|leaf| leaf.1).collect();
        let marks: Vec<bool> = all.iter().map(|field| is_shown(field)).collect();
        let mut hidden = Vec::new();
        merkle::prune(&digests, &marks, &mut hidden);
        Self {
            size: digests.len(),
            shown: all
                .into_iter()
                .enumerate()
                .filter(|(_, field)| is_shown(field))
                .collect(),
            hidden,
        }
    }

    /// The commitment that follows; `None` where the parts do not make up one tree.
    #[must_use]
    pub fn commitment(&self, secret: &PermitSecret) -> Option<Commitment> {
        let ascends = self
            .shown
            .is_sorted_by(|a, b| a.0 < b.0 && a.1.path < b.1.path);
        let known = |field: &Field| fields::box_of(&field.path).is_some();
        if !ascends || !self.shown.iter().all(|(_, field)| known(field)) {
            return None;
        }
        let shown: Vec<(usize, Digest)> = self
            .shown
            .iter()
            .map(|(place, Field { path, value })| (*place, leaf(&secret.salt(path), path, value)))
            .collect();
        merkle::root_of_pruned(self.size, &shown, &self.hidden).map(Commitment)
    }

    /// The value of a field, where it is shown.
    #[must_use]
    pub fn value(&self, path: &str) -> Option<&str> {
        let mut shown = self.shown.iter();
        let found = shown.find(|(_, field)| field.path == path);
        found.map(|(_, field)| field.value.as_str())
    }
}

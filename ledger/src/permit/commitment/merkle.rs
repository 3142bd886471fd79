//! RFC 6962 Merkle trees over leaf digests: root, audit path, and the root that an audit path leads to.

use alloc::vec::Vec;

use crate::digest::{Digest, sha256};

/// Root over the leaves (RFC 6962, 2.1).
pub(super) fn root(leaves: &[Digest]) -> Digest {
    match leaves {
        [] => sha256(&[]),
        [leaf] => leaf_hash(leaf),
        [_, _, ..] => {
            let (left, right) = halves(leaves);
            inner_hash(&root(left), &root(right))
        }
    }
}

/// The hashes beside the way from a leaf to the root, from the leaf up (RFC 6962, 2.1.1).
pub(super) fn audit_path(leaves: &[Digest], index: usize) -> Vec<Digest> {
    let mut path = Vec::new();
    let (mut rest, mut index) = (leaves, index);
    while rest.len() > 1 {
        let (left, right) = halves(rest);
        if let Some(in_right) = index.checked_sub(left.len()) {
            path.push(root(left));
            (rest, index) = (right, in_right);
        } else {
            path.push(root(right));
            rest = left;
        }
    }
    path.reverse();
    path
}

/// Root that follows from a leaf, its place and its audit path (RFC 9162, 2.1.3.2); `None` where the path
/// does not have the shape of that place.
pub(super) fn root_of_path(
    leaf: &Digest,
    index: u32,
    size: u32,
    path: &[Digest],
) -> Option<Digest> {
    let mut place = index;
    let mut last = size.checked_sub(1)?;
    if index > last {
        return None;
    }
    let mut node = leaf_hash(leaf);
    for beside in path {
        if last == 0 {
            return None;
        }
        if place & 1 == 1 || place == last {
            node = inner_hash(beside, &node);
            while place & 1 == 0 && place != 0 {
                place >>= 1;
                last >>= 1;
            }
        } else {
            node = inner_hash(&node, beside);
        }
        place >>= 1;
        last >>= 1;
    }
    (last == 0).then_some(node)
}

/// Roots of the largest parts in which no leaf is shown, from left to right.
pub(super) fn prune(leaves: &[Digest], shown: &[bool], hidden: &mut Vec<Digest>) {
    if !shown.contains(&true) {
        hidden.push(root(leaves));
    } else if leaves.len() > 1 {
        let (left, right) = halves(leaves);
        let (left_shown, right_shown) = shown.split_at_checked(left.len()).unwrap_or((shown, &[]));
        prune(left, left_shown, hidden);
        prune(right, right_shown, hidden);
    }
}

/// Root over `size` leaves of which some are shown, by place, ascending, and the rest is hidden as [`prune`]
/// leaves it; `None` where these do not make up the tree.
pub(super) fn root_of_pruned(
    size: usize,
    shown: &[(usize, Digest)],
    hidden: &[Digest],
) -> Option<Digest> {
    let mut hidden = hidden.iter();
    let root = pruned(0, size, shown, &mut hidden)?;
    hidden.next().is_none().then_some(root)
}

fn pruned<'a>(
    first: usize,
    size: usize,
    shown: &[(usize, Digest)],
    hidden: &mut impl Iterator<Item = &'a Digest>,
) -> Option<Digest> {
    match (size, shown) {
        (0, _) => None,
        (_, []) => hidden.next().copied(),
        (1, [(place, leaf)]) => (*place == first).then(|| leaf_hash(leaf)),
        (1, _) => None,
        (_, _) => {
            let left = size.checked_next_power_of_two()? / 2;
            let middle = first.checked_add(left)?;
            let cut = shown.partition_point(|(place, _)| *place < middle);
            let (left_shown, right_shown) = shown.split_at_checked(cut)?;
            let one = pruned(first, left, left_shown, hidden)?;
            let other = pruned(middle, size.checked_sub(left)?, right_shown, hidden)?;
            Some(inner_hash(&one, &other))
        }
    }
}

/// The left part has the largest power of two below the length, which is at least two.
fn halves(leaves: &[Digest]) -> (&[Digest], &[Digest]) {
    let left = leaves.len().next_power_of_two() / 2;
    leaves.split_at_checked(left).unwrap_or((leaves, &[]))
}

fn leaf_hash(leaf: &Digest) -> Digest {
    let mut bytes = Vec::with_capacity(33);
    bytes.push(0);
    bytes.extend_from_slice(leaf.as_ref());
    sha256(&bytes)
}

fn inner_hash(left: &Digest, right: &Digest) -> Digest {
    let mut bytes = Vec::with_capacity(65);
    bytes.push(1);
    bytes.extend_from_slice(left.as_ref());
    bytes.extend_from_slice(right.as_ref());
    sha256(&bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn some_leaves(count: u32) -> Vec<Digest> {
        (0..count).map(|n| sha256(&n.to_be_bytes())).collect()
    }

    #[test]
    fn the_root_is_that_of_rfc_6962() {
        assert_eq!(
            std::format!("{}", root(&[])),
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
        );
        let leaves = some_leaves(3);
        let [a, b, c] = leaves.as_slice() else {
            panic!()
        };
        let left = inner_hash(&leaf_hash(a), &leaf_hash(b));
        assert_eq!(root(&leaves), inner_hash(&left, &leaf_hash(c)));
    }

    #[test]
    fn every_leaf_of_every_small_tree_is_proven_and_no_other() {
        for count in 1..=33 {
            let leaves = some_leaves(count);
            let root = root(&leaves);
            for (index, leaf) in (0_u32..).zip(&leaves) {
                let path = audit_path(&leaves, index as usize);
                assert_eq!(root_of_path(leaf, index, count, &path), Some(root));
                assert_ne!(root_of_path(&root, index, count, &path), Some(root));
                for wrong in (0..=count).filter(|wrong| *wrong != index) {
                    assert_ne!(root_of_path(leaf, wrong, count, &path), Some(root));
                }
                let mut longer = path.clone();
                longer.push(root);
                assert_ne!(root_of_path(leaf, index, count, &longer), Some(root));
                if let Some((_, shorter)) = path.split_last() {
                    assert_ne!(root_of_path(leaf, index, count, shorter), Some(root));
                }
            }
        }
        assert_eq!(root_of_path(&Digest::default(), 0, 0, &[]), None);
    }
}

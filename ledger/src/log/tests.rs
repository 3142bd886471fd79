//! The log against the definitions of RFC 6962, written out again.

use std::format;
use std::string::String;
use std::vec;
use std::vec::Vec;

use super::*;
use crate::digest::sha256;
use crate::state::Changes;
use crate::state::memory::MemoryState;

/// MTH of RFC 6962 §2.1.
fn root_of(leaves: &[Vec<u8>]) -> Digest {
    match leaves {
        [] => sha256(b""),
        [leaf] => sha256(&[&[0][..], leaf].concat()),
        _ => {
            let half = leaves.len().next_power_of_two() / 2;
            let (left, right) = leaves.split_at(half);
            sha256(&[&[1][..], &root_of(left).0, &root_of(right).0].concat())
        }
    }
}

/// A log of `size` leaves, added in blocks of three.
fn log(size: u64) -> (MemoryState, Vec<Vec<u8>>, LogHead) {
    let leaves: Vec<_> = (0..size)
        .map(|n| format!("leaf {n}").into_bytes())
        .collect();
    let mut state = MemoryState::default();
    let mut head = LogHead {
        size: 0,
        root: empty_root(),
    };
    for block in leaves.chunks(3) {
        let mut tail = LogTail::new(&state, head.size);
        for leaf in block {
            tail.append(leaf).unwrap();
        }
        head = LogHead {
            size: tail.size(),
            root: tail.root().unwrap(),
        };
        let log_hashes = tail.into_hashes();
        state.apply(&Changes {
            log_hashes,
            ..Changes::default()
        });
    }
    (state, leaves, head)
}

#[test]
fn the_root_is_the_one_of_the_standard_for_every_size() {
    for size in 0..70 {
        let (state, leaves, head) = log(size);
        assert_eq!((head.size, head.root.0), (size, root_of(&leaves)));
        assert_eq!(LogTail::new(&state, size).root(), Ok(head.root));
    }
}

#[test]
fn every_leaf_is_shown_at_its_index_and_at_no_other() {
    // A root is bound to its size by the header that names both; a path alone does not tell sizes apart.
    for size in 1..40 {
        let (state, leaves, head) = log(size);
        for index in 0..size {
            let path = prove_inclusion(&state, size, index).unwrap();
            for (place, leaf) in (0..).zip(&leaves) {
                assert_eq!(path.shows(&head, index, leaf), place == index);
                assert_eq!(
                    path.shows(&head, place, &leaves[index as usize]),
                    place == index
                );
            }
        }
    }
}

#[test]
fn every_earlier_log_is_shown_as_a_beginning_and_no_other_is() {
    let (state, leaves, head) = log(40);
    let heads = (0..=40).map(|size| LogHead {
        size,
        root: LogRoot(root_of(&leaves[..size as usize])),
    });
    let heads: Vec<_> = heads.collect();
    for old in &heads[1..] {
        let path = prove_consistency(&state, 40, old.size).unwrap();
        for other in &heads {
            assert_eq!(
                path.shows(&head, other),
                other == old,
                "{} {}",
                old.size,
                other.size
            );
        }
        let rewritten = LogHead {
            root: LogRoot(sha256(b"rewritten")),
            ..*old
        };
        assert!(!path.shows(&head, &rewritten));
    }
}

#[test]
fn what_is_not_in_the_log_cannot_be_asked_of_it() {
    let (state, _, head) = log(5);
    let errors = [
        (
            prove_inclusion(&state, 5, 5).map(drop),
            "no leaf 5 in a log of 5",
        ),
        (
            prove_inclusion(&state, 0, 0).map(drop),
            "no leaf 0 in a log of 0",
        ),
        (
            prove_consistency(&state, 5, 0).map(drop),
            "a log of 5 leaves has no beginning of 0",
        ),
        (
            prove_consistency(&state, 5, 6).map(drop),
            "a log of 5 leaves has no beginning of 6",
        ),
    ];
    for (outcome, expected) in errors {
        assert_eq!(outcome, Err(LogError(String::from(expected))));
    }
    let empty = MemoryState::default();
    let mut tail = LogTail::new(&empty, 5);
    assert!(tail.root().is_err(), "stored hashes are missing");
    assert!(tail.append(b"leaf").is_err());
    assert!(prove_inclusion(&empty, 5, 2).is_err());
    assert!(prove_consistency(&empty, 5, 2).is_err());
    let nothing = InclusionPath(vec![]);
    assert!(!nothing.shows(&head, 0, b"leaf 0"));
    let absurd = LogHead {
        size: u64::MAX,
        ..head
    };
    assert!(!nothing.shows(&absurd, 0, b"leaf 0"));
    assert!(!ConsistencyPath(vec![]).shows(&absurd, &head));
}

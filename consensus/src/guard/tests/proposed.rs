//! A proposal is signed again after the votes that follow it, and no other one is.

use super::*;

#[test]
fn the_same_proposal_is_signed_again_after_later_votes_and_no_other_one() {
    let mut proposal = request(7, 1, Stage::Propose, "a");
    proposal.mark.pol_round = Some(Round(0));
    let mut guard = state(7, None);
    for (next, expected) in [
        (proposal, "sign"),
        (request(7, 1, Stage::Prevote, "a"), "sign"),
        (proposal, "again"),
        (request(7, 1, Stage::Propose, "a"), "behind"),
        (request(7, 1, Stage::Propose, "b"), "behind"),
        (request(7, 1, Stage::Precommit, "a"), "sign"),
        (proposal, "again"),
        (request(7, 0, Stage::Propose, "a"), "behind"),
        (request(7, 2, Stage::Prevote, "nil"), "sign"),
        (proposal, "again"),
        (request(7, 2, Stage::Prevote, "a"), "contradiction"),
        (request(7, 3, Stage::Propose, "b"), "sign"),
        (proposal, "behind"),
        (request(8, 0, Stage::Prevote, "b"), "sign"),
        (request(7, 3, Stage::Propose, "b"), "behind"),
    ] {
        let permission = guard.permit(&next);
        assert_eq!(word(&permission), expected, "{next:?}");
        if let Permission::Sign(moved) = permission {
            // As a restart reads it.
            assert_eq!(load(Some(&write_copies(&moved))), Loaded::Whole(moved));
            guard = moved;
        }
    }
}

//! Histories would prove little if they stopped at the first row: they reach every row of every table.

use std::collections::BTreeSet;

use proptest::strategy::{Strategy as _, ValueTree as _};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use crate::game::Game;
use crate::history::blocks;
use crate::{ZONES, play, scripts};

#[expect(clippy::too_many_lines, reason = "rows of one table")]
/// Every statement with every answer it can get, and every doubt.
fn expected() -> BTreeSet<(&'static str, &'static str)> {
    let dead = ["CANCELLED", "REPLACED", "LOST", "STOLEN"];
    let dates = ["NOT_YET_VALID", "EXPIRED"];
    let goods = ["UNKNOWN_LINE", "UNIT_MISMATCH", "OVER_QUANTITY"];
    let border = ["NOT_ISSUED", "WRONG_KIND", "WRONG_PARTY", "USED"];
    let issue = [
        "WRONG_KIND",
        "WRONG_PARTY",
        "DUPLICATE_NUMBER",
        "DATES",
        "VALIDITY_TOO_LONG",
        "GRANT_DATE",
        "EXPIRED",
        "RETROSPECTIVE_APPENDIX_I",
        "NOT_ISSUED",
        "USED",
        "CANCELLED",
        "REPLACED",
        "REPLACEMENT_BROKEN",
        "DUPLICATE_STAMP",
        "SUSPENDED",
        "NEEDS_SPECIES_KEY",
        "NEEDS_IMPORT_PERMIT",
        "IMPORT_PERMIT_BROKEN",
        "ORIGIN_BROKEN",
        "OVER_QUANTITY",
        "UNIT_MISMATCH",
        "QUOTA_EXCEEDED",
    ];
    let issue_doubts = [
        "ORIGIN_NOT_COVERED",
        "IMPORT_PERMIT_NOT_COVERED",
        "APPENDIX_CHANGED",
        "MORE_THAN_DRAWN",
        "SEEN_BEFORE_ISSUE",
        "OPERATION_UNREGISTERED",
    ];
    let endorse = ["ALREADY_ENDORSED", "SUSPENDED", "LESS_THAN_AUTHORISED"];
    let import = [
        "RETROSPECTIVE",
        "NOT_ENDORSED",
        "NEEDS_IMPORT_PERMIT",
        "IMPORT_PERMIT_BROKEN",
        "LESS_THAN_ENDORSED",
    ];
    let correct = [
        "NOT_ISSUED",
        "UNKNOWN_RECORD",
        "WRONG_PARTY",
        "USED",
        "ORIGIN_BROKEN",
    ];
    let cross = ["NOT_ISSUED", "WRONG_KIND", "ALTERED", "CROSSING_BROKEN"];
    let consent = [
        "NOT_ISSUED",
        "WRONG_KIND",
        "WRONG_PARTY",
        "ALREADY_RECORDED",
    ];
    let rows: [(&'static str, Vec<&'static str>); 14] = [
        ("issue", [&issue[..], &issue_doubts].concat()),
        (
            "endorse",
            [&border[..], &dead, &dates, &goods, &endorse].concat(),
        ),
        (
            "import",
            [&border[..], &dead, &dates, &goods, &import].concat(),
        ),
        ("sight", vec![]),
        ("refuse", vec!["WRONG_KIND"]),
        (
            "cancel",
            [
                &dead[..],
                &["NOT_ISSUED", "WRONG_PARTY", "ALREADY_RECORDED"],
            ]
            .concat(),
        ),
        ("consent", [&consent[..], &dead].concat()),
        ("cross", [&cross[..], &dead, &dates].concat()),
        ("correct", [&correct[..], &goods].concat()),
        (
            "paper-seen",
            vec!["ON_LEDGER_PARTY", "USED", "REGISTER_FULL"],
        ),
        (
            "revoke-range",
            vec!["ALREADY_RECORDED", "UNKNOWN_RECORD", "REGISTER_FULL"],
        ),
        ("quota", vec!["DATES", "UNIT_MISMATCH", "QUOTA_EXCEEDED"]),
        ("operation", vec!["ALREADY_RECORDED", "UNKNOWN_RECORD"]),
        ("suspend", vec!["DATES", "REGISTER_FULL"]),
    ];
    let mut expected = BTreeSet::new();
    for (kind, answers) in rows {
        expected.extend(answers.into_iter().map(|answer| (kind, answer)));
        // Any of them may be applied, said by the wrong office, or handed in again.
        expected.extend(["applied", "ROLE", "ALREADY_LOGGED"].map(|answer| (kind, answer)));
    }
    let late = [
        "endorse",
        "import",
        "sight",
        "refuse",
        "cross",
        "correct",
        "paper-seen",
    ];
    expected.extend(late.map(|kind| (kind, "KEY_INACTIVE")));
    expected
}

#[test]
fn histories_reach_every_answer_and_every_doubt_of_every_statement() {
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &[7; 32]);
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    let mut reached = BTreeSet::new();
    for mut game in scripts::games() {
        reached.append(&mut game.answers);
    }
    let expected = expected();
    for round in 0..1_000 {
        if expected.is_subset(&reached) {
            break;
        }
        let history = blocks(40).new_tree(&mut runner).unwrap().current();
        let mut game = Game::new(ZONES[round % 3]);
        play(&mut game, &history);
        reached.append(&mut game.answers);
    }
    // A record that has expired is not admitted either; which kinds do so is chance.
    reached.retain(|(_, answer)| *answer != "TOO_LATE");
    let missing: Vec<_> = expected.difference(&reached).collect();
    let surplus: Vec<_> = reached.difference(&expected).collect();
    assert!(
        missing.is_empty() && surplus.is_empty(),
        "missing {missing:?}, unforeseen {surplus:?}"
    );
}

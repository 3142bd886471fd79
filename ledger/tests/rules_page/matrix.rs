//! Statement × state of the permit → effect or refusal, found by doing each.

use std::fmt::Write as _;

use ledger::codes::Kind;
use ledger::party::Role;
use ledger::reason::Reason;
use ledger::record::{
    Cancel, CancelReason, Consent, Correct, CorrectReason, Cross, Direction, Issue, Replaces,
    RetrospectiveReason, Statement,
};
use ledger::state::PermitState;
use ledger::testing::{
    DAY_MS, START, TestLedger, endorse, import, issue, party, permit, port, quantities, refuse,
    sight,
};
use ledger::time::Timestamp;

/// A permit at some stage: how it came there, and when the next statement is made.
struct Stage {
    name: &'static str,
    ledger: TestLedger,
    now: Timestamp,
}

/// Who says what.
type Said = ((&'static str, Role), Statement);

const NUMBER: &str = "1";
const MANAGEMENT: (&str, Role) = ("QS", Role::Management);
const CUSTOMS: (&str, Role) = ("QS", Role::Customs);
const DESTINATION: (&str, Role) = ("QN", Role::Customs);

fn cancel(reason: CancelReason) -> Said {
    (
        MANAGEMENT,
        Statement::Cancel(Cancel {
            permit: permit(NUMBER),
            reason,
        }),
    )
}

fn replacement() -> Issue {
    Issue {
        replaces: Some(Replaces {
            number: permit(NUMBER).number,
            reason: CancelReason::Lost,
        }),
        ..issue("2")
    }
}

fn stage(name: &'static str, said: Vec<Said>) -> Stage {
    let mut ledger = TestLedger::default();
    let mut now = START;
    for (speaker, statement) in said {
        now = now.plus_ms(1_000);
        assert_eq!(ledger.state_now(speaker, statement, now), None, "{name}");
    }
    Stage {
        name,
        ledger,
        now: now.plus_ms(1_000),
    }
}

fn stages() -> Vec<Stage> {
    let plain = || (MANAGEMENT, Statement::Issue(issue(NUMBER)));
    let special = |change: &dyn Fn(&mut Issue)| {
        let mut issue = issue(NUMBER);
        change(&mut issue);
        (MANAGEMENT, Statement::Issue(issue))
    };
    let left = || (CUSTOMS, endorse(permit(NUMBER), quantities(100, 20)));
    let arrived = || (DESTINATION, import(permit(NUMBER), quantities(100, 20)));
    let retrospective =
        || special(&|issue| issue.retrospective = Some(RetrospectiveReason::AuthorityError));
    let consent = || {
        (
            ("QN", Role::Management),
            Statement::Consent(Consent {
                permit: permit(NUMBER),
            }),
        )
    };
    let passport = || {
        special(&|issue| {
            issue.kind = Kind::MusicalInstrument;
            issue.destination = None;
        })
    };
    let sea = || {
        special(&|issue| {
            issue.kind = Kind::IntroductionFromTheSea;
            issue.destination = Some(party("QS"));
        })
    };
    let landed = || (CUSTOMS, import(permit(NUMBER), quantities(40, 20)));
    let mut expired = stage("over", vec![plain()]);
    expired.now = START.plus_ms(200 * DAY_MS);
    vec![
        stage("never issued", vec![]),
        stage("issued", vec![plain()]),
        stage("endorsed", vec![plain(), left()]),
        stage("used", vec![plain(), left(), arrived()]),
        stage(
            "used, and contested",
            vec![plain(), left(), arrived(), cancel(CancelReason::Withdrawn)],
        ),
        stage(
            "cancelled: clerical",
            vec![plain(), cancel(CancelReason::Clerical)],
        ),
        stage("withdrawn", vec![plain(), cancel(CancelReason::Withdrawn)]),
        stage("lost", vec![plain(), cancel(CancelReason::Lost)]),
        stage("stolen", vec![plain(), cancel(CancelReason::Stolen)]),
        stage(
            "replaced",
            vec![plain(), (MANAGEMENT, Statement::Issue(replacement()))],
        ),
        stage(
            "lost after it was endorsed",
            vec![plain(), left(), cancel(CancelReason::Lost)],
        ),
        stage(
            "not begun",
            vec![special(&|issue| {
                issue.valid_from = issue.granted_on.plus_days(9)
            })],
        ),
        expired,
        stage("retrospective", vec![retrospective()]),
        stage("retrospective, agreed to", vec![retrospective(), consent()]),
        stage(
            "import permit",
            vec![special(&|issue| {
                issue.kind = Kind::Import;
                issue.destination = Some(party("QS"));
            })],
        ),
        stage("sea certificate", vec![sea()]),
        stage("sea certificate, in part landed", vec![sea(), landed()]),
        stage("passport, at home", vec![passport()]),
        stage(
            "passport, between two States",
            vec![passport(), cross(CUSTOMS, Direction::Out)],
        ),
        stage(
            "passport, in QN",
            vec![
                passport(),
                cross(CUSTOMS, Direction::Out),
                cross(DESTINATION, Direction::In),
            ],
        ),
    ]
}

fn cross(speaker: (&'static str, Role), direction: Direction) -> Said {
    let statement = Statement::Cross(Cross {
        permit: permit(NUMBER),
        direction,
        port: port("QSSUR"),
        document: issue(NUMBER).commitment,
    });
    (speaker, statement)
}

/// A correction of what is in force, by whom it was recorded.
fn correct(state: Option<&PermitState>, of_import: bool) -> Option<Said> {
    let state = state?;
    let record = if of_import {
        state.import_record()
    } else {
        state.endorsement_record()
    };
    let statement = Statement::Correct(Correct {
        permit: permit(NUMBER),
        record: record?,
        lines: quantities(90, 20),
        reason: CorrectReason::Recount,
    });
    Some((if of_import { DESTINATION } else { CUSTOMS }, statement))
}

/// The statements, in the order of the columns. `None` where there is nothing that could be stated.
fn statements(state: Option<&PermitState>, now: Timestamp) -> Vec<(&'static str, Option<Said>)> {
    let destination = state.and_then(|state| state.destination);
    let customs = if destination == Some(party("QS")) {
        CUSTOMS
    } else {
        DESTINATION
    };
    let lines = || quantities(60, 0);
    vec![
        (
            "issue the same number",
            Some((MANAGEMENT, Statement::Issue(issue(NUMBER)))),
        ),
        (
            "issue another that replaces it",
            Some((
                MANAGEMENT,
                Statement::Issue(Issue {
                    kind: state.map_or(Kind::Export, |state| state.kind),
                    destination: state.map_or(Some(party("QN")), |state| state.destination),
                    number: permit("3").number,
                    granted_on: now.date(),
                    valid_from: now.date(),
                    valid_until: now.date().plus_months(6),
                    ..replacement()
                }),
            )),
        ),
        (
            "endorse",
            Some((CUSTOMS, endorse(permit(NUMBER), quantities(100, 20)))),
        ),
        (
            "sight",
            Some((("QT", Role::Customs), sight(permit(NUMBER)))),
        ),
        (
            "import, or land",
            Some((customs, import(permit(NUMBER), lines()))),
        ),
        (
            "refuse",
            Some((DESTINATION, refuse(permit(NUMBER), Reason::Altered))),
        ),
        ("cancel", Some(cancel(CancelReason::Clerical))),
        (
            "consent",
            Some((
                ("QN", Role::Management),
                Statement::Consent(Consent {
                    permit: permit(NUMBER),
                }),
            )),
        ),
        ("cross out of QS", Some(cross(CUSTOMS, Direction::Out))),
        ("cross in to QN", Some(cross(DESTINATION, Direction::In))),
        ("correct the endorsement", correct(state, false)),
        ("correct the import", correct(state, true)),
    ]
}

/// What an applied statement changed, in words.
fn effect(before: Option<&PermitState>, after: Option<&PermitState>) -> String {
    let Some(after) = after else {
        return "reported; nothing comes alive".into();
    };
    let Some(before) = before else {
        return "comes alive".into();
    };
    let is_new = |is_there: fn(&PermitState) -> bool| is_there(after) && !is_there(before);
    let landed = |state: &PermitState| -> u64 {
        state
            .lines
            .iter()
            .filter_map(|line| line.imported)
            .map(|own| own.scaled())
            .sum()
    };
    let facts = [
        (
            is_new(|state| state.endorsement.is_some()),
            "endorsed: box 14 is filled",
        ),
        (
            is_new(|state| state.import.is_some()),
            "accepted: **spent**",
        ),
        (
            after.import.is_none() && landed(after) > landed(before),
            "landed: the total is drawn down",
        ),
        (
            is_new(|state| state.replaced_by.is_some()),
            "replaced; the new one comes alive",
        ),
        (
            is_new(|state| state.cancellation.is_some()) && after.replaced_by.is_none(),
            "cancelled",
        ),
        (
            is_new(|state| state.contested.is_some()),
            "contested; the use stands",
        ),
        (is_new(|state| state.consent.is_some()), "agreed to"),
        (after.sightings > before.sightings, "seen; nothing is spent"),
        (
            after.refusals > before.refusals,
            "refused for all to see; nothing is spent",
        ),
        (
            after.crossings != before.crossings,
            "crossed; nothing is spent",
        ),
        (
            after.endorsement_corrected != before.endorsement_corrected,
            "corrected; both records stay",
        ),
        (
            after.import_corrected != before.import_corrected,
            "corrected; both records stay",
        ),
    ];
    let facts: Vec<&str> = facts
        .into_iter()
        .filter(|(is_so, _)| *is_so)
        .map(|(_, words)| words)
        .collect();
    facts.join("; ")
}

/// The answer to a statement at a stage.
fn answer(stage: &Stage, (speaker, statement): Said) -> String {
    let mut ledger = stage.ledger.clone();
    let key = permit(NUMBER);
    let before = ledger.permit(&key);
    match ledger.state_now(speaker, statement, stage.now) {
        Some(reason) => format!("`{reason}`"),
        None => {
            let words = effect(before.as_ref(), ledger.permit(&key).as_ref());
            assert!(!words.is_empty(), "{}: an effect without words", stage.name);
            words
        }
    }
}

/// Both parts of the table: what authorities state, and what customs state.
pub(crate) fn write(out: &mut String) {
    out.push_str(
        "\n## Statement × state of the permit → effect or refusal\n\nAn export permit of QS for QN unless the row says \
         otherwise, and statements that are well made: by the right office, of lines that the permit has.\n",
    );
    let stages = stages();
    let columns = statements(None, START).len();
    for part in [0..columns / 2, columns / 2..columns] {
        let names = &statements(None, START)[part.clone()];
        out.push_str("\n| the permit is |");
        for (name, _) in names {
            write!(out, " {name} |").unwrap();
        }
        out.push_str("\n|---|");
        out.push_str(&"---|".repeat(names.len()));
        out.push('\n');
        for stage in &stages {
            write!(out, "| **{}** |", stage.name).unwrap();
            let state = stage.ledger.permit(&permit(NUMBER));
            for (_, said) in statements(state.as_ref(), stage.now).drain(part.clone()) {
                let cell = said.map_or_else(|| "–".into(), |said| answer(stage, said));
                write!(out, " {cell} |").unwrap();
            }
            out.push('\n');
        }
    }
    out.push_str("\n– : there is no such act to correct.\n");
}

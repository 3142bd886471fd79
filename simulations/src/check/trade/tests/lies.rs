//! Lies about trade: what the ledger refuses, told as applied, and what it applies, told as refused.

use ledger::codes::{Appendix, Source, Unit};
use ledger::digest::{Commitment, SpeciesKey, TaxonTag};
use ledger::quantity::Quantity;
use ledger::record::{
    CancelReason, CorrectReason, Issue, IssuedLine, Origin, PaperSeen, Quota, Replaces,
};

use super::chance::units;
use super::*;

const DOCUMENT: Commitment = Commitment(ledger::digest::Digest([7; 32]));
const AUTHORITY: Role = Role::Management;
const BORDER: Role = Role::Customs;

/// Who says what.
type Says = (&'static str, Role, Statement);

fn permit(issuer: &str, number: &str) -> PermitKey {
    PermitKey {
        issuer: code(issuer),
        number: NumberHash(sha256(number.as_bytes())),
    }
}

fn goods(count: u64) -> Vec<LineQuantity> {
    vec![LineQuantity {
        line: LineId::A,
        unit: Unit::Number,
        quantity: units(count),
    }]
}

/// A permit for fifty, issued by `by` for `to`.
fn issue(number: &str, kind: Kind, to: &str) -> Issue {
    let today = START.date();
    Issue {
        number: permit("QS", number).number,
        kind,
        destination: (!kind.is_multi_crossing()).then(|| code(to)),
        granted_on: today,
        valid_from: today,
        valid_until: today.plus_months(kind.months_max()),
        lines: vec![IssuedLine {
            line: LineId::A,
            unit: Unit::Number,
            authorised: units(50),
            appendix: Appendix::II,
            source: Source::Wild,
            taxon: TaxonTag(sha256(b"taxon")),
            origins: Vec::new(),
            species: Some(SpeciesKey(sha256(b"species"))),
            operation: None,
        }],
        commitment: DOCUMENT,
        stamp: None,
        retrospective: None,
        replaces: None,
        import_permit: None,
    }
}

fn export(number: &str) -> Says {
    (
        "QS",
        AUTHORITY,
        Statement::Issue(issue(number, Kind::Export, "QN")),
    )
}

/// A re-export of what came into Norvia under permit 1 of Suravia.
fn re_export(number: &str, drawn: u64) -> Says {
    let mut said = issue(number, Kind::ReExport, "QT");
    let source = LineKey {
        permit: permit("QS", "1"),
        line: LineId::A,
    };
    said.lines[0].origins = vec![Origin {
        root: source,
        last: None,
        drawn: units(drawn),
    }];
    ("QN", AUTHORITY, Statement::Issue(said))
}

fn replacing(says: Says, old: &str) -> Says {
    let (by, role, statement) = says;
    let Statement::Issue(mut said) = statement else {
        panic!("only an issue replaces");
    };
    said.replaces = Some(Replaces {
        number: permit(by, old).number,
        reason: CancelReason::Lost,
    });
    (by, role, Statement::Issue(said))
}

fn endorse(by: &'static str, permit: PermitKey, count: u64) -> Says {
    let said = Endorse {
        permit,
        lines: goods(count),
        port: Port::new("QSAAA").unwrap(),
        transport: None,
    };
    (by, BORDER, Statement::Endorse(said))
}

fn import(by: &'static str, permit: PermitKey, count: u64, entry: Option<PermitKey>) -> Says {
    let said = Import {
        permit,
        lines: goods(count),
        port: Port::new("QNAAA").unwrap(),
        import_permit: entry,
    };
    (by, BORDER, Statement::Import(said))
}

fn cancel(by: &'static str, number: &str) -> Says {
    let said = Cancel {
        permit: permit(by, number),
        reason: CancelReason::Clerical,
    };
    (by, AUTHORITY, Statement::Cancel(said))
}

fn cross(by: &'static str, direction: Direction) -> Says {
    let said = Cross {
        permit: permit("QS", "1"),
        direction,
        port: Port::new("QSAAA").unwrap(),
        document: DOCUMENT,
    };
    (by, BORDER, Statement::Cross(said))
}

fn quota(total: u64) -> Says {
    let said = Quota {
        year: START.date().year(),
        species: SpeciesKey(sha256(b"species")),
        unit: Unit::Number,
        total: Quantity::from_units(total).unwrap(),
    };
    ("QS", AUTHORITY, Statement::Quota(said))
}

fn paper(content: u8) -> Says {
    let said = PaperSeen {
        permit: permit(OUTSIDER, "1"),
        stamp: None,
        document: sha256(&[content]),
        port: Port::new("QNAAA").unwrap(),
    };
    ("QN", BORDER, Statement::PaperSeen(said))
}

/// Fifty leave Suravia and come into Norvia under permit 1.
fn came_in() -> Vec<Says> {
    let one = permit("QS", "1");
    vec![
        export("1"),
        endorse("QS", one, 50),
        import("QN", one, 50, None),
    ]
}

/// A history in which all is applied, what the ledger then refuses, and what the checker says where that is told as
/// applied.
type Lie = (&'static str, Vec<Says>, Says, Violation);

fn rule(deed: &'static str, author: &str, permit: PermitKey, rule: Broken) -> Violation {
    Violation::Rule {
        author: code(author),
        deed,
        permit,
        rule,
    }
}

fn lies() -> Vec<Lie> {
    [
        about_one_permit(),
        about_re_exports(),
        about_documents(),
        about_registers(),
    ]
    .concat()
}

fn about_one_permit() -> Vec<Lie> {
    let one = permit("QS", "1");
    vec![
        (
            "a second import, by the other Party of the customs union",
            came_in(),
            import("QP", one, 1, None),
            Violation::SpentTwice(one),
        ),
        (
            "an import by a third Party",
            vec![export("1"), endorse("QS", one, 50)],
            import("QT", one, 50, None),
            Violation::WrongParty {
                author: code("QT"),
                deed: "import",
                permit: one,
            },
        ),
        (
            "more arrives than left",
            vec![export("1"), endorse("QS", one, 20)],
            import("QN", one, 21, None),
            Violation::TooMuch(one),
        ),
        (
            "an endorsement after a cancellation",
            vec![export("1"), cancel("QS", "1")],
            endorse("QS", one, 1),
            rule("endorse", "QS", one, Broken::Over),
        ),
    ]
}

fn about_re_exports() -> Vec<Lie> {
    let with = |history: Vec<Says>, more: Vec<Says>| [history, more].concat();
    vec![
        (
            "two re-exports of more than came in",
            with(came_in(), vec![re_export("2", 30)]),
            re_export("3", 21),
            Violation::TooMuch(permit("QN", "3")),
        ),
        (
            "what a re-export drew comes back with its cancellation, once",
            with(
                came_in(),
                vec![re_export("2", 30), cancel("QN", "2"), re_export("3", 30)],
            ),
            re_export("4", 21),
            Violation::TooMuch(permit("QN", "4")),
        ),
        (
            "what has left stays drawn whatever is cancelled",
            with(
                came_in(),
                vec![
                    re_export("2", 30),
                    endorse("QN", permit("QN", "2"), 50),
                    cancel("QN", "2"),
                ],
            ),
            re_export("3", 21),
            Violation::TooMuch(permit("QN", "3")),
        ),
        (
            "a replacement draws what the replaced one drew, and no more",
            with(
                came_in(),
                vec![re_export("2", 50), replacing(re_export("3", 40), "2")],
            ),
            re_export("4", 11),
            Violation::TooMuch(permit("QN", "4")),
        ),
    ]
}

fn about_documents() -> Vec<Lie> {
    let one = permit("QS", "1");
    let authority = |by, said| (by, AUTHORITY, Statement::Issue(said));
    let resting = |number| {
        let mut said = issue(number, Kind::Export, "QN");
        said.import_permit = Some(permit("QN", "entry"));
        authority("QS", said)
    };
    let entry = authority("QN", issue("entry", Kind::Import, "QN"));
    let passport = authority("QS", issue("1", Kind::MusicalInstrument, ""));
    let abroad = vec![
        passport,
        cross("QS", Direction::Out),
        cross("QN", Direction::In),
    ];
    vec![
        (
            "one import permit for two consignments",
            vec![
                entry,
                resting("1"),
                resting("2"),
                endorse("QS", one, 50),
                endorse("QS", permit("QS", "2"), 50),
                import("QN", one, 50, None),
            ],
            import("QN", permit("QS", "2"), 50, None),
            rule("import", "QN", permit("QS", "2"), Broken::Unaccompanied),
        ),
        (
            "a passport in two States",
            abroad,
            cross("QT", Direction::In),
            rule("cross", "QT", one, Broken::TwoStates),
        ),
    ]
}

fn about_registers() -> Vec<Lie> {
    vec![
        (
            "more than the quota",
            vec![quota(80), export("1")],
            export("2"),
            rule("issue", "QS", permit("QS", "2"), Broken::Quota),
        ),
        (
            "a quota below what is drawn",
            vec![quota(80), export("1")],
            quota(49),
            rule(
                "quota",
                "QS",
                PermitKey::registers_of(code("QS")),
                Broken::Quota,
            ),
        ),
        (
            "more claims on one number of paper than the list holds",
            (0..32).map(paper).collect(),
            paper(32),
            rule("paper-seen", "QN", permit(OUTSIDER, "1"), Broken::Full),
        ),
    ]
}

#[test]
fn what_the_ledger_refuses_is_named_where_it_is_told_as_applied() {
    for (what, history, lie, expected) in lies() {
        let mut game = Game::new();
        for (by, role, statement) in history {
            let (_, refused) = game.says((code(by), role), statement.clone());
            assert_eq!(refused, None, "{what}: {statement:?}");
        }
        let (by, role, statement) = lie;
        let record = game.record((code(by), role), statement);
        let (digest, refused) = game.decide(&record);
        assert!(refused.is_some(), "{what}");
        assert_eq!(
            game.permits.applied(digest, &record),
            Err(expected),
            "{what}"
        );
    }
}

#[test]
fn what_the_ledger_applies_is_named_where_it_is_told_as_refused() {
    for (what, history, ..) in lies() {
        let mut game = Game::new();
        for (by, role, statement) in history {
            let record = game.record((code(by), role), statement);
            let (digest, refused) = game.decide(&record);
            assert_eq!(refused, None, "{what}");
            game.permits.begin(game.height, game.now);
            let lie = game.permits.refused(digest, &record);
            assert_eq!(lie, Err(Violation::WronglyRefused(digest)), "{what}");
            game.permits.applied(digest, &record).unwrap();
        }
    }
}

#[test]
fn a_correction_stays_within_what_left_and_above_what_was_drawn() {
    let mut game = Game::new();
    for (by, role, statement) in came_in() {
        game.says((code(by), role), statement);
    }
    game.says((code("QN"), AUTHORITY), re_export("2", 30).2);
    let imported = game.permits.permit(permit("QS", "1")).unwrap().imported;
    let mut record = imported.unwrap().in_force;
    let mut corrected = |count| {
        let said = Correct {
            permit: permit("QS", "1"),
            record,
            lines: goods(count),
            reason: CorrectReason::Recount,
        };
        let answer = game.says((code("QN"), BORDER), Statement::Correct(said));
        let imported = game.permits.permit(permit("QS", "1")).unwrap().imported;
        record = imported.unwrap().in_force;
        answer
    };
    assert_eq!(
        corrected(51),
        (Some(Broken::Quantity), Some(Reason::OverQuantity))
    );
    assert_eq!(
        corrected(29),
        (Some(Broken::Origin), Some(Reason::OriginBroken))
    );
    assert_eq!(corrected(30), (None, None));
    // Nothing is left of the thirty that arrived after all.
    let (broken, _) = game.says((code("QN"), AUTHORITY), re_export("3", 1).2);
    assert_eq!(broken, Some(Broken::Quantity));
}

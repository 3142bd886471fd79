//! Verdicts as rows: what happened, what is asked, what the officer sees.

mod proofs;

use std::string::String;
use std::vec::Vec;

use super::*;
use crate::digest::ChainId;
use crate::key::Signature;
use crate::limits::PROOF_BYTES_MAX;
use crate::parameters::Parameters;
use crate::party::{Party, Role};
use crate::permit::Moment;
use crate::permit::commitment::PermitSecret;
use crate::permit::number::PermitNumber;
use crate::permit::xml;
use crate::record::{CancelReason, Issue, Replaces, Statement};
use crate::testing::*;

const NUMBER: &str = "26QS000123/AA";
const SAMPLE: &[u8] = include_bytes!("../../../tests/permits/good/export-skins.xml");
const QS: (&str, Role) = ("QS", Role::Management);
const QS_CUSTOMS: (&str, Role) = ("QS", Role::Customs);
const QT_CUSTOMS: (&str, Role) = ("QT", Role::Customs);
const QN_CUSTOMS: (&str, Role) = ("QN", Role::Customs);

/// A permit, its document and the chain on which it stands.
struct Scene {
    ledger: TestLedger,
    permit: PermitKey,
    document: Permit,
    secret: SecretFile,
    time: Timestamp,
}

fn sample() -> Permit {
    let mut document = xml::read(SAMPLE).unwrap().permit;
    let day = START.date();
    document.issued = Moment::on(day);
    document.valid_from = Some(Moment::on(day));
    document.valid_until = Moment::on(day.plus_months(6));
    document
}

fn scene() -> Scene {
    scene_on(TestLedger::default())
}

fn scene_on(mut ledger: TestLedger) -> Scene {
    let document = sample();
    let secret = SecretFile::new(
        party("QS"),
        &document,
        PermitSecret::new([9; 32]),
        Vec::new(),
    );
    let issue = Issue::of(CHAIN, party("QS"), &document, &secret);
    assert_eq!(ledger.state_now(QS, Statement::Issue(issue), START), None);
    Scene {
        ledger,
        permit: permit(NUMBER),
        document,
        secret,
        time: START,
    }
}

impl Scene {
    fn says(mut self, speaker: (&str, Role), statement: Statement) -> Self {
        self.time = self.time.plus_ms(1000);
        assert_eq!(self.ledger.state_now(speaker, statement, self.time), None);
        self
    }

    fn lines(quantity: u64) -> Vec<crate::record::LineQuantity> {
        quantities(quantity, 0)
    }

    fn endorsed(self) -> Self {
        let permit = self.permit;
        self.says(QS_CUSTOMS, endorse(permit, Self::lines(960)))
    }

    fn imported(self) -> Self {
        let permit = self.permit;
        self.endorsed()
            .says(QN_CUSTOMS, import(permit, Self::lines(958)))
    }

    fn question(&self) -> Question<'_> {
        let document = Presented {
            permit: &self.document,
            secret: Some(&self.secret),
        };
        Question {
            sealed: None,
            number: None,
            permit: self.permit,
            document: Some(document),
            reader: None,
        }
    }

    fn proof(&self) -> Proof {
        self.ledger.proof(&self.permit)
    }

    fn now(&self) -> Timestamp {
        self.time.plus_ms(3000)
    }

    fn judge(&self) -> Verdict {
        judge(
            &self.question(),
            &self.proof(),
            &self.ledger.trust(),
            self.now(),
            Source::Node,
        )
    }
}

fn codes(verdict: &Verdict) -> Vec<&'static str> {
    verdict
        .findings
        .iter()
        .map(|finding| finding.reason.code())
        .collect()
}

/// The same facts under another number take the permit's place.
fn replaced(scene: Scene) -> Scene {
    let mut issue = Issue::of(CHAIN, party("QS"), &scene.document, &scene.secret);
    let reason = CancelReason::Clerical;
    issue.replaces = Some(Replaces {
        number: issue.number,
        reason,
    });
    issue.stamp = None;
    issue.number = permit("26QS000124/AA").number;
    scene.says(QS, Statement::Issue(issue))
}

#[test]
fn each_act_on_a_permit_changes_what_the_officer_sees() {
    let cancelled = |reason| {
        let scene = scene().endorsed();
        let permit = scene.permit;
        scene.says(QS, cancel(permit, reason))
    };
    let with = |statement: fn(PermitKey) -> Statement, speaker| {
        let scene = scene().endorsed();
        let permit = scene.permit;
        scene.says(speaker, statement(permit))
    };
    let rows: Vec<(Scene, Light, &[&str])> = std::vec![
        (scene(), Light::Amber, &["NOT_ENDORSED"]),
        (scene().endorsed(), Light::Green, &["OK"]),
        (with(sight, QT_CUSTOMS), Light::Green, &["OK"]),
        (scene().imported(), Light::Red, &["USED"]),
        (
            cancelled(CancelReason::Clerical),
            Light::Red,
            &["CANCELLED"]
        ),
        (
            cancelled(CancelReason::Withdrawn),
            Light::Red,
            &["CANCELLED"]
        ),
        (cancelled(CancelReason::Lost), Light::Red, &["LOST"]),
        (cancelled(CancelReason::Stolen), Light::Red, &["STOLEN"]),
        (replaced(scene()), Light::Red, &["REPLACED", "NOT_ENDORSED"]),
        (
            with(|p| refuse(p, Reason::Altered), QN_CUSTOMS),
            Light::Amber,
            &["REFUSED_BEFORE"]
        ),
    ];
    for (scene, light, expected) in rows {
        let verdict = scene.judge();
        assert_eq!((verdict.light(), &codes(&verdict)[..]), (light, expected));
    }
}

#[test]
fn a_used_permit_names_who_where_and_when() {
    let scene = scene().imported();
    let verdict = scene.judge();
    let act = verdict.findings[0].act.as_ref().unwrap();
    assert_eq!(
        (act.party, act.port, act.time),
        (party("QN"), Some(port("QNHAR")), scene.time)
    );
    assert_eq!(verdict.checks[3], (Check::Status, Outcome::Fail));
}

#[test]
fn time_alone_changes_a_verdict() {
    let scene = scene().endorsed();
    let ends = START.date().plus_months(6).ends_at(-12 * 60);
    let begins = START.date().starts_at(14 * 60);
    let long = Trust {
        max_age_ms: u64::MAX,
        ..scene.ledger.trust()
    };
    let rows: [(&str, Timestamp, &[&str]); 5] = [
        ("the last instant", Timestamp(ends.0 - 1), &["OK"]),
        ("over", ends, &["EXPIRED"]),
        (
            "the device's clock is behind",
            Timestamp(START.0 - 3_600_000),
            &["CLOCK"],
        ),
        ("the first instant", begins, &["CLOCK"]),
        (
            "too early",
            Timestamp(begins.0 - 1),
            &["NOT_YET_VALID", "CLOCK"],
        ),
    ];
    for (what, now, expected) in rows {
        let verdict = judge(&scene.question(), &scene.proof(), &long, now, Source::Node);
        assert_eq!(codes(&verdict), expected, "{what}");
    }
    let stale = scene.time.plus_ms(scene.ledger.trust().max_age_ms + 1);
    let verdict = judge(
        &scene.question(),
        &scene.proof(),
        &scene.ledger.trust(),
        stale,
        Source::Node,
    );
    assert_eq!(codes(&verdict), ["STALE"]);
}

#[test]
fn a_file_alone_is_never_green() {
    let scene = scene().endorsed();
    let asked = |source| {
        judge(
            &scene.question(),
            &scene.proof(),
            &scene.ledger.trust(),
            scene.now(),
            source,
        )
    };
    assert_eq!(asked(Source::Node).light(), Light::Green);
    let offline = asked(Source::File);
    assert_eq!(
        (offline.light(), codes(&offline)),
        (Light::Amber, std::vec!["OFFLINE"])
    );
    assert_eq!(offline.checks[2], (Check::Freshness, Outcome::NotChecked));
    assert_eq!(offline.as_of.unwrap().age_ms, 3000);
}

#[test]
fn customs_in_transit_are_told_so() {
    // The destination is in a union with QP, which may import for it; QT is in another one.
    let of_union = |code: &str| match code {
        "QN" | "QP" => Some("EU"),
        "QT" => Some("GCC"),
        _ => None,
    };
    let parties = PARTIES.map(|code| {
        let union = of_union(code).map(Into::into);
        (
            party(code),
            Party {
                union,
                ..plain_party()
            },
        )
    });
    let state = entries(&parties, &Parameters::default());
    let scene = scene_on(TestLedger::new(state)).endorsed();
    for (reader, expected) in [
        ("QT", "OK_TRANSIT"),
        ("QP", "OK"),
        ("QS", "OK"),
        ("QN", "OK"),
        ("QM", "OK_TRANSIT"),
    ] {
        let question = Question {
            sealed: None,
            reader: Some(Reader {
                party: party(reader),
                union: of_union(reader),
            }),
            ..scene.question()
        };
        let verdict = judge(
            &question,
            &scene.proof(),
            &scene.ledger.trust(),
            scene.now(),
            Source::Node,
        );
        assert_eq!(codes(&verdict), [expected], "{reader}");
    }
}

#[test]
fn a_number_that_was_never_issued_is_red_and_a_party_without_a_node_is_amber() {
    let scene = scene();
    let trust = scene.ledger.trust();
    let stranger = PermitKey {
        issuer: party("QZ"),
        ..scene.permit
    };
    for (permit, expected) in [
        (permit("26QS999999"), "NOT_ISSUED"),
        (stranger, "NOT_ON_LEDGER_PARTY"),
    ] {
        let question = Question {
            sealed: None,
            number: None,
            permit,
            document: None,
            reader: None,
        };
        let proof = scene.ledger.proof(&permit);
        let verdict = judge(&question, &proof, &trust, scene.now(), Source::Node);
        assert_eq!(codes(&verdict), [expected]);
        assert_eq!(
            verdict.checks[1],
            (Check::Inclusion, Outcome::Pass),
            "absence is proven"
        );
    }
}

#[test]
fn an_altered_document_is_named_down_to_the_box() {
    type Alter = fn(&mut Permit);
    let rows: [(&str, Alter, &[&str]); 4] = [
        (
            "quantity",
            |p| p.lines[0].authorised.quantity = units(9000),
            &["box 11, line A"],
        ),
        (
            "species",
            |p| p.lines[0].taxon = text("Varanus komodoensis"),
            &["box 7, line A"],
        ),
        (
            "destination",
            |p| p.importer.country = p.exporter.country,
            &["box 3a"],
        ),
        (
            "last day",
            |p| p.valid_until = Moment::on(START.date().plus_months(5)),
            &["box 2"],
        ),
    ];
    for (what, alter, expected) in rows {
        let mut scene = scene().endorsed();
        alter(&mut scene.document);
        let verdict = scene.judge();
        assert_eq!(codes(&verdict), ["ALTERED"], "{what}");
        let places: Vec<String> = verdict.findings[0]
            .places
            .iter()
            .map(std::string::ToString::to_string)
            .collect();
        assert_eq!(places, expected, "{what}");
        assert_eq!(verdict.light(), Light::Red, "{what}");
    }
}

fn text(text: &str) -> crate::permit::text::Text {
    crate::permit::text::Text::new(text).unwrap()
}

#[test]
fn without_the_secret_only_facts_on_the_ledger_are_compared() {
    let mut scene = scene().endorsed();
    let asked = |scene: &Scene| {
        let document = Presented {
            permit: &scene.document,
            secret: None,
        };
        let question = Question {
            sealed: None,
            document: Some(document),
            ..scene.question()
        };
        judge(
            &question,
            &scene.proof(),
            &scene.ledger.trust(),
            scene.now(),
            Source::Node,
        )
    };
    let verdict = asked(&scene);
    assert_eq!(codes(&verdict), ["DOCUMENT_NOT_CHECKED"]);
    assert!(
        verdict
            .checks
            .contains(&(Check::Document, Outcome::NotChecked))
    );
    scene.document.lines[0].authorised.quantity = units(9000);
    assert_eq!(codes(&asked(&scene)), ["ALTERED"]);
    let question = Question {
        sealed: None,
        document: None,
        ..scene.question()
    };
    let verdict = judge(
        &question,
        &scene.proof(),
        &scene.ledger.trust(),
        scene.now(),
        Source::Node,
    );
    assert_eq!(codes(&verdict), ["DOCUMENT_NOT_CHECKED"]);
}

#[test]
fn a_forger_cannot_bring_his_own_secret_file() {
    let mut scene = scene().endorsed();
    scene.document.lines[0].authorised.quantity = units(9000);
    let secret = PermitSecret::new([9; 32]);
    scene.secret = SecretFile::new(party("QS"), &scene.document, secret, Vec::new());
    let verdict = scene.judge();
    assert_eq!(codes(&verdict), ["ALTERED"]);
    let place = verdict.findings[0].places[0];
    assert_eq!(
        std::format!("{place}"),
        "box 11, line A",
        "the ledger's own facts name it"
    );
}

#[test]
fn the_secret_of_another_permit_says_nothing() {
    let mut scene = scene().endorsed();
    let mut other = scene.document.clone();
    other.number = PermitNumber::new("26QS000777").unwrap();
    scene.secret = SecretFile::new(party("QS"), &other, PermitSecret::new([3; 32]), Vec::new());
    assert_eq!(codes(&scene.judge()), ["DOCUMENT_NOT_CHECKED"]);
}

//! Signals: each act's own, the index as it follows from any history, and spikes.

use std::collections::BTreeMap;

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

use super::story::{Story, first, key, management, next, re_export};
use super::*;
use crate::codes::{Appendix, Kind, Unit};
use crate::digest::{Digest, SpeciesKey};
use crate::party::PartyCode;
use crate::reason::Reason;
use crate::record::{
    Consent, Correct, CorrectReason, Cross, Direction, Import, LineQuantity, Quota,
    RetrospectiveReason,
};
use crate::state::register::{MonthCounts, Statistics};
use crate::state::signal::spikes;
use crate::testing::{PARTIES, port, units};

const WAY: (&str, &str) = ("QS", "QN");

/// The signals of a permit, with the Party whose they are.
fn signals(story: &Story, key: PermitKey) -> Vec<(Signal, PartyCode)> {
    let all = story.ledger.state.signals().iter();
    all.filter(|one| one.permit == key)
        .map(|one| (one.signal, one.party))
        .collect()
}

#[test]
fn each_act_raises_and_clears_its_own_signals() {
    use Signal::{
        Awaited, ConsentDue, Contested, EndorsedLess, ImportedLess, NotCovered, Open, Refused,
        Retrospective,
    };
    let (qs, qn) = (party("QS"), party("QN"));
    let mut story = Story::new();
    let one = story.issue(WAY, "1", |_| {});
    assert_eq!(signals(&story, one), []);
    story.leave(one, 100, 19);
    let since = story.now;
    assert_eq!(
        signals(&story, one),
        [(Open, qs), (Awaited, qn), (EndorsedLess, qs)]
    );
    let open = story.ledger.state.signals().first().copied().unwrap();
    assert_eq!(
        open,
        SignalKey {
            signal: Open,
            party: qs,
            since,
            permit: one
        }
    );
    story.ask(TRANSIT, import(one, quantities(1, 1)));
    assert_eq!(signals(&story, one)[3..], [(Refused, qs)]);
    story.arrive(one, 99, 19);
    assert_eq!(
        signals(&story, one),
        [(EndorsedLess, qs), (ImportedLess, qs), (Refused, qs)]
    );
    story.done(MANAGEMENT, cancel(one, CancelReason::Stolen));
    assert_eq!(signals(&story, one)[3..], [(Contested, qs)]);

    let late = story.issue(WAY, "2", |issue| {
        issue.retrospective = Some(RetrospectiveReason::TraderMisled)
    });
    assert_eq!(
        signals(&story, late),
        [(Retrospective, qs), (ConsentDue, qn)]
    );
    story.done(
        management("QN"),
        Statement::Consent(Consent { permit: late }),
    );
    assert_eq!(signals(&story, late), [(Retrospective, qs)]);

    let blind = story.issue(WAY, "3", |issue| {
        re_export(issue, &[first(key("QX", "1"), units(5))])
    });
    assert_eq!(signals(&story, blind), [(NotCovered, qs)]);
    // A replacement takes the open signal with it, and leaves none of it behind.
    let old = story.issue(WAY, "4", |_| {});
    story.leave(old, 100, 20);
    let new = story.issue(WAY, "5", |issue| {
        issue.replaces = Some(Replaces {
            number: old.number,
            reason: CancelReason::Lost,
        });
    });
    assert_eq!(signals(&story, old), []);
    assert_eq!(signals(&story, new), [(Open, qs), (Awaited, qn)]);
    story.done(MANAGEMENT, cancel(new, CancelReason::Lost));
    assert_eq!(signals(&story, new), []);
}

#[test]
fn entries_of_the_index_order_as_their_bytes_do_and_read_back() {
    let mut story = Story::new();
    for number in ["1", "2", "3"] {
        let one = story.issue(WAY, number, |_| {});
        story.leave(one, 1, 1);
        story.ask(TRANSIT, import(one, quantities(1, 1)));
    }
    let entries: Vec<_> = story.ledger.state.signals().iter().copied().collect();
    assert_eq!(entries.len(), 12);
    let bytes: Vec<_> = entries.iter().map(SignalKey::to_bytes).collect();
    assert!(bytes.is_sorted());
    for (entry, bytes) in entries.iter().zip(&bytes) {
        assert_eq!(bytes.len(), crate::state::signal::SIGNAL_KEY_BYTES);
        assert!(bytes.starts_with(&SignalKey::prefix(entry.signal, entry.party)));
        assert_eq!(SignalKey::from_bytes(bytes), Some(*entry));
        assert_eq!(SignalKey::from_bytes(&bytes[1..]), None);
    }
    for signal in Signal::ALL {
        assert_eq!(Signal::from_word(signal.as_str()), Some(signal));
    }
    assert_eq!(Signal::from_word("closed"), None);
}

#[test]
fn a_spike_is_a_month_far_above_the_twelve_before_it() {
    let year = |counts: [u32; 12]| {
        Statistics(counts.map(|captive| MonthCounts {
            captive,
            ..MonthCounts::default()
        }))
    };
    let flat = year([4; 12]);
    let found = |earlier: &Statistics, counts: [u32; 12]| {
        let found = spikes(earlier, 2026, &year(counts), |counts| counts.captive);
        found
            .iter()
            .map(|spike| (spike.month, spike.count, spike.before))
            .collect::<Vec<_>>()
    };
    assert_eq!(found(&flat, [4; 12]), []);
    // More than three times the mean of 4, in the first month, in the middle and in the last.
    let mut january = [4; 12];
    january[0] = 13;
    assert_eq!(found(&flat, january), [((2026, 1), 13, 48)]);
    january[0] = 12;
    assert_eq!(
        found(&flat, january),
        [],
        "three times is not more than three times"
    );
    let mut june = [4; 12];
    june[5] = 100;
    assert_eq!(found(&flat, june), [((2026, 6), 100, 48)]);
    let mut december = [4; 12];
    december[11] = 14;
    assert_eq!(found(&flat, december), [((2026, 12), 14, 48)]);
    // Out of nothing, from ten on; and the next month is seen against it.
    let mut new = [0; 12];
    (new[3], new[4]) = (10, 10);
    assert_eq!(
        found(&year([0; 12]), new),
        [((2026, 4), 10, 0), ((2026, 5), 10, 10)]
    );
    new[3] = 9;
    assert_eq!(found(&year([0; 12]), new), [((2026, 5), 10, 9)]);
}

/// What somebody does: which act, and what is chosen for it.
type Deed = (u8, u8, u8, u8, u16);

fn deeds() -> impl Strategy<Value = Vec<Vec<Deed>>> {
    let deed = (
        0..22_u8,
        any::<u8>(),
        any::<u8>(),
        any::<u8>(),
        any::<u16>(),
    );
    prop::collection::vec(prop::collection::vec(deed, 1..5), 10..40)
}

fn pick<T: Copy>(from: &[T], by: impl Into<usize>) -> Option<T> {
    from.get(by.into() % from.len().max(1)).copied()
}

/// An issue of any sort, often linked to what is there.
fn any_issue(
    story: &Story,
    permits: &[(PermitKey, PermitState)],
    (_, a, b, c, q): Deed,
) -> (PartyCode, Statement) {
    let from = PARTIES[usize::from(a % 4)];
    let to = PARTIES[usize::from(b % 4)];
    let number = std::format!("{}", c % 8);
    let day = story.now.date();
    let mut said = issue(&number);
    said.number = key(from, &number).number;
    said.destination = Some(party(to));
    (said.granted_on, said.valid_from) = (day, day);
    said.valid_until = day.plus_months(6);
    said.lines[0].authorised = units(u64::from(q % 50) + 1);
    if q % 3 == 0 {
        said.lines[0].species = Some(SpeciesKey(Digest([1; 32])));
    }
    if a / 4 % 6 == 0 {
        said.retrospective = Some(RetrospectiveReason::TraderMisled);
    }
    let arrived: Vec<_> = permits
        .iter()
        .filter(|(_, permit)| {
            permit.destination == Some(party(from)) && permit.lines[0].imported.is_some()
        })
        .collect();
    match c / 8 % 8 {
        0..4 if !arrived.is_empty() => {
            let (source, state) = arrived[usize::from(q) % arrived.len()];
            let drawn = units(u64::from(b / 4 % 9) + 1);
            let root = state.lines[0]
                .origins
                .first()
                .map(|origin| origin.root.permit);
            let origin = root.map_or(first(*source, drawn), |root| next(root, *source, drawn));
            re_export(&mut said, &[origin]);
        }
        4 => {
            (said.kind, said.destination) = (Kind::Import, Some(party(from)));
            said.lines[0].authorised = units(50);
        }
        5 => (said.kind, said.destination) = (Kind::IntroductionFromTheSea, Some(party(from))),
        6 => (said.kind, said.destination) = (Kind::MusicalInstrument, None),
        _ => {}
    }
    if b / 4 % 4 == 0 {
        let of_destination = permits.iter().filter(|(key, state)| {
            state.kind == Kind::Import && state.is_alive() && Some(key.issuer) == said.destination
        });
        let granted: Vec<_> = of_destination.map(|(key, _)| *key).collect();
        said.import_permit = pick(&granted, q);
        said.lines[0].appendix = Appendix::I;
    }
    if a / 32 % 3 == 0 {
        let own: Vec<_> = permits
            .iter()
            .filter(|(key, _)| key.issuer == party(from))
            .collect();
        let old = pick(&own, b);
        said.replaces = old.map(|(key, _)| Replaces {
            number: key.number,
            reason: CancelReason::Lost,
        });
        if let Some((_, old)) = old.filter(|_| c % 2 == 0) {
            // A true duplicate of it.
            (said.kind, said.destination) = (old.kind, old.destination);
            said.import_permit = old.import_permit;
            for (line, old) in said.lines.iter_mut().zip(&old.lines) {
                (line.authorised, line.appendix, line.species) =
                    (old.authorised, old.appendix, old.species);
                line.origins.clone_from(&old.origins);
            }
            said.lines.truncate(old.lines.len());
        }
    }
    (party(from), Statement::Issue(said))
}

/// Whether an act has a chance on such a permit.
fn suits(act: u8, state: &PermitState) -> bool {
    match act {
        8..=10 => state.is_alive() && state.kind.is_endorsed() && state.endorsement.is_none(),
        11..=14 => {
            let gone = state.endorsement.is_some() || state.consent.is_some();
            state.is_alive() && (gone || state.kind == Kind::IntroductionFromTheSea)
        }
        16 => state.crossings.is_some() && state.is_alive(),
        17 => state.endorsement.is_some() || state.import.is_some(),
        18 => state.lacks_consent(),
        _ => true,
    }
}

/// What a statement is, and to which it is linked.
fn name(statement: &Statement) -> &'static str {
    match statement {
        Statement::Issue(issue) if issue.replaces.is_some() => "replacement",
        Statement::Issue(issue) if issue.kind == Kind::ReExport => "re-export",
        Statement::Issue(issue) if issue.import_permit.is_some() => "issue on an import permit",
        other => other.as_str(),
    }
}

/// Somebody's next word, most often one that may be said.
fn word(story: &Story, deed: Deed) -> (PartyCode, Role, Statement) {
    let (act, a, b, c, q) = deed;
    let permits = story.permits();
    let fits: Vec<_> = permits
        .iter()
        .filter(|(_, state)| q % 8 == 0 || suits(act, state))
        .collect();
    let anybody = party(PARTIES[usize::from(a % 4)]);
    let Some((key, state)) = pick(&fits, c).filter(|_| act >= 8) else {
        let (author, statement) = any_issue(story, &permits, deed);
        return (author, Role::Management, statement);
    };
    let permit = *key;
    let to = state.destination.unwrap_or(anybody);
    let moved = |of: fn(&LineState) -> crate::quantity::Quantity| {
        let limit = state
            .lines
            .first()
            .map_or(0, |line| of(line).scaled() / 10_000);
        let quantity = limit.saturating_sub(u64::from(q % 4)).max(1) + u64::from(b % 16 == 0);
        std::vec![LineQuantity {
            line: crate::testing::line(1),
            unit: Unit::Number,
            quantity: units(quantity)
        }]
    };
    match act {
        8..=10 => (
            permit.issuer,
            Role::Customs,
            endorse(permit, moved(|line| line.authorised)),
        ),
        11..=14 => {
            let linked = permits
                .iter()
                .filter(|(key, state)| key.issuer == to && state.kind == Kind::Import);
            let linked: Vec<_> = linked.map(|(key, _)| *key).collect();
            let said = Import {
                permit,
                lines: moved(LineState::importable),
                port: port("QNHAR"),
                import_permit: state
                    .import_permit
                    .or(pick(&linked, b).filter(|_| q % 3 == 0)),
            };
            (to, Role::Customs, Statement::Import(said))
        }
        15 => (
            permit.issuer,
            Role::Management,
            cancel(permit, CancelReason::ALL[usize::from(b % 5)]),
        ),
        16 => {
            let inside = state
                .crossings
                .as_ref()
                .and_then(|crossings| crossings.inside);
            let direction = if inside.is_some() {
                Direction::Out
            } else {
                Direction::In
            };
            let (port, document) = (port("QSSUR"), state.commitment);
            let anybody = inside.filter(|_| b % 4 > 0).unwrap_or(anybody);
            (
                anybody,
                Role::Customs,
                Statement::Cross(Cross {
                    permit,
                    direction,
                    port,
                    document,
                }),
            )
        }
        17 => {
            let record = state
                .import_record()
                .or(state.endorsement_record())
                .unwrap_or_default();
            let by = if state.import.is_some() {
                to
            } else {
                permit.issuer
            };
            let (lines, reason) = (moved(LineState::importable), CorrectReason::Recount);
            (
                by,
                Role::Customs,
                Statement::Correct(Correct {
                    permit,
                    record,
                    lines,
                    reason,
                }),
            )
        }
        18 => (to, Role::Management, Statement::Consent(Consent { permit })),
        19 => (anybody, Role::Customs, refuse(permit, Reason::Altered)),
        20 => {
            let (species, total) = (SpeciesKey(Digest([1; 32])), units(u64::from(q % 200)));
            let year = story.now.date().year();
            (
                anybody,
                Role::Management,
                Statement::Quota(Quota {
                    year,
                    species,
                    unit: Unit::Number,
                    total,
                }),
            )
        }
        _ => (
            anybody,
            Role::Customs,
            import(permit, moved(LineState::importable)),
        ),
    }
}

/// Lives through a history, in which every block is checked; how often each statement was applied and refused.
fn live(blocks: &[Vec<Deed>]) -> BTreeMap<&'static str, (u32, u32)> {
    let mut story = Story::new();
    let mut counts = BTreeMap::<_, (u32, u32)>::new();
    for deeds in blocks {
        let words: Vec<_> = deeds.iter().map(|deed| word(&story, *deed)).collect();
        let names: Vec<_> = words
            .iter()
            .map(|(.., statement)| name(statement))
            .collect();
        for (name, receipt) in names.iter().zip(story.block(words)) {
            let count = counts.entry(*name).or_default();
            if receipt.is_applied() {
                count.0 += 1;
            } else {
                count.1 += 1;
            }
        }
    }
    counts
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn after_any_history_signals_and_balances_follow_from_the_permits(blocks in deeds()) {
        live(&blocks);
    }
}

#[test]
fn such_histories_are_full_of_life() {
    let mut runner = TestRunner::deterministic();
    let mut all = BTreeMap::<_, (u32, u32)>::new();
    for _ in 0..24 {
        let history = deeds().new_tree(&mut runner).expect("a history").current();
        for (name, (applied, refused)) in live(&history) {
            let count = all.entry(name).or_default();
            *count = (count.0 + applied, count.1 + refused);
        }
    }
    for name in [
        "issue",
        "replacement",
        "re-export",
        "issue on an import permit",
        "endorse",
        "import",
        "cancel",
        "cross",
        "correct",
        "consent",
        "quota",
    ] {
        let (applied, refused) = all.get(name).copied().unwrap_or_default();
        assert!(
            applied >= 5 && (refused >= 5 || name == "quota"),
            "{name}: {all:?}"
        );
    }
}

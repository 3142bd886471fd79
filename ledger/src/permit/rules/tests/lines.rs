//! Tests of what a line keeps: quantities, units, codes, quota.

use super::*;

#[test]
fn what_is_endorsed_is_compared_in_units_that_measure_the_same() {
    check_rows(&[
        (
            "more",
            |p| line(p).endorsed = measure("1000.0001", Unit::Number),
            &["stop R08 box 14 line A [OVER_QUANTITY]"],
        ),
        (
            "all of it",
            |p| line(p).endorsed = measure("1000", Unit::Number),
            &[],
        ),
        (
            "another dimension",
            |p| line(p).endorsed = measure("1", Unit::Kilogram),
            &["stop R08 box 14 line A [OVER_QUANTITY]"],
        ),
        (
            "the same in grams",
            |p| {
                line(p).authorised = measure("2", Unit::Kilogram).expect("2 kg");
                line(p).used_to_date = None;
                line(p).endorsed = measure("2000", Unit::Gram);
            },
            &["warn R08 box 14 line A [OVER_QUANTITY]"],
        ),
        (
            "a tenth of a milligram more, in grams",
            |p| {
                line(p).authorised = measure("2", Unit::Kilogram).expect("2 kg");
                line(p).used_to_date = None;
                line(p).endorsed = measure("2000.0001", Unit::Gram);
            },
            &["stop R08 box 14 line A [OVER_QUANTITY]"],
        ),
        (
            "the largest cubic metres against one cubic centimetre",
            |p| {
                line(p).term = term("LOG");
                line(p).authorised = measure("1", Unit::CubicCentimetre).expect("1 cm3");
                line(p).used_to_date = None;
                line(p).endorsed = measure("1000000000000", Unit::CubicMetre);
            },
            &["stop R08 box 14 line A [OVER_QUANTITY]"],
        ),
    ]);
}

#[test]
fn pairs_of_codes_that_do_not_go_together_are_doubted_with_their_source() {
    check_rows(&[
        (
            "skins in litres",
            |p| {
                line(p).authorised = measure("10", Unit::Litre).expect("10 l");
                line(p).used_to_date = None;
            },
            &["warn R15 box 11 line A [UNLIKELY]"],
        ),
        (
            "skins for the wild",
            |p| p.purpose = Purpose::Reintroduction,
            &["warn R15 box 9 line A [UNLIKELY]"],
        ),
        (
            "artificially propagated skins",
            |p| line(p).source = Source::ArtificiallyPropagated,
            &["warn R15 box 10 line A [UNLIKELY]"],
        ),
        (
            "ranched logs",
            |p| {
                (line(p).term, line(p).source) = (term("LOG"), Source::Ranched);
            },
            &["warn R15 box 10 line A [UNLIKELY]"],
        ),
        (
            "confiscated logs, bred in captivity",
            |p| {
                let line = line(p);
                line.term = term("LOG");
                (line.source, line.second_source) =
                    (Source::Confiscated, Some(Source::CaptiveBred));
            },
            &["warn R15 box 10 line A [UNLIKELY]"],
        ),
        (
            "alive and ranched: animal or plant, the term does not tell",
            |p| (line(p).term, line(p).source) = (term("LIV"), Source::Ranched),
            &[],
        ),
        (
            "half a specimen",
            |p| line(p).authorised = measure("0.5", Unit::Number).expect("half"),
            &["warn R15 box 11 line A [UNLIKELY]"],
        ),
        (
            "a registered operation of Appendix II",
            |p| {
                line(p).source = Source::RegisteredOperation;
                line(p).operation = Text::new("A-QS-501");
            },
            &["warn R15 box 10 line A [UNLIKELY]"],
        ),
        (
            "Appendix I for trade",
            |p| line(p).appendix = Appendix::I,
            &["warn R15 box 10 line A [KIND]"],
        ),
        (
            "Appendix I for trade, of a registered operation",
            |p| {
                (line(p).appendix, line(p).source) = (Appendix::I, Source::RegisteredOperation);
                line(p).operation = Text::new("A-QS-501");
            },
            &[],
        ),
    ]);
    let permit = changed(|p| {
        line(p).authorised.unit = Unit::Litre;
        line(p).used_to_date = None;
        p.purpose = Purpose::Reintroduction;
        line(p).source = Source::AssistedProduction;
    });
    let found = check(&permit);
    assert_eq!(found.warnings.len(), 3);
    for warning in found.warnings {
        assert!(warning.message.contains("UNEP-WCMC"), "{warning}");
    }
}

#[test]
fn sources_have_beside_them_what_they_need() {
    check_rows(&[
        (
            "O alone",
            |p| line(p).source = Source::PreConvention,
            &[
                "warn R16 box 10 line A [SOURCE_ALONE]",
                "warn R16 box 12b line A [PRE_CONVENTION]",
            ],
        ),
        (
            "I alone",
            |p| line(p).source = Source::Confiscated,
            &["warn R16 box 10 line A [SOURCE_ALONE]"],
        ),
        (
            "two sources of biology",
            |p| line(p).second_source = Some(Source::Ranched),
            &["warn R16 box 10 line A [SOURCE_ALONE]"],
        ),
        (
            "I and O",
            |p| {
                let line = line(p);
                (line.source, line.second_source) =
                    (Source::Confiscated, Some(Source::PreConvention));
                line.acquired = Some(date("1970-01-01"));
            },
            &["warn R16 box 10 line A [SOURCE_ALONE]"],
        ),
        (
            "D without its operation",
            |p| (line(p).appendix, line(p).source) = (Appendix::I, Source::RegisteredOperation),
            &["warn R16 box 12b line A [SOURCE_ALONE]"],
        ),
        (
            "U without a reason",
            |p| {
                line(p).source = Source::Unknown;
                p.conditions.clear();
            },
            &["warn R16 box 10 line A [SOURCE_ALONE]"],
        ),
        ("U with a reason", |p| line(p).source = Source::Unknown, &[]),
    ]);
}

#[test]
fn box_11a_shows_no_more_than_the_quota_and_no_less_than_this_line() {
    check_rows(&[
        (
            "over",
            |p| line(p).used_to_date = measure("175000.0001", Unit::Number),
            &["warn R17 box 11a line A [QUOTA]"],
        ),
        (
            "all of it",
            |p| line(p).used_to_date = measure("175000", Unit::Number),
            &[],
        ),
        (
            "less than this line",
            |p| line(p).used_to_date = measure("999", Unit::Number),
            &["warn R17 box 11a line A [QUOTA]"],
        ),
        (
            "another dimension",
            |p| line(p).quota = measure("175000", Unit::Kilogram),
            &["warn R17 box 11a line A [QUOTA]"],
        ),
    ]);
}

//! Ranges of printed numbers: one form each, however they are written.

use std::string::ToString;

use proptest::prelude::*;

use super::*;

#[test]
fn a_range_is_read_from_its_first_and_its_last_number() {
    for (first, last, shown) in [
        (
            "26QS004000/AA",
            "26QS004999/AA",
            "26QS004000/AA to 26QS004999/AA",
        ),
        (
            "26qs004000/aa",
            " 26QS004999/AA ",
            "26QS004000/AA to 26QS004999/AA",
        ),
        ("7", "7", "7 to 7"),
        ("26QS7", "26QS7", "26QS7 to 26QS7"),
        (
            "000000000000",
            "999999999999",
            "000000000000 to 999999999999",
        ),
        ("A 1 B", "A 9 B", "A 1 B to A 9 B"),
        // The whole run of digits, not only those that differ.
        ("X-0198", "X-0203", "X-0198 to X-0203"),
    ] {
        let range = SerialRange::parse(first, last).expect(first);
        assert_eq!(range.to_string(), shown);
        assert!(range.is_well_formed());
    }
}

#[test]
fn what_spans_no_range_is_refused_with_words() {
    for (first, last) in [
        ("26QS004999/AA", "26QS004000/AA"),
        ("26QS004000/AA", "26QS004999/AB"),
        ("26QS004000/AA", "26QT004999/AA"),
        ("26QS4000/AA", "26QS14999/AA"),
        ("26QS04000", "27QS04999"),
        ("ABC", "ABC"),
        ("ABC", "ABD"),
        ("", ""),
        ("1234567890123", "1234567890124"),
        ("É1", "É2"),
        ("AAAAAAAAAAAAAAAAAAAAA1", "AAAAAAAAAAAAAAAAAAAAA2"),
    ] {
        let words = SerialRange::parse(first, last).expect_err(first);
        assert!(words.starts_with('`'), "{words}");
    }
}

#[test]
fn a_range_contains_its_numbers_however_they_are_written_and_no_others() {
    let range = SerialRange::parse("26QS004000/AA", "26QS004999/AA").unwrap();
    for inside in [
        "26QS004000/AA",
        "26QS004999/AA",
        "26QS004567/AA",
        " 26qs004567/aa",
    ] {
        assert!(range.contains(inside), "{inside}");
    }
    for outside in [
        "26QS003999/AA",
        "26QS005000/AA",
        "26QS04567/AA",
        "26QS0004567/AA",
        "26QS004567",
        "26QS004567/AB",
        "26QT004567/AA",
        "26QS+04567/AA",
        "26QS 04567/AA",
        "",
        "26QS/AA",
    ] {
        assert!(!range.contains(outside), "{outside}");
    }
}

#[test]
fn a_range_has_one_form() {
    let good = SerialRange::parse("A001B", "A009B").unwrap();
    let changed: [fn(&mut SerialRange); 9] = [
        |range| range.prefix = "A0".into(),
        |range| range.suffix = "0B".into(),
        |range| range.prefix = "a".into(),
        |range| range.prefix = "Ä".into(),
        |range| range.suffix = "B".repeat(SERIAL_AFFIX_CHARS_MAX + 1),
        |range| range.digits = 0,
        |range| range.digits = 13,
        |range| range.first = 10,
        |range| range.last = 1000,
    ];
    for (row, change) in changed.into_iter().enumerate() {
        let mut range = good.clone();
        change(&mut range);
        assert!(!range.is_well_formed(), "{row}");
    }
}

proptest! {
    #[test]
    fn any_two_texts_are_refused_or_span_a_range_of_one_form(first in ".{0,24}", last in ".{0,24}") {
        if let Ok(range) = SerialRange::parse(&first, &last) {
            prop_assert!(range.is_well_formed());
            prop_assert!(range.contains(&first) && range.contains(&last));
        }
    }

    #[test]
    fn a_range_contains_exactly_what_lies_between(
        prefix in "[A-Z/-]{0,5}", suffix in "[A-Z/-]{0,5}", digits in 1..=6_usize,
        (a, b, c) in (any::<u64>(), any::<u64>(), any::<u64>()),
    ) {
        let [a, b, c] = [a, b, c].map(|number| number % 10_u64.pow(digits as u32));
        let text = |number: u64| std::format!("{prefix}{number:0digits$}{suffix}");
        let (first, last) = (a.min(b), a.max(b));
        let range = SerialRange::parse(&text(first), &text(last)).expect("a range");
        prop_assert_eq!(range.contains(&text(c)), (first..=last).contains(&c));
    }
}

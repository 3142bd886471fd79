//! Tests of reading and writing e-permit XML, over the samples in `tests/permits` and over mutated bytes.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::string::{String, ToString};
use std::vec::Vec;
use std::{format, vec};

use proptest::prelude::*;

use super::*;
use crate::codes::{Kind, Source, Unit};
use crate::limits::{FAULTS_MAX, LINES_MAX, XML_BYTES_MAX, XML_ELEMENTS_MAX};
use crate::party::PartyCode;
use crate::permit::Moment;
use crate::permit::fault::FaultCode;
use crate::permit::rules::{self, RuleId, WhereChecked};
use crate::permit::text::Text;
use crate::time::CivilDate;

fn samples(folder: &str) -> Vec<PathBuf> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../tests/permits")
        .join(folder);
    let entries = fs::read_dir(folder).expect("samples");
    let mut paths: Vec<_> = entries.map(|entry| entry.expect("entry").path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "xml"));
    paths.sort();
    assert!(paths.len() > 5);
    paths
}

fn good(name: &str) -> Vec<u8> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../tests/permits/good");
    fs::read(folder.join(name)).expect(name)
}

fn read_good(name: &str) -> Reading {
    read(&good(name)).unwrap_or_else(|error| panic!("{name}:\n{error}"))
}

/// A reading with its tolerated deviations and warnings, as a person would see it.
fn told(reading: &Reading) -> String {
    let permit = &reading.permit;
    let mut text = format!(
        "ok: {} {}, lines: {}, valid {} to {}\ntolerated: {}\n",
        permit.kind.title(),
        permit.number,
        permit.lines.len(),
        permit.valid_from_date(),
        permit.valid_until_date(),
        reading.tolerated,
    );
    for warning in &reading.warnings {
        text.push_str(&format!("warning: {warning}\n"));
    }
    text
}

/// Compares with the sibling `.txt`; `BLESS=1` writes it, for a person to review.
fn compare(path: &Path, got: &str) {
    let expected_path = path.with_extension("txt");
    if std::env::var_os("BLESS").is_some() {
        fs::write(&expected_path, got).expect("write");
    }
    let expected = fs::read_to_string(&expected_path).unwrap_or_default();
    assert_eq!(got, expected, "{}", path.display());
}

#[test]
fn every_good_sample_reads_as_written_beside_it() {
    for path in samples("good") {
        let reading = read(&fs::read(&path).expect("file"));
        let reading = reading.unwrap_or_else(|error| panic!("{}:\n{error}", path.display()));
        compare(&path, &told(&reading));
    }
}

#[test]
fn every_bad_sample_shows_all_its_faults_at_once() {
    for path in samples("bad") {
        let error = read(&fs::read(&path).expect("file")).expect_err(&path.to_string_lossy());
        assert!(error.faults.is_sorted() && !error.faults.is_empty());
        compare(&path, &format!("{error}\n"));
    }
}

#[test]
fn what_was_read_can_be_given_back() {
    for path in samples("good") {
        let permit = read(&fs::read(&path).expect("file")).expect("good").permit;
        let written = write(&permit);
        let again = read(written.as_bytes()).unwrap_or_else(|error| panic!("{error}\n{written}"));
        assert_eq!(again.permit, permit, "{}", path.display());
        assert_eq!(again.tolerated.unknown_elements, 0, "{}", path.display());
        assert_eq!(write(&again.permit), written);
    }
}

#[test]
fn a_sample_becomes_a_fresh_permit_valid_six_months() {
    let mut permit = read_good("export-skins.xml").permit;
    let today = CivilDate::parse("2031-08-31").expect("date");
    permit.issued = Moment::new(today, 32_400, 420).expect("moment");
    permit.valid_from = Some(Moment::on(today));
    permit.valid_until = Moment::new(today.plus_months(6), 86_399, 420).expect("moment");
    permit.officer.at = Some(permit.issued);
    assert!(rules::check(&permit).faults.is_empty());
    let reading = read(write(&permit).as_bytes()).expect("fresh");
    assert_eq!(reading.permit, permit);
    assert_eq!(reading.permit.valid_until_date().to_string(), "2032-02-29");
}

#[test]
fn the_facts_that_rules_need_are_read_from_their_boxes() {
    let permit = read_good("export-skins-endorsed.xml").permit;
    assert_eq!(permit.issuer(), PartyCode::new("QS"));
    assert_eq!(permit.destination(), PartyCode::new("QN"));
    assert_eq!(permit.stamp().map(Text::as_str), Some("QS 0098123"));
    let [line] = permit.lines.as_slice() else {
        panic!()
    };
    assert_eq!(
        (line.authorised.quantity.to_string(), line.authorised.unit),
        ("1000".into(), Unit::Number)
    );
    assert_eq!(
        line.endorsed.map(|m| m.quantity.to_string()),
        Some("960".into())
    );
    let passport = read_good("musical-instrument.xml").permit;
    assert_eq!(
        (passport.kind, passport.destination()),
        (Kind::MusicalInstrument, None)
    );
    assert_eq!(
        passport.lines.first().and_then(|line| line.second_source),
        Some(Source::Wild)
    );
}

#[test]
fn equal_documents_are_equal_whatever_their_prefixes() {
    let text = String::from_utf8(good("export-skins.xml")).expect("UTF-8");
    let permit = read_good("export-skins.xml").permit;
    let variants = [
        text.replace("ram:", "").replace("rsm:", ""),
        text.replace("ram:", "a.b-c:").replace(":ram=", ":a.b-c="),
        text.replace('\n', "\r\n"),
        format!("\u{feff}{text}"),
        text.replace(">1000<", "> 1000.00\t<"),
    ];
    for variant in variants {
        assert_eq!(read(variant.as_bytes()).expect("variant").permit, permit);
    }
}

#[test]
fn limits_are_judged_before_anything_is_kept() {
    let first_fault = |xml: &[u8]| read(xml).expect_err("too much").to_string();
    let large = vec![b' '; XML_BYTES_MAX + 1];
    assert_eq!(
        first_fault(&large),
        "1048577 bytes, the limit is 1048576 [XML]"
    );
    let many = format!("<a>{}</a>", "<b/>".repeat(XML_ELEMENTS_MAX));
    assert_eq!(
        first_fault(many.as_bytes()),
        "line 1: more than 40000 elements [XML]"
    );
    let attributes: String = (0..17).map(|n| format!(" a{n}=''")).collect();
    let wide = format!("<a{attributes}/>");
    assert_eq!(
        first_fault(wide.as_bytes()),
        "line 1: more than 16 attributes [XML]"
    );
    let deepest = format!("{}{}", "<a>".repeat(32), "</a>".repeat(32));
    assert_eq!(
        first_fault(deepest.as_bytes()),
        "line 1: no `CITESEPermit` in the file [NO_PERMIT]"
    );
}

#[test]
fn two_hundred_and_fifty_lines_are_read_and_one_more_is_not() {
    let mut permit = read_good("export-skins.xml").permit;
    let line = permit.lines.first().cloned().expect("line A");
    let numbers = 1..=u8::try_from(LINES_MAX).expect("250");
    permit.lines = numbers
        .map(|number| {
            let id = crate::permit::LineId::new(number).expect("a line");
            crate::permit::Line { id, ..line.clone() }
        })
        .collect();
    let written = write(&permit);
    assert_eq!(read(written.as_bytes()).expect("250 lines").permit, permit);
    let item = "<ram:IncludedSupplyChainConsignmentItem>\n      <ram:ID>A</ram:ID>";
    let one_more = written.replace("</rsm:SpecifiedSupplyChainConsignment>", "<ram:IncludedSupplyChainConsignmentItem><ram:ID>IQ</ram:ID></ram:IncludedSupplyChainConsignmentItem></rsm:SpecifiedSupplyChainConsignment>");
    assert!(written.contains(item));
    let error = read(one_more.as_bytes()).expect_err("251 lines");
    assert_eq!(
        error.faults.first().map(|fault| fault.code),
        Some(FaultCode::TooMany)
    );
}

#[test]
fn endless_faults_are_counted_rather_than_kept() {
    let item =
        "<IncludedSupplyChainConsignmentItem><ID>IQ</ID></IncludedSupplyChainConsignmentItem>\n"
            .repeat(250);
    let xml = format!(
        "<CITESEPermit><SpecifiedSupplyChainConsignment>{item}</SpecifiedSupplyChainConsignment></CITESEPermit>"
    );
    let error = read(xml.as_bytes()).expect_err("nothing filled");
    assert!(error.faults.len() <= FAULTS_MAX);
    assert!(error.more > 0 && error.to_string().ends_with("more faults"));
}

#[test]
fn every_code_of_faults_and_warnings_occurs_in_a_sample() {
    let mut seen = BTreeSet::new();
    for path in samples("good").iter().chain(&samples("bad")) {
        match read(&fs::read(path).expect("file")) {
            Ok(reading) => seen.extend(reading.warnings.into_iter().map(|warning| warning.code)),
            Err(error) => seen.extend(error.faults.into_iter().map(|fault| fault.code)),
        }
    }
    let missing: Vec<_> = FaultCode::ALL
        .iter()
        .filter(|code| !seen.contains(code))
        .collect();
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn every_kind_of_document_has_a_good_sample_without_doubts() {
    let mut seen = BTreeSet::new();
    for path in samples("good") {
        let reading = read(&fs::read(&path).expect("file")).expect("good");
        if reading.warnings.is_empty() {
            seen.insert(reading.permit.kind);
        }
    }
    assert_eq!(Vec::from_iter(seen), Kind::ALL);
}

#[test]
fn every_rule_of_a_document_is_broken_or_doubted_in_a_sample() {
    let mut seen = BTreeSet::new();
    for path in samples("good").iter().chain(&samples("bad")) {
        let found = match read(&fs::read(path).expect("file")) {
            Ok(reading) => reading.findings(),
            Err(error) => error.findings(),
        };
        let all = found.faults.into_iter().chain(found.warnings);
        seen.extend(all.filter_map(|finding| finding.rule));
    }
    let of_documents = |rule: &RuleId| rule.where_checked() != WhereChecked::Ledger;
    let expected = RuleId::ALL.iter().copied().filter(of_documents);
    assert_eq!(seen, expected.collect());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn mutated_samples_never_panic_and_never_read_as_what_they_cannot_write(
        sample in 0_usize..256,
        edits in proptest::collection::vec((any::<u16>(), any::<u8>(), 0..4_u8), 1..12),
    ) {
        let paths = samples("good");
        let mut xml = fs::read(&paths[sample % paths.len()]).expect("file");
        for (at, byte, how) in edits {
            let at = usize::from(at) % xml.len();
            match how {
                0 => xml[at] = byte,
                1 => xml.insert(at, byte),
                2 => { xml.remove(at); }
                _ => { let end = (at + usize::from(byte)).min(xml.len()); xml.drain(at..end); }
            }
        }
        if let Ok(reading) = read(&xml) {
            prop_assert_eq!(read(write(&reading.permit).as_bytes()).expect("written").permit, reading.permit);
        }
    }

    #[test]
    fn random_bytes_never_panic(xml in proptest::collection::vec(any::<u8>(), 0..400), text in "[<>/&;'\"!\\[\\]A-C?= -]{0,80}") {
        let _outcome = read(&xml);
        let _outcome = read(text.as_bytes());
    }

    #[test]
    fn any_text_survives_writing_and_reading(name in "\\PC{0,60}|[&<>\"'\\]; \u{0}-\u{20}]{1,30}") {
        let mut permit = read_good("export-skins.xml").permit;
        permit.exporter.name = Text::new(&name);
        let again = read(write(&permit).as_bytes()).expect("written").permit;
        prop_assert_eq!(again.exporter.name, permit.exporter.name);
    }
}

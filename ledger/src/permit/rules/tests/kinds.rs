//! Tests of what each kind of document expects, and of documents that were built.

use super::*;

#[test]
fn each_kind_has_what_it_expects() {
    check_rows(&[
        (
            "origin of Appendix II",
            |p| p.kind = Kind::Origin,
            &["warn R15 box 10 line A [KIND]"],
        ),
        (
            "from the sea, yet wild",
            |p| {
                from_the_sea(p);
                line(p).source = Source::Wild;
            },
            &["warn R15 box 10 line A [KIND]"],
        ),
        (
            "pre-Convention, yet wild and without a date",
            |p| p.kind = Kind::PreConvention,
            &[
                "warn R15 box 10 line A [KIND]",
                "warn R16 box 12b line A [PRE_CONVENTION]",
            ],
        ),
        (
            "pre-Convention, acquired after issue",
            |p| {
                pre_convention(p);
                line(p).acquired = Some(date("2026-03-03"));
            },
            &["warn R16 box 12b line A [PRE_CONVENTION]"],
        ),
        (
            "bred in captivity, yet wild",
            |p| p.kind = Kind::CaptiveBred,
            &["warn R15 box 10 line A [KIND]"],
        ),
        (
            "phytosanitary, of an animal",
            |p| p.kind = Kind::Phytosanitary,
            &[
                "warn R15 box 10 line A [KIND]",
                "warn R15 box 9 line A [KIND]",
            ],
        ),
        (
            "exhibition",
            |p| certificate(p, Kind::TravellingExhibition, Purpose::Exhibition),
            &[],
        ),
        (
            "exhibition for sale, of the wild",
            |p| {
                certificate(p, Kind::TravellingExhibition, Purpose::Commercial);
                line(p).source = Source::Wild;
            },
            &["warn R15 box 5a [KIND]", "warn R15 box 10 line A [KIND]"],
        ),
        (
            "exhibition of two animals",
            |p| {
                certificate(p, Kind::TravellingExhibition, Purpose::Exhibition);
                line(p).authorised = measure("2", Unit::Number).expect("two");
            },
            &["warn R15 box 11 line A [KIND]"],
        ),
        (
            "exhibition of two animals on two lines",
            |p| {
                certificate(p, Kind::TravellingExhibition, Purpose::Exhibition);
                let mut other = line(p).clone();
                other.id = LineId::new(2).expect("B");
                p.lines.push(other);
            },
            &["warn R15 box 11 line B [KIND]"],
        ),
        (
            "exhibition of many plants",
            |p| {
                certificate(p, Kind::TravellingExhibition, Purpose::Exhibition);
                line(p).source = Source::ArtificiallyPropagated;
                line(p).authorised = measure("40", Unit::Number).expect("forty");
            },
            &[],
        ),
        (
            "ownership",
            |p| certificate(p, Kind::PersonalOwnership, Purpose::Personal),
            &[],
        ),
        (
            "ownership of two pets",
            |p| {
                certificate(p, Kind::PersonalOwnership, Purpose::Personal);
                line(p).source = Source::Wild;
                line(p).authorised = measure("2", Unit::Number).expect("two");
            },
            &["warn R15 box 11 line A [KIND]"],
        ),
        (
            "ownership of skins, for sale",
            |p| p.kind = Kind::PersonalOwnership,
            &["warn R15 box 5a [KIND]", "warn R15 box 9 line A [KIND]"],
        ),
        (
            "instrument, for sale and alive",
            |p| certificate(p, Kind::MusicalInstrument, Purpose::Commercial),
            &["warn R15 box 5a [KIND]", "warn R15 box 9 line A [KIND]"],
        ),
        (
            "samples without a carnet",
            |p| p.kind = Kind::SampleCollection,
            &["warn R15 box 5 [KIND]"],
        ),
        (
            "samples of Appendix I from the wild",
            |p| {
                p.kind = Kind::SampleCollection;
                says(p, "Valid only with ATA Carnet QS/26/0001");
                line(p).appendix = Appendix::I;
            },
            &["warn R15 box 10 line A [KIND]"],
        ),
        (
            "live samples",
            |p| {
                certificate(p, Kind::SampleCollection, Purpose::Commercial);
                says(p, "carnet ATA QS/26/0001");
            },
            &["warn R15 box 9 line A [KIND]"],
        ),
    ]);
}

#[test]
fn a_permit_that_was_built_has_lines_in_order_and_a_name_of_its_kind() {
    check_rows(&[
        ("no line", |p| p.lines.clear(), &["stop - box 7 [MISSING]"]),
        (
            "a line twice",
            |p| {
                let again = line(p).clone();
                p.lines.push(again);
            },
            &["stop - box 7 line A [REPEATED]"],
        ),
        (
            "the name of another kind",
            |p| {
                p.kind = Kind::Other;
                p.kind_name = Text::new("Certificate of origin");
            },
            &["stop R15 box 1.1 [CODE]"],
        ),
        (
            "a line of nothing",
            |p| line(p).authorised.quantity = Quantity::ZERO,
            &["stop - box 11 line A [QUANTITY]"],
        ),
    ]);
}

//! Tests of the countries and documents a permit names.

use super::*;

#[test]
fn a_re_export_names_where_its_specimens_came_from() {
    check_rows(&[
        (
            "no origin, no reason",
            |p| {
                p.kind = Kind::ReExport;
                p.conditions.clear();
            },
            &["stop R13 box 12 line A [ORIGIN]"],
        ),
        (
            "no origin, with a reason in box 5",
            |p| p.kind = Kind::ReExport,
            &["warn R13 box 12 line A [ORIGIN]"],
        ),
        (
            "no permit of the origin",
            |p| {
                re_export(p);
                line(p).origin.documents.clear();
            },
            &["warn R13 box 12 line A [ORIGIN]"],
        ),
        (
            "confiscated, for which no permit was ever issued",
            |p| {
                re_export(p);
                line(p).origin.documents.clear();
                (line(p).source, line(p).second_source) = (Source::Confiscated, Some(Source::Wild));
            },
            &[],
        ),
        (
            "no date",
            |p| {
                re_export(p);
                line(p).origin = from("QP", "25QP000001", "");
            },
            &["warn R13 box 12 line A [ORIGIN]"],
        ),
        (
            "no number",
            |p| {
                re_export(p);
                line(p).origin = from("QP", "", "2025-06-01");
            },
            &["warn R13 box 12 line A [ORIGIN]"],
        ),
        (
            "an earlier re-export, complete",
            |p| {
                re_export(p);
                line(p).last_re_export = from("QT", "25QT000009", "2025-09-01");
            },
            &[],
        ),
        (
            "an earlier re-export without its certificate",
            |p| {
                re_export(p);
                line(p).last_re_export.country = country("QT");
            },
            &["warn R13 box 12a line A [ORIGIN]"],
        ),
        (
            "an earlier re-export without its country",
            |p| {
                re_export(p);
                line(p).last_re_export = from("", "25QT000009", "2025-09-01");
            },
            &["warn R13 box 12a line A [ORIGIN]"],
        ),
        (
            "the last re-export is this one",
            |p| {
                re_export(p);
                line(p).last_re_export = from("QS", "25QS000009", "2025-09-01");
            },
            &["warn R13 box 12a line A [ORIGIN]"],
        ),
        (
            "an origin permit of the future",
            |p| {
                re_export(p);
                line(p).origin = from("QP", "26QP000001", "2026-03-03");
            },
            &["warn R13 box 12 line A [DATES]"],
        ),
        (
            "one permit twice",
            |p| {
                re_export(p);
                let twice = line(p).origin.documents.clone();
                line(p).origin.documents.extend(twice);
            },
            &["warn R13 box 12 line A [ORIGIN]"],
        ),
        (
            "itself",
            |p| {
                re_export(p);
                line(p).last_re_export = from("QS", "26qs000123/aa", "2026-03-02");
            },
            &[
                "stop R13 box 12a line A [ORIGIN]",
                "warn R13 box 12a line A [ORIGIN]",
            ],
        ),
    ]);
}

#[test]
fn countries_must_agree_with_the_kind_and_with_each_other() {
    check_rows(&[
        (
            "from and to one country",
            |p| p.importer.country = country("QS"),
            &["warn R19 box 3a [COUNTRY]"],
        ),
        (
            "an authority elsewhere",
            |p| p.authority.by.country = country("QT"),
            &["warn R19 box 6 [COUNTRY]"],
        ),
        (
            "re-exported from its own origin",
            |p| {
                re_export(p);
                line(p).origin.country = country("QS");
            },
            &["warn R19 box 12 line A [COUNTRY]"],
        ),
        (
            "exported with its own country in box 12",
            |p| line(p).origin.country = country("QS"),
            &["warn R19 box 12 line A [COUNTRY]"],
        ),
        (
            "exported from another origin",
            |p| line(p).origin.country = country("QP"),
            &["warn R19 box 12 line A [COUNTRY]"],
        ),
        (
            "exported with the permit of another origin",
            |p| line(p).origin = from("QP", "25QP000001", "2025-06-01"),
            &["warn R19 box 12 line A [COUNTRY]"],
        ),
        (
            "exported after an introduction from the sea",
            |p| (line(p).source, line(p).origin.country) = (Source::Sea, country("HS")),
            &[],
        ),
        (
            "introduced from the sea by another State",
            |p| {
                from_the_sea(p);
                p.exporter.country = country("QT");
            },
            &["warn R19 box 3a [COUNTRY]"],
        ),
        (
            "introduced from the sea by an authority elsewhere",
            |p| {
                from_the_sea(p);
                p.authority.by.country = country("QT");
            },
            &["warn R19 box 6 [COUNTRY]"],
        ),
        (
            "certified of another origin",
            |p| {
                (p.kind, line(p).appendix) = (Kind::Origin, Appendix::III);
                line(p).origin.country = country("QP");
            },
            &["warn R19 box 12 line A [COUNTRY]"],
        ),
        ("a copy", |p| p.is_copy = true, &["warn - box 1 [COPY]"]),
    ]);
}

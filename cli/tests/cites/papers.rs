//! Documents to present: the committed samples under other numbers, granted today, each with a stamp of its own.

use ledger::time::CivilDate;

use crate::chain::now;

const EXPORT: &str = include_str!("../../../tests/permits/good/export-skins.xml");
const APPENDIX_I: &str = include_str!("../../../tests/permits/good/export-appendix-i.xml");
const IMPORT: &str = include_str!("../../../tests/permits/good/import-permit-without-prefix.xml");
const PASSPORT: &str = include_str!("../../../tests/permits/good/musical-instrument.xml");

/// Today, as everybody's calendar here says.
pub(crate) fn today() -> CivilDate {
    now().date()
}

/// The number of the security stamp of a document: `QS 26000123` for `26QS000123`.
pub(crate) fn stamp(number: &str) -> String {
    let digits: String = number.chars().filter(char::is_ascii_digit).collect();
    format!("QS {digits}")
}

fn change(text: &str, changes: &[(&str, &str)]) -> String {
    changes.iter().fold(text.to_owned(), |text, (from, to)| {
        assert!(text.contains(from), "{from:?} is not in the sample");
        text.replace(from, to)
    })
}

/// The sample, granted today and valid for six months: 1000 skins from QS to QN.
pub(crate) fn document(number: &str) -> String {
    granted(number, 0)
}

/// The same, granted some days ago.
pub(crate) fn granted(number: &str, days_ago: i32) -> String {
    let day = today().plus_days(-days_ago);
    let until = day.plus_months(6).plus_days(-1);
    change(
        EXPORT,
        &[
            ("26QS000123/AA", number),
            ("QS 0098123", &stamp(number)),
            ("2026-03-02", &day.to_string()),
            ("2026-09-01", &until.to_string()),
        ],
    )
}

/// The same of another exporting Party.
pub(crate) fn of_party(number: &str, code: &str) -> String {
    let country = format!("<ram:CountryID>{code}<");
    change(&document(number), &[("<ram:CountryID>QS<", &country)])
}

/// Two dragons of Appendix I from QS to QN.
pub(crate) fn appendix_i(number: &str) -> String {
    let until = today().plus_months(6).plus_days(-1);
    change(
        APPENDIX_I,
        &[
            ("26QS000200/AA", number),
            ("QS 7700001", &stamp(number)),
            ("2026-03-20", &today().to_string()),
            ("2026-09-19", &until.to_string()),
        ],
    )
}

/// The same from an operation that breeds them for trade.
pub(crate) fn bred(number: &str, operation: &str) -> String {
    let after = "</ram:IncludedSupplyChainTradeLineItem>";
    let named = format!(
        "{after}<ram:ApplicableCrossBorderRegulatoryProcedure><ram:PreviousReferencedDocument>\
         <ram:ID>{operation}</ram:ID></ram:PreviousReferencedDocument>\
         </ram:ApplicableCrossBorderRegulatoryProcedure>"
    );
    change(
        &appendix_i(number),
        &[
            ("<ram:TypeExtensionCode>C<", "<ram:TypeExtensionCode>D<"),
            (after, &named),
        ],
    )
}

/// An import permit of QN for two such dragons.
pub(crate) fn import_permit(number: &str) -> String {
    let until = today().plus_months(12);
    change(
        IMPORT,
        &[
            ("26QN000777", number),
            ("QN 5500001", &stamp(number)),
            ("2026-03-02", &today().to_string()),
            ("2027-03-02", &until.to_string()),
        ],
    )
}

/// An import permit of QN for the skins of [`document`].
pub(crate) fn import_permit_for_skins(number: &str) -> String {
    change(
        &import_permit(number),
        &[
            ("Varanus komodoensis", "Varanus salvator"),
            ("<TypeCode>I<", "<TypeCode>II<"),
            ("<TypeExtensionCode>C<", "<TypeExtensionCode>W<"),
            ("<TypeCode>LIV<", "<TypeCode>SKI<"),
            (">2</ItemQuantity>", ">1000</ItemQuantity>"),
        ],
    )
}

/// A certificate to re-export skins of QS, which boxes 12 and 12a cite: its numbers, and the Party of the last one.
pub(crate) fn re_export(
    number: &str,
    (from, to): (&str, &str),
    quantity: u32,
    root: &str,
    last: Option<(&str, &str)>,
) -> String {
    let cited = |kind: &str, number: &str| {
        format!(
            "<ram:AssociatedReferencedDocument><ram:IssueDateTime>{}T00:00:00Z</ram:IssueDateTime>\
             <ram:TypeCode>{kind}</ram:TypeCode><ram:ID>{number}</ram:ID></ram:AssociatedReferencedDocument>",
            today()
        )
    };
    let mut origin =
        "<ram:OriginTradeCountry><ram:ID>QS</ram:ID></ram:OriginTradeCountry>".to_owned();
    if let Some((party, _)) = last {
        origin.push_str(&format!(
            "<ram:ExportTradeCountry><ram:ID>{party}</ram:ID></ram:ExportTradeCountry>"
        ));
    }
    origin.push_str(&cited("E", root));
    if let Some((_, number)) = last {
        origin.push_str(&cited("R", number));
    }
    let after = "</ram:PhysicalLogisticsShippingMarks>";
    change(
        &document(number),
        &[
            ("listAgencyID=\"6\">E<", "listAgencyID=\"6\">R<"),
            (">1000<", &format!(">{quantity}<")),
            ("<ram:CountryID>QN<", "<ram:CountryID>??<"),
            ("<ram:CountryID>QS<", &format!("<ram:CountryID>{from}<")),
            ("<ram:CountryID>??<", &format!("<ram:CountryID>{to}<")),
            (after, &format!("{after}{origin}")),
        ],
    )
}

/// A passport of QT for a bow: three years, many crossings.
pub(crate) fn passport(number: &str) -> String {
    change(
        PASSPORT,
        &[
            (" 26qt-mi 000009 ", number),
            ("2026-01-31", &today().to_string()),
            ("2029-01-31", &today().plus_months(36).to_string()),
        ],
    )
}

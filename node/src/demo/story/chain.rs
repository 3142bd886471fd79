//! Permits that rest on other permits: an Appendix I export with its import permit, a re-export of what came in, and a
//! lost permit that was replaced.

use std::io::Write;

use ledger::party::Role;

use super::super::board::{DONE, Expected, hold};
use super::super::{DemoError, Paper, Stage, sample};
use super::{finality, line, more, spend};

/// The falcons' export permit, once it was spent, and its secret file.
pub(super) struct Falcons {
    paper: Paper,
    secret: String,
}

/// An Appendix I export: refused alone, issued on the destination's import permit, and both spent by one import.
pub(super) fn appendix_i(stage: &Stage, out: &mut dyn Write) -> Result<Falcons, DemoError> {
    let norvia = stage.desk("QN", Role::Management)?;
    let suravia = stage.desk("QS", Role::Management)?;
    let paper = stage.paper_of("QS", 201, sample::falcon_export)?;
    let alone = suravia.call(&["permit", "issue", &paper.path])?;
    Expected::refused("NEEDS_IMPORT_PERMIT").of("import-permit", alone)?;
    let granted = stage.paper_of("QN", 7, sample::import_permit)?;
    let issued = norvia.call(&["permit", "issue", &granted.path])?;
    let issued = DONE.of("import-permit", issued)?;
    stage.wait_for_height(issued.text("/receipt/height"))?;
    // The refused attempt left a secret of its own: with the import permit's taxa this is another document.
    let paper = stage.paper_of("QS", 202, sample::falcon_export)?;
    let number = format!("QN/{}", granted.number);
    let arguments = [
        "permit",
        "issue",
        &paper.path,
        "--import-permit",
        &number,
        "--linked-secret",
        issued.text("/secret_file"),
    ];
    let exported = DONE.of("import-permit", suravia.call(&arguments)?)?;
    stage.endorse(&paper, "A=4")?;
    let customs = stage.desk("QN", Role::Customs)?;
    let spent = DONE.of(
        "import-permit",
        customs.call(&spend(&paper.path, "A=4", "QNHAR"))?,
    )?;
    stage.wait_for_height(spent.text("/receipt/height"))?;
    line(
        out,
        9,
        "import",
        "4 falcons, App. I: the export is refused NEEDS_IMPORT_PERMIT; issued on QN's, it goes",
    )?;
    let heading = stage.verdict(
        customs,
        "import-permit",
        &[&granted.path],
        Expected::red("USED"),
    )?;
    more(
        out,
        &format!("one import spends both, {}", finality(&spent)),
    )?;
    more(out, &format!("the import permit {number}: {heading}"))?;
    let secret = exported.text("/secret_file").to_owned();
    Ok(Falcons { paper, secret })
}

/// What came in may go on, and no more.
pub(super) fn re_export(
    stage: &Stage,
    falcons: &Falcons,
    out: &mut dyn Write,
) -> Result<(), DemoError> {
    let norvia = stage.desk("QN", Role::Management)?;
    let certificate = |serial, units| {
        stage.paper_of("QN", serial, |number, today| {
            sample::re_export(number, today, &falcons.paper.permit, units)
        })
    };
    let issue = |paper: &Paper, units: u64| -> Result<_, DemoError> {
        let origin = format!("A:QS/{}:A:{units}", falcons.paper.number);
        let arguments = [
            "permit",
            "issue",
            &paper.path,
            "--origin",
            &origin,
            "--linked-secret",
            &falcons.secret,
        ];
        Ok(norvia.call(&arguments)?)
    };
    let three = certificate(301, 3)?;
    let done = DONE.of("re-export", issue(&three, 3)?)?;
    let two = certificate(302, 2)?;
    let refused = Expected::refused("OVER_QUANTITY").of("re-export", issue(&two, 2)?)?;
    let why = refused.text("/broken/0/rule");
    hold(
        "re-export",
        why.contains("re-exported"),
        "the rule in words",
        || refused.json.to_string(),
    )?;
    line(
        out,
        10,
        "re-export",
        &format!(
            "QN re-exports 3 of the 4 to QP as {}, {}",
            three.number,
            finality(&done)
        ),
    )?;
    more(
        out,
        "2 more: refused OVER_QUANTITY, 1 is left of what was imported",
    )
}

/// A lost permit is replaced; whoever finds the old one cannot use it.
pub(super) fn replaced(stage: &Stage, out: &mut dyn Write) -> Result<(), DemoError> {
    let suravia = stage.desk("QS", Role::Management)?;
    let lost = stage.paper(127)?;
    stage.issue(&lost)?;
    let new = stage.paper(128)?;
    let arguments = [
        "permit",
        "issue",
        &new.path,
        "--replaces",
        &lost.number,
        "--reason",
        "lost",
    ];
    let issued = DONE.of("replaced", suravia.call(&arguments)?)?;
    stage.wait_for_height(issued.text("/receipt/height"))?;
    let customs = stage.desk("QN", Role::Customs)?;
    let answer = customs.call(&["verify", &lost.path])?;
    let answer = Expected::red("REPLACED").of("replaced", answer)?;
    hold(
        "replaced",
        answer.json.pointer("/permit/replaced_by/0/alive") == Some(&true.into()),
        "the successor, alive",
        || answer.json.to_string(),
    )?;
    let heading = stage.verdict(
        customs,
        "replaced",
        &[&lost.path],
        Expected::red("REPLACED"),
    )?;
    line(
        out,
        11,
        "replaced",
        &format!(
            "QS replaces {}, lost, by {}; the old one:",
            lost.number, new.number
        ),
    )?;
    more(out, &heading)
}

//! The story, step by step. Every line printed is an outcome that was checked first.

mod chain;

use std::fs;
use std::io::Write;
use std::thread;
use std::time::{Duration, Instant};

use ledger::party::Role;

use super::board::{DONE, Expected, hold};
use super::{DemoError, Paper, Stage, sample};
use crate::localnet::{Answer, Desk, LocalnetError, until};

/// What the network does within seconds it does not do at all if not by then.
const BOUND: Duration = Duration::from_secs(60);

/// The place of Portamar's node, which is killed.
const PORTAMAR: usize = 3;

/// Tells it all. The first outcome that is not the expected one ends it.
pub(super) fn tell(stage: &mut Stage, out: &mut dyn Write) -> Result<(), DemoError> {
    let paper = stage.paper(123)?;
    issue(stage, &paper, out)?;
    verify(stage, &paper, out)?;
    endorse(stage, &paper, out)?;
    let before = stage.proof(&paper, "before-import", Expected::green("OK"))?;
    sight(stage, &paper, out)?;
    import(stage, &paper, out)?;
    let after = stage.proof(&paper, "after-import", Expected::red("USED"))?;
    again(stage, &paper, out)?;
    race(stage, out)?;
    forged(stage, out)?;
    let falcons = chain::appendix_i(stage, out)?;
    chain::re_export(stage, &falcons, out)?;
    chain::replaced(stage, out)?;
    outage(stage, out)?;
    offline(stage, &paper, &before, &after, out)?;
    let seconds = stage.begun.elapsed().as_secs_f64();
    writeln!(out, "All 13 outcomes as expected, in {seconds:.1} s.")?;
    Ok(())
}

fn issue(stage: &Stage, paper: &Paper, out: &mut dyn Write) -> Result<(), DemoError> {
    let answer = stage.issue(paper)?;
    let what = "1000 skins, Python reticulatus, App. II, QS -> QN";
    line(
        out,
        1,
        "issue",
        &format!("QS issues {}: {what}", paper.number),
    )?;
    more(
        out,
        &format!("{}; its secret travels with the paper", finality(&answer)),
    )
}

fn verify(stage: &Stage, paper: &Paper, out: &mut dyn Write) -> Result<(), DemoError> {
    let desk = stage.desk("QT", Role::Customs)?;
    let heading = stage.verdict(
        desk,
        "verify",
        &[&paper.path],
        Expected::amber("NOT_ENDORSED"),
    )?;
    line(
        out,
        2,
        "verify",
        &format!("QT customs, at its own node: {heading}"),
    )
}

fn endorse(stage: &Stage, paper: &Paper, out: &mut dyn Write) -> Result<(), DemoError> {
    let answer = stage.endorse(paper, "A=960")?;
    line(
        out,
        3,
        "endorse",
        &format!(
            "QS customs at QSSUR: line A 960 of 1000, {}",
            finality(&answer)
        ),
    )?;
    for (party, code) in [("QT", "OK_TRANSIT"), ("QN", "OK")] {
        let desk = stage.desk(party, Role::Customs)?;
        let heading = stage.verdict(desk, "endorse", &[&paper.path], Expected::green(code))?;
        more(out, &format!("{party} customs: {heading}"))?;
    }
    Ok(())
}

fn sight(stage: &Stage, paper: &Paper, out: &mut dyn Write) -> Result<(), DemoError> {
    let desk = stage.desk("QT", Role::Customs)?;
    let answer = DONE.of(
        "sight",
        desk.call(&["sight", &paper.path, "--port", "QTMAR"])?,
    )?;
    line(
        out,
        4,
        "sight",
        &format!(
            "QT customs at QTMAR: seen in transit, not spent, {}",
            finality(&answer)
        ),
    )
}

fn import(stage: &Stage, paper: &Paper, out: &mut dyn Write) -> Result<(), DemoError> {
    let desk = stage.desk("QN", Role::Customs)?;
    let answer = DONE.of("import", desk.call(&spend(&paper.path, "A=958", "QNHAR"))?)?;
    line(
        out,
        5,
        "import",
        &format!(
            "QN customs at QNHAR: line A 958 of 960, spent, {}",
            finality(&answer)
        ),
    )
}

fn again(stage: &Stage, paper: &Paper, out: &mut dyn Write) -> Result<(), DemoError> {
    let desk = stage.desk("QN", Role::Customs)?;
    let expected = Expected::refused("USED");
    let answer = expected.of("again", desk.call(&spend(&paper.path, "A=958", "QNEST"))?)?;
    let who = (answer.text("/by"), answer.text("/port"));
    hold(
        "again",
        who == ("QN", "QNHAR"),
        "who used it, and where",
        || format!("{who:?}"),
    )?;
    let (height, at) = (answer.text("/height"), answer.text("/at"));
    line(
        out,
        6,
        "again",
        &format!(
            "QN customs at QNEST, same paper: refused USED, by QN at QNHAR, height {height}, {at}"
        ),
    )?;
    let heading = stage.verdict(desk, "again", &[&paper.path], Expected::red("USED"))?;
    more(out, &heading)
}

/// Two ports of one country, through the nodes of two Parties, at the same moment.
fn race(stage: &Stage, out: &mut dyn Write) -> Result<(), DemoError> {
    let paper = stage.paper(124)?;
    stage.issue(&paper)?;
    let endorsed = stage.endorse(&paper, "A=960")?;
    stage.wait_for_height(endorsed.text("/receipt/height"))?;
    let norvia = stage.desk("QN", Role::Customs)?;
    let elsewhere = norvia.asking(&stage.desk("QP", Role::Customs)?.node().to_owned());
    let spend = |desk: &Desk, port: &str| desk.call(&spend(&paper.path, "A=960", port));
    let (here, there) = thread::scope(|scope| {
        let there = scope.spawn(|| spend(&elsewhere, "QNEST"));
        let here = spend(norvia, "QNHAR");
        (here, there.join())
    });
    let panicked = |_| std::io::Error::other("the thread panicked");
    let there = there.map_err(panicked)??;
    let here = here?;
    let (winner, loser, port) = if here.exit == 0 {
        (here, there, "QNHAR")
    } else {
        (there, here, "QNEST")
    };
    let winner = DONE.of("race", winner)?;
    let loser = Expected::refused("USED").of("race", loser)?;
    stage.wait_for_height(winner.text("/receipt/height"))?;
    let mut records = Vec::new();
    for node in stage.localnet.nodes() {
        let desk = norvia.asking(&node.url());
        let answer = desk.call(&["verify", &paper.path])?;
        let answer = Expected::red("USED").of("race", answer)?;
        let told = ["/reasons/0/port", "/reasons/0/height", "/reasons/0/record"];
        records.push(told.map(|pointer| answer.text(pointer).to_owned()));
    }
    let first = records.first().cloned().unwrap_or_default();
    let agree =
        records.iter().all(|record| *record == first) && first.first().is_some_and(|at| at == port);
    hold(
        "race",
        agree,
        "four nodes that name the same winner",
        || format!("{records:?}"),
    )?;
    let other = if port == "QNHAR" { "QNEST" } else { "QNHAR" };
    line(
        out,
        7,
        "race",
        &format!(
            "two QN ports spend {} at the same moment, at two nodes",
            paper.number
        ),
    )?;
    let (height, code) = (winner.text("/receipt/height"), loser.code());
    more(
        out,
        &format!("{port} accepted at height {height}, {other} refused {code}; all 4 nodes agree"),
    )
}

/// An altered document, named down to the box; and a number that nobody issued.
fn forged(stage: &Stage, out: &mut dyn Write) -> Result<(), DemoError> {
    let paper = stage.paper(125)?;
    let issued = stage.issue(&paper)?;
    stage.wait_for_height(issued.text("/receipt/height"))?;
    let forged = sample::with_quantity(&paper.permit, 9_000)?;
    let forged = stage.write_paper("forged", &forged)?;
    let secret = issued.text("/secret_file");
    let desk = stage.desk("QN", Role::Customs)?;
    let arguments = ["verify", &forged, "--secret", secret];
    let answer = Expected::red("ALTERED").of("forged", desk.call(&arguments)?)?;
    let place = (
        answer.text("/reasons/0/boxes/0/box"),
        answer.text("/reasons/0/boxes/0/line"),
    );
    hold("forged", place == ("11", "A"), "box 11, line A", || {
        answer.json.to_string()
    })?;
    let heading = desk.heading(&[&arguments[..], &["--lang", &stage.language]].concat())?;
    line(
        out,
        8,
        "forged",
        &format!("1000 made 9000 in box 11: {heading}"),
    )?;
    let number = format!("QS/{}", paper.number.replace("000125", "999999"));
    let heading = stage.verdict(desk, "forged", &[&number], Expected::red("NOT_ISSUED"))?;
    more(out, &format!("{number}: {heading}"))
}

fn outage(stage: &mut Stage, out: &mut dyn Write) -> Result<(), DemoError> {
    if let Some(node) = stage.localnet.nodes_mut().get_mut(PORTAMAR) {
        node.kill();
    }
    let paper = stage.paper(126)?;
    let answer = stage.issue(&paper)?;
    line(
        out,
        12,
        "outage",
        &format!(
            "QP's node killed (-9); QS issues {}: {}",
            paper.number,
            finality(&answer)
        ),
    )?;
    let begun = Instant::now();
    if let Some(node) = stage.localnet.nodes_mut().get_mut(PORTAMAR) {
        node.start()?;
        node.wait_until_up()?;
    }
    stage.wait_for_height(answer.text("/receipt/height"))?;
    let seconds = begun.elapsed().as_secs_f64();
    let desk = stage.desk("QP", Role::Customs)?;
    stage.verdict(
        desk,
        "outage",
        &[&paper.path],
        Expected::amber("NOT_ENDORSED"),
    )?;
    more(
        out,
        &format!("QP's node restarted, caught up and knows it, {seconds:.1} s after"),
    )
}

/// Every node is stopped: nothing is left but proof files and the verifier.
fn offline(
    stage: &mut Stage,
    paper: &Paper,
    before: &str,
    after: &str,
    out: &mut dyn Write,
) -> Result<(), DemoError> {
    stage.localnet.stop()?;
    line(
        out,
        13,
        "offline",
        "every node stopped; QN customs with the paper and a proof file",
    )?;
    let cases = [
        (
            "taken before the import",
            before,
            Expected::amber("OFFLINE"),
        ),
        ("taken after it", after, Expected::red("USED")),
    ];
    for (when, proof, expected) in cases {
        let desk = stage.desk("QN", Role::Customs)?;
        let arguments = [paper.path.as_str(), "--offline", "--proof", proof];
        let heading = stage.verdict(desk, "offline", &arguments, expected)?;
        more(out, &format!("{when}: {heading}"))?;
    }
    Ok(())
}

impl Stage {
    fn issue(&self, paper: &Paper) -> Result<Answer, DemoError> {
        let desk = self.desk("QS", Role::Management)?;
        Ok(DONE.of("issue", desk.call(&["permit", "issue", &paper.path])?)?)
    }

    fn endorse(&self, paper: &Paper, line: &str) -> Result<Answer, DemoError> {
        let desk = self.desk("QS", Role::Customs)?;
        let arguments = ["endorse", &paper.path, "--line", line, "--port", "QSSUR"];
        let answer = DONE.of("endorse", desk.call(&arguments)?)?;
        // Others may be asked next: their nodes must have the block too.
        self.wait_for_height(answer.text("/receipt/height"))?;
        Ok(answer)
    }

    /// Has customs' own `verify` judge, and gives the first line that the officer sees.
    fn verdict(
        &self,
        desk: &Desk,
        step: &'static str,
        what: &[&str],
        expected: Expected,
    ) -> Result<String, DemoError> {
        let arguments = [&["verify"][..], what].concat();
        expected.of(step, desk.call(&arguments)?)?;
        Ok(desk.heading(&[&arguments[..], &["--lang", &self.language]].concat())?)
    }

    /// Norvia's customs verify the paper and keep the proof.
    fn proof(&self, paper: &Paper, name: &str, expected: Expected) -> Result<String, DemoError> {
        let path = self.papers.join(format!("{name}.citesproof"));
        let path = path.to_string_lossy().into_owned();
        let desk = self.desk("QN", Role::Customs)?;
        expected.of(
            "proof",
            desk.call(&["verify", &paper.path, "--save-proof", &path])?,
        )?;
        fs::metadata(&path).map_err(LocalnetError::file(path.as_ref()))?;
        Ok(path)
    }

    /// Waits until all nodes that run have the block at `height`.
    fn wait_for_height(&self, height: &str) -> Result<(), DemoError> {
        let wanted: u64 = height.parse().unwrap_or(u64::MAX);
        for node in self
            .localnet
            .nodes()
            .iter()
            .filter(|node| node.id().is_some())
        {
            let there = until(BOUND, || node.height().filter(|height| *height >= wanted));
            if there.is_none() {
                return Err(node
                    .failed(&format!("did not reach height {height}"))
                    .into());
            }
        }
        Ok(())
    }
}

fn spend<'a>(paper: &'a str, line: &'a str, port: &'a str) -> [&'a str; 6] {
    ["import", paper, "--line", line, "--port", port]
}

/// `final at height 6 in 0.71 s`: as `cites` measured it, from the first byte sent to the answer.
fn finality(answer: &Answer) -> String {
    let height = answer.text("/receipt/height");
    let took_ms = answer
        .json
        .get("took_ms")
        .and_then(serde_json::Value::as_f64)
        .unwrap_or_default();
    format!("final at height {height} in {:.2} s", took_ms / 1000.0)
}

fn line(out: &mut dyn Write, number: u8, name: &str, text: &str) -> Result<(), DemoError> {
    writeln!(out, "{number:2} {name:<10}{text}")?;
    Ok(out.flush()?)
}

fn more(out: &mut dyn Write, text: &str) -> Result<(), DemoError> {
    writeln!(out, "{:13}{text}", "")?;
    Ok(out.flush()?)
}

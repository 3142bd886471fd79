//! `cites audit verify`: as an auditor who trusts only the genesis that he pinned.

use ledger::audit::{Audit, AuditError, Fault, Tally};
use ledger::digest::BlockId;
use ledger::party::Height;
use ledger::proof::Anchor;
use ledger::reason::Light;
use ledger::signed::CheckAll;

use super::fetch::{Fetched, Hints, each};

use super::progress::{Progress, rate};
use crate::client::{Client, ClientError};
use crate::desk::Desk;
use crate::evidence::newest;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::print::{Answer, Page};
use crate::submit::hash_text;
use crate::trust::Pinned;

pub(super) fn run(desk: &Desk) -> Result<Answer, Failure> {
    let mut pinned = desk.pinned()?;
    let client = desk.client()?;
    let tip = newest(&pinned, &client).map_err(ClientError::into_failure)?;
    let audit = Audit::begin(pinned.chain, pinned.genesis.initial_state());
    let mut audit = audit.map_err(|error| Failure::new(Exit::Failed, error))?;
    let mut known = Known::new(pinned.checkpoints());
    let hints = Hints::new(&pinned.genesis);
    let mut progress = Progress::new(desk, tip.header.height.0);
    let checked = each(&client, &hints, tip.header.height, |height, fetched| {
        let done = next(&mut audit, &client, height, fetched).and_then(|()| known.compare(&audit));
        let tally = audit.tally();
        progress.tell(
            audit.height().0,
            tally.applied.saturating_add(tally.refused),
        );
        done
    });
    progress.clear();
    checked?;
    let closed = audit.close(&tip.quorum, &CheckAll);
    closed.map_err(|error| wrong(&audit, &error))?;
    known.confirm()?;
    let answer = told(&audit, &pinned, &client, &known, &progress);
    if let Some(anchor) = audit.anchor() {
        pinned.save(anchor)?;
    }
    Ok(answer)
}

fn next(
    audit: &mut Audit,
    client: &Client,
    height: Height,
    fetched: Fetched,
) -> Result<(), Failure> {
    let good = audit.height();
    let (block, seen) = fetched
        .map_err(|error| {
            let failure = error.into_failure().with("good_to", good.to_string());
            failure.hint(format_args!(
                "all up to height {good} holds, nothing was saved; try again, or give it longer with --timeout"
            ))
        })?
        .ok_or_else(|| {
            let node = client.address();
            let error = format!(
                "block {height}: node {node} shows a newer block, and does not have this one"
            );
            red("MISSING_BLOCK", height, good, &error)
        })?;
    let block = block.map_err(|error| wrong(audit, &audit.malformed(error)))?;
    match audit.next_block(&block, &seen) {
        Ok(_) => Ok(()),
        Err(error) => Err(wrong(audit, &error)),
    }
}

fn wrong(audit: &Audit, error: &AuditError) -> Failure {
    if let Fault::State(_) = error.fault {
        return Failure::new(Exit::Failed, error).code(error.fault.code());
    }
    // The block before the wrong one; its own quorum was checked with what followed it.
    let good = Height(error.height.0.saturating_sub(1)).min(audit.height());
    red(error.fault.code(), error.height, good, &error.to_string())
}

fn red(code: &str, height: Height, good: Height, error: &str) -> Failure {
    let hint = if code == "WRONG_CHAIN" {
        "it is a node of another network than the one that this device pinned".to_owned()
    } else {
        format!(
            "all up to height {good} holds; do not rely on this node, tell its Party, and audit another node"
        )
    };
    Failure::new(Exit::Red, error)
        .code(code)
        .with("height", height.to_string())
        .with("good_to", good.to_string())
        .hint(hint)
}

/// What this device verified earlier, beside what the node has.
#[derive(Debug)]
struct Known {
    anchors: Vec<Anchor>,
    agreed: Vec<Height>,
    /// Another block than the one verified: a fork as soon as its quorum is checked.
    other: Option<(Height, BlockId, BlockId)>,
}

impl Known {
    fn new(anchors: &[Anchor]) -> Self {
        Self {
            anchors: anchors.to_vec(),
            agreed: Vec::new(),
            other: None,
        }
    }

    /// Compares the newest block; the quorum for the one before it was just checked.
    fn compare(&mut self, audit: &Audit) -> Result<(), Failure> {
        self.confirm()?;
        let height = audit.height();
        let anchor = self.anchors.iter().find(|anchor| anchor.height == height);
        if let Some(ours) = anchor.and_then(|anchor| anchor.block) {
            if ours == audit.block() {
                self.agreed.push(height);
            } else {
                self.other = Some((height, audit.block(), ours));
            }
        }
        Ok(())
    }

    /// The last block compared is final.
    fn confirm(&self) -> Result<(), Failure> {
        let Some((height, found, ours)) = self.other else {
            return Ok(());
        };
        let error = format!(
            "block {height}: it is {found}, and this device verified {ours} at that height; a quorum stands behind both"
        );
        let failure = Failure::new(Exit::Red, error).code("FORK");
        Err(failure
            .with("height", height.to_string())
            .with("block", hash_text(&found))
            .with("verified_before", hash_text(&ours))
            .hint("accept nothing by either; compare this node with another: cites audit compare URL URL"))
    }

    /// The newest checkpoint that the node does not reach.
    fn beyond(&self, tip: Height) -> Option<Height> {
        let newest = self.anchors.last()?.height;
        (newest > tip).then_some(newest)
    }
}

fn told(
    audit: &Audit,
    pinned: &Pinned,
    client: &Client,
    known: &Known,
    progress: &Progress,
) -> Answer {
    let (height, tally, network) = (audit.height(), audit.tally(), pinned.genesis.network());
    let records = tally.applied.saturating_add(tally.refused);
    let header = audit.header();
    let roots = header.map(|header| (hash_text(&header.state_root), hash_text(&header.log_root)));
    let (state, log) = roots.unwrap_or_default();
    let since = tally.since.map(|time| time.to_string());
    let until = header.map(|header| header.time.to_string());
    let (since, until) = (since.unwrap_or_default(), until.unwrap_or_default());
    let block = hash_text(&audit.block());
    let beyond = known.beyond(height);
    let mut page = Page::new();
    let heading = format!("every block of {network} from genesis to height {height}");
    page.heading(Light::Green, "VERIFIED", &heading);
    for (label, text) in [
        ("node", client.address().to_owned()),
        (
            "blocks",
            format!("{height}, each linked, final and executed again"),
        ),
        (
            "records",
            format!(
                "{records}: {} applied, {} refused",
                tally.applied, tally.refused
            ),
        ),
        ("signed", signed(tally)),
        ("time", format!("{since} to {until}")),
        ("block", block.clone()),
        ("state", state.clone()),
        ("log", log.clone()),
        ("agrees", agreement(&known.agreed, beyond)),
        ("took", took(progress, records)),
    ] {
        page.field(label, &text);
    }
    let agreed = known.agreed.iter().map(ToString::to_string);
    let answer = Answer::new("cites.audit/1", page)
        .with("network", network.as_str())
        .with("chain", hash_text(&pinned.chain))
        .with("node", client.address())
        .with("height", height.to_string())
        .with("applied", tally.applied.to_string())
        .with("refused", tally.refused.to_string())
        .with("office_signatures", tally.office_signatures.to_string())
        .with("offices", tally.offices.len())
        .with("votes", tally.votes.to_string())
        .with("validators", tally.voters.len())
        .with("from", since)
        .with("until", until)
        .with("block", block)
        .with("state_root", state)
        .with("log_root", log)
        .with("agrees_with_checkpoints", agreed.collect::<Vec<_>>());
    match beyond {
        None => answer,
        Some(_) => answer.with("code", "BEHIND").exit(Exit::Unreachable),
    }
}

fn signed(tally: &Tally) -> String {
    let offices = u64::try_from(tally.offices.len()).unwrap_or(u64::MAX);
    let voters = u64::try_from(tally.voters.len()).unwrap_or(u64::MAX);
    format!(
        "{} of {}, {} of {}",
        count(tally.office_signatures, "signature"),
        count(offices, "office"),
        count(tally.votes, "vote"),
        count(voters, "validator"),
    )
}

fn count(number: u64, what: &str) -> String {
    let end = if number == 1 { "" } else { "s" };
    format!("{number} {what}{end}")
}

fn took(progress: &Progress, records: u64) -> String {
    let took = progress.took();
    let (whole, tenths) = (took.as_secs(), took.subsec_millis() / 100);
    // A rate over less than a second would be noise.
    let rate = (whole > 0).then(|| format!(", {} records/s", rate(records, took)));
    format!("{whole}.{tenths} s{}", rate.unwrap_or_default())
}

fn agreement(agreed: &[Height], beyond: Option<Height>) -> String {
    let with = match agreed {
        [] => "this device had no checkpoint to compare with".to_owned(),
        [one] => format!("with what this device verified at height {one}"),
        [.., newest] => format!(
            "with {} checkpoints of this device, the newest at height {newest}",
            agreed.len()
        ),
    };
    match beyond {
        None => with,
        Some(height) => format!(
            "{with}; but this device verified a block at height {height}, which the node does not have: it is behind, or hides what follows"
        ),
    }
}

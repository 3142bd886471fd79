//! `cites audit compare`: up to where two nodes have the same chain, and what shows it where they have not.

use std::path::PathBuf;

use ledger::audit::fork::{FORK_VERSION, FinalHeader, Fork, NoFork};
use ledger::block::Header;
use ledger::digest::BlockId;
use ledger::party::Height;
use ledger::quorum::{Quorum, ValidatorSet};
use ledger::reason::Light;
use serde_json::{Value, json};

use crate::client::{Client, ClientError};
use crate::desk::Desk;
use crate::evidence::newest;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::files::{self, Existing, Readers};
use crate::print::{Answer, Page};
use crate::submit::hash_text;
use crate::trust::Pinned;

/// One of the two.
struct Side {
    client: Client,
    height: Height,
}

pub(super) fn run(one: &str, other: &str, desk: &Desk) -> Result<Answer, Failure> {
    let pinned = desk.pinned()?;
    let sides = [side(one, desk)?, side(other, desk)?];
    let [one, other] = &sides;
    let common = one.height.min(other.height);
    if common == Height::ZERO {
        return Ok(same(one, other, common, None));
    }
    let (first, second) = both(&pinned, &sides, common)?;
    if first == second {
        return Ok(same(one, other, common, Some(first.id())));
    }
    // Each header names the one before it, so below the first difference all are alike.
    let (mut like, mut unlike) = (Height::ZERO, (common, first, second));
    while unlike.0.0.saturating_sub(like.0) > 1 {
        let middle = Height(like.0.midpoint(unlike.0.0));
        let (first, second) = both(&pinned, &sides, middle)?;
        if first == second {
            like = middle;
        } else {
            unlike = (middle, first, second);
        }
    }
    let (_, first, second) = unlike;
    Err(differ(&pinned, &sides, first, second))
}

fn side(url: &str, desk: &Desk) -> Result<Side, Failure> {
    if desk.flags.offline {
        return Err(Failure::new(
            Exit::Usage,
            "this command needs two nodes, and --offline forbids to ask them",
        )
        .hint("leave --offline out"));
    }
    let client = Client::new(url, desk.flags.timeout)?;
    let height = client.height().map_err(ClientError::into_failure)?;
    Ok(Side { client, height })
}

fn both(pinned: &Pinned, sides: &[Side; 2], height: Height) -> Result<(Header, Header), Failure> {
    let [one, other] = sides;
    Ok((one.header(pinned, height)?, other.header(pinned, height)?))
}

impl Side {
    fn header(&self, pinned: &Pinned, height: Height) -> Result<Header, Failure> {
        let found = self.client.header(height);
        let header = found
            .map_err(ClientError::into_failure)?
            .ok_or_else(|| self.red("MISSING_BLOCK", height, "it does not have it"))?;
        if header.chain == pinned.chain {
            Ok(header)
        } else {
            Err(self.red("WRONG_CHAIN", height, "it belongs to another network"))
        }
    }

    /// The quorum for a block of this node: carried by the next one, or shown with the newest.
    fn quorum(&self, pinned: &Pinned, header: &Header) -> Result<Quorum, Failure> {
        let unreached = ClientError::into_failure;
        let mut carried = self.carried(header.height)?;
        if carried.is_none() {
            let proof = newest(pinned, &self.client).map_err(unreached)?;
            if proof.header.height == header.height {
                return Ok(proof.quorum);
            }
            // It went on meanwhile.
            carried = self.carried(header.height)?;
        }
        carried.ok_or_else(|| self.red("BAD_QUORUM", header.height, "it shows no quorum for it"))
    }

    fn carried(&self, height: Height) -> Result<Option<Quorum>, Failure> {
        let next = self
            .client
            .block(height.next())
            .map_err(ClientError::into_failure)?;
        match next {
            None => Ok(None),
            Some(Ok(block)) => Ok(block.carried().cloned()),
            Some(Err(error)) => Err(self.red("BAD_BLOCK", height.next(), &error.to_string())),
        }
    }

    fn red(&self, code: &str, height: Height, why: &str) -> Failure {
        let node = self.client.address();
        Failure::new(
            Exit::Red,
            format_args!("block {height} of node {node}: {why}"),
        )
        .code(code)
        .with("height", height.to_string())
        .with("node", node)
        .hint(format_args!(
            "do not rely on this node; cites audit verify --node {node} says more"
        ))
    }
}

fn same(one: &Side, other: &Side, common: Height, block: Option<BlockId>) -> Answer {
    let mut page = Page::new();
    page.heading(
        Light::Green,
        "SAME",
        &format!("both nodes have the same chain up to height {common}"),
    );
    for side in [one, other] {
        page.field(
            "node",
            &format!("{}, height {}", side.client.address(), side.height),
        );
    }
    if let Some(block) = block {
        page.field("block", &hash_text(&block));
    }
    let gap = one.height.0.abs_diff(other.height.0);
    let behind = if one.height < other.height {
        one
    } else {
        other
    };
    let blocks = if gap == 1 { "block" } else { "blocks" };
    let told = if gap == 0 {
        "neither".to_owned()
    } else {
        format!("{}, by {gap} {blocks}", behind.client.address())
    };
    page.field("behind", &told);
    page.field(
        "unchecked",
        "whether the chain holds: cites audit verify --node URL",
    );
    let nodes: Vec<Value> = [one, other]
        .into_iter()
        .map(|side| json!({"node": side.client.address(), "height": side.height.to_string()}))
        .collect();
    let name = (gap > 0).then(|| behind.client.address());
    Answer::new("cites.comparison/1", page)
        .with("same_to", common.to_string())
        .with("block", block.map(|block| hash_text(&block)))
        .with("nodes", nodes)
        .with("behind", name)
        .with("behind_by", gap.to_string())
}

/// Two headers at the first height that differs: a fork, or one of the nodes shows what is not final.
fn differ(pinned: &Pinned, sides: &[Side; 2], first: Header, second: Header) -> Failure {
    let [one, other] = sides;
    let height = first.height;
    let Some(validators) = validators(pinned, &first) else {
        return one.red(
            "BAD_VALIDATORS",
            height,
            "it names validators that this device does not know",
        );
    };
    let show = |side: &Side, header: Header| {
        let quorum = side.quorum(pinned, &header)?;
        let shown = FinalHeader { header, quorum };
        shown
            .check(pinned.chain, &validators)
            .map_err(|error| side.red(code(error), height, &error.to_string()))?;
        Ok(shown)
    };
    let both = show(one, first).and_then(|first| Ok((first, show(other, second)?)));
    match both {
        Ok((first, second)) => forked(
            pinned,
            sides,
            &Fork {
                version: FORK_VERSION,
                validators,
                one: first,
                other: second,
            },
        ),
        Err(failure) => failure,
    }
}

const fn code(error: NoFork) -> &'static str {
    match error {
        NoFork::Version(_) | NoFork::NotTwo | NoFork::QuorumOfAnother | NoFork::Quorum(_) => {
            "BAD_QUORUM"
        }
        NoFork::Validators => "BAD_VALIDATORS",
    }
}

/// The validators that a header names, if this device knows them: from genesis, or from a checkpoint.
fn validators(pinned: &Pinned, header: &Header) -> Option<ValidatorSet> {
    let trust = pinned.trust(None);
    let mut known = trust.anchors.into_iter().map(|anchor| anchor.validators);
    known.find(|set| set.digest() == header.validators)
}

fn forked(pinned: &Pinned, sides: &[Side; 2], fork: &Fork) -> Failure {
    let height = fork.height();
    let signers = match fork.check(pinned.chain) {
        Ok(signers) => signers,
        Err(error) => return Failure::new(Exit::Failed, error),
    };
    let parties: Vec<String> = signers
        .iter()
        .map(|signer| signer.party.to_string())
        .collect();
    let path = PathBuf::from(format!("fork-{height}.cites"));
    let saved = save(&path, &fork.encode());
    let [one, other] = sides;
    let shown = |side: &Side, shown: &FinalHeader| {
        json!({
            "node": side.client.address(), "block": hash_text(&shown.header.id()),
            "round": shown.quorum.round.0, "signatures": shown.quorum.signatures.len(),
        })
    };
    let line = |side: &Side, shown: &FinalHeader| {
        format!(
            "{} has {}, round {}, {} signatures",
            side.client.address(),
            shown.header.id(),
            shown.quorum.round,
            shown.quorum.signatures.len()
        )
    };
    let rounds = if fork.one.quorum.round == fork.other.quorum.round {
        "in one round, which no honest node does"
    } else {
        "in different rounds"
    };
    let mut errors = vec![
        format!(
            "two final blocks at height {height}; up to height {} the chains are the same",
            height.0.saturating_sub(1)
        ),
        line(one, &fork.one),
        line(other, &fork.other),
        format!("signed both, {rounds}: {}", parties.join(", ")),
    ];
    let file = match saved {
        Ok(()) => Value::from(path.display().to_string()),
        Err(error) => {
            errors.push(format!("`{}` was not written: {error}", path.display()));
            Value::Null
        }
    };
    Failure::all(Exit::Red, errors)
        .code("FORK")
        .with("height", height.to_string())
        .with("blocks", vec![shown(one, &fork.one), shown(other, &fork.other)])
        .with("signed_both", parties)
        .with("evidence", file)
        .hint(format_args!(
            "accept nothing by either; send {} to the other Parties: cites inspect checks it without a node",
            path.display()
        ))
}

/// Evidence is never written over: the same bytes may lie there already, others are kept.
fn save(path: &std::path::Path, bytes: &[u8]) -> std::io::Result<()> {
    match files::write(path, bytes, Readers::Everybody, Existing::Keep) {
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
            if files::read(path, bytes.len()).is_ok_and(|found| found == bytes) {
                Ok(())
            } else {
                Err(error)
            }
        }
        written => written,
    }
}

//! Blocks in order, fetched ahead by a few threads that also check signatures, which is most of the work.
//!
//! What they find is only remembered: the audit asks for each signature again, and where the key turns out to
//! be another than genesis names, it is checked anew.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;
use std::time::Duration;

use genesis::Genesis;
use ledger::block::{Block, BlockError};
use ledger::digest::{ChainId, Digest, sha256};
use ledger::key::{PublicKey, Signature};
use ledger::party::{Algorithm, Height, OfficeNumber, PartyCode};
use ledger::quorum::ValidatorSet;
use ledger::signed::{Claim, SignatureCheck};

use crate::client::{Client, ClientError};

/// Blocks that each thread may be ahead.
const AHEAD: usize = 4;
/// Threads at most: what a node should bear from one auditor.
const THREADS_MAX: usize = 8;
/// A busy node is asked so often.
const ATTEMPTS: u32 = 4;

/// Keys as genesis names them.
#[derive(Debug)]
pub(super) struct Hints<'g> {
    chain: ChainId,
    validators: &'g ValidatorSet,
    offices: BTreeMap<(PartyCode, OfficeNumber), PublicKey>,
}

impl<'g> Hints<'g> {
    pub(super) fn new(genesis: &'g Genesis) -> Self {
        let offices = genesis.members().iter().flat_map(|member| {
            // An office's number is its place.
            let numbered = (1..).map(OfficeNumber).zip(&member.offices);
            numbered.map(|(number, office)| ((member.code, number), office.key))
        });
        Self {
            chain: genesis.chain_id(),
            validators: genesis.validators(),
            offices: offices.collect(),
        }
    }

    fn check(&self, block: &Block) -> Seen {
        let gather = Gather::default();
        for signed in block.records() {
            let record = signed.record();
            let key = |office| {
                let key = self.offices.get(&(record.author, office))?;
                Some((Algorithm::Ed25519, *key))
            };
            let keys: Option<Vec<_>> = record.offices.iter().map(|office| key(*office)).collect();
            if let Some(keys) = keys {
                // What does not verify is not remembered, and the audit will say so.
                let _judged_later = Arc::clone(signed).verify(&keys, &gather);
            }
        }
        if let Some(quorum) = block.carried() {
            let _judged_later = quorum.check_by(&gather, self.chain, self.validators);
        }
        Seen(gather.0.into_inner())
    }
}

/// Names of signatures that verified.
#[derive(Debug, Default)]
pub(super) struct Seen(BTreeSet<Digest>);

impl SignatureCheck for Seen {
    fn verifies(&self, claim: &Claim<'_>) -> bool {
        self.0.contains(&claim.name()) || claim.holds()
    }

    fn vote_verifies(&self, key: &PublicKey, ballot: &[u8], signature: &Signature) -> bool {
        self.0.contains(&vote_name(key, ballot, signature)) || key.verifies(ballot, signature)
    }
}

/// Checks, and remembers what verified.
#[derive(Debug, Default)]
struct Gather(RefCell<BTreeSet<Digest>>);

impl SignatureCheck for Gather {
    fn verifies(&self, claim: &Claim<'_>) -> bool {
        let holds = claim.holds();
        if holds {
            self.0.borrow_mut().insert(claim.name());
        }
        holds
    }

    fn vote_verifies(&self, key: &PublicKey, ballot: &[u8], signature: &Signature) -> bool {
        let holds = key.verifies(ballot, signature);
        if holds {
            let name = vote_name(key, ballot, signature);
            self.0.borrow_mut().insert(name);
        }
        holds
    }
}

/// Names everything that the answer depends on; key and signature have fixed lengths.
fn vote_name(key: &PublicKey, ballot: &[u8], signature: &Signature) -> Digest {
    sha256(&[key.as_bytes().as_slice(), &signature.0, ballot].concat())
}

/// A block as it came; `None` where the node has none.
pub(super) type Fetched = Result<Option<(Result<Block, BlockError>, Seen)>, ClientError>;

/// Gives blocks 1 to `last` to `take`, in order, until it answers with an error.
pub(super) fn each<E>(
    client: &Client,
    hints: &Hints<'_>,
    last: Height,
    mut take: impl FnMut(Height, Fetched) -> Result<(), E>,
) -> Result<(), E> {
    let count = thread::available_parallelism().map_or(2, usize::from);
    let count = count.saturating_add(1).min(THREADS_MAX);
    thread::scope(|scope| {
        let lines: Vec<Receiver<Fetched>> = (0..count)
            .map(|first| {
                let (give, line) = sync_channel(AHEAD);
                let heights = (1..=last.0).skip(first).step_by(count);
                scope.spawn(move || fetch(client, hints, heights, &give));
                line
            })
            .collect();
        for (height, line) in (1..=last.0).zip(lines.iter().cycle()) {
            // A thread ends early only after an error, which ended this loop.
            let Ok(fetched) = line.recv() else { break };
            take(Height(height), fetched)?;
        }
        Ok(())
    })
}

fn fetch(
    client: &Client,
    hints: &Hints<'_>,
    heights: impl Iterator<Item = u64>,
    give: &SyncSender<Fetched>,
) {
    for height in heights {
        let fetched = patiently(|| client.block(Height(height)));
        let fetched = fetched.map(|found| {
            found.map(|block| {
                let seen = block
                    .as_ref()
                    .map(|block| hints.check(block))
                    .unwrap_or_default();
                (block, seen)
            })
        });
        let is_last = !matches!(&fetched, Ok(Some((Ok(_), _))));
        if give.send(fetched).is_err() || is_last {
            return;
        }
    }
}

/// Asks again where the node was busy: it may take an hour to be asked for everything.
fn patiently<T>(ask: impl Fn() -> Result<T, ClientError>) -> Result<T, ClientError> {
    let mut pause = Duration::from_millis(250);
    for _ in 1..ATTEMPTS {
        match ask() {
            Err(ClientError::Problem {
                status: 429 | 503, ..
            }) => {
                thread::sleep(pause);
                pause = pause.saturating_mul(2);
            }
            answer => return answer,
        }
    }
    ask()
}

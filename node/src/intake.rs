//! The one way in for records: HTTP, gossip and, at the start, the outbox.
//!
//! One thread, away from consensus and network, takes whatever has arrived meanwhile as one batch: it
//! checks signatures (each once in this node), lets the records wait for a block, makes those durable for
//! which this node answers (one flush for the batch), and only then acknowledges.

mod aside;
mod clerk;
mod signers;

use std::sync::Arc;
use std::thread;

use ledger::digest::RecordDigest;
use ledger::mempool::MempoolError;
use ledger::signed::{Signed, SignedError};
use ledger::state::admission::Inadmissible;
use tokio::sync::{mpsc, oneshot};

use crate::application::{Claims, Waiting};
use crate::gossip::Acceptance;
use crate::store::{RecordStatus, Store, StoreError};
use clerk::Clerk;

/// Records that wait for the thread; beyond it HTTP answers "busy" and gossip drops.
const QUEUE_MAX: usize = 4_096;

/// Why a record was not taken in. Nothing of it is kept.
#[derive(Debug, thiserror::Error)]
pub enum Rejected {
    /// Not a signed record.
    #[error("not a signed record: {0}")]
    Malformed(#[from] SignedError),
    /// May not enter a block.
    #[error(transparent)]
    Inadmissible(#[from] Inadmissible),
    /// No room; try again later.
    #[error(transparent)]
    Full(#[from] MempoolError),
    /// Too much at once; try again later.
    #[error("this node is busy; try again later")]
    Busy,
    /// The node could not read or write its store.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Where a record comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Origin {
    /// Somebody asks this node to bring it into a block, and will be promised so.
    Asked,
    /// Another node passed it on.
    Gossip,
    /// This node had it already: promised before it was stopped, kept aside, or waiting.
    Again,
}

/// What the thread is asked to do.
enum Task {
    /// Take in a record.
    Record(Job),
    /// Look again at what was kept aside: there is a new block.
    TipMoved,
    /// Send again what this node promised.
    SendAgain,
}

struct Job {
    signed: Arc<Signed>,
    origin: Origin,
    reply: oneshot::Sender<Result<(), Rejected>>,
}

/// The way in.
#[derive(Clone, Debug)]
pub struct Intake {
    tasks: mpsc::Sender<Task>,
    store: Arc<Store>,
    waiting: Arc<Waiting>,
}

impl Intake {
    /// Starts the thread. Records for which this node answers go to `outgoing` once they are durable.
    ///
    /// # Errors
    /// Where the outbox cannot be read or no thread can be started.
    pub fn start(
        store: Arc<Store>,
        waiting: Arc<Waiting>,
        claims: Arc<Claims>,
        outgoing: mpsc::Sender<Arc<Signed>>,
    ) -> eyre::Result<Self> {
        let promised = store.outbox_waiting()?;
        let (tasks, queue) = mpsc::channel(QUEUE_MAX);
        let intake = Self {
            tasks,
            store: Arc::clone(&store),
            waiting: Arc::clone(&waiting),
        };
        let clerk = Clerk::new(store, waiting, claims, outgoing);
        thread::Builder::new()
            .name("intake".into())
            .spawn(move || clerk.work(promised, queue))?;
        Ok(intake)
    }

    /// Takes in a record that somebody asks this node to bring into a block. When this returns `Ok`, the
    /// record is durable here: it will be in a block, or its author can learn why not. The same record
    /// twice gets the same answer.
    ///
    /// # Errors
    /// [`Rejected`].
    pub async fn submit(&self, bytes: &[u8]) -> Result<RecordDigest, Rejected> {
        let signed = Arc::new(Signed::decode(bytes)?);
        let digest = signed.digest();
        let known = self.store.record_status(&digest)?;
        match known {
            RecordStatus::Final { .. } | RecordStatus::Waiting => return Ok(digest),
            RecordStatus::NotIncluded(_) | RecordStatus::Unknown => {}
        }
        match self.ask(signed, Origin::Asked).await {
            // A block was quicker.
            Ok(()) | Err(Rejected::Inadmissible(Inadmissible::AlreadyLogged)) => Ok(digest),
            Err(why) => Err(why),
        }
    }

    /// Takes in a record that another node passed on.
    pub async fn hear(&self, bytes: &[u8]) -> Acceptance {
        let Ok(signed) = Signed::decode(bytes) else {
            return Acceptance::Reject;
        };
        if self.waiting.contains(&signed.digest()) {
            return Acceptance::Ignore;
        }
        match self.ask(Arc::new(signed), Origin::Gossip).await {
            Ok(()) => Acceptance::Accept,
            Err(Rejected::Inadmissible(why)) => blame(&why),
            Err(Rejected::Malformed(_)) => Acceptance::Reject,
            Err(Rejected::Full(_) | Rejected::Busy | Rejected::Store(_)) => Acceptance::Ignore,
        }
    }

    /// Waits until a record is final or never will be, but no longer than `deadline`.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn settled(
        &self,
        record: RecordDigest,
        deadline: tokio::time::Instant,
    ) -> Result<RecordStatus, StoreError> {
        let mut told = self.waiting.watch(record);
        loop {
            let is_late = tokio::time::Instant::now() >= deadline;
            // Whoever waits in memory need not ask the disk.
            if is_late || !self.waiting.contains(&record) {
                let status = self.store.record_status(&record)?;
                if is_late || status != RecordStatus::Waiting {
                    return Ok(status);
                }
            }
            // Told, out of time, or told of a change that was not in the store yet.
            let again = tokio::time::Instant::now() + std::time::Duration::from_secs(1);
            let is_told = tokio::time::timeout_at(deadline.min(again), &mut told).await;
            if is_told.is_ok() {
                told = self.waiting.watch(record);
            }
        }
    }

    /// Looks again at what is kept: there is a new block.
    pub fn tip_moved(&self) {
        // A thread with a full queue is awake, and looks by itself.
        let _busy = self.tasks.try_send(Task::TipMoved);
    }

    /// Sends the outbox to the other nodes again, a part of it each time, and makes sure that all of that part
    /// waits here.
    pub fn send_again(&self) {
        let _busy = self.tasks.try_send(Task::SendAgain);
    }

    async fn ask(&self, signed: Arc<Signed>, origin: Origin) -> Result<(), Rejected> {
        let (reply, answer) = oneshot::channel();
        let task = Task::Record(Job {
            signed,
            origin,
            reply,
        });
        self.tasks.try_send(task).map_err(|_| Rejected::Busy)?;
        answer.await.unwrap_or(Err(Rejected::Busy))
    }
}

/// Whether whoever passed a record on should have known better. States differ by a block or two between
/// honest nodes, and their clocks a little, so only what neither can mend is a fault.
const fn blame(why: &Inadmissible) -> Acceptance {
    if why.may_pass() {
        return Acceptance::Ignore;
    }
    match why {
        Inadmissible::WrongChain => Acceptance::Reject,
        // A key may have changed; a peer that sends many is judged by their number.
        Inadmissible::BadSignature => Acceptance::Doubt,
        Inadmissible::UnknownOffice(_)
        | Inadmissible::KeyInactive(_)
        | Inadmissible::AlreadyLogged
        // By this node's clock, which may be the wrong one.
        | Inadmissible::GoodTooLong(_)
        | Inadmissible::TooLate(_)
        | Inadmissible::MadeInFuture(_)
        | Inadmissible::Waits(_) => Acceptance::Ignore,
    }
}

#[cfg(test)]
mod tests;

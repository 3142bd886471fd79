//! The one way in for records: HTTP, gossip and, at the start, the outbox.
//!
//! One thread, away from consensus and network, takes whatever has arrived meanwhile as one batch: it
//! checks signatures (each once in this node), lets the records wait for a block, makes those durable for
//! which this node answers (one flush for the batch), and only then acknowledges.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::thread;
use std::time::{SystemTime, UNIX_EPOCH};

use consensus::replica::Tip;
use ledger::digest::RecordDigest;
use ledger::mempool::MempoolError;
use ledger::signed::{Signed, SignedError, Verified};
use ledger::state::At;
use ledger::state::admission::{AdmissionError, Inadmissible, KnownOffices};
use ledger::time::Timestamp;
use tokio::sync::{mpsc, oneshot};
use tracing::{error, info};

use crate::application::{Claims, Waiting};
use crate::gossip::Acceptance;
use crate::store::{RecordStatus, Store, StoreError};

/// Records that wait for the thread; beyond it HTTP answers "busy" and gossip drops.
const QUEUE_MAX: usize = 4_096;
/// Records of one batch: one flush serves them all.
const BATCH_MAX: usize = 512;
/// Records of the outbox that are sent again at a time.
const SENT_AGAIN_MAX: usize = 256;
/// Records kept aside because they may become admissible later.
const ASIDE_MAX: usize = 1_000;

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
    /// This node promised it before it was stopped.
    Outbox,
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
        let clerk = Clerk {
            store,
            waiting,
            claims,
            outgoing,
            aside: BTreeMap::new(),
            offices: KnownOffices::default(),
        };
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
        self.ask(signed, Origin::Asked).await.map(|()| digest)
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
        loop {
            let told = self.waiting.watch(record);
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
            let _told = tokio::time::timeout_at(deadline.min(again), told).await;
        }
    }

    /// Looks again at records that waited for others: there is a new block.
    pub fn tip_moved(&self) {
        // A full queue looks again by itself soon enough.
        let _busy = self.tasks.try_send(Task::TipMoved);
    }

    /// Sends the outbox to the other nodes again.
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
        Inadmissible::WrongChain | Inadmissible::GoodTooLong(_) => Acceptance::Reject,
        Inadmissible::UnknownOffice(_)
        | Inadmissible::KeyInactive(_)
        | Inadmissible::BadSignature
        | Inadmissible::AlreadyLogged
        | Inadmissible::TooLate(_)
        | Inadmissible::MadeInFuture(_)
        | Inadmissible::Waits(_) => Acceptance::Ignore,
    }
}

/// The thread's own things.
struct Clerk {
    store: Arc<Store>,
    waiting: Arc<Waiting>,
    claims: Arc<Claims>,
    outgoing: mpsc::Sender<Arc<Signed>>,
    /// Good records that wait for another record or for their time.
    aside: BTreeMap<RecordDigest, Arc<Signed>>,
    offices: KnownOffices,
}

impl Clerk {
    fn work(mut self, promised: Vec<Arc<Signed>>, mut queue: mpsc::Receiver<Task>) {
        info!(
            records = promised.len(),
            "records of the outbox are brought in again"
        );
        self.serve(
            promised
                .into_iter()
                .map(|signed| unasked(signed, Origin::Outbox))
                .collect(),
        );
        while let Some(first) = queue.blocking_recv() {
            let mut batch = Vec::new();
            let mut next = Some(first);
            while let Some(task) = next {
                match task {
                    Task::Record(job) => batch.push(job),
                    Task::TipMoved => {
                        let aside = std::mem::take(&mut self.aside).into_values();
                        batch.extend(aside.map(|signed| unasked(signed, Origin::Gossip)));
                    }
                    Task::SendAgain => self.send_again(),
                }
                next = (batch.len() < BATCH_MAX)
                    .then(|| queue.try_recv().ok())
                    .flatten();
            }
            self.serve(batch);
        }
    }

    fn send_again(&self) {
        match self.store.outbox_waiting() {
            Ok(promised) => {
                for signed in promised.into_iter().take(SENT_AGAIN_MAX) {
                    if self.outgoing.try_send(signed).is_err() {
                        break;
                    }
                }
            }
            Err(why) => error!(%why, "the outbox could not be read"),
        }
    }

    /// Checks a batch, makes durable what must be, then answers.
    fn serve(&mut self, batch: Vec<Job>) {
        let at = self.at();
        let mut good = Vec::new();
        for job in batch {
            match self.take_in(&at, &job) {
                Ok(()) => good.push(job),
                Err(why) => answer(job.reply, Err(why)),
            }
        }
        let asked = good.iter().filter(|job| job.origin == Origin::Asked);
        let promised: Vec<_> = asked.map(|job| Arc::clone(&job.signed)).collect();
        let stored = if promised.is_empty() {
            Ok(())
        } else {
            self.store.outbox_put(&promised)
        };
        if let Err(why) = &stored {
            error!(%why, "the outbox could not be written; nothing is acknowledged");
        }
        for Job {
            signed,
            origin,
            reply,
        } in good
        {
            if origin == Origin::Asked && stored.is_err() {
                answer(reply, Err(Rejected::Store(StoreError::Stopped)));
                continue;
            }
            if origin != Origin::Gossip && self.outgoing.try_send(signed).is_err() {
                // Gossip sends the outbox again until it is final.
                tracing::debug!("gossip is busy; the record is sent again later");
            }
            answer(reply, Ok(()));
        }
    }

    fn take_in(&mut self, at: &At, job: &Job) -> Result<(), Rejected> {
        let Self {
            store,
            offices,
            claims,
            ..
        } = self;
        match offices.admit(&**store, at, &job.signed, &**claims) {
            Ok(admitted) => self.let_wait(&admitted.record, job.origin),
            Err(AdmissionError::Inadmissible(why)) if why.may_pass() => self.put_aside(job, why),
            Err(AdmissionError::Inadmissible(why)) => Err(why.into()),
            Err(AdmissionError::Read(why)) => {
                Err(Rejected::Store(StoreError::Failed(why.to_string())))
            }
        }
    }

    fn let_wait(&self, verified: &Verified, origin: Origin) -> Result<(), Rejected> {
        match self.waiting.insert(verified) {
            // Heard by gossip before its author asked us: it still becomes a promise.
            Err(MempoolError::Waiting) if origin != Origin::Gossip => Ok(()),
            other => Ok(other?),
        }
    }

    fn put_aside(&mut self, job: &Job, why: Inadmissible) -> Result<(), Rejected> {
        // Kept whatever the limit where it is promised: the outbox bounds those.
        if job.origin == Origin::Gossip && self.aside.len() >= ASIDE_MAX {
            return Err(why.into());
        }
        self.aside
            .insert(job.signed.digest(), Arc::clone(&job.signed));
        Ok(())
    }

    fn at(&self) -> At {
        let tip: Arc<Tip> = self.store.tip();
        At {
            chain: self.store.chain(),
            height: tip.height().next(),
            time: now().max(tip.time()),
            log_size: tip.log.size,
        }
    }
}

fn unasked(signed: Arc<Signed>, origin: Origin) -> Job {
    let (reply, _nobody) = oneshot::channel();
    Job {
        signed,
        origin,
        reply,
    }
}

fn answer(reply: oneshot::Sender<Result<(), Rejected>>, result: Result<(), Rejected>) {
    // Whoever hung up is told nothing.
    let _gone = reply.send(result);
}

/// This node's clock.
fn now() -> Timestamp {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    Timestamp(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests;

//! The thread of the intake: one batch after the other, and the fate of every record that was promised.
//!
//! A promised record is in the mempool or kept aside until it is final or never will be. What came in again
//! (from aside, the outbox or the mempool) is the node's own copy: only such a copy decides about a promise,
//! for anybody can send the same record with a signature that does not verify.

use std::sync::Arc;

use consensus::replica::Tip;
use ledger::digest::RecordDigest;
use ledger::limits::MEMPOOL_RECORDS_MAX;
use ledger::mempool::MempoolError;
use ledger::party::Height;
use ledger::record::Record;
use ledger::signed::{Signed, Verified};
use ledger::state::admission::{AdmissionError, Inadmissible, KnownOffices};
use ledger::state::{At, View as _};
use tokio::sync::{mpsc, oneshot};
use tracing::{debug, error, info};

use super::aside::{self, Aside};
use super::signers::Signers;
use super::{Job, Origin, Rejected, Task};
use crate::application::{Claims, Waiting};
use crate::clock::now;
use crate::store::{NotIncluded, Store, StoreError};

/// Records of one batch: one flush serves them all.
const BATCH_MAX: usize = 512;
/// Records of the outbox that are sent again at a time; the next time goes on after them.
const SENT_AGAIN_MAX: usize = 256;
/// Records that this node promises at a time, in all: what may wait, and what may be kept aside.
const PROMISED_MAX: usize = MEMPOOL_RECORDS_MAX + aside::RECORDS_MAX;

/// The thread's own things.
pub(super) struct Clerk {
    store: Arc<Store>,
    waiting: Arc<Waiting>,
    claims: Arc<Claims>,
    outgoing: mpsc::Sender<Arc<Signed>>,
    aside: Aside,
    offices: KnownOffices,
    signers: Signers,
    /// The height for which everything that is kept was last looked through.
    looked_for: Height,
    /// The last record of the outbox that was sent again; none, to begin anew.
    last_sent: Option<RecordDigest>,
}

/// Where a record waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Mempool,
    Aside,
}

/// What a batch decided about records that were promised, or that wait.
#[derive(Default)]
struct Ended {
    settled: Vec<(RecordDigest, NotIncluded)>,
    gone: Vec<RecordDigest>,
}

impl Clerk {
    pub(super) fn new(
        store: Arc<Store>,
        waiting: Arc<Waiting>,
        claims: Arc<Claims>,
        outgoing: mpsc::Sender<Arc<Signed>>,
    ) -> Self {
        Self {
            store,
            waiting,
            claims,
            outgoing,
            aside: Aside::default(),
            offices: KnownOffices::default(),
            signers: Signers::default(),
            looked_for: Height::ZERO,
            last_sent: None,
        }
    }

    /// Works until nobody can ask any more, beginning with what was promised before.
    pub(super) fn work(mut self, promised: Vec<Arc<Signed>>, mut queue: mpsc::Receiver<Task>) {
        info!(
            records = promised.len(),
            "records of the outbox are brought in again"
        );
        self.serve(again(promised).collect());
        while let Some(first) = queue.blocking_recv() {
            let mut batch = Vec::new();
            let mut looks = false;
            let mut next = Some(first);
            while let Some(task) = next {
                match task {
                    Task::Record(job) => batch.push(job),
                    // Whatever wakes the thread, it looks whether the tip has moved.
                    Task::TipMoved => {}
                    Task::SendAgain => looks = true,
                }
                next = (batch.len() < BATCH_MAX)
                    .then(|| queue.try_recv().ok())
                    .flatten();
            }
            batch.extend(again(self.due(looks)));
            if looks {
                batch.extend(again(self.send_again()));
            }
            self.serve(batch);
        }
    }

    /// What must be judged again, after a new block or where `looks`: records aside whose time may have come,
    /// and all whose office has changed.
    fn due(&mut self, looks: bool) -> Vec<Arc<Signed>> {
        let at = self.at(&self.store.tip());
        let is_new = std::mem::replace(&mut self.looked_for, at.height) != at.height;
        if !is_new && !looks {
            return Vec::new();
        }
        let changed = self.signers.take_changed(&*self.store, at.height);
        let is_changed = |record: &Record| {
            let mut offices = record.offices.iter();
            !changed.is_empty() && offices.any(|office| changed.contains(&(record.author, *office)))
        };
        let is_logged = |after: &RecordDigest| !matches!(self.store.log_index(after), Ok(None));
        let mut due = self.aside.take_due(&at, is_logged, is_changed);
        if !changed.is_empty() {
            let waiting = self.waiting.all().into_iter();
            due.extend(waiting.filter(|signed| is_changed(signed.record())));
        }
        due
    }

    /// Sends a part of the outbox again, and returns what of it waits nowhere: nothing that was promised ends
    /// in silence, whatever it was dropped for.
    fn send_again(&mut self) -> Vec<Arc<Signed>> {
        let found = self
            .store
            .outbox_after(self.last_sent.as_ref(), SENT_AGAIN_MAX);
        let promised = match found {
            Ok(promised) => promised,
            Err(why) => {
                error!(%why, "the outbox could not be read");
                return Vec::new();
            }
        };
        let is_end = promised.len() < SENT_AGAIN_MAX;
        let mut is_busy = false;
        let mut lost = Vec::new();
        for signed in promised {
            let digest = signed.digest();
            if !self.waiting.contains(&digest) && !self.aside.contains(&digest) {
                lost.push(Arc::clone(&signed));
            }
            is_busy = is_busy || self.outgoing.try_send(signed).is_err();
            if !is_busy {
                self.last_sent = Some(digest);
            }
        }
        if is_end && !is_busy {
            self.last_sent = None;
        }
        lost
    }

    /// Checks a batch, makes durable what must be, then answers.
    fn serve(&mut self, batch: Vec<Job>) {
        if batch.is_empty() {
            return;
        }
        let tip = self.store.tip();
        let at = self.at(&tip);
        let mut good = Vec::new();
        let mut ended = Ended::default();
        for job in batch {
            match self.take_in(&at, &job) {
                Ok(place) => good.push((job, place)),
                Err(why) => {
                    if job.origin == Origin::Again {
                        self.part_with(&job.signed, &why, &tip, &mut ended);
                    }
                    answer(job.reply, Err(why));
                }
            }
        }
        let stored = self.promise(&good);
        self.end(&ended);
        self.drop_logged(&good, &tip);
        for (job, place) in good {
            let Job {
                signed,
                origin,
                reply,
            } = job;
            if origin == Origin::Asked && stored.is_err() {
                answer(reply, Err(Rejected::Store(StoreError::Stopped)));
                continue;
            }
            let is_own = match origin {
                Origin::Asked => true,
                Origin::Again => {
                    place == Place::Mempool && self.store.is_in_outbox(&signed.digest())
                }
                Origin::Gossip => false,
            };
            if is_own && self.outgoing.try_send(signed).is_err() {
                debug!("gossip is busy; the record is sent again later");
            }
            answer(reply, Ok(()));
        }
    }

    /// Lets a record wait, in the mempool or aside.
    fn take_in(&mut self, at: &At, job: &Job) -> Result<Place, Rejected> {
        let Self {
            store,
            offices,
            claims,
            ..
        } = self;
        if job.origin == Origin::Asked && store.outbox_len() >= PROMISED_MAX {
            return Err(MempoolError::Full.into());
        }
        match offices.admit(&**store, at, &job.signed, &**claims) {
            Ok(admitted) => self.let_wait(&admitted.record, job.origin),
            Err(AdmissionError::Inadmissible(why)) if why.may_pass() => self.put_aside(job, why),
            Err(AdmissionError::Inadmissible(why)) => Err(why.into()),
            Err(AdmissionError::Read(why)) => {
                Err(Rejected::Store(StoreError::Failed(why.to_string())))
            }
        }
    }

    fn let_wait(&mut self, verified: &Verified, origin: Origin) -> Result<Place, Rejected> {
        self.signers.note(&*self.store, verified.record());
        match self.waiting.insert(verified) {
            // Heard by gossip before its author asked us: it still becomes a promise.
            Err(MempoolError::Waiting) if origin != Origin::Gossip => {}
            other => other?,
        }
        self.aside.remove(&verified.digest());
        Ok(Place::Mempool)
    }

    /// Keeps a record whose signatures verified.
    fn put_aside(&mut self, job: &Job, why: Inadmissible) -> Result<Place, Rejected> {
        let Job { signed, origin, .. } = job;
        self.signers.note(&*self.store, signed.record());
        match origin {
            Origin::Asked => self.aside.add(signed, why)?,
            Origin::Again if self.store.is_in_outbox(&signed.digest()) => {
                self.aside.keep(signed, Some(why));
            }
            Origin::Gossip | Origin::Again => {
                self.aside.add_heard(signed, why).map_err(|_full| why)?;
            }
        }
        Ok(Place::Aside)
    }

    /// The node's own copy of a record may not wait, or not now. Where it was promised, its author learns why
    /// it never will be in a block, or it is kept.
    fn part_with(&mut self, signed: &Arc<Signed>, why: &Rejected, tip: &Tip, ended: &mut Ended) {
        let digest = signed.digest();
        let mut outcome = None;
        let mut kept_for = None;
        if let Rejected::Inadmissible(why) = why {
            ended.gone.push(digest);
            outcome = NotIncluded::for_ever(why, tip.time());
            kept_for = Some(*why);
        }
        match outcome {
            Some(outcome) => ended.settled.push((digest, outcome)),
            None if self.store.is_in_outbox(&digest) => self.aside.keep(signed, kept_for),
            None => {}
        }
    }

    /// Makes durable what was asked for: one flush.
    fn promise(&self, good: &[(Job, Place)]) -> Result<(), StoreError> {
        let asked = good.iter().filter(|(job, _)| job.origin == Origin::Asked);
        let promised: Vec<_> = asked.map(|(job, _)| Arc::clone(&job.signed)).collect();
        if promised.is_empty() {
            return Ok(());
        }
        let stored = self.store.outbox_put(&promised);
        if let Err(why) = &stored {
            error!(%why, "the outbox could not be written; nothing is acknowledged");
        }
        stored
    }

    fn end(&self, ended: &Ended) {
        for (record, outcome) in &ended.settled {
            debug!(%record, code = outcome.code(), "a record will never be in a block");
        }
        if let Err(why) = self.store.outbox_settle(&ended.settled) {
            // They stay promised on disk; the node stops at its next block, and finds them when it starts.
            error!(%why, "the outbox could not be written");
        }
        if !ended.gone.is_empty() {
            self.waiting.remove(&ended.gone);
        }
    }

    /// A block that was committed meanwhile told the mempool to forget its records before these came in.
    fn drop_logged(&mut self, good: &[(Job, Place)], judged_on: &Tip) {
        if self.store.tip().block == judged_on.block {
            return;
        }
        let records = good.iter().map(|(job, _)| job.signed.digest());
        let is_logged = |record: &RecordDigest| matches!(self.store.log_index(record), Ok(Some(_)));
        let logged: Vec<_> = records.filter(is_logged).collect();
        for record in &logged {
            self.aside.remove(record);
        }
        self.waiting.remove(&logged);
    }

    fn at(&self, tip: &Tip) -> At {
        At {
            chain: self.store.chain(),
            height: tip.height().next(),
            time: now().max(tip.time()),
            log_size: tip.log.size,
        }
    }
}

/// Jobs that nobody waits for.
fn again(records: Vec<Arc<Signed>>) -> impl Iterator<Item = Job> {
    records.into_iter().map(|signed| {
        let (reply, _nobody) = oneshot::channel();
        Job {
            signed,
            origin: Origin::Again,
            reply,
        }
    })
}

fn answer(reply: oneshot::Sender<Result<(), Rejected>>, result: Result<(), Rejected>) {
    // Whoever hung up is told nothing.
    let _gone = reply.send(result);
}

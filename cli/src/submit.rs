//! From a statement to its receipt: signs, sends, waits, and has the outcome proven.

mod kept;
mod told;

use std::time::{Duration, Instant};

use ledger::limits::GOOD_UNTIL_MS_MAX;
use ledger::quorum::PROTOCOL_VERSION;
use ledger::reason::{Light, Reason};
use ledger::record::{PermitKey, Record, Statement};
use ledger::signed::Signed;
use ledger::state::PermitState;
use serde_json::{Value, json};

use self::kept::Way;
use self::told::limit;
pub(crate) use self::told::{act_json, cause, hash_text, receipt_json};
use crate::arguments::{Sending, Wait};
use crate::client::{Client, ClientError, Receipt, Standing, pause};
use crate::desk::Desk;
use crate::evidence::{Evidence, Shown};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::office::Author;
use crate::print::{Answer, Page};
use crate::trust::Pinned;

/// A record may wait this long for a block: a weak line delays it, and it does not wait for ever.
const GOOD_FOR_MS: u64 = 30 * 24 * 60 * 60 * 1000;
const _: () = assert!(GOOD_FOR_MS < GOOD_UNTIL_MS_MAX);

/// A proof is waited for at least this long, or as long as a call may take.
const PROOF_WAIT_MIN: Duration = Duration::from_secs(5);

/// A statement by an office, on its way.
#[derive(Debug)]
pub(crate) struct Submission {
    /// How the permit is called here.
    pub(crate) name: String,
    /// The permit, or what stands for the author's registers.
    pub(crate) permit: PermitKey,
    /// The signed record.
    pub(crate) signed: Signed,
    sending: Sending,
}

/// What an office wants to have done.
#[derive(Debug)]
pub(crate) struct Errand<'a> {
    /// How its subject is called.
    pub(crate) name: String,
    /// What is stated.
    pub(crate) statement: Statement,
    /// What is asked before it is sent, where it cannot be undone.
    pub(crate) question: Option<String>,
    /// The line that tells it is done.
    pub(crate) done: &'a str,
}

/// What became of it.
#[derive(Debug)]
pub(crate) struct Sent {
    /// Height of its block; absent while it waits.
    pub(crate) receipt: Option<Receipt>,
    /// The proof, where the outcome is proven.
    pub(crate) evidence: Option<Evidence>,
    /// The permit as proven afterwards.
    pub(crate) state: Option<PermitState>,
    /// Voting power that signed, and all.
    pub(crate) signed_power: (u64, u64),
    /// From the first byte sent to the answer.
    pub(crate) took: Duration,
}

impl Submission {
    /// Makes and signs the record.
    pub(crate) fn sign(
        desk: &Desk,
        pinned: &Pinned,
        author: &Author,
        name: String,
        statement: Statement,
        sending: &Sending,
    ) -> Result<Self, Failure> {
        let now = desk.now();
        let record = Record {
            version: PROTOCOL_VERSION,
            chain: pinned.chain,
            author: author.party,
            offices: vec![author.office],
            statement,
            made_at: now,
            checkpoint: pinned.checkpoint(),
            after: sending.after,
            good_until: now.plus_ms(GOOD_FOR_MS),
            nonce: desk.random()?,
        };
        let permit = record.statement.subject(author.party);
        let signed = Signed::sign(&record, &[&author.key]).map_err(|error| {
            Failure::new(
                Exit::NotAPermit,
                format_args!("this cannot be stated: {error}"),
            )
        })?;
        Ok(Self {
            name,
            permit,
            signed,
            sending: sending.clone(),
        })
    }

    /// Signs, asks where the act cannot be undone, sends, and tells what became of it: for acts with nothing more to
    /// say than that they are done.
    pub(crate) fn carry_out(
        desk: &Desk,
        pinned: &mut Pinned,
        author: &Author,
        act: Errand<'_>,
        sending: &Sending,
    ) -> Result<Answer, Failure> {
        let submission = Self::sign(desk, pinned, author, act.name, act.statement, sending)?;
        if sending.dry_run {
            return Ok(submission.dry());
        }
        if let Some(question) = &act.question {
            desk.confirm(question)?;
        }
        let sent = match submission.send_or_keep(desk, pinned)? {
            Way::Sent(sent) => *sent,
            Way::Kept(answer) => return Ok(*answer),
        };
        let mut answer = submission.answer(desk, &sent);
        if sent.receipt.is_some() {
            answer.page.text(act.done);
        }
        Ok(answer)
    }

    /// Sends it and waits as asked. A refusal by the ledger is a failure with exit 6.
    pub(crate) fn send(&self, desk: &Desk, pinned: &mut Pinned) -> Result<Sent, Failure> {
        let client = desk.client()?;
        let start = Instant::now();
        let deadline = start + client.timeout();
        let standing = self.stand(&client, deadline)?;
        let took = start.elapsed();
        let receipt = match standing {
            Standing::Waiting if self.sending.wait == Wait::Accepted => {
                return Ok(Sent {
                    receipt: None,
                    evidence: None,
                    state: None,
                    signed_power: (0, 0),
                    took,
                });
            }
            Standing::Waiting => return Err(self.not_final("it is not final yet")),
            Standing::NotIncluded(code) => {
                return Err(self
                    .failure(Exit::Refused, format_args!("not included: {code}"))
                    .code(code));
            }
            Standing::Final(receipt) => receipt,
        };
        let mut sent = self.prove(desk, pinned, &client, &receipt, deadline)?;
        sent.took = took;
        match receipt.refused {
            Some(reason) => {
                let failure = self.refused(desk, &receipt, reason, sent.state.as_ref());
                // In full, as the node explains it now: the code that counts is the receipt's.
                Err(match client.judge(&self.record_bytes()) {
                    Ok(judgement) => failure.with("broken", judgement.broken),
                    Err(_) => failure,
                })
            }
            None => Ok(sent),
        }
    }

    /// Submits, and asks again until it is decided or the time is over.
    fn stand(&self, client: &Client, deadline: Instant) -> Result<Standing, Failure> {
        let wait = match self.sending.wait {
            // The node answers a little before this side gives up.
            Wait::Final => Some(client.timeout().saturating_sub(Duration::from_millis(500))),
            Wait::Accepted => None,
        };
        let mut last = match client.submit(self.signed.bytes(), wait) {
            Ok(standing) => Ok(standing),
            // It may have arrived all the same: sending twice is harmless, giving up in silence is not.
            Err(
                error @ (ClientError::Cut { .. }
                | ClientError::Nonsense { .. }
                | ClientError::TooLarge { .. }),
            ) => Err(error),
            Err(error @ (ClientError::Unreachable { .. } | ClientError::Problem { .. })) => {
                return Err(error.into_failure().with("record", named(&self.signed)));
            }
        };
        while self.sending.wait == Wait::Final
            && !matches!(last, Ok(Standing::Final(_) | Standing::NotIncluded(_)))
        {
            if !pause(deadline) {
                break;
            }
            let left = deadline
                .saturating_duration_since(Instant::now())
                .max(Duration::from_millis(100));
            match client.record(&self.signed.digest(), left) {
                Ok(standing) => last = Ok(standing),
                Err(error) if last.is_err() => last = Err(error),
                Err(_) => {}
            }
        }
        last.map_err(|error| self.not_final(&error.to_string()).with("answered", false))
    }

    /// Has the node prove what it says.
    fn prove(
        &self,
        desk: &Desk,
        pinned: &mut Pinned,
        client: &Client,
        receipt: &Receipt,
        deadline: Instant,
    ) -> Result<Sent, Failure> {
        // The proof is a moment behind the receipt; the time given is for both, and then a little.
        let deadline = deadline.max(Instant::now() + client.timeout().min(PROOF_WAIT_MIN));
        loop {
            let record = self.signed.digest();
            let fetched = Evidence::fetch_with(pinned, client, &self.permit, &record);
            let is_late = match &fetched {
                Ok(evidence) => evidence
                    .proof()
                    .is_some_and(|proof| proof.header.height < receipt.height),
                Err(_) => true,
            };
            if is_late && pause(deadline) {
                continue;
            }
            let evidence = fetched.map_err(|error| {
                self.not_final(&format!(
                    "the node says it is final at height {}, and gives no proof: {error}",
                    receipt.height
                ))
            })?;
            return self.weigh(desk, pinned, evidence, receipt);
        }
    }

    fn weigh(
        &self,
        desk: &Desk,
        pinned: &mut Pinned,
        evidence: Evidence,
        receipt: &Receipt,
    ) -> Result<Sent, Failure> {
        let verdict = evidence.judge(desk, pinned, self.permit, None)?;
        let holds = verdict
            .as_of
            .is_some_and(|as_of| as_of.height >= receipt.height);
        let state = verdict.state.clone();
        let shown = evidence.outcome_of(&self.signed.digest(), state.as_ref());
        // Also a refusal: a node that only says so could keep the signed record, and log it later.
        let agrees = match (receipt.refused, shown) {
            (None, Shown::Applied) => true,
            (Some(said), Shown::Refused(reason)) => said == reason,
            (None, Shown::Refused(_) | Shown::Nothing)
            | (Some(_), Shown::Applied | Shown::Nothing) => false,
        };
        if !holds || !agrees {
            let codes: Vec<&str> = verdict
                .findings
                .iter()
                .map(|finding| finding.reason.code())
                .collect();
            let said = format!(
                "the node says it is final at height {}, and its proof does not show that ({})",
                receipt.height,
                codes.join(", ")
            );
            return Err(self.not_final(&said).code("NOT_PROVEN"));
        }
        Ok(Sent {
            receipt: Some(*receipt),
            evidence: Some(evidence),
            state,
            signed_power: verdict.signed_power,
            took: Duration::ZERO,
        })
    }

    /// What `--dry-run` answers.
    pub(crate) fn dry(&self) -> Answer {
        let mut page = Page::new();
        page.text(&format!(
            "signed   {} of {}; nothing was sent",
            self.statement(),
            self.name
        ));
        page.text(&format!("record   {}", named(&self.signed)));
        let answer = Answer::new("cites.record/1", page)
            .with("status", "signed")
            .with("statement", self.statement())
            .with("permit", self.permit_json())
            .with("record", named(&self.signed));
        match &self.signed.record().statement {
            // Its secret is not kept: were it submitted, nobody could ever show what was issued.
            Statement::Issue(_) => answer,
            Statement::Endorse(_)
            | Statement::Sight(_)
            | Statement::Import(_)
            | Statement::Refuse(_)
            | Statement::Cancel(_)
            | Statement::Consent(_)
            | Statement::Cross(_)
            | Statement::Correct(_)
            | Statement::PaperSeen(_)
            | Statement::RevokeRange(_)
            | Statement::Quota(_)
            | Statement::Operation(_)
            | Statement::Suspend(_) => {
                answer.with("bytes", ledger::digest::hex(self.signed.bytes()))
            }
        }
    }

    /// What a record that was applied answers, or one that waits.
    pub(crate) fn answer(&self, desk: &Desk, sent: &Sent) -> Answer {
        let seconds = format!(
            "{}.{:02}",
            sent.took.as_secs(),
            sent.took.subsec_millis() / 10
        );
        let mut page = Page::new();
        let status = match &sent.receipt {
            Some(receipt) => {
                let (signed, all) = sent.signed_power;
                let signers = if all == 0 {
                    String::new()
                } else {
                    format!(", {signed} of {all} votes signed")
                };
                page.text(&format!(
                    "final    height {}, {seconds} s{signers}",
                    receipt.height
                ));
                "final"
            }
            None => {
                page.text(&format!("accepted {}; not final yet", self.name));
                page.text(&format!("ask      cites record {}", self.signed.digest()));
                "accepted"
            }
        };
        if desk.flags.verbose {
            page.text(&format!("record   {}", named(&self.signed)));
        }
        let mut answer = Answer::new("cites.record/1", page)
            .with("status", status)
            .with("statement", self.statement())
            .with("permit", self.permit_json())
            .with("record", named(&self.signed))
            .with(
                "took_ms",
                u64::try_from(sent.took.as_millis()).unwrap_or(u64::MAX),
            );
        if let Some(receipt) = &sent.receipt {
            answer = answer.with("receipt", receipt_json(receipt));
            let words = |reason: Reason| {
                let code = reason.code();
                format!(
                    "{} [{code}]",
                    desk.words.text(&format!("reason.{code}.text"))
                )
            };
            // What is common and lawful is noted in the receipt, and nobody is warned of it.
            let doubts = receipt.warnings.iter();
            let doubts = doubts.filter(|doubt| doubt.light() != Light::Green);
            answer.warnings = doubts.map(words).collect();
        }
        answer
    }

    fn record_bytes(&self) -> Vec<u8> {
        ledger::codec::encode(self.signed.record())
    }

    fn statement(&self) -> &'static str {
        self.signed.record().statement.as_str()
    }

    /// How the permit is called, as an object.
    pub(crate) fn permit_json(&self) -> Value {
        json!({"name": self.name, "party": self.permit.issuer.as_str(), "number_hash": hash_text(&self.permit.number)})
    }

    fn failure(&self, exit: Exit, error: impl std::fmt::Display) -> Failure {
        Failure::new(exit, error)
            .schema("cites.record/1")
            .with("statement", self.statement())
            .with("permit", self.permit_json())
            .with("record", named(&self.signed))
    }

    fn not_final(&self, why: &str) -> Failure {
        self.failure(Exit::NotFinal, format_args!("submitted, but {why}"))
            .code("PENDING")
            .with("status", "unknown")
            .hint(format_args!(
                "ask again: cites record {}",
                self.signed.digest()
            ))
    }

    fn refused(
        &self,
        desk: &Desk,
        receipt: &Receipt,
        reason: Reason,
        state: Option<&PermitState>,
    ) -> Failure {
        let act = state.and_then(|state| cause(reason, state));
        let who = act.map(|act| {
            let port = act
                .port
                .map(|port| format!(" at {port}"))
                .unwrap_or_default();
            format!("by {}{port}, height {}", act.party, act.height)
        });
        let code = reason.code();
        let words = desk.words.fill(
            &format!("reason.{code}.text"),
            &[("height", &receipt.height.to_string()), ("time", "")],
        );
        let limit = state.and_then(|state| limit(&self.signed.record().statement, reason, state));
        let detail = who.or(limit).unwrap_or(words);
        self.failure(Exit::Refused, format_args!("refused {code}: {detail}"))
            .code(code)
            .with("status", "final")
            .with("receipt", receipt_json(receipt))
            .with_all(act.map(act_json).unwrap_or_default())
            .hint(desk.words.text(&format!("reason.{code}.next")))
    }
}

fn named(signed: &Signed) -> String {
    format!("sha256:{}", signed.digest())
}

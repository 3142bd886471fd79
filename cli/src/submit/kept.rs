//! A record that no node took: kept on this device for later, and told so.

use ledger::reason::Light;
use ledger::record::Statement;
use ledger::signed::Signed;
use serde_json::json;

use super::{Sent, Submission, named};
use crate::arguments::{Sending, Wait};
use crate::desk::Desk;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::print::{Answer, Page};
use crate::queue::{Queue, State};
use crate::trust::Pinned;

/// Which way a record went.
#[derive(Debug)]
pub(super) enum Way {
    /// To a node, which took it.
    Sent(Box<Sent>),
    /// Into the queue of this device.
    Kept(Box<Answer>),
}

impl Submission {
    /// A record of the queue, to be sent as it was signed.
    pub(crate) fn again(name: String, signed: Signed) -> Self {
        let record = signed.record();
        Self {
            name,
            permit: record.statement.subject(record.author),
            signed,
            sending: Sending {
                dry_run: false,
                wait: Wait::Final,
                after: None,
            },
        }
    }

    /// Sends it; an act of customs at the border is kept where no node answers. The goods stand there now, and what
    /// was done with them must not be forgotten.
    pub(super) fn send_or_keep(&self, desk: &Desk, pinned: &mut Pinned) -> Result<Way, Failure> {
        let can_wait = matches!(
            self.signed.record().statement,
            Statement::Endorse(_)
                | Statement::Sight(_)
                | Statement::Import(_)
                | Statement::Refuse(_)
        );
        if can_wait && desk.flags.offline {
            return self.keep(desk, None);
        }
        match self.send(desk, pinned) {
            Err(failure) if can_wait && failure.is_unanswered() => self.keep(desk, Some(&failure)),
            sent => sent.map(|sent| Way::Sent(Box::new(sent))),
        }
    }

    fn keep(&self, desk: &Desk, silence: Option<&Failure>) -> Result<Way, Failure> {
        let queue = Queue::of(desk)?;
        let (number, path) = queue
            .keep(&self.name, &self.signed)
            .map_err(|failure| failure.with("record", named(&self.signed)))?;
        // A node that was silent half-way may have it all the same.
        let is_unsent = silence.is_none_or(|failure| failure.exit() == Exit::Unreachable);
        let (word, phrase) = if is_unsent {
            ("queue.kept", "queue.nothing_yet")
        } else {
            ("queue.unanswered", "queue.perhaps")
        };
        let words = &desk.words;
        let act = [("act", self.statement()), ("permit", &self.name)];
        let number_text = number.to_string();
        let mut page = Page::new();
        page.heading(Light::Amber, words.text(word), &words.fill(phrase, &act));
        page.field(words.text("queue.number"), &number_text);
        page.field(words.text("label.next"), words.text("queue.next"));
        page.text(&format!("record   {}", named(&self.signed)));
        let mut answer = Answer::new("cites.record/1", page)
            .exit(Exit::NotFinal)
            .with("status", "kept")
            .with("code", if is_unsent { "NOT_SENT" } else { "NO_ANSWER" })
            .with("statement", self.statement())
            .with("permit", self.permit_json())
            .with("record", named(&self.signed))
            .with(
                "queue",
                json!({"number": number, "file": path.to_string_lossy()}),
            );
        answer
            .warnings
            .extend(silence.map(|failure| failure.error()));
        answer.warnings.extend(self.repeated(desk, &queue, number)?);
        Ok(Way::Kept(Box::new(answer)))
    }

    /// The same act for the same permit, waiting already: perhaps a repetition, perhaps a second part.
    fn repeated(&self, desk: &Desk, queue: &Queue, number: u64) -> Result<Option<String>, Failure> {
        let author = self.signed.record().author;
        let content = queue.content()?;
        let earlier = content.kept.iter().find(|kept| {
            let record = kept.signed.record();
            kept.number != number
                && kept.state == State::Waiting
                && record.author == author
                && record.statement.as_str() == self.statement()
                && record.statement.subject(author) == self.permit
        });
        Ok(earlier.map(|kept| {
            desk.words
                .fill("queue.repeated", &[("number", &kept.number.to_string())])
        }))
    }
}

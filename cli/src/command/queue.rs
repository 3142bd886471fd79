//! `cites queue`: records that wait on this device for a node; sends them in order, and tells what became of them.

use std::collections::BTreeSet;

use clap::{Args, Subcommand};
use ledger::reason::Reason;
use serde_json::{Value, json};

use crate::desk::Desk;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::print::{Answer, Page};
use crate::queue::{Content, Damaged, Kept, Queue, State};
use crate::submit::Submission;

/// Arguments of `queue`.
#[derive(Args, Debug)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    act: Option<Act>,
}

/// `cites queue …`.
#[derive(Debug, Subcommand)]
pub(crate) enum Act {
    /// What is kept, and where it stands; also without a word.
    List,
    /// Send what waits, in order; stops where no node answers.
    Send,
    /// Take a record out that is recorded or refused.
    Drop {
        /// Its number in the list.
        number: u64,
    },
}

pub(crate) fn run(arguments: &Arguments, desk: &Desk) -> Result<Answer, Failure> {
    match arguments.act {
        None | Some(Act::List) => list(desk),
        Some(Act::Send) => send(desk),
        Some(Act::Drop { number }) => drop_one(desk, number),
    }
}

fn list(desk: &Desk) -> Result<Answer, Failure> {
    let content = Queue::of(desk)?.content()?;
    let exit = if content.damaged.is_empty() {
        Exit::Done
    } else {
        Exit::Failed
    };
    Ok(answer(desk, &content, exit))
}

fn send(desk: &Desk) -> Result<Answer, Failure> {
    let mut pinned = desk.pinned()?;
    // A wrong address is told before anything is done.
    desk.client()?;
    let queue = Queue::of(desk)?;
    if queue.content()?.is_empty() {
        return list(desk);
    }
    let _held = queue.hold()?;
    // Another process may have sent some meanwhile.
    let mut content = queue.content()?;
    content.kept.retain(|kept| kept.state == State::Waiting);
    if content.is_empty() {
        let mut page = Page::new();
        page.text(desk.words.text("queue.none_waits"));
        let nothing = answer(desk, &content, Exit::Done);
        return Ok(Answer { page, ..nothing });
    }
    let mut undecided = BTreeSet::new();
    let mut stopped = None;
    let mut is_not_taken = false;
    for kept in &mut content.kept {
        let submission = Submission::again(kept.name.clone(), kept.signed.clone());
        // What this device did with one permit arrives in the order in which it was done.
        if undecided.contains(&submission.permit) {
            continue;
        }
        match submission.send(desk, &mut pinned) {
            Ok(sent) => {
                let told = submission.answer(desk, &sent).json;
                queue.tell(kept, State::Recorded, told)?;
            }
            Err(failure) if failure.is_final_refusal() => {
                queue.tell(kept, State::Refused, failure.fields())?;
            }
            // The word of one node that nothing proves: it stays, and is sent again.
            Err(failure) => {
                undecided.insert(submission.permit);
                queue.tell(kept, State::Waiting, failure.fields())?;
                if failure.is_unanswered() {
                    stopped = Some(failure.error());
                    break;
                }
                is_not_taken |= failure.exit() != Exit::NotFinal;
            }
        }
    }
    let is = |state| content.kept.iter().any(|kept| kept.state == state);
    let exit = if stopped.is_some() {
        Exit::Unreachable
    } else if is(State::Refused) || is_not_taken {
        Exit::Refused
    } else if is(State::Waiting) {
        Exit::NotFinal
    } else if content.damaged.is_empty() {
        Exit::Done
    } else {
        Exit::Failed
    };
    let mut answer = answer(desk, &content, exit);
    answer.warnings.extend(stopped);
    Ok(answer)
}

fn drop_one(desk: &Desk, number: u64) -> Result<Answer, Failure> {
    let queue = Queue::of(desk)?;
    let wrong = |error: String| Failure::new(Exit::Usage, error).hint("cites queue lists them");
    let unknown = || wrong(format!("there is no record {number} that can be read"));
    if queue.content()?.is_empty() {
        return Err(unknown());
    }
    let _held = queue.hold()?;
    let content = queue.content()?;
    let kept = content.kept.iter().find(|kept| kept.number == number);
    let kept = kept.ok_or_else(unknown)?;
    if kept.state == State::Waiting && !desk.flags.yes {
        return Err(wrong(format!(
            "record {number} waits, and nowhere else is it known for certain"
        ))
        .hint("send it: cites queue send; or say --yes if it shall be forgotten"));
    }
    queue.remove(kept)?;
    let mut page = Page::new();
    page.text(&desk.words.fill(
        "queue.dropped",
        &[
            ("number", &number.to_string()),
            ("state", &state_text(desk, kept)),
        ],
    ));
    Ok(Answer::new("cites.queue/1", page).with("dropped", kept_json(desk, kept)))
}

fn answer(desk: &Desk, content: &Content, exit: Exit) -> Answer {
    let words = &desk.words;
    let mut page = Page::new();
    let count = |state| {
        let of_it = content.kept.iter().filter(|kept| kept.state == state);
        of_it.count()
    };
    let (recorded, refused, waiting) = (
        count(State::Recorded),
        count(State::Refused),
        count(State::Waiting),
    );
    if content.is_empty() {
        page.text(words.text("queue.empty"));
    } else {
        page.text(&words.fill(
            "queue.counts",
            &[
                ("recorded", &recorded.to_string()),
                ("refused", &refused.to_string()),
                ("waiting", &waiting.to_string()),
            ],
        ));
    }
    for kept in &content.kept {
        page.field(
            &kept.number.to_string(),
            &words.fill(
                "queue.made",
                &[
                    ("act", kept.signed.record().statement.as_str()),
                    ("permit", &kept.name),
                    ("time", &kept.signed.record().made_at.to_string()),
                ],
            ),
        );
        page.field("", &state_text(desk, kept));
        if let Some(hint) = hint(desk, kept) {
            page.field(words.text("label.next"), &hint);
        }
    }
    let mut answer = Answer::new("cites.queue/1", page)
        .exit(exit)
        .with(
            "counts",
            json!({"recorded": recorded, "refused": refused, "waiting": waiting}),
        )
        .with(
            "records",
            content
                .kept
                .iter()
                .map(|kept| kept_json(desk, kept))
                .collect::<Vec<_>>(),
        )
        .with(
            "damaged",
            content.damaged.iter().map(damaged_json).collect::<Vec<_>>(),
        );
    for damaged in &content.damaged {
        let path = damaged.path.to_string_lossy();
        let told = words.fill("queue.damaged", &[("file", &path), ("why", &damaged.why)]);
        answer.page.field("!", &told);
    }
    answer
}

/// `recorded at height 7`, `refused USED by QN at QNHAR before you, height 4`, `waiting`.
fn state_text(desk: &Desk, kept: &Kept) -> String {
    let words = &desk.words;
    let text = |name: &str| kept.told.get(name).and_then(Value::as_str);
    let error = text("error").unwrap_or_default();
    match kept.state {
        State::Recorded => {
            let height = kept
                .told
                .get("receipt")
                .and_then(|receipt| receipt.get("height"));
            let height = height.and_then(Value::as_str).unwrap_or("?");
            words.fill("queue.recorded", &[("height", height)])
        }
        State::Refused => match (text("code"), text("by"), text("height")) {
            (Some(code), Some(party), Some(height)) => {
                let values = [
                    ("code", code),
                    ("party", party),
                    ("port", text("port").unwrap_or_default()),
                    ("height", height),
                ];
                let key = if text("port").is_some() {
                    "queue.before_you_at"
                } else {
                    "queue.before_you"
                };
                words.fill(key, &values)
            }
            (_, _, _) => error.to_owned(),
        },
        State::Waiting if kept.told.is_empty() => words.text("queue.waiting").to_owned(),
        State::Waiting => {
            let is_unsent = kept.told.get("exit_code") == Some(&Exit::Unreachable.code().into());
            let key = if is_unsent {
                "queue.not_yet"
            } else {
                "queue.waiting_because"
            };
            words.fill(key, &[("why", error)])
        }
    }
}

/// What to do about a refusal, in the language of this run where the reason is one of the ledger's.
fn hint(desk: &Desk, kept: &Kept) -> Option<String> {
    if kept.state != State::Refused {
        return None;
    }
    let told = |name: &str| kept.told.get(name).and_then(Value::as_str);
    let reason = Reason::ALL.iter().map(|reason| reason.code());
    let known = reason.into_iter().find(|code| told("code") == Some(code));
    known
        .map(|code| desk.words.text(&format!("reason.{code}.next")).to_owned())
        .or_else(|| told("hint").map(str::to_owned))
}

fn kept_json(desk: &Desk, kept: &Kept) -> Value {
    let record = kept.signed.record();
    let submission = Submission::again(kept.name.clone(), kept.signed.clone());
    json!({
        "number": kept.number, "statement": record.statement.as_str(), "permit": submission.permit_json(),
        "made_at": record.made_at.to_string(), "record": format!("sha256:{}", kept.signed.digest()),
        "state": kept.state.as_str(), "text": state_text(desk, kept),
        "file": kept.path.to_string_lossy(), "answer": kept.told,
    })
}

fn damaged_json(damaged: &Damaged) -> Value {
    json!({"file": damaged.path.to_string_lossy(), "error": damaged.why})
}

//! `cites permit issue`: seals a permit, submits it, waits until it is final, writes its proof.
//!
//! The secret file is on disk before anything is sent: without it nobody could ever show what was issued.

use std::io;
use std::path::{Path, PathBuf};

use clap::Args;
use ledger::party::Role;
use ledger::permit::commitment::{PermitSecret, SecretFile, commit};
use ledger::permit::xml::Reading;
use ledger::record::{Issue as IssueStatement, Statement};

use crate::arguments::Sending;
use crate::command::check::summary;
use crate::command::linked::{Linked, Links};
use crate::desk::Desk;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::files::{self, Existing, Readers, unwritten};
use crate::office::Author;
use crate::print::Answer;
use crate::reference::{Input, file_name, read_secret};
use crate::submit::Submission;
use crate::trust::Pinned;

/// Arguments of `permit issue`.
#[derive(Args, Debug)]
pub(crate) struct Issue {
    /// The permit's XML, or `-`.
    file: String,
    /// Folder for NUMBER.secret and NUMBER.citesproof [default: where the XML lies].
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// What it is linked to.
    #[command(flatten)]
    linked: Linked,
    /// How to send it.
    #[command(flatten)]
    sending: Sending,
}

pub(crate) fn run(arguments: &Issue, desk: &Desk) -> Result<Answer, Failure> {
    let input = Input::read(&arguments.file)?;
    let reading = input.permit_to_issue()?;
    let permit = &reading.permit;
    let mut pinned = desk.pinned()?;
    let author = Author::open(desk, &pinned, Role::Management)?;
    if let Some(issuer) = permit.issuer()
        && issuer != author.party
    {
        return Err(Failure::new(
            Exit::Key,
            format_args!(
                "box 6 names the Management Authority of {issuer}; {author} cannot issue for it"
            ),
        )
        .code("KEY_NOT_ALLOWED")
        .hint("nothing was sent"));
    }
    let folder = arguments.out.clone().unwrap_or_else(|| input.folder());
    let secret_path = folder.join(file_name(&permit.number, "secret"));
    let links = arguments
        .linked
        .resolve(desk, &mut pinned, author.party, permit)?;
    let is_new = !secret_path.exists();
    let secret = secret(desk, &author, &reading, &links, &secret_path)?;

    let statement = links.statement(pinned.chain, permit, &secret);
    let warnings = doubts(desk, &pinned, &reading, &statement);
    let name = format!("{}/{}", author.party, permit.number);
    let statement = Statement::Issue(statement);
    let submission = Submission::sign(desk, &pinned, &author, name, statement, &arguments.sending)?;
    if arguments.sending.dry_run {
        let mut answer = submission.dry();
        answer.page.text(&format!("permit   {}", summary(permit)));
        answer.warnings = warnings;
        return Ok(answer);
    }
    keep(&secret_path, &secret)?;
    let failed = |failure| clear_up(failure, is_new, &secret_path);
    let sent = submission.send(desk, &mut pinned).map_err(failed)?;
    let mut answer = submission
        .answer(desk, &sent)
        .with("commitment", format!("sha256:{}", secret.commitment()))
        .with("secret_file", secret_path.display().to_string());
    answer.page.text(&format!(
        "secret   {} (give it only to those who may read the permit)",
        secret_path.display()
    ));
    if let Some(evidence) = &sent.evidence {
        let path = folder.join(file_name(&permit.number, "citesproof"));
        files::write(
            &path,
            &evidence.bytes,
            Readers::Everybody,
            Existing::Replace,
        )
        .map_err(|error| unwritten(&path, &error))?;
        answer.page.text(&format!("wrote    {}", path.display()));
        answer = answer.with("proof_file", path.display().to_string());
    }
    let noted = std::mem::replace(&mut answer.warnings, warnings);
    answer.warnings.extend(noted);
    Ok(answer)
}

/// What the ledger may refuse or a person should look at, before anything is signed.
fn doubts(
    desk: &Desk,
    pinned: &Pinned,
    reading: &Reading,
    statement: &IssueStatement,
) -> Vec<String> {
    let permit = &reading.permit;
    let mut doubts: Vec<String> = reading.warnings.iter().map(ToString::to_string).collect();
    let today = desk.now().date();
    let granted = permit.granted_on();
    let days = i32::from(pinned.genesis.parameters().retrospective_days);
    let is_late = granted.plus_days(days) < today && statement.retrospective.is_none();
    if is_late || granted > today.plus_days(1) {
        doubts.push(format!(
            "box 13: granted on {granted}, which the ledger will refuse [GRANT_DATE]"
        ));
    }
    doubts
}

/// A fresh secret; or the one that an earlier attempt with the very same document left.
fn secret(
    desk: &Desk,
    author: &Author,
    reading: &Reading,
    links: &Links,
    path: &Path,
) -> Result<SecretFile, Failure> {
    let permit = &reading.permit;
    let make = |secret| links.secret_file(author.party, permit, secret);
    if !path.exists() {
        return Ok(make(PermitSecret::new(desk.random()?)));
    }
    let known = read_secret(path)?;
    let is_same = known.issuer == author.party
        && known.number == permit.number
        && commit(permit, &known.secret) == known.commitment()
        && make(known.secret.clone()) == known;
    if is_same {
        return Ok(known);
    }
    Err(Failure::new(
        Exit::Usage,
        format_args!(
            "`{}` is there already, for another version of this document",
            path.display()
        ),
    )
    .hint("choose another folder with --out, or another number; nothing was sent"))
}

/// Writes the secret; one that is there already is the same, as [`secret`] saw to.
fn keep(path: &Path, secret: &SecretFile) -> Result<(), Failure> {
    match files::write(path, &secret.to_bytes(), Readers::Owner, Existing::Keep) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            if read_secret(path)? == *secret {
                return Ok(());
            }
            Err(unwritten(path, &error))
        }
        Err(error) => Err(unwritten(path, &error)),
    }
}

/// What was refused stays refused: the secret that was made for it would only stand in the way of the next attempt.
/// Any other failure leaves open whether the permit was issued, and the secret where it is.
fn clear_up(failure: Failure, is_new: bool, path: &Path) -> Failure {
    if is_new && failure.is_final_refusal() && std::fs::remove_file(path).is_ok() {
        return failure;
    }
    failure.with("secret_file", path.display().to_string())
}

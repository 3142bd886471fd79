//! `cites verify`: may this permit be accepted? The same judge as everywhere, under this device's own trust.

use std::path::{Path, PathBuf};

use clap::Args;
use ledger::permit::Permit;
use ledger::permit::commitment::SecretFile;
use ledger::proof::Proof;
use ledger::reason::Reason;
use ledger::record::PermitKey;
use ledger::seal::{Seal, SealFault, Sealed};
use ledger::verdict::{Presented, Verdict, judge_seal, refuse_seal};
use serde_json::Value;

use crate::client::ClientError;
use crate::desk::Desk;
use crate::evidence::{AtHand, Evidence, without_data};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::files::{self, Existing, Readers};
use crate::print::Answer;
use crate::print::verdict::Told;
use crate::reference::{Input, Named, is_file, proof_beside, read_proof, read_secret, secret_of};
use crate::sealed::{self, Handed};
use crate::trust::Pinned;

/// Arguments of `verify`.
#[derive(Args, Debug)]
pub(crate) struct Verify {
    /// A permit's XML, a `.citesproof`, the text of a QR code (CP1:…), a number such as QS/26QS000123, or `-` for
    /// standard input.
    what: String,
    /// The permit's secret file; without it, the NUMBER.secret beside the XML.
    #[arg(long, value_name = "FILE")]
    secret: Option<PathBuf>,
    /// The document that a proof or a number is compared with.
    #[arg(long, value_name = "FILE")]
    xml: Option<String>,
    /// Judge from this proof file instead of asking a node.
    #[arg(long, value_name = "FILE")]
    proof: Option<PathBuf>,
    /// Keep the node's proof in this file, to judge it again where there is no node.
    #[arg(long, value_name = "FILE", conflicts_with = "proof")]
    save_proof: Option<PathBuf>,
}

/// What is to be judged.
struct Subject {
    named: Option<Named>,
    key: PermitKey,
    secret: Option<SecretFile>,
    evidence: Option<Evidence>,
    source: Value,
    /// Where the document lies; a proof may lie beside it.
    folder: Option<PathBuf>,
    /// The seal on the paper, and whether it counts.
    sealed: Option<Result<Sealed, SealFault>>,
}

impl Subject {
    fn document(&self) -> Option<&Permit> {
        self.named.as_ref()?.document.as_ref()
    }

    /// The proof that lies beside the document, for when no node can be asked.
    fn beside(&self) -> Option<Evidence> {
        let number = &self.named.as_ref()?.number;
        proof_beside(self.folder.as_deref()?, number).map(Evidence::from_file)
    }

    fn subject(&self) -> (PermitKey, Option<&str>) {
        let number = self.named.as_ref().map(|named| named.number.as_str());
        (self.key, number)
    }

    fn at_hand(&self) -> AtHand<'_> {
        AtHand {
            document: self.document().map(|permit| Presented {
                permit,
                secret: self.secret.as_ref(),
            }),
            sealed: self.sealed.as_ref().and_then(|sealed| sealed.as_ref().ok()),
        }
    }

    fn of_seal(handed: Handed, proof: Option<(Vec<u8>, String)>) -> Self {
        let (evidence, source) = from_file(proof);
        Self {
            key: handed.key,
            named: Some(handed.named),
            secret: None,
            evidence,
            source,
            folder: None,
            sealed: Some(handed.sealed),
        }
    }
}

/// The evidence in a proof file, and its name.
fn from_file(proof: Option<(Vec<u8>, String)>) -> (Option<Evidence>, Value) {
    match proof {
        Some((bytes, name)) => (Some(Evidence::from_file(bytes)), name.into()),
        None => (None, Value::Null),
    }
}

pub(crate) fn run(arguments: &Verify, desk: &Desk) -> Result<Answer, Failure> {
    let mut pinned = desk.pinned()?;
    let seen_height = pinned.height().0;
    let mut warnings = Vec::new();
    let mut subject = subject(arguments, &pinned)?;
    let verdict = match &subject.evidence {
        // Nothing that the ledger says makes a false seal better.
        _ if let Some(Err(fault)) = &subject.sealed => refuse_seal(subject.key, *fault),
        Some(evidence) => {
            evidence.judge_numbered(desk, &mut pinned, subject.subject(), subject.at_hand())?
        }
        None if desk.flags.offline => {
            judge_beside(desk, &mut pinned, &mut subject, Reason::Offline)?
        }
        None => {
            let client = desk.client()?;
            subject.source = client.address().into();
            let fetched = Evidence::fetch(&pinned, &client, &subject.key);
            if let (Ok(evidence), Some(path)) = (&fetched, &arguments.save_proof) {
                keep(path, evidence)?;
            }
            judge_fetched(desk, &mut pinned, &mut subject, fetched, &mut warnings)?
        }
    };
    let told = Told {
        verdict: &verdict,
        name: subject.named.as_ref().map(ToString::to_string),
        document: subject.document(),
        seal: subject.at_hand().sealed.map(Sealed::seal),
        source: subject.source.clone(),
        seen_height,
    };
    let mut answer = told.answer(desk);
    answer.warnings = warnings;
    Ok(answer)
}

/// Keeps the proof as it came; it is judged wherever it is read.
fn keep(path: &Path, evidence: &Evidence) -> Result<(), Failure> {
    files::write(path, &evidence.bytes, Readers::Everybody, Existing::Replace)
        .map_err(|error| files::unwritten(path, &error))
}

/// A node that is silent leaves the question open (amber); it never decides it.
fn judge_fetched(
    desk: &Desk,
    pinned: &mut Pinned,
    subject: &mut Subject,
    fetched: Result<Evidence, ClientError>,
    warnings: &mut Vec<String>,
) -> Result<Verdict, Failure> {
    let error = match fetched {
        Ok(evidence) => {
            return evidence.judge_numbered(desk, pinned, subject.subject(), subject.at_hand());
        }
        Err(error) => error,
    };
    warnings.push(error.to_string());
    let reason = match error {
        ClientError::Unreachable { .. } | ClientError::Cut { .. } | ClientError::Problem { .. } => {
            Reason::Offline
        }
        ClientError::TooLarge { .. } | ClientError::Nonsense { .. } => Reason::Unreadable,
    };
    judge_beside(desk, pinned, subject, reason)
}

/// Without a node: the proof beside the document, which is never green, or nothing at all.
fn judge_beside(
    desk: &Desk,
    pinned: &mut Pinned,
    subject: &mut Subject,
    reason: Reason,
) -> Result<Verdict, Failure> {
    match subject.beside() {
        Some(evidence) => {
            subject.source = "file".into();
            evidence.judge_numbered(desk, pinned, subject.subject(), subject.at_hand())
        }
        None => Ok(match subject.at_hand().sealed {
            Some(sealed) => judge_seal(sealed, desk.now()),
            None => without_data(subject.key, reason),
        }),
    }
}

fn subject(arguments: &Verify, pinned: &Pinned) -> Result<Subject, Failure> {
    let what = arguments.what.as_str();
    let proof = arguments
        .proof
        .as_deref()
        .map(|path| read_proof(path).map(|bytes| (bytes, path.display().to_string())))
        .transpose()?;
    if let Some(seal) = sealed::read(what) {
        return of_seal(arguments, seal?, proof, pinned);
    }
    if !is_file(what)
        && let Some(number) = Named::number(what)?
    {
        let (named, secret) = with_document(arguments, Some(number))?;
        return Ok(of_named(named, secret, proof, pinned));
    }
    let input = Input::read(what)?;
    if let Some(seal) = sealed::read_file(&input.bytes) {
        return of_seal(arguments, seal?, proof, pinned);
    }
    if input.is_xml() {
        if arguments.xml.is_some() {
            return Err(Failure::new(Exit::Usage, "two documents are named")
                .hint("leave --xml out, or name a proof first"));
        }
        let permit = input.presented()?.permit;
        let secret = secret_of(&input, &permit.number, arguments.secret.as_deref())?;
        let named = Named::of(permit, secret.as_ref())?;
        let subject = of_named(named, secret, proof, pinned);
        return Ok(Subject {
            folder: Some(input.folder()),
            ..subject
        });
    }
    let evidence = Evidence::from_file(input.bytes);
    let Some(key) = evidence.proof().map(|proof: &Proof| proof.permit) else {
        return Err(Failure::new(
            Exit::NotAPermit,
            format_args!("`{what}` is neither a permit's XML nor a proof file"),
        )
        .code("UNREADABLE")
        .hint("cites inspect FILE tells what it is"));
    };
    let (named, secret) = match &arguments.xml {
        Some(_) => with_document(arguments, None).map(|(named, secret)| (Some(named), secret))?,
        None => (None, None),
    };
    // The document decides which permit is asked about; a proof of another one must not pass for it.
    let key = named.as_ref().map_or(key, |named| named.key(pinned.chain));
    Ok(Subject {
        named,
        key,
        secret,
        evidence: Some(evidence),
        source: what.into(),
        folder: None,
        sealed: None,
    })
}

/// The seal on a paper; with a document one asks for the document.
fn of_seal(
    arguments: &Verify,
    seal: Seal,
    proof: Option<(Vec<u8>, String)>,
    pinned: &Pinned,
) -> Result<Subject, Failure> {
    if arguments.xml.is_some() || arguments.secret.is_some() {
        return Err(
            Failure::new(Exit::Usage, "a seal needs no document and no secret file")
                .hint("verify the code, or the XML, each by itself"),
        );
    }
    Ok(Subject::of_seal(Handed::of(seal, pinned), proof))
}

/// The document of `--xml` and its secret; without it, the number alone.
fn with_document(
    arguments: &Verify,
    number: Option<Named>,
) -> Result<(Named, Option<SecretFile>), Failure> {
    let Some(xml) = &arguments.xml else {
        let named = number.ok_or_else(|| Failure::new(Exit::Usage, "no document is named"))?;
        let secret = arguments.secret.as_deref().map(read_secret).transpose()?;
        return Ok((named, secret));
    };
    let input = Input::read(xml)?;
    let permit = input.presented()?.permit;
    let secret = secret_of(&input, &permit.number, arguments.secret.as_deref())?;
    let named = match number {
        // The number asked for stands; a document with another number will be found altered.
        Some(number) => Named {
            document: Some(permit),
            ..number
        },
        None => Named::of(permit, secret.as_ref())?,
    };
    Ok((named, secret))
}

fn of_named(
    named: Named,
    secret: Option<SecretFile>,
    proof: Option<(Vec<u8>, String)>,
    pinned: &Pinned,
) -> Subject {
    let (evidence, source) = from_file(proof);
    Subject {
        key: named.key(pinned.chain),
        named: Some(named),
        secret,
        evidence,
        source,
        folder: None,
        sealed: None,
    }
}

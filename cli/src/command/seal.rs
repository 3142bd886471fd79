//! `cites permit seal`: the text of the QR code that goes onto the paper.

use std::path::{Path, PathBuf};

use clap::Args;
use ledger::party::Role;
use ledger::permit::commitment::commit;
use ledger::seal::{Seal as PaperSeal, SealAnchor};

use crate::desk::Desk;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::files::{self, Existing, Readers};
use crate::office::Author;
use crate::print::{Answer, Page};
use crate::qr::Code;
use crate::reference::{Input, secret_of};
use crate::sealed::seal_json;

/// Arguments of `permit seal`.
#[derive(Args, Debug)]
pub(crate) struct Seal {
    /// The permit's XML, as it was issued.
    file: String,
    /// The permit's secret file; without it, the NUMBER.secret beside the XML.
    #[arg(long, value_name = "FILE")]
    secret: Option<PathBuf>,
    /// Write the text into this file instead of telling it.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Write the QR code into this file, as SVG, to be printed.
    #[arg(long, value_name = "FILE")]
    svg: Option<PathBuf>,
}

pub(crate) fn run(arguments: &Seal, desk: &Desk) -> Result<Answer, Failure> {
    let input = Input::read(&arguments.file)?;
    let permit = input.permit()?.permit;
    let pinned = desk.pinned()?;
    let author = Author::open(desk, &pinned, Role::Management)?;
    let secret = secret_of(&input, &permit.number, arguments.secret.as_deref())?;
    let secret = secret.ok_or_else(|| {
        Failure::new(
            Exit::Usage,
            "the permit's secret file is not beside its XML",
        )
        .hint("name it with --secret; cites permit issue wrote it")
    })?;
    if secret.issuer != author.party || commit(&permit, &secret.secret) != secret.commitment() {
        return Err(Failure::new(
            Exit::Usage,
            "this is not the document that the secret file was made for",
        )
        .hint("seal the XML that was issued, unchanged, with the key of its issuer"));
    }
    let anchor = pinned.checkpoint().ok_or_else(|| {
        Failure::new(Exit::Usage, "this device has verified no block yet")
            .hint("cites verify the permit once with a node, then seal it")
    })?;
    let anchor = SealAnchor {
        height: anchor.height,
        block: anchor.block,
    };
    let place = (pinned.chain, author.party);
    let seal = PaperSeal::make(place, &permit, &secret.secret, anchor, &author.key);
    let seal = seal.map_err(|error| {
        Failure::new(Exit::Usage, error)
            .hint("give the proof file with the paper; a permit of many lines does not fit a code")
    })?;
    let text = seal.to_text();
    let mut page = Page::new();
    let code = Code::of(&text);
    if let Some(path) = &arguments.svg {
        let code = code.as_ref().ok_or_else(|| {
            Failure::new(Exit::Usage, "the permit has too many lines for a QR code")
                .hint("give the proof file with the paper")
        })?;
        let name = format!("{}/{}", author.party, permit.number);
        write(path, &code.svg(&name), &mut page)?;
    }
    match &arguments.out {
        Some(path) => write(path, &text, &mut page)?,
        None if arguments.svg.is_some() => {}
        None => page.text(&text),
    }
    if let Some(code) = &code {
        let side = code.print_mm();
        page.text(&format!(
            "code     {0} × {0} modules; print it at {side} mm or more",
            code.size()
        ));
    }
    Ok(Answer::new("cites.seal/1", page)
        .with("text", text)
        .with("seal", seal_json(&seal))
        .with("modules", code.as_ref().map(Code::size)))
}

/// Only its owner may read it: the code holds the permit's secret.
fn write(path: &Path, text: &str, page: &mut Page) -> Result<(), Failure> {
    files::write(path, text.as_bytes(), Readers::Owner, Existing::Replace)
        .map_err(|error| files::unwritten(path, &error))?;
    page.text(&format!("wrote    {}", path.display()));
    Ok(())
}

//! `cites record`: what became of a submitted record, as the node says.

use std::time::Instant;

use clap::Args;
use ledger::digest::RecordDigest;

use crate::arguments::{Wait, record_digest};
use crate::client::{ClientError, Standing, pause};
use crate::desk::Desk;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::print::{Answer, Page};
use crate::submit::receipt_json;

/// Arguments of `record`.
#[derive(Args, Debug)]
pub(crate) struct Record {
    /// The record's digest, 64 hexadecimal digits.
    #[arg(value_parser = record_digest)]
    record: RecordDigest,
    /// What to wait for.
    #[arg(long, value_name = "WHAT", default_value_t = Wait::Accepted, value_enum)]
    wait: Wait,
}

pub(crate) fn run(arguments: &Record, desk: &Desk) -> Result<Answer, Failure> {
    let client = desk.client()?;
    let deadline = Instant::now() + client.timeout();
    let mut standing = client
        .record(&arguments.record, client.timeout())
        .map_err(ClientError::into_failure)?;
    while arguments.wait == Wait::Final && standing == Standing::Waiting && pause(deadline) {
        standing = client
            .record(&arguments.record, client.timeout())
            .map_err(ClientError::into_failure)?;
    }
    let name = format!("sha256:{}", arguments.record);
    let failure = |exit, error: String| {
        Failure::new(exit, error)
            .schema("cites.record/1")
            .with("record", name.clone())
    };
    match standing {
        Standing::Final(receipt) => {
            if let Some(reason) = receipt.refused {
                let error = format!("refused {}: at height {}", reason.code(), receipt.height);
                return Err(failure(Exit::Refused, error)
                    .code(reason.code())
                    .with("status", "final")
                    .with("receipt", receipt_json(&receipt)));
            }
            let mut page = Page::new();
            page.text(&format!("final    height {}", receipt.height));
            Ok(Answer::new("cites.record/1", page)
                .with("status", "final")
                .with("record", name)
                .with("receipt", receipt_json(&receipt)))
        }
        Standing::Waiting => Err(failure(Exit::NotFinal, "not final yet".into())
            .code("PENDING")
            .with("status", "accepted")
            .hint("ask again, or wait with: --wait final")),
        Standing::NotIncluded(code) => Err(failure(Exit::Refused, format!("not included: {code}"))
            .code(code)
            .with("status", "not_included")),
    }
}

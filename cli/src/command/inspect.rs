//! `cites inspect`: decodes anything that this system makes, and judges nothing.

use clap::Args;
use genesis::Genesis;
use ledger::audit::fork::Fork;
use ledger::permit::commitment::SecretFile;
use ledger::permit::fields;
use ledger::proof::Proof;
use ledger::seal::Seal;
use ledger::signed::Signed;
use serde_json::{Value, json};

use crate::command::check::{permit_json, summary};
use crate::desk::Desk;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::print::{Answer, Page};
use crate::reference::Input;
use crate::sealed::{self, seal_json};
use crate::submit::hash_text;

/// Arguments of `inspect`.
#[derive(Args, Debug)]
pub(crate) struct Inspect {
    /// A permit's XML, a proof, the text of a QR code (CP1:…), evidence of a fork, a secret file, a genesis, a
    /// signed record, or `-`.
    what: String,
}

pub(crate) fn run(arguments: &Inspect, desk: &Desk) -> Result<Answer, Failure> {
    if let Some(seal) = sealed::read(&arguments.what) {
        return Ok(inspect_seal(&seal?));
    }
    let input = Input::read(&arguments.what)?;
    if let Some(seal) = sealed::read_file(&input.bytes) {
        return Ok(inspect_seal(&seal?));
    }
    if input.is_xml() {
        return xml(&input, desk);
    }
    if let Ok(proof) = Proof::decode(&input.bytes) {
        return Ok(inspect_proof(&proof, desk));
    }
    if let Ok(fork) = Fork::decode(&input.bytes) {
        return Ok(inspect_fork(&fork));
    }
    if let Ok(file) = SecretFile::from_bytes(&input.bytes) {
        return Ok(secret(&file));
    }
    if let Ok(signed) = Signed::decode(&input.bytes) {
        return Ok(inspect_signed(&signed));
    }
    if let Ok(text) = std::str::from_utf8(&input.bytes)
        && let Ok(genesis) = Genesis::parse(text)
    {
        return Ok(inspect_genesis(&genesis));
    }
    Err(Failure::new(
        Exit::NotAPermit,
        format_args!("`{}` is nothing that this program knows", arguments.what),
    )
    .code("UNREADABLE")
    .hint("it reads permit XML, proofs, seals, evidence of forks, secret files, genesis files and signed records"))
}

/// Evidence of `cites audit compare`, with its signatures checked; whether these were the validators of the
/// height is for whoever has the chain's genesis to say.
fn inspect_fork(fork: &Fork) -> Answer {
    let chain = fork.one.header.chain;
    let checked = fork.check(chain);
    let signers = checked.iter().flatten();
    let parties: Vec<String> = signers.map(|signer| signer.party.to_string()).collect();
    let holds = match &checked {
        Ok(_) => "both quorums hold, by the validators that the file names".to_owned(),
        Err(error) => format!("no evidence: {error}"),
    };
    let validators = hash_text(&fork.validators.digest());
    let mut page = Page::new();
    page.text(&format!("fork     height {}", fork.height()));
    for side in [&fork.one, &fork.other] {
        let (block, round) = (hash_text(&side.header.id()), side.quorum.round);
        page.text(&format!("block    {block}, round {round}"));
    }
    page.text(&format!("chain    {}", hash_text(&chain)));
    page.text(&format!("decide   validators {validators}"));
    page.text(&format!("checked  {holds}"));
    page.text(&format!("both by  {}", parties.join(", ")));
    Answer::new("cites.inspect/1", page)
        .with("type", "fork")
        .with("height", fork.height().to_string())
        .with("chain", hash_text(&chain))
        .with("validators", validators)
        .with("holds", checked.is_ok())
        .with("signed_both", parties)
}

fn xml(input: &Input, desk: &Desk) -> Result<Answer, Failure> {
    let reading = input.permit()?;
    let mut page = Page::new();
    page.text(&format!("permit   {}", summary(&reading.permit)));
    let all = fields::fields(&reading.permit);
    for field in &all {
        let place = fields::box_of(&field.path)
            .map(|place| place.to_string())
            .unwrap_or_default();
        if desk.flags.verbose {
            page.text(&format!("  {place:<16} {} = {}", field.path, field.value));
        } else if !place.is_empty() {
            page.text(&format!("  {place:<16} {}", field.value));
        }
    }
    page.text(&format!("tolerated: {}", reading.tolerated));
    let fields: Vec<Value> = all
        .iter()
        .map(|field| json!({"path": field.path, "value": field.value}))
        .collect();
    Ok(Answer::new("cites.inspect/1", page)
        .with("type", "permit")
        .with("permit", permit_json(&reading.permit))
        .with("fields", fields))
}

fn inspect_seal(seal: &Seal) -> Answer {
    let mut page = Page::new();
    page.text("seal     not judged: cites verify TEXT does that");
    page.text(&format!("permit   {}/{}", seal.issuer(), seal.number()));
    let anchor = seal.anchor();
    page.text(&format!(
        "after    block {} at height {}",
        anchor.block, anchor.height
    ));
    for (_, field) in &seal.revealed().shown {
        let place = fields::box_of(&field.path).map(|place| place.to_string());
        page.text(&format!(
            "  {:<16} {}",
            place.unwrap_or_default(),
            field.value
        ));
    }
    let hidden = seal
        .revealed()
        .size
        .saturating_sub(seal.revealed().shown.len());
    page.text(&format!("and {hidden} fields that the seal does not show"));
    Answer::new("cites.inspect/1", page)
        .with("type", "seal")
        .with("seal", seal_json(seal))
}

fn inspect_proof(proof: &Proof, desk: &Desk) -> Answer {
    let header = &proof.header;
    let mut page = Page::new();
    page.text("proof    not judged: cites verify FILE does that");
    page.text(&format!(
        "permit   {}/#{}",
        proof.permit.issuer, proof.permit.number
    ));
    page.text(&format!(
        "block    height {}, {}",
        header.height, header.time
    ));
    page.text(&format!("         {}", header.id()));
    page.text(&format!("chain    {}", header.chain));
    page.text(&format!(
        "quorum   {} signatures, round {}",
        proof.quorum.signatures.len(),
        proof.quorum.round.0
    ));
    for entry in &proof.entries {
        let what = entry.value.as_ref().map_or_else(
            || "absent".to_owned(),
            |value| format!("{} bytes", value.0.len()),
        );
        page.text(&format!(
            "entry    {} ({what}, {} siblings)",
            entry.key,
            entry.path.siblings.len()
        ));
    }
    for record in &proof.records {
        page.text(&format!("record   log index {}", record.index));
    }
    if desk.flags.verbose {
        page.text(&format!("state    {}", header.state_root));
        page.text(&format!(
            "log      {} of {} records",
            header.log_root, header.log_size
        ));
    }
    let entries: Vec<Value> = proof
        .entries
        .iter()
        .map(|entry| json!({"key": entry.key, "present": entry.value.is_some()}))
        .collect();
    Answer::new("cites.inspect/1", page)
        .with("type", "proof")
        .with("permit", json!({"party": proof.permit.issuer.as_str(), "number_hash": hash_text(&proof.permit.number)}))
        .with("chain", hash_text(&header.chain))
        .with("height", header.height.to_string())
        .with("time", header.time.to_string())
        .with("block", hash_text(&header.id()))
        .with("signatures", proof.quorum.signatures.len())
        .with("entries", entries)
        .with("records", proof.records.len())
        .with("hand_overs", proof.hand_overs.len())
}

/// Whose secret it is, and what it commits to; never the secret.
fn secret(file: &SecretFile) -> Answer {
    let mut page = Page::new();
    page.text(&format!(
        "secret   of permit {}/{}; it is not shown",
        file.issuer, file.number
    ));
    page.text(&format!("commits  {}", file.commitment()));
    Answer::new("cites.inspect/1", page)
        .with("type", "secret")
        .with("party", file.issuer.as_str())
        .with("number", file.number.as_str())
        .with("commitment", hash_text(&file.commitment()))
}

fn inspect_signed(signed: &Signed) -> Answer {
    let record = signed.record();
    let permit = record.statement.subject(record.author);
    let offices: Vec<String> = record.offices.iter().map(ToString::to_string).collect();
    let mut page = Page::new();
    page.text(&format!(
        "record   {} (signatures not checked)",
        signed.digest()
    ));
    page.text(&format!(
        "states   {} of {}/#{}",
        record.statement.as_str(),
        permit.issuer,
        permit.number
    ));
    page.text(&format!(
        "by       {} office {}",
        record.author,
        offices.join(", ")
    ));
    page.text(&format!(
        "made     {}, good until {}",
        record.made_at, record.good_until
    ));
    page.text(&format!("chain    {}", record.chain));
    Answer::new("cites.inspect/1", page)
        .with("type", "record")
        .with("record", hash_text(&signed.digest()))
        .with("statement", record.statement.as_str())
        .with(
            "permit",
            json!({"party": permit.issuer.as_str(), "number_hash": hash_text(&permit.number)}),
        )
        .with("author", record.author.as_str())
        .with(
            "offices",
            record
                .offices
                .iter()
                .map(|office| office.0)
                .collect::<Vec<_>>(),
        )
        .with("made_at", record.made_at.to_string())
        .with("good_until", record.good_until.to_string())
        .with("chain", hash_text(&record.chain))
}

fn inspect_genesis(genesis: &Genesis) -> Answer {
    let mut page = Page::new();
    page.text(&format!("genesis  {}", genesis.network()));
    page.text(&format!("         fingerprint {}", genesis.fingerprint()));
    for member in genesis.members() {
        let roles: Vec<&str> = member
            .offices
            .iter()
            .map(|office| office.role.as_str())
            .collect();
        page.text(&format!(
            "Party    {} {} ({}; {} nodes)",
            member.code,
            member.name,
            roles.join(", "),
            member.nodes.len()
        ));
    }
    let total = genesis.validators().total_power();
    page.text(&format!(
        "votes    {} validators, power {total}",
        genesis.validators().len()
    ));
    Answer::new("cites.inspect/1", page)
        .with("type", "genesis")
        .with("network", genesis.network().as_str())
        .with("chain", hash_text(&genesis.chain_id()))
        .with("fingerprint", genesis.fingerprint().to_string())
        .with(
            "parties",
            genesis
                .members()
                .iter()
                .map(|member| member.code.to_string())
                .collect::<Vec<_>>(),
        )
}

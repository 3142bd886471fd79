//! `--line A=960`: quantities by line, in the unit of the permit's line.

use std::path::Path;
use std::str::FromStr;

use ledger::codes::Unit;
use ledger::permit::LineId;
use ledger::quantity::Quantity;
use ledger::reason::Reason;
use ledger::record::LineQuantity;
use ledger::state::PermitState;
use ledger::verdict::Verdict;

use crate::desk::Desk;
use crate::evidence::Evidence;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::reference::{Named, proof_beside, read_proof};
use crate::trust::Pinned;

/// `A=960` or `A=960KGM`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct LineArgument {
    line: LineId,
    quantity: Quantity,
    unit: Option<Unit>,
}

impl FromStr for LineArgument {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (line, rest) = text
            .split_once('=')
            .ok_or("write LINE=QUANTITY, such as A=960")?;
        let end = rest
            .find(|c: char| !c.is_ascii_digit() && c != '.')
            .unwrap_or(rest.len());
        let (number, unit) = rest.split_at(end);
        // Only a word can be a unit; everything else is part of a number that is none, and shown whole.
        let is_unit = unit.is_empty() || unit.trim_start().starts_with(char::is_alphabetic);
        let number = if number.is_empty() || !is_unit {
            rest
        } else {
            number
        };
        let quantity: Quantity = number
            .parse()
            .map_err(|error: ledger::quantity::QuantityError| error.to_string())?;
        if quantity.is_zero() {
            return Err("a line that did not move is left out".into());
        }
        let unit = match unit.trim_start() {
            "" => None,
            code => {
                let known = Unit::from_code(code).or_else(|| Unit::from_alias(code));
                Some(known.ok_or_else(|| format!("`{code}` is not a unit such as NAR or KGM"))?)
            }
        };
        Ok(Self {
            line: line.parse()?,
            quantity,
            unit,
        })
    }
}

/// The lines with their units: as told, as in the document, or as the node proves them.
pub(crate) fn with_units(
    arguments: &[LineArgument],
    named: &Named,
    state: Option<&PermitState>,
) -> Result<Vec<LineQuantity>, Failure> {
    let mut lines = Vec::with_capacity(arguments.len());
    for argument in arguments {
        let proven = || {
            state
                .and_then(|state| state.line(argument.line))
                .map(|line| line.unit)
        };
        let unit = argument
            .unit
            .or_else(|| named.unit(argument.line))
            .or_else(proven);
        let unit = unit.ok_or_else(|| {
            if state.is_none() && named.document.is_none() {
                return unknown_unit(argument.line);
            }
            Failure::new(
                Exit::Refused,
                format_args!("UNKNOWN_LINE: {named} has no line {}", argument.line),
            )
            .code(Reason::UnknownLine.code())
            .hint("nothing was sent")
        })?;
        lines.push(LineQuantity {
            line: argument.line,
            unit,
            quantity: argument.quantity,
        });
    }
    lines.sort_by_key(|line| line.line);
    if lines
        .windows(2)
        .any(|pair| matches!(pair, [a, b] if a.line == b.line))
    {
        return Err(Failure::new(Exit::Usage, "a line is named twice")
            .hint("name each line once, with all of its quantity"));
    }
    Ok(lines)
}

/// Whether every line has its unit without asking a node.
pub(crate) fn know_their_units(arguments: &[LineArgument], named: &Named) -> bool {
    arguments
        .iter()
        .all(|argument| argument.unit.is_some() || named.unit(argument.line).is_some())
}

/// The permit as the node proves it now. What is not issued cannot be endorsed or imported.
pub(crate) fn proven_state(
    desk: &Desk,
    pinned: &mut Pinned,
    named: &Named,
) -> Result<PermitState, Failure> {
    let client = desk.client()?;
    let key = named.key(pinned.chain);
    let evidence =
        Evidence::fetch(pinned, &client, &key).map_err(crate::client::ClientError::into_failure)?;
    state_of(desk, pinned, named, &evidence)
}

fn state_of(
    desk: &Desk,
    pinned: &mut Pinned,
    named: &Named,
    evidence: &Evidence,
) -> Result<PermitState, Failure> {
    let verdict = evidence.judge(desk, pinned, named.key(pinned.chain), None)?;
    match verdict.state.clone() {
        Some(state) => Ok(state),
        None => Err(no_state(desk, named, &verdict)),
    }
}

/// A permit as far as this device can know it.
#[derive(Debug, Default)]
pub(crate) struct Known {
    /// As proven, now or once.
    pub(crate) state: Option<PermitState>,
    /// What could not be seen, where no node answers.
    pub(crate) doubts: Vec<String>,
}

/// The permit as the node proves it now; where none answers, as the proof at hand shows it.
pub(crate) fn known_state(
    desk: &Desk,
    pinned: &mut Pinned,
    named: &Named,
    at_hand: Option<Vec<u8>>,
) -> Result<Known, Failure> {
    if !desk.flags.offline {
        let key = named.key(pinned.chain);
        match Evidence::fetch(pinned, &desk.client()?, &key) {
            Ok(evidence) => {
                let state = Some(state_of(desk, pinned, named, &evidence)?);
                return Ok(Known {
                    state,
                    doubts: Vec::new(),
                });
            }
            Err(error) if error.is_silence() => {}
            Err(error) => return Err(error.into_failure()),
        }
    }
    let Some(bytes) = at_hand else {
        return Ok(Known {
            state: None,
            doubts: vec![desk.words.text("phrase.no_data").to_owned()],
        });
    };
    let verdict = Evidence::from_file(bytes).judge(desk, pinned, named.key(pinned.chain), None)?;
    let (height, time) = verdict.as_of.as_ref().map_or_else(
        || ("?".to_owned(), "?".to_owned()),
        |as_of| (as_of.height.to_string(), as_of.time.to_string()),
    );
    let told = verdict.findings.iter().map(|finding| {
        let code = finding.reason.code();
        let text = desk.words.fill(
            &format!("reason.{code}.text"),
            &[("height", &height), ("time", &time)],
        );
        format!("{code}: {text}")
    });
    Ok(Known {
        doubts: told.collect(),
        state: verdict.state,
    })
}

/// The proof that is named, or that lies beside the document.
pub(crate) fn proof_at_hand(
    permit: &str,
    named: &Named,
    proof: Option<&Path>,
) -> Result<Option<Vec<u8>>, Failure> {
    if let Some(path) = proof {
        return read_proof(path).map(Some);
    }
    if permit == "-" || named.document.is_none() {
        return Ok(None);
    }
    let folder = Path::new(permit).parent().unwrap_or(Path::new(""));
    Ok(proof_beside(folder, &named.number))
}

fn unknown_unit(line: LineId) -> Failure {
    Failure::new(
        Exit::Usage,
        format_args!("the unit of line {line} cannot be known without a node"),
    )
    .hint(format_args!(
        "write it as {line}=960NAR, or name the permit's XML or a --proof; nothing was sent or kept"
    ))
}

/// Why a proof shows no permit: it does not exist, or the proof does not hold.
pub(crate) fn no_state(desk: &Desk, named: &Named, verdict: &Verdict) -> Failure {
    let reason = verdict
        .findings
        .first()
        .map_or(Reason::Unreadable, |finding| finding.reason);
    let height = verdict
        .as_of
        .map_or_else(|| "?".to_owned(), |as_of| as_of.height.to_string());
    let text = desk.words.fill(
        &format!("reason.{}.text", reason.code()),
        &[("height", &height), ("time", "?")],
    );
    let is_absent = matches!(reason, Reason::NotIssued | Reason::NotOnLedgerParty);
    let exit = if is_absent {
        Exit::Refused
    } else {
        Exit::Unreachable
    };
    Failure::new(exit, format_args!("{named}: {}: {text}", reason.code()))
        .code(reason.code())
        .hint(if is_absent {
            format!(
                "nothing was sent; to report it: cites refuse {named} --reason {} --port …",
                reason.code()
            )
        } else {
            format!(
                "nothing was sent; {}",
                desk.words.text(&format!("reason.{}.next", reason.code()))
            )
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_has_a_letter_a_quantity_and_perhaps_a_unit() {
        for (text, line, quantity, unit) in [
            ("A=960", "A", "960", None),
            ("B=12.5KGM", "B", "12.5", Some(Unit::Kilogram)),
            ("AA=1 KIL", "AA", "1", Some(Unit::Kilogram)),
        ] {
            let read: LineArgument = text.parse().unwrap();
            assert_eq!(
                (
                    read.line.to_string().as_str(),
                    read.quantity.to_string().as_str(),
                    read.unit
                ),
                (line, quantity, unit)
            );
        }
        for wrong in [
            "A",
            "A=",
            "=1",
            "A=0",
            "A=-1",
            "a=1",
            "A=1XYZ",
            "A=1.00001",
            "A=1e3",
        ] {
            assert!(wrong.parse::<LineArgument>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn what_is_wrong_with_a_line_is_shown_as_it_was_typed() {
        for (text, expected) in [
            ("A=x", "`x` is not a decimal number"),
            ("A=", "`` is not a decimal number"),
            ("A=-1", "`-1` is not a decimal number"),
            ("A=1 000", "`1 000` is not a decimal number"),
            ("A=1,5", "`1,5` is not a decimal number"),
            ("A=1XYZ", "`XYZ` is not a unit such as NAR or KGM"),
            ("A=1.00001", "`1.00001` has more than four decimal places"),
        ] {
            assert_eq!(text.parse::<LineArgument>(), Err(expected.into()), "{text}");
        }
    }
}

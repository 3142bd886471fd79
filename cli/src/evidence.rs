//! Proofs from a node, and what they show: fetched with limits, judged by the ledger's own rules.

use ledger::codec;
use ledger::digest::{Digest, NumberHash, RecordDigest};
use ledger::limits::LEAF_BYTES_MAX;
use ledger::party::Height;
use ledger::proof::Proof;
use ledger::reason::Reason;
use ledger::record::PermitKey;
use ledger::seal::Sealed;
use ledger::signed::Signed;
use ledger::state::{Leaf, PermitState};
use ledger::verdict::{
    Check, Finding, Outcome, Presented, Question, Reader, Source, Verdict, judge,
};

use crate::client::{Client, ClientError};
use crate::desk::Desk;
use crate::failure::Failure;
use crate::trust::Pinned;

/// What lies on the officer's table.
#[derive(Clone, Copy, Debug)]
pub(crate) struct AtHand<'a> {
    /// The document.
    pub(crate) document: Option<Presented<'a>>,
    /// The seal on the paper.
    pub(crate) sealed: Option<&'a Sealed>,
}

/// A proof as it came, readable or not.
#[derive(Debug)]
pub(crate) struct Evidence {
    /// Its bytes, for the file.
    pub(crate) bytes: Vec<u8>,
    proof: Option<Proof>,
    source: Source,
}

impl Evidence {
    /// Asks the node for the permit's status.
    pub(crate) fn fetch(
        pinned: &Pinned,
        client: &Client,
        permit: &PermitKey,
    ) -> Result<Self, ClientError> {
        let bytes = client.proof(permit, pinned.height(), None)?;
        Ok(Self::from_bytes(bytes, Source::Node))
    }

    /// Asks the node for the permit's status, and for what became of `record`.
    pub(crate) fn fetch_with(
        pinned: &Pinned,
        client: &Client,
        permit: &PermitKey,
        record: &RecordDigest,
    ) -> Result<Self, ClientError> {
        let bytes = client.proof(permit, pinned.height(), Some(record))?;
        Ok(Self::from_bytes(bytes, Source::Node))
    }

    /// Takes a file's bytes.
    pub(crate) fn from_file(bytes: Vec<u8>) -> Self {
        Self::from_bytes(bytes, Source::File)
    }

    fn from_bytes(bytes: Vec<u8>, source: Source) -> Self {
        let proof = Proof::decode(&bytes).ok();
        Self {
            bytes,
            proof,
            source,
        }
    }

    /// The proof, where the bytes are one.
    pub(crate) const fn proof(&self) -> Option<&Proof> {
        self.proof.as_ref()
    }

    /// Judges it, and saves the checkpoint that comes of it.
    pub(crate) fn judge(
        &self,
        desk: &Desk,
        pinned: &mut Pinned,
        permit: PermitKey,
        document: Option<Presented<'_>>,
    ) -> Result<Verdict, Failure> {
        let at_hand = AtHand {
            document,
            sealed: None,
        };
        self.judge_numbered(desk, pinned, (permit, None), at_hand)
    }

    /// The same, where the number is known as it is printed.
    pub(crate) fn judge_numbered(
        &self,
        desk: &Desk,
        pinned: &mut Pinned,
        (permit, number): (PermitKey, Option<&str>),
        at_hand: AtHand<'_>,
    ) -> Result<Verdict, Failure> {
        let reader = desk.reader();
        let member = reader.and_then(|party| pinned.genesis.member(party));
        let union = member.and_then(|member| member.customs_union.clone());
        let question = Question {
            permit,
            number,
            document: at_hand.document,
            sealed: at_hand.sealed,
            reader: reader.map(|party| Reader {
                party,
                union: union.as_deref(),
            }),
        };
        let Some(proof) = &self.proof else {
            return Ok(Verdict::unreadable(permit));
        };
        let trust = pinned.trust(desk.flags.max_age);
        let mut verdict = judge(&question, proof, &trust, desk.now(), self.source);
        if self.source == Source::Node
            && verdict
                .as_of
                .is_some_and(|as_of| as_of.height < pinned.height())
        {
            // What happened since is known to exist and is not shown: an old truth must not be green.
            note_stale(&mut verdict);
        }
        if let Some(anchor) = verdict.anchor.clone() {
            pinned.save(anchor)?;
        }
        Ok(verdict)
    }

    /// What the proof's records say of a record; only after [`Self::judge`] found the proof to hold.
    pub(crate) fn outcome_of(&self, record: &RecordDigest, state: Option<&PermitState>) -> Shown {
        let records = self.proof.iter().flat_map(|proof| &proof.records);
        for logged in records {
            let Ok(leaf) = codec::decode::<Leaf>(&logged.leaf, LEAF_BYTES_MAX) else {
                continue;
            };
            if Signed::decode(&leaf.signed).is_ok_and(|signed| signed.digest() == *record) {
                return match leaf.receipt.refused {
                    None => Shown::Applied,
                    Some(reason) => Shown::Refused(reason),
                };
            }
        }
        let is_shown = state.is_some_and(|state| {
            let cancellation = state
                .cancellation
                .as_ref()
                .map(|cancellation| &cancellation.act);
            let acts = [
                Some(&state.issued),
                state.endorsement.as_ref(),
                state.import.as_ref(),
                cancellation,
            ];
            acts.into_iter().flatten().any(|act| act.record == *record)
        });
        if is_shown {
            Shown::Applied
        } else {
            Shown::Nothing
        }
    }
}

/// A proof of the node's newest block. The permit does not matter: it is a number that nobody can issue.
pub(crate) fn newest(pinned: &Pinned, client: &Client) -> Result<Proof, ClientError> {
    let members = pinned.genesis.members();
    let issuer = members.first().map(|member| member.code);
    let Some(issuer) = issuer else {
        return Err(client.nonsense("a network without Parties"));
    };
    let number = NumberHash(Digest::default());
    let bytes = client.proof(&PermitKey { issuer, number }, Height::ZERO, None)?;
    Proof::decode(&bytes).map_err(|error| client.nonsense(&error.to_string()))
}

/// What a proof shows of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shown {
    /// It was applied.
    Applied,
    /// It was refused.
    Refused(Reason),
    /// It is not in the proof.
    Nothing,
}

fn note_stale(verdict: &mut Verdict) {
    for (check, outcome) in &mut verdict.checks {
        if *check == Check::Freshness {
            *outcome = Outcome::Fail;
        }
    }
    if verdict
        .findings
        .iter()
        .any(|finding| finding.reason == Reason::Stale)
    {
        return;
    }
    verdict
        .findings
        .retain(|finding| !matches!(finding.reason, Reason::Ok | Reason::OkTransit));
    verdict.findings.push(Finding {
        reason: Reason::Stale,
        act: None,
        places: Vec::new(),
    });
    verdict
        .findings
        .sort_by_key(|finding| std::cmp::Reverse(finding.reason.light()));
}

/// Nothing at hand: the best that can be said is that nothing was checked.
pub(crate) fn without_data(permit: PermitKey, reason: Reason) -> Verdict {
    let mut verdict = Verdict::unreadable(permit);
    for finding in &mut verdict.findings {
        finding.reason = reason;
    }
    verdict
}

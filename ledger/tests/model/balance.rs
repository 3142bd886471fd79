//! What must hold of every state of the ledger by itself: sums, chains, stamps and papers.

use std::collections::{BTreeMap, BTreeSet};

use ledger::codes::Kind;
use ledger::party::{Party, PartyCode};
use ledger::record::{LineKey, PermitKey};
use ledger::state::{LineState, PermitState};

use crate::check::{Book, Checked, Violation as V, must};

pub(crate) fn check(book: &Book, parties: &BTreeMap<PartyCode, Party>) -> Checked {
    for (key, permit) in &book.permits {
        check_balance(permit)?;
        check_chain(book, *key, permit, parties)?;
        check_replacement(book, *key, permit)?;
    }
    check_entries(book, parties)?;
    check_conservation(book)?;
    check_quotas(book)?;
    let mut stamps = BTreeSet::new();
    for permit in book.permits.values() {
        let new = permit
            .stamp
            .is_none_or(|stamp| stamps.insert((permit.issuer, stamp)));
        must(new, V::Stamp)?;
    }
    for (key, claims) in &book.papers {
        let different: BTreeSet<_> = claims
            .0
            .iter()
            .map(|claim| (claim.stamp, claim.document))
            .collect();
        let outside = !parties.contains_key(&key.issuer);
        must(outside && different.len() == claims.0.len(), V::Paper)?;
    }
    Ok(())
}

fn check_balance(permit: &PermitState) -> Checked {
    let total = permit.kind == Kind::IntroductionFromTheSea;
    let held = |line: &LineState| {
        let arrives = line.imported.is_some() == permit.import.is_some()
            // A sea certificate is not spent before the last landing; an import permit has no goods of its own.
            || (total && permit.import.is_none())
            || (permit.kind == Kind::Import && line.imported.is_none());
        let acts = line.endorsed.is_some() == permit.endorsement.is_some() && arrives;
        let endorsed = line.endorsed.unwrap_or(line.authorised);
        acts && endorsed <= line.authorised && line.imported.unwrap_or_default() <= endorsed
    };
    must(permit.lines.iter().all(held), V::Balance)?;
    let whole = |line: &LineState| line.imported == Some(line.authorised);
    let spent = !total || permit.import.is_some() == permit.lines.iter().all(whole);
    must(spent, V::Balance)
}

/// Every re-export rests on what came in there, one step deeper than that.
fn check_chain(
    book: &Book,
    key: PermitKey,
    permit: &PermitState,
    parties: &BTreeMap<PartyCode, Party>,
) -> Checked {
    let union = |code: PartyCode| parties.get(&code).and_then(|party| party.union.as_ref());
    for line in &permit.lines {
        let mut deepest = 0;
        let mut known = permit.kind != Kind::ReExport || !line.origins.is_empty();
        for origin in &line.origins {
            let LineKey {
                permit: of,
                line: id,
            } = origin.source();
            let source = book.permits.get(&of);
            let found = source.and_then(|source| Some((source, source.line(id)?)));
            must(
                found.is_some() || !parties.contains_key(&of.issuer),
                V::Chain,
            )?;
            let Some((source, from)) = found else {
                (known, deepest) = (false, deepest.max(1));
                continue;
            };
            let here = source.destination.is_some_and(|to| {
                to == key.issuer || (union(to).is_some() && union(to) == union(key.issuer))
            });
            let alike = from.taxon == line.taxon && from.source == line.source;
            must(
                here && alike && from.imported.is_some() && of != key,
                V::Chain,
            )?;
            let earlier = (source.issued.height, source.issued.time)
                <= (permit.issued.height, permit.issued.time);
            must(earlier, V::Chain)?;
            known &= from.is_covered;
            deepest = deepest.max(from.depth + 1);
        }
        must(line.depth == deepest && deepest <= 32, V::Chain)?;
        must(line.is_covered == known, V::Chain)?;
    }
    Ok(())
}

fn check_replacement(book: &Book, key: PermitKey, permit: &PermitState) -> Checked {
    let of = |number| book.permits.get(&PermitKey { number, ..key });
    if let Some(next) = permit.replaced_by {
        let names = of(next).and_then(|next| next.replaces);
        let mutual = names.is_some_and(|own| own.number == key.number);
        must(mutual && permit.cancellation.is_some(), V::Replacement)?;
        must(permit.import.is_none(), V::Replacement)?;
    }
    let old = permit
        .replaces
        .map(|old| of(old.number).and_then(|old| old.replaced_by));
    must(
        old.is_none_or(|next| next == Some(key.number)),
        V::Replacement,
    )
}

/// What came in on an import permit is no more than that granted, taxon by taxon and unit by unit.
fn check_entries(book: &Book, parties: &BTreeMap<PartyCode, Party>) -> Checked {
    for permit in book
        .permits
        .values()
        .filter(|permit| permit.import.is_some())
    {
        let Some(entry) = permit
            .import_permit
            .and_then(|entry| book.permits.get(&entry))
        else {
            continue;
        };
        let to = permit.destination.and_then(|to| parties.get(&to));
        let asked = to.is_some_and(|to| to.import_permit_for_ii);
        let rests = |line: &&LineState| {
            line.is_strict() || (asked && line.appendix != ledger::codes::Appendix::III)
        };
        let mut came = BTreeMap::new();
        for line in permit.lines.iter().filter(rests) {
            let sum = came.entry((line.taxon, line.unit)).or_insert(0_u128);
            *sum += u128::from(line.imported.unwrap_or_default().scaled());
        }
        for ((taxon, unit), sum) in came {
            let same = entry
                .lines
                .iter()
                .filter(|line| (line.taxon, line.unit) == (taxon, unit));
            let granted: u128 = same.map(|line| u128::from(line.authorised.scaled())).sum();
            must(sum <= granted, V::Unaccompanied)?;
        }
    }
    Ok(())
}

/// What was drawn from each line is what permits say that hold their draws, and no more than arrived.
fn check_conservation(book: &Book) -> Checked {
    let mut drawn: BTreeMap<LineKey, u128> = BTreeMap::new();
    for permit in book.permits.values().filter(|permit| holds(permit)) {
        for origin in permit.lines.iter().flat_map(|line| &line.origins) {
            *drawn.entry(origin.source()).or_default() += u128::from(origin.drawn.scaled());
        }
    }
    for (key, permit) in &book.permits {
        for line in &permit.lines {
            let spot = LineKey {
                permit: *key,
                line: line.line,
            };
            let sum = drawn.get(&spot).copied().unwrap_or(0);
            let arrived = line.imported.unwrap_or_default();
            let conserved = sum == u128::from(line.re_exported.scaled());
            must(conserved && line.re_exported <= arrived, V::Conservation)?;
        }
    }
    Ok(())
}

fn check_quotas(book: &Book) -> Checked {
    let mut drawn = BTreeMap::new();
    for permit in book.permits.values() {
        for line in permit.lines.iter().filter(|line| line.draws_on_quota) {
            let export = permit.kind == Kind::Export && line.species.is_some();
            must(export, V::Quota)?;
            let key = (
                permit.issuer,
                permit.year(),
                line.species.unwrap_or_default(),
            );
            let stated = book
                .quotas
                .get(&key)
                .is_some_and(|quota| quota.unit == line.unit);
            must(stated, V::Quota)?;
            if holds(permit) {
                *drawn.entry(key).or_insert(0_u128) += u128::from(line.authorised.scaled());
            }
        }
    }
    for (key, quota) in &book.quotas {
        let sum = drawn.get(key).copied().unwrap_or(0);
        let exact = sum == u128::from(quota.drawn.scaled());
        must(exact && quota.drawn <= quota.total, V::Quota)?;
    }
    Ok(())
}

/// Whether what it drew stays drawn: unless replaced, or cancelled with nothing moved.
const fn holds(permit: &PermitState) -> bool {
    let moved = permit.endorsement.is_some() || permit.import.is_some();
    permit.replaced_by.is_none() && (permit.cancellation.is_none() || moved)
}

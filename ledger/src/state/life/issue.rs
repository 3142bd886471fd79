//! Issuing a permit: what refuses it, and what is left to a person.

use super::{Case, LineNeed, Rule, may_rest_on_import_permit, rule, share_union};
use crate::codes::{Appendix, Kind, Source, Uses};
use crate::limits::CHAIN_DEPTH_MAX;
use crate::party::{PartyCode, Role};
use crate::reason::Reason;
use crate::record::{CancelReason, Issue, IssuedLine, Origin, PermitKey};
use crate::state::draws::Draws;
use crate::state::links::Links;
use crate::state::permit::{LineState, PermitState, is_strict};

/// Issuing a permit.
pub const ISSUE: &[Rule<Issue>] = &[
    rule(
        Reason::Role,
        "only a Management Authority issues (Art. VI.3)",
        |c| !c.speaks_as(Role::Management),
    ),
    rule(
        Reason::WrongKind,
        "a permit names a destination, unless its kind crosses many borders; only re-export certificates cite origins; \
         only what travels to a destination is retrospective or rests on an import permit",
        |c| c.is_of_wrong_kind(),
    ),
    rule(
        Reason::WrongParty,
        "an import permit or sea certificate is issued by the country of import (Art. III.3, III.5)",
        |c| {
            let own = matches!(c.said.kind, Kind::Import | Kind::IntroductionFromTheSea);
            own && c.said.destination != Some(c.author)
        },
    ),
    rule(
        Reason::DuplicateNumber,
        "a Party issues a number once (Res. Conf. 12.3)",
        |c| c.permit.is_some(),
    ),
    rule(
        Reason::Dates,
        "granted, then valid from, then valid until",
        |c| c.said.valid_from < c.said.granted_on || c.said.valid_until < c.said.valid_from,
    ),
    rule(
        Reason::ValidityTooLong,
        "no longer than its kind allows, in calendar months from the grant",
        |c| c.said.valid_until > c.said.granted_on.plus_months(c.said.kind.months_max()),
    ),
    rule(
        Reason::GrantDate,
        "granted before the block, and not long before it unless it is retrospective",
        |c| c.is_granted_at_a_wrong_time(),
    ),
    rule(Reason::Expired, "not over when it is issued", |c| {
        c.said
            .valid_until
            .ends_at(c.parameters.date_ends_offset_minutes)
            <= c.now
    }),
    rule(
        Reason::RetrospectiveAppendixI,
        "never retrospective for Appendix I (Res. Conf. 12.3)",
        |c| {
            let is_i = |line: &IssuedLine| line.appendix == Appendix::I;
            c.said.retrospective.is_some() && c.said.lines.iter().any(is_i)
        },
    ),
    rule(
        Reason::NotIssued,
        "only a permit on the ledger is replaced",
        |c| c.said.replaces.is_some() && c.replaced().is_none(),
    ),
    rule(Reason::Used, "a spent permit is not replaced", |c| {
        c.replaced().is_some_and(|old| old.import.is_some())
    }),
    rule(
        Reason::Cancelled,
        "a permit that the authority withdrew is not replaced",
        |c| {
            let withdrawn = |old: &PermitState| {
                let reason = old.cancellation.as_ref().map(|own| own.reason);
                reason.is_some_and(|reason| !CancelReason::may_be_replaced(reason))
            };
            c.replaced().is_some_and(withdrawn)
        },
    ),
    rule(
        Reason::Replaced,
        "a permit is replaced once; the next one replaces its successor",
        |c| c.replaced().is_some_and(|old| old.replaced_by.is_some()),
    ),
    rule(
        Reason::ReplacementBroken,
        "a replacement is of the same kind, a true duplicate once goods have left on the old one, and none once some \
         have landed",
        |c| {
            c.replaced()
                .is_some_and(|old| !may_take_the_place_of(c.said, old))
        },
    ),
    rule(
        Reason::DuplicateStamp,
        "a Party uses a security stamp once (box 5b)",
        |c| c.links.stamp.is_some(),
    ),
    rule(
        Reason::Suspended,
        "no trade that the Party, or the destination, has suspended (Art. VIII.7, XIII)",
        |c| {
            let species = || c.said.lines.iter().map(|line| line.species);
            c.is_suspended(c.author, c.said.kind, c.said.destination, species)
        },
    ),
    rule(
        Reason::NeedsSpeciesKey,
        "while trade in some species is suspended, each line names its species key",
        |c| {
            let unnamed = c.said.lines.iter().any(|line| line.species.is_none());
            unnamed
                && c.said.kind.is_endorsed()
                && c.links
                    .suspensions
                    .in_force(c.author, c.said.destination, c.now, c.parameters)
                    .any(|suspension| suspension.species.is_some())
        },
    ),
    rule(
        Reason::NeedsImportPermit,
        "an Appendix I export rests on an import permit (Art. III.2 d), registered operations apart (Art. VII.4)",
        |c| {
            let needs = matches!(c.said.kind, Kind::Export | Kind::Other);
            needs && c.strict_lines().next().is_some() && c.said.import_permit.is_none()
        },
    ),
    rule(
        Reason::ImportPermitBroken,
        "the import permit is the destination's, unused, in date, and grants as much of the same taxon",
        |c| c.rests_on_a_broken_import_permit(),
    ),
    rule(
        Reason::OriginBroken,
        "what is re-exported was imported by the re-exporting Party, is of the same taxon and source, and comes from \
         the origin that is named (Art. III.4, IV.5)",
        |c| c.cites_a_broken_origin(),
    ),
    rule(
        Reason::OverQuantity,
        "no more is re-exported than was imported",
        |c| Draws::of_issue(c.said).exceed_sources(&c.given_back(), c.links),
    ),
    rule(
        Reason::UnitMismatch,
        "what draws on a quota is in the quota's unit",
        |c| Draws::of_issue(c.said).differ_in_unit(c.links),
    ),
    rule(
        Reason::QuotaExceeded,
        "no more in a year than the quota (box 11a)",
        |c| Draws::of_issue(c.said).exceed_quotas(&c.given_back(), c.links),
    ),
];

/// Doubts about a permit as it is issued.
pub const ISSUE_DOUBTS: &[Rule<Issue>] = &[
    rule(
        Reason::OriginNotCovered,
        "the ledger does not know all that is re-exported: the cited Party is not on it, or none is cited",
        |c| {
            c.said
                .lines
                .iter()
                .any(|line| !covers_line(c.said.kind, line, c.links))
        },
    ),
    rule(
        Reason::ImportPermitNotCovered,
        "the import permit is one of a Party that is not on the ledger",
        |c| {
            c.said
                .import_permit
                .is_some_and(|key| !c.links.covers(key.issuer))
        },
    ),
    rule(
        Reason::AppendixChanged,
        "a line has another Appendix than what it re-exports: the listing may have changed",
        |c| c.any_source(|line, source| line.appendix != source.appendix),
    ),
    rule(
        Reason::MoreThanDrawn,
        "a line authorises more than it draws, in the same unit",
        |c| {
            c.said
                .lines
                .iter()
                .any(|line| makes_more_than_it_draws(line, c.links))
        },
    ),
    rule(
        Reason::SeenBeforeIssue,
        "customs saw or refused the number before it was issued",
        |c| c.links.was_reported,
    ),
    rule(
        Reason::OperationUnregistered,
        "source D from an operation that is named on no register counts as Appendix I (Art. VII.4, Res. Conf. 12.10)",
        |c| {
            let doubted = |line: &IssuedLine| {
                line.source == Source::RegisteredOperation && !c.is_registered(line)
            };
            c.said.lines.iter().any(doubted)
        },
    ),
];

/// Whether a line names an operation that stands on its Party's register: on the author's own, unless what was bred
/// elsewhere is re-exported.
pub(in crate::state) fn is_registered(
    (author, kind): (PartyCode, Kind),
    line: &IssuedLine,
    links: &Links,
) -> bool {
    line.operation.is_some_and(|operation| {
        let may_name_it = kind == Kind::ReExport || operation.party == author;
        may_name_it && links.listed.contains(&operation)
    })
}

/// Whether the ledger knows all that a line comes from.
pub(in crate::state) fn covers_line(kind: Kind, line: &IssuedLine, links: &Links) -> bool {
    let known = |origin: &Origin| source_of(origin, links).is_some_and(|source| source.is_covered);
    kind != Kind::ReExport || (!line.origins.is_empty() && line.origins.iter().all(known))
}

/// Re-exports behind a line.
pub(in crate::state) fn depth_of(line: &IssuedLine, links: &Links) -> u8 {
    let sources = line.origins.iter().map(|origin| source_of(origin, links));
    // A source that the ledger does not know is one re-export deep, as far as anybody can tell.
    let depths = sources.map(|source| source.map_or(0, |source| source.depth).saturating_add(1));
    depths.max().unwrap_or(0)
}

fn source_of<'l>(origin: &Origin, links: &'l Links) -> Option<&'l LineState> {
    let source = origin.source();
    links.permits.get(&source.permit)?.line(source.line)
}

fn makes_more_than_it_draws(line: &IssuedLine, links: &Links) -> bool {
    let same_unit =
        |origin: &&Origin| source_of(origin, links).is_some_and(|source| source.unit == line.unit);
    let drawn = line.origins.iter().filter(same_unit);
    let sum = drawn.fold(0_u128, |sum, origin| {
        sum.saturating_add(origin.drawn.scaled().into())
    });
    let all_same = !line.origins.is_empty() && line.origins.iter().all(|origin| same_unit(&origin));
    all_same && u128::from(line.authorised.scaled()) > sum
}

/// Whether the new permit may stand for the old one: once goods left on that, only with the very same facts. A
/// certificate on which something has landed is drawn on where it stands, so it is not replaced.
fn may_take_the_place_of(said: &Issue, old: &PermitState) -> bool {
    let landed = old.lines.iter().any(|line| line.imported.is_some());
    said.kind == old.kind && !landed && (old.endorsement.is_none() || is_duplicate(said, old))
}

fn is_duplicate(said: &Issue, old: &PermitState) -> bool {
    let same = |(new, old): (&IssuedLine, &LineState)| {
        new.line == old.line
            && new.unit == old.unit
            && new.authorised == old.authorised
            && new.appendix == old.appendix
            && new.source == old.source
            && new.taxon == old.taxon
            && new.origins == old.origins
            && new.species == old.species
    };
    said.destination == old.destination
        && said.import_permit == old.import_permit
        && said.lines.len() == old.lines.len()
        && said.lines.iter().zip(&old.lines).all(same)
}

impl Case<'_, Issue> {
    fn is_of_wrong_kind(&self) -> bool {
        let said = self.said;
        let is_re_export = said.kind == Kind::ReExport;
        let cites = said.lines.iter().any(|line| !line.origins.is_empty());
        let travels = said.kind.is_endorsed();
        said.kind.is_multi_crossing() == said.destination.is_some()
            || (cites && !is_re_export)
            || (said.retrospective.is_some() && !travels)
            || (said.import_permit.is_some() && !may_rest_on_import_permit(said.kind))
    }

    fn is_granted_at_a_wrong_time(&self) -> bool {
        let granted = self.said.granted_on;
        let begins = granted.starts_at(self.parameters.date_begins_offset_minutes);
        let days = i32::from(self.parameters.retrospective_days);
        let late = granted
            .plus_days(days)
            .ends_at(self.parameters.date_ends_offset_minutes);
        begins > self.now || (late <= self.now && self.said.retrospective.is_none())
    }

    fn replaced(&self) -> Option<&PermitState> {
        let number = self.said.replaces?.number;
        let issuer = self.author;
        self.links.permits.get(&PermitKey { issuer, number })
    }

    fn given_back(&self) -> Draws {
        Draws::given_back_by(self.said, self.replaced())
    }

    /// Lines that count as Appendix I.
    fn strict_lines(&self) -> impl Iterator<Item = &IssuedLine> {
        self.said
            .lines
            .iter()
            .filter(|line| is_strict(line.appendix, line.source, self.is_registered(line)))
    }

    fn is_registered(&self, line: &IssuedLine) -> bool {
        is_registered((self.author, self.said.kind), line, self.links)
    }

    fn rests_on_a_broken_import_permit(&self) -> bool {
        let Some(key) = self.said.import_permit else {
            return false;
        };
        if Some(key.issuer) != self.said.destination {
            return true;
        }
        let needed = self.strict_lines().map(|line| {
            let need = LineNeed {
                taxon: line.taxon,
                unit: line.unit,
            };
            (need, line.authorised)
        });
        self.links.covers(key.issuer) && !self.is_granted(key, self.said.destination, needed)
    }

    fn any_source(&self, doubted: fn(&IssuedLine, &LineState) -> bool) -> bool {
        self.said.lines.iter().any(|line| {
            let mut sources = line
                .origins
                .iter()
                .filter_map(|origin| source_of(origin, self.links));
            sources.any(|source| doubted(line, source))
        })
    }

    fn cites_a_broken_origin(&self) -> bool {
        let broken = |line: &IssuedLine| {
            line.origins
                .iter()
                .any(|origin| self.is_broken(line, origin))
                || depth_of(line, self.links) > CHAIN_DEPTH_MAX
        };
        self.said.lines.iter().any(broken)
    }

    fn is_broken(&self, line: &IssuedLine, origin: &Origin) -> bool {
        let key = origin.source();
        if !self.links.covers(key.permit.issuer) {
            return false;
        }
        let Some(permit) = self.links.permits.get(&key.permit) else {
            return true;
        };
        let Some(source) = permit.line(key.line) else {
            return true;
        };
        let arrived = source.imported.is_some()
            && permit.kind != Kind::Import
            && permit.kind.uses() != Uses::Crossings;
        !arrived
            || !self.has_imported(permit)
            || source.taxon != line.taxon
            || source.source != line.source
            || !names_its_root(origin, permit, source)
    }

    /// Whether the goods came into the author's territory, or into its customs union.
    fn has_imported(&self, permit: &PermitState) -> bool {
        let party = |code: PartyCode| self.links.parties.get(&code);
        permit
            .destination
            .is_some_and(|to| to == self.author || share_union(self.author_party, party(to)))
    }
}

/// Whether the country of origin's permit that is named is the one that the source itself came from.
fn names_its_root(origin: &Origin, permit: &PermitState, source: &LineState) -> bool {
    match origin.last {
        // Cited as the origin itself, so it must not be a re-export.
        None => permit.kind != Kind::ReExport,
        Some(_) if permit.kind != Kind::ReExport => false,
        // A certificate that cites nothing leaves the root open, and the line not covered.
        Some(_) => {
            source.origins.is_empty() || source.origins.iter().any(|own| own.root == origin.root)
        }
    }
}

//! What customs state: endorsed, seen, accepted, refused, crossed, corrected, cleared on paper.

use super::{
    Case, LineNeed, Rule, grants, is_stricter_measure, may_rest_on_import_permit, rule, share_union,
};
use crate::codes::{Kind, Uses};
use crate::digest::SpeciesKey;
use crate::limits::PAPER_CLAIMS_MAX;
use crate::party::{PartyCode, Role};
use crate::quantity::Quantity;
use crate::reason::{Light, Reason};
use crate::record::{
    Correct, Cross, Direction, Endorse, Import, LineQuantity, PaperSeen, Refuse, Sight,
};
use crate::state::permit::{LineState, PermitState};

/// Endorsing an export (box 14).
pub const ENDORSE: &[Rule<Endorse>] = &[
    rule(Reason::Role, "only customs endorse an export", |c| {
        !c.speaks_as(Role::Customs)
    }),
    rule(
        Reason::NotIssued,
        "only a permit on the ledger is endorsed",
        |c| c.permit.is_none(),
    ),
    rule(
        Reason::WrongKind,
        "import permits, sea certificates and passports are never endorsed",
        |c| c.permit_is(|permit| !permit.kind.is_endorsed()),
    ),
    rule(
        Reason::WrongParty,
        "customs of the issuing Party, or of its customs union",
        |c| !c.is_customs_of(|permit| Some(permit.issuer), c.issuer_party),
    ),
    rule(Reason::Used, "not after the import", |c| {
        c.permit_is(|permit| permit.import.is_some())
    }),
    rule(Reason::Cancelled, "not after a cancellation", |c| {
        c.is_cancelled(Reason::Cancelled)
    }),
    rule(Reason::Replaced, "not after a replacement", |c| {
        c.is_cancelled(Reason::Replaced)
    }),
    rule(Reason::Lost, "not after a loss was reported", |c| {
        c.is_cancelled(Reason::Lost)
    }),
    rule(Reason::Stolen, "not after a theft was reported", |c| {
        c.is_cancelled(Reason::Stolen)
    }),
    rule(
        Reason::AlreadyEndorsed,
        "once: one consignment, one permit (Art. VI.5)",
        |c| c.permit_is(|permit| permit.endorsement.is_some()),
    ),
    rule(Reason::NotYetValid, "not before its first day", |c| {
        c.is_before_validity()
    }),
    rule(Reason::Expired, "not after its last day (Art. VI.2)", |c| {
        c.is_after_validity()
    }),
    rule(
        Reason::Suspended,
        "nothing leaves while trade is suspended, whenever the permit was issued",
        |c| {
            c.permit_is(|permit| {
                let species = || permit.lines.iter().map(|line| line.species);
                c.is_suspended(permit.issuer, permit.kind, permit.destination, species)
            })
        },
    ),
    rule(Reason::UnknownLine, "only lines of the permit", |c| {
        c.names_unknown_line(&c.said.lines)
    }),
    rule(Reason::UnitMismatch, "in the line's own unit", |c| {
        c.names_other_unit(&c.said.lines)
    }),
    rule(
        Reason::OverQuantity,
        "no more than was authorised (box 11)",
        |c| c.exceeds(&c.said.lines, |line| line.authorised),
    ),
];

/// Doubts about an endorsement.
pub const ENDORSE_DOUBTS: &[Rule<Endorse>] = &[rule(
    Reason::LessThanAuthorised,
    "less leaves than was authorised",
    |c| c.falls_short(&c.said.lines, |line| line.authorised),
)];

/// Accepting an import, which spends the permit; a landing from the sea, which draws on its certificate.
pub const IMPORT: &[Rule<Import>] = &[
    rule(Reason::Role, "only customs accept an import", |c| {
        !c.speaks_as(Role::Customs)
    }),
    rule(
        Reason::NotIssued,
        "only a permit on the ledger is spent",
        |c| c.permit.is_none(),
    ),
    rule(
        Reason::WrongKind,
        "import permits are spent with the permit of the goods, passports are never collected, and only what may rest \
         on an import permit names one",
        |c| {
            let names_one = c.said.import_permit.is_some();
            c.permit_is(|permit| {
                let comes_in = permit.kind.is_endorsed() || permit.kind.uses() == Uses::Total;
                !comes_in || (names_one && !may_rest_on_import_permit(permit.kind))
            })
        },
    ),
    rule(
        Reason::WrongParty,
        "customs of the destination (box 3a), or of its customs union",
        |c| !c.is_customs_of(|permit| permit.destination, c.destination_party),
    ),
    rule(Reason::Used, "at most once (Art. VI.5, VI.6)", |c| {
        c.permit_is(|permit| permit.import.is_some())
    }),
    rule(Reason::Cancelled, "not after a cancellation", |c| {
        c.is_cancelled(Reason::Cancelled)
    }),
    rule(Reason::Replaced, "not after a replacement", |c| {
        c.is_cancelled(Reason::Replaced)
    }),
    rule(Reason::Lost, "not after a loss was reported", |c| {
        c.is_cancelled(Reason::Lost)
    }),
    rule(Reason::Stolen, "not after a theft was reported", |c| {
        c.is_cancelled(Reason::Stolen)
    }),
    rule(Reason::NotYetValid, "not before its first day", |c| {
        c.is_before_validity()
    }),
    rule(Reason::Expired, "not after its last day", |c| {
        c.is_after_validity()
    }),
    rule(
        Reason::Retrospective,
        "a retrospective permit only with the destination's consent (Res. Conf. 12.3)",
        |c| c.permit_is(PermitState::lacks_consent),
    ),
    rule(
        Reason::NotEndorsed,
        "only after the export was endorsed, unless the destination accepts without, or the goods had left before \
         the permit was issued",
        |c| {
            let accepts = c
                .destination_party
                .is_some_and(|party| party.accepts_unendorsed);
            let unendorsed = |permit: &PermitState| {
                permit.endorsement.is_none()
                    && permit.kind.is_endorsed()
                    && permit.retrospective.is_none()
            };
            c.permit_is(unendorsed) && !accepts
        },
    ),
    rule(
        Reason::NeedsImportPermit,
        "Appendix I goods come in on an import permit too (Art. III.3), and Appendix II goods where the destination \
         asks for one (Art. XIV.1)",
        |c| c.needs_import_permit() && c.import_permit().is_none(),
    ),
    rule(
        Reason::ImportPermitBroken,
        "the import permit is the destination's, unused, in date, the one the permit was issued on, and grants as \
         much of the same taxon",
        |c| c.has_a_broken_import_permit(),
    ),
    rule(Reason::UnknownLine, "only lines of the permit", |c| {
        c.names_unknown_line(&c.said.lines)
    }),
    rule(Reason::UnitMismatch, "in the line's own unit", |c| {
        c.names_other_unit(&c.said.lines)
    }),
    rule(
        Reason::OverQuantity,
        "no more than was endorsed, or authorised where nothing was endorsed; of a total, no more than is left",
        |c| c.exceeds(&c.said.lines, |line| c.importable(line)),
    ),
];

/// Doubts about an import.
pub const IMPORT_DOUBTS: &[Rule<Import>] = &[rule(
    Reason::LessThanEndorsed,
    "less arrives than was endorsed",
    |c| {
        let endorsed = |line: &LineState| line.endorsed.unwrap_or(Quantity::ZERO);
        c.falls_short(&c.said.lines, endorsed)
    },
)];

/// Seeing a permit in transit: any Party, any number, issued or not.
pub const SIGHT: &[Rule<Sight>] = &[rule(Reason::Role, "only customs record a sighting", |c| {
    !c.speaks_as(Role::Customs)
})];

/// Refusing goods at a border: any Party, any number, issued or not.
pub const REFUSE: &[Rule<Refuse>] = &[
    rule(Reason::Role, "only customs refuse goods", |c| {
        !c.speaks_as(Role::Customs)
    }),
    rule(
        Reason::WrongKind,
        "for a reason that is not a green one",
        |c| c.said.reason.light() == Light::Green,
    ),
];

/// A document of many crossings goes out or comes in: any Party. Never spends.
pub const CROSS: &[Rule<Cross>] = &[
    rule(Reason::Role, "only customs record a crossing", |c| {
        !c.speaks_as(Role::Customs)
    }),
    rule(
        Reason::NotIssued,
        "only a permit on the ledger crosses",
        |c| c.permit.is_none(),
    ),
    rule(
        Reason::WrongKind,
        "only documents of many crossings: exhibitions, personal ownership, instruments, samples",
        |c| c.permit_is(|permit| !permit.kind.is_multi_crossing()),
    ),
    rule(Reason::Cancelled, "not after a cancellation", |c| {
        c.is_cancelled(Reason::Cancelled)
    }),
    rule(Reason::Replaced, "not after a replacement", |c| {
        c.is_cancelled(Reason::Replaced)
    }),
    rule(Reason::Lost, "not after a loss was reported", |c| {
        c.is_cancelled(Reason::Lost)
    }),
    rule(Reason::Stolen, "not after a theft was reported", |c| {
        c.is_cancelled(Reason::Stolen)
    }),
    rule(Reason::NotYetValid, "not before its first day", |c| {
        c.is_before_validity()
    }),
    rule(
        Reason::Expired,
        "not after its last day, but for going home: out of another State, and in to its own",
        |c| c.is_after_validity() && !c.goes_home(),
    ),
    rule(
        Reason::Altered,
        "with the document that was issued: its holder and its specimens never change",
        |c| c.permit_is(|permit| permit.commitment != c.said.document),
    ),
    rule(
        Reason::CrossingBroken,
        "out of the State where it was last recorded, then into one: never in two States at once",
        |c| c.is_elsewhere(),
    ),
];

/// Correcting the quantities of an endorsement or of an import.
pub const CORRECT: &[Rule<Correct>] = &[
    rule(Reason::Role, "only customs correct their quantities", |c| {
        !c.speaks_as(Role::Customs)
    }),
    rule(
        Reason::NotIssued,
        "only a permit on the ledger has quantities to correct",
        |c| c.permit.is_none(),
    ),
    rule(
        Reason::UnknownRecord,
        "the endorsement or the import in force, or its last correction",
        |c| c.permit.is_some() && c.corrected().is_none(),
    ),
    rule(
        Reason::WrongParty,
        "a Party corrects only what its own customs recorded",
        |c| {
            c.corrected()
                .is_some_and(|corrected| corrected.party() != Some(c.author))
        },
    ),
    rule(
        Reason::Used,
        "an endorsement is not corrected after the import",
        |c| {
            let is_late = |permit: &PermitState| permit.import.is_some();
            matches!(c.corrected(), Some(Corrected::Endorsement(permit)) if is_late(permit))
        },
    ),
    rule(Reason::UnknownLine, "only lines of the permit", |c| {
        c.names_unknown_line(&c.said.lines)
    }),
    rule(Reason::UnitMismatch, "in the line's own unit", |c| {
        c.names_other_unit(&c.said.lines)
    }),
    rule(
        Reason::OverQuantity,
        "within what limited the corrected record, the import permit included",
        |c| match c.corrected() {
            Some(Corrected::Endorsement(_)) => c.exceeds(&c.said.lines, |line| line.authorised),
            Some(Corrected::Import(permit)) => {
                c.exceeds(&c.said.lines, LineState::importable) || c.exceeds_import_permit(permit)
            }
            None => false,
        },
    ),
    rule(
        Reason::OriginBroken,
        "no less arrived than was re-exported since",
        |c| {
            let below = || c.falls_short(&c.said.lines, |line| line.re_exported);
            matches!(c.corrected(), Some(Corrected::Import(_))) && below()
        },
    ),
];

/// Clearing goods on paper of a Party that is not on the ledger.
pub const PAPER_SEEN: &[Rule<PaperSeen>] = &[
    rule(Reason::Role, "only customs clear goods", |c| {
        !c.speaks_as(Role::Customs)
    }),
    rule(
        Reason::OnLedgerParty,
        "only paper of a Party that is not on the ledger: any other issues on it",
        |c| c.issuer_party.is_some(),
    ),
    rule(
        Reason::Used,
        "the same paper clears once: issuer, number, stamp and content",
        |c| c.links.paper.claim(c.said.stamp, c.said.document).is_some(),
    ),
    rule(
        Reason::RegisterFull,
        "no more than 32 claims on one number",
        |c| c.links.paper.0.len() >= PAPER_CLAIMS_MAX,
    ),
];

impl<S> Case<'_, S> {
    /// Whether trade of these species is suspended now.
    pub(super) fn is_suspended<I: Iterator<Item = Option<SpeciesKey>>>(
        &self,
        issuer: PartyCode,
        kind: Kind,
        destination: Option<PartyCode>,
        species: impl Fn() -> I,
    ) -> bool {
        let mut in_force =
            self.links
                .suspensions
                .in_force(issuer, destination, self.now, self.parameters);
        kind.is_endorsed() && in_force.any(|suspension| suspension.concerns(species()))
    }
}

impl<S> Case<'_, S> {
    /// Whether a line may come in only on an import permit.
    fn rests_on_one(&self, permit: &PermitState, line: &LineState) -> bool {
        may_rest_on_import_permit(permit.kind)
            && (line.is_strict() || is_stricter_measure(self.destination_party, line.appendix))
    }

    /// What an import permit must grant for quantities that come in.
    fn needed(
        &self,
        permit: &PermitState,
        lines: &[LineQuantity],
    ) -> impl Iterator<Item = (LineNeed, Quantity)> {
        lines
            .iter()
            .filter_map(|LineQuantity { line, quantity, .. }| {
                let line = permit
                    .line(*line)
                    .filter(|line| self.rests_on_one(permit, line))?;
                let need = LineNeed {
                    taxon: line.taxon,
                    unit: line.unit,
                };
                Some((need, *quantity))
            })
    }
}

impl Case<'_, Import> {
    fn import_permit(&self) -> Option<crate::record::PermitKey> {
        let linked = self.permit.and_then(|permit| permit.import_permit);
        linked.or(self.said.import_permit)
    }

    fn needs_import_permit(&self) -> bool {
        self.permit_is(|permit| {
            permit
                .lines
                .iter()
                .any(|line| self.rests_on_one(permit, line))
        })
    }

    fn has_a_broken_import_permit(&self) -> bool {
        let (Some(permit), Some(key)) = (self.permit, self.import_permit()) else {
            return false;
        };
        let needed = self.needed(permit, &self.said.lines);
        let is_another = self.said.import_permit.is_some_and(|said| said != key);
        is_another || !self.is_granted(key, permit.destination, needed)
    }

    /// What may at most come in now.
    fn importable(&self, line: &LineState) -> Quantity {
        let is_total = self.permit_is(|permit| permit.kind.uses() == Uses::Total);
        if is_total {
            line.left_of_total()
        } else {
            line.importable()
        }
    }
}

impl Case<'_, Cross> {
    /// Whether it is on its way back to the State that issued it, as far as this crossing tells.
    fn goes_home(&self) -> bool {
        self.permit_is(|permit| match self.said.direction {
            Direction::Out => permit.issuer != self.author,
            Direction::In => permit.issuer == self.author,
        })
    }

    fn is_elsewhere(&self) -> bool {
        let inside = self
            .permit
            .and_then(|permit| permit.crossings.as_ref())
            .and_then(|crossings| crossings.inside);
        match (self.said.direction, inside) {
            (Direction::Out, Some(inside)) => {
                let party = self.links.parties.get(&inside);
                inside != self.author && !share_union(self.author_party, party)
            }
            (Direction::Out, None) | (Direction::In, Some(_)) => true,
            (Direction::In, None) => false,
        }
    }
}

/// What a correction is about.
enum Corrected<'a> {
    Endorsement(&'a PermitState),
    Import(&'a PermitState),
}

impl Corrected<'_> {
    fn party(&self) -> Option<PartyCode> {
        let act = match self {
            Self::Endorsement(permit) => permit.endorsement.as_ref(),
            Self::Import(permit) => permit.import.as_ref(),
        };
        act.map(|act| act.party)
    }
}

impl Case<'_, Correct> {
    fn exceeds_import_permit(&self, permit: &PermitState) -> bool {
        let granted = permit
            .import_permit
            .and_then(|key| self.links.permits.get(&key));
        granted.is_some_and(|granted| !grants(granted, self.needed(permit, &self.said.lines)))
    }

    fn corrected(&self) -> Option<Corrected<'_>> {
        let permit = self.permit?;
        let named = Some(self.said.record);
        if permit.endorsement_record() == named {
            Some(Corrected::Endorsement(permit))
        } else if permit.import_record() == named && permit.kind.is_endorsed() {
            Some(Corrected::Import(permit))
        } else {
            None
        }
    }
}

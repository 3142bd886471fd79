//! Statements by chance, aimed at permits that are there: right more often than not, wrong in every way.

use ledger::codes::{Appendix, Source, Unit};
use ledger::digest::{Commitment, OperationHash, SpeciesKey, TaxonTag};
use ledger::quantity::Quantity;
use ledger::record::{
    CancelReason, CorrectReason, Issue, IssuedLine, Operation, OperationKey, Origin, PaperSeen,
    Quota, Refuse, Replaces, RetrospectiveReason, RevokeRange, RevokeReason, SerialRange, Series,
    Sight, Suspend,
};

use super::*;
use crate::random::{Purpose, Random};

type Speaker = (PartyCode, Role);

pub(super) struct Chance(Random);

fn taxon(n: u64) -> TaxonTag {
    TaxonTag(sha256(&n.to_be_bytes()))
}

fn species(n: u64) -> SpeciesKey {
    SpeciesKey(sha256(&n.to_be_bytes()))
}

fn number(n: u64) -> NumberHash {
    NumberHash(sha256(&n.to_be_bytes()))
}

fn line(n: u64) -> LineId {
    LineId::new(u8::try_from(n).unwrap() + 1).unwrap()
}

fn port() -> Port {
    Port::new("QSAAA").unwrap()
}

pub(super) fn units(n: u64) -> Quantity {
    Quantity::from_units(n).unwrap()
}

impl Chance {
    pub(super) fn new(seed: u64) -> Self {
        Self(Random::new(seed, Purpose::Trade))
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.0.below(bound)
    }

    fn percent(&mut self, share: u64) -> bool {
        self.below(100) < share
    }

    fn one<T: Copy>(&mut self, all: &[T]) -> T {
        *self.0.choose(all).unwrap()
    }

    fn member(&mut self) -> PartyCode {
        code(self.one(&MEMBERS))
    }

    /// The Party that may, mostly.
    fn by(&mut self, right: Option<PartyCode>) -> PartyCode {
        match right.filter(|_| self.percent(92)) {
            Some(right) => right,
            None => self.member(),
        }
    }

    /// A permit such as is asked for, mostly; else any number.
    fn aim(&mut self, game: &Game, asked: impl Fn(&Issued) -> bool) -> PermitKey {
        let fits = game
            .permits
            .issued
            .iter()
            .filter(|(_, permit)| asked(permit));
        let fits: Vec<_> = fits.map(|(key, _)| *key).collect();
        let all: Vec<_> = game.permits.issued.keys().copied().collect();
        if !fits.is_empty() && self.percent(85) {
            return self.one(&fits);
        }
        if !all.is_empty() && self.percent(80) {
            return self.one(&all);
        }
        PermitKey {
            issuer: self.member(),
            number: number(1_000_000 + self.below(30)),
        }
    }

    pub(super) fn next(&mut self, game: &mut Game) -> (Speaker, Statement) {
        game.now = game.now.plus_ms(match self.below(40) {
            0 => DAY_MS * (1 + self.below(25)),
            1 | 2 => DAY_MS,
            _ => 1_000,
        });
        let (by, statement) = match self.below(100) {
            0..=29 => self.issue(game),
            30..=43 => self.endorse(game),
            44..=61 => self.import(game),
            62..=65 => self.cancel(game),
            66..=68 => self.consent(game),
            69..=76 => self.cross(game),
            77..=84 => self.correct(game),
            85..=89 => self.seen(game),
            _ => self.register(game),
        };
        let role = role_for(&statement);
        let other = match role {
            Role::Management => Role::Customs,
            Role::Customs | Role::Scientific | Role::Governance => Role::Management,
        };
        let role = if self.percent(2) { other } else { role };
        ((by, role), statement)
    }

    fn issue(&mut self, game: &Game) -> (PartyCode, Statement) {
        let kind = match self.below(20) {
            0..=6 => Kind::Export,
            7..=11 => Kind::ReExport,
            12..=14 => Kind::Import,
            15 | 16 => Kind::IntroductionFromTheSea,
            17 | 18 => Kind::MusicalInstrument,
            _ => self.one(&Kind::ALL),
        };
        let mut by = self.member();
        let own = matches!(kind, Kind::Import | Kind::IntroductionFromTheSea);
        let to = if own && self.percent(95) {
            by
        } else {
            self.member()
        };
        let lines: Vec<IssuedLine> = (0..1 + self.below(2)).map(|n| self.line(n)).collect();
        let today = game.now.date();
        let granted_on = match self.below(30) {
            0 => today.plus_days(3),
            1 => today.plus_days(-60),
            _ => today.plus_days(-1),
        };
        let until = granted_on.plus_months(match self.below(30) {
            0 => kind.months_max() + 1,
            1 => 1,
            _ => kind.months_max(),
        });
        let mut said = Issue {
            number: number(game.made),
            kind,
            destination: (kind.is_multi_crossing() == self.percent(2)).then_some(to),
            granted_on,
            valid_from: granted_on.plus_days(if self.percent(4) { 20 } else { 0 }),
            valid_until: until,
            lines,
            commitment: Commitment(sha256(b"document")),
            stamp: self
                .percent(10)
                .then(|| sha256(&self.below(60).to_be_bytes())),
            retrospective: self
                .percent(10)
                .then_some(RetrospectiveReason::AuthorityError),
            replaces: None,
            import_permit: None,
        };
        if !kind.is_endorsed() && self.percent(90) {
            said.retrospective = None;
        }
        self.replaces(game, &mut by, &mut said);
        self.links(game, &mut by, &mut said);
        if self.percent(3) {
            let any = self.aim(game, |_| true);
            (by, said.number) = (any.issuer, any.number);
        }
        (by, Statement::Issue(said))
    }

    fn line(&mut self, n: u64) -> IssuedLine {
        IssuedLine {
            line: line(n),
            unit: self.one(&[Unit::Number, Unit::Number, Unit::Kilogram]),
            authorised: units(1 + self.below(40)),
            appendix: self.one(&[
                Appendix::I,
                Appendix::II,
                Appendix::II,
                Appendix::II,
                Appendix::III,
            ]),
            source: self.one(&[Source::Wild, Source::Wild, Source::RegisteredOperation]),
            taxon: taxon(self.below(2)),
            origins: Vec::new(),
            species: self.percent(70).then(|| species(self.below(3))),
            operation: self.percent(30).then(|| OperationKey {
                party: self.member(),
                number: OperationHash(sha256(b"operation")),
            }),
        }
    }

    fn replaces(&mut self, game: &Game, by: &mut PartyCode, said: &mut Issue) {
        if !self.percent(15) {
            return;
        }
        let old = self.aim(game, |old| !old.is_spent && old.replaced_by.is_none());
        *by = old.issuer;
        if let Some(permit) = game.permits.permit(old) {
            if self.percent(80) {
                said.kind = permit.said.kind;
                said.destination = permit.said.destination;
                said.retrospective = permit.said.retrospective;
            }
            if self.percent(80) {
                said.lines = permit.said.lines.clone();
                said.import_permit = permit.said.import_permit;
            }
        }
        said.replaces = Some(Replaces {
            number: old.number,
            reason: self.one(&[
                CancelReason::Clerical,
                CancelReason::Lost,
                CancelReason::Stolen,
                CancelReason::Damaged,
            ]),
        });
    }

    fn links(&mut self, game: &Game, by: &mut PartyCode, said: &mut Issue) {
        let may_cite = said.kind == Kind::ReExport || self.percent(1);
        if said.replaces.is_none() && may_cite {
            let source = self.aim(game, |permit| permit.imported.is_some());
            self.cite(game, source, by, said);
        }
        let may = may_rest(said.kind) && said.import_permit.is_none();
        if said.replaces.is_none() && (may && self.percent(45) || self.percent(1)) {
            let entry = self.aim(game, |permit| {
                permit.said.kind == Kind::Import && !permit.is_spent && !permit.is_cancelled()
            });
            said.import_permit = Some(entry);
            if self.percent(90) {
                said.destination = Some(entry.issuer);
            }
        }
    }

    fn cite(&mut self, game: &Game, source: PermitKey, by: &mut PartyCode, said: &mut Issue) {
        let outside = self.percent(4);
        let permit = game.permits.permit(source);
        if let Some(to) = permit.and_then(|permit| permit.said.destination)
            && self.percent(95)
        {
            *by = to;
        }
        let mut cited = LineKey {
            permit: source,
            line: line(0),
        };
        if outside {
            cited.permit.issuer = code(OUTSIDER);
        }
        let known = permit.and_then(|permit| permit.said.lines.first());
        let first = known.and_then(|line| line.origins.first());
        let is_re_export = permit.is_some_and(|permit| permit.said.kind == Kind::ReExport);
        let root = first.map_or(cited, |own| own.root);
        let is_right = self.percent(94);
        let told = LineKey {
            permit: source,
            line: line(0),
        };
        let left = permit.and_then(|permit| permit.lines.get(&told.line));
        let left = left.and_then(|line| line.imported).unwrap_or(0);
        let drawn = u128::from(left).saturating_sub(game.permits.drawn_from(&told));
        let drawn = u64::try_from(drawn).unwrap() / 10_000;
        let drawn = 1 + self.below(drawn + 2);
        let line = &mut said.lines[0];
        if let Some(known) = known.filter(|_| is_right) {
            (line.taxon, line.source) = (known.taxon, known.source);
        }
        line.origins = vec![Origin {
            root: if is_right { root } else { cited },
            last: (is_re_export == is_right).then_some(cited),
            drawn: units(drawn),
        }];
    }

    /// Quantities of lines of a permit.
    fn goods(
        &mut self,
        permit: Option<&Issued>,
        limit: impl Fn(&Line) -> u64,
    ) -> Vec<LineQuantity> {
        let mut goods = Vec::new();
        for (id, line) in permit.into_iter().flat_map(|permit| &permit.lines) {
            let most = limit(line) / 10_000;
            let quantity = match self.below(20) {
                0 => most + 1,
                1..=4 => self.below(most + 1),
                _ => most,
            };
            if quantity > 0 {
                let unit = if self.percent(2) {
                    Unit::Metre
                } else {
                    line.unit
                };
                goods.push(LineQuantity {
                    line: *id,
                    unit,
                    quantity: units(quantity),
                });
            }
        }
        if goods.is_empty() || self.percent(2) {
            goods.push(LineQuantity {
                line: line(8),
                unit: Unit::Number,
                quantity: units(1),
            });
        }
        goods
    }

    fn endorse(&mut self, game: &Game) -> (PartyCode, Statement) {
        let permit = self.aim(game, |permit| {
            permit.said.kind.is_endorsed() && permit.endorsed.is_none() && !permit.is_cancelled()
        });
        let lines = self.goods(game.permits.permit(permit), |line| line.authorised);
        let said = Endorse {
            permit,
            lines,
            port: port(),
            transport: None,
        };
        (self.by(Some(permit.issuer)), Statement::Endorse(said))
    }

    fn import(&mut self, game: &Game) -> (PartyCode, Statement) {
        let permit = self.aim(game, |permit| {
            let ready = permit.endorsed.is_some() || permit.said.kind.uses() == Uses::Total;
            ready && !permit.is_spent && !permit.is_cancelled()
        });
        let known = game.permits.permit(permit);
        let is_total = known.is_some_and(|known| known.said.kind.uses() == Uses::Total);
        let part = 1 + self.below(2);
        let lines = self.goods(known, |line| match is_total {
            true => (line.authorised - line.imported.unwrap_or(0)) / part,
            false => line.endorsed.unwrap_or(line.authorised),
        });
        let to = known.and_then(|known| known.said.destination);
        let named = known.and_then(|known| known.import_permit);
        let entry = self.aim(game, |entry| {
            entry.said.kind == Kind::Import && !entry.is_spent && entry.said.destination == to
        });
        let said = Import {
            permit,
            lines,
            port: port(),
            import_permit: (named.is_none() == self.percent(50)).then_some(entry),
        };
        (self.by(to), Statement::Import(said))
    }

    fn cancel(&mut self, game: &Game) -> (PartyCode, Statement) {
        let permit = self.aim(game, |permit| !permit.is_cancelled());
        let reason = self.one(CancelReason::ALL);
        let by = self.by(Some(permit.issuer));
        (by, Statement::Cancel(Cancel { permit, reason }))
    }

    fn consent(&mut self, game: &Game) -> (PartyCode, Statement) {
        let permit = self.aim(game, Issued::lacks_consent);
        let to = game
            .permits
            .permit(permit)
            .and_then(|own| own.said.destination);
        (self.by(to), Statement::Consent(Consent { permit }))
    }

    fn cross(&mut self, game: &Game) -> (PartyCode, Statement) {
        let permit = self.aim(game, |permit| permit.said.kind.is_multi_crossing());
        let inside = game.permits.permit(permit).and_then(|own| own.inside);
        let is_out = inside.is_some() == self.percent(92);
        let document = if self.percent(4) {
            &b"altered"[..]
        } else {
            b"document"
        };
        let said = Cross {
            permit,
            direction: if is_out {
                Direction::Out
            } else {
                Direction::In
            },
            port: port(),
            document: Commitment(sha256(document)),
        };
        (self.by(inside), Statement::Cross(said))
    }

    fn correct(&mut self, game: &Game) -> (PartyCode, Statement) {
        let import = self.percent(60);
        let permit = self.aim(game, |permit| match import {
            true => permit.imported.is_some(),
            false => permit.endorsed.is_some() && !permit.is_spent,
        });
        let known = game.permits.permit(permit);
        let endorsed = known.and_then(|known| known.endorsed);
        let imported = known.and_then(|known| known.imported);
        let done = if import {
            imported
        } else {
            endorsed.or(imported)
        };
        let lines = self.goods(known, |line| match import {
            true => line.endorsed.unwrap_or(line.authorised),
            false => line.authorised,
        });
        let lost = RecordDigest(sha256(b"no record"));
        let record = done.filter(|_| self.percent(94)).map(|done| done.in_force);
        let said = Correct {
            permit,
            record: record.unwrap_or(lost),
            lines,
            reason: CorrectReason::Recount,
        };
        (self.by(done.map(|done| done.by)), Statement::Correct(said))
    }

    fn seen(&mut self, game: &Game) -> (PartyCode, Statement) {
        let mut permit = self.aim(game, |_| true);
        let port = port();
        let statement = match self.below(3) {
            0 => Statement::Sight(Sight { permit, port }),
            1 => {
                let reason = self.one(&[Reason::Altered, Reason::Expired, Reason::Ok]);
                Statement::Refuse(Refuse {
                    permit,
                    reason,
                    port,
                })
            }
            _ => {
                if self.percent(85) {
                    permit.issuer = code(OUTSIDER);
                    permit.number = number(self.below(20));
                }
                let (stamp, document) = (self.below(3), self.below(5));
                Statement::PaperSeen(PaperSeen {
                    permit,
                    stamp: (stamp > 0).then(|| sha256(&stamp.to_be_bytes())),
                    document: sha256(&document.to_be_bytes()),
                    port,
                })
            }
        };
        (self.member(), statement)
    }

    fn register(&mut self, game: &Game) -> (PartyCode, Statement) {
        let today = game.now.date();
        let by = self.member();
        let statement = match self.below(4) {
            0 => Statement::RevokeRange(RevokeRange {
                series: Series::Forms,
                range: SerialRange {
                    prefix: "QS".into(),
                    first: self.below(4),
                    last: 9,
                    digits: 3,
                    suffix: String::new(),
                },
                reason: RevokeReason::Lost,
                lifted: self.percent(40),
            }),
            1 => Statement::Quota(Quota {
                year: today.plus_days(-20).year() + u16::try_from(self.below(2)).unwrap(),
                species: species(self.below(3)),
                unit: self.one(&[Unit::Number, Unit::Number, Unit::Number, Unit::Kilogram]),
                total: units(1 + self.below(200)),
            }),
            2 => Statement::Operation(Operation {
                number: OperationHash(sha256(b"operation")),
                listed: self.percent(70),
            }),
            _ => {
                let from = today.plus_days(i32::try_from(self.below(6)).unwrap() - 3);
                let days = i32::try_from(self.below(40)).unwrap() - 2;
                Statement::Suspend(Suspend {
                    of: self.by(Some(by)),
                    species: self.percent(80).then(|| species(self.below(3))),
                    from,
                    until: Some(from.plus_days(days)),
                })
            }
        };
        (by, statement)
    }
}

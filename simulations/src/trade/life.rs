//! The life of a permit of the year: issued, endorsed, seen, imported; with mistakes that somebody mends, and goods
//! that travel on.

use ledger::codes::Kind;
use ledger::digest::RecordDigest;
use ledger::party::Role;
use ledger::reason::Reason;
use ledger::record::{
    Cancel, CancelReason, Correct, CorrectReason, Cross, Direction, Endorse, Import, Issue,
    IssuedLine, LineKey, LineQuantity, Origin, PermitKey, Port, Replaces, Sight, Statement,
};

use super::Expected::{self, Applied, Refused};
use super::author::{Author, Saying};
use super::market::Market;
use super::paper::{Draft, part, quantities};
use super::table::{Ranges, Table, number, pick};
use super::year::compressed;
use crate::moment::Moment;
use crate::parties::{Seat, SetUpError};
use crate::random::Random;

/// Ports of each Party.
const PORTS: [&str; 3] = ["AAA", "BBB", "CCC"];
/// However much time is compressed, two acts of one life are this far apart.
const APART_MS: u64 = 100;

/// A mistake that somebody mends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mistake {
    /// The permit is cancelled before it was used.
    Cancelled,
    /// The permit is replaced before it was used.
    Replaced,
    /// The goods arrive before their export was endorsed.
    EndorsedLate,
    /// The import was counted wrongly.
    Miscounted,
}

const MISTAKES: [(Mistake, u64); 4] = [
    (Mistake::Cancelled, 1),
    (Mistake::Replaced, 1),
    (Mistake::EndorsedLate, 1),
    (Mistake::Miscounted, 1),
];

/// Writes the records of one life, each after the one before it.
#[derive(Debug)]
pub(super) struct Clerk<'a, 't> {
    author: &'t mut Author<'a>,
    random: &'t mut Random,
    table: &'t Table,
    market: &'t Market<'a>,
    at: Moment,
    after: Option<RecordDigest>,
}

/// A consignment on its way.
#[derive(Debug)]
struct Consignment<'a> {
    permit: PermitKey,
    issue: Issue,
    from: &'a Seat,
    to: &'a Seat,
}

impl<'a, 't> Clerk<'a, 't> {
    pub(super) const fn new(
        author: &'t mut Author<'a>,
        random: &'t mut Random,
        (table, market): (&'t Table, &'t Market<'a>),
        at: Moment,
    ) -> Self {
        Self {
            author,
            random,
            table,
            market,
            at,
            after: None,
        }
    }

    /// The life of the permit of this number, from its issue on.
    pub(super) fn live(&mut self, issuer: &'a Seat, serial: u64) -> Result<(), SetUpError> {
        let name = format!("{}{serial:06}", issuer.code);
        let kind = pick(self.random, &self.table.kinds).unwrap_or(Kind::Export);
        let destination = self.market.importer_apart(self.random, &[issuer]);
        let (Some(to), false) = (destination, kind.is_multi_crossing()) else {
            return self.travel(issuer, destination, &name);
        };
        let draft = Draft::new(self.random, self.table, (kind, to.code), name);
        let chain = self.author.parties.chain;
        let is_strict = draft.is_strict();
        let mut import_permit = None;
        if is_strict {
            let granted = draft.import_permit(chain, to.code, self.author.date(self.at));
            import_permit = Some(PermitKey {
                issuer: to.code,
                number: granted.number,
            });
            self.say((to, Role::Management), Statement::Issue(granted), Applied)?;
            self.wait(&self.table.between_steps_h);
        }
        let mut issue = draft.issue(chain, issuer.code, self.author.date(self.at));
        issue.import_permit = import_permit;
        let mut goods = self.issued(issuer, to, issue)?;
        let trade = &self.author.scenario.trade;
        let (mistakes, re_exports) = (trade.mistakes_permille, trade.re_exports_permille);
        let errs = self.random.happens(mistakes.into());
        let mistake = pick(self.random, &MISTAKES).filter(|_| errs);
        let is_used = !self.random.happens(self.table.never_used_permille);
        match mistake {
            Some(Mistake::Cancelled) => return self.cancel(&goods),
            Some(Mistake::Replaced) => goods = self.replace(&goods, &draft)?,
            Some(Mistake::EndorsedLate | Mistake::Miscounted) => {}
            None if !is_used => return Ok(()),
            None => {}
        }
        let arrived = self.ship(&goods, mistake)?;
        if mistake == Some(Mistake::Miscounted) {
            return self.recount(&goods, &arrived);
        }
        let goes_on = self.random.happens(re_exports.into());
        if mistake.is_some() || is_strict || !goes_on || kind == Kind::ReExport {
            return Ok(());
        }
        self.re_export(&goods, &arrived, &draft)
    }

    fn issued(
        &mut self,
        from: &'a Seat,
        to: &'a Seat,
        issue: Issue,
    ) -> Result<Consignment<'a>, SetUpError> {
        let said = Statement::Issue(issue.clone());
        self.say((from, Role::Management), said, Applied)?;
        let permit = PermitKey {
            issuer: from.code,
            number: issue.number,
        };
        Ok(Consignment {
            permit,
            issue,
            from,
            to,
        })
    }

    /// Out of one State, through others, into the next. What arrived.
    fn ship(
        &mut self,
        goods: &Consignment<'a>,
        mistake: Option<Mistake>,
    ) -> Result<Vec<LineQuantity>, SetUpError> {
        let granted = quantities(&goods.issue.lines);
        let leaving = part(self.random, granted, self.table.less_leaves_permille);
        self.wait(&self.table.until_endorsed_h);
        let is_late = mistake == Some(Mistake::EndorsedLate);
        if !is_late {
            self.endorse(goods, &leaving)?;
        }
        let transits = pick(self.random, &self.table.transits).unwrap_or(0);
        for _ in 0..transits {
            let apart = [goods.from, goods.to];
            let Some(through) = self.market.importer_apart(self.random, &apart) else {
                break;
            };
            self.wait(&self.table.between_steps_h);
            let said = Statement::Sight(Sight {
                permit: goods.permit,
                port: self.port(through)?,
            });
            self.say((through, Role::Customs), said, Applied)?;
        }
        self.wait(&self.table.until_imported_h);
        let arriving = part(
            self.random,
            leaving.clone(),
            self.table.less_arrives_permille,
        );
        let said = Statement::Import(Import {
            permit: goods.permit,
            lines: arriving.clone(),
            port: self.port(goods.to)?,
            import_permit: None,
        });
        let customs = (goods.to, Role::Customs);
        if is_late {
            self.say(customs, said.clone(), Refused(Reason::NotEndorsed))?;
            self.wait(&self.table.between_steps_h);
            self.endorse(goods, &leaving)?;
            self.wait(&self.table.between_steps_h);
        }
        self.say(customs, said, Applied)?;
        Ok(arriving)
    }

    fn endorse(
        &mut self,
        goods: &Consignment<'a>,
        leaving: &[LineQuantity],
    ) -> Result<(), SetUpError> {
        let said = Statement::Endorse(Endorse {
            permit: goods.permit,
            lines: leaving.to_vec(),
            port: self.port(goods.from)?,
            transport: Some(ledger::digest::Digest(self.random.bytes())),
        });
        self.say((goods.from, Role::Customs), said, Applied)
    }

    fn cancel(&mut self, goods: &Consignment<'a>) -> Result<(), SetUpError> {
        self.wait(&self.table.between_steps_h);
        let said = Statement::Cancel(Cancel {
            permit: goods.permit,
            reason: CancelReason::Clerical,
        });
        self.say((goods.from, Role::Management), said, Applied)
    }

    fn replace(
        &mut self,
        goods: &Consignment<'a>,
        draft: &Draft,
    ) -> Result<Consignment<'a>, SetUpError> {
        self.wait(&self.table.between_steps_h);
        let today = self.author.date(self.at);
        let chain = self.author.parties.chain;
        let mut issue = draft.replacement().issue(chain, goods.from.code, today);
        issue.import_permit = goods.issue.import_permit;
        issue.replaces = Some(Replaces {
            number: goods.permit.number,
            reason: CancelReason::Clerical,
        });
        self.issued(goods.from, goods.to, issue)
    }

    fn recount(
        &mut self,
        goods: &Consignment<'a>,
        arrived: &[LineQuantity],
    ) -> Result<(), SetUpError> {
        let Some(record) = self.after else {
            return Ok(());
        };
        self.wait(&self.table.between_steps_h);
        let said = Statement::Correct(Correct {
            permit: goods.permit,
            record,
            lines: part(self.random, arrived.to_vec(), 1000),
            reason: CorrectReason::Recount,
        });
        self.say((goods.to, Role::Customs), said, Applied)
    }

    /// Goods of the first line travel on under a certificate that draws on what was imported.
    fn re_export(
        &mut self,
        goods: &Consignment<'a>,
        arrived: &[LineQuantity],
        draft: &Draft,
    ) -> Result<(), SetUpError> {
        let asks_too_much = self.random.happens(self.table.over_drawn_permille);
        let next = self
            .market
            .importer_apart(self.random, &[goods.from, goods.to]);
        let first = goods.issue.lines.first().zip(arrived.first());
        let (Some(next), Some((line, arrived))) = (next, first) else {
            return Ok(());
        };
        self.wait(&self.table.until_endorsed_h);
        let today = self.author.date(self.at);
        let chain = self.author.parties.chain;
        let root = LineKey {
            permit: goods.permit,
            line: line.line,
        };
        let certificate = |drawn| {
            let origin = Origin {
                root,
                last: None,
                drawn,
            };
            let line = IssuedLine {
                authorised: drawn,
                origins: vec![origin],
                ..line.clone()
            };
            draft.re_export((next.code, line), (chain, goods.to.code), today)
        };
        if asks_too_much {
            let more = arrived.quantity.checked_add(super::teller::units(1));
            let said = Statement::Issue(certificate(more.unwrap_or(arrived.quantity)));
            let authority = (goods.to, Role::Management);
            self.say(authority, said, Refused(Reason::OverQuantity))?;
            self.wait(&self.table.between_steps_h);
        }
        let drawn = part(self.random, vec![*arrived], 500);
        let drawn = drawn.first().map_or(arrived.quantity, |line| line.quantity);
        let onward = self.issued(goods.to, next, certificate(drawn))?;
        self.ship(&onward, None)?;
        Ok(())
    }

    /// A document of many crossings goes abroad and comes home.
    fn travel(
        &mut self,
        home: &'a Seat,
        abroad: Option<&'a Seat>,
        name: &str,
    ) -> Result<(), SetUpError> {
        let draft = Draft::passport(self.random, name.into());
        let today = self.author.date(self.at);
        let issue = draft.issue(self.author.parties.chain, home.code, today);
        let document = issue.commitment;
        let permit = PermitKey {
            issuer: home.code,
            number: issue.number,
        };
        self.say((home, Role::Management), Statement::Issue(issue), Applied)?;
        let there = abroad.unwrap_or(home);
        let crossings = [
            (home, Direction::Out),
            (there, Direction::In),
            (there, Direction::Out),
            (home, Direction::In),
        ];
        for (party, direction) in crossings {
            self.wait(&self.table.between_steps_h);
            let said = Statement::Cross(Cross {
                permit,
                direction,
                port: self.port(party)?,
                document,
            });
            self.say((party, Role::Customs), said, Applied)?;
        }
        Ok(())
    }

    fn say(
        &mut self,
        (by, role): (&Seat, Role),
        statement: Statement,
        expected: Expected,
    ) -> Result<(), SetUpError> {
        let saying = Saying {
            by,
            role,
            at: self.at,
            after: self.after,
            expected,
            fraud: None,
        };
        self.after = Some(self.author.say(self.random, saying, statement)?);
        Ok(())
    }

    fn wait(&mut self, hours: &Ranges) {
        let compress = self.author.scenario.trade.compress;
        // To the millisecond, so that not all offices speak on the hour.
        let within = compressed(1, compress).as_micros();
        let more_us = self.random.below(u64::try_from(within).unwrap_or(u64::MAX));
        let waited = compressed(number(self.random, hours), compress)
            .saturating_add(std::time::Duration::from_micros(more_us));
        let apart = std::time::Duration::from_millis(APART_MS);
        self.at = self.at.plus(waited.max(apart));
    }

    fn port(&mut self, of: &Seat) -> Result<Port, SetUpError> {
        let letters = self.random.choose(&PORTS).copied().unwrap_or("AAA");
        let code = format!("{}{letters}", of.code);
        Port::new(&code).ok_or(SetUpError::Name(code))
    }
}

//! Tells a story: row by row, each act after the one before it, so that every outcome is known beforehand.

use ledger::codes::Unit;
use ledger::digest::{Commitment, Digest, OperationHash, RecordDigest, SpeciesKey, sha256};
use ledger::party::PartyCode;
use ledger::permit::LineId;
use ledger::permit::number::number_hash;
use ledger::quantity::Quantity;
use ledger::record::{
    Cancel, Consent, Correct, CorrectReason, Cross, Endorse, Import, LineQuantity, Operation,
    PaperSeen, PermitKey, Port, Quota, Refuse, RevokeRange, RevokeReason, SerialRange, Series,
    Sight, Statement, Suspend,
};

use super::author::{Author, Saying};
use super::cast::{Cast, Who};
use super::deed::{
    Amount, Corrected, Deed, Entry, Of, Origin, Paper, Place, QuotaForm, Row, Shown,
};
use super::story::Story;
use super::{Expected, Fraud};
use crate::moment::Moment;
use crate::parties::{Seat, SetUpError};
use crate::random::Random;
use crate::scenario::SpanMs;

/// Time between two acts of a fixed story.
const STEP: SpanMs = SpanMs([100, 2500]);
/// Specimens that a permit allows.
pub(super) const AUTHORISED: u64 = 50;
/// States that were bound by nothing when the table of Parties was made.
const OUTSIDE: [&str; 6] = ["KP", "HT", "SS", "TL", "VA", "NR"];
/// Numbers of a range of forms.
const FORMS: u64 = 1000;

/// A story while it is told.
#[derive(Debug)]
pub(super) struct Telling<'a, 't> {
    pub author: &'t mut Author<'a>,
    pub random: &'t mut Random,
    pub cast: Cast<'a>,
    /// Names everything of the story that needs a name of its own.
    pub name: String,
    pub fraud: Option<Fraud>,
    /// Time between two acts.
    pub pace: SpanMs,
    pub(super) at: Moment,
    leaving: u64,
    papers: [Records; 3],
    issuers: [Who; 3],
}

/// The records in force on a permit.
#[derive(Clone, Copy, Debug, Default)]
struct Records {
    endorsement: Option<RecordDigest>,
    import: Option<RecordDigest>,
}

impl<'a, 't> Telling<'a, 't> {
    /// A story that begins at this moment.
    pub(super) fn new(
        author: &'t mut Author<'a>,
        random: &'t mut Random,
        (cast, name, at): (Cast<'a>, String, Moment),
    ) -> Self {
        // At least two, so that half of it is something.
        let leaving = random.below(AUTHORISED.saturating_sub(1)).saturating_add(2);
        Self {
            author,
            random,
            cast,
            name,
            fraud: None,
            pace: STEP,
            at,
            leaving,
            papers: [Records::default(); 3],
            issuers: [Who::Issuer; 3],
        }
    }

    /// Tells all rows.
    pub(super) fn tell(mut self, story: &Story) -> Result<(), SetUpError> {
        for paper in [Paper::A, Paper::B, Paper::C] {
            let issues = |row: &&Row| {
                matches!(row.deed, Deed::Issue(of, _) if of == paper)
                    && row.expected == Expected::Applied
            };
            if let (Some(row), Some(issuer)) = (
                story.1.iter().find(issues),
                self.issuers.get_mut(paper as usize),
            ) {
                *issuer = row.who;
            }
        }
        let (mut after, mut last) = (None, None);
        let mut is_racing = false;
        for row in story.1 {
            // All acts of a race wait for the act before it, and are handed in at one moment.
            let races_on = is_racing && matches!(row.expected, Expected::Race(_));
            is_racing = matches!(row.expected, Expected::Race(_));
            if !races_on {
                self.at = self.at.plus(self.random.within(self.pace));
                after = last;
            }
            let record = self.say(row, after)?;
            if row.expected == Expected::Applied {
                self.remember(row.deed, record);
            }
            last = Some(record);
        }
        Ok(())
    }

    fn say(&mut self, row: &Row, after: Option<RecordDigest>) -> Result<RecordDigest, SetUpError> {
        let by = self.seat(row.who)?;
        let statement = self.statement(by, row.place, row.deed)?;
        let saying = Saying {
            by,
            role: row.place.role(),
            at: self.at,
            after,
            expected: row.expected,
            fraud: self.fraud.filter(|_| row.is_fraud),
        };
        self.author.say(self.random, saying, statement)
    }

    fn remember(&mut self, deed: Deed, record: RecordDigest) {
        match deed {
            Deed::Endorse(of, _) | Deed::Correct(of, Corrected::Endorsement, _) => {
                if let Some(records) = self.papers.get_mut(of as usize) {
                    records.endorsement = Some(record);
                }
            }
            Deed::Import(of, _) | Deed::Correct(of, Corrected::Import, _) => {
                if let Some(records) = self.papers.get_mut(of as usize) {
                    records.import = Some(record);
                }
            }
            Deed::Correct(_, Corrected::Neither, _)
            | Deed::Issue(..)
            | Deed::Sight(_)
            | Deed::Refuse(..)
            | Deed::Cancel(..)
            | Deed::Consent(_)
            | Deed::Cross(..)
            | Deed::PaperSeen(_)
            | Deed::Revoke(_)
            | Deed::Quota(_)
            | Deed::Operation(_)
            | Deed::Suspend(_) => {}
        }
    }

    pub(super) fn seat(&self, who: Who) -> Result<&'a Seat, SetUpError> {
        let seat = self.cast.who(who);
        seat.ok_or_else(|| SetUpError::Name(format!("{who:?}")))
    }

    /// The number of a permit of this story, as it is printed.
    pub(super) fn number(&self, paper: Paper) -> String {
        format!("{}{paper:?}", self.name)
    }

    /// A permit of this story.
    pub(super) fn key(&self, paper: Paper) -> Result<PermitKey, SetUpError> {
        let who = self.issuers.get(paper as usize).copied();
        let issuer = self.seat(who.unwrap_or(Who::Issuer))?.code;
        Ok(PermitKey {
            issuer,
            number: number_hash(self.author.parties.chain, issuer, &self.number(paper)),
        })
    }

    /// A digest of this story, for what stands on the ledger only as one.
    pub(super) fn digest(&self, of: &str) -> Digest {
        sha256(format!("{} {of}", self.name).as_bytes())
    }

    pub(super) fn species(&self) -> SpeciesKey {
        SpeciesKey(self.digest("species"))
    }

    pub(super) fn operation(&self) -> OperationHash {
        OperationHash(self.digest("operation"))
    }

    pub(super) fn document(&self, paper: Paper) -> Commitment {
        Commitment(self.digest(&self.number(paper)))
    }

    /// How many an amount is.
    pub(super) const fn units(&self, amount: Amount) -> u64 {
        match amount {
            Amount::Leaving | Amount::OtherLine | Amount::OtherUnit => self.leaving,
            Amount::Half => self.leaving / 2,
            Amount::TooMany => AUTHORISED.saturating_add(1),
        }
    }

    fn lines(&self, amount: Amount) -> Vec<LineQuantity> {
        let is_other_line = amount == Amount::OtherLine;
        let is_other_unit = amount == Amount::OtherUnit;
        vec![LineQuantity {
            line: LineId::new(1_u8.saturating_add(is_other_line.into())).unwrap_or(LineId::A),
            unit: if is_other_unit {
                Unit::Kilogram
            } else {
                Unit::Number
            },
            quantity: units(self.units(amount)),
        }]
    }

    fn statement(&self, by: &Seat, place: Place, deed: Deed) -> Result<Statement, SetUpError> {
        let letters = format!("{}{}", by.code, place.letters());
        let port = Port::new(&letters).ok_or(SetUpError::Name(letters))?;
        Ok(match deed {
            Deed::Issue(paper, form) => Statement::Issue(self.issue(by, paper, form)?),
            Deed::Endorse(paper, amount) => Statement::Endorse(Endorse {
                permit: self.key(paper)?,
                lines: self.lines(amount),
                port,
                transport: Some(self.digest("waybill")),
            }),
            Deed::Sight(paper) => Statement::Sight(Sight {
                permit: self.key(paper)?,
                port,
            }),
            Deed::Import(paper, amount) => Statement::Import(Import {
                permit: self.key(paper)?,
                lines: self.lines(amount),
                port,
                import_permit: None,
            }),
            Deed::Refuse(paper, reason) => Statement::Refuse(Refuse {
                permit: self.key(paper)?,
                reason,
                port,
            }),
            Deed::Cancel(paper, reason) => Statement::Cancel(Cancel {
                permit: self.key(paper)?,
                reason,
            }),
            Deed::Consent(paper) => Statement::Consent(Consent {
                permit: self.key(paper)?,
            }),
            Deed::Cross(paper, direction, shown) => Statement::Cross(Cross {
                permit: self.key(paper)?,
                direction,
                port,
                document: match shown {
                    Shown::Document => self.document(paper),
                    Shown::Altered => Commitment(self.digest("altered")),
                },
            }),
            Deed::Correct(paper, corrected, amount) => {
                Statement::Correct(self.correct(paper, corrected, amount)?)
            }
            Deed::PaperSeen(origin) => Statement::PaperSeen(PaperSeen {
                permit: self.foreign(origin)?,
                stamp: None,
                document: self.digest("paper"),
                port,
            }),
            Deed::Revoke(_) | Deed::Quota(_) | Deed::Operation(_) | Deed::Suspend(_) => {
                self.register(deed)?
            }
        })
    }

    fn correct(
        &self,
        paper: Paper,
        corrected: Corrected,
        amount: Amount,
    ) -> Result<Correct, SetUpError> {
        let records = self.papers.get(paper as usize).copied().unwrap_or_default();
        let record = match corrected {
            Corrected::Endorsement => records.endorsement,
            Corrected::Import => records.import,
            Corrected::Neither => None,
        };
        Ok(Correct {
            permit: self.key(paper)?,
            record: record.unwrap_or_else(|| RecordDigest(self.digest("no record"))),
            lines: self.lines(amount),
            reason: CorrectReason::Recount,
        })
    }

    /// A number on paper that is shown instead of a record.
    fn foreign(&self, origin: Origin) -> Result<PermitKey, SetUpError> {
        let parties = self.author.parties;
        let outside = OUTSIDE.iter().find(|code| parties.of_code(code).is_none());
        let issuer = match origin {
            Origin::OnLedger => Some(self.seat(Who::Issuer)?.code),
            Origin::Outside => outside.and_then(|code| PartyCode::new(code)),
        };
        let issuer = issuer.ok_or_else(|| SetUpError::Name("no State outside".into()))?;
        Ok(PermitKey {
            issuer,
            number: number_hash(parties.chain, issuer, &self.name),
        })
    }

    fn register(&self, deed: Deed) -> Result<Statement, SetUpError> {
        let today = self.author.date(self.at);
        let Digest(bytes) = self.digest("forms");
        let [first, second, ..] = bytes;
        let from = u64::from(first)
            .saturating_mul(256)
            .saturating_add(second.into());
        Ok(match deed {
            Deed::Revoke(entry) => Statement::RevokeRange(RevokeRange {
                series: Series::Forms,
                range: SerialRange {
                    prefix: format!("{}/", self.name),
                    first: from,
                    last: from.saturating_add(FORMS),
                    digits: 6,
                    suffix: String::new(),
                },
                reason: RevokeReason::Stolen,
                lifted: entry == Entry::Out,
            }),
            Deed::Operation(entry) => Statement::Operation(Operation {
                number: self.operation(),
                listed: entry == Entry::In,
            }),
            Deed::Quota(form) => {
                let (year, unit, total) = match form {
                    QuotaForm::One => (today.year(), Unit::Number, AUTHORISED),
                    QuotaForm::Less => (today.year(), Unit::Number, AUTHORISED.saturating_sub(1)),
                    QuotaForm::LastYear => {
                        (today.year().saturating_sub(1), Unit::Number, AUTHORISED)
                    }
                    QuotaForm::Kilograms => (today.year(), Unit::Kilogram, AUTHORISED),
                };
                Statement::Quota(Quota {
                    year,
                    species: self.species(),
                    unit,
                    total: units(total),
                })
            }
            Deed::Suspend(of) => {
                let begun = self.author.date_everywhere(self.at);
                let (name, from, until) = match of {
                    Of::Issuer(Entry::In) => ("species", begun, None),
                    // It ends before it begins, so it holds no longer.
                    Of::Issuer(Entry::Out) => ("species", begun, Some(begun.plus_days(-1))),
                    Of::Retroactive => ("another species", begun.plus_days(-400), None),
                };
                Statement::Suspend(Suspend {
                    of: self.seat(Who::Issuer)?.code,
                    species: Some(SpeciesKey(self.digest(name))),
                    from,
                    until,
                })
            }
            Deed::Issue(..)
            | Deed::Endorse(..)
            | Deed::Sight(_)
            | Deed::Import(..)
            | Deed::Refuse(..)
            | Deed::Cancel(..)
            | Deed::Consent(_)
            | Deed::Cross(..)
            | Deed::Correct(..)
            | Deed::PaperSeen(_) => return Err(SetUpError::Name(format!("{deed:?}"))),
        })
    }
}

/// A quantity of whole units.
pub(super) fn units(count: u64) -> Quantity {
    Quantity::from_units(count).unwrap_or(Quantity::MAX)
}

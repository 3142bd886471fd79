//! What the permits of stories say when they are issued.

use ledger::codes::{Appendix, Kind, Source, Unit};
use ledger::digest::TaxonTag;
use ledger::party::PartyCode;
use ledger::permit::LineId;
use ledger::permit::number::number_hash;
use ledger::record::{
    CancelReason, Issue, IssuedLine, LineKey, OperationKey, Origin, Replaces, RetrospectiveReason,
};

use super::cast::Who;
use super::deed::{Amount, Form, Paper};
use super::teller::{AUTHORISED, Telling, units};
use crate::parties::{Seat, SetUpError};

impl Telling<'_, '_> {
    /// What an authority says when it issues a permit of this story.
    pub(super) fn issue(&self, by: &Seat, paper: Paper, form: Form) -> Result<Issue, SetUpError> {
        let today = self.author.date(self.at);
        let kind = kind(form);
        let mut issue = Issue {
            number: number_hash(self.author.parties.chain, by.code, &self.number(paper)),
            kind,
            destination: self.destination(by, form)?,
            granted_on: today,
            valid_from: today,
            valid_until: today.plus_months(kind.months_max()),
            lines: Vec::new(),
            commitment: self.document(paper),
            stamp: None,
            retrospective: None,
            replaces: None,
            import_permit: None,
        };
        let mut line = self.line(form);
        self.differ(by, form, &mut issue, &mut line)?;
        issue.lines.push(line);
        Ok(issue)
    }

    fn destination(&self, by: &Seat, form: Form) -> Result<Option<PartyCode>, SetUpError> {
        if matches!(form, Form::NoDestination | Form::Passport) {
            return Ok(None);
        }
        // The country of import issues it, for itself.
        if form == Form::ImportPermit && self.cast.destination.is_none() {
            return Ok(Some(by.code));
        }
        let who = if matches!(form, Form::ReExport(..)) {
            Who::Transit
        } else {
            Who::Destination
        };
        Ok(Some(self.seat(who)?.code))
    }

    fn line(&self, form: Form) -> IssuedLine {
        IssuedLine {
            line: LineId::A,
            unit: Unit::Number,
            authorised: units(AUTHORISED),
            appendix: if is_strict(form) {
                Appendix::I
            } else {
                Appendix::II
            },
            source: Source::CaptiveBred,
            // Equal along a chain of re-exports.
            taxon: TaxonTag(self.digest("taxon")),
            origins: Vec::new(),
            // Always named: while some story suspends one species, lines without a name are refused.
            species: Some(self.species()),
            operation: None,
        }
    }

    /// What is otherwise in each form than in an ordinary permit.
    fn differ(
        &self,
        by: &Seat,
        form: Form,
        issue: &mut Issue,
        line: &mut IssuedLine,
    ) -> Result<(), SetUpError> {
        let today = issue.granted_on;
        match form {
            Form::Plain
            | Form::NoDestination
            | Form::Strict
            | Form::ImportPermit
            | Form::Passport => {}
            Form::TooLong => issue.valid_until = issue.valid_until.plus_days(1),
            Form::Crossed => issue.valid_until = today.plus_days(-1),
            Form::LongAgo => {
                issue.granted_on = today.plus_days(-100);
                issue.valid_until = issue.granted_on.plus_months(issue.kind.months_max());
            }
            Form::Over => {
                issue.granted_on = today.plus_days(-9);
                issue.valid_from = issue.granted_on;
                issue.valid_until = today.plus_days(-3);
            }
            Form::NotBegun => issue.valid_from = today.plus_days(90),
            Form::Retrospective | Form::RetrospectiveI => {
                issue.retrospective = Some(RetrospectiveReason::TraderMisled);
            }
            Form::Replaces(old, reason) => issue.replaces = Some(self.replaces(old, reason)?),
            Form::ReplacesForMore(old, reason) => {
                issue.replaces = Some(self.replaces(old, reason)?);
                line.authorised = units(self.units(Amount::TooMany));
            }
            Form::StrictOn(granted) => issue.import_permit = Some(self.key(granted)?),
            Form::StrictForMoreOn(granted) => {
                issue.import_permit = Some(self.key(granted)?);
                line.authorised = units(self.units(Amount::TooMany));
            }
            Form::ReExport(from, amount) => {
                let drawn = units(self.units(amount));
                line.authorised = drawn;
                line.origins = vec![Origin {
                    root: LineKey {
                        permit: self.key(from)?,
                        line: LineId::A,
                    },
                    last: None,
                    drawn,
                }];
            }
            Form::Kilograms => line.unit = Unit::Kilogram,
            Form::Unnamed => line.species = None,
            Form::Stamped => issue.stamp = Some(self.digest("stamp")),
            Form::Registered => {
                line.source = Source::RegisteredOperation;
                line.operation = Some(OperationKey {
                    party: by.code,
                    number: self.operation(),
                });
            }
        }
        Ok(())
    }

    fn replaces(&self, old: Paper, reason: CancelReason) -> Result<Replaces, SetUpError> {
        Ok(Replaces {
            number: self.key(old)?.number,
            reason,
        })
    }
}

const fn kind(form: Form) -> Kind {
    if matches!(form, Form::ImportPermit) {
        Kind::Import
    } else if matches!(form, Form::Passport) {
        Kind::PersonalOwnership
    } else if matches!(form, Form::ReExport(..)) {
        Kind::ReExport
    } else {
        Kind::Export
    }
}

const fn is_strict(form: Form) -> bool {
    matches!(
        form,
        Form::Strict
            | Form::StrictOn(_)
            | Form::StrictForMoreOn(_)
            | Form::RetrospectiveI
            | Form::Registered
    )
}

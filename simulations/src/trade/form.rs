//! What the permits of stories say when they are issued.

use ledger::codes::{Appendix, Kind, Source, Unit};
use ledger::digest::TaxonTag;
use ledger::permit::LineId;
use ledger::permit::number::number_hash;
use ledger::record::{
    Issue, IssuedLine, LineKey, OperationKey, Origin, Replaces, RetrospectiveReason,
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
        let issue = Issue {
            number: number_hash(self.author.parties.chain, by.code, &self.number(paper)),
            kind,
            destination: self.destination(by, form)?,
            granted_on: today,
            valid_from: today,
            valid_until: today.plus_months(kind.months_max()),
            lines: vec![self.line(by, form)?],
            commitment: self.document(paper),
            stamp: (form == Form::Stamped).then(|| self.digest("stamp")),
            retrospective: None,
            replaces: None,
            import_permit: None,
        };
        self.dated(self.linked(issue, form)?, form)
    }

    fn destination(
        &self,
        by: &Seat,
        form: Form,
    ) -> Result<Option<ledger::party::PartyCode>, SetUpError> {
        Ok(match form {
            Form::NoDestination | Form::Passport => None,
            // The country of import issues it, for itself.
            Form::ImportPermit if self.cast.destination.is_none() => Some(by.code),
            Form::ReExport(..) => Some(self.seat(Who::Transit)?.code),
            Form::Plain
            | Form::TooLong
            | Form::Crossed
            | Form::LongAgo
            | Form::Over
            | Form::NotBegun
            | Form::Retrospective
            | Form::RetrospectiveI
            | Form::Replaces(..)
            | Form::ReplacesForMore(..)
            | Form::Strict
            | Form::StrictOn(_)
            | Form::StrictForMoreOn(_)
            | Form::ImportPermit
            | Form::Kilograms
            | Form::Unnamed
            | Form::Stamped
            | Form::Registered => Some(self.seat(Who::Destination)?.code),
        })
    }

    fn line(&self, by: &Seat, form: Form) -> Result<IssuedLine, SetUpError> {
        let mut line = IssuedLine {
            line: LineId::A,
            unit: Unit::Number,
            authorised: units(AUTHORISED),
            appendix: Appendix::II,
            source: Source::CaptiveBred,
            // Equal along a chain of re-exports.
            taxon: TaxonTag(self.digest("taxon")),
            origins: Vec::new(),
            // Always named: while some story suspends one species, lines without a name are refused.
            species: Some(self.species()),
            operation: None,
        };
        match form {
            Form::ReplacesForMore(..) | Form::StrictForMoreOn(_) => {
                line.authorised = units(self.units(Amount::TooMany));
            }
            Form::Kilograms => line.unit = Unit::Kilogram,
            Form::Unnamed => line.species = None,
            Form::Registered => {
                line.source = Source::RegisteredOperation;
                line.operation = Some(OperationKey {
                    party: by.code,
                    number: self.operation(),
                });
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
            Form::Plain
            | Form::NoDestination
            | Form::TooLong
            | Form::Crossed
            | Form::LongAgo
            | Form::Over
            | Form::NotBegun
            | Form::Retrospective
            | Form::RetrospectiveI
            | Form::Replaces(..)
            | Form::Strict
            | Form::StrictOn(_)
            | Form::ImportPermit
            | Form::Passport
            | Form::Stamped => {}
        }
        if is_strict(form) {
            line.appendix = Appendix::I;
        }
        Ok(line)
    }

    fn linked(&self, mut issue: Issue, form: Form) -> Result<Issue, SetUpError> {
        match form {
            Form::Replaces(old, reason) | Form::ReplacesForMore(old, reason) => {
                issue.replaces = Some(Replaces {
                    number: self.key(old)?.number,
                    reason,
                });
            }
            Form::StrictOn(granted) | Form::StrictForMoreOn(granted) => {
                issue.import_permit = Some(self.key(granted)?);
            }
            Form::Retrospective | Form::RetrospectiveI => {
                issue.retrospective = Some(RetrospectiveReason::TraderMisled);
            }
            Form::Plain
            | Form::NoDestination
            | Form::TooLong
            | Form::Crossed
            | Form::LongAgo
            | Form::Over
            | Form::NotBegun
            | Form::Strict
            | Form::ImportPermit
            | Form::Passport
            | Form::ReExport(..)
            | Form::Kilograms
            | Form::Unnamed
            | Form::Stamped
            | Form::Registered => {}
        }
        Ok(issue)
    }

    fn dated(&self, mut issue: Issue, form: Form) -> Result<Issue, SetUpError> {
        let today = issue.granted_on;
        match form {
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
            Form::Plain
            | Form::NoDestination
            | Form::Retrospective
            | Form::RetrospectiveI
            | Form::Replaces(..)
            | Form::ReplacesForMore(..)
            | Form::Strict
            | Form::StrictOn(_)
            | Form::StrictForMoreOn(_)
            | Form::ImportPermit
            | Form::Passport
            | Form::ReExport(..)
            | Form::Kilograms
            | Form::Unnamed
            | Form::Stamped
            | Form::Registered => {}
        }
        Ok(issue)
    }
}

const fn kind(form: Form) -> Kind {
    match form {
        Form::ImportPermit => Kind::Import,
        Form::Passport => Kind::PersonalOwnership,
        Form::ReExport(..) => Kind::ReExport,
        Form::Plain
        | Form::NoDestination
        | Form::TooLong
        | Form::Crossed
        | Form::LongAgo
        | Form::Over
        | Form::NotBegun
        | Form::Retrospective
        | Form::RetrospectiveI
        | Form::Replaces(..)
        | Form::ReplacesForMore(..)
        | Form::Strict
        | Form::StrictOn(_)
        | Form::StrictForMoreOn(_)
        | Form::Kilograms
        | Form::Unnamed
        | Form::Stamped
        | Form::Registered => Kind::Export,
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

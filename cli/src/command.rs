//! One file for each command.

pub(crate) mod audit;
pub(crate) mod cancel;
pub(crate) mod check;
pub(crate) mod consent;
pub(crate) mod correct;
pub(crate) mod cross;
pub(crate) mod endorse;
pub(crate) mod history;
pub(crate) mod import;
pub(crate) mod inspect;
pub(crate) mod issue;
pub(crate) mod key;
mod lines;
mod linked;
pub(crate) mod paper;
pub(crate) mod queue;
pub(crate) mod record;
pub(crate) mod refuse;
pub(crate) mod register;
pub(crate) mod seal;
pub(crate) mod show;
pub(crate) mod sight;
pub(crate) mod signals;
pub(crate) mod trust;
pub(crate) mod verify;

use crate::arguments::{Command, Permit};
use crate::desk::Desk;
use crate::failure::Failure;
use crate::print::Answer;

/// Runs a command.
pub(crate) fn run(command: Command, desk: &Desk) -> Result<Answer, Failure> {
    match command {
        Command::Verify(arguments) => verify::run(&arguments, desk),
        Command::Permit(Permit::Check(arguments)) => check::run(&arguments, desk),
        Command::Permit(Permit::Issue(arguments)) => issue::run(&arguments, desk),
        Command::Permit(Permit::Seal(arguments)) => seal::run(&arguments, desk),
        Command::Permit(Permit::Show(arguments)) => show::run(&arguments, desk),
        Command::Permit(Permit::History(arguments)) => history::run(&arguments, desk),
        Command::Permit(Permit::Cancel(arguments)) => cancel::run(&arguments, desk),
        Command::Permit(Permit::Consent(arguments)) => consent::run(&arguments, desk),
        Command::Cross(arguments) => cross::run(&arguments, desk),
        Command::Correct(arguments) => correct::run(&arguments, desk),
        Command::Paper(arguments) => paper::run(&arguments, desk),
        Command::Register(act) => register::run(&act, desk),
        Command::Signals(arguments) => signals::signals(&arguments, desk),
        Command::Statistics(arguments) => signals::statistics(&arguments, desk),
        Command::Endorse(arguments) => endorse::run(&arguments, desk),
        Command::Sight(arguments) => sight::run(&arguments, desk),
        Command::Import(arguments) => import::run(&arguments, desk),
        Command::Refuse(arguments) => refuse::run(&arguments, desk),
        Command::Queue(arguments) => queue::run(&arguments, desk),
        Command::Record(arguments) => record::run(&arguments, desk),
        Command::Inspect(arguments) => inspect::run(&arguments, desk),
        Command::Key(act) => key::run(&act, desk),
        Command::Audit(act) => audit::run(&act, desk),
        Command::Trust(act) => trust::run(&act, desk),
    }
}

//! What a block does to the state: effects, admission, and the edges in time.

mod admission;
mod chains;
mod effects;
mod imports;
mod registers;
mod replacement;
mod signals;
mod story;
mod validity;
mod ways;

use std::sync::Arc;
use std::vec::Vec;

use super::*;
use crate::party::Role;
use crate::record::{CancelReason, Issue, PermitKey, Replaces, Statement};
use crate::signed::Signed;
use crate::state::admission::{AdmissionError, Inadmissible};
use crate::testing::{
    DAY_MS, START, TestLedger, cancel, endorse, execute, import, issue, party, permit, quantities,
    record, refuse, sight, sign,
};
use crate::time::Timestamp;

const MANAGEMENT: (&str, Role) = ("QS", Role::Management);
const EXPORT: (&str, Role) = ("QS", Role::Customs);
const TRANSIT: (&str, Role) = ("QT", Role::Customs);
const IMPORT: (&str, Role) = ("QN", Role::Customs);

/// `ms` after the beginning.
fn after(ms: u64) -> Timestamp {
    START.plus_ms(ms)
}

/// A ledger with Suravia's permit `1`, and its key.
fn issued() -> (TestLedger, PermitKey) {
    let mut ledger = TestLedger::default();
    let refused = ledger.state_now(MANAGEMENT, Statement::Issue(issue("1")), START);
    assert_eq!(refused, None);
    (ledger, permit("1"))
}

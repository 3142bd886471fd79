//! The 185 Parties to the Convention: code, name, CITES region, entry into force.
//!
//! Sources: CITES Trade Database guide version 9, Annex 4 (184 Parties); Turkmenistan, the 185th, in force
//! 2025-01-02. Codes are ISO 3166-1 alpha-2, and `EU`. Customs union of the 27 Member States: EU Reference Guide, ch. 8
//! (free internal market: what is addressed to one may clear in another).

use ledger::party::PartyCode;
use ledger::time::CivilDate;

/// The table, as a file that people can read and correct.
const TABLE: &str = include_str!("../parties.csv");

/// A Party to the Convention.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KnownParty {
    /// Two letters.
    pub code: PartyCode,
    /// English short name.
    pub name: &'static str,
    /// CITES region.
    pub region: &'static str,
    /// Entry into force of the Convention for this Party.
    pub since: CivilDate,
    /// The customs union it belongs to: customs of any member accept what is addressed to another.
    pub customs_union: Option<&'static str>,
}

/// All Parties, in ascending order of their codes.
pub fn all() -> impl Iterator<Item = KnownParty> {
    TABLE.lines().skip(1).filter_map(parse)
}

/// The Party with this code.
#[must_use]
pub fn find(code: PartyCode) -> Option<KnownParty> {
    all().find(|party| party.code == code)
}

fn parse(line: &'static str) -> Option<KnownParty> {
    let mut fields = line.split(',');
    let party = KnownParty {
        code: PartyCode::new(fields.next()?)?,
        name: fields.next()?,
        region: fields.next()?,
        since: CivilDate::parse(fields.next()?)?,
        customs_union: fields.next().filter(|union| !union.is_empty()),
    };
    fields.next().is_none().then_some(party)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::vec::Vec;

    use super::*;

    #[test]
    fn the_unions_are_the_27_member_states_and_the_eu_itself() {
        let members: Vec<_> = all()
            .filter(|party| party.customs_union == Some("EU"))
            .collect();
        assert_eq!(members.len(), 28);
        let has = |code| members.iter().any(|party| party.code.as_str() == code);
        assert!(has("EU") && has("FR") && has("HR") && !has("GB") && !has("CH") && !has("NO"));
        assert!(all().all(|party| matches!(party.customs_union, None | Some("EU"))));
    }

    #[test]
    fn the_table_holds_185_parties_in_order_each_once() {
        assert_eq!(
            TABLE.lines().count(),
            186,
            "a heading and one line for each"
        );
        let parties: Vec<_> = all().collect();
        assert_eq!(parties.len(), 185);
        assert!(parties.is_sorted_by(|a, b| a.code < b.code));
        let regions: BTreeSet<_> = parties.iter().map(|party| party.region).collect();
        assert_eq!(regions.len(), 6, "{regions:?}");
        assert!(parties.iter().all(|party| !party.name.is_empty()));
    }

    #[test]
    fn no_party_bears_an_invented_code() {
        assert!(all().all(|party| !party.code.is_invented()));
        let qatar = find(PartyCode::new("QA").unwrap()).unwrap();
        assert_eq!((qatar.name, qatar.code.is_invented()), ("Qatar", false));
        assert_eq!(find(PartyCode::new("QS").unwrap()), None);
        // Not Parties: North Korea, South Sudan, the Holy See.
        for stranger in ["KP", "SS", "VA"] {
            assert_eq!(find(PartyCode::new(stranger).unwrap()), None, "{stranger}");
        }
    }

    #[test]
    fn the_first_parties_joined_in_1975() {
        let first = all().map(|party| party.since).min().unwrap();
        assert_eq!(first, CivilDate::new(1975, 7, 1).unwrap());
        let latest = all().max_by_key(|party| party.since).unwrap();
        assert_eq!(latest.code.as_str(), "TM");
    }
}

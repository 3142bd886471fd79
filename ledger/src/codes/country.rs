//! Countries of import, origin and re-export (boxes 3a, 12, 12a): ISO 3166-1 and the codes CITES adds.

use core::fmt;

use crate::party::PartyCode;

/// A two-letter country code. Not every country is a Party, and not every code is a country.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Country(
    // In ISO, CITES or FORMER, or invented.
    PartyCode,
);

/// ISO 3166-1 alpha-2.
const ISO: &str = "AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR \
    BS BT BV BW BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES \
    ET FI FJ FK FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN \
    IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG \
    MH MK ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL \
    PM PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF \
    TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW";

/// Codes of CITES (CITES Trade Database guide, version 9): the EU as a Party, `HS` introduction from the sea,
/// `XX` unknown, `XV` various.
const CITES: &str = "EU HS XV XX";

/// Codes of former countries and former CITES usage, still found as origins.
const FORMER: &str = "AN CS DD NT PC XA XC XE XF XM XS YU ZC ZZ";

impl Country {
    /// The country with exactly this code, former ones and the invented `QM`–`QZ` included.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        let party = PartyCode::new(code)?;
        let listed = [ISO, CITES, FORMER]
            .iter()
            .any(|list| list.split(' ').any(|one| one == code));
        (listed || party.is_invented()).then_some(Self(party))
    }

    /// Whether the code is no longer given to new documents.
    #[must_use]
    pub fn is_former(self) -> bool {
        FORMER.split(' ').any(|one| one == self.0.as_str())
    }

    /// The code as a Party would bear it; whether there is such a Party, genesis and state know.
    #[must_use]
    pub const fn party(self) -> PartyCode {
        self.0
    }

    /// The two letters.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

impl fmt::Display for Country {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.as_str())
    }
}

impl fmt::Debug for Country {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lists_are_sorted_and_do_not_meet() {
        for (list, count) in [(ISO, 249), (CITES, 4), (FORMER, 14)] {
            let codes: std::vec::Vec<_> = list.split(' ').collect();
            assert_eq!(codes.len(), count);
            assert!(codes.is_sorted() && codes.iter().all(|code| code.len() == 2));
        }
        assert!(
            CITES
                .split(' ')
                .all(|code| !ISO.contains(code) && !FORMER.contains(code))
        );
        assert!(FORMER.split(' ').all(|code| !ISO.contains(code)));
    }

    #[test]
    fn invented_parties_are_countries_and_unlisted_codes_are_not() {
        for code in ["QS", "QZ", "QA", "EU", "XX", "YU"] {
            assert!(Country::from_code(code).is_some(), "{code}");
        }
        for code in ["QB", "UK", "us", "", "U", "USA", "A ", " A", "S "] {
            assert_eq!(Country::from_code(code), None, "{code}");
        }
        assert!(Country::from_code("YU").is_some_and(Country::is_former));
    }
}

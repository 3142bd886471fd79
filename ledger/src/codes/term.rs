//! Trade terms (box 9): what the specimens are, as the 91 codes of the 2021 Guidelines.

use core::fmt;

use super::{Dimension, Purpose};

/// A trade term (box 9; Guidelines for annual reports, 2021, with the retired codes still met in data).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Term(
    // A row of TERMS or RETIRED.
    &'static str,
);

/// Code, meaning, dimensions and purposes that UNEP-WCMC finds plausible for it: `n` number, `m` mass,
/// `l` length, `a` area, `v` volume, `f` liquid volume. Empty where the pair list is older than the term.
#[rustfmt::skip]
const TERMS: &[(&str, &str, &str, &str)] = &[
    ("BAL", "Baleen", "nm", "ELMPQST"),
    ("BAR", "Bark", "nm", "EGLMPQST"),
    ("BOC", "Carving - bone", "nmv", "EHLPQT"),
    ("BOD", "Body", "nm", "EHLMPQSTZ"),
    ("BON", "Bones", "nm", "EHLMPQST"),
    ("BOP", "Piece - bone", "nm", "EHLPQST"),
    ("CAL", "Calipee", "nm", "ELPQST"),
    ("CAP", "Carapace", "nm", "ELPQST"),
    ("CAR", "Carving", "nmv", "EHLPQT"),
    ("CAV", "Caviar", "nm", "ELPQST"),
    ("CHP", "Chips (woodchips)", "nm", "ELPQST"),
    ("CLA", "Claw", "nm", "EHLPQST"),
    ("CLO", "Cloth", "nma", "ELPQT"),
    ("COR", "Coral (raw)", "nm", "ELPQSTZ"),
    ("COS", "Cosmetics", "nm", "ELPQST"),
    ("CUL", "Culture", "n", "BEGLMNPQST"),
    ("DER", "Derivatives", "nmlavf", "EGHLMPQSTZ"),
    ("DPL", "Dried plant", "nm", "EGLPQST"),
    ("EAR", "Ear", "nm", "EHLPQST"),
    ("EGG", "Egg", "nm", "ELMPQSTZ"),
    ("EGL", "Egg (live)", "nm", "BELNPQSTZ"),
    ("ESH", "Eggshell", "", ""),
    ("EXT", "Extract", "nmf", "ELMPQST"),
    ("FEA", "Feather", "nm", "EHLPQSTZ"),
    ("FIB", "Fibre", "nml", "ELPQST"),
    ("FIG", "Fingerlings", "nm", "ELPQST"),
    ("FIN", "Fin", "nm", "ELPQST"),
    ("FLO", "Flower", "nm", "EGLMPQST"),
    ("FOO", "Foot", "nm", "EHLPQST"),
    ("FPL", "Fur products (large)", "nma", "EHLPQT"),
    ("FPS", "Fur products (small)", "nma", "EHLPQT"),
    ("FPT", "Flower pot", "n", "EGLPQST"),
    ("FRU", "Fruit", "nm", "EGLMPQST"),
    ("GAB", "Gall bladder", "nm", "ELMPQST"),
    ("GAL", "Gall", "nmf", "ELMPQST"),
    ("GAR", "Garment", "nma", "ELPQT"),
    ("GEN", "Genitalia", "nm", "EHLMPQST"),
    ("GIL", "Gill plates", "ma", "ELMPQST"),
    ("GRS", "Graft rootstock", "n", "BELNPQST"),
    ("HAI", "Hair", "nm", "EHLMPQST"),
    ("HAP", "Hair products", "nma", "EHLPQST"),
    ("HOC", "Carving - horn", "nmv", "EHLPQT"),
    ("HOP", "Piece - horn", "nm", "EHLPQST"),
    ("HOR", "Horn", "nm", "EHLMPQST"),
    ("IJW", "Jewellery - ivory (worked ivory)", "nmv", "EHLPQT"),
    ("IVC", "Carving - ivory (worked ivory)", "nmv", "EHLPQT"),
    ("IVP", "Piece - ivory (raw ivory)", "nm", "EHLPQST"),
    ("JWL", "Jewellery", "nmv", "EHLPQT"),
    ("KEY", "Piano keys (worked ivory)", "nm", "ELPQT"),
    ("KNL", "Kernel", "", ""),
    ("LEG", "Frog legs", "nm", "ELPQST"),
    ("LIV", "Live", "nm", "BEGLMNPQSTZ"),
    ("LOG", "Logs", "nmav", "ELPQST"),
    ("LPL", "Leather product (large)", "nma", "EHLPQT"),
    ("LPS", "Leather product (small)", "nma", "EHLPQT"),
    ("LVS", "Leaf", "nm", "EGLMPQST"),
    ("MEA", "Meat", "nm", "ELPQST"),
    ("MED", "Medicine", "nmf", "ELMPQST"),
    ("MUS", "Musk", "nm", "ELMPQST"),
    ("OIL", "Oil", "nmf", "ELMPQST"),
    ("PLA", "Plate", "nma", "EHLPQST"),
    ("PLY", "Plywood", "nmav", "ELPQT"),
    ("POW", "Powder", "nmf", "ELMPQST"),
    ("PRL", "Pearl", "nm", "ELMPQST"),
    ("PUP", "Pupae", "nm", "BELMNPQSTZ"),
    ("ROO", "Root", "nm", "BEGLMNPQST"),
    ("ROS", "Sawfish rostrum", "nm", "ELMPQST"),
    ("RUG", "Rug", "nma", "EHLPQT"),
    ("SAW", "Sawn wood", "nmav", "ELPQST"),
    ("SCA", "Scale", "nm", "ELMPQST"),
    ("SEE", "Seed", "nm", "BEGLNPQST"),
    ("SHE", "Shell", "nm", "ELPQST"),
    ("SID", "Side", "nma", "EHLPQST"),
    ("SKE", "Skeleton", "nm", "EHLMPQSTZ"),
    ("SKI", "Skin", "nma", "EHLMPQSTZ"),
    ("SKP", "Skin piece", "nma", "EHLMPQST"),
    ("SKU", "Skull", "nm", "EHLPQSTZ"),
    ("SOU", "Soup", "nmf", "ELPQT"),
    ("SPE", "Specimen (scientific)", "nmavf", "BEGLMNPQSTZ"),
    ("STE", "Stem", "nml", "EGLMPQST"),
    ("SWI", "Swim bladder", "nm", "ELPQST"),
    ("TAI", "Tail", "nm", "EHLPQST"),
    ("TEE", "Tooth", "nm", "EHLMPQSTZ"),
    ("TIM", "Timber", "nmav", "ELPQST"),
    ("TRO", "Trophy", "nm", "HLPT"),
    ("TRU", "Trunk", "", ""),
    ("TRW", "Transformed wood", "", ""),
    ("TUS", "Tusk (raw ivory)", "nm", "EHLPQSTZ"),
    ("VEN", "Veneer sheets", "nmav", "ELPQT"),
    ("WAX", "Wax", "nmf", "ELMPQST"),
    ("WPR", "Wood product", "nmav", "ELPQT"),
];

/// Codes that the 2021 Guidelines no longer hold.
const RETIRED: &[(&str, &str)] = &[
    ("BEL", "belts"),
    ("BPR", "bone products"),
    ("CSD", "coral sand"),
    ("CST", "chess sets"),
    ("FRA", "spectacle frames"),
    ("FRN", "furniture"),
    ("HAN", "handbags"),
    ("HEA", "heads"),
    ("HOS", "horn scraps"),
    ("HPR", "horn products"),
    ("IVS", "ivory scraps"),
    ("LEA", "leather"),
    ("PEA", "pearls"),
    ("PKY", "piano keys"),
    ("QUI", "quills"),
    ("SCR", "scraps"),
    ("SHO", "shoe pairs"),
    ("SKO", "leather items"),
    ("SKS", "skin scraps"),
    ("TIC", "timber carvings"),
    ("TIP", "timber pieces"),
    ("UNS", "unspecified"),
    ("VNM", "venom"),
    ("WAL", "wallets"),
    ("WAT", "watchstraps"),
    ("WOO", "wood products"),
];

impl Term {
    /// The term with exactly this code, retired ones included.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        let today = TERMS.iter().map(|row| row.0);
        let retired = RETIRED.iter().map(|row| row.0);
        today.chain(retired).find(|one| *one == code).map(Self)
    }

    /// The code written on permits.
    #[must_use]
    pub const fn code(self) -> &'static str {
        self.0
    }

    /// What the code means.
    #[must_use]
    pub fn meaning(self) -> &'static str {
        let today = TERMS.iter().map(|row| (row.0, row.1));
        let mut all = today.chain(RETIRED.iter().copied());
        all.find(|row| row.0 == self.0).map_or("", |row| row.1)
    }

    /// Whether the 2021 Guidelines no longer hold it.
    #[must_use]
    pub fn is_retired(self) -> bool {
        RETIRED.iter().any(|row| row.0 == self.0)
    }

    /// Whether UNEP-WCMC finds the unit plausible. A doubt is a warning, never a refusal.
    #[must_use]
    pub fn suits_dimension(self, dimension: Dimension) -> bool {
        let letter = match dimension {
            Dimension::Number => 'n',
            Dimension::Mass => 'm',
            Dimension::Length => 'l',
            Dimension::Area => 'a',
            Dimension::Volume => 'v',
            Dimension::LiquidVolume => 'f',
        };
        let row = TERMS.iter().find(|row| row.0 == self.0);
        row.is_none_or(|row| row.2.is_empty() || row.2.contains(letter))
    }

    /// Whether UNEP-WCMC finds the purpose plausible. A doubt is a warning, never a refusal.
    #[must_use]
    pub fn suits_purpose(self, purpose: Purpose) -> bool {
        let row = TERMS.iter().find(|row| row.0 == self.0);
        row.is_none_or(|row| row.3.is_empty() || row.3.contains(purpose.code()))
    }
}

impl fmt::Display for Term {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl fmt::Debug for Term {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_list_has_its_91_terms_each_once() {
        let codes: BTreeSet<_> = TERMS.iter().map(|row| row.0).collect();
        assert_eq!((TERMS.len(), codes.len()), (91, 91));
        assert!(RETIRED.iter().all(|row| !codes.contains(row.0)));
        for code in codes {
            let term = Term::from_code(code).expect(code);
            assert!(code.len() == 3 && !term.is_retired() && !term.meaning().is_empty());
        }
        assert_eq!(Term::from_code("SKI").map(Term::meaning), Some("Skin"));
        assert!(Term::from_code("BEL").is_some_and(Term::is_retired));
        assert_eq!(Term::from_code("ski"), None);
    }

    #[test]
    fn skins_are_counted_weighed_or_measured_but_not_poured() {
        let skin = Term::from_code("SKI").expect("SKI");
        assert!(skin.suits_dimension(Dimension::Area));
        assert!(!skin.suits_dimension(Dimension::LiquidVolume));
        assert!(skin.suits_purpose(Purpose::Commercial));
        assert!(!skin.suits_purpose(Purpose::Reintroduction));
    }
}

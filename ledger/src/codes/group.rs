//! Animal or plant: what a trade term or a source tells of the specimen, without any list of species.

use core::fmt;

use super::{Source, Term};

/// The group a specimen belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Group {
    /// Animals, their parts and derivatives.
    Animal,
    /// Plants, their parts and derivatives.
    Plant,
}

/// Terms that are of animals only, by their own meaning (Guidelines for annual reports, 2021).
const ANIMAL: &str = "BAL BOC BOD BON BOP BPR CAL CAP CAV CLA COR CSD EAR EGG EGL ESH FEA FIG FIN FOO FPL FPS \
    GAB GAL GEN GIL HAI HAP HEA HOC HOP HOR HOS HPR IJW IVC IVP IVS KEY LEA LEG LPL LPS MEA MUS PEA PKY PLA PRL \
    PUP QUI ROS RUG SCA SHE SID SKE SKI SKO SKP SKS SKU SWI TAI TEE TRO TUS VNM";

/// Terms that are of plants only.
const PLANT: &str =
    "BAR CHP CUL DPL FLO FPT FRU GRS KNL LOG LVS PLY ROO SAW SEE STE TIC TIM TIP TRW VEN WOO WPR";

impl Group {
    /// The word in messages.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Animal => "animals",
            Self::Plant => "plants",
        }
    }
}

impl fmt::Display for Group {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Term {
    /// The group that the term is of; none where it may be of either (`LIV`, `OIL`, `CAR`, …).
    #[must_use]
    pub fn group(self) -> Option<Group> {
        let holds = |list: &str| list.split(' ').any(|code| code == self.code());
        if holds(ANIMAL) {
            return Some(Group::Animal);
        }
        holds(PLANT).then_some(Group::Plant)
    }
}

impl Source {
    /// The group that alone may have this source (box 10; Res. Conf. 12.3, 10.16, 11.11, 11.16).
    #[must_use]
    pub const fn group(self) -> Option<Group> {
        match self {
            Self::ArtificiallyPropagated | Self::AssistedProduction => Some(Group::Plant),
            Self::CaptiveBred | Self::BornInCaptivity | Self::Ranched => Some(Group::Animal),
            Self::RegisteredOperation
            | Self::Confiscated
            | Self::PreConvention
            | Self::Unknown
            | Self::Wild
            | Self::Sea => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lists_hold_terms_and_do_not_meet() {
        for list in [ANIMAL, PLANT] {
            let codes: std::vec::Vec<_> = list.split(' ').collect();
            assert!(codes.is_sorted());
            assert!(
                codes.iter().all(|code| Term::from_code(code).is_some()),
                "{codes:?}"
            );
        }
        assert!(ANIMAL.split(' ').all(|code| !PLANT.contains(code)));
    }

    #[test]
    fn a_term_tells_a_group_only_where_it_can_be_of_no_other() {
        for (code, group) in [
            ("SKI", Some(Group::Animal)),
            ("COR", Some(Group::Animal)),
            ("LOG", Some(Group::Plant)),
            ("LIV", None),
            ("POW", None),
        ] {
            assert_eq!(Term::from_code(code).and_then(Term::group), group, "{code}");
        }
    }
}

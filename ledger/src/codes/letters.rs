//! Appendix and source (box 10), purpose (box 5a).

use super::code_list;

code_list! {
    /// Appendix in which the specimen is listed (box 10; Art. II of the Convention).
    Appendix {
        1 I "I" "Appendix I: threatened with extinction, trade only in exceptional circumstances";
        2 II "II" "Appendix II: trade is controlled";
        3 III "III" "Appendix III: controlled at the request of one Party";
    }
}

code_list! {
    /// Purpose of the transaction (box 5a; Res. Conf. 12.3, Annex 2).
    Purpose {
        1 Breeding "B" "breeding in captivity or artificial propagation";
        2 Educational "E" "educational";
        3 BotanicalGarden "G" "botanical garden";
        4 HuntingTrophy "H" "hunting trophy";
        5 LawEnforcement "L" "law enforcement, judicial or forensic";
        6 Medical "M" "medical, including biomedical research";
        7 Reintroduction "N" "reintroduction or introduction into the wild";
        8 Personal "P" "personal";
        9 Exhibition "Q" "circus or travelling exhibition";
        10 Scientific "S" "scientific";
        11 Commercial "T" "commercial";
        12 Zoo "Z" "zoo";
    }
}

code_list! {
    /// Source of the specimen (box 10; Res. Conf. 12.3, Annex 2).
    Source {
        1 ArtificiallyPropagated "A" "artificially propagated plants (Art. VII.5)";
        2 CaptiveBred "C" "animals bred in captivity (Res. Conf. 10.16, Art. VII.5)";
        3 RegisteredOperation "D" "Appendix I, bred or propagated commercially by registered operations (Art. VII.4)";
        4 BornInCaptivity "F" "animals born in captivity that are not bred in captivity by Res. Conf. 10.16";
        5 Confiscated "I" "confiscated or seized; may stand beside another source";
        6 PreConvention "O" "pre-Convention (Art. VII.2); needs the date of acquisition";
        7 Ranched "R" "ranched animals: taken from the wild as eggs or juveniles, and reared";
        8 Unknown "U" "unknown; must be justified";
        9 Wild "W" "taken from the wild";
        10 Sea "X" "taken in the sea outside the jurisdiction of any State";
        11 AssistedProduction "Y" "plants of assisted production (Res. Conf. 11.11)";
    }
}

impl Source {
    /// Whether a second source may stand beside it (`I` and `O`; box 10).
    #[must_use]
    pub const fn takes_second(self) -> bool {
        matches!(self, Self::Confiscated | Self::PreConvention)
    }
}

impl Appendix {
    /// The Appendix by whose rules a specimen of this source is traded: specimens of Appendix I from
    /// registered operations are deemed to be of Appendix II (Art. VII.4).
    #[must_use]
    pub const fn treated_with(self, source: Source) -> Self {
        match (self, source) {
            (Self::I, Source::RegisteredOperation) => Self::II,
            (Self::I | Self::II | Self::III, _) => self,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_registered_operations_lift_appendix_i() {
        for appendix in Appendix::ALL {
            for source in Source::ALL {
                let treated = appendix.treated_with(*source);
                let lifted = *appendix == Appendix::I && *source == Source::RegisteredOperation;
                let expected = if lifted { Appendix::II } else { *appendix };
                assert_eq!(treated, expected, "{appendix} {source}");
            }
        }
    }
}

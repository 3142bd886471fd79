//! Units of quantity (box 11): codes of UN/ECE Recommendation 20, as chosen by the 2021 Guidelines.

use super::code_list;

code_list! {
    /// Unit of a quantity (box 11; Guidelines for annual reports, 2021).
    Unit {
        1 Number "NAR" "number of specimens";
        2 Kilogram "KGM" "kilograms";
        3 Gram "GRM" "grams";
        4 CubicMetre "MTQ" "cubic metres";
        5 CubicCentimetre "CMQ" "cubic centimetres";
        6 Litre "LTR" "litres";
        7 Millilitre "MLT" "millilitres";
        8 Metre "MTR" "metres";
        9 SquareMetre "MTK" "square metres";
    }
}

/// What a unit measures. Quantities of different dimensions are never compared or converted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dimension {
    /// Specimens counted.
    Number,
    /// Mass.
    Mass,
    /// Volume of solids (timber).
    Volume,
    /// Volume of liquids.
    LiquidVolume,
    /// Length.
    Length,
    /// Area.
    Area,
}

/// Codes of older lists and of other UN/ECE tables that mean exactly one of today's units.
/// Units that would need a conversion (`MGM`, `SQC`, `TON`) or have no measure (`BAG`, `SET`) are not here.
const ALIASES: &[(&str, Unit)] = &[
    ("KIL", Unit::Kilogram),
    ("CUM", Unit::CubicMetre),
    ("CCM", Unit::CubicCentimetre),
    ("SQM", Unit::SquareMetre),
    // Met in EPIX data for "pieces"; before 2021 a blank meant the same.
    ("PCS", Unit::Number),
    // UN/ECE Recommendation 20 and 21: one, piece, piece (old), each, number.
    ("C62", Unit::Number),
    ("H87", Unit::Number),
    ("PCE", Unit::Number),
    ("EA", Unit::Number),
    ("NMB", Unit::Number),
];

impl Unit {
    /// The unit that an old or foreign code stands for; `None` for today's own codes.
    #[must_use]
    pub fn from_alias(code: &str) -> Option<Self> {
        let row = ALIASES.iter().find(|(alias, _)| *alias == code);
        row.map(|(_, unit)| *unit)
    }

    /// What it measures.
    #[must_use]
    pub const fn dimension(self) -> Dimension {
        match self {
            Self::Number => Dimension::Number,
            Self::Kilogram | Self::Gram => Dimension::Mass,
            Self::CubicMetre | Self::CubicCentimetre => Dimension::Volume,
            Self::Litre | Self::Millilitre => Dimension::LiquidVolume,
            Self::Metre => Dimension::Length,
            Self::SquareMetre => Dimension::Area,
        }
    }

    /// How many of the smallest unit of its dimension it holds: 1 kilogram is 1,000 grams.
    #[must_use]
    pub const fn parts(self) -> u32 {
        match self {
            Self::Kilogram | Self::Litre => 1_000,
            Self::CubicMetre => 1_000_000,
            Self::Number
            | Self::Gram
            | Self::CubicCentimetre
            | Self::Millilitre
            | Self::Metre
            | Self::SquareMetre => 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_smallest_unit_of_each_dimension_is_one_part() {
        for unit in Unit::ALL {
            let same = Unit::ALL
                .iter()
                .filter(|other| other.dimension() == unit.dimension());
            assert_eq!(same.map(|other| other.parts()).min(), Some(1), "{unit}");
        }
    }

    #[test]
    fn old_codes_stand_for_todays_units_and_todays_codes_are_no_aliases() {
        assert_eq!(Unit::from_alias("KIL"), Some(Unit::Kilogram));
        assert_eq!(Unit::from_alias("SQM"), Some(Unit::SquareMetre));
        assert_eq!(Unit::from_alias("BAG"), None);
        for unit in Unit::ALL {
            assert_eq!(Unit::from_alias(unit.code()), None);
        }
    }
}

//! The code lists of CITES documents, as data, each with the text it comes from.
//!
//! Mirrors the Guidelines for annual reports (Notification No. 2021/044) and Res. Conf. 12.3 (Rev. CoP18),
//! as reprinted in "A guide to using the CITES Trade Database", version 9. Codes that are written on the
//! ledger are enums with fixed indices; a new code gets the next index, and no index is ever used again.

mod country;
mod group;
mod kind;
mod letters;
mod term;
mod unit;

pub use country::Country;
pub use group::Group;
pub use kind::{Kind, Uses};
pub use letters::{Appendix, Purpose, Source};
pub use term::Term;
pub use unit::{Dimension, Unit};

/// What every enum of codes has: its list, code and meaning, and the way back from text.
macro_rules! code_list {
    ($(#[$doc:meta])* $name:ident { $($index:literal $variant:ident $code:literal $meaning:literal;)* }) => {
        $(#[$doc])*
        #[derive(
            Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, minicbor::Encode, minicbor::Decode,
        )]
        #[cbor(index_only)]
        pub enum $name {
            $(#[doc = $meaning] #[n($index)] $variant,)*
        }

        impl $name {
            /// All of them, in their order.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// The code written on permits.
            #[must_use]
            pub const fn code(self) -> &'static str {
                match self { $(Self::$variant => $code),* }
            }

            /// What the code means.
            #[must_use]
            pub const fn meaning(self) -> &'static str {
                match self { $(Self::$variant => $meaning),* }
            }

            /// The one with exactly this code.
            #[must_use]
            pub fn from_code(code: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|one| one.code() == code)
            }
        }

        impl core::fmt::Display for $name {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                f.write_str(self.code())
            }
        }
    };
}
use code_list;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec;

    #[test]
    fn each_code_leads_back_to_itself_and_nothing_else_is_a_code() {
        macro_rules! check {
            ($($list:ident)*) => {$(
                for one in $list::ALL {
                    assert_eq!($list::from_code(one.code()), Some(*one));
                    assert_eq!(codec::decode::<$list>(&codec::encode(one), 4), Ok(*one));
                }
                for wrong in ["", "?", "e", "IIII", " W"] {
                    assert_eq!($list::from_code(wrong), None, "{wrong}");
                }
            )*};
        }
        check!(Appendix Purpose Source Unit);
    }

    #[test]
    fn indices_on_the_ledger_never_change() {
        assert_eq!(codec::encode(&Appendix::ALL[2]), [3]);
        assert_eq!(codec::encode(&Purpose::Zoo), [12]);
        assert_eq!(codec::encode(&Source::Wild), [9]);
        assert_eq!(codec::encode(&Unit::Number), [1]);
        assert_eq!(codec::encode(&Unit::SquareMetre), [9]);
        assert_eq!(codec::encode(&Kind::Export), [1]);
        assert_eq!(codec::encode(&Kind::Other), [13]);
    }
}

//! A CITES permit or certificate as checked fields: every box of the standard form (Res. Conf. 12.3, Annex 2).

mod line;
pub mod number;
pub mod text;

pub use line::LineId;

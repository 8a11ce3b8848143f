//! Formats and totals of a socket's figures.

use crate::column::Total;
use crate::column::format::{self, Format};

/// A number without a unit whose sum has no meaning.
pub(super) const NUMBER: (Format, Total) = (format::INTEGER, Total::None);
/// A number of things.
pub(super) const COUNT: (Format, Total) = (format::INTEGER, Total::Sum);
pub(super) const BYTES: (Format, Total) = (format::BYTES, Total::Sum);
pub(super) const RATE: (Format, Total) = (format::RATE, Total::Sum);
pub(super) const TIME: (Format, Total) = (format::TIME, Total::Highest);

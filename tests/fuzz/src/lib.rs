//! What the fuzz targets share: recordings taken apart and put together again, and a reader that is asked everything.
//!
//! The layout of a file is known here a second time, from its description and not from the code that is tested.

pub mod ask;
pub mod parts;
pub mod whole;

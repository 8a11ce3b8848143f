//! Shared by the fuzz targets: the format of recordings, and a reader of everything in one.
//!
//! The format is implemented here a second time, from its description and not with the code under test.

pub mod container;
pub mod read_all;
pub mod sections;

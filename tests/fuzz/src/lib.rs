//! Shared by the fuzz targets.
//!
//! - [`container`], [`sections`]: the format of recordings. It is implemented here a second time, from its description
//!   and not with the code under test.
//! - [`read_all`]: reads everything in a recording or a Sample, and derives what is shown of it.
//! - [`extremes`]: numbers at the edges of their types.
//! - [`filter_checks`]: everything that is done with the text of a filter.
//! - [`procfs_tree`]: a synthetic `/proc`, one file of which is replaced.
//! - [`memory_file`]: a file in memory.
//! - [`messages`]: checks of messages for the user.
//! - [`shown`]: everything that is shown of a Sample.

pub mod container;
pub mod extremes;
pub mod filter_checks;
pub mod memory_file;
pub mod messages;
pub mod procfs_tree;
pub mod read_all;
pub mod sections;
pub mod shown;

/// Helpers of the program's tests.
#[allow(dead_code, reason = "not all of it is needed here")]
#[path = "../../support"]
mod support {
    pub(crate) mod bytecode;
    pub mod edited_numbers;
    pub mod edited_rows;
    pub mod hostile_sample;
    pub(crate) mod known_names;
    pub mod machine;
    pub mod sensitive_thresholds;
}

pub use support::{edited_numbers, edited_rows, hostile_sample, machine, sensitive_thresholds};

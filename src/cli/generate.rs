//! Files that the program prints, to be installed or edited.

use clap::ValueEnum;

/// A file that is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Generate {
    /// The sample configuration: every setting with its default and the reason for it.
    Config,
}

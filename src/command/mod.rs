//! The subcommands, one file each. Each turns its arguments into a Sample, a recording or the dashboard, and an output.
//! Shared parts are in `shared`.

mod confinement;
pub mod dashboard;
pub mod diagnose;
pub mod events;
pub mod export;
pub mod generate;
pub mod help;
pub mod info;
pub mod kill;
pub mod list;
pub mod record;
pub mod replay;
pub mod summary;

mod shared;

pub use confinement::confine;
pub use shared::usage_error::UsageError;

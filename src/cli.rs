//! The command line as typed, one file per subcommand, and help texts, many of them generated from the program's own
//! tables. The arguments are interpreted in [`command`](crate::command).

pub mod column_help;
mod command_line;
mod config;
mod dashboard;
mod diagnose;
mod durations;
mod events;
mod export;
pub mod filter_help;
pub mod findings;
mod generate;
mod help;
mod info;
mod kill;
mod list;
mod look;
mod net_scope;
pub mod page;
mod record;
mod replay;
mod select;
mod suggestion;
mod summary;
pub mod topics;

pub use command_line::{Cli, Command};
pub use config::ConfigFile;
pub use dashboard::Dashboard;
pub use diagnose::{Diagnose, FailOn};
pub use events::Events;
pub use export::{Export, Format};
pub use generate::Generate;
pub use help::Help;
pub use info::Info;
pub use kill::Kill;
pub use list::List;
pub use look::{Look, When};
pub use net_scope::NetScope;
pub use record::Record;
pub use replay::Replay;
pub use select::Select;
pub use suggestion::{misplaced_command, suggest};
pub use summary::Summary;
pub use topics::Topic;

//! One file for each subcommand.

pub mod dashboard;
pub mod diagnose;
pub mod events;
pub mod export;
pub mod help;
pub mod info;
pub mod kill;
pub mod list;
pub mod record;
pub mod replay;
pub mod summary;

mod files;
mod kinds;
mod recorded;
mod resolve;
mod select;

use rustix::thread::{CapabilitySet, capabilities};

use crate::cli::ConfigFile;
use crate::config::{self, Config, ConfigError, Environment};

/// The configuration that was asked for, or that is found.
fn configured(asked: &ConfigFile) -> Result<Config, ConfigError> {
    config::load(asked.file.as_deref(), &Environment::of_process())
}

/// The effective capabilities of this process, by the kernel's names.
fn capability_names() -> Vec<String> {
    let Ok(sets) = capabilities(None) else {
        return Vec::new();
    };
    let mut names: Vec<String> = sets
        .effective
        .iter_names()
        .map(|(name, _)| format!("CAP_{name}"))
        .collect();
    let unknown = sets.effective.bits() & !CapabilitySet::all().bits();
    names.extend(
        (0..u64::BITS)
            .filter(|bit| unknown >> bit & 1 == 1)
            .map(|bit| format!("CAP_{bit}")),
    );
    names
}

/// Whether this process may administer networks: see firewall marks, destroy sockets.
fn is_network_admin() -> bool {
    capabilities(None).is_ok_and(|sets| sets.effective.contains(CapabilitySet::NET_ADMIN))
}

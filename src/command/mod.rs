//! One file for each subcommand.

pub mod dashboard;
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

/// Capabilities that this process has, by the kernel's names.
fn capability_names() -> Vec<String> {
    let held = capabilities(None).map(|sets| sets.effective);
    let names = held.unwrap_or(CapabilitySet::empty());
    names
        .iter_names()
        .map(|(name, _)| format!("CAP_{name}"))
        .collect()
}

/// Whether this process may administer networks: see firewall marks, destroy sockets.
fn is_network_admin() -> bool {
    capabilities(None).is_ok_and(|sets| sets.effective.contains(CapabilitySet::NET_ADMIN))
}

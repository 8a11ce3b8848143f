//! Effective capabilities of this process.

use rustix::thread::{CapabilitySet, capabilities};

/// Returns the effective capabilities, by the kernel's names; unknown ones by number, as `CAP_63`.
pub(in crate::command) fn effective_names() -> Vec<String> {
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

/// True with `CAP_NET_ADMIN`: the process may read firewall marks and destroy sockets.
pub(in crate::command) fn is_network_admin() -> bool {
    capabilities(None).is_ok_and(|sets| sets.effective.contains(CapabilitySet::NET_ADMIN))
}

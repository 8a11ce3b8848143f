//! Host names of filters, resolved in the background.

use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::filter::{Lookup, NameResolver};
use crate::model::SeededMap;
use crate::source::SystemNames;

type Addresses = Lookup<Vec<IpAddr>>;

/// Names of this machine for filters. Hosts are unknown until [`HostNames::resolve`] has run, because a lookup blocks.
#[derive(Debug, Default)]
pub(super) struct HostNames {
    system: SystemNames,
    hosts: Mutex<SeededMap<String, Addresses>>,
}

impl HostNames {
    fn hosts(&self) -> MutexGuard<'_, SeededMap<String, Addresses>> {
        // The map is always consistent, so a panic in another thread does not matter.
        self.hosts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Resolves a host name and caches the result. Blocks until the resolver returns.
    pub(super) fn resolve(&self, name: &str) {
        let found = self.system.hosts(name);
        self.hosts().insert(name.to_owned(), found);
    }
}

impl NameResolver for HostNames {
    fn service(&self, name: &str, protocol: &str) -> Option<u16> {
        self.system.service(name, protocol)
    }

    fn hosts(&self, name: &str) -> Addresses {
        let hosts = HostNames::hosts(self);
        hosts.get(name).cloned().unwrap_or(Lookup::Pending)
    }

    fn device(&self, name: &str) -> Option<u32> {
        self.system.device(name)
    }

    fn ephemeral_ports(&self) -> (u16, u16) {
        self.system.ephemeral_ports()
    }
}

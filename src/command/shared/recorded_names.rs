//! Names in filters over a recording.

use std::net::IpAddr;

use crate::filter::{Lookup, NameResolver};
use crate::source::SystemNames;

/// Names for a filter over a recording. Services have the same ports on every machine; hosts, devices and control groups
/// belong to the recorded machine, and are compared by name with what is in the recording.
#[derive(Debug, Default)]
pub(in crate::command) struct RecordedNames(SystemNames);

impl NameResolver for RecordedNames {
    fn service(&self, name: &str, protocol: &str) -> Option<u16> {
        self.0.service(name, protocol)
    }

    fn hosts(&self, _name: &str) -> Lookup<Vec<IpAddr>> {
        Lookup::NotFound
    }

    fn device(&self, _name: &str) -> Option<u32> {
        None
    }

    fn cgroup(&self, _path: &str) -> Lookup<u64> {
        Lookup::Pending
    }
}

//! Names in filters over a recording.

use crate::filter::NameResolver;
use crate::source::SystemNames;

/// Names for a filter over a recording. Services have the same ports on every machine; hosts, devices and control
/// groups belong to the recorded machine, and are compared by name with what is in the recording.
#[derive(Debug, Default)]
pub(in crate::command) struct RecordedNames(SystemNames);

impl NameResolver for RecordedNames {
    fn service(&self, name: &str, protocol: &str) -> Option<u16> {
        self.0.service(name, protocol)
    }
}

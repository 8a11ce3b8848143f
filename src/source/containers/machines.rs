//! Machines that are registered with systemd: `/run/systemd/machines/NAME`.

use super::root::{Contents, Requirements, Root};
use crate::model::Runtime;

/// Maximum size of the file of a machine, bytes.
const MAX_MACHINE: u64 = 65_536;

/// A registered machine.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Machine {
    /// False for a virtual machine.
    pub(super) is_container: bool,
    /// The program that registered it.
    pub(super) runtime: Runtime,
}

/// Reads the registration of a machine.
pub(super) fn machine(root: &Root, name: &str) -> Contents<Machine> {
    // The name is a component of a path.
    if name.starts_with('.') || name.contains('/') {
        return Ok(None);
    }
    let required = Requirements {
        bytes: MAX_MACHINE,
        owner: None,
    };
    let bytes = root.read(&format!("/run/systemd/machines/{name}"), required)?;
    Ok(bytes.map(|bytes| {
        let text = String::from_utf8_lossy(&bytes);
        let value = |key: &str| {
            let mut lines = text.lines();
            let value = lines.find_map(|line| line.strip_prefix(key)?.strip_prefix('='));
            value.map(|value| value.trim_matches('"'))
        };
        Machine {
            is_container: value("CLASS") != Some("vm"),
            runtime: match value("SERVICE") {
                Some("systemd-nspawn") => Runtime::Nspawn,
                _ => Runtime::Machine,
            },
        }
    }))
}

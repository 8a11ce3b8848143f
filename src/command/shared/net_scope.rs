//! The network namespaces that the arguments select.

use std::path::Path;

use anyhow::{Context as _, anyhow};

use super::usage_error::UsageError;
use crate::cli::NetScope;
use crate::export::message::report;
use crate::model::Sample;
use crate::source::{NamespaceScope, enter_namespace};

/// Enters the network namespace that the arguments name, for this thread and those that it starts; returns the scope of
/// Samples. Without an argument it is `default`.
///
/// # Errors
/// If the namespace does not exist or this user may not enter it.
pub(in crate::command) fn enter(
    arguments: &NetScope,
    default: NamespaceScope,
) -> anyhow::Result<NamespaceScope> {
    let name = match arguments.scope.as_deref() {
        None => return Ok(default),
        Some("all") => return Ok(NamespaceScope::All),
        Some("own") => return Ok(NamespaceScope::Own),
        Some("") => {
            let why = "-N needs a name, a pid, a path, own or all";
            return Err(UsageError::new(why).into());
        }
        Some(name) => name,
    };
    enter_namespace(Path::new("/proc"), name).with_context(|| {
        format!("cannot enter the network namespace '{name}' (a name of 'ip netns list', a pid or a path)")
    })?;
    Ok(NamespaceScope::Own)
}

/// Rejects a namespace together with a file.
///
/// # Errors
/// If a scope was given.
pub(in crate::command) fn reject_with_file(arguments: &NetScope) -> anyhow::Result<()> {
    match arguments.scope {
        Some(_) => {
            let why = "-N applies to the running system, not to a file; use a filter such as netns = NAME";
            Err(anyhow!(UsageError::new(why)))
        }
        None => Ok(()),
    }
}

/// Reports on standard error how many network namespaces a Sample leaves out, and why.
pub(in crate::command) fn report_omitted(sample: &Sample) {
    if let Some(text) = omitted_text(sample) {
        report!("sockwatch: {text}");
    }
}

/// Returns how many network namespaces a Sample leaves out; `None` if there are none.
pub(in crate::command) fn omitted_text(sample: &Sample) -> Option<String> {
    let omitted = sample
        .omitted_namespaces
        .filter(|omitted| omitted.count() > 0)?;
    Some(omitted.to_string())
}

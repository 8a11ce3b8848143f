//! Numbers of network namespaces in and outside of a Sample, as JSON.

use serde::Serialize;

use super::json_schema::JsonSchema;
use super::json_schema::Property;
use crate::model::Sample;

/// Network namespaces in a Sample, and others that exist.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct NamespaceCounts {
    shown: usize,
    not_shown: u32,
    reason: Option<&'static str>,
}

impl NamespaceCounts {
    /// Returns those of a Sample; `None` if they were not counted.
    pub fn of(sample: &Sample) -> Option<NamespaceCounts> {
        let omitted = sample.omitted_namespaces?;
        Some(NamespaceCounts {
            shown: 1 + sample.namespaces.len(),
            not_shown: omitted.count(),
            reason: omitted.reason(),
        })
    }
}

/// Describes them.
pub(super) fn namespace_counts_schema() -> JsonSchema {
    let reason = JsonSchema::string().or_null();
    let count = || JsonSchema::unsigned(32);
    let counts = JsonSchema::object([
        Property::new("shown", count()),
        Property::new("not_shown", count()),
        Property::new(
            "reason",
            reason.with_description("Why most of those are not shown; null if all are."),
        ),
    ]);
    counts.or_null().with_description(
        "Network namespaces shown, and others that exist; null if they were not counted.",
    )
}

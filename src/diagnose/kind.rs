//! One kind of finding, as the registry lists it.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};

use serde::{Serialize, Serializer};

use super::need::Need;
use super::severity::Severity;
use super::threshold::with_references;

/// A kind of finding. Compared, ordered and hashed by its place in the registry, which is the order of the documentation.
pub struct FindingKind {
    index: u8,
    id: &'static str,
    title: &'static str,
    related: &'static [&'static str],
    needs: &'static [Need],
    max_severity: Severity,
}

impl FindingKind {
    /// Makes the kind at a place of the registry. `related` are the ids of the findings that its texts refer to.
    pub(super) const fn new(
        index: u8,
        id: &'static str,
        title: &'static str,
        related: &'static [&'static str],
        needs: &'static [Need],
        max_severity: Severity,
    ) -> FindingKind {
        FindingKind {
            index,
            id,
            title,
            related,
            needs,
            max_severity,
        }
    }

    /// Returns the index of the kind in the registry.
    pub(super) fn index(&self) -> usize {
        self.index.into()
    }

    /// Returns the stable kebab-case name in JSON and in the configuration.
    pub fn id(&self) -> &'static str {
        self.id
    }

    /// Returns the meaning in one sentence.
    pub fn title(&self) -> &'static str {
        self.title
    }

    /// Returns what its detector reads.
    pub(super) fn needs(&self) -> &'static [Need] {
        self.needs
    }

    /// Returns the highest severity that it can have.
    pub fn max_severity(&self) -> Severity {
        self.max_severity
    }

    /// Replaces `{0}`, `{1}`, … in its documentation by the ids of the findings that it refers to.
    pub(super) fn resolve_references(&self, text: &str) -> String {
        with_references(text, self.related)
    }
}

impl fmt::Debug for FindingKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.id)
    }
}

impl PartialEq for FindingKind {
    fn eq(&self, other: &Self) -> bool {
        self.index == other.index
    }
}

impl Eq for FindingKind {}

impl PartialOrd for FindingKind {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for FindingKind {
    fn cmp(&self, other: &Self) -> Ordering {
        self.index.cmp(&other.index)
    }
}

impl Hash for FindingKind {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.index.hash(state);
    }
}

/// Serializes a kind as its id.
impl Serialize for FindingKind {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.id)
    }
}

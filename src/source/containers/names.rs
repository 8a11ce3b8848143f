//! Names of a container, as far as a file has them.

use std::sync::Arc;

use crate::model::Runtime;

/// Names of a container.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Names {
    pub(super) runtime: Option<Runtime>,
    pub(super) name: Option<Arc<str>>,
    pub(super) image: Option<Arc<str>>,
    pub(super) project: Option<Arc<str>>,
    pub(super) service: Option<Arc<str>>,
    pub(super) namespace: Option<Arc<str>>,
    pub(super) pod: Option<Arc<str>>,
    pub(super) uid: Option<Arc<str>>,
}

impl Names {
    /// Adds the names that it lacks.
    pub(super) fn add(&mut self, other: Names) {
        self.runtime = self.runtime.or(other.runtime);
        for (own, other) in [
            (&mut self.name, other.name),
            (&mut self.image, other.image),
            (&mut self.project, other.project),
            (&mut self.service, other.service),
            (&mut self.namespace, other.namespace),
            (&mut self.pod, other.pod),
            (&mut self.uid, other.uid),
        ] {
            if own.is_none() {
                *own = other;
            }
        }
    }
}

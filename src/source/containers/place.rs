//! Directories of runtimes: of the system, or in the home of a user.

/// A directory of a runtime.
#[derive(Debug, Clone)]
pub(super) struct Place {
    pub(super) path: String,
    /// User that must own its files, if it is below the home of one.
    pub(super) owner: Option<u32>,
}

impl Place {
    pub(super) fn of_system(path: impl Into<String>) -> Place {
        Place {
            path: path.into(),
            owner: None,
        }
    }
}

/// The home of a user who runs containers without root.
#[derive(Debug, Clone)]
pub(super) struct Home {
    pub(super) uid: u32,
    pub(super) path: String,
}

impl Home {
    /// Returns a directory in it, whose files must belong to the user.
    pub(super) fn place(&self, below: &str) -> Place {
        Place {
            path: format!("{}/{below}", self.path),
            owner: Some(self.uid),
        }
    }
}

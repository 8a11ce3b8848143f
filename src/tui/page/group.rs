//! The page of a network namespace, unit, container or pod.

use crate::tui::group::{GroupKey, Grouping};
use crate::tui::lists::{SocketScope, Sockets};
use crate::tui::table::Table;

/// A group of sockets: those of a network namespace, unit, container or pod.
#[derive(Debug)]
pub struct GroupPage {
    /// The criterion of the group.
    pub by: Grouping,
    /// Identity of the group.
    pub key: GroupKey,
    /// Label of the group, as it was last known.
    pub label: String,
    /// Its sockets, at first by state, so that those which need attention are together.
    pub sockets: Table<Sockets>,
}

impl GroupPage {
    /// Opens the page of a group with this label.
    pub(in crate::tui) fn new(by: Grouping, key: GroupKey, label: String) -> GroupPage {
        let scope = SocketScope::Group(by, key);
        GroupPage {
            by,
            key,
            label,
            sockets: Table::new(Sockets::new(scope), "state", false),
        }
    }
}

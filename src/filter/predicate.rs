//! The conditions of a filter on one socket.

use super::endpoint::Host;
use super::pattern::Pattern;
use super::search_text::SearchText;
use super::state_set::StateSet;
use crate::model::{Family, Protocol, Unowned};

/// One condition on a socket.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Predicate {
    State(StateSet),
    Host(Side, Host),
    Port(Side, Compare, i64),
    Device(Device),
    /// Mark and mask.
    Mark(u32, u32),
    Cgroup(Cgroup),
    Autobound(u16, u16),
    Process(Name),
    /// The name of an owner, or the text of this column.
    ProcessText(u16, Pattern),
    User(Name),
    /// The owner is known.
    Owned,
    Unowned(Unowned),
    Protocol(Protocol),
    Netlink,
    Family(Family),
    /// A network namespace, by its inode or name.
    Netns(Name),
    Number(Number),
    Text(u16, Pattern),
    Search(SearchText),
    /// True for every socket.
    Always,
}

/// One end of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    Local,
    Remote,
}

/// Comparison of two integers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Compare {
    Equal,
    AtLeast,
    AtMost,
}

/// A network device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Device {
    Index(u32),
    Name(String),
}

/// A control group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Cgroup {
    /// Path of the cgroup relative to the mount point, with a leading slash.
    pub(super) path: String,
    /// Id of the cgroup, if it was resolved.
    pub(super) id: Option<u64>,
}

/// A process or user, by number or name.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Name {
    Number(u32),
    Pattern(Pattern),
}

/// Comparison of a numeric column.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Number {
    pub(super) field: u16,
    pub(super) compare: NumberCompare,
    pub(super) with: Operand,
}

/// Comparison of two floating-point numbers. Comparisons with a missing value are false; `NaN` does not occur.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NumberCompare {
    Equal,
    Unequal,
    Less,
    AtMost,
    Greater,
    AtLeast,
}

/// The right side of a comparison.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Operand {
    Value(f64),
    /// Another column, and the factors that scale its values and those of the first column to a common unit.
    Field(u16, f64, f64),
}

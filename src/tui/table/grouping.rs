//! A criterion by which the rows of a list can be grouped, as the picker offers it.

/// A criterion by which the rows of a list can be grouped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GroupingChoice {
    /// The name.
    pub name: &'static str,
    /// The key that chooses it in the picker.
    pub key: char,
    /// The rows that a group has: a noun phrase.
    pub about: &'static str,
}

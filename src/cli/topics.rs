//! The topics of `sockwatch help` that are not commands.

pub mod keys;

use super::page::Page;

/// A topic of `help`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Topic {
    /// The filter language.
    Filter,
    /// The columns of sockets.
    Columns,
    /// The keys of the dashboard.
    Keys,
    /// The findings and their thresholds.
    Findings,
}

impl Topic {
    /// Every topic, in the order of the list.
    pub const ALL: [Topic; 4] = [Topic::Filter, Topic::Columns, Topic::Keys, Topic::Findings];

    /// Returns the name, as it is typed.
    pub fn name(self) -> &'static str {
        match self {
            Topic::Filter => "filter",
            Topic::Columns => "columns",
            Topic::Keys => "keys",
            Topic::Findings => "findings",
        }
    }

    /// Returns the line about it in the list of topics.
    pub fn about(self) -> &'static str {
        match self {
            Topic::Filter => "The filter language, with examples",
            Topic::Columns => "Columns for --columns, --sort and filters",
            Topic::Keys => "Keys of the dashboard",
            Topic::Findings => "Findings, their thresholds and what to do about each",
        }
    }

    /// Returns the topic with this name, in the singular or plural and in any case.
    pub fn by_name(name: &str) -> Option<Topic> {
        let singular = |name: &str| name.to_ascii_lowercase().trim_end_matches('s').to_owned();
        let mut topics = Topic::ALL.into_iter();
        topics.find(|topic| singular(topic.name()) == singular(name))
    }
}

/// Adds the list of topics to a page.
pub fn list(page: &mut Page) {
    page.heading("Topics:");
    page.terms(Topic::ALL.map(|topic| (topic.name(), topic.about())));
}

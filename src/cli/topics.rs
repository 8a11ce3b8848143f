//! The topics of `sockwatch help` that are not commands.

pub mod containers;
pub mod cost;
pub mod keys;
pub mod monitoring;
pub mod namespaces;
pub mod output;
pub mod privileges;
pub mod recording;

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
    /// `diagnose` as a check.
    Monitoring,
    /// Recording, replaying and exporting.
    Recording,
    /// Tables, JSON, CSV, and exit statuses.
    Output,
    /// Network namespaces.
    Namespaces,
    /// Names of containers.
    Containers,
    /// Capabilities.
    Privileges,
    /// Measured figures.
    Cost,
}

impl Topic {
    /// Every topic, in the order of the list.
    pub const ALL: [Topic; 11] = [
        Topic::Filter,
        Topic::Columns,
        Topic::Keys,
        Topic::Findings,
        Topic::Monitoring,
        Topic::Recording,
        Topic::Output,
        Topic::Namespaces,
        Topic::Containers,
        Topic::Privileges,
        Topic::Cost,
    ];

    /// Returns the name, as it is typed.
    pub fn name(self) -> &'static str {
        match self {
            Topic::Filter => "filter",
            Topic::Columns => "columns",
            Topic::Keys => "keys",
            Topic::Findings => "findings",
            Topic::Monitoring => "monitoring",
            Topic::Recording => "recording",
            Topic::Output => "output",
            Topic::Namespaces => "namespaces",
            Topic::Containers => "containers",
            Topic::Privileges => "privileges",
            Topic::Cost => "cost",
        }
    }

    /// Returns the line about it in the list of topics.
    pub fn about(self) -> &'static str {
        match self {
            Topic::Filter => "The filter language, with examples",
            Topic::Columns => "Columns for --columns, --sort and filters",
            Topic::Keys => "Keys of the dashboard",
            Topic::Findings => "Findings, their thresholds and what to do about each",
            Topic::Monitoring => "diagnose as a check for cron, Nagios and Icinga",
            Topic::Recording => "Recording, replaying and exporting; times; damaged files",
            Topic::Output => "JSON, CSV, unknown values, owners, exit status",
            Topic::Namespaces => "Which network namespaces are shown, and -N",
            Topic::Containers => "Containers, pods and units, and where their names come from",
            Topic::Privileges => "What root and capabilities add, and how to grant them",
            Topic::Cost => "CPU time, memory and file sizes, measured",
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

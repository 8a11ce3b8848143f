//! The criteria by which listeners are grouped: some of those of sockets.

use super::criterion::Criterion;
use super::group_key::counted;
use crate::aggregate::Moment;
use crate::column::{Column, LISTENER_COLUMNS, ListenerLine, Listeners};
use crate::tui::group::{GroupKey, Grouping};
use crate::tui::table::GroupingChoice;

/// The criterion by which listeners are grouped.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct ListenerGrouping(Grouping);

impl Criterion for ListenerGrouping {
    type Kind = Listeners;
    type Key = GroupKey;
    type Summary = ();

    const ALL: &'static [ListenerGrouping] = &[
        ListenerGrouping(Grouping::Process),
        ListenerGrouping(Grouping::Port),
        ListenerGrouping(Grouping::Namespace),
        ListenerGrouping(Grouping::Unit),
        ListenerGrouping(Grouping::Container),
        ListenerGrouping(Grouping::Pod),
    ];

    fn choice(self) -> GroupingChoice {
        let about = match self.0 {
            Grouping::Process => "listeners with the same owner",
            Grouping::Port => "listeners on the same local port",
            Grouping::Namespace => "listeners of the same network namespace",
            Grouping::Unit => "listeners of the same systemd unit",
            Grouping::Container => "listeners of the same container",
            Grouping::Pod => "listeners of the same pod",
            _ => "all listeners, one by one",
        };
        GroupingChoice {
            about,
            ..self.0.choice()
        }
    }

    fn columns() -> &'static [Column<Listeners>] {
        &LISTENER_COLUMNS
    }

    fn row(moment: &Moment, number: u32) -> Option<ListenerLine<'_>> {
        ListenerLine::of(moment, number as usize)
    }

    fn key(self, line: &ListenerLine<'_>) -> GroupKey {
        GroupKey::of(self.0, line.socket.socket)
    }

    fn label(key: GroupKey, line: &ListenerLine<'_>) -> String {
        key.label(&line.socket)
    }

    fn heading(self, label: &str, rows: u32, (): &()) -> String {
        counted(label, rows)
    }
}

//! The list of listening sockets.

use std::borrow::Cow;
use std::sync::{Arc, LazyLock};

use super::filter_conditions::{self, Conditions};
use super::finding_note;
use super::groups::{Group, Groups, group_methods};
use super::headings::{WIDE_ONLY, Widths, headings};
use super::listener_grouping::ListenerGrouping;
use super::owner_cell::shorten_owner;
use super::sockets::LineKey;
use crate::aggregate::{Cancellation, Moment};
use crate::column::format::MISSING;
use crate::column::{LISTENER_COLUMNS, ListenerLine, Listeners as ListenerKind};
use crate::diagnose::{Concern, Findings, SocketConcern};
use crate::tui::kill_target::KillTarget;
use crate::tui::open_target::OpenTarget;
use crate::tui::table::{ColumnSet, GroupingChoice, Heading, List};
use crate::tui::theme::Tone;
use crate::tui::value_tones::queue_tone;

/// All listening sockets.
#[derive(Debug, Clone, Default)]
pub struct Listeners {
    /// The findings, for the notes on rows.
    pub findings: Arc<Findings>,
    groups: Groups<ListenerGrouping>,
}

impl Listeners {
    fn group(&self, number: u32) -> Option<&Group<ListenerGrouping>> {
        self.groups.get(number)
    }
}

const WIDTHS: [Widths; 28] = [
    ("local", 12, 47, 0),
    ("process", 10, 32, 0),
    ("accept_queue", 6, 6, 0),
    ("backlog", 6, 6, 1),
    ("fill", 7, 7, 1),
    ("gauge", 8, 8, 2),
    ("drops", 7, 7, 2),
    ("established", 7, 7, 3),
    ("syn_recv", 8, 8, 3),
    ("accepted", 8, 8, 4),
    ("minute", 10, 10, 4),
    ("drops_rate", 8, 8, 5),
    ("netid", 5, 5, 7),
    ("user", 8, 12, 7),
    ("sharing", 6, 6, 9),
    ("netns_name", 10, 24, 4),
    ("workload", 16, 44, 8),
    ("cgroup", 16, 60, WIDE_ONLY),
    ("container", 12, 30, WIDE_ONLY + 2),
    ("image", 16, 50, WIDE_ONLY + 3),
    ("pod", 12, 40, WIDE_ONLY + 3),
    ("namespace", 10, 20, WIDE_ONLY + 3),
    ("runtime", 10, 14, WIDE_ONLY + 4),
    ("unit", 14, 30, WIDE_ONLY + 2),
    ("congestion", 6, 6, 11),
    ("interface", 8, 15, 10),
    ("cookie", 12, 16, WIDE_ONLY),
    ("note", 4, 24, 2),
];

static HEADINGS: LazyLock<Vec<Heading>> = LazyLock::new(|| headings(&LISTENER_COLUMNS, &WIDTHS));

static COLUMN_SET: ColumnSet<ListenerKind> = ColumnSet {
    columns: &LISTENER_COLUMNS,
    headings: &HEADINGS,
    totals: &["accept_queue", "established", "drops"],
};

impl List for Listeners {
    type Kind = ListenerKind;
    type Key = LineKey;

    fn column_set() -> &'static ColumnSet<ListenerKind> {
        &COLUMN_SET
    }

    fn collect_rows(&mut self, moment: &Moment, _: &Cancellation, out: &mut Vec<u32>) {
        out.extend(0..moment.aggregate.listeners.len() as u32);
    }

    fn empty_text(&self) -> &'static str {
        "no socket is listening; press 2 for all sockets"
    }

    fn unfiltered_len(&self, moment: &Moment) -> usize {
        moment.unfiltered().listeners.len()
    }

    fn row<'m>(&'m self, moment: &'m Moment, number: u32) -> Option<ListenerLine<'m>> {
        let line = ListenerLine::of(moment, number as usize)?;
        let concern = || {
            Concern::Socket(SocketConcern {
                sockets: vec![line.socket.socket.socket.key()],
                ..SocketConcern::default()
            })
        };
        Some(ListenerLine {
            note: finding_note::most_severe(&self.findings, concern),
            ..line
        })
    }

    fn key(&self, moment: &Moment, number: u32) -> Option<LineKey> {
        if let Some(group) = self.group(number) {
            return Some(LineKey::Group(group.key));
        }
        let socket = self.row(moment, number)?.socket.socket.socket;
        Some(LineKey::Socket(socket.key()))
    }

    fn tie_breaker(&self, moment: &Moment, number: u32) -> u64 {
        if let Some(group) = self.group(number) {
            return group.tie_breaker();
        }
        let Some(line) = self.row(moment, number) else {
            return 0;
        };
        // Of listeners with the same fill, IP ones come first, then those with more drops.
        let unix = u64::from(!line.socket.socket.socket.family.is_inet());
        let drops = u32::MAX - line.totals.drops.unwrap_or(0);
        unix << 63 | u64::from(drops) << 31 | u64::from(line.totals.row)
    }

    fn target(&self, moment: &Moment, number: u32) -> Option<OpenTarget> {
        match self.key(moment, number)? {
            LineKey::Socket(key) => Some(OpenTarget::Socket(key)),
            LineKey::Group(key) => Some(OpenTarget::of_group(key)),
        }
    }

    fn shorten<'t>(
        &self,
        moment: &Moment,
        number: u32,
        column: usize,
        text: &'t str,
        width: usize,
    ) -> Cow<'t, str> {
        match (LISTENER_COLUMNS[column].id, self.row(moment, number)) {
            ("process", Some(line)) => shorten_owner(line.socket.socket, text, width),
            (id, _) => finding_note::shorten(id, text, width),
        }
    }

    fn conditions(&self, moment: &Moment, number: u32, _column: usize) -> Conditions {
        if let Some(group) = self.group(number) {
            let line = group.first(moment);
            return line.map_or_else(Vec::new, |line| {
                filter_conditions::of_group(group.key, &line.socket)
            });
        }
        let row = self.row(moment, number);
        row.map_or_else(Vec::new, |row| {
            filter_conditions::of_socket(&row.socket, row.socket.socket.socket.state)
        })
    }

    fn socket_row(&self, moment: &Moment, number: u32) -> Option<u32> {
        let totals = moment.aggregate.listeners.get(number as usize)?;
        Some(totals.row)
    }

    group_methods!();

    fn groupings(&self) -> Vec<GroupingChoice> {
        Groups::<ListenerGrouping>::choices()
    }

    fn kill_target(&self, moment: &Moment, number: u32) -> Option<KillTarget> {
        Some(KillTarget::of_socket(&self.row(moment, number)?.socket))
    }

    fn cell_tone(&self, moment: &Moment, number: u32, column: usize, text: &str) -> Tone {
        let Some(line) = self.row(moment, number) else {
            return Tone::Strong;
        };
        match LISTENER_COLUMNS[column].id {
            _ if text == MISSING => Tone::Muted,
            "local" => Tone::Strong,
            "note" => finding_note::tone(text),
            "accept_queue" | "fill" | "gauge" => queue_tone(line.totals.queue()),
            "drops" | "drops_rate" if !text.starts_with('0') => Tone::Warning,
            _ if text == "0" => Tone::Muted,
            _ => Tone::Plain,
        }
    }
}

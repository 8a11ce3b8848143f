//! Sockets, one by one or in groups.

use std::borrow::Cow;
use std::sync::LazyLock;

use super::filter_conditions::{self, Conditions};
use super::group_summary::GroupSummary;
use super::groups::{Group, Groups, group_methods};
use super::headings::{WIDE_ONLY, Widths, headings};
use super::owner_cell::shorten_owner;
use super::processes::process_index;
use super::socket_scope::{SocketScope, scope_check};
use crate::aggregate::{Cancellation, Change, Moment};
use crate::column::format::MISSING;
use crate::column::{SOCKET_COLUMNS, SocketRow, Sockets as SocketKind};
use crate::model::SocketKey;
use crate::tui::group::{GroupKey, Grouping};
use crate::tui::kill_target::KillTarget;
use crate::tui::open_target::OpenTarget;
use crate::tui::table::{ColumnSet, GroupingChoice, Heading, List};
use crate::tui::text;
use crate::tui::theme::Tone;
use crate::tui::value_tones::{queue_tone, state_tone};

/// The identity of a line in a list of sockets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LineKey {
    /// A socket.
    Socket(SocketKey),
    /// The heading of a group.
    Group(GroupKey),
}

/// The sockets of a scope, one by one or in groups.
#[derive(Debug, Clone)]
pub struct Sockets {
    scope: SocketScope,
    groups: Groups<Grouping>,
    /// The summary of the scope, if it is a group whose rows were collected.
    summary: Option<GroupSummary>,
    /// The label of that group, if it has any socket.
    label: Option<String>,
}

impl Sockets {
    /// Lists the sockets of a scope, one by one.
    pub fn new(scope: SocketScope) -> Sockets {
        Sockets {
            scope,
            groups: Groups::default(),
            summary: None,
            label: None,
        }
    }

    /// The summary of the scope, if it is a group whose rows were collected.
    pub fn summary(&self) -> Option<&GroupSummary> {
        self.summary.as_ref()
    }

    /// The label of the group that is the scope, if it has any socket.
    pub fn label(&self) -> Option<&str> {
        self.label.as_deref()
    }

    /// Collects the sockets of the group that is the scope, with their summary.
    fn collect_group(
        &mut self,
        (by, key): (Grouping, GroupKey),
        moment: &Moment,
        cancellation: &Cancellation,
        out: &mut Vec<u32>,
    ) {
        let mut summary = GroupSummary::default();
        self.label = None;
        for (at, (number, socket)) in moment.filtered_sockets().enumerate() {
            if cancellation.is_cancelled_at(at) {
                return;
            }
            if GroupKey::of(by, socket) != key {
                continue;
            }
            out.push(number);
            if let Some(row) = SocketRow::of(moment, number as usize) {
                summary.add(&row);
                self.label.get_or_insert_with(|| key.label(&row));
            }
        }
        self.summary = Some(summary);
    }

    fn group(&self, number: u32) -> Option<&Group<Grouping>> {
        self.groups.get(number)
    }
}

const WIDTHS: [Widths; 45] = [
    ("state", 10, 10, 0),
    ("local", 15, 47, 0),
    ("remote", 15, 47, 0),
    ("process", 13, 32, 0),
    ("steady_rate", 10, 10, 1),
    ("rate", 9, 9, WIDE_ONLY),
    ("netid", 5, 5, 2),
    ("recv_queue", 7, 7, 5),
    ("send_queue", 7, 7, 5),
    ("received_rate", 9, 9, 3),
    ("sent_rate", 9, 9, 3),
    ("rtt", 8, 8, 4),
    ("user", 8, 12, 6),
    ("limit", 6, 6, 7),
    ("retransmitted", 7, 7, 8),
    ("timer", 16, 16, 9),
    ("bytes_received", 8, 8, 10),
    ("bytes_acked", 8, 8, 10),
    ("cwnd", 6, 6, 11),
    ("congestion", 6, 6, 12),
    ("drops", 6, 6, 13),
    ("pid", 7, 7, 20),
    ("interface", 8, 15, 17),
    ("netns_name", 10, 24, 6),
    ("workload", 16, 44, 16),
    ("cgroup", 16, 60, WIDE_ONLY),
    ("container", 12, 30, WIDE_ONLY + 2),
    ("image", 16, 50, WIDE_ONLY + 3),
    ("pod", 12, 40, WIDE_ONLY + 3),
    ("namespace", 10, 20, WIDE_ONLY + 3),
    ("runtime", 10, 14, WIDE_ONLY + 4),
    ("unit", 14, 30, WIDE_ONLY + 2),
    ("inode", 10, 10, 18),
    ("cookie", 12, 16, 19),
    ("rmem_alloc", 8, 8, WIDE_ONLY),
    ("wmem_queued", 8, 8, WIDE_ONLY),
    ("last_data_recv", 8, 12, WIDE_ONLY + 1),
    ("last_data_sent", 8, 12, WIDE_ONLY + 1),
    ("min_rtt", 8, 8, WIDE_ONLY + 2),
    ("rttvar", 8, 8, WIDE_ONLY + 2),
    ("delivery_rate", 9, 12, WIDE_ONLY + 3),
    ("pacing_rate", 9, 12, WIDE_ONLY + 3),
    ("snd_mss", 8, 8, WIDE_ONLY + 4),
    ("pmtu", 8, 8, WIDE_ONLY + 4),
    ("rto", 8, 8, WIDE_ONLY + 5),
];

static HEADINGS: LazyLock<Vec<Heading>> = LazyLock::new(|| headings(&SOCKET_COLUMNS, &WIDTHS));

static COLUMN_SET: ColumnSet<SocketKind> = ColumnSet {
    columns: &SOCKET_COLUMNS,
    headings: &HEADINGS,
    totals: &["received_rate", "sent_rate"],
};

impl List for Sockets {
    type Kind = SocketKind;
    type Key = LineKey;

    fn column_set() -> &'static ColumnSet<SocketKind> {
        &COLUMN_SET
    }

    fn collect_rows(&mut self, moment: &Moment, cancellation: &Cancellation, out: &mut Vec<u32>) {
        if self.scope == SocketScope::All {
            moment.extend_filtered_rows(out);
            return;
        }
        if let SocketScope::Group(by, key) = self.scope {
            self.collect_group((by, key), moment, cancellation, out);
            return;
        }
        let Some(belongs) = scope_check(self.scope, moment) else {
            return;
        };
        for (at, (number, socket)) in moment.filtered_sockets().enumerate() {
            if cancellation.is_cancelled_at(at) {
                return;
            }
            if belongs(socket) {
                out.push(number);
            }
        }
    }

    fn empty_text(&self) -> &'static str {
        match self.scope {
            SocketScope::All => {
                "no socket was found; press ! for the sources that could not be read"
            }
            SocketScope::OwnedBy(_) => "this process has no sockets now; press Esc to go back",
            SocketScope::Remote(..) => {
                "no socket is connected to this host now; press Esc to go back"
            }
            SocketScope::Group(..) => "no socket belongs to it now; press Esc to go back",
        }
    }

    fn unfiltered_len(&self, moment: &Moment) -> usize {
        match self.scope {
            SocketScope::All => moment.sample.sockets.len(),
            SocketScope::OwnedBy(key) => process_index(moment, key)
                .and_then(|at| moment.unfiltered().processes.get(at as usize))
                .map_or(0, |totals| totals.sockets as usize),
            SocketScope::Remote(..) | SocketScope::Group(..) => scope_check(self.scope, moment)
                .map_or(0, |belongs| {
                    moment
                        .sample
                        .iter()
                        .filter(|&socket| belongs(socket))
                        .count()
                }),
        }
    }

    fn row<'m>(&'m self, moment: &'m Moment, number: u32) -> Option<SocketRow<'m>> {
        SocketRow::of(moment, number as usize)
    }

    fn key(&self, moment: &Moment, number: u32) -> Option<LineKey> {
        if let Some(group) = self.group(number) {
            return Some(LineKey::Group(group.key));
        }
        let socket = moment.sample.sockets.get(number as usize)?;
        Some(LineKey::Socket(socket.key()))
    }

    fn tie_breaker(&self, moment: &Moment, number: u32) -> u64 {
        match moment.sample.sockets.get(number as usize) {
            Some(socket) => socket.cookie,
            None => self.group(number).map_or(0, Group::tie_breaker),
        }
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
        match (SOCKET_COLUMNS[column].id, self.row(moment, number)) {
            ("process", Some(row)) => shorten_owner(row.socket, text, width),
            ("peer", Some(row)) => match row.peer() {
                Some(peer) => shorten_owner(peer.socket, text, width),
                None => text::cut_middle(text, width),
            },
            _ => text::cut_middle(text, width),
        }
    }

    fn conditions(&self, moment: &Moment, number: u32, column: usize) -> Conditions {
        if let Some(group) = self.group(number) {
            let row = group.first(moment);
            return row.map_or_else(Vec::new, |row| filter_conditions::of_group(group.key, &row));
        }
        let Some(row) = self.row(moment, number) else {
            return Vec::new();
        };
        let mut found = filter_conditions::of_socket(&row, row.socket.socket.state);
        found.extend(filter_conditions::at_least(column, &row));
        found
    }

    fn has_peers() -> bool {
        true
    }

    fn socket_row(&self, _moment: &Moment, number: u32) -> Option<u32> {
        self.group(number).is_none().then_some(number)
    }

    fn kill_target(&self, moment: &Moment, number: u32) -> Option<KillTarget> {
        Some(KillTarget::of_socket(&self.row(moment, number)?))
    }

    fn cell_tone(&self, moment: &Moment, number: u32, column: usize, text: &str) -> Tone {
        let Some(row) = self.row(moment, number) else {
            return Tone::Strong;
        };
        socket_tone(&row, SOCKET_COLUMNS[column].id, text)
    }

    fn row_tint(&self, moment: &Moment, number: u32) -> Option<Tone> {
        match moment.aggregate.sockets.get(number as usize)?.change? {
            Change::Opened => Some(Tone::Fresh),
            Change::State => Some(Tone::Changed),
        }
    }

    group_methods!();

    fn groupings(&self) -> Vec<GroupingChoice> {
        Groups::<Grouping>::choices()
    }
}

/// The tone of a cell of a socket.
pub(super) fn socket_tone(row: &SocketRow<'_>, id: &str, text: &str) -> Tone {
    match id {
        _ if text == MISSING => Tone::Muted,
        "state" => state_tone(row.socket.socket.state),
        "process" if row.socket.socket.attribution.unowned().is_some() => Tone::Muted,
        "limit" if text == "loss" => Tone::Warning,
        "drops" if text != "0" => Tone::Warning,
        "recv_queue" | "accept_queue" => {
            let queue = row.socket.socket.accept_queue();
            queue.map_or(Tone::Plain, queue_tone)
        }
        _ => Tone::Plain,
    }
}

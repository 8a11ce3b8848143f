//! Sockets, one by one or in groups.

use std::borrow::Cow;
use std::net::IpAddr;
use std::sync::LazyLock;

use super::groups::{Group, GroupKey, Grouping, Groups};
use super::{Conditions, Fit, UNASKED, conditions, headings, process_index, queue_tone};
use crate::aggregate::{Change, Moment};
use crate::column::format::MISSING;
use crate::column::{SOCKET_COLUMNS, Service, SocketRow, Sockets as SocketKind, SortKey, Total};
use crate::model::{ProcessKey, SocketKey, SocketRef};
use crate::tui::kill_target::KillTarget;
use crate::tui::table::{Heading, List, Outlining, Shape};
use crate::tui::target::Target;
use crate::tui::text;
use crate::tui::theme::{Tone, state_tone};

/// Which sockets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SocketScope {
    /// All of them.
    All,
    /// Those that one process owns.
    OwnedBy(ProcessKey),
    /// Those connected to a remote host, or to one of its ports.
    Remote(IpAddr, Option<Service>),
}

/// A line of a table of sockets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LineKey {
    /// A socket.
    Socket(SocketKey),
    /// The heading of a group.
    Group(GroupKey),
}

/// Sockets.
#[derive(Debug)]
pub struct Sockets {
    scope: SocketScope,
    groups: Groups,
}

impl Sockets {
    /// Those of a scope, one by one.
    pub fn new(scope: SocketScope) -> Sockets {
        Sockets {
            scope,
            groups: Groups::default(),
        }
    }

    /// What they are grouped by.
    pub fn grouping(&self) -> Grouping {
        self.groups.by
    }

    fn group(&self, number: u32) -> Option<&Group> {
        self.groups.get(number)
    }
}

const FIT: [Fit; 36] = [
    ("state", 10, 10, 0),
    ("local", 15, 47, 0),
    ("remote", 15, 47, 0),
    ("process", 13, 32, 0),
    ("rate", 9, 9, 1),
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
    ("cgroup", 16, 60, 16),
    ("inode", 10, 10, 18),
    ("cookie", 12, 16, 19),
    ("rmem_alloc", 8, 8, UNASKED),
    ("wmem_queued", 8, 8, UNASKED),
    ("last_data_recv", 8, 12, UNASKED + 1),
    ("last_data_sent", 8, 12, UNASKED + 1),
    ("min_rtt", 8, 8, UNASKED + 2),
    ("rttvar", 8, 8, UNASKED + 2),
    ("delivery_rate", 9, 12, UNASKED + 3),
    ("pacing_rate", 9, 12, UNASKED + 3),
    ("snd_mss", 8, 8, UNASKED + 4),
    ("pmtu", 8, 8, UNASKED + 4),
    ("rto", 8, 8, UNASKED + 5),
];

static HEADINGS: LazyLock<Vec<Heading>> = LazyLock::new(|| headings(&SOCKET_COLUMNS, &FIT));

static SHAPE: Shape<SocketKind> = Shape {
    columns: &SOCKET_COLUMNS,
    headings: &HEADINGS,
    totals: &["received_rate", "sent_rate"],
};

impl List for Sockets {
    type Kind = SocketKind;
    type Key = LineKey;

    fn shape() -> &'static Shape<SocketKind> {
        &SHAPE
    }

    fn rows(&mut self, moment: &Moment, out: &mut Vec<u32>) {
        let numbers = |wanted: &dyn Fn(SocketRef<'_>) -> bool, out: &mut Vec<u32>| {
            let all = moment.filtered_sockets();
            out.extend(all.filter_map(|(number, socket)| wanted(socket).then_some(number)));
        };
        match self.scope {
            SocketScope::All => moment.extend_filtered_rows(out),
            SocketScope::OwnedBy(key) => {
                let Some(process) = process_index(moment, key) else {
                    return;
                };
                let holds = |socket: SocketRef<'_>| {
                    let mut holders = socket.holders().iter();
                    holders.any(|holder| holder.process == process)
                };
                numbers(&holds, out);
            }
            SocketScope::Remote(address, service) => {
                let meets = |socket: SocketRef<'_>| {
                    let remote = socket
                        .socket
                        .remote()
                        .map(crate::model::Endpoint::canonical);
                    remote.is_some_and(|remote| remote.address == address)
                        && service.is_none_or(|service| {
                            super::remotes::is_met_at(moment, socket.socket, service)
                        })
                };
                numbers(&meets, out);
            }
        }
    }

    fn whole(&self, moment: &Moment) -> usize {
        match self.scope {
            SocketScope::All => moment.sample.sockets.rows.len(),
            SocketScope::OwnedBy(key) => process_index(moment, key)
                .and_then(|at| moment.unfiltered().processes.get(at as usize))
                .map_or(0, |totals| totals.sockets as usize),
            SocketScope::Remote(address, service) => {
                let meets = |socket: &SocketRef<'_>| {
                    let remote = socket.socket.remote();
                    remote.is_some_and(|remote| remote.canonical().address == address)
                        && service.is_none_or(|service| {
                            super::remotes::is_met_at(moment, socket.socket, service)
                        })
                };
                moment.sample.iter().filter(meets).count()
            }
        }
    }

    fn row<'m>(&'m self, moment: &'m Moment, number: u32) -> Option<SocketRow<'m>> {
        SocketRow::of(moment, number as usize)
    }

    fn key(&self, moment: &Moment, number: u32) -> Option<LineKey> {
        if let Some(group) = self.group(number) {
            return Some(LineKey::Group(group.key));
        }
        let socket = moment.sample.sockets.rows.get(number as usize)?;
        Some(LineKey::Socket(socket.key()))
    }

    fn tie(&self, moment: &Moment, number: u32) -> u64 {
        match moment.sample.sockets.rows.get(number as usize) {
            Some(socket) => socket.cookie,
            None => self.group(number).map_or(0, Group::tie),
        }
    }

    fn target(&self, moment: &Moment, number: u32) -> Option<Target> {
        match self.key(moment, number)? {
            LineKey::Socket(key) => Some(Target::Socket(key)),
            LineKey::Group(_) => Some(Target::Fold),
        }
    }

    fn write(&self, moment: &Moment, number: u32, column: usize, out: &mut String) {
        if let Some(group) = self.group(number) {
            match group.total(column) {
                Some(total) => SOCKET_COLUMNS[column].write_number(total, out),
                None if SOCKET_COLUMNS[column].total() == Total::None => {}
                None => out.push_str(MISSING),
            }
        } else if let Some(row) = self.row(moment, number) {
            SOCKET_COLUMNS[column].write(&row, out);
        }
    }

    fn sort_key<'m>(&'m self, moment: &'m Moment, number: u32, column: usize) -> SortKey<'m> {
        if let Some(group) = self.group(number) {
            return group.sort_key(column);
        }
        let row = SocketRow::of(moment, number as usize);
        row.map_or(SortKey::Missing, |row| {
            SOCKET_COLUMNS[column].sort_key(&row)
        })
    }

    fn cut<'t>(
        &self,
        moment: &Moment,
        number: u32,
        column: usize,
        text: &'t str,
        columns: usize,
    ) -> Cow<'t, str> {
        match (SOCKET_COLUMNS[column].id, self.row(moment, number)) {
            ("process", Some(row)) => cut_owner(row.socket, text, columns),
            ("peer", Some(row)) => match row.peer() {
                Some(peer) => cut_owner(peer.socket, text, columns),
                None => text::cut_middle(text, columns),
            },
            _ => text::cut_middle(text, columns),
        }
    }

    fn conditions(&self, moment: &Moment, number: u32, column: usize) -> Conditions {
        if let Some(group) = self.group(number) {
            return group.conditions(moment);
        }
        let Some(row) = self.row(moment, number) else {
            return Vec::new();
        };
        let mut found = conditions::of_socket(&row, row.socket.socket.state);
        found.extend(conditions::at_least(column, &row));
        found
    }

    fn kill_target(&self, moment: &Moment, number: u32) -> Option<KillTarget> {
        Some(KillTarget::of_socket(&self.row(moment, number)?))
    }

    fn tone(&self, moment: &Moment, number: u32, column: usize, text: &str) -> Tone {
        let Some(row) = self.row(moment, number) else {
            return Tone::Strong;
        };
        socket_tone(&row, SOCKET_COLUMNS[column].id, text)
    }

    fn tint(&self, moment: &Moment, number: u32) -> Option<Tone> {
        match moment.aggregate.sockets.get(number as usize)?.change? {
            Change::Opened => Some(Tone::Fresh),
            Change::State => Some(Tone::Changed),
        }
    }

    fn label(&self, number: u32) -> Option<String> {
        self.group(number).map(Group::text)
    }

    fn is_outlined(&self) -> bool {
        self.groups.by != Grouping::None
    }

    fn outline(&mut self, outlining: &mut Outlining<'_>, order: &mut Vec<u32>) {
        let (moment, sort) = (outlining.moment, outlining.sort);
        self.groups.gather(moment, outlining.needed, order);
        if !outlining.in_order {
            // Only those that are shown.
            for group in self.groups.unfolded() {
                let mut members = self.groups.take_members(group);
                outlining.sorter.sort(self, moment, sort, &mut members);
                self.groups.give_members(group, members);
            }
        }
        let mut headings = self.groups.numbers();
        outlining.sorter.sort(self, moment, sort, &mut headings);
        self.groups.write_down(&headings, order);
    }

    fn knows_total(&self, column: usize) -> bool {
        self.groups.knows_total(column)
    }

    fn leaves(&self) -> Option<usize> {
        self.is_outlined().then(|| self.groups.leaves())
    }

    fn fold(&mut self, _moment: &Moment, number: u32) -> bool {
        self.groups.fold(number)
    }

    fn fold_all(&mut self, _moment: &Moment) -> bool {
        self.groups.fold_all()
    }

    fn group_by_next(&mut self) -> bool {
        self.groups.by = self.groups.by.next();
        true
    }

    fn grouped_by(&self) -> Option<&'static str> {
        self.groups.by.name()
    }
}

/// What a cell of a socket means.
pub(super) fn socket_tone(row: &SocketRow<'_>, id: &str, text: &str) -> Tone {
    match id {
        _ if text == MISSING => Tone::Muted,
        "state" => state_tone(row.socket.socket.state),
        "process" if row.socket.socket.attribution.unowned().is_some() => Tone::Muted,
        "limit" if text == "loss" => Tone::Warning,
        "drops" if text != "0" => Tone::Warning,
        "recv_queue" | "accept_queue" => {
            let socket = row.socket.socket;
            match (socket.accept_queue(), socket.backlog()) {
                (Some(queue), Some(backlog)) => queue_tone(queue, backlog),
                _ => Tone::Plain,
            }
        }
        _ => Tone::Plain,
    }
}

/// The least of a process's name that is worth its columns.
const NAME: usize = 3;

/// A socket's owner in so many columns: the pid stays whole, a reason has a shorter name.
pub fn cut_owner<'t>(socket: SocketRef<'_>, text: &'t str, columns: usize) -> Cow<'t, str> {
    if text::width(text) <= columns {
        return Cow::Borrowed(text);
    }
    if let Some(why) = socket.socket.attribution.unowned() {
        let short = format!("[{}]", why.short_name());
        return Cow::Owned(text::cut_end(&short, columns).into_owned());
    }
    // A name may have a slash in it; the one before the pid is the last.
    let (name, rest) = text.split_at(text.rfind('/').unwrap_or(text.len()));
    match columns.checked_sub(text::width(rest)) {
        Some(room) if room >= NAME => Cow::Owned(text::cut_end(name, room).into_owned() + rest),
        _ => text::cut_middle(text, columns),
    }
}

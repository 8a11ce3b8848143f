//! Sockets in groups that can be folded, with their sums.

use std::borrow::Cow;
use std::net::IpAddr;

use rustc_hash::{FxHashMap, FxHashSet};

use super::{Conditions, conditions};
use crate::aggregate::Moment;
use crate::column::{SOCKET_COLUMNS, SocketColumn, SocketRow, SortKey, Total, format};
use crate::model::{ProcessKey, State, Unowned};

/// Set in the number of a group's heading.
const HEADING: u32 = 1 << 31;

/// What sockets are grouped by.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Grouping {
    /// Nothing.
    #[default]
    None,
    /// The first process that owns them, or why there is none.
    Process,
    /// The remote host.
    Remote,
    /// The local port.
    Port,
    /// Kind and state.
    State,
    /// The control group.
    Cgroup,
}

impl Grouping {
    /// What comes after it.
    #[must_use]
    pub fn next(self) -> Grouping {
        match self {
            Grouping::None => Grouping::Process,
            Grouping::Process => Grouping::Remote,
            Grouping::Remote => Grouping::Port,
            Grouping::Port => Grouping::State,
            Grouping::State => Grouping::Cgroup,
            Grouping::Cgroup => Grouping::None,
        }
    }

    /// Its name, if there are groups.
    pub fn name(self) -> Option<&'static str> {
        match self {
            Grouping::None => None,
            Grouping::Process => Some("process"),
            Grouping::Remote => Some("remote"),
            Grouping::Port => Some("local port"),
            Grouping::State => Some("state"),
            Grouping::Cgroup => Some("cgroup"),
        }
    }
}

/// Identity of a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum GroupKey {
    /// A process.
    Process(ProcessKey),
    /// Sockets without an owner.
    Unowned(Unowned),
    /// A remote host.
    Remote(IpAddr),
    /// A local port of a protocol.
    Port(&'static str, u16),
    /// A kind of socket in a state.
    State(&'static str, State),
    /// A control group.
    Cgroup(u64),
    /// What has nothing of that sort.
    Other,
}

/// Sockets that have something in common.
#[derive(Debug)]
pub(super) struct Group {
    pub(super) key: GroupKey,
    label: String,
    sockets: u32,
    /// Column and total.
    totals: Vec<(usize, Option<f64>)>,
    unfolded: bool,
    members: Vec<u32>,
}

impl Group {
    /// `▸ nginx/2211 (812)`.
    pub(super) fn text(&self) -> String {
        let mark = if self.unfolded { '▾' } else { '▸' };
        let mut text = format!("{mark} {} (", self.label);
        format::count(&mut text, self.sockets.into());
        text.push(')');
        text
    }

    pub(super) fn total(&self, column: usize) -> Option<f64> {
        let found = self.totals.iter().find(|(known, _)| *known == column);
        found.and_then(|(_, total)| *total)
    }

    /// By the total; where there is none to be had, by the name.
    pub(super) fn sort_key(&self, column: usize) -> SortKey<'_> {
        if SOCKET_COLUMNS[column].total() == Total::None {
            return SortKey::Text(Cow::Borrowed(&self.label));
        }
        self.total(column).map_or(SortKey::Missing, SortKey::Number)
    }

    /// Filters that its sockets would pass.
    pub(super) fn conditions(&self, moment: &Moment) -> Conditions {
        let row = self.members.first();
        let row = row.and_then(|&row| SocketRow::of(moment, row as usize));
        row.map_or_else(Vec::new, |row| conditions::of_group(self.key, &row))
    }

    pub(super) fn tie(&self) -> u64 {
        u64::from(u32::MAX - self.sockets)
    }
}

/// All groups of one moment, and which of them are unfolded.
#[derive(Debug, Default)]
pub(super) struct Groups {
    pub(super) by: Grouping,
    all: Vec<Group>,
    unfolded: FxHashSet<GroupKey>,
    /// Columns whose totals are known.
    known: Vec<usize>,
}

impl Groups {
    /// The group whose heading has this number.
    pub(super) fn get(&self, number: u32) -> Option<&Group> {
        let at = number & !HEADING;
        (number & HEADING != 0).then(|| self.all.get(at as usize))?
    }

    /// Puts rows into groups, with the totals of the columns that are needed.
    pub(super) fn gather(&mut self, moment: &Moment, needed: &[usize], rows: &[u32]) {
        self.all.clear();
        self.known.clear();
        for &column in needed {
            let has_total = SOCKET_COLUMNS[column].total() != Total::None;
            if has_total && !self.known.contains(&column) {
                self.known.push(column);
            }
        }
        let mut index: FxHashMap<GroupKey, usize> = FxHashMap::default();
        // Neighbours are often of the same group.
        let mut last: Option<(GroupKey, usize)> = None;
        for &row in rows {
            let Some(socket) = SocketRow::of(moment, row as usize) else {
                continue;
            };
            let key = key_of(self.by, &socket);
            let at = match last {
                Some((known, at)) if known == key => at,
                _ => *index.entry(key).or_insert_with(|| {
                    self.all.push(Group {
                        key,
                        label: label_of(key, &socket),
                        sockets: 0,
                        totals: self.known.iter().map(|&column| (column, None)).collect(),
                        unfolded: self.unfolded.contains(&key),
                        members: Vec::new(),
                    });
                    self.all.len() - 1
                }),
            };
            last = Some((key, at));
            let group = &mut self.all[at];
            group.sockets += 1;
            group.members.push(row);
            for (column, total) in &mut group.totals {
                let column = &SOCKET_COLUMNS[*column];
                if let Some(number) = column.number(&socket) {
                    *total = Some(match (*total, column.total()) {
                        (None, _) => number,
                        (Some(total), Total::Highest) => total.max(number),
                        (Some(total), _) => total + number,
                    });
                }
            }
        }
    }

    /// Places of the groups that are unfolded.
    pub(super) fn unfolded(&self) -> Vec<usize> {
        let all = self.all.iter().enumerate();
        all.filter_map(|(at, group)| group.unfolded.then_some(at))
            .collect()
    }

    /// Takes the rows of a group out, to be put into order.
    pub(super) fn take_members(&mut self, at: usize) -> Vec<u32> {
        let group = self.all.get_mut(at);
        group.map_or_else(Vec::new, |group| std::mem::take(&mut group.members))
    }

    /// Puts them back.
    pub(super) fn give_members(&mut self, at: usize, members: Vec<u32>) {
        if let Some(group) = self.all.get_mut(at) {
            group.members = members;
        }
    }

    pub(super) fn knows_total(&self, column: usize) -> bool {
        SOCKET_COLUMNS[column].total() == Total::None || self.known.contains(&column)
    }

    /// Numbers of the headings.
    pub(super) fn numbers(&self) -> Vec<u32> {
        (0..self.all.len() as u32).map(|at| at | HEADING).collect()
    }

    /// Writes the headings down in their order, each with its sockets below it if it is unfolded.
    pub(super) fn write_down(&self, headings: &[u32], order: &mut Vec<u32>) {
        order.clear();
        for &number in headings {
            order.push(number);
            if let Some(group) = self.get(number).filter(|group| group.unfolded) {
                order.extend_from_slice(&group.members);
            }
        }
    }

    /// How many sockets there are in all groups.
    pub(super) fn leaves(&self) -> usize {
        self.all.iter().map(|group| group.members.len()).sum()
    }

    pub(super) fn fold(&mut self, number: u32) -> bool {
        let Some(key) = self.get(number).map(|group| group.key) else {
            return false;
        };
        if !self.unfolded.remove(&key) {
            self.unfolded.insert(key);
        }
        true
    }

    pub(super) fn fold_all(&mut self) -> bool {
        if self.by == Grouping::None {
            return false;
        }
        if self.all.iter().all(|group| group.unfolded) {
            self.unfolded.clear();
        } else {
            let keys = self.all.iter().map(|group| group.key);
            self.unfolded.extend(keys);
        }
        true
    }
}

fn key_of(by: Grouping, row: &SocketRow<'_>) -> GroupKey {
    let socket = row.socket.socket;
    let netid = socket.protocol.netid(socket.family);
    match by {
        Grouping::None => GroupKey::Other,
        Grouping::Process => match (row.socket.owner(), socket.attribution.unowned()) {
            (Some(owner), None) => GroupKey::Process(owner.process.key),
            (_, Some(why)) => GroupKey::Unowned(why),
            (None, None) => GroupKey::Other,
        },
        Grouping::Remote => match socket.remote() {
            Some(remote) => GroupKey::Remote(remote.canonical().address),
            None => GroupKey::Other,
        },
        Grouping::Port => match socket.local() {
            Some(local) if local.port != 0 => GroupKey::Port(netid, local.port),
            _ => GroupKey::Other,
        },
        Grouping::State => GroupKey::State(netid, socket.state),
        Grouping::Cgroup => match socket.cgroup_id {
            0 => GroupKey::Other,
            id => GroupKey::Cgroup(id),
        },
    }
}

fn label_of(key: GroupKey, row: &SocketRow<'_>) -> String {
    let cell = |id: &str| {
        let mut text = String::new();
        if let Some(column) = SocketColumn::by_id(id) {
            column.write(row, &mut text);
        }
        text
    };
    match key {
        GroupKey::Process(key) => {
            let mut label = String::new();
            if let Some(owner) = row.socket.owner() {
                format::harmless(&mut label, owner.process.comm.as_bytes());
            }
            format!("{label}/{}", key.pid)
        }
        GroupKey::Unowned(why) => format!("[{}]", why.name()),
        GroupKey::Remote(address) => address.to_string(),
        GroupKey::Port(netid, port) => format!("{netid} :{port}"),
        GroupKey::State(netid, state) => format!("{netid} {}", state.short_name()),
        GroupKey::Cgroup(_) => cell("cgroup"),
        GroupKey::Other => "none".to_owned(),
    }
}

//! Sockets in groups that can be folded, with their totals.

use std::borrow::Cow;

use super::filter_conditions::{self, Conditions};
use super::folding::Folding;
use super::group_key::{GroupKey, Grouping};
use crate::aggregate::{Cancellation, Moment};
use crate::column::{SOCKET_COLUMNS, SocketRow, SortKey, Total, format};
use crate::model::SeededMap;

/// Bit that is set in the row number of a group's heading.
const HEADING: u32 = 1 << 31;

/// A group of sockets.
#[derive(Debug, Clone)]
pub(super) struct Group {
    pub(super) key: GroupKey,
    label: String,
    sockets: u32,
    /// The total of each column, by index.
    totals: Vec<(usize, Option<f64>)>,
    unfolded: bool,
    members: Vec<u32>,
}

impl Group {
    /// `▸ nginx/2211 (812)`.
    pub(super) fn heading(&self) -> String {
        let mark = if self.unfolded { '▾' } else { '▸' };
        let mut text = format!("{mark} {} (", self.label);
        format::count(&mut text, self.sockets.into());
        text.push(')');
        text
    }

    /// The total of a column, if it is known.
    pub(super) fn total(&self, column: usize) -> Option<f64> {
        let found = self.totals.iter().find(|(known, _)| *known == column);
        found.and_then(|(_, total)| *total)
    }

    /// The key of the heading: the total of the column, or the label where the column has no total.
    pub(super) fn sort_key(&self, column: usize) -> SortKey<'_> {
        if SOCKET_COLUMNS[column].total() == Total::None {
            return SortKey::Text(Cow::Borrowed(&self.label));
        }
        self.total(column).map_or(SortKey::Missing, SortKey::Number)
    }

    /// Filter conditions that the sockets of the group pass.
    pub(super) fn conditions(&self, moment: &Moment) -> Conditions {
        let row = self.members.first();
        let row = row.and_then(|&row| SocketRow::of(moment, row as usize));
        row.map_or_else(Vec::new, |row| filter_conditions::of_group(self.key, &row))
    }

    /// Orders larger groups first.
    pub(super) fn tie_breaker(&self) -> u64 {
        u64::from(u32::MAX - self.sockets)
    }
}

/// The groups of one moment, and the ones that are unfolded.
#[derive(Debug, Clone, Default)]
pub(super) struct Groups {
    pub(super) by: Grouping,
    all: Vec<Group>,
    folding: Folding<GroupKey>,
    /// Columns whose totals are known.
    total_columns: Vec<usize>,
}

impl Groups {
    /// The group whose heading has this number.
    pub(super) fn get(&self, number: u32) -> Option<&Group> {
        let at = number & !HEADING;
        (number & HEADING != 0).then(|| self.all.get(at as usize))?
    }

    /// Puts rows into groups, with the totals of these columns. Returns false if it was cancelled.
    pub(super) fn build(
        &mut self,
        moment: &Moment,
        columns: &[usize],
        rows: &[u32],
        cancellation: &Cancellation,
    ) -> bool {
        self.all.clear();
        self.total_columns.clear();
        for &column in columns {
            let has_total = SOCKET_COLUMNS[column].total() != Total::None;
            if has_total && !self.total_columns.contains(&column) {
                self.total_columns.push(column);
            }
        }
        let mut index: SeededMap<GroupKey, usize> = SeededMap::default();
        // Consecutive rows are often of the same group.
        let mut last: Option<(GroupKey, usize)> = None;
        for (place, &row) in rows.iter().enumerate() {
            if cancellation.is_cancelled_at(place) {
                return false;
            }
            let Some(socket) = SocketRow::of(moment, row as usize) else {
                continue;
            };
            let key = GroupKey::of(self.by, &socket);
            let at = match last {
                Some((known, at)) if known == key => at,
                _ => *index.entry(key).or_insert_with(|| {
                    self.all.push(Group {
                        key,
                        label: key.label(&socket),
                        sockets: 0,
                        totals: self
                            .total_columns
                            .iter()
                            .map(|&column| (column, None))
                            .collect(),
                        unfolded: self.folding.is_unfolded(&key),
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
        true
    }

    /// The indexes of the groups that are unfolded.
    pub(super) fn unfolded_groups(&self) -> Vec<usize> {
        let all = self.all.iter().enumerate();
        all.filter_map(|(at, group)| group.unfolded.then_some(at))
            .collect()
    }

    /// Removes the rows of a group, to be sorted.
    pub(super) fn take_members(&mut self, at: usize) -> Vec<u32> {
        let group = self.all.get_mut(at);
        group.map_or_else(Vec::new, |group| std::mem::take(&mut group.members))
    }

    /// Puts the rows of a group back.
    pub(super) fn put_members(&mut self, at: usize, members: Vec<u32>) {
        if let Some(group) = self.all.get_mut(at) {
            group.members = members;
        }
    }

    /// True if the totals of a column are known, or it has none.
    pub(super) fn has_total(&self, column: usize) -> bool {
        SOCKET_COLUMNS[column].total() == Total::None || self.total_columns.contains(&column)
    }

    /// The row numbers of the headings.
    pub(super) fn heading_numbers(&self) -> Vec<u32> {
        (0..self.all.len() as u32).map(|at| at | HEADING).collect()
    }

    /// Replaces `order` by the sorted headings, each followed by its sockets if it is unfolded.
    pub(super) fn write_order(&self, headings: &[u32], order: &mut Vec<u32>) {
        order.clear();
        for &number in headings {
            order.push(number);
            if let Some(group) = self.get(number).filter(|group| group.unfolded) {
                order.extend_from_slice(&group.members);
            }
        }
    }

    /// The number of sockets in all groups.
    pub(super) fn leaf_count(&self) -> usize {
        self.all.iter().map(|group| group.members.len()).sum()
    }

    /// Folds or unfolds a group; returns true.
    pub(super) fn toggle_fold(&mut self, key: GroupKey) -> bool {
        self.folding.toggle(key);
        true
    }

    /// Unfolds all groups, or folds all if all of `shown` are unfolded; returns true if there are groups.
    pub(super) fn toggle_all_folds(&mut self, shown: &Groups) -> bool {
        if self.by == Grouping::None {
            return false;
        }
        let mut all = shown.all.iter();
        self.folding.set_all(!all.all(|group| group.unfolded));
        true
    }
}

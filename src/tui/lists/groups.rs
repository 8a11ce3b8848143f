//! Rows in groups that can be folded, with their totals.

use std::borrow::Cow;

use super::criterion::{Criterion, RowOf};
use super::folding::Folding;
use crate::aggregate::{Cancellation, Moment};
use crate::column::format::MISSING;
use crate::column::{SortKey, Total};
use crate::model::SeededMap;
use crate::tui::table::{GroupingChoice, List, OutlineContext};

/// Bit that is set in the row number of a group's heading.
const HEADING: u32 = 1 << 31;

/// A group of rows.
#[derive(Debug, Clone)]
pub(super) struct Group<C: Criterion> {
    pub(super) key: C::Key,
    label: String,
    rows: u32,
    by: C,
    summary: C::Summary,
    /// The total of each column, by index.
    totals: Vec<(usize, Option<f64>)>,
    unfolded: bool,
    members: Vec<u32>,
}

impl<C: Criterion> Group<C> {
    /// `▸ nginx/2211 (812)`.
    pub(super) fn heading(&self) -> String {
        let mark = if self.unfolded { '▾' } else { '▸' };
        format!(
            "{mark} {}",
            self.by.heading(&self.label, self.rows, &self.summary)
        )
    }

    /// The label of the group.
    pub(super) fn label(&self) -> String {
        self.label.clone()
    }

    /// The total of a column, if it is known.
    fn total(&self, column: usize) -> Option<f64> {
        let found = self.totals.iter().find(|(known, _)| *known == column);
        found.and_then(|(_, total)| *total)
    }

    /// Appends the cell of the heading: the total of the column, if it has one.
    pub(super) fn write_cell(&self, column: usize, out: &mut String) {
        let of = &C::columns()[column];
        match self.total(column) {
            Some(total) => of.write_number(total, out),
            None if of.total() == Total::None => {}
            None => out.push_str(MISSING),
        }
    }

    /// The key of the heading: the total of the column, or the label where the column has no total.
    pub(super) fn sort_key(&self, column: usize) -> SortKey<'_> {
        if C::columns()[column].total() == Total::None {
            return SortKey::Text(Cow::Borrowed(&self.label));
        }
        self.total(column).map_or(SortKey::Missing, SortKey::Number)
    }

    /// One of its rows.
    pub(super) fn first<'m>(&self, moment: &'m Moment) -> Option<RowOf<'m, C>> {
        C::row(moment, *self.members.first()?)
    }

    /// Orders larger groups first.
    pub(super) fn tie_breaker(&self) -> u64 {
        u64::from(u32::MAX - self.rows)
    }
}

/// The groups of one moment, and the ones that are unfolded.
#[derive(Debug, Clone)]
pub(super) struct Groups<C: Criterion> {
    pub(super) by: C,
    all: Vec<Group<C>>,
    folding: Folding<C::Key>,
    /// Columns whose totals are known.
    total_columns: Vec<usize>,
}

impl<C: Criterion> Default for Groups<C> {
    fn default() -> Self {
        Groups {
            by: C::default(),
            all: Vec::new(),
            folding: Folding::default(),
            total_columns: Vec::new(),
        }
    }
}

impl<C: Criterion> Groups<C> {
    /// The group whose heading has this number.
    pub(super) fn get(&self, number: u32) -> Option<&Group<C>> {
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
            let has_total = C::columns()[column].total() != Total::None;
            if has_total && !self.total_columns.contains(&column) {
                self.total_columns.push(column);
            }
        }
        let mut index: SeededMap<C::Key, usize> = SeededMap::default();
        // Consecutive rows are often of the same group.
        let mut last: Option<(C::Key, usize)> = None;
        for (place, &row) in rows.iter().enumerate() {
            if cancellation.is_cancelled_at(place) {
                return false;
            }
            let Some(line) = C::row(moment, row) else {
                continue;
            };
            let key = self.by.key(&line);
            let at = match last {
                Some((known, at)) if known == key => at,
                _ => *index.entry(key).or_insert_with(|| {
                    self.all.push(Group {
                        key,
                        label: C::label(key, &line),
                        rows: 0,
                        by: self.by,
                        summary: C::Summary::default(),
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
            group.rows += 1;
            group.members.push(row);
            C::add_to(&mut group.summary, &line);
            for (column, total) in &mut group.totals {
                let column = &C::columns()[*column];
                if let Some(number) = column.number(&line) {
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
        C::columns()[column].total() == Total::None || self.total_columns.contains(&column)
    }

    /// The row numbers of the headings.
    pub(super) fn heading_numbers(&self) -> Vec<u32> {
        (0..self.all.len() as u32).map(|at| at | HEADING).collect()
    }

    /// Replaces `order` by the sorted headings, each followed by its rows if it is unfolded.
    pub(super) fn write_order(&self, headings: &[u32], order: &mut Vec<u32>) {
        order.clear();
        for &number in headings {
            order.push(number);
            if let Some(group) = self.get(number).filter(|group| group.unfolded) {
                order.extend_from_slice(&group.members);
            }
        }
    }

    /// The number of rows in all groups.
    pub(super) fn leaf_count(&self) -> usize {
        self.all.iter().map(|group| group.members.len()).sum()
    }

    /// The criteria to choose from.
    pub(super) fn choices() -> Vec<GroupingChoice> {
        C::ALL.iter().map(|by| by.choice()).collect()
    }

    /// The place of the criterion among all, counted from 1; 0 if rows are not grouped.
    pub(super) fn place(&self) -> usize {
        let at = C::ALL.iter().position(|by| *by == self.by);
        at.map_or(0, |at| at + 1)
    }

    /// Groups by the criterion at a place, counted from 1, or not for 0.
    pub(super) fn set_place(&mut self, place: usize) {
        let by = place.checked_sub(1).and_then(|at| C::ALL.get(at));
        self.by = by.copied().unwrap_or_default();
    }

    /// Folds or unfolds a group; returns true.
    pub(super) fn toggle_fold(&mut self, key: C::Key) -> bool {
        self.folding.toggle(key);
        true
    }

    /// Unfolds all groups, or folds all if all of `shown` are unfolded; returns true if there are groups.
    pub(super) fn toggle_all_folds(&mut self, shown: &Groups<C>) -> bool {
        if self.by == C::default() {
            return false;
        }
        let mut all = shown.all.iter();
        self.folding.set_all(!all.all(|group| group.unfolded));
        true
    }
}

/// Puts the rows of a list into its groups, sorts them and their headings, and replaces `order` by those to be shown.
pub(super) fn outline<L: List, C: Criterion>(
    list: &mut L,
    groups: fn(&mut L) -> &mut Groups<C>,
    context: &mut OutlineContext<'_>,
    order: &mut Vec<u32>,
) {
    let is_built = groups(list).build(
        context.moment,
        context.total_columns,
        order,
        context.cancellation,
    );
    if !is_built {
        return;
    }
    if !context.in_order {
        // The rows of folded groups are not shown.
        for group in groups(list).unfolded_groups() {
            let mut members = groups(list).take_members(group);
            context.sort(list, &mut members);
            groups(list).put_members(group, members);
        }
    }
    let mut headings = groups(list).heading_numbers();
    context.sort(list, &mut headings);
    groups(list).write_order(&headings, order);
}

/// Defines the methods of [`List`] that depend on groups, except the choice of groupings, for a list with a field `groups`.
macro_rules! group_methods {
    () => {
        fn write_cell(
            &self,
            moment: &$crate::aggregate::Moment,
            number: u32,
            column: usize,
            out: &mut String,
        ) {
            if let Some(group) = self.groups.get(number) {
                group.write_cell(column, out);
            } else if let Some(row) = self.row(moment, number) {
                Self::columns()[column].write(&row, out);
            }
        }

        fn sort_key<'m>(
            &'m self,
            moment: &'m $crate::aggregate::Moment,
            number: u32,
            column: usize,
        ) -> $crate::column::SortKey<'m> {
            if let Some(group) = self.groups.get(number) {
                return group.sort_key(column);
            }
            let row = self.row(moment, number);
            row.map_or($crate::column::SortKey::Missing, |row| {
                Self::columns()[column].sort_key(&row)
            })
        }

        fn group_label(&self, number: u32) -> Option<String> {
            Some(self.groups.get(number)?.heading())
        }

        fn group_name(&self, number: u32) -> Option<String> {
            Some(self.groups.get(number)?.label())
        }

        fn is_outlined(&self) -> bool {
            self.groups.place() > 0
        }

        fn outline(
            &mut self,
            context: &mut $crate::tui::table::OutlineContext<'_>,
            order: &mut Vec<u32>,
        ) {
            $crate::tui::lists::groups::outline(self, |list| &mut list.groups, context, order);
        }

        fn has_total(&self, column: usize) -> bool {
            self.groups.has_total(column)
        }

        fn leaf_count(&self) -> Option<usize> {
            self.is_outlined().then(|| self.groups.leaf_count())
        }

        fn toggle_fold(
            &mut self,
            shown: &Self,
            _moment: &$crate::aggregate::Moment,
            number: u32,
        ) -> bool {
            let key = shown.groups.get(number).map(|group| group.key);
            key.is_some_and(|key| self.groups.toggle_fold(key))
        }

        fn toggle_all_folds(&mut self, shown: &Self) -> bool {
            self.groups.toggle_all_folds(&shown.groups)
        }

        fn grouping_place(&self) -> usize {
            self.groups.place()
        }

        fn group_by(&mut self, place: usize) {
            self.groups.set_place(place);
        }
    };
}
pub(super) use group_methods;

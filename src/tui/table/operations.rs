//! The operations of keys and mouse on a table: selection, scrolling, order, columns, groups.

use super::Table;
use super::arrangement::TableWork;
use super::column_layout::{ChosenColumn, ColumnPlace};
use super::control::TableControl;
use super::grouping::GroupingChoice;
use super::heading::Heading;
use super::list::{List, PEER_COLUMN};
use super::sorter::Sort;
use crate::aggregate::Moment;
use crate::tui::kill_target::KillTarget;
use crate::tui::open_target::OpenTarget;

impl<L: List> Table<L> {
    /// The columns that the user chose; initially the ones shown.
    fn chosen_columns_mut(&mut self) -> &mut Vec<ChosenColumn> {
        let placed = &self.placed;
        self.chosen.get_or_insert_with(|| {
            let column = |place: &ColumnPlace| ChosenColumn {
                column: place.column,
                extra_width: 0,
            };
            placed.iter().map(column).collect()
        })
    }

    fn cell_text_of(&self, moment: &Moment, number: u32, column: usize) -> String {
        let mut text = String::new();
        self.rows.list.write_cell(moment, number, column, &mut text);
        text
    }
}

impl<L: List> TableControl for Table<L> {
    fn step(&mut self, moment: &Moment, rows: isize) {
        let place = match self.selected {
            Some(_) => self.cursor.saturating_add_signed(rows),
            // The first press selects the row at the edge of the view; in a following list, the newest.
            None if self.follows => self.rows.order.len().saturating_sub(1),
            None if rows > 0 => self.offset + (rows as usize - 1),
            None => self.offset,
        };
        self.select_position(place, moment);
    }

    fn page(&mut self, moment: &Moment, pages: isize) {
        let rows = self.page.max(1).cast_signed() * pages;
        let before = self.offset;
        self.step(moment, rows);
        // The page moves with the selection, so that it keeps its line on the screen.
        let last = self.rows.order.len().saturating_sub(self.page);
        self.offset = before.saturating_add_signed(rows).min(last);
    }

    fn first(&mut self, moment: &Moment) {
        self.select_position(0, moment);
    }

    fn last(&mut self, moment: &Moment) {
        if L::follows_newest() {
            self.follows = true;
            self.selected = None;
        } else {
            self.select_position(usize::MAX, moment);
        }
    }

    fn click(&mut self, moment: &Moment, place: usize) {
        if place < self.rows.order.len() {
            self.select_position(place, moment);
        }
    }

    fn scroll_by(&mut self, moment: &Moment, rows: isize) {
        let last = self.rows.order.len().saturating_sub(self.page);
        if L::follows_newest() && self.selected.is_none() {
            // Scrolling pauses; at the end the list follows again.
            let to = self.offset.saturating_add_signed(rows).min(last);
            self.follows = rows > 0 && to == last;
            self.offset = to;
            return;
        }
        self.offset = self.offset.saturating_add_signed(rows).min(last);
        self.sort_around(self.offset);
        if self.selected.is_some() {
            let lowest = (self.offset + self.page).saturating_sub(1);
            let place = self.cursor.clamp(self.offset, lowest.max(self.offset));
            if place != self.cursor {
                self.select_position(place, moment);
            }
        }
    }

    fn next_match(&mut self, moment: &Moment, forward: bool) {
        let rows = self.rows.order.len();
        if rows == 0 {
            return;
        }
        let start = match (self.selected, forward) {
            (Some(_), _) => self.cursor,
            (None, true) => rows.saturating_sub(1),
            (None, false) => 0,
        };
        if self.rows.is_partly_sorted {
            // No row is a heading.
            let next = if forward { start + 1 } else { start + rows - 1 };
            self.select_position(next % rows, moment);
            return;
        }
        let found = (1..=rows)
            .map(|step| if forward { step } else { rows - step })
            .map(|step| (start + step) % rows)
            .find(|&place| self.rows.list.group_label(self.rows.order[place]).is_none());
        if let Some(place) = found {
            self.select_position(place, moment);
        }
    }

    fn invert_sort(&mut self) {
        self.sort.descending = !self.sort.descending;
    }

    fn sort_by_neighbor(&mut self, columns: isize) {
        let at = self
            .placed
            .iter()
            .position(|place| place.column == self.sort.column)
            .unwrap_or(0);
        let neighbor = at.saturating_add_signed(columns);
        // Beyond the last column shown come those that did not fit.
        let further = || {
            let headings = L::headings();
            (self.sort.column + 1..headings.len())
                .find(|&column| headings[column].priority != Heading::NEVER)
        };
        let place = self.placed.get(neighbor);
        let column = place.map(|place| place.column).or_else(further);
        if let Some(column) = column.filter(|&column| column != self.sort.column) {
            self.sort_by(column);
        }
    }

    fn sort_by(&mut self, column: usize) {
        if column == self.sort.column {
            self.invert_sort();
            return;
        }
        if let Some(heading) = L::headings().get(column) {
            self.sort = Sort {
                column,
                descending: heading.sorts_descending(),
            };
        }
    }

    fn scroll_columns(&mut self, columns: isize) {
        self.scrolled_columns = self.scrolled_columns.saturating_add_signed(columns);
    }

    fn headings(&self) -> &'static [Heading] {
        L::headings()
    }

    fn sort_order(&self) -> Sort {
        self.sort
    }

    fn has_rows(&self) -> bool {
        !self.rows.order.is_empty()
    }

    fn is_arranged(&self, sequence: u64) -> bool {
        self.is_arranged_for(sequence)
    }

    fn view_version(&self) -> (Sort, u64) {
        (self.sort, self.version)
    }

    fn work(&self, sequence: u64) -> Box<dyn TableWork> {
        self.new_work(sequence)
    }

    fn install(&mut self, work: Box<dyn TableWork>, moment: &Moment) {
        self.install_work(work, moment);
    }

    fn discard_stale(&mut self, sequence: u64) {
        self.discard_other_rows(sequence);
    }

    fn set_progress(&mut self, progress: Option<String>) {
        self.progress = progress;
    }

    fn is_behind(&self) -> bool {
        (self.rows.stamp).is_none_or(|stamp| (stamp.sort, stamp.version) != self.view_version())
    }

    fn id(&self) -> u64 {
        self.id
    }

    fn release_rows(&mut self) {
        self.release();
    }

    fn shows_peers(&self) -> bool {
        let is_peer = |column: usize| L::headings()[column].id == PEER_COLUMN;
        L::has_peers()
            && (self.selected.is_some()
                || is_peer(self.sort.column)
                || self.placed.iter().any(|place| is_peer(place.column)))
    }

    fn socket_row(&self, moment: &Moment) -> Option<u32> {
        self.rows.list.socket_row(moment, self.current_number()?)
    }

    fn target(&self, moment: &Moment) -> Option<OpenTarget> {
        self.rows.list.target(moment, self.current_number()?)
    }

    fn select_current(&mut self, moment: &Moment) {
        if self.selected.is_none()
            && let Some(number) = self.current_number()
        {
            self.selected = self.rows.list.key(moment, number);
            self.cursor = self.offset;
        }
    }

    fn conditions(&self, moment: &Moment) -> Vec<String> {
        let id = L::headings()[self.sort.column].id;
        let Some(number) = self.current_number() else {
            return Vec::new();
        };
        let mut conditions = self.rows.list.conditions(moment, number, self.sort.column);
        // Conditions about the sort column come first; otherwise the order stays.
        conditions.sort_by_key(|(column, _)| *column != id);
        conditions.into_iter().map(|(_, text)| text).collect()
    }

    fn kill_target(&self, moment: &Moment) -> Option<KillTarget> {
        self.rows.list.kill_target(moment, self.current_number()?)
    }

    fn toggle_held_order(&mut self) {
        self.toggle_held_positions();
    }

    fn is_order_held(&self) -> bool {
        self.held_positions.is_some()
    }

    fn groupings(&self) -> Vec<GroupingChoice> {
        self.list.groupings()
    }

    fn grouping_place(&self) -> usize {
        self.list.grouping_place()
    }

    fn group_by(&mut self, place: usize) {
        self.list.group_by(place);
        self.selected = None;
        self.hidden_selection = None;
        self.offset = 0;
        self.selects_first = true;
        self.invalidate();
    }

    fn next_grouping(&mut self) -> bool {
        let criteria = self.list.groupings().len();
        if criteria > 0 {
            self.group_by((self.list.grouping_place() + 1) % (criteria + 1));
            self.selects_first = false;
        }
        criteria > 0
    }

    fn group_name(&self) -> Option<String> {
        self.rows.list.group_name(self.current_number()?)
    }

    fn toggle_fold(&mut self, moment: &Moment) -> bool {
        let number = self.current_number();
        let (list, shown) = (&mut self.list, &self.rows);
        let folded = number.is_some_and(|number| list.toggle_fold(&shown.list, moment, number));
        if folded {
            self.invalidate();
        }
        folded
    }

    fn toggle_all_folds(&mut self) -> bool {
        let folded = self.list.toggle_all_folds(&self.rows.list);
        if folded {
            self.invalidate();
        }
        folded
    }

    fn has_chosen_columns(&self) -> bool {
        self.chosen.is_some() && self.chosen != self.configured
    }

    fn column_choices(&self) -> Vec<(usize, bool)> {
        let shown: Vec<usize> = match &self.chosen {
            Some(chosen) => chosen.iter().map(|chosen| chosen.column).collect(),
            None => self.placed.iter().map(|place| place.column).collect(),
        };
        let others = (0..L::headings().len()).filter(|column| !shown.contains(column));
        let others: Vec<usize> = others.collect();
        let mark = |columns: Vec<usize>, shown: bool| {
            columns.into_iter().map(move |column| (column, shown))
        };
        mark(shown, true).chain(mark(others, false)).collect()
    }

    fn toggle_column(&mut self, column: usize) {
        let chosen = self.chosen_columns_mut();
        match chosen.iter().position(|known| known.column == column) {
            // The last one stays: a table without columns is useless.
            Some(at) if chosen.len() > 1 => drop(chosen.remove(at)),
            Some(_) => {}
            None => chosen.push(ChosenColumn {
                column,
                extra_width: 0,
            }),
        }
    }

    fn move_column(&mut self, column: usize, places: isize) {
        let chosen = self.chosen_columns_mut();
        if let Some(at) = chosen.iter().position(|known| known.column == column) {
            let to = at.saturating_add_signed(places).min(chosen.len() - 1);
            let moved = chosen.remove(at);
            chosen.insert(to, moved);
        }
    }

    fn widen_column(&mut self, column: usize, by: i16) {
        /// Minimum and maximum extra width of a column, terminal columns.
        const EXTRA_WIDTH: (i16, i16) = (-60, 200);
        let chosen = self.chosen_columns_mut();
        if let Some(known) = chosen.iter_mut().find(|known| known.column == column) {
            known.extra_width = known
                .extra_width
                .saturating_add(by)
                .clamp(EXTRA_WIDTH.0, EXTRA_WIDTH.1);
        }
    }

    fn configure_columns(&mut self, columns: &[usize]) {
        let columns = columns.iter().map(|&column| ChosenColumn {
            column,
            extra_width: 0,
        });
        let columns: Vec<ChosenColumn> = columns.collect();
        self.configured = Some(columns).filter(|columns| !columns.is_empty());
        self.reset_columns();
    }

    fn reset_columns(&mut self) {
        self.chosen.clone_from(&self.configured);
        self.scrolled_columns = 0;
    }

    fn row_text(&self, moment: &Moment) -> Option<String> {
        let number = self.current_number()?;
        if let Some(label) = self.rows.list.group_label(number) {
            return Some(label);
        }
        let cells: Vec<String> = self
            .placed
            .iter()
            .map(|place| self.cell_text_of(moment, number, place.column))
            .collect();
        Some(cells.join("\t"))
    }

    fn cell_text(&self, moment: &Moment) -> Option<String> {
        Some(self.cell_text_of(moment, self.current_number()?, self.sort.column))
    }
}

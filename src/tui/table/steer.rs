//! Moving about in a table and changing how one looks at it.

use super::{Chosen, Heading, List, Sort, Table};
use crate::aggregate::Moment;
use crate::column::Align;
use crate::tui::kill_target::KillTarget;
use crate::tui::target::Target;

/// What the keys do to a table, whatever it lists.
pub trait Steer {
    /// Moves the selection by rows.
    fn step(&mut self, moment: &Moment, rows: isize);
    /// Moves the selection by pages.
    fn page(&mut self, moment: &Moment, pages: isize);
    /// Selects the first row.
    fn first(&mut self, moment: &Moment);
    /// Selects the last row; a list that follows, follows again.
    fn last(&mut self, moment: &Moment);
    /// Selects the row at a place.
    fn click(&mut self, moment: &Moment, place: usize);
    /// Scrolls by rows and leaves the selection where it is, as long as it is in sight.
    fn scroll_by(&mut self, moment: &Moment, rows: isize);
    /// Selects the next row that is no heading of a group, after the last the first again.
    fn next_match(&mut self, moment: &Moment, forward: bool);
    /// Turns the order around.
    fn invert(&mut self);
    /// Orders by the column that many places further among those shown.
    fn sort_beside(&mut self, columns: isize);
    /// Orders by a column: numbers start with the largest, texts with the first.
    fn sort_by(&mut self, column: usize);
    /// Scrolls the columns.
    fn shift(&mut self, columns: isize);
    /// Its columns.
    fn headings(&self) -> &'static [Heading];
    /// The order.
    fn order(&self) -> Sort;
    /// Whether there are rows.
    fn has_rows(&self) -> bool;
    /// Brings the order up to the moment.
    fn bring_up(&mut self, moment: &Moment, sequence: u64);
    /// What Enter leads to.
    fn target(&self, moment: &Moment) -> Option<Target>;
    /// Enter without a selection means the first row in sight: it is selected, so that one comes back to it.
    fn hold_target(&mut self, moment: &Moment);
    /// Filters that the meant row would pass, the column that rows are ordered by first.
    fn conditions(&self, moment: &Moment) -> Vec<String>;
    /// What could be ended of the meant row.
    fn kill_target(&self, moment: &Moment) -> Option<KillTarget>;
    /// Keeps rows in their places, or lets them go.
    fn hold_order(&mut self, moment: &Moment, sequence: u64);
    /// Whether rows keep their places.
    fn is_held(&self) -> bool;
    /// Groups rows by the next thing there is; answers whether there is any.
    fn group_by_next(&mut self) -> bool;
    /// Folds or unfolds the selected row; answers whether there was anything to do.
    fn fold(&mut self, moment: &Moment) -> bool;
    /// Folds all, or unfolds all; answers whether there was anything to do.
    fn fold_all(&mut self, moment: &Moment) -> bool;
    /// Whether the columns are as somebody chose them.
    fn is_chosen(&self) -> bool;
    /// The columns in the order of a list to choose from: those that are shown, as they are shown, then the others.
    fn choice(&self) -> Vec<(usize, bool)>;
    /// Shows a column or not.
    fn toggle_column(&mut self, column: usize);
    /// Moves a shown column by places.
    fn move_column(&mut self, column: usize, places: isize);
    /// Makes a shown column wider, or narrower if negative.
    fn widen_column(&mut self, column: usize, by: i16);
    /// Shows columns as they come.
    fn reset_columns(&mut self);
    /// The meant row's shown cells in full, with tabs between them.
    fn row_text(&self, moment: &Moment) -> Option<String>;
    /// The meant row's cell in the column that rows are ordered by.
    fn cell_text(&self, moment: &Moment) -> Option<String>;
}

impl<L: List> Table<L> {
    /// The columns as chosen; those that are shown become so if none are.
    fn chosen(&mut self) -> &mut Vec<Chosen> {
        let shown = &self.shown;
        self.layout.get_or_insert_with(|| {
            let column = |place: &super::ColumnPlace| Chosen {
                column: place.column,
                wider: 0,
            };
            shown.iter().map(column).collect()
        })
    }

    fn text_of(&self, moment: &Moment, number: u32, column: usize) -> String {
        let mut text = String::new();
        self.list.write(moment, number, column, &mut text);
        text
    }
}

impl<L: List> Steer for Table<L> {
    fn step(&mut self, moment: &Moment, rows: isize) {
        let place = match self.selected {
            Some(_) => self.cursor.saturating_add_signed(rows),
            // The first press selects what is at the edge of sight; in a list that follows, what is the newest.
            None if self.follow => self.order.len().saturating_sub(1),
            None if rows > 0 => self.offset + (rows as usize - 1),
            None => self.offset,
        };
        self.go_to(place, moment);
    }

    fn page(&mut self, moment: &Moment, pages: isize) {
        let rows = self.page.max(1).cast_signed() * pages;
        let before = self.offset;
        self.step(moment, rows);
        // The page moves with the selection, so that it keeps its line on the screen.
        let last = self.order.len().saturating_sub(self.page);
        self.offset = before.saturating_add_signed(rows).min(last);
    }

    fn first(&mut self, moment: &Moment) {
        self.go_to(0, moment);
    }

    fn last(&mut self, moment: &Moment) {
        if L::follows() {
            self.follow = true;
            self.selected = None;
        } else {
            self.go_to(usize::MAX, moment);
        }
    }

    fn click(&mut self, moment: &Moment, place: usize) {
        if place < self.order.len() {
            self.go_to(place, moment);
        }
    }

    fn scroll_by(&mut self, moment: &Moment, rows: isize) {
        let last = self.order.len().saturating_sub(self.page);
        if L::follows() && self.selected.is_none() {
            // Scrolling pauses; at the end it goes on.
            let to = self.offset.saturating_add_signed(rows).min(last);
            self.follow = rows > 0 && to == last;
            self.offset = to;
            return;
        }
        self.offset = self.offset.saturating_add_signed(rows).min(last);
        self.settle(self.offset);
        if self.selected.is_some() {
            let lowest = (self.offset + self.page).saturating_sub(1);
            let place = self.cursor.clamp(self.offset, lowest.max(self.offset));
            if place != self.cursor {
                self.go_to(place, moment);
            }
        }
    }

    fn next_match(&mut self, moment: &Moment, forward: bool) {
        let rows = self.order.len();
        if rows == 0 {
            return;
        }
        let start = match (self.selected, forward) {
            (Some(_), _) => self.cursor,
            (None, true) => rows.saturating_sub(1),
            (None, false) => 0,
        };
        if self.partly {
            // No row is a heading: the next one is it.
            let next = if forward { start + 1 } else { start + rows - 1 };
            self.go_to(next % rows, moment);
            return;
        }
        let found = (1..=rows)
            .map(|step| if forward { step } else { rows - step })
            .map(|step| (start + step) % rows)
            .find(|&place| self.list.label(self.order[place]).is_none());
        if let Some(place) = found {
            self.go_to(place, moment);
        }
    }

    fn invert(&mut self) {
        self.sort.descending = !self.sort.descending;
    }

    fn sort_beside(&mut self, columns: isize) {
        let at = self
            .shown
            .iter()
            .position(|place| place.column == self.sort.column)
            .unwrap_or(0);
        let beside = at.saturating_add_signed(columns);
        // Beyond the last one shown come those for which there was no room.
        let further = || {
            let headings = L::headings();
            (self.sort.column + 1..headings.len())
                .find(|&column| headings[column].priority != Heading::NEVER)
        };
        let place = self.shown.get(beside);
        let column = place.map(|place| place.column).or_else(further);
        if let Some(column) = column.filter(|&column| column != self.sort.column) {
            self.sort_by(column);
        }
    }

    fn sort_by(&mut self, column: usize) {
        if column == self.sort.column {
            self.invert();
            return;
        }
        if let Some(heading) = L::headings().get(column) {
            self.sort = Sort {
                column,
                descending: heading.align == Align::Right || heading.starts_large(),
            };
        }
    }

    fn shift(&mut self, columns: isize) {
        self.shift = self.shift.saturating_add_signed(columns);
    }

    fn headings(&self) -> &'static [Heading] {
        L::headings()
    }

    fn order(&self) -> Sort {
        self.sort
    }

    fn has_rows(&self) -> bool {
        !self.order.is_empty()
    }

    fn bring_up(&mut self, moment: &Moment, sequence: u64) {
        self.arrange(moment, sequence);
    }

    fn target(&self, moment: &Moment) -> Option<Target> {
        self.list.target(moment, self.meant()?)
    }

    fn hold_target(&mut self, moment: &Moment) {
        if self.selected.is_none()
            && let Some(number) = self.meant()
        {
            self.selected = self.list.key(moment, number);
            self.cursor = self.offset;
        }
    }

    fn conditions(&self, moment: &Moment) -> Vec<String> {
        let id = L::headings()[self.sort.column].id;
        let Some(number) = self.meant() else {
            return Vec::new();
        };
        let mut conditions = self.list.conditions(moment, number, self.sort.column);
        // The column that one looks at comes first; otherwise they come as they are.
        conditions.sort_by_key(|(column, _)| *column != id);
        conditions.into_iter().map(|(_, text)| text).collect()
    }

    fn kill_target(&self, moment: &Moment) -> Option<KillTarget> {
        self.list.kill_target(moment, self.meant()?)
    }

    fn hold_order(&mut self, moment: &Moment, sequence: u64) {
        if self.held.take().is_none() {
            // An empty map holds nothing yet: arranging writes down the order as it is.
            self.held = Some(rustc_hash::FxHashMap::default());
        }
        self.touch();
        self.arrange(moment, sequence);
    }

    fn is_held(&self) -> bool {
        self.held.is_some()
    }

    fn group_by_next(&mut self) -> bool {
        let can = self.list.group_by_next();
        if can {
            self.selected = None;
            self.offset = 0;
            self.touch();
        }
        can
    }

    fn fold(&mut self, moment: &Moment) -> bool {
        let folded = self
            .meant()
            .is_some_and(|number| self.list.fold(moment, number));
        if folded {
            self.touch();
        }
        folded
    }

    fn fold_all(&mut self, moment: &Moment) -> bool {
        let folded = self.list.fold_all(moment);
        if folded {
            self.touch();
        }
        folded
    }

    fn is_chosen(&self) -> bool {
        self.layout.is_some()
    }

    fn choice(&self) -> Vec<(usize, bool)> {
        let shown: Vec<usize> = match &self.layout {
            Some(chosen) => chosen.iter().map(|chosen| chosen.column).collect(),
            None => self.shown.iter().map(|place| place.column).collect(),
        };
        let others = (0..L::headings().len()).filter(|column| !shown.contains(column));
        let others: Vec<usize> = others.collect();
        let mark = |columns: Vec<usize>, shown: bool| {
            columns.into_iter().map(move |column| (column, shown))
        };
        mark(shown, true).chain(mark(others, false)).collect()
    }

    fn toggle_column(&mut self, column: usize) {
        let chosen = self.chosen();
        match chosen.iter().position(|known| known.column == column) {
            // The last one stays: a table without columns tells nothing.
            Some(at) if chosen.len() > 1 => drop(chosen.remove(at)),
            Some(_) => {}
            None => chosen.push(Chosen { column, wider: 0 }),
        }
    }

    fn move_column(&mut self, column: usize, places: isize) {
        let chosen = self.chosen();
        if let Some(at) = chosen.iter().position(|known| known.column == column) {
            let to = at.saturating_add_signed(places).min(chosen.len() - 1);
            let moved = chosen.remove(at);
            chosen.insert(to, moved);
        }
    }

    fn widen_column(&mut self, column: usize, by: i16) {
        /// The widest that a column can be made, and the narrowest, against what it would be.
        const WIDER: (i16, i16) = (-60, 200);
        let chosen = self.chosen();
        if let Some(known) = chosen.iter_mut().find(|known| known.column == column) {
            known.wider = known.wider.saturating_add(by).clamp(WIDER.0, WIDER.1);
        }
    }

    fn reset_columns(&mut self) {
        self.layout = None;
        self.shift = 0;
    }

    fn row_text(&self, moment: &Moment) -> Option<String> {
        let number = self.meant()?;
        if let Some(label) = self.list.label(number) {
            return Some(label);
        }
        let cells: Vec<String> = self
            .shown
            .iter()
            .map(|place| self.text_of(moment, number, place.column))
            .collect();
        Some(cells.join("\t"))
    }

    fn cell_text(&self, moment: &Moment) -> Option<String> {
        Some(self.text_of(moment, self.meant()?, self.sort.column))
    }
}

impl Heading {
    /// Whether its texts stand for numbers, of which the largest come first.
    fn starts_large(&self) -> bool {
        matches!(
            self.id,
            "minute" | "time_wait_minute" | "gauge" | "severity" | "note" | "since"
        )
    }
}

//! The one table of the house: headings, widths, order, filter and selection of every list.
//!
//! ```text
//!  PID    PROCESS     USER   …   ↓+↑/s▼      headings; the order's column carries an arrow
//!  2211   nginx       www    …   38.9 MB/s   only the rows in sight are written, and put into order
//! ```
//!
//! A [`List`] says what there is to show; a [`Table`] remembers how one looks at it. Rows are arranged once for each
//! moment and way of looking, never for a redraw, and the selected row is known by its key. No frame is drawn around it
//! here.

mod fit;
mod order;
mod steer;

use std::borrow::Cow;
use std::fmt::Debug;
use std::hash::Hash;
use std::ops::Range;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use rustc_hash::FxHashMap;

use super::Look;
use super::hits::{Hit, Hits};
use super::state::{Pane, Target};
use super::text;
use super::theme::Tone;
use crate::aggregate::Moment;
use crate::column::{Align, Column, Kind, SortKey, Total, format};
use crate::filter::Filter;

pub use fit::{Chosen, ColumnPlace};
pub use order::Sorter;
pub use steer::Steer;

/// How a column behaves in a table on a screen.
#[derive(Debug, Clone, Copy)]
pub struct Heading {
    /// Its name.
    pub id: &'static str,
    /// What stands above it.
    pub heading: &'static str,
    /// What it tells.
    pub about: &'static str,
    /// Where its cells stand.
    pub align: Align,
    /// The width that it would like.
    pub width: u16,
    /// The least width at which it is of use.
    pub least: u16,
    /// The most that it can use.
    pub most: u16,
    /// Which columns are shown first; 0 always.
    pub priority: u8,
}

/// A list's rows at one moment.
pub type Row<'m, L> = <<L as List>::Kind as Kind>::Row<'m>;

/// Something that a table can show. Rows have numbers, which hold for one moment.
pub trait List: Debug + Sized {
    /// What rows it has.
    type Kind: Kind;
    /// Identity of a row.
    type Key: Copy + Eq + Hash + Debug;

    /// Its columns.
    fn columns() -> &'static [Column<Self::Kind>];
    /// How they behave on a screen, in the same order.
    fn headings() -> &'static [Heading];
    /// The columns of text that a filter looks through.
    fn searched() -> &'static [&'static str];
    /// The columns whose total is told of what a filter leaves.
    fn totals() -> &'static [&'static str];
    /// Appends the numbers of its rows.
    fn rows(&mut self, moment: &Moment, out: &mut Vec<u32>);
    /// One row by its number; `None` for a group of rows.
    fn row<'m>(&'m self, moment: &'m Moment, number: u32) -> Option<Row<'m, Self>>;
    /// Its identity.
    fn key(&self, moment: &Moment, number: u32) -> Option<Self::Key>;
    /// Decides between rows that are equal otherwise, so that they never change places for no reason.
    fn tie(&self, moment: &Moment, number: u32) -> u64;
    /// What Enter leads to.
    fn target(&self, moment: &Moment, number: u32) -> Option<Target>;
    /// What a cell means.
    fn tone(&self, moment: &Moment, number: u32, column: usize, text: &str) -> Tone;

    /// Appends a cell's text.
    fn write(&self, moment: &Moment, number: u32, column: usize, out: &mut String) {
        if let Some(row) = self.row(moment, number) {
            Self::columns()[column].write(&row, out);
        }
    }

    /// What rows are ordered by.
    fn sort_key<'m>(&'m self, moment: &'m Moment, number: u32, column: usize) -> SortKey<'m> {
        let row = self.row(moment, number);
        row.map_or(SortKey::Missing, |row| {
            Self::columns()[column].sort_key(&row)
        })
    }

    /// A cell's text in so many columns.
    fn cut<'t>(
        &self,
        _moment: &Moment,
        _number: u32,
        _column: usize,
        text: &'t str,
        columns: usize,
    ) -> Cow<'t, str> {
        text::cut_middle(text, columns)
    }

    /// What is new about a row, as a tint.
    fn tint(&self, _moment: &Moment, _number: u32) -> Option<Tone> {
        None
    }

    /// What stands in place of a group's texts.
    fn label(&self, _number: u32) -> Option<String> {
        None
    }

    /// Whether rows are in groups or below each other.
    fn is_outlined(&self) -> bool {
        false
    }

    /// Puts rows into groups or below each other: takes rows in order, and gives those to be shown. `needed` are the
    /// columns whose totals are shown.
    fn outline(
        &mut self,
        _moment: &Moment,
        _sort: Sort,
        _needed: &[usize],
        _sorter: &mut Sorter,
        _order: &mut Vec<u32>,
    ) {
    }

    /// Whether groups know what a column comes to.
    fn knows_total(&self, _column: usize) -> bool {
        true
    }

    /// Rows without the headings of groups, if there are groups.
    fn leaves(&self) -> Option<usize> {
        None
    }

    /// Folds or unfolds a row; answers whether there was anything to do.
    fn fold(&mut self, _moment: &Moment, _number: u32) -> bool {
        false
    }

    /// Folds all, or unfolds all if all are; answers whether there was anything to do.
    fn fold_all(&mut self, _moment: &Moment) -> bool {
        false
    }

    /// Groups rows by the next thing there is; answers whether there is any.
    fn group_by_next(&mut self) -> bool {
        false
    }

    /// What rows are grouped by.
    fn grouped_by(&self) -> Option<&'static str> {
        None
    }

    /// Whether the last rows are kept in sight until somebody scrolls.
    fn follows() -> bool {
        false
    }
}

/// The order of rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sort {
    /// Index of the column.
    pub column: usize,
    /// Largest first.
    pub descending: bool,
}

/// What rows were arranged for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stamp {
    sequence: u64,
    sort: Sort,
    /// Grows with every other change of what is to be seen.
    version: u64,
}

/// How one looks at a list: its order, the selected row, what is in sight.
#[derive(Debug)]
pub struct Table<L: List> {
    list: L,
    sort: Sort,
    selected: Option<L::Key>,
    /// Where the selected row is, or was before it went away.
    cursor: usize,
    /// The number that it had.
    last_number: Option<u32>,
    /// The row that was selected before a filter hid it, and the first row in sight then.
    hidden: Option<(L::Key, usize)>,
    /// First row in sight.
    offset: usize,
    /// Rows in sight when it was drawn last.
    page: usize,
    /// Columns that are scrolled out at the left.
    shift: usize,
    /// The columns that somebody chose; `None` as they come.
    layout: Option<Vec<Chosen>>,
    /// Columns shown when it was drawn last.
    shown: Vec<ColumnPlace>,
    order: Vec<u32>,
    arranged: Option<Stamp>,
    version: u64,
    /// Whether only the rows in sight are in order.
    partly: bool,
    sorter: Sorter,
    filter: Filter,
    /// Rows before the filter.
    unfiltered: usize,
    /// Totals of what the filter leaves, by column.
    totals: Vec<(usize, f64)>,
    /// Places that rows keep, whatever their order would be.
    held: Option<FxHashMap<L::Key, u32>>,
    /// Whether the last rows are kept in sight.
    follow: bool,
}

impl<L: List> Table<L> {
    /// A table ordered by the column `id`.
    pub fn new(list: L, id: &str, descending: bool) -> Table<L> {
        Table {
            list,
            sort: Sort {
                column: column_of::<L>(id).unwrap_or(0),
                descending,
            },
            selected: None,
            cursor: 0,
            last_number: None,
            hidden: None,
            offset: 0,
            page: 1,
            shift: 0,
            layout: None,
            shown: Vec::new(),
            order: Vec::new(),
            arranged: None,
            version: 0,
            partly: false,
            sorter: Sorter::default(),
            filter: Filter::default(),
            unfiltered: 0,
            totals: Vec::new(),
            held: None,
            follow: L::follows(),
        }
    }

    /// The same with just these columns.
    #[must_use]
    pub fn with_columns(mut self, ids: &[&str]) -> Table<L> {
        let chosen = |id: &&str| {
            Some(Chosen {
                column: column_of::<L>(id)?,
                wider: 0,
            })
        };
        self.layout = Some(ids.iter().filter_map(chosen).collect());
        self
    }

    /// What it lists.
    pub fn list(&self) -> &L {
        &self.list
    }

    /// How rows are ordered.
    pub fn sort(&self) -> Sort {
        self.sort
    }

    /// The heading of the column that rows are ordered by.
    pub fn sort_heading(&self) -> &'static Heading {
        &L::headings()[self.sort.column]
    }

    /// Rows at the moment for which it was arranged.
    pub fn len(&self) -> usize {
        self.order.len()
    }

    /// Whether there is nothing to show.
    pub fn is_empty(&self) -> bool {
        self.order.is_empty()
    }

    /// The selected row's identity; `None` until somebody selects one.
    pub fn selected(&self) -> Option<L::Key> {
        self.selected
    }

    /// Where the selected row stands, counted from 0.
    pub fn cursor(&self) -> Option<usize> {
        self.selected.map(|_| self.cursor)
    }

    /// Selects a row by its identity.
    pub fn select(&mut self, key: L::Key) {
        self.selected = Some(key);
        self.follow = false;
        self.touch();
    }

    /// Something else is to be seen.
    fn touch(&mut self) {
        self.version += 1;
    }

    /// The number of the row that Enter means: the selected one, or the first in sight.
    fn meant(&self) -> Option<u32> {
        let place = match self.selected {
            Some(_) => self.cursor,
            None => self.offset,
        };
        self.order.get(place).copied()
    }

    /// Brings the rows up to the moment, once for each moment and way of looking, and finds the selected one again.
    /// `sequence` tells moments apart.
    pub fn arrange(&mut self, moment: &Moment, sequence: u64) {
        let stamp = Stamp {
            sequence,
            sort: self.sort,
            version: self.version,
        };
        if self.arranged == Some(stamp) {
            return;
        }
        self.arranged = Some(stamp);
        self.order.clear();
        self.list.rows(moment, &mut self.order);
        self.unfiltered = self.order.len();
        self.leave_out(moment);
        self.put_in_order(moment);
        // What a filter hid is selected again once it shows.
        if let Some((key, offset)) = self.hidden
            && let Some(place) = self.find(moment, key)
        {
            (self.selected, self.cursor, self.offset) = (Some(key), place, offset);
            self.hidden = None;
            self.settle(offset);
            return;
        }
        let Some(key) = self.selected else { return };
        if let Some(place) = self.find(moment, key) {
            self.cursor = place;
            return;
        }
        if !self.filter.is_empty() && self.hidden.is_none() {
            self.hidden = Some((key, self.offset));
        }
        self.put_cursor(self.cursor, moment);
    }

    /// Where a row has its place.
    fn find(&mut self, moment: &Moment, key: L::Key) -> Option<usize> {
        let is_it = |number: u32| self.list.key(moment, number) == Some(key);
        if self.partly {
            // Rows mostly keep their numbers from one moment to the next.
            let number = self.last_number.filter(|&number| is_it(number));
            let number = number.or_else(|| self.order.iter().copied().find(|&n| is_it(n)));
            self.last_number = number;
            number.and_then(|number| self.sorter.place_of(number))
        } else {
            self.order.iter().position(|&number| is_it(number))
        }
    }

    /// Leaves out what the filter does not let pass.
    fn leave_out(&mut self, moment: &Moment) {
        self.totals.clear();
        if self.filter.is_empty() {
            return;
        }
        let (list, filter) = (&self.list, &self.filter);
        let searched: Vec<&Column<L::Kind>> = L::columns()
            .iter()
            .filter(|column| L::searched().contains(&column.id))
            .collect();
        let mut text = String::new();
        self.order.retain(|&number| {
            let Some(row) = list.row(moment, number) else {
                return false;
            };
            searched.iter().any(|column| {
                text.clear();
                column.write_known(&row, &mut text) && filter.matches(&text)
            })
        });
        for id in L::totals() {
            let Some(at) = column_of::<L>(id) else {
                continue;
            };
            let rows = self.order.iter().filter_map(|&n| list.row(moment, n));
            if let Some(total) = total(&L::columns()[at], rows) {
                self.totals.push((at, total));
            }
        }
    }

    /// Puts the rows into order, or at least those in sight.
    fn put_in_order(&mut self, moment: &Moment) {
        let sort = self.sort;
        self.partly = self.held.is_none() && !self.list.is_outlined();
        if self.partly {
            self.sorter.take(&self.list, moment, sort, &self.order);
            let wanted = self.window(self.offset);
            self.order.clear();
            self.sorter.settle(wanted, &mut self.order);
            return;
        }
        self.sorter.sort(&self.list, moment, sort, &mut self.order);
        if let Some(held) = self.held.take() {
            let place = |number: &u32| {
                let key = self.list.key(moment, *number);
                key.and_then(|key| held.get(&key).copied())
                    .unwrap_or(u32::MAX)
            };
            self.order.sort_by_cached_key(place);
            self.held = Some(self.places(moment));
        }
        if self.list.is_outlined() {
            let mut needed: Vec<usize> = self.shown.iter().map(|place| place.column).collect();
            needed.push(sort.column);
            self.list
                .outline(moment, sort, &needed, &mut self.sorter, &mut self.order);
        }
    }

    /// The places of all rows.
    fn places(&self, moment: &Moment) -> FxHashMap<L::Key, u32> {
        (0..)
            .zip(&self.order)
            .filter_map(|(place, &number)| Some((self.list.key(moment, number)?, place)))
            .collect()
    }

    /// The places around those in sight.
    fn window(&self, offset: usize) -> Range<usize> {
        let page = self.page.max(64);
        offset.saturating_sub(page)..offset.saturating_add(2 * page)
    }

    /// Makes sure that rows are in order around a place.
    fn settle(&mut self, place: usize) {
        if self.partly {
            let end = place.saturating_add(self.page.max(1));
            let near = place..end.min(self.order.len());
            // What is settled is left alone as long as it holds all in sight.
            if !self.sorter.has_settled(&near) {
                let wide = self.window(place);
                self.sorter.settle(wide, &mut self.order);
            }
        }
    }

    /// Selects the row at `place`, or the last one, because somebody wants it.
    fn go_to(&mut self, place: usize, moment: &Moment) {
        self.hidden = None;
        self.put_cursor(place, moment);
    }

    /// Selects the row at `place`, or the last one.
    fn put_cursor(&mut self, place: usize, moment: &Moment) {
        self.cursor = place.min(self.order.len().saturating_sub(1));
        self.settle(self.cursor);
        let number = self.order.get(self.cursor);
        self.selected = number.and_then(|&number| self.list.key(moment, number));
    }

    /// Scrolls so that the selected row is in sight and no empty space is shown below the last row.
    fn scroll(&mut self, page: usize) {
        self.page = page.max(1);
        if self.selected.is_some() {
            self.offset = self
                .offset
                .clamp((self.cursor + 1).saturating_sub(self.page), self.cursor);
        }
        let last = self.order.len().saturating_sub(self.page);
        self.offset = if self.follow && self.selected.is_none() {
            last
        } else {
            self.offset.min(last)
        };
        self.settle(self.offset);
    }

    /// Draws headings and the rows in sight into `area`.
    pub fn render(
        &mut self,
        buffer: &mut Buffer,
        area: Rect,
        moment: &Moment,
        look: &Look,
        (hits, pane): (&mut Hits, Pane),
    ) {
        let area = area.intersection(buffer.area);
        if area.is_empty() {
            return;
        }
        hits.add_pane(area, pane);
        self.fit(area.width);
        let page = usize::from(area.height - 1);
        self.complete_totals(moment);
        self.scroll(page);
        self.render_headings(buffer, area, look, hits, pane);
        let mut cell = String::new();
        let visible = self.order.iter().enumerate().skip(self.offset).take(page);
        for (y, (place, &number)) in (area.y + 1..).zip(visible) {
            let line = Rect::new(area.x, y, area.width, 1);
            hits.add(line, Hit::Row(pane, place));
            self.render_row(buffer, line, moment, look, number, &mut cell);
            if self.selected.is_some() && place == self.cursor {
                buffer.set_style(line, look.theme.style(Tone::Selected));
            }
        }
    }

    /// Chooses and places the columns.
    fn fit(&mut self, room: u16) {
        let (headings, sorted) = (L::headings(), self.sort.column);
        match &self.layout {
            Some(chosen) => fit::place(
                headings,
                chosen,
                sorted,
                &mut self.shift,
                room,
                &mut self.shown,
            ),
            None => fit::fit(headings, sorted, &mut self.shift, room, &mut self.shown),
        }
    }

    /// Groups have totals of the columns shown when they were made; others may be shown now.
    fn complete_totals(&mut self, moment: &Moment) {
        if self.list.grouped_by().is_none() {
            return;
        }
        let needed: Vec<usize> = self.shown.iter().map(|place| place.column).collect();
        let unknown = |&column: &usize| !self.list.knows_total(column);
        if needed.iter().any(unknown)
            && let Some(stamp) = self.arranged
        {
            self.touch();
            self.arrange(moment, stamp.sequence);
        }
    }

    fn render_headings(
        &self,
        buffer: &mut Buffer,
        area: Rect,
        look: &Look,
        hits: &mut Hits,
        pane: Pane,
    ) {
        let mut cell = String::new();
        for place in &self.shown {
            let heading = &L::headings()[place.column];
            cell.clear();
            cell.push_str(heading.heading);
            let sorted = place.column == self.sort.column;
            if sorted {
                cell.push(if self.sort.descending { '▼' } else { '▲' });
            }
            let tone = if sorted { Tone::Key } else { Tone::Strong };
            let style = look.theme.style(tone);
            put(
                buffer,
                (area.x, area.y),
                *place,
                heading.align,
                &cell,
                style,
            );
            let at = Rect::new(area.x + place.x, area.y, place.width, 1);
            hits.add(at, Hit::Heading(pane, place.column));
        }
    }

    fn render_row(
        &self,
        buffer: &mut Buffer,
        line: Rect,
        moment: &Moment,
        look: &Look,
        number: u32,
        cell: &mut String,
    ) {
        let theme = look.theme;
        let label = self.list.label(number);
        let covered = label.as_ref().map_or(0, |label| {
            // Up to the first figure that leaves room for a label.
            let figures = self.shown.iter().filter(|place| {
                L::headings()[place.column].align == Align::Right
                    && place.x >= (line.width / 2).min(LABEL)
            });
            let end = figures.map(|place| place.x).next().unwrap_or(line.width);
            let room = usize::from(end.saturating_sub(1));
            let text = text::cut_end(label, room);
            buffer.set_stringn(line.x, line.y, text, room, theme.style(Tone::Strong));
            end
        });
        let tint = self.list.tint(moment, number);
        for place in self.shown.iter().filter(|place| place.x >= covered) {
            let heading = &L::headings()[place.column];
            cell.clear();
            self.list.write(moment, number, place.column, cell);
            let tone = self.list.tone(moment, number, place.column, cell);
            let mut style = theme.style(tone);
            if let Some(tint) = tint {
                style = style.patch(theme.style(tint));
            }
            let width = usize::from(place.width);
            let cut = self.list.cut(moment, number, place.column, cell, width);
            put(buffer, (line.x, line.y), *place, heading.align, &cut, style);
        }
    }

    /// Where the rows in sight stand among all: first, how many, of how many.
    pub fn sight(&self) -> (usize, usize, usize) {
        let rows = self.order.len();
        (self.offset, self.page.min(rows), rows)
    }

    /// What is to be said of how one looks at it: ` ─ filter: x (2 of 59, ↓ 1 MB/s) ─ by process ─ held`.
    pub fn remarks(&self) -> String {
        let mut remarks = String::new();
        if let Some(by) = self.list.grouped_by() {
            remarks.push_str(" ─ by ");
            remarks.push_str(by);
        }
        if self.held.is_some() {
            remarks.push_str(" ─ order held");
        }
        if L::follows() {
            remarks.push_str(if self.follow && self.selected.is_none() {
                " ─ following"
            } else {
                " ─ paused"
            });
        }
        if !self.filter.is_empty() {
            remarks.push_str(" ─ filter: ");
            format::harmless(&mut remarks, self.filter.text().as_bytes());
        }
        remarks
    }

    /// What the filter leaves: `12 of 12 431 · ↓/s 1.20 MB/s`; `None` without one.
    pub fn filtered(&self) -> Option<String> {
        if self.filter.is_empty() {
            return None;
        }
        let mut out = String::new();
        format::count(&mut out, self.matching() as u64);
        out.push_str(" of ");
        format::count(&mut out, self.unfiltered as u64);
        for &(column, total) in &self.totals {
            out.push_str(" · ");
            out.push_str(L::headings()[column].heading.trim_end_matches("/s"));
            out.push(' ');
            L::columns()[column].write_number(total, &mut out);
        }
        Some(out)
    }

    /// Rows that the filter leaves, without the headings of groups.
    fn matching(&self) -> usize {
        self.list.leaves().unwrap_or(self.order.len())
    }
}

/// Least columns of a group's label.
const LABEL: u16 = 36;

/// The index of a column.
fn column_of<L: List>(id: &str) -> Option<usize> {
    L::headings().iter().position(|heading| heading.id == id)
}

/// What the cells of some rows come to; `None` if none is known or they come to nothing.
pub(super) fn total<'m, K: Kind>(
    column: &Column<K>,
    rows: impl Iterator<Item = K::Row<'m>>,
) -> Option<f64> {
    let numbers = rows.filter_map(|row| column.number(&row));
    match column.total() {
        Total::None => None,
        Total::Sum => numbers.reduce(|a, b| a + b),
        Total::Highest => numbers.reduce(f64::max),
    }
}

/// Writes one cell at its place, cut where it does not fit.
fn put(
    buffer: &mut Buffer,
    (x, y): (u16, u16),
    place: ColumnPlace,
    align: Align,
    cell: &str,
    style: ratatui::style::Style,
) {
    let columns = usize::from(place.width);
    let cell = text::cut_middle(cell, columns);
    let spare = match align {
        Align::Left => 0,
        Align::Right => columns - text::width(&cell).min(columns),
    };
    let x = x + place.x + spare as u16;
    buffer.set_stringn(x, y, cell, columns - spare, style);
}

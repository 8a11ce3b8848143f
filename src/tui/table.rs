//! The one table of the house: headings, widths, order and selection of every list.
//!
//! ```text
//!  PID    PROCESS     USER   …   ↓+↑/s▼      headings; the order's column carries an arrow
//!  2211   nginx       www    …   38.9 MB/s   only the rows in sight are written
//! ```
//!
//! A [`List`] says what there is to show; a [`Table`] remembers how one looks at it. The order is computed once for
//! each moment and sort, never for a redraw, and the selected row is known by its key. No frame is drawn around it
//! here.

mod fit;
mod order;
mod steer;

use std::borrow::Cow;
use std::fmt::Debug;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::Look;
use super::text;
use super::theme::Tone;
use crate::aggregate::Moment;
use crate::column::{Align, SortKey};

pub use fit::ColumnPlace;
use order::Sorter;
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

/// Something that a table can show.
pub trait List: Sized {
    /// Identity of a row.
    type Key: Copy + Eq + Debug;
    /// A row at one moment.
    type Row<'m>;
    /// Which rows belong to it.
    type Scope: Copy + Debug;

    /// Its columns.
    fn headings() -> &'static [Heading];
    /// Appends the numbers of its rows.
    fn rows(moment: &Moment, scope: Self::Scope, out: &mut Vec<u32>);
    /// One row by its number.
    fn row(moment: &Moment, number: u32) -> Option<Self::Row<'_>>;
    /// Its identity.
    fn key(row: &Self::Row<'_>) -> Self::Key;
    /// Decides between rows that are equal otherwise, so that they never change places for no reason.
    fn tie(row: &Self::Row<'_>) -> u64;
    /// Appends a cell's text.
    fn write(column: usize, row: &Self::Row<'_>, out: &mut String);
    /// What rows are ordered by.
    fn sort_key<'m>(column: usize, row: &Self::Row<'m>) -> SortKey<'m>;
    /// A cell's text in so many columns.
    fn cut<'t>(
        _column: usize,
        _row: &Self::Row<'_>,
        text: &'t str,
        columns: usize,
    ) -> Cow<'t, str> {
        text::cut_middle(text, columns)
    }
    /// What a cell means.
    fn tone(column: usize, row: &Self::Row<'_>, text: &str) -> Tone;
}

/// The order of rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sort {
    /// Index of the column.
    pub column: usize,
    /// Largest first.
    pub descending: bool,
}

/// How one looks at a list: its order, the selected row, what is in sight.
#[derive(Debug)]
pub struct Table<L: List> {
    scope: L::Scope,
    sort: Sort,
    selected: Option<L::Key>,
    /// Where the selected row is, or was before it went away.
    cursor: usize,
    /// First row in sight.
    offset: usize,
    /// Rows in sight when it was drawn last.
    page: usize,
    /// Columns that are scrolled out at the left.
    shift: usize,
    /// Columns shown when it was drawn last.
    shown: Vec<ColumnPlace>,
    order: Vec<u32>,
    /// The moment and sort that `order` is for.
    arranged: Option<(u64, Sort)>,
    sorter: Sorter,
}

impl<L: List> Table<L> {
    /// A table ordered by the column `id`.
    pub fn new(scope: L::Scope, id: &str, descending: bool) -> Table<L> {
        let column = L::headings()
            .iter()
            .position(|heading| heading.id == id)
            .unwrap_or(0);
        Table {
            scope,
            sort: Sort { column, descending },
            selected: None,
            cursor: 0,
            offset: 0,
            page: 1,
            shift: 0,
            shown: Vec::new(),
            order: Vec::new(),
            arranged: None,
            sorter: Sorter::default(),
        }
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
        self.arranged = None;
    }

    /// Selects the row that is the target anyway: nothing moves.
    pub(super) fn hold(&mut self, key: L::Key) {
        if self.selected.is_none() {
            self.selected = Some(key);
            self.cursor = self.offset;
        }
    }

    /// The number of the row that Enter means: the selected one, or the first in sight.
    pub fn target(&self) -> Option<u32> {
        let place = match self.selected {
            Some(_) => self.cursor,
            None => self.offset,
        };
        self.order.get(place).copied()
    }

    /// Brings the order up to the moment, once for each moment and sort, and finds the selected row again. `sequence`
    /// tells moments apart.
    pub fn arrange(&mut self, moment: &Moment, sequence: u64) {
        if self.arranged == Some((sequence, self.sort)) {
            return;
        }
        self.order.clear();
        L::rows(moment, self.scope, &mut self.order);
        self.sorter.sort::<L>(moment, self.sort, &mut self.order);
        self.arranged = Some((sequence, self.sort));
        let Some(key) = self.selected else { return };
        let found = self
            .order
            .iter()
            .position(|&number| L::row(moment, number).is_some_and(|row| L::key(&row) == key));
        match found {
            Some(place) => self.cursor = place,
            None => self.put_cursor(self.cursor, moment),
        }
    }

    /// Selects the row at `place`, or the last one.
    fn put_cursor(&mut self, place: usize, moment: &Moment) {
        self.cursor = place.min(self.order.len().saturating_sub(1));
        self.selected = self
            .order
            .get(self.cursor)
            .and_then(|&number| L::row(moment, number))
            .map(|row| L::key(&row));
    }

    /// Scrolls so that the selected row is in sight and no empty space is shown below the last row.
    fn scroll(&mut self, page: usize) {
        self.page = page.max(1);
        if self.selected.is_some() {
            self.offset = self
                .offset
                .clamp((self.cursor + 1).saturating_sub(self.page), self.cursor);
        }
        self.offset = self.offset.min(self.order.len().saturating_sub(self.page));
    }

    /// Draws headings and the rows in sight into `area`.
    pub fn render(&mut self, buffer: &mut Buffer, area: Rect, moment: &Moment, look: &Look) {
        let area = area.intersection(buffer.area);
        if area.is_empty() {
            return;
        }
        let page = usize::from(area.height - 1);
        self.scroll(page);
        fit::fit(
            L::headings(),
            self.sort.column,
            &mut self.shift,
            area.width,
            &mut self.shown,
        );
        let theme = look.theme;
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
            put(
                buffer,
                area.x,
                area.y,
                *place,
                heading.align,
                &cell,
                theme.style(tone),
            );
        }
        let visible = self.order.iter().enumerate().skip(self.offset).take(page);
        for (y, (place_in_order, &number)) in (area.y + 1..).zip(visible) {
            let Some(row) = L::row(moment, number) else {
                continue;
            };
            for place in &self.shown {
                let heading = &L::headings()[place.column];
                cell.clear();
                L::write(place.column, &row, &mut cell);
                let style = theme.style(L::tone(place.column, &row, &cell));
                let cut = L::cut(place.column, &row, &cell, place.width.into());
                put(buffer, area.x, y, *place, heading.align, &cut, style);
            }
            if self.selected.is_some() && place_in_order == self.cursor {
                let line = Rect::new(area.x, y, area.width, 1);
                buffer.set_style(line, theme.style(Tone::Selected));
            }
        }
    }

    /// Where the rows in sight stand among all: first, how many, of how many.
    pub fn sight(&self) -> (usize, usize, usize) {
        let rows = self.order.len();
        (self.offset, self.page.min(rows), rows)
    }
}

/// Writes one cell at its place, cut where it does not fit.
fn put(
    buffer: &mut Buffer,
    x: u16,
    y: u16,
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

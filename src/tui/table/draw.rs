//! Drawing a table: headings, the rows in sight, and what is to be said of how one looks at it.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::{ColumnPlace, List, Table, fit};
use crate::aggregate::Moment;
use crate::column::{Align, format};
use crate::tui::hits::{Hit, Hits};
use crate::tui::look::Look;
use crate::tui::screen::Pane;
use crate::tui::text;
use crate::tui::theme::Tone;

/// Least columns of a group's label.
const LABEL: u16 = 36;

impl<L: List> Table<L> {
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

    /// What is to be said of how one looks at it: ` ─ by process ─ order held`.
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
        remarks
    }

    /// What the filter leaves: `12 of 12 431 · ↓/s 1.20 MB/s`; `None` without one.
    pub fn filtered(&self) -> Option<String> {
        let whole = self.narrowed?;
        let mut out = String::new();
        format::count(&mut out, self.matching() as u64);
        out.push_str(" of ");
        format::count(&mut out, whole as u64);
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

//! Draws a table: headings and the visible rows; and describes its view for the frame around it.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::Table;
use super::column_layout::{self, ColumnPlace};
use super::heading::Heading;
use super::list::{List, PEER_COLUMN};
use crate::aggregate::Moment;
use crate::column::{Align, format};
use crate::tui::appearance::Appearance;
use crate::tui::click_map::{ClickMap, ClickTarget};
use crate::tui::screen::Pane;
use crate::tui::text;
use crate::tui::theme::Tone;

/// Minimum width of a group's label, terminal columns.
const MIN_LABEL_WIDTH: u16 = 36;

/// Returns the headings, those of columns that have nothing to say at a moment as if only the user could choose them.
fn useful(headings: &[Heading], moment: &Moment) -> Vec<Heading> {
    let headings = headings.iter().copied();
    let useful = headings.map(|heading| Heading {
        priority: if is_idle(heading.id, moment) {
            Heading::NEVER
        } else {
            heading.priority
        },
        ..heading
    });
    useful.collect()
}

/// Reports whether a column has the same cell in all rows, whatever they are: there is one network namespace, or no container.
fn is_idle(column: &str, moment: &Moment) -> bool {
    let sample = &moment.sample;
    match column {
        "netns_name" => sample.namespaces.is_empty(),
        "container" | "image" | "pod" | "namespace" | "runtime" => sample.containers.is_empty(),
        _ => false,
    }
}

impl<L: List> Table<L> {
    /// Draws headings and the visible rows into `area`.
    pub fn render(
        &mut self,
        buffer: &mut Buffer,
        area: Rect,
        moment: &Moment,
        appearance: &Appearance,
        (clicks, pane): (&mut ClickMap, Pane),
    ) {
        let area = area.intersection(buffer.area);
        if area.is_empty() {
            return;
        }
        clicks.add_pane(area, pane);
        self.place_columns(moment, area.width);
        let page = usize::from(area.height - 1);
        self.complete_totals();
        self.scroll_to_cursor(page);
        self.render_headings(buffer, area, appearance, clicks, pane);
        let mut cell = String::new();
        let visible = self
            .rows
            .order
            .iter()
            .enumerate()
            .skip(self.offset)
            .take(page);
        for (y, (place, &number)) in (area.y + 1..).zip(visible) {
            let line = Rect::new(area.x, y, area.width, 1);
            clicks.add(line, ClickTarget::Row(pane, place));
            self.render_row(buffer, line, moment, appearance, number, &mut cell);
            if self.selected.is_some() && place == self.cursor {
                buffer.set_style(line, appearance.theme.style(Tone::Selected));
            }
        }
    }

    /// Chooses and places the columns for a width. Columns that have nothing to say at this moment are not chosen.
    fn place_columns(&mut self, moment: &Moment, room: u16) {
        let (headings, sorted) = (L::headings(), self.sort.column);
        match &self.chosen {
            Some(chosen) => column_layout::place_chosen_columns(
                headings,
                chosen,
                sorted,
                &mut self.scrolled_columns,
                room,
                &mut self.placed,
            ),
            None => column_layout::fit_columns(
                &useful(headings, moment),
                sorted,
                &mut self.scrolled_columns,
                room,
                &mut self.placed,
            ),
        }
    }

    /// Has groups arranged again if a column is shown whose totals they lack.
    fn complete_totals(&mut self) {
        let shown = &self.rows.list;
        if self.rows.stamp.is_none() || shown.grouping_name().is_none() {
            return;
        }
        let columns = self.placed.iter().map(|place| place.column);
        let missing: Vec<usize> = columns.filter(|&column| !shown.has_total(column)).collect();
        // While they are being added up, they are not asked for again.
        if !missing.is_empty() && missing != self.columns_without_total {
            self.contents += 1;
        }
        self.columns_without_total = missing;
    }

    fn render_headings(
        &self,
        buffer: &mut Buffer,
        area: Rect,
        appearance: &Appearance,
        clicks: &mut ClickMap,
        pane: Pane,
    ) {
        let mut cell = String::new();
        for place in &self.placed {
            let heading = &L::headings()[place.column];
            cell.clear();
            cell.push_str(heading.heading);
            let sorted = place.column == self.sort.column;
            if sorted {
                cell.push(if self.sort.descending { '▼' } else { '▲' });
            }
            let tone = if sorted { Tone::Key } else { Tone::Strong };
            let style = appearance.theme.style(tone);
            draw_cell(
                buffer,
                (area.x, area.y),
                *place,
                heading.align,
                &cell,
                style,
            );
            let at = Rect::new(area.x + place.x, area.y, place.width, 1);
            clicks.add(at, ClickTarget::Heading(pane, place.column));
        }
    }

    fn render_row(
        &self,
        buffer: &mut Buffer,
        line: Rect,
        moment: &Moment,
        appearance: &Appearance,
        number: u32,
        cell: &mut String,
    ) {
        let theme = appearance.theme;
        let label = self.rows.list.group_label(number);
        let covered = label.as_ref().map_or(0, |label| {
            // Up to the first figure that leaves room for a label.
            let figures = self.placed.iter().filter(|place| {
                L::headings()[place.column].align == Align::Right
                    && place.x >= (line.width / 2).min(MIN_LABEL_WIDTH)
            });
            let end = figures.map(|place| place.x).next().unwrap_or(line.width);
            let room = usize::from(end.saturating_sub(1));
            let text = text::cut_end(label, room);
            buffer.set_stringn(line.x, line.y, text, room, theme.style(Tone::Strong));
            end
        });
        let tint = self.rows.list.row_tint(moment, number);
        // An index of many peers is built elsewhere; their cells follow once it is.
        let lacks_peers = moment.known_peers().is_none() && !moment.is_small();
        for place in self.placed.iter().filter(|place| place.x >= covered) {
            let heading = &L::headings()[place.column];
            cell.clear();
            if lacks_peers && heading.id == PEER_COLUMN {
                continue;
            }
            self.rows
                .list
                .write_cell(moment, number, place.column, cell);
            let tone = self.rows.list.cell_tone(moment, number, place.column, cell);
            let mut style = theme.style(tone);
            if let Some(tint) = tint {
                style = style.patch(theme.style(tint));
            }
            let width = usize::from(place.width);
            let cut = self
                .rows
                .list
                .shorten(moment, number, place.column, cell, width);
            draw_cell(buffer, (line.x, line.y), *place, heading.align, &cut, style);
        }
    }

    /// The visible rows: the first, how many, of how many.
    pub fn visible_range(&self) -> (usize, usize, usize) {
        let rows = self.rows.order.len();
        (self.offset, self.page.min(rows), rows)
    }

    /// Grouping, held order, following and progress, for the title: ` ─ by process ─ order held`.
    pub fn view_notes(&self) -> String {
        let mut notes = String::new();
        if let Some(by) = self.list.grouping_name() {
            notes.push_str(" ─ by ");
            notes.push_str(by);
        }
        if self.held_positions.is_some() {
            notes.push_str(" ─ order held");
        }
        if L::follows_newest() {
            notes.push_str(if self.follows && self.selected.is_none() {
                " ─ following"
            } else {
                " ─ paused"
            });
        }
        if let Some(progress) = self.progress() {
            notes.push_str(" ─ ");
            notes.push_str(progress);
        }
        notes
    }

    /// What is being done for the rows that are wanted: `sorting 812 431 sockets…`.
    pub fn progress(&self) -> Option<&str> {
        self.progress.as_deref()
    }

    /// True if no rows are known for the moment shown.
    pub fn is_pending(&self) -> bool {
        self.rows.stamp.is_none()
    }

    /// Count and totals of the filtered rows: `12 of 12 431 · ↓/s 1.20 MB/s`; `None` without a filter.
    pub fn filter_summary(&self) -> Option<String> {
        let all = self.rows.unfiltered_len?;
        let mut out = String::new();
        format::count(&mut out, self.rows.matching_rows as u64);
        out.push_str(" of ");
        format::count(&mut out, all as u64);
        for &(column, total) in &self.rows.totals {
            out.push_str(" · ");
            out.push_str(L::headings()[column].heading.trim_end_matches("/s"));
            out.push(' ');
            L::columns()[column].write_number(total, &mut out);
        }
        Some(out)
    }
}

/// Draws a cell at its place, cut where it does not fit.
fn draw_cell(
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

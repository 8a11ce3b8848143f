//! The frame or title of a table: its order, filter, visible rows and scroll mark.

use ratatui::Frame;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::{border, pieces};
use crate::aggregate::Moment;
use crate::column::format;
use crate::tui::appearance::Appearance;
use crate::tui::click_map::ClickMap;
use crate::tui::screen::Pane;
use crate::tui::table::{List, Table};
use crate::tui::text;
use crate::tui::theme::Tone;

/// The text of a table without rows while the first Sample is taken.
pub(in crate::tui) const NOT_READ: &str = "none among the sockets read so far";

/// Draws a rule with the title of a table and its order, a long title if it fits; returns the area for the table below
/// it. The table that has the focus is marked.
pub(in crate::tui) fn draw_pane_title<L: List>(
    frame: &mut Frame<'_>,
    area: Rect,
    appearance: &Appearance,
    (long, short): (&str, &str),
    table: &Table<L>,
    is_focus: bool,
) -> Rect {
    let arrow = if table.sort().descending {
        '▼'
    } else {
        '▲'
    };
    let mark = if is_focus { "▶ " } else { "" };
    let heading = table.sort_heading().heading;
    let order = format!(" ─ by {heading} {arrow}{}", table.view_notes());
    let room = usize::from(area.width.saturating_sub(4));
    let needed = text::width(mark) + text::width(long) + text::width(&order);
    let title = if needed <= room { long } else { short };
    let inner = border::section(frame, area, appearance, &format!("{mark}{title}{order}"));
    if is_focus {
        let style = appearance.theme.style(Tone::Key);
        let line = Rect {
            x: area.x + 1.min(area.width),
            width: 3.min(area.width.saturating_sub(1)),
            height: 1.min(area.height),
            ..area
        };
        frame.buffer_mut().set_style(line, style);
    }
    Rect {
        x: inner.x + 1.min(inner.width),
        width: inner.width.saturating_sub(1),
        ..inner
    }
}

/// Draws a table in a frame. The title has its order and filter, the lower edge the visible rows, the right edge a
/// scroll mark.
pub(in crate::tui) fn draw_framed<L: List>(
    frame: &mut Frame<'_>,
    area: Rect,
    appearance: &Appearance,
    title: &str,
    table: &mut Table<L>,
    moment: Option<&Moment>,
    at: (&mut ClickMap, Pane),
) {
    let arrow = if table.sort().descending {
        '▼'
    } else {
        '▲'
    };
    let mut title = format!(
        "{title} ─ sorted by {} {arrow}{}",
        table.sort_heading().heading,
        table.view_notes()
    );
    if let Some(narrowed) = moment
        .and_then(Moment::filtered)
        .filter(|_| L::is_filtered())
    {
        title.push_str(" ─ filter: ");
        format::sanitize(&mut title, narrowed.text.as_bytes());
    }
    let inner = border::framed(frame, area, appearance, &title);
    let Some(moment) = moment else {
        let line = [("sampling…".to_owned(), Tone::Muted)];
        pieces::write(frame.buffer_mut(), inner, appearance, &line);
        return;
    };
    table.render(frame.buffer_mut(), inner, moment, appearance, at);
    let filtered = table.filter_summary();
    if let Some(filtered) = &filtered
        && area.width > 4
        && area.height > 1
    {
        let room = usize::from(area.width) - 4;
        let text = format!(" {} ", text::cut_end(filtered, room.saturating_sub(2)));
        let style = appearance.theme.style(Tone::Key);
        frame
            .buffer_mut()
            .set_stringn(area.x + 1, area.bottom() - 1, text, room, style);
    }
    let (first, page, rows) = table.visible_range();
    if rows == 0 {
        let below = Rect {
            y: inner.y + 1.min(inner.height),
            height: inner.height.saturating_sub(1),
            ..inner
        };
        let nothing = if table.is_pending() {
            table.progress().unwrap_or("sorting…")
        } else if moment.sample.preview.is_some() {
            NOT_READ
        } else if filtered.is_some() {
            "no row matches; press F to clear the filter"
        } else {
            table.list().empty_text()
        };
        pieces::write(
            frame.buffer_mut(),
            below,
            appearance,
            &[(nothing.to_owned(), Tone::Muted)],
        );
        return;
    }
    let sight = match table.cursor() {
        Some(cursor) => format!(" {}/{rows} ", cursor + 1),
        None => format!(" {}-{}/{rows} ", first + 1, first + page),
    };
    let length = text::width(&sight) as u16;
    let left = filtered.map_or(0, |text| text::width(&text) as u16 + 3);
    if area.width > length + 2 + left && area.height > 1 {
        let muted = appearance.theme.style(Tone::Muted);
        frame
            .buffer_mut()
            .set_string(area.right() - 2 - length, area.bottom() - 1, sight, muted);
    }
    if rows > page && inner.height > 1 {
        scroll_mark(
            frame.buffer_mut(),
            area,
            inner,
            appearance,
            (first, page, rows),
        );
    }
}

/// Marks the part of the rows that is visible on the right edge.
fn scroll_mark(
    buffer: &mut Buffer,
    area: Rect,
    inner: Rect,
    appearance: &Appearance,
    (first, page, rows): (usize, usize, usize),
) {
    let track = usize::from(inner.height - 1);
    let length = (track * page / rows).max(1);
    let furthest = rows - page;
    let start = ((track - length) * first + furthest / 2) / furthest.max(1);
    let style = appearance.theme.style(Tone::Plain);
    for y in start..start + length {
        let y = inner.y + 1 + y as u16;
        buffer.set_string(area.right() - 1, y, "█", style);
    }
}

//! Frames around things, and lines made of toned pieces.

use ratatui::Frame;
use ratatui::buffer::Buffer;
use ratatui::layout::{Margin, Rect};
use ratatui::widgets::{Block, Clear, Widget};

use crate::aggregate::Moment;
use crate::column::format;
use crate::tui::hits::Hits;
use crate::tui::look::Look;
use crate::tui::screen::Pane;
use crate::tui::table::{List, Table};
use crate::tui::text;
use crate::tui::theme::Tone;

/// A piece of a line.
pub(super) type Piece = (String, Tone);

/// Writes pieces one after the other, cut where the room ends; answers how many columns they took.
pub(super) fn write(buffer: &mut Buffer, area: Rect, look: &Look, pieces: &[Piece]) -> u16 {
    if area.height == 0 {
        return 0;
    }
    let mut x = area.x;
    for (piece, tone) in pieces {
        let room = usize::from(area.right().saturating_sub(x));
        if room == 0 {
            break;
        }
        let cut = text::cut_end(piece, room);
        let style = look.theme.style(*tone);
        buffer.set_stringn(x, area.y, &cut, room, style);
        x += text::width(&cut).min(room) as u16;
    }
    x - area.x
}

/// Writes over what is there already, and nothing of that shines through.
pub(super) fn write_over(buffer: &mut Buffer, area: Rect, look: &Look, pieces: &[Piece]) {
    Clear.render(area.intersection(buffer.area), buffer);
    write(buffer, area, look, pieces);
}

/// Columns that pieces take.
pub(super) fn width(pieces: &[Piece]) -> u16 {
    pieces
        .iter()
        .map(|(piece, _)| text::width(piece) as u16)
        .sum()
}

/// A rule with a title, and the room below it: what the overview is made of.
pub(super) fn section(frame: &mut Frame<'_>, area: Rect, look: &Look, title: &str) -> Rect {
    if area.is_empty() {
        return area;
    }
    let buffer = frame.buffer_mut();
    let muted = look.theme.style(Tone::Muted);
    buffer.set_string(area.x, area.y, "─".repeat(area.width.into()), muted);
    let title = text::cut_end(title, usize::from(area.width.saturating_sub(4)));
    let strong = look.theme.style(Tone::Strong);
    buffer.set_string(area.x + 1, area.y, format!(" {title} "), strong);
    below(area)
}

/// A rule with the title of a table and its order, a long title if there is room, and the room for the table below it. The
/// table that the keys go to is marked.
pub(super) fn pane<L: List>(
    frame: &mut Frame<'_>,
    area: Rect,
    look: &Look,
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
    let order = format!(" ─ by {heading} {arrow}{}", table.remarks());
    let room = usize::from(area.width.saturating_sub(4));
    let needed = text::width(mark) + text::width(long) + text::width(&order);
    let title = if needed <= room { long } else { short };
    let inner = section(frame, area, look, &format!("{mark}{title}{order}"));
    if is_focus {
        let style = look.theme.style(Tone::Key);
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

/// The room below a line.
pub(super) fn below(area: Rect) -> Rect {
    Rect {
        y: area.y + 1.min(area.height),
        height: area.height.saturating_sub(1),
        ..area
    }
}

/// Writes lines from the top, as many as there is room for.
pub(super) fn write_lines(frame: &mut Frame<'_>, area: Rect, look: &Look, lines: &[Vec<Piece>]) {
    for (y, line) in (area.y..area.bottom()).zip(lines) {
        let place = Rect {
            y,
            height: 1,
            ..area
        };
        write(frame.buffer_mut(), place, look, line);
    }
}

/// A frame with a title; answers the room inside.
pub(super) fn framed(frame: &mut Frame<'_>, area: Rect, look: &Look, title: &str) -> Rect {
    let block = Block::bordered().border_style(look.theme.style(Tone::Muted));
    let inner = block.inner(area);
    block.render(area, frame.buffer_mut());
    let room = usize::from(area.width.saturating_sub(4));
    if room > 0 && area.height > 0 {
        let title = format!(" {} ", text::cut_end(title, room.saturating_sub(2)));
        let style = look.theme.style(Tone::Strong);
        frame
            .buffer_mut()
            .set_stringn(area.x + 1, area.y, title, room, style);
    }
    inner
}

/// A frame over what is there, in the middle and no larger than the area.
pub(super) fn over(
    frame: &mut Frame<'_>,
    area: Rect,
    look: &Look,
    title: &str,
    size: (u16, u16),
) -> Rect {
    let (width, height) = (size.0.min(area.width), size.1.min(area.height));
    let place = Rect {
        x: area.x + (area.width - width) / 2,
        y: area.y + (area.height - height) / 2,
        width,
        height,
    };
    Clear.render(place, frame.buffer_mut());
    framed(frame, place, look, title).inner(Margin::new(1, 0))
}

/// A table in a frame: its title tells the order, its lower edge which rows are in sight, its right edge where.
pub(super) fn framed_table<L: List>(
    frame: &mut Frame<'_>,
    area: Rect,
    look: &Look,
    title: &str,
    table: &mut Table<L>,
    moment: Option<&Moment>,
    at: (&mut Hits, Pane),
) {
    let arrow = if table.sort().descending {
        '▼'
    } else {
        '▲'
    };
    let mut title = format!(
        "{title} ─ sorted by {} {arrow}{}",
        table.sort_heading().heading,
        table.remarks()
    );
    if let Some(narrowed) = moment
        .and_then(Moment::filtered)
        .filter(|_| L::heeds_filter())
    {
        title.push_str(" ─ filter: ");
        format::harmless(&mut title, narrowed.text.as_bytes());
    }
    let inner = framed(frame, area, look, &title);
    let Some(moment) = moment else {
        let line = [("sampling…".to_owned(), Tone::Muted)];
        write(frame.buffer_mut(), inner, look, &line);
        return;
    };
    table.render(frame.buffer_mut(), inner, moment, look, at);
    let filtered = table.filtered();
    if let Some(filtered) = &filtered
        && area.width > 4
        && area.height > 1
    {
        let room = usize::from(area.width) - 4;
        let text = format!(" {} ", text::cut_end(filtered, room.saturating_sub(2)));
        let style = look.theme.style(Tone::Key);
        frame
            .buffer_mut()
            .set_stringn(area.x + 1, area.bottom() - 1, text, room, style);
    }
    let (first, page, rows) = table.sight();
    if rows == 0 {
        let below = Rect {
            y: inner.y + 1.min(inner.height),
            height: inner.height.saturating_sub(1),
            ..inner
        };
        let nothing = if filtered.is_some() {
            "nothing matches; F takes the filter away"
        } else {
            "none"
        };
        write(
            frame.buffer_mut(),
            below,
            look,
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
        let muted = look.theme.style(Tone::Muted);
        frame
            .buffer_mut()
            .set_string(area.right() - 2 - length, area.bottom() - 1, sight, muted);
    }
    if rows > page && inner.height > 1 {
        scroll_mark(frame.buffer_mut(), area, inner, look, (first, page, rows));
    }
}

/// Marks on the right edge which part of the rows is in sight.
fn scroll_mark(
    buffer: &mut Buffer,
    area: Rect,
    inner: Rect,
    look: &Look,
    (first, page, rows): (usize, usize, usize),
) {
    let track = usize::from(inner.height - 1);
    let length = (track * page / rows).max(1);
    let furthest = rows - page;
    let start = ((track - length) * first + furthest / 2) / furthest.max(1);
    let style = look.theme.style(Tone::Plain);
    for y in start..start + length {
        let y = inner.y + 1 + y as u16;
        buffer.set_string(area.right() - 1, y, "█", style);
    }
}

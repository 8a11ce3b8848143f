//! Lines made of pieces, each a text with a tone.

use ratatui::Frame;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::widgets::{Clear, Widget};

use crate::column::format;
use crate::tui::appearance::Appearance;
use crate::tui::text;
use crate::tui::theme::Tone;

/// A piece of a line: its text and its tone.
pub(in crate::tui) type Piece = (String, Tone);

/// Writes pieces one after the other, cut at the end of the area; returns their width.
pub(in crate::tui) fn write(
    buffer: &mut Buffer,
    area: Rect,
    appearance: &Appearance,
    pieces: &[Piece],
) -> u16 {
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
        let style = appearance.theme.style(*tone);
        buffer.set_stringn(x, area.y, &cut, room, style);
        x += text::width(&cut).min(room) as u16;
    }
    x - area.x
}

/// Writes pieces over the cells drawn before.
pub(in crate::tui) fn write_over(
    buffer: &mut Buffer,
    area: Rect,
    appearance: &Appearance,
    pieces: &[Piece],
) {
    Clear.render(area.intersection(buffer.area), buffer);
    write(buffer, area, appearance, pieces);
}

/// The width of pieces, terminal columns; a bound if no terminal is as wide.
pub(in crate::tui) fn width(pieces: &[Piece]) -> u16 {
    let widths = pieces.iter().map(|(piece, _)| text::width(piece));
    // A recording may have names of any length, and sums of such widths still have to fit.
    widths.sum::<usize>().min(usize::from(u16::MAX / 8)) as u16
}

/// Writes lines from the top, as many as fit.
pub(in crate::tui) fn write_lines(
    frame: &mut Frame<'_>,
    area: Rect,
    appearance: &Appearance,
    lines: &[Vec<Piece>],
) {
    for (y, line) in (area.y..area.bottom()).zip(lines) {
        let place = Rect {
            y,
            height: 1,
            ..area
        };
        write(frame.buffer_mut(), place, appearance, line);
    }
}

/// Lays groups of pieces out in lines; no group is broken.
pub(in crate::tui) fn flow(groups: impl Iterator<Item = Vec<Piece>>, room: u16) -> Vec<Vec<Piece>> {
    let mut lines: Vec<Vec<Piece>> = vec![Vec::new()];
    let mut used = 0;
    for group in groups {
        let needed = width(&group);
        if used + needed > room && used > 0 {
            lines.push(Vec::new());
            used = 0;
        }
        used += needed;
        if let Some(line) = lines.last_mut() {
            line.extend(group);
        }
    }
    lines
}

/// A count, right-aligned in a width; of a preview, which has only the first sockets, a lower bound or unknown.
pub(in crate::tui) fn right_aligned_bound(value: u32, width: usize, is_preview: bool) -> String {
    match (is_preview, value) {
        (true, 0) => format!("{:>width$}", format::MISSING),
        (true, value) => {
            let mut text = "≥".to_owned();
            format::count(&mut text, value.into());
            format!("{text:>width$}")
        }
        (false, value) => right_aligned_count(value, width),
    }
}

/// A count, right-aligned in a width.
pub(in crate::tui) fn right_aligned_count(value: u32, width: usize) -> String {
    let mut text = String::new();
    format::count(&mut text, value.into());
    format!("{text:>width$}")
}

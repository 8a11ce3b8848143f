//! Draws sections of fields in columns that scroll together.

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};

use super::sections::{Field, Section};
use crate::tui::appearance::Appearance;
use crate::tui::command::Command;
use crate::tui::text;
use crate::tui::theme::Tone;
use crate::tui::widget::{border, pieces};

/// Minimum width of a column of sections.
const MIN_WIDTH: u16 = 37;

/// The gap between two columns of sections.
const GAP: u16 = 2;

/// Lays sections out in columns, each in the shortest one, and draws them from line `first` on; returns the line from
/// which on they are shown, which is less than `first` if that is beyond the end.
pub(super) fn render(
    frame: &mut Frame<'_>,
    area: Rect,
    appearance: &Appearance,
    sections: &[Section],
    first: usize,
) -> usize {
    if area.is_empty() {
        return first;
    }
    let columns = usize::from((area.width + GAP) / (MIN_WIDTH + GAP)).max(1);
    let places = Layout::horizontal(vec![Constraint::Fill(1); columns])
        .spacing(GAP)
        .split(area);
    let mut heights = vec![0_usize; columns];
    let mut placed: Vec<(usize, usize, &Section)> = Vec::new();
    for section in sections {
        let shortest = (0..columns).min_by_key(|&at| heights[at]).unwrap_or(0);
        placed.push((shortest, heights[shortest], section));
        heights[shortest] += section.lines.len() + 1;
    }
    let all = heights.into_iter().max().unwrap_or(0);
    let first = first.min(all.saturating_sub(usize::from(area.height)));
    for (column, top, section) in placed {
        let place = places[column];
        let line_at = |line: usize| {
            let y = (top + line).checked_sub(first)?;
            (y < usize::from(area.height)).then(|| Rect {
                y: area.y + y as u16,
                height: 1,
                ..place
            })
        };
        if let Some(at) = line_at(0) {
            border::section(frame, at, appearance, section.title);
        }
        for (number, line) in (1..).zip(&section.lines) {
            if let Some(at) = line_at(number) {
                write_field(frame, at, appearance, line);
            }
        }
    }
    let below = all.saturating_sub(first + usize::from(area.height));
    write_hidden_lines(frame, area, appearance, below);
    first
}

/// Writes the number of lines below the area into its last line.
pub(super) fn write_hidden_lines(
    frame: &mut Frame<'_>,
    area: Rect,
    appearance: &Appearance,
    below: usize,
) {
    if below > 0 {
        let more = format!(" {below} more {} ", appearance.keys.label(Command::Down));
        let width = (text::width(&more) as u16).min(area.width);
        let place = Rect {
            x: area.right() - width,
            y: area.bottom() - 1,
            width,
            height: 1,
        };
        pieces::write_over(frame.buffer_mut(), place, appearance, &[(more, Tone::Key)]);
    }
}

/// Writes a name at the left and a value at the right; a value that does not fit is cut.
fn write_field(frame: &mut Frame<'_>, at: Rect, appearance: &Appearance, line: &Field) {
    let buffer = frame.buffer_mut();
    let name = [(format!(" {}", line.name), Tone::Muted)];
    let used = pieces::write(buffer, at, appearance, &name);
    let room = usize::from(at.width.saturating_sub(used + 2));
    let value = text::cut_middle(&line.value, room);
    let width = (text::width(&value) as u16).min(at.width);
    let place = Rect {
        x: at.right() - width,
        width,
        ..at
    };
    pieces::write(
        buffer,
        place,
        appearance,
        &[(value.into_owned(), line.tone)],
    );
}

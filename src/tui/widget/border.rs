//! Borders: a rule with a title, a frame, a centered frame over the screen.

use ratatui::Frame;
use ratatui::layout::{Margin, Rect};
use ratatui::widgets::{Block, Clear, Widget};

use crate::tui::appearance::Appearance;
use crate::tui::text;
use crate::tui::theme::Tone;

/// Draws a rule with a title, as on the overview; returns the area below it.
pub(in crate::tui) fn section(
    frame: &mut Frame<'_>,
    area: Rect,
    appearance: &Appearance,
    title: &str,
) -> Rect {
    if area.is_empty() {
        return area;
    }
    let buffer = frame.buffer_mut();
    let muted = appearance.theme.style(Tone::Muted);
    buffer.set_string(area.x, area.y, "─".repeat(area.width.into()), muted);
    let title = text::cut_end(title, usize::from(area.width.saturating_sub(4)));
    let strong = appearance.theme.style(Tone::Strong);
    buffer.set_string(area.x + 1, area.y, format!(" {title} "), strong);
    below(area)
}

/// The area below its first line.
pub(in crate::tui) fn below(area: Rect) -> Rect {
    Rect {
        y: area.y + 1.min(area.height),
        height: area.height.saturating_sub(1),
        ..area
    }
}

/// Draws a frame with a title; returns the area inside.
pub(in crate::tui) fn framed(
    frame: &mut Frame<'_>,
    area: Rect,
    appearance: &Appearance,
    title: &str,
) -> Rect {
    let block = Block::bordered().border_style(appearance.theme.style(Tone::Muted));
    let inner = block.inner(area);
    block.render(area, frame.buffer_mut());
    let room = usize::from(area.width.saturating_sub(4));
    if room > 0 && area.height > 0 {
        let title = format!(" {} ", text::cut_end(title, room.saturating_sub(2)));
        let style = appearance.theme.style(Tone::Strong);
        frame
            .buffer_mut()
            .set_stringn(area.x + 1, area.y, title, room, style);
    }
    inner
}

/// Draws a frame centered over an area and no larger than it; returns the area inside.
pub(in crate::tui) fn centered(
    frame: &mut Frame<'_>,
    area: Rect,
    appearance: &Appearance,
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
    framed(frame, place, appearance, title).inner(Margin::new(1, 0))
}

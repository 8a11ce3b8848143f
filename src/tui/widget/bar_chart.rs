//! A chart of bars, the newest at the right.
//!
//! ```text
//!            ▂▅█▆▃▁
//! ▁▁▂▃▃▅▆▆▇███████████▇▅▃▂▁▁▁▂▃▄▆▇
//! ```

use ratatui::Frame;
use ratatui::layout::Rect;

use crate::column::sparkline::{self, BARS};
use crate::tui::appearance::Appearance;
use crate::tui::theme::Tone;

/// Draws `values`, oldest first, up to the right edge of an area, scaled to the highest visible.
pub(in crate::tui) fn draw(
    frame: &mut Frame<'_>,
    area: Rect,
    appearance: &Appearance,
    values: &[Option<f64>],
    tone: Tone,
) {
    if area.is_empty() {
        return;
    }
    let shown = &values[values.len().saturating_sub(usize::from(area.width))..];
    let max = sparkline::highest(shown).unwrap_or(0.0);
    let style = appearance.theme.style(tone);
    let start = area.right() - shown.len() as u16;
    let steps = u32::from(area.height) * 8;
    for (x, value) in (start..).zip(shown) {
        let Some(value) = value else { continue };
        // A measured zero is the lowest bar; any other value is higher.
        let filled = if max > 0.0 && *value > 0.0 {
            ((value / max * f64::from(steps)).ceil() as u32).clamp(2, steps)
        } else {
            1
        };
        for row in 0..area.height {
            let eighths = filled.saturating_sub(u32::from(row) * 8).min(8);
            if eighths == 0 {
                break;
            }
            let y = area.bottom() - 1 - row;
            frame.buffer_mut()[(x, y)]
                .set_char(BARS[eighths as usize - 1])
                .set_style(style);
        }
    }
}

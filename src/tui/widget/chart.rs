//! Charts of braille dots: curves over time, the newest value at the right.
//!
//! ```text
//!  ⣀⣠⣤⣶⣿⣿⣿⣷⣦⣤⣀⣀⣀⣠⣤⣶⣿⣿⣷     received, above an axis
//!  ⠙⠛⠿⣿⣿⡿⠿⠛⠉⠉⠉⠙⠛⠿⣿⣿⠿⠛     sent, below it
//!  5 min   4   3   2   1  now
//! ```

use ratatui::Frame;
use ratatui::layout::Rect;

use super::history_axis::Window;
use super::pieces;
use crate::column::braille::{self, Shape};
use crate::tui::appearance::Appearance;
use crate::tui::text;
use crate::tui::theme::Tone;

/// Draws `values`, oldest first, two in each column, up to the right edge of an area; `max` has its whole height.
pub(in crate::tui) fn draw(
    frame: &mut Frame<'_>,
    area: Rect,
    appearance: &Appearance,
    (values, max): (&[Option<f64>], f64),
    (shape, tone): (Shape, Tone),
) {
    let room = usize::from(area.width) * braille::VALUES;
    let shown = &values[values.len().saturating_sub(room)..];
    let lines = braille::curve(shown, max, usize::from(area.height), shape);
    let style = appearance.theme.style(tone);
    for (y, line) in (area.y..area.bottom()).zip(lines) {
        let x = area.right() - text::width(&line) as u16;
        for (x, character) in (x..).zip(line.chars()) {
            if character != ' ' {
                frame.buffer_mut()[(x, y)]
                    .set_char(character)
                    .set_style(style);
            }
        }
    }
}

/// Draws received bytes above an axis and sent bytes below it, at the same scale, and the time below both if there is room.
pub(in crate::tui) fn draw_mirrored(
    frame: &mut Frame<'_>,
    area: Rect,
    appearance: &Appearance,
    (received, sent): (&[Option<f64>], &[Option<f64>]),
    max: f64,
    window: Window,
) {
    let axis = u16::from(area.height > 4);
    let half = (area.height - axis.min(area.height)) / 2;
    let upper = Rect {
        height: half.max(1).min(area.height),
        ..area
    };
    let lower = Rect {
        y: upper.bottom(),
        height: half.min(area.height - upper.height),
        ..area
    };
    let rising = (Shape::Rising, Tone::Received);
    draw(frame, upper, appearance, (received, max), rising);
    let hanging = (Shape::Hanging, Tone::Sent);
    draw(frame, lower, appearance, (sent, max), hanging);
    if axis > 0 {
        let below = Rect {
            y: lower.bottom(),
            height: 1,
            ..area
        };
        draw_time_axis(frame, below, appearance, window);
    }
}

/// Draws the minutes of the window below a chart.
fn draw_time_axis(frame: &mut Frame<'_>, area: Rect, appearance: &Appearance, window: Window) {
    let minutes = window.minutes();
    let mut write = |column: u16, text: &str| {
        let place = Rect {
            x: area.x + column,
            width: area.width.saturating_sub(column),
            ..area
        };
        let piece = [(text.to_owned(), Tone::Muted)];
        pieces::write(frame.buffer_mut(), place, appearance, &piece);
    };
    let width = area.width;
    let now = "now";
    write(width.saturating_sub(now.len() as u16), now);
    // Those of a minute that is too narrow for its number are left out.
    let step = if width / minutes.max(1) < 4 { 5 } else { 1 };
    for minute in (1..minutes).filter(|minute| minute % step == 0) {
        let column = u32::from(width) * u32::from(minutes - minute) / u32::from(minutes);
        write(column as u16, &minute.to_string());
    }
    write(0, &format!("{minutes} min"));
}

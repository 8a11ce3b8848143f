//! Translates mouse events of the terminal into those of the screen.

use std::time::{Duration, Instant};

use crossterm::event::{MouseButton, MouseEvent, MouseEventKind};

use crate::tui::Pointer;

/// Maximum time between the two clicks of a double click.
const DOUBLE_CLICK: Duration = Duration::from_millis(400);

/// Recognizes double clicks: the time, column and row of the last single click.
#[derive(Debug, Default)]
pub(super) struct ClickTracker(Option<(Instant, u16, u16)>);

impl ClickTracker {
    /// Translates a mouse event; `None` if the screen does not use it.
    pub(super) fn pointer(&mut self, mouse: MouseEvent) -> Option<Pointer> {
        let (column, row) = (mouse.column, mouse.row);
        match mouse.kind {
            MouseEventKind::ScrollDown => Some(Pointer::Wheel(column, row, 1)),
            MouseEventKind::ScrollUp => Some(Pointer::Wheel(column, row, -1)),
            MouseEventKind::Down(MouseButton::Left) => {
                let now = Instant::now();
                let second = self.0.take().is_some_and(|(at, x, y)| {
                    (x, y) == (column, row) && now.duration_since(at) < DOUBLE_CLICK
                });
                if second {
                    return Some(Pointer::DoubleClick(column, row));
                }
                self.0 = Some((now, column, row));
                Some(Pointer::Click(column, row))
            }
            _ => None,
        }
    }
}

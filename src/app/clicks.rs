//! What the mouse did, as the screen understands it.

use std::time::{Duration, Instant};

use crossterm::event::{MouseButton, MouseEvent, MouseEventKind};

use crate::tui::Pointer;

/// How long after a click a second one at the same place makes it a double click.
const DOUBLE_CLICK: Duration = Duration::from_millis(400);

/// Tells double clicks from two.
#[derive(Debug, Default)]
pub(super) struct Clicks(Option<(Instant, u16, u16)>);

impl Clicks {
    /// What the mouse did; `None` if that means nothing here.
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

//! The backend that the dashboard draws on: within a bounded size, and without characters that are not printable.

use std::io;

use ratatui::backend::{Backend, ClearType, CrosstermBackend, WindowSize};
use ratatui::buffer::Cell;
use ratatui::layout::{Position, Size};

use super::terminal::FrameWriter;
use super::terminal_size;
use crate::printable::is_printable;

/// Drawn in place of a cell that is not printable.
static REPLACEMENT: Cell = Cell::new("\u{fffd}");

/// Draws frames on standard output.
#[derive(Debug)]
pub(super) struct ScreenBackend {
    inner: CrosstermBackend<FrameWriter>,
}

impl ScreenBackend {
    pub(super) fn new(writer: FrameWriter) -> ScreenBackend {
        ScreenBackend {
            inner: CrosstermBackend::new(writer),
        }
    }
}

/// Returns the cell, or a replacement if a text reached it that is not printable. Texts are printable before their width
/// is measured; this is the net below.
fn printable(cell: &Cell) -> &Cell {
    if cell.symbol().chars().all(is_printable) {
        cell
    } else {
        &REPLACEMENT
    }
}

impl Backend for ScreenBackend {
    type Error = io::Error;

    fn draw<'a, I>(&mut self, content: I) -> io::Result<()>
    where
        I: Iterator<Item = (u16, u16, &'a Cell)>,
    {
        self.inner
            .draw(content.map(|(x, y, cell)| (x, y, printable(cell))))
    }

    fn size(&self) -> io::Result<Size> {
        terminal_size::of_screen()
    }

    fn window_size(&mut self) -> io::Result<WindowSize> {
        Ok(WindowSize {
            columns_rows: self.size()?,
            pixels: Size::ZERO,
        })
    }

    fn append_lines(&mut self, lines: u16) -> io::Result<()> {
        self.inner.append_lines(lines)
    }

    fn hide_cursor(&mut self) -> io::Result<()> {
        self.inner.hide_cursor()
    }

    fn show_cursor(&mut self) -> io::Result<()> {
        self.inner.show_cursor()
    }

    fn get_cursor_position(&mut self) -> io::Result<Position> {
        self.inner.get_cursor_position()
    }

    fn set_cursor_position<P: Into<Position>>(&mut self, position: P) -> io::Result<()> {
        self.inner.set_cursor_position(position)
    }

    fn clear(&mut self) -> io::Result<()> {
        self.inner.clear()
    }

    fn clear_region(&mut self, region: ClearType) -> io::Result<()> {
        self.inner.clear_region(region)
    }

    fn flush(&mut self) -> io::Result<()> {
        Backend::flush(&mut self.inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_that_is_not_printable_is_replaced() {
        for shown in ["a", "e\u{301}", "数", "⣿", "│"] {
            assert_eq!(printable(&Cell::new(shown)).symbol(), shown);
        }
        for hidden in ["\u{1b}", "a\u{200d}", "a\u{e0041}", "\u{9b}"] {
            let cell = Cell::new(hidden.to_owned().leak());
            assert_eq!(printable(&cell).symbol(), "\u{fffd}");
        }
    }
}

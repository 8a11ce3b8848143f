//! The size of a terminal, bounded: it may claim any size up to 65535 in each direction, or none.

use std::io;
use std::os::fd::AsFd;

use ratatui::layout::Size;
use rustix::termios::tcgetwinsize;

/// Maximum size in which something is drawn: that of a screen of 8K with a small font. A frame needs about 50 bytes for
/// each cell, twice.
pub const MAX_SIZE: Size = Size::new(1000, 300);

/// Size of a terminal that claims none, as that of a serial line, unless `COLUMNS` and `LINES` are set.
const DEFAULT_SIZE: Size = Size::new(80, 24);

/// Returns the width of a terminal in columns; `None` if the file is no terminal or the terminal claims no width.
pub fn width(terminal: impl AsFd) -> Option<usize> {
    let claimed = tcgetwinsize(terminal).ok()?.ws_col;
    (claimed > 0).then(|| usize::from(claimed.min(MAX_SIZE.width)))
}

/// Returns the size in which the dashboard is drawn on standard output.
///
/// # Errors
/// If standard output is no terminal.
pub(super) fn of_screen() -> io::Result<Size> {
    let claimed = tcgetwinsize(io::stdout())?;
    let variable = |name| std::env::var(name).ok()?.parse().ok();
    Ok(bounded(
        Size::new(claimed.ws_col, claimed.ws_row),
        Size::new(
            variable("COLUMNS").unwrap_or(0),
            variable("LINES").unwrap_or(0),
        ),
    ))
}

/// Returns the claimed size within its bounds; where it is zero, that of the environment or the default.
fn bounded(claimed: Size, environment: Size) -> Size {
    let first = |sizes: [u16; 3]| sizes.into_iter().find(|size| *size > 0).unwrap_or(1);
    let width = first([claimed.width, environment.width, DEFAULT_SIZE.width]);
    let height = first([claimed.height, environment.height, DEFAULT_SIZE.height]);
    Size::new(width.min(MAX_SIZE.width), height.min(MAX_SIZE.height))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_claimed_size_is_bounded_and_a_missing_one_replaced() {
        let none = Size::new(0, 0);
        for (claimed, environment, expected) in [
            ((80, 24), (0, 0), (80, 24)),
            ((1, 1), (0, 0), (1, 1)),
            ((65535, 65535), (0, 0), (1000, 300)),
            ((65535, 1), (0, 0), (1000, 1)),
            ((0, 0), (0, 0), (80, 24)),
            ((0, 0), (132, 43), (132, 43)),
            ((0, 50), (65535, 65535), (1000, 50)),
        ] {
            let size = bounded(claimed.into(), environment.into());
            assert_eq!(size, expected.into(), "{claimed:?}");
        }
        assert!(bounded(none, none).width > 0);
    }
}

//! Scrolling of texts and of lists to choose from.

use super::command::Command;

/// Lines that a page key scrolls by.
const PAGE: usize = 10;

/// The line that a text or a list is scrolled to by a command. It is not limited at the end, which is known only when
/// it is drawn.
pub(super) fn scrolled(line: usize, command: Command) -> usize {
    match command {
        Command::Down | Command::NextMatch => line.saturating_add(1),
        Command::Up | Command::PreviousMatch => line.saturating_sub(1),
        Command::PageDown => line.saturating_add(PAGE),
        Command::PageUp => line.saturating_sub(PAGE),
        Command::First => 0,
        Command::Last => usize::MAX,
        _ => line,
    }
}

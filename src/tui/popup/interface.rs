//! The interface between the dashboard and a popup.

use std::any::Any;
use std::fmt::Debug;

use crossterm::event::KeyEvent;
use ratatui::Frame;
use ratatui::layout::Rect;

use crate::tui::command::Command;
use crate::tui::effect::Effect;
use crate::tui::hint::Hint;

/// The outcome of a command or a click for the popup.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The popup stays open.
    Stay,
    /// The popup closes.
    Close,
    /// The popup closes and requests an effect.
    CloseWith(Effect),
}

/// A popup over a screen. `S` is the state of the dashboard; it owns the popup and is therefore a parameter here. While
/// a popup handles a command or is drawn, it is taken out of the state.
pub trait Popup<S>: Any + Debug + Send {
    /// True if the command closes the popup, as [`Command::Back`] always does.
    fn is_closed_by(&self, command: Command) -> bool;

    /// Handles a key that means something in this popup only; `None` if it is a key as everywhere.
    fn press(&mut self, _state: &mut S, _key: &KeyEvent) -> Option<Outcome> {
        None
    }

    /// Handles a command that does not close the popup and that means the same everywhere.
    fn handle(&mut self, state: &mut S, command: Command) -> Outcome;

    /// Handles a click on a line that was registered as
    /// [`ClickTarget::Line`](crate::tui::click_map::ClickTarget::Line).
    fn click(&mut self, _state: &mut S, _line: usize) -> Outcome {
        Outcome::Stay
    }

    /// The text by which the popup's lines are searched; `None` if they cannot be.
    fn search(&self) -> Option<&str> {
        None
    }

    /// Searches the popup's lines for another text.
    fn set_search(&mut self, _text: String) {}

    /// True if the character is text to search the popup's lines for as soon as it is typed, and not a key.
    fn is_typed(&self, _character: char) -> bool {
        false
    }

    /// Clears the search; returns true if there was one.
    fn cancel_search(&mut self) -> bool {
        let is_searched = self.search().is_some_and(|search| !search.is_empty());
        if is_searched {
            self.set_search(String::new());
        }
        is_searched
    }

    /// The hints of the footer, the most useful first.
    fn hints(&self) -> Vec<Hint>;

    /// Draws the popup over `area`.
    fn render(&mut self, frame: &mut Frame<'_>, area: Rect, state: &mut S);
}

//! Which key means what. Help and footer are made from this very table, so that they cannot lie.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

/// What somebody at the keyboard can ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Command {
    /// End the program.
    Quit,
    /// Stop the program, as the shell's Ctrl-Z does.
    Suspend,
    /// Draw everything anew.
    Redraw,
    /// Show or hide the keys.
    Help,
    /// Show or hide what could not be read.
    Faults,
    /// Go to a screen by its number, counted from 0.
    GoTo(usize),
    /// Go to the next screen.
    NextScreen,
    /// Go to the screen before.
    PreviousScreen,
    /// Select the row below, or scroll down.
    Down,
    /// Select the row above, or scroll up.
    Up,
    /// Scroll to columns further right.
    Right,
    /// Scroll to columns further left.
    Left,
    /// A page down.
    PageDown,
    /// A page up.
    PageUp,
    /// To the first row.
    First,
    /// To the last row.
    Last,
    /// Look into what is selected, or choose it.
    Open,
    /// Go back to where one was.
    Back,
    /// Choose the column to sort by from a list.
    PickSort,
    /// Turn the order around.
    InvertSort,
    /// Sort by the column to the right.
    SortRight,
    /// Sort by the column to the left.
    SortLeft,
}

/// Keys for one thing.
#[derive(Debug, Clone, Copy)]
pub struct Binding {
    /// The keys.
    pub keys: &'static [(KeyCode, KeyModifiers)],
    /// How help and footer write them.
    pub label: &'static str,
    /// What they ask for.
    pub command: Command,
    /// What they do, as a line of help; empty if the line before tells of them too.
    pub about: &'static str,
}

const NONE: KeyModifiers = KeyModifiers::NONE;
const CTRL: KeyModifiers = KeyModifiers::CONTROL;

const fn key(character: char) -> (KeyCode, KeyModifiers) {
    (KeyCode::Char(character), NONE)
}

const fn ctrl(character: char) -> (KeyCode, KeyModifiers) {
    (KeyCode::Char(character), CTRL)
}

macro_rules! bindings {
    ($( $label:literal, [$($key:expr),+], $command:expr, $about:literal; )+) => {
        /// Every key, in the order in which help tells of them.
        pub static BINDINGS: &[Binding] = &[
            $( Binding { keys: &[$($key),+], label: $label, command: $command, about: $about } ),+
        ];
    };
}

bindings! {
    "1", [key('1')], Command::GoTo(0), "Overview: states, throughput, the top of everything";
    "2", [key('2')], Command::GoTo(1), "Sockets: every socket there is";
    "3", [key('3')], Command::GoTo(2), "Processes: who holds sockets, and what they do with them";
    "Tab", [(KeyCode::Tab, NONE)], Command::NextScreen, "next screen";
    "Shift-Tab", [(KeyCode::BackTab, NONE)], Command::PreviousScreen, "screen before";
    "↓ j", [(KeyCode::Down, NONE), key('j')], Command::Down, "select the row below";
    "↑ k", [(KeyCode::Up, NONE), key('k')], Command::Up, "select the row above";
    "→ l", [(KeyCode::Right, NONE), key('l')], Command::Right, "scroll to columns that do not fit";
    "← h", [(KeyCode::Left, NONE), key('h')], Command::Left, "scroll back";
    "PgDn Ctrl-F", [(KeyCode::PageDown, NONE), ctrl('f')], Command::PageDown, "a page down";
    "PgUp Ctrl-B", [(KeyCode::PageUp, NONE), ctrl('b')], Command::PageUp, "a page up";
    "g Home", [key('g'), (KeyCode::Home, NONE)], Command::First, "first row";
    "G End", [key('G'), (KeyCode::End, NONE)], Command::Last, "last row";
    "Enter", [(KeyCode::Enter, NONE)], Command::Open, "look into the selected row: a process, or a socket's owner";
    "Esc", [(KeyCode::Esc, NONE), (KeyCode::Backspace, NONE)], Command::Back, "back to exactly where one was";
    "s", [key('s')], Command::PickSort, "choose the column to sort by";
    "I", [key('I')], Command::InvertSort, "turn the order around";
    "<", [key('<')], Command::SortLeft, "sort by the column to the left";
    ">", [key('>')], Command::SortRight, "sort by the column to the right";
    "!", [key('!')], Command::Faults, "what could not be read, and why";
    "?", [key('?'), (KeyCode::F(1), NONE)], Command::Help, "this help";
    "Ctrl-L", [ctrl('l')], Command::Redraw, "draw the screen anew";
    "Ctrl-Z", [ctrl('z')], Command::Suspend, "stop; fg goes on";
    "q Ctrl-C", [key('q'), ctrl('c')], Command::Quit, "quit";
}

/// What a key asks for, in turn. A terminal sends Alt and a key as Esc and that key; when somebody types Esc and then a
/// key, and both arrive at once, it looks the same. No key is bound with Alt, so that is what it is.
pub fn commands(event: &KeyEvent) -> impl Iterator<Item = Command> {
    let escape = event.modifiers.contains(KeyModifiers::ALT);
    let escape = escape.then(|| KeyEvent::new(KeyCode::Esc, NONE));
    let mut key = *event;
    key.modifiers -= KeyModifiers::ALT;
    escape.into_iter().chain([key]).filter_map(command)
}

fn command(event: KeyEvent) -> Option<Command> {
    let mut modifiers = event.modifiers;
    if matches!(event.code, KeyCode::Char(_) | KeyCode::BackTab) {
        // The character tells it already.
        modifiers -= KeyModifiers::SHIFT;
    }
    BINDINGS
        .iter()
        .find(|binding| binding.keys.contains(&(event.code, modifiers)))
        .map(|binding| binding.command)
}

/// How the key for a command is written: its first label.
pub fn label(command: Command) -> &'static str {
    BINDINGS
        .iter()
        .find(|binding| binding.command == command)
        .map_or("", |binding| binding.label.split(' ').next().unwrap_or(""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_key_means_two_things() {
        let mut seen = Vec::new();
        for key in BINDINGS.iter().flat_map(|binding| binding.keys) {
            assert!(!seen.contains(key), "{key:?} is bound twice");
            seen.push(*key);
        }
    }

    #[test]
    fn shift_is_told_by_the_character() {
        let event = KeyEvent::new(KeyCode::Char('G'), KeyModifiers::SHIFT);
        assert_eq!(command(event), Some(Command::Last));
        let event = KeyEvent::new(KeyCode::BackTab, KeyModifiers::SHIFT);
        assert_eq!(command(event), Some(Command::PreviousScreen));
    }

    #[test]
    fn esc_and_a_key_that_arrive_at_once_are_both_heard() {
        let heard = |code, modifiers| -> Vec<Command> {
            commands(&KeyEvent::new(code, modifiers)).collect()
        };
        let alt = KeyModifiers::ALT;
        assert_eq!(heard(KeyCode::Char('2'), NONE), [Command::GoTo(1)]);
        assert_eq!(
            heard(KeyCode::Char('2'), alt),
            [Command::Back, Command::GoTo(1)]
        );
        assert_eq!(
            heard(KeyCode::Char('G'), alt | KeyModifiers::SHIFT),
            [Command::Back, Command::Last]
        );
        assert_eq!(heard(KeyCode::Char('ü'), alt), [Command::Back]);
        assert_eq!(heard(KeyCode::Char('q'), CTRL), []);
    }

    #[test]
    fn every_screen_has_its_digit() {
        for at in 0..crate::tui::Screen::ALL.len() {
            assert_eq!(label(Command::GoTo(at)), (at + 1).to_string());
        }
    }
}

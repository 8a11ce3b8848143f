//! The key map: the keys of each command, and their help. The help popup and the footer derive from it.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::command::Command;
use super::screen::Screen;

/// The keys of a command.
#[derive(Debug, Clone, Copy)]
pub struct Binding {
    /// The keys.
    pub keys: &'static [(KeyCode, KeyModifiers)],
    /// The keys as help and footer write them.
    pub label: &'static str,
    /// The command.
    pub command: Command,
    /// The command as a line of help.
    pub about: &'static str,
}

const NONE: KeyModifiers = KeyModifiers::NONE;
const CTRL: KeyModifiers = KeyModifiers::CONTROL;
const SHIFT: KeyModifiers = KeyModifiers::SHIFT;

const fn key(character: char) -> (KeyCode, KeyModifiers) {
    (KeyCode::Char(character), NONE)
}

const fn ctrl(character: char) -> (KeyCode, KeyModifiers) {
    (KeyCode::Char(character), CTRL)
}

macro_rules! bindings {
    ($( $label:literal, [$($key:expr),+], $command:expr, $about:literal; )+) => {
        /// Every key, in the order of the help.
        pub static BINDINGS: &[Binding] = &[
            $( Binding { keys: &[$($key),+], label: $label, command: $command, about: $about } ),+
        ];
    };
}

bindings! {
    "1", [key('1')], Command::GoTo(Screen::Overview), "Overview: states, throughput, the top of everything";
    "2", [key('2')], Command::GoTo(Screen::Sockets), "Sockets: every socket there is";
    "3", [key('3')], Command::GoTo(Screen::Processes), "Processes: who holds sockets, and what they do with them";
    "4", [key('4')], Command::GoTo(Screen::Listeners), "Listeners: accept queues, who is served, what is dropped";
    "5", [key('5')], Command::GoTo(Screen::Remotes), "Remotes: hosts at the other end, and their ports";
    "6", [key('6')], Command::GoTo(Screen::Findings), "Findings: what is wrong, with the evidence and what to do";
    "7", [key('7')], Command::GoTo(Screen::System), "System: limits, counters, interfaces, settings";
    "8", [key('8')], Command::GoTo(Screen::Events), "Events: opened, changed, closed, as it happens";
    "Tab", [(KeyCode::Tab, NONE)], Command::NextScreen, "next screen";
    "Shift-Tab", [(KeyCode::BackTab, NONE)], Command::PreviousScreen, "screen before";
    "↓ j", [(KeyCode::Down, NONE), key('j')], Command::Down, "select the row below";
    "↑ k", [(KeyCode::Up, NONE), key('k')], Command::Up, "select the row above";
    "→", [(KeyCode::Right, NONE)], Command::Later, "the next sample, if frozen or in a replay; else as l";
    "←", [(KeyCode::Left, NONE)], Command::Earlier, "the sample before, if frozen or in a replay; else as h";
    "l Shift-→", [key('l'), (KeyCode::Right, SHIFT)], Command::Right, "columns that do not fit; of several tables the next one";
    "h Shift-←", [key('h'), (KeyCode::Left, SHIFT)], Command::Left, "scroll back; of several tables the one before";
    "PgDn Ctrl-F", [(KeyCode::PageDown, NONE), ctrl('f')], Command::PageDown, "a page down";
    "PgUp Ctrl-B", [(KeyCode::PageUp, NONE), ctrl('b')], Command::PageUp, "a page up";
    "g Home", [key('g'), (KeyCode::Home, NONE)], Command::First, "first row";
    "G End", [key('G'), (KeyCode::End, NONE)], Command::Last, "last row; events follow again";
    "Enter", [(KeyCode::Enter, NONE)], Command::Open, "look into the selected row; fold or unfold a group";
    "Esc", [(KeyCode::Esc, NONE), (KeyCode::Backspace, NONE)], Command::Back, "back to exactly where one was; at the top, no filter";
    "p", [key('p')], Command::Owner, "the process that owns the socket";
    "e", [key('e')], Command::OtherEnd, "the socket at the other end, if it is on this machine";
    "P", [key('P')], Command::OtherProcess, "the process at the other end, if it is on this machine";
    "/", [key('/')], Command::Filter, "filter: ss's language and more, or a text; on System: look for a text; here: for a key";
    "f", [key('f')], Command::Findings, "findings: what is wrong with the row, or with the page";
    "i", [key('i')], Command::FilterBy, "include only what the row has: its state, process, host, port";
    "x", [key('x')], Command::Exclude, "leave out what the row has";
    "F", [key('F')], Command::ClearFilter, "no filter";
    "n", [key('n')], Command::NextMark, "the next finding, if frozen or in a replay; else as Ctrl-N";
    "N", [key('N')], Command::PreviousMark, "the finding before, if frozen or in a replay; else as Ctrl-P";
    "Ctrl-N", [ctrl('n')], Command::NextMatch, "next row that matches";
    "Ctrl-P", [ctrl('p')], Command::PreviousMatch, "row before that matches";
    "s", [key('s')], Command::PickSort, "choose the column to sort by";
    "I", [key('I')], Command::InvertSort, "turn the order around";
    "<", [key('<')], Command::SortLeft, "sort by the column to the left";
    ">", [key('>')], Command::SortRight, "sort by the column to the right";
    "o", [key('o')], Command::HoldOrder, "hold the order: rows stay where they are";
    "c", [key('c')], Command::PickColumns, "choose the columns, their order and width";
    "+", [key('+')], Command::Widen, "the column that is sorted by wider";
    "-", [key('-')], Command::Narrow, "the column that is sorted by narrower";
    "=", [key('=')], Command::ResetColumns, "columns as they come";
    "t", [key('t')], Command::Group, "group sockets by process, remote, port, state, cgroup, nothing";
    "z", [key('z')], Command::Fold, "fold or unfold a group, or the ports of a remote";
    "Z", [key('Z')], Command::FoldAll, "fold or unfold all";
    "Space", [key(' ')], Command::Freeze, "freeze what is shown while sampling goes on; again: now; in a replay: play, pause";
    ",", [key(',')], Command::Jump(-10), "10 s back";
    ".", [key('.')], Command::Jump(10), "10 s on";
    "[", [key('[')], Command::Jump(-60), "1 min back";
    "]", [key(']')], Command::Jump(60), "1 min on";
    "{", [key('{')], Command::Jump(-600), "10 min back";
    "}", [key('}')], Command::Jump(600), "10 min on";
    "^", [key('^')], Command::FirstSample, "to the first sample there is";
    "$", [key('$')], Command::LastSample, "to the last sample there is";
    "@", [key('@')], Command::GoToTime, "go to a time: 20:14:07, -5m from the end, +30s from the start";
    "(", [key('(')], Command::ChangeSpeed(-1), "play slower";
    ")", [key(')')], Command::ChangeSpeed(1), "play faster";
    "M", [key('M')], Command::Mark, "mark the instant that is shown, to compare others with it";
    "D", [key('D')], Command::Difference, "what differs from the marked instant: sockets; again: processes";
    "R", [key('R')], Command::Record, "record what is sampled into a file here; again: stop";
    "W", [key('W')], Command::Save, "save the last minutes to a file here";
    "y", [key('y')], Command::CopyRow, "copy the row to the terminal's clipboard";
    "Y", [key('Y')], Command::CopyCell, "copy the cell of the column that is sorted by";
    "K", [key('K')], Command::Kill, "end the socket, or send its process a signal; asks first";
    "!", [key('!')], Command::Faults, "what could not be read, and why";
    "T", [key('T')], Command::Theme, "colours for a dark ground, a light one, none";
    "m", [key('m')], Command::Mouse, "leave the mouse to the terminal, to select text; again: take it";
    "?", [key('?'), (KeyCode::F(1), NONE)], Command::Help, "this help";
    "Ctrl-L", [ctrl('l')], Command::Redraw, "draw the screen anew";
    "Ctrl-Z", [ctrl('z')], Command::Suspend, "stop; fg goes on";
    "q Ctrl-C", [key('q'), ctrl('c')], Command::Quit, "quit";
}

/// Splits a key event into the keys that were pressed. A terminal sends Alt and a key as Esc and that key, so Esc and a
/// key that arrive at once look the same. No key is bound with Alt, so such an event is treated as these two keys.
pub fn keys(event: &KeyEvent) -> impl Iterator<Item = KeyEvent> {
    let escape = event.modifiers.contains(KeyModifiers::ALT);
    let escape = escape.then(|| KeyEvent::new(KeyCode::Esc, NONE));
    let mut key = *event;
    key.modifiers -= KeyModifiers::ALT;
    escape.into_iter().chain([key])
}

/// The command of a key, if it has one.
pub fn command(event: &KeyEvent) -> Option<Command> {
    let mut modifiers = event.modifiers;
    if matches!(event.code, KeyCode::Char(_) | KeyCode::BackTab) {
        // The character is the shifted one already.
        modifiers -= KeyModifiers::SHIFT;
    }
    BINDINGS
        .iter()
        .find(|binding| binding.keys.contains(&(event.code, modifiers)))
        .map(|binding| binding.command)
}

/// The first key of a command as it is written; empty if it has none.
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
    fn no_key_is_bound_twice() {
        let mut seen = Vec::new();
        for key in BINDINGS.iter().flat_map(|binding| binding.keys) {
            assert!(!seen.contains(key), "{key:?} is bound twice");
            seen.push(*key);
        }
    }

    #[test]
    fn shift_is_part_of_the_character() {
        let event = KeyEvent::new(KeyCode::Char('G'), KeyModifiers::SHIFT);
        assert_eq!(command(&event), Some(Command::Last));
        let event = KeyEvent::new(KeyCode::BackTab, KeyModifiers::SHIFT);
        assert_eq!(command(&event), Some(Command::PreviousScreen));
    }

    #[test]
    fn esc_and_a_key_that_arrive_at_once_are_two_keys() {
        let commands = |code, modifiers| -> Vec<Command> {
            keys(&KeyEvent::new(code, modifiers))
                .filter_map(|key| command(&key))
                .collect()
        };
        let alt = KeyModifiers::ALT;
        let sockets = Command::GoTo(Screen::Sockets);
        assert_eq!(commands(KeyCode::Char('2'), NONE), [sockets]);
        assert_eq!(commands(KeyCode::Char('2'), alt), [Command::Back, sockets]);
        assert_eq!(
            commands(KeyCode::Char('G'), alt | KeyModifiers::SHIFT),
            [Command::Back, Command::Last]
        );
        assert_eq!(commands(KeyCode::Char('ü'), alt), [Command::Back]);
        assert_eq!(commands(KeyCode::Char('q'), CTRL), []);
    }

    #[test]
    fn every_screen_has_its_digit() {
        for screen in Screen::ALL {
            assert_eq!(label(Command::GoTo(screen)), screen.digit().to_string());
        }
    }
}

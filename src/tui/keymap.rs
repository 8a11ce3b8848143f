//! The key map: the keys of each command, and their help. The help popup and the footer derive from it.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::command::Command;
use super::screen::Screen;

/// The keys of a command.
#[derive(Debug, Clone, Copy)]
pub struct Binding {
    /// The keys.
    pub keys: &'static [(KeyCode, KeyModifiers)],
    /// The keys as shown in the help and the footer.
    pub label: &'static str,
    /// The command.
    pub command: Command,
    /// The help text: an imperative phrase.
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
    "1", [key('1')], Command::GoTo(Screen::Overview), "Go to Overview: states, throughput, top processes and remotes";
    "2", [key('2')], Command::GoTo(Screen::Sockets), "Go to Sockets: all sockets, alone or in groups";
    "3", [key('3')], Command::GoTo(Screen::Processes), "Go to Processes: sockets, throughput and descriptors of each";
    "4", [key('4')], Command::GoTo(Screen::Listeners), "Go to Listeners: accept queues, clients, drops";
    "5", [key('5')], Command::GoTo(Screen::Remotes), "Go to Remotes: remote hosts and their ports";
    "6", [key('6')], Command::GoTo(Screen::Findings), "Go to Findings: problems, their evidence and what to do";
    "7", [key('7')], Command::GoTo(Screen::System), "Go to System: limits, counters, interfaces, settings";
    "8", [key('8')], Command::GoTo(Screen::Events), "Go to Events: sockets as they open, change state and close";
    "Tab", [(KeyCode::Tab, NONE)], Command::NextScreen, "Go to the next screen";
    "Shift-Tab", [(KeyCode::BackTab, NONE)], Command::PreviousScreen, "Go to the previous screen";
    "↓ j", [(KeyCode::Down, NONE), key('j')], Command::Down, "Select the row below";
    "↑ k", [(KeyCode::Up, NONE), key('k')], Command::Up, "Select the row above";
    "→", [(KeyCode::Right, NONE)], Command::Later, "Go to the next sample (frozen or replay), else like l";
    "←", [(KeyCode::Left, NONE)], Command::Earlier, "Go to the previous sample (frozen or replay), else like h";
    "l Shift-→", [key('l'), (KeyCode::Right, SHIFT)], Command::Right, "Scroll the columns right, or focus the next table";
    "h Shift-←", [key('h'), (KeyCode::Left, SHIFT)], Command::Left, "Scroll the columns left, or focus the previous table";
    "PgDn Ctrl-F", [(KeyCode::PageDown, NONE), ctrl('f')], Command::PageDown, "Scroll down one page";
    "PgUp Ctrl-B", [(KeyCode::PageUp, NONE), ctrl('b')], Command::PageUp, "Scroll up one page";
    "g Home", [key('g'), (KeyCode::Home, NONE)], Command::First, "Select the first row";
    "G End", [key('G'), (KeyCode::End, NONE)], Command::Last, "Select the last row; on Events, follow new events again";
    "Enter", [(KeyCode::Enter, NONE)], Command::Open, "Open the selected row or group; fold or unfold others";
    "Esc", [(KeyCode::Esc, NONE), (KeyCode::Backspace, NONE)], Command::Back, "Return to the previous view; without one, clear the filter";
    "p", [key('p')], Command::Owner, "Open the process that owns the socket";
    "e", [key('e')], Command::OtherEnd, "Open the socket at the other end, if on this machine";
    "P", [key('P')], Command::OtherProcess, "Open the process at the other end, if on this machine";
    "/", [key('/')], Command::Filter, "Filter sockets; on System, in help and pickers, search";
    "f", [key('f')], Command::Findings, "Show the findings about the selected row or the page";
    "i", [key('i')], Command::FilterBy, "Include only rows with a value of this row (state, host, …)";
    "x", [key('x')], Command::Exclude, "Exclude rows with a value of this row";
    "S", [key('S')], Command::NextStateFilter, "Filter by the next TCP state, in place of the one before";
    "F", [key('F')], Command::ClearFilter, "Clear the filter";
    "n", [key('n')], Command::NextMark, "Go to the next finding (frozen or replay), else like Ctrl-N";
    "N", [key('N')], Command::PreviousMark, "Go to the previous finding (frozen or replay), else like Ctrl-P";
    "Ctrl-N", [ctrl('n')], Command::NextMatch, "Select the next row that matches the filter";
    "Ctrl-P", [ctrl('p')], Command::PreviousMatch, "Select the previous row that matches the filter";
    "s", [key('s')], Command::PickSort, "Choose the column to sort by";
    "I", [key('I')], Command::InvertSort, "Reverse the sort order";
    "a", [key('a')], Command::NextAverage, "Order by throughput: of 10 s, of a minute, of the last interval";
    "<", [key('<')], Command::SortLeft, "Sort by the column to the left";
    ">", [key('>')], Command::SortRight, "Sort by the column to the right";
    "o", [key('o')], Command::HoldOrder, "Hold the order: rows stay where they are";
    "c", [key('c')], Command::PickColumns, "Choose the columns, their order and width";
    "+", [key('+')], Command::Widen, "Widen the sort column";
    "-", [key('-')], Command::Narrow, "Narrow the sort column";
    "=", [key('=')], Command::ResetColumns, "Reset columns";
    "v", [key('v')], Command::PickNamespace, "Open a network namespace; on System, show its figures";
    "b", [key('b')], Command::PickGroup, "Group by: pod, container, namespace, process, …";
    "t", [key('t')], Command::Group, "Cycle the grouping: process, remote, port, unit, pod, …, none";
    "z", [key('z')], Command::Fold, "Fold or unfold a group, or the ports of a remote";
    "Z", [key('Z')], Command::FoldAll, "Fold or unfold all";
    "Space", [key(' ')], Command::Freeze, "Freeze or resume the display; in a replay, pause or play";
    ",", [key(',')], Command::Jump(-10), "Go back 10 s";
    ".", [key('.')], Command::Jump(10), "Go forward 10 s";
    "[", [key('[')], Command::Jump(-60), "Go back 1 min";
    "]", [key(']')], Command::Jump(60), "Go forward 1 min";
    "{", [key('{')], Command::Jump(-600), "Go back 10 min";
    "}", [key('}')], Command::Jump(600), "Go forward 10 min";
    "^", [key('^')], Command::FirstSample, "Go to the first sample";
    "$", [key('$')], Command::LastSample, "Go to the last sample";
    "@", [key('@')], Command::GoToTime, "Go to a time: 20:14:07, -5m from the end, +30s from the start";
    "(", [key('(')], Command::ChangeSpeed(-1), "Play slower";
    ")", [key(')')], Command::ChangeSpeed(1), "Play faster";
    "M", [key('M')], Command::Mark, "Mark the instant shown, to compare others with it";
    "D", [key('D')], Command::Difference, "Compare with the marked instant: sockets, then processes";
    "R", [key('R')], Command::Record, "Start or stop recording to a file in this directory";
    "W", [key('W')], Command::Save, "Save the last minutes to a file in this directory";
    "y", [key('y')], Command::CopyRow, "Copy the row to the terminal's clipboard";
    "Y", [key('Y')], Command::CopyCell, "Copy the cell in the sort column";
    "K", [key('K')], Command::Kill, "Kill: destroy the socket or signal its process; asks first";
    "!", [key('!')], Command::Faults, "Show the sources that could not be read";
    "w", [key('w')], Command::ChartWindow, "Let the charts span one, five or ten minutes";
    "T", [key('T')], Command::Theme, "Switch the theme: dark, light, no colors";
    "m", [key('m')], Command::Mouse, "Release the mouse to select text, or capture it again";
    "?", [key('?'), (KeyCode::F(1), NONE)], Command::Help, "Show this help";
    "Ctrl-L", [ctrl('l')], Command::Redraw, "Redraw the screen";
    "Ctrl-Z", [ctrl('z')], Command::Suspend, "Suspend; fg resumes";
    "q Ctrl-C", [key('q'), ctrl('c')], Command::Quit, "Quit";
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

/// The label of the first key of a command; empty if it has none.
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

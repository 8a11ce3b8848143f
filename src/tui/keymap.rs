//! The key map: the keys of each command, and their help. The help popup and the footer derive from the [`KeyMap`] in
//! force, which has the default keys unless the configuration sets others.

use std::borrow::Cow;
use std::collections::BTreeMap;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::command::Command;
use super::screen::Screen;
use crate::config::{Key, key_name, normalized};

/// A command with its default keys.
#[derive(Debug, Clone, Copy)]
pub struct Binding {
    /// The name in the configuration.
    pub name: &'static str,
    /// The default keys.
    pub keys: &'static [Key],
    /// The default keys as shown in the help and the footer.
    pub label: &'static str,
    /// The command.
    pub command: Command,
    /// The help text: an imperative phrase.
    pub about: &'static str,
}

const NONE: KeyModifiers = KeyModifiers::NONE;
const CTRL: KeyModifiers = KeyModifiers::CONTROL;
const SHIFT: KeyModifiers = KeyModifiers::SHIFT;

const fn key(character: char) -> Key {
    (KeyCode::Char(character), NONE)
}

const fn ctrl(character: char) -> Key {
    (KeyCode::Char(character), CTRL)
}

macro_rules! bindings {
    ($( $name:literal: $label:literal, [$($key:expr),+], $command:expr, $about:literal; )+) => {
        /// Every command with its default keys, in the order of the help.
        pub static BINDINGS: &[Binding] = &[
            $( Binding { name: $name, keys: &[$($key),+], label: $label, command: $command, about: $about } ),+
        ];
    };
}

bindings! {
    "go_to_overview": "1", [key('1')], Command::GoTo(Screen::Overview), "Go to Overview: states, throughput, top processes and remotes";
    "go_to_sockets": "2", [key('2')], Command::GoTo(Screen::Sockets), "Go to Sockets: all sockets, alone or in groups";
    "go_to_processes": "3", [key('3')], Command::GoTo(Screen::Processes), "Go to Processes: sockets, throughput and descriptors of each";
    "go_to_listeners": "4", [key('4')], Command::GoTo(Screen::Listeners), "Go to Listeners: accept queues, clients, drops";
    "go_to_remotes": "5", [key('5')], Command::GoTo(Screen::Remotes), "Go to Remotes: remote hosts and their ports";
    "go_to_findings": "6", [key('6')], Command::GoTo(Screen::Findings), "Go to Findings: problems, their evidence and what to do";
    "go_to_system": "7", [key('7')], Command::GoTo(Screen::System), "Go to System: limits, counters, interfaces, settings";
    "go_to_events": "8", [key('8')], Command::GoTo(Screen::Events), "Go to Events: sockets as they open, change state and close";
    "next_screen": "Tab", [(KeyCode::Tab, NONE)], Command::NextScreen, "Go to the next screen";
    "previous_screen": "Shift-Tab", [(KeyCode::BackTab, NONE)], Command::PreviousScreen, "Go to the previous screen";
    "down": "↓ j", [(KeyCode::Down, NONE), key('j')], Command::Down, "Select the row below";
    "up": "↑ k", [(KeyCode::Up, NONE), key('k')], Command::Up, "Select the row above";
    "next_sample": "→", [(KeyCode::Right, NONE)], Command::Later, "Go to the next sample (frozen or replay), else like l";
    "previous_sample": "←", [(KeyCode::Left, NONE)], Command::Earlier, "Go to the previous sample (frozen or replay), else like h";
    "scroll_right": "l Shift-→", [key('l'), (KeyCode::Right, SHIFT)], Command::Right, "Scroll the columns right, or focus the next table";
    "scroll_left": "h Shift-←", [key('h'), (KeyCode::Left, SHIFT)], Command::Left, "Scroll the columns left, or focus the previous table";
    "page_down": "PgDn Ctrl-F", [(KeyCode::PageDown, NONE), ctrl('f')], Command::PageDown, "Scroll down one page";
    "page_up": "PgUp Ctrl-B", [(KeyCode::PageUp, NONE), ctrl('b')], Command::PageUp, "Scroll up one page";
    "first_row": "g Home", [key('g'), (KeyCode::Home, NONE)], Command::First, "Select the first row";
    "last_row": "G End", [key('G'), (KeyCode::End, NONE)], Command::Last, "Select the last row; on Events, follow new events again";
    "open": "Enter", [(KeyCode::Enter, NONE)], Command::Open, "Open the selected row or group; fold or unfold others";
    "back": "Esc", [(KeyCode::Esc, NONE), (KeyCode::Backspace, NONE)], Command::Back, "Return to the previous view; without one, clear the filter";
    "open_owner": "p", [key('p')], Command::Owner, "Open the process that owns the socket";
    "open_other_end": "e", [key('e')], Command::OtherEnd, "Open the socket at the other end, if on this machine";
    "open_other_process": "P", [key('P')], Command::OtherProcess, "Open the process at the other end, if on this machine";
    "filter": "/", [key('/')], Command::Filter, "Filter sockets; on System and in help, search";
    "findings": "f", [key('f')], Command::Findings, "Show the findings about the selected row or the page";
    "filter_by": "i", [key('i')], Command::FilterBy, "Include only rows with a value of this row (state, host, …)";
    "exclude": "x", [key('x')], Command::Exclude, "Exclude rows with a value of this row";
    "next_state_filter": "S", [key('S')], Command::NextStateFilter, "Filter by the next TCP state, in place of the one before";
    "clear_filter": "F", [key('F')], Command::ClearFilter, "Clear the filter";
    "next_finding": "n", [key('n')], Command::NextMark, "Go to the next finding (frozen or replay), else like Ctrl-N";
    "previous_finding": "N", [key('N')], Command::PreviousMark, "Go to the previous finding (frozen or replay), else like Ctrl-P";
    "next_match": "Ctrl-N", [ctrl('n')], Command::NextMatch, "Select the next row that matches the filter";
    "previous_match": "Ctrl-P", [ctrl('p')], Command::PreviousMatch, "Select the previous row that matches the filter";
    "pick_sort": "s", [key('s')], Command::PickSort, "Choose the column to sort by";
    "invert_sort": "I", [key('I')], Command::InvertSort, "Reverse the sort order";
    "next_average": "a", [key('a')], Command::NextAverage, "Order by throughput: of 10 s, of a minute, of the last interval";
    "sort_left": "<", [key('<')], Command::SortLeft, "Sort by the column to the left";
    "sort_right": ">", [key('>')], Command::SortRight, "Sort by the column to the right";
    "hold_order": "o", [key('o')], Command::HoldOrder, "Hold the order: rows stay where they are";
    "pick_columns": "c", [key('c')], Command::PickColumns, "Choose the columns, their order and width";
    "widen_column": "+", [key('+')], Command::Widen, "Widen the sort column";
    "narrow_column": "-", [key('-')], Command::Narrow, "Narrow the sort column";
    "reset_columns": "=", [key('=')], Command::ResetColumns, "Reset columns";
    "pick_namespace": "v", [key('v')], Command::PickNamespace, "Open a network namespace; on System, show its figures";
    "pick_group": "b", [key('b')], Command::PickGroup, "Group by: pod, container, namespace, process, …";
    "cycle_grouping": "t", [key('t')], Command::Group, "Cycle the grouping: process, remote, port, unit, pod, …, none";
    "fold": "z", [key('z')], Command::Fold, "Fold or unfold a group, or the ports of a remote";
    "fold_all": "Z", [key('Z')], Command::FoldAll, "Fold or unfold all";
    "freeze": "Space", [key(' ')], Command::Freeze, "Freeze or resume the display; in a replay, pause or play";
    "back_10_s": ",", [key(',')], Command::Jump(-10), "Go back 10 s";
    "forward_10_s": ".", [key('.')], Command::Jump(10), "Go forward 10 s";
    "back_1_min": "[", [key('[')], Command::Jump(-60), "Go back 1 min";
    "forward_1_min": "]", [key(']')], Command::Jump(60), "Go forward 1 min";
    "back_10_min": "{", [key('{')], Command::Jump(-600), "Go back 10 min";
    "forward_10_min": "}", [key('}')], Command::Jump(600), "Go forward 10 min";
    "first_sample": "^", [key('^')], Command::FirstSample, "Go to the first sample";
    "last_sample": "$", [key('$')], Command::LastSample, "Go to the last sample";
    "go_to_time": "@", [key('@')], Command::GoToTime, "Go to a time: 20:14:07, -5m from the end, +30s from the start";
    "slower": "(", [key('(')], Command::ChangeSpeed(-1), "Play slower";
    "faster": ")", [key(')')], Command::ChangeSpeed(1), "Play faster";
    "mark": "M", [key('M')], Command::Mark, "Mark the instant shown, to compare others with it";
    "difference": "D", [key('D')], Command::Difference, "Compare with the marked instant: sockets, then processes";
    "record": "R", [key('R')], Command::Record, "Start or stop recording to a file in this directory";
    "save": "W", [key('W')], Command::Save, "Save the last minutes to a file in this directory";
    "copy_row": "y", [key('y')], Command::CopyRow, "Copy the row to the terminal's clipboard";
    "copy_cell": "Y", [key('Y')], Command::CopyCell, "Copy the cell in the sort column";
    "kill": "K", [key('K')], Command::Kill, "Kill: destroy the socket or signal its process; asks first";
    "faults": "!", [key('!')], Command::Faults, "Show the sources that could not be read";
    "chart_window": "w", [key('w')], Command::ChartWindow, "Let the charts span one, five or ten minutes";
    "theme": "T", [key('T')], Command::Theme, "Switch the theme: dark, light, high contrast, …";
    "mouse": "m", [key('m')], Command::Mouse, "Release the mouse to select text, or capture it again";
    "help": "?", [key('?'), (KeyCode::F(1), NONE)], Command::Help, "Show this help";
    "redraw": "Ctrl-L", [ctrl('l')], Command::Redraw, "Redraw the screen";
    "suspend": "Ctrl-Z", [ctrl('z')], Command::Suspend, "Suspend; fg resumes";
    "close": "q", [key('q')], Command::Close, "Close the popup or the page; without one, quit";
    "quit": "Ctrl-C", [ctrl('c')], Command::Quit, "Quit at once";
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

/// The keys in force: the defaults, except for commands whose keys are set otherwise.
#[derive(Debug, Clone)]
pub struct KeyMap {
    bound: Vec<BoundCommand>,
}

/// A command with the keys in force.
#[derive(Debug, Clone)]
pub struct BoundCommand {
    /// The command with its help.
    pub binding: &'static Binding,
    /// The keys; empty if the command has none.
    pub keys: Cow<'static, [Key]>,
    /// The keys as shown in the help, separated by spaces.
    pub label: Cow<'static, str>,
}

impl Default for KeyMap {
    fn default() -> KeyMap {
        KeyMap::new(&BTreeMap::new())
    }
}

impl KeyMap {
    /// Builds the key map from the keys that replace the defaults, by the name of the command.
    pub fn new(changes: &BTreeMap<String, Vec<Key>>) -> KeyMap {
        let bound = BINDINGS
            .iter()
            .map(|binding| match changes.get(binding.name) {
                None => BoundCommand {
                    binding,
                    keys: Cow::Borrowed(binding.keys),
                    label: Cow::Borrowed(binding.label),
                },
                Some(keys) => {
                    let names: Vec<String> = keys.iter().map(|key| key_name(*key)).collect();
                    BoundCommand {
                        binding,
                        keys: Cow::Owned(keys.clone()),
                        label: Cow::Owned(names.join(" ")),
                    }
                }
            });
        KeyMap {
            bound: bound.collect(),
        }
    }

    /// Every command with its keys, in the order of the help.
    pub fn commands(&self) -> &[BoundCommand] {
        &self.bound
    }

    /// The command of a key, if it has one.
    pub fn command(&self, event: &KeyEvent) -> Option<Command> {
        let key = normalized((event.code, event.modifiers));
        let mut bound = self.bound.iter();
        let found = bound.find(|bound| bound.keys.contains(&key));
        found.map(|bound| bound.binding.command)
    }

    /// The label of the first key of a command; empty if it has none.
    pub fn label(&self, command: Command) -> &str {
        let mut bound = self.bound.iter();
        let found = bound.find(|bound| bound.binding.command == command);
        found.map_or("", |bound| bound.label.split(' ').next().unwrap_or(""))
    }

    /// The labels of several commands, for one hint: `↓↑`, `Ctrl-N Ctrl-P`.
    pub fn labels(&self, commands: &[Command]) -> String {
        let labels = commands.iter().map(|&command| self.label(command));
        let labels: Vec<&str> = labels.filter(|label| !label.is_empty()).collect();
        let is_short = labels.iter().all(|label| label.chars().count() == 1);
        labels.join(if is_short { "" } else { " " })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::parse_key;

    #[test]
    fn no_key_is_bound_twice() {
        let mut seen = Vec::new();
        for key in BINDINGS.iter().flat_map(|binding| binding.keys) {
            assert!(!seen.contains(key), "{key:?} is bound twice");
            seen.push(*key);
        }
    }

    #[test]
    fn labels_are_the_names_of_the_keys_and_names_are_read_back() {
        for binding in BINDINGS {
            let names: Vec<String> = binding.keys.iter().map(|key| key_name(*key)).collect();
            // Further keys may be left out.
            assert!(names.join(" ").starts_with(binding.label), "{names:?}");
            for (key, name) in binding.keys.iter().zip(&names) {
                assert_eq!(parse_key(name), Some(*key), "{name}");
            }
        }
    }

    #[test]
    fn every_command_has_its_own_name() {
        let mut names: Vec<&str> = BINDINGS.iter().map(|binding| binding.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), BINDINGS.len());
    }

    #[test]
    fn keys_that_are_set_replace_the_defaults() {
        let f5 = (KeyCode::F(5), NONE);
        let changes = [
            ("redraw".to_owned(), vec![f5, ctrl('g')]),
            ("kill".to_owned(), vec![]),
        ];
        let map = KeyMap::new(&changes.into());
        let command = |(code, modifiers)| map.command(&KeyEvent::new(code, modifiers));
        assert_eq!(command(f5), Some(Command::Redraw));
        assert_eq!(command(ctrl('l')), None);
        assert_eq!(
            (map.label(Command::Redraw), map.label(Command::Kill)),
            ("F5", "")
        );
        assert_eq!(map.labels(&[Command::Redraw, Command::Down]), "F5 ↓");
        assert_eq!(map.labels(&[Command::Up, Command::Down]), "↑↓");
    }

    #[test]
    fn shift_is_part_of_the_character() {
        let map = KeyMap::default();
        let event = KeyEvent::new(KeyCode::Char('G'), KeyModifiers::SHIFT);
        assert_eq!(map.command(&event), Some(Command::Last));
        let event = KeyEvent::new(KeyCode::BackTab, KeyModifiers::SHIFT);
        assert_eq!(map.command(&event), Some(Command::PreviousScreen));
    }

    #[test]
    fn esc_and_a_key_that_arrive_at_once_are_two_keys() {
        let map = KeyMap::default();
        let commands = |code, modifiers| -> Vec<Command> {
            keys(&KeyEvent::new(code, modifiers))
                .filter_map(|key| map.command(&key))
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
        let map = KeyMap::default();
        for screen in Screen::ALL {
            assert_eq!(map.label(Command::GoTo(screen)), screen.digit().to_string());
        }
    }
}

//! What commands do to what lies over the screen: texts that scroll, lists to choose from.

use super::{act, findings, keep, on_screen};
use crate::filter::SearchText;
use crate::tui::command::Command;
use crate::tui::effect::Effect;
use crate::tui::state::{Popup, State};
use crate::tui::table::Heading;
use crate::tui::typing::Typing;

/// Lines that a page key scrolls a text by.
const TEXT_PAGE: usize = 10;

/// What a command does while something lies over the screen.
pub(super) fn in_popup(state: &mut State, popup: &Popup, command: Command) -> Option<Effect> {
    let closes = matches!(
        (popup, command),
        (_, Command::Back)
            | (Popup::Help(_), Command::Help | Command::Open)
            | (Popup::Faults(_), Command::Faults | Command::Open)
            | (Popup::PickSort(_), Command::PickSort)
            | (Popup::PickColumns(_), Command::PickColumns | Command::Open)
            | (Popup::Save(_), Command::Save)
            | (Popup::Findings(..), Command::Findings)
    );
    if closes {
        // What was looked for goes first.
        if command == Command::Back && !state.search.is_empty() {
            state.search.clear();
            to_the_top(state);
        } else {
            state.popup = None;
        }
        return None;
    }
    match command {
        Command::Help => state.open_popup(Popup::Help(0)),
        Command::Faults => state.open_popup(Popup::Faults(0)),
        Command::Filter
            if matches!(
                popup,
                Popup::FilterBy(..) | Popup::Kill(..) | Popup::Save(_) | Popup::Findings(..)
            ) => {}
        Command::Filter => state.typing = Some(Typing::search(&state.search)),
        Command::GoTo(_) | Command::NextScreen | Command::PreviousScreen => {
            state.popup = None;
            return on_screen(state, command);
        }
        _ => match *popup {
            Popup::FilterBy(ref conditions, exclude, line) => {
                act::in_filter_by(state, (conditions, exclude, line), command);
            }
            Popup::Kill(ref kill_target, line, asked) => {
                return act::in_kill(state, (kill_target, line, asked), command);
            }
            Popup::Findings(ref keys, at, line) => {
                findings::in_findings(state, (keys, at, line), command);
            }
            Popup::Save(line) => return keep::in_save(state, line, command),
            Popup::Help(line) => state.popup = Some(Popup::Help(scrolled(line, command))),
            Popup::Faults(line) => state.popup = Some(Popup::Faults(scrolled(line, command))),
            Popup::PickSort(line) => pick_sort(state, line, command),
            Popup::PickColumns(line) => pick_columns(state, line, command),
        },
    }
    None
}

/// Shows a list or a text from its beginning: something else is looked for.
pub(super) fn to_the_top(state: &mut State) {
    match &mut state.popup {
        Some(
            Popup::Help(line)
            | Popup::Faults(line)
            | Popup::PickSort(line)
            | Popup::PickColumns(line)
            | Popup::FilterBy(_, _, line)
            | Popup::Save(line)
            | Popup::Findings(_, _, line)
            | Popup::Kill(_, line, _),
        ) => *line = 0,
        None => {}
    }
}

/// Where a text or a list stands after a command. The end is found when it is drawn.
pub(super) fn scrolled(line: usize, command: Command) -> usize {
    match command {
        Command::Down | Command::NextMatch => line.saturating_add(1),
        Command::Up | Command::PreviousMatch => line.saturating_sub(1),
        Command::PageDown => line.saturating_add(TEXT_PAGE),
        Command::PageUp => line.saturating_sub(TEXT_PAGE),
        Command::First => 0,
        Command::Last => usize::MAX,
        _ => line,
    }
}

/// Whether a heading is what is looked for.
fn is_wanted(search: &SearchText, heading: &Heading) -> bool {
    [heading.id, heading.heading, heading.about]
        .iter()
        .any(|text| search.matches(text))
}

/// The lines of the list of columns to sort by.
pub(in crate::tui) fn sort_lines(state: &State) -> Vec<usize> {
    let search = SearchText::new(&state.search);
    let headings = state.table().map_or(&[][..], |table| table.headings());
    (0..headings.len())
        .filter(|&column| is_wanted(&search, &headings[column]))
        .collect()
}

/// The lines of the list of columns to show: each with whether it is shown.
pub(in crate::tui) fn column_lines(state: &State) -> Vec<(usize, bool)> {
    let search = SearchText::new(&state.search);
    let Some(table) = state.table() else {
        return Vec::new();
    };
    let headings = table.headings();
    let mut lines = table.column_choices();
    lines.retain(|(column, _)| is_wanted(&search, &headings[*column]));
    lines
}

fn pick_sort(state: &mut State, line: usize, command: Command) {
    let lines = sort_lines(state);
    let line = scrolled(line, command).min(lines.len().saturating_sub(1));
    let column = lines.get(line).copied();
    let table = state.table_mut();
    match (command, column, table) {
        (Command::Open, Some(column), Some(table)) => {
            if table.sort_order().column != column {
                table.sort_by(column);
            }
            state.popup = None;
        }
        (Command::InvertSort, _, Some(table)) => table.invert_sort(),
        _ => state.popup = Some(Popup::PickSort(line)),
    }
}

fn pick_columns(state: &mut State, line: usize, command: Command) {
    let lines = column_lines(state);
    let mut line = scrolled(line, command).min(lines.len().saturating_sub(1));
    if let (Some(&(column, _)), Some(table)) = (lines.get(line), state.table_mut()) {
        match command {
            Command::Freeze => table.toggle_column(column),
            Command::SortLeft | Command::Left => table.move_column(column, -1),
            Command::SortRight | Command::Right => table.move_column(column, 1),
            Command::Widen => table.widen_column(column, 2),
            Command::Narrow => table.widen_column(column, -2),
            Command::ResetColumns => table.reset_columns(),
            _ => {}
        }
        let moved = matches!(
            command,
            Command::SortLeft | Command::SortRight | Command::Left | Command::Right
        );
        if moved {
            // The cursor goes with the column.
            let lines = column_lines(state);
            line = lines
                .iter()
                .position(|&(at, _)| at == column)
                .unwrap_or(line);
        }
    }
    state.popup = Some(Popup::PickColumns(line));
}

/// Chooses a line of a list by a click: the same as going there and pressing Enter, or Space.
pub(super) fn click(state: &mut State, line: usize) -> Option<Effect> {
    match state.popup.clone() {
        Some(Popup::FilterBy(conditions, exclude, _)) => {
            act::in_filter_by(state, (&conditions, exclude, line), Command::Open);
        }
        // What ends something is not done by a slip of the mouse: it is only pointed at.
        Some(Popup::Kill(kill_target, _, _)) => {
            state.popup = Some(Popup::Kill(kill_target, line, false))
        }
        Some(Popup::Findings(keys, _, _)) => {
            state.popup = Some(Popup::Findings(keys, line, 0));
        }
        Some(Popup::Save(_)) => return keep::in_save(state, line, Command::Open),
        Some(Popup::PickSort(_)) => pick_sort(state, line, Command::Open),
        Some(Popup::PickColumns(_)) => pick_columns(state, line, Command::Freeze),
        Some(Popup::Help(_) | Popup::Faults(_)) | None => {}
    }
    None
}

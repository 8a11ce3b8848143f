//! What commands do: a command changes the state, and what is to be done outside comes back as an [`Effect`].

mod able;
mod act;
mod filter_input;
mod filter_values;
mod findings;
mod jump;
mod keep;
mod mark;
mod picker;
mod pointer;
mod time;
mod typing;

use crossterm::event::KeyEvent;

use super::command::Command;
use super::effect::Effect;
use super::filter_line::FilterLine;
use super::keymap;
use super::page::{Page, SocketPage};
use super::state::{Popup, Screen, State, Target};
use super::typing::Typing;
use crate::column::format;
use crate::filter::Filter;

pub(super) use able::{does_something, target_name};
pub(super) use jump::{other_end, owner};
pub(super) use keep::PARTS;
pub(super) use picker::{column_lines, sort_lines};
pub use pointer::{Pointer, point};
pub use typing::{commit_input, paste};

/// Takes a key: a letter of what is being typed, or a command.
pub fn press(state: &mut State, key: &KeyEvent) -> Option<Effect> {
    state.message = None;
    match state.typing.take() {
        Some(typing) => typing::press(state, typing, key),
        None => update(state, keymap::command(key)?),
    }
}

/// True if a key means anything here and now, so that there may be something to draw.
pub fn is_bound(state: &State, key: &KeyEvent) -> bool {
    state.typing.is_some() || state.message.is_some() || keymap::command(key).is_some()
}

/// Carries out one command.
pub fn update(state: &mut State, command: Command) -> Option<Effect> {
    let command = time::meaning(state, command);
    // What lies over the screen has its own use for the keys.
    if state.popup.is_none() && time::decides(state, command) {
        time::update(state, command)
    } else {
        in_force(state, command)
    }
}

/// Carries out a command that leaves one at the time where one is.
fn in_force(state: &mut State, command: Command) -> Option<Effect> {
    match command {
        Command::Quit => return Some(Effect::Quit),
        Command::Suspend => return Some(Effect::Suspend),
        Command::Redraw => return Some(Effect::Redraw),
        Command::Theme => {
            state.look.theme = state.look.theme.next();
            let name = state.look.theme.name();
            state.message = Some(format!("colours: {name}"));
            return None;
        }
        Command::Mouse => {
            state.mouse = !state.mouse;
            state.message = Some(if state.mouse {
                "clicks come here".to_owned()
            } else {
                "clicks are the terminal's; m takes them back".to_owned()
            });
            return Some(Effect::Mouse(state.mouse));
        }
        _ => {}
    }
    match state.popup.clone() {
        Some(popup) => picker::in_popup(state, &popup, command),
        None => on_screen(state, command),
    }
}

fn on_screen(state: &mut State, command: Command) -> Option<Effect> {
    match command {
        Command::Help => state.open_popup(Popup::Help(0)),
        Command::Faults => state.open_popup(Popup::Faults(0)),
        Command::GoTo(screen) => go_to(state, screen),
        Command::NextScreen => go_to(state, beside(state.screen, 1)),
        Command::PreviousScreen => go_to(state, beside(state.screen, Screen::ALL.len() - 1)),
        Command::Back => back(state),
        Command::Open => open(state),
        Command::Owner => jump::to_owner(state),
        Command::OtherEnd => jump::to_other_end(state),
        Command::OtherProcess => jump::to_other_process(state),
        Command::Filter if state.looks_for() => {
            state.typing = Some(Typing::search(state.searched()));
        }
        Command::ClearFilter if !state.system.search().is_empty() && state.looks_for() => {
            state.look_for(String::new());
        }
        Command::Filter => {
            let line = FilterLine::new(state.filter());
            state.typing = Some(Typing::Filter(Box::new(line)));
        }
        Command::Findings => findings::offer(state),
        Command::FilterBy => act::offer_conditions(state, false),
        Command::Exclude => act::offer_conditions(state, true),
        Command::ClearFilter => state.set_filter(Filter::default()),
        Command::Kill => act::offer_kill(state),
        Command::PickSort => {
            if let Some(table) = state.table() {
                let column = table.sort_order().column;
                state.open_popup(Popup::PickSort(column));
            }
        }
        Command::PickColumns => {
            if state.table().is_some() {
                state.open_popup(Popup::PickColumns(0));
            }
        }
        Command::Mark => mark::mark(state),
        Command::Difference => mark::difference(state),
        Command::Record => return keep::record(state),
        Command::Save => keep::offer(state),
        Command::CopyRow | Command::CopyCell => return copy(state, command),
        Command::Left | Command::Right if state.has_panes() => {
            let all = state.panes();
            let focus = state.focus_mut();
            let at = all.iter().position(|pane| pane == focus).unwrap_or(0);
            let step = if command == Command::Right { 1 } else { 3 };
            *focus = all[(at + step) % all.len()];
        }
        _ => steer(state, command),
    }
    None
}

/// The screen so many places further.
fn beside(screen: Screen, places: usize) -> Screen {
    Screen::ALL[(screen as usize + places) % Screen::ALL.len()]
}

/// Goes to a screen, to where one was on it. The digit of the screen that one is on leads out of what was looked into.
fn go_to(state: &mut State, screen: Screen) {
    state.led_from = None;
    if state.screen == screen {
        while state.go_back() {}
    }
    state.led_from = None;
    state.screen = screen;
}

/// Goes back by one; at the top of a screen it takes the filter away.
fn back(state: &mut State) {
    if state.go_back() {
        return;
    }
    if state.looks_for() && !state.searched().is_empty() {
        state.look_for(String::new());
    } else if let Some(screen) = state.led_from.take() {
        state.screen = screen;
    } else {
        state.set_filter(Filter::default());
    }
}

fn copy(state: &mut State, command: Command) -> Option<Effect> {
    state.arrange();
    let moment = state.moment.clone()?;
    let text = match (state.page(), state.table()) {
        (Some(Page::Socket(page)), _) => jump::text_of(page, &moment),
        (_, Some(table)) if command == Command::CopyCell => table.cell_text(&moment),
        (_, Some(table)) => table.row_text(&moment),
        _ => None,
    }?;
    let mut shown = String::new();
    format::sanitize(&mut shown, text.replace('\t', "  ").as_bytes());
    state.message = Some(format!("copied: {shown}"));
    Some(Effect::Copy(text))
}

/// Moves in the table in sight, or in the text.
fn steer(state: &mut State, command: Command) {
    let Some(moment) = state.moment.clone() else {
        return;
    };
    if let Some(Page::Socket(page)) = state.page_mut() {
        page.line = picker::scrolled(page.line, command);
        return;
    }
    state.arrange();
    let sequence = state.sequence;
    let Some(table) = state.table_mut() else {
        return;
    };
    let sorted = table.sort_order().column;
    match command {
        Command::Down => table.step(&moment, 1),
        Command::Up => table.step(&moment, -1),
        Command::PageDown => table.page(&moment, 1),
        Command::PageUp => table.page(&moment, -1),
        Command::First => table.first(&moment),
        Command::Last => table.last(&moment),
        Command::Right => table.scroll_columns(1),
        Command::Left => table.scroll_columns(-1),
        Command::NextMatch => table.next_match(&moment, true),
        Command::PreviousMatch => table.next_match(&moment, false),
        Command::InvertSort => table.invert_sort(),
        Command::SortRight => table.sort_by_neighbor(1),
        Command::SortLeft => table.sort_by_neighbor(-1),
        Command::HoldOrder => table.toggle_held_order(&moment, sequence),
        Command::Widen => table.widen_column(sorted, 2),
        Command::Narrow => table.widen_column(sorted, -2),
        Command::ResetColumns => table.reset_columns(),
        Command::Group => drop(table.next_grouping()),
        Command::Fold => {
            table.select_current(&moment);
            table.toggle_fold(&moment);
        }
        Command::FoldAll => drop(table.toggle_all_folds(&moment)),
        _ => {}
    }
}

/// Looks into the selected row.
fn open(state: &mut State) {
    state.arrange();
    let Some(moment) = state.moment.clone() else {
        return;
    };
    let Some(table) = state.table_mut() else {
        return;
    };
    let Some(target) = table.target(&moment) else {
        return;
    };
    table.select_current(&moment);
    look_into(state, target);
}

/// Looks into what Enter means.
fn look_into(state: &mut State, target: Target) {
    let Some(moment) = state.moment.clone() else {
        return;
    };
    match target {
        Target::Process(process) => state.look_into_process(process, None),
        Target::Socket(key) => jump::into_socket(state, key),
        Target::Remote(address, service) => state.look_into_remote(address, service),
        Target::System => {
            let from = state.screen;
            go_to(state, Screen::System);
            state.led_from = Some(from);
        }
        Target::Nowhere(why) => state.message = Some(why),
        Target::Fold => {
            if let Some(table) = state.table_mut() {
                table.toggle_fold(&moment);
            }
        }
        Target::Event(number) => {
            if let Some(page) = SocketPage::of_event(&moment.aggregate.events, number) {
                state.look_into_socket(page);
            }
        }
    }
}

impl State {
    /// Opens something over the screen.
    fn open_popup(&mut self, popup: Popup) {
        self.search.clear();
        self.popup = Some(popup);
    }
}

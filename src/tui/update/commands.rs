//! The commands on a screen: the availability and the action of each. Their keys and help are in
//! [`keymap`](crate::tui::keymap). The dispatcher and the footer's hints derive from the table here.

use super::availability::{
    always, can_clear_filter, can_filter_by_row, can_fold, can_go_back, can_group, can_kill,
    can_record, has_faults, has_filtered_rows, has_mark, has_moment, has_other_end, has_owner,
    has_rows, has_rows_or_panes, has_rows_or_text, has_target, is_replay,
};
use super::{comparison, copying, jumps, table_keys, time};
use crate::aggregate::Moment;
use crate::filter::Filter;
use crate::tui::command::Command;
use crate::tui::effect::Effect;
use crate::tui::filter_line::FilterLine;
use crate::tui::navigation;
use crate::tui::popup::{
    column_picker, faults, filter_by, findings, group_picker, help, kill_confirmation,
    namespace_picker, quit_confirmation, save, sort_picker,
};
use crate::tui::screen::Screen;
use crate::tui::state::State;
use crate::tui::state_chips;
use crate::tui::table::TableControl;
use crate::tui::text_input::TextInput;
use crate::tui::theme::ColorSupport;
use crate::tui::timeline::Seek;

/// The action of a command: changes the state, and may return an effect.
type Action = Box<dyn FnOnce(&mut State) -> Option<Effect>>;

/// The declaration of a command.
struct Entry {
    /// True if the command means the same while a popup is open.
    is_global: bool,
    /// Reports whether the command would do something on the screen shown.
    is_available: fn(&State) -> bool,
    action: Action,
}

/// Carries out a command on the screen shown. One that is not available sets a message with the reason, or does
/// nothing.
pub(super) fn run(state: &mut State, command: Command) -> Option<Effect> {
    (entry(command).action)(state)
}

/// True if the command would do something on the screen shown.
pub(super) fn is_available(state: &State, command: Command) -> bool {
    (entry(time::resolve(state, command)).is_available)(state)
}

/// True if the command means the same while a popup is open.
pub(super) fn is_global(command: Command) -> bool {
    entry(command).is_global
}

/// The declaration of each command.
fn entry(command: Command) -> Entry {
    match command {
        // The program.
        Command::Close => effect(always, close),
        Command::Quit => effect(always, |_| Some(Effect::Quit)).global(),
        Command::Suspend => effect(always, |_| Some(Effect::Suspend)).global(),
        Command::Redraw => effect(always, |_| Some(Effect::Redraw)).global(),
        Command::ChartWindow => change(always, next_chart_window),
        Command::Theme => change(always, next_theme).global(),
        Command::Mouse => effect(always, |state| Some(toggle_mouse(state))).global(),
        Command::Help => change(always, help::open),
        Command::Faults => change(has_faults, faults::open),
        // Screens and pages.
        Command::GoTo(screen) => change(always, move |state| navigation::go_to(state, screen)),
        Command::NextScreen => change(always, |state| navigation::cycle_screen(state, 1)),
        Command::PreviousScreen => change(always, |state| {
            navigation::cycle_screen(state, Screen::ALL.len() - 1);
        }),
        Command::Open => change(has_target, navigation::open),
        Command::Back => change(can_go_back, navigation::back),
        Command::Owner => change(has_owner, jumps::to_owner),
        Command::OtherEnd => change(has_other_end, jumps::to_other_end),
        Command::OtherProcess => change(has_other_end, jumps::to_other_process),
        // Rows.
        Command::Down => scroll(command, |table, moment| table.step(moment, 1)),
        Command::Up => scroll(command, |table, moment| table.step(moment, -1)),
        Command::PageDown => scroll(command, |table, moment| table.page(moment, 1)),
        Command::PageUp => scroll(command, |table, moment| table.page(moment, -1)),
        Command::First => scroll(command, |table, moment| table.first(moment)),
        Command::Last => scroll(command, |table, moment| table.last(moment)),
        Command::NextMatch => change(has_filtered_rows, |state| {
            table_keys::scroll(state, Command::NextMatch, |table, moment| {
                table.next_match(moment, true);
            });
        }),
        Command::PreviousMatch => change(has_filtered_rows, |state| {
            table_keys::scroll(state, Command::PreviousMatch, |table, moment| {
                table.next_match(moment, false);
            });
        }),
        Command::Group => on_table(can_group, |table, _| {
            table.next_grouping();
        }),
        Command::PickNamespace => change(namespace_picker::is_available, namespace_picker::open),
        Command::PickGroup => change(has_moment, group_picker::open),
        Command::Fold => on_table(can_fold, |table, moment| {
            table.select_current(moment);
            table.toggle_fold(moment);
        }),
        Command::FoldAll => on_table(can_fold, |table, _| {
            table.toggle_all_folds();
        }),
        Command::HoldOrder => change(has_rows, table_keys::hold_order),
        Command::CopyRow => effect(has_rows_or_text, copying::copy_row),
        Command::CopyCell => effect(has_rows_or_text, copying::copy_cell),
        // Columns.
        Command::Left => change(has_rows_or_panes, table_keys::left),
        Command::Right => change(has_rows_or_panes, table_keys::right),
        Command::PickSort => change(has_rows, sort_picker::open),
        Command::InvertSort => on_table(has_rows, |table, _| table.invert_sort()),
        Command::NextAverage => on_table(has_rows, |table, _| order_by_next_average(table)),
        Command::SortLeft => on_table(has_rows, |table, _| table.sort_by_neighbor(-1)),
        Command::SortRight => on_table(has_rows, |table, _| table.sort_by_neighbor(1)),
        Command::PickColumns => change(has_rows, column_picker::open),
        Command::Widen => on_table(has_rows, |table, _| widen_sort_column(table, 2)),
        Command::Narrow => on_table(has_rows, |table, _| widen_sort_column(table, -2)),
        Command::ResetColumns => on_table(has_rows, |table, _| table.reset_columns()),
        // Filters, findings, kills.
        Command::Filter => change(always, type_filter),
        Command::FilterBy => change(can_filter_by_row, |state| filter_by::open(state, false)),
        Command::Exclude => change(can_filter_by_row, |state| filter_by::open(state, true)),
        Command::NextStateFilter => change(always, state_chips::select_next),
        Command::ClearFilter => change(can_clear_filter, clear_filter),
        Command::Findings => change(findings::is_available, findings::open),
        Command::Kill => change(can_kill, kill_confirmation::open),
        // Time.
        Command::Freeze => effect(has_moment, time::freeze),
        Command::Earlier => seek(State::steps_through_time, Seek::Step(-1)),
        Command::Later => seek(State::steps_through_time, Seek::Step(1)),
        Command::PreviousMark => {
            effect(State::steps_through_time, |_| Some(Effect::SeekMark(false)))
        }
        Command::NextMark => effect(State::steps_through_time, |_| Some(Effect::SeekMark(true))),
        Command::Jump(seconds) if seconds > 0 => {
            seek(State::steps_through_time, Seek::Jump(seconds * 1_000_000))
        }
        Command::Jump(seconds) => seek(always, Seek::Jump(seconds * 1_000_000)),
        Command::FirstSample => seek(always, Seek::Start),
        Command::LastSample => seek(State::steps_through_time, Seek::End),
        Command::GoToTime => effect(always, time::type_time),
        Command::ChangeSpeed(steps) => {
            effect(is_replay, move |state| time::change_speed(state, steps))
        }
        Command::Mark => change(has_moment, comparison::mark),
        Command::Difference => change(has_mark, comparison::show_difference),
        // Files.
        Command::Record => effect(can_record, record),
        Command::Save => change(can_record, save::open),
    }
}

impl Entry {
    fn global(self) -> Entry {
        Entry {
            is_global: true,
            ..self
        }
    }
}

/// Declares a command that may return an effect.
fn effect(
    is_available: fn(&State) -> bool,
    action: impl FnOnce(&mut State) -> Option<Effect> + 'static,
) -> Entry {
    Entry {
        is_global: false,
        is_available,
        action: Box::new(action),
    }
}

/// Declares a command that changes the state only.
fn change(is_available: fn(&State) -> bool, action: impl FnOnce(&mut State) + 'static) -> Entry {
    effect(is_available, |state| {
        action(state);
        None
    })
}

/// Declares a command that moves in time.
fn seek(is_available: fn(&State) -> bool, seek: Seek) -> Entry {
    effect(is_available, move |state| time::seek(state, seek))
}

/// Declares a command on the table with the focus.
fn on_table(is_available: fn(&State) -> bool, action: fn(&mut dyn TableControl, &Moment)) -> Entry {
    change(is_available, move |state| {
        table_keys::on_table(state, action);
    })
}

/// Declares a command that moves in the table with the focus, or scrolls the text of the page.
fn scroll(command: Command, action: fn(&mut dyn TableControl, &Moment)) -> Entry {
    change(has_rows_or_text, move |state| {
        table_keys::scroll(state, command, action);
    })
}

fn widen_sort_column(table: &mut dyn TableControl, by: i16) {
    table.widen_column(table.sort_order().column, by);
}

/// The columns of throughput, by the time that it is averaged over.
const AVERAGES: [&str; 3] = ["steady_rate", "rate_60s", "rate"];

fn order_by_next_average(table: &mut dyn TableControl) {
    let headings = table.headings();
    let place = |id: &str| headings.iter().position(|heading| heading.id == id);
    let now = headings
        .get(table.sort_order().column)
        .map(|heading| heading.id);
    let at = AVERAGES.iter().position(|id| Some(*id) == now);
    let next = at.map_or(0, |at| (at + 1) % AVERAGES.len());
    if let Some(column) = place(AVERAGES[next]) {
        table.sort_by(column);
    }
}

/// Closes the page; without one, ends the program, after a question if a recording runs.
fn close(state: &mut State) -> Option<Effect> {
    if state.close_page() {
        return None;
    }
    if quit_confirmation::is_needed(state) {
        quit_confirmation::open(state);
        return None;
    }
    Some(Effect::Quit)
}

fn next_chart_window(state: &mut State) {
    state.chart_window = state.chart_window.next();
    state.message = Some(format!("charts: {}", state.chart_window.label()));
}

fn next_theme(state: &mut State) {
    let appearance = &mut state.appearance;
    appearance.theme = appearance.theme.next(appearance.colors);
    let name = appearance.theme.name();
    state.message = Some(match appearance.colors {
        ColorSupport::None => format!("theme: {name}; colors are off"),
        _ => format!("theme: {name}"),
    });
}

fn toggle_mouse(state: &mut State) -> Effect {
    state.mouse = !state.mouse;
    state.message = Some(if state.mouse {
        "mouse captured".to_owned()
    } else {
        let key = state.appearance.keys.label(Command::Mouse);
        format!("mouse released: select text with it; press {key} to capture it again")
    });
    Effect::Mouse(state.mouse)
}

/// Starts to type a filter; on a screen that filters do not apply to, a text to search for.
fn type_filter(state: &mut State) {
    state.text_input = Some(if state.is_searchable() {
        TextInput::search(state.search())
    } else {
        TextInput::Filter(Box::new(FilterLine::new(state.filter())))
    });
}

/// Clears the search of the screen, or else the filter.
fn clear_filter(state: &mut State) {
    if state.is_searchable() && !state.search().is_empty() {
        state.set_search(String::new());
    } else {
        state.set_filter(Filter::default());
    }
}

/// Starts or stops recording, or sets a message with the reason why there is nothing to record.
fn record(state: &mut State) -> Option<Effect> {
    let why = save::unsavable_reason(state);
    state.message = why.map(str::to_owned);
    why.is_none().then_some(Effect::Record)
}

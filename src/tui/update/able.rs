//! Which commands do something here and now: what the footer tells of.

use std::sync::Arc;

use super::{act, findings, keep, other_end, owner};
use crate::tui::command::Command;
use crate::tui::lists::Grouping;
use crate::tui::page::Page;
use crate::tui::state::{Display, Screen, State, Target};
use crate::tui::table::TableControl;

/// What Enter would lead to here and now.
fn target(state: &State) -> Option<Target> {
    let moment = state.moment.as_deref()?;
    let target = state.table()?.target(moment)?;
    (!matches!(target, Target::Nowhere(_))).then_some(target)
}

/// Whether a command does something here and now.
pub(in crate::tui) fn does_something(state: &State, command: Command) -> bool {
    let free = state.popup.is_none();
    let table = state.table().filter(|_| free && state.moment.is_some());
    let rows = table.is_some_and(TableControl::has_rows);
    let on_socket = free && matches!(state.page(), Some(Page::Socket(_)));
    match command {
        Command::Open => match state.popup {
            Some(_) => true,
            None => target(state).is_some(),
        },
        Command::Back => {
            !free
                || state.led_from.is_some()
                || state.page().is_some()
                || !state.filter().is_empty()
                || is_searched(state)
        }
        Command::Up | Command::Down => !free || rows || on_socket,
        Command::Owner => free && owner(state).is_some(),
        Command::OtherEnd | Command::OtherProcess => free && other_end(state).is_some(),
        Command::ClearFilter => free && (!state.filter().is_empty() || is_searched(state)),
        Command::Kill => {
            free && state.display != Display::Replay && act::kill_target(state).is_some()
        }
        Command::NextMatch | Command::PreviousMatch => rows && !state.filter().is_empty(),
        Command::Findings => free && findings::looks_at_something(state),
        Command::FilterBy | Command::Exclude => (rows && !state.looks_for()) || on_socket,
        Command::CopyRow => rows || on_socket,
        Command::PickSort
        | Command::InvertSort
        | Command::SortLeft
        | Command::SortRight
        | Command::HoldOrder
        | Command::PickColumns => rows,
        Command::Earlier | Command::Later if state.goes_through_time() => free,
        Command::Left | Command::Right | Command::Earlier | Command::Later => {
            rows || state.has_panes()
        }
        Command::Group => free && groups(state),
        Command::Fold => rows && (state.screen == Screen::Remotes || grouped(state)),
        Command::Freeze | Command::Mark => free && state.moment.is_some(),
        Command::Jump(1..) | Command::LastSample | Command::NextMark | Command::PreviousMark => {
            free && state.goes_through_time()
        }
        Command::Difference => free && state.mark.is_some(),
        Command::Record | Command::Save => free && keep::can(state),
        Command::Faster(_) => free && state.display == Display::Replay,
        Command::Faults => {
            let moment: Option<&Arc<_>> = state.moment.as_ref();
            moment.is_some_and(|moment| !moment.sample.faults.is_empty())
        }
        Command::Filter
        | Command::Quit
        | Command::Suspend
        | Command::Redraw
        | Command::Theme
        | Command::Mouse => true,
        _ => free,
    }
}

/// Whether something is looked for on the screen.
fn is_searched(state: &State) -> bool {
    state.looks_for() && !state.searched().is_empty()
}

/// Whether the table in sight is one of sockets, which can be grouped.
fn groups(state: &State) -> bool {
    match state.page() {
        Some(Page::Process(_) | Page::Remote(_)) => true,
        Some(Page::Socket(_) | Page::Difference(_)) => false,
        None => state.screen == Screen::Sockets,
    }
}

/// Whether it is.
fn grouped(state: &State) -> bool {
    let by = match state.page() {
        Some(Page::Process(page)) => page.sockets.list().grouping(),
        Some(Page::Remote(page)) => page.sockets.list().grouping(),
        None if state.screen == Screen::Sockets => state.sockets.list().grouping(),
        Some(Page::Socket(_) | Page::Difference(_)) | None => Grouping::None,
    };
    by != Grouping::None
}

/// What Enter would lead to, as a footer names it. Not made harmless.
pub(in crate::tui) fn target_name(state: &State) -> Option<String> {
    Some(match target(state)? {
        Target::Process(process) => format!("open {}/{}", process.comm, process.key.pid),
        Target::Socket(_) | Target::Event(_) => "open the socket".to_owned(),
        Target::Remote(address, _) => format!("open {address}"),
        Target::System => "open System".to_owned(),
        Target::Nowhere(why) => why,
        Target::Fold => "fold or unfold".to_owned(),
    })
}

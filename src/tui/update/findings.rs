//! What is wrong with what one looks at.

use super::look_into;
use super::picker::scrolled;
use crate::aggregate::Moment;
use crate::diagnose::{Concern, FindingKey, about};
use crate::model::SocketKey;
use crate::tui::command::Command;
use crate::tui::concern::{remote_concern, socket_concern};
use crate::tui::keymap::label;
use crate::tui::lists::finding_target;
use crate::tui::page::Page;
use crate::tui::state::{Popup, Screen, State, Target};

/// Where what one looks at is named in a message.
const PAGE: &str = "this page";

/// Whether one looks at something that findings could be about.
pub(super) fn looks_at_something(state: &State) -> bool {
    let target = state
        .moment
        .as_deref()
        .and_then(|moment| state.table()?.target(moment));
    let on_page = matches!(
        state.page(),
        Some(Page::Process(_) | Page::Remote(_) | Page::Socket(_))
    );
    let on_row = target.is_some_and(|target| !matches!(target, Target::Fold));
    state.moment.is_some() && (on_page || on_row)
}

/// What one looks at: what the page is about, and the row that Enter means. With how it is named.
pub(super) fn concern(state: &State) -> Option<(Vec<Concern>, &'static str)> {
    let moment = state.moment.as_deref()?;
    let mut concerns = Vec::new();
    let mut name = PAGE;
    match state.page() {
        Some(Page::Process(page)) => concerns.push(Concern::Process(page.key)),
        Some(Page::Remote(page)) => concerns.push(remote_concern(page.address, page.service)),
        Some(Page::Socket(page)) => {
            let row = page.row(moment)?;
            concerns.push(Concern::Socket(socket_concern(row.socket, moment)));
        }
        Some(Page::Difference(_)) | None => name = "this row",
    }
    let target = state.table().and_then(|table| table.target(moment));
    let of_row = match target {
        Some(Target::Process(process)) => Some(Concern::Process(process.key)),
        Some(Target::Remote(address, service)) => Some(remote_concern(address, service)),
        Some(Target::Socket(key)) => of_key(key, moment),
        Some(Target::Event(number)) => {
            let event = moment.aggregate.events.get(number);
            event.map(|(_, socket)| Concern::Socket(socket_concern(socket, moment)))
        }
        Some(Target::Fold | Target::System | Target::Nowhere(_)) | None => None,
    };
    concerns.extend(of_row);
    (!concerns.is_empty() || is_among_findings(state)).then_some((concerns, name))
}

fn is_among_findings(state: &State) -> bool {
    state.screen == Screen::Findings && state.page().is_none() && !state.finding_rows.is_empty()
}

fn of_key(key: SocketKey, moment: &Moment) -> Option<Concern> {
    let socket = moment.sample.socket(moment.row_of(key)?)?;
    Some(Concern::Socket(socket_concern(socket, moment)))
}

/// Shows the findings of what one looks at, or says that there are none.
pub(super) fn offer(state: &mut State) {
    state.arrange();
    let Some((concerns, name)) = concern(state) else {
        state.message = Some("there is nothing here that findings could be about".to_owned());
        return;
    };
    let mut keys: Vec<FindingKey> = Vec::new();
    if is_among_findings(state) {
        let moment = state.moment.as_deref();
        let row = moment.and_then(|moment| state.finding_rows.current_row(moment));
        keys.extend(row.map(|row| row.finding.key()));
    } else {
        for finding in about(&state.findings, &concerns) {
            if !keys.contains(&finding.key()) {
                keys.push(finding.key());
            }
        }
    }
    if keys.is_empty() {
        let digit = label(Command::GoTo(Screen::Findings));
        state.message = Some(match state.findings.now.len() {
            0 => "there are no findings".to_owned(),
            1 => format!("no finding is about {name}; {digit} shows the one there is"),
            others => format!("no finding is about {name}; {digit} shows the {others} there are"),
        });
    } else {
        state.open_popup(Popup::Findings(keys, 0, 0));
    }
}

/// What a command does while findings are shown.
pub(super) fn in_findings(
    state: &mut State,
    (keys, at, line): (&[FindingKey], usize, usize),
    command: Command,
) {
    let last = keys.len().saturating_sub(1);
    match command {
        Command::Open => {
            let target = state.chosen_finding().zip(state.moment.as_deref());
            let target = target.map(|(finding, moment)| finding_target(finding, moment));
            state.popup = None;
            match target {
                Some(target) if is_here(state, &target) => {
                    state.message = Some("this is what it is about".to_owned());
                }
                Some(target) => {
                    // One comes back to the row that one looked at.
                    if let Some(moment) = state.moment.clone()
                        && let Some(table) = state.table_mut()
                    {
                        table.select_current(&moment);
                    }
                    look_into(state, target);
                }
                None => state.message = Some("it is over".to_owned()),
            }
        }
        // Of one alone the text is all there is to scroll.
        Command::Down | Command::Up if last > 0 => {
            let at = scrolled(at, command).min(last);
            state.popup = Some(Popup::Findings(keys.to_vec(), at, 0));
        }
        _ => {
            let line = scrolled(line, command);
            state.popup = Some(Popup::Findings(keys.to_vec(), at, line));
        }
    }
}

/// Whether that is what one looks at already.
fn is_here(state: &State, target: &Target) -> bool {
    match (state.page(), target) {
        (Some(Page::Process(page)), Target::Process(process)) => page.key == process.key,
        (Some(Page::Socket(page)), Target::Socket(key)) => page.key == *key,
        (Some(Page::Remote(page)), Target::Remote(address, service)) => {
            page.address == *address && (page.service == *service || page.service.is_none())
        }
        _ => false,
    }
}

//! Builds the hints of the footer: the commands available in the current state, the most useful first.

use super::availability::{can_group, target};
use super::commands::is_available;
use super::jumps::owner;
use crate::tui::command::Command;
use crate::tui::group::Grouping;
use crate::tui::hint::Hint;
use crate::tui::open_target::OpenTarget;
use crate::tui::page::Page;
use crate::tui::screen::Screen;
use crate::tui::state::{DisplayMode, State};
use crate::tui::text;

/// The hints for the popup, or else for the screen.
pub(in crate::tui) fn hints(state: &State) -> Vec<Hint> {
    match &state.popup {
        Some(popup) => popup.hints(),
        None => screen_hints(state),
    }
}

/// A list of hints; adds a hint only if all its commands are available.
struct Hints<'s> {
    state: &'s State,
    hints: Vec<Hint>,
}

impl Hints<'_> {
    fn add(&mut self, commands: &[Command], text: &str) {
        self.push(commands, Hint::new(commands, text));
    }

    fn push(&mut self, commands: &[Command], hint: Hint) {
        if commands
            .iter()
            .all(|&command| is_available(self.state, command))
        {
            self.hints.push(hint);
        }
    }
}

fn screen_hints(state: &State) -> Vec<Hint> {
    use Command as C;
    let in_time = state.steps_through_time();
    let mut hints = Hints {
        state,
        hints: Vec::new(),
    };
    if in_time {
        hints.add(&[C::Freeze], freeze_text(state));
        hints.add(&[C::Earlier, C::Later], "sample");
        hints.add(&[C::Jump(-10), C::Jump(10)], "10 s");
        if state.has_marks() {
            hints.add(&[C::NextMark, C::PreviousMark], "finding");
        }
    }
    if state.page().is_some() {
        hints.add(&[C::Back], "back");
    }
    hints.add(&[C::Difference], difference_text(state));
    let on_text = state.table().is_none();
    hints.add(&[C::Down, C::Up], if on_text { "scroll" } else { "select" });
    if let Some(target) = target(state) {
        hints.push(&[C::Open], open_hint(&target));
    }
    if let Some(process) = owner(state) {
        let name = format!("{}/{}", text::sanitized(&process.comm), process.key.pid);
        hints.add(&[C::Owner], &name);
    }
    hints.add(&[C::OtherEnd], "other end");
    let sideways = if in_time {
        [C::Left, C::Right]
    } else {
        [C::Earlier, C::Later]
    };
    if state.has_panes() {
        hints.add(&sideways, "table");
    }
    if !in_time {
        hints.add(&[C::NextMatch], "next match");
    }
    let (filter, clear) = if state.is_searchable() {
        ("search", "clear")
    } else {
        ("filter", "clear")
    };
    // The keys that set and clear the filter are always shown.
    hints.push(&[C::Filter], Hint::new(&[C::Filter], filter).pinned());
    hints.push(
        &[C::ClearFilter],
        Hint::new(&[C::ClearFilter], clear).pinned(),
    );
    hints.add(&[C::PickSort], "sort");
    hints.add(&[C::Findings], "findings");
    if can_group(state) || (state.screen == Screen::Overview && state.page().is_none()) {
        hints.add(&[C::PickGroup], "group");
    }
    hints.add(&[C::FilterBy], "include");
    hints.add(&[C::Kill], "kill");
    hints.add(&[C::PickNamespace], "namespace");
    hints.add(&[C::Fold], "fold");
    hints.add(&[C::PickColumns], "columns");
    if in_time {
        hints.add(&[C::Jump(-60), C::Jump(60)], "1 min");
        hints.add(&[C::GoToTime], "go to");
        hints.add(&[C::ChangeSpeed(-1), C::ChangeSpeed(1)], "speed");
    } else {
        hints.add(&[C::Freeze], "freeze");
    }
    hints.add(&[C::InvertSort], "reverse");
    hints.add(&[C::CopyRow], "copy");
    if !state.has_panes() {
        hints.add(&sideways, "scroll");
    }
    hints.add(&[C::NextScreen], "screen");
    hints.add(&[C::Record], record_text(state));
    hints.add(&[C::Mark], "mark");
    hints.add(&[C::Save], "save");
    hints.add(&[C::HoldOrder], "hold");
    hints.add(&[C::Faults], faults_text(state));
    hints.hints
}

/// The hint for Enter. Its short text omits the name, which the row shows anyway.
fn open_hint(target: &OpenTarget) -> Hint {
    let text = match target {
        OpenTarget::Process(process) => format!("open {}/{}", process.comm, process.key.pid),
        OpenTarget::Socket(_) | OpenTarget::Event(_) => "open socket".to_owned(),
        OpenTarget::Remote(host, _) => format!("open {}", host.address),
        OpenTarget::System => "open System".to_owned(),
        OpenTarget::Unavailable(why) => why.clone(),
        OpenTarget::Fold => "fold".to_owned(),
        OpenTarget::Group(by, _) => format!("open {}", group_noun(*by)),
    };
    let hint = Hint::new(&[Command::Open], text::sanitized(&text));
    match target {
        OpenTarget::Fold | OpenTarget::Unavailable(_) => hint,
        _ => hint.with_short_text("open"),
    }
}

/// A short noun for a group that has a page.
fn group_noun(by: Grouping) -> &'static str {
    match by {
        Grouping::Namespace => "namespace",
        Grouping::Unit => "unit",
        Grouping::Container => "container",
        Grouping::Pod => "pod",
        _ => "group",
    }
}

fn difference_text(state: &State) -> &'static str {
    match state.page() {
        Some(Page::Difference(page)) if page.by_process => "sockets",
        Some(Page::Difference(_)) => "processes",
        _ => "difference",
    }
}

fn freeze_text(state: &State) -> &'static str {
    let timeline = state.timeline.as_ref();
    let playing = timeline.is_some_and(|timeline| timeline.playback.playing);
    match (state.display, playing) {
        (DisplayMode::Replay, true) => "pause",
        (DisplayMode::Replay, false) => "play",
        _ => "resume",
    }
}

fn record_text(state: &State) -> &'static str {
    match &state.recording {
        Some(recording) if recording.failed.is_none() => "stop",
        _ => "record",
    }
}

fn faults_text(state: &State) -> &'static str {
    let moment = state.moment.as_ref();
    if moment.is_some_and(|moment| !moment.sample.is_complete()) {
        "faults"
    } else {
        "notes"
    }
}

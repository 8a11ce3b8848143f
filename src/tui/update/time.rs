//! What commands do to the time of what is shown: freeze it, go back and on, play.

use crate::column::when;
use crate::tui::command::Command;
use crate::tui::effect::Effect;
use crate::tui::keymap::label;
use crate::tui::line_editor::LineEditor;
use crate::tui::state::{Display, State};
use crate::tui::timeline::{SPEEDS, Seek};
use crate::tui::typing::Typing;

/// What the arrows mean here: time, or what lies beside what is in sight.
pub(super) fn meaning(state: &State, command: Command) -> Command {
    let time = state.goes_through_time() && state.popup.is_none();
    match command {
        Command::Later if !time => Command::Right,
        Command::Earlier if !time => Command::Left,
        Command::NextMark if !time => Command::NextMatch,
        Command::PreviousMark if !time => Command::PreviousMatch,
        command => command,
    }
}

/// Whether a command is about time here.
pub(super) fn decides(state: &State, command: Command) -> bool {
    match command {
        Command::Freeze
        | Command::Earlier
        | Command::Later
        | Command::NextMark
        | Command::PreviousMark
        | Command::Jump(_)
        | Command::FirstSample
        | Command::LastSample
        | Command::GoToTime
        | Command::Faster(_) => true,
        Command::Kill => state.display == Display::Replay,
        _ => false,
    }
}

/// Carries out a command that is about time; answers what is to be done outside.
pub(super) fn update(state: &mut State, command: Command) -> Option<Effect> {
    match command {
        Command::Freeze => freeze(state),
        Command::Earlier => seek(state, Seek::Step(-1)),
        Command::Later => seek(state, Seek::Step(1)),
        Command::NextMark => Some(Effect::SeekMark(true)),
        Command::PreviousMark => Some(Effect::SeekMark(false)),
        Command::Jump(seconds) => seek(state, Seek::Jump(seconds * 1_000_000)),
        Command::FirstSample => seek(state, Seek::Start),
        Command::LastSample => seek(state, Seek::End),
        Command::Faster(by) => faster(state, by),
        Command::GoToTime => type_time(state),
        Command::Kill => {
            state.message = Some("this is a recording: nothing in it can be ended".to_owned());
            None
        }
        _ => None,
    }
}

/// Asks for a time.
fn type_time(state: &mut State) -> Option<Effect> {
    // The times that there are have to be known before one is typed.
    let effect = match state.timeline {
        Some(_) => None,
        None => seek(state, Seek::Step(0)),
    };
    if state.goes_through_time() {
        state.typing = Some(Typing::time());
    }
    effect
}

fn freeze(state: &mut State) -> Option<Effect> {
    match state.display {
        Display::Replay => return Some(Effect::Seek(Seek::Toggle)),
        Display::Frozen => {
            thaw(state);
            return Some(Effect::Thaw);
        }
        // Before the first sample there is nothing to keep.
        Display::Live if state.moment.is_some() => state.display = Display::Frozen,
        Display::Live => {}
    }
    None
}

/// Shows what is now from the next moment on.
fn thaw(state: &mut State) {
    state.display = Display::Live;
    state.now_us = None;
    if state.timeline.take().is_some() {
        state.break_off();
    }
}

/// Goes through time; a live display is frozen first, if there is anywhere to go.
fn seek(state: &mut State, seek: Seek) -> Option<Effect> {
    // Before the first sample there is nowhere to go; of a recording one knows all places.
    if state.display != Display::Replay {
        state.moment.as_ref()?;
    }
    let on = matches!(seek, Seek::Jump(1..) | Seek::End);
    if state.display == Display::Live {
        if on {
            state.message = Some("this is what is now".to_owned());
            return None;
        }
        state.display = Display::Frozen;
    }
    Some(Effect::Seek(seek))
}

/// Plays at another speed.
fn faster(state: &mut State, by: isize) -> Option<Effect> {
    if state.display != Display::Replay {
        let text = format!(
            "the machine has its own speed; {} and the arrows go back",
            label(Command::Freeze)
        );
        state.message = Some(text);
        return None;
    }
    let speed = state.timeline.as_ref()?.standing.speed;
    let next = speed.saturating_add_signed(by).min(SPEEDS.len() - 1);
    if next == speed {
        let limit = if by > 0 { "fastest" } else { "slowest" };
        state.message = Some(format!("{}× is the {limit}", SPEEDS[speed]));
    }
    Some(Effect::Seek(Seek::Faster(by)))
}

/// Goes to a time that was typed; a text that is no time stays, to be corrected.
pub(super) fn go_to(state: &mut State, editor: LineEditor) -> Option<Effect> {
    if editor.text().trim().is_empty() {
        return None;
    }
    let span = state.timeline.as_ref()?.track.span()?;
    match when::parse(editor.text(), span, &state.look.timezone) {
        Ok(at_us) => Some(Effect::Seek(Seek::To(at_us))),
        Err(error) => {
            let error = Some(error.to_string());
            state.typing = Some(Typing::Time { editor, error });
            None
        }
    }
}

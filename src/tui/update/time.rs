//! Commands that move in time: freeze, step, jump, play.

use crate::column::when;
use crate::tui::command::Command;
use crate::tui::effect::Effect;
use crate::tui::line_editor::LineEditor;
use crate::tui::state::{DisplayMode, State};
use crate::tui::text;
use crate::tui::text_input::TextInput;
use crate::tui::timeline::{SPEEDS, Seek};

/// Replaces a command that moves in time by the one that moves on the screen, unless the keys step through time.
pub(super) fn resolve(state: &State, command: Command) -> Command {
    if state.steps_through_time() && state.popup.is_none() {
        return command;
    }
    match command {
        Command::Later => Command::Right,
        Command::Earlier => Command::Left,
        Command::NextMark => Command::NextMatch,
        Command::PreviousMark => Command::PreviousMatch,
        command => command,
    }
}

/// Starts to type a time to go to.
pub(super) fn type_time(state: &mut State) -> Option<Effect> {
    // The recorded times have to be known before one is typed.
    let effect = match state.timeline {
        Some(_) => None,
        None => seek(state, Seek::Step(0)),
    };
    if state.steps_through_time() {
        state.text_input = Some(TextInput::time());
    }
    effect
}

/// Freezes the display or shows the present again; in a replay, plays or pauses.
pub(super) fn freeze(state: &mut State) -> Option<Effect> {
    match state.display {
        DisplayMode::Replay => return Some(Effect::Seek(Seek::Toggle)),
        DisplayMode::Frozen => {
            thaw(state);
            return Some(Effect::Thaw);
        }
        // Before the first Sample there is nothing to freeze.
        DisplayMode::Live if state.moment.is_some() => stop(state),
        DisplayMode::Live => {}
    }
    None
}

/// Freezes the display at the moment shown.
fn stop(state: &mut State) {
    state.display = DisplayMode::Frozen;
    state.skip_next();
}

/// Shows the present from the next moment on.
fn thaw(state: &mut State) {
    state.display = DisplayMode::Live;
    state.skip_next();
    state.now_ns = None;
    if state.timeline.take().is_some() {
        state.reset_history();
    }
}

/// Moves in time; a live display is frozen first, if there is a moment to go to.
pub(super) fn seek(state: &mut State, seek: Seek) -> Option<Effect> {
    // Before the first Sample there is no other to go to; those of a recording are all known.
    if state.display != DisplayMode::Replay {
        state.moment.as_ref()?;
    }
    let on = matches!(seek, Seek::Jump(1..) | Seek::End);
    if state.display == DisplayMode::Live {
        if on {
            state.message = Some("this is the latest sample".to_owned());
            return None;
        }
        stop(state);
    }
    Some(Effect::Seek(seek))
}

/// Plays at another speed, by steps: faster, or slower if negative.
pub(super) fn change_speed(state: &mut State, by: isize) -> Option<Effect> {
    if state.display != DisplayMode::Replay {
        let text = format!(
            "speed applies to replays only; press {} and the arrows to go back",
            state.appearance.keys.label(Command::Freeze)
        );
        state.message = Some(text);
        return None;
    }
    let speed = state.timeline.as_ref()?.playback.speed;
    let next = speed.saturating_add_signed(by).min(SPEEDS.len() - 1);
    if next == speed {
        let limit = if by > 0 { "maximum" } else { "minimum" };
        state.message = Some(format!("{}× is the {limit} speed", SPEEDS[speed]));
    }
    Some(Effect::Seek(Seek::ChangeSpeed(by)))
}

/// Goes to the time typed; a text that is not a time stays, to be corrected.
pub(super) fn go_to(state: &mut State, editor: LineEditor) -> Option<Effect> {
    if editor.text().trim().is_empty() {
        return None;
    }
    let times = &state.timeline.as_ref()?.track.times;
    match when::find(editor.text(), times, 0, &state.appearance.timezone) {
        Ok(found) => {
            state.message = found.note.or_else(|| {
                let text = text::sanitized(editor.text().trim());
                let message = format!("nothing was recorded at {text}; this is the nearest sample");
                (!found.is_within).then_some(message)
            });
            Some(Effect::Seek(Seek::To(found.at)))
        }
        Err(error) => {
            let error = Some(error.to_string());
            state.text_input = Some(TextInput::Time { editor, error });
            None
        }
    }
}

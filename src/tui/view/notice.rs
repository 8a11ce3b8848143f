//! The notice: a second line, shown only if something is hidden or has failed.
//!
//! ```text
//!  ⚠ owners of 210 sockets unknown: run as root or grant CAP_SYS_PTRACE + CAP_DAC_READ_SEARCH …     1 fault !
//!  ⚠ recording stopped (R starts another): No space left on device
//! ```

use ratatui::Frame;
use ratatui::layout::Rect;

use crate::column::format;
use crate::model::{Preview, Unowned, Visibility};
use crate::tui::command::Command;
use crate::tui::state::{DisplayMode, State};
use crate::tui::text;
use crate::tui::theme::Tone;
use crate::tui::timeline::GapKind;
use crate::tui::widget::pieces::{self, Piece};

/// The remedy for hidden owners, from the most complete text to the shortest.
const REMEDIES: [&str; 4] = [
    "run as root or grant CAP_SYS_PTRACE + CAP_DAC_READ_SEARCH to see other users' processes",
    Visibility::REMEDY,
    "run as root to see other users' processes",
    "run as root",
];

/// The same for root: a container or a security module may hide owners from root too.
const REMEDIES_OF_ROOT: [&str; 4] = [
    "permission denied, even as root; check CapPrm in /proc/self/status for CAP_SYS_PTRACE + CAP_DAC_READ_SEARCH",
    Visibility::REMEDY_OF_ROOT,
    "permission denied, even as root",
    "denied even to root",
];

/// The reason in a replay, where there is no remedy.
const REMEDIES_OF_REPLAY: [&str; 4] = [
    "recorded without permission to inspect other users' processes",
    "recorded without permission to inspect processes",
    "recorded without permission",
    "not recorded",
];

/// Counts of hidden owners, faults, lost events and corrupt parts.
struct VisibilityWarnings {
    /// Sockets whose owner is hidden from this user.
    denied: u32,
    /// True if this user is root.
    root: bool,
    /// Sources that exist and could not be read.
    faults: usize,
    /// Events of closed sockets that the kernel dropped.
    lost: u64,
    /// Corrupt parts of the recording.
    corrupt: usize,
}

/// The warnings of the moment; `None` if there are none.
fn visibility_warnings(state: &State) -> Option<VisibilityWarnings> {
    let moment = state.moment.as_deref()?;
    let sample = &moment.sample;
    let denied = moment.unfiltered().totals.unowned[Unowned::PermissionDenied as usize];
    let warnings = VisibilityWarnings {
        denied,
        root: sample.visibility.root,
        faults: sample.faults.iter().filter(|f| f.hides_data()).count(),
        lost: sample.lost_events,
        corrupt: corrupt_parts(state),
    };
    let any =
        warnings.denied > 0 || warnings.faults > 0 || warnings.lost > 0 || warnings.corrupt > 0;
    any.then_some(warnings)
}

/// Counts the corrupt parts of the recording.
fn corrupt_parts(state: &State) -> usize {
    let gaps = state.timeline.as_ref().map(|timeline| &timeline.track.gaps);
    let damages = gaps.into_iter().flatten();
    damages.filter(|gap| gap.kind == GapKind::Damaged).count()
}

/// The lines of the notice: 1, or 0 without warnings.
pub(super) fn lines(state: &State) -> u16 {
    let any = visibility_warnings(state).is_some()
        || state.preview().is_some()
        || failure(state).is_some()
        || !state.omitted_parts.is_empty();
    u16::from(any)
}

/// The error that stopped a recording, and the remedy.
fn failure(state: &State) -> Option<Vec<Piece>> {
    let recording = state.recording.as_ref()?;
    let why = text::sanitized(recording.failed.as_deref()?);
    Some(vec![
        (" ⚠ recording stopped (".to_owned(), Tone::Critical),
        (
            state.appearance.keys.label(Command::Record).to_owned(),
            Tone::Key,
        ),
        (" starts another): ".to_owned(), Tone::Critical),
        (why, Tone::Plain),
    ])
}

/// Marks a preview: its rows and counts are those of the first sockets only.
fn preview_line(state: &State, preview: Preview, width: u16) -> Vec<Piece> {
    let moment = state.moment.as_deref();
    let read = moment.map_or(0, |moment| moment.unfiltered().totals.sockets);
    let mut sockets = String::new();
    format::count(&mut sockets, read.into());
    let mut of = String::new();
    if let Some(expected) = preview.expected.filter(|&expected| expected > read.into()) {
        of.push_str(" of about ");
        format::count(&mut of, expected);
    }
    let ends = [
        "; all sockets, owners, rates and findings follow with the first sample",
        "; owners, rates and findings follow",
        "",
    ];
    let choices = ends.map(|end| format!(" preview: the first {sockets}{of} sockets{end}"));
    let fits = |text: &&String| text::width(text) <= usize::from(width);
    let text = choices.iter().find(fits).unwrap_or(&choices[2]);
    vec![(text.clone(), Tone::Notice)]
}

/// Draws the notice.
pub(super) fn render(frame: &mut Frame<'_>, area: Rect, state: &State) {
    let appearance = &state.appearance;
    // A stopped recording is more important than a missing permission.
    if let Some(line) = failure(state) {
        pieces::write(frame.buffer_mut(), area, appearance, &line);
        return;
    }
    if let Some(preview) = state.preview() {
        let line = preview_line(state, preview, area.width);
        pieces::write(frame.buffer_mut(), area, appearance, &line);
        return;
    }
    let omitted_parts = text::sanitized(&state.omitted_parts);
    let omitted_parts = [(format!(" {omitted_parts}"), Tone::Notice)];
    let Some(warnings) = visibility_warnings(state).filter(|_| area.height > 0) else {
        pieces::write(frame.buffer_mut(), area, appearance, &omitted_parts);
        return;
    };
    let mut right: Vec<Piece> = Vec::new();
    if warnings.corrupt > 0 {
        let many = plural(warnings.corrupt as u64);
        let text = format!("⚠ {} corrupt part{many} ", warnings.corrupt);
        right.push((text, Tone::Critical));
    }
    if warnings.lost > 0 {
        let mut lost = String::new();
        format::count(&mut lost, warnings.lost);
        right.push((
            format!("⚠ {lost} event{} lost ", plural(warnings.lost)),
            Tone::Warning,
        ));
    }
    if warnings.faults > 0 {
        let faults = format!(
            " ⚠ {} fault{} ",
            warnings.faults,
            plural(warnings.faults as u64)
        );
        right.push((faults, Tone::Critical));
        right.push((
            state.appearance.keys.label(Command::Faults).to_owned(),
            Tone::Key,
        ));
    }
    let length = pieces::width(&right) + 1;
    let place = Rect {
        x: area.right().saturating_sub(length).max(area.x),
        width: length.min(area.width),
        ..area
    };
    pieces::write(frame.buffer_mut(), place, appearance, &right);
    let room = area.width.saturating_sub(length + 1);
    let left = Rect {
        width: room,
        ..area
    };
    if warnings.denied == 0 || !state.omitted_parts.is_empty() {
        pieces::write(frame.buffer_mut(), left, appearance, &omitted_parts);
        return;
    }
    let mut denied = String::new();
    format::count(&mut denied, warnings.denied.into());
    let many = plural(warnings.denied.into());
    let (long, short) = (
        format!(" ⚠ owner{many} of {denied} socket{many} hidden: "),
        format!(" ⚠ {denied} owner{many} hidden: "),
    );
    let remedies = if state.display == DisplayMode::Replay {
        REMEDIES_OF_REPLAY
    } else if warnings.root {
        REMEDIES_OF_ROOT
    } else {
        REMEDIES
    };
    let mut choices = remedies
        .iter()
        .flat_map(|remedy| [(&long, remedy), (&short, remedy)]);
    let fits = |(start, remedy): &(&String, &&str)| {
        text::width(start) + text::width(remedy) <= usize::from(room)
    };
    let (start, remedy) = choices.find(fits).unwrap_or((&short, &remedies[3]));
    let line = [
        (start.clone(), Tone::Warning),
        ((*remedy).to_owned(), Tone::Plain),
    ];
    pieces::write(frame.buffer_mut(), left, appearance, &line);
}

fn plural(count: u64) -> &'static str {
    if count == 1 { "" } else { "s" }
}

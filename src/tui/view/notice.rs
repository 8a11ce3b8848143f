//! The second line, which is there only if something cannot be seen or has gone wrong.
//!
//! ```text
//!  ⚠ owners of 210 sockets unknown: run as root or grant CAP_SYS_PTRACE + CAP_DAC_READ_SEARCH …     1 fault !
//!  ⚠ the recording has ended (R begins another): No space left on device
//! ```

use ratatui::Frame;
use ratatui::layout::Rect;

use super::panel::{self, Piece};
use crate::column::format;
use crate::model::{Unowned, Visibility};
use crate::tui::command::Command;
use crate::tui::keymap;
use crate::tui::state::{Display, State};
use crate::tui::text;
use crate::tui::theme::Tone;
use crate::tui::timeline::GapKind;

/// The remedy, from the most complete to the shortest.
const REMEDIES: [&str; 4] = [
    "run as root or grant CAP_SYS_PTRACE + CAP_DAC_READ_SEARCH to see other users' processes",
    Visibility::REMEDY,
    "run as root to see other users' processes",
    "run as root",
];

/// The same where it is root to whom owners are hidden: in a container, or by a security module.
const REMEDIES_OF_ROOT: [&str; 4] = [
    "not even root may look; are CAP_SYS_PTRACE + CAP_DAC_READ_SEARCH held? (CapEff in /proc/self/status)",
    Visibility::REMEDY_OF_ROOT,
    "not even root may look into its process",
    "not even root may look",
];

/// The same in a replay, where nothing can be done about it any more.
const REMEDIES_OF_REPLAY: [&str; 4] = [
    "whoever recorded it was not allowed to look into their processes",
    "who recorded it might not look into their processes",
    "not seen by who recorded it",
    "not recorded",
];

/// What cannot be seen.
struct Blind {
    /// Sockets whose owner this user may not see.
    denied: u32,
    /// This user is root.
    root: bool,
    /// Things that exist and could not be read.
    faults: usize,
    /// Closings that the kernel did not tell.
    lost: u64,
    /// Parts of the recording that are damaged.
    damaged: usize,
}

fn blind(state: &State) -> Option<Blind> {
    let moment = state.moment.as_deref()?;
    let sample = &moment.sample;
    let denied = moment.unfiltered().totals.unowned[Unowned::PermissionDenied as usize];
    let blind = Blind {
        denied,
        root: sample.visibility.root,
        faults: sample.faults.iter().filter(|f| f.hides_data()).count(),
        lost: sample.lost_events,
        damaged: damaged(state),
    };
    let any = blind.denied > 0 || blind.faults > 0 || blind.lost > 0 || blind.damaged > 0;
    any.then_some(blind)
}

/// Parts of the recording that are damaged.
fn damaged(state: &State) -> usize {
    let gaps = state.timeline.as_ref().map(|timeline| &timeline.track.gaps);
    let damages = gaps.into_iter().flatten();
    damages.filter(|gap| gap.kind == GapKind::Damaged).count()
}

/// Lines that the notice takes.
pub(super) fn lines(state: &State) -> u16 {
    let any = blind(state).is_some() || failure(state).is_some() || !state.left_out.is_empty();
    u16::from(any)
}

/// Why a recording has ended by itself, and what to do.
fn failure(state: &State) -> Option<Vec<Piece>> {
    let recording = state.recording.as_ref()?;
    let mut why = String::new();
    format::sanitize(&mut why, recording.failed.as_deref()?.as_bytes());
    Some(vec![
        (" ⚠ the recording has ended (".to_owned(), Tone::Critical),
        (keymap::label(Command::Record).to_owned(), Tone::Key),
        (" begins another): ".to_owned(), Tone::Critical),
        (why, Tone::Plain),
    ])
}

/// Draws the notice.
pub(super) fn render(frame: &mut Frame<'_>, area: Rect, state: &State) {
    let look = &state.look;
    // What somebody relies on comes before what cannot be helped.
    if let Some(line) = failure(state) {
        panel::write(frame.buffer_mut(), area, look, &line);
        return;
    }
    let mut left_out = String::new();
    format::sanitize(&mut left_out, state.left_out.as_bytes());
    let left_out = [(format!(" {left_out}"), Tone::Notice)];
    let Some(blind) = blind(state).filter(|_| area.height > 0) else {
        panel::write(frame.buffer_mut(), area, look, &left_out);
        return;
    };
    let mut right: Vec<Piece> = Vec::new();
    if blind.damaged > 0 {
        let many = plural(blind.damaged as u64);
        let text = format!("⚠ {} part{many} damaged ", blind.damaged);
        right.push((text, Tone::Critical));
    }
    if blind.lost > 0 {
        let mut lost = String::new();
        format::count(&mut lost, blind.lost);
        right.push((
            format!("⚠ {lost} event{} lost ", plural(blind.lost)),
            Tone::Warning,
        ));
    }
    if blind.faults > 0 {
        let faults = format!(" ⚠ {} fault{} ", blind.faults, plural(blind.faults as u64));
        right.push((faults, Tone::Critical));
        right.push((keymap::label(Command::Faults).to_owned(), Tone::Key));
    }
    let length = panel::width(&right) + 1;
    let place = Rect {
        x: area.right().saturating_sub(length).max(area.x),
        width: length.min(area.width),
        ..area
    };
    panel::write(frame.buffer_mut(), place, look, &right);
    let room = area.width.saturating_sub(length + 1);
    let left = Rect {
        width: room,
        ..area
    };
    if blind.denied == 0 || !state.left_out.is_empty() {
        panel::write(frame.buffer_mut(), left, look, &left_out);
        return;
    }
    let mut denied = String::new();
    format::count(&mut denied, blind.denied.into());
    let many = plural(blind.denied.into());
    let (long, short) = (
        format!(" ⚠ owner{many} of {denied} socket{many} hidden: "),
        format!(" ⚠ {denied} owner{many} hidden: "),
    );
    let remedies = if state.display == Display::Replay {
        REMEDIES_OF_REPLAY
    } else if blind.root {
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
    panel::write(frame.buffer_mut(), left, look, &line);
}

fn plural(count: u64) -> &'static str {
    if count == 1 { "" } else { "s" }
}

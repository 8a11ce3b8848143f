//! The first line: host, sockets, share with a known owner, sampling interval, time.
//!
//! ```text
//!  sockwatch  web-3 · Linux 6.18 · 12 431 sockets · owners 99.8 %          every 1 s (took 14 ms)   20:14:07
//! ```
//!
//! A replay has `REPLAY` in place of the program's name, and the date; a frozen display has its age.
//!
//! ```text
//!  REPLAY  web-3 · Linux 6.18 · 12 431 sockets · owners 99.8 %                      2026-11-20 20:14:07
//!  ■ FROZEN  at 20:14:07 ·  2:13 ago · sampling continues · Space resumes
//! ```
//!
//! The sockets are those that pass the filter, "of" all of them; the share of owners is of those that pass. "took" is the
//! time that making the Sample took. Faults that hide nothing, such as features that the kernel lacks, are counted as notes
//! here; those that hide data have the line below (`notice.rs`). What does not fit is dropped in this order: the time the
//! Sample took, the kernel, the interval, the host, the notes and the time; but an interval that is longer than configured
//! and the progress of a slow Sample (`pace.rs`) stay longer than the host.

use ratatui::Frame;
use ratatui::layout::Rect;

use super::pace::{self, Pace};
use crate::column::format;
use crate::model::Sample;
use crate::tui::command::Command;
use crate::tui::keymap;
use crate::tui::state::{DisplayMode, State};
use crate::tui::text;
use crate::tui::theme::Tone;
use crate::tui::widget::pieces::{self, Piece};

/// Minimum width at which the name of the program is shown.
const MIN_WIDTH_WITH_NAME: u16 = 50;

/// The gaps between the left and the right part, and at the right edge.
const GAPS: u16 = 3;

/// Draws the first line: as much as fits, the least important dropped first.
pub(super) fn render(frame: &mut Frame<'_>, area: Rect, state: &State) {
    let replay = state.display == DisplayMode::Replay;
    let name = if replay {
        (" REPLAY ".to_owned(), Tone::Selected)
    } else {
        (" sockwatch ".to_owned(), Tone::Strong)
    };
    let space = (" ".to_owned(), Tone::Plain);
    let pace = Pace::of(state);
    let plain = |text: String| (text, Tone::Plain);
    let appearance = &state.appearance;
    let Some(moment) = state.moment.as_deref() else {
        let reading = if replay {
            "reading…  "
        } else {
            "sampling…  "
        };
        // The progress says the same.
        let reading = if state.progress.is_some() {
            ""
        } else {
            reading
        };
        let reading = (reading.to_owned(), Tone::Muted);
        let mut line = [name, space, reading, (pace.long, pace.tone)];
        if pieces::width(&line) > area.width {
            line[3].0 = pace.short;
        }
        pieces::write(frame.buffer_mut(), area, appearance, &line);
        return;
    };
    let (sample, totals) = (&moment.sample, &moment.aggregate.totals);
    let mut hostname = text::sanitized(&sample.host.hostname);
    let mut kernel = "Linux ".to_owned();
    format::sanitize(&mut kernel, release(&sample.host.kernel).as_bytes());
    let mut sockets = String::new();
    if sample.preview.is_some() {
        sockets.push_str("preview: ");
    }
    format::count(&mut sockets, totals.sockets.into());
    if moment.filtered().is_some() {
        sockets.push_str(" of ");
        format::count(&mut sockets, moment.unfiltered().totals.sockets.into());
    }
    sockets.push_str(" sockets");
    // The totals of the strip below are sums over all network namespaces shown.
    let scope = namespaces(sample);
    let scoped = match scope.as_str() {
        "" => sockets.clone(),
        scope => format!("{sockets} in {scope}"),
    };
    let owners = match totals.owned_share() {
        _ if sample.preview.is_some() => "owners not read yet".to_owned(),
        share => format!("owners {}", format::format_or_missing(share, format::share)),
    };
    let clock = clock(state, sample.taken_at_us);
    if state.display == DisplayMode::Frozen {
        render_frozen(frame, area, state, sample);
        return;
    }
    let notes = notes(state);
    let recording = recording(state);
    let without: &str = "";
    let mut line = vec![name, space];
    if replay {
        // The host of a recording is easily mistaken for this one.
        line.push((format!("{hostname} · "), Tone::Strong));
        hostname.clear();
    }
    if area.width < MIN_WIDTH_WITH_NAME && !replay {
        line.remove(0);
    }
    let (long, short) = (pace.long.as_str(), pace.short.as_str());
    // The least important is dropped first: the kernel, the host, the notes, the owners, the time.
    let important: [(&[&str], &[&str]); 7] = [
        (
            &[&hostname, &kernel, &scoped, &owners],
            &[&notes, long, &clock],
        ),
        (&[&hostname, &scoped, &owners], &[&notes, long, &clock]),
        (&[&scoped, &owners], &[without, long, &clock]),
        (&[&sockets], &[without, long, &clock]),
        (&[&sockets, &owners], &[without, short, &clock]),
        (&[&sockets], &[without, short, &clock]),
        (&[&sockets], &[without, short]),
    ];
    // How long it took, the kernel, the interval, the name, the time.
    let usual: [(&[&str], &[&str]); 10] = [
        (
            &[&hostname, &kernel, &scoped, &owners],
            &[&notes, long, &clock],
        ),
        (
            &[&hostname, &kernel, &scoped, &owners],
            &[&notes, short, &clock],
        ),
        (&[&hostname, &scoped, &owners], &[&notes, short, &clock]),
        (&[&hostname, &scoped, &owners], &[&notes, &clock]),
        (&[&scoped, &owners], &[&notes, &clock]),
        (&[&scoped, &owners], &[without, &clock]),
        (&[&sockets, &owners], &[&notes]),
        (&[&sockets, &owners], &[without]),
        (&[&sockets], &[without, &clock]),
        (&[&sockets], &[without]),
    ];
    let important = important.iter().filter(|_| pace.is_important);
    let choices: Vec<(&[&str], &[&str])> = important.chain(&usual).copied().collect();
    let room = area.width.saturating_sub(pieces::width(&line) + GAPS);
    let joined = choices.into_iter().map(|(left, right)| {
        let left: Vec<&str> = left
            .iter()
            .copied()
            .filter(|part| !part.is_empty())
            .collect();
        let mut end = recording.clone();
        end.extend(right_part(right, &notes, &pace));
        (left.join(" · "), end)
    });
    let joined: Vec<(String, Vec<Piece>)> = joined.collect();
    let fits = |(left, right): &&(String, Vec<Piece>)| {
        text::width(left) + usize::from(pieces::width(right)) <= usize::from(room)
    };
    let Some((left, right)) = joined.iter().find(fits).or(joined.last()) else {
        return;
    };
    line.push(plain(left.clone()));
    pieces::write(frame.buffer_mut(), area, appearance, &line);
    let length = pieces::width(right) + 1;
    if length < area.width {
        let place = Rect {
            x: area.right() - length,
            width: length,
            ..area
        };
        pieces::write(frame.buffer_mut(), place, appearance, right);
    }
}

/// A time span such as ` 2:13`, at least five columns wide.
pub(super) fn minutes(us: i64) -> String {
    let seconds = us.max(0) / 1_000_000;
    let text = match (seconds / 3600, seconds / 60 % 60, seconds % 60) {
        (0, minutes, seconds) => format!("{minutes}:{seconds:02}"),
        (hours, minutes, seconds) => format!("{hours}:{minutes:02}:{seconds:02}"),
    };
    format!("{text:>5}")
}

/// Draws the first line while the display is frozen: its time, the distance from now, the key that resumes.
fn render_frozen(frame: &mut Frame<'_>, area: Rect, state: &State, sample: &Sample) {
    let clock = clock(state, sample.taken_at_us);
    let now_ns = state.now_ns.unwrap_or(sample.monotonic_ns);
    let back = (now_ns.saturating_sub(sample.monotonic_ns) / 1000).cast_signed();
    let left = [
        (" ■ FROZEN ".to_owned(), Tone::Selected),
        (format!(" at {clock} ·{} ago", minutes(back)), Tone::Warning),
        (" · sampling continues · ".to_owned(), Tone::Plain),
        (keymap::label(Command::Freeze).to_owned(), Tone::Key),
        (" resumes".to_owned(), Tone::Plain),
    ];
    let mut right = recording(state);
    if let Some(progress) = pace::frozen_progress(state) {
        right.insert(0, (format!("{progress}   "), Tone::Notice));
    }
    let room = area.width.saturating_sub(pieces::width(&right) + 1);
    let short = [left[0].clone(), left[1].clone()];
    let line: &[Piece] = if pieces::width(&left) <= room {
        &left
    } else {
        &short
    };
    pieces::write(frame.buffer_mut(), area, &state.appearance, line);
    if pieces::width(line) <= room {
        let place = Rect {
            x: area.x + room,
            width: area.width - room,
            ..area
        };
        pieces::write(frame.buffer_mut(), place, &state.appearance, &right);
    }
}

/// Length and size of the active recording: `● REC 00:12:31 4.10 MB`.
fn recording(state: &State) -> Vec<Piece> {
    let recording = state.recording.as_ref();
    let Some(recording) = recording.filter(|recording| recording.failed.is_none()) else {
        return Vec::new();
    };
    let seconds = recording.length_us.max(0) / 1_000_000;
    let mut size = String::new();
    format::bytes(&mut size, recording.bytes as f64);
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    let mut pieces = vec![
        ("● REC ".to_owned(), Tone::Critical),
        (
            format!("{hours:02}:{minutes:02}:{seconds:02} {size:>7}   "),
            Tone::Strong,
        ),
    ];
    if recording.dropped > 0 {
        let mut dropped = String::new();
        format::count(&mut dropped, recording.dropped);
        pieces.insert(1, (format!("{dropped} dropped "), Tone::Warning));
    }
    pieces
}

/// The pieces of the right part. Notes are muted, but have their key.
fn right_part(parts: &[&str], notes: &str, pace: &Pace) -> Vec<Piece> {
    let mut pieces: Vec<Piece> = Vec::new();
    for part in parts.iter().filter(|part| !part.is_empty()) {
        if !pieces.is_empty() {
            pieces.push(("   ".to_owned(), Tone::Plain));
        }
        if *part == notes {
            pieces.push((notes.to_owned(), Tone::Muted));
            pieces.push((format!(" {}", keymap::label(Command::Faults)), Tone::Key));
        } else {
            let is_pace = *part == pace.long || *part == pace.short;
            let tone = if is_pace { pace.tone } else { Tone::Plain };
            pieces.push(((*part).to_owned(), tone));
        }
    }
    pieces
}

/// The number of faults that hide nothing, such as `5 notes`; empty if there are none.
fn notes(state: &State) -> String {
    let Some(moment) = state.moment.as_deref() else {
        return String::new();
    };
    let notes = moment.sample.faults.iter().filter(|f| !f.hides_data());
    let omitted = moment.sample.omitted_namespaces;
    let omits_any = omitted.is_some_and(|omitted| omitted.count() > 0);
    match notes.count() + usize::from(omits_any) {
        0 => String::new(),
        1 => "1 note".to_owned(),
        notes => format!("{notes} notes"),
    }
}

/// The number of network namespaces shown, `3 namespaces`, of those that exist, `3 of 5 namespaces`; empty if there is only
/// one or they were not counted.
fn namespaces(sample: &Sample) -> String {
    let shown = 1 + sample.namespaces.len() as u64;
    let omitted = sample
        .omitted_namespaces
        .map_or(0, |omitted| omitted.count());
    let mut text = String::new();
    if shown + u64::from(omitted) == 1 {
        return text;
    }
    format::count(&mut text, shown);
    if omitted > 0 {
        text.push_str(" of ");
        format::count(&mut text, shown + u64::from(omitted));
    }
    text.push_str(" namespaces");
    text
}

/// The release without patch level: `6.18` of `6.18.44-generic`.
fn release(kernel: &str) -> &str {
    let end = kernel.match_indices('.').nth(1).map(|(at, _)| at);
    &kernel[..end.unwrap_or(kernel.len())]
}

/// The time of day of the moment shown; in a replay with the day.
fn clock(state: &State, taken_at_us: i64) -> String {
    let time = state.appearance.time_of_day(taken_at_us);
    if state.display == DisplayMode::Replay {
        format!("{} {time}", state.appearance.day(taken_at_us))
    } else {
        time
    }
}

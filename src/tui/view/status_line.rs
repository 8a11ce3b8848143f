//! The status line: host, network namespaces, sockets, throughput, connections that open and close, recording, time.
//!
//! ```text
//!  web-3 · 1 781 sockets in 5 namespaces · ↓ 5.22 MB/s ↑ 2.28 MB/s · +96/s −74/s        ● REC 00:12:31 4.10 MB   22:56:14
//! ```
//!
//! In a replay, it begins with `REPLAY`, and the time has its date; a frozen display has its age.
//!
//! ```text
//!  REPLAY  web-3 · 12 431 sockets · ↓ 41.2 MB/s ↑ 8.10 MB/s                         2026-11-20 20:14:07
//!  ■ FROZEN  at 20:14:07 ·  2:13 ago · sampling continues · Space resumes
//! ```
//!
//! The sockets are those that pass the filter, "of" all of them; so are the rates. "took" is the time that making the Sample
//! took. Each part has a weight; where there is no room for all, those of the least weight are left out. Sources that are
//! missing without hiding anything, such as features that the kernel lacks, are not counted here (`!` lists them); what hides
//! data has the line below (`notice.rs`).

use ratatui::Frame;
use ratatui::layout::Rect;

use super::pace::{self, Pace};
use crate::aggregate::Moment;
use crate::column::format;
use crate::model::Sample;
use crate::tui::command::Command;
use crate::tui::state::{DisplayMode, State};
use crate::tui::text;
use crate::tui::theme::Tone;
use crate::tui::widget::pieces::{self, Piece};

/// The gap between the left and the right part.
const GAP: u16 = 2;

/// A part of the line in several forms, the longest first, each with its weight: where there is no room, the form of the least
/// weight gives way to the next shorter one, or to nothing.
struct Part {
    forms: Vec<(u8, Vec<Piece>)>,
    is_right: bool,
}

impl Part {
    fn left(weight: u8, pieces: Vec<Piece>) -> Part {
        Part {
            forms: vec![(weight, pieces)],
            is_right: false,
        }
    }

    fn right(forms: Vec<(u8, Vec<Piece>)>) -> Part {
        Part {
            forms,
            is_right: true,
        }
    }

    fn pieces(&self) -> &[Piece] {
        self.forms.first().map_or(&[], |(_, pieces)| pieces)
    }

    fn is_empty(&self) -> bool {
        self.pieces().iter().all(|(text, _)| text.is_empty())
    }
}

/// The parts of one side, with gaps between them.
fn joined(parts: &[Part], is_right: bool) -> Vec<Piece> {
    let gap = if is_right { "   " } else { " · " };
    let mut line: Vec<Piece> = Vec::new();
    let side = |part: &&Part| part.is_right == is_right && !part.is_empty();
    for part in parts.iter().filter(side) {
        if !line.is_empty() {
            line.push((gap.to_owned(), Tone::Muted));
        }
        line.extend_from_slice(part.pieces());
    }
    line
}

/// The width of all parts, with a gap between the sides.
fn width(parts: &[Part]) -> u16 {
    let (left, right) = (joined(parts, false), joined(parts, true));
    let gap = if right.is_empty() { 0 } else { GAP };
    pieces::width(&left) + gap + pieces::width(&right)
}

/// Leaves out what has no room, the least important first; what there is room for in the end comes back.
fn fit(parts: &mut [Part], room: u16) {
    let mut left_out = Vec::new();
    while width(parts) > room {
        let shown = parts.iter_mut().enumerate();
        let shown = shown.filter(|(_, part)| !part.forms.is_empty());
        let weight = |part: &Part| part.forms.first().map_or(u8::MAX, |(weight, _)| *weight);
        let Some((at, part)) = shown.min_by_key(|(_, part)| weight(part)) else {
            break;
        };
        left_out.push((at, part.forms.remove(0)));
    }
    // The most important first.
    for (at, form) in left_out.into_iter().rev() {
        parts[at].forms.insert(0, form);
        if width(parts) > room {
            parts[at].forms.remove(0);
        }
    }
}

/// Draws the line: as much as fits, the least important left out first.
pub(super) fn render(frame: &mut Frame<'_>, area: Rect, state: &State) {
    let is_replay = state.display == DisplayMode::Replay;
    let pace = Pace::of(state);
    let appearance = &state.appearance;
    let Some(moment) = state.moment.as_deref() else {
        render_before_first(frame, area, state, pace);
        return;
    };
    let sample = &moment.sample;
    if state.display == DisplayMode::Frozen {
        render_frozen(frame, area, state, sample);
        return;
    }
    let mut begin = vec![(" ".to_owned(), Tone::Plain)];
    if is_replay {
        begin = vec![
            (" REPLAY ".to_owned(), Tone::Selected),
            (" ".to_owned(), Tone::Plain),
        ];
    }
    let mut parts = parts(state, moment, &pace);
    let room = area.width.saturating_sub(pieces::width(&begin) + 1);
    fit(&mut parts, room);
    let (left, right) = (joined(&parts, false), joined(&parts, true));
    begin.extend(left);
    pieces::write(frame.buffer_mut(), area, appearance, &begin);
    let length = pieces::width(&right) + 1;
    if length > 1 && length < area.width {
        let place = Rect {
            x: area.right() - length,
            width: length,
            ..area
        };
        pieces::write(frame.buffer_mut(), place, appearance, &right);
    }
}

/// The parts of the line.
fn parts(state: &State, moment: &Moment, pace: &Pace) -> Vec<Part> {
    let (sample, aggregate) = (&moment.sample, &moment.aggregate);
    let is_replay = state.display == DisplayMode::Replay;
    let plain = |text: String| vec![(text, Tone::Plain)];
    let mut kernel = "Linux ".to_owned();
    format::sanitize(&mut kernel, release(&sample.host.kernel).as_bytes());
    let mut sockets = String::new();
    if sample.preview.is_some() {
        sockets.push_str("preview: ");
    }
    format::count(&mut sockets, aggregate.totals.sockets.into());
    if moment.filtered().is_some() {
        sockets.push_str(" of ");
        format::count(&mut sockets, moment.unfiltered().totals.sockets.into());
    }
    sockets.push_str(" sockets");
    let scoped = match namespaces(sample).as_str() {
        "" => sockets.clone(),
        namespaces => format!("{sockets} in {namespaces}"),
    };
    let rate = |arrow: &str, rate, tone| {
        let rate = format::format_or_missing(rate, format::rate);
        (format!("{arrow} {rate:>9}"), tone)
    };
    let throughput = aggregate.throughput;
    let throughput = vec![
        rate("↓", throughput.received, Tone::Received),
        (" ".to_owned(), Tone::Plain),
        rate("↑", throughput.sent, Tone::Sent),
    ];
    let change = |sign: &str, rate| {
        let rate = format::format_or_missing(rate, format::per_second);
        format!("{:>7}", format!("{sign}{rate}"))
    };
    let opened = aggregate.changes.map(|changes| changes.opened);
    let closed = aggregate.changes.map(|changes| changes.closed);
    let changes = format!("{} {}", change("+", opened), change("−", closed));
    let pace_weight = if pace.is_important { 8 } else { 1 };
    let pace = |weight: u8, text: &str| (weight, vec![(text.to_owned(), pace.tone)]);
    let longer = Pace::of(state);
    vec![
        // The host of a recording is easily mistaken for this one.
        Part::left(
            if is_replay { 9 } else { 4 },
            vec![(text::sanitized(&sample.host.hostname), Tone::Strong)],
        ),
        Part::left(2, plain(kernel)),
        // The totals are sums over all network namespaces shown.
        Part {
            forms: vec![(5, plain(scoped)), (10, plain(sockets))],
            is_right: false,
        },
        Part::left(7, throughput),
        Part::left(3, plain(changes)),
        Part::right(vec![(11, recording(state))]),
        Part::right(vec![
            pace(pace_weight.min(6), &longer.long),
            pace(pace_weight, &longer.short),
        ]),
        Part::right(vec![(
            if is_replay { 9 } else { 6 },
            plain(clock(state, sample.taken_at_us)),
        )]),
    ]
}

/// Draws the line before the first moment: what is read.
fn render_before_first(frame: &mut Frame<'_>, area: Rect, state: &State, pace: Pace) {
    let (name, reading) = match state.display {
        DisplayMode::Replay => ((" REPLAY ", Tone::Selected), "reading…  "),
        _ => ((" sockwatch ", Tone::Strong), "sampling…  "),
    };
    // The progress says the same.
    let reading = if state.progress.is_some() {
        ""
    } else {
        reading
    };
    let mut line = [
        (name.0.to_owned(), name.1),
        (" ".to_owned(), Tone::Plain),
        (reading.to_owned(), Tone::Muted),
        (pace.long, pace.tone),
    ];
    if pieces::width(&line) > area.width {
        line[3].0 = pace.short;
    }
    pieces::write(frame.buffer_mut(), area, &state.appearance, &line);
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
        (
            state.appearance.keys.label(Command::Freeze).to_owned(),
            Tone::Key,
        ),
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
            format!("{hours:02}:{minutes:02}:{seconds:02} {size:>7}"),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_least_important_is_left_out_and_comes_back_if_it_fits() {
        let part = |weight, text: &str| Part::left(weight, vec![(text.to_owned(), Tone::Plain)]);
        let fitted = |room| -> String {
            let mut parts = [
                part(4, "a-very-long-host-name"),
                part(9, "10 sockets"),
                part(3, "+1/s"),
            ];
            fit(&mut parts, room);
            joined(&parts, false)
                .into_iter()
                .map(|(text, _)| text)
                .collect()
        };
        assert_eq!(fitted(41), "a-very-long-host-name · 10 sockets · +1/s");
        assert_eq!(fitted(40), "a-very-long-host-name · 10 sockets");
        assert_eq!(
            fitted(33),
            "10 sockets · +1/s",
            "the short one fits after all"
        );
        assert_eq!(fitted(16), "10 sockets");
        assert_eq!(fitted(5), "+1/s");
    }
}

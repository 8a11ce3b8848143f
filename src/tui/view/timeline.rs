//! The timeline: the position in a recording, or in the kept history.
//!
//! ```text
//!  ▶ 1×    20:00:00 ━━!══━━━━━●────····──!═══×──── 20:10:00   20:04:07  sample 17 of 600
//! ```
//!
//! A diamond is the marked instant. Dots are times without samples, crosses are corrupt parts. `!` is where a finding
//! is raised, and a double line spans the time it is active, in the color of its severity. Until the whole recording
//! has been scanned for findings, the share scanned so far is shown. A click goes to its time.

use std::ops::RangeInclusive;

use ratatui::Frame;
use ratatui::layout::Rect;

use crate::column::format;
use crate::tui::appearance::Appearance;
use crate::tui::click_map::ClickTarget;
use crate::tui::state::{DisplayMode, State};
use crate::tui::theme::Tone;
use crate::tui::timeline::{FindingMarks, FindingSpan, GapKind, Timeline, Track};
use crate::tui::value_tones::severity_tone;
use crate::tui::widget::pieces::{self, Piece};

/// Minimum width of the track.
const MIN_TRACK_WIDTH: u16 = 10;

/// The width of the speed, such as `▶ 100×`.
const SPEED_WIDTH: usize = 6;

/// The height of the timeline, lines.
pub(super) fn lines(state: &State) -> u16 {
    u16::from(state.timeline.is_some())
}

/// Draws the timeline; the track takes the room that the texts at its sides leave.
pub(super) fn render(frame: &mut Frame<'_>, area: Rect, state: &mut State) {
    let Some(timeline) = state.timeline.clone().filter(|_| area.height > 0) else {
        return;
    };
    let (left, right) = side_texts(state, &timeline, area.width);
    let appearance = &state.appearance;
    pieces::write(frame.buffer_mut(), area, appearance, &left);
    let width = pieces::width(&right);
    let x = area.x + pieces::width(&left);
    let track = Rect {
        x,
        width: area.right().saturating_sub(x + width),
        ..area
    };
    let place = Rect {
        x: track.right(),
        width: area.right().saturating_sub(track.right()),
        ..area
    };
    pieces::write(frame.buffer_mut(), place, appearance, &right);
    if track.width == 0 {
        return;
    }
    let marked_us = marked_us(state, &timeline.track);
    let cells = cells(&timeline, marked_us, track.width);
    pieces::write(frame.buffer_mut(), track, appearance, &cells);
    if let Some(span_us) = timeline.track.span_us() {
        for column in 0..track.width {
            let at = Rect {
                x: track.x + column,
                width: 1,
                ..track
            };
            state.clicks.add(
                at,
                ClickTarget::Sample(sample_at(&timeline.track, span_us, column, track.width)),
            );
        }
    }
}

/// The texts at both sides of the track, shortened to leave it some room.
fn side_texts(state: &State, timeline: &Timeline, width: u16) -> (Vec<Piece>, Vec<Piece>) {
    let appearance = &state.appearance;
    let plain = |text: String| (text, Tone::Plain);
    let mut speed: Vec<Piece> = vec![plain(" ".to_owned())];
    if state.display == DisplayMode::Replay {
        let (sign, tone) = if timeline.playback.playing {
            ('▶', Tone::Good)
        } else {
            ('■', Tone::Warning)
        };
        let text = format!("{sign} {}×", timeline.speed());
        speed.push((format!("{text:<SPEED_WIDTH$} "), tone));
    }
    let all = timeline.track.times.len();
    let (mut count, mut at) = (String::new(), String::new());
    format::count(&mut count, all as u64);
    format::count(&mut at, (timeline.playback.at + 1).min(all) as u64);
    let digits = count.chars().count();
    let sample = format!(" {at:>digits$} of {count} ");
    let now = timeline.time().map_or_else(
        || format::MISSING.to_owned(),
        |time| appearance.time_of_day(time.wall_us),
    );
    let (start, end) = track_ends(appearance, &timeline.track);
    let strong = |text: String| (text, Tone::Strong);
    let mut choices = Vec::new();
    let share = timeline.scanned_share();
    if share < 1.0 {
        let looked = (
            format!(" scanned {:>2.0} % ", (share * 100.0).floor()),
            Tone::Notice,
        );
        for (word, ends) in [(" sample", true), (" sample", false), ("", false)] {
            let (before, after) = if ends {
                (format!("{start} "), format!(" {end}   "))
            } else {
                (String::new(), " ".to_owned())
            };
            choices.push((
                vec![plain(before)],
                vec![
                    plain(after),
                    strong(now.clone()),
                    plain(format!(" {word}{sample}")),
                    looked.clone(),
                ],
            ));
        }
    }
    for word in [" sample", ""] {
        choices.push((
            vec![plain(format!("{start} "))],
            vec![
                plain(format!(" {end}   ")),
                strong(now.clone()),
                plain(format!(" {word}{sample}")),
            ],
        ));
    }
    choices.push((
        Vec::new(),
        vec![strong(format!(" {now}")), plain(format!(" {sample}"))],
    ));
    choices.push((Vec::new(), vec![plain(sample)]));
    let fixed = pieces::width(&speed);
    let fits = |(left, right): &(Vec<Piece>, Vec<Piece>)| {
        fixed + pieces::width(left) + pieces::width(right) + MIN_TRACK_WIDTH <= width
    };
    let (left, right) = choices.into_iter().find(fits).unwrap_or_default();
    (speed.into_iter().chain(left).collect(), right)
}

/// The time of the marked Sample, µs after the first one.
fn marked_us(state: &State, track: &Track) -> Option<i64> {
    let (marked, first) = (state.mark.as_ref()?, track.times.get(0)?);
    let ns = marked.sample.monotonic_ns.checked_sub(first.monotonic_ns)?;
    Some((ns / 1000).cast_signed())
}

/// Start and end of the track; with the day, if the days differ.
fn track_ends(appearance: &Appearance, track: &Track) -> (String, String) {
    let ends = track
        .times
        .wall_us(0)
        .zip(track.times.wall_us(track.times.len().saturating_sub(1)));
    let Some((start, end)) = ends else {
        return (format::MISSING.to_owned(), format::MISSING.to_owned());
    };
    let (first, last) = (appearance.day(start), appearance.day(end));
    if first == last {
        (appearance.time_of_day(start), appearance.time_of_day(end))
    } else {
        let with = |day: String, at| format!("{day} {}", appearance.time_of_day(at));
        (with(first, start), with(last, end))
    }
}

/// The column of a time in a span, both µs.
fn column_of(span_us: i64, at_us: i64, width: u16) -> u16 {
    let share = at_us as f64 / span_us.max(1) as f64;
    (share * f64::from(width.saturating_sub(1))).round() as u16
}

/// The time of a column of a span, µs.
fn time_at(span_us: i64, column: u16, width: u16) -> i64 {
    let share = f64::from(column) / f64::from(width.saturating_sub(1).max(1));
    (span_us as f64 * share).round() as i64
}

/// The Sample of a column.
fn sample_at(track: &Track, span_us: i64, column: u16, width: u16) -> usize {
    track.times.at_elapsed(time_at(span_us, column, width))
}

/// The columns of a time without Samples: those between the Samples around it, and at least one.
fn columns_of(span_us: i64, (from, to): (i64, i64), width: u16) -> RangeInclusive<u16> {
    let (first, last) = (
        column_of(span_us, from, width),
        column_of(span_us, to, width),
    );
    if last > first + 1 {
        first + 1..=last - 1
    } else {
        let middle = column_of(span_us, from.midpoint(to), width);
        middle..=middle
    }
}

/// The cells of the track: elapsed part, position, remaining part, with gaps and marks.
fn cells(timeline: &Timeline, marked_us: Option<i64>, width: u16) -> Vec<Piece> {
    let track = &timeline.track;
    let Some(span_us) = track.span_us() else {
        return vec![("─".repeat(width.into()), Tone::Muted)];
    };
    let at = column_at(track, timeline.playback.at, width);
    let mut cells: Vec<(char, Tone)> = (0..width)
        .map(|column| match at {
            Some(at) if usize::from(column) < at => ('━', Tone::Key),
            _ => ('─', Tone::Muted),
        })
        .collect();
    draw_spans(&timeline.marks, track, width, &mut cells);
    // Corrupt parts are drawn above missing ones.
    for kind in [GapKind::Missing, GapKind::Damaged] {
        for gap in track.gaps.iter().filter(|gap| gap.kind == kind) {
            for column in columns_of(span_us, (gap.from_us, gap.to_us), width) {
                if let Some(cell) = cells.get_mut(usize::from(column)) {
                    *cell = match kind {
                        GapKind::Missing => ('·', Tone::Muted),
                        GapKind::Damaged => ('×', Tone::Critical),
                    };
                }
            }
        }
    }
    draw_marks(&timeline.marks, track, width, &mut cells);
    if let Some(marked_us) = marked_us.filter(|at_us| (0..=span_us).contains(at_us))
        && let Some(cell) = cells.get_mut(usize::from(column_of(span_us, marked_us, width)))
    {
        *cell = ('◆', Tone::Key);
    }
    if let Some(cell) = at.and_then(|at| cells.get_mut(at)) {
        *cell = ('●', Tone::Strong);
    }
    cells
        .chunk_by(|a, b| a.1 == b.1)
        .map(|run| (run.iter().map(|(cell, _)| cell).collect(), run[0].1))
        .collect()
}

/// The spans of findings, the most severe last.
fn by_severity(marks: &FindingMarks) -> Vec<FindingSpan> {
    let mut spans = marks.spans().to_vec();
    spans.sort_by_key(|span| span.severity);
    spans
}

/// The column of a Sample, by its index.
fn column_at(track: &Track, at: usize, width: u16) -> Option<usize> {
    let column = column_of(track.span_us()?, track.times.elapsed_us(at)?, width);
    Some(column.into())
}

/// Draws the spans in which findings are active.
fn draw_spans(marks: &FindingMarks, track: &Track, width: u16, cells: &mut [(char, Tone)]) {
    for span in by_severity(marks) {
        let (from, to) = (
            column_at(track, span.from, width),
            column_at(track, span.to, width),
        );
        if let Some(held) = from.zip(to).and_then(|(from, to)| cells.get_mut(from..=to)) {
            held.fill(('═', severity_tone(span.severity)));
        }
    }
}

/// Draws the marks where findings are raised.
fn draw_marks(marks: &FindingMarks, track: &Track, width: u16, cells: &mut [(char, Tone)]) {
    for span in by_severity(marks).iter().filter(|span| span.was_raised) {
        let column = column_at(track, span.from, width);
        if let Some(cell) = column.and_then(|column| cells.get_mut(column)) {
            *cell = ('!', severity_tone(span.severity));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::SampleTime;
    use crate::tui::timeline::Gap;
    use std::sync::Arc;

    fn drawn(times: &[i64], gaps: &[(i64, i64, GapKind)], at: i64, width: u16) -> String {
        drawn_with(times, gaps, (at, None), width)
    }

    fn drawn_with(
        times: &[i64],
        gaps: &[(i64, i64, GapKind)],
        (at, marked_us): (i64, Option<i64>),
        width: u16,
    ) -> String {
        let gap = |&(from_us, to_us, kind): &(i64, i64, GapKind)| Gap {
            from_us,
            to_us,
            kind,
        };
        let time = |us: &i64| SampleTime {
            // The wall clock does not matter.
            wall_us: 1000 - us,
            monotonic_ns: us.unsigned_abs() * 1000,
            suspended_s: None,
        };
        let track = Track {
            times: times.iter().map(time).collect(),
            gaps: gaps.iter().map(gap).collect(),
        };
        let at = track.times.at_elapsed(at);
        let timeline = Timeline::new(Arc::new(track), at);
        let cells = cells(&timeline, marked_us, width);
        cells.into_iter().map(|(text, _)| text).collect()
    }

    #[test]
    fn a_gap_is_drawn_at_its_time_even_if_short() {
        assert_eq!(drawn(&[0, 10, 20, 100], &[], 20, 11), "━━●────────");
        let gaps = [(20, 100, GapKind::Missing)];
        assert_eq!(drawn(&[0, 10, 20, 100], &gaps, 0, 11), "●──·······─");
        let gaps = [(50, 51, GapKind::Missing), (90, 90, GapKind::Damaged)];
        assert_eq!(drawn(&[0, 50, 51, 100], &gaps, 0, 11), "●────·───×─");
        assert_eq!(drawn(&[7], &[], 7, 3), "●──");
        assert_eq!(drawn(&[], &[], 7, 3), "───");
    }

    #[test]
    fn the_marked_instant_is_drawn_at_its_time() {
        let marked = |at, marked| drawn_with(&[0, 50, 100], &[], (at, Some(marked)), 11);
        assert_eq!(marked(50, 20), "━━◆━━●─────");
        assert_eq!(marked(50, 101), "━━━━━●─────");
        assert_eq!(marked(50, 50), "━━━━━●─────");
    }

    #[test]
    fn column_and_time_are_inverse() {
        let span = 90_000;
        for width in [1, 2, 7, 200] {
            for column in 0..width {
                let at = time_at(span, column, width);
                assert_eq!(column_of(span, at, width), column, "{column} of {width}");
            }
        }
    }
}

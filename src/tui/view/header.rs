//! The first line: which machine, how much is seen, how old it is.
//!
//! ```text
//!  sockwatch  web-3 · Linux 6.18 · 12 431 sockets · owners 99.8 %          every 1 s (took 14 ms)   20:14:07
//!  ⚠ owners of 210 sockets unknown: run as root or grant CAP_SYS_PTRACE + CAP_DAC_READ_SEARCH …    3 faults !
//! ```
//!
//! The second line is there only if something cannot be seen.

use ratatui::Frame;
use ratatui::layout::Rect;

use super::panel::{self, Piece};
use crate::column::format;
use crate::model::Unowned;
use crate::tui::keymap::{self, Command};
use crate::tui::state::State;
use crate::tui::theme::Tone;

/// The remedy, from the most complete to the shortest.
const REMEDIES: [&str; 4] = [
    "run as root or grant CAP_SYS_PTRACE + CAP_DAC_READ_SEARCH to see other users' processes",
    "run as root or grant CAP_SYS_PTRACE + CAP_DAC_READ_SEARCH",
    "run as root to see other users' processes",
    "run as root",
];

/// Draws the first line.
pub(super) fn render(frame: &mut Frame<'_>, area: Rect, state: &State) {
    // What is dropped first when there is little room comes last: (piece, how much it matters).
    let name = (" sockwatch".to_owned(), Tone::Strong);
    let mut left: Vec<(Piece, u8)> = Vec::new();
    let mut right: Vec<(Piece, u8)> = Vec::new();
    let interval = {
        let mut text = "every ".to_owned();
        interval_text(&mut text, state.interval);
        text
    };
    if let Some(moment) = state.moment.as_deref() {
        let (sample, totals) = (&moment.sample, &moment.aggregate.totals);
        let mut hostname = String::new();
        format::harmless(&mut hostname, sample.host.hostname.as_bytes());
        left.push(((hostname, Tone::Plain), 3));
        let mut kernel = "Linux ".to_owned();
        format::harmless(&mut kernel, release(&sample.host.kernel).as_bytes());
        left.push(((kernel, Tone::Plain), 4));
        let mut sockets = String::new();
        format::count(&mut sockets, totals.sockets.into());
        sockets.push_str(" sockets");
        left.push(((sockets, Tone::Plain), 0));
        if let Some(share) = totals.owned_share() {
            let mut owners = String::new();
            format::share(&mut owners, share);
            left.push(((format!("owners {owners:>6}"), Tone::Plain), 2));
        }
        let mut took = String::new();
        format::duration_us(&mut took, sample.timings.total_ns as f64 / 1e3);
        right.push(((format!("{interval} (took {took:>7})"), Tone::Plain), 5));
        right.push(((interval, Tone::Plain), 6));
        right.push(((clock(state, sample.taken_at_us), Tone::Strong), 1));
    } else {
        left.push((("sampling…".to_owned(), Tone::Muted), 0));
        right.push(((interval, Tone::Plain), 6));
    }
    // The interval is told once: with the time a sample took, or without.
    let mut limit = 6;
    let (left, right) = loop {
        let keep = |pieces: &[(Piece, u8)], separator: &str| {
            let mut line: Vec<Piece> = Vec::new();
            for (piece, matters) in pieces {
                let short_form = *matters == 6 && limit > 5;
                if *matters > limit || (short_form && pieces.iter().any(|(_, other)| *other == 5)) {
                    continue;
                }
                if !line.is_empty() {
                    line.push((separator.to_owned(), Tone::Muted));
                }
                line.push(piece.clone());
            }
            line
        };
        let (left, right) = (keep(&left, " · "), keep(&right, "   "));
        let all = panel::width(&[name.clone()]) + panel::width(&left) + panel::width(&right) + 6;
        if all <= area.width || limit == 0 {
            break (left, right);
        }
        limit -= 1;
    };
    let look = &state.look;
    let mut line = vec![name, ("  ".to_owned(), Tone::Plain)];
    line.extend(left);
    let used = panel::write(frame.buffer_mut(), area, look, &line);
    let length = panel::width(&right) + 1;
    if used + length <= area.width {
        let place = Rect {
            x: area.right() - length,
            width: length,
            ..area
        };
        panel::write(frame.buffer_mut(), place, look, &right);
    }
}

/// `6.18` of `6.18.44-generic`.
fn release(kernel: &str) -> &str {
    let end = kernel.match_indices('.').nth(1).map(|(at, _)| at);
    &kernel[..end.unwrap_or(kernel.len())]
}

/// `1 s`, `500 ms`, `2.5 s`.
fn interval_text(out: &mut String, interval: std::time::Duration) {
    let ms = interval.as_millis();
    if ms < 1000 {
        *out += &format!("{ms} ms");
    } else {
        *out += &format!("{} s", interval.as_secs_f64());
    }
}

/// The time of day of what is shown.
fn clock(state: &State, taken_at_us: i64) -> String {
    jiff::Timestamp::from_microsecond(taken_at_us).map_or_else(
        |_| format::MISSING.to_owned(),
        |at| {
            at.to_zoned(state.look.timezone.clone())
                .strftime("%H:%M:%S")
                .to_string()
        },
    )
}

/// What cannot be seen.
struct Blind {
    /// Sockets whose owner this user may not see.
    denied: u32,
    /// Things that could not be read.
    faults: usize,
    /// Whether sockets may be missing.
    incomplete: bool,
    /// Closings that the kernel did not tell.
    lost: u64,
}

fn blind(state: &State) -> Option<Blind> {
    let moment = state.moment.as_deref()?;
    let sample = &moment.sample;
    let denied = moment.aggregate.totals.unowned[Unowned::PermissionDenied as usize];
    let blind = Blind {
        denied: if sample.visibility.unreadable > 0 { denied } else { 0 },
        faults: sample.faults.len(),
        incomplete: !sample.is_complete(),
        lost: sample.lost_events,
    };
    (blind.denied > 0 || blind.faults > 0 || blind.lost > 0).then_some(blind)
}

/// Lines that the notice takes.
pub(super) fn notice_lines(state: &State) -> u16 {
    u16::from(blind(state).is_some())
}

/// Draws the notice.
pub(super) fn render_notice(frame: &mut Frame<'_>, area: Rect, state: &State) {
    let Some(blind) = blind(state).filter(|_| area.height > 0) else {
        return;
    };
    let look = &state.look;
    let mut right: Vec<Piece> = Vec::new();
    if blind.lost > 0 {
        let mut lost = String::new();
        format::count(&mut lost, blind.lost);
        right.push((format!("{lost} events lost  "), Tone::Warning));
    }
    if blind.faults > 0 {
        let tone = if blind.incomplete { Tone::Critical } else { Tone::Warning };
        let plural = if blind.faults == 1 { "" } else { "s" };
        right.push((format!("⚠ {} fault{plural} ", blind.faults), tone));
        right.push((keymap::label(Command::Faults).to_owned(), Tone::Key));
    }
    let length = panel::width(&right) + 1;
    let place = Rect {
        x: area.right().saturating_sub(length).max(area.x),
        width: length.min(area.width),
        ..area
    };
    panel::write(frame.buffer_mut(), place, look, &right);
    if blind.denied == 0 {
        return;
    }
    let mut denied = String::new();
    format::count(&mut denied, blind.denied.into());
    let start = format!(" ⚠ owners of {denied} sockets hidden: ");
    let room = area.width.saturating_sub(length + 1);
    let start_width = panel::width(&[(start.clone(), Tone::Warning)]);
    let fits = |remedy: &&str| start_width + remedy.len() as u16 <= room;
    let remedy = REMEDIES.into_iter().find(fits).unwrap_or("run as root");
    let line = [(start, Tone::Warning), (remedy.to_owned(), Tone::Plain)];
    panel::write(frame.buffer_mut(), Rect { width: room, ..area }, look, &line);
}

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
use crate::tui::text;
use crate::tui::theme::Tone;

/// The remedy, from the most complete to the shortest.
const REMEDIES: [&str; 4] = [
    "run as root or grant CAP_SYS_PTRACE + CAP_DAC_READ_SEARCH to see other users' processes",
    "run as root or grant CAP_SYS_PTRACE + CAP_DAC_READ_SEARCH",
    "run as root to see other users' processes",
    "run as root",
];

/// Room between the left and the right part, and at the right edge.
const SLACK: u16 = 4;

/// Draws the first line: as much as there is room for, the least important dropped first.
pub(super) fn render(frame: &mut Frame<'_>, area: Rect, state: &State) {
    let name = (" sockwatch  ".to_owned(), Tone::Strong);
    let mut interval = "every ".to_owned();
    interval_text(&mut interval, state.interval);
    let plain = |text: String| (text, Tone::Plain);
    let look = &state.look;
    let Some(moment) = state.moment.as_deref() else {
        let line = [
            name,
            ("sampling…  ".to_owned(), Tone::Muted),
            plain(interval),
        ];
        panel::write(frame.buffer_mut(), area, look, &line);
        return;
    };
    let (sample, totals) = (&moment.sample, &moment.aggregate.totals);
    let mut hostname = String::new();
    format::harmless(&mut hostname, sample.host.hostname.as_bytes());
    let mut kernel = "Linux ".to_owned();
    format::harmless(&mut kernel, release(&sample.host.kernel).as_bytes());
    let mut sockets = String::new();
    format::count(&mut sockets, totals.sockets.into());
    sockets.push_str(" sockets");
    let mut owners = String::new();
    match totals.owned_share() {
        Some(share) => format::share(&mut owners, share),
        None => owners.push_str(format::MISSING),
    }
    let owners = format!("owners {owners:>6}");
    let mut took = String::new();
    format::duration_us(&mut took, sample.timings.total_ns as f64 / 1e3);
    let took = format!("{interval} (took {took:>7})");
    let clock = clock(state, sample.taken_at_us);
    let choices: [(&[&str], &[&str]); 7] = [
        (&[&hostname, &kernel, &sockets, &owners], &[&took, &clock]),
        (
            &[&hostname, &kernel, &sockets, &owners],
            &[&interval, &clock],
        ),
        (&[&hostname, &sockets, &owners], &[&interval, &clock]),
        (&[&hostname, &sockets, &owners], &[&clock]),
        (&[&sockets, &owners], &[&clock]),
        (&[&sockets], &[&clock]),
        (&[&sockets], &[]),
    ];
    let joined = choices.map(|(left, right)| (left.join(" · "), right.join("   ")));
    let room = usize::from(
        area.width
            .saturating_sub(panel::width(&[name.clone()]) + SLACK),
    );
    let fits = |(left, right): &&(String, String)| text::width(left) + text::width(right) <= room;
    let (left, right) = joined.iter().find(fits).unwrap_or(&joined[6]);
    panel::write(frame.buffer_mut(), area, look, &[name, plain(left.clone())]);
    let length = text::width(right) as u16 + 1;
    if length < area.width {
        let place = Rect {
            x: area.right() - length,
            width: length,
            ..area
        };
        panel::write(frame.buffer_mut(), place, look, &[plain(right.clone())]);
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
        denied: if sample.visibility.unreadable > 0 {
            denied
        } else {
            0
        },
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
        let tone = if blind.incomplete {
            Tone::Critical
        } else {
            Tone::Warning
        };
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
    panel::write(
        frame.buffer_mut(),
        Rect {
            width: room,
            ..area
        },
        look,
        &line,
    );
}

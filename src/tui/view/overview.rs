//! Screen 1: the machine at a glance.
//!
//! ```text
//! ─ States ─────────────────────────  ─ Throughput ────────────────────
//!  ESTAB        640 ▁▂▃▄▅▆▇█▇▆▅▄       ↓ 31.0 MB/s  highest 45.0 MB/s
//!  TIME-WAIT    170 ▁▂▃▄▅▆▇█▇▆▅▄       ▁▂▅▇██▆▅▃▂▁▂▅▇██▆▅▃▂▁▂▅▇██▆▅▃▂
//!  …                                   ↑ …
//! ─ Processes ──────────────────────  ─ Remotes ───────────────────────
//!  the top by rate; Enter looks in     the top by rate
//! ─ Listeners nearest to overflow ──  ─ Without an owner ──────────────
//!  :443 nginx/2211  120/128 ███▌       170 time-wait: the process let go
//! ```
//!
//! Narrow terminals get the left half of the upper bands and the essence of the right.

mod listeners;
mod states;
mod unowned;

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};

use super::chart::{self, Timeline};
use super::panel::write;
use super::panel::{self, Piece};
use crate::aggregate::{Moment, RemoteTotals};
use crate::column::format;
use crate::model::State as Tcp;
use crate::tui::Look;
use crate::tui::state::State;
use crate::tui::text;
use crate::tui::theme::Tone;

/// From which width on there are two columns.
const TWO_COLUMNS: u16 = 72;

/// Draws the screen.
pub(super) fn render(frame: &mut Frame<'_>, area: Rect, state: &mut State) {
    let look = state.look.clone();
    let Some(moment) = state.moment.clone() else {
        let line = [(" sampling…".to_owned(), Tone::Muted)];
        write(frame.buffer_mut(), area, &look, &line);
        return;
    };
    let moment = &*moment;
    // The middle band takes what the others leave; the upper one has a line for each state when there is plenty.
    let (upper, lower) = match area.height {
        0..=11 => (4, 0),
        12..=21 => (6, 4),
        22..=35 => (9, 6),
        _ => (14, 10),
    };
    let bands: [Rect; 3] = Layout::vertical([
        Constraint::Length(upper),
        Constraint::Min(3),
        Constraint::Length(lower),
    ])
    .areas(area);
    let [states, top, listeners] = bands.map(|band| split(band).0);
    let [throughput, remotes, unowned] = bands.map(|band| split(band).1);

    let history = &moment.aggregate.history;
    let bars = (states.width).saturating_sub(states::TEXT + 1);
    let timeline = Timeline::new(history, state.interval, bars);
    let title = format!("States{}", timeline.label());
    let inner = panel::section(frame, states, &look, &title);
    states::render(frame, inner, &look, moment, &timeline);
    let bars = throughput.width.saturating_sub(1);
    let timeline = Timeline::new(history, state.interval, bars);
    let title = format!("Throughput of TCP{}", timeline.label());
    let inner = panel::section(frame, throughput, &look, &title);
    render_throughput(frame, inner, &look, moment, &timeline);
    let arrow = if state.top.sort().descending {
        '▼'
    } else {
        '▲'
    };
    let title = format!("Processes by {} {arrow}", state.top.sort_heading().heading);
    let inner = panel::section(frame, top, &look, &title);
    state
        .top
        .render(frame.buffer_mut(), indented(inner), moment, &look);
    let inner = panel::section(frame, remotes, &look, "Remotes by ↓+↑/s ▼");
    render_remotes(frame, inner, &look, moment);
    let inner = panel::section(frame, listeners, &look, "Listeners nearest to overflow");
    listeners::render(frame, inner, &look, moment);
    let inner = panel::section(frame, unowned, &look, "Sockets without an owner");
    unowned::render(frame, inner, &look, moment);
}

/// Left and right half; a narrow band has no right half.
fn split(band: Rect) -> (Rect, Rect) {
    if band.width < TWO_COLUMNS {
        return (band, Rect { width: 0, ..band });
    }
    let [left, right] = Layout::horizontal([Constraint::Ratio(1, 2); 2])
        .spacing(2)
        .areas(band);
    (left, right)
}

fn indented(area: Rect) -> Rect {
    Rect {
        x: area.x + 1.min(area.width),
        width: area.width.saturating_sub(1),
        ..area
    }
}

/// Writes lines from the top, as many as there is room for.
fn write_lines(frame: &mut Frame<'_>, area: Rect, look: &Look, lines: &[Vec<Piece>]) {
    for (y, line) in (area.y..area.bottom()).zip(lines) {
        let place = Rect {
            y,
            height: 1,
            ..area
        };
        write(frame.buffer_mut(), place, look, line);
    }
}

fn count(value: u32, width: usize) -> String {
    let mut text = String::new();
    format::count(&mut text, value.into());
    format!("{text:>width$}")
}

/// Both directions over time.
fn render_throughput(
    frame: &mut Frame<'_>,
    area: Rect,
    look: &Look,
    moment: &Moment,
    timeline: &Timeline<'_>,
) {
    if area.height < 2 {
        return;
    }
    let received = timeline.values(|point| point.throughput.received);
    let sent = timeline.values(|point| point.throughput.sent);
    let now = moment.aggregate.throughput;
    let changes = moment.aggregate.changes;
    let [upper, lower, last] = Layout::vertical([
        Constraint::Fill(1),
        Constraint::Fill(1),
        Constraint::Length(area.height % 2),
    ])
    .areas(area);
    for (area, arrow, rate, values) in [
        (upper, "↓", now.received, &received),
        (lower, "↑", now.sent, &sent),
    ] {
        let rate = format::known(rate, format::rate);
        let highest = format::known(format::highest(values), format::rate);
        let heading = [
            (format!(" {arrow} {rate:>9}"), Tone::Strong),
            (format!("   highest {highest:>9}"), Tone::Muted),
        ];
        write(frame.buffer_mut(), area, look, &heading);
        let below = indented(Rect {
            y: area.y + 1.min(area.height),
            height: area.height.saturating_sub(1),
            ..area
        });
        chart::render(frame, below, look, values, Tone::Plain);
    }
    let mut line = Vec::new();
    for (what, rate) in [
        ("opened", changes.map(|changes| changes.opened)),
        ("closed", changes.map(|changes| changes.closed)),
        ("TW", changes.map(|changes| changes.time_wait)),
    ] {
        line.push((format!(" {what} "), Tone::Muted));
        line.push((
            format!("{:>6}", format::known(rate, format::per_second)),
            Tone::Plain,
        ));
    }
    write(frame.buffer_mut(), last, look, &line);
}

/// The first `n` by `rank`, without sorting the others.
fn top<T>(items: &[T], n: usize, rank: impl Fn(&T, &T) -> std::cmp::Ordering) -> Vec<&T> {
    let mut all: Vec<&T> = items.iter().collect();
    if n == 0 {
        return Vec::new();
    }
    if all.len() > n {
        all.select_nth_unstable_by(n - 1, |a, b| rank(a, b));
        all.truncate(n);
    }
    all.sort_unstable_by(|a, b| rank(a, b));
    all
}

/// Remote hosts by rate, then by connections.
fn render_remotes(frame: &mut Frame<'_>, area: Rect, look: &Look, moment: &Moment) {
    if area.width == 0 || area.height == 0 {
        return;
    }
    let room = usize::from(area.width).saturating_sub(1);
    let extra = room >= 60;
    let fixed = if extra {
        6 + 6 + 9 + 9 + 9 + 5
    } else {
        6 + 9 + 9 + 3
    };
    let address = room.saturating_sub(fixed).clamp(8, 39);
    let heading = if extra {
        format!(
            " {:<address$} {:>6} {:>6} {:>9} {:>9} {:>9}",
            "REMOTE", "SOCKS", "ESTAB", "↓/s", "↑/s", "RTT"
        )
    } else {
        format!(
            " {:<address$} {:>6} {:>9} {:>9}",
            "REMOTE", "SOCKS", "↓/s", "↑/s"
        )
    };
    let mut lines = vec![vec![(heading, Tone::Strong)]];
    let rank = |a: &RemoteTotals, b: &RemoteTotals| {
        let rate = |remote: &RemoteTotals| remote.throughput.total().unwrap_or(-1.0);
        rate(b)
            .total_cmp(&rate(a))
            .then(b.sockets.cmp(&a.sockets))
            .then(a.address.cmp(&b.address))
    };
    let rows = usize::from(area.height).saturating_sub(1);
    for remote in top(&moment.aggregate.remotes, rows, rank) {
        let name = remote.address.to_string();
        let name = text::cut_middle(&name, address);
        let pad = " ".repeat(address - text::width(&name));
        let (received, sent) = (
            format::known(remote.throughput.received, format::rate),
            format::known(remote.throughput.sent, format::rate),
        );
        let sockets = count(remote.sockets, 6);
        let line = if extra {
            let established = count(remote.tcp[Tcp::Established as usize], 6);
            let rtt = format::known(
                remote.rtt_us.map(|(low, _)| low.into()),
                format::duration_us,
            );
            format!(" {name}{pad} {sockets} {established} {received:>9} {sent:>9} {rtt:>9}")
        } else {
            format!(" {name}{pad} {sockets} {received:>9} {sent:>9}")
        };
        lines.push(vec![(line, Tone::Plain)]);
    }
    if lines.len() == 1 {
        lines.push(vec![(" none".to_owned(), Tone::Muted)]);
    }
    write_lines(frame, area, look, &lines);
}

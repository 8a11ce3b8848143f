//! The page of a process: identity, descriptors, listeners, states and rates over the last minute, and its sockets.
//!
//! ```text
//! ┌ nginx/2211 ─────────────────────────────────────────────────────────────────┐
//! │ ✗ its findings, a line each                                    f for details │
//! │ user www   parent nginx/2210   started 20:01:02 (13 min ago)                 │
//! │ command nginx: worker process                                                │
//! │ unit nginx.service   namespaces net 4026531840 pid …                         │
//! │ descriptors 823 of 1024 ████████·· 80.4 %   sockets 812  files 8  pipes 3    │
//! │ listens on 10.0.0.1:443 (119/128)   0.0.0.0:80 (0/511)                       │
//! │ unix with postgres/1404 ×2                                                   │
//! │ ESTAB    640 ▁▂▃▅  TIME-WAIT    170 ▁▁▂▂  CLOSE-WAIT      0 ▁▁▁▁             │
//! │ ↓ 31.0 MB/s  ▁▂▅▇  ↑ 7.90 MB/s  ▁▂▅▇  retransmitted 0.02 %                   │
//! │ opened 12/s  closed 11/s  TIME-WAIT 10/s  LISTEN 2  UDP 0  …                 │
//! │ charts of both directions, if they fit                                       │
//! └──────────────────────────────────────────────────────────────────────────────┘
//! ┌ Sockets of this process ─ sorted by ↓+↑/s ▼ ─────────────────────────────────────────────┐
//! ```

mod rates;
mod resources;

use std::fmt::Write;
use std::sync::Arc;

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Margin, Rect};

use self::rates::{kinds, rates, render_charts, states};
use self::resources::{descriptors, listeners, unix_peers};
use super::finding_text;
use crate::aggregate::{Moment, ProcessTotals};
use crate::column::format::{self, MISSING};
use crate::diagnose::Concern;
use crate::model::{CgroupPath, Process, ProcessKey, ProcessRow, Runtime, Sample};
use crate::tui::appearance::Appearance;
use crate::tui::command::Command;
use crate::tui::lists::process_index;
use crate::tui::page::{Page, ProcessPage};
use crate::tui::screen::Pane;
use crate::tui::state::State;
use crate::tui::text;
use crate::tui::theme::Tone;
use crate::tui::widget::pieces::{self, Piece};
use crate::tui::widget::{border, table_frame};

/// The height of the charts with their headings.
const CHART_LINES: u16 = 7;

/// Minimum height of the page at which charts are shown.
const MIN_HEIGHT_WITH_CHARTS: u16 = 34;

/// Minimum height of the table of sockets.
const MIN_TABLE_HEIGHT: u16 = 6;

/// Draws the page.
pub(super) fn render(frame: &mut Frame<'_>, area: Rect, state: &mut State) {
    let appearance = state.appearance.clone();
    let (moment, interval) = (state.moment.clone(), state.interval);
    let found = Arc::clone(&state.findings);
    let mut clicks = std::mem::take(&mut state.clicks);
    if let Some(Page::Process(page)) = state.page_mut() {
        let charts = if area.height >= MIN_HEIGHT_WITH_CHARTS {
            CHART_LINES
        } else {
            0
        };
        let present = moment
            .as_deref()
            .and_then(|moment| present(moment, page.key));
        let room = area.width.saturating_sub(4);
        let key = appearance.keys.label(Command::Findings);
        // Findings come first, so that they stay visible in little room.
        let concern = Concern::Process(page.key);
        let mut text = finding_text::lines(&found, &concern, room, key);
        text.extend(lines(page, moment.as_deref(), present, &appearance, room));
        let lines = text;
        let most = area.height.saturating_sub(MIN_TABLE_HEIGHT + 2 + charts);
        let text_lines = (lines.len() as u16).min(most);
        let mut title = text::sanitized(&page.last_known.program_name());
        let _ = write!(title, "/{}", page.key.pid);
        // Without room for text, the frame is omitted.
        let frame_lines = if text_lines > 0 { 2 } else { 0 };
        let [upper, lower] = Layout::vertical([
            Constraint::Length(text_lines + frame_lines + charts),
            Constraint::Min(4),
        ])
        .areas(area);
        let inner = if frame_lines > 0 {
            border::framed(frame, upper, &appearance, &title).inner(Margin::new(1, 0))
        } else {
            upper
        };
        let text = Rect {
            height: text_lines.min(inner.height),
            ..inner
        };
        pieces::write_lines(frame, text, &appearance, &lines);
        if let Some((_, totals)) = present.filter(|_| charts > 0) {
            let below = Rect {
                y: inner.y + text_lines,
                height: inner.height.saturating_sub(text_lines),
                ..inner
            };
            render_charts(frame, below, &appearance, totals, interval);
        }
        let at = (&mut clicks, Pane::Main);
        let table = &mut page.sockets;
        let moment = moment.as_deref();
        table_frame::draw_framed(
            frame,
            lower,
            &appearance,
            "Sockets of this process",
            table,
            moment,
            at,
        );
    }
    state.clicks = clicks;
}

/// The lines above the table, the most important first.
fn lines(
    page: &ProcessPage,
    moment: Option<&Moment>,
    present: Option<(&ProcessRow, &ProcessTotals)>,
    appearance: &Appearance,
    room: u16,
) -> Vec<Vec<Piece>> {
    let process = &page.last_known;
    let mut lines = Vec::new();
    lines.extend(pieces::flow(
        identity(process, moment, appearance).into_iter(),
        room,
    ));
    lines.push(named("command ", &process.command_line));
    let (Some(moment), Some((row, totals))) = (moment, present) else {
        lines.push(vec![(
            "has no sockets now, or has exited; showing its last known data".to_owned(),
            Tone::Warning,
        )]);
        return lines;
    };
    lines.extend(pieces::flow(
        descriptors(row, totals, moment).into_iter(),
        room,
    ));
    let groups = states(totals)
        .into_iter()
        .chain(rates(totals))
        .chain(kinds(totals));
    lines.extend(pieces::flow(groups, room));
    let listens = listeners(moment, totals.process);
    if !listens.is_empty() {
        lines.push(listed("listens on ", &listens, room));
    }
    if let Some((_, peers)) = page.unix_peers.as_ref().filter(|_| totals.unix > 0) {
        let peers = unix_peers(peers);
        if !peers.is_empty() {
            lines.push(listed("unix with ", &peers, room));
        }
    }
    let mut groups = workload(process, &moment.sample);
    groups.extend(namespaces(process));
    for group in &mut groups {
        group.push(("   ".to_owned(), Tone::Plain));
    }
    lines.extend(pieces::flow(groups.into_iter(), room));
    lines
}

/// A name with a text that another process chose, sanitized.
fn named(name: &str, text: &str) -> Vec<Piece> {
    let mut value = text::sanitized(text);
    if value.is_empty() {
        value.push_str(MISSING);
    }
    vec![(name.to_owned(), Tone::Muted), (value, Tone::Plain)]
}

/// As many items as fit, and the number of the others.
fn listed(name: &str, items: &[Vec<Piece>], room: u16) -> Vec<Piece> {
    let mut line = vec![(name.to_owned(), Tone::Muted)];
    for (at, item) in items.iter().enumerate() {
        let rest = items.len() - at;
        let more = format!("+{rest} more");
        let spare = if rest > 1 {
            text::width(&more) as u16
        } else {
            0
        };
        if at > 0 && pieces::width(&line) + pieces::width(item) + spare > room {
            line.push((more, Tone::Muted));
            break;
        }
        line.extend(item.iter().cloned());
    }
    line
}

/// The process at this moment, if it still has sockets.
fn present(moment: &Moment, key: ProcessKey) -> Option<(&ProcessRow, &ProcessTotals)> {
    let at = process_index(moment, key)? as usize;
    Some((
        moment.sample.processes.get(at)?,
        moment.aggregate.processes.get(at)?,
    ))
}

/// User, parent and start time.
fn identity(
    process: &Process,
    moment: Option<&Moment>,
    appearance: &Appearance,
) -> Vec<Vec<Piece>> {
    let mut user = String::new();
    match process.user.as_deref() {
        Some(name) => format::sanitize(&mut user, name.as_bytes()),
        None => user = process.uid.to_string(),
    }
    let mut parent = String::new();
    let known = moment.and_then(|moment| {
        let mut rows = moment.sample.processes.iter();
        rows.find(|row| row.process.key.pid == process.parent)
    });
    if let Some(known) = known {
        format::sanitize(&mut parent, known.process.program_name().as_bytes());
        parent.push('/');
    }
    let _ = write!(parent, "{}", process.parent);
    let mut started = MISSING.to_owned();
    if let Some(at) = process.started_at_us {
        started = appearance.time_of_day(at);
        if let Some(age_us) = moment.and_then(|moment| moment.sample.age_us(process)) {
            started.push_str(" (");
            format::short_duration_us(&mut started, age_us as f64);
            started.push_str(" ago)");
        }
    }
    [("user ", user), ("parent ", parent), ("started ", started)]
        .into_iter()
        .map(|(what, value)| {
            vec![
                (what.to_owned(), Tone::Muted),
                (format!("{value}   "), Tone::Plain),
            ]
        })
        .collect()
}

/// Its container with the ones around it and the image, its unit and login session, and its control group unless that only
/// repeats them.
fn workload(process: &Process, sample: &Sample) -> Vec<Vec<Piece>> {
    let mut groups = Vec::new();
    let container = sample.container_of(process);
    if let Some(container) = container {
        let mut label = container.label().into_owned();
        for outer in container.outers() {
            let _ = write!(label, " in {}", outer.label());
        }
        groups.push(named("container ", &label));
        let runtime = container.runtime.map(Runtime::name);
        for (name, text) in [
            ("runtime ", runtime),
            ("image ", container.image.as_deref()),
            ("compose project ", container.project.as_deref()),
            ("service ", container.service.as_deref()),
            ("id ", container.name.as_ref().map(|_| container.short_id())),
        ] {
            groups.extend(text.map(|text| named(name, text)));
        }
    }
    let path = process.cgroup.as_deref().unwrap_or_default();
    let parsed = CgroupPath::parse(path);
    // The scope of a container has its id, and nothing else.
    let unit = match container {
        Some(_) => parsed.unit_in_container(),
        None => parsed.unit,
    };
    let mut is_all = container.is_some();
    if let Some(unit) = unit {
        groups.push(named("unit ", unit));
        is_all |= path.strip_prefix("/system.slice/") == Some(unit);
    }
    if let Some(session) = parsed.session {
        groups.push(named("session ", session));
    }
    if !is_all {
        groups.push(named("cgroup ", path));
    }
    groups
}

/// The inodes of its namespaces.
fn namespaces(process: &Process) -> Vec<Vec<Piece>> {
    let spaces = process.namespaces;
    let known = [
        ("net", spaces.net),
        ("pid", spaces.pid),
        ("mnt", spaces.mnt),
        ("user", spaces.user),
    ];
    let mut line = vec![("namespaces".to_owned(), Tone::Muted)];
    for (name, inode) in known {
        let inode = inode.map_or_else(|| MISSING.to_owned(), |inode| inode.to_string());
        line.push((format!(" {name} "), Tone::Muted));
        line.push((inode, Tone::Plain));
    }
    vec![line]
}

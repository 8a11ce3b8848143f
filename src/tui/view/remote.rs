//! The page of a remote host, or of one of its ports: totals, and the sockets connected to it.
//!
//! ```text
//! ┌ 198.51.100.9 ────────────────────────────────────────────────────────────────┐
//! │ sockets 3  ESTAB 3  TIME-WAIT 0  CLOSE-WAIT 0  ↓ 4.50 kB/s  ↑ 4.20 MB/s       │
//! │ RTT 2.70 ms to 9.90 ms   retransmitted 0 %   nginx/2211                       │
//! └──────────────────────────────────────────────────────────────────────────────┘
//! ┌ Sockets to this host ─ sorted by ↓+↑/s ▼ ─────────────────────────────────────────┐
//! ```

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Margin, Rect};

use super::finding_text;
use crate::aggregate::{Moment, RemoteTotals};
use crate::column::format;
use crate::model::{Endpoint, RemoteHost, Socket, State as Tcp};
use crate::tui::command::Command;
use crate::tui::concern::remote_concern;
use crate::tui::page::{Page, RemotePage};
use crate::tui::screen::Pane;
use crate::tui::state::State;
use crate::tui::text;
use crate::tui::theme::Tone;
use crate::tui::value_tones::retransmitted_tone;
use crate::tui::value_tones::state_tone;
use crate::tui::widget::pieces::{self, Piece};
use crate::tui::widget::{border, table_frame};

/// Maximum number of endpoints that are named behind a translated address.
const MAX_REAL_PEERS: usize = 4;

/// Minimum height of the table.
const MIN_TABLE_HEIGHT: u16 = 6;

/// Draws the page.
pub(super) fn render(frame: &mut Frame<'_>, area: Rect, state: &mut State) {
    let appearance = state.appearance.clone();
    let moment = state.moment.clone();
    let found = Arc::clone(&state.findings);
    let mut clicks = std::mem::take(&mut state.clicks);
    if let Some(Page::Remote(page)) = state.page_mut() {
        let totals = moment
            .as_deref()
            .and_then(|moment| Some((moment, page.totals(moment)?)));
        let room = area.width.saturating_sub(4);
        let key = appearance.keys.label(Command::Findings);
        let concern = moment
            .as_deref()
            .map(|moment| remote_concern(page.host, page.service, &moment.sample));
        let lines = concern.map(|concern| finding_text::lines(&found, &concern, room, key));
        let mut lines = lines.unwrap_or_default();
        match totals {
            Some((moment, totals)) => {
                let figures = figures(moment, totals).into_iter();
                let translated = real_peers(page, moment);
                lines.extend(pieces::flow(figures.chain(translated), room));
            }
            None => lines.push(vec![(
                "no socket is connected to this host now".to_owned(),
                Tone::Warning,
            )]),
        }
        // Figures are left out if the table would become too low.
        let figure_lines = lines.len() as u16 + 2;
        let figure_lines = if figure_lines + MIN_TABLE_HEIGHT <= area.height {
            figure_lines
        } else {
            0
        };
        let [upper, lower] =
            Layout::vertical([Constraint::Length(figure_lines), Constraint::Min(4)]).areas(area);
        if figure_lines > 0 {
            let inner = border::framed(frame, upper, &appearance, &title(page, moment.as_deref()));
            pieces::write_lines(frame, inner.inner(Margin::new(1, 0)), &appearance, &lines);
        }
        let title = match page.service {
            None => "Sockets to this host".to_owned(),
            Some(service) if service.here => format!("Sockets on local port {}", service.port),
            Some(service) => format!("Sockets to remote port {}", service.port),
        };
        let (at, table) = ((&mut clicks, Pane::Main), &mut page.sockets);
        table_frame::draw_framed(
            frame,
            lower,
            &appearance,
            &title,
            table,
            moment.as_deref(),
            at,
        );
    }
    state.clicks = clicks;
}

/// The endpoints behind the host whose connections are translated (NAT), with their numbers of sockets. None among so many
/// sockets that it would delay the frame.
fn real_peers(page: &RemotePage, moment: &Moment) -> Option<Vec<Piece>> {
    let sample = &moment.sample;
    let translations = sample.translations.as_ref()?;
    if translations.is_empty() || !moment.is_small() {
        return None;
    }
    let port = match page.service {
        None => None,
        Some(service) if service.here => return None,
        Some(service) => Some(service.port),
    };
    let is_in_page = |socket: &Socket| {
        let is_port = |remote: Endpoint| port.is_none_or(|port| port == remote.port);
        RemoteHost::of(socket) == Some(page.host) && socket.remote().is_some_and(is_port)
    };
    let mut found: BTreeMap<SocketAddr, u32> = BTreeMap::new();
    for socket in &sample.sockets {
        if let Some(translation) = translations.get(&socket.key())
            && is_in_page(&socket)
        {
            let peer = translation.peer;
            *found
                .entry(SocketAddr::new(peer.address, peer.port))
                .or_default() += 1;
        }
    }
    let mut found: Vec<(SocketAddr, u32)> = found.into_iter().collect();
    found.sort_by_key(|(_, sockets)| Reverse(*sockets));
    let more = found.len().saturating_sub(MAX_REAL_PEERS);
    let named = found.iter().take(MAX_REAL_PEERS);
    let mut text: Vec<String> = named
        .map(|(peer, sockets)| format!("{peer} ×{sockets}"))
        .collect();
    if more > 0 {
        text.push(format!("{more} more"));
    }
    (!text.is_empty()).then(|| {
        vec![
            ("translated to ".to_owned(), Tone::Muted),
            (format!("{}   ", text.join(", ")), Tone::Strong),
        ]
    })
}

/// The address of the host, with its network namespace if the address is another host elsewhere.
fn title(page: &RemotePage, moment: Option<&Moment>) -> String {
    let sample = moment.map(|moment| &moment.sample);
    let sample = sample.filter(|sample| page.host.is_local() && !sample.namespaces.is_empty());
    let mut title = page.host.address.to_string();
    if let Some(name) = sample.and_then(|sample| sample.namespace_name(page.host.netns)) {
        title.push_str(" in ");
        format::sanitize(&mut title, name.as_bytes());
    }
    title
}

/// The totals of the host: sockets, states, throughput, round-trip times, processes.
fn figures(moment: &Moment, totals: &RemoteTotals) -> Vec<Vec<Piece>> {
    let mut groups = Vec::new();
    let mut figure = |name: &str, text: String, tone: Tone| {
        groups.push(vec![
            (format!("{name} "), Tone::Muted),
            (format!("{text}   "), tone),
        ]);
    };
    let formatted =
        |count: u32| format::format_or_missing(Some(count.into()), format::grouped_count);
    figure("sockets", formatted(totals.sockets), Tone::Strong);
    for state in [
        Tcp::Established,
        Tcp::TimeWait,
        Tcp::CloseWait,
        Tcp::SynSent,
    ] {
        let count = totals.tcp[state as usize];
        let tone = if count == 0 {
            Tone::Muted
        } else {
            state_tone(state)
        };
        figure(state.short_name(), formatted(count), tone);
    }
    let rate = |rate| format!("{:>9}", format::format_or_missing(rate, format::rate));
    figure("↓", rate(totals.throughput.received), Tone::Strong);
    figure("↑", rate(totals.throughput.sent), Tone::Strong);
    let rtt = match totals.rtt_us {
        None => format::MISSING.to_owned(),
        Some((low, high)) => {
            let time = |us: u32| format::format_or_missing(Some(us.into()), format::duration_us);
            match (time(low), time(high)) {
                (low, high) if low == high => low,
                (low, high) => format!("{low} to {high}"),
            }
        }
    };
    figure("RTT", rtt, Tone::Plain);
    let share = totals.throughput.retransmitted_share();
    let retransmitted = format::format_or_missing(share, format::share);
    figure("retransmitted", retransmitted, retransmitted_tone(share));
    for &row in totals.processes.rows() {
        if let Some(row) = moment.sample.processes.get(row as usize) {
            let name = text::sanitized(&row.process.comm);
            figure(
                "process",
                format!("{name}/{}", row.process.key.pid),
                Tone::Strong,
            );
        }
    }
    groups
}

//! The System screen: limits, protocol counters, network devices, settings (netstat -s, sysctl and ifconfig in one).
//!
//! ```text
//!  sockets 812   TCP 120 in use  3004 TIME-WAIT  0 orphans  1.20 MB   UDP 40 …
//! ─ Limits ─ by USED% ▼ ────────────  ─ ▶ Counters ─ by ACTIVE ▲ ── 1-20/412 ─
//!  accept queue  ███████·  93.0 %      now   TcpExt.ListenOverflows  12  2/s
//! ─ Interfaces ─ by STATE ▲ ────────   8 s   Tcp.RetransSegs        …
//!  eth0  up  31.0 MB/s 7.90 MB/s …     …
//! ─ Settings ─ by SETTING ▲ ────────
//!  tcp_tw_reuse  loopback only  …
//! ─ TcpExt.ListenOverflows ─────────────────────────────────────────────────
//!  what the selected row means, in a sentence
//! ```
//!
//! A narrow terminal has one table below the other. The one with the focus has the most room; a table without room has
//! a summary in its title.

mod pane_heights;
mod row_detail;
mod usage_line;

use std::sync::Arc;

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};

use crate::aggregate::Moment;
use crate::model::Sample;
use crate::tui::appearance::Appearance;
use crate::tui::click_map::ClickMap;
use crate::tui::screen::{Pane, Screen};
use crate::tui::state::{State, System};
use crate::tui::table::{List, Table};
use crate::tui::text;
use crate::tui::theme::Tone;
use crate::tui::widget::pieces::{write, write_lines};
use crate::tui::widget::{border, table_frame};

/// Minimum width with two columns of tables.
const TWO_COLUMN_WIDTH: u16 = 110;

/// Minimum and maximum width of the left column.
const LEFT_WIDTH: (u16, u16) = (59, 100);

/// Minimum height at which the detail of the selected row has a title of its own.
const MIN_HEIGHT_WITH_TITLE: u16 = 26;

/// Minimum height at which that detail and the sockets in use are shown.
const MIN_HEIGHT_WITH_DETAIL: u16 = 12;

/// Maximum width of the name of a network namespace in a title.
const MAX_NAMESPACE_WIDTH: usize = 24;

/// Draws the screen.
pub(super) fn render(frame: &mut Frame<'_>, area: Rect, state: &mut State) {
    let appearance = state.appearance.clone();
    let Some(moment) = state.moment.clone() else {
        let line = [(" sampling…".to_owned(), Tone::Muted)];
        write(frame.buffer_mut(), area, &appearance, &line);
        return;
    };
    let (usage_lines, detail_lines) = match area.height {
        0..MIN_HEIGHT_WITH_DETAIL => (0, 0),
        MIN_HEIGHT_WITH_DETAIL..MIN_HEIGHT_WITH_TITLE => (1, 2),
        _ => (1, 3),
    };
    let [usage, tables, detail] = Layout::vertical([
        Constraint::Length(usage_lines),
        Constraint::Min(0),
        Constraint::Length(detail_lines),
    ])
    .areas(area);
    let columns: Vec<(Rect, &[Pane])> = if area.width >= TWO_COLUMN_WIDTH {
        // Counters have the most rows, with a sentence each.
        let left = (area.width * 2 / 5).clamp(LEFT_WIDTH.0, LEFT_WIDTH.1);
        let [left, right] = Layout::horizontal([Constraint::Length(left), Constraint::Min(0)])
            .spacing(2)
            .areas(tables);
        vec![
            (left, &[Pane::Limits, Pane::Interfaces, Pane::Settings]),
            (right, &[Pane::Counters]),
        ]
    } else {
        vec![(tables, Screen::System.panes())]
    };
    let system = &mut state.system;
    let shown = system.namespace().map(|shown| Arc::clone(shown.moment()));
    let shown = shown.unwrap_or_else(|| Arc::clone(&moment));
    let of = namespace_title(system, &moment.sample);
    let mut tables = TablePainter {
        frame,
        appearance: &appearance,
        moment: &moment,
        shown: &shown,
        of: &of,
        clicks: &mut state.clicks,
        is_searched: !system.search().is_empty(),
        focus: system.focus,
    };
    for (area, panes) in columns {
        let wishes: Vec<(Pane, u16)> = panes
            .iter()
            .map(|&pane| (pane, rows(system, pane).saturating_add(2)))
            .collect();
        let mut y = area.y;
        for (&pane, height) in
            panes
                .iter()
                .zip(pane_heights::heights(area.height, &wishes, system.focus))
        {
            let place = Rect { y, height, ..area };
            tables.pane(place, system, pane);
            y += height;
        }
    }
    if system.search().is_empty() {
        let line = usage_line::line(&shown, &of, usage.width);
        write(frame.buffer_mut(), usage, &appearance, &line);
    } else {
        let line = usage_line::search_line(system.search());
        write(frame.buffer_mut(), usage, &appearance, &line);
    }
    let detail_of = row_detail::for_current_row(system, &moment);
    if detail_lines > 2 {
        let inner = border::section(frame, detail, &appearance, &detail_of.name);
        let lines = detail_of.lines(inner.width, false);
        write_lines(frame, inner, &appearance, &lines);
    } else {
        let lines = detail_of.lines(detail.width, true);
        write_lines(frame, detail, &appearance, &lines);
    }
}

/// The name of the network namespace that is shown; empty if there is only one.
fn namespace_title(system: &System, sample: &Sample) -> String {
    match system.namespace() {
        Some(shown) if shown.is_present => text::sanitized(&shown.name),
        Some(shown) => format!("{} (not in this sample)", text::sanitized(&shown.name)),
        None if sample.namespaces.is_empty() => String::new(),
        None => text::sanitized(sample.own_netns_name.as_deref().unwrap_or("own namespace")),
    }
}

/// The number of rows of a table.
fn rows(system: &System, pane: Pane) -> u16 {
    let rows = match pane {
        Pane::Limits => system.limits.len(),
        Pane::Interfaces => system.interfaces.len(),
        Pane::Settings => system.settings.len(),
        _ => system.counters.len(),
    };
    u16::try_from(rows).unwrap_or(u16::MAX)
}

/// Draws the tables of the screen.
struct TablePainter<'t, 'f> {
    frame: &'t mut Frame<'f>,
    appearance: &'t Appearance,
    moment: &'t Moment,
    /// The moment with the counters, interfaces and settings that are shown.
    shown: &'t Moment,
    /// The network namespace that is shown, if there are several.
    of: &'t str,
    clicks: &'t mut ClickMap,
    is_searched: bool,
    focus: Pane,
}

impl TablePainter<'_, '_> {
    fn pane(&mut self, area: Rect, system: &mut System, pane: Pane) {
        match pane {
            Pane::Limits => self.table(area, "Limits", &mut system.limits, pane),
            Pane::Interfaces => {
                let summary = usage_line::interfaces_summary(self.shown);
                self.table_or(area, ("Interfaces", &summary), &mut system.interfaces, pane);
            }
            Pane::Settings => {
                let summary = usage_line::settings_summary(self.shown);
                self.table_or(area, ("Settings", &summary), &mut system.settings, pane);
            }
            _ => self.table(area, "Counters", &mut system.counters, pane),
        }
    }

    fn table<L: List>(&mut self, area: Rect, title: &str, table: &mut Table<L>, pane: Pane) {
        self.table_or(area, (title, ""), table, pane);
    }

    /// Draws a table, or its summary in its title if it does not fit.
    fn table_or<L: List>(
        &mut self,
        area: Rect,
        (title, summary): (&str, &str),
        table: &mut Table<L>,
        pane: Pane,
    ) {
        let title = if self.of.is_empty() {
            title.to_owned()
        } else {
            format!(
                "{title} of {}",
                text::cut_middle(self.of, MAX_NAMESPACE_WIDTH)
            )
        };
        let title = title.as_str();
        if area.height <= 2 {
            let title = match (summary, self.is_searched) {
                ("", _) => title.to_owned(),
                (_, true) => format!("{title} ─ {} found", table.len()),
                (summary, false) => format!("{title} ─ {summary}"),
            };
            border::section(self.frame, area, self.appearance, &title);
            self.clicks.add_pane(area, pane);
            return;
        }
        let is_focus = pane == self.focus;
        let inner = table_frame::draw_pane_title(
            self.frame,
            area,
            self.appearance,
            (title, title),
            table,
            is_focus,
        );
        let at = (&mut *self.clicks, pane);
        table.render(
            self.frame.buffer_mut(),
            inner,
            self.moment,
            self.appearance,
            at,
        );
        if table.is_empty() {
            let none = if self.is_searched {
                "no match; Esc clears the search"
            } else {
                "none"
            };
            let line = [(none.to_owned(), Tone::Muted)];
            let below = border::below(inner);
            write(self.frame.buffer_mut(), below, self.appearance, &line);
        }
        self.draw_visible_range(area, table);
    }

    /// Draws the visible rows at the right of the title.
    fn draw_visible_range<L: List>(&mut self, area: Rect, table: &Table<L>) {
        /// The width that is kept for the title.
        const TITLE_WIDTH: u16 = 32;
        let (first, page, rows) = table.visible_range();
        if rows <= page {
            return;
        }
        let sight = match table.cursor() {
            Some(cursor) => format!(" {}/{rows} ", cursor + 1),
            None => format!(" {}-{}/{rows} ", first + 1, first + page),
        };
        let width = text::width(&sight) as u16;
        if area.width >= width + TITLE_WIDTH {
            let muted = self.appearance.theme.style(Tone::Muted);
            let x = area.right() - width - 1;
            self.frame.buffer_mut().set_string(x, area.y, sight, muted);
        }
    }
}

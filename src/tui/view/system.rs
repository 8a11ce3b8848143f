//! Screen 7: the host, what one asks of netstat -s, sysctl and ifconfig.
//!
//! ```text
//!  sockets 812   TCP 120 in use  3004 TIME-WAIT  0 orphans  1.20 MB   UDP 40 …
//! ─ Limits ─ by USED% ▼ ────────────  ─ ▶ Counters ─ by GREW ▲ ── 1-20/412 ─
//!  accept queue  ███████·  93.0 %      now   TcpExt.ListenOverflows  12  2/s
//! ─ Interfaces ─ by STATE ▲ ────────   8 s   Tcp.RetransSegs        …
//!  eth0  up  31.0 MB/s 7.90 MB/s …     …
//! ─ Settings ─ by SETTING ▲ ────────
//!  tcp_tw_reuse  loopback only  …
//! ─ TcpExt.ListenOverflows ─────────────────────────────────────────────────
//!  what the selected row means, in a sentence
//! ```
//!
//! A narrow terminal has one table below the other, and the one that the keys go to has the most room; of those for which
//! there is none the title says the essence.

mod pane_heights;
mod row_detail;
mod usage_line;

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};

use crate::aggregate::Moment;
use crate::tui::hits::Hits;
use crate::tui::look::Look;
use crate::tui::screen::Pane;
use crate::tui::state::{State, System};
use crate::tui::table::{List, Table};
use crate::tui::text;
use crate::tui::theme::Tone;
use crate::tui::widget::pieces::{write, write_lines};
use crate::tui::widget::{border, table_frame};

/// From which width on there are two columns of tables.
const TWO_COLUMNS: u16 = 110;

/// The least and the most that the left one takes.
const LEFT: (u16, u16) = (59, 100);

/// From which height on what the selected row means has a title of its own.
const ROOMY: u16 = 26;

/// From which height on it is told at all, and the sockets in use.
const LOW: u16 = 12;

/// Draws the screen.
pub(super) fn render(frame: &mut Frame<'_>, area: Rect, state: &mut State) {
    let look = state.look.clone();
    let Some(moment) = state.moment.clone() else {
        let line = [(" sampling…".to_owned(), Tone::Muted)];
        write(frame.buffer_mut(), area, &look, &line);
        return;
    };
    let (used, told) = match area.height {
        0..LOW => (0, 0),
        LOW..ROOMY => (1, 2),
        _ => (1, 3),
    };
    let [usage, tables, detail] = Layout::vertical([
        Constraint::Length(used),
        Constraint::Min(0),
        Constraint::Length(told),
    ])
    .areas(area);
    let columns: Vec<(Rect, &[Pane])> = if area.width >= TWO_COLUMNS {
        // There are more counters than anything else, and sentences beside them.
        let left = (area.width * 2 / 5).clamp(LEFT.0, LEFT.1);
        let [left, right] = Layout::horizontal([Constraint::Length(left), Constraint::Min(0)])
            .spacing(2)
            .areas(tables);
        vec![
            (left, &[Pane::Limits, Pane::Interfaces, Pane::Settings]),
            (right, &[Pane::Counters]),
        ]
    } else {
        vec![(tables, &Pane::SYSTEM)]
    };
    let system = &mut state.system;
    let mut tables = Tables {
        frame,
        look: &look,
        moment: &moment,
        hits: &mut state.hits,
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
        let line = usage_line::line(&moment, usage.width);
        write(frame.buffer_mut(), usage, &look, &line);
    } else {
        let line = usage_line::searched(system.search());
        write(frame.buffer_mut(), usage, &look, &line);
    }
    let detail_of = row_detail::of(system, &moment);
    if told > 2 {
        let inner = border::section(frame, detail, &look, &detail_of.name);
        let lines = detail_of.lines(inner.width, false);
        write_lines(frame, inner, &look, &lines);
    } else {
        let lines = detail_of.lines(detail.width, true);
        write_lines(frame, detail, &look, &lines);
    }
}

/// Rows of a table.
fn rows(system: &System, pane: Pane) -> u16 {
    let rows = match pane {
        Pane::Limits => system.limits.len(),
        Pane::Interfaces => system.interfaces.len(),
        Pane::Settings => system.settings.len(),
        _ => system.counters.len(),
    };
    u16::try_from(rows).unwrap_or(u16::MAX)
}

/// What the tables of the screen have in common.
struct Tables<'t, 'f> {
    frame: &'t mut Frame<'f>,
    look: &'t Look,
    moment: &'t Moment,
    hits: &'t mut Hits,
    is_searched: bool,
    focus: Pane,
}

impl Tables<'_, '_> {
    fn pane(&mut self, area: Rect, system: &mut System, pane: Pane) {
        match pane {
            Pane::Limits => self.table(area, "Limits", &mut system.limits, pane),
            Pane::Interfaces => {
                let essence = usage_line::interfaces(self.moment);
                self.table_or(area, ("Interfaces", &essence), &mut system.interfaces, pane);
            }
            Pane::Settings => {
                let essence = usage_line::settings(self.moment);
                self.table_or(area, ("Settings", &essence), &mut system.settings, pane);
            }
            _ => self.table(area, "Counters", &mut system.counters, pane),
        }
    }

    fn table<L: List>(&mut self, area: Rect, title: &str, table: &mut Table<L>, pane: Pane) {
        self.table_or(area, (title, ""), table, pane);
    }

    /// A table, or its essence beside its title if there is room for nothing else.
    fn table_or<L: List>(
        &mut self,
        area: Rect,
        (title, essence): (&str, &str),
        table: &mut Table<L>,
        pane: Pane,
    ) {
        if area.height <= 2 {
            let title = match (essence, self.is_searched) {
                ("", _) => title.to_owned(),
                (_, true) => format!("{title} ─ {} found", table.len()),
                (essence, false) => format!("{title} ─ {essence}"),
            };
            border::section(self.frame, area, self.look, &title);
            self.hits.add_pane(area, pane);
            return;
        }
        let is_focus = pane == self.focus;
        let inner = table_frame::draw_pane_title(
            self.frame,
            area,
            self.look,
            (title, title),
            table,
            is_focus,
        );
        let at = (&mut *self.hits, pane);
        table.render(self.frame.buffer_mut(), inner, self.moment, self.look, at);
        if table.is_empty() {
            let none = if self.is_searched {
                "nothing matches"
            } else {
                "none"
            };
            let line = [(none.to_owned(), Tone::Muted)];
            let below = border::below(inner);
            write(self.frame.buffer_mut(), below, self.look, &line);
        }
        self.sight(area, table);
    }

    /// Which rows are in sight, at the right of the title.
    fn sight<L: List>(&mut self, area: Rect, table: &Table<L>) {
        /// Columns that the title has for itself.
        const TITLE: u16 = 32;
        let (first, page, rows) = table.visible_range();
        if rows <= page {
            return;
        }
        let sight = match table.cursor() {
            Some(cursor) => format!(" {}/{rows} ", cursor + 1),
            None => format!(" {}-{}/{rows} ", first + 1, first + page),
        };
        let width = text::width(&sight) as u16;
        if area.width >= width + TITLE {
            let muted = self.look.theme.style(Tone::Muted);
            let x = area.right() - width - 1;
            self.frame.buffer_mut().set_string(x, area.y, sight, muted);
        }
    }
}

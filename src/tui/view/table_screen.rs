//! The screens that are one table: Sockets, Processes, Listeners, Remotes, Events.
//!
//! ```text
//! ┌ Sockets ─ sorted by ↓+↑/s ▼ ─ filter: nginx ──────────┐
//! │ NETID STATE      LOCAL      REMOTE      PROCESS  …     │
//! │ tcp   ESTAB      10.0.0.1:… 10.0.0.9:…  nginx/2211     █
//! └ 12 of 12 431 · ↓ 1.20 MB/s ───────────── 1-14/12431 ──┘
//! ```

use ratatui::Frame;
use ratatui::layout::Rect;

use crate::column::format;
use crate::tui::screen::Pane;
use crate::tui::state::State;
use crate::tui::table::{List, Table};
use crate::tui::widget::table_frame;

/// Draws a screen that is one table.
pub(super) fn render<L: List>(
    frame: &mut Frame<'_>,
    area: Rect,
    state: &mut State,
    table: fn(&mut State) -> &mut Table<L>,
) {
    let title = state.screen.title();
    render_titled(frame, area, state, title, table);
}

/// Draws the Events screen. During a flood only the first events are kept, and the title has the number of the others.
pub(super) fn render_events(frame: &mut Frame<'_>, area: Rect, state: &mut State) {
    let moment = state.moment.as_ref();
    let omitted = moment.map_or(0, |moment| moment.aggregate.events.omitted());
    let mut title = state.screen.title().to_owned();
    if omitted > 0 {
        let count = format::format_or_missing(Some(omitted as f64), format::grouped_count);
        title = format!("{title} ─ {count} more were dropped");
    }
    render_titled(frame, area, state, &title, |state| &mut state.events);
}

fn render_titled<L: List>(
    frame: &mut Frame<'_>,
    area: Rect,
    state: &mut State,
    title: &str,
    table: fn(&mut State) -> &mut Table<L>,
) {
    let (appearance, moment) = (state.appearance.clone(), state.moment.clone());
    let mut clicks = std::mem::take(&mut state.clicks);
    let at = (&mut clicks, Pane::Main);
    table_frame::draw_framed(
        frame,
        area,
        &appearance,
        title,
        table(state),
        moment.as_deref(),
        at,
    );
    state.clicks = clicks;
}

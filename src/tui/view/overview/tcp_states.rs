//! The number of sockets in each TCP state, with its history.

use ratatui::Frame;
use ratatui::layout::Rect;

use crate::aggregate::{HistoryPoint, Moment};
use crate::model::State as Tcp;
use crate::tui::appearance::Appearance;
use crate::tui::theme::Tone;
use crate::tui::value_tones::state_tone;
use crate::tui::widget::history_axis::HistoryAxis;
use crate::tui::widget::pieces::{right_aligned_bound, write_lines};
use crate::tui::widget::sparkline::sparkline;

/// States in order of importance; as many as fit are shown.
const STATES: [Tcp; 12] = [
    Tcp::Established,
    Tcp::TimeWait,
    Tcp::CloseWait,
    Tcp::Listen,
    Tcp::SynRecv,
    Tcp::SynSent,
    Tcp::FinWait1,
    Tcp::FinWait2,
    Tcp::LastAck,
    Tcp::Closing,
    Tcp::BoundInactive,
    Tcp::Closed,
];

/// Width of the text before a sparkline: name, count, gaps.
pub(super) const TEXT_WIDTH: u16 = 22;

/// Draws TCP states with their history, then UDP and unix sockets.
pub(super) fn render(
    frame: &mut Frame<'_>,
    area: Rect,
    appearance: &Appearance,
    moment: &Moment,
    axis: &HistoryAxis<'_>,
) {
    let totals = &moment.aggregate.totals;
    let is_preview = moment.sample.preview.is_some();
    let bars = usize::from(area.width.saturating_sub(TEXT_WIDTH + 1));
    let line = |name: &str, value: u32, tone: Tone, of: &dyn Fn(&HistoryPoint) -> u32| {
        let tone = if value == 0 { Tone::Muted } else { tone };
        let values = axis.values(|point| Some(f64::from(of(point))));
        let trend = sparkline(&values, bars);
        vec![
            (format!(" {name:<12}"), tone),
            (
                format!("{} ", right_aligned_bound(value, 8, is_preview)),
                if value == 0 {
                    Tone::Muted
                } else {
                    Tone::Strong
                },
            ),
            (trend, if value == 0 { Tone::Muted } else { Tone::Plain }),
        ]
    };
    let mut lines = Vec::new();
    for state in STATES {
        if state == Tcp::Closed && totals.tcp_in(state) == 0 {
            continue;
        }
        lines.push(line(
            state.short_name(),
            totals.tcp_in(state),
            state_tone(state),
            &|point| point.tcp[state as usize],
        ));
    }
    // UDP and unix sockets always have the last two lines.
    let room = usize::from(area.height);
    lines.truncate(room.saturating_sub(2).max(1));
    let tone = Tone::Plain;
    lines.push(line("UDP", totals.udp, tone, &|point| point.udp));
    lines.push(line("UNIX", totals.unix, tone, &|point| point.unix));
    write_lines(frame, area, appearance, &lines);
}

//! How many sockets are in each state, and how it came to that.

use ratatui::Frame;
use ratatui::layout::Rect;

use super::count;
use crate::aggregate::{HistoryPoint, Moment};
use crate::column::format;
use crate::model::State as Tcp;
use crate::tui::look::Look;
use crate::tui::theme::Tone;
use crate::tui::tones::state_tone;
use crate::tui::view::chart::Timeline;
use crate::tui::view::panel::write_lines;

/// States in the order in which they matter; as many as fit.
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

/// Columns before the bars of a state: name, count, room.
pub(super) const TEXT: u16 = 22;

/// TCP states with their history, then the other protocols.
pub(super) fn render(
    frame: &mut Frame<'_>,
    area: Rect,
    look: &Look,
    moment: &Moment,
    timeline: &Timeline<'_>,
) {
    let totals = &moment.aggregate.totals;
    let bars = usize::from(area.width.saturating_sub(TEXT + 1));
    let line = |name: &str, value: u32, tone: Tone, of: &dyn Fn(&HistoryPoint) -> u32| {
        let tone = if value == 0 { Tone::Muted } else { tone };
        let values = timeline.values(|point| Some(f64::from(of(point))));
        let values = &values[values.len().saturating_sub(bars)..];
        let max = format::highest(values).unwrap_or(0.0);
        let blank = std::iter::repeat_n(None, bars.saturating_sub(values.len()));
        let mut spark = String::new();
        format::spark(&mut spark, blank.chain(values.iter().copied()), max);
        vec![
            (format!(" {name:<12}"), tone),
            (
                format!("{} ", count(value, 8)),
                if value == 0 {
                    Tone::Muted
                } else {
                    Tone::Strong
                },
            ),
            (spark, if value == 0 { Tone::Muted } else { Tone::Plain }),
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
    // UDP and unix have the last two lines, whatever room there is.
    let room = usize::from(area.height);
    lines.truncate(room.saturating_sub(2).max(1));
    let tone = Tone::Plain;
    lines.push(line("UDP", totals.udp, tone, &|point| point.udp));
    lines.push(line("UNIX", totals.unix, tone, &|point| point.unix));
    write_lines(frame, area, look, &lines);
}

//! The list of events: sockets opened, changed and closed, the newest last.

use std::borrow::Cow;
use std::sync::LazyLock;

use super::filter_conditions::{self, Conditions};
use super::headings::{WIDE_ONLY, Widths, headings};
use super::owner_cell::shorten_owner;
use super::sockets::socket_tone;
use crate::aggregate::{Cancellation, EventKind, Moment};
use crate::column::format::MISSING;
use crate::column::{EVENT_COLUMNS, EventLine, Events as EventKindOfRow};
use crate::tui::open_target::OpenTarget;
use crate::tui::table::{ColumnSet, Heading, List};
use crate::tui::text;
use crate::tui::theme::Tone;

/// The events that are kept.
#[derive(Debug, Clone)]
pub struct Events {
    /// The time zone of their times.
    timezone: jiff::tz::TimeZone,
    /// The number of the first event kept.
    first: u64,
}

impl Events {
    /// Lists events with times in a zone.
    pub fn new(timezone: jiff::tz::TimeZone) -> Events {
        Events { timezone, first: 0 }
    }
}

const WIDTHS: [Widths; 16] = [
    ("at", 12, 12, 0),
    ("event", 6, 6, 0),
    ("local", 15, 47, 0),
    ("remote", 15, 47, 0),
    ("process", 13, 32, 0),
    ("states", 10, 24, 1),
    ("lifetime", 9, 9, 2),
    ("bytes_received", 8, 8, 3),
    ("bytes_acked", 8, 8, 3),
    ("netid", 5, 5, 4),
    ("retransmitted", 7, 7, 5),
    ("rtt", 8, 8, 6),
    ("user", 8, 12, 7),
    ("workload", 16, 44, 8),
    ("cgroup", 16, 60, WIDE_ONLY),
    ("cookie", 12, 16, WIDE_ONLY),
];

static HEADINGS: LazyLock<Vec<Heading>> = LazyLock::new(|| headings(&EVENT_COLUMNS, &WIDTHS));

static COLUMN_SET: ColumnSet<EventKindOfRow> = ColumnSet {
    columns: &EVENT_COLUMNS,
    headings: &HEADINGS,
    totals: &["bytes_received", "bytes_acked"],
};

impl List for Events {
    type Kind = EventKindOfRow;
    type Key = u64;

    fn column_set() -> &'static ColumnSet<EventKindOfRow> {
        &COLUMN_SET
    }

    fn collect_rows(&mut self, moment: &Moment, _: &Cancellation, out: &mut Vec<u32>) {
        let log = &moment.aggregate.events;
        let mut numbers = log.numbers();
        self.first = numbers.next().unwrap_or(0);
        if let Some(narrowed) = moment.filtered() {
            let left = narrowed
                .events
                .iter()
                .filter(|&&number| number >= self.first);
            out.extend(left.map(|number| (number - self.first) as u32));
            return;
        }
        if !log.is_empty() {
            out.push(0);
        }
        out.extend(numbers.map(|number| (number - self.first) as u32));
    }

    fn empty_text(&self) -> &'static str {
        "no socket has opened, closed or changed state yet"
    }

    fn unfiltered_len(&self, moment: &Moment) -> usize {
        moment.aggregate.events.len()
    }

    fn row<'m>(&'m self, moment: &'m Moment, number: u32) -> Option<EventLine<'m>> {
        let number = self.first + u64::from(number);
        let (event, socket) = moment.aggregate.events.get(number)?;
        Some(EventLine::new(number, event, socket, &self.timezone))
    }

    fn key(&self, _moment: &Moment, number: u32) -> Option<u64> {
        Some(self.first + u64::from(number))
    }

    fn tie_breaker(&self, _moment: &Moment, number: u32) -> u64 {
        number.into()
    }

    fn target(&self, _moment: &Moment, number: u32) -> Option<OpenTarget> {
        Some(OpenTarget::Event(self.first + u64::from(number)))
    }

    fn shorten<'t>(
        &self,
        moment: &Moment,
        number: u32,
        column: usize,
        text: &'t str,
        width: usize,
    ) -> Cow<'t, str> {
        match (EVENT_COLUMNS[column].id, self.row(moment, number)) {
            ("process", Some(line)) => shorten_owner(line.socket.socket, text, width),
            ("states", Some(_)) if text::width(text) > width => {
                // The new state is more important than the old one.
                match text.split_once(" → ") {
                    Some((_, after)) => {
                        let text = format!("→ {after}");
                        Cow::Owned(text::cut_end(&text, width).into_owned())
                    }
                    None => text::cut_end(text, width),
                }
            }
            _ => text::cut_middle(text, width),
        }
    }

    fn has_peers() -> bool {
        true
    }

    fn conditions(&self, moment: &Moment, number: u32, _column: usize) -> Conditions {
        let row = self.row(moment, number);
        row.map_or_else(Vec::new, |row| {
            filter_conditions::of_socket(&row.socket, row.event.state(row.socket.socket))
        })
    }

    fn cell_tone(&self, moment: &Moment, number: u32, column: usize, text: &str) -> Tone {
        let Some(line) = self.row(moment, number) else {
            return Tone::Plain;
        };
        match EVENT_COLUMNS[column].id {
            _ if text == MISSING => Tone::Muted,
            "event" => match line.event.kind {
                EventKind::Opened => Tone::Good,
                EventKind::State => Tone::Notice,
                EventKind::Closed => Tone::Muted,
            },
            "retransmitted" if text != "0" => Tone::Warning,
            "process" => socket_tone(&line.socket, "process", text),
            _ => Tone::Plain,
        }
    }

    fn follows_newest() -> bool {
        true
    }
}

//! What happened, the newest last.

use std::borrow::Cow;
use std::sync::LazyLock;

use super::sockets::{cut_owner, socket_tone};
use super::{Conditions, Fit, UNASKED, conditions, headings};
use crate::aggregate::{EventKind, Moment};
use crate::column::format::MISSING;
use crate::column::{EVENT_COLUMNS, EventLine, Events as EventKindOfRow};
use crate::tui::table::{Heading, List, Shape};
use crate::tui::target::Target;
use crate::tui::text;
use crate::tui::theme::Tone;

/// The last events.
#[derive(Debug)]
pub struct Events {
    /// In which zone their time is told.
    timezone: jiff::tz::TimeZone,
    /// Number of the first one kept.
    first: u64,
}

impl Events {
    /// Told in a zone.
    pub fn new(timezone: jiff::tz::TimeZone) -> Events {
        Events { timezone, first: 0 }
    }
}

const FIT: [Fit; 15] = [
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
    ("cgroup", 16, 60, 8),
    ("cookie", 12, 16, UNASKED),
];

static HEADINGS: LazyLock<Vec<Heading>> = LazyLock::new(|| headings(&EVENT_COLUMNS, &FIT));

static SHAPE: Shape<EventKindOfRow> = Shape {
    columns: &EVENT_COLUMNS,
    headings: &HEADINGS,
    totals: &["bytes_received", "bytes_acked"],
};

impl List for Events {
    type Kind = EventKindOfRow;
    type Key = u64;

    fn shape() -> &'static Shape<EventKindOfRow> {
        &SHAPE
    }

    fn rows(&mut self, moment: &Moment, out: &mut Vec<u32>) {
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

    fn whole(&self, moment: &Moment) -> usize {
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

    fn tie(&self, _moment: &Moment, number: u32) -> u64 {
        number.into()
    }

    fn target(&self, _moment: &Moment, number: u32) -> Option<Target> {
        Some(Target::Event(self.first + u64::from(number)))
    }

    fn cut<'t>(
        &self,
        moment: &Moment,
        number: u32,
        column: usize,
        text: &'t str,
        columns: usize,
    ) -> Cow<'t, str> {
        match (EVENT_COLUMNS[column].id, self.row(moment, number)) {
            ("process", Some(line)) => cut_owner(line.socket.socket, text, columns),
            ("states", Some(_)) if text::width(text) > columns => {
                // Where it went says more than where it came from.
                match text.split_once(" → ") {
                    Some((_, after)) => {
                        let text = format!("→ {after}");
                        Cow::Owned(text::cut_end(&text, columns).into_owned())
                    }
                    None => text::cut_end(text, columns),
                }
            }
            _ => text::cut_middle(text, columns),
        }
    }

    fn conditions(&self, moment: &Moment, number: u32, _column: usize) -> Conditions {
        let row = self.row(moment, number);
        row.map_or_else(Vec::new, |row| {
            conditions::of_socket(&row.socket, row.event.state(row.socket.socket))
        })
    }

    fn tone(&self, moment: &Moment, number: u32, column: usize, text: &str) -> Tone {
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

    fn follows() -> bool {
        true
    }
}

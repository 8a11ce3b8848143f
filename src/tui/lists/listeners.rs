//! Listening sockets.

use std::borrow::Cow;
use std::sync::{Arc, LazyLock};

use super::sockets::cut_owner;
use super::{Conditions, Fit, UNASKED, conditions, headings, notes, queue_tone};
use crate::aggregate::Moment;
use crate::column::format::MISSING;
use crate::column::{LISTENER_COLUMNS, ListenerLine, Listeners as ListenerKind};
use crate::diagnose::{Concern, Findings, SocketConcern};
use crate::model::SocketKey;
use crate::tui::kill_target::KillTarget;
use crate::tui::table::{Heading, List, Shape};
use crate::tui::target::Target;
use crate::tui::theme::Tone;

/// All listening sockets.
#[derive(Debug, Default)]
pub struct Listeners {
    /// What is wrong, with any of them.
    pub notes: Arc<Findings>,
}

const FIT: [Fit; 20] = [
    ("local", 12, 47, 0),
    ("process", 10, 32, 0),
    ("accept_queue", 6, 6, 0),
    ("backlog", 6, 6, 1),
    ("fill", 7, 7, 1),
    ("gauge", 8, 8, 2),
    ("drops", 7, 7, 2),
    ("established", 7, 7, 3),
    ("syn_recv", 8, 8, 3),
    ("accepted", 8, 8, 4),
    ("minute", 10, 10, 4),
    ("drops_rate", 8, 8, 5),
    ("netid", 5, 5, 7),
    ("user", 8, 12, 7),
    ("sharing", 6, 6, 9),
    ("cgroup", 16, 60, 8),
    ("congestion", 6, 6, 11),
    ("interface", 8, 15, 10),
    ("cookie", 12, 16, UNASKED),
    ("note", 4, 24, 2),
];

static HEADINGS: LazyLock<Vec<Heading>> = LazyLock::new(|| headings(&LISTENER_COLUMNS, &FIT));

static SHAPE: Shape<ListenerKind> = Shape {
    columns: &LISTENER_COLUMNS,
    headings: &HEADINGS,
    totals: &["accept_queue", "established", "drops"],
};

impl List for Listeners {
    type Kind = ListenerKind;
    type Key = SocketKey;

    fn shape() -> &'static Shape<ListenerKind> {
        &SHAPE
    }

    fn rows(&mut self, moment: &Moment, out: &mut Vec<u32>) {
        out.extend(0..moment.aggregate.listeners.len() as u32);
    }

    fn whole(&self, moment: &Moment) -> usize {
        moment.unfiltered().listeners.len()
    }

    fn row<'m>(&'m self, moment: &'m Moment, number: u32) -> Option<ListenerLine<'m>> {
        let line = ListenerLine::of(moment, number as usize)?;
        let concern = || {
            Concern::Socket(SocketConcern {
                sockets: vec![line.socket.socket.socket.key()],
                ..SocketConcern::default()
            })
        };
        Some(ListenerLine {
            note: notes::of(&self.notes, concern),
            ..line
        })
    }

    fn key(&self, moment: &Moment, number: u32) -> Option<SocketKey> {
        Some(self.row(moment, number)?.socket.socket.socket.key())
    }

    fn tie(&self, moment: &Moment, number: u32) -> u64 {
        let Some(line) = self.row(moment, number) else {
            return 0;
        };
        // Of listeners with the same fill those of the internet come first, then by their drops.
        let unix = u64::from(!line.socket.socket.socket.family.is_inet());
        let drops = u32::MAX - line.totals.drops.unwrap_or(0);
        unix << 63 | u64::from(drops) << 31 | u64::from(line.totals.row)
    }

    fn target(&self, moment: &Moment, number: u32) -> Option<Target> {
        self.key(moment, number).map(Target::Socket)
    }

    fn cut<'t>(
        &self,
        moment: &Moment,
        number: u32,
        column: usize,
        text: &'t str,
        columns: usize,
    ) -> Cow<'t, str> {
        match (LISTENER_COLUMNS[column].id, self.row(moment, number)) {
            ("process", Some(line)) => cut_owner(line.socket.socket, text, columns),
            (id, _) => notes::cut(id, text, columns),
        }
    }

    fn conditions(&self, moment: &Moment, number: u32, _column: usize) -> Conditions {
        let row = self.row(moment, number);
        row.map_or_else(Vec::new, |row| {
            conditions::of_socket(&row.socket, row.socket.socket.socket.state)
        })
    }

    fn kill_target(&self, moment: &Moment, number: u32) -> Option<KillTarget> {
        Some(KillTarget::of_socket(&self.row(moment, number)?.socket))
    }

    fn tone(&self, moment: &Moment, number: u32, column: usize, text: &str) -> Tone {
        let Some(line) = self.row(moment, number) else {
            return Tone::Plain;
        };
        match LISTENER_COLUMNS[column].id {
            _ if text == MISSING => Tone::Muted,
            "local" => Tone::Strong,
            "note" => notes::tone(text),
            "accept_queue" | "fill" | "gauge" => {
                queue_tone(line.totals.accept_queue, line.totals.backlog)
            }
            "drops" | "drops_rate" if !text.starts_with('0') => Tone::Warning,
            _ if text == "0" => Tone::Muted,
            _ => Tone::Plain,
        }
    }
}

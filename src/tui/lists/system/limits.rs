//! Limits with their headroom.

use std::borrow::Cow;
use std::sync::{Arc, LazyLock};

use super::text_search::retain_matching;
use crate::aggregate::{
    Cancellation, Headroom, LimitScope, Moment, PortUsage, headroom, headroom_in,
};
use crate::column::format::MISSING;
use crate::column::{LIMIT_COLUMNS, LimitLine, Limits as LimitKind};
use crate::filter::SearchText;
use crate::model::RemoteHost;
use crate::tui::lists::headings::{Widths, headings};
use crate::tui::open_target::OpenTarget;
use crate::tui::table::{ColumnSet, Heading, List};
use crate::tui::text;
use crate::tui::theme::Tone;
use crate::tui::value_tones::limit_tone;

/// All limits, or those that match a search.
#[derive(Debug, Clone, Default)]
pub struct Limits {
    /// Text of the search.
    pub search_text: SearchText,
    /// The number of local ports in use, if it has been counted.
    pub ports: Option<PortUsage>,
    /// The same of other network namespaces, by their numbers in ascending order.
    pub other_ports: Arc<Vec<(u32, PortUsage)>>,
    /// The moment of another network namespace, if one is shown, and the number of the namespace.
    pub other: Option<(Arc<Moment>, u32)>,
    /// The limits of the moment whose rows were collected.
    all: Vec<Headroom>,
}

const WIDTHS: [Widths; 8] = [
    ("limit", 12, 12, 0),
    ("gauge", 8, 8, 1),
    ("share", 7, 7, 0),
    ("value", 7, 7, 0),
    ("most", 7, 7, 0),
    ("left", 7, 7, 4),
    ("whose", 10, 44, 2),
    ("about", 30, 130, 5),
];

static HEADINGS: LazyLock<Vec<Heading>> = LazyLock::new(|| headings(&LIMIT_COLUMNS, &WIDTHS));

static COLUMN_SET: ColumnSet<LimitKind> = ColumnSet {
    columns: &LIMIT_COLUMNS,
    headings: &HEADINGS,
    totals: &[],
};

impl Limits {
    /// The local ports in use in another network namespace, if it is in the moment and its ports have been counted.
    fn ports_in(&self, moment: &Moment, netns: u32) -> Option<PortUsage> {
        moment.sample.namespace(netns)?;
        let by_number = |(number, _): &(u32, PortUsage)| *number;
        let at = self.other_ports.binary_search_by_key(&netns, by_number);
        self.other_ports.get(at.ok()?).map(|(_, usage)| *usage)
    }

    /// Shortens the owner of a limit: of a listener to its process, if both do not fit.
    fn shorten_owner<'t>(&self, number: u32, text: &'t str, width: usize) -> Cow<'t, str> {
        let headroom = self.all.get(number as usize);
        match headroom.map(|headroom| (headroom.missing, headroom.scope)) {
            Some((None, LimitScope::Listener(_))) if text::width(text) > width => {
                let process = text.split_once(' ').map_or(text, |(_, process)| process);
                text::cut_middle(process, width)
            }
            Some((None, _)) => text::cut_middle(text, width),
            _ => text::cut_end(text, width),
        }
    }
}

impl List for Limits {
    type Kind = LimitKind;
    type Key = &'static str;

    fn column_set() -> &'static ColumnSet<LimitKind> {
        &COLUMN_SET
    }

    fn collect_rows(&mut self, moment: &Moment, _: &Cancellation, out: &mut Vec<u32>) {
        self.all = match &self.other {
            Some((system, netns)) => {
                headroom_in(moment, system, *netns, self.ports_in(moment, *netns))
            }
            None => headroom(moment, self.ports),
        };
        out.extend(0..self.all.len() as u32);
        if !self.search_text.is_empty() {
            retain_matching(self, moment, &self.search_text, out);
        }
    }

    fn unfiltered_len(&self, _moment: &Moment) -> usize {
        self.all.len()
    }

    fn row<'m>(&'m self, moment: &'m Moment, number: u32) -> Option<LimitLine<'m>> {
        let headroom = self.all.get(number as usize)?;
        Some(LimitLine { moment, headroom })
    }

    fn key(&self, _moment: &Moment, number: u32) -> Option<&'static str> {
        Some(self.all.get(number as usize)?.limit.id)
    }

    fn tie_breaker(&self, _moment: &Moment, number: u32) -> u64 {
        number.into()
    }

    fn target(&self, moment: &Moment, number: u32) -> Option<OpenTarget> {
        let sample = &moment.sample;
        match self.all.get(number as usize)?.scope {
            LimitScope::Process(row) => {
                let process = &sample.processes.get(row as usize)?.process;
                Some(OpenTarget::Process(Arc::clone(process)))
            }
            LimitScope::Listener(row) => {
                let socket = sample.sockets.get(row as usize)?;
                Some(OpenTarget::Socket(socket.key()))
            }
            LimitScope::Path(_, destination) => {
                let other = self.other.as_ref().map(|(_, netns)| *netns);
                let netns = other.unwrap_or(sample.own_netns);
                let host = RemoteHost::seen_from(netns, destination.address);
                Some(OpenTarget::Remote(host, None))
            }
            LimitScope::Host
            | LimitScope::Namespace
            | LimitScope::Address(_)
            | LimitScope::Protocol(_) => None,
        }
    }

    fn socket_row(&self, _moment: &Moment, number: u32) -> Option<u32> {
        match self.all.get(number as usize)?.scope {
            LimitScope::Listener(row) => Some(row),
            _ => None,
        }
    }

    fn shorten<'t>(
        &self,
        _moment: &Moment,
        number: u32,
        column: usize,
        text: &'t str,
        width: usize,
    ) -> Cow<'t, str> {
        match LIMIT_COLUMNS[column].id {
            "about" => text::cut_end(text, width),
            "whose" => self.shorten_owner(number, text, width),
            _ => text::cut_middle(text, width),
        }
    }

    fn cell_tone(&self, _moment: &Moment, number: u32, column: usize, text: &str) -> Tone {
        let Some(headroom) = self.all.get(number as usize) else {
            return Tone::Plain;
        };
        match LIMIT_COLUMNS[column].id {
            _ if text == MISSING => Tone::Muted,
            "limit" => Tone::Strong,
            "gauge" | "share" => limit_tone(headroom.share()),
            "whose" if headroom.missing.is_some() => Tone::Muted,
            "about" => Tone::Muted,
            _ if text == "0" || text == "0 B" => Tone::Muted,
            _ => Tone::Plain,
        }
    }
}

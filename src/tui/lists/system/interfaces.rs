//! Network devices.

use std::sync::{Arc, LazyLock};

use super::text_search::{name_key, retain_matching};
use crate::aggregate::{Cancellation, Moment};
use crate::column::format::MISSING;
use crate::column::{INTERFACE_COLUMNS, InterfaceLine, Interfaces as InterfaceKind};
use crate::filter::SearchText;
use crate::tui::lists::headings::{WIDE_ONLY, Widths, headings};
use crate::tui::open_target::OpenTarget;
use crate::tui::table::{ColumnSet, Heading, List};
use crate::tui::text;
use crate::tui::theme::Tone;

/// All network devices, or those that match a search.
#[derive(Debug, Clone, Default)]
pub struct Interfaces {
    /// Text of the search.
    pub search_text: SearchText,
    /// The moment of another network namespace, if one is shown.
    pub other: Option<Arc<Moment>>,
}

impl Interfaces {
    /// The moment whose figures are shown.
    fn system<'m>(&'m self, moment: &'m Moment) -> &'m Moment {
        self.other.as_deref().unwrap_or(moment)
    }
}

const WIDTHS: [Widths; 18] = [
    ("name", 6, 15, 0),
    ("state", 10, 10, 1),
    ("mtu", 5, 6, 3),
    ("received_rate", 9, 9, 0),
    ("sent_rate", 9, 9, 0),
    ("minute", 10, 10, 5),
    ("addresses", 13, 70, 0),
    ("errors", 6, 7, 2),
    ("dropped", 6, 7, 2),
    ("received_packet_rate", 8, 8, 4),
    ("sent_packet_rate", 8, 8, 4),
    ("error_rate", 7, 7, 7),
    ("dropped_rate", 7, 7, 7),
    ("received_bytes", 8, 8, 6),
    ("sent_bytes", 8, 8, 6),
    ("received_packets", 10, 14, WIDE_ONLY),
    ("sent_packets", 10, 14, WIDE_ONLY),
    ("flags", 16, 30, WIDE_ONLY),
];

static HEADINGS: LazyLock<Vec<Heading>> = LazyLock::new(|| headings(&INTERFACE_COLUMNS, &WIDTHS));

static COLUMN_SET: ColumnSet<InterfaceKind> = ColumnSet {
    columns: &INTERFACE_COLUMNS,
    headings: &HEADINGS,
    totals: &[],
};

impl List for Interfaces {
    type Kind = InterfaceKind;
    type Key = u64;

    fn column_set() -> &'static ColumnSet<InterfaceKind> {
        &COLUMN_SET
    }

    fn collect_rows(&mut self, moment: &Moment, _: &Cancellation, out: &mut Vec<u32>) {
        out.extend(0..self.unfiltered_len(moment) as u32);
        if !self.search_text.is_empty() {
            retain_matching(self, moment, &self.search_text, out);
        }
    }

    fn unfiltered_len(&self, moment: &Moment) -> usize {
        self.system(moment).sample.counters.interfaces.len()
    }

    fn row<'m>(&'m self, moment: &'m Moment, number: u32) -> Option<InterfaceLine<'m>> {
        InterfaceLine::of(self.system(moment), number as usize)
    }

    fn key(&self, moment: &Moment, number: u32) -> Option<u64> {
        let interface = self
            .system(moment)
            .sample
            .counters
            .interfaces
            .get(number as usize)?;
        Some(name_key(&interface.name))
    }

    fn tie_breaker(&self, _moment: &Moment, number: u32) -> u64 {
        number.into()
    }

    fn target(&self, _moment: &Moment, _number: u32) -> Option<OpenTarget> {
        None
    }

    fn shorten<'t>(
        &self,
        _moment: &Moment,
        _number: u32,
        column: usize,
        text: &'t str,
        width: usize,
    ) -> std::borrow::Cow<'t, str> {
        match INTERFACE_COLUMNS[column].id {
            "addresses" | "flags" => text::cut_end(text, width),
            _ => text::cut_middle(text, width),
        }
    }

    fn cell_tone(&self, moment: &Moment, number: u32, column: usize, text: &str) -> Tone {
        let device = self.row(moment, number).and_then(|line| line.device);
        let state = device.map_or("", |device| device.state());
        match (INTERFACE_COLUMNS[column].id, state) {
            _ if text == MISSING => Tone::Muted,
            (_, "down") => Tone::Muted,
            ("name", _) => Tone::Strong,
            ("state", "up") => Tone::Good,
            ("state", _) => Tone::Warning,
            ("errors" | "received_errors" | "sent_errors", _) if text != "0" => Tone::Warning,
            ("error_rate" | "dropped_rate", _) if text != "0/s" => Tone::Warning,
            ("dropped" | "received_dropped" | "sent_dropped", _) if text != "0" => Tone::Notice,
            _ if matches!(text, "0" | "0/s" | "0 B" | "0 B/s") => Tone::Muted,
            _ => Tone::Plain,
        }
    }
}

//! Protocol counters.

use std::sync::{Arc, LazyLock};

use super::text_search::{name_key, retain_matching};
use crate::aggregate::{Cancellation, Moment};
use crate::column::format::{self, MISSING};
use crate::column::{Attention, COUNTER_COLUMNS, CounterLine, Counters as CounterKind};
use crate::filter::SearchText;
use crate::tui::lists::headings::{Widths, headings};
use crate::tui::open_target::OpenTarget;
use crate::tui::table::{ColumnSet, Heading, List};
use crate::tui::text;
use crate::tui::theme::Tone;

/// All protocol counters, or those that match a search.
#[derive(Debug, Clone, Default)]
pub struct Counters {
    /// Text of the search.
    pub search_text: SearchText,
    /// The moment of another network namespace, if one is shown.
    pub other: Option<Arc<Moment>>,
}

impl Counters {
    /// The moment whose figures are shown.
    fn system<'m>(&'m self, moment: &'m Moment) -> &'m Moment {
        self.other.as_deref().unwrap_or(moment)
    }
}

/// Minimum width at which names include their group.
const GROUP_NAME_WIDTH: usize = 27;

const WIDTHS: [Widths; 6] = [
    ("grew", 6, 6, 0),
    ("name", 20, 32, 0),
    ("value", 9, 15, 0),
    ("rate", 8, 8, 0),
    ("minute", 10, 10, 1),
    ("meaning", 30, 130, 3),
];

static HEADINGS: LazyLock<Vec<Heading>> = LazyLock::new(|| headings(&COUNTER_COLUMNS, &WIDTHS));

static COLUMN_SET: ColumnSet<CounterKind> = ColumnSet {
    columns: &COUNTER_COLUMNS,
    headings: &HEADINGS,
    totals: &[],
};

impl List for Counters {
    type Kind = CounterKind;
    type Key = u64;

    fn column_set() -> &'static ColumnSet<CounterKind> {
        &COLUMN_SET
    }

    fn collect_rows(&mut self, moment: &Moment, _: &Cancellation, out: &mut Vec<u32>) {
        out.extend(0..self.unfiltered_len(moment) as u32);
        if !self.search_text.is_empty() {
            retain_matching(self, moment, &self.search_text, out);
        }
    }

    fn unfiltered_len(&self, moment: &Moment) -> usize {
        self.system(moment).sample.counters.protocols.values.len()
    }

    fn row<'m>(&'m self, moment: &'m Moment, number: u32) -> Option<CounterLine<'m>> {
        CounterLine::of(self.system(moment), number as usize)
    }

    fn key(&self, moment: &Moment, number: u32) -> Option<u64> {
        let names = &self.system(moment).sample.counters.protocols.names;
        names.get(number as usize).map(|name| name_key(name))
    }

    fn tie_breaker(&self, _moment: &Moment, number: u32) -> u64 {
        number.into()
    }

    fn target(&self, _moment: &Moment, _number: u32) -> Option<OpenTarget> {
        None
    }

    fn shorten<'t>(
        &self,
        moment: &Moment,
        number: u32,
        column: usize,
        text: &'t str,
        width: usize,
    ) -> std::borrow::Cow<'t, str> {
        match COUNTER_COLUMNS[column].id {
            "meaning" => text::cut_end(text, width),
            // Most counters are of this group, and known by their own names.
            "name" if width < GROUP_NAME_WIDTH || text::width(text) > width => {
                let short = text.strip_prefix("TcpExt.").unwrap_or(text);
                text::cut_middle(short, width)
            }
            "value" if text::width(text) > width => {
                let mut short = String::new();
                let value = self.row(moment, number).map_or(0, |line| line.value);
                format::short_count(&mut short, value.unsigned_abs());
                short.into()
            }
            _ => text::cut_middle(text, width),
        }
    }

    fn cell_tone(&self, moment: &Moment, number: u32, column: usize, text: &str) -> Tone {
        let Some(line) = self.row(moment, number) else {
            return Tone::Plain;
        };
        let attention = line.attention();
        match (COUNTER_COLUMNS[column].id, attention) {
            _ if text == MISSING => Tone::Muted,
            ("grew" | "name" | "minute", Attention::Now) => Tone::Warning,
            ("rate", Attention::Now) if text != "0/s" => Tone::Warning,
            ("rate", _) if text == "0/s" => Tone::Muted,
            ("value", _) if text == "0" => Tone::Muted,
            ("grew" | "name" | "minute", Attention::Never) | ("meaning", _) => Tone::Muted,
            ("name", Attention::Before) => Tone::Strong,
            _ => Tone::Plain,
        }
    }
}

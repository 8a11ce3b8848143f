//! The lists of sockets and processes that differ between the marked instant and the one shown.

use std::borrow::Cow;
use std::sync::{Arc, LazyLock};

use super::filter_conditions::{self, Conditions};
use super::headings::{WIDE_ONLY, Widths, headings};
use crate::aggregate::{
    Cancellation, Difference, DifferenceKind, DifferenceSide, Moment, ProcessDifference,
};
use crate::column::format::MISSING;
use crate::column::{
    PROCESS_DIFFERENCE_COLUMNS, ProcessDifferences as ProcessKind, SOCKET_DIFFERENCE_COLUMNS,
    SocketChange, SocketDifferences as SocketKind, SocketRow,
};
use crate::filter::Filter;
use crate::model::{ProcessKey, SocketKey};
use crate::tui::open_target::OpenTarget;
use crate::tui::table::{ColumnSet, Heading, List};
use crate::tui::text;
use crate::tui::theme::Tone;

/// The comparison of the marked instant with the one shown.
#[derive(Debug, Default)]
pub struct InstantComparison {
    /// The moment that was marked.
    marked: Arc<Moment>,
    /// The time of the moment shown, ns of the monotonic clock.
    shown_ns: u64,
    /// The filter, which the sockets compared pass.
    filter: Arc<Filter>,
    /// True if the marked instant is the later one.
    is_marked_later: bool,
    /// The differences.
    pub difference: Difference,
}

impl InstantComparison {
    /// Compares the sockets of the marked moment and of the one shown that pass the filter.
    fn new(
        marked: Arc<Moment>,
        moment: &Moment,
        filter: Arc<Filter>,
        cancellation: &Cancellation,
    ) -> InstantComparison {
        let is_marked_later = marked.sample.monotonic_ns > moment.sample.monotonic_ns;
        let (before, after) = if is_marked_later {
            (&moment.sample, &marked.sample)
        } else {
            (&marked.sample, &moment.sample)
        };
        let difference = Difference::between(before, after, cancellation, |instant, row| {
            let row = row as usize;
            let shown = (instant == DifferenceSide::Before) == is_marked_later;
            let row = if shown {
                SocketRow::of(moment, row)
            } else {
                marked.sample.socket(row).map(SocketRow::detached)
            };
            filter.is_empty() || row.is_some_and(|row| filter.matches(row.socket, &row))
        });
        InstantComparison {
            shown_ns: moment.sample.monotonic_ns,
            marked,
            filter,
            is_marked_later,
            difference,
        }
    }

    /// True if this is the comparison of these instants.
    fn is_of(&self, marked: &Arc<Moment>, moment: &Moment, filter: &Filter) -> bool {
        Arc::ptr_eq(&self.marked, marked)
            && self.shown_ns == moment.sample.monotonic_ns
            && *self.filter == *filter
    }

    /// The times of the earlier and the later instant, µs since 1970 UTC.
    pub fn instants(&self, moment: &Moment) -> (i64, i64) {
        let (marked, shown) = (self.marked.sample.taken_at_us, moment.sample.taken_at_us);
        if self.is_marked_later {
            (shown, marked)
        } else {
            (marked, shown)
        }
    }

    /// A socket that differs, by its row number.
    fn socket<'m>(&'m self, moment: &'m Moment, number: u32) -> Option<SocketChange<'m>> {
        let difference = self.difference.sockets.get(number as usize)?;
        let marked = |row: u32| {
            let socket = self.marked.sample.socket(row as usize);
            socket.map(SocketRow::detached)
        };
        let shown = |row: u32| SocketRow::of(moment, row as usize);
        let (before, after) = (difference.before, difference.after);
        let (before, after) = if self.is_marked_later {
            (before.and_then(shown), after.and_then(marked))
        } else {
            (before.and_then(marked), after.and_then(shown))
        };
        Some(SocketChange {
            difference,
            before,
            after,
        })
    }
}

/// The instant to compare with the one shown, and the comparison.
#[derive(Debug, Clone, Default)]
pub struct ComparisonSource {
    /// The marked moment.
    pub marked: Arc<Moment>,
    /// The filter, which the sockets compared pass.
    pub filter: Arc<Filter>,
    /// The comparison of the two instants.
    pub comparison: Arc<InstantComparison>,
}

impl ComparisonSource {
    /// Compares the two instants, unless that is done.
    fn refresh(&mut self, moment: &Moment, cancellation: &Cancellation) {
        if !(self.comparison).is_of(&self.marked, moment, &self.filter) {
            let (marked, filter) = (Arc::clone(&self.marked), Arc::clone(&self.filter));
            let comparison = InstantComparison::new(marked, moment, filter, cancellation);
            self.comparison = Arc::new(comparison);
        }
    }

    /// The differences.
    fn difference(&self) -> &Difference {
        &self.comparison.difference
    }
}

/// The sockets that differ.
#[derive(Debug, Clone, Default)]
pub struct SocketDifferences {
    /// The comparison.
    pub source: ComparisonSource,
}

const SOCKET_WIDTHS: [Widths; 13] = [
    ("fate", 8, 8, 0),
    ("states", 10, 24, 1),
    ("local", 15, 47, 0),
    ("remote", 15, 47, 0),
    ("process", 12, 32, 2),
    ("received", 9, 9, 1),
    ("sent", 9, 9, 1),
    ("recv_queue", 9, 9, 3),
    ("send_queue", 9, 9, 3),
    ("netid", 5, 5, 4),
    ("user", 8, 12, 5),
    ("workload", 16, 44, WIDE_ONLY),
    ("cgroup", 16, 60, WIDE_ONLY),
];

static SOCKET_HEADINGS: LazyLock<Vec<Heading>> =
    LazyLock::new(|| headings(&SOCKET_DIFFERENCE_COLUMNS, &SOCKET_WIDTHS));

static SOCKET_COLUMN_SET: ColumnSet<SocketKind> = ColumnSet {
    columns: &SOCKET_DIFFERENCE_COLUMNS,
    headings: &SOCKET_HEADINGS,
    totals: &["received", "sent"],
};

impl List for SocketDifferences {
    type Kind = SocketKind;
    type Key = SocketKey;

    fn column_set() -> &'static ColumnSet<SocketKind> {
        &SOCKET_COLUMN_SET
    }

    fn collect_rows(&mut self, moment: &Moment, cancellation: &Cancellation, out: &mut Vec<u32>) {
        self.source.refresh(moment, cancellation);
        out.extend(0..self.source.difference().sockets.len() as u32);
    }

    fn empty_text(&self) -> &'static str {
        "no socket differs; go to another time with ← and →"
    }

    fn unfiltered_len(&self, _moment: &Moment) -> usize {
        let difference = self.source.difference();
        difference.sockets.len() + difference.omitted
    }

    fn row<'m>(&'m self, moment: &'m Moment, number: u32) -> Option<SocketChange<'m>> {
        self.source.comparison.socket(moment, number)
    }

    fn key(&self, moment: &Moment, number: u32) -> Option<SocketKey> {
        let line = self.row(moment, number)?;
        Some(line.socket()?.socket.socket.key())
    }

    fn tie_breaker(&self, _moment: &Moment, number: u32) -> u64 {
        number.into()
    }

    fn target(&self, moment: &Moment, number: u32) -> Option<OpenTarget> {
        self.key(moment, number).map(OpenTarget::Socket)
    }

    fn has_peers() -> bool {
        true
    }

    fn socket_row(&self, _moment: &Moment, number: u32) -> Option<u32> {
        let difference = self.source.difference().sockets.get(number as usize)?;
        if self.source.comparison.is_marked_later {
            difference.before
        } else {
            difference.after
        }
    }

    fn conditions(&self, moment: &Moment, number: u32, _column: usize) -> Conditions {
        let line = self.row(moment, number);
        let socket = line.as_ref().and_then(SocketChange::socket);
        socket.map_or_else(Vec::new, |row| {
            filter_conditions::of_socket(row, row.socket.socket.state)
        })
    }

    fn shorten<'t>(
        &self,
        _moment: &Moment,
        _number: u32,
        column: usize,
        text: &'t str,
        width: usize,
    ) -> Cow<'t, str> {
        // The new value is more important than the old one.
        let id = SOCKET_DIFFERENCE_COLUMNS[column].id;
        match text.split_once(" → ") {
            Some((_, after)) if matches!(id, "states" | "process") => {
                let short = format!("→ {after}");
                if text::width(text) <= width {
                    Cow::Borrowed(text)
                } else {
                    Cow::Owned(text::cut_end(&short, width).into_owned())
                }
            }
            _ => text::cut_middle(text, width),
        }
    }

    fn cell_tone(&self, _moment: &Moment, number: u32, column: usize, text: &str) -> Tone {
        let difference = self.source.difference().sockets.get(number as usize);
        let fate = difference.map(|difference| difference.kind);
        match (SOCKET_DIFFERENCE_COLUMNS[column].id, fate) {
            _ if text == MISSING || text == "0" || text == "0 B" => Tone::Muted,
            ("fate", Some(DifferenceKind::Appeared)) => Tone::Good,
            ("fate", Some(DifferenceKind::Changed)) => Tone::Notice,
            (_, Some(DifferenceKind::Gone)) => Tone::Muted,
            ("states" | "process", _) if text.contains('→') => Tone::Notice,
            _ => Tone::Plain,
        }
    }
}

/// The processes with sockets that differ.
#[derive(Debug, Clone, Default)]
pub struct ProcessDifferences {
    /// The comparison.
    pub source: ComparisonSource,
}

const PROCESS_WIDTHS: [Widths; 9] = [
    ("pid", 7, 7, 0),
    ("process", 12, 24, 0),
    ("growth", 8, 8, 0),
    ("before", 7, 7, 1),
    ("after", 7, 7, 1),
    ("appeared", 8, 8, 2),
    ("gone", 7, 7, 2),
    ("received", 9, 9, 3),
    ("sent", 9, 9, 3),
];

static PROCESS_HEADINGS: LazyLock<Vec<Heading>> =
    LazyLock::new(|| headings(&PROCESS_DIFFERENCE_COLUMNS, &PROCESS_WIDTHS));

static PROCESS_COLUMN_SET: ColumnSet<ProcessKind> = ColumnSet {
    columns: &PROCESS_DIFFERENCE_COLUMNS,
    headings: &PROCESS_HEADINGS,
    totals: &["growth", "received", "sent"],
};

impl List for ProcessDifferences {
    type Kind = ProcessKind;
    type Key = ProcessKey;

    fn column_set() -> &'static ColumnSet<ProcessKind> {
        &PROCESS_COLUMN_SET
    }

    fn collect_rows(&mut self, moment: &Moment, cancellation: &Cancellation, out: &mut Vec<u32>) {
        self.source.refresh(moment, cancellation);
        out.extend(0..self.source.difference().processes.len() as u32);
    }

    fn empty_text(&self) -> &'static str {
        "no socket differs; go to another time with ← and →"
    }

    fn unfiltered_len(&self, _moment: &Moment) -> usize {
        self.source.difference().processes.len()
    }

    fn row<'m>(&'m self, _moment: &'m Moment, number: u32) -> Option<&'m ProcessDifference> {
        self.source.difference().processes.get(number as usize)
    }

    fn key(&self, moment: &Moment, number: u32) -> Option<ProcessKey> {
        Some(self.row(moment, number)?.process.key)
    }

    fn tie_breaker(&self, moment: &Moment, number: u32) -> u64 {
        self.key(moment, number).map_or(0, |key| key.pid.into())
    }

    fn target(&self, moment: &Moment, number: u32) -> Option<OpenTarget> {
        let line = self.row(moment, number)?;
        Some(OpenTarget::Process(Arc::clone(&line.process)))
    }

    fn conditions(&self, moment: &Moment, number: u32, _column: usize) -> Conditions {
        let line = self.row(moment, number);
        line.map_or_else(Vec::new, |line| {
            filter_conditions::of_process(&line.process, &moment.sample)
        })
    }

    fn cell_tone(&self, _moment: &Moment, _number: u32, column: usize, text: &str) -> Tone {
        match PROCESS_DIFFERENCE_COLUMNS[column].id {
            "process" => Tone::Strong,
            "growth" if text.starts_with('+') => Tone::Warning,
            "growth" if text.starts_with('-') => Tone::Notice,
            _ if text == MISSING || text == "0" || text == "0 B" => Tone::Muted,
            _ => Tone::Plain,
        }
    }
}

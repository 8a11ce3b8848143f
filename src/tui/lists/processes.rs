//! The list of processes that hold sockets, one by one or in groups.

use std::borrow::Cow;
use std::sync::{Arc, LazyLock};

use super::filter_conditions::{self, Conditions};
use super::finding_note;
use super::groups::{Group, Groups, group_methods};
use super::headings::{WIDE_ONLY, Widths, headings};
use super::process_grouping::{ProcessGroupKey, ProcessGrouping};
use crate::aggregate::{Cancellation, Moment, ProcessTotals};
use crate::column::format::MISSING;
use crate::column::{PROCESS_COLUMNS, ProcessLine, Processes as ProcessKind};
use crate::diagnose::{Concern, Findings};
use crate::model::{ProcessKey, State};
use crate::tui::kill_target::KillTarget;
use crate::tui::open_target::OpenTarget;
use crate::tui::table::{ColumnSet, GroupingChoice, Heading, List};
use crate::tui::theme::Tone;
use crate::tui::value_tones::{limit_tone, retransmitted_tone};

/// Processes that hold sockets.
#[derive(Debug, Clone, Default)]
pub struct Processes {
    /// True to list only processes that have, or just had, connections in TIME-WAIT.
    is_time_wait_only: bool,
    /// The findings, for the notes on rows.
    pub findings: Arc<Findings>,
    groups: Groups<ProcessGrouping>,
}

/// The identity of a line in a list of processes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ProcessLineKey {
    /// A process.
    Process(ProcessKey),
    /// The heading of a group.
    Group(ProcessGroupKey),
}

impl Processes {
    /// Lists the processes that have connections in TIME-WAIT.
    pub fn in_time_wait() -> Processes {
        Processes {
            is_time_wait_only: true,
            ..Processes::default()
        }
    }

    fn group(&self, number: u32) -> Option<&Group<ProcessGrouping>> {
        self.groups.get(number)
    }
}

const WIDTHS: [Widths; 40] = [
    ("pid", 7, 7, 0),
    ("process", 12, 24, 0),
    ("sockets", 6, 7, 0),
    ("steady_rate", 10, 10, 1),
    ("rate", 9, 9, WIDE_ONLY),
    ("received_rate", 9, 9, 1),
    ("sent_rate", 9, 9, 1),
    ("established", 6, 7, 2),
    ("time_wait", 7, 7, 2),
    ("close_wait", 7, 7, 3),
    ("user", 8, 12, 4),
    ("minute", 10, 10, 5),
    ("listen", 6, 6, 7),
    ("udp", 5, 5, 12),
    ("unix", 6, 6, 12),
    ("retransmitted", 7, 7, 8),
    ("opened", 8, 8, 9),
    ("closed", 8, 8, 9),
    ("time_wait_rate", 8, 8, 9),
    ("descriptors_share", 7, 7, 10),
    ("descriptors", 6, 6, 13),
    ("workload", 14, 44, 11),
    ("command", 24, 80, 14),
    ("age", 8, 8, 15),
    ("time_wait_minute", 10, 10, 16),
    ("syn_sent", 8, 8, 17),
    ("fin_wait_2", 7, 7, 18),
    ("fin_wait_1", 7, 7, 19),
    ("last_ack", 8, 8, 19),
    ("closing", 7, 7, WIDE_ONLY + 1),
    ("bound", 6, 6, WIDE_ONLY + 1),
    ("parent", 7, 7, WIDE_ONLY),
    ("container", 12, 30, WIDE_ONLY + 2),
    ("image", 16, 50, WIDE_ONLY + 3),
    ("pod", 12, 40, WIDE_ONLY + 3),
    ("namespace", 10, 20, WIDE_ONLY + 3),
    ("runtime", 10, 14, WIDE_ONLY + 4),
    ("unit", 14, 30, WIDE_ONLY + 2),
    ("cgroup", 24, 50, WIDE_ONLY),
    ("note", 4, 24, 1),
];

static HEADINGS: LazyLock<Vec<Heading>> = LazyLock::new(|| headings(&PROCESS_COLUMNS, &WIDTHS));

static COLUMN_SET: ColumnSet<ProcessKind> = ColumnSet {
    columns: &PROCESS_COLUMNS,
    headings: &HEADINGS,
    totals: &["sockets", "received_rate", "sent_rate"],
};

impl List for Processes {
    type Kind = ProcessKind;
    type Key = ProcessLineKey;

    fn column_set() -> &'static ColumnSet<ProcessKind> {
        &COLUMN_SET
    }

    fn collect_rows(&mut self, moment: &Moment, _: &Cancellation, out: &mut Vec<u32>) {
        let all = (0..).zip(&moment.aggregate.processes);
        // Processes without a socket that passes the filter are omitted.
        let narrowed = moment.filtered().is_some();
        let is_left = |totals: &ProcessTotals| {
            let moved = totals.changes.is_some_and(|changes| changes.closed > 0.0);
            !narrowed || totals.sockets > 0 || moved
        };
        let wanted = |totals: &ProcessTotals| {
            let entered = totals
                .changes
                .is_some_and(|changes| changes.time_wait > 0.0);
            is_left(totals)
                && (!self.is_time_wait_only || totals.tcp[State::TimeWait as usize] > 0 || entered)
        };
        out.extend(all.filter_map(|(number, totals)| wanted(totals).then_some(number)));
    }

    fn empty_text(&self) -> &'static str {
        "no socket has a known owner; press 2 for all sockets"
    }

    fn unfiltered_len(&self, moment: &Moment) -> usize {
        let all = &moment.unfiltered().processes;
        let in_time_wait = |totals: &&ProcessTotals| totals.tcp[State::TimeWait as usize] > 0;
        if self.is_time_wait_only {
            all.iter().filter(in_time_wait).count()
        } else {
            all.len()
        }
    }

    fn row<'m>(&'m self, moment: &'m Moment, number: u32) -> Option<ProcessLine<'m>> {
        let line = ProcessLine::of(moment, number as usize)?;
        let key = line.process.process.key;
        Some(ProcessLine {
            note: finding_note::most_severe(&self.findings, || Concern::Process(key)),
            ..line
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
        finding_note::shorten(PROCESS_COLUMNS[column].id, text, width)
    }

    fn key(&self, moment: &Moment, number: u32) -> Option<ProcessLineKey> {
        if let Some(group) = self.group(number) {
            return Some(ProcessLineKey::Group(group.key));
        }
        let line = ProcessLine::of(moment, number as usize)?;
        Some(ProcessLineKey::Process(line.process.process.key))
    }

    fn tie_breaker(&self, moment: &Moment, number: u32) -> u64 {
        match self.group(number) {
            Some(group) => group.tie_breaker(),
            None => ProcessLine::of(moment, number as usize)
                .map_or(0, |line| line.process.process.key.pid.into()),
        }
    }

    fn target(&self, moment: &Moment, number: u32) -> Option<OpenTarget> {
        if let Some(group) = self.group(number) {
            return Some(match group.key.sockets() {
                Some(key) => OpenTarget::of_group(key),
                None => OpenTarget::Fold,
            });
        }
        let line = self.row(moment, number)?;
        Some(OpenTarget::Process(Arc::clone(&line.process.process)))
    }

    fn conditions(&self, moment: &Moment, number: u32, _column: usize) -> Conditions {
        let line = self.row(moment, number);
        line.map_or_else(Vec::new, |line| {
            filter_conditions::of_process(&line.process.process, line.sample)
        })
    }

    fn kill_target(&self, moment: &Moment, number: u32) -> Option<KillTarget> {
        let process = &self.row(moment, number)?.process.process;
        Some(KillTarget {
            socket: None,
            namespace: None,
            ends: String::new(),
            holders: vec![Arc::clone(process)],
        })
    }

    fn cell_tone(&self, moment: &Moment, number: u32, column: usize, text: &str) -> Tone {
        let Some(line) = self.row(moment, number) else {
            return Tone::Strong;
        };
        match PROCESS_COLUMNS[column].id {
            _ if text == MISSING => Tone::Muted,
            "process" => Tone::Strong,
            "note" => finding_note::tone(text),
            "close_wait" if text != "0" => Tone::Warning,
            "retransmitted" => retransmitted_tone(line.totals.throughput.retransmitted_share()),
            "descriptors_share" => limit_tone(line.descriptors_share()),
            _ if text == "0" => Tone::Muted,
            _ => Tone::Plain,
        }
    }

    group_methods!();

    fn groupings(&self) -> Vec<GroupingChoice> {
        if self.is_time_wait_only {
            return Vec::new();
        }
        Groups::<ProcessGrouping>::choices()
    }
}

/// The index of a process among those of the Sample.
pub fn process_index(moment: &Moment, key: ProcessKey) -> Option<u32> {
    let rows = &moment.sample.processes;
    let index = rows.iter().position(|row| row.process.key == key)?;
    Some(index as u32)
}

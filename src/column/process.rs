//! Columns of a process.

use std::borrow::Cow;
use std::fmt::Write;
use std::sync::LazyLock;

use super::format;
use super::sort_key::text_key;
use super::sparkline::{MINUTE_WIDTH, minute_sparkline};
use super::traffic::{COUNT, PER_SECOND, traffic_column};
use super::workload::workload_columns;
use super::{Column, Kind, Note, SortKey, Total, note};
use crate::aggregate::{Moment, ProcessTotals, Recent};
use crate::model::{Container, ProcessRow, Sample, State, unit_of_cgroup};

/// Tables of processes.
#[derive(Debug)]
pub struct Processes;

impl Kind for Processes {
    type Row<'a> = ProcessLine<'a>;
}

/// A row of a table of processes: a process with its totals.
#[derive(Debug, Clone, Copy)]
pub struct ProcessLine<'a> {
    /// The process.
    pub process: &'a ProcessRow,
    /// The Sample that has it.
    pub sample: &'a Sample,
    /// Totals of the process.
    pub totals: &'a ProcessTotals,
    /// Time since it started, µs.
    pub age_us: Option<i64>,
    /// Most severe finding about it, if findings are known.
    pub note: Option<Note>,
}

impl<'a> ProcessLine<'a> {
    /// Returns the process with the totals at index `at` of a moment.
    pub fn of(moment: &'a Moment, at: usize) -> Option<ProcessLine<'a>> {
        let totals = moment.aggregate.processes.get(at)?;
        let process = moment.sample.processes.get(totals.process as usize)?;
        Some(ProcessLine {
            process,
            sample: &moment.sample,
            totals,
            age_us: moment.sample.age_us(&process.process),
            note: None,
        })
    }

    /// Returns the share of its file descriptor limit in use, 0 to 1; `None` if either is unknown.
    pub fn descriptors_share(&self) -> Option<f64> {
        let limit = self.process.process.descriptor_limit? as f64;
        Some(f64::from(self.process.descriptors?) / limit.max(1.0))
    }
}

type ProcessColumn = Column<Processes>;

/// Draws a minute as bars.
fn bars(recent: &Recent, out: &mut String) -> Option<()> {
    recent.values().flatten().next()?;
    minute_sparkline(out, recent, MINUTE_WIDTH);
    Some(())
}

fn sum(recent: &Recent) -> Option<SortKey<'static>> {
    let known = recent.values().flatten();
    known.reduce(|a, b| a + b).map(SortKey::Number)
}

fn container<'a>(line: &ProcessLine<'a>) -> Option<&'a Container> {
    line.sample.container_of(&line.process.process)
}

fn unit<'a>(line: &ProcessLine<'a>) -> Option<&'a str> {
    unit_of_cgroup(line.process.process.cgroup.as_deref()?)
}

fn workload<'a>(line: &ProcessLine<'a>) -> Option<Cow<'a, str>> {
    line.sample.workload_of(&line.process.process)
}

fn tcp(line: &ProcessLine<'_>, state: State) -> f64 {
    line.totals.tcp[state as usize].into()
}

/// Every column, the most wanted first.
pub static PROCESS_COLUMNS: LazyLock<Vec<ProcessColumn>> = LazyLock::new(|| {
    let mut columns = vec![
        ProcessColumn::figure(
            ("pid", "PID", 7),
            "Process id.",
            (format::INTEGER, Total::None),
            |line| Some(line.process.process.key.pid.into()),
        ),
        ProcessColumn::text(
            ("process", "PROCESS", 15),
            "Name, with the script, module or jar that an interpreter runs. Kernel: /proc/PID/comm and cmdline.",
            |line, out| {
                format::sanitize(out, line.process.process.program_name().as_bytes());
                Some(())
            },
            |line, _| Some(SortKey::Text(line.process.process.program_name())),
        ),
        ProcessColumn::text(
            ("user", "USER", 8),
            "Effective user.",
            |line, out| match line.process.process.user.as_deref() {
                Some(name) => {
                    format::sanitize(out, name.as_bytes());
                    Some(())
                }
                None => write!(out, "{}", line.process.process.uid).ok(),
            },
            |line, _| {
                Some(SortKey::Text(match line.process.process.user.as_deref() {
                    Some(name) => Cow::Borrowed(name),
                    None => Cow::Owned(line.process.process.uid.to_string()),
                }))
            },
        ),
        ProcessColumn::figure(
            ("sockets", "SOCKS", 6),
            "Sockets of all kinds.",
            COUNT,
            |line| Some(line.totals.sockets.into()),
        ),
        traffic_column!(ProcessColumn, established),
        ProcessColumn::figure(
            ("time_wait", "TIME-W", 7),
            "TCP connections in TIME-WAIT that it closed.",
            COUNT,
            |line| Some(tcp(line, State::TimeWait)),
        ),
        ProcessColumn::figure(
            ("close_wait", "CLOSE-W", 7),
            "TCP connections closed by the peer, but not by the process.",
            COUNT,
            |line| Some(tcp(line, State::CloseWait)),
        ),
        ProcessColumn::figure(
            ("listen", "LISTEN", 6),
            "Listening TCP sockets.",
            COUNT,
            |line| Some(tcp(line, State::Listen)),
        ),
        ProcessColumn::figure(
            ("syn_sent", "SYN-SENT", 8),
            "TCP connection attempts without an answer.",
            COUNT,
            |line| Some(tcp(line, State::SynSent)),
        ),
        ProcessColumn::figure(
            ("fin_wait_1", "FIN-W-1", 7),
            "TCP connections it has closed, not yet acknowledged by the peer.",
            COUNT,
            |line| Some(tcp(line, State::FinWait1)),
        ),
        ProcessColumn::figure(
            ("fin_wait_2", "FIN-W-2", 7),
            "TCP connections closed by the process, but not by the peer.",
            COUNT,
            |line| Some(tcp(line, State::FinWait2)),
        ),
        ProcessColumn::figure(
            ("last_ack", "LAST-ACK", 8),
            "TCP connections closed by both sides, waiting for the last acknowledgment.",
            COUNT,
            |line| Some(tcp(line, State::LastAck)),
        ),
        ProcessColumn::figure(
            ("closing", "CLOSING", 7),
            "TCP connections closed by both sides simultaneously.",
            COUNT,
            |line| Some(tcp(line, State::Closing)),
        ),
        ProcessColumn::figure(
            ("bound", "BOUND", 6),
            "TCP sockets bound to a port, but neither listening nor connected.",
            COUNT,
            |line| Some(tcp(line, State::BoundInactive)),
        ),
        ProcessColumn::figure(
            ("unlisted", "UNLISTED", 8),
            "Open sockets that no socket table lists: reset, never connected or bound, or of a protocol without a table.",
            COUNT,
            |line| line.process.unlisted_sockets().map(f64::from),
        ),
        ProcessColumn::figure(("udp", "UDP", 5), "UDP sockets.", COUNT, |line| {
            Some(line.totals.udp.into())
        }),
        ProcessColumn::figure(("unix", "UNIX", 6), "Unix sockets.", COUNT, |line| {
            Some(line.totals.unix.into())
        }),
        traffic_column!(ProcessColumn, received_rate),
        traffic_column!(ProcessColumn, sent_rate),
        traffic_column!(ProcessColumn, rate),
        traffic_column!(ProcessColumn, steady_rate),
        traffic_column!(ProcessColumn, rate_10s),
        traffic_column!(ProcessColumn, rate_60s),
        ProcessColumn::text(
            ("minute", "LAST 60", MINUTE_WIDTH as u16),
            "Goodput in and out over the last 60 samples; blank if unknown. Sorts by the sum.",
            |line, out| bars(&line.totals.recent, out),
            |line, _| sum(&line.totals.recent),
        ),
        traffic_column!(ProcessColumn, retransmitted),
        traffic_column!(ProcessColumn, opened),
        traffic_column!(ProcessColumn, closed),
        ProcessColumn::figure(
            ("time_wait_rate", "TW/s", 8),
            "TCP connections that entered TIME-WAIT per second.",
            PER_SECOND,
            |line| Some(line.totals.changes?.time_wait),
        ),
        ProcessColumn::text(
            ("time_wait_minute", "TW LAST 60", MINUTE_WIDTH as u16),
            "Connections in TIME-WAIT over the last 60 samples. Sorts by the sum.",
            |line, out| bars(&line.totals.trend.time_wait, out),
            |line, _| sum(&line.totals.trend.time_wait),
        ),
        ProcessColumn::figure(
            ("descriptors", "FDS", 6),
            "Open file descriptors of all kinds. Kernel: /proc/PID/fd.",
            COUNT,
            |line| line.process.descriptors.map(f64::from),
        ),
        ProcessColumn::figure(
            ("descriptors_share", "FDS%", 7),
            "Share of its file descriptor limit in use. Kernel: Max open files in /proc/PID/limits.",
            (format::SHARE, Total::Highest),
            descriptors_share,
        ),
        ProcessColumn::figure(
            ("age", "AGE", 8),
            "Time since it started.",
            (format::TIME, Total::Highest),
            |line| Some(line.age_us? as f64),
        ),
        ProcessColumn::figure(
            ("parent", "PPID", 7),
            "Process id of its parent.",
            (format::INTEGER, Total::None),
            |line| Some(line.process.process.parent.into()),
        ),
        ProcessColumn::text(
            ("cgroup", "CGROUP", 24),
            "Control group. Kernel: /proc/PID/cgroup.",
            |line, out| {
                format::sanitize(out, line.process.process.cgroup.as_deref()?.as_bytes());
                Some(())
            },
            |line, _| text_key(line.process.process.cgroup.as_deref()?),
        ),
        ProcessColumn::text(
            ("command", "COMMAND", 24),
            "Command line. Kernel: /proc/PID/cmdline.",
            |line, out| {
                format::sanitize(out, command(line)?.as_bytes());
                Some(())
            },
            |line, _| text_key(command(line)?),
        ),
        ProcessColumn::text(
            ("note", "NOTE", 4),
            note::ABOUT,
            |line, out| note::write(line.note, out),
            |line, _| note::key(line.note),
        ),
    ];
    let age = columns.iter().position(|column| column.id == "age");
    let age = age.unwrap_or(columns.len());
    let of_workload = workload_columns!(ProcessColumn, container, unit, workload);
    columns.splice(age..age, of_workload);
    columns
});

fn descriptors_share(line: &ProcessLine<'_>) -> Option<f64> {
    line.descriptors_share()
}

fn command<'a>(line: &ProcessLine<'a>) -> Option<&'a str> {
    let text = line.process.process.command_line.as_str();
    (!text.is_empty()).then_some(text)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::model::{Process, ProcessKey};

    #[test]
    fn a_unit_is_found_in_its_groups_path() {
        let mut moment = Moment::default();
        let key = ProcessKey {
            pid: 1,
            start_time: 1,
        };
        for (path, expected) in [
            ("/system.slice/nginx.service", "nginx.service"),
            ("/system.slice/nginx.service/worker", "nginx.service"),
            ("/user.slice/session-1.scope", "session-1.scope"),
            ("/machine/abc", ""),
        ] {
            let mut process = Process::new(key);
            process.cgroup = Some(Arc::from(path));
            moment.sample.processes = vec![ProcessRow {
                process: Arc::new(process),
                descriptors: None,
                kinds: None,
                activity: None,
                unlisted: None,
            }];
            let mut aggregator = crate::aggregate::Aggregator::new();
            moment.derive(&mut aggregator);
            let line = ProcessLine::of(&moment, 0).unwrap();
            assert_eq!(unit(&line).unwrap_or_default(), expected);
            let name = if expected.is_empty() { "abc" } else { expected };
            assert_eq!(workload(&line).as_deref(), Some(name));
        }
    }
}

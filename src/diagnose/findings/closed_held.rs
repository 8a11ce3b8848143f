//! A process keeps sockets open that have no connection: they were reset, timed out or never connected.
//!
//! When a connection is reset or times out, the kernel frees its port but not the descriptor. No socket table lists such
//! sockets; they are counted from the descriptors that no table explains.

use crate::diagnose::detector::{Detector, Scan};
use crate::diagnose::finding::{Severity, Value};
use crate::diagnose::need::Need;
use crate::diagnose::observation::Observation;
use crate::diagnose::subject::{ProcessName, Subject};
use crate::diagnose::threshold::thresholds;
use crate::diagnose::{help_text, phrases};
use crate::model::{ProcessRow, Protocol, Sample};

thresholds! {
    #[expect(clippy::doc_markdown, reason = "comments of the configuration have no markup")]
    /// When open sockets without a connection are a leak.
    thresholds {
        /// Minimum number of such sockets of one process. Many processes keep a few that they have not
        /// connected yet or use only for ioctl(), and a pool notices reset connections late; a leak does
        /// not stop at twenty. Raise it for a process with a large pool that it rarely checks.
        sockets: u32 = 20, ValueRule::COUNT;
        /// Critical at this share of the process's file descriptor limit. Once half of the descriptors are
        /// lost this way, the rest will follow, and accept(), socket() and open() will fail.
        critical_share: f64 = 0.5, ValueRule::Share;
    }
}

/// Sockets of one process that no table lists, by what is known of them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Unlisted {
    tcp: u32,
    udp: u32,
    /// Those that an earlier Sample listed.
    once_listed: u32,
    /// Those of the others that are known to have no connection and no port.
    inactive: u32,
}

impl Unlisted {
    fn sockets(self) -> u32 {
        self.tcp.saturating_add(self.udp)
    }
}

/// Detects processes that do not close sockets without a connection.
#[derive(Debug)]
pub(in crate::diagnose) struct ClosedHeld {
    thresholds: Thresholds,
}

impl Detector for ClosedHeld {
    const ID: &'static str = "closed-held";
    const TITLE: &'static str =
        "A process keeps sockets open that were reset or never connected or bound.";
    const LOOK_ALIKES: &'static str = "Sockets in another network namespace are not listed here either. Processes that run in another \
         one are left out, and so are sockets that are found to have a port there. Cause closed: earlier samples listed \
         most of them, and they have been reset, timed out or disconnected since. Cause closed-or-unused: they have no \
         port, but may also never have been connected or bound. Cause not-examined: they could not be examined, and may \
         belong to another network namespace. Connections that the peer closed in order are {0}.";
    const REMEDY: &'static str = "Fix the code: call close() after a read or write fails with ECONNRESET or ETIMEDOUT, after \
         connect() fails, and on every error path. Until then, only a restart frees the file descriptors.";

    const NEEDS: &'static [Need] = &[Need::Sockets(Protocol::Tcp), Need::Descriptors];

    const IS_OF_HOST: bool = true;
    type Thresholds = Thresholds;

    fn new(thresholds: &Thresholds) -> Self {
        ClosedHeld {
            thresholds: *thresholds,
        }
    }

    fn reported_when(thresholds: &Thresholds) -> String {
        format!(
            "A process has at least {} of TCP or UDP open that no socket table lists, in two samples in a row.",
            phrases::plural(thresholds.sockets.into(), "socket", "sockets"),
        )
    }

    fn severity(thresholds: &Thresholds) -> String {
        format!(
            "Warning. Critical once they use {} of the process's file descriptor limit.",
            help_text::share(thresholds.critical_share)
        )
    }

    fn detect(&mut self, scan: &Scan<'_>, out: &mut Vec<Observation>) {
        let sample = scan.facts.sample();
        for row in &sample.processes {
            let unlisted = unlisted(row, sample);
            // A finding stays active until less than half of its threshold is left.
            let sockets = unlisted.sockets();
            if sockets > 0 && sockets.saturating_mul(2) >= self.thresholds.sockets {
                out.push(self.observe(scan, row, unlisted));
            }
        }
    }
}

impl ClosedHeld {
    fn observe(&self, scan: &Scan<'_>, row: &ProcessRow, unlisted: Unlisted) -> Observation {
        let name = ProcessName::of(row);
        let sockets = unlisted.sockets();
        let limit = row.process.descriptor_limit;
        let of_limit = limit.map(|limit| f64::from(sockets) / limit.max(1) as f64);
        let (closed, unused) = (unlisted.once_listed, unlisted.inactive);
        let count = phrases::plural(sockets.into(), "socket", "sockets");
        let (cause, what, why) = if closed.saturating_mul(2) >= sockets {
            (
                "closed",
                "without a connection",
                "They had a connection or a port in an earlier sample, and have been reset, timed out or disconnected \
                 since.",
            )
        } else if closed.saturating_add(unused).saturating_mul(2) >= sockets {
            (
                "closed-or-unused",
                "that have neither a connection nor a port",
                "They were reset or timed out, or have never been connected or bound.",
            )
        } else {
            (
                "not-examined",
                "that no socket table lists",
                "They were reset or timed out, have never been connected or bound, or belong to another network \
                 namespace; which of these is not known.",
            )
        };
        let summary = format!("{name} has kept {count} open {what}");
        let rest = match of_limit {
            Some(share) => format!(": {} of its file descriptor limit", phrases::share(share)),
            None => String::new(),
        };
        let pid = name.key.pid;
        let mut observation = Observation::new(
            scan.kind,
            Subject::Process(name),
            "sockets",
            Value::Count(sockets.into()),
        )
        .with_cause(cause)
        .with("tcp", Value::Count(unlisted.tcp.into()))
        .with("udp", Value::Count(unlisted.udp.into()))
        .with("once_listed", Value::Count(closed.into()))
        .with("inactive", Value::Count(unused.into()))
        .with_known("descriptor_limit", limit.map(Value::Count))
        .with_known("of_descriptor_limit", of_limit.map(Value::Share));
        observation.over_threshold = sockets >= self.thresholds.sockets;
        if of_limit.is_some_and(|share| share >= self.thresholds.critical_share) {
            observation.severity = Severity::Critical;
        }
        observation.reports_growth = true;
        observation.summary = summary;
        observation.rest = rest;
        observation.advice = format!(
            "{why} Check that it calls close() after a read, write or connect() fails. `lsof -p {pid}` lists them as \
             \"protocol: TCP\" or \"protocol: UDP\". Until the code is fixed, only a restart frees the file descriptors."
        );
        observation
    }
}

/// Counts the sockets of a process that no table lists although the kernel would list them if they had a connection or a
/// port: those of protocols whose table was dumped.
fn unlisted(row: &ProcessRow, sample: &Sample) -> Unlisted {
    let mut found = Unlisted::default();
    for each in row.unlisted.iter().flat_map(|protocols| protocols.iter()) {
        let (count, table) = match &*each.protocol {
            "TCP" | "TCPv6" => (&mut found.tcp, Protocol::Tcp),
            "MPTCP" | "MPTCPv6" => (&mut found.tcp, Protocol::Mptcp),
            "UDP" | "UDPv6" => (&mut found.udp, Protocol::Udp),
            "UDP-Lite" | "UDPLITEv6" => (&mut found.udp, Protocol::UdpLite),
            _ => continue,
        };
        let source = format!("sock_diag {}", table.name());
        let is_dumped = sample
            .faults
            .iter()
            .all(|fault| !fault.source.starts_with(&source));
        if is_dumped {
            // A recording may claim any counts.
            let add = |sum: &mut u32, more: u32| *sum = sum.saturating_add(more);
            add(count, each.sockets.saturating_sub(each.elsewhere));
            add(&mut found.once_listed, each.once_listed);
            add(&mut found.inactive, each.inactive);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::model::{Fault, FaultSeverity, Process, ProcessKey, UnlistedSockets};

    fn row(counts: &[(&str, u32, u32, u32)]) -> ProcessRow {
        let key = ProcessKey {
            pid: 8,
            start_time: 1,
        };
        let mut row = ProcessRow::new(Arc::new(Process::new(key)));
        let unlisted =
            counts.iter().map(
                |&(protocol, sockets, once_listed, elsewhere)| UnlistedSockets {
                    protocol: protocol.into(),
                    sockets,
                    once_listed,
                    inactive: 0,
                    elsewhere,
                },
            );
        row.unlisted = Some(unlisted.collect());
        row
    }

    #[test]
    fn sockets_count_only_if_a_dumped_table_would_list_them() {
        let mut sample = Sample::default();
        let row = row(&[
            ("TCP", 33, 1, 30),
            ("TCPv6", 2, 2, 0),
            ("UDP", 4, 0, 0),
            ("AF_VSOCK", 50, 0, 0),
            ("XDP", 9, 0, 0),
        ]);
        let expected = Unlisted {
            tcp: 5,
            udp: 4,
            once_listed: 3,
            inactive: 0,
        };
        assert_eq!(unlisted(&row, &sample), expected);
        let source = "sock_diag udp (IPv6)";
        sample
            .faults
            .push(Fault::new(FaultSeverity::Note, source, "not supported"));
        assert_eq!(unlisted(&row, &sample).udp, 0);
    }

    #[test]
    fn counts_that_no_process_has_stay_as_large_as_can_be() {
        let row = row(&[
            ("TCP", u32::MAX, u32::MAX, 0),
            ("TCPv6", u32::MAX, u32::MAX, 1),
        ]);
        let found = unlisted(&row, &Sample::default());
        assert_eq!((found.tcp, found.once_listed), (u32::MAX, u32::MAX));
        assert_eq!(row.unlisted_sockets(), Some(u32::MAX));
    }
}

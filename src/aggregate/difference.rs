//! Compares two Samples: sockets that appeared, disappeared or changed, and the same by process.

use std::sync::Arc;

use super::{Cancellation, Totals};
use crate::model::SeededMap;
use crate::model::{Process, ProcessKey, Sample, SocketKey, SocketRef};

/// Kind of difference of a socket between two Samples.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DifferenceKind {
    /// The socket is only in the later Sample.
    Appeared,
    /// The socket is only in the earlier Sample.
    Gone,
    /// The socket is in both Samples and differs.
    Changed,
}

impl DifferenceKind {
    /// Returns the name shown in tables and exports.
    pub fn name(self) -> &'static str {
        match self {
            DifferenceKind::Appeared => "appeared",
            DifferenceKind::Gone => "gone",
            DifferenceKind::Changed => "changed",
        }
    }
}

/// A socket that differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SocketDifference {
    /// Kind of difference.
    pub kind: DifferenceKind,
    /// Row of the socket in the earlier Sample.
    pub before: Option<u32>,
    /// Row of the socket in the later Sample.
    pub after: Option<u32>,
    /// Payload received in between. `None` for sockets that are gone, and where the kernel does not count.
    pub received: Option<u64>,
    /// Payload sent and acknowledged in between. `None` in the same cases.
    pub sent: Option<u64>,
}

/// A process with sockets that differ.
#[derive(Debug, Clone)]
pub struct ProcessDifference {
    /// The process.
    pub process: Arc<Process>,
    /// Sockets of the process in the earlier Sample.
    pub before: u32,
    /// Sockets of the process in the later Sample.
    pub after: u32,
    /// Sockets of the process that are only in the later Sample.
    pub appeared: u32,
    /// Sockets of the process that are only in the earlier Sample.
    pub gone: u32,
    /// Payload that its sockets received in between.
    pub received: u64,
    /// Payload that its sockets sent in between.
    pub sent: u64,
}

impl ProcessDifference {
    fn new(process: Arc<Process>) -> ProcessDifference {
        ProcessDifference {
            process,
            before: 0,
            after: 0,
            appeared: 0,
            gone: 0,
            received: 0,
            sent: 0,
        }
    }

    /// Reports whether none of its sockets differs.
    fn is_none(&self) -> bool {
        let is_changed = self.appeared > 0 || self.gone > 0 || self.received > 0 || self.sent > 0;
        self.before == self.after && !is_changed
    }
}

/// One of the two compared Samples.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DifferenceSide {
    /// The earlier one.
    Before,
    /// The later one.
    After,
}

/// The differences between two Samples.
#[derive(Debug, Clone, Default)]
pub struct Difference {
    /// Counts of the earlier instant.
    pub before: Totals,
    /// Counts of the later instant.
    pub after: Totals,
    /// Sockets that differ, in the order of the later Sample, followed by those that are gone.
    pub sockets: Vec<SocketDifference>,
    /// Processes with sockets that differ, in no order.
    pub processes: Vec<ProcessDifference>,
    /// Numbers of those sockets by `DifferenceKind as usize`.
    counts: [usize; 3],
    /// Sockets that differ and are not selected.
    pub omitted: usize,
    /// True if one of the Samples is incomplete, so that appeared and gone sockets are unknown.
    pub uncertain: bool,
}

impl Difference {
    /// Compares the sockets of two Samples that `selects` accepts in at least one of them, by row. Gives up if it is
    /// cancelled: the result is of no use then.
    pub fn between(
        before: &Sample,
        after: &Sample,
        cancellation: &Cancellation,
        selects: impl Fn(DifferenceSide, u32) -> bool,
    ) -> Difference {
        let mut comparison = Comparison {
            samples: (before, after),
            out: Difference {
                uncertain: !before.is_complete() || !after.is_complete(),
                ..Difference::default()
            },
            processes: SeededMap::default(),
        };
        let mut known: SeededMap<SocketKey, u32> = SeededMap::default();
        known.reserve(before.sockets.len());
        for (row, socket) in before.sockets.iter().enumerate() {
            if cancellation.is_cancelled_at(row) {
                return comparison.out;
            }
            known.insert(socket.key(), row as u32);
        }
        for (row, socket) in after.sockets.iter().enumerate() {
            if cancellation.is_cancelled_at(row) {
                return comparison.out;
            }
            let earlier = known.remove(&socket.key());
            comparison.add(earlier, Some(row as u32), &selects);
        }
        let mut gone: Vec<u32> = known.into_values().collect();
        gone.sort_unstable();
        for row in gone {
            comparison.add(Some(row), None, &selects);
        }
        let processes = comparison.processes.into_values();
        comparison.out.processes = processes.filter(|process| !process.is_none()).collect();
        comparison.out
    }

    /// Counts the sockets that differ in one way.
    pub fn count(&self, kind: DifferenceKind) -> usize {
        self.counts[kind as usize]
    }
}

/// A comparison in progress.
struct Comparison<'a> {
    samples: (&'a Sample, &'a Sample),
    out: Difference,
    processes: SeededMap<ProcessKey, ProcessDifference>,
}

impl Comparison<'_> {
    /// Compares one socket.
    fn add(
        &mut self,
        before: Option<u32>,
        after: Option<u32>,
        selects: &impl Fn(DifferenceSide, u32) -> bool,
    ) {
        let was_selected = before.is_some_and(|row| selects(DifferenceSide::Before, row));
        let is_selected = after.is_some_and(|row| selects(DifferenceSide::After, row));
        let earlier = before.and_then(|row| self.samples.0.socket(row as usize));
        let later = after.and_then(|row| self.samples.1.socket(row as usize));
        if let Some(socket) = earlier.filter(|_| was_selected) {
            self.out.before.add(socket.socket);
            self.for_each_owner(socket, |process| process.before += 1);
        }
        if let Some(socket) = later.filter(|_| is_selected) {
            self.out.after.add(socket.socket);
            self.for_each_owner(socket, |process| process.after += 1);
        }
        let Some(difference) = self.compare((before, earlier), (after, later)) else {
            return;
        };
        if !was_selected && !is_selected {
            self.out.omitted += 1;
            return;
        }
        if let Some(socket) = later.or(earlier) {
            self.for_each_owner(socket, |process| {
                process.appeared += u32::from(difference.kind == DifferenceKind::Appeared);
                process.gone += u32::from(difference.kind == DifferenceKind::Gone);
                // A recording may claim any counters.
                let add = |sum: &mut u64, more: Option<u64>| {
                    *sum = sum.saturating_add(more.unwrap_or(0));
                };
                add(&mut process.received, difference.received);
                add(&mut process.sent, difference.sent);
            });
        }
        self.out.counts[difference.kind as usize] += 1;
        self.out.sockets.push(difference);
    }

    /// Returns how a socket differs; `None` if it does not, or if that is unknown.
    fn compare(
        &self,
        (before, earlier): (Option<u32>, Option<SocketRef<'_>>),
        (after, later): (Option<u32>, Option<SocketRef<'_>>),
    ) -> Option<SocketDifference> {
        let mut difference = SocketDifference {
            kind: DifferenceKind::Changed,
            before,
            after,
            received: None,
            sent: None,
        };
        match (earlier, later) {
            (Some(earlier), Some(later)) => {
                let (was, is) = (counters(earlier), counters(later));
                let since = |was: Option<u64>, is: Option<u64>| is?.checked_sub(was?);
                difference.received = since(was.0, is.0);
                difference.sent = since(was.1, is.1);
                let moved = [difference.received, difference.sent];
                let moved = moved.into_iter().flatten().any(|bytes| bytes > 0);
                return (moved || !are_alike(earlier, later)).then_some(difference);
            }
            (None, Some(later)) => {
                if !self.samples.0.is_complete() {
                    return None;
                }
                difference.kind = DifferenceKind::Appeared;
                (difference.received, difference.sent) = counters(later);
            }
            (Some(_), None) => {
                if !self.samples.1.is_complete() {
                    return None;
                }
                difference.kind = DifferenceKind::Gone;
            }
            (None, None) => return None,
        }
        Some(difference)
    }

    /// Calls `change` for each process that owns a socket.
    fn for_each_owner(
        &mut self,
        socket: SocketRef<'_>,
        mut change: impl FnMut(&mut ProcessDifference),
    ) {
        for (row, _) in socket.owners() {
            let process = self.processes.entry(row.process.key);
            change(process.or_insert_with(|| ProcessDifference::new(Arc::clone(&row.process))));
        }
    }
}

/// Returns the bytes that a socket has received, and those sent and acknowledged.
fn counters(socket: SocketRef<'_>) -> (Option<u64>, Option<u64>) {
    let payload = socket.payload();
    (
        payload.map(|payload| payload.received),
        payload.map(|payload| payload.acked),
    )
}

/// Reports whether a socket has the same state, queues and owner.
fn are_alike(earlier: SocketRef<'_>, later: SocketRef<'_>) -> bool {
    let (was, is) = (earlier.socket, later.socket);
    let owner = |socket: SocketRef<'_>| socket.owner().map(|row| row.process.key);
    (was.state, was.recv_queue, was.send_queue) == (is.state, is.recv_queue, is.send_queue)
        && owner(earlier) == owner(later)
}

#[cfg(test)]
mod tests;

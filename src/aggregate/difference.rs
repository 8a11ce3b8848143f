//! What differs between two instants: sockets that appeared, went or changed, and processes by what became of theirs.

use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::Totals;
use crate::model::{Process, ProcessKey, Sample, SocketKey, SocketRef};

/// What became of a socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// It is in the later Sample alone.
    Appeared,
    /// It is in the earlier Sample alone.
    Gone,
    /// It is in both and not the same.
    Changed,
}

impl Fate {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Fate::Appeared => "appeared",
            Fate::Gone => "gone",
            Fate::Changed => "changed",
        }
    }
}

/// A socket that differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SocketDifference {
    /// What became of it.
    pub fate: Fate,
    /// Its row in the earlier Sample.
    pub before: Option<u32>,
    /// Its row in the later Sample.
    pub after: Option<u32>,
    /// Bytes received meanwhile. Kernel: `tcp_info.tcpi_bytes_received`. None of sockets that are gone, and where the
    /// kernel does not count.
    pub received: Option<u64>,
    /// Bytes sent and acknowledged meanwhile. Kernel: `tcp_info.tcpi_bytes_acked`. None in the same cases.
    pub sent: Option<u64>,
}

/// A process of whose sockets some differ.
#[derive(Debug, Clone)]
pub struct ProcessDifference {
    /// Who.
    pub process: Arc<Process>,
    /// Sockets that it had.
    pub before: u32,
    /// Sockets that it has later.
    pub after: u32,
    /// Of these, those that were not there.
    pub appeared: u32,
    /// Of those that it had, those that are no more.
    pub gone: u32,
    /// Bytes that its sockets received meanwhile.
    pub received: u64,
    /// Bytes that its sockets sent meanwhile.
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

    /// Whether nothing became of any of its sockets.
    fn is_none(&self) -> bool {
        let changes = u64::from(self.appeared) + u64::from(self.gone) + self.received + self.sent;
        self.before == self.after && changes == 0
    }
}

/// One of the two instants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Instant {
    /// The earlier one.
    Before,
    /// The later one.
    After,
}

/// What differs between two instants.
#[derive(Debug, Clone, Default)]
pub struct Difference {
    /// Counts of the earlier instant.
    pub before: Totals,
    /// Counts of the later instant.
    pub after: Totals,
    /// Sockets that differ: in the order of the later Sample, then those that are gone.
    pub sockets: Vec<SocketDifference>,
    /// Processes of whose sockets some differ, in no order.
    pub processes: Vec<ProcessDifference>,
    /// Sockets that differ and are not wanted.
    pub omitted: usize,
    /// Whether sockets were missing from one of the Samples, so that which appeared and which are gone is not known.
    pub uncertain: bool,
}

impl Difference {
    /// Compares two Samples, and of these the sockets that are wanted at one of the instants, by row.
    pub fn between(
        before: &Sample,
        after: &Sample,
        wanted: impl Fn(Instant, u32) -> bool,
    ) -> Difference {
        let mut making = Making {
            samples: (before, after),
            out: Difference {
                uncertain: !before.is_complete() || !after.is_complete(),
                ..Difference::default()
            },
            processes: FxHashMap::default(),
        };
        let rows = (0..).zip(&before.sockets.rows);
        let mut known: FxHashMap<SocketKey, u32> =
            rows.map(|(row, socket)| (socket.key(), row)).collect();
        for (row, socket) in (0..).zip(&after.sockets.rows) {
            let earlier = known.remove(&socket.key());
            making.take(earlier, Some(row), &wanted);
        }
        let mut gone: Vec<u32> = known.into_values().collect();
        gone.sort_unstable();
        for row in gone {
            making.take(Some(row), None, &wanted);
        }
        let processes = making.processes.into_values();
        making.out.processes = processes.filter(|process| !process.is_none()).collect();
        making.out
    }

    /// How many sockets fared so.
    pub fn count(&self, fate: Fate) -> usize {
        let sockets = self.sockets.iter();
        sockets.filter(|socket| socket.fate == fate).count()
    }
}

/// A difference that is being made.
struct Making<'a> {
    samples: (&'a Sample, &'a Sample),
    out: Difference,
    processes: FxHashMap<ProcessKey, ProcessDifference>,
}

impl Making<'_> {
    /// Compares one socket.
    fn take(
        &mut self,
        before: Option<u32>,
        after: Option<u32>,
        wanted: &impl Fn(Instant, u32) -> bool,
    ) {
        let was_wanted = before.is_some_and(|row| wanted(Instant::Before, row));
        let is_wanted = after.is_some_and(|row| wanted(Instant::After, row));
        let earlier = before.and_then(|row| self.samples.0.socket(row as usize));
        let later = after.and_then(|row| self.samples.1.socket(row as usize));
        if let Some(socket) = earlier.filter(|_| was_wanted) {
            self.out.before.add(socket.socket);
            self.of_owners(socket, |process| process.before += 1);
        }
        if let Some(socket) = later.filter(|_| is_wanted) {
            self.out.after.add(socket.socket);
            self.of_owners(socket, |process| process.after += 1);
        }
        let Some(difference) = self.compare((before, earlier), (after, later)) else {
            return;
        };
        if !was_wanted && !is_wanted {
            self.out.omitted += 1;
            return;
        }
        if let Some(socket) = later.or(earlier) {
            self.of_owners(socket, |process| {
                process.appeared += u32::from(difference.fate == Fate::Appeared);
                process.gone += u32::from(difference.fate == Fate::Gone);
                process.received += difference.received.unwrap_or(0);
                process.sent += difference.sent.unwrap_or(0);
            });
        }
        self.out.sockets.push(difference);
    }

    /// What became of a socket; `None` if nothing, or if that is not known.
    fn compare(
        &self,
        (before, earlier): (Option<u32>, Option<SocketRef<'_>>),
        (after, later): (Option<u32>, Option<SocketRef<'_>>),
    ) -> Option<SocketDifference> {
        let mut difference = SocketDifference {
            fate: Fate::Changed,
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
                difference.fate = Fate::Appeared;
                (difference.received, difference.sent) = counters(later);
            }
            (Some(_), None) => {
                if !self.samples.1.is_complete() {
                    return None;
                }
                difference.fate = Fate::Gone;
            }
            (None, None) => return None,
        }
        Some(difference)
    }

    /// Does something for each process that owns a socket.
    fn of_owners(&mut self, socket: SocketRef<'_>, mut change: impl FnMut(&mut ProcessDifference)) {
        for (row, _) in socket.owners() {
            let process = self.processes.entry(row.process.key);
            change(process.or_insert_with(|| ProcessDifference::new(Arc::clone(&row.process))));
        }
    }
}

/// Bytes received, and sent and acknowledged, in a socket's life.
fn counters(socket: SocketRef<'_>) -> (Option<u64>, Option<u64>) {
    match socket.tcp_info().filter(|_| !socket.socket.is_listener()) {
        Some(info) => (info.bytes_received(), info.bytes_acked()),
        None => (None, None),
    }
}

/// Whether a socket is in the same state, with the same queues and the same owner.
fn are_alike(earlier: SocketRef<'_>, later: SocketRef<'_>) -> bool {
    let (was, is) = (earlier.socket, later.socket);
    let owner = |socket: SocketRef<'_>| socket.owner().map(|row| row.process.key);
    (was.state, was.recv_queue, was.send_queue) == (is.state, is.recv_queue, is.send_queue)
        && owner(earlier) == owner(later)
}

#[cfg(test)]
mod tests;

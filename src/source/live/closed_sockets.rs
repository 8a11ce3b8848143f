//! Moves destroy events into a Sample and counts the lost ones.

use std::path::{Path, PathBuf};

use crate::model::{ClosedSocket, Fault, FaultSeverity, Sample};
use crate::source::netlink::destroy_events::{DestroyEventListener, ReceivedEvents};
use crate::source::netlink::namespace_ids::KnownIds;
use crate::source::procfs::netlink_drops;

/// Collects the sockets that were closed between two Samples.
#[derive(Debug)]
pub(super) struct ClosedSocketCollector {
    proc_root: PathBuf,
    listener: Option<DestroyEventListener>,
    received: ReceivedEvents,
    /// The reason why destroy events cannot be received.
    events_unavailable: Option<Fault>,
    /// Number of events that the kernel has dropped since the listener started.
    dropped: u64,
}

impl ClosedSocketCollector {
    /// Starts listening in the network namespace of the calling thread, whose inode is `netns`, if `enabled`; with `ids`,
    /// also in others.
    pub(super) fn start(
        proc_root: &Path,
        netns: u32,
        ids: Option<KnownIds>,
        enabled: bool,
    ) -> ClosedSocketCollector {
        let mut events_unavailable = None;
        let listener = enabled
            .then(|| {
                // Without the right to receive those of other namespaces, our own are received.
                let all = ids.and_then(|ids| DestroyEventListener::start(netns, Some(ids)).ok());
                all.map_or_else(|| DestroyEventListener::start(netns, None), Ok)
            })
            .and_then(|started| {
                started
                    .map_err(|error| {
                        let fault = Fault::new(FaultSeverity::Degraded, "destroy events", error);
                        events_unavailable = Some(fault);
                    })
                    .ok()
            });
        ClosedSocketCollector {
            proc_root: proc_root.to_owned(),
            listener,
            received: ReceivedEvents::default(),
            events_unavailable,
            dropped: 0,
        }
    }

    /// Moves the sockets closed since the last call into `sample`, and counts the events that were lost.
    pub(super) fn collect(&mut self, sample: &mut Sample) {
        sample.events_available = self.listener.is_some();
        sample.faults.extend(self.events_unavailable.clone());
        let Some(listener) = &self.listener else {
            return;
        };
        listener.fetch(&mut self.received);
        std::mem::swap(&mut sample.closed_sockets, &mut self.received.sockets);
        sample.closed.clear();
        sample.closed.extend(closed_rows(&self.received.at_ns));
        sample.lost_events = self.received.discarded;
        // The kernel reports an overrun once, and continues to drop events until its queue is empty.
        if self.received.overruns > 0 || self.dropped > 0 {
            let drops = listener
                .inode()
                .and_then(|inode| netlink_drops(&self.proc_root, inode));
            let since = drops.map_or(0, |drops| drops.saturating_sub(self.dropped));
            self.dropped = drops.unwrap_or(self.dropped);
            // Without a count, each report stands for at least one dropped event.
            sample.lost_events += since.max(self.received.overruns);
        }
        if let Some(reason) = self.received.stopped.take() {
            let fault = Fault::new(FaultSeverity::Degraded, "destroy events", reason);
            sample.faults.push(fault.clone());
            self.events_unavailable = Some(fault);
            self.listener = None;
        }
    }
}

/// Pairs the rows of destroy events with the times at which they were received, in ns.
fn closed_rows(at_ns: &[u64]) -> impl Iterator<Item = ClosedSocket> {
    at_ns
        .iter()
        .enumerate()
        .map(|(row, &monotonic_ns)| ClosedSocket {
            row: row as u32,
            monotonic_ns,
            last_state: None,
            first_seen_ns: None,
        })
}

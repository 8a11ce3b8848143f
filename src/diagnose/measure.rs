//! Measurements that several findings share, taken once for each moment.

pub(super) mod accept_queues;
pub(super) mod counter;
pub(super) mod half_open;
pub(super) mod host_limit;
pub(super) mod pool_report;
pub(super) mod port_reuse;
pub(super) mod unacknowledged;
pub(super) mod waiting;
pub(super) mod waiting_at;

use super::facts::Facts;
use accept_queues::AcceptQueues;
use half_open::HalfOpenConnections;
use unacknowledged::UnacknowledgedData;

/// The shared measurements of one moment.
#[derive(Debug)]
pub(super) struct Measurements {
    pub(super) accept_queues: AcceptQueues,
    pub(super) half_open: HalfOpenConnections,
    pub(super) unacknowledged: UnacknowledgedData,
}

impl Measurements {
    /// Starts with nothing measured.
    pub(super) fn new(
        accept_queues: accept_queues::Thresholds,
        half_open: half_open::Thresholds,
        unacknowledged: unacknowledged::Thresholds,
    ) -> Measurements {
        Measurements {
            accept_queues: AcceptQueues::new(accept_queues),
            half_open: HalfOpenConnections::new(half_open),
            unacknowledged: UnacknowledgedData::new(unacknowledged),
        }
    }

    /// Measures the next moment.
    pub(super) fn update(&mut self, facts: &Facts<'_>) {
        self.accept_queues.update(facts);
        self.half_open.update(facts);
        self.unacknowledged.update(facts);
    }
}

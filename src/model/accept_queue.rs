//! The accept queue of a listener against its limit: the one definition of full and of its share in use.

/// Connections that wait for `accept()` at one listener, and their limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AcceptQueue {
    /// Connections that wait. Kernel: `sk_ack_backlog`.
    pub waiting: u32,
    /// The limit: the backlog of `listen()`, capped by `net.core.somaxconn`. Kernel: `sk_max_ack_backlog`.
    pub backlog: u32,
}

impl AcceptQueue {
    /// Reports whether the kernel drops the next connection. Kernel: `sk_acceptq_is_full`, `unix_recvq_full`.
    pub fn is_full(self) -> bool {
        self.waiting > self.backlog
    }

    /// Returns the number of connections in a full queue: one more than its limit.
    pub fn capacity(self) -> u64 {
        u64::from(self.backlog) + 1
    }

    /// Returns the share of the capacity in use, 0 to 1. It is 1 exactly if the queue is full.
    pub fn fill(self) -> f64 {
        // A capacity of 32 bits is exact, so only a full queue reaches 1.
        (f64::from(self.waiting) / self.capacity() as f64).min(1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn queue(waiting: u32, backlog: u32) -> AcceptQueue {
        AcceptQueue { waiting, backlog }
    }

    #[test]
    fn a_queue_is_full_at_one_more_than_its_limit() {
        assert!(!queue(0, 0).is_full(), "an empty queue is not full");
        assert!(queue(1, 0).is_full());
        assert!(!queue(1, 1).is_full(), "one more fits");
        assert!(queue(2, 1).is_full());
        assert!(!queue(4096, 4096).is_full());
        assert!(!queue(u32::MAX, u32::MAX).is_full());
    }

    #[test]
    fn the_share_reaches_1_exactly_in_a_full_queue() {
        assert_eq!(queue(0, 0).fill(), 0.0);
        assert_eq!(queue(1, 0).fill(), 1.0);
        assert_eq!(queue(1, 1).fill(), 0.5);
        assert_eq!(queue(2, 1).fill(), 1.0);
        assert_eq!(queue(9, 1).fill(), 1.0, "never above it");
        assert!(queue(i32::MAX as u32, i32::MAX as u32).fill() < 1.0);
        assert!(queue(u32::MAX, u32::MAX).fill() < 1.0);
        assert_eq!(queue(u32::MAX, u32::MAX).capacity(), 1 << 32);
    }
}

//! What a socket's buffers take.

/// A socket's memory, bytes. Kernel: `INET_DIAG_SKMEMINFO`, `UNIX_DIAG_MEMINFO` (`SK_MEMINFO_*`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MemoryInfo<'a>(&'a [u8]);

impl<'a> MemoryInfo<'a> {
    /// The kernel's names in its order.
    pub const NAMES: [&'static str; 9] = [
        "rmem_alloc",
        "rcvbuf",
        "wmem_alloc",
        "sndbuf",
        "fwd_alloc",
        "wmem_queued",
        "optmem",
        "backlog",
        "drops",
    ];

    /// Views the bytes of the attribute; any length is fine.
    pub fn new(bytes: &'a [u8]) -> Self {
        MemoryInfo(bytes)
    }

    /// The value at `index` of [`Self::NAMES`], or `None` if the kernel did not send it.
    #[inline]
    pub fn get(self, index: usize) -> Option<u32> {
        let bytes = self.0.get(index * 4..index * 4 + 4)?;
        Some(u32::from_ne_bytes(bytes.try_into().ok()?))
    }

    /// Memory that received data takes.
    pub fn rmem_alloc(self) -> Option<u32> {
        self.get(0)
    }

    /// Limit of the receive buffer.
    pub fn rcvbuf(self) -> Option<u32> {
        self.get(1)
    }

    /// Limit of the send buffer.
    pub fn sndbuf(self) -> Option<u32> {
        self.get(3)
    }

    /// Memory that queued data to send takes.
    pub fn wmem_queued(self) -> Option<u32> {
        self.get(5)
    }

    /// Datagrams dropped for a UDP socket; connections dropped by a listener.
    pub fn drops(self) -> Option<u32> {
        self.get(8)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_that_did_not_arrive_is_absent() {
        let bytes: Vec<u8> = (1..=8u32).flat_map(u32::to_ne_bytes).collect();
        let memory = MemoryInfo::new(&bytes);
        assert_eq!(memory.rcvbuf(), Some(2));
        assert_eq!(memory.drops(), None);
    }
}

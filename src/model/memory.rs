//! Memory of a socket's buffers.

use super::kernel_bytes::KernelBytes;
use super::presentation::Total;

/// A memory figure of a socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MemoryField {
    /// The kernel's name: `SK_MEMINFO_*` in lower case.
    pub name: &'static str,
    /// Name of its table column, which differs where a socket has another figure of that name.
    pub column: &'static str,
    /// Heading of its table column.
    pub heading: &'static str,
    /// Meaning and kernel source.
    pub about: &'static str,
    /// Total of several sockets.
    pub total: Total,
}

macro_rules! memory_fields {
    ($( $(#[doc = $about:literal])+ $name:literal as $column:literal, $heading:literal, $total:ident; )+) => {
        /// The figures in the kernel's order.
        pub const FIELDS: &'static [MemoryField] = &[ $(
            MemoryField {
                name: $name,
                column: $column,
                heading: $heading,
                about: concat!($($about),+).trim_ascii(),
                total: Total::$total,
            }
        ),+ ];

        /// The kernel's names in its order.
        pub const NAMES: [&'static str; [$( $name ),+].len()] = [ $( $name ),+ ];
    };
}

/// A socket's memory, bytes. Kernel: `INET_DIAG_SKMEMINFO`, `UNIX_DIAG_MEMINFO` (`SK_MEMINFO_*`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MemoryInfo<'a>(KernelBytes<'a>);

impl<'a> MemoryInfo<'a> {
    memory_fields! {
        /// Memory of received data. Kernel: SK_MEMINFO_RMEM_ALLOC.
        "rmem_alloc" as "rmem_alloc", "RMEM", Sum;
        /// Limit of the receive buffer. Kernel: SK_MEMINFO_RCVBUF.
        "rcvbuf" as "rcvbuf", "RCVBUF", Sum;
        /// Memory of packets passed to the network. Kernel: SK_MEMINFO_WMEM_ALLOC.
        "wmem_alloc" as "wmem_alloc", "WMEM", Sum;
        /// Limit of the send buffer. Kernel: SK_MEMINFO_SNDBUF.
        "sndbuf" as "sndbuf", "SNDBUF", Sum;
        /// Memory reserved but not yet used. Kernel: SK_MEMINFO_FWD_ALLOC.
        "fwd_alloc" as "fwd_alloc", "FWD", Sum;
        /// Memory of data queued for sending. Kernel: SK_MEMINFO_WMEM_QUEUED.
        "wmem_queued" as "wmem_queued", "WQUEUED", Sum;
        /// Memory of options and filters. Kernel: SK_MEMINFO_OPTMEM.
        "optmem" as "optmem", "OPTMEM", Sum;
        /// Memory of packets waiting while the socket is in use. Kernel: SK_MEMINFO_BACKLOG.
        "backlog" as "memory_backlog", "BACKLOG B", Sum;
        /// Datagrams or connections dropped by this socket. Kernel: SK_MEMINFO_DROPS.
        "drops" as "drops", "DROPS", Sum;
    }

    /// A figure that is not known, in place of its value.
    const UNKNOWN: u32 = u32::MAX;

    /// Encodes figures as the attribute does, given the value of each name; `None` if it is not known.
    pub fn encode(mut value: impl FnMut(&'static str) -> Option<u32>) -> Vec<u8> {
        let values = Self::NAMES.map(|name| value(name).unwrap_or(Self::UNKNOWN));
        values.into_iter().flat_map(u32::to_ne_bytes).collect()
    }

    /// Creates a view of the bytes of the attribute. Any length is valid.
    pub fn new(bytes: impl Into<KernelBytes<'a>>) -> Self {
        MemoryInfo(bytes.into())
    }

    /// Returns the value at `index` of [`Self::NAMES`]; `None` if it is not known.
    #[inline]
    pub fn get(self, index: usize) -> Option<u32> {
        let value = u32::from_ne_bytes(self.0.get(index * 4)?);
        (value != Self::UNKNOWN).then_some(value)
    }

    /// Returns the memory of received data.
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

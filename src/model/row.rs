//! One row of a socket table, with everything that is stored apart from its fixed-size part.

use std::ops::Deref;

use super::ages::AGES_END;
use super::socket_page::Page;
use super::{
    KernelBytes, MemoryInfo, MptcpInfo, Parts, Protocol, SctpInfo, SctpOptions, Socket, State,
    TcpInfo, Timer,
};

/// A row of a [`SocketTable`](super::SocketTable), which dereferences to its fixed-size part.
#[derive(Debug, Clone, Copy)]
pub struct Row<'a> {
    /// The fixed-size part.
    pub socket: &'a Socket,
    pub(super) page: &'a Page,
    /// Time since the values that the clock changes were stored, ms.
    pub(super) aged_ms: u32,
}

impl Deref for Row<'_> {
    type Target = Socket;

    #[inline]
    fn deref(&self) -> &Socket {
        self.socket
    }
}

impl Page {
    /// Returns a row, `aged_ms` ms after the page was written.
    #[inline]
    pub(super) fn row(&self, at: usize, aged_ms: u32) -> Option<Row<'_>> {
        Some(Row {
            socket: self.rows.get(at)?,
            page: self,
            aged_ms,
        })
    }
}

impl<'a> Row<'a> {
    /// Returns the running timer.
    #[inline]
    pub fn timer(&self) -> Option<Timer> {
        self.socket.timer.after(self.aged_ms)
    }

    /// Reports whether the clock changes everything that it can change: not the ages of a listener, which stay at 0.
    #[inline]
    pub fn follows_clock(&self) -> bool {
        self.socket.has_ages()
            || self.socket.protocol != Protocol::Tcp
            || usize::from(self.socket.blob.info) < AGES_END
    }

    /// Returns a copy of the fixed-size part that is valid outside of the table, without variable parts.
    pub fn to_socket(&self) -> Socket {
        Socket {
            timer: self.timer().into(),
            ..*self.socket
        }
    }

    /// Returns the variable parts: the structure of the protocol and memory, the congestion control report, and the name.
    #[inline]
    pub fn parts(&self) -> (KernelBytes<'a>, &'a [u8], &'a [u8]) {
        self.find_parts().unwrap_or((KernelBytes::EMPTY, &[], &[]))
    }

    /// Returns a copy of the variable parts in full, in a buffer.
    pub fn copy_parts<'b>(&self, buffer: &'b mut Vec<u8>) -> Parts<'b> {
        let (structures, report, name) = self.parts();
        buffer.clear();
        structures.append_to(buffer);
        let structures = buffer.len();
        buffer.extend_from_slice(report);
        buffer.extend_from_slice(name);
        let (structures, rest) = buffer.split_at(structures);
        let info = usize::from(self.socket.blob.info).min(structures.len());
        let (info, memory) = structures.split_at(info);
        let (congestion_info, name) = rest.split_at(report.len());
        Parts {
            info,
            memory,
            congestion_info,
            name,
        }
    }

    #[inline]
    fn find_parts(&self) -> Option<(KernelBytes<'a>, &'a [u8], &'a [u8])> {
        let blob = self.socket.blob;
        let (structures, rest) = self.find_structures()?;
        let (report, rest) = rest.split_at_checked(usize::from(blob.congestion_info))?;
        Some((structures, report, rest.get(..usize::from(blob.name))?))
    }

    /// Returns the structure of the protocol and memory, and what is stored behind them.
    #[inline]
    fn find_structures(&self) -> Option<(KernelBytes<'a>, &'a [u8])> {
        let blob = self.socket.blob;
        let stored = self.page.parts.get(blob.at as usize..)?;
        match usize::from(blob.info) + usize::from(blob.memory) {
            0 => Some((KernelBytes::EMPTY, stored)),
            length => {
                let (bytes, rest) = self.page.bases.unpack(stored, length)?;
                let aged_ms = if self.socket.has_ages() {
                    self.aged_ms
                } else {
                    0
                };
                Some((bytes.aged(aged_ms), rest))
            }
        }
    }

    /// Returns `struct tcp_info`; `None` if the kernel sent none (TIME-WAIT, SYN-RECV, not TCP), or cleared it before the
    /// socket was freed, because the process aborted the connection.
    #[inline]
    pub fn tcp_info(&self) -> Option<TcpInfo<'a>> {
        let info = self.info(Protocol::Tcp).map(TcpInfo::new)?;
        (self.socket.state != State::Closed || info.has_traffic()).then_some(info)
    }

    /// Returns `struct mptcp_info`; `None` if the kernel sent none (not MPTCP).
    pub fn mptcp_info(&self) -> Option<MptcpInfo<'a>> {
        self.info(Protocol::Mptcp).map(MptcpInfo::new)
    }

    /// Returns the part of `struct sctp_info` for associations; `None` for other rows.
    pub fn sctp_info(&self) -> Option<SctpInfo<'a>> {
        let info = self.info(Protocol::Sctp)?;
        let is_association = self.socket.is_association();
        is_association.then(|| SctpInfo::of_association(info))
    }

    /// Returns the part of `struct sctp_info` for sockets; `None` for other rows, associations among them.
    pub fn sctp_options(&self) -> Option<SctpOptions<'a>> {
        let info = self.info(Protocol::Sctp)?;
        (!self.socket.is_association()).then(|| SctpOptions::of_socket(info))
    }

    #[inline]
    fn info(&self, protocol: Protocol) -> Option<KernelBytes<'a>> {
        let length = self.socket.blob.info;
        if length == 0 || self.socket.protocol != protocol {
            return None;
        }
        let (structures, _) = self.find_structures()?;
        Some(structures.slice(0, length.into()))
    }

    /// Returns the memory, if the kernel reported it.
    #[inline]
    pub fn memory(&self) -> Option<MemoryInfo<'a>> {
        let blob = self.socket.blob;
        if blob.memory == 0 {
            return None;
        }
        let (structures, _) = self.find_structures()?;
        let memory = structures.slice(blob.info.into(), blob.memory.into());
        Some(MemoryInfo::new(memory))
    }

    /// Returns the congestion control report, raw: `struct tcp_bbr_info` (20 bytes), `tcp_dctcp_info` or
    /// `tcpvegas_info` (16 bytes), depending on the algorithm.
    pub fn congestion_info(&self) -> Option<&'a [u8]> {
        let has_report = self.socket.blob.congestion_info > 0;
        has_report.then(|| self.parts().1)
    }

    /// Returns the bytes of the name: of a unix socket, or of what is set on top of TCP.
    pub fn name(&self) -> Option<&'a [u8]> {
        (self.socket.blob.name > 0).then(|| self.parts().2)
    }
}

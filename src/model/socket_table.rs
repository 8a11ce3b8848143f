//! The sockets of one instant: fixed-size rows and their variable parts.

use std::borrow::Cow;

use super::kernel_bytes::Bases;
use super::{
    Blob, ClearForReuse, KernelBytes, MemoryInfo, MptcpInfo, Protocol, SctpInfo, SctpOptions,
    Socket, State, TcpInfo,
};

/// Rows of sockets and their variable parts. Clearing keeps the memory, so that a table is refilled without allocating.
#[derive(Debug, Clone)]
pub struct SocketTable {
    /// Rows in the kernel's order.
    pub rows: Vec<Socket>,
    /// Parts of variable length; see [`Blob`].
    parts: Vec<u8>,
    /// Those that parts are packed with.
    bases: Bases,
    /// Names of congestion control algorithms; the first is empty and means none.
    names: Vec<Box<str>>,
}

impl Default for SocketTable {
    fn default() -> Self {
        SocketTable {
            rows: Vec::new(),
            parts: Vec::new(),
            bases: Bases::default(),
            names: vec!["".into()],
        }
    }
}

impl PartialEq for SocketTable {
    /// Compares the contents; where the parts are stored makes no difference.
    fn eq(&self, other: &Self) -> bool {
        let placeless = |socket: &Socket| Socket {
            blob: Blob {
                at: 0,
                ..socket.blob
            },
            ..*socket
        };
        self.names == other.names
            && self.rows.len() == other.rows.len()
            && self.rows.iter().zip(&other.rows).all(|(own, others)| {
                placeless(own) == placeless(others) && self.parts(own) == other.parts(others)
            })
    }
}

impl Eq for SocketTable {}

impl SocketTable {
    /// Removes all rows and keeps the memory that this many rows need.
    pub fn clear(&mut self) {
        self.rows.clear_for_reuse();
        self.parts.clear_for_reuse();
        self.bases.renew();
    }

    /// Releases the memory that further rows would have used.
    pub fn shrink_to_fit(&mut self) {
        self.rows.shrink_to_fit();
        self.parts.shrink_to_fit();
    }

    /// Returns the index of a congestion control name, adding it if it is new. Returns 0 (none) beyond 255 names.
    pub fn name_index(&mut self, name: &[u8]) -> u8 {
        if let Some(at) = self.names.iter().position(|known| known.as_bytes() == name) {
            return at as u8;
        }
        if self.names.len() > usize::from(u8::MAX) {
            return 0;
        }
        self.names.push(String::from_utf8_lossy(name).into());
        (self.names.len() - 1) as u8
    }

    /// Returns the name at an index.
    pub fn name_at(&self, index: u8) -> Option<&str> {
        match index {
            0 => None,
            at => self.names.get(usize::from(at)).map(AsRef::as_ref),
        }
    }

    /// Appends the variable parts of a socket. Returns `None` once the table has 4 GiB of them.
    pub fn push_blob(
        &mut self,
        info: &[u8],
        memory: &[u8],
        congestion_info: &[u8],
        name: &[u8],
    ) -> Option<Blob> {
        let short = |part: &[u8]| u16::try_from(part.len()).ok();
        let blob = Blob {
            at: u32::try_from(self.parts.len()).ok()?,
            info: short(info)?,
            memory: short(memory)?,
            congestion_info: short(congestion_info)?,
            name: short(name)?,
        };
        if blob.info > 0 || blob.memory > 0 {
            self.bases.pack([info, memory], &mut self.parts);
        }
        self.parts.extend_from_slice(congestion_info);
        self.parts.extend_from_slice(name);
        Some(blob)
    }

    /// Keeps only these rows, in this order, with their variable parts.
    pub fn select_rows(&mut self, rows: impl Iterator<Item = usize>) {
        let mut kept = SocketTable {
            names: std::mem::take(&mut self.names),
            ..SocketTable::default()
        };
        let mut scratch = Vec::new();
        for mut socket in rows.filter_map(|row| self.rows.get(row).copied()) {
            // At most as many bytes as before, which were addressable.
            socket.blob = kept
                .copy_parts(self, &socket, &mut scratch)
                .unwrap_or_default();
            kept.rows.push(socket);
        }
        *self = kept;
    }

    /// Appends the variable parts of a row of another table. Returns `None` if this one is full. `scratch` is a buffer.
    pub(crate) fn copy_parts(
        &mut self,
        other: &SocketTable,
        socket: &Socket,
        scratch: &mut Vec<u8>,
    ) -> Option<Blob> {
        let (_, _, name) = other.parts(socket);
        self.copy_renamed(other, socket, name, scratch)
    }

    /// The same with another name.
    fn copy_renamed(
        &mut self,
        other: &SocketTable,
        socket: &Socket,
        name: &[u8],
        scratch: &mut Vec<u8>,
    ) -> Option<Blob> {
        let (structures, report, _) = other.parts(socket);
        scratch.clear();
        structures.append_to(scratch);
        let (info, memory) = scratch.split_at(usize::from(socket.blob.info).min(scratch.len()));
        self.push_blob(info, memory, report, name)
    }

    /// Replaces the names for which `other` returns one.
    pub fn replace_names(&mut self, mut other: impl FnMut(&Socket, &[u8]) -> Option<Vec<u8>>) {
        let mut renamed = SocketTable {
            names: std::mem::take(&mut self.names),
            ..SocketTable::default()
        };
        let mut scratch = Vec::new();
        for mut socket in std::mem::take(&mut self.rows) {
            let name = self.name(&socket).unwrap_or(&[]);
            let name = match other(&socket, name).filter(|_| !name.is_empty()) {
                Some(other) if u16::try_from(other.len()).is_ok() => Cow::Owned(other),
                _ => Cow::Borrowed(name),
            };
            let blob = renamed.copy_renamed(self, &socket, &name, &mut scratch);
            socket.blob = blob.unwrap_or_default();
            renamed.rows.push(socket);
        }
        *self = renamed;
    }

    /// Returns the variable parts of a row: the structure of the protocol and memory, the congestion control report, and the
    /// name. They are empty if they are not in this table.
    #[inline]
    pub fn parts(&self, socket: &Socket) -> (KernelBytes<'_>, &[u8], &[u8]) {
        self.find_parts(socket.blob)
            .unwrap_or((KernelBytes::EMPTY, &[], &[]))
    }

    #[inline]
    fn find_parts(&self, blob: Blob) -> Option<(KernelBytes<'_>, &[u8], &[u8])> {
        let (structures, rest) = self.find_structures(blob)?;
        let (report, rest) = rest.split_at_checked(usize::from(blob.congestion_info))?;
        Some((structures, report, rest.get(..usize::from(blob.name))?))
    }

    /// Returns the structure of the protocol and memory, and what is stored behind them.
    #[inline]
    fn find_structures(&self, blob: Blob) -> Option<(KernelBytes<'_>, &[u8])> {
        let stored = self.parts.get(blob.at as usize..)?;
        match usize::from(blob.info) + usize::from(blob.memory) {
            0 => Some((KernelBytes::EMPTY, stored)),
            length => self.bases.unpack(stored, length),
        }
    }

    /// Returns the bytes of memory that the variable parts take.
    pub fn parts_len(&self) -> usize {
        self.parts.len()
    }

    /// Returns `struct tcp_info` of a row; `None` if the kernel sent none (TIME-WAIT, SYN-RECV, not TCP), or cleared it
    /// before the socket was freed, because the process aborted the connection.
    #[inline]
    pub fn tcp_info(&self, socket: &Socket) -> Option<TcpInfo<'_>> {
        let info = self.info(socket, Protocol::Tcp).map(TcpInfo::new)?;
        (socket.state != State::Closed || info.has_traffic()).then_some(info)
    }

    /// Returns `struct mptcp_info` of a row; `None` if the kernel sent none (not MPTCP).
    pub fn mptcp_info(&self, socket: &Socket) -> Option<MptcpInfo<'_>> {
        self.info(socket, Protocol::Mptcp).map(MptcpInfo::new)
    }

    /// Returns the part of `struct sctp_info` for associations; `None` for other rows.
    pub fn sctp_info(&self, socket: &Socket) -> Option<SctpInfo<'_>> {
        let info = self.info(socket, Protocol::Sctp)?;
        socket
            .is_association()
            .then(|| SctpInfo::of_association(info))
    }

    /// Returns the part of `struct sctp_info` for sockets; `None` for other rows, associations among them.
    pub fn sctp_options(&self, socket: &Socket) -> Option<SctpOptions<'_>> {
        let info = self.info(socket, Protocol::Sctp)?;
        (!socket.is_association()).then(|| SctpOptions::of_socket(info))
    }

    #[inline]
    fn info(&self, socket: &Socket, protocol: Protocol) -> Option<KernelBytes<'_>> {
        let length = socket.blob.info;
        if length == 0 || socket.protocol != protocol {
            return None;
        }
        let (structures, _) = self.find_structures(socket.blob)?;
        Some(structures.slice(0, length.into()))
    }

    /// Returns the memory of a row, if the kernel reported it.
    #[inline]
    pub fn memory(&self, socket: &Socket) -> Option<MemoryInfo<'_>> {
        let blob = socket.blob;
        if blob.memory == 0 {
            return None;
        }
        let (structures, _) = self.find_structures(blob)?;
        let memory = structures.slice(blob.info.into(), blob.memory.into());
        Some(MemoryInfo::new(memory))
    }

    /// Returns the congestion control report, raw: `struct tcp_bbr_info` (20 bytes), `tcp_dctcp_info` or
    /// `tcpvegas_info` (16 bytes), depending on the algorithm.
    pub fn congestion_info(&self, socket: &Socket) -> Option<&[u8]> {
        let has_report = socket.blob.congestion_info > 0;
        has_report.then(|| self.parts(socket).1)
    }

    /// Returns the name bytes of a row; see [`SocketRef::name`](super::SocketRef::name) and
    /// [`SocketRef::ulp`](super::SocketRef::ulp).
    pub fn name(&self, socket: &Socket) -> Option<&[u8]> {
        (socket.blob.name > 0).then(|| self.parts(socket).2)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Ends, Family, State};

    /// Creates unix sockets with these names, each with as many bytes of memory figures as its number.
    fn table(names: &[&str]) -> SocketTable {
        let mut table = SocketTable::default();
        let ends = Ends::Unix {
            vfs: None,
            pending: 0,
            peer_inode: None,
        };
        for (at, name) in names.iter().enumerate() {
            let blob = table.push_blob(&[], &vec![at as u8; at], &[7], name.as_bytes());
            table.rows.push(Socket {
                blob: blob.unwrap(),
                ..Socket::new(
                    1,
                    at as u64,
                    Family::Unix,
                    Protocol::Stream,
                    State::Closed,
                    ends,
                )
            });
        }
        table
    }

    fn names(table: &SocketTable) -> Vec<String> {
        let name = |socket| String::from_utf8_lossy(table.name(socket).unwrap_or(&[])).into_owned();
        table.rows.iter().map(name).collect()
    }

    fn parts(table: &SocketTable) -> Vec<Vec<u8>> {
        let of = |socket| {
            let (structures, report, name) = table.parts(socket);
            [&structures.to_vec(), report, name].concat()
        };
        table.rows.iter().map(of).collect()
    }

    #[test]
    fn rows_that_are_kept_keep_what_belongs_to_them() {
        let mut kept = table(&["/a", "", "/ccc", "/dd"]);
        kept.select_rows([3, 0, 9].into_iter());
        assert_eq!(names(&kept), ["/dd", "/a"]);
        assert_eq!(parts(&kept), [b"\x03\x03\x03\x07/dd".as_slice(), b"\x07/a"]);
    }

    #[test]
    fn another_name_leaves_the_rest_as_it_is() {
        let mut table = table(&["/a", "", "/ccc", "/dd"]);
        table.replace_names(|socket, name| (socket.cookie != 3).then(|| [b"/long", name].concat()));
        assert_eq!(names(&table), ["/long/a", "", "/long/ccc", "/dd"]);
        let expected: [&[u8]; 4] = [
            b"\x07/long/a",
            b"\x01\x07",
            b"\x02\x02\x07/long/ccc",
            b"\x03\x03\x03\x07/dd",
        ];
        assert_eq!(parts(&table), expected);
    }
}

//! The sockets of one instant: fixed-size rows and their variable parts.

use std::borrow::Cow;

use super::{
    Blob, ClearForReuse, MemoryInfo, MptcpInfo, Protocol, SctpInfo, SctpOptions, Socket, State,
    TcpInfo,
};

/// Rows of sockets and their variable parts. Clearing keeps the memory, so that a table is refilled without allocating.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SocketTable {
    /// Rows in the kernel's order.
    pub rows: Vec<Socket>,
    /// Parts of variable length; see [`Blob`].
    pub bytes: Vec<u8>,
    /// Names of congestion control algorithms; the first is empty and means none.
    names: Vec<Box<str>>,
}

impl Default for SocketTable {
    fn default() -> Self {
        SocketTable {
            rows: Vec::new(),
            bytes: Vec::new(),
            names: vec!["".into()],
        }
    }
}

impl SocketTable {
    /// Removes all rows and keeps the memory that this many rows need.
    pub fn clear(&mut self) {
        self.rows.clear_for_reuse();
        self.bytes.clear_for_reuse();
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
            at: u32::try_from(self.bytes.len()).ok()?,
            info: short(info)?,
            memory: short(memory)?,
            congestion_info: short(congestion_info)?,
            name: short(name)?,
        };
        self.bytes.extend_from_slice(info);
        self.bytes.extend_from_slice(memory);
        self.bytes.extend_from_slice(congestion_info);
        self.bytes.extend_from_slice(name);
        Some(blob)
    }

    /// Keeps only these rows, in this order, with their variable parts.
    pub fn select_rows(&mut self, rows: impl Iterator<Item = usize>) {
        let mut kept = SocketTable {
            names: std::mem::take(&mut self.names),
            ..SocketTable::default()
        };
        for mut socket in rows.filter_map(|row| self.rows.get(row).copied()) {
            let bytes = self.bytes_of(&socket);
            // At most as many bytes as before, which were addressable.
            socket.blob.at = kept.bytes.len() as u32;
            kept.bytes.extend_from_slice(bytes);
            kept.rows.push(socket);
        }
        *self = kept;
    }

    /// Replaces the names for which `other` returns one.
    pub fn replace_names(&mut self, mut other: impl FnMut(&Socket, &[u8]) -> Option<Vec<u8>>) {
        let mut bytes = Vec::with_capacity(self.bytes.len());
        let mut rows = std::mem::take(&mut self.rows);
        for socket in &mut rows {
            let all = self.bytes_of(socket);
            let (before, name) =
                all.split_at(all.len() - usize::from(socket.blob.name).min(all.len()));
            let name = match other(socket, name).filter(|_| !name.is_empty()) {
                Some(other) if u16::try_from(other.len()).is_ok() => Cow::Owned(other),
                _ => Cow::Borrowed(name),
            };
            let Ok(at) = u32::try_from(bytes.len()) else {
                socket.blob = Blob::default();
                continue;
            };
            socket.blob.at = at;
            socket.blob.name = name.len() as u16;
            bytes.extend_from_slice(before);
            bytes.extend_from_slice(&name);
        }
        self.rows = rows;
        self.bytes = bytes;
    }

    /// Returns the bytes at `skip` from the start of the blob.
    #[inline]
    fn part(&self, blob: Blob, skip: usize, length: u16) -> &[u8] {
        let from = blob.at as usize + skip;
        self.bytes
            .get(from..from + usize::from(length))
            .unwrap_or(&[])
    }

    /// Returns all variable parts of a row.
    pub(super) fn bytes_of(&self, socket: &Socket) -> &[u8] {
        let blob = socket.blob;
        let lengths = [blob.info, blob.memory, blob.congestion_info, blob.name];
        let length: usize = lengths.into_iter().map(usize::from).sum();
        let from = blob.at as usize;
        self.bytes.get(from..from + length).unwrap_or(&[])
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
    fn info(&self, socket: &Socket, protocol: Protocol) -> Option<&[u8]> {
        let has_it = socket.blob.info > 0 && socket.protocol == protocol;
        has_it.then(|| self.part(socket.blob, 0, socket.blob.info))
    }

    /// Returns the memory of a row, if the kernel reported it.
    #[inline]
    pub fn memory(&self, socket: &Socket) -> Option<MemoryInfo<'_>> {
        let blob = socket.blob;
        (blob.memory > 0)
            .then(|| MemoryInfo::new(self.part(blob, usize::from(blob.info), blob.memory)))
    }

    /// Returns the congestion control report, raw: `struct tcp_bbr_info` (20 bytes), `tcp_dctcp_info` or
    /// `tcpvegas_info` (16 bytes), depending on the algorithm.
    pub fn congestion_info(&self, socket: &Socket) -> Option<&[u8]> {
        let blob = socket.blob;
        let skip = usize::from(blob.info) + usize::from(blob.memory);
        (blob.congestion_info > 0).then(|| self.part(blob, skip, blob.congestion_info))
    }

    /// Returns the name bytes of a row; see [`SocketRef::name`](super::SocketRef::name) and
    /// [`SocketRef::ulp`](super::SocketRef::ulp).
    pub fn name(&self, socket: &Socket) -> Option<&[u8]> {
        let blob = socket.blob;
        let skip =
            usize::from(blob.info) + usize::from(blob.memory) + usize::from(blob.congestion_info);
        (blob.name > 0).then(|| self.part(blob, skip, blob.name))
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

    #[test]
    fn rows_that_are_kept_keep_what_belongs_to_them() {
        let mut kept = table(&["/a", "", "/ccc", "/dd"]);
        kept.select_rows([3, 0, 9].into_iter());
        assert_eq!(names(&kept), ["/dd", "/a"]);
        assert_eq!(kept.bytes, b"\x03\x03\x03\x07/dd\x07/a");
    }

    #[test]
    fn another_name_leaves_the_rest_as_it_is() {
        let mut table = table(&["/a", "", "/ccc", "/dd"]);
        table.replace_names(|socket, name| (socket.cookie != 3).then(|| [b"/long", name].concat()));
        assert_eq!(names(&table), ["/long/a", "", "/long/ccc", "/dd"]);
        assert_eq!(
            table.bytes,
            b"\x07/long/a\x01\x07\x02\x02\x07/long/ccc\x03\x03\x03\x07/dd"
        );
    }
}

//! The sockets of one instant: rows of fixed size, and the bytes behind them.

use super::{Blob, MemoryInfo, MptcpInfo, Protocol, Reuse, Socket, TcpInfo};

/// Rows of sockets and the bytes behind them. Clearing keeps the memory, so that a table is filled again without
/// allocating.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SocketTable {
    /// Rows in the order in which the kernel told them.
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
    /// Forgets all rows, keeps the memory that such a number of rows takes.
    pub fn clear(&mut self) {
        self.rows.clear_for_reuse();
        self.bytes.clear_for_reuse();
    }

    /// The index of a congestion control's name, learning it if it is new. 0 (none) beyond 255 names.
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

    /// The name behind an index.
    pub fn name_at(&self, index: u8) -> Option<&str> {
        match index {
            0 => None,
            at => self.names.get(usize::from(at)).map(AsRef::as_ref),
        }
    }

    /// Appends the parts of variable length of one socket; `None` once the table holds 4 GiB of them.
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

    /// Bytes at `skip` after the blob's start.
    #[inline]
    fn part(&self, blob: Blob, skip: usize, length: u16) -> &[u8] {
        let from = blob.at as usize + skip;
        self.bytes
            .get(from..from + usize::from(length))
            .unwrap_or(&[])
    }

    /// All parts of variable length of a row.
    pub(super) fn bytes_of(&self, socket: &Socket) -> &[u8] {
        let blob = socket.blob;
        let lengths = [blob.info, blob.memory, blob.congestion_info, blob.name];
        let length: usize = lengths.into_iter().map(usize::from).sum();
        let from = blob.at as usize;
        self.bytes.get(from..from + length).unwrap_or(&[])
    }

    /// `struct tcp_info` of a row; `None` if the kernel sent none (TIME-WAIT, SYN-RECV, not TCP).
    #[inline]
    pub fn tcp_info(&self, socket: &Socket) -> Option<TcpInfo<'_>> {
        self.info(socket, Protocol::Tcp).map(TcpInfo::new)
    }

    /// `struct mptcp_info` of a row; `None` if the kernel sent none (not MPTCP).
    pub fn mptcp_info(&self, socket: &Socket) -> Option<MptcpInfo<'_>> {
        self.info(socket, Protocol::Mptcp).map(MptcpInfo::new)
    }

    #[inline]
    fn info(&self, socket: &Socket, protocol: Protocol) -> Option<&[u8]> {
        let has_it = socket.blob.info > 0 && socket.protocol == protocol;
        has_it.then(|| self.part(socket.blob, 0, socket.blob.info))
    }

    /// The memory of a row, if the kernel told it.
    #[inline]
    pub fn memory(&self, socket: &Socket) -> Option<MemoryInfo<'_>> {
        let blob = socket.blob;
        (blob.memory > 0)
            .then(|| MemoryInfo::new(self.part(blob, usize::from(blob.info), blob.memory)))
    }

    /// What the congestion control reports, raw: `struct tcp_bbr_info` (20 bytes), `tcp_dctcp_info`, `tcpvegas_info`
    /// (16 bytes). Its kind follows from the algorithm's name.
    pub fn congestion_info(&self, socket: &Socket) -> Option<&[u8]> {
        let blob = socket.blob;
        let skip = usize::from(blob.info) + usize::from(blob.memory);
        (blob.congestion_info > 0).then(|| self.part(blob, skip, blob.congestion_info))
    }

    /// Name bytes of a row; see [`SocketRef::name`](super::SocketRef::name) and [`SocketRef::ulp`](super::SocketRef::ulp).
    pub fn name(&self, socket: &Socket) -> Option<&[u8]> {
        let blob = socket.blob;
        let skip =
            usize::from(blob.info) + usize::from(blob.memory) + usize::from(blob.congestion_info);
        (blob.name > 0).then(|| self.part(blob, skip, blob.name))
    }
}

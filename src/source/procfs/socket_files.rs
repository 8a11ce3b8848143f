//! Reads sockets from `/proc` that `sock_diag` does not report: ICMP sockets (ping sockets), for which it has no
//! module, and raw sockets on kernels without `raw_diag`.

use std::path::Path;

use procfs::current_system_info;
use procfs::net::UdpNetEntries;
use procfs::prelude::FromBufReadSI as _;

use crate::model::{
    Endpoint, Ends, Family, MemoryInfo, Parts, Protocol, Socket, SocketTable, State,
};

/// A file in `/proc/net` that lists sockets in the format of `/proc/net/udp`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SocketFile {
    /// Name of the file.
    pub name: &'static str,
    /// Family of its sockets.
    pub family: Family,
    /// Protocol of its sockets.
    pub protocol: Protocol,
}

impl SocketFile {
    /// Raw sockets. Their local port is the IP protocol, as in `sock_diag`.
    pub const RAW: SocketFile = SocketFile {
        name: "raw",
        family: Family::Inet,
        protocol: Protocol::Raw,
    };

    /// Raw sockets over IPv6.
    pub const RAW6: SocketFile = SocketFile {
        name: "raw6",
        family: Family::Inet6,
        protocol: Protocol::Raw,
    };

    /// ICMP sockets that are bound or connected or have sent an echo request. Their local port is the identifier of
    /// their echo requests.
    pub const ICMP: SocketFile = SocketFile {
        name: "icmp",
        family: Family::Inet,
        protocol: Protocol::Icmp,
    };

    /// The same over IPv6.
    pub const ICMP6: SocketFile = SocketFile {
        name: "icmp6",
        family: Family::Inet6,
        protocol: Protocol::Icmp6,
    };

    /// Appends the sockets in the file to `table`. They have no cookie, options or cgroup, and of their memory only
    /// what is received and sent, and the dropped datagrams. Kernel: `net/NAME` of the calling thread.
    ///
    /// # Errors
    /// If the file cannot be read or parsed.
    pub fn read(
        self,
        root: &Path,
        netns: u32,
        table: &mut SocketTable,
    ) -> Result<(), procfs::ProcError> {
        let text = std::fs::read(root.join("thread-self/net").join(self.name))
            .or_else(|_| std::fs::read(root.join("net").join(self.name)))?;
        let entries = UdpNetEntries::from_buf_read(text.as_slice(), current_system_info())?;
        let mut drops = text.split(|&byte| byte == b'\n').skip(1).map(last_number);
        for entry in entries.0 {
            let end = |address: std::net::SocketAddr| Endpoint {
                address: address.ip(),
                port: address.port(),
            };
            let inode = entry.inode as u32;
            let cookie = Socket::SURROGATE_COOKIE | u64::from(inode);
            let state = State::from_kernel(entry.state as u8).unwrap_or(State::Closed);
            let ends = Ends::Inet {
                local: end(entry.local_address),
                remote: end(entry.remote_address),
            };
            let mut socket = Socket::new(netns, cookie, self.family, self.protocol, state, ends);
            socket.inode = inode;
            socket.uid = Some(entry.uid);
            socket.recv_queue = entry.rx_queue;
            socket.send_queue = entry.tx_queue;
            if self.protocol == Protocol::Raw {
                socket.raw_protocol = u8::try_from(entry.local_address.port()).ok();
            }
            let memory = MemoryInfo::encode(|name| match name {
                "rmem_alloc" => Some(entry.rx_queue),
                "wmem_alloc" => Some(entry.tx_queue),
                "drops" => drops.next().flatten(),
                _ => None,
            });
            let parts = Parts {
                memory: &memory,
                ..Parts::default()
            };
            // The memory figures are short.
            let _ = table.push(socket, parts);
        }
        Ok(())
    }
}

/// Parses the last field of a line.
fn last_number(line: &[u8]) -> Option<u32> {
    let line = line.trim_ascii_end();
    let start = line.iter().rposition(|&byte| byte == b' ')? + 1;
    str::from_utf8(&line[start..]).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADING: &str = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops\n";

    fn read(file: SocketFile, line: &str) -> SocketTable {
        let root = tempfile::tempdir().expect("a directory");
        std::fs::create_dir(root.path().join("net")).expect("a directory");
        let path = root.path().join("net").join(file.name);
        std::fs::write(path, format!("{HEADING}{line}\n")).expect("a file");
        let mut table = SocketTable::default();
        file.read(root.path(), 1, &mut table).expect("rows");
        table
    }

    #[test]
    fn raw_sockets_are_read_with_their_protocol_and_inode() {
        let table = read(
            SocketFile::RAW,
            "    1: 0100007F:0001 00000000:0000 07 00000000:00000340 00:00000000 00000000  1000        0 4711 2 0000000000000000 0",
        );
        assert_eq!(table.len(), 1);
        let row = table.get(0).expect("one row");
        let local = row.local().expect("an end");
        assert_eq!(
            (local.address.to_string().as_str(), local.port),
            ("127.0.0.1", 1)
        );
        assert_eq!(
            (row.inode, row.uid, row.recv_queue),
            (4711, Some(1000), 0x340)
        );
        assert_eq!((row.raw_protocol, row.state), (Some(1), State::Closed));
    }

    #[test]
    fn icmp_sockets_have_an_identifier_a_remote_address_and_drops() {
        let table = read(
            SocketFile::ICMP,
            "  253: 0100007F:00FD 0200007F:0000 01 00000000:00000280 00:00000000 00000000     0        0 4712 2 00000000f9f9cd2f 7",
        );
        assert_eq!(table.len(), 1);
        let row = table.get(0).expect("one row");
        assert_eq!(
            (row.protocol, row.state),
            (Protocol::Icmp, State::Established)
        );
        assert_eq!(row.local().map(|end| end.port), Some(253));
        let remote = row.remote().expect("it is connected");
        assert_eq!(remote.address.to_string(), "127.0.0.2");
        assert_eq!(row.raw_protocol, None);
        let memory = row.memory().expect("it has memory");
        assert_eq!(
            (memory.rmem_alloc(), memory.drops()),
            (Some(0x280), Some(7))
        );
        assert_eq!(memory.rcvbuf(), None, "the file does not tell");
    }

    #[test]
    fn a_missing_file_is_an_error() {
        let root = tempfile::tempdir().expect("a directory");
        let mut table = SocketTable::default();
        assert!(SocketFile::ICMP6.read(root.path(), 1, &mut table).is_err());
    }
}

//! Reads raw sockets from `/proc`, for kernels whose `sock_diag` does not support them (`CONFIG_INET_DIAG` without
//! `raw_diag`).

use std::fs::File;
use std::path::Path;

use procfs::current_system_info;
use procfs::net::UdpNetEntries;
use procfs::prelude::FromBufReadSI as _;

use crate::model::{Endpoint, Ends, Family, Protocol, Socket, State};

/// Appends the raw sockets of one family to `rows`. They have no cookie, memory, options or cgroup; their local port is
/// the IP protocol, as in `sock_diag`. Kernel: `net/raw` and `net/raw6` of the calling thread.
///
/// # Errors
/// If the file cannot be read or parsed.
pub fn read_raw_sockets(
    root: &Path,
    family: Family,
    netns: u32,
    rows: &mut Vec<Socket>,
) -> Result<(), procfs::ProcError> {
    let name = if family == Family::Inet6 {
        "raw6"
    } else {
        "raw"
    };
    let file = File::open(root.join("thread-self/net").join(name))
        .or_else(|_| File::open(root.join("net").join(name)))?;
    let entries =
        UdpNetEntries::from_buf_read(std::io::BufReader::new(file), current_system_info())?;
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
        let mut socket = Socket::new(netns, cookie, family, Protocol::Raw, state, ends);
        socket.inode = inode;
        socket.uid = Some(entry.uid);
        socket.recv_queue = entry.rx_queue;
        socket.send_queue = entry.tx_queue;
        socket.raw_protocol = u8::try_from(entry.local_address.port()).ok();
        rows.push(socket);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn raw_sockets_are_read_with_their_protocol_and_inode() {
        let root = tempfile::tempdir().expect("a directory");
        std::fs::create_dir(root.path().join("net")).expect("a directory");
        let text = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops\n\
                    1: 0100007F:0001 00000000:0000 07 00000000:00000340 00:00000000 00000000  1000        0 4711 2 0000000000000000 0\n";
        std::fs::write(root.path().join("net/raw"), text).expect("a file");
        let mut rows = Vec::new();
        read_raw_sockets(root.path(), Family::Inet, 1, &mut rows).expect("rows");
        assert_eq!(rows.len(), 1);
        let local = rows[0].local().expect("an end");
        assert_eq!(
            (local.address.to_string().as_str(), local.port),
            ("127.0.0.1", 1)
        );
        assert_eq!(
            (rows[0].inode, rows[0].uid, rows[0].recv_queue),
            (4711, Some(1000), 0x340)
        );
        assert_eq!(
            (rows[0].raw_protocol, rows[0].state),
            (Some(1), State::Closed)
        );
        assert!(
            read_raw_sockets(root.path(), Family::Inet6, 1, &mut rows).is_err(),
            "no such file"
        );
    }
}

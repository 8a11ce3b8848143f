//! Dumps recorded from a real kernel, in `tests/fixtures`.

use std::os::fd::AsFd as _;
use std::path::PathBuf;

use sockwatch::model::{Protocol, SocketTable};
use sockwatch::source::netlink::datagram::decode_datagram;
use sockwatch::source::netlink::request::{AttributeRequest, Table};

/// The path of a dump.
pub(crate) fn fixture(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fixtures")
        .join(format!("{name}.dump"))
}

/// The datagrams of one recorded dump.
pub(crate) fn recorded(name: &str) -> Vec<Vec<u8>> {
    datagrams(&std::fs::read(fixture(name)).expect("the fixture is in the repository"))
}

/// Splits the contents of a dump's file into datagrams: each is preceded by its length.
pub(crate) fn datagrams(bytes: &[u8]) -> Vec<Vec<u8>> {
    let mut datagrams = Vec::new();
    let mut rest = bytes;
    while let Some((length, after)) = rest.split_first_chunk::<4>() {
        let (datagram, after) = after.split_at(u32::from_le_bytes(*length) as usize);
        datagrams.push(datagram.to_vec());
        rest = after;
    }
    datagrams
}

/// The payloads of a dump's rows.
pub(crate) fn messages(name: &str) -> Vec<Vec<u8>> {
    let mut messages = Vec::new();
    for datagram in recorded(name) {
        let mut rest = &datagram[..];
        while rest.len() >= 16 {
            let length = u32::from_ne_bytes(rest[..4].try_into().unwrap()) as usize;
            if u16::from_ne_bytes(rest[4..6].try_into().unwrap()) == 20 {
                messages.push(rest[16..length].to_vec());
            }
            rest = rest.get((length + 3) & !3..).unwrap_or(&[]);
        }
    }
    messages
}

/// The protocol that was requested; `None` where the rows carry theirs.
pub(crate) fn protocol(name: &str) -> Option<Protocol> {
    match name {
        name if name.starts_with("tcp") => Some(Protocol::Tcp),
        "udp" | "udp6" => Some(Protocol::Udp),
        _ => None,
    }
}

/// Dumps a table of the running kernel with every attribute, as datagrams.
pub(crate) fn record(table: Table) -> std::io::Result<Vec<Vec<u8>>> {
    let socket = netlink_sys::Socket::new(netlink_sys::protocols::NETLINK_SOCK_DIAG)?;
    socket.connect(&netlink_sys::SocketAddr::new(0, 0))?;
    let mut request = Vec::new();
    table.write_request(&AttributeRequest::default(), 1, &mut request);
    socket.send(&request, 0)?;
    let mut datagrams = Vec::new();
    let mut buffer = vec![0; 32 * 1024];
    loop {
        let (_, length) = rustix::net::recv(
            socket.as_fd(),
            &mut buffer[..],
            rustix::net::RecvFlags::empty(),
        )?;
        let datagram = &buffer[..length];
        datagrams.push(datagram.to_vec());
        let status = decode_datagram(datagram, None, None, 1, &mut SocketTable::default());
        if status.ended.is_some() {
            return Ok(datagrams);
        }
    }
}

/// Joins datagrams to the contents of a dump's file.
pub(crate) fn to_bytes(datagrams: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for datagram in datagrams {
        bytes.extend_from_slice(&(datagram.len() as u32).to_le_bytes());
        bytes.extend_from_slice(datagram);
    }
    bytes
}

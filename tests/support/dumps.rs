//! Dumps recorded from a real kernel, in `tests/fixtures`.

use std::path::PathBuf;

use sockwatch::model::Protocol;

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

/// The protocol that was requested; `None` where the rows carry theirs.
pub(crate) fn protocol(name: &str) -> Option<Protocol> {
    match name {
        "tcp" | "tcp6" => Some(Protocol::Tcp),
        "udp" | "udp6" => Some(Protocol::Udp),
        _ => None,
    }
}

//! Dumps recorded from a real kernel, in `tests/fixtures`.

use std::path::PathBuf;

use sockwatch::model::Protocol;

/// Where a dump lies.
pub(crate) fn fixture(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fixtures")
        .join(format!("{name}.dump"))
}

/// One recorded dump: its datagrams, each behind its length.
pub(crate) fn recorded(name: &str) -> Vec<Vec<u8>> {
    let bytes = std::fs::read(fixture(name)).expect("the fixture is in the repository");
    let mut datagrams = Vec::new();
    let mut rest = &bytes[..];
    while let Some((length, after)) = rest.split_first_chunk::<4>() {
        let (datagram, after) = after.split_at(u32::from_le_bytes(*length) as usize);
        datagrams.push(datagram.to_vec());
        rest = after;
    }
    datagrams
}

/// The protocol that was asked for; `None` where the rows tell theirs.
pub(crate) fn protocol(name: &str) -> Option<Protocol> {
    match name {
        "tcp" | "tcp6" => Some(Protocol::Tcp),
        "udp" | "udp6" => Some(Protocol::Udp),
        _ => None,
    }
}

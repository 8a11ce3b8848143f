//! Reads files written by `ss -D FILE`: the concatenated answers of `sock_diag` about TCP sockets, as received.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use netlink_packet_core::{NLMSG_DONE, NLMSG_ERROR};
use netlink_packet_sock_diag::constants::SOCK_DIAG_BY_FAMILY;

use super::netlink::decode::decode_socket;
use super::netlink::request::TCPDIAG_GETSOCK;
use super::netlink::wire::{HEADER, aligned, errno};
use crate::model::{Attribution, Protocol, Sample, Socket, State, Unowned};

/// Length of a row without attributes. Kernel: `struct inet_diag_msg`.
const ROW: usize = 72;

/// Maximum size of a file, in bytes: two million sockets with every attribute.
const MAX_BYTES: u64 = 2 << 30;

/// Reasons why a file cannot be read as a dump.
#[derive(Debug, thiserror::Error)]
pub enum RawDumpError {
    /// The file cannot be read at all.
    #[error("cannot read {}: {error}", path.display())]
    Unreadable {
        /// The file's path.
        path: PathBuf,
        /// The system's error.
        error: io::Error,
    },
    /// The file is not a dump.
    #[error("{}: not a dump made by ss -D: {why}", path.display())]
    Foreign {
        /// The file's path.
        path: PathBuf,
        /// The difference from a dump.
        why: String,
    },
    /// The file is truncated.
    #[error("{}: truncated after {sockets} sockets: {why}; create it again with ss -D", path.display())]
    Truncated {
        /// The file's path.
        path: PathBuf,
        /// Number of sockets before the truncation.
        sockets: usize,
        /// The missing part.
        why: String,
    },
}

/// Reads a dump into `sample`: its sockets, and the time at which it was written. It has no owners.
///
/// # Errors
/// If the file cannot be read, is not a dump, or is truncated.
pub fn read_raw_dump(path: &Path, sample: &mut Sample) -> Result<(), RawDumpError> {
    let unreadable = |error| RawDumpError::Unreadable {
        path: path.to_owned(),
        error,
    };
    let file = File::open(path).map_err(unreadable)?;
    let metadata = file.metadata().map_err(unreadable)?;
    if metadata.is_dir() {
        return Err(unreadable(io::ErrorKind::IsADirectory.into()));
    }
    let mut bytes = Vec::new();
    let mut file = file.take(MAX_BYTES + 1);
    // A file that is not a dump is not read to its end.
    file.by_ref()
        .take(1 << 16)
        .read_to_end(&mut bytes)
        .map_err(unreadable)?;
    if let Err(Corrupt::Foreign(why)) = read_messages(&bytes, &mut Sample::default()) {
        return Err(RawDumpError::Foreign {
            path: path.to_owned(),
            why,
        });
    }
    file.read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err(RawDumpError::Foreign {
            path: path.to_owned(),
            why: format!("larger than {MAX_BYTES} bytes"),
        });
    }
    sample.clear();
    if let Ok(modified) = metadata.modified()
        && let Ok(since) = modified.duration_since(std::time::UNIX_EPOCH)
    {
        sample.taken_at_us = i64::try_from(since.as_micros()).unwrap_or(i64::MAX);
    }
    read_messages(&bytes, sample).map_err(|corrupt| match corrupt {
        Corrupt::Foreign(why) => RawDumpError::Foreign {
            path: path.to_owned(),
            why,
        },
        Corrupt::Truncated(why) => RawDumpError::Truncated {
            path: path.to_owned(),
            sockets: sample.sockets.len(),
            why,
        },
    })?;
    for row in 0..sample.sockets.len() {
        if let Some(socket) = sample.sockets.get_mut(row) {
            socket.attribution = Attribution::Unowned(unowned_reason(socket));
        }
    }
    Ok(())
}

/// A defect in the bytes, with its reason.
#[derive(Debug, PartialEq, Eq)]
enum Corrupt {
    Foreign(String),
    Truncated(String),
}

/// Decodes the messages in sequence into `sample`. Pure and total: any `bytes` are accepted.
fn read_messages(bytes: &[u8], sample: &mut Sample) -> Result<(), Corrupt> {
    if bytes.is_empty() {
        return Err(Corrupt::Foreign("the file is empty".to_owned()));
    }
    let mut rest = bytes;
    let mut ended = false;
    while !rest.is_empty() {
        let first = rest.len() == bytes.len();
        let Some(header) = rest.first_chunk::<HEADER>() else {
            return Err(if first {
                Corrupt::Foreign("shorter than a netlink message".to_owned())
            } else {
                Corrupt::Truncated("incomplete message header".to_owned())
            });
        };
        let length = u32::from_ne_bytes([header[0], header[1], header[2], header[3]]) as usize;
        let kind = u16::from_ne_bytes([header[4], header[5]]);
        let known = matches!(
            kind,
            SOCK_DIAG_BY_FAMILY | TCPDIAG_GETSOCK | NLMSG_DONE | NLMSG_ERROR
        );
        let least = match kind {
            SOCK_DIAG_BY_FAMILY | TCPDIAG_GETSOCK => HEADER + ROW,
            _ => HEADER,
        };
        if !known || length < least || length > 1 << 16 {
            let at = bytes.len() - rest.len();
            return Err(Corrupt::Foreign(format!(
                "no sock_diag message at byte {at}"
            )));
        }
        let Some(payload) = rest.get(HEADER..length) else {
            return Err(Corrupt::Truncated("incomplete message".to_owned()));
        };
        match kind {
            NLMSG_DONE if errno(payload) == 0 => ended = true,
            NLMSG_DONE | NLMSG_ERROR => {
                let error = io::Error::from_raw_os_error(errno(payload));
                return Err(Corrupt::Truncated(format!(
                    "the kernel returned an error: {error}"
                )));
            }
            _ => {
                ended = false;
                decode_socket(payload, Some(Protocol::Tcp), 0, &mut sample.sockets)
                    .map_err(|error| Corrupt::Foreign(error.to_string()))?;
            }
        }
        // The padding of the last message may be missing.
        rest = rest.get(aligned(length)..).unwrap_or(&[]);
    }
    if ended {
        Ok(())
    } else {
        Err(Corrupt::Truncated(
            "the final message of the kernel is missing".to_owned(),
        ))
    }
}

/// Returns the reason why a row has no owner, as far as the row itself shows it.
fn unowned_reason(socket: &Socket) -> Unowned {
    match socket.state {
        State::TimeWait => Unowned::TimeWait,
        State::SynRecv => Unowned::Handshake,
        State::FinWait2 if socket.inode == 0 && socket.shutdown.is_none() => Unowned::TimeWait,
        State::Established | State::CloseWait if socket.inode == 0 => Unowned::WaitingForAccept,
        _ if socket.inode == 0 => Unowned::Orphan,
        _ => Unowned::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(kind: u16, payload: &[u8]) -> Vec<u8> {
        let mut bytes = (HEADER as u32 + payload.len() as u32)
            .to_ne_bytes()
            .to_vec();
        bytes.extend_from_slice(&kind.to_ne_bytes());
        bytes.extend_from_slice(&[0; 10]);
        bytes.extend_from_slice(payload);
        bytes
    }

    fn row() -> Vec<u8> {
        let mut row = vec![0; ROW];
        row[0] = 2;
        row[1] = 1;
        message(SOCK_DIAG_BY_FAMILY, &row)
    }

    #[test]
    fn any_prefix_is_an_error_and_never_a_panic() {
        let done = message(NLMSG_DONE, &[0; 4]);
        let complete = [row(), row(), done.clone(), row(), done].concat();
        let read = |bytes: &[u8]| {
            let mut sample = Sample::default();
            read_messages(bytes, &mut sample).map(|()| sample.sockets.len())
        };
        assert_eq!(read(&complete), Ok(3));
        let two = row().len() * 2 + HEADER + 4;
        for length in 0..complete.len() {
            let result = read(&complete[..length]);
            // The first half is a complete dump.
            assert_eq!(result.is_ok(), length == two, "{length}: {result:?}");
        }
        for text in [
            "",
            "hello",
            "{\"version\": 1, \"sockets\": [], \"faults\": []}",
        ] {
            assert!(
                matches!(read(text.as_bytes()), Err(Corrupt::Foreign(_))),
                "{text}"
            );
        }
        for kind in [NLMSG_ERROR, NLMSG_DONE] {
            let refused = [row(), message(kind, &(-1_i32).to_ne_bytes())].concat();
            assert!(matches!(read(&refused), Err(Corrupt::Truncated(_))));
        }
    }
}

//! Reads what `ss -D FILE` wrote: the answers of `sock_diag` about TCP sockets, one after the other, as they came.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use netlink_packet_core::{NLMSG_DONE, NLMSG_ERROR};
use netlink_packet_sock_diag::constants::SOCK_DIAG_BY_FAMILY;

use super::netlink::decode;
use super::netlink::request::TCPDIAG_GETSOCK;
use crate::model::{Attribution, Protocol, Sample, Socket, State, Unowned};

/// Length of a netlink header. Kernel: `struct nlmsghdr`.
const HEADER: usize = 16;

/// Length of a row without attributes. Kernel: `struct inet_diag_msg`.
const ROW: usize = 72;

/// The largest file that is read, bytes: two million sockets with everything about them.
const LARGEST: u64 = 2 << 30;

/// Why a file cannot be read as a dump.
#[derive(Debug, thiserror::Error)]
pub enum RawDumpError {
    /// The file cannot be read at all.
    #[error("cannot read {}: {error}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// It is something else.
    #[error("{} is no dump made by ss -D: {why}", path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
        /// What is not as it should be.
        why: String,
    },
    /// The end is missing.
    #[error("{} is cut short after {sockets} sockets: {why}; make it anew with ss -D", path.display())]
    Truncated {
        /// The file.
        path: PathBuf,
        /// Sockets before the place.
        sockets: usize,
        /// What is missing.
        why: String,
    },
}

/// Reads a dump into `sample`: its sockets, and when it was written. Owners are not in it.
///
/// # Errors
/// If the file cannot be read, is something else, or is not whole.
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
    let mut file = file.take(LARGEST + 1);
    // Something else is not read to its end.
    file.by_ref()
        .take(1 << 16)
        .read_to_end(&mut bytes)
        .map_err(unreadable)?;
    if let Err(Wrong::Foreign(why)) = read_messages(&bytes, &mut Sample::default()) {
        return Err(RawDumpError::Foreign {
            path: path.to_owned(),
            why,
        });
    }
    file.read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() as u64 > LARGEST {
        return Err(RawDumpError::Foreign {
            path: path.to_owned(),
            why: format!("it is larger than {LARGEST} bytes"),
        });
    }
    sample.clear();
    if let Ok(modified) = metadata.modified()
        && let Ok(since) = modified.duration_since(std::time::UNIX_EPOCH)
    {
        sample.taken_at_us = i64::try_from(since.as_micros()).unwrap_or(i64::MAX);
    }
    read_messages(&bytes, sample).map_err(|wrong| match wrong {
        Wrong::Foreign(why) => RawDumpError::Foreign {
            path: path.to_owned(),
            why,
        },
        Wrong::Truncated(why) => RawDumpError::Truncated {
            path: path.to_owned(),
            sockets: sample.sockets.rows.len(),
            why,
        },
    })?;
    for socket in &mut sample.sockets.rows {
        socket.attribution = Attribution::Unowned(why_unowned(socket));
    }
    Ok(())
}

/// What is wrong with the bytes.
#[derive(Debug, PartialEq, Eq)]
enum Wrong {
    Foreign(String),
    Truncated(String),
}

/// Decodes message after message. Pure, and total: anything may be in `bytes`.
fn read_messages(bytes: &[u8], sample: &mut Sample) -> Result<(), Wrong> {
    if bytes.is_empty() {
        return Err(Wrong::Foreign("it is empty".to_owned()));
    }
    let mut rest = bytes;
    let mut ended = false;
    while !rest.is_empty() {
        let first = rest.len() == bytes.len();
        let Some(header) = rest.first_chunk::<HEADER>() else {
            return Err(if first {
                Wrong::Foreign("it is shorter than a netlink message".to_owned())
            } else {
                Wrong::Truncated("it ends within a message's header".to_owned())
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
            return Err(Wrong::Foreign(format!(
                "at byte {at} there is no message of sock_diag"
            )));
        }
        let Some(payload) = rest.get(HEADER..length) else {
            return Err(Wrong::Truncated("it ends within a message".to_owned()));
        };
        match kind {
            NLMSG_DONE if code(payload) == 0 => ended = true,
            NLMSG_DONE | NLMSG_ERROR => {
                let error = io::Error::from_raw_os_error(code(payload).wrapping_neg());
                return Err(Wrong::Truncated(format!("the kernel answered: {error}")));
            }
            _ => {
                ended = false;
                decode::socket(payload, Some(Protocol::Tcp), 0, &mut sample.sockets)
                    .map_err(|error| Wrong::Foreign(error.to_string()))?;
            }
        }
        // The padding of the last one may be missing.
        rest = rest.get((length + 3) & !3..).unwrap_or(&[]);
    }
    if ended {
        Ok(())
    } else {
        Err(Wrong::Truncated(
            "the kernel's last word is missing".to_owned(),
        ))
    }
}

/// The number at the front of the kernel's last word, or of its refusal: an errno below zero, or none.
fn code(payload: &[u8]) -> i32 {
    let code = payload.first_chunk::<4>();
    code.map_or(0, |code| i32::from_ne_bytes(*code))
}

/// What the row itself says of why nobody holds it.
fn why_unowned(socket: &Socket) -> Unowned {
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
    fn any_prefix_is_an_error_and_none_a_panic() {
        let done = message(NLMSG_DONE, &[0; 4]);
        let whole = [row(), row(), done.clone(), row(), done].concat();
        let read = |bytes: &[u8]| {
            let mut sample = Sample::default();
            read_messages(bytes, &mut sample).map(|()| sample.sockets.rows.len())
        };
        assert_eq!(read(&whole), Ok(3));
        let two = row().len() * 2 + HEADER + 4;
        for length in 0..whole.len() {
            let result = read(&whole[..length]);
            // The first half is a dump of its own.
            assert_eq!(result.is_ok(), length == two, "{length}: {result:?}");
        }
        for text in [
            "",
            "hello",
            "{\"version\": 1, \"sockets\": [], \"faults\": []}",
        ] {
            assert!(
                matches!(read(text.as_bytes()), Err(Wrong::Foreign(_))),
                "{text}"
            );
        }
        for kind in [NLMSG_ERROR, NLMSG_DONE] {
            let refused = [row(), message(kind, &(-1_i32).to_ne_bytes())].concat();
            assert!(matches!(read(&refused), Err(Wrong::Truncated(_))));
        }
    }
}

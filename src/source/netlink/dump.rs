//! Fetches whole tables from the kernel.

use std::io;
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

use netlink_packet_core::{NLM_F_DUMP_INTR, NLMSG_DONE, NLMSG_ERROR, NLMSG_OVERRUN, NetlinkBuffer};
use netlink_packet_sock_diag::constants::{SOCK_DESTROY, SOCK_DIAG_BY_FAMILY};
use netlink_sys::{Socket, SocketAddr, protocols::NETLINK_SOCK_DIAG};
use rustix::io::Errno;
use rustix::net::{RecvFlags, sockopt};

use super::decode;
use super::request::{Asked, TCPDIAG_GETSOCK, Table, write_exact};
use crate::model::{self, Fault, Protocol, Severity, SocketTable};

/// The kernel fills at most 32 KiB per `recv`; a larger buffer stays empty, a smaller one costs system calls.
pub const BUFFER: usize = 32 * 1024;

/// How long the kernel may take for one answer before the dump is given up. It answers within milliseconds.
const TIMEOUT: Duration = Duration::from_secs(5);

/// What one dump said.
#[derive(Debug, Default)]
pub struct Outcome {
    /// Time in system calls.
    pub waited: Duration,
    /// Time from bytes to rows.
    pub decoded: Duration,
    /// What went wrong, if something did.
    pub fault: Option<Fault>,
    /// The kernel lacks the table; asking again at once is useless.
    pub lacking: bool,
}

/// What a datagram of answers said about the dump as a whole.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Answers {
    /// The dump has ended; the errno if it ended badly.
    pub ended: Option<i32>,
    /// Rows that could not be decoded.
    pub malformed: u32,
    /// The first reason.
    pub reason: Option<decode::DecodeError>,
    /// The kernel says that the table changed so much that rows may be missing.
    pub interrupted: bool,
}

/// Decodes one datagram of answers to the request `sequence`. Pure, and total: anything may be in `bytes`.
pub fn decode_datagram(
    bytes: &[u8],
    sequence: Option<u32>,
    protocol: Option<Protocol>,
    netns: u32,
    table: &mut SocketTable,
) -> Answers {
    let mut answers = Answers::default();
    let mut rest = bytes;
    while !rest.is_empty() {
        let Ok(message) = NetlinkBuffer::new_checked(rest) else {
            // A remainder that is no message: a truncated datagram.
            answers.malformed += 1;
            break;
        };
        let length = message.length() as usize;
        let payload = rest.get(16..length).unwrap_or(&[]);
        // Answers to a dump that was given up may still arrive.
        if sequence.is_none_or(|sequence| message.sequence_number() == sequence) {
            answers.interrupted |= message.flags() & NLM_F_DUMP_INTR != 0;
            match message.message_type() {
                SOCK_DIAG_BY_FAMILY | TCPDIAG_GETSOCK | SOCK_DESTROY => {
                    if let Err(error) = decode::socket(payload, protocol, netns, table) {
                        answers.malformed += 1;
                        answers.reason.get_or_insert(error);
                    }
                }
                // Both carry a negative errno first; a family that is missing says so in DONE.
                NLMSG_DONE | NLMSG_ERROR => {
                    let code = payload
                        .first_chunk::<4>()
                        .map_or(0, |code| i32::from_ne_bytes(*code));
                    answers.ended = Some(code.checked_neg().unwrap_or(i32::MAX));
                    break;
                }
                NLMSG_OVERRUN => answers.interrupted = true,
                _ => {}
            }
        }
        rest = rest.get((length + 3) & !3..).unwrap_or(&[]);
    }
    answers
}

/// A `sock_diag` socket with its buffers.
#[derive(Debug)]
pub struct Dumper {
    socket: Socket,
    request: Vec<u8>,
    buffer: Vec<u8>,
    sequence: u32,
    netns: u32,
    /// The answer about a single socket.
    one: SocketTable,
}

impl Dumper {
    /// Opens the socket. It stays in the network namespace of the calling thread, whose inode is `netns`.
    ///
    /// # Errors
    /// What `socket(2)` and `connect(2)` say.
    pub fn new(netns: u32) -> io::Result<Dumper> {
        let socket = Socket::new(NETLINK_SOCK_DIAG)?;
        socket.connect(&SocketAddr::new(0, 0))?;
        sockopt::set_socket_timeout(socket.as_fd(), sockopt::Timeout::Recv, Some(TIMEOUT))?;
        Ok(Dumper {
            socket,
            request: Vec::new(),
            buffer: vec![0; BUFFER],
            sequence: 0,
            netns,
            one: SocketTable::default(),
        })
    }

    /// The name of a device in the network namespace of this socket.
    pub fn interface_name(&self, index: u32) -> Option<String> {
        rustix::net::netdevice::index_to_name(self.socket.as_fd(), index).ok()
    }

    /// Asks the kernel for `socket` alone: whether it is there and a process' file still refers to it. `None` if the
    /// kernel cannot tell this socket from others, or does not answer.
    pub fn is_held(&mut self, socket: &model::Socket) -> Option<bool> {
        let sequence = self.next_sequence();
        if !write_exact(socket, sequence, &mut self.request) {
            return None;
        }
        self.socket.send(&self.request, 0).ok()?;
        self.one.clear();
        loop {
            // It answers before the request returns.
            let received = self.receive(RecvFlags::DONTWAIT).ok()?;
            let answers = decode_datagram(
                &self.buffer[..received],
                Some(sequence),
                Some(socket.protocol),
                self.netns,
                &mut self.one,
            );
            match (self.one.rows.first(), answers.ended) {
                (Some(row), _) => return Some(row.cookie == socket.cookie && row.inode != 0),
                (None, Some(code)) => {
                    // There is none, or there is another with the same ends.
                    let gone = [Errno::NOENT, Errno::STALE].map(Errno::raw_os_error);
                    return gone.contains(&code).then_some(false);
                }
                (None, None) => {}
            }
        }
    }

    /// Appends the socket at the other end of a TCP connection, if it is on this machine.
    pub fn other_end(&mut self, socket: &model::Socket, table: &mut SocketTable) {
        let model::Ends::Inet { local, remote } = socket.ends else {
            return;
        };
        let mut other = *socket;
        other.ends = model::Ends::Inet {
            local: remote,
            remote: local,
        };
        other.cookie = u64::MAX;
        other.interface = 0;
        let sequence = self.next_sequence();
        if !write_exact(&other, sequence, &mut self.request)
            || self.socket.send(&self.request, 0).is_err()
        {
            return;
        }
        let rows = table.rows.len();
        while let Ok(received) = self.receive(RecvFlags::DONTWAIT) {
            let answers = decode_datagram(
                &self.buffer[..received],
                Some(sequence),
                Some(socket.protocol),
                self.netns,
                table,
            );
            if answers.ended.is_some() || table.rows.len() > rows {
                break;
            }
        }
        // Where there is no such connection, the kernel answers with the listener.
        let is_it = |row: &model::Socket| {
            let ends =
                |row: &model::Socket| Some((row.local()?.canonical(), row.remote()?.canonical()));
            ends(row) == ends(&other)
        };
        if !table.rows.get(rows).is_some_and(is_it) {
            table.rows.truncate(rows);
        }
    }

    fn next_sequence(&mut self) -> u32 {
        self.sequence = self.sequence.wrapping_add(1).max(1);
        self.sequence
    }

    /// Fills the buffer with one datagram. Answers its length, which with `TRUNC` may be more than the buffer holds.
    fn receive(&mut self, flags: RecvFlags) -> rustix::io::Result<usize> {
        rustix::io::retry_on_intr(|| {
            let buffer = &mut self.buffer[..];
            rustix::net::recv(self.socket.as_fd(), buffer, flags).map(|(_, length)| length)
        })
    }

    /// Appends the rows of `what` that are asked for to `table`.
    pub fn dump(&mut self, what: Table, asked: &Asked, table: &mut SocketTable) -> Outcome {
        let mut outcome = Outcome::default();
        let result = self.try_dump(what, asked, table, &mut outcome);
        if let Err(error) = result {
            outcome.lacking = matches!(
                error.raw_os_error().map(Errno::from_raw_os_error),
                Some(Errno::NOENT | Errno::PROTONOSUPPORT | Errno::AFNOSUPPORT)
            );
            outcome.fault = Some(if outcome.lacking {
                Fault::new(
                    Severity::Note,
                    what.name(),
                    format_args!("the kernel has none to list, or lacks the module: {error}"),
                )
            } else {
                Fault::new(Severity::Incomplete, what.name(), error)
            });
        }
        outcome
    }

    fn try_dump(
        &mut self,
        what: Table,
        asked: &Asked,
        table: &mut SocketTable,
        outcome: &mut Outcome,
    ) -> io::Result<()> {
        let sequence = self.next_sequence();
        what.write_request(asked, sequence, &mut self.request);
        let mut clock = Instant::now();
        self.socket.send(&self.request, 0)?;
        let mut malformed = 0;
        let mut reason = None;
        let mut interrupted = false;
        let mut truncated = 0usize;
        loop {
            let received = match self.receive(RecvFlags::TRUNC) {
                Ok(length) => length,
                Err(Errno::AGAIN) => {
                    return Err(io::Error::other("the kernel did not answer in 5 s"));
                }
                Err(error) => return Err(error.into()),
            };
            let now = Instant::now();
            outcome.waited += now - clock;
            clock = now;
            let bytes = &self.buffer[..received.min(self.buffer.len())];
            truncated += received - bytes.len();
            let answers =
                decode_datagram(bytes, Some(sequence), what.protocol(), self.netns, table);
            let now = Instant::now();
            outcome.decoded += now - clock;
            clock = now;
            malformed += answers.malformed;
            reason = reason.or(answers.reason);
            interrupted |= answers.interrupted;
            match answers.ended {
                None => {}
                Some(0) => break,
                Some(code) => return Err(io::Error::from_raw_os_error(code)),
            }
        }
        if truncated > 0 {
            return Err(io::Error::other(format!(
                "an answer was {truncated} bytes larger than the buffer and was cut"
            )));
        }
        if malformed > 0 {
            let reason = reason.map_or_else(|| "cut short".to_owned(), |reason| reason.to_string());
            return Err(io::Error::other(format!(
                "{malformed} rows could not be decoded: {reason}"
            )));
        }
        if interrupted {
            return Err(io::Error::other(
                "the kernel's table changed during the dump; rows may be missing",
            ));
        }
        Ok(())
    }
}

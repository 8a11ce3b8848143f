//! Fetches whole tables, or single sockets, from the kernel.

use std::io;
use std::os::fd::AsFd;
use std::sync::Arc;
use std::time::{Duration, Instant};

use netlink_sys::{Socket, SocketAddr, protocols::NETLINK_SOCK_DIAG};
use rustix::io::Errno;
use rustix::net::{RecvFlags, sockopt};

use super::datagram::decode_datagram;
use super::request::{AttributeRequest, Table, write_single_request};
use super::wire::RECEIVE_BUFFER;
use crate::model::{self, Fault, FaultSeverity, SocketTable};
use crate::privilege::{self, ADMINISTER_NETWORK};
use crate::source::progress_meter::ProgressMeter;

/// Time to wait for the kernel's answer, which takes milliseconds.
const TIMEOUT: Duration = Duration::from_secs(5);

/// Opens a `sock_diag` socket in the network namespace of the calling thread.
fn open_socket() -> io::Result<Socket> {
    // The kernel reports marks only if both the socket's opener and the sender may administer the network.
    let _raised = privilege::raise(ADMINISTER_NETWORK);
    let socket = Socket::new(NETLINK_SOCK_DIAG)?;
    socket.connect(&SocketAddr::new(0, 0))?;
    sockopt::set_socket_timeout(socket.as_fd(), sockopt::Timeout::Recv, Some(TIMEOUT))?;
    Ok(socket)
}

/// Outcome of one dump, apart from its rows.
#[derive(Debug, Default)]
pub struct DumpOutcome {
    /// Time spent in system calls.
    pub wait_time: Duration,
    /// Time spent decoding.
    pub decode_time: Duration,
    /// The reason why the table is incomplete or missing.
    pub fault: Option<Fault>,
    /// True if the kernel does not support the table, so that another dump right away would also fail.
    pub unsupported: bool,
}

/// A `sock_diag` socket with its buffers.
#[derive(Debug)]
pub struct Dumper {
    socket: Socket,
    request: Vec<u8>,
    buffer: Vec<u8>,
    sequence: u32,
    netns: u32,
    /// The reply to a request for a single socket.
    single: SocketTable,
    meter: Arc<ProgressMeter>,
    /// Number of rows of a table after which the rest is not fetched.
    first_rows: Option<usize>,
}

impl Dumper {
    /// Opens the socket. It stays in the network namespace of the calling thread, whose inode is `netns`.
    ///
    /// # Errors
    /// If `socket(2)` or `connect(2)` fails.
    pub fn new(netns: u32) -> io::Result<Dumper> {
        Ok(Dumper {
            socket: open_socket()?,
            request: Vec::new(),
            buffer: vec![0; RECEIVE_BUFFER],
            sequence: 0,
            netns,
            single: SocketTable::default(),
            meter: Arc::default(),
            first_rows: None,
        })
    }

    /// Continues in the network namespace of the calling thread, whose inode is `netns`, with the same buffers.
    ///
    /// # Errors
    /// If `socket(2)` or `connect(2)` fails; it then stays where it is.
    pub(in crate::source) fn reopen(&mut self, netns: u32) -> io::Result<()> {
        self.socket = open_socket()?;
        self.netns = netns;
        Ok(())
    }

    /// Returns the inode of its socket.
    pub(in crate::source) fn inode(&self) -> Option<u32> {
        let stat = rustix::fs::fstat(self.socket.as_fd()).ok()?;
        u32::try_from(stat.st_ino).ok()
    }

    /// Counts the rows of dumps.
    pub(in crate::source) fn count_with(&mut self, meter: &Arc<ProgressMeter>) {
        self.meter = Arc::clone(meter);
    }

    /// Fetches about as many rows of each table, and not the rest.
    pub(in crate::source) fn fetch_first(&mut self, rows: Option<usize>) {
        self.first_rows = rows;
    }

    /// Resolves a device's index to its name in the network namespace of this socket.
    pub fn interface_name(&self, index: u32) -> Option<String> {
        rustix::net::netdevice::index_to_name(self.socket.as_fd(), index).ok()
    }

    /// Requests a single `socket` and reports whether it exists and a file of a process still refers to it. Returns
    /// `None` if the kernel cannot distinguish this socket from others, or does not answer.
    pub fn is_open(&mut self, socket: &model::Socket) -> Option<bool> {
        let sequence = self.next_sequence();
        if !write_single_request(socket, sequence, &mut self.request) {
            return None;
        }
        self.socket.send(&self.request, 0).ok()?;
        self.single.clear();
        loop {
            // The kernel answers before the request returns.
            let received = self.receive(RecvFlags::DONTWAIT).ok()?;
            let status = decode_datagram(
                &self.buffer[..received],
                Some(sequence),
                Some(socket.protocol),
                self.netns,
                &mut self.single,
            );
            match (self.single.get(0), status.ended) {
                (Some(row), _) => return Some(row.cookie == socket.cookie && row.inode != 0),
                (None, Some(code)) => {
                    // It does not exist, or another socket has the same endpoints.
                    let gone = [Errno::NOENT, Errno::STALE].map(Errno::raw_os_error);
                    return gone.contains(&code).then_some(false);
                }
                (None, None) => {}
            }
        }
    }

    /// Appends the peer of a TCP connection, if it is in this network namespace.
    pub fn dump_peer(&mut self, socket: &model::Socket, table: &mut SocketTable) {
        let model::Ends::Inet { local, remote } = socket.ends else {
            return;
        };
        let mut peer = *socket;
        peer.ends = model::Ends::Inet {
            local: remote,
            remote: local,
        };
        // INET_DIAG_NOCOOKIE: any socket with these endpoints.
        peer.cookie = u64::MAX;
        peer.interface = 0;
        let sequence = self.next_sequence();
        let _raised = privilege::raise(ADMINISTER_NETWORK);
        if !write_single_request(&peer, sequence, &mut self.request)
            || self.socket.send(&self.request, 0).is_err()
        {
            return;
        }
        let rows = table.len();
        while let Ok(received) = self.receive(RecvFlags::DONTWAIT) {
            let status = decode_datagram(
                &self.buffer[..received],
                Some(sequence),
                Some(socket.protocol),
                self.netns,
                table,
            );
            if status.ended.is_some() || table.len() > rows {
                break;
            }
        }
        // If there is no such connection, the kernel answers with the listener.
        let is_peer = |row: model::Row<'_>| {
            let ends =
                |row: &model::Socket| Some((row.local()?.canonical(), row.remote()?.canonical()));
            ends(&row) == ends(&peer)
        };
        if !table.get(rows).is_some_and(is_peer) {
            table.truncate(rows);
        }
    }

    fn next_sequence(&mut self) -> u32 {
        self.sequence = self.sequence.wrapping_add(1).max(1);
        self.sequence
    }

    /// Receives one datagram into the buffer and returns its length, which with `TRUNC` may exceed the buffer.
    fn receive(&mut self, flags: RecvFlags) -> rustix::io::Result<usize> {
        rustix::io::retry_on_intr(|| {
            let buffer = &mut self.buffer[..];
            rustix::net::recv(self.socket.as_fd(), buffer, flags).map(|(_, length)| length)
        })
    }

    /// Dumps `kernel_table` and appends the requested rows to `table`, with a fault if rows may be missing.
    pub fn dump(
        &mut self,
        kernel_table: Table,
        request: &AttributeRequest,
        table: &mut SocketTable,
    ) -> DumpOutcome {
        let mut outcome = DumpOutcome::default();
        let mut result = self.try_dump(kernel_table, request, table, &mut outcome);
        let code = result.as_ref().err().and_then(io::Error::raw_os_error);
        if code == Some(Errno::INVAL.raw_os_error()) && !request.lowered.code.is_empty() {
            // A kernel without one of the operations (cgroups: before 5.8) refuses the whole program. The filter is evaluated
            // again on the rows in any case.
            let unfiltered = request.without_program();
            result = self.try_dump(kernel_table, &unfiltered, table, &mut outcome);
        }
        if let Err(error) = result {
            outcome.unsupported = matches!(
                error.raw_os_error().map(Errno::from_raw_os_error),
                Some(Errno::NOENT | Errno::PROTONOSUPPORT | Errno::AFNOSUPPORT)
            );
            outcome.fault = Some(if outcome.unsupported {
                Fault::new(
                    FaultSeverity::Note,
                    kernel_table.name(),
                    format_args!("not supported by the kernel, or module not loaded: {error}"),
                )
            } else {
                Fault::new(FaultSeverity::Incomplete, kernel_table.name(), error)
            });
        }
        outcome
    }

    fn try_dump(
        &mut self,
        kernel_table: Table,
        request: &AttributeRequest,
        table: &mut SocketTable,
        outcome: &mut DumpOutcome,
    ) -> io::Result<()> {
        let sequence = self.next_sequence();
        kernel_table.write_request(request, sequence, &mut self.request);
        let mut clock = Instant::now();
        // The kernel checks the sender for the first datagram and the receiver for all others.
        let _raised = privilege::raise(ADMINISTER_NETWORK);
        self.socket.send(&self.request, 0)?;
        let mut malformed = 0;
        let mut reason = None;
        let mut interrupted = false;
        let mut truncated = 0usize;
        let from = table.len_unfinished();
        loop {
            let rows = table.len_unfinished();
            let received = match self.receive(RecvFlags::TRUNC) {
                Ok(length) => length,
                Err(Errno::AGAIN) => {
                    return Err(io::Error::other("the kernel did not answer within 5 s"));
                }
                Err(error) => return Err(error.into()),
            };
            let now = Instant::now();
            outcome.wait_time += now - clock;
            clock = now;
            let bytes = &self.buffer[..received.min(self.buffer.len())];
            truncated += received - bytes.len();
            let status = decode_datagram(
                bytes,
                Some(sequence),
                kernel_table.protocol(),
                self.netns,
                table,
            );
            let now = Instant::now();
            outcome.decode_time += now - clock;
            clock = now;
            self.meter.add_sockets(table.len_unfinished() - rows);
            malformed += status.malformed;
            reason = reason.or(status.reason);
            interrupted |= status.interrupted;
            let has_enough = |first| table.len_unfinished() - from >= first;
            match status.ended {
                None if self.first_rows.is_some_and(has_enough) => {
                    // Closing the socket ends the dump.
                    self.socket = open_socket()?;
                    break;
                }
                None => {}
                Some(0) => break,
                Some(code) => return Err(io::Error::from_raw_os_error(code)),
            }
        }
        if truncated > 0 {
            return Err(io::Error::other(format!(
                "an answer was truncated: {truncated} bytes larger than the buffer"
            )));
        }
        if malformed > 0 {
            let reason = reason.map_or_else(|| "truncated".to_owned(), |reason| reason.to_string());
            return Err(io::Error::other(format!(
                "cannot decode {malformed} rows: {reason}"
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

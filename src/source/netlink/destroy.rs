//! Destroys sockets with `SOCK_DESTROY`. The request has the cookie, so that another socket that has the same addresses
//! by then is spared.

use std::fmt;
use std::io;
use std::os::fd::AsFd;
use std::time::Duration;

use netlink_packet_core::{NLMSG_ERROR, NetlinkBuffer};
use netlink_sys::{Socket, SocketAddr, protocols::NETLINK_SOCK_DIAG};
use rustix::io::Errno;
use rustix::net::{RecvFlags, sockopt};

use super::request::write_destroy_request;
use super::wire::{HEADER, errno};
use crate::model;
use crate::privilege::{self, ADMINISTER_NETWORK};

/// Time to wait for the kernel's answer.
const TIMEOUT: Duration = Duration::from_secs(5);

/// Outcome of an attempt to destroy a socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DestroyOutcome {
    /// The socket was destroyed.
    Done,
    /// The socket no longer existed, or another one has its addresses; nothing was done.
    Gone,
    /// The kernel does not destroy sockets of this kind, or was built without `CONFIG_INET_DIAG_DESTROY`.
    Unsupported,
    /// `CAP_NET_ADMIN` is missing.
    Denied,
    /// Another error, as an errno.
    Failed(i32),
}

impl fmt::Display for DestroyOutcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            DestroyOutcome::Done => f.write_str("destroyed"),
            DestroyOutcome::Gone => {
                f.write_str("already closed, or not found by its address; nothing was done")
            }
            DestroyOutcome::Unsupported => f.write_str(
                "not supported by the kernel (requires CONFIG_INET_DIAG_DESTROY; TCP and UDP only)",
            ),
            DestroyOutcome::Denied => f.write_str("permission denied; requires CAP_NET_ADMIN"),
            DestroyOutcome::Failed(errno) => write!(f, "{}", io::Error::from_raw_os_error(*errno)),
        }
    }
}

/// A `sock_diag` socket that destroys others.
#[derive(Debug)]
pub struct Destroyer {
    socket: Socket,
    sequence: u32,
    request: Vec<u8>,
    buffer: Vec<u8>,
}

impl Destroyer {
    /// Opens the socket. It stays in the network namespace of the calling thread.
    ///
    /// # Errors
    /// If `socket(2)` or `connect(2)` fails.
    pub fn new() -> io::Result<Destroyer> {
        let _raised = privilege::raise(ADMINISTER_NETWORK);
        let socket = Socket::new(NETLINK_SOCK_DIAG)?;
        socket.connect(&SocketAddr::new(0, 0))?;
        sockopt::set_socket_timeout(socket.as_fd(), sockopt::Timeout::Recv, Some(TIMEOUT))?;
        Ok(Destroyer {
            socket,
            sequence: 0,
            request: Vec::new(),
            buffer: vec![0; 4096],
        })
    }

    /// Destroys exactly this socket: the kernel compares the cookie.
    pub fn destroy(&mut self, socket: &model::Socket) -> DestroyOutcome {
        self.sequence = self.sequence.wrapping_add(1).max(1);
        if !write_destroy_request(socket, self.sequence, &mut self.request) {
            return DestroyOutcome::Unsupported;
        }
        match self.send_request() {
            Ok(0) => DestroyOutcome::Done,
            Ok(errno) => outcome(Errno::from_raw_os_error(errno)),
            Err(error) => DestroyOutcome::Failed(error.raw_os_error()),
        }
    }

    /// Sends the request and returns the kernel's errno; 0 for success.
    fn send_request(&mut self) -> Result<i32, Errno> {
        let raised = privilege::raise(ADMINISTER_NETWORK);
        let sent = self.socket.send(&self.request, 0);
        drop(raised);
        sent.map_err(|error| Errno::from_io_error(&error).unwrap_or(Errno::IO))?;
        loop {
            let received = rustix::io::retry_on_intr(|| {
                let buffer = &mut self.buffer[..];
                rustix::net::recv(self.socket.as_fd(), buffer, RecvFlags::empty())
                    .map(|(_, length)| length)
            })?;
            let Ok(message) = NetlinkBuffer::new_checked(&self.buffer[..received]) else {
                return Err(Errno::BADMSG);
            };
            if message.sequence_number() != self.sequence {
                continue;
            }
            if message.message_type() == NLMSG_ERROR {
                return Ok(errno(self.buffer.get(HEADER..received).unwrap_or(&[])));
            }
        }
    }
}

fn outcome(error: Errno) -> DestroyOutcome {
    match error {
        Errno::NOENT | Errno::STALE => DestroyOutcome::Gone,
        Errno::OPNOTSUPP | Errno::PROTONOSUPPORT => DestroyOutcome::Unsupported,
        Errno::PERM | Errno::ACCESS => DestroyOutcome::Denied,
        error => DestroyOutcome::Failed(error.raw_os_error()),
    }
}

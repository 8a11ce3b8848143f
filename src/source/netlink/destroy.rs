//! Ends sockets: `SOCK_DESTROY`, with the cookie, so that a socket that has taken the same addresses meanwhile is spared.

use std::fmt;
use std::io;
use std::os::fd::AsFd;
use std::time::Duration;

use netlink_packet_core::{NLMSG_ERROR, NetlinkBuffer};
use netlink_sys::{Socket, SocketAddr, protocols::NETLINK_SOCK_DIAG};
use rustix::io::Errno;
use rustix::net::{RecvFlags, sockopt};

use super::request::write_destroy;
use crate::model;

/// How long the kernel may take to answer.
const TIMEOUT: Duration = Duration::from_secs(5);

/// What became of a socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Destroyed {
    /// It is ended.
    Done,
    /// It was gone already, or another has its addresses: nothing was done.
    Gone,
    /// The kernel ends no sockets of this kind, or was built without it.
    Unsupported,
    /// `CAP_NET_ADMIN` is missing.
    Denied,
    /// Something else, as an errno.
    Failed(i32),
}

impl fmt::Display for Destroyed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Destroyed::Done => f.write_str("destroyed"),
            Destroyed::Gone => {
                f.write_str("gone already, or not to be found by its address; nothing was done")
            }
            Destroyed::Unsupported => f.write_str(
                "the kernel cannot destroy it (CONFIG_INET_DIAG_DESTROY, TCP and UDP only)",
            ),
            Destroyed::Denied => f.write_str("not permitted; CAP_NET_ADMIN is needed"),
            Destroyed::Failed(errno) => write!(f, "{}", io::Error::from_raw_os_error(*errno)),
        }
    }
}

/// A `sock_diag` socket that ends others.
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
    /// What `socket(2)` and `connect(2)` say.
    pub fn new() -> io::Result<Destroyer> {
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

    /// Ends one socket, and no other: the kernel compares the cookie.
    pub fn destroy(&mut self, socket: &model::Socket) -> Destroyed {
        self.sequence = self.sequence.wrapping_add(1).max(1);
        if !write_destroy(socket, self.sequence, &mut self.request) {
            return Destroyed::Unsupported;
        }
        match self.ask() {
            Ok(0) => Destroyed::Done,
            Ok(errno) => outcome(Errno::from_raw_os_error(errno)),
            Err(error) => Destroyed::Failed(error.raw_os_error()),
        }
    }

    /// Sends the request; answers the kernel's errno, 0 if it did it.
    fn ask(&mut self) -> Result<i32, Errno> {
        let sent = self.socket.send(&self.request, 0);
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
                let code = self
                    .buffer
                    .get(16..20)
                    .and_then(|bytes| bytes.first_chunk::<4>());
                let code = code.map_or(0, |code| i32::from_ne_bytes(*code));
                return Ok(code.checked_neg().unwrap_or(i32::MAX));
            }
        }
    }
}

fn outcome(error: Errno) -> Destroyed {
    match error {
        Errno::NOENT | Errno::STALE => Destroyed::Gone,
        Errno::OPNOTSUPP | Errno::PROTONOSUPPORT => Destroyed::Unsupported,
        Errno::PERM | Errno::ACCESS => Destroyed::Denied,
        error => Destroyed::Failed(error.raw_os_error()),
    }
}

//! Baselines for the cost of sampling: CPU time, and a raw `sock_diag` dump that decodes nothing.

use std::time::Duration;

use netlink_sys::protocols::NETLINK_SOCK_DIAG;
use netlink_sys::{Socket, SocketAddr};
use rustix::time::{ClockId, clock_gettime};

/// What the kernel fills at most for one recv of a dump.
const BUFFER: usize = 32 * 1024;

fn time_of(clock: ClockId) -> Duration {
    let now = clock_gettime(clock);
    Duration::new(now.tv_sec as u64, now.tv_nsec as u32)
}

/// CPU time of all threads of this process so far.
pub(crate) fn process_cpu_time() -> Duration {
    time_of(ClockId::ProcessCPUTime)
}

/// CPU time of this thread so far.
pub(crate) fn thread_cpu_time() -> Duration {
    time_of(ClockId::ThreadCPUTime)
}

/// The floor: asks for every TCP socket with every attribute and reads the answers into one buffer.
pub(crate) struct RawDump {
    socket: Socket,
    buffer: Vec<u8>,
    request: Vec<u8>,
}

impl RawDump {
    /// Of TCP sockets.
    pub(crate) fn new() -> RawDump {
        RawDump::of(request().to_vec())
    }

    /// Of unix sockets.
    pub(crate) fn of_unix() -> RawDump {
        RawDump::of(unix_request().to_vec())
    }

    fn of(request: Vec<u8>) -> RawDump {
        let socket = Socket::new(NETLINK_SOCK_DIAG).expect("a netlink socket");
        socket.connect(&SocketAddr::new(0, 0)).expect("the kernel");
        RawDump {
            socket,
            buffer: Vec::with_capacity(BUFFER),
            request,
        }
    }

    /// Dumps IPv4 and IPv6, in one walk of the kernel's, and hands each datagram to `each`.
    pub(crate) fn run(&mut self, mut each: impl FnMut(&[u8])) {
        self.socket
            .send(&self.request, 0)
            .expect("the kernel takes requests");
        loop {
            self.buffer.clear();
            self.socket
                .recv(&mut self.buffer, 0)
                .expect("the kernel answers");
            each(&self.buffer);
            if is_last(&self.buffer) {
                break;
            }
        }
    }
}

/// `struct nlmsghdr` and `struct inet_diag_req` for every TCP socket with every attribute.
fn request() -> [u8; 76] {
    /// `TCPDIAG_GETSOCK`.
    const TYPE: u16 = 18;
    /// `NLM_F_REQUEST | NLM_F_DUMP`.
    const FLAGS: u16 = 0x301;
    /// States 1 to 13.
    const STATES: u32 = 0x3ffe;
    let mut out = [0; 76];
    out[..4].copy_from_slice(&76u32.to_ne_bytes());
    out[4..6].copy_from_slice(&TYPE.to_ne_bytes());
    out[6..8].copy_from_slice(&FLAGS.to_ne_bytes());
    // AF_INET; the kernel answers with both families.
    out[16] = 2;
    out[19] = 0xff;
    out[68..72].copy_from_slice(&STATES.to_ne_bytes());
    out
}

/// `struct nlmsghdr` and `struct unix_diag_req` for every unix socket with every attribute.
fn unix_request() -> [u8; 40] {
    /// `SOCK_DIAG_BY_FAMILY`.
    const TYPE: u16 = 20;
    /// `NLM_F_REQUEST | NLM_F_DUMP`.
    const FLAGS: u16 = 0x301;
    /// `UDIAG_SHOW_NAME` to `UDIAG_SHOW_UID`.
    const SHOW: u32 = 0x7f;
    let mut out = [0; 40];
    out[..4].copy_from_slice(&40u32.to_ne_bytes());
    out[4..6].copy_from_slice(&TYPE.to_ne_bytes());
    out[6..8].copy_from_slice(&FLAGS.to_ne_bytes());
    // AF_UNIX.
    out[16] = 1;
    out[20..24].copy_from_slice(&u32::MAX.to_ne_bytes());
    out[28..32].copy_from_slice(&SHOW.to_ne_bytes());
    out
}

/// Whether the datagram ends with `NLMSG_DONE`, which is 20 bytes long.
fn is_last(datagram: &[u8]) -> bool {
    /// Length 20, type 3.
    const DONE: (u32, u16) = (20, 3);
    let Some(last) = datagram.last_chunk::<20>() else {
        return true;
    };
    let length = u32::from_ne_bytes([last[0], last[1], last[2], last[3]]);
    let kind = u16::from_ne_bytes([last[4], last[5]]);
    (length, kind) == DONE
}

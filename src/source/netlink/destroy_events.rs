//! Receives the destroy events of sockets: the multicast groups `SKNLGRP_INET_TCP_DESTROY`, `_UDP_`, `6_TCP`, `6_UDP`.
//!
//! The kernel sends one message per socket, with its identity, its cookie and, for TCP, the complete final `tcp_info`.
//! It is sent when the full socket is freed, including on entry to TIME-WAIT. Listening requires no privilege. A thread
//! empties the kernel's queue as fast as it fills, because an unprivileged reader cannot enlarge it.

use std::io::{self, IoSliceMut};
use std::os::fd::{AsFd, AsRawFd as _};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use netlink_sys::{Socket, SocketAddr, protocols::NETLINK_SOCK_DIAG};
use nix::sys::socket::{MsgFlags, recvmsg};
use rustix::event::{EventfdFlags, PollFd, PollFlags, eventfd, poll};
use rustix::fd::OwnedFd;
use rustix::net::{RecvFlags, sockopt};

use super::datagram::decode_datagram;
use super::namespace_ids::KnownIds;
use super::wire::RECEIVE_BUFFER;
use crate::model::{ClearForReuse, SocketTable};
use crate::privilege::{self, ADMINISTER_NETWORK, RECEIVE_BROADCASTS};
use crate::source::clock;

/// The four multicast groups, by number (`enum sknetlink_groups`). Odd ones are TCP.
const GROUPS: [u32; 4] = [1, 2, 3, 4];

/// Size of the kernel's queue, in bytes: large enough to receive a burst of 40 000 events without loss. For an
/// unprivileged process the kernel limits it to `net.core.rmem_max`.
const QUEUE: usize = 8 * 1024 * 1024;

/// Maximum number of events kept until they are fetched; further events are discarded and count as lost.
const MAX_PENDING: usize = 1_000_000;

/// Events received since the last [`DestroyEventListener::fetch`].
#[derive(Debug, Default)]
pub struct ReceivedEvents {
    /// Destroyed sockets in the order of their events.
    pub sockets: SocketTable,
    /// Times at which they were received, ns of the monotonic clock.
    pub at_ns: Vec<u64>,
    /// Number of times that the kernel reported dropped events (`ENOBUFS`), at least one event each.
    pub overruns: u64,
    /// Events that were received beyond the limit and discarded.
    pub discarded: u64,
    /// The reason why the listener has stopped, if it has.
    pub stopped: Option<String>,
}

impl ReceivedEvents {
    /// Removes the events and keeps the memory that this many events need.
    fn clear(&mut self) {
        // A table returned by a Sample has been cleared by it, which has decided how much memory to keep.
        if !self.sockets.is_empty() {
            self.sockets.clear();
        }
        self.at_ns.clear_for_reuse();
        self.overruns = 0;
        self.discarded = 0;
        self.stopped = None;
    }
}

/// Receives destroy events in a thread until it is dropped.
#[derive(Debug)]
pub struct DestroyEventListener {
    shared: Arc<Mutex<ReceivedEvents>>,
    stop: Arc<OwnedFd>,
    thread: Option<JoinHandle<()>>,
    inode: Option<u64>,
}

impl DestroyEventListener {
    /// Subscribes in the network namespace of the calling thread, whose inode is `netns`; with `ids`, also in the others that
    /// have an id there.
    ///
    /// # Errors
    /// If the socket cannot be opened, bound or subscribed, or the thread cannot be started.
    pub fn start(netns: u32, ids: Option<KnownIds>) -> io::Result<DestroyEventListener> {
        // The kernel checks the rights with which the socket was opened.
        let raised = ids.is_some().then(|| privilege::raise(RECEIVE_BROADCASTS));
        let mut socket = Socket::new(NETLINK_SOCK_DIAG)?;
        if ids.is_some() {
            socket.set_listen_all_namespaces(true)?;
        }
        drop(raised);
        socket.bind(&SocketAddr::new(0, 0))?;
        let raised = privilege::raise(ADMINISTER_NETWORK);
        let forced = sockopt::set_socket_recv_buffer_size_force(socket.as_fd(), QUEUE);
        drop(raised);
        if forced.is_err() {
            sockopt::set_socket_recv_buffer_size(socket.as_fd(), QUEUE)?;
        }
        for group in GROUPS {
            socket.add_membership(group)?;
        }
        let inode = rustix::fs::fstat(socket.as_fd())
            .ok()
            .map(|stat| stat.st_ino);
        let shared = Arc::new(Mutex::new(ReceivedEvents::default()));
        let stop = Arc::new(eventfd(0, EventfdFlags::CLOEXEC)?);
        let thread = std::thread::Builder::new()
            .name("destroy-events".to_owned())
            .spawn({
                let shared = Arc::clone(&shared);
                let stop = Arc::clone(&stop);
                let origin = EventOrigin { netns, ids };
                move || listen(&socket, &stop, &shared, &origin)
            })?;
        Ok(DestroyEventListener {
            shared,
            stop,
            thread: Some(thread),
            inode,
        })
    }

    /// Returns the inode of the listening socket, by which the kernel reports how many events it dropped.
    pub fn inode(&self) -> Option<u64> {
        self.inode
    }

    /// Moves the received events into `into`, whose memory is reused for the next ones.
    pub fn fetch(&self, into: &mut ReceivedEvents) {
        into.clear();
        let mut shared = self.shared.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::swap(&mut *shared, into);
    }
}

impl Drop for DestroyEventListener {
    fn drop(&mut self) {
        // Writing to an eventfd fails only if its counter is full, in which case the thread is already awake.
        let _ = rustix::io::write(&*self.stop, &1u64.to_ne_bytes());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Where events come from.
#[derive(Debug)]
struct EventOrigin {
    /// Our own network namespace.
    netns: u32,
    /// Ids of the others; `None` if their events are not received.
    ids: Option<KnownIds>,
}

impl EventOrigin {
    /// Receives one datagram; returns its length and the inode of its namespace, `None` if that is not known.
    fn receive(
        &self,
        socket: &Socket,
        buffer: &mut [u8],
    ) -> Result<(usize, Option<u32>), rustix::io::Errno> {
        let Some(ids) = &self.ids else {
            let flags = RecvFlags::DONTWAIT | RecvFlags::TRUNC;
            let (_, length) = rustix::net::recv(socket, &mut *buffer, flags)?;
            return Ok((length, Some(self.netns)));
        };
        let mut control = [0; CONTROL];
        let length = {
            let mut parts = [IoSliceMut::new(buffer)];
            let flags = MsgFlags::MSG_DONTWAIT | MsgFlags::MSG_TRUNC;
            let descriptor = socket.as_fd().as_raw_fd();
            let received = recvmsg::<()>(descriptor, &mut parts, Some(&mut control), flags);
            received
                .map_err(|errno| rustix::io::Errno::from_raw_os_error(errno as i32))?
                .bytes
        };
        let netns = match namespace_id(&control) {
            None => Some(self.netns),
            Some(id) => {
                let mut ids = ids.lock().unwrap_or_else(PoisonError::into_inner);
                ids.receive_from(id)
            }
        };
        Ok((length, netns))
    }
}

/// Bytes of the ancillary data of a datagram: `struct cmsghdr` and an `int`, aligned.
const CONTROL: usize = 24;

/// Returns the id of the namespace of a datagram from its ancillary data; `None` for our own. Kernel: `netlink_recvmsg`,
/// `SOL_NETLINK` and `NETLINK_LISTEN_ALL_NSID`.
fn namespace_id(control: &[u8; CONTROL]) -> Option<i32> {
    const SOL_NETLINK: i32 = 270;
    const LISTEN_ALL_NSID: i32 = 8;
    // The length has the size of a pointer, which precedes level, type and id.
    let numbers = control.get(size_of::<usize>()..)?;
    let number = |at: usize| {
        let bytes = numbers.get(at * 4..at * 4 + 4)?;
        Some(i32::from_ne_bytes(bytes.try_into().ok()?))
    };
    let is_id = number(0)? == SOL_NETLINK && number(1)? == LISTEN_ALL_NSID;
    is_id.then(|| number(2))?
}

/// Receives events until `stop` becomes readable or the socket fails.
fn listen(socket: &Socket, stop: &OwnedFd, shared: &Mutex<ReceivedEvents>, origin: &EventOrigin) {
    let mut buffer = vec![0; RECEIVE_BUFFER];
    loop {
        let mut ready = [
            PollFd::new(socket, PollFlags::IN),
            PollFd::new(stop, PollFlags::IN),
        ];
        match poll(&mut ready, None) {
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(error) => return stop_with(shared, error),
        }
        if ready[1].revents().contains(PollFlags::IN) {
            return;
        }
        if let Err(error) = drain(socket, &mut buffer, shared, origin) {
            return stop_with(shared, error);
        }
    }
}

/// Records the error that ends the listener.
fn stop_with(shared: &Mutex<ReceivedEvents>, error: rustix::io::Errno) {
    shared
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .stopped = Some(io::Error::from(error).to_string());
}

/// Receives until the kernel's queue is empty.
fn drain(
    socket: &Socket,
    buffer: &mut [u8],
    shared: &Mutex<ReceivedEvents>,
    origin: &EventOrigin,
) -> Result<(), rustix::io::Errno> {
    loop {
        match origin.receive(socket, buffer) {
            Ok((length, netns)) => {
                // That of a namespace which is not sampled.
                let Some(netns) = netns else {
                    continue;
                };
                let at_ns = clock::monotonic_ns();
                let bytes = &buffer[..length.min(buffer.len())];
                let mut events = shared.lock().unwrap_or_else(PoisonError::into_inner);
                if events.at_ns.len() >= MAX_PENDING {
                    events.discarded += 1;
                    continue;
                }
                decode_datagram(bytes, None, None, netns, &mut events.sockets);
                let rows = events.sockets.len();
                events.at_ns.resize(rows, at_ns);
            }
            Err(rustix::io::Errno::NOBUFS) => {
                let mut events = shared.lock().unwrap_or_else(PoisonError::into_inner);
                events.overruns += 1;
            }
            Err(rustix::io::Errno::INTR) => {}
            Err(rustix::io::Errno::AGAIN) => return Ok(()),
            Err(error) => return Err(error),
        }
    }
}

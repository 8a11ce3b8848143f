//! Receives the destroy events of sockets: the multicast groups `SKNLGRP_INET_TCP_DESTROY`, `_UDP_`, `6_TCP`, `6_UDP`.
//!
//! The kernel sends one message per socket, with its identity, its cookie and, for TCP, the complete final `tcp_info`.
//! It is sent when the full socket is freed, including on entry to TIME-WAIT. Listening requires no privilege. A thread
//! empties the kernel's queue as fast as it fills, because an unprivileged reader cannot enlarge it.

use std::io;
use std::os::fd::AsFd;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use netlink_sys::{Socket, SocketAddr, protocols::NETLINK_SOCK_DIAG};
use rustix::event::{EventfdFlags, PollFd, PollFlags, eventfd, poll};
use rustix::fd::OwnedFd;
use rustix::net::{RecvFlags, sockopt};

use super::datagram::decode_datagram;
use super::wire::RECEIVE_BUFFER;
use crate::model::{ClearForReuse, SocketTable};
use crate::privilege::{self, ADMINISTER_NETWORK};
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
    /// Subscribes in the network namespace of the calling thread, whose inode is `netns`.
    ///
    /// # Errors
    /// If the socket cannot be opened, bound or subscribed, or the thread cannot be started.
    pub fn start(netns: u32) -> io::Result<DestroyEventListener> {
        let mut socket = Socket::new(NETLINK_SOCK_DIAG)?;
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
                move || listen(&socket, &stop, &shared, netns)
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

/// Receives events until `stop` becomes readable or the socket fails.
fn listen(socket: &Socket, stop: &OwnedFd, shared: &Mutex<ReceivedEvents>, netns: u32) {
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
        if let Err(error) = drain(socket, &mut buffer, shared, netns) {
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
    netns: u32,
) -> Result<(), rustix::io::Errno> {
    loop {
        match rustix::net::recv(socket, &mut *buffer, RecvFlags::DONTWAIT | RecvFlags::TRUNC) {
            Ok((_, length)) => {
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

//! Hears of sockets that the kernel frees: the multicast groups `SKNLGRP_INET_TCP_DESTROY`, `_UDP_`, `6_TCP`, `6_UDP`.
//!
//! One message for each socket: its identity, its cookie and, for TCP, the complete final `tcp_info`. It is sent when
//! the full socket is freed, so also on entry to TIME-WAIT. Listening needs no privilege. A thread of its own empties
//! the kernel's queue as fast as it fills, because an unprivileged reader cannot make it large.

use std::io;
use std::os::fd::AsFd;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use netlink_sys::{Socket, SocketAddr, protocols::NETLINK_SOCK_DIAG};
use rustix::event::{EventfdFlags, PollFd, PollFlags, eventfd, poll};
use rustix::fd::OwnedFd;
use rustix::net::{RecvFlags, sockopt};

use super::dump::{BUFFER, decode_datagram};
use crate::model::{ClearForReuse, SocketTable};

/// The four multicast groups, by number (`enum sknetlink_groups`). Odd ones are TCP.
const GROUPS: [u32; 4] = [1, 2, 3, 4];

/// Queue asked of the kernel, bytes: with it a burst of 40 000 events was received without loss. Unprivileged it is
/// cut to `net.core.rmem_max`.
const QUEUE: usize = 8 * 1024 * 1024;

/// Events kept for a sampler that does not fetch them; beyond it they count as lost.
const MAX_PENDING: usize = 1_000_000;

/// What was heard since the last time it was fetched.
#[derive(Debug, Default)]
pub struct Heard {
    /// Freed sockets in the order of their events.
    pub sockets: SocketTable,
    /// When each of them was read, ns of the monotonic clock.
    pub at_ns: Vec<u64>,
    /// How often the kernel told that it dropped events: each time at least one.
    pub overruns: u64,
    /// Events that were heard and not kept, beyond the bound.
    pub unkept: u64,
    /// Why the listener ended, if it did.
    pub ended: Option<String>,
}

impl Heard {
    /// Forgets all, keeps the memory that such a number of events takes.
    fn clear(&mut self) {
        // A table that comes back from a Sample has been cleared by it, and knows what it should keep.
        if !self.sockets.rows.is_empty() {
            self.sockets.clear();
        }
        self.at_ns.clear_for_reuse();
        self.overruns = 0;
        self.unkept = 0;
        self.ended = None;
    }
}

/// Listens on a thread of its own until it is dropped.
#[derive(Debug)]
pub struct Listener {
    shared: Arc<Mutex<Heard>>,
    stop: Arc<OwnedFd>,
    thread: Option<JoinHandle<()>>,
    inode: Option<u64>,
}

impl Listener {
    /// Subscribes in the network namespace of the calling thread, whose inode is `netns`.
    ///
    /// # Errors
    /// What the kernel says to socket, bind or subscribe, or to starting a thread.
    pub fn start(netns: u32) -> io::Result<Listener> {
        let mut socket = Socket::new(NETLINK_SOCK_DIAG)?;
        socket.bind(&SocketAddr::new(0, 0))?;
        if sockopt::set_socket_recv_buffer_size_force(socket.as_fd(), QUEUE).is_err() {
            sockopt::set_socket_recv_buffer_size(socket.as_fd(), QUEUE)?;
        }
        for group in GROUPS {
            socket.add_membership(group)?;
        }
        let inode = rustix::fs::fstat(socket.as_fd())
            .ok()
            .map(|stat| stat.st_ino);
        let shared = Arc::new(Mutex::new(Heard::default()));
        let stop = Arc::new(eventfd(0, EventfdFlags::CLOEXEC)?);
        let thread = std::thread::Builder::new()
            .name("destroy-events".to_owned())
            .spawn({
                let shared = Arc::clone(&shared);
                let stop = Arc::clone(&stop);
                move || listen(&socket, &stop, &shared, netns)
            })?;
        Ok(Listener {
            shared,
            stop,
            thread: Some(thread),
            inode,
        })
    }

    /// The inode of its socket, by which the kernel tells how many events it dropped.
    pub fn inode(&self) -> Option<u64> {
        self.inode
    }

    /// Takes what was heard; `into` is emptied first, its memory is used for what comes next.
    pub fn fetch(&self, into: &mut Heard) {
        into.clear();
        let mut shared = self.shared.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::swap(&mut *shared, into);
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        // Writing to an eventfd fails only if its counter is full, and then the thread is awake already.
        let _ = rustix::io::write(&*self.stop, &1u64.to_ne_bytes());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Monotonic clock, ns.
fn now_ns() -> u64 {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
    now.tv_sec as u64 * 1_000_000_000 + now.tv_nsec as u64
}

fn listen(socket: &Socket, stop: &OwnedFd, shared: &Mutex<Heard>, netns: u32) {
    let mut buffer = vec![0; BUFFER];
    loop {
        let mut ready = [
            PollFd::new(socket, PollFlags::IN),
            PollFd::new(stop, PollFlags::IN),
        ];
        match poll(&mut ready, None) {
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(error) => return end(shared, error),
        }
        if ready[1].revents().contains(PollFlags::IN) {
            return;
        }
        if let Err(error) = drain(socket, &mut buffer, shared, netns) {
            return end(shared, error);
        }
    }
}

fn end(shared: &Mutex<Heard>, error: rustix::io::Errno) {
    shared.lock().unwrap_or_else(PoisonError::into_inner).ended =
        Some(io::Error::from(error).to_string());
}

/// Reads until the kernel's queue is empty.
fn drain(
    socket: &Socket,
    buffer: &mut [u8],
    shared: &Mutex<Heard>,
    netns: u32,
) -> Result<(), rustix::io::Errno> {
    loop {
        match rustix::net::recv(socket, &mut *buffer, RecvFlags::DONTWAIT | RecvFlags::TRUNC) {
            Ok((_, received)) => {
                let at_ns = now_ns();
                let bytes = &buffer[..received.min(buffer.len())];
                let mut heard = shared.lock().unwrap_or_else(PoisonError::into_inner);
                if heard.at_ns.len() >= MAX_PENDING {
                    heard.unkept += 1;
                    continue;
                }
                decode_datagram(bytes, None, None, netns, &mut heard.sockets);
                let rows = heard.sockets.rows.len();
                heard.at_ns.resize(rows, at_ns);
            }
            Err(rustix::io::Errno::NOBUFS) => {
                let mut heard = shared.lock().unwrap_or_else(PoisonError::into_inner);
                heard.overruns += 1;
            }
            Err(rustix::io::Errno::INTR) => {}
            Err(rustix::io::Errno::AGAIN) => return Ok(()),
            Err(error) => return Err(error),
        }
    }
}

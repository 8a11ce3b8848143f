//! Ids of other network namespaces in our own, by which the kernel says where a destroy event comes from.

use std::fs::File;
use std::io;
use std::os::fd::{AsFd, AsRawFd as _};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use netlink_packet_core::{NLM_F_ACK, NLM_F_REQUEST, NLMSG_ERROR, NetlinkBuffer};
use netlink_sys::{Socket, SocketAddr, protocols::NETLINK_ROUTE};
use rustix::io::Errno;
use rustix::net::{RecvFlags, sockopt};

use super::removed_ids::RemovedIds;
use super::wire::{Attributes, HEADER, errno, push_attribute, u32_at, write_message};
use crate::model::{SeededMap, SeededSet};
use crate::privilege::{self, ADMINISTER_NETWORK};

// Kernel: `include/uapi/linux/net_namespace.h`, `rtnetlink.h`.
const RTM_NEWNSID: u16 = 88;
const RTM_GETNSID: u16 = 90;
const NETNSA_NSID: u16 = 1;
const NETNSA_FD: u16 = 3;

/// Bytes of `struct rtgenmsg`, aligned.
const RTGENMSG: usize = 4;

/// The id of a namespace that has none. Kernel: `NETNSA_NSID_NOT_ASSIGNED`.
const NOT_ASSIGNED: i32 = -1;

/// Time to wait for the kernel's answer, which takes microseconds.
const TIMEOUT: Duration = Duration::from_secs(1);

/// Namespaces by their ids, shared with the listener for events.
pub type KnownIds = Arc<Mutex<NamespacesById>>;

/// Namespaces by their ids, and those that events came from.
#[derive(Debug, Default)]
pub struct NamespacesById {
    inodes: SeededMap<i32, u32>,
    woken: SeededSet<u32>,
}

impl NamespacesById {
    /// Returns the inode of the namespace that an event is from, and notes the event; `None` if it is not known.
    pub(super) fn receive_from(&mut self, id: i32) -> Option<u32> {
        let inode = self.inodes.get(&id).copied()?;
        self.woken.insert(inode);
        Some(inode)
    }
}

/// Assigns ids to other network namespaces. An id remains until the namespace goes; `ip netns list` prints it.
#[derive(Debug)]
pub struct NamespaceIds {
    socket: Socket,
    known: KnownIds,
    /// `None` if removals are not received.
    removed: Option<RemovedIds>,
    request: Vec<u8>,
    sequence: u32,
}

impl NamespaceIds {
    /// Opens the socket in the network namespace of the calling thread, in which the ids are assigned.
    ///
    /// # Errors
    /// If `socket(2)` or `connect(2)` fails.
    pub fn new() -> io::Result<NamespaceIds> {
        // The kernel also checks the rights with which the socket was opened.
        let raised = privilege::raise(ADMINISTER_NETWORK);
        let socket = Socket::new(NETLINK_ROUTE)?;
        drop(raised);
        socket.connect(&SocketAddr::new(0, 0))?;
        sockopt::set_socket_timeout(socket.as_fd(), sockopt::Timeout::Recv, Some(TIMEOUT))?;
        Ok(NamespaceIds {
            socket,
            known: KnownIds::default(),
            removed: RemovedIds::subscribe().ok(),
            request: Vec::new(),
            sequence: 0,
        })
    }

    /// Returns the ids so far, which later calls of [`Self::assign`] add to.
    pub fn known(&self) -> &KnownIds {
        &self.known
    }

    /// Returns the inodes of the namespaces that events came from since the last call.
    pub fn take_woken(&self) -> SeededSet<u32> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut known.woken)
    }

    /// Returns the ids that were removed since the last call, because their namespaces have gone; `None` if any of those
    /// assigned may have been.
    pub fn take_removed(&mut self) -> Option<SeededSet<i32>> {
        let removed = self.removed.as_mut()?.take()?;
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.inodes.retain(|id, _| !removed.contains(id));
        Some(removed)
    }

    /// Assigns an id to the namespace with this inode unless it has one, and returns it, and true if it had none; `None` if it
    /// has none even so. The calling thread may be in any namespace.
    ///
    /// # Errors
    /// If the kernel refuses: an id requires `CAP_NET_ADMIN`.
    pub fn assign(&mut self, namespace: &File, inode: u32) -> io::Result<Option<(i32, bool)>> {
        let mut id = self.get(namespace)?;
        let is_new = id == NOT_ASSIGNED;
        if is_new {
            let _raised = privilege::raise(ADMINISTER_NETWORK);
            let any = NOT_ASSIGNED.to_ne_bytes();
            let assigned = self.request(RTM_NEWNSID, NLM_F_ACK, namespace, Some(any));
            // Another program was faster.
            if let Err(error) = assigned
                && Errno::from_io_error(&error) != Some(Errno::EXIST)
            {
                return Err(error);
            }
            id = self.get(namespace)?;
        }
        if id == NOT_ASSIGNED {
            return Ok(None);
        }
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.inodes.insert(id, inode);
        Ok(Some((id, is_new)))
    }

    fn get(&mut self, namespace: &File) -> io::Result<i32> {
        let id = self.request(RTM_GETNSID, 0, namespace, None)?;
        Ok(id.unwrap_or(NOT_ASSIGNED))
    }

    /// Sends a request about a namespace; returns the id in the answer, if it has one.
    fn request(
        &mut self,
        kind: u16,
        flags: u16,
        namespace: &File,
        id: Option<[u8; 4]>,
    ) -> io::Result<Option<i32>> {
        let mut payload = vec![0; RTGENMSG];
        let descriptor = namespace.as_raw_fd().to_ne_bytes();
        push_attribute(&mut payload, NETNSA_FD, &descriptor);
        if let Some(id) = id {
            push_attribute(&mut payload, NETNSA_NSID, &id);
        }
        self.sequence = self.sequence.wrapping_add(1).max(1);
        let (sequence, flags) = (self.sequence, flags | NLM_F_REQUEST);
        write_message(kind, &payload, flags, sequence, &mut self.request);
        self.socket.send(&self.request, 0)?;
        let mut buffer = [0; 1024];
        loop {
            let (_, length) = rustix::io::retry_on_intr(|| {
                rustix::net::recv(self.socket.as_fd(), &mut buffer[..], RecvFlags::empty())
            })?;
            if let Some(answer) = decode(buffer.get(..length).unwrap_or(&[]), sequence) {
                return answer.map_err(io::Error::from_raw_os_error);
            }
        }
    }
}

/// Decodes the answer to the request `sequence`: the id, or an errno; `None` if it is to an earlier one.
fn decode(bytes: &[u8], sequence: u32) -> Option<Result<Option<i32>, i32>> {
    let message = NetlinkBuffer::new_checked(bytes).ok()?;
    if message.sequence_number() != sequence {
        return None;
    }
    let payload = bytes.get(HEADER..message.length() as usize).unwrap_or(&[]);
    if message.message_type() == NLMSG_ERROR {
        return Some(match errno(payload) {
            0 => Ok(None),
            code => Err(code),
        });
    }
    let mut attributes = Attributes(payload.get(RTGENMSG..).unwrap_or(&[])).flatten();
    let id = attributes.find(|(kind, _)| *kind == NETNSA_NSID);
    Some(Ok(id.and_then(|(_, value)| {
        Some(u32_at(value, 0)?.cast_signed())
    })))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_own_namespace_has_no_id_of_its_own_unless_assigned() {
        let mut ids = NamespaceIds::new().expect("opened");
        let own = File::open("/proc/self/ns/net").expect("opened");
        assert!(ids.get(&own).is_ok());
    }

    #[test]
    fn other_answers_are_skipped_and_errors_have_their_number() {
        let mut bytes = Vec::new();
        write_message(NLMSG_ERROR, &(-17i32).to_ne_bytes(), 0, 5, &mut bytes);
        assert_eq!(decode(&bytes, 5), Some(Err(17)));
        assert_eq!(decode(&bytes, 6), None);
        let mut payload = vec![0; RTGENMSG];
        push_attribute(&mut payload, NETNSA_NSID, &7i32.to_ne_bytes());
        write_message(RTM_NEWNSID, &payload, 0, 5, &mut bytes);
        assert_eq!(decode(&bytes, 5), Some(Ok(Some(7))));
        assert_eq!(decode(&bytes[..20], 5), None);
    }
}

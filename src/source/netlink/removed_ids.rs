//! Ids of network namespaces that the kernel has removed, because the namespaces have gone.

use std::io;
use std::os::fd::AsFd as _;

use netlink_packet_core::NetlinkBuffer;
use netlink_sys::{Socket, SocketAddr, protocols::NETLINK_ROUTE};
use rustix::io::Errno;
use rustix::net::RecvFlags;

use super::wire::{Attributes, HEADER, u32_at};
use crate::model::SeededSet;

// Kernel: `include/uapi/linux/rtnetlink.h`, `net_namespace.h`.
const RTNLGRP_NSID: u32 = 28;
const RTM_DELNSID: u16 = 89;
const NETNSA_NSID: u16 = 1;

/// Bytes of `struct rtgenmsg`, aligned.
const RTGENMSG: usize = 4;

/// Receives the removals of ids in the network namespace that it was opened in.
#[derive(Debug)]
pub(super) struct RemovedIds(Socket);

impl RemovedIds {
    /// Subscribes in the network namespace of the calling thread.
    ///
    /// # Errors
    /// If the socket cannot be opened, bound or subscribed.
    pub(super) fn subscribe() -> io::Result<RemovedIds> {
        let mut socket = Socket::new(NETLINK_ROUTE)?;
        socket.bind(&SocketAddr::new(0, 0))?;
        socket.add_membership(RTNLGRP_NSID)?;
        Ok(RemovedIds(socket))
    }

    /// Returns the ids that were removed since the last call; `None` if some removals are not known.
    pub(super) fn take(&mut self) -> Option<SeededSet<i32>> {
        let mut removed = SeededSet::default();
        let mut is_complete = true;
        let mut buffer = [0; 1024];
        loop {
            match rustix::net::recv(self.0.as_fd(), &mut buffer[..], RecvFlags::DONTWAIT) {
                Ok((_, length)) => {
                    removed.extend(decode(buffer.get(..length).unwrap_or(&[])));
                }
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN) => return is_complete.then_some(removed),
                // The queue was full.
                Err(Errno::NOBUFS) => is_complete = false,
                Err(_) => return None,
            }
        }
    }
}

/// Decodes a message about an id: returns the id if it was removed.
fn decode(bytes: &[u8]) -> Option<i32> {
    let message = NetlinkBuffer::new_checked(bytes).ok()?;
    if message.message_type() != RTM_DELNSID {
        return None;
    }
    let payload = bytes.get(HEADER..message.length() as usize)?;
    let mut attributes = Attributes(payload.get(RTGENMSG..)?).flatten();
    let (_, id) = attributes.find(|(kind, _)| *kind == NETNSA_NSID)?;
    Some(u32_at(id, 0)?.cast_signed())
}

#[cfg(test)]
mod tests {
    use super::super::wire::{push_attribute, write_message};
    use super::*;

    #[test]
    fn removals_are_distinguished_from_other_messages() {
        let mut payload = vec![0; RTGENMSG];
        push_attribute(&mut payload, NETNSA_NSID, &7i32.to_ne_bytes());
        let mut bytes = Vec::new();
        write_message(RTM_DELNSID, &payload, 0, 0, &mut bytes);
        assert_eq!(decode(&bytes), Some(7));
        assert_eq!(decode(&bytes[..18]), None);
        write_message(RTM_DELNSID - 1, &payload, 0, 0, &mut bytes);
        assert_eq!(decode(&bytes), None);
    }

    #[test]
    fn nothing_is_removed_at_first() {
        let mut removed = RemovedIds::subscribe().expect("subscribed");
        assert!(removed.take().is_some());
    }
}

//! Decodes the answers about the kernel's tunnels. Pure and total: any bytes are accepted.

use netlink_packet_core::{NLMSG_DONE, NLMSG_ERROR, NetlinkBuffer};

use crate::source::netlink::link_request::IFINFOMSG;
use crate::source::netlink::wire::{Attributes, HEADER, aligned, errno, u16_at, u32_at, until_nul};

// Attributes and flags: `include/uapi/linux/if_link.h`, `genetlink.h`, `wireguard.h`, `fou.h`.
const IFLA_LINKINFO: u16 = 18;
const IFLA_INFO_KIND: u16 = 1;
const IFLA_INFO_DATA: u16 = 2;
const IFLA_LINK_NETNSID: u16 = 37;
const IFLA_VXLAN_PORT: u16 = 15;
const IFLA_GENEVE_PORT: u16 = 5;
const IFLA_BAREUDP_PORT: u16 = 1;
const CTRL_ATTR_FAMILY_ID: u16 = 1;
const WGDEVICE_A_LISTEN_PORT: u16 = 6;
const FOU_ATTR_PORT: u16 = 1;
const IFF_UP: u32 = 1;

/// Bytes of `struct genlmsghdr`.
const GENLMSGHDR: usize = 4;

/// A tunnel with a UDP socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Link {
    /// Receives on this port.
    Port(u16),
    /// A WireGuard device, by its index.
    WireGuard(u32),
}

/// A message: its payload. Errors and the end of a dump are left out.
pub(super) fn messages(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    all_messages(bytes)
        .filter(|(kind, _)| !matches!(*kind, NLMSG_DONE | NLMSG_ERROR))
        .map(|(_, payload)| payload)
}

/// Returns the errno with which the answer ended in these bytes, 0 for success; `None` if more follows.
pub(super) fn ended(bytes: &[u8]) -> Option<i32> {
    all_messages(bytes)
        .find(|(kind, _)| matches!(*kind, NLMSG_DONE | NLMSG_ERROR))
        .map(|(_, payload)| errno(payload))
}

/// Iterates over the messages: type and payload.
fn all_messages(bytes: &[u8]) -> impl Iterator<Item = (u16, &[u8])> {
    let mut rest = bytes;
    std::iter::from_fn(move || {
        let message = NetlinkBuffer::new_checked(rest).ok()?;
        let (kind, length) = (message.message_type(), message.length() as usize);
        let payload = rest.get(HEADER..length)?;
        rest = rest.get(aligned(length)..).unwrap_or(&[]);
        Some((kind, payload))
    })
}

/// Decodes one `ifinfomsg`: a tunnel that is up, if its socket is in this network namespace. That of a device which was
/// created in another one stays there.
pub(super) fn link(payload: &[u8]) -> Option<Link> {
    let index = u32_at(payload, 4)?;
    let is_up = u32_at(payload, 8)? & IFF_UP != 0;
    let mut info: &[u8] = &[];
    for attribute in Attributes(payload.get(IFINFOMSG..)?) {
        match attribute.ok()? {
            (IFLA_LINKINFO, value) => info = value,
            (IFLA_LINK_NETNSID, _) => return None,
            _ => {}
        }
    }
    let kind = until_nul(find(info, IFLA_INFO_KIND)?);
    let data = || find(info, IFLA_INFO_DATA);
    let port_attribute = match kind {
        b"wireguard" => return is_up.then_some(Link::WireGuard(index)),
        b"vxlan" => IFLA_VXLAN_PORT,
        b"geneve" => IFLA_GENEVE_PORT,
        b"bareudp" => IFLA_BAREUDP_PORT,
        _ => return None,
    };
    let port = big_endian(find(data()?, port_attribute)?)?;
    is_up.then_some(Link::Port(port))
}

/// Decodes the number of a family.
pub(super) fn family_number(payload: &[u8]) -> Option<u16> {
    u16_at(find(payload.get(GENLMSGHDR..)?, CTRL_ATTR_FAMILY_ID)?, 0)
}

/// Decodes the port of a WireGuard device; `None` if it has none.
pub(super) fn wireguard_port(payload: &[u8]) -> Option<u16> {
    let port = u16_at(find(payload.get(GENLMSGHDR..)?, WGDEVICE_A_LISTEN_PORT)?, 0)?;
    (port != 0).then_some(port)
}

/// Decodes the port of a FOU receiver.
pub(super) fn fou_port(payload: &[u8]) -> Option<u16> {
    big_endian(find(payload.get(GENLMSGHDR..)?, FOU_ATTR_PORT)?)
}

fn big_endian(value: &[u8]) -> Option<u16> {
    Some(u16::from_be_bytes(value.get(..2)?.try_into().ok()?))
}

/// Returns the value of the first attribute of a type.
fn find(attributes: &[u8], kind: u16) -> Option<&[u8]> {
    Attributes(attributes)
        .map_while(Result::ok)
        .find(|(each, _)| *each == kind)
        .map(|(_, value)| value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attribute(kind: u16, value: &[u8]) -> Vec<u8> {
        let mut bytes = (4 + value.len() as u16).to_ne_bytes().to_vec();
        bytes.extend_from_slice(&kind.to_ne_bytes());
        bytes.extend_from_slice(value);
        bytes.resize(aligned(bytes.len()), 0);
        bytes
    }

    fn link_message(kind: &[u8], flags: u32, port: (u16, u16), more: &[u8]) -> Vec<u8> {
        let mut bytes = vec![0; IFINFOMSG];
        bytes[4..8].copy_from_slice(&7u32.to_ne_bytes());
        bytes[8..12].copy_from_slice(&flags.to_ne_bytes());
        let data = attribute(port.0, &port.1.to_be_bytes());
        let info = [
            attribute(IFLA_INFO_KIND, kind),
            attribute(IFLA_INFO_DATA, &data),
        ]
        .concat();
        bytes.extend(attribute(IFLA_LINKINFO, &info));
        bytes.extend_from_slice(more);
        bytes
    }

    #[test]
    fn a_tunnel_has_a_port_while_it_is_up_and_was_created_here() {
        let vxlan = |flags, more: &[u8]| {
            link(&link_message(
                b"vxlan\0",
                flags,
                (IFLA_VXLAN_PORT, 4789),
                more,
            ))
        };
        assert_eq!(vxlan(IFF_UP, &[]), Some(Link::Port(4789)));
        assert_eq!(vxlan(0, &[]), None);
        let elsewhere = attribute(IFLA_LINK_NETNSID, &[0; 4]);
        assert_eq!(vxlan(IFF_UP, &elsewhere), None);
        let geneve = link_message(b"geneve\0", IFF_UP, (IFLA_GENEVE_PORT, 6081), &[]);
        assert_eq!(link(&geneve), Some(Link::Port(6081)));
        let bareudp = link_message(b"bareudp", IFF_UP, (IFLA_BAREUDP_PORT, 6635), &[]);
        assert_eq!(link(&bareudp), Some(Link::Port(6635)));
        let wireguard = link_message(b"wireguard\0", IFF_UP, (1, 0), &[]);
        assert_eq!(link(&wireguard), Some(Link::WireGuard(7)));
        assert_eq!(
            link(&link_message(b"dummy\0", IFF_UP, (15, 4789), &[])),
            None
        );
    }

    #[test]
    fn ports_of_generic_netlink_are_decoded() {
        let header = [0u8; GENLMSGHDR];
        let message = |kind, value: &[u8]| [&header[..], &attribute(kind, value)].concat();
        let port = message(WGDEVICE_A_LISTEN_PORT, &51820u16.to_ne_bytes());
        assert_eq!(wireguard_port(&port), Some(51820));
        let none = message(WGDEVICE_A_LISTEN_PORT, &0u16.to_ne_bytes());
        assert_eq!(wireguard_port(&none), None);
        assert_eq!(
            fou_port(&message(FOU_ATTR_PORT, &5555u16.to_be_bytes())),
            Some(5555)
        );
        assert_eq!(
            family_number(&message(CTRL_ATTR_FAMILY_ID, &33u16.to_ne_bytes())),
            Some(33)
        );
    }

    #[test]
    fn any_prefix_is_accepted() {
        let bytes = link_message(b"vxlan\0", IFF_UP, (IFLA_VXLAN_PORT, 4789), &[]);
        for length in 0..bytes.len() {
            let prefix = &bytes[..length];
            let _ = (link(prefix), fou_port(prefix), wireguard_port(prefix));
            let _ = (
                family_number(prefix),
                ended(prefix),
                messages(prefix).count(),
            );
        }
    }
}

//! UDP ports of tunnels that the kernel terminates itself: VXLAN, GENEVE, bareudp, WireGuard, FOU. Their sockets look
//! like those of processes, but no process has them open.
//!
//! Devices are read from rtnetlink, WireGuard and FOU from generic netlink, in the network namespace of the calling
//! thread. WireGuard needs `CAP_NET_ADMIN`; without it, its ports are not known.

mod decode;

use std::io;
use std::os::fd::AsFd;
use std::time::Duration;

use crate::model::SeededSet;
use netlink_packet_core::{NLM_F_ACK, NLM_F_DUMP, NLM_F_REQUEST};
use netlink_sys::protocols::{NETLINK_GENERIC, NETLINK_ROUTE};
use netlink_sys::{Socket, SocketAddr};
use rustix::net::{RecvFlags, sockopt};

use self::decode::{Link, family_number, fou_port, link, messages, wireguard_port};
use super::link_request::{self, RTM_GETLINK};
use super::wire::{RECEIVE_BUFFER, write_message};
use crate::privilege::{self, ADMINISTER_NETWORK};

// Messages and attributes: `include/uapi/linux/rtnetlink.h`, `genetlink.h`, `wireguard.h`, `fou.h`.
const GENL_ID_CTRL: u16 = 16;
const CTRL_CMD_GETFAMILY: u8 = 3;
const CTRL_ATTR_FAMILY_NAME: u16 = 2;
const WG_CMD_GET_DEVICE: u8 = 0;
const WGDEVICE_A_IFINDEX: u16 = 1;
const FOU_CMD_GET: u8 = 3;

/// Time to wait for the kernel's answer, which takes milliseconds.
const TIMEOUT: Duration = Duration::from_secs(1);

/// Maximum number of WireGuard devices that are asked for their port, one by one.
const MAX_WIREGUARD: usize = 64;

/// Returns the local UDP ports of the kernel's tunnels in the network namespace of the calling thread, as far as they can
/// be read.
pub(in crate::source) fn kernel_udp_ports() -> SeededSet<u16> {
    let mut ports = SeededSet::default();
    let mut wireguard = Vec::new();
    let payload = link_request::payload();
    let links = Connection::open(NETLINK_ROUTE)
        .and_then(|mut route| route.request(RTM_GETLINK, NLM_F_DUMP, &payload));
    for message in links.iter().flat_map(|bytes| messages(bytes)) {
        match link(message) {
            Some(Link::Port(port)) => {
                ports.insert(port);
            }
            Some(Link::WireGuard(index)) => wireguard.push(index),
            None => {}
        }
    }
    // The kernel checks the capabilities of the thread that opened the socket, too.
    let _raised = privilege::raise(ADMINISTER_NETWORK);
    if let Ok(mut generic) = Connection::open(NETLINK_GENERIC) {
        ports.extend(generic.wireguard_ports(&wireguard));
        ports.extend(generic.fou_ports());
    }
    ports
}

/// A netlink socket for a few requests.
struct Connection {
    socket: Socket,
    sequence: u32,
}

impl Connection {
    fn open(protocol: isize) -> io::Result<Connection> {
        let socket = Socket::new(protocol)?;
        socket.connect(&SocketAddr::new(0, 0))?;
        sockopt::set_socket_timeout(socket.as_fd(), sockopt::Timeout::Recv, Some(TIMEOUT))?;
        Ok(Connection {
            socket,
            sequence: 0,
        })
    }

    /// Sends a request and returns the bytes of the answer.
    fn request(&mut self, kind: u16, flags: u16, payload: &[u8]) -> io::Result<Vec<u8>> {
        self.sequence += 1;
        let mut request = Vec::new();
        write_message(
            kind,
            payload,
            NLM_F_REQUEST | flags,
            self.sequence,
            &mut request,
        );
        self.socket.send(&request, 0)?;
        let mut answer = Vec::new();
        loop {
            let at = answer.len();
            answer.resize(at + RECEIVE_BUFFER, 0);
            let (_, length) = rustix::io::retry_on_intr(|| {
                rustix::net::recv(self.socket.as_fd(), &mut answer[at..], RecvFlags::TRUNC)
            })?;
            answer.truncate(at + length.min(RECEIVE_BUFFER));
            match decode::ended(&answer[at..]) {
                None => {}
                Some(0) => return Ok(answer),
                Some(code) => return Err(io::Error::from_raw_os_error(code)),
            }
        }
    }

    /// Returns the number of a generic netlink family; `None` if the kernel does not have it. Loads no module.
    fn family(&mut self, name: &str) -> Option<u16> {
        let mut padded = name.as_bytes().to_vec();
        padded.push(0);
        let payload = generic(CTRL_CMD_GETFAMILY, &[(CTRL_ATTR_FAMILY_NAME, &padded)]);
        let answer = self.request(GENL_ID_CTRL, NLM_F_ACK, &payload).ok()?;
        messages(&answer).find_map(family_number)
    }

    /// Returns the ports of WireGuard devices, given their indices.
    fn wireguard_ports(&mut self, devices: &[u32]) -> Vec<u16> {
        if devices.is_empty() {
            return Vec::new();
        }
        let Some(family) = self.family("wireguard") else {
            return Vec::new();
        };
        let mut ports = Vec::new();
        for index in devices.iter().take(MAX_WIREGUARD) {
            let index = index.to_ne_bytes();
            let payload = generic(WG_CMD_GET_DEVICE, &[(WGDEVICE_A_IFINDEX, &index)]);
            if let Ok(mut answer) = self.request(family, NLM_F_DUMP, &payload) {
                ports.extend(messages(&answer).filter_map(wireguard_port));
                // It contains the keys of the device.
                answer.fill(0);
                std::hint::black_box(&answer);
            }
        }
        ports
    }

    /// Returns the ports of foo-over-UDP and generic UDP encapsulation.
    fn fou_ports(&mut self) -> Vec<u16> {
        let Some(family) = self.family("fou") else {
            return Vec::new();
        };
        match self.request(family, NLM_F_DUMP, &generic(FOU_CMD_GET, &[])) {
            Ok(answer) => messages(&answer).filter_map(fou_port).collect(),
            Err(_) => Vec::new(),
        }
    }
}

/// Encodes `struct genlmsghdr` and attributes, each padded to four bytes.
fn generic(command: u8, attributes: &[(u16, &[u8])]) -> Vec<u8> {
    let mut bytes = vec![command, 1, 0, 0];
    for (kind, value) in attributes {
        bytes.extend_from_slice(&(4 + value.len() as u16).to_ne_bytes());
        bytes.extend_from_slice(&kind.to_ne_bytes());
        bytes.extend_from_slice(value);
        bytes.resize(super::wire::aligned(bytes.len()), 0);
    }
    bytes
}

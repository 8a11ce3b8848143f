//! What network devices are set to: rtnetlink's links and addresses, in the network namespace that the socket was made
//! in. `/sys/class/net` would show the namespace of whoever mounted it.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::os::fd::AsFd;
use std::sync::Arc;
use std::time::{Duration, Instant};

use netlink_packet_core::{
    NLM_F_DUMP, NLM_F_DUMP_INTR, NLM_F_REQUEST, NLMSG_DONE, NLMSG_ERROR, NetlinkBuffer,
};
use netlink_sys::{Socket, SocketAddr, protocols::NETLINK_ROUTE};
use rustix::net::{RecvFlags, sockopt};

use super::decode::{Attributes, u32_at, until_nul};
use super::dump::BUFFER;
use super::request::{attribute, write};
use crate::model::{Device, DeviceAddress, Fault, Interface, Severity};

// Messages, and attributes of each: `include/uapi/linux/rtnetlink.h`, `if_link.h`, `if_addr.h`.
const RTM_NEWLINK: u16 = 16;
const RTM_GETLINK: u16 = 18;
const RTM_NEWADDR: u16 = 20;
const RTM_GETADDR: u16 = 22;
const IFLA_IFNAME: u16 = 3;
const IFLA_MTU: u16 = 4;
const IFLA_OPERSTATE: u16 = 16;
const IFLA_EXT_MASK: u16 = 29;
const IFA_ADDRESS: u16 = 1;
const IFA_LOCAL: u16 = 2;

/// `RTEXT_FILTER_SKIP_STATS`: without the counters, which are most of an answer and come from elsewhere.
const SKIP_STATS: u32 = 1 << 3;

/// Bytes of `struct ifinfomsg` and of `struct ifaddrmsg`.
const IFINFOMSG: usize = 16;
const IFADDRMSG: usize = 8;

/// How often they are read again although the devices are still the same.
const AGAIN: Duration = Duration::from_secs(5);

/// How long the kernel may take for one answer. It answers within milliseconds.
const TIMEOUT: Duration = Duration::from_secs(1);

/// How often a dump is begun anew during which something changed.
const TRIES: usize = 3;

/// Reads devices now and then.
#[derive(Debug)]
pub struct Devices {
    socket: io::Result<Socket>,
    request: Vec<u8>,
    buffer: Vec<u8>,
    sequence: u32,
    /// When they were read last, and the names that `/proc/net/dev` had then.
    read_at: Option<Instant>,
    names: Vec<String>,
    known: Option<Arc<Vec<Device>>>,
    fault: Option<Fault>,
}

impl Devices {
    /// Opens the socket. It stays in the network namespace of the calling thread. Where there is none to be had, every
    /// answer is a fault.
    pub fn new() -> Devices {
        Devices {
            socket: open(),
            request: Vec::new(),
            buffer: Vec::new(),
            sequence: 0,
            read_at: None,
            names: Vec::new(),
            known: None,
            fault: None,
        }
    }

    /// The devices, read again if that is some time ago or `interfaces` are others than then. What is the same as before is
    /// shared.
    pub fn get(
        &mut self,
        interfaces: &[Interface],
        faults: &mut Vec<Fault>,
    ) -> Option<Arc<Vec<Device>>> {
        let names = || interfaces.iter().map(|interface| &interface.name);
        let is_old = self.read_at.is_none_or(|at| at.elapsed() >= AGAIN);
        if is_old || !self.names.iter().eq(names()) {
            self.names.clear();
            self.names.extend(names().cloned());
            self.read_at = Some(Instant::now());
            match self.read() {
                Ok(devices) => {
                    if self.known.as_deref() != Some(&devices) {
                        self.known = Some(Arc::new(devices));
                    }
                    self.fault = None;
                }
                Err(error) => {
                    self.known = None;
                    self.fault = Some(Fault::new(Severity::Degraded, "rtnetlink", error));
                }
            }
        }
        faults.extend(self.fault.clone());
        self.known.clone()
    }

    fn read(&mut self) -> io::Result<Vec<Device>> {
        let mut links = vec![0; IFINFOMSG];
        attribute(&mut links, IFLA_EXT_MASK, &SKIP_STATS.to_ne_bytes());
        let addresses = [0; IFADDRMSG];
        let mut devices = Vec::new();
        for _ in 0..TRIES {
            devices.clear();
            let whole = self.dump(RTM_GETLINK, &links, &mut devices)?;
            let whole = self.dump(RTM_GETADDR, &addresses, &mut devices)? && whole;
            if whole {
                break;
            }
        }
        devices.sort_by_key(|device| device.index);
        for device in &mut devices {
            device.addresses.sort_by_key(|own| own.address.is_ipv6());
        }
        Ok(devices)
    }

    /// Takes one dump; answers whether nothing changed meanwhile.
    fn dump(&mut self, kind: u16, payload: &[u8], devices: &mut Vec<Device>) -> io::Result<bool> {
        let socket = match &self.socket {
            Ok(socket) => socket,
            Err(error) => return Err(io::Error::new(error.kind(), error.to_string())),
        };
        self.sequence = self.sequence.wrapping_add(1).max(1);
        let flags = NLM_F_REQUEST | NLM_F_DUMP;
        write(kind, payload, flags, self.sequence, &mut self.request);
        socket.send(&self.request, 0)?;
        self.buffer.resize(BUFFER, 0);
        let mut whole = true;
        loop {
            let (_, length) = rustix::io::retry_on_intr(|| {
                rustix::net::recv(socket.as_fd(), &mut self.buffer[..], RecvFlags::TRUNC)
            })?;
            let bytes = self.buffer.get(..length);
            let bytes = bytes.ok_or_else(|| io::Error::other("an answer was cut"))?;
            let answers = decode(bytes, self.sequence, devices);
            whole &= !answers.changed;
            match answers.ended {
                None => {}
                Some(0) => return Ok(whole),
                Some(code) => return Err(io::Error::from_raw_os_error(code)),
            }
        }
    }
}

impl Default for Devices {
    fn default() -> Self {
        Devices::new()
    }
}

fn open() -> io::Result<Socket> {
    let socket = Socket::new(NETLINK_ROUTE)?;
    socket.connect(&SocketAddr::new(0, 0))?;
    sockopt::set_socket_timeout(socket.as_fd(), sockopt::Timeout::Recv, Some(TIMEOUT))?;
    Ok(socket)
}

/// What a datagram of answers said about the dump as a whole.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Answers {
    /// The dump has ended; the errno if it ended badly.
    pub ended: Option<i32>,
    /// Something changed during the dump.
    pub changed: bool,
}

/// Decodes one datagram of answers to the request `sequence`: links are appended, addresses go to their links. Pure, and
/// total: anything may be in `bytes`; what is no message of a known form is passed over.
pub fn decode(bytes: &[u8], sequence: u32, devices: &mut Vec<Device>) -> Answers {
    let mut answers = Answers::default();
    let mut rest = bytes;
    while let Ok(message) = NetlinkBuffer::new_checked(rest) {
        let length = message.length() as usize;
        let payload = rest.get(16..length).unwrap_or(&[]);
        // Answers to a dump that was given up may still arrive.
        if message.sequence_number() == sequence {
            answers.changed |= message.flags() & NLM_F_DUMP_INTR != 0;
            match message.message_type() {
                RTM_NEWLINK => devices.extend(link(payload)),
                RTM_NEWADDR => {
                    if let Some((index, own)) = address(payload)
                        && let Some(device) = devices.iter_mut().find(|it| it.index == index)
                    {
                        device.addresses.push(own);
                    }
                }
                NLMSG_DONE | NLMSG_ERROR => {
                    let code = u32_at(payload, 0).unwrap_or(0).cast_signed();
                    answers.ended = Some(code.checked_neg().unwrap_or(i32::MAX));
                    break;
                }
                _ => {}
            }
        }
        rest = rest.get((length + 3) & !3..).unwrap_or(&[]);
    }
    answers
}

/// `struct ifinfomsg` and `IFLA_*` attributes.
fn link(payload: &[u8]) -> Option<Device> {
    let mut device = Device {
        index: u32_at(payload, 4)?,
        flags: u32_at(payload, 8)?,
        ..Device::default()
    };
    for attribute in Attributes(payload.get(IFINFOMSG..)?) {
        let (kind, value) = attribute.ok()?;
        match kind {
            IFLA_IFNAME => device.name = String::from_utf8_lossy(until_nul(value)).into_owned(),
            IFLA_MTU => device.mtu = u32_at(value, 0),
            IFLA_OPERSTATE => device.operstate = value.first().copied(),
            _ => {}
        }
    }
    Some(device)
}

/// `struct ifaddrmsg` and `IFA_*` attributes: the device's number, and the address.
fn address(payload: &[u8]) -> Option<(u32, DeviceAddress)> {
    let prefix = *payload.get(1)?;
    let index = u32_at(payload, 4)?;
    let (mut local, mut other) = (None, None);
    for attribute in Attributes(payload.get(IFADDRMSG..)?) {
        match attribute.ok()? {
            (IFA_LOCAL, value) => local = ip(value),
            (IFA_ADDRESS, value) => other = ip(value),
            _ => {}
        }
    }
    // On a link between two points the other attribute is the address of the other end.
    let address = local.or(other)?;
    Some((index, DeviceAddress { address, prefix }))
}

fn ip(bytes: &[u8]) -> Option<IpAddr> {
    match bytes.len() {
        4 => Some(Ipv4Addr::from_octets(bytes.try_into().ok()?).into()),
        16 => Some(Ipv6Addr::from_octets(bytes.try_into().ok()?).into()),
        _ => None,
    }
}

#[cfg(test)]
mod tests;

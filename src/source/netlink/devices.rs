//! Network devices and their addresses, from rtnetlink, in the network namespace in which the socket was opened.
//! `/sys/class/net` would list the namespace in which it was mounted. Their counters come from `/proc/net/dev`.

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

use super::link_request::{self, IFINFOMSG, RTM_GETLINK};
use super::wire::{
    Attributes, HEADER, RECEIVE_BUFFER, aligned, errno, u32_at, until_nul, write_message,
};
use crate::model::{Device, DeviceAddress, Fault, FaultSeverity, Interface};

// Messages, and attributes of each: `include/uapi/linux/rtnetlink.h`, `if_link.h`, `if_addr.h`.
const RTM_NEWLINK: u16 = 16;
const RTM_NEWADDR: u16 = 20;
const RTM_GETADDR: u16 = 22;
const IFLA_IFNAME: u16 = 3;
const IFLA_MTU: u16 = 4;
const IFLA_OPERSTATE: u16 = 16;
const IFA_ADDRESS: u16 = 1;
const IFA_LOCAL: u16 = 2;

/// Bytes of `struct ifaddrmsg`.
const IFADDRMSG: usize = 8;

/// Interval for reading them again although the set of devices has not changed.
const REFRESH_INTERVAL: Duration = Duration::from_secs(5);

/// Time to wait for the kernel's answer, which takes milliseconds.
const TIMEOUT: Duration = Duration::from_secs(1);

/// Number of attempts at a dump during which nothing changes.
const ATTEMPTS: usize = 3;

/// Reads the devices and caches them.
#[derive(Debug)]
pub struct DeviceReader {
    socket: io::Result<Socket>,
    request: Vec<u8>,
    buffer: Vec<u8>,
    sequence: u32,
    read_at: Option<Instant>,
    /// The interfaces of `/proc/net/dev` at the time of reading.
    names: Vec<String>,
    known: Option<Arc<Vec<Device>>>,
    fault: Option<Fault>,
}

impl DeviceReader {
    /// Opens the socket. It stays in the network namespace of the calling thread. If that fails, every call of
    /// [`Self::get`] reports a fault.
    pub fn new() -> DeviceReader {
        DeviceReader {
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

    /// Returns the devices, which are shared while they do not change. They are read again after 5 s or if `interfaces`
    /// have changed. Returns `None`, with a fault in `faults`, if they cannot be read.
    pub fn get(
        &mut self,
        interfaces: &[Interface],
        faults: &mut Vec<Fault>,
    ) -> Option<Arc<Vec<Device>>> {
        let names = || interfaces.iter().map(|interface| &interface.name);
        let is_old = self
            .read_at
            .is_none_or(|at| at.elapsed() >= REFRESH_INTERVAL);
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
                    self.fault = Some(Fault::new(FaultSeverity::Degraded, "rtnetlink", error));
                }
            }
        }
        faults.extend(self.fault.clone());
        self.known.clone()
    }

    fn read(&mut self) -> io::Result<Vec<Device>> {
        let links = link_request::payload();
        let addresses = [0; IFADDRMSG];
        let mut devices = Vec::new();
        for _ in 0..ATTEMPTS {
            devices.clear();
            let links_consistent = self.dump(RTM_GETLINK, &links, &mut devices)?;
            if self.dump(RTM_GETADDR, &addresses, &mut devices)? && links_consistent {
                break;
            }
        }
        devices.sort_by_key(|device| device.index);
        for device in &mut devices {
            device.addresses.sort_by_key(|own| own.address.is_ipv6());
        }
        Ok(devices)
    }

    /// Performs one dump; reports whether it was consistent.
    fn dump(&mut self, kind: u16, payload: &[u8], devices: &mut Vec<Device>) -> io::Result<bool> {
        let socket = match &self.socket {
            Ok(socket) => socket,
            Err(error) => return Err(io::Error::new(error.kind(), error.to_string())),
        };
        self.sequence = self.sequence.wrapping_add(1).max(1);
        let flags = NLM_F_REQUEST | NLM_F_DUMP;
        write_message(kind, payload, flags, self.sequence, &mut self.request);
        socket.send(&self.request, 0)?;
        self.buffer.resize(RECEIVE_BUFFER, 0);
        let mut consistent = true;
        loop {
            let (_, length) = rustix::io::retry_on_intr(|| {
                rustix::net::recv(socket.as_fd(), &mut self.buffer[..], RecvFlags::TRUNC)
            })?;
            let bytes = self.buffer.get(..length);
            let bytes = bytes.ok_or_else(|| io::Error::other("an answer was truncated"))?;
            let status = decode_devices(bytes, self.sequence, devices);
            consistent &= !status.changed;
            match status.ended {
                None => {}
                Some(0) => return Ok(consistent),
                Some(code) => return Err(io::Error::from_raw_os_error(code)),
            }
        }
    }
}

impl Default for DeviceReader {
    fn default() -> Self {
        DeviceReader::new()
    }
}

fn open() -> io::Result<Socket> {
    let socket = Socket::new(NETLINK_ROUTE)?;
    socket.connect(&SocketAddr::new(0, 0))?;
    sockopt::set_socket_timeout(socket.as_fd(), sockopt::Timeout::Recv, Some(TIMEOUT))?;
    Ok(socket)
}

/// Status of the dump of links and addresses, from the headers and the end of one datagram.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct LinkDumpStatus {
    /// Errno with which the dump ended, 0 for success; `None` if it has not ended.
    pub ended: Option<i32>,
    /// True if something changed during the dump.
    pub changed: bool,
}

/// Decodes one datagram of answers to the request `sequence`: appends links and assigns addresses to their links. Pure
/// and total: any `bytes` are accepted, and malformed messages are skipped.
pub fn decode_devices(bytes: &[u8], sequence: u32, devices: &mut Vec<Device>) -> LinkDumpStatus {
    let mut status = LinkDumpStatus::default();
    let mut rest = bytes;
    while let Ok(message) = NetlinkBuffer::new_checked(rest) {
        let length = message.length() as usize;
        let payload = rest.get(HEADER..length).unwrap_or(&[]);
        // Answers to an abandoned dump may still arrive.
        if message.sequence_number() == sequence {
            status.changed |= message.flags() & NLM_F_DUMP_INTR != 0;
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
                    status.ended = Some(errno(payload));
                    break;
                }
                _ => {}
            }
        }
        rest = rest.get(aligned(length)..).unwrap_or(&[]);
    }
    status
}

/// Decodes one `ifinfomsg` and its `IFLA_*` attributes.
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

/// Decodes one `ifaddrmsg` and its `IFA_*` attributes into the device's index and the address.
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
    // On a point-to-point link the other attribute is the address of the peer.
    let address = local.or(other)?;
    Some((index, DeviceAddress { address, prefix }))
}

fn ip(bytes: &[u8]) -> Option<IpAddr> {
    match bytes.len() {
        4 => Some(Ipv4Addr::from(<[u8; 4]>::try_from(bytes).ok()?).into()),
        16 => Some(Ipv6Addr::from(<[u8; 16]>::try_from(bytes).ok()?).into()),
        _ => None,
    }
}

#[cfg(test)]
mod tests;

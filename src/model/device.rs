//! Settings of network devices. Their counters are in [`Interface`](super::Interface).

use std::net::IpAddr;

/// A network device of the namespace.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Device {
    /// Index of the device. Kernel: `ifi_index`.
    pub index: u32,
    /// Name of the device. Kernel: `IFLA_IFNAME`.
    pub name: String,
    /// Largest packet, bytes. Kernel: `IFLA_MTU`.
    pub mtu: Option<u32>,
    /// `IFF_*`, see [`Self::FLAGS`]. Kernel: `ifi_flags`.
    pub flags: u32,
    /// `IF_OPER_*` (RFC 2863). Kernel: `IFLA_OPERSTATE`.
    pub operstate: Option<u8>,
    /// Addresses of the device in the kernel's order, IPv4 first.
    pub addresses: Vec<DeviceAddress>,
}

/// An address of a network device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DeviceAddress {
    /// The local address. Kernel: `IFA_LOCAL`, else `IFA_ADDRESS`.
    pub address: IpAddr,
    /// Prefix length. Kernel: `ifa_prefixlen`.
    pub prefix: u8,
}

impl std::fmt::Display for DeviceAddress {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.address, self.prefix)
    }
}

/// `IFF_UP`: administratively up.
const UP: u32 = 1;
/// `IFF_RUNNING`: able to carry packets.
const RUNNING: u32 = 1 << 6;
/// `IFF_LOWER_UP`: carrier detected.
const LOWER_UP: u32 = 1 << 16;

impl Device {
    /// Flags that describe how the device is used, with the names that ip prints. Kernel: `include/uapi/linux/if.h`.
    pub const FLAGS: [(u32, &str); 7] = [
        (1 << 3, "loopback"),
        (1 << 4, "point-to-point"),
        (1 << 7, "noarp"),
        (1 << 8, "promisc"),
        (1 << 9, "allmulti"),
        (1 << 10, "master"),
        (1 << 11, "slave"),
    ];

    /// Returns the operational state, such as `up`, `down`, `no carrier`, `dormant`, `testing` or `lower down`.
    pub fn state(&self) -> &'static str {
        if self.flags & UP == 0 {
            return "down";
        }
        // A driver that does not report its state (IF_OPER_UNKNOWN) is assumed to work, as for loopback.
        match self.operstate {
            _ if self.flags & LOWER_UP == 0 => "no carrier",
            Some(3) => "lower down",
            Some(4) => "testing",
            Some(5) => "dormant",
            _ if self.flags & RUNNING == 0 => "not running",
            _ => "up",
        }
    }

    /// Iterates over the names of its flags.
    pub fn flag_names(&self) -> impl Iterator<Item = &'static str> {
        let flags = self.flags;
        Self::FLAGS
            .into_iter()
            .filter(move |(bit, _)| flags & bit != 0)
            .map(|(_, name)| name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_is_up_or_says_why_not() {
        let state = |flags, operstate| {
            let device = Device {
                flags,
                operstate,
                ..Device::default()
            };
            device.state()
        };
        assert_eq!(state(UP | RUNNING | LOWER_UP, Some(6)), "up");
        assert_eq!(state(UP | RUNNING | LOWER_UP, Some(0)), "up", "as loopback");
        assert_eq!(state(UP, Some(2)), "no carrier");
        assert_eq!(
            state(UP, Some(3)),
            "no carrier",
            "as a veth whose peer is down"
        );
        assert_eq!(state(UP | LOWER_UP, Some(5)), "dormant");
        assert_eq!(state(0, Some(2)), "down");
        assert_eq!(state(0, None), "down");
    }
}

//! Resolution of names in a filter: hosts, services, devices and control groups.

use std::net::IpAddr;

/// The result of resolving a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lookup<T> {
    /// The resolved value.
    Known(T),
    /// Not resolved yet.
    Pending,
    /// The name does not exist.
    NotFound,
}

/// Resolves names in filters. The default implementations resolve nothing.
pub trait NameResolver {
    /// Returns the port of a service; `protocol` is `tcp` or `udp`.
    fn service(&self, _name: &str, _protocol: &str) -> Option<u16> {
        None
    }
    /// Returns the addresses of a host.
    fn hosts(&self, _name: &str) -> Lookup<Vec<IpAddr>> {
        Lookup::NotFound
    }
    /// Returns the index of a network device.
    fn device(&self, _name: &str) -> Option<u32> {
        None
    }
    /// Returns the id of a control group: the inode of its directory. While it is pending, the paths in Samples are
    /// compared.
    fn cgroup(&self, _path: &str) -> Lookup<u64> {
        Lookup::Pending
    }
    /// Returns whether sockets have control groups: those of cgroup 2, if its hierarchy is mounted. On a host of cgroup 1,
    /// only processes have some.
    fn has_cgroups(&self) -> bool {
        true
    }
    /// Returns the first and last ephemeral port, from which the kernel chooses for unbound sockets. Kernel:
    /// `net.ipv4.ip_local_port_range`.
    fn ephemeral_ports(&self) -> (u16, u16) {
        DEFAULT_EPHEMERAL_PORTS
    }
}

/// The kernel's default of `net.ipv4.ip_local_port_range`.
pub const DEFAULT_EPHEMERAL_PORTS: (u16, u16) = (32768, 60999);

/// Resolves no names.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoResolver;

impl NameResolver for NoResolver {}

//! Resolves names on this system: services, hosts, devices and cgroups.

use std::fs;
use std::net::{IpAddr, ToSocketAddrs as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use super::procfs::cgroup2_mount;
use crate::filter::{DEFAULT_EPHEMERAL_PORTS, Lookup, NameResolver};
use crate::model::SeededMap;

/// Service ports by name; see services(5).
const SERVICES: &str = "/etc/services";

/// Resolves names on this system. Nothing is read before the first name; a host may take as long as the resolver does.
#[derive(Debug)]
pub struct SystemNames {
    proc_root: PathBuf,
    services: OnceLock<Services>,
}

/// Ports of services by protocol and name, and names by protocol and port.
#[derive(Debug, Default)]
struct Services {
    ports: SeededMap<(String, String), u16>,
    names: SeededMap<(String, u16), String>,
}

impl SystemNames {
    /// Creates a resolver without reading anything. `proc_root` is the mount point of procfs.
    pub fn new(proc_root: &Path) -> SystemNames {
        SystemNames {
            proc_root: proc_root.to_owned(),
            services: OnceLock::new(),
        }
    }

    fn services(&self) -> &Services {
        self.services.get_or_init(|| {
            // Without the file, numbers are displayed.
            fs::read_to_string(SERVICES)
                .map_or_else(|_| Services::default(), |text| parse_services(&text))
        })
    }

    /// Returns the service name of a `tcp` or `udp` port.
    pub fn service_name(&self, port: u16, protocol: &str) -> Option<&str> {
        let key = (protocol.to_owned(), port);
        self.services().names.get(&key).map(String::as_str)
    }
}

impl Default for SystemNames {
    fn default() -> Self {
        SystemNames::new(Path::new("/proc"))
    }
}

/// Parses services(5): `name port/protocol alias…  # comment`. Malformed lines are skipped.
fn parse_services(text: &str) -> Services {
    let mut services = Services::default();
    for line in text.lines() {
        let line = line.split('#').next().unwrap_or("");
        let mut words = line.split_whitespace();
        let (Some(name), Some(port)) = (words.next(), words.next()) else {
            continue;
        };
        let Some((number, protocol)) = port.split_once('/') else {
            continue;
        };
        let Ok(number) = number.parse::<u16>() else {
            continue;
        };
        for name in [name].into_iter().chain(words) {
            let key = (protocol.to_owned(), name.to_owned());
            services.ports.entry(key).or_insert(number);
        }
        let key = (protocol.to_owned(), number);
        services.names.entry(key).or_insert_with(|| name.to_owned());
    }
    services
}

impl NameResolver for SystemNames {
    fn service(&self, name: &str, protocol: &str) -> Option<u16> {
        let key = (protocol.to_owned(), name.to_owned());
        self.services().ports.get(&key).copied()
    }

    fn hosts(&self, name: &str) -> Lookup<Vec<IpAddr>> {
        match (name, 0).to_socket_addrs() {
            Ok(found) => {
                let mut addresses: Vec<IpAddr> = found.map(|address| address.ip()).collect();
                addresses.sort_unstable();
                addresses.dedup();
                Lookup::Known(addresses)
            }
            Err(_) => Lookup::NotFound,
        }
    }

    fn device(&self, name: &str) -> Option<u32> {
        use rustix::net::{AddressFamily, SocketType, netdevice, socket};
        // Any socket will do: it is in the network namespace of this thread, which /sys may not be.
        let socket = socket(AddressFamily::UNIX, SocketType::DGRAM, None).ok()?;
        netdevice::name_to_index(socket, name).ok()
    }

    fn cgroup(&self, path: &str) -> Lookup<u64> {
        let id = |directory: &Path| {
            let metadata = fs::metadata(directory).ok()?;
            metadata.is_dir().then(|| metadata.ino())
        };
        let Some(mount) = cgroup2_mount(&self.proc_root) else {
            return Lookup::NotFound;
        };
        // Either a path relative to the mount point, or the absolute path of the directory.
        let below = mount.join(path.trim_start_matches('/'));
        let absolute = Path::new(path);
        let found = absolute
            .starts_with(&mount)
            .then(|| id(absolute))
            .flatten()
            .or_else(|| id(&below));
        found.map_or(Lookup::NotFound, Lookup::Known)
    }

    fn has_cgroups(&self) -> bool {
        cgroup2_mount(&self.proc_root).is_some()
    }

    fn ephemeral_ports(&self) -> (u16, u16) {
        let file = self.proc_root.join("sys/net/ipv4/ip_local_port_range");
        let read = || {
            let text = fs::read_to_string(file).ok()?;
            let mut numbers = text.split_whitespace().map(str::parse);
            Some((numbers.next()?.ok()?, numbers.next()?.ok()?))
        };
        read().unwrap_or(DEFAULT_EPHEMERAL_PORTS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn services_have_aliases_and_protocols() {
        let text = "# all of them\nhttp 80/tcp www # web\ndomain\t53/udp\nodd\nbad x/tcp\n";
        let services = parse_services(text);
        let port = |name: &str, protocol: &str| {
            let key = (protocol.to_owned(), name.to_owned());
            services.ports.get(&key).copied()
        };
        assert_eq!(port("http", "tcp"), Some(80));
        assert_eq!(port("www", "tcp"), Some(80));
        assert_eq!(port("http", "udp"), None);
        assert_eq!(port("domain", "udp"), Some(53));
        let key = ("tcp".to_owned(), 80);
        assert_eq!(services.names.get(&key).map(String::as_str), Some("http"));
    }

    #[test]
    fn this_machine_knows_its_loopback() {
        let system = SystemNames::default();
        assert_eq!(system.device("lo"), Some(1));
        assert_eq!(system.device("nobody0"), None);
        assert_eq!(system.hosts("no such host"), Lookup::NotFound);
        let (first, last) = system.ephemeral_ports();
        assert!(first < last);
    }
}

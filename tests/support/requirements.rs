//! Requirements of tests: privileges and tools. Where one is missing, the test is reported as ignored with the reason.

use std::collections::BTreeMap;
use std::fs;
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::process::{Command, ExitStatus, Stdio};
use std::sync::{Mutex, PoisonError};

use libtest_mimic::{Failed, Trial};

/// A privilege, tool or kernel feature that a test requires.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Requirement {
    /// Effective user 0 with all that root can do to a network namespace and to other users' processes.
    Root,
    /// `ip` of iproute2, to make links.
    Ip,
    /// `ss` of iproute2, to compare with.
    Ss,
    /// `setpriv` of util-linux, to become another user.
    Setpriv,
    /// `unshare` of util-linux, to enter another pid namespace.
    Unshare,
    /// A kernel with MPTCP.
    Mptcp,
    /// A kernel with VXLAN.
    Vxlan,
    /// `python3`, and a kernel that has the sockets that `other_kernels.py` makes under this name.
    Kind(&'static str),
    /// A kernel with VRF devices.
    Vrf,
    /// `tc` of iproute2, and a kernel with netem.
    Netem,
    /// `python3`, and a kernel that lists the sockets registered with an `io_uring`.
    IoUring,
    /// At least Linux 6.8, which reports sockets that are bound and nothing else.
    BoundInactive,
    /// A kernel with cgroup 1, and `mount`.
    Cgroup1,
    /// A cgroup-2 hierarchy in which cgroups can be made.
    Cgroup2,
    /// `python3`, to set what no safe function sets.
    Python,
    /// `python3` with `pyarrow`.
    Pyarrow,
    /// `python3` with `duckdb`.
    Duckdb,
    /// `nft` of nftables, to drop packets.
    Nft,
    /// A kernel with NAT and ctnetlink.
    Conntrack,
    /// `nginx`, as a healthy server.
    Nginx,
    /// `wrk`, to load it.
    Wrk,
    /// `iperf3`, to send at full speed.
    Iperf3,
}

/// `CAP_NET_ADMIN`, `CAP_SYS_PTRACE` and `CAP_SYS_ADMIN` as bits of `CapEff`.
const ROOT_CAPABILITIES: u64 = 1 << 12 | 1 << 19 | 1 << 21;

impl Requirement {
    /// Returns the reason why the requirement is not met; `None` if it is.
    fn missing(self) -> Option<&'static str> {
        match self {
            Requirement::Root => (!is_root()).then_some("needs root"),
            Requirement::Ip => (!runs("ip", "-V")).then_some("needs ip (iproute2)"),
            Requirement::Ss => (!runs("ss", "-V")).then_some("needs ss (iproute2)"),
            Requirement::Setpriv => {
                (!runs("setpriv", "--version")).then_some("needs setpriv (util-linux)")
            }
            Requirement::Mptcp => mptcp_socket()
                .is_err()
                .then_some("needs a kernel with MPTCP"),
            Requirement::Vxlan => (!has_vxlan()).then_some("needs root and a kernel with VXLAN"),
            Requirement::Kind(kind) => (!makes(kind)).then_some("needs root, python3 and a kernel with these sockets"),
            Requirement::Vrf => (!is_root() || !succeeds(Command::new("unshare").args(["--net", "ip", "link", "add", "probe", "type", "vrf", "table", "10"])))
                .then_some("needs root and a kernel with VRF devices"),
            Requirement::Netem => (!is_root() || !succeeds(Command::new("unshare").args(["--net", "tc", "qdisc", "add", "dev", "lo", "root", "netem", "loss", "1%"])))
                .then_some("needs root, tc (iproute2) and a kernel with netem"),
            Requirement::IoUring => (!runs_python(&format!("{RING_WITH_SOCKET}\nassert b'socket:[' in open('/proc/self/fdinfo/%d' % ring, 'rb').read()")))
                .then_some("needs python3 and a kernel that lists the files of an io_uring"),
            Requirement::BoundInactive => (kernel_version() < Some((6, 8)))
                .then_some("needs Linux 6.8, which reports bound-inactive sockets"),
            Requirement::Cgroup1 => (!is_root() || !succeeds(Command::new("unshare").args(["--mount", "mount", "-t", "cgroup", "-o", "none,name=systemd", "cgroup", "/mnt"])))
                .then_some("needs root and a kernel with cgroup 1"),
            Requirement::Cgroup2 => cgroup2_directory()
                .is_none()
                .then_some("needs a writable cgroup-2 hierarchy"),
            Requirement::Python => (!runs("python3", "-V")).then_some("needs python3"),
            Requirement::Pyarrow => (!imports("pyarrow")).then_some("needs python3 with pyarrow"),
            Requirement::Duckdb => (!imports("duckdb")).then_some("needs python3 with duckdb"),
            Requirement::Nft => (!runs("nft", "--version")).then_some("needs nft (nftables)"),
            Requirement::Conntrack => (!is_root() || !has_conntrack())
                .then_some("needs root, and a kernel with NAT and ctnetlink"),
            Requirement::Nginx => (!runs("nginx", "-v")).then_some("needs nginx"),
            // It has no option that exits with success.
            Requirement::Wrk => (!is_there("wrk", "-v")).then_some("needs wrk"),
            Requirement::Iperf3 => (!runs("iperf3", "-v")).then_some("needs iperf3"),
            Requirement::Unshare => {
                (!runs("unshare", "--version")).then_some("needs unshare (util-linux)")
            }
        }
    }
}

/// Python that leaves a listener on a free port of 127.0.0.1 without a descriptor: registered with the `io_uring` at
/// descriptor `ring`. Its port is in `port`.
pub(crate) const RING_WITH_SOCKET: &str = "
import ctypes, socket
libc = ctypes.CDLL(None)
ring = libc.syscall(425, 8, ctypes.create_string_buffer(120))
listener = socket.socket(); listener.bind(('127.0.0.1', 0)); listener.listen()
port = listener.getsockname()[1]
assert libc.syscall(427, ring, 2, (ctypes.c_int * 1)(listener.fileno()), 1) == 0
listener.close()";

/// Reports whether Python runs a script.
fn runs_python(script: &str) -> bool {
    succeeds(Command::new("python3").args(["-c", script]))
}

/// The script that makes sockets that only some kernels have.
pub(crate) const OTHER_KERNELS: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/tests/support/other_kernels.py"
);

/// Reports whether the kernel has the sockets that the script makes under a name. They are made in a namespace of their own
/// and closed at once.
fn makes(kind: &str) -> bool {
    let script = format!("ip link set lo up; exec python3 {OTHER_KERNELS} {kind}");
    is_root() && succeeds(Command::new("unshare").args(["--net", "sh", "-c", &script]))
}

fn has_vxlan() -> bool {
    let add = "ip link add name probe type vxlan id 1 dstport 4789";
    is_root() && succeeds(Command::new("unshare").args(["--net", "sh", "-c", add]))
}

/// Reports whether the kernel translates addresses, and ctnetlink inserts an entry.
fn has_conntrack() -> bool {
    let insert = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/support/conntrack.py");
    let script = format!(
        "nft 'add table ip nat; add chain ip nat output {{ type nat hook output priority -100; }}' && exec python3 {insert} 10.0.0.1 1 10.0.0.2 2 10.0.0.3 3 3"
    );
    succeeds(Command::new("unshare").args(["--net", "sh", "-c", &script]))
}

/// Returns where the cgroup-2 hierarchy is mounted, if cgroups can be made there.
pub(crate) fn cgroup2_directory() -> Option<PathBuf> {
    let mounts = fs::read_to_string("/proc/self/mounts").ok()?;
    let mount = mounts
        .lines()
        .map(|line| line.split(' ').collect::<Vec<_>>())
        .find(|fields| fields.get(2) == Some(&"cgroup2"))?;
    let directory = PathBuf::from(mount[1]);
    let probe = directory.join(format!("sockwatch-probe-{}", std::process::id()));
    fs::create_dir(&probe).ok()?;
    fs::remove_dir(&probe).ok()?;
    Some(directory)
}

/// Returns the version of the running kernel: major and minor number.
pub(crate) fn kernel_version() -> Option<(u32, u32)> {
    let name = rustix::system::uname();
    let release = name.release().to_str().ok()?;
    let mut numbers = release.split(['.', '-']).map(str::parse);
    Some((numbers.next()?.ok()?, numbers.next()?.ok()?))
}

/// Opens an MPTCP socket over IPv4.
pub(crate) fn mptcp_socket() -> rustix::io::Result<OwnedFd> {
    use rustix::net::{AddressFamily, SocketType, ipproto, socket};
    socket(
        AddressFamily::INET,
        SocketType::STREAM,
        Some(ipproto::MPTCP),
    )
}

/// Reports whether this process may create namespaces and links and inspect every process.
pub(crate) fn is_root() -> bool {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let capabilities = status
        .lines()
        .find_map(|line| line.strip_prefix("CapEff:"))
        .and_then(|hex| u64::from_str_radix(hex.trim(), 16).ok())
        .unwrap_or(0);
    rustix::process::geteuid().is_root() && capabilities & ROOT_CAPABILITIES == ROOT_CAPABILITIES
}

fn runs(tool: &str, argument: &str) -> bool {
    succeeds(Command::new(tool).arg(argument))
}

/// Reports whether Python has a module.
fn imports(module: &str) -> bool {
    succeeds(Command::new("python3").args(["-c", &format!("import {module}")]))
}

fn succeeds(command: &mut Command) -> bool {
    quiet(command).is_ok_and(|status| status.success())
}

/// Reports whether a tool can be started.
fn is_there(tool: &str, argument: &str) -> bool {
    quiet(Command::new(tool).arg(argument)).is_ok()
}

fn quiet(command: &mut Command) -> std::io::Result<ExitStatus> {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
}

/// Returns the reason why a requirement is not met; `None` if all are. Each is tried once: it may start a program.
pub(crate) fn unmet(requirements: &[Requirement]) -> Option<&'static str> {
    static TRIED: Mutex<BTreeMap<Requirement, Option<&'static str>>> = Mutex::new(BTreeMap::new());
    let mut tried = TRIED.lock().unwrap_or_else(PoisonError::into_inner);
    requirements.iter().find_map(|requirement| {
        let missing = || requirement.missing();
        *tried.entry(*requirement).or_insert_with(missing)
    })
}

/// Creates a test that is reported as ignored, with the reason as its kind, unless its requirements are met.
pub(crate) fn trial(
    name: &str,
    requirements: &[Requirement],
    test: impl FnOnce() -> Result<(), Failed> + Send + 'static,
) -> Trial {
    match unmet(requirements) {
        None => Trial::test(name, test),
        Some(why) => ignored(name, why),
    }
}

/// Creates an ignored test with the reason.
pub(crate) fn ignored(name: &str, why: &str) -> Trial {
    Trial::test(name, || Ok(()))
        .with_kind(format!("SKIPPED: {why}"))
        .with_ignored_flag(true)
}

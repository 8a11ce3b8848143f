//! What a test cannot do without, and how its absence is told: as an ignored trial whose name says why.

use std::fs;
use std::os::fd::OwnedFd;
use std::process::{Command, ExitStatus, Stdio};

use libtest_mimic::{Failed, Trial};

/// Something that a machine may lack.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Need {
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
    /// `python3` with `pyarrow`.
    Pyarrow,
    /// `python3` with `duckdb`.
    Duckdb,
    /// `nft` of nftables, to lose packets.
    Nft,
    /// `nginx`, to have a server that is healthy.
    Nginx,
    /// `wrk`, to ask it much.
    Wrk,
    /// `iperf3`, to send at full speed.
    Iperf3,
}

/// `CAP_NET_ADMIN`, `CAP_SYS_PTRACE` and `CAP_SYS_ADMIN` as bits of `CapEff`.
const ROOT_CAPABILITIES: u64 = 1 << 12 | 1 << 19 | 1 << 21;

impl Need {
    /// Why it is missing here; `None` if it is there.
    fn missing(self) -> Option<&'static str> {
        match self {
            Need::Root => (!is_root()).then_some("needs root"),
            Need::Ip => (!runs("ip", "-V")).then_some("needs ip (iproute2)"),
            Need::Ss => (!runs("ss", "-V")).then_some("needs ss (iproute2)"),
            Need::Setpriv => {
                (!runs("setpriv", "--version")).then_some("needs setpriv (util-linux)")
            }
            Need::Mptcp => mptcp_socket()
                .is_err()
                .then_some("needs a kernel with MPTCP"),
            Need::Pyarrow => (!imports("pyarrow")).then_some("needs python3 with pyarrow"),
            Need::Duckdb => (!imports("duckdb")).then_some("needs python3 with duckdb"),
            Need::Nft => (!runs("nft", "--version")).then_some("needs nft (nftables)"),
            Need::Nginx => (!runs("nginx", "-v")).then_some("needs nginx"),
            // It has no option that ends it well.
            Need::Wrk => (!is_there("wrk", "-v")).then_some("needs wrk"),
            Need::Iperf3 => (!runs("iperf3", "-v")).then_some("needs iperf3"),
            Need::Unshare => {
                (!runs("unshare", "--version")).then_some("needs unshare (util-linux)")
            }
        }
    }
}

/// A new MPTCP socket over IPv4.
pub(crate) fn mptcp_socket() -> rustix::io::Result<OwnedFd> {
    use rustix::net::{AddressFamily, SocketType, ipproto, socket};
    socket(
        AddressFamily::INET,
        SocketType::STREAM,
        Some(ipproto::MPTCP),
    )
}

/// Whether this process may make namespaces and links and look into every process.
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

/// Whether Python has a module.
fn imports(module: &str) -> bool {
    succeeds(Command::new("python3").args(["-c", &format!("import {module}")]))
}

fn succeeds(command: &mut Command) -> bool {
    quiet(command).is_ok_and(|status| status.success())
}

/// Whether it can be started.
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

/// Why `needs` are not met; `None` if they are.
pub(crate) fn unmet(needs: &[Need]) -> Option<&'static str> {
    needs.iter().find_map(|need| need.missing())
}

/// A test that runs where its needs are met, and elsewhere is reported as ignored with the reason as its kind.
pub(crate) fn trial(
    name: &str,
    needs: &[Need],
    test: impl FnOnce() -> Result<(), Failed> + Send + 'static,
) -> Trial {
    match unmet(needs) {
        None => Trial::test(name, test),
        Some(why) => ignored(name, why),
    }
}

/// A test that cannot run here, and why.
pub(crate) fn ignored(name: &str, why: &str) -> Trial {
    Trial::test(name, || Ok(()))
        .with_kind(format!("SKIPPED: {why}"))
        .with_ignored_flag(true)
}

//! A network namespace of the test's own, and a link to a second one.

use std::fs;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::process::Command;
use std::sync::mpsc::{self, Sender};
use std::thread;

use nix::sched::{CloneFlags, unshare};

/// This side of the link. All addresses are from ranges for documentation, in a namespace that nothing leaves.
pub(crate) const NEAR: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 1);
/// The other side, which answers.
pub(crate) const FAR: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 2);
/// The other side too; [`break_path`] sends what goes there into the void, while what comes from there arrives.
pub(crate) const FAR_BROKEN: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 3);
/// An address on the link that no host has.
pub(crate) const NOBODY: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 99);
/// This side, IPv6.
pub(crate) const NEAR6: Ipv6Addr = Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1);
/// The other side, IPv6.
pub(crate) const FAR6: Ipv6Addr = Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 2);
/// Link-local address of this side.
pub(crate) const NEAR_LOCAL: &str = "fe80::1";
/// Link-local address of the other side.
pub(crate) const FAR_LOCAL: &str = "fe80::2";
/// This side's device.
pub(crate) const DEVICE: &str = "near0";

/// A hardware address that no device has.
const NO_DEVICE: &str = "02:00:00:00:00:99";

/// Runs `ip` and panics with what it said if it fails.
pub(crate) fn ip(arguments: &str) {
    let output = Command::new("ip")
        .args(arguments.split_whitespace())
        .output()
        .expect("ip runs");
    assert!(
        output.status.success(),
        "ip {arguments}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
}

/// Puts this thread, and those that it starts from now on, into an empty network namespace with a working loopback.
///
/// In `main` before any other thread it is the whole process that moves, `/proc/self/net` included.
pub(crate) fn enter_own_namespace() {
    unshare(CloneFlags::CLONE_NEWNET).expect("root may make a network namespace");
    ip("link set lo up");
}

type Job = Box<dyn FnOnce() + Send>;

/// A veth pair: one end here, the other in a namespace that a thread of this process lives in.
#[derive(Debug)]
pub(crate) struct Link {
    jobs: Sender<Job>,
}

impl Link {
    /// Makes both ends, their addresses and static neighbours, so that nothing depends on resolution.
    pub(crate) fn new() -> Link {
        let (jobs, received) = mpsc::channel::<Job>();
        let link = Link { jobs };
        thread::Builder::new()
            .name("far".into())
            .spawn(move || {
                unshare(CloneFlags::CLONE_NEWNET).expect("root may make a network namespace");
                for job in received {
                    job();
                }
            })
            .expect("a thread starts");
        let thread = link.far(|| rustix::thread::gettid().as_raw_nonzero());

        ip(&format!("link add {DEVICE} type veth peer name far0"));
        ip(&format!("link set far0 netns {thread}"));
        without_dad(DEVICE);
        ip(&format!("addr add {NEAR}/24 dev {DEVICE}"));
        ip(&format!("addr add {NEAR6}/64 dev {DEVICE} nodad"));
        link.far(|| {
            without_dad("far0");
            ip("link set lo up");
            for address in [FAR, FAR_BROKEN] {
                ip(&format!("addr add {address}/24 dev far0"));
            }
            ip(&format!("addr add {FAR6}/64 dev far0 nodad"));
            ip("link set far0 up");
        });
        ip(&format!("link set {DEVICE} up"));
        ip(&format!("addr add {NEAR_LOCAL}/64 dev {DEVICE} nodad"));
        let near_mac = hardware_address(DEVICE);
        let far_mac = link.far(move || {
            ip(&format!("addr add {FAR_LOCAL}/64 dev far0 nodad"));
            for address in [NEAR.to_string(), NEAR6.to_string(), NEAR_LOCAL.into()] {
                ip(&format!(
                    "neigh replace {address} lladdr {near_mac} nud permanent dev far0"
                ));
            }
            hardware_address("far0")
        });
        for address in [
            FAR.to_string(),
            FAR_BROKEN.to_string(),
            FAR6.to_string(),
            FAR_LOCAL.into(),
        ] {
            ip(&format!(
                "neigh replace {address} lladdr {far_mac} nud permanent dev {DEVICE}"
            ));
        }
        ip(&format!(
            "neigh replace {NOBODY} lladdr {NO_DEVICE} nud permanent dev {DEVICE}"
        ));
        link
    }

    /// Runs `job` in the other namespace and answers what it answers. Sockets made there stay there.
    pub(crate) fn far<T: Send + 'static>(&self, job: impl FnOnce() -> T + Send + 'static) -> T {
        let (answer, answered) = mpsc::sync_channel(1);
        self.jobs
            .send(Box::new(move || {
                let _ = answer.send(job());
            }))
            .expect("the far thread lives");
        answered.recv().expect("the far job did not panic")
    }
}

/// From now on nothing that is sent over the [`Link`] to [`FAR_BROKEN`] arrives. What comes from there still does.
pub(crate) fn break_path() {
    ip(&format!(
        "neigh replace {FAR_BROKEN} lladdr {NO_DEVICE} nud permanent dev {DEVICE}"
    ));
}

/// Undoes it.
pub(crate) fn mend_path() {
    let far_mac = word_after("lladdr", &["neigh", "show", &FAR.to_string()]);
    ip(&format!(
        "neigh replace {FAR_BROKEN} lladdr {far_mac} nud permanent dev {DEVICE}"
    ));
}

/// Lets IPv6 addresses of the device be used at once.
fn without_dad(device: &str) {
    for (name, value) in [("accept_dad", "0"), ("addr_gen_mode", "1")] {
        let path = format!("/proc/sys/net/ipv6/conf/{device}/{name}");
        fs::write(&path, value).unwrap_or_else(|error| panic!("{path}: {error}"));
    }
}

/// The device's hardware address, from `ip`: `/sys` shows the namespace that mounted it.
fn hardware_address(device: &str) -> String {
    word_after("link/ether", &["-o", "link", "show", "dev", device])
}

/// The word after `word` in the output of `ip`.
fn word_after(word: &str, arguments: &[&str]) -> String {
    let output = Command::new("ip").args(arguments).output();
    let output = output.expect("ip runs");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    text.split_whitespace()
        .skip_while(|each| *each != word)
        .nth(1)
        .unwrap_or_else(|| panic!("no {word:?} in {text:?}"))
        .to_owned()
}

/// The device's index in this thread's namespace.
pub(crate) fn device_index(device: &str) -> u32 {
    let socket = rustix::net::socket(
        rustix::net::AddressFamily::INET,
        rustix::net::SocketType::DGRAM,
        None,
    )
    .expect("a socket");
    rustix::net::netdevice::name_to_index(&socket, device)
        .unwrap_or_else(|error| panic!("{device}: {error}"))
}

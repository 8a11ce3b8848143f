//! The scenes of the bench: who holds how many sockets, and what that needs of the machine.

use std::fmt;
use std::fs;
use std::process::{Command, Stdio};
use std::str::FromStr;

use rustix::process::{Resource, getrlimit};

use crate::support::helper_process::HelperProcess;

/// Memory of the kernel for a connected TCP socket with its file, and of two dashboards for its row, bytes.
const BYTES_PER_SOCKET: u64 = 6000;

/// Memory of a process that holds sockets, bytes.
const BYTES_PER_PROCESS: u64 = 2 << 20;

/// Sockets of one process of a scene that does not set their number.
const SOCKETS_PER_PROCESS: u64 = 16_000;

/// Holds the sockets.
const HOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/bench/scale/hold.py");

/// A number of sockets of one kind, and how they are spread over processes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scene {
    /// Idle connections over loopback, 16 000 sockets in a process.
    Connections(u64),
    /// Processes with so many sockets each.
    Processes(u64, u64),
    /// One process with all sockets.
    One(u64),
    /// Connections in TIME-WAIT.
    TimeWait(u64),
    /// Listeners.
    Listeners(u64),
    /// Unix sockets, connected in pairs.
    Unix(u64),
}

/// The scenes besides connections.
pub(crate) const OTHERS: [Scene; 5] = [
    Scene::Processes(5000, 200),
    Scene::One(200_000),
    Scene::TimeWait(200_000),
    Scene::Listeners(10_000),
    Scene::Unix(100_000),
];

impl FromStr for Scene {
    type Err = String;

    /// Parses `100000`, `processes=5000x200`, `one=200000`, `time-wait=200000`, `listeners=10000` or `unix=100000`.
    fn from_str(text: &str) -> Result<Scene, String> {
        let wrong = || format!("{text}: not a scene; see the comment in tests/bench/scale/main.rs");
        let number = |digits: &str| digits.replace('_', "").parse::<u64>().map_err(|_| wrong());
        let Some((name, numbers)) = text.split_once('=') else {
            return Ok(Scene::Connections(number(text)?));
        };
        Ok(match name {
            "processes" => {
                let (processes, sockets) = numbers.split_once('x').ok_or_else(wrong)?;
                Scene::Processes(number(processes)?, number(sockets)?)
            }
            "one" => Scene::One(number(numbers)?),
            "time-wait" => Scene::TimeWait(number(numbers)?),
            "listeners" => Scene::Listeners(number(numbers)?),
            "unix" => Scene::Unix(number(numbers)?),
            _ => return Err(wrong()),
        })
    }
}

impl fmt::Display for Scene {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Scene::Connections(sockets) => write!(f, "{sockets} connected sockets"),
            Scene::Processes(processes, sockets) => {
                write!(f, "{processes} processes with {sockets} sockets each")
            }
            Scene::One(sockets) => write!(f, "one process with {sockets} sockets"),
            Scene::TimeWait(sockets) => write!(f, "{sockets} sockets in TIME-WAIT"),
            Scene::Listeners(sockets) => write!(f, "{sockets} listeners"),
            Scene::Unix(sockets) => write!(f, "{sockets} unix sockets"),
        }
    }
}

impl Scene {
    /// Returns the number of sockets.
    pub(crate) fn sockets(self) -> u64 {
        match self {
            Scene::Processes(processes, sockets) => processes * sockets,
            Scene::Connections(sockets)
            | Scene::One(sockets)
            | Scene::TimeWait(sockets)
            | Scene::Listeners(sockets)
            | Scene::Unix(sockets) => sockets,
        }
    }

    fn processes(self) -> u64 {
        match self {
            Scene::Processes(processes, _) => processes,
            Scene::One(_) => 1,
            _ => self.sockets().div_ceil(SOCKETS_PER_PROCESS),
        }
    }

    fn arguments(self) -> Vec<String> {
        let (name, numbers) = match self {
            Scene::Connections(sockets) => ("connections", vec![sockets]),
            Scene::Processes(processes, sockets) => ("processes", vec![processes, sockets]),
            Scene::One(sockets) => ("one", vec![sockets]),
            Scene::TimeWait(sockets) => ("time-wait", vec![sockets]),
            Scene::Listeners(sockets) => ("listeners", vec![sockets]),
            Scene::Unix(sockets) => ("unix", vec![sockets]),
        };
        let numbers = numbers.iter().map(u64::to_string);
        std::iter::once(name.to_owned()).chain(numbers).collect()
    }

    /// Reports in one line what the machine lacks for the scene.
    fn check_machine(self) -> Result<(), String> {
        let needed = self.sockets() * BYTES_PER_SOCKET + self.processes() * BYTES_PER_PROCESS;
        let available = memory_available().unwrap_or(u64::MAX);
        if needed > available {
            return Err(format!(
                "needs about {} MB of memory, and {} MB are available",
                needed >> 20,
                available >> 20
            ));
        }
        let descriptors = match self {
            Scene::One(sockets) | Scene::Processes(_, sockets) => sockets + 100,
            _ => 1000,
        };
        let hard = getrlimit(Resource::Nofile).maximum.unwrap_or(u64::MAX);
        if descriptors > hard {
            return Err(format!(
                "needs {descriptors} descriptors in one process, and the hard limit is {hard} (ulimit -Hn)"
            ));
        }
        let files = number_in("/proc/sys/fs/file-max").unwrap_or(u64::MAX);
        let in_use = number_in("/proc/sys/fs/file-nr").unwrap_or(0);
        if self.sockets() > files.saturating_sub(in_use) {
            return Err(format!("needs more open files than fs.file-max ({files})"));
        }
        for path in ["/proc/sys/kernel/pid_max", "/sys/fs/cgroup/pids.max"] {
            let most = number_in(path).unwrap_or(u64::MAX);
            if self.processes() + 1000 > most {
                return Err(format!(
                    "needs {} processes, and {path} allows {most}",
                    self.processes()
                ));
            }
        }
        Ok(())
    }

    /// Opens the sockets, in processes of their own.
    ///
    /// # Errors
    /// In one line, if the machine is too small for it.
    pub(crate) fn open(self) -> Result<Holder, String> {
        self.check_machine()?;
        if matches!(self, Scene::TimeWait(_)) {
            let most = (2 * self.sockets()).to_string();
            fs::write("/proc/sys/net/ipv4/tcp_max_tw_buckets", most)
                .map_err(|error| format!("cannot set tcp_max_tw_buckets: {error}"))?;
        }
        let mut command = Command::new("python3");
        command
            .arg(HOLDER)
            .args(self.arguments())
            .stdin(Stdio::piped());
        let mut process = HelperProcess::start(command);
        let mut held = Vec::new();
        loop {
            let line = process.read_line();
            let words: Vec<&str> = line.split(' ').collect();
            match words[..] {
                ["holds", pid, sockets] => {
                    let number = |word: &str| word.parse::<u32>().ok();
                    held.extend(number(pid).zip(number(sockets)));
                }
                ["ready"] => return Ok(Holder { process, held }),
                ["failed", ..] => return Err(line["failed ".len()..].to_owned()),
                _ => return Err(format!("the sockets could not be opened: {line}")),
            }
        }
    }
}

/// The processes that hold the sockets of a scene, until it is dropped.
#[derive(Debug)]
pub(crate) struct Holder {
    process: HelperProcess,
    /// Processes with the number of their sockets.
    pub(crate) held: Vec<(u32, u32)>,
}

impl Holder {
    /// Replaces sockets by others.
    pub(crate) fn change(&mut self, sockets: u32) {
        self.process.send_line(&format!("change {sockets}"));
        assert_eq!(self.process.read_line(), "changed");
    }
}

fn number_in(path: &str) -> Option<u64> {
    let text = fs::read_to_string(path).ok()?;
    text.split_ascii_whitespace().next()?.parse().ok()
}

/// Returns the memory that can be had without swapping, bytes.
fn memory_available() -> Option<u64> {
    let text = fs::read_to_string("/proc/meminfo").ok()?;
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix("MemAvailable:"))?;
    let kib: u64 = line.split_ascii_whitespace().next()?.parse().ok()?;
    Some(kib << 10)
}

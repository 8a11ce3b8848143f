//! A synthetic `/proc`, one file of which is replaced by an input.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::time::Duration;

use sockwatch::filter::NameResolver as _;
use sockwatch::model::{Counters, SocketTable};
use sockwatch::source::SystemNames;
use sockwatch::source::procfs::{
    CounterReader, Owners, SettingsReader, SocketFile, hides_pid_namespaces, netlink_drops,
    read_host,
};

/// The files that are replaced, with texts in `tests/fixtures/proc`.
pub const FILES: [&str; 28] = [
    "net/sockstat",
    "net/sockstat6",
    "net/snmp",
    "net/snmp6",
    "net/netstat",
    "net/dev",
    "net/netlink",
    "net/raw",
    "net/raw6",
    "net/icmp",
    "net/icmp6",
    "sys/fs/file-nr",
    "sys/net/ipv4/tcp_mem",
    "sys/net/ipv4/ip_local_port_range",
    "sys/net/ipv4/ip_local_reserved_ports",
    "sys/net/netfilter/nf_conntrack_count",
    "sys/kernel/random/boot_id",
    "self/mountinfo",
    "self/status",
    "42/stat",
    "42/comm",
    "42/cmdline",
    "42/cgroup",
    "42/limits",
    "42/task/42/stat",
    "42/task/42/syscall",
    "42/task/42/fdinfo/5",
    "42/fdinfo/6",
];

/// Descriptors of the process 42.
const DESCRIPTORS: [(&str, &str); 5] = [
    ("3", "socket:[4711]"),
    ("4", "pipe:[12]"),
    ("5", "anon_inode:[eventpoll]"),
    ("6", "anon_inode:[io_uring]"),
    ("7", "/var/log/access.log"),
];

/// Inodes of sockets that are searched for: of the process, registered with a ring, unknown.
const INODES: [u32; 3] = [4711, 12, 99];

/// Returns the text of a file as a real kernel writes it.
pub fn fixture(file: &str) -> Vec<u8> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/proc");
    fs::read(directory.join(file)).expect("it is in the repository")
}

/// A tree in a temporary directory.
#[derive(Debug)]
pub struct ProcfsTree {
    root: PathBuf,
    texts: Vec<Vec<u8>>,
}

impl ProcfsTree {
    /// Creates the tree in the directory for temporary files; the runner removes it.
    pub fn create() -> ProcfsTree {
        let root = std::env::temp_dir().join(format!("procfs-{}", std::process::id()));
        let texts: Vec<Vec<u8>> = FILES.iter().map(|file| fixture(file)).collect();
        for (file, text) in FILES.iter().zip(&texts) {
            let path = root.join(file);
            let directory = path.parent().expect("it is below the root");
            fs::create_dir_all(directory).expect("it can be created");
            fs::write(&path, text).expect("it can be written");
        }
        for directory in ["42/fd", "42/task/42/fd"] {
            let directory = root.join(directory);
            fs::create_dir_all(&directory).expect("it can be created");
            for (fd, target) in DESCRIPTORS {
                // It exists if another process had the same number.
                let _ = symlink(target, directory.join(fd));
            }
        }
        fs::create_dir_all(root.join("self/ns")).expect("it can be created");
        fs::write(root.join("self/ns/pid"), "").expect("it can be written");
        ProcfsTree { root, texts }
    }

    /// Replaces a file, reads everything, and restores the file.
    pub fn read_with(&self, file: usize, text: &[u8]) {
        let file = file % FILES.len();
        let path = self.root.join(FILES[file]);
        fs::write(&path, text).expect("it can be written");
        self.read_all();
        fs::write(&path, &self.texts[file]).expect("it can be written");
    }

    fn read_all(&self) {
        let root = &self.root;
        let mut faults = Vec::new();
        let mut counters = Counters::default();
        let mut reader = CounterReader::new(root);
        // The second time, the names are compared with those of the first.
        for _ in 0..2 {
            reader.read(&mut counters, &mut faults);
            assert_eq!(
                counters.protocols.names.len(),
                counters.protocols.values.len()
            );
        }
        let settings = SettingsReader::new(root).read(&mut faults);
        let _ = settings.number("net.ipv4.tcp_mem", 2);
        let mut table = SocketTable::default();
        for file in [
            SocketFile::RAW,
            SocketFile::RAW6,
            SocketFile::ICMP,
            SocketFile::ICMP6,
        ] {
            let _ = file.read(root, 1, &mut table);
        }
        let _ = (read_host(root), hides_pid_namespaces(root));
        let _ = netlink_drops(root, 560);
        let names = SystemNames::new(root);
        let _ = names.ephemeral_ports();
        self.read_owners();
        for fault in &faults {
            assert!(!fault.source.is_empty() && !fault.error.is_empty());
        }
    }

    fn read_owners(&self) {
        let mut owners = Owners::new(&self.root, Duration::ZERO);
        let live = |_| true;
        for second in 1..3 {
            let now_ns = second * 1_000_000_000;
            owners.refresh(now_ns, &live);
            let unknown = INODES.map(|inode| (inode, None));
            owners.resolve(&unknown, now_ns, &live);
        }
        let _ = owners.io_uring_sockets();
        for slot in 0..owners.slots() {
            let Some(row) = owners.process(slot) else {
                continue;
            };
            let _ = (
                row.process.names().count(),
                owners.held_sockets(slot).is_some(),
            );
            let key = row.process.key;
            let _ = owners.activity(key);
        }
        let _ = (owners.visibility(), owners.take_faults());
    }
}

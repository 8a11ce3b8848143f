//! Real sockets in the real `/proc`, and synthetic trees where the moment of a change matters.

use std::fs;
use std::io::Read as _;
use std::net::UdpSocket;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use rustix::io::Errno;

use super::entry::NewProcess;
use super::new_processes::PARALLEL_DESCRIPTORS;
use super::*;
use crate::model::{FaultSeverity, ProcessKey, ProcessRow};
use crate::source::procfs::SocketDescriptor;

mod not_run;
mod passed_on;
mod threads;

const SECOND: u64 = 1_000_000_000;

fn all_live(_: u32) -> bool {
    true
}

fn real() -> Owners {
    let mut owners = Owners::new(Path::new("/proc"), Duration::from_secs(60));
    owners.refresh(SECOND, &all_live);
    owners
}

fn inode(socket: impl AsFd) -> u32 {
    rustix::fs::fstat(socket).expect("an open socket").st_ino as u32
}

/// Returns the holders of a socket as (pid, fd).
fn holders(owners: &Owners, inode: u32) -> Vec<(u32, u32)> {
    let of = |holder: &SocketDescriptor| {
        let row = owners.process(holder.slot).expect("holders are known");
        (row.process.key.pid, holder.fd)
    };
    owners.holders(inode).iter().map(of).collect()
}

/// Iterates over the processes that own sockets, with their slots.
fn processes(owners: &Owners) -> impl Iterator<Item = (u32, &ProcessRow)> {
    owners.slots.iter().enumerate().filter_map(|(slot, entry)| {
        let entry = entry.as_ref().filter(|entry| entry.sockets() > 0)?;
        Some((slot as u32, entry.row.as_ref()?))
    })
}

/// Returns true if the process existed at the last refresh.
fn is_alive(owners: &Owners, key: ProcessKey) -> bool {
    let slot = owners.by_pid.get(&key.pid);
    slot.and_then(|&slot| owners.entry(slot))
        .is_some_and(|entry| entry.key == key)
}

/// A child that does not outlive the test.
struct Child(std::process::Child);

impl Drop for Child {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn socket() -> UdpSocket {
    UdpSocket::bind("127.0.0.1:0").expect("a socket")
}

#[test]
fn a_socket_of_ours_is_found_with_all_its_descriptors() {
    let socket = socket();
    let inode = inode(&socket);
    let me = std::process::id();
    let mut owners = real();
    assert_eq!(holders(&owners, inode), [(me, socket.as_raw_fd() as u32)]);

    let twin = socket.try_clone().expect("duplicated");
    let mut both = [
        (me, socket.as_raw_fd() as u32),
        (me, twin.as_raw_fd() as u32),
    ];
    both.sort_unstable();
    // Other tests open and close descriptors, so the number may be unchanged.
    owners.refresh(2 * SECOND, &all_live);
    owners.refresh(40 * SECOND, &all_live);
    assert_eq!(holders(&owners, inode), both);

    let slot = owners.holders(inode)[0].slot;
    let row = owners.process(slot).expect("known").clone();
    assert!(processes(&owners).any(|(at, known)| at == slot && *known == row));
    assert!(is_alive(&owners, row.process.key));
    assert!(!is_alive(
        &owners,
        ProcessKey {
            start_time: row.process.key.start_time + 1,
            ..row.process.key
        }
    ));
    let comm = fs::read_to_string("/proc/self/comm").expect("readable");
    assert_eq!(row.process.comm, comm.trim_end_matches('\n'));
    assert!(!row.process.command_line.is_empty());
    assert!(!row.process.command_line.contains('\0'));
    assert_eq!(row.process.parent, std::os::unix::process::parent_id());
    assert_eq!(row.process.uid, rustix::process::geteuid().as_raw());
    assert!(row.descriptors.is_some_and(|count| count >= 2));

    drop((socket, twin));
    owners.refresh(80 * SECOND, &all_live);
    assert!(
        !holders(&owners, inode)
            .iter()
            .any(|&(_, fd)| both.contains(&(me, fd)))
    );
    assert_eq!(owners.take_faults(), []);
}

#[test]
fn a_child_that_inherits_a_socket_holds_it_until_it_exits() {
    let socket = socket();
    let inode = inode(&socket);
    let me = (std::process::id(), socket.as_raw_fd() as u32);
    let mut owners = real();
    let mut child = Command::new("sh")
        .args(["-c", "echo ready; read line"])
        .stdin(Stdio::from(OwnedFd::from(
            socket.try_clone().expect("duplicated"),
        )))
        .stdout(Stdio::piped())
        .spawn()
        .map(Child)
        .expect("sh is there");
    // A starting program has no arguments yet.
    let mut ready = [0; 5];
    let output = child.0.stdout.as_mut().expect("piped");
    output.read_exact(&mut ready).expect("it has started");
    let pid = child.0.id();
    owners.refresh(2 * SECOND, &all_live);
    let theirs = (pid, 0);
    let found = holders(&owners, inode);
    assert!(found.contains(&me) && found.contains(&theirs), "{found:?}");
    let (_, row) = processes(&owners)
        .find(|(_, row)| row.process.key.pid == pid)
        .expect("it holds a socket");
    let process = Arc::clone(&row.process);
    assert_eq!(process.comm, "sh");
    assert_eq!(process.command_line, "sh -c echo ready; read line");
    assert_eq!(process.parent, std::process::id());

    let before = owners.generation();
    drop(child);
    owners.refresh(3 * SECOND, &all_live);
    assert!(!holders(&owners, inode).contains(&theirs));
    assert!(!is_alive(&owners, process.key));
    assert_ne!(owners.generation(), before);
}

#[test]
fn two_threads_read_the_same_as_one() {
    let socket = socket();
    let mut owners = Owners::new(Path::new("/proc"), Duration::from_secs(60));
    let root = owners.open_root().expect("procfs");
    let new: Vec<NewProcess> = [std::process::id(), 1, 4_000_000_000]
        .map(|pid| NewProcess {
            pid,
            directory: 0,
            count: Some(PARALLEL_DESCRIPTORS as u32),
        })
        .into();
    owners.scan_new(root.as_fd(), &new, SECOND, true);
    owners.update_rows(root.as_fd(), Some(SECOND));
    let me = (std::process::id(), socket.as_raw_fd() as u32);
    assert_eq!(holders(&owners, inode(&socket)), [me]);
}

/// More sockets than are verified in each refresh.
const MANY: u32 = 5000;

/// A synthetic procfs. It reports no numbers of descriptors, so every process is listed at every refresh.
struct Tree(tempfile::TempDir);

impl Tree {
    fn new() -> Tree {
        let tree = Tree(tempfile::tempdir().expect("a directory"));
        tree.process(1, 10, 0);
        tree
    }

    fn at(&self, pid: u32, name: &str) -> PathBuf {
        self.0.path().join(pid.to_string()).join(name)
    }

    /// Creates a process, or another one with the same pid.
    fn process(&self, pid: u32, start_time: u64, flags: u32) {
        fs::create_dir_all(self.at(pid, "fd")).expect("created");
        let stat = format!(
            "{pid} (p{start_time}) S 0 0 0 0 -1 {flags} 0 0 0 0 0 0 0 0 20 0 1 0 {start_time}{}\n",
            " 0".repeat(30)
        );
        fs::write(self.at(pid, "stat"), stat).expect("written");
        fs::write(self.at(pid, "comm"), format!("p{start_time}\n")).expect("written");
        fs::write(self.at(pid, "cmdline"), format!("p{start_time}\0-x\0")).expect("written");
        fs::write(self.at(pid, "cgroup"), "1:cpu:/c\n0::/g\n").expect("written");
    }

    fn close(&self, pid: u32, fd: u32) {
        fs::remove_file(self.at(pid, &format!("fd/{fd}"))).expect("was open");
    }

    fn open(&self, pid: u32, fd: u32, target: &str) {
        symlink(target, self.at(pid, &format!("fd/{fd}"))).expect("was free");
    }

    fn replace(&self, pid: u32, fd: u32, target: &str) {
        self.close(pid, fd);
        self.open(pid, fd, target);
    }

    fn owners(&self) -> Owners {
        let mut owners = Owners::new(self.0.path(), Duration::ZERO);
        owners.refresh(SECOND, &all_live);
        owners
    }
}

#[test]
fn new_descriptors_are_read_and_those_of_sockets_verified() {
    let tree = Tree::new();
    tree.open(1, 3, "socket:[11]");
    tree.open(1, 4, "pipe:[5]");
    let mut owners = tree.owners();
    assert_eq!(holders(&owners, 11), [(1, 3)]);
    assert!(owners.holders(5).is_empty(), "a pipe is no socket");

    tree.replace(1, 3, "socket:[12]");
    tree.open(1, 5, "socket:[13]");
    owners.refresh(SECOND, &all_live);
    assert_eq!(holders(&owners, 13), [(1, 5)]);
    assert_eq!(holders(&owners, 12), [(1, 3)], "it is verified");
    assert!(owners.holders(11).is_empty());
    let generation = owners.generation();
    owners.refresh(SECOND, &all_live);
    assert_eq!(owners.generation(), generation, "nothing has changed");
}

#[test]
fn a_live_socket_without_a_known_holder_makes_processes_be_read_again() {
    let tree = Tree::new();
    tree.open(1, 3, "socket:[11]");
    tree.open(1, 4, "/var/log/file");
    let mut owners = tree.owners();
    owners.refresh(SECOND, &all_live);

    tree.replace(1, 4, "socket:[14]");
    owners.resolve(&[(14, None)], SECOND, &all_live);
    assert_eq!(holders(&owners, 14), [(1, 4)], "a file became a socket");

    // A process that has many descriptors is not verified in each refresh.
    for fd in 0..MANY {
        tree.open(1, 100 + fd, &format!("socket:[{}]", 10_000 + fd));
    }
    owners.refresh(SECOND, &all_live);
    assert!(!owners.all_verified());
    tree.replace(1, 3, "socket:[12]");
    let unknown = [(12, Some(tree.uid())), (99, Some(tree.uid()))];
    owners.refresh(SECOND, &all_live);
    owners.resolve(&unknown, SECOND, &all_live);
    assert!(owners.holders(12).is_empty(), "11 lives and is kept once");
    owners.refresh(SECOND, &all_live);
    owners.resolve(&unknown, SECOND, &all_live);
    assert_eq!(holders(&owners, 12), [(1, 3)]);

    // 99 has been searched for twice: nothing is read for it until it is due again.
    tree.replace(1, 3, "socket:[99]");
    owners.refresh(SECOND, &all_live);
    owners.resolve(&[(99, None)], SECOND, &all_live);
    assert!(owners.holders(99).is_empty());
    owners.resolve(&[(99, None)], 12 * SECOND, &all_live);
    assert_eq!(holders(&owners, 99), [(1, 3)]);
    assert!(owners.unresolved.is_empty());
}

impl Tree {
    /// Returns the user of the processes: that of the test.
    fn uid(&self) -> u32 {
        rustix::fs::stat(self.0.path()).expect("exists").st_uid
    }
}

#[test]
fn the_sweep_reads_every_descriptor_again_in_its_period_and_some_in_each_refresh() {
    let tree = Tree::new();
    let all = 4 * MANY;
    for fd in 0..all {
        tree.open(1, fd, "pipe:[7]");
    }
    let mut owners = tree.owners();
    for fd in 0..all {
        tree.replace(1, fd, &format!("socket:[{}]", 100_000 + fd));
    }
    let noticed = |owners: &Owners| {
        let inodes = 100_000..100_000 + all;
        let known = inodes.filter(|&inode| !owners.holders(inode).is_empty());
        known.count()
    };
    let mut before = 0;
    for tick in 2..=15 {
        owners.refresh(tick * SECOND, &all_live);
        let now = noticed(&owners);
        let new = now - before;
        assert!(new > 0 && new <= 1500, "{new} in one refresh");
        before = now;
    }
    owners.refresh(17 * SECOND, &all_live);
    assert_eq!(noticed(&owners), all as usize);
}

#[test]
fn a_pid_that_was_reused_is_another_process() {
    let tree = Tree::new();
    tree.process(7, 100, 0);
    tree.open(7, 3, "socket:[11]");
    let mut owners = tree.owners();
    let slot = owners.holders(11)[0].slot;
    let old = owners.process(slot).expect("known").process.key;
    tree.process(7, 200, 0);
    owners.refresh(40 * SECOND, &all_live);
    owners.refresh(41 * SECOND, &all_live);
    assert!(!is_alive(&owners, old));
    assert_eq!(holders(&owners, 11), [(7, 3)]);
    let (_, row) = processes(&owners).next().expect("the new one");
    assert_eq!(
        (row.process.key.start_time, row.process.comm.as_str()),
        (200, "p200")
    );
    assert_eq!(row.process.command_line, "p200 -x");
    assert_eq!(row.process.cgroup.as_deref(), Some("/g"));
    assert_eq!(row.descriptors, Some(1));

    fs::remove_dir_all(tree.0.path().join("7")).expect("exited");
    owners.refresh(42 * SECOND, &all_live);
    assert_eq!(processes(&owners).count(), 0);
    assert!(owners.holders(11).is_empty());
}

#[test]
fn a_changed_name_is_noticed_within_two_refreshes() {
    let tree = Tree::new();
    let mut owners = tree.owners();
    tree.process(7, 100, 0);
    tree.open(7, 3, "socket:[11]");
    owners.refresh(10 * SECOND, &all_live);
    let comm = |owners: &Owners| {
        let (_, row) = processes(owners).next().expect("one holds a socket");
        row.process.comm.clone()
    };
    assert_eq!(comm(&owners), "p100");
    fs::write(tree.at(7, "comm"), "young\n").expect("written");
    owners.refresh(11 * SECOND, &all_live);
    assert_eq!(
        comm(&owners),
        "young",
        "its details are read in each refresh"
    );
    tree.process(8, 100, 0);
    tree.open(8, 3, "socket:[12]");
    owners.refresh(20 * SECOND, &all_live);
    owners.refresh(30 * SECOND, &all_live);
    fs::write(tree.at(7, "comm"), "grown up\n").expect("written");
    fs::write(tree.at(8, "cmdline"), "another\0program\0").expect("written");
    owners.refresh(31 * SECOND, &all_live);
    owners.refresh(32 * SECOND, &all_live);
    let all: Vec<_> = processes(&owners).map(|(_, row)| &row.process).collect();
    assert_eq!(all[0].comm, "grown up");
    assert_eq!(all[1].command_line, "another program");
}

#[test]
fn kernel_threads_are_not_counted_and_files_of_odd_form_are_faults() {
    let tree = Tree::new();
    tree.process(2, 11, PF_KTHREAD);
    tree.process(9, 12, 0);
    fs::write(tree.at(9, "stat"), "9 (cut").expect("written");
    fs::create_dir(tree.0.path().join("net")).expect("created");
    fs::write(tree.0.path().join("77"), "a file").expect("written");
    tree.open(1, 3, "socket:[0]");
    tree.open(1, 4, "socket:[4294967296]");
    let mut owners = tree.owners();
    let visibility = owners.visibility();
    assert_eq!((visibility.processes, visibility.unreadable), (1, 0));
    assert_eq!(processes(&owners).count(), 0);
    assert!(!owners.has_unreadable_processes());
    let faults = owners.take_faults();
    assert!(
        faults
            .iter()
            .all(|fault| fault.severity == FaultSeverity::Degraded)
    );
    assert!(
        faults.iter().any(|fault| fault.source.ends_with("/9")),
        "{faults:?}"
    );
    assert_eq!(owners.take_faults(), []);
}

/// Kernel: `include/linux/sched.h`.
const PF_KTHREAD: u32 = 0x0020_0000;

#[test]
fn known_holders_are_kept_when_the_root_or_a_process_cannot_be_read() {
    let tree = Tree::new();
    tree.open(1, 3, "socket:[11]");
    let mut owners = tree.owners();
    let slot = owners.holders(11)[0].slot;
    for error in [Errno::MFILE, Errno::NFILE, Errno::MFILE, Errno::NOMEM] {
        owners.read_failed(slot, error);
    }
    assert_eq!(holders(&owners, 11), [(1, 3)]);
    let faults = owners.take_faults();
    assert_eq!(faults.len(), 3, "{faults:?}");
    assert!(faults[0].error.contains("(2 times)"), "{}", faults[0]);
    assert!(owners.entry(slot).is_some_and(|entry| entry.retry));

    owners.read_failed(slot, Errno::ACCESS);
    owners.update_denied();
    assert!(owners.holders(11).is_empty());
    assert_eq!(owners.visibility().unreadable, 1);
    assert!(owners.has_unreadable_processes());
    owners.refresh(40 * SECOND, &all_live);
    assert_eq!(holders(&owners, 11), [(1, 3)], "the sweep tries again");

    let root = tree.0.path().to_owned();
    fs::rename(&root, root.with_extension("away")).expect("moved");
    owners.refresh(41 * SECOND, &all_live);
    assert_eq!(holders(&owners, 11), [(1, 3)]);
    assert_eq!(owners.take_faults().len(), 1);
    fs::rename(root.with_extension("away"), &root).expect("moved back");
}

#[test]
fn if_the_first_process_is_hidden_others_may_be() {
    let tree = Tree::new();
    let away = tree.0.path().join("away");
    fs::rename(tree.0.path().join("1"), &away).expect("moved");
    tree.process(7, 100, 0);
    let mut owners = tree.owners();
    assert!(owners.has_unreadable_processes());
    assert_eq!(owners.take_faults(), []);
}

#[test]
fn a_root_without_processes_is_no_procfs() {
    let root = tempfile::tempdir().expect("a directory");
    let mut owners = Owners::new(root.path(), Duration::ZERO);
    owners.refresh(SECOND, &all_live);
    assert!(!owners.has_unreadable_processes(), "nothing says so");
    let faults = owners.take_faults();
    assert_eq!(faults.len(), 1);
    assert!(faults[0].error.contains("mount procfs"), "{}", faults[0]);
}

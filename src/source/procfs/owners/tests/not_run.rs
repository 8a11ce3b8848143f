//! Processes that have not run since their descriptors were read.

use std::fs;
use std::io::Write as _;
use std::net::TcpListener;
use std::os::fd::{AsFd as _, OwnedFd};
use std::process::{Command, Stdio};

use super::{Child, MANY, SECOND, Tree, all_live, holders, inode, real};
use crate::source::procfs::Owners;

impl Tree {
    /// Sets how much a process has run, and its number of threads.
    fn has_run(&self, pid: u32, times: u32, threads: u32) {
        let schedstat = format!("{}000 5 {times}\n", 100 + times);
        fs::write(self.at(pid, "schedstat"), schedstat).expect("written");
        let stat = format!(
            "{pid} (p100) S 0 0 0 0 -1 0 0 0 0 0 0 0 0 0 20 0 {threads} 0 100{}\n",
            " 0".repeat(30)
        );
        fs::write(self.at(pid, "stat"), stat).expect("written");
    }
}

/// Opens many sockets in process 7, which has run 5 times, and reads all of them twice.
fn swept(threads: u32) -> (Tree, Owners) {
    let tree = Tree::new();
    tree.process(7, 100, 0);
    tree.has_run(7, 5, threads);
    for fd in 0..MANY {
        tree.open(7, fd, &format!("socket:[{}]", 10_000 + fd));
    }
    let mut owners = tree.owners();
    for tick in 2..=40 {
        owners.refresh(tick * SECOND, &all_live);
    }
    assert!(!owners.all_verified());
    (tree, owners)
}

/// Refreshes the owners from a time on, and returns the time at which socket 9 was found; `None` if not within 200 s.
fn found_after(owners: &mut Owners, from: u64) -> Option<u64> {
    (from..from + 200).find(|tick| {
        owners.refresh(tick * SECOND, &all_live);
        !owners.holders(9).is_empty()
    })
}

#[test]
fn descriptors_of_a_process_that_has_not_run_are_not_read_for_two_minutes() {
    let (tree, mut owners) = swept(1);
    let old = owners.holders(10_004)[0];
    tree.replace(7, 3, "socket:[9]");
    for tick in 41..=100 {
        owners.refresh(tick * SECOND, &all_live);
    }
    assert!(owners.holders(9).is_empty(), "nothing was read");
    assert!(owners.is_verified(old), "it cannot have changed");
    let found = found_after(&mut owners, 101).expect("it is read after some rounds nevertheless");
    assert!(found > 120, "at {found} s");
}

#[test]
fn descriptors_of_a_process_that_has_run_are_read_within_the_period() {
    let (tree, mut owners) = swept(1);
    tree.replace(7, 3, "socket:[9]");
    tree.has_run(7, 6, 1);
    let found = found_after(&mut owners, 41).expect("it is swept");
    assert!(found <= 41 + 31, "at {found} s");
}

#[test]
fn a_process_with_several_threads_is_always_read() {
    let (tree, mut owners) = swept(2);
    tree.replace(7, 3, "socket:[9]");
    let found = found_after(&mut owners, 41).expect("it is swept");
    assert!(found <= 41 + 31, "at {found} s");
}

#[test]
fn few_sockets_of_a_process_that_has_not_run_are_not_verified() {
    let tree = Tree::new();
    tree.process(7, 100, 0);
    tree.has_run(7, 5, 1);
    for fd in 0..100 {
        tree.open(7, fd, &format!("socket:[{}]", 10_000 + fd));
    }
    let mut owners = tree.owners();
    // The sweep has no time to read any.
    owners.refresh(SECOND, &all_live);
    owners.refresh(SECOND, &all_live);
    tree.replace(7, 99, "socket:[9]");
    owners.sweep.slot = 0;
    let root = owners.open_root().expect("exists");
    owners.verify_all(root.as_fd(), &all_live);
    assert!(owners.holders(9).is_empty());
    tree.has_run(7, 6, 1);
    owners.refresh(SECOND, &all_live);
    assert_eq!(holders(&owners, 9), [(7, 99)]);
}

#[test]
fn a_real_process_that_replaces_a_descriptor_is_noticed() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a socket");
    let other = TcpListener::bind("127.0.0.1:0").expect("a socket");
    let inodes = (inode(&listener), inode(&other));
    let fd = |socket: &TcpListener| OwnedFd::from(socket.try_clone().expect("duplicated"));
    // Descriptors 10 to 20 are the listener; for each line read, 20 becomes the other one.
    let script = "for fd in 10 11 12 13 14 15 16 17 18 19 20; do eval \"exec $fd>&1\"; done; \
                  read line <&0; exec 20>&2; read line <&0";
    let mut child = Command::new("bash")
        .args(["-c", script])
        .stdin(Stdio::piped())
        .stdout(fd(&listener))
        .stderr(fd(&other))
        .spawn()
        .map(Child)
        .expect("bash is there");
    let pid = child.0.id();
    let mut owners = real();
    let has_20 = |owners: &Owners, inode| holders(owners, inode).contains(&(pid, 20));
    let mut tick = 2;
    let mut wait_until = |owners: &mut Owners, is_done: &dyn Fn(&Owners) -> bool| {
        let deadline = std::time::Instant::now() + std::time::Duration::from_secs(30);
        while !is_done(owners) {
            assert!(std::time::Instant::now() < deadline, "it is not noticed");
            std::thread::sleep(std::time::Duration::from_millis(5));
            owners.refresh(tick * SECOND, &all_live);
            tick += 1;
        }
    };
    wait_until(&mut owners, &|owners| has_20(owners, inodes.0));
    let mut input = child.0.stdin.take().expect("piped");
    input.write_all(b"\n").expect("it reads");
    wait_until(&mut owners, &|owners| has_20(owners, inodes.1));
    assert!(!has_20(&owners, inodes.0));
}

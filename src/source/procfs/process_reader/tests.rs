//! Reading of descriptors, and of a process that ends meanwhile.

use rustix::process::{WaitId, WaitIdOptions};

use super::*;

#[test]
fn descriptors_read_by_number_are_those_that_are_listed() {
    use std::net::UdpSocket;
    let root = rustix::fs::open("/proc", OFlags::PATH, Mode::empty()).expect("/proc");
    let process = open_process(root.as_fd(), std::process::id()).expect("its directory");
    let socket = UdpSocket::bind(("127.0.0.1", 0)).expect("a socket");
    // Without gaps, with few, and with so many that the others are listed.
    for step in [1, 20, 2] {
        let clones: Vec<UdpSocket> = (0..200)
            .map(|_| socket.try_clone().expect("a descriptor"))
            .collect();
        let clones: Vec<UdpSocket> = clones
            .into_iter()
            .enumerate()
            .filter_map(|(at, clone)| (step == 1 || at % step != 0).then_some(clone))
            .collect();
        // Other tests open and close descriptors of this process meanwhile: only those of this socket are compared.
        let inode = rustix::fs::fstat(&socket).expect("its inode").st_ino as u32;
        let own = |reader: &ProcessReader| -> Vec<u32> {
            let own = reader.found.iter().filter(|one| one.inode == inode);
            own.map(|one| one.fd).collect()
        };
        let mut reader = ProcessReader::new();
        reader
            .list_descriptors(&process, Via::Leader, &[], |_| false)
            .expect("its descriptors");
        let listed = own(&reader);
        assert_eq!(listed.len(), clones.len() + 1);
        let count = descriptor_count(root.as_fd(), std::process::id(), Via::Leader);
        let count = count.expect("their number");
        for count in [count, count + 100, MANY_DESCRIPTORS] {
            reader
                .list_new_descriptors(&process, Via::Leader, Some(count))
                .expect("its descriptors");
            assert_eq!(own(&reader), listed, "{count} with a gap of each {step}");
            assert!(reader.found.is_sorted_by_key(|one| one.fd));
        }
    }
}

#[test]
fn a_process_that_ends_while_it_is_read_is_gone_and_not_denied() {
    use std::process::{Command, Stdio};
    let root = rustix::fs::open("/proc", OFlags::PATH, Mode::empty()).expect("/proc");
    let known = [Descriptor {
        fd: 0,
        inode: 0,
        kind: DescriptorKind::Pipe,
        read_in: 0,
    }];
    for waited_for in [true, false] {
        let mut child = Command::new("cat")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .expect("cat");
        let process = open_process(root.as_fd(), child.id()).expect("its directory");
        let mut reader = ProcessReader::new();
        reader
            .list_descriptors(&process, Via::Leader, &[], |_| false)
            .expect("its descriptors");
        assert!(reader.found.len() >= 3, "{:?}", reader.found);
        // It ends after its directory was opened and before the first target is read.
        let mut end = |_| {
            drop(child.stdin.take());
            let pid = rustix::process::Pid::from_child(&child);
            let wait_option = if waited_for {
                WaitIdOptions::empty()
            } else {
                WaitIdOptions::NOWAIT
            };
            rustix::process::waitid(WaitId::Pid(pid), WaitIdOptions::EXITED | wait_option)
                .expect("its end");
            true
        };
        let checked = reader.recheck_descriptors(&process, Via::Leader, &known, &mut end);
        match checked {
            Ok(_) => assert_eq!(reader.found, [], "it has no descriptors any more"),
            Err(error) => assert!(is_gone(error), "{error}"),
        }
        let listed = reader.list_descriptors(&process, Via::Leader, &known, |_| false);
        if waited_for {
            assert!(listed.is_err_and(is_gone), "{listed:?}");
        } else {
            assert_eq!(listed, Ok(()));
            assert_eq!(reader.found, []);
        }
        let _ = child.wait();
    }
}

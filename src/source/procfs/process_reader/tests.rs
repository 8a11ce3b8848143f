//! Reading of a process that ends meanwhile.

use rustix::process::{WaitId, WaitIdOptions};

use super::*;

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

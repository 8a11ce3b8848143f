//! Threads with tables of descriptors of their own, and processes whose first thread has exited.

use std::fs;
use std::os::unix::fs::symlink;

use super::{SECOND, Tree, all_live, holders, is_alive};
use crate::model::ProcessKey;

impl Tree {
    /// Creates a thread.
    fn thread(&self, pid: u32, tid: u32, state: char) {
        let thread = self.at(pid, &format!("task/{tid}"));
        fs::create_dir_all(thread.join("fd")).expect("created");
        fs::write(thread.join("stat"), stat_line(tid, state, 2)).expect("written");
    }

    /// Gives a thread a descriptor.
    fn open_in_thread(&self, pid: u32, tid: u32, fd: u32, target: &str) {
        symlink(target, self.at(pid, &format!("task/{tid}/fd/{fd}"))).expect("was free");
    }

    fn end_thread(&self, pid: u32, tid: u32) {
        fs::remove_dir_all(self.at(pid, &format!("task/{tid}"))).expect("was there");
    }
}

fn stat_line(pid: u32, state: char, threads: u32) -> String {
    format!(
        "{pid} (p{pid}) {state} 0 0 0 0 -1 0 0 0 0 0 0 0 0 0 20 0 {threads} 0 100{}\n",
        " 0".repeat(30)
    )
}

#[test]
fn a_thread_with_a_table_of_its_own_is_searched_for_a_socket_that_no_process_has() {
    let tree = Tree::new();
    tree.process(7, 100, 0);
    tree.open(7, 3, "pipe:[5]");
    for tid in [7, 8, 9] {
        tree.thread(7, tid, 'S');
        tree.open_in_thread(7, tid, 3, if tid == 9 { "socket:[21]" } else { "pipe:[5]" });
    }
    let mut owners = tree.owners();
    assert!(owners.holders(21).is_empty() && !owners.has_thread_tables());
    owners.resolve(&[(21, None)], SECOND, &all_live);
    assert_eq!(holders(&owners, 21), [(7, 3)]);
    assert!(owners.has_thread_tables());
    let slot = owners.holders(21)[0].slot;
    let row = owners.process(slot).expect("that of the process");
    assert_eq!(
        (row.process.key.pid, row.process.comm.as_str()),
        (7, "p100")
    );
    assert_eq!(owners.visibility().processes, 2, "a thread is no process");

    tree.open_in_thread(7, 9, 4, "socket:[22]");
    owners.refresh(2 * SECOND, &all_live);
    assert_eq!(
        holders(&owners, 22),
        [(7, 4)],
        "the table is kept up to date"
    );
    let row = owners.process(slot).expect("that of the process");
    assert_eq!(row.descriptors, Some(2), "those of the largest table");

    tree.end_thread(7, 9);
    owners.refresh(3 * SECOND, &all_live);
    assert!(owners.holders(21).is_empty() && !owners.has_thread_tables());
    assert!(is_alive(
        &owners,
        ProcessKey {
            pid: 7,
            start_time: 100
        }
    ));
}

#[test]
fn the_descriptors_of_a_process_whose_first_thread_has_exited_are_read_through_another() {
    let tree = Tree::new();
    tree.process(7, 100, 0);
    fs::write(tree.at(7, "stat"), stat_line(7, 'Z', 3)).expect("written");
    tree.thread(7, 7, 'Z');
    for tid in [8, 9] {
        tree.thread(7, tid, 'S');
        tree.open_in_thread(7, tid, 3, "socket:[21]");
    }
    let mut owners = tree.owners();
    assert_eq!(holders(&owners, 21), [(7, 3)]);
    let key = ProcessKey {
        pid: 7,
        start_time: 100,
    };
    let activity = owners.activity(key).expect("it is there");
    assert_eq!(activity.state, 'S', "the process is no zombie");

    for tid in [8, 9] {
        tree.open_in_thread(7, tid, 4, "socket:[22]");
    }
    owners.refresh(2 * SECOND, &all_live);
    assert_eq!(holders(&owners, 22), [(7, 4)]);
    // Either may be the one through which the process is read.
    tree.end_thread(7, 8);
    owners.refresh(3 * SECOND, &all_live);
    owners.refresh(4 * SECOND, &all_live);
    assert_eq!(holders(&owners, 22), [(7, 4)]);
    tree.end_thread(7, 9);
    owners.refresh(5 * SECOND, &all_live);
    assert!(owners.holders(22).is_empty());
}

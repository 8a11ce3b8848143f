//! A Sample in which everything that others name has names from a list.

#![allow(dead_code, missing_docs, unreachable_pub)]

use std::sync::Arc;

use sockwatch::model::{Container, MAX_NAME, Pod, Sample};

/// Names that control a terminal, hide or reorder text, or have an unexpected width.
pub const NAMES: [&[u8]; 20] = [
    b"\x1b[31mred\x1b[2J\x1b]0;title\x07",
    b"\x1bPq\x1b\\\x9b31m\xc2\x9b2J\xc2\x85",
    b"a\nforged line\r\n\t\x08\x7f",
    "\u{202e}drow\u{202c}\u{2066}\u{2069}\u{61c}\u{200f}".as_bytes(),
    "soft\u{ad}zero\u{200b}\u{200d}\u{feff}\u{2060}".as_bytes(),
    "line\u{2028}paragraph\u{2029}".as_bytes(),
    "tag\u{e0001}\u{e0041}\u{e007f}\u{e0100}".as_bytes(),
    "private\u{e000}\u{f0000}\u{10ffff}unassigned\u{378}\u{ffff}".as_bytes(),
    "\u{301}\u{301}leading".as_bytes(),
    "tower\u{301}\u{302}\u{303}\u{304}\u{305}\u{306}\u{307}\u{308}\u{309}\u{30a}".as_bytes(),
    "数据库服务器数据库服务器".as_bytes(),
    "\u{1f469}\u{200d}\u{1f4bb}\u{1f3fd}\u{fe0f}\u{1f1e9}\u{1f1ea}".as_bytes(),
    "\u{3164}\u{115f}\u{17b4}\u{180b}\u{34f}".as_bytes(),
    "لا إله \u{6dd}123".as_bytes(),
    "क्षत्रिय นี้ 한국어 \u{1112}\u{1161}\u{11ab}".as_bytes(),
    b"\xff\xfe\xc0\x80\xed\xa0\x80\xf5",
    b"\0abstract\0name\0",
    b"",
    b" ",
    &[b'A'; 300],
];

/// Returns a name as text of at most `length` bytes, as sources store it.
fn text(name: &[u8], length: usize) -> String {
    String::from_utf8_lossy(&name[..name.len().min(length)]).into_owned()
}

/// Names everything in a Sample that has a name after `names` in turn, starting over at their end.
pub fn rename(sample: &mut Sample, names: &[&[u8]]) {
    let mut turn = names.iter().cycle();
    let mut next = || *turn.next().unwrap_or(&b"".as_slice());
    let host = Arc::make_mut(&mut sample.host);
    host.hostname = text(next(), 64);
    host.kernel = text(next(), 64);
    for row in &mut sample.processes {
        let process = Arc::make_mut(&mut row.process);
        // TASK_COMM_LEN.
        process.comm = text(next(), 15);
        process.command_line = text(next(), 4096);
        process.user = Some(text(next(), 32).into());
        process.cgroup = Some(text(next(), 255).into());
    }
    let groups = sample.processes.iter().step_by(2);
    let groups = groups.filter_map(|row| row.process.cgroup.clone());
    sample.containers = groups
        .map(|path| {
            let mut name = || Some(text(next(), 253).into());
            let container = Container {
                name: name(),
                image: name(),
                project: name(),
                service: name(),
                pod: Some(Pod {
                    namespace: name(),
                    name: name(),
                    uid: name(),
                }),
                ..Container::new(None, text(next(), 253))
            };
            let outer = Some(Arc::new(container.clone()));
            (path, Arc::new(Container { outer, ..container }))
        })
        .collect();
    for name in sample.users.values_mut() {
        *name = text(next(), 32).into();
    }
    for path in sample.cgroups.values_mut() {
        *path = text(next(), 255).into();
    }
    // IFNAMSIZ.
    for name in sample.interfaces.values_mut() {
        *name = text(next(), 15);
    }
    for interface in &mut sample.counters.interfaces {
        interface.name = text(next(), 15);
    }
    if let Some(devices) = &mut sample.devices {
        for device in Arc::make_mut(devices) {
            device.name = text(next(), 15);
        }
    }
    for table in [&mut sample.sockets, &mut sample.closed_sockets] {
        table.replace_names(|_, _| {
            let name = next();
            Some(name[..name.len().min(MAX_NAME)].to_vec())
        });
        let congestion = table.name_index(text(next(), 15).as_bytes());
        for socket in table.iter_mut().step_by(3) {
            socket.congestion = congestion;
        }
    }
    for (_, value) in &mut Arc::make_mut(&mut sample.settings).values {
        // A number that is not one hides the row.
        if value.parse::<i64>().is_err() {
            *value = text(next(), 100);
        }
    }
    for fault in &mut sample.faults {
        fault.source = text(next(), 300);
        fault.error = text(next(), 300);
    }
}

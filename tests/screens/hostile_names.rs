//! Names that other processes chose: wide and combining characters, newlines, escape sequences, thousands of bytes. Real
//! processes and sockets, on the running kernel, which needs no privilege; and a Sample in which everything has such a name.

use std::ffi::OsStr;
use std::os::fd::OwnedFd;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram, UnixListener, UnixStream};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command};

use crate::shown;
use crate::support::dashboard::Dashboard;
use crate::support::hostile_sample::NAMES;
use sockwatch::printable::is_printable;
use sockwatch::source::{LiveOptions, LiveSource};

/// A process that is ended when the test is over.
struct Ended(Child);

impl Drop for Ended {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Starts a process of that name and command line, which holds a socket.
fn process(directory: &Path, name: &[u8], arguments: &[u8]) -> (Ended, UnixStream) {
    let sleep = ["/bin/sleep", "/usr/bin/sleep"]
        .into_iter()
        .find(|path| Path::new(path).exists())
        .expect("sleep");
    let path = directory.join(OsStr::from_bytes(name));
    std::os::unix::fs::symlink(sleep, &path).expect("a link");
    let (ours, theirs) = UnixStream::pair().expect("a pair");
    let child = Command::new(path)
        .arg0(OsStr::from_bytes(arguments))
        .arg("600")
        .stdin(OwnedFd::from(theirs))
        .spawn()
        .expect("a process");
    (Ended(child), ours)
}

/// Asserts that the screen has no control character, and that no name has shifted what is right of it: the right edge of the
/// frame is in its place.
fn assert_harmless(dashboard: &Dashboard<LiveSource>) {
    let text = dashboard.text();
    let harmful = |c: char| c != '\n' && !is_printable(c);
    assert!(!text.chars().any(harmful), "{text:?}");
    let buffer = dashboard.event_loop.backend().buffer();
    let lines = dashboard.lines();
    let top = lines.iter().position(|line| line.starts_with('┌'));
    let bottom = lines.iter().rposition(|line| line.starts_with('└'));
    // On a few lines a socket has no frame.
    for y in top.unwrap_or(1)..bottom.map_or(0, |line| line + 1) {
        let edge = buffer[(buffer.area.width - 1, y as u16)].symbol();
        assert!("│█┐┘".contains(edge), "{edge:?} on line {y}:\n{text}");
    }
}

#[test]
fn names_chosen_by_others_are_shown_harmlessly() {
    let directory = tempfile::tempdir().expect("a directory");
    // The kernel keeps 15 bytes of a name.
    let name = "数\x1b[31m\nzq9".as_bytes();
    let mut arguments = "zq9 \x1b]0;owned\x07 \u{202e}gnp e\u{301}数据\n\t"
        .as_bytes()
        .to_vec();
    arguments.extend_from_slice(&[0xff, 0xfe, 0x9b]);
    arguments.resize(4000, b'A');
    let (_process, _ours) = process(directory.path(), name, &arguments);
    let path = directory.path().join("zq9\n\x1b[2J数\u{200d}据");
    let _listener = UnixListener::bind(path).expect("a path");
    let long = [b"zq9-long".as_slice(), &[0x1b; 90], b"\n\x07"].concat();
    let address = SocketAddr::from_abstract_name(long).expect("a name");
    let _abstract = UnixDatagram::bind_addr(&address).expect("an abstract socket");

    for size in [(80, 24), (120, 40), (200, 60), (40, 10)] {
        let live = LiveSource::new(LiveOptions::default()).expect("the kernel");
        let mut dashboard = Dashboard::new(size, live);
        dashboard.ticks(2).type_in("3/process *zq9*\r");
        assert_harmless(&dashboard);
        // As much of it as there is room for, cut in its middle or whole.
        assert!(dashboard.shows("数\\u{"), "{}", dashboard.text());
        assert!(dashboard.shows("1 of "), "{}", dashboard.text());
        dashboard.type_in("g\r");
        assert_harmless(&dashboard);
        if size.1 > 10 {
            assert!(
                dashboard.shows("zq9 \\u{1b}]0;owned\\u{7}"),
                "{}",
                dashboard.text()
            );
        }
        dashboard.type_in("2F/zq9\r");
        assert_harmless(&dashboard);
        // The listener, the abstract socket, and the one that the process holds.
        assert!(dashboard.shows("3 of "), "{}", dashboard.text());
        for _ in 0..3 {
            dashboard.type_in("n\r");
            assert_harmless(&dashboard);
            dashboard.type_in("y");
            assert_harmless(&dashboard);
            dashboard.type_in("\x1b");
        }
        dashboard.type_in("8c/\x1b]数\r");
        assert_harmless(&dashboard);
    }
}

#[test]
fn a_sample_in_which_every_name_is_hostile_is_shown_harmlessly_in_every_form() {
    for screen in 0..8 {
        for (width, height) in [(79, 23), (199, 59), (39, 9), (4, 2)] {
            // In order and turned, so that each place gets several names.
            let names: Vec<&[u8]> = NAMES
                .into_iter()
                .cycle()
                .skip(usize::from(screen))
                .take(NAMES.len())
                .collect();
            let kind = screen << 1;
            shown::check(
                [width, height, width, kind, screen, kind, b'\r', b'/'],
                &names,
            );
        }
    }
    // In ASCII, with the largest numbers.
    shown::check([119, 39, 119, 63, 1, 15, b'i', b'F'], &NAMES);
}

//! Owners of sockets whose processes do something that the number of their descriptors does not show.

use std::process::{Command, Stdio};

use sockwatch::model::{Attribution, Sample, SocketRef};
use sockwatch::source::{LiveOptions, LiveSource, Source};

use crate::panicking;
use crate::support::helper_process::HelperProcess;
use crate::support::requirements::Requirement;
use crate::support::sandbox::{Case, Isolation};
use crate::support::wait;

const NEEDS: &[Requirement] = &[Requirement::Root, Requirement::Python];

pub(crate) const CASES: &[Case] = &[
    machine(
        "the socket of a thread with a table of its own belongs to the process",
        NEEDS,
        own_table,
    ),
    machine(
        "a thread that makes its table while it is watched is found, and its new sockets as well",
        NEEDS,
        own_table_later,
    ),
    machine(
        "a process whose first thread has exited keeps its sockets, and is no zombie",
        NEEDS,
        first_thread_exited,
    ),
    machine(
        "a socket that was passed on under the same number shows its new owner in the next sample",
        NEEDS,
        passed_on,
    ),
    machine(
        "a forking server that reuses the number of a descriptor owns what its child does not",
        NEEDS,
        forking_server,
    ),
    machine(
        "a new name, and another program of the same process, are noticed within two samples",
        NEEDS,
        renamed,
    ),
    machine(
        "the child that accepts is named before its waiting parent, and the server before a child that only inherited",
        NEEDS,
        first_owner,
    ),
];

/// A case with processes of its own, none of which outlives it.
const fn machine(name: &'static str, needs: &'static [Requirement], test: fn()) -> Case {
    Case {
        isolation: Isolation::Machine,
        ..panicking(name, needs, test)
    }
}

/// Beginning of every script.
const COMMON: &str = r#"
import ctypes, os, socket, sys, threading, time
libc = ctypes.CDLL(None)
def listen():
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(8)
    return listener
def port(of): return of.getsockname()[1]
def say(*words): print(*words, flush=True)
def wait(): return sys.stdin.readline()
"#;

/// A Python program, which prints a line when it is ready and ends with the test.
fn script(text: &str) -> HelperProcess {
    let mut command = Command::new("python3");
    command
        .arg("-c")
        .arg(format!("{COMMON}{text}"))
        .stdin(Stdio::piped());
    HelperProcess::start(command)
}

/// Reads a line of numbers.
fn numbers(process: &mut HelperProcess) -> Vec<u32> {
    let line = process.read_line();
    let numbers = line.split_whitespace();
    numbers
        .map(|word| word.parse().unwrap_or_else(|_| panic!("{line}")))
        .collect()
}

struct Watch {
    live: LiveSource,
    sample: Sample,
}

impl Watch {
    fn start() -> Watch {
        let live = LiveSource::new(LiveOptions::default()).expect("the kernel gives sock_diag");
        let mut watch = Watch {
            live,
            sample: Sample::default(),
        };
        watch.next_sample();
        watch
    }

    fn next_sample(&mut self) {
        let taken = self.live.next_into(&mut self.sample);
        taken.expect("the kernel answers");
    }

    /// The listener on a port.
    fn listener(&self, port: u32) -> SocketRef<'_> {
        self.find(|row| row.socket.is_listener() && local_port(row) == port)
    }

    /// The accepted end of the connection from a port.
    fn accepted(&self, listening: u32, from: u32) -> SocketRef<'_> {
        self.find(|row| {
            let remote = row.socket.remote().map(|end| u32::from(end.port));
            local_port(row) == listening && remote == Some(from)
        })
    }

    fn find(&self, is_it: impl Fn(&SocketRef<'_>) -> bool) -> SocketRef<'_> {
        self.sample.iter().find(is_it).expect("it is in the Sample")
    }
}

fn local_port(row: &SocketRef<'_>) -> u32 {
    row.socket.local().map_or(0, |end| u32::from(end.port))
}

/// The owners of a socket in their order.
fn pids(row: SocketRef<'_>) -> Vec<u32> {
    let pids = row.owners().map(|(owner, _)| owner.process.key.pid);
    pids.collect()
}

/// Takes two Samples and returns the name and the command line of the first owner of a listener.
fn names_after_two(watch: &mut Watch, port: u32) -> (String, String) {
    watch.next_sample();
    watch.next_sample();
    let owner = watch.listener(port).owner().expect("it has an owner");
    let process = &owner.process;
    (process.comm.clone(), process.command_line.clone())
}

const OWN_TABLE: &str = r"
def work():
    libc.unshare(0x400)
    first = listen()
    say(port(first))
    wait()
    second = listen()
    say(port(second))
    wait()
threading.Thread(target=work, daemon=True).start()
time.sleep(600)
";

fn own_table() {
    let mut process = script(OWN_TABLE);
    let port = numbers(&mut process)[0];
    let watch = Watch::start();
    let row = watch.listener(port);
    assert_eq!(row.socket.attribution, Attribution::Observed);
    assert_eq!(pids(row), [process.pid()]);
}

fn own_table_later() {
    let mut watch = Watch::start();
    let mut process = script(OWN_TABLE);
    let first = numbers(&mut process)[0];
    watch.next_sample();
    assert_eq!(pids(watch.listener(first)), [process.pid()]);
    process.send_line("more");
    let second = numbers(&mut process)[0];
    watch.next_sample();
    assert_eq!(pids(watch.listener(second)), [process.pid()]);
}

fn first_thread_exited() {
    let mut process = script(
        r#"
def work():
    listener = listen()
    say(port(listener))
    wait()
threading.Thread(target=work, daemon=True).start()
# The system call ends this thread alone.
libc.syscall({"x86_64": 60, "aarch64": 93}[os.uname().machine], 0)
"#,
    );
    let port = numbers(&mut process)[0];
    let pid = process.pid();
    wait::until("the end of its first thread", || {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat"));
        stat.is_ok_and(|stat| stat.contains(") Z "))
    });
    // Something waits for the process, so that its activity is read.
    let client = std::net::TcpStream::connect(("127.0.0.1", port as u16)).expect("it listens");
    let mut watch = Watch::start();
    for _ in 0..2 {
        let row = watch.listener(port);
        assert_eq!(pids(row), [pid]);
        let owner = row.owner().expect("it has one");
        let state = owner.activity.map(|activity| activity.state);
        assert!(state.is_some_and(|state| state != 'Z'), "{state:?}");
        assert!(owner.process.command_line.contains("python3 -c"));
        watch.next_sample();
    }
    drop(client);
}

fn passed_on() {
    let mut process = script(
        r#"
here, there = socket.socketpair()
listener = listen()
client = socket.create_connection(listener.getsockname())
go, gone = os.pipe()
worker = os.fork()
if worker == 0:
    for mine in (here, listener, client): mine.close()
    place = os.open("/dev/null", os.O_RDONLY)
    os.write(gone, b"x")
    there.recv(1, socket.MSG_PEEK)
    os.close(place)
    assert socket.recv_fds(there, 1, 1)[1] == [place]
    os.write(gone, b"x")
    time.sleep(600)
os.read(go, 1)
accepted = listener.accept()[0].detach()
say(port(listener), port(client), worker)
wait()
socket.send_fds(here, [b"x"], [accepted])
os.close(accepted)
assert os.open("/dev/null", os.O_RDONLY) == accepted
os.read(go, 1)
say("0")
wait()
"#,
    );
    let [listening, from, worker] = numbers(&mut process)[..] else {
        panic!("three numbers");
    };
    let mut watch = Watch::start();
    assert_eq!(pids(watch.accepted(listening, from)), [process.pid()]);
    watch.next_sample();
    process.send_line("pass it on");
    numbers(&mut process);
    watch.next_sample();
    let row = watch.accepted(listening, from);
    assert_eq!(pids(row), [worker]);
    assert_eq!(row.socket.attribution, Attribution::Observed);
}

fn forking_server() {
    let mut process = script(
        r"
listener = listen()
first = socket.create_connection(listener.getsockname())
accepted = listener.accept()[0]
number = accepted.fileno()
say(port(listener), port(first))
wait()
second = socket.create_connection(listener.getsockname())
child = os.fork()
if child == 0:
    for theirs in (listener, first, second): theirs.close()
    time.sleep(600)
second_number = second.fileno()
accepted.close()
accepted = listener.accept()[0]
assert accepted.fileno() == number
say(port(second), child)
wait()
",
    );
    let [listening, first] = numbers(&mut process)[..] else {
        panic!("two numbers");
    };
    let mut watch = Watch::start();
    assert_eq!(pids(watch.accepted(listening, first)), [process.pid()]);
    process.send_line("fork");
    let [second, child] = numbers(&mut process)[..] else {
        panic!("two numbers");
    };
    watch.next_sample();
    assert_eq!(pids(watch.accepted(listening, first)), [child]);
    assert_eq!(pids(watch.accepted(listening, second)), [process.pid()]);
}

fn renamed() {
    let mut process = script(
        r#"
listener = listen()
listener.set_inheritable(True)
say(port(listener))
wait()
open("/proc/self/comm", "w").write("renamed")
say("0")
wait()
os.execv("/bin/sleep", ["sleep", "600"])
"#,
    );
    let port = numbers(&mut process)[0];
    let mut watch = Watch::start();
    assert_eq!(names_after_two(&mut watch, port).0, "python3");
    process.send_line("rename");
    numbers(&mut process);
    assert_eq!(names_after_two(&mut watch, port).0, "renamed");
    process.send_line("run another program");
    let path = format!("/proc/{}/comm", process.pid());
    wait::until("the other program", || {
        std::fs::read_to_string(&path).is_ok_and(|comm| comm == "sleep\n")
    });
    let names = names_after_two(&mut watch, port);
    assert_eq!(names, ("sleep".to_owned(), "sleep 600".to_owned()));
}

fn first_owner() {
    let mut process = script(
        r#"
first, second = listen(), listen()
accepts = os.fork()
if accepts == 0:
    first.accept()
second.set_inheritable(True)
inherits = os.fork()
if inherits == 0:
    os.execv("/bin/sleep", ["sleep", "600"])
threading.Thread(target=second.accept, daemon=True).start()
say(port(first), port(second), accepts, inherits)
os.waitpid(accepts, 0)
"#,
    );
    let [first, second, accepts, inherits] = numbers(&mut process)[..] else {
        panic!("four numbers");
    };
    // Its number on x86-64 and on other architectures.
    wait::until("the child in accept4", || {
        let call = std::fs::read_to_string(format!("/proc/{accepts}/syscall"));
        call.is_ok_and(|call| call.starts_with("288 ") || call.starts_with("242 "))
    });
    wait::until("the other child asleep", || {
        let comm = std::fs::read_to_string(format!("/proc/{inherits}/comm"));
        comm.is_ok_and(|comm| comm == "sleep\n")
    });
    let mut watch = Watch::start();
    for _ in 0..3 {
        let owners = pids(watch.listener(first));
        assert_eq!(owners[0], accepts, "{owners:?}");
        let owners = pids(watch.listener(second));
        assert_eq!(owners[0], process.pid(), "{owners:?}");
        watch.next_sample();
    }
}

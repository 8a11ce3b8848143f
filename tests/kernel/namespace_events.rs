//! Sockets of network namespaces that a container, a descriptor alone, or soon nothing holds.

#![expect(
    clippy::unnecessary_wraps,
    reason = "each test is called in the same way"
)]

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use libtest_mimic::Failed;
use serde_json::Value as Json;

use crate::containers::write_storage;
use crate::support::helper_process::HelperProcess;
use crate::support::requirements::{Requirement, cgroup2_directory};
use crate::support::sandbox::{Body, Case, Isolation};
use crate::support::wait::until;
use crate::{run, sockwatch, text};

pub(crate) const CASES: &[Case] = &[
    case(
        "short connections in the namespace of a container are closed once, with its name",
        &[
            Requirement::Root,
            Requirement::Ip,
            Requirement::Python,
            Requirement::Unshare,
            Requirement::Cgroup2,
        ],
        events_of_a_container,
    ),
    case(
        "kill closes a socket in a namespace that only a descriptor holds",
        &[Requirement::Root, Requirement::Ip, Requirement::Python],
        kill_by_descriptor,
    ),
    case(
        "closed sockets of a namespace that has gone keep its name",
        &[Requirement::Root, Requirement::Ip, Requirement::Python],
        events_of_a_namespace_that_goes,
    ),
];

const fn case(
    name: &'static str,
    needs: &'static [Requirement],
    test: fn() -> Result<(), Failed>,
) -> Case {
    Case {
        name,
        needs,
        isolation: Isolation::Machine,
        timeout: Duration::from_secs(240),
        body: Body::Fallible(test),
    }
}

/// Runs a tool that has to succeed.
fn tool(program: &str, arguments: &[&str]) {
    let status = Command::new(program).args(arguments).status();
    assert!(
        status.is_ok_and(|status| status.success()),
        "{program} {arguments:?}"
    );
}

/// Mounts an empty `/run`: named namespaces are there, and files of runtimes may be.
fn mount_run() {
    tool("mount", &["-t", "tmpfs", "tmpfs", "/run"]);
}

/// Starts Python with a script that prints `ready`.
fn start_python(program: &str, arguments: &[&str], script: &str) -> HelperProcess {
    let mut command = Command::new(program);
    command.args(arguments).args(["python3", "-c", script]);
    command.stdin(Stdio::piped());
    let mut helper = HelperProcess::start(command);
    assert_eq!(helper.read_line(), "ready");
    helper
}

/// `events -N all --json`, until it is stopped.
struct Events {
    child: Child,
    /// The events of closed connections.
    closed: Receiver<Json>,
    reader: JoinHandle<()>,
}

impl Events {
    fn start(filter: &str) -> Events {
        let mut child = sockwatch(&["events", "-t", "-N", "all", "--json", filter])
            .stdout(Stdio::piped())
            .spawn()
            .expect("it runs");
        let out = BufReader::new(child.stdout.take().expect("piped"));
        let (sender, closed) = channel();
        let reader = std::thread::spawn(move || {
            for line in out.lines().map_while(Result::ok) {
                let event: Json = serde_json::from_str(&line).expect("JSON");
                let is_closed = event["event"] == "closed" && event["socket"]["remote"].is_object();
                if is_closed && sender.send(event).is_err() {
                    break;
                }
            }
        });
        Events {
            child,
            closed,
            reader,
        }
    }

    /// Adds events with a port at either end until there are `count`.
    fn collect(&self, port: u16, count: usize) -> Vec<Json> {
        let mut found = Vec::new();
        until("the events", || {
            let event = self.closed.recv_timeout(Duration::from_millis(100));
            found.extend(event.ok().filter(|event| has_port(event, port)));
            found.len() >= count
        });
        found
    }

    /// Stops it; returns further events with a port at either end.
    fn stop(mut self, port: u16) -> Vec<Json> {
        tool("kill", &["-INT", &self.child.id().to_string()]);
        assert!(self.child.wait().expect("it ends").success());
        self.reader.join().expect("it ends");
        let more = self.closed.iter();
        more.filter(|event| has_port(event, port)).collect()
    }
}

fn has_port(event: &Json, port: u16) -> bool {
    let socket = &event["socket"];
    socket["local"]["port"] == port || socket["remote"]["port"] == port
}

/// The cookies of events, none of which is reported twice.
fn cookies(events: &[Json]) -> BTreeSet<u64> {
    let all = events.iter();
    let cookies: BTreeSet<u64> = all
        .map(|event| event["socket"]["cookie"].as_u64().expect("a cookie"))
        .collect();
    assert_eq!(cookies.len(), events.len(), "{events:?}");
    cookies
}

/// A cgroup, removed once its processes have gone.
struct Cgroup(PathBuf);

impl Drop for Cgroup {
    fn drop(&mut self) {
        // Processes that have been waited for may be in it for a moment.
        for _ in 0..100 {
            if fs::remove_dir(&self.0).is_ok() {
                return;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

fn events_of_a_container() -> Result<(), Failed> {
    mount_run();
    // Another one for each run, whose process id is 1 each time.
    let now = std::time::UNIX_EPOCH.elapsed().expect("after 1970");
    let id = format!("{:0<64x}", now.as_nanos());
    write_storage(Path::new("/run/containers/storage/overlay-containers"), &id);
    let group = cgroup2_directory().expect("it is writable");
    let group = group.join(format!("libpod-{id}.scope"));
    fs::create_dir(&group).expect("a cgroup");
    let group = Cgroup(group);
    // Connects as often as a line says, to the port in it.
    let script = "import socket, sys, time\n\
        ls = {}\n\
        for port in (7000, 7001):\n\
        \x20l = socket.socket(); l.bind(('127.0.0.1', port)); l.listen(9); ls[port] = l\n\
        print('ready', flush=True)\n\
        for line in sys.stdin:\n\
        \x20port, count = map(int, line.split())\n\
        \x20for i in range(count):\n\
        \x20 c = socket.create_connection(('127.0.0.1', port)); a = ls[port].accept()[0]\n\
        \x20 c.sendall(b'x' * 100); a.recv(100); a.sendall(b'y' * 50); c.recv(50)\n\
        \x20 time.sleep(0.02); c.close(); a.close()\n";
    let join = format!(
        "echo 0 > {}/cgroup.procs && exec unshare -n sh -c 'ip link set lo up && exec \"$@\"' - \"$@\"",
        group.0.display()
    );
    let mut member = start_python("sh", &["-c", &join, "-"], script);
    let events = Events::start("( sport = 7000 or sport = 7001 or dport = 7000 )");
    // Until one is reported, no sample has seen the listeners.
    until("the first event", || {
        member.send_line("7001 1");
        events
            .closed
            .recv_timeout(Duration::from_millis(500))
            .is_ok()
    });
    member.send_line("7000 20");
    // Both ends of each.
    let found = events.collect(7000, 40);
    cookies(&found);
    for event in &found {
        let socket = &event["socket"];
        assert_eq!(socket["netns_name"], "web", "{event}");
        let bytes = (&event["received_bytes"], &event["sent_bytes"]);
        let is_server = socket["local"]["port"] == 7000;
        let expected = if is_server { (100, 50) } else { (50, 100) };
        assert_eq!(bytes, (&expected.0.into(), &expected.1.into()), "{event}");
        // No sample saw the clients, and the owner of the listener is that of what it accepts.
        if is_server {
            assert_eq!(socket["container"]["name"], "web", "{event}");
            assert_eq!(socket["container"]["runtime"], "podman", "{event}");
            assert_eq!(socket["owners"][0]["comm"], "python3", "{event}");
        }
    }
    member.kill();
    assert_eq!(events.stop(7000), [] as [Json; 0], "each is closed once");
    Ok(())
}

/// Enters a new namespace, opens a listener and a connection with both ends there, and leaves it again: the process holds the
/// namespace by a descriptor, and its sockets, but is in another one.
const DESCRIPTOR_SCRIPT: &str = "import ctypes, os, socket, subprocess, sys\n\
    libc = ctypes.CDLL(None)\n\
    home = os.open('/proc/self/ns/net', os.O_RDONLY)\n\
    assert libc.unshare(0x40000000) == 0\n\
    subprocess.run(['ip', 'link', 'set', 'lo', 'up'], check=True)\n\
    held = os.open('/proc/thread-self/ns/net', os.O_RDONLY)\n\
    l = socket.socket(); l.bind(('127.0.0.1', 7200)); l.listen(9)\n\
    c = socket.create_connection(('127.0.0.1', 7200)); a = l.accept()[0]\n\
    assert libc.setns(home, 0x40000000) == 0\n\
    print('ready', flush=True)\n\
    sys.stdin.readline()\n\
    try:\n\
    \x20print('read', a.recv(1), flush=True)\n\
    except OSError as error:\n\
    \x20print('errno', error.errno, flush=True)\n";

fn kill_by_descriptor() -> Result<(), Failed> {
    mount_run();
    let mut holder = start_python("env", &[], DESCRIPTOR_SCRIPT);
    let list = |filter: &str| -> Vec<Json> {
        let output = run(&["list", "-ta", "-N", "all", "--json", filter]);
        assert!(output.status.success(), "{}", text(&output.stderr));
        let document: Json = serde_json::from_slice(&output.stdout).expect("JSON");
        document["sockets"].as_array().expect("a list").clone()
    };
    let filter = "sport = 7200 and state established";
    let before = list(filter);
    let [accepted] = before.as_slice() else {
        panic!("{before:?}");
    };
    let name = accepted["netns_name"].as_str().expect("a name").to_owned();
    let own = fs::read_link("/proc/self/ns/net").expect("a namespace");
    assert_ne!(
        own.to_string_lossy(),
        format!("net:[{}]", accepted["netns"])
    );
    let killed = run(&["kill", "--yes", "--all", "-t", "-N", "all", filter]);
    let said = text(&killed.stdout);
    if said.contains("CONFIG_INET_DIAG_DESTROY") {
        // The kernel was built without it.
        return Ok(());
    }
    assert!(killed.status.success(), "{said}{}", text(&killed.stderr));
    assert!(said.contains(&format!("in {name}: destroyed")), "{said}");
    assert!(said.contains("1 of 1 closed"), "{said}");
    assert_eq!(list(filter), [] as [Json; 0]);
    let listeners = list("sport = 7200 and state listening");
    assert_eq!(listeners.len(), 1, "others are spared");
    // The process is notified: ECONNABORTED.
    holder.send_line("read");
    assert_eq!(holder.read_line(), "errno 103");
    Ok(())
}

fn events_of_a_namespace_that_goes() -> Result<(), Failed> {
    mount_run();
    tool("ip", &["netns", "add", "passing"]);
    tool("ip", &["-n", "passing", "link", "set", "lo", "up"]);
    let script = "import socket, sys\n\
        l = socket.socket(); l.bind(('127.0.0.1', 7300)); l.listen(9); kept = []\n\
        def pair():\n\
        \x20c = socket.create_connection(('127.0.0.1', 7300)); a = l.accept()[0]\n\
        \x20c.sendall(b'x' * 70); a.recv(70); return [c, a]\n\
        for i in range(3): kept += pair()\n\
        print('ready', flush=True)\n\
        for line in sys.stdin:\n\
        \x20for one in pair(): one.close()\n";
    let mut member = start_python("ip", &["netns", "exec", "passing"], script);
    let events = Events::start("( sport = 7300 or dport = 7300 )");
    // Once it reports that of another connection, a sample has seen the others.
    until("the first event", || {
        member.send_line("one");
        events
            .closed
            .recv_timeout(Duration::from_millis(500))
            .is_ok()
    });
    let list = run(&["list", "-t", "-N", "passing", "--json", "sport = 7300"]);
    let document: Json = serde_json::from_slice(&list.stdout).expect("JSON");
    let sockets = document["sockets"].as_array().expect("a list").iter();
    let kept: BTreeSet<u64> = sockets
        .filter(|socket| socket["state"] == "established")
        .map(|socket| socket["cookie"].as_u64().expect("a cookie"))
        .collect();
    assert_eq!(kept.len(), 3);
    // The process and the namespace go before the next sample, or soon after it.
    member.kill();
    tool("ip", &["netns", "delete", "passing"]);
    let mut found: Vec<Json> = Vec::new();
    until("the kept connections to be closed", || {
        let event = events.closed.recv_timeout(Duration::from_millis(100));
        found.extend(event);
        let closed = |cookie: &u64| {
            let mut all = found.iter();
            all.any(|event| event["socket"]["cookie"] == *cookie)
        };
        kept.iter().all(closed)
    });
    found.extend(events.stop(7300));
    cookies(&found);
    for event in &found {
        assert_eq!(event["socket"]["netns_name"], "passing", "{event}");
        let cookie = event["socket"]["cookie"].as_u64().expect("a cookie");
        if kept.contains(&cookie) {
            assert_eq!(event["received_bytes"], 70, "{event}");
        }
    }
    Ok(())
}

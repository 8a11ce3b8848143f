//! Reasons for having no owner, with sockets that no readable process has open: each reason is given only where it is
//! proven.

use std::io::{IoSlice, Read as _};
use std::mem::MaybeUninit;
use std::net::{Ipv4Addr, TcpListener};
use std::os::fd::AsFd as _;
use std::os::unix::net::UnixStream;
use std::process::{Command, Stdio};

use rustix::net::{SendAncillaryBuffer, SendAncillaryMessage, SendFlags, sendmsg};
use serde_json::Value;

use crate::live::unprivileged;
use crate::support::helper_process::{self, HelperProcess};
use crate::support::network_namespace::ip;
use crate::support::requirements::{RING_WITH_SOCKET, Requirement, cgroup2_directory};
use crate::support::sandbox::{Case, Isolation};
use crate::support::sockets_in_every_state::{cookie, listener};
use crate::{panicking, run, text};

pub(crate) const CASES: &[Case] = &[
    panicking(
        "a socket opened by this user and held by another's process is denied",
        &[Requirement::Root, Requirement::Setpriv],
        held_by_another_user,
    ),
    // In a pid namespace of their own, where every process is readable.
    Case {
        isolation: Isolation::Machine,
        ..panicking(
            "a socket in flight is unknown, inside and outside of a pid namespace",
            &[],
            in_flight,
        )
    },
    Case {
        isolation: Isolation::Machine,
        ..panicking(
            "a socket registered with an io_uring has that as its reason",
            &[Requirement::IoUring],
            io_uring,
        )
    },
    panicking(
        "a process outside of the pid namespace is proven by its cgroup and by nothing else",
        &[
            Requirement::Root,
            Requirement::Unshare,
            Requirement::Cgroup2,
        ],
        outside_pid_namespace,
    ),
    panicking(
        "the socket of a VXLAN tunnel is the kernel's, and that of a process is not",
        &[Requirement::Root, Requirement::Ip, Requirement::Vxlan],
        vxlan,
    ),
    panicking(
        "where hidepid hides processes, an owner may be among them",
        &[
            Requirement::Root,
            Requirement::Setpriv,
            Requirement::Unshare,
        ],
        hidepid,
    ),
];

/// Plays the role that a case has started this process in.
pub(crate) fn play_role() -> bool {
    if helper_process::role().as_deref() != Some("listen") {
        return false;
    }
    let listener = listener(Ipv4Addr::LOCALHOST);
    println!("{}", cookie(&listener));
    let _ = std::io::stdin().read_to_end(&mut Vec::new());
    true
}

/// Returns the row with this value in a list.
fn row<'a>(rows: &'a [Value], key: &str, value: &Value) -> &'a Value {
    let is = |row: &&Value| match key {
        "port" => row["local"]["port"] == *value,
        key => row[key] == *value,
    };
    rows.iter()
        .find(is)
        .unwrap_or_else(|| panic!("no socket with {key} {value}"))
}

/// Lists the sockets, with `before` in front of the command.
fn list(before: &[&str], arguments: &[&str]) -> Vec<Value> {
    let program = [env!("CARGO_BIN_EXE_sockwatch"), "list", "--jsonl"];
    let words: Vec<&str> = before
        .iter()
        .chain(&program)
        .chain(arguments)
        .copied()
        .collect();
    let output = Command::new(words[0])
        .args(&words[1..])
        .stdin(Stdio::null())
        .output()
        .expect("it runs");
    assert!(output.status.success(), "{}", text(&output.stderr));
    text(&output.stdout)
        .lines()
        .map(|line| serde_json::from_str(line).expect("it is JSON"))
        .collect()
}

const IN_PID_NAMESPACE: [&str; 5] = ["unshare", "--pid", "--fork", "--mount-proc", "--"];

fn held_by_another_user() {
    let listener = listener(Ipv4Addr::LOCALHOST);
    // Changes the user of the socket, as if another one had opened it.
    let nobody = rustix::fs::Uid::from_raw(65_534);
    rustix::fs::fchown(&listener, Some(nobody), None).expect("its user is changed");
    let said = unprivileged(
        "unprivileged",
        Some(("PARENTS", cookie(&listener).to_string())),
    );
    assert_eq!(said.split_whitespace().next(), Some("permission-denied"));
}

/// Sends the socket to a process that does not receive it. Keeps it in flight while the returned sockets are open.
fn send_away(socket: &TcpListener) -> (UnixStream, UnixStream) {
    let (ours, theirs) = UnixStream::pair().expect("a pair");
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut control = SendAncillaryBuffer::new(&mut space);
    let sent = [socket.as_fd()];
    assert!(control.push(SendAncillaryMessage::ScmRights(&sent)));
    sendmsg(
        &ours,
        &[IoSlice::new(b"x")],
        &mut control,
        SendFlags::empty(),
    )
    .expect("it is sent");
    (ours, theirs)
}

fn in_flight() {
    let listener = listener(Ipv4Addr::LOCALHOST);
    let known = Value::from(cookie(&listener));
    let _in_flight = send_away(&listener);
    drop(listener);
    for before in [&["env"][..], &IN_PID_NAMESPACE] {
        let rows = list(before, &["-tl"]);
        let found = row(&rows, "cookie", &known);
        assert_eq!(found["unowned"], "unknown", "{before:?}");
        assert_eq!(found["owners"], serde_json::json!([]));
    }
}

fn io_uring() {
    let mut command = Command::new("python3");
    let script = format!("{RING_WITH_SOCKET}\nprint(port, flush=True)\ninput()");
    command.args(["-c", &script]).stdin(Stdio::piped());
    let mut holder = HelperProcess::start(command);
    let port: u16 = holder.read_line().parse().expect("a port");
    let rows = list(&["env"], &["-tl"]);
    assert_eq!(row(&rows, "port", &port.into())["unowned"], "io-uring");
    let output = run(&["list", "--json", "-tl", "unowned", "io-uring"]);
    let document: Value = serde_json::from_slice(&output.stdout).expect("it is JSON");
    assert_eq!(document["coverage"]["unowned"]["io-uring"], 1);
}

fn outside_pid_namespace() {
    let in_ours = listener(Ipv4Addr::LOCALHOST);
    let group = cgroup2_directory().expect("it is writable");
    let group = group.join(format!("sockwatch-test-{}", std::process::id()));
    std::fs::create_dir(&group).expect("a cgroup");
    let join = format!("echo 0 > {}/cgroup.procs && exec \"$0\"", group.display());
    let mut command = Command::new("sh");
    let this_binary = std::env::current_exe().expect("it has a path");
    command
        .args(["-c", &join])
        .arg(this_binary)
        .env("SOCKWATCH_TEST_ROLE", "listen")
        .stdin(Stdio::piped());
    let mut outside = HelperProcess::start(command);
    let theirs: u64 = outside.read_line().parse().expect("a cookie");
    let rows = list(&IN_PID_NAMESPACE, &["-tl"]);
    outside.kill();
    std::fs::remove_dir(&group).expect("it is empty");
    assert_eq!(
        row(&rows, "cookie", &theirs.into())["unowned"],
        "other-namespace"
    );
    let shared_group = row(&rows, "cookie", &cookie(&in_ours).into());
    assert_eq!(shared_group["unowned"], "unknown", "it could be in flight");
}

fn vxlan() {
    ip("link set lo up");
    ip("link add name tunnel type vxlan id 1 dstport 4789 local 127.0.0.1");
    ip("link set tunnel up");
    let process = std::net::UdpSocket::bind("127.0.0.1:4790").expect("a socket");
    for before in [&["env"][..], &IN_PID_NAMESPACE, &NOBODY] {
        let rows = list(before, &["-ua"]);
        let tunnel = row(&rows, "port", &4789.into());
        assert_eq!(tunnel["unowned"], "kernel", "{before:?}");
        assert_ne!(row(&rows, "port", &4790.into())["unowned"], "kernel");
    }
    drop(process);
}

const NOBODY: [&str; 6] = [
    "setpriv",
    "--reuid",
    "65534",
    "--regid",
    "65534",
    "--clear-groups",
];

fn hidepid() {
    let listener = listener(Ipv4Addr::LOCALHOST);
    let known = Value::from(cookie(&listener));
    for option in ["noaccess", "invisible", "ptraceable"] {
        let mount = format!(
            "mount -t proc -o hidepid={option} proc /proc && exec {} \"$@\"",
            NOBODY.join(" ")
        );
        let shell = ["unshare", "--mount", "--", "sh", "-c", &mount, "sh"];
        let rows = list(&shell, &["-tl"]);
        assert_eq!(
            row(&rows, "cookie", &known)["unowned"],
            "permission-denied",
            "hidepid={option}"
        );
    }
}

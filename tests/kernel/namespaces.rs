//! Network namespaces other than our own: named ones, and those that only a process or a descriptor holds.

#![expect(
    clippy::unnecessary_wraps,
    reason = "each test is called in the same way"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use libtest_mimic::Failed;
use serde_json::Value as Json;

use crate::support::requirements::Requirement;
use crate::support::sandbox::{Body, Case, Isolation};
use crate::support::wait::until;
use crate::{run, sockwatch, text};

const REQUIREMENTS: &[Requirement] = &[
    Requirement::Root,
    Requirement::Ip,
    Requirement::Ss,
    Requirement::Python,
    Requirement::Unshare,
];

pub(crate) const CASES: &[Case] = &[
    case(
        "every namespace has the sockets that ss lists in it",
        sockets_are_those_of_ss,
    ),
    case(
        "both ends of a connection between namespaces find each other",
        ends_find_each_other,
    ),
    case(
        "namespaces that go while it samples are not kept alive",
        none_is_pinned,
    ),
    case(
        "short connections in another namespace are closed once, with their bytes",
        events_of_another_namespace,
    ),
    case(
        "without the privilege, other namespaces are counted",
        unprivileged_counts,
    ),
    case("a recording holds the namespaces", recordings_hold_them),
    case(
        "a finding names its namespace, and uses its counters",
        findings_name_them,
    ),
    case(
        "kill closes sockets of several namespaces, each in its own",
        kill_in_all_namespaces,
    ),
    case(
        "unix sockets of every namespace are those that ss lists in it",
        unix_sockets_are_those_of_ss,
    ),
    case(
        "of many namespaces, a queue that a process empties is empty",
        emptied_queues_of_many,
    ),
    case(
        "a namespace whose number a zombie had is found at once",
        numbers_of_zombies,
    ),
    case(
        "a namespace can be named in several ways",
        named_in_several_ways,
    ),
];

const fn case(name: &'static str, test: fn() -> Result<(), Failed>) -> Case {
    Case {
        name,
        needs: REQUIREMENTS,
        isolation: Isolation::Machine,
        timeout: Duration::from_secs(240),
        body: Body::Fallible(test),
    }
}

/// Namespaces with sockets, until it is dropped.
struct World(Child);

impl World {
    /// Makes `count` namespaces, the first `pairs` of the named ones with a connection from ours.
    fn new(count: usize, pairs: usize) -> World {
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "tmpfs", "/run"])
            .status();
        assert!(
            mounted.is_ok_and(|status| status.success()),
            "/run is mounted"
        );
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/support/namespaces.py");
        let mut child = Command::new("python3")
            .args([script, &count.to_string(), &pairs.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("python3 runs");
        let mut line = String::new();
        let out = child.stdout.take().expect("piped");
        BufReader::new(out).read_line(&mut line).expect("read");
        assert_eq!(line, "ready\n");
        World(child)
    }
}

impl Drop for World {
    fn drop(&mut self) {
        drop(self.0.stdin.take());
        let _ = self.0.wait();
    }
}

/// Runs `list -a --json` with these arguments.
fn list(arguments: &[&str]) -> Json {
    let output = run(&[&["list", "-a", "--json"], arguments].concat());
    assert!(output.status.success(), "{}", text(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("JSON")
}

fn sockets(document: &Json) -> &[Json] {
    document["sockets"].as_array().expect("a list")
}

/// Cookies of the TCP and UDP sockets that ss lists in a namespace.
fn cookies_of_ss(file: &str) -> BTreeSet<u64> {
    let net = format!("--net={file}");
    let output = Command::new("nsenter")
        .args([&net, "ss", "-tuaenOH"])
        .output()
        .expect("nsenter runs");
    let lines = text(&output.stdout);
    let cookies = lines
        .split_whitespace()
        .filter_map(|word| word.strip_prefix("sk:"));
    cookies
        .map(|cookie| u64::from_str_radix(cookie, 16).expect("hexadecimal"))
        .collect()
}

/// A file by which each network namespace can be entered, by its inode.
fn namespace_files() -> BTreeMap<String, String> {
    let mut files = BTreeMap::new();
    let processes = fs::read_dir("/proc").expect("listed").flatten();
    for process in processes.map(|entry| entry.path()) {
        let own = [process.join("ns/net")].into_iter();
        let descriptors = fs::read_dir(process.join("fd"))
            .into_iter()
            .flatten()
            .flatten();
        for file in own.chain(descriptors.map(|entry| entry.path())) {
            let target = fs::read_link(&file).unwrap_or_default();
            let target = target.to_string_lossy().into_owned();
            if let Some(inode) = target.strip_prefix("net:[") {
                let inode = inode.trim_end_matches(']').to_owned();
                files
                    .entry(inode)
                    .or_insert_with(|| file.display().to_string());
            }
        }
    }
    files
}

fn sockets_are_those_of_ss() -> Result<(), Failed> {
    let _world = World::new(50, 4);
    let document = list(&["-N", "all"]);
    let namespaces = &document["coverage"]["namespaces"];
    assert_eq!(namespaces["not_shown"], 0, "{namespaces}");
    assert!(namespaces["shown"].as_u64() >= Some(51), "{namespaces}");
    let mut own: BTreeMap<String, BTreeSet<u64>> = BTreeMap::new();
    let mut names = BTreeSet::new();
    for socket in sockets(&document) {
        names.insert(socket["netns_name"].as_str().expect("a name").to_owned());
        let is_compared = matches!(socket["protocol"].as_str(), Some("tcp" | "udp"));
        if is_compared {
            let cookie = socket["cookie"].as_u64().expect("a cookie");
            own.entry(socket["netns"].to_string())
                .or_default()
                .insert(cookie);
        }
    }
    let mut compared = 0;
    for (inode, file) in namespace_files() {
        let theirs = cookies_of_ss(&file);
        assert_eq!(
            own.remove(&inode).unwrap_or_default(),
            theirs,
            "{inode} {file}"
        );
        compared += usize::from(!theirs.is_empty());
    }
    assert!(own.is_empty(), "{own:?}");
    assert!(compared >= 50, "{compared}");
    assert!(names.contains("n0") && names.contains("n48"), "{names:?}");
    let table = run(&["list", "-tl", "-N", "all", "netns", "n0"]);
    let table = text(&table.stdout);
    assert!(table.contains("NET NS") && table.contains(" n0"), "{table}");
    let state = |state: &str| {
        let all = sockets(&document).iter();
        all.filter(|socket| socket["state"] == state).count()
    };
    assert!(state("time-wait") >= 34, "{}", state("time-wait"));
    Ok(())
}

fn ends_find_each_other() -> Result<(), Failed> {
    let _world = World::new(12, 4);
    let document = list(&["-t", "-N", "all"]);
    let server =
        |socket: &&Json| socket["local"]["port"] == 5432 && socket["state"] == "established";
    let servers: Vec<&Json> = sockets(&document).iter().filter(server).collect();
    assert_eq!(servers.len(), 4);
    for server in servers {
        let client = sockets(&document)
            .iter()
            .find(|socket| socket["cookie"] == server["peer"]["cookie"])
            .expect("the other end");
        assert_eq!(client["remote"], server["local"]);
        assert_ne!(client["netns"], server["netns"]);
        assert_eq!(client["peer"]["cookie"], server["cookie"]);
    }
    Ok(())
}

fn none_is_pinned() -> Result<(), Failed> {
    let directory = tempfile::tempdir().expect("a directory");
    let _world = World::new(3, 0);
    let output = directory.path().join("x.swr");
    let mut recorder = sockwatch(&["record", "-N", "all", "--interval", "100ms", "-o"])
        .arg(&output)
        .stderr(Stdio::null())
        .spawn()
        .expect("it runs");
    let ip = |words: &str| {
        let status = Command::new("ip").args(words.split(' ')).status();
        assert!(status.is_ok_and(|status| status.success()), "ip {words}");
    };
    let descriptors =
        || fs::read_dir(format!("/proc/{}/fd", recorder.id())).map_or(0, Iterator::count);
    let mut most = 0;
    for round in 0..20 {
        ip("netns add passing");
        ip("link add outer type veth peer name inner netns passing");
        std::thread::sleep(Duration::from_millis(10 * (round % 7)));
        most = most.max(descriptors());
        ip("netns delete passing");
        // The kernel removes the pair with the namespace, which lives on while anything refers to it.
        until("the namespace to go", || {
            !fs::read_to_string("/proc/net/dev")
                .expect("read")
                .contains("outer")
        });
    }
    assert!(most < 40, "{most} descriptors");
    let pid = recorder.id().to_string();
    let killed = Command::new("kill").args(["-INT", &pid]).status();
    assert!(killed.is_ok_and(|status| status.success()));
    assert!(recorder.wait().expect("it ends").success());
    let path = output.display().to_string();
    let info = run(&["info", &path]);
    assert!(info.status.success(), "{}", text(&info.stderr));
    Ok(())
}

fn events_of_another_namespace() -> Result<(), Failed> {
    let _world = World::new(1, 0);
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
    let mut server = Command::new("ip")
        .args(["netns", "exec", "n0", "python3", "-c", script])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("ip runs");
    let mut line = String::new();
    let out = server.stdout.take().expect("piped");
    BufReader::new(out).read_line(&mut line).expect("read");
    assert_eq!(line, "ready\n");
    let mut orders = server.stdin.take().expect("piped");
    let mut events = sockwatch(&["events", "-t", "-N", "all", "--json"])
        .args(["( sport = 7000 or sport = 7001 )"])
        .stdout(Stdio::piped())
        .spawn()
        .expect("it runs");
    let out = BufReader::new(events.stdout.take().expect("piped"));
    let (sender, lines) = std::sync::mpsc::channel();
    let reader = std::thread::spawn(move || {
        for line in out.lines().map_while(Result::ok) {
            let event: Json = serde_json::from_str(&line).expect("JSON");
            let is_closed = event["event"] == "closed" && event["socket"]["remote"].is_object();
            if is_closed && sender.send(event).is_err() {
                break;
            }
        }
    });
    // Until one is reported, no sample has seen the listeners.
    until("the first event", || {
        writeln!(orders, "7001 1").expect("written");
        lines.recv_timeout(Duration::from_millis(500)).is_ok()
    });
    writeln!(orders, "7000 20").expect("written");
    let mut closed: Vec<Json> = Vec::new();
    until("the events", || {
        let event = lines.recv_timeout(Duration::from_millis(100));
        closed.extend(
            event
                .ok()
                .filter(|event| event["socket"]["local"]["port"] == 7000),
        );
        closed.len() >= 20
    });
    for event in &closed {
        assert_eq!(event["socket"]["netns_name"], "n0");
        assert_eq!(
            (&event["received_bytes"], &event["sent_bytes"]),
            (&100.into(), &50.into())
        );
        assert_eq!(event["socket"]["owners"][0]["comm"], "python3", "{event}");
    }
    drop(orders);
    let _ = server.wait();
    let pid = events.id().to_string();
    let ended = Command::new("kill").args(["-INT", &pid]).status();
    assert!(ended.is_ok_and(|status| status.success()));
    assert!(events.wait().expect("it ends").success());
    reader.join().expect("it ends");
    let more = lines
        .iter()
        .filter(|event| event["socket"]["local"]["port"] == 7000);
    assert_eq!(more.count(), 0, "each is closed once");
    Ok(())
}

fn unprivileged_counts() -> Result<(), Failed> {
    let _world = World::new(6, 0);
    let copy = tempfile::Builder::new()
        .tempdir_in("/run")
        .expect("a directory");
    let program = copy.path().join("sockwatch");
    fs::copy(env!("CARGO_BIN_EXE_sockwatch"), &program).expect("copied");
    let open = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    fs::set_permissions(copy.path(), open).expect("set");
    for arguments in [
        &["list", "-ta", "--json"][..],
        &["list", "-ta", "-N", "all", "--json"],
        &["summary", "--json"],
    ] {
        let output = Command::new("setpriv")
            .args(["--reuid", "65534", "--regid", "65534", "--clear-groups"])
            .arg(&program)
            .args(arguments)
            .output()
            .expect("setpriv runs");
        let said = text(&output.stderr);
        assert!(output.status.success(), "{said}");
        assert!(
            said.contains("other network namespaces not shown (needs CAP_SYS_ADMIN)"),
            "{said}"
        );
        let document: Json = serde_json::from_slice(&output.stdout).expect("JSON");
        let namespaces = match document.get("coverage") {
            Some(coverage) => &coverage["namespaces"],
            None => &document["namespaces"],
        };
        assert_eq!(namespaces["shown"], 1);
        // Those that only a descriptor holds cannot be seen.
        assert!(namespaces["not_shown"].as_u64() >= Some(4), "{namespaces}");
        assert_eq!(namespaces["reason"], "needs CAP_SYS_ADMIN");
    }
    let own = list(&["-t"]);
    assert_eq!(
        own["coverage"]["namespaces"]["reason"],
        "not requested; use -N all"
    );
    Ok(())
}

fn recordings_hold_them() -> Result<(), Failed> {
    let directory = tempfile::tempdir().expect("a directory");
    let recording = directory.path().join("x.swr").display().to_string();
    let redacted = directory.path().join("y.swr").display().to_string();
    let world = World::new(9, 1);
    for (path, option) in [(&recording, &[][..]), (&redacted, &["--redact"])] {
        let arguments = [
            &["record", "-N", "all", "-o", path, "--duration", "2s"],
            option,
        ]
        .concat();
        let recorded = run(&arguments);
        assert!(recorded.status.success(), "{}", text(&recorded.stderr));
    }
    drop(world);
    let shown = list(&["--from", &recording]);
    assert_eq!(shown["coverage"]["namespaces"]["not_shown"], 0);
    let names = |document: &Json| -> BTreeSet<String> {
        let all = sockets(document).iter();
        all.filter_map(|socket| Some(socket["netns_name"].as_str()?.to_owned()))
            .collect()
    };
    let expected = names(&shown);
    assert!(
        expected.contains("n0") && expected.contains("n6"),
        "{expected:?}"
    );
    assert!(expected.len() >= 9, "{expected:?}");
    let of_one = list(&["--from", &recording, "netns", "=", "n3"]);
    assert!(!sockets(&of_one).is_empty());
    assert_eq!(names(&of_one), BTreeSet::from(["n3".to_owned()]));
    let hidden = names(&list(&["--from", &redacted]));
    assert_eq!(hidden.len(), expected.len(), "{hidden:?}");
    assert!(
        hidden
            .iter()
            .all(|name| name.starts_with("netns-") || name == "host"),
        "{hidden:?}"
    );
    Ok(())
}

fn findings_name_them() -> Result<(), Failed> {
    let _world = World::new(4, 0);
    let script = "import socket, time\n\
        l = socket.socket(); l.bind(('127.0.0.1', 7001)); l.listen(1)\n\
        cs = []\n\
        for i in range(6):\n\
        \x20c = socket.socket(); c.setblocking(False); c.connect_ex(('127.0.0.1', 7001)); cs.append(c)\n\
        time.sleep(60)\n";
    let mut full = Command::new("ip")
        .args(["netns", "exec", "n3", "python3", "-c", script])
        .spawn()
        .expect("ip runs");
    let output = run(&["diagnose", "--for", "8s", "--json"]);
    let _ = full.kill();
    let _ = full.wait();
    let document: Json = serde_json::from_slice(&output.stdout).expect("JSON");
    let findings = document["findings"].as_array().expect("a list");
    let of = |id: &str| {
        findings
            .iter()
            .filter(|finding| finding["id"] == id)
            .collect::<Vec<_>>()
    };
    let full = of("accept-queue-full");
    assert_eq!(full.len(), 1, "{findings:?}");
    assert_eq!(full[0]["namespace"]["name"], "n3");
    let summary = full[0]["summary"].as_str().expect("text");
    assert!(
        summary.starts_with("In network namespace n3: "),
        "{summary}"
    );
    Ok(())
}

/// Inodes of the unix sockets that ss lists in a namespace.
fn unix_inodes_of_ss(file: &str) -> BTreeSet<u64> {
    let net = format!("--net={file}");
    let output = Command::new("nsenter")
        .args([&net, "ss", "-xanOH"])
        .output()
        .expect("nsenter runs");
    assert!(output.status.success(), "{}", text(&output.stderr));
    // Netid, state, two queues, and the name and inode of each end.
    let lines = text(&output.stdout);
    let own = lines.lines().filter_map(|line| {
        let words: Vec<&str> = line.split_whitespace().collect();
        words.get(5)?.parse().ok()
    });
    own.collect()
}

fn unix_sockets_are_those_of_ss() -> Result<(), Failed> {
    let _world = World::new(50, 0);
    // A pair, a listener with a name and one without, in each named namespace.
    let script = "import socket, sys\n\
        a = socket.socketpair()\n\
        l = socket.socket(socket.AF_UNIX); l.bind('\\0name'); l.listen(1)\n\
        d = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)\n\
        print('ready', flush=True); sys.stdin.read()\n";
    let mut holders: Vec<Child> = Vec::new();
    // Every third namespace has a name.
    for number in (0..30).step_by(3) {
        let mut holder = Command::new("ip")
            .args([
                "netns",
                "exec",
                &format!("n{number}"),
                "python3",
                "-c",
                script,
            ])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("ip runs");
        let mut line = String::new();
        let out = holder.stdout.take().expect("piped");
        BufReader::new(out).read_line(&mut line).expect("read");
        assert_eq!(line, "ready\n");
        holders.push(holder);
    }
    let document = list(&["-x", "-N", "all"]);
    let mut own: BTreeMap<String, BTreeSet<u64>> = BTreeMap::new();
    for socket in sockets(&document) {
        let inode = socket["inode"].as_u64().expect("an inode");
        own.entry(socket["netns"].to_string())
            .or_default()
            .insert(inode);
    }
    let mut compared = (0, 0);
    for (inode, file) in namespace_files() {
        let theirs = unix_inodes_of_ss(&file);
        let ours = own.remove(&inode).unwrap_or_default();
        assert_eq!(ours, theirs, "{inode} {file}");
        compared.0 += usize::from(theirs.len() >= 2);
        compared.1 += usize::from(theirs.len() >= 6);
    }
    assert!(own.is_empty(), "{own:?}");
    // Those that only a descriptor holds have no unix sockets.
    assert!(compared.0 >= 30 && compared.1 >= 10, "{compared:?}");
    for mut holder in holders {
        drop(holder.stdin.take());
        let _ = holder.wait();
    }
    Ok(())
}

fn kill_in_all_namespaces() -> Result<(), Failed> {
    let _world = World::new(4, 0);
    let script = "import socket, sys\n\
        l = socket.socket(); l.bind(('127.0.0.1', 7100)); l.listen(9)\n\
        c = socket.create_connection(('127.0.0.1', 7100)); a = l.accept()[0]\n\
        print('ready', flush=True); sys.stdin.read()\n";
    let mut holders: Vec<Child> = Vec::new();
    for name in ["n0", "n3"] {
        let mut holder = Command::new("ip")
            .args(["netns", "exec", name, "python3", "-c", script])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("ip runs");
        let mut line = String::new();
        let out = holder.stdout.take().expect("piped");
        BufReader::new(out).read_line(&mut line).expect("read");
        assert_eq!(line, "ready\n");
        holders.push(holder);
    }
    let filter = ["-t", "-N", "all", "sport = 7100 and state established"];
    let dry = run(&[&["kill", "--dry-run"], &filter[..]].concat());
    let said = text(&dry.stdout);
    assert!(said.contains("would close these 2 sockets"), "{said}");
    assert!(said.contains(" n0") && said.contains(" n3"), "{said}");
    let before = list(&["-t", "-N", "all", "sport = 7100"]);
    let killed = run(&[&["kill", "--yes", "--all"], &filter[..]].concat());
    let said = text(&killed.stdout);
    if said.contains("CONFIG_INET_DIAG_DESTROY") {
        // The kernel was built without it.
        return Ok(());
    }
    assert!(killed.status.success(), "{said}{}", text(&killed.stderr));
    assert!(said.contains("in n0: destroyed"), "{said}");
    assert!(said.contains("in n3: destroyed"), "{said}");
    assert!(said.contains("2 of 2 closed"), "{said}");
    let after = list(&["-t", "-N", "all", "sport = 7100"]);
    let in_state = |document: &Json, state: &str| {
        let all = sockets(document).iter();
        all.filter(|socket| socket["state"] == state).count()
    };
    assert_eq!(in_state(&before, "established"), 2);
    assert_eq!(in_state(&after, "established"), 0);
    assert_eq!(in_state(&after, "listening"), 2, "others are spared");
    for mut holder in holders {
        drop(holder.stdin.take());
        let _ = holder.wait();
    }
    Ok(())
}

fn named_in_several_ways() -> Result<(), Failed> {
    let _world = World::new(2, 0);
    let files = namespace_files();
    let named = list(&["-t", "-N", "n0"]);
    let inode = sockets(&named)[0]["netns"].to_string();
    let path = files.get(&inode).expect("its file");
    let pid = path.split('/').nth(2).expect("a pid");
    for name in ["/run/netns/n0", path, pid] {
        let same = list(&["-t", "-N", name]);
        let cookies = |document: &Json| -> BTreeSet<u64> {
            let all = sockets(document).iter();
            all.filter_map(|socket| socket["cookie"].as_u64()).collect()
        };
        assert_eq!(cookies(&same), cookies(&named), "{name}");
    }
    for (name, says) in [
        ("nothing", "no such namespace"),
        ("999999", "no such process"),
        ("/etc/hostname", "not a network namespace"),
        ("/nowhere", "No such file"),
        ("", "-N needs"),
    ] {
        let output = run(&["list", "-N", name]);
        assert!(!output.status.success(), "{name}");
        assert!(
            text(&output.stderr).contains(says),
            "{}",
            text(&output.stderr)
        );
    }
    let with_file = run(&["list", "-N", "all", "--from", "/nowhere"]);
    assert!(!with_file.status.success());
    Ok(())
}

/// A recorder of all namespaces with a reader of what it records.
struct Recorder {
    child: Child,
    lines: std::sync::mpsc::Receiver<Json>,
}

impl Recorder {
    fn new(arguments: &[&str]) -> Recorder {
        let mut child = sockwatch(&["record", "-N", "all", "--jsonl", "-", "--interval", "200ms"])
            .args(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("it runs");
        let out = BufReader::new(child.stdout.take().expect("piped"));
        let (sender, lines) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            for line in out.lines().map_while(Result::ok) {
                let socket: Json = serde_json::from_str(&line).expect("JSON");
                if sender.send(socket).is_err() {
                    break;
                }
            }
        });
        Recorder { child, lines }
    }

    /// Waits until a row is as `condition` says.
    fn until(&self, what: &str, condition: impl Fn(&Json) -> bool) {
        until(what, || self.lines.try_iter().any(|row| condition(&row)));
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Starts a Python script with an argument, and waits for its first line.
fn python(script: &str, argument: &str) -> Child {
    let mut child = Command::new("python3")
        .args(["-c", script, argument])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("python3 runs");
    let mut line = String::new();
    let out = child.stdout.take().expect("piped");
    BufReader::new(out).read_line(&mut line).expect("read");
    assert_eq!(line, "ready\n");
    child
}

/// Nothing but the queues changes when a process receives what has arrived, neither a counter nor a number of sockets.
fn emptied_queues_of_many() -> Result<(), Failed> {
    let _world = World::new(24, 0);
    let script = "import ctypes, os, socket, sys\n\
        ctypes.CDLL(None).setns(os.open('/run/netns/n0', os.O_RDONLY), 0x40000000)\n\
        u = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); u.bind(('127.0.0.1', 7200))\n\
        l = socket.socket(); l.bind(('127.0.0.1', 7200)); l.listen(9)\n\
        c = socket.create_connection(('127.0.0.1', 7200)); a = l.accept()[0]\n\
        c.send(b'x' * 10); c.sendto(b'', ('127.0.0.1', 7200))\n\
        s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.sendto(b'y' * 100, ('127.0.0.1', 7200))\n\
        print('ready', flush=True)\n\
        sys.stdin.readline(); u.recv(200); a.recv(200)\n\
        sys.stdin.readline()\n";
    let mut holder = python(script, "");
    // With a filter by addresses, all namespaces are dumped for each sample.
    let recorder = Recorder::new(&["-a"]);
    let queue = |row: &Json, protocol: &str, is_empty: bool| {
        let bytes = row["recv_queue"].as_u64();
        let is_it = row["protocol"] == protocol && row["local"]["port"] == 7200;
        is_it && bytes.is_some_and(|bytes| (bytes == 0) == is_empty)
    };
    recorder.until("data that waits", |row| queue(row, "udp", false));
    recorder.until("data that waits", |row| queue(row, "tcp", false));
    let orders = holder.stdin.as_mut().expect("piped");
    orders.write_all(b"\n").expect("written");
    recorder.until("the queue to be empty", |row| queue(row, "udp", true));
    let empty = std::cell::Cell::new(0);
    recorder.until("both ends to have read", |row| {
        if queue(row, "tcp", false) {
            empty.set(0);
        } else if queue(row, "tcp", true) {
            empty.set(empty.get() + 1);
        }
        empty.get() > 4
    });
    drop(holder.stdin.take());
    let _ = holder.wait();
    Ok(())
}

/// The kernel gives the number of a namespace that has gone to the next one.
fn numbers_of_zombies() -> Result<(), Failed> {
    let script = "import ctypes, socket, subprocess, sys, time\n\
        ctypes.CDLL(None).unshare(0x40000000)\n\
        subprocess.run(['ip', 'link', 'set', 'lo', 'up'], check=True)\n\
        l = socket.socket(); l.bind(('127.0.0.1', int(sys.argv[1]))); l.listen(9)\n\
        print('ready', flush=True)\n\
        sys.stdin.readline()\n";
    let mut first = python(script, "7300");
    let recorder = Recorder::new(&["-t", "-l", "( sport = 7300 or sport = 7301 )"]);
    let has = |row: &Json, port: u16| row["local"]["port"] == port;
    recorder.until("the first namespace", |row| has(row, 7300));
    let number = |pid: u32| fs::read_link(format!("/proc/{pid}/ns/net")).ok();
    let before = number(first.id());
    // It stays a zombie, which has no namespace.
    drop(first.stdin.take());
    until("its end", || number(first.id()).is_none());
    let mut others = Vec::new();
    // The number is free when the kernel has removed the namespace.
    until("a namespace with its number", || {
        let other = python(script, "7301");
        let is_it = number(other.id()) == before;
        others.push(other);
        is_it
    });
    let found = std::time::Instant::now();
    let inode: u64 = before
        .as_deref()
        .and_then(|path| path.to_str())
        .and_then(|path| {
            path.trim_matches(|character: char| !character.is_ascii_digit())
                .parse()
                .ok()
        })
        .expect("an inode");
    recorder.until("the second namespace", |row| {
        has(row, 7301) && row["netns"] == inode
    });
    assert!(
        found.elapsed() < Duration::from_secs(5),
        "{:?}",
        found.elapsed()
    );
    let _ = first.wait();
    for mut other in others {
        drop(other.stdin.take());
        let _ = other.wait();
    }
    Ok(())
}

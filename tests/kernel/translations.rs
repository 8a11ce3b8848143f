//! Connections whose addresses are translated, on the real kernel.

#![expect(
    clippy::unnecessary_wraps,
    reason = "each test is called in the same way"
)]

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use libtest_mimic::Failed;
use serde_json::Value as Json;
use sockwatch::model::Sample;
use sockwatch::source::{LiveOptions, LiveSource, Source as _};

use crate::support::cost_baseline::process_cpu_time;
use crate::support::requirements::Requirement;
use crate::support::sandbox::{Body, Case, Isolation};
use crate::support::wait::until;
use crate::{run, text};

const REQUIREMENTS: &[Requirement] = &[
    Requirement::Root,
    Requirement::Ip,
    Requirement::Nft,
    Requirement::Python,
    Requirement::Conntrack,
];

pub(crate) const CASES: &[Case] = &[
    case(
        "both ends of a translated connection have their real peer",
        ends_have_their_peer,
        REQUIREMENTS,
    ),
    case(
        "translations are recorded, replayed and redacted",
        recorded,
        REQUIREMENTS,
    ),
    case(
        "a new connection is looked up, and a closed one is forgotten",
        followed_over_time,
        REQUIREMENTS,
    ),
    case(
        "the entry of a former connection is not that of another one",
        former_connection,
        REQUIREMENTS,
    ),
    case("entries of others cost nothing", many_entries, REQUIREMENTS),
    case(
        "without the privilege, a note says what is missing",
        unprivileged,
        &[
            Requirement::Root,
            Requirement::Ip,
            Requirement::Nft,
            Requirement::Python,
            Requirement::Conntrack,
            Requirement::Setpriv,
        ],
    ),
];

const fn case(
    name: &'static str,
    test: fn() -> Result<(), Failed>,
    needs: &'static [Requirement],
) -> Case {
    Case {
        name,
        needs,
        isolation: Isolation::Machine,
        timeout: Duration::from_secs(240),
        body: Body::Fallible(test),
    }
}

/// Translated connections, until it is dropped.
struct World {
    child: Child,
    /// Names of the connections with their ends.
    connections: Vec<Json>,
}

impl World {
    fn new() -> World {
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "tmpfs", "/run"])
            .status();
        assert!(
            mounted.is_ok_and(|status| status.success()),
            "/run is mounted"
        );
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/support/translated.py");
        let mut child = Command::new("python3")
            .arg(script)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("python3 runs");
        let out = child.stdout.take().expect("piped");
        let mut world = World {
            child,
            connections: Vec::new(),
        };
        for line in BufReader::new(out).lines() {
            let line = line.expect("read");
            if line == "ready" {
                return world;
            }
            let connection = serde_json::from_str(&line).expect("JSON");
            world.connections.push(connection);
        }
        panic!("the connections could not be made: {:?}", world.connections);
    }
}

impl Drop for World {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let _ = self.child.wait();
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

/// An endpoint as Python reports it.
fn end(end: &Json) -> Json {
    match end {
        Json::Null => Json::Null,
        end => Json::from(vec![end["address"].clone(), end["port"].clone()]),
    }
}

/// Returns the socket with both ends, as Python reports them.
fn socket_of<'a>(document: &'a Json, ends: &Json) -> &'a Json {
    let is_it =
        |socket: &&Json| end(&socket["local"]) == ends[0] && end(&socket["remote"]) == ends[1];
    sockets(document)
        .iter()
        .find(is_it)
        .unwrap_or_else(|| panic!("{ends} is not listed"))
}

/// Asserts that both ends of every connection have the real peer and find each other.
fn assert_translated(document: &Json, connections: &[Json]) {
    for connection in connections {
        let name = connection["name"].as_str().expect("a name");
        let (client_ends, server_ends) = (&connection["client"], &connection["server"]);
        let client = socket_of(document, client_ends);
        let server = socket_of(document, server_ends);
        assert_eq!(client["peer"]["cookie"], server["cookie"], "{name}");
        assert_eq!(server["peer"]["cookie"], client["cookie"], "{name}");
        let is_translated = client_ends[1] != server_ends[0] || client_ends[0] != server_ends[1];
        if !is_translated {
            for socket in [client, server] {
                assert_eq!(socket["real_peer"], Json::Null, "{name}");
                assert_eq!(socket["seen_as"], Json::Null, "{name}");
            }
            continue;
        }
        assert_eq!(end(&client["real_peer"]), server_ends[0], "{name}");
        assert_eq!(end(&client["seen_as"]), server_ends[1], "{name}");
        assert_eq!(end(&server["real_peer"]), client_ends[0], "{name}");
        if name != "nested" {
            // There, the client's own namespace translates before.
            assert_eq!(end(&server["seen_as"]), client_ends[1], "{name}");
        }
    }
}

/// Reports whether a line of `/proc/net/nf_conntrack` has the packets of both ends.
fn has_entry(table: &str, client: &Json, server: &Json) -> bool {
    let side = |ends: &Json, from: usize, to: usize| {
        format!(
            "src={} dst={} sport={} dport={}",
            ends[from][0].as_str().expect("an address"),
            ends[to][0].as_str().expect("an address"),
            ends[from][1],
            ends[to][1]
        )
    };
    let sides = [side(client, 0, 1), side(server, 0, 1)];
    let mut lines = table.lines();
    lines.any(|line| sides.iter().all(|side| line.contains(side)))
}

fn ends_have_their_peer() -> Result<(), Failed> {
    let world = World::new();
    let document = list(&["-N", "all"]);
    assert_translated(&document, &world.connections);
    // As the kernel's own table has them, which is not what sockwatch reads.
    if let Ok(table) = fs::read_to_string("/proc/net/nf_conntrack") {
        let mut compared = 0;
        for connection in &world.connections {
            let is_compared = !matches!(
                connection["name"].as_str(),
                Some("plain" | "nested" | "dnat of IPv6")
            );
            if is_compared {
                let (client, server) = (&connection["client"], &connection["server"]);
                assert!(has_entry(&table, client, server), "{connection} {table}");
                compared += 1;
            }
        }
        assert!(compared >= 7, "{compared}");
    }
    // A filter finds the backend of a Service by its address.
    let backend = list(&["-N", "all", "real_peer", "=", "10.88.2.2:8443"]);
    assert!(!sockets(&backend).is_empty());
    for socket in sockets(&backend) {
        assert_eq!(end(&socket["real_peer"])[0], "10.88.2.2");
        assert_ne!(end(&socket["local"])[0], "10.88.2.2");
    }
    // Nothing is known of the other namespaces if they are not in scope, but the own one translates on its own.
    let own = list(&[]);
    let output = world
        .connections
        .iter()
        .find(|connection| connection["name"] == "output")
        .expect("made");
    let client = socket_of(&own, &output["client"]);
    assert_eq!(end(&client["real_peer"]), output["server"][0]);
    assert_eq!(client["peer"], Json::Null);
    Ok(())
}

fn recorded() -> Result<(), Failed> {
    let directory = tempfile::tempdir().expect("a directory");
    let recording = directory.path().join("x.swr").display().to_string();
    let redacted = directory.path().join("y.swr").display().to_string();
    let world = World::new();
    for (path, option) in [(&recording, &[][..]), (&redacted, &["--redact"])] {
        let arguments = [
            &["record", "-N", "all", "-o", path, "--duration", "2s"],
            option,
        ]
        .concat();
        let recorded = run(&arguments);
        assert!(recorded.status.success(), "{}", text(&recorded.stderr));
    }
    let connections = world.connections.clone();
    drop(world);
    assert_translated(&list(&["--from", &recording]), &connections);
    let hidden = list(&["--from", &redacted]);
    let translated = |document: &Json| {
        let mut all = sockets(document).iter();
        all.by_ref()
            .filter(|socket| socket["real_peer"].is_object())
            .count()
    };
    assert!(translated(&hidden) >= 18, "{}", translated(&hidden));
    for socket in sockets(&hidden) {
        for place in ["real_peer", "seen_as"] {
            let address = socket[place]["address"].as_str().unwrap_or("");
            let is_original = ["10.88.", "10.96.", "fd88:", "fd96:"]
                .iter()
                .any(|part| address.starts_with(part));
            assert!(!is_original, "{socket}");
        }
        // Both ends still find each other.
        if socket["real_peer"].is_object() {
            assert!(socket["peer"].is_object(), "{socket}");
        }
    }
    Ok(())
}

/// A source of Samples of the own network namespace.
fn live() -> LiveSource {
    LiveSource::new(LiveOptions::default()).expect("the kernel gives sock_diag")
}

fn next(live: &mut LiveSource, sample: &mut Sample) {
    live.next_into(sample).expect("a sample");
}

fn nft(rules: &str) {
    let status = Command::new("nft").arg(rules).status();
    assert!(status.is_ok_and(|status| status.success()), "{rules}");
}

/// Brings the loopback device up, with a rule that redirects port 80 to `port`.
fn redirect(port: u16) {
    nft("add table ip nat");
    nft("add chain ip nat output { type nat hook output priority -100; }");
    nft(&format!(
        "add rule ip nat output tcp dport 80 redirect to :{port}"
    ));
}

fn translations(sample: &Sample) -> usize {
    let known = sample.translations.as_ref();
    known.map_or(0, |known| known.len())
}

fn followed_over_time() -> Result<(), Failed> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("bound");
    let port = listener.local_addr().expect("bound").port();
    let (mut live, mut sample) = (live(), Sample::default());
    next(&mut live, &mut sample);
    assert_eq!(sample.translations, None);
    redirect(port);
    let connect = || {
        let client = TcpStream::connect((Ipv4Addr::LOCALHOST, 80)).expect("connected");
        (client, listener.accept().expect("accepted").0)
    };
    let first = connect();
    next(&mut live, &mut sample);
    assert_eq!(translations(&sample), 2);
    let shared = sample.translations.clone();
    next(&mut live, &mut sample);
    let is_shared = match (&shared, &sample.translations) {
        (Some(before), Some(now)) => std::sync::Arc::ptr_eq(before, now),
        _ => false,
    };
    assert!(is_shared, "nothing has changed");
    let second = connect();
    next(&mut live, &mut sample);
    assert_eq!(translations(&sample), 4);
    let ports: Vec<u16> = sample
        .iter()
        .filter_map(|socket| Some(socket.translation()?.peer.port))
        .collect();
    assert_eq!(ports.iter().filter(|&&known| known == port).count(), 2);
    drop(first);
    until("the closed sockets to be forgotten", || {
        next(&mut live, &mut sample);
        // What is left of the connection may be in TIME-WAIT.
        let open = sample.iter().filter(|socket| socket.socket.inode != 0);
        open.filter(|socket| socket.translation().is_some()).count() == 2
    });
    // A rule that has gone does not change an open connection.
    nft("flush ruleset");
    next(&mut live, &mut sample);
    assert!(translations(&sample) >= 2);
    drop(second);
    Ok(())
}

/// Inserts entries by the script.
fn insert(arguments: &[&str]) {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/support/conntrack.py");
    let status = Command::new("python3").arg(script).args(arguments).status();
    assert!(status.is_ok_and(|status| status.success()), "{arguments:?}");
}

fn former_connection() -> Result<(), Failed> {
    // No rule: packets are not tracked here any more.
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("bound");
    let port = listener.local_addr().expect("bound").port();
    let client = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).expect("connected");
    let own = client.local_addr().expect("bound").port().to_string();
    let port = port.to_string();
    let loopback = "127.0.0.1";
    let former = [loopback, &own, loopback, &port, "10.1.1.1", "8443", "7"];
    insert(&former);
    let count = fs::read_to_string("/proc/sys/net/netfilter/nf_conntrack_count").expect("read");
    assert_eq!(count.trim(), "1");
    let (mut live, mut sample) = (live(), Sample::default());
    for _ in 0..2 {
        next(&mut live, &mut sample);
        assert_eq!(sample.translations, None);
    }
    Ok(())
}

fn many_entries() -> Result<(), Failed> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("bound");
    let address = listener.local_addr().expect("bound");
    let _open: Vec<TcpStream> = (0..100)
        .map(|_| TcpStream::connect(address).expect("connected"))
        .collect();
    let (mut live, mut sample) = (live(), Sample::default());
    let mut shortest = || {
        let times = (0..30).map(|_| {
            let start = process_cpu_time();
            next(&mut live, &mut sample);
            (
                process_cpu_time().saturating_sub(start),
                sample.translations.is_none(),
            )
        });
        let (times, none): (Vec<Duration>, Vec<bool>) = times.unzip();
        assert!(none.iter().all(|&none| none));
        times.into_iter().min().expect("some")
    };
    let without = shortest();
    insert(&["fill", "50000"]);
    let with = shortest();
    // A dump of the entries takes 150 ms.
    assert!(
        with < without * 2 + Duration::from_millis(10),
        "{without:?} {with:?}"
    );
    Ok(())
}

fn unprivileged() -> Result<(), Failed> {
    let _world = World::new();
    let copy = tempfile::Builder::new()
        .tempdir_in("/run")
        .expect("a directory");
    let program = copy.path().join("sockwatch");
    fs::copy(env!("CARGO_BIN_EXE_sockwatch"), &program).expect("copied");
    let open = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    fs::set_permissions(copy.path(), open).expect("set");
    let output = Command::new("setpriv")
        .args(["--reuid", "65534", "--regid", "65534", "--clear-groups"])
        .arg(&program)
        .args(["list", "-ta", "--json"])
        .output()
        .expect("setpriv runs");
    assert!(output.status.success(), "{}", text(&output.stderr));
    let document: Json = serde_json::from_slice(&output.stdout).expect("JSON");
    let faults = document["faults"].as_array().expect("a list");
    let fault = faults
        .iter()
        .find(|fault| fault["source"] == "connection tracking")
        .expect("a note");
    assert_eq!(fault["severity"], "note");
    assert!(
        fault["error"]
            .as_str()
            .is_some_and(|error| error.contains("CAP_NET_ADMIN")),
        "{fault}"
    );
    let known = |socket: &&Json| socket["real_peer"].is_object();
    assert_eq!(sockets(&document).iter().filter(known).count(), 0);
    Ok(())
}

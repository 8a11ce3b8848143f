//! [`LiveSource`] on the real kernel, with sockets that the test itself opens.
//!
//! As root the tests run in a network namespace of their own. Without root they run in that where they were started and use
//! their own sockets only; a test that needs a missing privilege or tool is reported as ignored, with the reason.

use std::collections::HashMap;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use sockwatch::aggregate::{Aggregate, Aggregator};
use sockwatch::filter::{LoweredFilter, StateSet};
use sockwatch::model::{
    Attribution, Protocol, Sample, Socket, SocketRef, SocketTable, State, TcpInfo, Unowned,
};
use sockwatch::source::netlink::dump::Dumper;
use sockwatch::source::netlink::request::{AttributeRequest, Table};
use sockwatch::source::{LiveOptions, LiveSource, OwnerScope, Source};

use crate::panicking;
use crate::support::helper_process::{self, HelperProcess};
use crate::support::network_namespace::ip;
use crate::support::requirements::{Requirement, is_root, mptcp_socket};
use crate::support::sandbox::{Case, sysctl};
use crate::support::sockets_in_every_state::{World, address, cookie, listener, pair};
use crate::support::wait::{self, patience};

/// Connections of a burst between two samples.
const BURST: usize = 1000;

/// Time that destroy events may take to be received.
const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) const CASES: &[Case] = &[
    panicking(
        "a listener and a client are found with pid, comm and descriptor",
        &[],
        own_sockets,
    ),
    panicking(
        "connections that live between two samples are all accounted for",
        &[],
        burst,
    ),
    panicking(
        "connections whose cookies are known are all accounted for as well",
        &[],
        burst_with_cookies,
    ),
    panicking(
        "the same without any privilege",
        &[Requirement::Root, Requirement::Setpriv],
        burst_unprivileged,
    ),
    panicking(
        "owners are skipped for a table larger than the limit, and for no other",
        &[],
        owners_of_at_most,
    ),
    panicking(
        "TIME-WAIT keeps the owner that it had when established",
        &[],
        time_wait_remembered,
    ),
    panicking(
        "TIME-WAIT on a listener's port is inferred, elsewhere it has no owner",
        &[],
        time_wait_never_seen_alive,
    ),
    panicking(
        "a transfer's rate equals that which the transfer measured",
        &[],
        rate_of_a_transfer,
    ),
    panicking(
        "without privilege every socket is there, and owners of others are denied",
        &[Requirement::Root, Requirement::Setpriv],
        sample_unprivileged,
    ),
    panicking(
        "a connection that was not accepted has that as its reason",
        &[],
        waiting_for_accept,
    ),
    panicking(
        "a closed connection with unsent data is an orphan",
        &[],
        orphan,
    ),
    panicking(
        "a half-open connection is in its handshake",
        &[Requirement::Root, Requirement::Ip],
        handshake,
    ),
    panicking(
        "an MPTCP connection has its own figures, and its subflow those of TCP",
        &[Requirement::Root, Requirement::Ip, Requirement::Mptcp],
        mptcp,
    ),
    panicking(
        "a socket of two processes has both and counts once",
        &[],
        shared,
    ),
    panicking(
        "a process that is killed takes nothing with it",
        &[],
        killed,
    ),
    panicking(
        "one dump of TCP over both families equals a dump of each",
        &[],
        both_families,
    ),
    panicking(
        "a program that the kernel refuses is left out of the request",
        &[],
        refused_program,
    ),
    panicking(
        "a request for a single socket reports whether it is still open",
        &[],
        single_request,
    ),
    panicking(
        "without a free descriptor there is a fault and no panic",
        &[],
        exhausted_descriptors,
    ),
    panicking(
        "network devices equal those of ip, and a change is noticed",
        &[Requirement::Root, Requirement::Ip],
        devices,
    ),
];

/// Runs the role that this process was started for, if any.
pub(crate) fn play_role() -> bool {
    match helper_process::role().as_deref() {
        Some("hold") => hold(),
        Some("burst") => burst(),
        Some("unprivileged") => print_attributions(),
        Some("exhausted") => exhausted(),
        _ => return false,
    }
    true
}

/// A source that has made a Sample, so that what follows happens between two.
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

    /// Takes the next Sample.
    fn next_sample(&mut self) -> &Sample {
        self.live
            .next_into(&mut self.sample)
            .expect("the kernel answers");
        &self.sample
    }

    /// The socket with this cookie in the last Sample.
    fn find(&self, cookie: u64) -> Option<SocketRef<'_>> {
        self.sample.iter().find(|row| row.socket.cookie == cookie)
    }

    fn get(&self, what: &str, cookie: u64) -> SocketRef<'_> {
        self.find(cookie)
            .unwrap_or_else(|| panic!("{what} (cookie {cookie}) is not in the Sample"))
    }
}

/// The kernel's name of this process.
fn own_comm() -> String {
    let comm = std::fs::read_to_string("/proc/self/comm").expect("it has a name");
    comm.trim_end().to_owned()
}

/// The owners of a socket: pid, comm, descriptors.
fn owners(socket: &SocketRef<'_>) -> Vec<(u32, String, Vec<u32>)> {
    socket
        .owners()
        .map(|(process, holders)| {
            (
                process.process.key.pid,
                process.process.comm.clone(),
                holders.iter().map(|holder| holder.fd).collect(),
            )
        })
        .collect()
}

fn fd(socket: &impl AsRawFd) -> u32 {
    u32::try_from(socket.as_raw_fd()).expect("descriptors are not negative")
}

fn own_sockets() {
    let listener = listener(Ipv4Addr::LOCALHOST);
    let (client, server) = pair(&listener);
    let watch = Watch::start();
    for (what, cookie, fd, state) in [
        (
            "the listener",
            cookie(&listener),
            fd(&listener),
            State::Listen,
        ),
        (
            "the client",
            cookie(&client),
            fd(&client),
            State::Established,
        ),
        (
            "the server",
            cookie(&server),
            fd(&server),
            State::Established,
        ),
    ] {
        let row = watch.get(what, cookie);
        assert_eq!(row.socket.state, state, "{what}");
        assert_eq!(row.socket.attribution, Attribution::Observed, "{what}");
        assert_eq!(
            owners(&row),
            [(std::process::id(), own_comm(), vec![fd])],
            "{what}"
        );
    }
    let client_row = watch.get("the client", cookie(&client));
    let (local, remote) = (client_row.socket.local(), client_row.socket.remote());
    let ends = [local, remote].map(|end| end.map(|end| SocketAddr::new(end.address, end.port)));
    assert_eq!(
        ends,
        [client.local_addr().ok(), client.peer_addr().ok()],
        "both ends of the client"
    );
}

/// Opens, uses and closes many connections between two samples, and checks the counters of each.
fn burst() {
    burst_with(|_| {});
}

/// The same where something requests the cookies of the connections while they are open, as eBPF programs do. Then TIME-WAIT
/// has the cookie of the connection, so that a Sample contains what is left of a connection before any contained itself.
fn burst_with_cookies() {
    burst_with(|end| {
        cookie(end);
    });
}

fn burst_with(look_at: fn(&TcpStream)) {
    if is_root() {
        no_reuse_of_time_wait();
    }
    let listener = listener(Ipv4Addr::LOCALHOST);
    let to = address(&listener);
    let mut watch = Watch::start();

    // Each connection has an amount of its own, so that none can stand in for another.
    let mut sent_by_port = HashMap::new();
    for index in 0..BURST {
        let (sent, replied) = (100 + index, 10 + index % 7);
        let (mut client, mut server) = pair(&listener);
        look_at(&client);
        look_at(&server);
        client.write_all(&vec![1; sent]).expect("it writes");
        server.read_exact(&mut vec![0; sent]).expect("it reads");
        server.write_all(&vec![2; replied]).expect("it writes");
        client.read_exact(&mut vec![0; replied]).expect("it reads");
        let port = client.local_addr().expect("it has an address").port();
        sent_by_port.insert(port, (sent as u64, replied as u64));
        drop(client);
        server
            .read_to_end(&mut Vec::new())
            .expect("the client closes");
    }

    // Sums of what the openers and the acceptors counted.
    let (mut openers, mut acceptors) = (0, 0);
    let mut closed_by_port: HashMap<(u16, bool), u32> = HashMap::new();
    let start = Instant::now();
    while (openers, acceptors) != (BURST, BURST) {
        assert!(
            start.elapsed() < patience(PATIENCE),
            "closed: {openers} openers and {acceptors} acceptors of {BURST}"
        );
        let sample = watch.next_sample();
        assert!(sample.events_available, "{:?}", sample.faults);
        assert_eq!(sample.lost_events, 0, "no event may be lost");
        for closed in &sample.closed {
            let row = sample
                .closed_socket(closed)
                .expect("a closed socket has a row");
            let (Some(local), Some(remote)) = (row.socket.local(), row.socket.remote()) else {
                continue;
            };
            let opener = remote.port == to.port();
            let port = if opener { local.port } else { remote.port };
            if !opener && local.port != to.port() {
                continue;
            }
            let Some(&(sent, replied)) = sent_by_port.get(&port) else {
                continue;
            };
            let info = row.tcp_info().expect("a destroy event has tcp_info");
            let (acked, received) = (info.bytes_acked(), info.bytes_received());
            if opener {
                // SYN and FIN count as acknowledged.
                assert_eq!(acked, Some(sent + 2), "bytes_acked of the opener at {port}");
                let received = received.expect("bytes_received");
                assert!(
                    (replied..=replied + 1).contains(&received),
                    "bytes_received of the opener at {port}: {received} of {replied}"
                );
                openers += 1;
            } else {
                // The opener's FIN counts as received.
                assert_eq!(
                    received,
                    Some(sent + 1),
                    "bytes_received of the acceptor of {port}"
                );
                let acked = acked.expect("bytes_acked");
                assert!(
                    (replied + 1..=replied + 2).contains(&acked),
                    "bytes_acked of the acceptor of {port}: {acked} of {replied}"
                );
                acceptors += 1;
            }
            assert_eq!(closed.first_seen_ns, None, "it was in no Sample alive");
            *closed_by_port.entry((port, opener)).or_default() += 1;
        }
    }
    assert!(
        closed_by_port.values().all(|&times| times == 1),
        "each is reported once"
    );
}

/// Keeps the kernel from using ports in TIME-WAIT again. Since 4.19 it does so on loopback by default, once they are a second old,
/// and a burst takes seconds on slow machines.
fn no_reuse_of_time_wait() {
    sysctl("ipv4.tcp_tw_reuse", "0");
}

/// Runs a role as user 65534 and returns its output.
pub(crate) fn unprivileged(role: &str, variable: Option<(&str, String)>) -> String {
    let directory = tempfile::tempdir().expect("a directory");
    let mut command = helper_process::unprivileged(role, directory.path());
    command.envs(variable).stdin(Stdio::null());
    let (well, said) = HelperProcess::start(command).finish();
    assert!(well, "{role} failed: {said}");
    said
}

fn burst_unprivileged() {
    no_reuse_of_time_wait();
    unprivileged("burst", None);
}

fn time_wait_remembered() {
    let listener = listener(Ipv4Addr::LOCALHOST);
    let (client, server) = pair(&listener);
    let known = cookie(&client);
    let mut watch = Watch::start();
    assert_eq!(
        watch.get("the client", known).socket.attribution,
        Attribution::Observed
    );

    let ports = close_in_order(client, server);
    wait::until_tcp("TIME-WAIT", ports.0, ports.1, 6);
    for look in 0..3 {
        watch.next_sample();
        let row = watch.get("TIME-WAIT", known);
        assert_eq!(row.socket.state, State::TimeWait);
        assert_eq!(
            row.socket.attribution,
            Attribution::Remembered,
            "look {look} after it closed"
        );
        let pids: Vec<u32> = owners(&row).iter().map(|owner| owner.0).collect();
        assert_eq!(pids, [std::process::id()]);
    }
}

fn owners_of_at_most() {
    let listener = listener(Ipv4Addr::LOCALHOST);
    let port = listener.local_addr().expect("it has an address").port();
    let looked = |most: usize, filtered: bool| {
        let mut options = LiveOptions {
            tables: vec![Table::Tcp],
            owners: OwnerScope::AtMost(most),
            ..LiveOptions::default()
        };
        if filtered {
            // As for `list -l`: few are requested, and the kernel's count of all is of no use.
            options.request.lowered.states = StateSet::of(State::Listen);
        }
        let mut live = LiveSource::new(options).expect("the kernel gives sock_diag");
        let mut sample = Sample::default();
        live.next_into(&mut sample).expect("a Sample");
        let row = sample.iter().find(|row| {
            row.socket.state == State::Listen
                && row.socket.local().is_some_and(|at| at.port == port)
        });
        let found = owners(&row.expect("the listener")).len();
        (found, live.owners_skipped())
    };
    for filtered in [false, true] {
        assert_eq!(looked(0, filtered), (0, true), "filtered: {filtered}");
        assert_eq!(
            looked(1_000_000, filtered),
            (1, false),
            "filtered: {filtered}"
        );
    }
    // The machine has more sockets than that; the table of listeners has not, as far as this test's namespace goes.
    let listeners = {
        let mut sample = Sample::default();
        let mut options = LiveOptions::default();
        options.request.lowered.states = StateSet::of(State::Listen);
        options.tables = vec![Table::Tcp];
        let mut live = LiveSource::new(options).expect("the kernel gives sock_diag");
        live.next_into(&mut sample).expect("a Sample");
        sample.sockets.len()
    };
    let _more: Vec<_> = (0..=listeners + 8).map(|_| pair(&listener)).collect();
    assert_eq!(looked(listeners + 8, false), (0, true));
    assert_eq!(looked(listeners + 8, true), (1, false));
}

/// Closes `first`, then `second`, and returns the ports of the first, which is then in TIME-WAIT.
fn close_in_order(first: TcpStream, mut second: TcpStream) -> (u16, u16) {
    let ports = (
        first.local_addr().expect("it has an address").port(),
        first.peer_addr().expect("it has an address").port(),
    );
    drop(first);
    second
        .read_to_end(&mut Vec::new())
        .expect("the first closes");
    drop(second);
    ports
}

fn time_wait_never_seen_alive() {
    let listener = listener(Ipv4Addr::LOCALHOST);
    let mut watch = Watch::start();

    let (client, server) = pair(&listener);
    let on_client = cookie(&client);
    let ports = close_in_order(client, server);
    wait::until_tcp("TIME-WAIT", ports.0, ports.1, 6);
    let (client, server) = pair(&listener);
    let on_server = cookie(&server);
    let ports = close_in_order(server, client);
    wait::until_tcp("TIME-WAIT", ports.0, ports.1, 6);

    watch.next_sample();
    let row = watch.get("TIME-WAIT on the listener's port", on_server);
    assert_eq!(row.socket.state, State::TimeWait);
    assert_eq!(row.socket.attribution, Attribution::Inferred);
    let pids: Vec<u32> = owners(&row).iter().map(|owner| owner.0).collect();
    assert_eq!(pids, [std::process::id()], "who listens on its port");
    let row = watch.get("TIME-WAIT on the client's port", on_client);
    assert_eq!(
        row.socket.attribution,
        Attribution::Unowned(Unowned::TimeWait)
    );
}

/// The bytes that a transfer had moved at times of the monotonic clock.
type Progress = Vec<(u64, u64)>;

fn now_ns() -> u64 {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
    now.tv_sec as u64 * 1_000_000_000 + now.tv_nsec as u64
}

/// Bytes moved at `at`, between two entries in proportion.
fn moved_at(progress: &Progress, at: u64) -> f64 {
    let after = progress.partition_point(|(when, _)| *when <= at);
    let (before_ns, before) = progress[after - 1];
    let Some(&(after_ns, beyond)) = progress.get(after) else {
        return before as f64;
    };
    let share = (at - before_ns) as f64 / (after_ns - before_ns) as f64;
    before as f64 + share * (beyond - before) as f64
}

fn rate_of_a_transfer() {
    /// Written at once, and how often: some 30 MB/s. The next chunk is written when the last one has been read, so that
    /// on the slowest machine no more than one is in buffers, where it is received and not yet read.
    const CHUNK: usize = 32 * 1024;
    const PACE: Duration = Duration::from_millis(1);

    let listener = listener(Ipv4Addr::LOCALHOST);
    let (mut client, mut server) = pair(&listener);
    let (sender, receiver) = (cookie(&client), cookie(&server));
    let stop = Arc::new(AtomicBool::new(false));
    let (read_chunk, chunk_read) = mpsc::channel();
    let writer = thread::spawn({
        let stop = Arc::clone(&stop);
        move || {
            let chunk = vec![7; CHUNK];
            while !stop.load(Ordering::Relaxed) {
                client.write_all(&chunk).expect("it writes");
                if chunk_read.recv().is_err() {
                    return;
                }
                thread::sleep(PACE);
            }
        }
    });
    // Taken here: the thread may begin only after the first Sample has been taken.
    let start = now_ns();
    let reader = thread::spawn(move || {
        let mut progress: Progress = vec![(start, 0)];
        let (mut buffer, mut total) = (vec![0; CHUNK], 0);
        loop {
            let read = server.read(&mut buffer).expect("it reads");
            if read == 0 {
                return progress;
            }
            let chunks = total / CHUNK as u64;
            total += read as u64;
            progress.push((now_ns(), total));
            if total / CHUNK as u64 > chunks {
                // The writer may have stopped.
                let _ = read_chunk.send(());
            }
        }
    });

    // The counts of a Sample are read between its begin and its time.
    let mut begun_ns = now_ns();
    let mut watch = Watch::start();
    let (mut aggregator, mut aggregate) = (Aggregator::new(), Aggregate::default());
    aggregator.update(&watch.sample, &mut aggregate);
    let mut windows = Vec::new();
    for _ in 0..3 {
        let from = begun_ns..watch.sample.monotonic_ns;
        thread::sleep(Duration::from_secs(1));
        begun_ns = now_ns();
        watch.next_sample();
        aggregator.update(&watch.sample, &mut aggregate);
        let rates = |cookie| {
            let mut rows = watch.sample.sockets.iter();
            let at = rows.position(|row| row.cookie == cookie);
            let rates = aggregate.sockets.get(at.expect("it is in the Sample"));
            rates.expect("it has rates")
        };
        let received = rates(receiver).received.expect("a rate of the receiver");
        let sent = rates(sender).sent.expect("a rate of the sender");
        windows.push((from, begun_ns..watch.sample.monotonic_ns, received, sent));
    }
    stop.store(true, Ordering::Relaxed);
    writer.join().expect("the writer ends");
    let progress = reader.join().expect("the reader ends");

    for (from, to, received, sent) in windows {
        let moved = |from, to| moved_at(&progress, to) - moved_at(&progress, from);
        let (least, most) = (moved(from.end, to.start), moved(from.start, to.end));
        let seconds = (to.end - from.end) as f64 / 1e9;
        for (what, shown) in [("received", received), ("sent", sent)] {
            let shown = f64::from(shown) * seconds;
            assert!(
                (least * 0.97..=most * 1.03).contains(&shown),
                "{what}: {shown} B shown, {least} to {most} B moved"
            );
        }
    }
}

/// In a child without privilege: prints how the socket of the parent and one of its own are attributed.
fn print_attributions() {
    let parents: u64 = std::env::var("PARENTS")
        .ok()
        .and_then(|text| text.parse().ok())
        .expect("the parent names its socket");
    let own = listener(Ipv4Addr::LOCALHOST);
    let mut watch = Watch::start();
    watch.next_sample();
    let name = |cookie| match watch.find(cookie).map(|row| row.socket.attribution) {
        None => "missing".to_owned(),
        Some(Attribution::Unowned(why)) => why.name().to_owned(),
        Some(other) => other.name().expect("it has an owner").to_owned(),
    };
    println!(
        "{} {} {}",
        name(parents),
        name(cookie(&own)),
        watch.sample.visibility.unreadable
    );
}

fn sample_unprivileged() {
    let listener = listener(Ipv4Addr::LOCALHOST);
    let said = unprivileged(
        "unprivileged",
        Some(("PARENTS", cookie(&listener).to_string())),
    );
    let words: Vec<&str> = said.split_whitespace().collect();
    let [parents, own, unreadable] = words[..] else {
        panic!("{said}");
    };
    assert_eq!(parents, "permission-denied", "root's socket");
    assert_eq!(own, "observed", "its own socket");
    assert_ne!(unreadable, "0", "processes that it may not look into");
}

/// The row whose ends are these.
fn by_ends(watch: &Watch, local: SocketAddr, remote: SocketAddr) -> SocketRef<'_> {
    let is = |end: Option<sockwatch::model::Endpoint>, address: SocketAddr| {
        end.is_some_and(|end| end.address == address.ip() && end.port == address.port())
    };
    watch
        .sample
        .iter()
        .find(|row| is(row.socket.local(), local) && is(row.socket.remote(), remote))
        .unwrap_or_else(|| panic!("{local} → {remote} is not in the Sample"))
}

fn waiting_for_accept() {
    let listener = listener(Ipv4Addr::LOCALHOST);
    let client = TcpStream::connect(address(&listener)).expect("it connects");
    let from = client.local_addr().expect("it has an address");
    let mut watch = Watch::start();
    let row = by_ends(&watch, address(&listener), from);
    assert_eq!(row.socket.state, State::Established);
    assert_eq!(
        row.socket.attribution,
        Attribution::Unowned(Unowned::WaitingForAccept)
    );
    let row = watch.get("the listener", cookie(&listener));
    assert_eq!(
        row.socket.accept_queue().map(|queue| queue.waiting),
        Some(1)
    );

    let (server, _) = listener.accept().expect("it accepts");
    watch.next_sample();
    let row = watch.get("the accepted one", cookie(&server));
    assert_eq!(row.socket.attribution, Attribution::Observed);
}

fn orphan() {
    let listener = listener(Ipv4Addr::LOCALHOST);
    let (client, server) = pair(&listener);
    let (known, ports) = (
        cookie(&client),
        (
            client.local_addr().expect("it has an address").port(),
            address(&listener).port(),
        ),
    );
    let mut watch = Watch::start();
    // The peer reads nothing, so that the close cannot finish.
    client.set_nonblocking(true).expect("it can be set");
    let (mut writer, chunk) = (&client, vec![0; 64 * 1024]);
    while writer.write(&chunk).is_ok() {}
    drop(client);
    wait::until_tcp("FIN-WAIT-1", ports.0, ports.1, 4);
    watch.next_sample();
    let seen = watch.get("the orphan", known).socket.attribution;
    assert!(
        matches!(
            seen,
            Attribution::Remembered | Attribution::Unowned(Unowned::Orphan)
        ),
        "seen alive: {seen:?}"
    );
    // To a source that has not seen it established it is an orphan.
    let fresh = Watch::start();
    assert_eq!(
        fresh.get("the orphan", known).socket.attribution,
        Attribution::Unowned(Unowned::Orphan)
    );
    drop(server);
}

fn handshake() {
    let mut world = World::default();
    world.add_linked();
    let half_open = world
        .made
        .iter()
        .find(|made| made.state == "syn-recv")
        .and_then(|made| made.ends)
        .expect("one is half open");
    let watch = Watch::start();
    let row = by_ends(&watch, half_open.0, half_open.1);
    assert_eq!(row.socket.state, State::SynRecv);
    assert_eq!(
        row.socket.attribution,
        Attribution::Unowned(Unowned::Handshake)
    );
}

fn mptcp() {
    const SENT: usize = 12_345;
    let listener = mptcp_socket().expect("the kernel has MPTCP");
    let anywhere = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    rustix::net::bind(&listener, &anywhere).expect("it binds");
    rustix::net::listen(&listener, 1).expect("it listens");
    let listener = TcpListener::from(listener);
    let client = mptcp_socket().expect("the kernel has MPTCP");
    rustix::net::connect(&client, &address(&listener)).expect("it connects");
    let mut client = TcpStream::from(client);
    let (mut server, _) = listener.accept().expect("it accepts");
    let mut watch = Watch::start();
    let mut aggregator = Aggregator::new();
    let mut aggregate = Aggregate::default();
    aggregator.update(&watch.sample, &mut aggregate);

    client.write_all(&[1; SENT]).expect("it writes");
    server.read_exact(&mut [0; SENT]).expect("it reads");
    let ends = [client.local_addr(), client.peer_addr()].map(Result::ok);
    let position = |watch: &Watch, protocol| {
        let is_it = |row: SocketRef<'_>| {
            let both = [row.socket.local(), row.socket.remote()];
            let both = both.map(|end| end.map(|end| SocketAddr::new(end.address, end.port)));
            row.socket.protocol == protocol && both == ends
        };
        let found = watch.sample.iter().position(is_it);
        found.unwrap_or_else(|| panic!("no {protocol:?} socket at {ends:?}"))
    };
    // Until all is acknowledged, and over long enough for a rate.
    let start = Instant::now();
    loop {
        watch.next_sample();
        let subflow = watch.sample.socket(position(&watch, Protocol::Tcp));
        let acked = subflow.and_then(|row| row.tcp_info()?.bytes_acked());
        if acked > Some(SENT as u64) && start.elapsed() > Duration::from_millis(100) {
            break;
        }
        assert!(
            start.elapsed() < patience(PATIENCE),
            "acknowledged: {acked:?}"
        );
    }
    aggregator.update(&watch.sample, &mut aggregate);

    let find = |protocol| position(&watch, protocol);
    let (connection, subflow) = (find(Protocol::Mptcp), find(Protocol::Tcp));
    let connection_row = watch.sample.socket(connection).expect("it is there");
    let subflow_row = watch.sample.socket(subflow).expect("it is there");
    assert_eq!(connection_row.tcp_info(), None, "it is no TCP socket");
    let info = connection_row.mptcp_info().expect("mptcp_info");
    assert!(info.bytes_sent().is_none_or(|sent| sent == SENT as u64));
    assert_eq!(subflow_row.ulp(), Some(&b"mptcp"[..]));
    let sent = subflow_row.tcp_info().and_then(TcpInfo::bytes_sent);
    assert_eq!(sent, Some(SENT as u64));

    let seconds = aggregate.interval_ns.expect("not the first") as f64 / 1e9;
    let moved = |rate: Option<f64>| rate.map(|rate| (rate * seconds).round());
    let rates = aggregate.sockets.get(connection).expect("it has rates");
    if info.bytes_acked().is_some() {
        let sent = moved(rates.sent.map(f64::from)).expect("it has a rate");
        assert!((sent - SENT as f64).abs() <= 2.0, "{sent}");
    }
    // The client's subflow sent and the server's received: once each.
    let all = aggregate.throughput;
    assert_eq!(moved(all.sent), Some(SENT as f64));
    assert_eq!(moved(all.received), Some(SENT as f64));
}

/// In a child: reports that it has started and holds its standard input until that ends.
fn hold() {
    println!("ready");
    let _ = std::io::stdin().read_to_end(&mut Vec::new());
}

/// A child whose standard input is `socket`.
fn holder_of(socket: impl Into<OwnedFd>) -> HelperProcess {
    let mut command = helper_process::command("hold");
    command.stdin(Stdio::from(socket.into()));
    let mut held = HelperProcess::start(command);
    assert_eq!(held.read_line(), "ready");
    held
}

fn shared() {
    let listener = listener(Ipv4Addr::LOCALHOST);
    let (client, server) = pair(&listener);
    let known = cookie(&client);
    let child = holder_of(client.try_clone().expect("it can be duplicated"));
    let watch = Watch::start();

    let rows = watch.sample.iter().filter(|row| row.socket.cookie == known);
    assert_eq!(rows.count(), 1, "rows of the shared socket");
    let mut found = owners(&watch.get("the shared socket", known));
    found.sort();
    let mut expected = vec![
        (std::process::id(), own_comm(), vec![fd(&client)]),
        (child.pid(), own_comm(), vec![0]),
    ];
    expected.sort();
    assert_eq!(found, expected);

    let mut aggregate = Aggregate::default();
    Aggregator::new().update(&watch.sample, &mut aggregate);
    let established = watch
        .sample
        .iter()
        .filter(|row| {
            row.socket.protocol == sockwatch::model::Protocol::Tcp
                && row.socket.state == State::Established
        })
        .count();
    assert_eq!(
        aggregate.totals.tcp_in(State::Established) as usize,
        established,
        "a socket of two processes counts once in all"
    );
    drop(server);
}

fn killed() {
    let listener = listener(Ipv4Addr::LOCALHOST);
    let (client, mut server) = pair(&listener);
    let known = cookie(&client);
    let ports = (
        client.local_addr().expect("it has an address").port(),
        address(&listener).port(),
    );
    let mut child = holder_of(client);
    let mut watch = Watch::start();
    let pids: Vec<u32> = owners(&watch.get("the child's socket", known))
        .iter()
        .map(|owner| owner.0)
        .collect();
    assert_eq!(pids, [child.pid()]);
    let (mut aggregator, mut aggregate) = (Aggregator::new(), Aggregate::default());
    aggregator.update(&watch.sample, &mut aggregate);

    child.kill();
    server
        .read_to_end(&mut Vec::new())
        .expect("its death closes the connection");
    drop(server);
    wait::until_tcp("TIME-WAIT", ports.0, ports.1, 6);
    for _ in 0..3 {
        watch.next_sample();
        aggregator.update(&watch.sample, &mut aggregate);
        let row = watch.get("what it left", known);
        assert_eq!(row.socket.attribution, Attribution::Remembered);
        assert_eq!(owners(&row)[0].0, child.pid(), "whose it was");
    }
}

fn both_families() {
    let listeners = ["127.0.0.1:0", "[::1]:0", "[::]:0"]
        .map(|address| TcpListener::bind(address).expect("a port is free"));
    let pairs: Vec<_> = listeners[..2].iter().map(pair).collect();
    let mut dumper = Dumper::new(0).expect("a netlink socket");
    let mut dumped = |tables: &[Table]| {
        let mut rows = SocketTable::default();
        for &table in tables {
            let outcome = dumper.dump(table, &AttributeRequest::default(), &mut rows);
            assert!(outcome.fault.is_none(), "{:?}", outcome.fault);
        }
        // Those of this test: others come and go meanwhile.
        let ours: Vec<u64> = listeners
            .iter()
            .map(cookie)
            .chain(pairs.iter().flat_map(|(a, b)| [cookie(a), cookie(b)]))
            .collect();
        let mut found: Vec<_> = rows
            .iter()
            .filter(|row| ours.contains(&row.cookie))
            .map(|row| {
                let info = row.tcp_info().map(|info| info.bytes().len());
                (row.cookie, row.family, row.state, row.ends, row.inode, info)
            })
            .collect();
        found.sort_by_key(|row| row.0);
        assert_eq!(found.len(), ours.len());
        found
    };
    let one = dumped(&[Table::Tcp]);
    let two = dumped(&[Table::Inet(Protocol::Tcp), Table::Inet6(Protocol::Tcp)]);
    assert_eq!(one, two);
}

fn single_request() {
    let listeners = ["127.0.0.1:0", "[::1]:0", "[::]:0"]
        .map(|address| TcpListener::bind(address).expect("a port is free"));
    let nameless =
        ["127.0.0.1:0", "[::1]:0"].map(|address| UdpSocket::bind(address).expect("a port is free"));
    let mut connected: Vec<OwnedFd> = Vec::new();
    for listener in &listeners {
        let mut to = address(listener);
        if to.ip().is_unspecified() {
            // The listener's end of this connection is v4-mapped.
            to.set_ip(Ipv4Addr::LOCALHOST.into());
        }
        connected.push(TcpStream::connect(to).expect("it connects").into());
        connected.push(listener.accept().expect("it accepts").0.into());
    }
    for peer in &nameless {
        let to = peer.local_addr().expect("it has an address");
        let socket = UdpSocket::bind((to.ip(), 0)).expect("a port is free");
        socket.connect(to).expect("it can be set");
        connected.push(socket.into());
    }
    let (one, other) = UnixStream::pair().expect("a pair");
    connected.extend([one.into(), other.into()]);

    let watch = Watch::start();
    let rows = |cookies: Vec<u64>| -> Vec<Socket> {
        let row = |cookie| *watch.get("a socket of the test", cookie).socket;
        cookies.into_iter().map(row).collect()
    };
    let held = rows(connected.iter().map(cookie).collect());
    let alike = listeners.iter().map(cookie);
    let alike = rows(alike.chain(nameless.iter().map(cookie)).collect());

    let mut dumper = Dumper::new(0).expect("the kernel gives sock_diag");
    for socket in &held {
        assert_eq!(dumper.is_open(socket), Some(true), "{socket:?}");
    }
    for socket in &alike {
        assert_eq!(dumper.is_open(socket), None, "{socket:?}");
    }
    drop(connected);
    for socket in &held {
        assert_eq!(dumper.is_open(socket), Some(false), "{socket:?}");
    }
}

/// In a child: takes every descriptor there is, and samples.
fn exhausted() {
    let mut watch = Watch::start();
    let before = watch.sample.faults.len();
    let limit = Rlimit {
        current: Some(64),
        ..getrlimit(Resource::Nofile)
    };
    setrlimit(Resource::Nofile, limit).expect("it can be lowered");
    let mut taken = Vec::new();
    while let Ok(file) = std::fs::File::open("/dev/null") {
        taken.push(file);
    }
    for _ in 0..3 {
        watch.next_sample();
        let new = watch.sample.faults.get(before..).unwrap_or(&[]);
        println!("{} {}", watch.sample.sockets.len(), new.len());
    }
    // A source that is created without one must fail, not panic.
    let begun = LiveSource::new(LiveOptions::default());
    println!("begun {}", begun.is_err());
    drop(taken);
    watch.next_sample();
    println!("again {}", watch.sample.faults.len() <= before);
}

/// Each device by its name: MTU, whether it is switched on, addresses with their prefixes.
type Devices = std::collections::BTreeMap<String, (u64, bool, Vec<String>)>;

/// The devices of this namespace according to ip.
fn devices_of_ip() -> Devices {
    let output = Command::new("ip").args(["-j", "addr"]).output();
    let output = output.expect("ip runs").stdout;
    let links: serde_json::Value = serde_json::from_slice(&output).expect("JSON");
    let texts = |value: &serde_json::Value| -> Vec<serde_json::Value> {
        value.as_array().cloned().unwrap_or_default()
    };
    let device = |link: serde_json::Value| {
        let addresses = texts(&link["addr_info"]);
        let mut addresses: Vec<String> = addresses
            .iter()
            .map(|own| {
                let local = own["local"].as_str().expect("an address");
                format!("{local}/{}", own["prefixlen"])
            })
            .collect();
        addresses.sort();
        let is_up = texts(&link["flags"]).iter().any(|flag| flag == "UP");
        let name = link["ifname"].as_str().expect("a name").to_owned();
        let mtu = link["mtu"].as_u64().expect("an MTU");
        (name, (mtu, is_up, addresses))
    };
    texts(&links).into_iter().map(device).collect()
}

/// The devices of a Sample.
fn devices_of(sample: &Sample) -> Devices {
    let devices = sample.devices.as_ref().expect("devices are read");
    let device = |device: &sockwatch::model::Device| {
        let mut addresses: Vec<String> = device.addresses.iter().map(ToString::to_string).collect();
        addresses.sort();
        let mtu = device.mtu.map_or(0, u64::from);
        (
            device.name.clone(),
            (mtu, device.state() != "down", addresses),
        )
    };
    devices.iter().map(device).collect()
}

fn devices() {
    ip("link add dev0 type veth peer name dev1");
    for command in [
        "link set dev0 mtu 1280",
        "addr add 192.0.2.33/24 dev dev0",
        "addr add 192.0.2.34/24 dev dev0",
        "addr add 192.0.2.40 peer 192.0.2.41 dev dev1",
        "addr add 2001:db8:33::1/64 dev dev0 nodad",
        "link set dev0 up",
    ] {
        ip(command);
    }
    let mut watch = Watch::start();
    assert_eq!(devices_of(&watch.sample), devices_of_ip());
    let known = watch.sample.devices.clone().expect("they are known");
    watch.next_sample();
    let again = watch.sample.devices.clone().expect("they are known");
    assert!(Arc::ptr_eq(&known, &again), "what stays the same is shared");
    let named = |name: &str| again.iter().find(|device| device.name == name).cloned();
    let near = named("dev0").expect("it is there");
    assert_eq!((near.mtu, near.state()), (Some(1280), "no carrier"));
    assert_eq!(named("dev1").expect("it is there").state(), "down");
    // Another set of devices is read at once.
    ip("link del dev0");
    watch.next_sample();
    assert_eq!(devices_of(&watch.sample), devices_of_ip());
}

fn exhausted_descriptors() {
    let mut command = helper_process::command("exhausted");
    command.stdin(Stdio::null());
    let (well, said) = HelperProcess::start(command).finish();
    assert!(well, "it ends well: {said}");
    let lines: Vec<&str> = said.lines().collect();
    assert_eq!(lines.len(), 5, "{said}");
    for line in &lines[..3] {
        let (_, faults) = line.split_once(' ').expect("two numbers");
        assert_ne!(faults, "0", "unreadable processes are faults: {said}");
    }
    assert_eq!(
        lines[3], "begun true",
        "it cannot begin without a descriptor"
    );
    assert_eq!(lines[4], "again true", "with descriptors all is well again");
}

fn refused_program() {
    let listener = listener(Ipv4Addr::LOCALHOST);
    let _pair = pair(&listener);
    let dump = |code: Vec<u8>| {
        let request = AttributeRequest {
            lowered: LoweredFilter {
                states: StateSet::of(State::Listen),
                code,
                kernel_only: false,
            },
            details: true,
        };
        let mut table = SocketTable::default();
        let mut dumper = Dumper::new(0).expect("the kernel gives sock_diag");
        let outcome = dumper.dump(Table::Tcp, &request, &mut table);
        assert!(outcome.fault.is_none(), "{:?}", outcome.fault);
        table
    };
    // An operation that no kernel has, which continues at the end of the program.
    let [low, high] = 4u16.to_ne_bytes();
    let rows = dump(vec![200, 4, low, high]);
    assert!(rows.iter().any(|row| row.cookie == cookie(&listener)));
    assert!(rows.iter().all(|row| row.state == State::Listen));
    assert_eq!(rows.len(), dump(Vec::new()).len());
}

//! The dashboard over the running kernel: what a user finds there with keys alone, in a namespace prepared for it.

use std::net::{Ipv4Addr, TcpListener, TcpStream};

use rustix::net::{AddressFamily, SocketType, ipproto, socket};
use sockwatch::source::{LiveOptions, LiveSource};

use crate::panicking;
use crate::support::dashboard::Dashboard;
use crate::support::requirements::Requirement;
use crate::support::sandbox::Case;
use crate::support::sockets_in_every_state::{
    address, connect_started, listener, nonblocking_tcp, pair,
};
use crate::support::wait;

pub(crate) const CASES: &[Case] = &[
    panicking(
        "who is at the other end of a loopback connection",
        &[Requirement::Root, Requirement::Ip],
        other_end,
    ),
    panicking(
        "which listener has the fullest accept queue",
        &[Requirement::Root, Requirement::Ip],
        fullest_queue,
    ),
    panicking(
        "which process has the most TIME-WAITs",
        &[Requirement::Root, Requirement::Ip],
        most_time_waits,
    ),
    panicking(
        "a connection is watched to its end, and its page keeps the final figures",
        &[Requirement::Root, Requirement::Ip],
        watched_to_the_end,
    ),
    panicking(
        "what happens between two samples is on the screen of events",
        &[Requirement::Root, Requirement::Ip],
        events,
    ),
];

fn dashboard() -> Dashboard<LiveSource> {
    let live = LiveSource::new(LiveOptions::default()).expect("the kernel gives sock_diag");
    let mut dashboard = Dashboard::new((120, 40), live);
    dashboard.ticks(1);
    dashboard
}

fn assert_shows(dashboard: &Dashboard<LiveSource>, text: &str) {
    assert!(dashboard.shows(text), "{text}:\n{}", dashboard.text());
}

/// The row below the headings, which have the sort column's sign.
fn first_row(dashboard: &Dashboard<LiveSource>) -> String {
    let mut lines = dashboard.lines().into_iter();
    let is_heading = |line: &String| line.starts_with('│') && line.contains('▼');
    let heading = lines.by_ref().find(is_heading);
    heading
        .and_then(|_| lines.next())
        .expect("a table with rows")
}

/// Takes samples until the texts are shown: the kernel reports closed sockets with a delay.
fn until_shown(dashboard: &mut Dashboard<LiveSource>, texts: &[&str]) {
    wait::until(&format!("{texts:?} on the screen"), || {
        dashboard.ticks(1);
        texts.iter().all(|text| dashboard.shows(text))
    });
}

/// This process as the dashboard writes it.
fn this_process() -> String {
    let comm = std::fs::read_to_string("/proc/self/comm").expect("a name");
    format!("{}/{}", comm.trim_end(), std::process::id())
}

fn other_end() {
    let listener = listener(Ipv4Addr::LOCALHOST);
    let (opener, acceptor) = pair(&listener);
    let mut dashboard = dashboard();
    let here = opener.local_addr().unwrap().to_string();
    let there = acceptor.local_addr().unwrap().to_string();
    dashboard.type_in(&format!("2/{here}\r"));
    assert_shows(&dashboard, "2 of ");
    dashboard.type_in("j\r");
    assert_shows(
        &dashboard,
        &format!("{} on this machine: ESTAB ", this_process()),
    );
    let shown = dashboard.text();
    dashboard.type_in("e");
    assert_shows(&dashboard, " on this machine: ESTAB ");
    assert_ne!(dashboard.text(), shown, "the other end is another socket");
    assert!(dashboard.shows(&here) && dashboard.shows(&there));
    dashboard.type_in("P");
    assert_shows(&dashboard, "┌ Sockets of this process");
}

fn fullest_queue() {
    let calm = listener(Ipv4Addr::LOCALHOST);
    let busy = socket(AddressFamily::INET, SocketType::STREAM, Some(ipproto::TCP)).unwrap();
    let any = std::net::SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    rustix::net::bind(&busy, &any).unwrap();
    // The queue holds one more than its limit.
    rustix::net::listen(&busy, 2).unwrap();
    let busy = TcpListener::from(busy);
    let waiting: Vec<TcpStream> = (0..3)
        .map(|_| TcpStream::connect(address(&busy)).expect("it waits in the queue"))
        .collect();
    let mut dashboard = dashboard();
    dashboard.type_in("4");
    let first = first_row(&dashboard);
    assert!(
        first.contains(&address(&busy).to_string()),
        "{first}\n{}",
        dashboard.text()
    );
    assert!(first.contains(" 100 % ") && first.contains("████████"));
    dashboard.type_in("\r");
    assert_shows(&dashboard, "the accept queue is full (3 of 2)");
    assert_shows(&dashboard, &this_process());
    for connection in &waiting {
        drop(busy.accept());
        drop(connection.shutdown(std::net::Shutdown::Both));
    }
    dashboard.ticks(1);
    assert_shows(&dashboard, "no connection is waiting for accept()");
    drop(calm);
}

fn most_time_waits() {
    let listener = listener(Ipv4Addr::LOCALHOST);
    let pairs: Vec<_> = (0..7).map(|_| pair(&listener)).collect();
    let mut dashboard = dashboard();
    for (opener, acceptor) in pairs {
        let ports = (
            opener.local_addr().unwrap().port(),
            acceptor.local_addr().unwrap().port(),
        );
        drop(opener);
        drop(acceptor);
        wait::until_tcp("TIME-WAIT", ports.0, ports.1, 6);
    }
    dashboard.ticks(1);
    dashboard.type_in("3stime-wait\r");
    assert_shows(&dashboard, "sorted by TIME-W ▼");
    let first = first_row(&dashboard);
    assert!(
        first.contains(&std::process::id().to_string()),
        "{first}\n{}",
        dashboard.text()
    );
    dashboard.type_in("\r/time-wait\r");
    assert_shows(&dashboard, "7 of ");
    assert_shows(&dashboard, "(was)");
}

fn watched_to_the_end() {
    use std::io::{Read, Write};
    let listener = listener(Ipv4Addr::LOCALHOST);
    let (mut opener, mut acceptor) = pair(&listener);
    let mut dashboard = dashboard();
    let local = opener.local_addr().unwrap();
    dashboard.type_in(&format!("2/{local}\rg\r"));
    assert_shows(&dashboard, "opened here, ESTAB");
    let gone = dashboard.text().contains(&format!("ESTAB {local} →"));
    // Whichever end was first: both are closed.
    opener.write_all(&[7; 4321]).unwrap();
    acceptor.read_exact(&mut [0; 4321]).unwrap();
    dashboard.ticks(1);
    drop(acceptor);
    dashboard.ticks(1);
    assert!(
        dashboard.shows("CLOSE-WAIT") || dashboard.shows("FIN-WAIT-2"),
        "{}",
        dashboard.text()
    );
    drop(opener);
    let remote = listener.local_addr().unwrap().port();
    wait::until("the end of it", || {
        !crate::support::wait::has_tcp(local.port(), remote, 8)
    });
    dashboard.ticks(2);
    let text = dashboard.text();
    assert!(text.contains("closed"), "{text}");
    assert!(text.contains("4.32 kB"), "the final figures stay: {text}");
    assert!(
        text.contains(if gone { "→" } else { "TIME-WAIT" }),
        "{text}"
    );
}

fn events() {
    let listener = listener(Ipv4Addr::LOCALHOST);
    let mut dashboard = dashboard();
    dashboard.ticks(1);
    let (opener, acceptor) = pair(&listener);
    let standing = opener.local_addr().unwrap();
    dashboard.ticks(1);
    // Lives between two samples.
    let visitor = nonblocking_tcp(AddressFamily::INET);
    connect_started(&visitor, address(&listener));
    let (served, from) = listener.accept().unwrap();
    drop(served);
    drop(visitor);
    drop((opener, acceptor));
    wait::until("both to be freed", || {
        !crate::support::wait::has_tcp(standing.port(), address(&listener).port(), 1)
    });
    dashboard.ticks(1);
    dashboard.type_in(&format!("8/{}\r", standing.port()));
    until_shown(&mut dashboard, &["opened", "closed"]);
    dashboard.type_in(&format!("\x1b/{}\r", from.port()));
    until_shown(&mut dashboard, &["opened", "closed", "<"]);
}

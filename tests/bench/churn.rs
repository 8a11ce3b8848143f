//! The dashboard while 2 000 connections a second open and close and 10 000 stand: how long a frame takes, how long a key,
//! whether the selected row stays selected, and whether memory grows.
//!
//! `cargo bench --bench churn` runs for 30 s; `CHURN_SECONDS=300 cargo bench --bench churn` for five minutes. Needs root, to make
//! a network namespace for it. The Samples are those of the running kernel, the screen is 200 by 60 and shows the
//! sockets by rate; what it takes to make a Sample is not counted, since the dashboard makes them in a thread of their
//! own.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::time::{Duration, Instant};

use crossterm::event::KeyCode;
use sockwatch::source::{LiveOptions, LiveSource};

#[path = "../support/mod.rs"]
mod support;

use support::dashboard::Dashboard;
use support::helper_process::{self, HelperProcess};
use support::many_connections::{self, ManyConnections};
use support::requirements::{self, Requirement};

/// Connections that stay open.
const STANDING: usize = 10_000;

/// Connections a second.
const RATE: u32 = 2_000;

/// Listeners that they are spread over: one destination has only so many local ports, and TIME-WAIT holds them for a
/// minute.
const LISTENERS: usize = 8;

fn main() {
    match helper_process::role().as_deref() {
        Some("hold") => return many_connections::hold_connections(),
        Some("churn") => return churn(),
        _ => {}
    }
    if let Some(why) = requirements::unmet(&[Requirement::Root, Requirement::Ip]) {
        println!("SKIPPED: {why}");
        return;
    }
    let seconds = std::env::var("CHURN_SECONDS")
        .ok()
        .and_then(|text| text.parse().ok());
    let seconds: u64 = seconds.unwrap_or(30);
    support::network_namespace::enter_own_namespace();
    let _standing = ManyConnections::open(STANDING).expect("sockets that stand");
    let live = LiveSource::new(LiveOptions::default()).expect("the kernel gives sock_diag");
    let mut dashboard = Dashboard::new((200, 60), live);
    dashboard.ticks(2).keys("2jjj");
    let selected = dashboard.event_loop.state().sockets.selected();
    assert!(selected.is_some(), "a row is selected");
    let mut command = helper_process::command("churn");
    command.stdin(std::process::Stdio::piped());
    let mut visitors = HelperProcess::start(command);
    assert_eq!(visitors.read_line(), "ready");

    let (mut frames, mut keys) = (Vec::new(), Vec::new());
    let start = Instant::now();
    for second in 1..=seconds {
        let due = start + Duration::from_secs(second);
        std::thread::sleep(due.saturating_duration_since(Instant::now()));
        frames.push(dashboard.tick_timed());
        // A look at the help and back: two frames of their own, and the selection is left alone.
        keys.push(dashboard.key_timed(KeyCode::Char('?')));
        keys.push(dashboard.key_timed(KeyCode::Esc));
        let state = dashboard.event_loop.state();
        assert_eq!(state.sockets.selected(), selected, "it stays selected");
        if second % 10 == 0 || second == seconds {
            let moment = state.moment.as_deref().expect("there is one");
            let rates = moment.aggregate.changes.unwrap_or_default();
            println!(
                "{second:>4} s: {} sockets, {:.0} opened/s, {:.0} closed/s, {} events kept, {} lost; {:.1} MB resident",
                moment.sample.sockets.len(),
                rates.opened,
                rates.closed,
                moment.aggregate.events.len(),
                moment.sample.lost_events,
                resident_mb(),
            );
        }
    }
    print_times("frames with a new moment", &mut frames);
    print_times("frames after a key", &mut keys);
    visitors.kill();
}

fn print_times(label: &str, times: &mut [Duration]) {
    times.sort_unstable();
    let at = |share: f64| times[((times.len() - 1) as f64 * share) as usize].as_secs_f64() * 1e3;
    println!(
        "{label}: median {:.2} ms, 99 % {:.2} ms, longest {:.2} ms",
        at(0.5),
        at(0.99),
        at(1.0)
    );
}

/// Memory of this process, MB.
fn resident_mb() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|line| line.split_whitespace().next()?.parse::<f64>().ok());
    kib.unwrap_or(0.0) * 1024.0 / 1e6
}

/// In a child: opens and closes connections at a steady pace until it is ended. The listening side closes first.
fn churn() {
    let listeners: Vec<TcpListener> = (0..LISTENERS)
        .map(|_| TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a listener"))
        .collect();
    let addresses: Vec<SocketAddr> = listeners
        .iter()
        .map(|listener| listener.local_addr().expect("it has an address"))
        .collect();
    for listener in listeners {
        std::thread::spawn(move || {
            for mut visitor in listener.incoming().flatten() {
                let mut question = [0; 64];
                let _ = visitor.read(&mut question);
                let _ = visitor.write_all(&[b'.'; 500]);
            }
        });
    }
    println!("ready");
    let start = Instant::now();
    for number in 0_u32.. {
        let due = start + Duration::from_secs(1) * number / RATE;
        std::thread::sleep(due.saturating_duration_since(Instant::now()));
        let address = addresses[number as usize % addresses.len()];
        if let Ok(mut visit) = TcpStream::connect(address) {
            let _ = visit.write_all(b"?");
            let _ = visit.read_to_end(&mut Vec::new());
        }
    }
}

//! What the dashboard's side of a moment costs: arranging a table and drawing a frame of 200 by 60, without making the
//! Sample and without a terminal.
//!
//! `cargo bench --bench frame` measures on the machine made by hand, with 1 000 and 100 000 sockets more:
//!
//! - `overview`, `sockets`, `process`: a new moment is shown. Sockets and those of one process are sorted by rate,
//!   which has changed for all of them.
//! - `filter …`, `groups`, `order held`: the same with one of these.
//! - `findings`, `system`: the same with what is wrong, and with the limits and counters of the host. What looking for it
//!   costs, as a share of a Sample, `cargo bench --bench sample` measures.
//! - `cursor`: a key on the sockets; nothing has to be sorted.
//! - `order by …`: the sockets' order is turned around; numbers, addresses and texts have keys of their own.

use std::time::Duration;

use criterion::{BenchmarkId, Criterion};
use crossterm::event::KeyCode;
use sockwatch::column::SOCKET_COLUMNS;

#[path = "../support/mod.rs"]
mod support;

use support::Machine;
use support::dashboard::Dashboard;

/// Sockets beside the dozens that the machine has anyway.
const SIZES: [u32; 2] = [1_000, 100_000];

/// Columns to turn around: of each kind of key one or two.
const COLUMNS: [&str; 5] = ["local", "remote", "process", "state", "rtt"];

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    for many in SIZES {
        measure(&mut criterion, many);
    }
    criterion.final_summary();
}

fn measure(criterion: &mut Criterion, many: u32) {
    let mut group = criterion.benchmark_group("frame");
    group.sample_size(10);
    let machine = Machine {
        many,
        trouble: Some(0..1_000_000),
        ..Machine::default()
    };
    let mut dashboard = Dashboard::new((200, 60), machine);
    dashboard.ticks(3);
    let moments = |dashboard: &mut Dashboard, times: u64| -> Duration {
        (0..times).map(|_| dashboard.tick_timed()).sum()
    };
    group.bench_function(BenchmarkId::new("overview", many), |bencher| {
        bencher.iter_custom(|times| moments(&mut dashboard, times));
    });
    for (screen, name) in [("6", "findings"), ("7", "system")] {
        dashboard.keys(screen);
        group.bench_function(BenchmarkId::new(name, many), |bencher| {
            bencher.iter_custom(|times| moments(&mut dashboard, times));
        });
    }
    dashboard.keys("2jjj");
    group.bench_function(BenchmarkId::new("sockets", many), |bencher| {
        bencher.iter_custom(|times| moments(&mut dashboard, times));
    });
    group.bench_function(BenchmarkId::new("cursor", many), |bencher| {
        bencher.iter_custom(|times| keys(&mut dashboard, KeyCode::Down, times));
    });
    for (name, filter) in [
        ("by port and address", "dst 10.0.0.2 dport = 9000"),
        ("by figures", "rtt > 100ms or rate > 1MB"),
        ("that leaves most", "state connected"),
        ("for a text", "no-such-thing"),
    ] {
        dashboard.keys("F/").type_in(filter).key(KeyCode::Enter);
        group.bench_function(
            BenchmarkId::new(format!("filter {name}"), many),
            |bencher| {
                bencher.iter_custom(|times| moments(&mut dashboard, times));
            },
        );
    }
    dashboard.keys("F");
    dashboard.keys("t");
    group.bench_function(BenchmarkId::new("groups", many), |bencher| {
        bencher.iter_custom(|times| moments(&mut dashboard, times));
    });
    dashboard.keys("ttttto");
    group.bench_function(BenchmarkId::new("order held", many), |bencher| {
        bencher.iter_custom(|times| moments(&mut dashboard, times));
    });
    dashboard.keys("o");
    for column in COLUMNS {
        let at = SOCKET_COLUMNS.iter().position(|known| known.id == column);
        dashboard.keys("sg").keys(&"j".repeat(at.unwrap_or(0)));
        dashboard.key(KeyCode::Enter);
        let id = BenchmarkId::new(format!("order by {column}"), many);
        group.bench_function(id, |bencher| {
            bencher.iter_custom(|times| keys(&mut dashboard, KeyCode::Char('I'), times));
        });
    }
    let rate = SOCKET_COLUMNS.iter().position(|known| known.id == "rate");
    dashboard.keys("sg").keys(&"j".repeat(rate.unwrap_or(0)));
    dashboard.key(KeyCode::Enter).keys("g").key(KeyCode::Enter);
    group.bench_function(BenchmarkId::new("process", many), |bencher| {
        bencher.iter_custom(|times| moments(&mut dashboard, times));
    });
    group.finish();
}

/// The time that pressing a key so many times takes, each drawn.
fn keys(dashboard: &mut Dashboard, key: KeyCode, times: u64) -> Duration {
    (0..times).map(|_| dashboard.key_timed(key)).sum()
}

//! What the dashboard may cost with a hundred thousand sockets. Run with `cargo test --release --test speed -- --ignored --nocapture`.

mod support;

use std::time::{Duration, Instant};

use crossterm::event::KeyCode;
use support::Machine;
use support::dashboard::Dashboard;

/// The median of a few runs, which is what a loaded machine leaves undisturbed.
fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

fn time(what: &str, limit: Duration, mut run: impl FnMut() -> Duration) {
    let taken = median((0..7).map(|_| run()).collect());
    println!("{what}: {taken:?}");
    assert!(taken < limit, "{what} took {taken:?}, more than {limit:?}");
}

fn millis(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

#[test]
#[ignore = "measures time: wants a release build and a quiet machine"]
fn a_hundred_thousand_sockets_cost_little() {
    let machine = Machine {
        many: 100_000,
        ..Machine::default()
    };
    let mut dashboard = Dashboard::new((200, 60), machine);
    dashboard.ticks(3);
    time("a moment on the overview", millis(10), || {
        dashboard.tick_timed()
    });
    dashboard.keys("2jjj");
    time(
        "a moment on the sockets, sorted by rate",
        millis(30),
        || dashboard.tick_timed(),
    );
    time("a cursor key on the sockets", millis(5), || {
        let start = Instant::now();
        dashboard.key(KeyCode::Down);
        start.elapsed()
    });
    for column in ["local", "remote", "process", "state", "rtt"] {
        let at = sockwatch::column::SOCKET_COLUMNS
            .iter()
            .position(|known| known.id == column)
            .unwrap();
        time(
            &format!("turning the order by {column} around"),
            millis(50),
            || {
                if dashboard.event_loop.state().sockets.sort().column != at {
                    dashboard
                        .keys("sg")
                        .keys(&"j".repeat(at))
                        .key(KeyCode::Enter);
                }
                let start = Instant::now();
                dashboard.keys("I");
                start.elapsed()
            },
        );
    }
    dashboard.keys("2").key(KeyCode::Enter);
    time("a moment in a process with all of them", millis(40), || {
        dashboard.tick_timed()
    });
}

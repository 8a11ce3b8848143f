//! Waiting for something to become true, instead of sleeping and hoping.

use std::fs;
use std::thread;
use std::time::{Duration, Instant};

/// Environment variable with a factor for every time limit, for processors that are many times slower.
const FACTOR: &str = "SOCKWATCH_TEST_PATIENCE";

/// Returns how many times slower than usual the processor is said to be: 1 unless the environment says otherwise.
pub(crate) fn slowness() -> u32 {
    let factor = std::env::var(FACTOR).ok();
    factor
        .and_then(|text| text.parse().ok())
        .unwrap_or(1)
        .max(1)
}

/// Scales a time limit that suits usual processors.
pub(crate) fn patience(usual: Duration) -> Duration {
    usual * slowness()
}

/// How long a state may take to appear. Everything here takes milliseconds on an idle machine.
const PATIENCE: Duration = Duration::from_secs(20);

/// Asks until `done` says yes, and panics with `what` if it never does.
pub(crate) fn until(what: &str, mut done: impl FnMut() -> bool) {
    let (start, limit) = (Instant::now(), patience(PATIENCE));
    while !done() {
        assert!(start.elapsed() < limit, "waited in vain for {what}");
        thread::sleep(Duration::from_millis(2));
    }
}

/// Waits until the kernel's own table has a TCP row with these ports in `state` (the kernel's number).
/// `/proc/net/tcp` is neither what ss nor what sockwatch reads, so it takes no side.
pub(crate) fn until_tcp(what: &str, local_port: u16, remote_port: u16, state: u8) {
    until(what, || has_tcp(local_port, remote_port, state));
}

/// Whether `/proc/net/tcp` or `tcp6` of this thread's namespace has such a row.
pub(crate) fn has_tcp(local_port: u16, remote_port: u16, state: u8) -> bool {
    let local = format!(":{local_port:04X}");
    let remote = format!(":{remote_port:04X}");
    let state = format!("{state:02X}");
    ["tcp", "tcp6"].iter().any(|table| {
        let table = fs::read_to_string(format!("/proc/thread-self/net/{table}"));
        table.unwrap_or_default().lines().any(|row| {
            let mut fields = row.split_whitespace().skip(1);
            fields.next().is_some_and(|field| field.ends_with(&local))
                && fields.next().is_some_and(|field| field.ends_with(&remote))
                && fields.next() == Some(&state)
        })
    })
}

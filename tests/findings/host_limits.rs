//! The two findings about limits of the whole machine, `orphans` and `tcp-memory-pressure`, with real sockets. Network
//! namespaces have neither limit, so the limits of the host are lowered for some seconds and then restored.
//!
//! `cargo test --test findings -- --ignored host_limits` as root, on a machine without other users.

use std::fs;
use std::io::{ErrorKind, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::Command;
use std::time::Duration;

use serde_json::Value as Json;

use crate::support::sandbox::{Body, Case, Isolation};

pub(crate) const CASES: &[Case] = &[Case {
    name: "limits of the host are reported when they are close",
    needs: &[],
    isolation: Isolation::Host("lowers limits of the whole host for some seconds"),
    timeout: Duration::from_secs(90),
    body: Body::Panicking(limits_of_the_machine_are_reported_when_they_are_near),
}];

const ORPHANS: &str = "/proc/sys/net/ipv4/tcp_max_orphans";
const MEMORY: &str = "/proc/sys/net/ipv4/tcp_mem";

/// A setting that is restored on drop.
struct Lowered {
    path: &'static str,
    before: String,
}

impl Lowered {
    fn to(path: &'static str, value: &str) -> Lowered {
        let before = fs::read_to_string(path)
            .expect("the kernel reports the limit in the initial network namespace");
        fs::write(path, value).expect("root may set it");
        Lowered { path, before }
    }
}

impl Drop for Lowered {
    fn drop(&mut self) {
        fs::write(self.path, &self.before).expect("root may restore it");
    }
}

/// Ends of connections whose other ends were closed with data unsent, which no process reads.
fn orphans(count: usize) -> Vec<TcpStream> {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let end = listener.local_addr().unwrap();
    let accepted = (0..count).map(|_| {
        let mut writer = TcpStream::connect(end).unwrap();
        let (reader, _) = listener.accept().unwrap();
        writer.set_nonblocking(true).unwrap();
        loop {
            match writer.write(&[0; 8192]) {
                Ok(_) => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) => panic!("{error}"),
            }
        }
        reader
    });
    accepted.collect()
}

/// Returns the findings after some seconds, with their first numbers, and the exit status.
fn found() -> (Vec<(String, u64)>, Option<i32>) {
    let output = Command::new(env!("CARGO_BIN_EXE_sockwatch"))
        .args(["diagnose", "--json", "--for", "6s", "--config", "none"])
        .output()
        .unwrap();
    let document: Json = serde_json::from_slice(&output.stdout).unwrap();
    let findings = document["findings"].as_array().unwrap().iter();
    let findings = findings.map(|finding| {
        let id = finding["id"].as_str().unwrap().to_owned();
        let evidence = &finding["evidence"];
        let number = evidence["orphans"].as_u64().or(evidence["pages"].as_u64());
        (id, number.unwrap_or(0))
    });
    (findings.collect(), output.status.code())
}

fn limits_of_the_machine_are_reported_when_they_are_near() {
    let _held = orphans(40);
    {
        let _limit = Lowered::to(ORPHANS, "64");
        let (findings, status) = found();
        let [(id, number)] = &findings[..] else {
            panic!("one finding: {findings:?}");
        };
        assert_eq!((id.as_str(), status), ("orphans", Some(1)));
        assert!((40..64).contains(number), "{number} orphans");
    }
    {
        let sockstat = fs::read_to_string("/proc/net/sockstat").unwrap();
        let pages = sockstat.lines().find_map(|line| {
            let line = line.strip_prefix("TCP:")?;
            line.split_whitespace().last()?.parse::<u64>().ok()
        });
        let pages = pages.expect("the kernel counts them");
        let limits = [pages * 13 / 10, pages * 14 / 10, pages * 3 / 2];
        let _limit = Lowered::to(MEMORY, &limits.map(|pages| pages.to_string()).join(" "));
        let (findings, status) = found();
        let [(id, number)] = &findings[..] else {
            panic!("one finding: {findings:?}");
        };
        assert_eq!((id.as_str(), status), ("tcp-memory-pressure", Some(1)));
        assert!(*number >= pages * 9 / 10, "{number} of {pages} pages");
    }
    assert_eq!(found(), (Vec::new(), Some(0)), "all is well again");
}

//! Healthy machines: `diagnose` reports nothing, not even an info.
//!
//! Each is watched for [`SECONDS`], 60 in a full run and a few otherwise, in its own namespaces.

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crate::support::diagnosis::{Recorder, recorded, watch};
use crate::support::many_connections::ManyConnections;
use crate::support::requirements::Requirement;
use crate::support::sandbox::{Body, Case, Isolation};
use crate::support::wait;

/// Environment variable with the duration of each watch, s.
const SECONDS: &str = "SOCKWATCH_HEALTHY_SECONDS";

/// Default duration, s: enough to catch an oversensitive finding.
const FEW_SECONDS: u64 = 8;

/// Sockets of the idle connections per process: less than half of the usual descriptor limit.
const IDLE: [usize; 4] = [5_000; 4];

// In this order, a machine under load runs at the same time as an idle one.
pub(crate) const CASES: &[Case] = &[
    healthy(
        "nginx under wrk with keep-alive",
        &[Requirement::Nginx, Requirement::Wrk],
        web_server,
    ),
    healthy("an idle machine", &[], idle),
    healthy("iperf3 at full speed", &[Requirement::Iperf3], full_speed),
    healthy("10 000 idle connections", &[], idle_connections),
];

const fn healthy(name: &'static str, needs: &'static [Requirement], test: fn()) -> Case {
    Case {
        name,
        needs,
        isolation: Isolation::Machine,
        timeout: Duration::from_secs(180),
        body: Body::Panicking(test),
    }
}

fn seconds() -> u64 {
    let said = std::env::var(SECONDS).ok();
    let said = said.map(|said| said.parse().expect("a number of seconds"));
    said.unwrap_or(FEW_SECONDS)
}

/// Watches for the configured duration and asserts that there are no findings, live and in the recording of that time.
fn nothing_is_found() {
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("healthy.swr");
    let recorder = Recorder::start(&file);
    let report = watch(seconds());
    assert!(report.findings.is_empty(), "{report}");
    recorder.stop();
    let report = recorded(&file);
    assert!(report.findings.is_empty(), "{report}");
}

/// A process that runs until this is dropped.
struct Running(Child);

impl Running {
    fn start(program: &str, arguments: &[&str]) -> Running {
        let child = Command::new(program)
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn();
        Running(child.unwrap_or_else(|error| panic!("{program}: {error}")))
    }

    fn assert_runs(&mut self) {
        let ended = self.0.try_wait().expect("it is our child");
        assert!(ended.is_none(), "it ended before its time: {ended:?}");
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Waits until a process listens on the port.
fn until_listening(port: u16) {
    const LISTEN: u8 = 10;
    wait::until_tcp("a listener", port, 0, LISTEN);
}

/// Duration of a load: longer than the watch.
fn load_seconds() -> String {
    (seconds() + 30).to_string()
}

fn idle() {
    nothing_is_found();
}

fn idle_connections() {
    let crowds: Vec<ManyConnections> = IDLE
        .iter()
        .map(|&sockets| ManyConnections::open(sockets).expect("they can be had"))
        .collect();
    nothing_is_found();
    drop(crowds);
}

fn web_server() {
    let prefix = tempfile::tempdir().expect("a directory");
    let port = 8080;
    configure_nginx(prefix.path(), port);
    let path = prefix.path().to_str().expect("a plain name");
    let mut nginx = Running::start(
        "nginx",
        &["-p", path, "-c", "nginx.conf", "-e", "error.log"],
    );
    until_listening(port);
    let url = format!("http://127.0.0.1:{port}/");
    let time = load_seconds();
    let mut wrk = Running::start("wrk", &["-t", "1", "-c", "50", "-d", &time, &url]);
    nothing_is_found();
    wrk.assert_runs();
    nginx.assert_runs();
}

/// Writes a configuration that keeps everything beneath `prefix`.
fn configure_nginx(prefix: &Path, port: u16) {
    let beneath = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .map(|name| format!("{name}_temp_path {name};"))
        .concat();
    let text = format!(
        "daemon off; user root; worker_processes 1; pid nginx.pid; error_log error.log;\n\
         events {{ worker_connections 512; }}\n\
         http {{ access_log off; {beneath}\n\
         server {{ listen 127.0.0.1:{port}; keepalive_requests 1000000000;\n\
         location / {{ return 200 'well'; }} }} }}\n"
    );
    fs::write(prefix.join("nginx.conf"), text).expect("it is written");
}

fn full_speed() {
    let port = 5201;
    let mut server = Running::start("iperf3", &["-s", "-p", "5201"]);
    until_listening(port);
    let time = load_seconds();
    let mut client = Running::start("iperf3", &["-c", "127.0.0.1", "-p", "5201", "-t", &time]);
    nothing_is_found();
    client.assert_runs();
    server.assert_runs();
}

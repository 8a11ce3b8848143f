//! Processes that cause the conditions: this binary under other names, which the findings must contain.
//!
//! An actor prints one line when it is ready, often a port, and then works until its input ends. Orders change how it
//! works.

mod clients;
mod closed;
mod datagrams;
mod limits;
mod packets;
mod servers;

use std::ffi::CString;
use std::process::Stdio;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, TryRecvError};
use std::thread;
use std::time::Duration;

use crate::support::diagnosis::Finding;
use crate::support::helper_process::{self, HelperProcess};

/// An actor, as the test controls it.
#[derive(Debug)]
pub(crate) struct Actor {
    /// The kernel's name of its process.
    pub(crate) name: &'static str,
    held: HelperProcess,
    ready: String,
}

impl Actor {
    /// Starts the process in `role` under `name`, in the network namespace of this thread, and waits until it is ready.
    pub(crate) fn start(name: &'static str, role: &str, arguments: &[&str]) -> Actor {
        assert!(name.len() < 16, "{name}: the kernel cuts it");
        let mut command = helper_process::command(role);
        command.arg(name).args(arguments).stdin(Stdio::piped());
        let mut held = HelperProcess::start(command);
        let ready = held.read_line();
        assert!(!ready.is_empty(), "{name} could not begin");
        Actor { name, held, ready }
    }

    /// Returns its port.
    pub(crate) fn port(&self) -> u16 {
        let port = self.ready.parse();
        port.unwrap_or_else(|_| panic!("{} says {:?}", self.name, self.ready))
    }

    pub(crate) fn pid(&self) -> u32 {
        self.held.pid()
    }

    /// Returns its name in findings.
    pub(crate) fn written(&self) -> String {
        format!("{} ({})", self.name, self.pid())
    }

    /// Asserts that a finding is about it or its sockets, and that the sentence has its name and the other parts.
    pub(crate) fn assert_named(&self, finding: &Finding, rest: &[&str]) {
        finding.assert_process(self.name, self.pid());
        finding.assert_says(&[&self.written()]);
        finding.assert_says(rest);
    }

    /// Sends an order to the actor and returns its answer.
    pub(crate) fn send_order(&mut self, order: &str) -> String {
        self.held.send_line(order);
        let answer = self.held.read_line();
        assert!(!answer.is_empty(), "{} did not take {order:?}", self.name);
        answer
    }

    /// Kills it as `kill -9` does.
    pub(crate) fn end(mut self) {
        self.held.kill();
    }
}

/// In a child: plays the role that this process was started in. `false` if there is no such role.
pub(crate) fn play() -> bool {
    let Some(role) = helper_process::role() else {
        return false;
    };
    let mut arguments = std::env::args().skip(1);
    let name = arguments.next().expect("an actor has a name");
    rustix::thread::set_name(&CString::new(name).expect("no zeros")).expect("it can be named");
    let arguments = Arguments(arguments.collect());
    match role.as_str() {
        "accept" => servers::accept(&arguments),
        "inherit" => servers::inherit(&arguments),
        "hold-input" => servers::hold_input(),
        "keep" => servers::keep(&arguments),
        "read" => servers::read(&arguments),
        "answer" => servers::answer(&arguments),
        "share" => servers::share(&arguments),
        "read-slowly" => servers::read_slowly(&arguments),
        "serve-short" => servers::serve_short(&arguments),
        "call" => clients::call(&arguments),
        "ask" => clients::ask(&arguments),
        "arrive" => clients::arrive(&arguments),
        "stand-in-line" => clients::stand_in_line(&arguments),
        "send" => clients::send(&arguments),
        "talk-to-itself" => clients::talk_to_itself(&arguments),
        "churn" => clients::churn(&arguments),
        "knock" => clients::knock(&arguments),
        "receive-datagrams" => datagrams::receive(&arguments),
        "send-datagrams" => datagrams::send(&arguments),
        "send-syns" => packets::send_syns(&arguments),
        "answer-late" => packets::answer_late(&arguments),
        "acknowledge-nothing" => packets::acknowledge_nothing(&arguments),
        "hoard" => limits::hoard(&arguments),
        "hold-closed" => closed::hold(&arguments),
        "fill-conntrack" => limits::fill_conntrack(&arguments),
        other => panic!("no role {other:?}"),
    }
    true
}

/// Arguments of an actor, after its name.
struct Arguments(Vec<String>);

impl Arguments {
    fn text(&self, at: usize) -> &str {
        &self.0[at]
    }

    fn number<T: std::str::FromStr>(&self, at: usize) -> T {
        let text = self.text(at);
        text.parse()
            .unwrap_or_else(|_| panic!("argument {at} is {text:?}"))
    }

    fn millis(&self, at: usize) -> Duration {
        Duration::from_millis(self.number(at))
    }
}

/// Orders that an actor receives. The actor ends when its input does.
struct Orders(Receiver<String>);

impl Orders {
    fn listen() -> Orders {
        let (sender, orders) = mpsc::channel();
        thread::spawn(move || {
            for line in std::io::stdin().lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    break;
                }
            }
        });
        Orders(orders)
    }

    /// Waits for the next order.
    fn next(&self) -> String {
        self.0.recv().unwrap_or_else(|_| std::process::exit(0))
    }

    /// Returns the next order, if there is one.
    fn poll(&self) -> Option<String> {
        match self.0.try_recv() {
            Ok(order) => Some(order),
            Err(TryRecvError::Empty) => None,
            Err(TryRecvError::Disconnected) => std::process::exit(0),
        }
    }

    /// Waits for an order with a timeout.
    fn within(&self, time: Duration) -> Option<String> {
        match self.0.recv_timeout(time) {
            Ok(order) => Some(order),
            Err(RecvTimeoutError::Timeout) => None,
            Err(RecvTimeoutError::Disconnected) => std::process::exit(0),
        }
    }
}

/// Reports that the actor is ready, or that it has carried out an order.
fn say(what: impl std::fmt::Display) {
    println!("{what}");
}

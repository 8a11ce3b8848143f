//! Opens many connections at once, held by helper processes.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::process::Stdio;
use std::time::Duration;

use rustix::net::sockopt::set_socket_linger;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use super::helper_process::{self, HelperProcess};
use super::sockets_in_every_state::{listener, pair};

/// Sockets that one child holds: its descriptors have a limit, often 20 000.
const SOCKETS_PER_CHILD: usize = 16_000;

/// Line that makes a child transfer data on some connections and replace others.
const TRANSFER: &str = "transfer";

/// Of this many connections one transfers data in each turn, and of this many one is replaced.
const ONE_MOVES_OF: usize = 7;
const ONE_IS_REPLACED_OF: usize = 100;

/// In a child: holds connections until its standard input ends.
pub(crate) fn hold_connections() {
    let sockets: usize = std::env::var("SOCKETS")
        .ok()
        .and_then(|text| text.parse().ok())
        .expect("the parent says how many");
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit {
        current: limit.maximum,
        ..limit
    };
    setrlimit(Resource::Nofile, raised).expect("the soft limit can be raised to the hard one");
    let mut held = bulk(sockets / 2);
    println!("ready");
    let mut turn = 0;
    for line in std::io::stdin().lines().map_while(Result::ok) {
        if line == TRANSFER {
            transfer(&mut held, turn);
            turn += 1;
            println!("transferred");
        }
    }
}

/// Sends requests and responses on some connections, others than in the last turn, and replaces some.
fn transfer(held: &mut [(TcpStream, TcpStream)], turn: usize) {
    let mut answer = [0; 4096];
    for (at, (opener, acceptor)) in held.iter_mut().enumerate() {
        if (at + turn).is_multiple_of(ONE_MOVES_OF) {
            let (asked, answered) = (60 + at % 700, 200 + (at * 7 + turn) % 3000);
            let moved = opener
                .write_all(&answer[..asked])
                .and_then(|()| acceptor.read_exact(&mut answer[..asked]))
                .and_then(|()| acceptor.write_all(&answer[..answered]))
                .and_then(|()| opener.read_exact(&mut answer[..answered]));
            moved.expect("both ends are here");
        }
    }
    let new = listener(Ipv4Addr::LOCALHOST);
    let first = turn % ONE_IS_REPLACED_OF;
    for pair in held.iter_mut().skip(first).step_by(ONE_IS_REPLACED_OF) {
        *pair = connection(&new);
    }
}

/// A connection whose ends are reset in place of a TIME-WAIT: the next size finds nothing of this one.
fn connection(to: &TcpListener) -> (TcpStream, TcpStream) {
    let (opener, acceptor) = pair(to);
    for end in [&opener, &acceptor] {
        set_socket_linger(end, Some(Duration::ZERO)).expect("it can be set");
    }
    (opener, acceptor)
}

/// `n` established connections over loopback, both ends in this process. Two descriptors each.
fn bulk(n: usize) -> Vec<(TcpStream, TcpStream)> {
    /// Connections to one listener: one destination has only so many local ports.
    const TO_ONE: usize = 20_000;
    let mut current = listener(Ipv4Addr::LOCALHOST);
    let mut connections = Vec::with_capacity(n);
    for made in 0..n {
        if made % TO_ONE == TO_ONE - 1 {
            current = listener(Ipv4Addr::LOCALHOST);
        }
        connections.push(connection(&current));
    }
    connections
}

/// Children that hold sockets.
#[derive(Debug)]
pub(crate) struct ManyConnections {
    children: Vec<HelperProcess>,
}

impl ManyConnections {
    /// Starts as many as are needed for so many sockets; why not, if they cannot be had.
    pub(crate) fn open(sockets: usize) -> Result<ManyConnections, String> {
        let limit = getrlimit(Resource::Nofile).maximum.unwrap_or(u64::MAX);
        let most = SOCKETS_PER_CHILD.min(limit.saturating_sub(100) as usize);
        if most < 1000 {
            return Err(format!("the hard limit of descriptors is {limit}"));
        }
        let mut children = Vec::new();
        let mut left = sockets;
        while left > 0 {
            let share = left.min(most);
            left -= share;
            let mut command = helper_process::command("hold");
            command
                .env("SOCKETS", share.to_string())
                .stdin(Stdio::piped());
            children.push(HelperProcess::start(command));
        }
        for child in &mut children {
            if child.read_line() != "ready" {
                return Err("a child could not open its sockets".into());
            }
        }
        Ok(ManyConnections { children })
    }

    /// Lets 15 % of the connections move data, and replaces 1 %.
    pub(crate) fn transfer(&mut self) {
        for child in &mut self.children {
            child.send_line(TRANSFER);
            assert_eq!(child.read_line(), "transferred");
        }
    }
}

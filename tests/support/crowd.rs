//! Many connections at once, held by other processes.

use std::io::Read;
use std::net::{Ipv4Addr, TcpStream};
use std::process::Stdio;
use std::time::Duration;

use rustix::net::sockopt::set_socket_linger;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use super::roles::{self, Held};
use super::states::{listener, pair};

/// Sockets that one child holds: its descriptors have a limit, often 20 000.
const SOCKETS_PER_CHILD: usize = 16_000;

/// In a child: holds connections until its standard input ends.
pub(crate) fn hold() {
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
    let held = bulk(sockets / 2);
    println!("ready");
    let _ = std::io::stdin().read_to_end(&mut Vec::new());
    drop(held);
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
        let (opener, acceptor) = pair(&current);
        for end in [&opener, &acceptor] {
            // A reset in place of TIME-WAIT: the next size finds nothing of this one.
            set_socket_linger(end, Some(Duration::ZERO)).expect("it can be set");
        }
        connections.push((opener, acceptor));
    }
    connections
}

/// Children that hold sockets.
#[derive(Debug)]
pub(crate) struct Crowd {
    _children: Vec<Held>,
}

impl Crowd {
    /// Starts as many as are needed for so many sockets; why not, if they cannot be had.
    pub(crate) fn gather(sockets: usize) -> Result<Crowd, String> {
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
            let mut command = roles::command("hold");
            command
                .env("SOCKETS", share.to_string())
                .stdin(Stdio::piped());
            children.push(Held::start(command));
        }
        for child in &mut children {
            if child.line() != "ready" {
                return Err("a child could not open its sockets".into());
            }
        }
        Ok(Crowd {
            _children: children,
        })
    }
}

//! What could be ended, and how.

use std::sync::Arc;

use crate::column::{SocketColumn, SocketRow};
use crate::model::{Attribution, Ends, Process, Protocol, Socket, State};

/// What could be ended: a socket, the processes that hold it, or both.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Victim {
    /// The socket, if it is one that lives.
    pub socket: Option<Socket>,
    /// Its ends, as they are shown.
    pub ends: String,
    /// The processes.
    pub holders: Vec<Arc<Process>>,
}

/// What can be done to a victim.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deed {
    /// End the socket.
    Destroy,
    /// Send a signal, by its number and name, to a process.
    Signal(i32, &'static str, Recipient),
}

/// Who is sent a signal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Recipient {
    /// One of the processes, by its place among them.
    One(usize),
    /// All of them.
    All,
}

/// Signals that can be sent, the gentler first.
const SIGNALS: [(i32, &str); 4] = [
    (15, "SIGTERM"),
    (1, "SIGHUP"),
    (2, "SIGINT"),
    (9, "SIGKILL"),
];

impl Victim {
    /// A socket and who owns it.
    pub fn of_socket(row: &SocketRow<'_>) -> Victim {
        let mut ends = String::new();
        for id in ["local", "remote"] {
            let column = SocketColumn::by_id(id);
            let mut end = String::new();
            if column.is_some_and(|column| column.write_known(row, &mut end)) {
                if !ends.is_empty() {
                    ends.push_str(" → ");
                }
                ends.push_str(&end);
            }
        }
        // Only who holds it now can be sent a signal for its sake.
        let held = row.socket.socket.attribution == Attribution::Observed;
        Victim {
            socket: Some(*row.socket.socket),
            ends,
            holders: row
                .socket
                .owners()
                .filter(|_| held)
                .map(|(owner, _)| Arc::clone(&owner.process))
                .collect(),
        }
    }

    /// What can be done to it, the gentler first.
    pub fn deeds(&self) -> Vec<Deed> {
        let mut deeds = Vec::new();
        if self.socket.as_ref().is_some_and(is_destroyable) {
            deeds.push(Deed::Destroy);
        }
        for (number, name) in SIGNALS {
            for at in 0..self.holders.len() {
                deeds.push(Deed::Signal(number, name, Recipient::One(at)));
            }
            if self.holders.len() > 1 {
                deeds.push(Deed::Signal(number, name, Recipient::All));
            }
        }
        deeds
    }

    /// The processes that are meant.
    pub fn recipients(&self, recipient: Recipient) -> &[Arc<Process>] {
        match recipient {
            Recipient::All => &self.holders,
            Recipient::One(at) => self.holders.get(at..=at).unwrap_or(&[]),
        }
    }

    /// Who learns of it if the socket is destroyed. Kernel: `tcp_abort`, which resets what `tcp_need_reset` says;
    /// `udp_abort`.
    pub fn told(&self) -> &'static str {
        use State::{CloseWait, Established, FinWait1, FinWait2, Listen, SynRecv, SynSent};
        let Some(socket) = &self.socket else {
            return "";
        };
        match (socket.protocol, socket.state) {
            (Protocol::Udp, _) | (_, SynSent) => "its process is told",
            (_, Listen) => "nobody can connect any more",
            (_, Established | SynRecv | FinWait1 | FinWait2 | CloseWait) => "both ends are told",
            _ => "",
        }
    }

    /// Why the socket itself cannot be ended, if it is one that never can.
    pub fn spared(&self) -> Option<&'static str> {
        let socket = self.socket.as_ref()?;
        match socket.ends {
            _ if is_destroyable(socket) => None,
            Ends::Unix { .. } => Some("the kernel cannot destroy unix sockets"),
            _ => Some("the kernel can destroy TCP and UDP sockets only"),
        }
    }
}

fn is_destroyable(socket: &Socket) -> bool {
    matches!(socket.protocol, Protocol::Tcp | Protocol::Udp)
}

//! Kill targets of a row or a page and the actions on them: destroying a socket, signalling its processes. Nothing is
//! killed here.

use std::sync::Arc;

use crate::column::{SocketColumn, SocketRow};
use crate::model::{Attribution, Ends, NamespaceHandle, Process, Protocol, Socket, State};

/// A socket that can be destroyed, the processes that hold it, or both.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KillTarget {
    /// The socket, if it is still open.
    pub socket: Option<Socket>,
    /// How its network namespace is entered, if that is another one.
    pub namespace: Option<NamespaceHandle>,
    /// Both ends of the socket, as shown.
    pub ends: String,
    /// The processes.
    pub holders: Vec<Arc<Process>>,
}

/// An action on a [`KillTarget`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KillAction {
    /// Destroy the socket.
    Destroy,
    /// Send a signal, by its number and name, to processes.
    Signal(i32, &'static str, Recipient),
}

/// The processes that a signal is sent to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Recipient {
    /// One of the holders, by its index.
    One(usize),
    /// All holders.
    All,
}

/// Signals that can be sent, by number and name, least severe first.
const SIGNALS: [(i32, &str); 4] = [
    (15, "SIGTERM"),
    (1, "SIGHUP"),
    (2, "SIGINT"),
    (9, "SIGKILL"),
];

impl KillTarget {
    /// The target of a socket's row: the socket and its owners.
    pub fn of_socket(row: &SocketRow<'_>) -> KillTarget {
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
        // A signal makes sense only to a process that holds the socket now.
        let held = row.socket.socket.attribution == Attribution::Observed;
        KillTarget {
            socket: Some(*row.socket.socket),
            namespace: row.socket.namespace().map(|namespace| namespace.handle),
            ends,
            holders: row
                .socket
                .owners()
                .filter(|_| held)
                .map(|(owner, _)| Arc::clone(&owner.process))
                .collect(),
        }
    }

    /// The possible actions, least severe first.
    pub fn actions(&self) -> Vec<KillAction> {
        let mut actions = Vec::new();
        if self.socket.as_ref().is_some_and(is_destroyable) {
            actions.push(KillAction::Destroy);
        }
        for (number, name) in SIGNALS {
            for at in 0..self.holders.len() {
                actions.push(KillAction::Signal(number, name, Recipient::One(at)));
            }
            if self.holders.len() > 1 {
                actions.push(KillAction::Signal(number, name, Recipient::All));
            }
        }
        actions
    }

    /// The processes that a recipient stands for.
    pub fn recipients(&self, recipient: Recipient) -> &[Arc<Process>] {
        match recipient {
            Recipient::All => &self.holders,
            Recipient::One(at) => self.holders.get(at..=at).unwrap_or(&[]),
        }
    }

    /// Describes the consequence of destroying the socket; empty if it has none worth showing. Kernel: `tcp_abort`, which
    /// resets the connection if `tcp_need_reset`; `udp_abort`.
    pub fn consequence(&self) -> &'static str {
        use State::{CloseWait, Established, FinWait1, FinWait2, Listen, SynRecv, SynSent};
        let Some(socket) = &self.socket else {
            return "";
        };
        match (socket.protocol, socket.state) {
            (Protocol::Udp, _) | (_, SynSent) => "its process gets an error",
            (_, Listen) => "it stops listening",
            (_, Established | SynRecv | FinWait1 | FinWait2 | CloseWait) => "resets the connection",
            _ => "",
        }
    }

    /// The reason why the socket cannot be destroyed, even by root; `None` if it can be, or if there is no socket.
    pub fn indestructible_reason(&self) -> Option<&'static str> {
        let socket = self.socket.as_ref()?;
        match socket.ends {
            _ if is_destroyable(socket) => None,
            Ends::Unix { .. } => Some("the kernel cannot destroy Unix sockets"),
            _ => Some("the kernel can destroy only TCP and UDP sockets"),
        }
    }
}

fn is_destroyable(socket: &Socket) -> bool {
    matches!(socket.protocol, Protocol::Tcp | Protocol::Udp)
}

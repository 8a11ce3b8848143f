//! Connections that wait for one process or one listener, with the time since when, as several findings group them.

use crate::diagnose::ages::Ages;
use crate::diagnose::facts::Facts;
use crate::model::{Socket, SocketRef, State};

/// Connections that wait for the same process or listener.
#[derive(Debug)]
pub(in crate::diagnose) struct WaitingConnections {
    pub(in crate::diagnose) connections: u32,
    /// Number of connections that have waited for too long.
    pub(in crate::diagnose) stuck: u32,
    /// Unread bytes of all connections, without FINs.
    pub(in crate::diagnose) unread: u64,
    /// When the stuck connection that has waited longest began to wait, ns of the monotonic clock.
    pub(in crate::diagnose) oldest_ns: u64,
}

impl Default for WaitingConnections {
    fn default() -> Self {
        WaitingConnections {
            connections: 0,
            stuck: 0,
            unread: 0,
            oldest_ns: u64::MAX,
        }
    }
}

impl WaitingConnections {
    /// Adds a connection that has waited since `since_ns`, with its unread bytes.
    pub(in crate::diagnose) fn add(&mut self, unread: u32, since_ns: u64, is_stuck: bool) {
        self.connections += 1;
        self.unread += u64::from(unread);
        if is_stuck {
            self.stuck += 1;
            self.oldest_ns = self.oldest_ns.min(since_ns);
        }
    }
}

/// Returns when a connection began to wait, ns of the monotonic clock: when the last acknowledgment had arrived at the
/// time the connection was first observed to wait.
pub(in crate::diagnose) fn waiting_since(
    ages: &mut Ages,
    facts: &Facts<'_>,
    socket: SocketRef<'_>,
) -> u64 {
    let earlier_ns = facts.last_ack_ns(socket);
    ages.since(socket.socket.key(), 0, earlier_ns, facts.now_ns())
}

/// Returns the received bytes of a connection that were not read. The kernel counts a FIN that was not read as one more.
pub(in crate::diagnose) fn unread_data(socket: &Socket) -> u32 {
    let has_fin = matches!(
        socket.state,
        State::CloseWait | State::LastAck | State::Closing
    );
    socket.recv_queue.saturating_sub(u32::from(has_fin))
}

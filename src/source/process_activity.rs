//! Reads the activity of the processes that sockets wait for.

use super::procfs::Owners;
use crate::model::{Protocol, Sample, Socket, State};

/// Maximum number of processes read for one Sample; each takes about ten microseconds.
const MAX_PROCESSES: usize = 256;

/// Reads the activity of those processes of a Sample that sockets wait for: connections to accept, data to read, or
/// sockets to close. A stopped, sleeping or busy process explains the wait.
pub(super) fn sample_activity(sample: &mut Sample, owners: &mut Owners) {
    let mut is_awaited = vec![false; sample.processes.len()];
    let mut found = 0;
    for socket in sample.sockets.iter().filter(|row| awaits_process(row)) {
        let from = socket.holders_at as usize;
        let holders = from..from + usize::from(socket.holders_len);
        for holder in sample.holders.get(holders).unwrap_or(&[]) {
            if let Some(is_known) = is_awaited.get_mut(holder.process as usize)
                && !std::mem::replace(is_known, true)
            {
                found += 1;
            }
        }
        if found >= MAX_PROCESSES {
            break;
        }
    }
    let rows = sample.processes.iter_mut().zip(is_awaited);
    for (row, _) in rows.filter(|(_, is_awaited)| *is_awaited) {
        row.activity = owners.activity(row.process.key);
    }
}

/// Returns true if a connection, data or the peer waits for the owner of a socket.
fn awaits_process(socket: &Socket) -> bool {
    match socket.protocol {
        Protocol::Tcp => {
            socket.state == State::CloseWait
                || (socket.recv_queue > 0 && socket.state != State::TimeWait)
        }
        Protocol::Udp => socket.recv_queue > 0,
        _ => socket.is_listener() && socket.recv_queue > 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Ends, Family};

    #[test]
    fn a_process_is_awaited_if_a_queue_of_its_sockets_is_not_empty() {
        let ends = Ends::Packet { ethertype: 0 };
        let of = |protocol, state, recv_queue| {
            let mut socket = Socket::new(1, 1, Family::Inet, protocol, state, ends);
            socket.recv_queue = recv_queue;
            awaits_process(&socket)
        };
        assert!(of(Protocol::Tcp, State::Listen, 1));
        assert!(of(Protocol::Tcp, State::CloseWait, 0));
        assert!(of(Protocol::Udp, State::Closed, 768));
        assert!(of(Protocol::Stream, State::Listen, 2));
        assert!(!of(Protocol::Tcp, State::Established, 0));
        assert!(!of(Protocol::Stream, State::Established, 9));
    }
}

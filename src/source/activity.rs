//! What the processes do that something waits for.

use crate::model::{Protocol, Sample, Socket, State};

use super::procfs::Owners;

/// Processes that are looked at in one Sample, each of which takes some ten microseconds.
const MOST: usize = 256;

/// Looks at those processes of a Sample for which connections wait to be accepted, data to be read, or sockets to be
/// closed: whether such a process is stopped, asleep or busy explains what waits.
pub(super) fn look(sample: &mut Sample, owners: &mut Owners) {
    let mut waited_for = vec![false; sample.processes.len()];
    let mut found = 0;
    for socket in sample.sockets.rows.iter().filter(|row| waits(row)) {
        let from = socket.holders_at as usize;
        let holders = from..from + usize::from(socket.holders_len);
        for holder in sample.holders.get(holders).unwrap_or(&[]) {
            if let Some(is_known) = waited_for.get_mut(holder.process as usize)
                && !std::mem::replace(is_known, true)
            {
                found += 1;
            }
        }
        if found >= MOST {
            break;
        }
    }
    let rows = sample.processes.iter_mut().zip(waited_for);
    for (row, _) in rows.filter(|(_, is_waited_for)| *is_waited_for) {
        row.activity = owners.activity(row.process.key);
    }
}

/// Whether something waits for the process that holds a socket.
fn waits(socket: &Socket) -> bool {
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
    fn a_process_is_waited_for_where_something_lies_in_its_queue() {
        let ends = Ends::Packet { ethertype: 0 };
        let of = |protocol, state, recv_queue| {
            let mut socket = Socket::new(1, 1, Family::Inet, protocol, state, ends);
            socket.recv_queue = recv_queue;
            waits(&socket)
        };
        assert!(of(Protocol::Tcp, State::Listen, 1));
        assert!(of(Protocol::Tcp, State::CloseWait, 0));
        assert!(of(Protocol::Udp, State::Closed, 768));
        assert!(of(Protocol::Stream, State::Listen, 2));
        assert!(!of(Protocol::Tcp, State::Established, 0));
        assert!(!of(Protocol::Stream, State::Established, 9));
    }
}

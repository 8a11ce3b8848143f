//! The processes at the other ends of a process's unix sockets.

use crate::aggregate::Moment;
use crate::model::{Ends, ProcessKey, SeededMap, SocketRef};

/// The processes at the other ends of the unix sockets of a process.
#[derive(Debug, Clone, Default)]
pub struct UnixPeers {
    /// Each process by its name, with the number of sockets, the most first.
    pub processes: Vec<(ProcessKey, String, u32)>,
}

impl UnixPeers {
    /// Counts them. Looks at all sockets.
    pub(in crate::tui) fn of(moment: &Moment, key: ProcessKey) -> UnixPeers {
        let mut rows = moment.sample.processes.iter();
        let Some(process) = rows.position(|row| row.process.key == key) else {
            return UnixPeers::default();
        };
        let is_unix = |socket: &SocketRef<'_>| matches!(socket.socket.ends, Ends::Unix { .. });
        let is_ours = |socket: &SocketRef<'_>| {
            let mut holders = socket.holders().iter();
            is_unix(socket) && holders.any(|holder| holder.process as usize == process)
        };
        let mut sockets_of: SeededMap<u32, u32> = SeededMap::default();
        for (_, socket) in moment
            .filtered_sockets()
            .filter(|(_, socket)| is_ours(socket))
        {
            if let Ends::Unix {
                peer_inode: Some(inode),
                ..
            } = socket.socket.ends
            {
                *sockets_of.entry(inode).or_default() += 1;
            }
        }
        let mut counts: SeededMap<ProcessKey, (String, u32)> = SeededMap::default();
        if sockets_of.is_empty() {
            return UnixPeers::default();
        }
        for peer in moment.sample.iter().filter(is_unix) {
            if let Some(count) = sockets_of.remove(&peer.socket.inode)
                && let Some(owner) = peer.owner()
            {
                let entry = counts.entry(owner.process.key);
                entry.or_insert_with(|| (owner.process.comm.clone(), 0)).1 += count;
            }
        }
        let all = counts.into_iter();
        let mut processes: Vec<_> = all.map(|(key, (comm, count))| (key, comm, count)).collect();
        processes.sort_by_key(|(key, _, count)| (std::cmp::Reverse(*count), *key));
        UnixPeers { processes }
    }
}

//! How many sockets there are, of which kind and in which state.

use crate::model::{Family, Protocol, Socket, State, Unowned};

/// Counts of one protocol over one family.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProtocolTotals {
    /// Address family.
    pub family: Family,
    /// Protocol.
    pub protocol: Protocol,
    /// Sockets by `State as usize`.
    pub states: [u32; State::SLOTS],
}

impl ProtocolTotals {
    /// Sockets in all states.
    pub fn total(&self) -> u32 {
        self.states.iter().sum()
    }
}

/// Counts of one Sample. A socket that several processes hold counts once.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Totals {
    /// All sockets.
    pub sockets: u32,
    /// Sockets with an owner, remembered and inferred ones included.
    pub owned: u32,
    /// Sockets without an owner, by `Unowned as usize`.
    pub unowned: [u32; Unowned::ALL.len()],
    /// TCP sockets of both families by `State as usize`.
    pub tcp: [u32; State::SLOTS],
    /// UDP sockets of both families.
    pub udp: u32,
    /// Unix sockets.
    pub unix: u32,
    /// Everything, by family and protocol, in the order of first appearance.
    pub protocols: Vec<ProtocolTotals>,
    /// Where the last socket was counted: the kernel tells them protocol by protocol.
    at: usize,
}

impl Totals {
    /// Starts again at nothing.
    pub(super) fn clear(&mut self) {
        let mut protocols = std::mem::take(&mut self.protocols);
        protocols.clear();
        *self = Totals {
            protocols,
            ..Totals::default()
        };
    }

    /// Counts one socket.
    #[inline]
    pub(super) fn add(&mut self, socket: &Socket) {
        self.sockets += 1;
        match socket.attribution.unowned() {
            None => self.owned += 1,
            Some(why) => self.unowned[why as usize] += 1,
        }
        match socket.protocol {
            Protocol::Tcp => self.tcp[socket.state as usize] += 1,
            Protocol::Udp => self.udp += 1,
            _ if socket.family == Family::Unix => self.unix += 1,
            _ => {}
        }
        let same =
            |row: &ProtocolTotals| row.family == socket.family && row.protocol == socket.protocol;
        if !self.protocols.get(self.at).is_some_and(same) {
            self.at = self.protocols.iter().position(same).unwrap_or_else(|| {
                self.protocols.push(ProtocolTotals {
                    family: socket.family,
                    protocol: socket.protocol,
                    states: [0; State::SLOTS],
                });
                self.protocols.len() - 1
            });
        }
        self.protocols[self.at].states[socket.state as usize] += 1;
    }

    /// TCP sockets in `state`.
    pub fn tcp_in(&self, state: State) -> u32 {
        self.tcp[state as usize]
    }

    /// Share of the sockets with a known owner among those that have one, 0 to 1: a TIME-WAIT that nobody holds any
    /// more is nothing that could be known. `None` if there are no such sockets.
    pub fn owned_share(&self) -> Option<f64> {
        let hidden: u32 = Unowned::ALL
            .into_iter()
            .filter(|why| why.may_have_owner())
            .map(|why| self.unowned[why as usize])
            .sum();
        let held = self.owned + hidden;
        (held > 0).then(|| f64::from(self.owned) / f64::from(held))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_can_own_does_not_count_as_not_found() {
        let mut totals = Totals {
            sockets: 100,
            owned: 3,
            ..Totals::default()
        };
        assert_eq!(Totals::default().owned_share(), None);
        totals.unowned[Unowned::TimeWait as usize] = 96;
        assert_eq!(totals.owned_share(), Some(1.0));
        totals.unowned[Unowned::PermissionDenied as usize] = 1;
        assert_eq!(totals.owned_share(), Some(0.75));
    }
}

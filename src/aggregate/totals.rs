//! Counts sockets by protocol and state.

use crate::model::{Attribution, Family, Protocol, Socket, State, Unowned};

/// Counts of one protocol over one family.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProtocolTotals {
    /// Address family.
    pub family: Family,
    /// Protocol.
    pub protocol: Protocol,
    /// True for SCTP associations, which are not sockets.
    pub of_associations: bool,
    /// Sockets by `State as usize`.
    pub states: [u32; State::SLOTS],
}

impl ProtocolTotals {
    /// Returns the number of sockets in all states.
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
    /// Sockets of which one of several processes was the owner; counted as owned.
    pub one_of: u32,
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
    /// Row of `protocols` that the last socket was counted in: the kernel reports them protocol by protocol.
    at: usize,
}

impl Totals {
    /// Resets all counts, keeping the memory.
    pub(super) fn clear(&mut self) {
        let mut protocols = std::mem::take(&mut self.protocols);
        protocols.clear();
        *self = Totals {
            protocols,
            ..Totals::default()
        };
    }

    /// Counts one socket or association.
    #[inline]
    pub(super) fn add(&mut self, socket: &Socket) {
        let of_associations = socket.is_association();
        if !of_associations {
            self.add_socket(socket);
        }
        let same = |row: &ProtocolTotals| {
            row.family == socket.family
                && row.protocol == socket.protocol
                && row.of_associations == of_associations
        };
        if !self.protocols.get(self.at).is_some_and(same) {
            self.at = self.protocols.iter().position(same).unwrap_or_else(|| {
                self.protocols.push(ProtocolTotals {
                    family: socket.family,
                    protocol: socket.protocol,
                    of_associations,
                    states: [0; State::SLOTS],
                });
                self.protocols.len() - 1
            });
        }
        self.protocols[self.at].states[socket.state as usize] += 1;
    }

    #[inline]
    fn add_socket(&mut self, socket: &Socket) {
        self.sockets += 1;
        match socket.attribution.unowned() {
            None => {
                self.owned += 1;
                self.one_of += u32::from(socket.attribution == Attribution::OneOf);
            }
            Some(why) => self.unowned[why as usize] += 1,
        }
        match socket.protocol {
            Protocol::Tcp => self.tcp[socket.state as usize] += 1,
            Protocol::Udp => self.udp += 1,
            _ if socket.family == Family::Unix => self.unix += 1,
            _ => {}
        }
    }

    /// Returns the number of TCP sockets in `state`.
    pub fn tcp_in(&self, state: State) -> u32 {
        self.tcp[state as usize]
    }

    /// Returns the share of sockets with a known owner among those that have an owner, 0 to 1. A TIME-WAIT, which no
    /// process holds, is not counted. `None` if there are no such sockets.
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
    fn sockets_that_cannot_have_an_owner_do_not_lower_the_owned_share() {
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

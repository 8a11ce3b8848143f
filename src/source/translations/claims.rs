//! Decides between sockets of different network namespaces that have the same addresses.
//!
//! Isolated networks may use the same addresses: a connection in one of them then has the entry that another connection has
//! in a namespace between. Only one socket can be the peer of the same end.

use std::collections::hash_map::Entry;

use crate::model::{Endpoint, Protocol, SeededMap, SocketKey, Translation};

/// Ends of a connection as its peer sees them.
type SeenEnds = (Protocol, Endpoint, Endpoint);

/// The sockets whose peers see certain ends.
#[derive(Debug, Default)]
pub(super) struct Claims {
    claims: SeededMap<SeenEnds, Claim>,
    /// Sockets with disputed claims.
    disputed: SeededMap<SocketKey, SeenEnds>,
}

#[derive(Debug, Clone, Copy)]
struct Claim {
    /// `None` if it is not known which of several sockets it is.
    key: Option<SocketKey>,
    /// True if the socket's own namespace translates.
    is_certain: bool,
}

/// Result of [`Claims::claim`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct ClaimOutcome {
    /// True if the translation is that of the socket.
    pub(super) is_granted: bool,
    /// Another socket, whose translation is not known to be its own any more.
    pub(super) revoked: Option<SocketKey>,
}

impl Claims {
    /// Decides whether a translation is that of a socket.
    pub(super) fn claim(
        &mut self,
        key: SocketKey,
        protocol: Protocol,
        translation: &Translation,
    ) -> ClaimOutcome {
        let is_certain = translation.netns == key.netns;
        let ends = (protocol, translation.peer, translation.seen_as);
        let granted = ClaimOutcome {
            is_granted: true,
            revoked: None,
        };
        let claim = Claim {
            key: Some(key),
            is_certain,
        };
        let mut known = match self.claims.entry(ends) {
            Entry::Vacant(place) => {
                place.insert(claim);
                return granted;
            }
            Entry::Occupied(known) => known,
        };
        let before = *known.get();
        let other = before.key.filter(|&other| other != key);
        if is_certain {
            known.insert(claim);
            return ClaimOutcome {
                revoked: other.filter(|_| !before.is_certain),
                ..granted
            };
        }
        if before.key == Some(key) {
            return granted;
        }
        if before.is_certain {
            return ClaimOutcome::default();
        }
        let is_other = |(other, own): (&SocketKey, &SeenEnds)| *other != key && *own == ends;
        if before.key.is_none() && !self.disputed.iter().any(is_other) {
            // The others have closed.
            self.disputed.remove(&key);
            known.insert(claim);
            return granted;
        }
        known.get_mut().key = None;
        self.disputed.insert(key, ends);
        if let Some(other) = other {
            self.disputed.insert(other, ends);
        }
        ClaimOutcome {
            is_granted: false,
            revoked: other,
        }
    }

    /// Removes the claim of a socket to a translation that it has no more.
    pub(super) fn release(
        &mut self,
        key: SocketKey,
        protocol: Protocol,
        translation: &Translation,
    ) {
        let ends = (protocol, translation.peer, translation.seen_as);
        if let Entry::Occupied(known) = self.claims.entry(ends)
            && known.get().key == Some(key)
        {
            known.remove();
        }
    }

    /// Removes the part of a socket that closed in a dispute, and the dispute with its last one.
    pub(super) fn close(&mut self, key: SocketKey) {
        if let Some(ends) = self.disputed.remove(&key)
            && !self.disputed.values().any(|other| *other == ends)
            && let Entry::Occupied(known) = self.claims.entry(ends)
            && known.get().key.is_none()
        {
            known.remove();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr};

    use super::*;

    fn key(netns: u32, cookie: u64) -> SocketKey {
        SocketKey {
            netns,
            cookie,
            association: 0,
        }
    }

    fn translation(netns: u32) -> Translation {
        let end = |last| Endpoint {
            address: IpAddr::V4(Ipv4Addr::new(10, 0, 0, last)),
            port: 80,
        };
        Translation {
            peer: end(1),
            seen_as: end(2),
            netns,
        }
    }

    #[test]
    fn of_sockets_in_several_namespaces_none_has_a_translation_that_only_one_can_have() {
        let mut claims = Claims::default();
        let mut claim = |key, netns| claims.claim(key, Protocol::Tcp, &translation(netns));
        assert!(claim(key(1, 7), 9).is_granted);
        assert!(claim(key(1, 7), 9).is_granted, "the same");
        let second = claim(key(2, 8), 9);
        assert_eq!(
            (second.is_granted, second.revoked),
            (false, Some(key(1, 7)))
        );
        assert_eq!(claim(key(3, 9), 9), ClaimOutcome::default());
        // Until the others close: any that is still there may be the one.
        claims.close(key(1, 7));
        let claim = |claims: &mut Claims, key| claims.claim(key, Protocol::Tcp, &translation(9));
        assert!(!claim(&mut claims, key(3, 9)).is_granted);
        assert!(!claim(&mut claims, key(4, 9)).is_granted);
        claims.close(key(4, 9));
        claims.close(key(2, 8));
        assert!(claim(&mut claims, key(3, 9)).is_granted);
        claims.release(key(3, 9), Protocol::Tcp, &translation(9));
        assert!(claims.claims.is_empty());
    }

    #[test]
    fn what_the_own_namespace_translates_is_certain() {
        let mut claims = Claims::default();
        let mut claim = |key, netns| claims.claim(key, Protocol::Tcp, &translation(netns));
        assert!(claim(key(1, 7), 9).is_granted);
        let own = claim(key(9, 8), 9);
        assert_eq!((own.is_granted, own.revoked), (true, Some(key(1, 7))));
        assert_eq!(claim(key(1, 7), 9), ClaimOutcome::default());
        // Each namespace has its own loopback device.
        let other = claim(key(5, 8), 5);
        assert_eq!((other.is_granted, other.revoked), (true, None));
    }
}

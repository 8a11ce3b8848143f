//! Finds the peer of a socket, for connections with both ends on this machine.

use std::hash::{BuildHasher as _, Hash};

use crate::model::{
    Endpoint, Ends, Protocol, Sample, Seed, SeededMap, Socket, Translation, is_local_address,
};

/// An internet connection as seen from one end: network namespace, protocol, local and remote endpoint.
type Pair = (u32, Protocol, Endpoint, Endpoint);

/// The same in any network namespace.
type AnyPair = (Protocol, Endpoint, Endpoint);

/// Index from connections to rows. Built on demand, not with every Sample.
///
/// It has only row numbers, a few bytes for each socket: the sockets themselves are compared.
#[derive(Debug, Clone, Default)]
pub struct PeerIndex {
    /// Rows by the hash of the socket, each at the first free place from there on. The number of places is a power of two.
    places: Vec<Place>,
    seed: Seed,
    /// Rows of connections by their ends, if there are several network namespaces; `None` if several rows have the same.
    across: SeededMap<AnyPair, Option<u32>>,
    /// Rows of translated connections by the ends of their peers; `None` if several rows have the same.
    translated: SeededMap<AnyPair, Option<u32>>,
}

/// A place of the index.
#[derive(Debug, Clone, Copy)]
struct Place {
    row: u32,
    /// The upper half of the hash, which excludes nearly all other sockets without a look at their rows.
    hash: u32,
}

/// A place without a row.
const FREE: Place = Place {
    row: u32::MAX,
    hash: 0,
};

/// What identifies one end of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum End {
    Inet(Pair),
    /// Inode of the socket.
    Unix(u32),
}

impl PeerIndex {
    /// Indexes all connected sockets of a Sample.
    pub fn new(sample: &Sample) -> PeerIndex {
        let sockets = sample.sockets.len();
        // At least a quarter of the places is free, so that few have to be looked at.
        let places = (sockets + sockets / 3 + 1).next_power_of_two();
        let mut index = PeerIndex {
            places: vec![FREE; places],
            seed: Seed::default(),
            across: SeededMap::default(),
            translated: SeededMap::default(),
        };
        let has_several = !sample.namespaces.is_empty();
        for (row, socket) in sample.sockets.iter().enumerate() {
            if let Some(translation) = translation_of(sample, socket.socket) {
                let pair = (
                    socket.socket.protocol,
                    translation.peer,
                    translation.seen_as,
                );
                let known = index.translated.entry(pair);
                known
                    .and_modify(|row| *row = None)
                    .or_insert(Some(row as u32));
            }
            if has_several && let Some(pair) = routed_pair(socket.socket) {
                let known = index.across.entry(pair);
                known
                    .and_modify(|row| *row = None)
                    .or_insert(Some(row as u32));
            }
            if let Some(end) = End::of(socket.socket) {
                let (place, hash) = index.place_of(sample, end);
                if let Some(known) = index.places.get_mut(place) {
                    *known = Place {
                        row: row as u32,
                        hash,
                    };
                }
            }
        }
        index
    }

    /// Returns the place of an end, or the free one where it belongs, and the upper half of its hash.
    fn place_of(&self, sample: &Sample, end: End) -> (usize, u32) {
        let mask = self.places.len().wrapping_sub(1);
        let hash = self.seed.hash_one(end);
        let upper = (hash >> 32) as u32;
        let mut place = hash as usize & mask;
        while let Some(known) = self.places.get(place).filter(|place| !place.is_free()) {
            if known.hash == upper {
                let socket = sample.sockets.get(known.row as usize);
                if socket.and_then(|socket| End::of(socket.socket)) == Some(end) {
                    break;
                }
            }
            place = (place + 1) & mask;
        }
        (place, upper)
    }

    /// Returns the row of a socket's peer. `sample` is the one that is indexed.
    pub fn peer(&self, sample: &Sample, socket: &Socket) -> Option<usize> {
        if let Some(row) = self.translated_peer(sample, socket) {
            return Some(row);
        }
        if translation_of(sample, socket).is_some() {
            // Its remote endpoint is not that of a socket.
            return None;
        }
        let end = End::of_peer(socket)?;
        let (place, _) = self.place_of(sample, end);
        let place = self.places.get(place)?;
        if !place.is_free() {
            return Some(place.row as usize);
        }
        if self.across.is_empty() {
            return None;
        }
        // Over a veth pair or a bridge, without translation of addresses: the ends are the same, in another namespace.
        let (protocol, local, remote) = routed_pair(socket)?;
        self.across.get(&(protocol, local, remote)).copied()??;
        let row = self.across.get(&(protocol, remote, local)).copied()??;
        Some(row as usize)
    }

    /// Returns the row of the peer of a connection whose addresses are translated: as the entry of its own end has it, or that
    /// of the other end.
    fn translated_peer(&self, sample: &Sample, socket: &Socket) -> Option<usize> {
        if self.translated.is_empty() {
            return None;
        }
        let (local, remote) = connected(socket)?;
        if let Some(seen) = translation_of(sample, socket) {
            let pair = (socket.protocol, seen.peer, seen.seen_as);
            // It must be the only one with these ends.
            self.translated.get(&pair).copied()??;
            let end = End::Inet((socket.netns, socket.protocol, seen.peer, seen.seen_as));
            let (place, _) = self.place_of(sample, end);
            let place = self.places.get(place).filter(|place| !place.is_free());
            if let Some(place) = place {
                return Some(place.row as usize);
            }
            if is_routed(seen.peer, seen.seen_as)
                && let Some(row) = self.across.get(&pair).copied().flatten()
            {
                return Some(row as usize);
            }
        }
        let row = self.translated.get(&(socket.protocol, local, remote));
        let row = row.copied()?? as usize;
        // Each namespace has its own loopback device.
        let is_reachable = is_routed(local, remote)
            || sample.sockets.get(row).map(|row| row.netns) == Some(socket.netns);
        is_reachable.then_some(row)
    }
}

impl Place {
    fn is_free(self) -> bool {
        self.row == FREE.row
    }
}

impl End {
    /// The end that a socket is, if it can be a peer.
    fn of(socket: &Socket) -> Option<End> {
        if let Ends::Unix { .. } = socket.ends {
            return Some(End::Unix(socket.inode));
        }
        let (local, remote) = connected(socket)?;
        Some(End::Inet((socket.netns, socket.protocol, local, remote)))
    }

    /// The end that a socket is connected to.
    fn of_peer(socket: &Socket) -> Option<End> {
        if let Ends::Unix { peer_inode, .. } = socket.ends {
            return peer_inode.map(End::Unix);
        }
        let (local, remote) = connected(socket)?;
        Some(End::Inet((socket.netns, socket.protocol, remote, local)))
    }
}

/// Finds the row of one socket's peer without an index, which is far less work for a single socket.
pub(super) fn find_peer(sample: &Sample, socket: &Socket) -> Option<usize> {
    let mut sockets = sample.sockets.iter();
    if let Ends::Unix { peer_inode, .. } = socket.ends {
        let inode = peer_inode?;
        return sockets.position(|row| {
            row.socket.inode == inode && matches!(row.socket.ends, Ends::Unix { .. })
        });
    }
    let translated = find_translated_peer(sample, socket);
    if translated.is_some() || translation_of(sample, socket).is_some() {
        return translated;
    }
    let (local, remote) = connected(socket)?;
    let own = sockets.position(|row| {
        let row = row.socket;
        // Comparing ports first excludes nearly all rows.
        row.local().is_some_and(|end| end.port == remote.port)
            && row.protocol == socket.protocol
            && row.netns == socket.netns
            && connected(row) == Some((remote, local))
    });
    if own.is_some() || sample.namespaces.is_empty() {
        return own;
    }
    let own = routed_pair(socket)?;
    let mut found = None;
    let mut same = 0u32;
    for (at, row) in sample.sockets.iter().enumerate() {
        let port = row.socket.local().map(|end| end.port);
        if port != Some(local.port) && port != Some(remote.port) {
            continue;
        }
        let pair = routed_pair(row.socket);
        same += u32::from(pair == Some(own));
        if pair == Some((own.0, own.2, own.1)) && found.replace(at).is_some() {
            return None;
        }
    }
    // If several have the same ends, it is not known which of them it is.
    found.filter(|_| same == 1)
}

/// Returns the ends of a connection whose other end may be in another network namespace: not over a loopback device, and not
/// to an address that each link has.
fn routed_pair(socket: &Socket) -> Option<AnyPair> {
    let (local, remote) = connected(socket)?;
    is_routed(local, remote).then_some((socket.protocol, local, remote))
}

/// Reports whether a connection with these ends may be between two network namespaces.
fn is_routed(local: Endpoint, remote: Endpoint) -> bool {
    let [local, remote] = [local.address, remote.address];
    !is_local_address(local) && !is_local_address(remote) && local != remote
}

/// Returns how the peer of a socket sees the ends of the connection, if addresses are translated.
fn translation_of(sample: &Sample, socket: &Socket) -> Option<Translation> {
    let translations = sample.translations.as_ref()?;
    translations.get(&socket.key()).copied()
}

/// Finds the row of the peer of a translated connection without an index.
fn find_translated_peer(sample: &Sample, socket: &Socket) -> Option<usize> {
    let translations = sample.translations.as_ref()?;
    let (local, remote) = connected(socket)?;
    let seen = translations.get(&socket.key());
    // Ends of the peer as this one's entry has them, which must be the only such entry, and sockets whose entries have these.
    let mut same = 0u32;
    let mut others = Vec::new();
    for (&key, other) in translations.iter() {
        let ends = (other.peer, other.seen_as);
        same += u32::from(seen.is_some_and(|seen| (seen.peer, seen.seen_as) == ends));
        if ends == (local, remote) {
            others.push(key);
        }
    }
    let seen = seen.map(|seen| (seen.peer, seen.seen_as));
    let mut found = (None, None, None);
    let mut counts = (0u32, 0u32);
    for (at, row) in sample.sockets.iter().enumerate() {
        let row = row.socket;
        if row.protocol != socket.protocol {
            continue;
        }
        if let Some((peer, seen_as)) = seen
            && row.local().is_some_and(|end| end.port == peer.port)
            && connected(row) == Some((peer, seen_as))
        {
            if row.netns == socket.netns {
                found.0 = Some(at);
            } else if is_routed(peer, seen_as) {
                found.1 = Some(at);
                counts.0 += 1;
            }
        }
        if others.contains(&row.key()) && (is_routed(local, remote) || row.netns == socket.netns) {
            found.2 = Some(at);
            counts.1 += 1;
        }
    }
    let has_only_one = same == 1;
    let (own, across, back) = found;
    let own = own.or(across.filter(|_| counts.0 == 1));
    match seen {
        Some(_) if !has_only_one => None,
        _ => own.or(back.filter(|_| counts.1 == 1)),
    }
}

/// Returns both ends of a connected internet socket, with v4-mapped addresses as IPv4, so that both sides agree.
fn connected(socket: &Socket) -> Option<(Endpoint, Endpoint)> {
    let remote = socket.remote()?;
    Some((socket.local()?.canonical(), remote.canonical()))
}

#[cfg(test)]
mod tests;

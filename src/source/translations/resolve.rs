//! Follows connections through the network namespaces that translate them.
//!
//! A socket sends packets with its own ends. Its own namespace may translate them first; then each namespace that they
//! pass through. The entry of each has what the other side sends back, which reversed is what leaves the namespace, and is
//! looked up in the next one. The same holds for the end that accepted the connection, from which the entries lead to the
//! ends of the client. Which namespaces the packets pass through is not known: all that forward are asked, and if more than
//! one translates the same packets, none is followed, because isolated networks may use the same addresses.

use std::io;

use super::connection::{Connection, is_routed};
use crate::model::Translation;
use crate::source::namespaces::TrackingNamespace;
use crate::source::netlink::conntrack::{TrackedConnection, Tuple};

/// Maximum number of namespaces that translate one connection.
const MAX_TRANSLATORS: usize = 4;

/// Finds entries in a network namespace by the packets of a connection in either direction, and calls a function with the
/// index of each.
pub(super) type Entries<'a> =
    dyn FnMut(u32, &[Tuple], &mut dyn FnMut(usize, TrackedConnection)) -> io::Result<()> + 'a;

/// A connection that is followed.
#[derive(Debug)]
pub(super) struct Lookup {
    pub(super) connection: Connection,
    /// Its packets after the translations so far.
    sent: Tuple,
    /// The namespaces that translated, in their order.
    translators: [u32; MAX_TRANSLATORS],
    count: usize,
    /// Result of the current step.
    step: Step,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    None,
    /// A namespace translates the packets to these.
    One(u32, Tuple),
    /// Several namespaces do.
    Several,
}

impl Lookup {
    pub(super) fn new(connection: Connection) -> Lookup {
        Lookup {
            sent: connection.sent,
            connection,
            translators: [0; MAX_TRANSLATORS],
            count: 0,
            step: Step::None,
        }
    }

    /// Returns the ends as the peer sees them; `None` if they are those of the socket, or not known.
    pub(super) fn translation(&self) -> Option<Translation> {
        let last = self.count.checked_sub(1)?;
        let is_known = self.step != Step::Several && self.sent != self.connection.sent;
        is_known.then_some(())?;
        Some(Translation {
            peer: self.sent.destination,
            seen_as: self.sent.source,
            netns: self.translators.get(last).copied()?,
        })
    }

    /// Reports whether packets may be translated in a namespace other than that of the socket.
    fn may_pass(&self, netns: u32) -> bool {
        let translators = self.translators.get(..self.count).unwrap_or(&[]);
        self.connection.key.netns != netns && !translators.contains(&netns)
    }

    /// Adds the entry that a namespace has for the packets.
    fn add(&mut self, netns: u32, entry: &TrackedConnection) {
        // Of an earlier connection with the same ends, whose packets went another way.
        if entry.is_over && self.connection.is_open {
            return;
        }
        let Some(received) = entry.opposite(&self.sent) else {
            return;
        };
        let translated = reversed(&received);
        if translated == self.sent {
            return;
        }
        self.step = match self.step {
            Step::None => Step::One(netns, translated),
            Step::One(..) | Step::Several => Step::Several,
        };
    }

    /// Ends a step; returns true if the packets were translated, and may be again.
    fn advance(&mut self) -> bool {
        let Step::One(netns, translated) = self.step else {
            return false;
        };
        self.step = Step::None;
        let Some(place) = self.translators.get_mut(self.count) else {
            return false;
        };
        *place = netns;
        self.count += 1;
        self.sent = translated;
        self.count < MAX_TRANSLATORS
    }
}

/// Returns the packets in the other direction.
fn reversed(packets: &Tuple) -> Tuple {
    Tuple {
        source: packets.destination,
        destination: packets.source,
        ..*packets
    }
}

/// Follows connections through the namespaces in `tracking`, whose entries `entries` finds.
///
/// # Errors
/// The first error of `entries`, except that a namespace no longer exists. The other namespaces have been asked even so.
pub(super) fn resolve(
    lookups: &mut [Lookup],
    tracking: &[TrackingNamespace],
    entries: &mut Entries<'_>,
) -> io::Result<()> {
    let mut outcome = Ok(());
    let mut ask = |netns: u32, lookups: &mut [Lookup], selected: &[usize]| {
        if selected.is_empty() {
            return;
        }
        let tuples = selected.iter().filter_map(|&at| lookups.get(at));
        let tuples: Vec<Tuple> = tuples.map(|lookup| lookup.sent).collect();
        let result = entries(netns, &tuples, &mut |at, entry| {
            let lookup = selected.get(at).and_then(|&at| lookups.get_mut(at));
            if let Some(lookup) = lookup {
                lookup.add(netns, &entry);
            }
        });
        match result {
            Err(error) if error.kind() != io::ErrorKind::NotFound && outcome.is_ok() => {
                outcome = Err(error);
            }
            _ => {}
        }
    };
    for namespace in tracking {
        let of_it = |&at: &usize| {
            let lookup = lookups.get(at);
            lookup.is_some_and(|lookup| lookup.connection.key.netns == namespace.inode)
        };
        let selected: Vec<usize> = (0..lookups.len()).filter(of_it).collect();
        ask(namespace.inode, lookups, &selected);
    }
    for lookup in lookups.iter_mut() {
        lookup.advance();
    }
    let mut followed: Vec<usize> = (0..lookups.len()).collect();
    loop {
        followed.retain(|&at| {
            lookups
                .get(at)
                .is_some_and(|lookup| is_routed(&lookup.sent))
        });
        for namespace in tracking.iter().filter(|namespace| namespace.may_forward) {
            let passes = |&&at: &&usize| {
                let lookup = lookups.get(at);
                lookup.is_some_and(|lookup| lookup.may_pass(namespace.inode))
            };
            let selected: Vec<usize> = followed.iter().filter(passes).copied().collect();
            ask(namespace.inode, lookups, &selected);
        }
        followed.retain(|&at| lookups.get_mut(at).is_some_and(Lookup::advance));
        if followed.is_empty() {
            return outcome;
        }
    }
}

#[cfg(test)]
mod tests;

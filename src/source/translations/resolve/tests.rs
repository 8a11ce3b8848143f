use std::net::SocketAddr;

use super::*;
use crate::model::{Endpoint, Protocol, SocketKey};

/// An entry of a namespace: what one end sends, and what the other end sends.
type TestEntry = (u32, &'static str, &'static str);

fn packets(text: &str) -> Tuple {
    let (source, destination) = text.split_once(" > ").unwrap();
    let end = |text: &str| {
        let end: SocketAddr = text.parse().unwrap();
        Endpoint {
            address: end.ip(),
            port: end.port(),
        }
    };
    Tuple {
        protocol: 6,
        source: end(source),
        destination: end(destination),
    }
}

fn text(packets: &Tuple) -> String {
    let end = |end: Endpoint| SocketAddr::new(end.address, end.port).to_string();
    format!("{} > {}", end(packets.source), end(packets.destination))
}

fn lookup(netns: u32, sent: &str) -> Lookup {
    Lookup::new(Connection {
        key: SocketKey {
            netns,
            cookie: 1,
            association: 0,
        },
        protocol: Protocol::Tcp,
        sent: packets(sent),
        is_opening: false,
        is_open: true,
        is_repeated: false,
    })
}

/// Namespaces 1 to 3 are those of containers, 10 to 12 forward.
fn tracking() -> Vec<TrackingNamespace> {
    let namespaces = [1, 2, 3, 10, 11, 12].into_iter();
    let namespaces = namespaces.map(|inode| TrackingNamespace {
        inode,
        may_forward: inode >= 10,
    });
    namespaces.collect()
}

/// Follows a connection; returns the peer's packets in the direction to it, and the namespace that translated last.
fn followed_over(
    netns: u32,
    sent: &str,
    entries: &[TestEntry],
    over: Option<u32>,
) -> Option<(String, u32)> {
    let mut lookups = [lookup(netns, sent)];
    let outcome = resolve(&mut lookups, &tracking(), &mut |netns, tuples, found| {
        for (at, tuple) in tuples.iter().enumerate() {
            let known = entries.iter().find(|(of, original, reply)| {
                *of == netns && (packets(original) == *tuple || packets(reply) == *tuple)
            });
            if let Some((_, original, reply)) = known {
                let entry = TrackedConnection {
                    original: packets(original),
                    reply: packets(reply),
                    is_over: over == Some(netns),
                };
                found(at, entry);
            }
        }
        Ok(())
    });
    assert!(outcome.is_ok());
    let translation = lookups[0].translation()?;
    let seen = Tuple {
        protocol: 6,
        source: translation.peer,
        destination: translation.seen_as,
    };
    Some((text(&seen), translation.netns))
}

fn followed(netns: u32, sent: &str, entries: &[TestEntry]) -> Option<(String, u32)> {
    followed_over(netns, sent, entries, None)
}

/// The client is 10.1.0.2 in namespace 1, the server 10.2.0.2 in 2.
const DNAT: TestEntry = (
    10,
    "10.1.0.2:4000 > 10.96.0.1:443",
    "10.2.0.2:8443 > 10.1.0.2:4000",
);
const BOTH: TestEntry = (
    10,
    "10.1.0.2:4000 > 10.96.0.1:443",
    "10.2.0.2:8443 > 10.2.0.1:999",
);

#[test]
fn both_ends_are_followed_through_a_namespace_between() {
    let found = |netns, sent, entry| followed(netns, sent, &[entry]).unwrap().0;
    assert_eq!(
        found(1, "10.1.0.2:4000 > 10.96.0.1:443", DNAT),
        "10.2.0.2:8443 > 10.1.0.2:4000"
    );
    assert_eq!(
        found(2, "10.2.0.2:8443 > 10.1.0.2:4000", DNAT),
        "10.1.0.2:4000 > 10.96.0.1:443"
    );
    assert_eq!(
        found(1, "10.1.0.2:4000 > 10.96.0.1:443", BOTH),
        "10.2.0.2:8443 > 10.2.0.1:999"
    );
    assert_eq!(
        found(2, "10.2.0.2:8443 > 10.2.0.1:999", BOTH),
        "10.1.0.2:4000 > 10.96.0.1:443"
    );
    let snat = (10, "10.1.0.2:4000 > 9.9.9.9:53", "9.9.9.9:53 > 5.5.5.5:777");
    assert_eq!(
        found(1, "10.1.0.2:4000 > 9.9.9.9:53", snat),
        "9.9.9.9:53 > 5.5.5.5:777"
    );
    let v6 = (
        10,
        "[fd00::2]:4000 > [fd96::1]:443",
        "[fd01::2]:8443 > [fd00::2]:4000",
    );
    assert_eq!(
        found(1, "[fd00::2]:4000 > [fd96::1]:443", v6),
        "[fd01::2]:8443 > [fd00::2]:4000"
    );
}

#[test]
fn several_namespaces_translate_one_after_the_other_in_any_order() {
    // In the namespace of the client, then in 12, 10 and 11.
    let entries = [
        (1, "10.1.0.2:4 > 10.97.0.1:1", "10.96.0.1:2 > 10.1.0.2:4"),
        (10, "10.5.0.1:5 > 10.96.0.1:2", "10.95.0.1:3 > 10.6.0.1:6"),
        (11, "10.6.0.1:6 > 10.95.0.1:3", "10.2.0.2:9 > 10.7.0.1:7"),
        (12, "10.1.0.2:4 > 10.96.0.1:2", "10.96.0.1:2 > 10.5.0.1:5"),
    ];
    let client = followed(1, "10.1.0.2:4 > 10.97.0.1:1", &entries);
    assert_eq!(client, Some(("10.2.0.2:9 > 10.7.0.1:7".to_owned(), 11)));
    let server = followed(2, "10.2.0.2:9 > 10.7.0.1:7", &entries);
    assert_eq!(server, Some(("10.1.0.2:4 > 10.96.0.1:2".to_owned(), 12)));
}

#[test]
fn what_does_not_translate_or_is_ambiguous_is_not_known() {
    let plain = (10, "10.1.0.2:4 > 10.2.0.2:9", "10.2.0.2:9 > 10.1.0.2:4");
    assert_eq!(followed(1, "10.1.0.2:4 > 10.2.0.2:9", &[plain]), None);
    assert_eq!(followed(1, "10.1.0.2:4 > 10.2.0.2:9", &[]), None);
    // One forwards without translation, the other one translates.
    let sent = "10.1.0.2:4000 > 10.96.0.1:443";
    let through = (11, sent, "10.96.0.1:443 > 10.1.0.2:4000");
    assert!(followed(1, sent, &[DNAT, through]).is_some());
    // Two isolated networks with the same addresses.
    let other = (11, DNAT.1, "10.9.0.9:1 > 10.1.0.2:4000");
    assert_eq!(followed(1, sent, &[DNAT, other]), None);
    // A namespace with one device does not forward, and an entry of its own says nothing about others.
    let inside = (3, DNAT.1, DNAT.2);
    assert_eq!(followed(1, sent, &[inside]), None);
    // Another entry than the one that was asked for.
    let mut lookups = [lookup(1, sent)];
    let _ = resolve(&mut lookups, &tracking(), &mut |_, _, found| {
        let wrong = TrackedConnection {
            original: packets("1.1.1.1:1 > 2.2.2.2:2"),
            reply: packets("3.3.3.3:3 > 1.1.1.1:1"),
            is_over: false,
        };
        found(0, wrong);
        found(7, wrong);
        Ok(())
    });
    assert_eq!(lookups[0].translation(), None);
}

#[test]
fn loopback_connections_are_followed_in_their_own_namespace_only() {
    let sent = "127.0.0.1:4 > 127.0.0.11:53";
    let own = (1, sent, "127.0.0.1:999 > 127.0.0.1:4");
    let elsewhere = (10, sent, "127.0.0.1:888 > 127.0.0.1:4");
    let found = followed(1, sent, &[own, elsewhere]);
    assert_eq!(found, Some(("127.0.0.1:999 > 127.0.0.1:4".to_owned(), 1)));
    assert_eq!(followed(1, sent, &[elsewhere]), None);
}

#[test]
fn the_entry_of_a_former_connection_is_not_that_of_an_established_one() {
    let sent = "10.1.0.2:4000 > 10.96.0.1:443";
    assert!(followed_over(1, sent, &[DNAT], None).is_some());
    assert_eq!(followed_over(1, sent, &[DNAT], Some(10)), None);
}

#[test]
fn a_namespace_that_cannot_be_asked_does_not_hide_the_others() {
    let sent = "10.1.0.2:4000 > 10.96.0.1:443";
    let mut lookups = [lookup(1, sent)];
    let outcome = resolve(&mut lookups, &tracking(), &mut |netns, tuples, found| {
        match netns {
            10 => return Err(io::ErrorKind::PermissionDenied.into()),
            11 => return Err(io::ErrorKind::NotFound.into()),
            12 if tuples == [packets(sent)] => found(
                0,
                TrackedConnection {
                    original: packets(DNAT.1),
                    reply: packets(DNAT.2),
                    is_over: false,
                },
            ),
            _ => {}
        }
        Ok(())
    });
    assert_eq!(
        outcome.map_err(|error| error.kind()),
        Err(io::ErrorKind::PermissionDenied)
    );
    assert!(lookups[0].translation().is_some());
}

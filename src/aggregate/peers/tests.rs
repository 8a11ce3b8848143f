use std::net::SocketAddr;
use std::sync::Arc;

use super::*;
use crate::model::{Family, NetNamespace, Parts, State, Translations};

fn end(text: &str) -> Endpoint {
    let end: SocketAddr = text.parse().unwrap();
    Endpoint {
        address: end.ip(),
        port: end.port(),
    }
}

/// A socket: namespace, local and remote end, and the ends behind its translation.
type TestSocket = (
    u32,
    &'static str,
    &'static str,
    Option<(&'static str, &'static str)>,
);

fn sample(sockets: &[TestSocket]) -> Sample {
    let mut sample = Sample {
        own_netns: 1,
        ..Sample::default()
    };
    for netns in [2, 3] {
        sample
            .namespaces
            .push(Arc::new(NetNamespace::named(netns, "pod")));
    }
    let mut translations = Translations::default();
    for (cookie, &(netns, local, remote, translated)) in (1..).zip(sockets) {
        let ends = Ends::Inet {
            local: end(local),
            remote: end(remote),
        };
        let state = State::Established;
        let socket = Socket::new(netns, cookie, Family::Inet, Protocol::Tcp, state, ends);
        sample.sockets.push(socket, Parts::default()).unwrap();
        if let Some((peer, seen_as)) = translated {
            let translation = Translation {
                peer: end(peer),
                seen_as: end(seen_as),
                netns: 1,
            };
            translations.insert(socket.key(), translation);
        }
    }
    sample.translations = (!translations.is_empty()).then(|| Arc::new(translations));
    sample
}

/// Returns the peer of each socket, as found by an index and without one.
fn peers(sockets: &[TestSocket]) -> Vec<Option<usize>> {
    let sample = sample(sockets);
    let index = PeerIndex::new(&sample);
    let all = sample.sockets.iter().map(|row| {
        let peer = index.peer(&sample, row.socket);
        assert_eq!(find_peer(&sample, row.socket), peer, "{:?}", row.socket);
        peer
    });
    all.collect()
}

const CLIENT: TestSocket = (
    2,
    "10.1.0.2:4000",
    "10.96.0.1:443",
    Some(("10.2.0.2:8443", "10.2.0.1:999")),
);
const SERVER: TestSocket = (
    3,
    "10.2.0.2:8443",
    "10.2.0.1:999",
    Some(("10.1.0.2:4000", "10.96.0.1:443")),
);

#[test]
fn the_entry_of_either_end_is_enough() {
    let without = |socket: TestSocket| (socket.0, socket.1, socket.2, None);
    let both = [Some(1), Some(0)];
    assert_eq!(peers(&[CLIENT, SERVER]), both);
    assert_eq!(peers(&[CLIENT, without(SERVER)]), both);
    assert_eq!(peers(&[without(CLIENT), SERVER]), both);
    assert_eq!(peers(&[without(CLIENT), without(SERVER)]), [None, None]);
    assert_eq!(peers(&[CLIENT]), [None]);
}

#[test]
fn of_several_with_the_same_ends_none_is_the_peer() {
    let other = (1, SERVER.1, SERVER.2, None);
    let found = peers(&[CLIENT, (3, SERVER.1, SERVER.2, None), other]);
    assert_eq!(found[0], None);
    // Two connections that cannot have the same peer.
    let twin = (1, "10.9.0.9:1", "10.96.0.1:443", CLIENT.3);
    let found = peers(&[CLIENT, (3, SERVER.1, SERVER.2, None), twin]);
    assert_eq!(found, [None, None, None]);
}

#[test]
fn a_loopback_device_is_that_of_one_namespace() {
    let client = |netns| {
        (
            netns,
            "127.0.0.1:4000",
            "127.0.0.11:53",
            Some(("127.0.0.1:999", "127.0.0.1:4000")),
        )
    };
    let server = |netns| (netns, "127.0.0.1:999", "127.0.0.1:4000", None);
    assert_eq!(peers(&[client(2), server(2)]), [Some(1), Some(0)]);
    assert_eq!(peers(&[client(2), server(3)]), [None, None]);
}

#[test]
fn a_translated_connection_is_not_that_to_its_remote_address() {
    // Another socket happens to have the address of the Service.
    let decoy = (2, "10.96.0.1:443", "10.1.0.2:4000", None);
    assert_eq!(peers(&[CLIENT, decoy])[0], None);
}

//! Bytes as datagrams of answers from connection tracking.

#![no_main]

use libfuzzer_sys::fuzz_target;
use sockwatch::source::netlink::conntrack::{Answer, Tuple, decode_answers};

/// Bytes of a header of netlink: no answer takes less.
const HEADER: usize = 16;

fuzz_target!(|bytes: &[u8]| {
    let mut answers = 0;
    for (_, answer) in decode_answers(bytes) {
        answers += 1;
        assert!(!format!("{answer:?}").is_empty());
        let Answer::Found(entry) = answer else {
            continue;
        };
        for packets in [entry.original, entry.reply] {
            let is_v4 = packets.source.address.is_ipv4();
            assert_eq!(is_v4, packets.destination.address.is_ipv4());
            let opposite = entry.opposite(&packets).expect("an end sends them");
            assert!(entry.opposite(&opposite).is_some(), "the other sends these");
            let other = Tuple {
                protocol: !packets.protocol,
                ..packets
            };
            let is_sent = other == entry.original || other == entry.reply;
            assert_eq!(entry.opposite(&other).is_some(), is_sent);
        }
        assert_eq!(entry.opposite(&entry.original), Some(entry.reply));
    }
    assert!(answers <= bytes.len() / HEADER);
});

//! Bytes as datagrams of `sock_diag`, as the payload of one message, and as datagrams of rtnetlink.
//!
//! The first byte is the protocol of the request, and whether the others are a payload.

#![no_main]

use libfuzzer_sys::fuzz_target;
use sockwatch::model::{Protocol, Sample};
use sockwatch::source::netlink::datagram::decode_datagram;
use sockwatch::source::netlink::decode::decode_socket;
use sockwatch::source::netlink::devices::decode_devices;
use sockwatch_fuzz::read_all::{follow_references, show_sample};

/// Protocols of requests. The rows of other families, and destroy events, have theirs.
const PROTOCOLS: [Option<Protocol>; 10] = [
    None,
    Some(Protocol::Tcp),
    Some(Protocol::Udp),
    Some(Protocol::UdpLite),
    Some(Protocol::Raw),
    Some(Protocol::Mptcp),
    Some(Protocol::Sctp),
    Some(Protocol::Icmp),
    Some(Protocol::Icmp6),
    // Of TIPC, whose messages do not begin with their family.
    Some(Protocol::Rdm),
];

fuzz_target!(|bytes: &[u8]| {
    let Some((&first, bytes)) = bytes.split_first() else {
        return;
    };
    let protocol = PROTOCOLS[usize::from(first & 0x7f) % PROTOCOLS.len()];
    let mut sample = Sample::default();
    if first & 0x80 == 0 {
        let status = decode_datagram(bytes, None, protocol, 1, &mut sample.sockets);
        assert!(status.reason.is_none() || status.malformed > 0);
        let mut devices = Vec::new();
        // The number of the request is in the header.
        let sequence = bytes.get(8..12).and_then(|number| number.try_into().ok());
        decode_devices(bytes, sequence.map_or(0, u32::from_ne_bytes), &mut devices);
    } else if decode_socket(bytes, protocol, 1, &mut sample.sockets).is_err() {
        assert!(sample.sockets.is_empty(), "a refused message adds nothing");
        assert!(
            sample.sockets.parts_len() == 0,
            "a refused message adds nothing"
        );
    }
    follow_references(&sample);
    // Slow: one in eight.
    if crc32c::crc32c(bytes) % 8 == 0 && !sample.sockets.is_empty() {
        show_sample(&mut sample, bytes);
    }
});

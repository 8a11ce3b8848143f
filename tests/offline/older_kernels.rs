//! Dumps of TCP recorded on older kernels: a listener, both ends of a connection that has exchanged data, a TIME-WAIT.
//!
//! `.ci/kernels -- tcp_info` records them again: it leaves `tcp-VERSION.dump` of each kernel beside its output.

use sockwatch::model::{Protocol, Sample, State, TcpInfo};
use sockwatch::source::netlink::datagram::decode_datagram;

use crate::support::dumps::recorded;

/// Dumps, the length of their `tcp_info`, and the first field that it lacks.
const DUMPS: [(&str, usize, &str); 3] = [
    ("tcp-5.10", 232, "rcv_wnd"),
    ("tcp-6.1", 232, "rcv_wnd"),
    ("tcp-6.12", 248, "received_ce"),
];

fn decoded(name: &str) -> Sample {
    let mut sample = Sample::default();
    let mut ended = None;
    for datagram in recorded(name) {
        let protocol = Some(Protocol::Tcp);
        let status = decode_datagram(&datagram, None, protocol, 1, &mut sample.sockets);
        assert_eq!(status.malformed, 0, "{name}: {:?}", status.reason);
        ended = status.ended;
    }
    assert_eq!(ended, Some(0), "{name} ends with DONE");
    sample
}

#[test]
fn rows_of_older_kernels_decode_in_full() {
    for (name, ..) in DUMPS {
        let sample = decoded(name);
        let count = |state| {
            sample
                .iter()
                .filter(|row| row.socket.state == state)
                .count()
        };
        assert_eq!(count(State::Listen), 1, "{name}");
        assert_eq!(count(State::Established), 2, "{name}");
        assert_eq!(count(State::TimeWait), 1, "{name}");
        for row in sample.iter() {
            let is_full = row.socket.state != State::TimeWait;
            assert_eq!(row.tcp_info().is_some(), is_full, "{name}");
            assert_eq!(row.memory().is_some(), is_full, "{name}");
            assert_eq!(row.socket.inode != 0, is_full, "{name}");
            assert!(row.socket.cookie != 0, "{name}");
        }
        let mut sent: Vec<_> = sample
            .iter()
            .filter(|row| row.socket.state == State::Established)
            .map(|row| row.tcp_info().and_then(TcpInfo::bytes_sent))
            .collect();
        sent.sort_unstable();
        assert_eq!(sent, [Some(300), Some(5000)], "{name}");
    }
}

#[test]
fn fields_that_a_kernel_did_not_report_are_absent() {
    for (name, length, first_absent) in DUMPS {
        let position = TcpInfo::FIELDS
            .iter()
            .position(|field| field.name == first_absent);
        let (present, absent) = TcpInfo::FIELDS.split_at(position.expect("a field"));
        for row in decoded(name).iter() {
            let Some(info) = row.tcp_info() else { continue };
            assert_eq!(info.bytes().len(), length, "{name}");
            for field in present {
                assert!(field.offset + field.width <= length, "{}", field.name);
            }
            for field in absent {
                assert_eq!(field.read(info.bytes()), None, "{name}: {}", field.name);
            }
            assert!(info.snd_wnd().is_some(), "{name}: the last field of 5.4");
        }
    }
}

use super::*;

/// The kernel's answer for a connection to 10.96.0.1:443 that is translated to 127.0.0.1:8443 (Linux 6.18).
const TRANSLATED: &str = "d4000000000102000700000006460000020000003400018014000180080001000a010101080002000a6000011c000280050001000600000006000200edca00000600030001bb00003400028014000180080001007f000001080002000a0101011c00028005000100060000000600020020fb000006000300edca000008000300000001ae080008000000000008000c000c96224e08000b0000000002080007000006977f300004802c0001800500010003000000050002000a000000050003000a00000006000400230000000600050023000000";

/// Its answer for a connection that has no entry.
const MISSING: &str = "5c000000020000000700000006460000feffffff480000000101010007000000000000000200000034000180140001800800010001020304080002000a0101011c0002800500010006000000060002000005000006000300edca0000";

fn bytes(hex: &str) -> Vec<u8> {
    (0..hex.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap())
        .collect()
}

fn end(text: &str) -> Endpoint {
    let end: std::net::SocketAddr = text.parse().unwrap();
    Endpoint {
        address: end.ip(),
        port: end.port(),
    }
}

fn tcp(source: &str, destination: &str) -> Tuple {
    Tuple {
        protocol: 6,
        source: end(source),
        destination: end(destination),
    }
}

fn answers(bytes: &[u8]) -> Vec<(u32, Answer)> {
    decode_answers(bytes).collect()
}

#[test]
fn an_entry_has_both_directions() {
    let connection = TrackedConnection {
        original: tcp("10.1.1.1:60874", "10.96.0.1:443"),
        reply: tcp("127.0.0.1:8443", "10.1.1.1:60874"),
        is_over: false,
    };
    let found = (7, Answer::Found(connection));
    assert_eq!(answers(&bytes(TRANSLATED)), [found]);
    assert_eq!(
        answers(&bytes(MISSING)),
        [(7, Answer::Failed(Errno::NOENT.raw_os_error()))]
    );
    // Several in one datagram.
    let both = [bytes(TRANSLATED), bytes(MISSING), bytes(TRANSLATED)].concat();
    assert_eq!(answers(&both).len(), 3);
    // The client sends the packets of the original direction, the server those of the reply.
    assert_eq!(
        connection.opposite(&connection.original),
        Some(connection.reply)
    );
    assert_eq!(
        connection.opposite(&connection.reply),
        Some(connection.original)
    );
    let other = tcp("10.1.1.1:60875", "10.96.0.1:443");
    assert_eq!(connection.opposite(&other), None);
}

#[test]
fn a_closed_connection_is_over() {
    let mut answer = bytes(TRANSLATED);
    let state = answer
        .windows(5)
        .position(|bytes| bytes == [5, 0, 1, 0, 3])
        .unwrap();
    for (number, is_over) in [(3, false), (4, false), (7, true), (8, true)] {
        answer[state + 4] = number;
        let found = answers(&answer);
        let [(_, Answer::Found(connection))] = found[..] else {
            panic!("{found:?}");
        };
        assert_eq!(connection.is_over, is_over, "{number}");
    }
}

#[test]
fn damaged_answers_are_entries_that_were_not_found() {
    let whole = bytes(TRANSLATED);
    for length in 0..whole.len() {
        // The header claims more than there is.
        assert!(answers(&whole[..length]).is_empty(), "{length}");
        if length >= 16 {
            let mut cut = whole[..length].to_vec();
            cut[..4].copy_from_slice(&(length as u32).to_ne_bytes());
            for (_, answer) in answers(&cut) {
                let is_whole = length >= 16 + 4 + 2 * 52;
                assert!(is_whole || matches!(answer, Answer::Failed(_)), "{length}");
            }
        }
    }
    for at in 0..whole.len() {
        for value in [0, 1, 3, 4, 0x7f, 0xff] {
            let mut changed = whole.clone();
            changed[at] = value;
            let _ = answers(&changed);
        }
    }
}

#[test]
fn requests_are_those_that_the_kernel_repeats_in_its_error() {
    let mut out = Vec::new();
    write_request(&tcp("1.2.3.4:5", "10.1.1.1:60874"), 7, &mut out);
    // After the header and the errno of the answer; that of the request has the flag of a request.
    let mut repeated = bytes(MISSING)[20..].to_vec();
    repeated.truncate(16 + 4 + 52);
    repeated[12..16].fill(0);
    assert_eq!(out, repeated);
    write_request(&tcp("[fd00::1]:1", "[fd00::2]:2"), 8, &mut out);
    assert_eq!(out.len(), 16 + 4 + 4 + (4 + 40) + (4 + 24));
    assert_eq!(out[16], AF_INET6);
}

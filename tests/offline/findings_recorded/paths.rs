//! What is between two ends: no answer, no acknowledgement, loss; and readers that do not read.

use super::{Expected, assert_findings};

#[test]
fn connect_stuck() {
    assert_findings(
        "connect-stuck",
        &[],
        &[Expected {
            id: "connect-stuck",
            severity: "warning",
            subject: "remote, 10.0.0.99:5432, web-app (20)",
            cause: None,
            span: ("17:15:59", "17:16:08"),
            summary: "web-app (20) has received no answer to 3 connection attempts to \
                        10.0.0.99:5432 since 17:15:59: the SYNs were retransmitted up to 4 times.",
            advice: "Nothing comes back, not even a reset: a firewall may drop the SYNs, the host \
                        may be down, or a route may be missing in either direction. Try `ip route \
                        get 10.0.0.99`, `tracepath 10.0.0.99`, and tcpdump at the other end.",
        }],
    );
}

#[test]
fn receiver_stalled() {
    assert_findings(
        "receiver-stalled",
        &[],
        &[Expected {
            id: "receiver-stalled",
            severity: "critical",
            subject: "process, report-worker (20)",
            cause: Some("not-reading"),
            span: ("17:17:28", "17:17:40"),
            summary: "report-worker (20) has not read from its connection with 10.0.0.20 since \
                        17:17:28: 127 kB are unread.",
            advice: "It mostly sleeps, so it probably waits for something else and does not read. \
                        Look at the thread that should read (`strace -fp 20`, `gdb -p 20`). Once \
                        the receive buffer is full, its peers cannot send; a larger buffer only \
                        delays that.",
        }],
    );
}

#[test]
fn sender_stalled() {
    assert_findings(
        "sender-stalled",
        &[],
        &[Expected {
            id: "sender-stalled",
            severity: "critical",
            subject: "remote, 10.0.0.20:9000, web-app (26)",
            cause: None,
            span: ("17:17:30", "17:17:42"),
            summary: "web-app (26) has received no acknowledgment from 10.0.0.20:9000 since \
                        17:17:30: 124 kB wait, and the first segment was retransmitted 5 times.",
            advice: "Nothing comes back: the host may be down, or the path may be cut in either \
                        direction (a firewall that lost its state, a route, a link). Try `ip \
                        route get 10.0.0.20` and `tracepath 10.0.0.20`. The kernel gives up after \
                        net.ipv4.tcp_retries2 = 15 retransmissions; set TCP_USER_TIMEOUT to let \
                        the process notice sooner.",
        }],
    );
}

#[test]
fn zero_window() {
    assert_findings(
        "zero-window",
        &[],
        &[Expected {
            id: "zero-window",
            severity: "warning",
            subject: "remote, 10.0.0.20:9000, web-app (26)",
            cause: None,
            span: ("17:17:28", "17:17:40"),
            summary: "web-app (26) has been unable to send to 10.0.0.20:9000 since 17:17:28: the peer does not read or reads too slowly, its window is closed, and 714 kB wait.",
            advice: "The peer is reachable and acknowledges, but its process does not read or reads too slowly. Look \
                        at that host, not at the network. Until it reads, data stays in the send \
                        buffer; once that is full, writes here block.",
        }],
    );
}

#[test]
fn retransmitting() {
    assert_findings(
        "retransmitting",
        &[],
        &[Expected {
            id: "retransmitting",
            severity: "warning",
            subject: "remote, 10.0.0.20, web-app (26)",
            cause: Some("loss"),
            span: ("17:17:31", "17:17:48"),
            summary: "5.11 % of the bytes sent to 10.0.0.20 have been retransmissions since \
                        17:17:31: 704 kB of 13.8 MB in the last 10 s, sent by web-app (26).",
            advice: "Segments are lost on the path to 10.0.0.20. Run `mtr -T 10.0.0.20` to find \
                        where, `ip -s link` for errors and drops of the local device, and `tc -s \
                        qdisc` for a shaper. A slow or stopped peer is not the reason: it would \
                        close its window.",
        }],
    );
}

#[test]
fn udp_drops_slow() {
    assert_findings(
        "udp-drops-slow",
        &[],
        &[Expected {
            id: "udp-drops",
            severity: "warning",
            subject: "socket, udp 10.0.0.3:514, collector (20)",
            cause: Some("slow"),
            span: ("17:17:29", "17:17:43"),
            summary: "collector (20) on UDP 10.0.0.3:514 has not kept up since 17:17:29: 894 \
                        datagrams were dropped in the last 5 s.",
            advice: "Its receive buffer stays full: it does not read as fast as datagrams arrive \
                        (`strace -fp 20`, `perf top -p 20`). Read with recvmmsg(), use more \
                        threads with SO_REUSEPORT, or send less; a larger buffer only delays the \
                        drops.",
        }],
    );
}

#[test]
fn udp_drops_buffer() {
    assert_findings(
        "udp-drops-buffer",
        &[],
        &[Expected {
            id: "udp-drops",
            severity: "warning",
            subject: "socket, udp 10.0.0.3:514, collector (20)",
            cause: Some("buffer"),
            span: ("17:17:29", "17:17:43"),
            summary: "collector (20) on UDP 10.0.0.3:514 has had too small a receive buffer since \
                        17:17:29: 1123 datagrams were dropped in the last 5 s.",
            advice: "Its receive buffer is mostly empty but too small for bursts. Raise SO_RCVBUF \
                        (up to net.core.rmem_max = 4194304), or net.core.rmem_default for sockets \
                        that do not set it.",
        }],
    );
}

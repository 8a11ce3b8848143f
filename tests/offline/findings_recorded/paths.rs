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
            summary: "web-app (20) gets no answer to 3 requests to connect to 10.0.0.99:5432 since \
                         17:15:59: the SYNs were sent again, up to 4 times.",
            advice: "Nothing comes back, not even a refusal: a firewall drops it, the host is down, or the \
                        way there or back is missing. Try `ip route get 10.0.0.99`, `tracepath 10.0.0.99`, and \
                        tcpdump at the other end. A refused connection would fail at once and count as a \
                        failed attempt.",
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
            summary: "report-worker (20) does not read from a connection with 10.0.0.20 since 17:17:28: 127 \
                         kB wait to be read.",
            advice: "It sleeps, so it waits for something else and does not read: look at the thread that \
                        should (`strace -fp 20`, `gdb -p 20`). Its peers cannot send any more once the receive \
                        buffer is full; a larger buffer would only delay that.",
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
            summary: "web-app (26) gets no acknowledgement from 10.0.0.20:9000 since 17:17:30: 124 kB wait, \
                         and their first segment was sent again 5 times.",
            advice: "Nothing comes back: the host is gone or the way there or back is cut (a firewall that \
                        forgot the connection, a route, a link). Try `ip route get 10.0.0.20` and `tracepath \
                        10.0.0.20`. The kernel gives up after net.ipv4.tcp_retries2 = 15 attempts; \
                        TCP_USER_TIMEOUT or keepalive lets the process notice sooner.",
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
            summary: "web-app (26) cannot send to 10.0.0.20:9000 since 17:17:28: the peer does not read, \
                         the window is closed, and 714 kB wait.",
            advice: "The peer is there and acknowledges, but its process does not read: look at that host, \
                        not at the network. Until it reads, the send buffer stays full and writes here block.",
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
            summary: "5.11 % of what web-app (26) sends to 10.0.0.20 is sent again since 17:17:31: 704 kB \
                         of 13.8 MB in the last 10 s.",
            advice: "Segments are lost on the way to 10.0.0.20: see `mtr -T 10.0.0.20` for where, `ip -s \
                        link` for errors and drops of the device here, `tc -s qdisc` for a shaper. The peer is \
                        neither slow nor stopped: that would close its window.",
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
            summary: "collector (20) on UDP 10.0.0.3:514 does not keep up since 17:17:29: 894 datagrams \
                         dropped in the last 5 s.",
            advice: "Its receive buffer stays full: it does not read as fast as datagrams come (`strace -fp \
                        20`, `perf top -p 20`). Read with recvmmsg(), on more threads with SO_REUSEPORT, or \
                        send less; a larger buffer only delays the drops.",
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
            summary: "collector (20) on UDP 10.0.0.3:514 has too small a receive buffer since 17:17:29: \
                         1123 datagrams dropped in the last 5 s.",
            advice: "It reads all it gets, but its receive buffer is too small for the bursts: raise \
                        SO_RCVBUF (up to net.core.rmem_max = 4194304), or net.core.rmem_default for those that \
                        do not set it.",
        }],
    );
}

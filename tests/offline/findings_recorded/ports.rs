//! Local ports and TIME-WAITs.

use super::{Expected, assert_findings};

#[test]
fn time_wait_buildup() {
    assert_findings(
        "time-wait-buildup",
        &[],
        &[Expected {
            id: "time-wait-buildup",
            severity: "warning",
            subject: "remote, 10.0.0.20:6379",
            cause: Some("client-closes-first"),
            span: ("17:14:42", "17:15:34"),
            summary: "This host has had 120 TIME-WAIT sockets to 10.0.0.20:6379 since 17:14:42: \
                        it opens connections and closes them first (4.6/s).",
            advice: "Each blocks a local port to that destination for 60 s. Keep connections open \
                        and reuse them (a pool, keep-alive), or let the other side close first. \
                        `sysctl -w net.ipv4.tcp_tw_reuse=1` lets new connections reuse such ports \
                        after 1 s.",
        }],
    );
}

#[test]
fn time_wait_buildup_server() {
    assert_findings(
        "time-wait-buildup-server",
        &["--config", "tests/support/few_time_waits.toml"],
        &[Expected {
            id: "time-wait-buildup",
            severity: "info",
            subject: "socket, tcp 10.0.0.3:8080, web-app (20)",
            cause: Some("server-closes-first"),
            span: ("17:14:36", "17:14:45"),
            summary: "web-app (20) on 10.0.0.3:8080 has had 250 TIME-WAIT sockets since 17:14:36: \
                        it closes client connections first (25/s).",
            advice: "They use little memory and no ports: all of them share the listener's port. \
                        tcp_tw_reuse does not help, because it applies to outgoing connections \
                        only. To have fewer, keep connections alive longer, or let the clients \
                        close first.",
        }],
    );
}

#[test]
fn ephemeral_ports_low() {
    assert_findings(
        "ephemeral-ports-low",
        &[],
        &[Expected {
            id: "ephemeral-ports-low",
            severity: "critical",
            subject: "path, 10.0.0.3 to 10.0.0.20:6379",
            cause: Some("time-wait"),
            span: ("17:14:40", "17:15:34"),
            summary: "This host has had 124 of 128 local ports from 10.0.0.3 to 10.0.0.20:6379 in \
                        use (96.9 %) since 17:14:40: all of them in TIME-WAIT.",
            advice: "This side opens connections and closes them first, which blocks each port \
                        for 60 s. Keep connections open and reuse them (a pool, keep-alive). \
                        `sysctl -w net.ipv4.tcp_tw_reuse=1` lets new connections reuse such ports \
                        after 1 s if the peer also uses TCP timestamps; a wider \
                        net.ipv4.ip_local_port_range, or a second source or destination address, \
                        adds ports.",
        }],
    );
}

#[test]
fn ephemeral_ports_low_open() {
    assert_findings(
        "ephemeral-ports-low-open",
        &[],
        &[Expected {
            id: "ephemeral-ports-low",
            severity: "warning",
            subject: "path, 10.0.0.3 to 10.0.0.20:5432, web-app (26)",
            cause: Some("open"),
            span: ("17:14:37", "17:14:46"),
            summary: "web-app (26) has had 110 of 128 local ports from 10.0.0.3 to 10.0.0.20:5432 \
                        in use (85.9 %) since 17:14:37.",
            advice: "Most are open connections. Limit the connection pool, or look for \
                        connections that are never closed; a wider net.ipv4.ip_local_port_range, \
                        or a second source or destination address, adds ports.",
        }],
    );
}

#[test]
fn time_wait_overflow() {
    assert_findings(
        "time-wait-overflow",
        &[],
        &[Expected {
            id: "time-wait-overflow",
            severity: "critical",
            subject: "host",
            cause: None,
            span: ("17:18:00", "17:18:07"),
            summary: "This host has had 100 of at most 100 TIME-WAIT sockets (100 %) since \
                        17:18:00: 15 connections just ended without TIME-WAIT.",
            advice: "Beyond the limit, the kernel closes connections without TIME-WAIT: a late \
                        segment can reach a new connection, and a peer that missed the last ACK \
                        gets a reset. Raise net.ipv4.tcp_max_tw_buckets (about 250 bytes each), \
                        and keep connections alive instead of closing them first.",
        }],
    );
}

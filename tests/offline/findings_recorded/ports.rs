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
            summary: "There are 120 TIME-WAITs towards 10.0.0.20:6379 since 17:14:42: this side opens \
                         connections and closes them first, 4.6/s.",
            advice: "Each takes a local port towards that destination for 60 s. Keep connections open and \
                        use them again (a pool, keep-alive), or let the other side close first; `sysctl -w \
                        net.ipv4.tcp_tw_reuse=1` lets new connections take such ports after a second.",
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
            summary: "web-app (20) on 10.0.0.3:8080 has 250 TIME-WAITs since 17:14:36: it closes its \
                         clients' connections first, 25/s.",
            advice: "It takes some memory and no ports: here they all use the one that is listened on. \
                        tcp_tw_reuse does not help, it is for connections that go out. To have fewer, keep \
                        connections alive for longer, or let the clients close first.",
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
            summary: "Connections take 124 of 128 local ports from 10.0.0.3 to 10.0.0.20:6379 (96.9 %) \
                         since 17:14:40: all of them by TIME-WAITs.",
            advice: "This side opens connections and closes them first, and each port then rests for 60 s: \
                        keep connections open and use them again (a pool, keep-alive). `sysctl -w \
                        net.ipv4.tcp_tw_reuse=1` lets new connections take such ports after a second, if the \
                        other end has timestamps too; a wider net.ipv4.ip_local_port_range, or a second source \
                        or destination address, gives more ports.",
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
            summary: "web-app (26) takes 110 of 128 local ports from 10.0.0.3 to 10.0.0.20:5432 (85.9 %) \
                         since 17:14:37.",
            advice: "Most are open connections: bound the pool, or look for connections that are never \
                        closed; a wider net.ipv4.ip_local_port_range, or a second source or destination \
                        address, gives more ports.",
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
            summary: "100 TIME-WAITs are kept, of at most 100 (100 %) since 17:18:00: 15 connections have \
                         just ended without one.",
            advice: "Beyond net.ipv4.tcp_max_tw_buckets the kernel closes without TIME-WAIT: a late segment \
                        can then reach a new connection, and a peer that missed the last ACK gets a reset. \
                        Raise it (each takes about 250 bytes), and keep connections alive instead of closing \
                        them first.",
        }],
    );
}

//! Listeners: connections that no process accepts, and half-open ones.

use super::{Expected, assert_findings};

#[test]
fn accept_queue_full_stopped() {
    assert_findings(
        "accept-queue-full-stopped",
        &[],
        &[Expected {
            id: "accept-queue-full",
            severity: "critical",
            subject: "socket, tcp 10.0.0.3:8080, web-app (20)",
            cause: Some("stopped"),
            span: ("17:14:34", "17:14:46"),
            summary: "web-app (20) on 10.0.0.3:8080 has been stopped since 17:14:34: 5 \
                        connections wait in an accept queue of 4; 25 SYNs or ACKs of handshakes were dropped in the last 10 s.",
            advice: "It is stopped (state T), most likely by SIGSTOP or Ctrl-Z. Continue it with \
                        `kill -CONT 20`.",
        }],
    );
}

#[test]
fn accept_queue_full_slow() {
    assert_findings(
        "accept-queue-full-slow",
        &[],
        &[Expected {
            id: "accept-queue-full",
            severity: "critical",
            subject: "socket, tcp 10.0.0.3:8080, web-app (20)",
            cause: Some("slow"),
            span: ("17:15:01", "17:15:13"),
            summary: "web-app (20) on 10.0.0.3:8080 has accepted only 1.5/s since 17:15:01: 5 \
                        connections wait in an accept queue of 4; 36 SYNs or ACKs of handshakes were dropped in the last 10 s.",
            advice: "It is running but accepts connections too slowly. Add workers or threads, or \
                        move blocking work out of the accept loop (`strace -fp 20`, `gdb -p 20`). \
                        A larger backlog only helps with bursts.",
        }],
    );
}

#[test]
fn accept_queue_full_backlog() {
    assert_findings(
        "accept-queue-full-backlog",
        &[],
        &[Expected {
            id: "accept-queue-full",
            severity: "critical",
            subject: "socket, tcp 10.0.0.3:8080, web-app (20)",
            cause: Some("backlog"),
            span: ("17:23:35", "17:23:49"),
            summary: "web-app (20) on 10.0.0.3:8080 has had too small a backlog since 17:23:35: \
                        it accepts 38/s; 3 connections wait in an accept queue of 4; 409 \
                        SYNs or ACKs of handshakes were dropped in the last 10 s.",
            advice: "It accepts quickly, but its accept queue of 4 is too small for bursts. Raise \
                        the backlog that it passes to listen() (up to net.core.somaxconn = 4096) \
                        and restart it.",
        }],
    );
}

#[test]
fn accept_queue_filling() {
    assert_findings(
        "accept-queue-filling",
        &[],
        &[Expected {
            id: "accept-queue-filling",
            severity: "warning",
            subject: "socket, tcp 10.0.0.3:8080, web-app (20)",
            cause: Some("slow"),
            span: ("17:15:57", "17:16:07"),
            summary: "web-app (20) on 10.0.0.3:8080 has accepted only 3.0/s since 17:15:57: 17 \
                        connections wait in an accept queue of 20.",
            advice: "It is running but accepts connections too slowly. Add workers or threads, or \
                        move blocking work out of the accept loop (`strace -fp 20`, `gdb -p 20`). \
                        A larger backlog only helps with bursts.",
        }],
    );
}

#[test]
fn not_accepted() {
    assert_findings(
        "not-accepted",
        &[],
        &[Expected {
            id: "not-accepted",
            severity: "warning",
            subject: "socket, tcp 10.0.0.3:8080, web-app (20)",
            cause: Some("not-accepting"),
            span: ("17:15:57", "17:16:09"),
            summary: "web-app (20) on 10.0.0.3:8080 has kept 5 connections waiting for accept() \
                        since 17:15:57.",
            advice: "It is not stopped. See what it does instead of calling accept() (`strace -fp \
                        20`, `gdb -p 20`). All workers may be busy, or the listener may have been \
                        inherited and forgotten.",
        }],
    );
}

#[test]
fn syn_queue_full() {
    assert_findings(
        "syn-queue-full",
        &[],
        &[Expected {
            id: "syn-queue-full",
            severity: "critical",
            subject: "socket, tcp 10.0.0.3:8080, web-app (21)",
            cause: Some("no-answer"),
            span: ("17:15:58", "17:16:09"),
            summary: "web-app (21) on 10.0.0.3:8080 has had 9 half-open connections from \
                        198.18.0.7 since 17:15:58: 9 of the SYN-ACKs got no answer; 112 SYNs \
                        were dropped in the last 10 s.",
            advice: "Turn on SYN cookies: `sysctl -w net.ipv4.tcp_syncookies=1`. The SYNs arrive, \
                        but the SYN-ACKs or the clients' answers are probably lost. Check the \
                        path to these clients (routes, a firewall that sees only one direction, \
                        `tcpdump 'tcp[tcpflags] & tcp-syn != 0'`). A port scanner does not answer \
                        either.",
        }],
    );
}

#[test]
fn syn_flood() {
    assert_findings(
        "syn-flood",
        &[],
        &[Expected {
            id: "syn-flood",
            severity: "warning",
            subject: "socket, tcp 10.0.0.3:8080, web-app (21)",
            cause: Some("never-completed"),
            span: ("17:15:59", "17:16:09"),
            summary: "web-app (21) on 10.0.0.3:8080 has had 65 half-open connections from 65 \
                        addresses since 17:15:59: no handshake from them was completed; SYN \
                        cookies are active.",
            advice: "The SYN-ACKs were retransmitted in vain. The source addresses are probably \
                        forged; clients whose return path is broken for all of them would look \
                        the same. Clients that answer can still connect through SYN cookies, but \
                        without window scaling unless they use timestamps. Limit SYNs in the \
                        firewall (nftables `synproxy`, `limit rate`) or upstream; a backlog above \
                        64 does not stop a flood.",
        }],
    );
}

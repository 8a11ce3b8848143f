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
            summary: "web-app (20) on 10.0.0.3:8080 is stopped since 17:14:34: 5 connections wait in a \
                         queue for 4, and 25 attempts to connect were dropped in the last 10 s.",
            advice: "It is stopped (state T) and does nothing: `kill -CONT 20` lets it go on; a debugger, \
                        Ctrl-Z or SIGSTOP has stopped it.",
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
            summary: "web-app (20) on 10.0.0.3:8080 accepts only 1.5/s since 17:15:01: 5 connections wait \
                         in a queue for 4, and 36 attempts to connect were dropped in the last 10 s.",
            advice: "It runs but takes connections too slowly: give it more workers or threads, or move \
                        what blocks between two accept() calls elsewhere (`strace -fp 20`, `gdb -p 20`). A \
                        larger backlog only helps against bursts.",
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
            summary: "web-app (20) on 10.0.0.3:8080 has too small a queue, though it accepts 38/s, since \
                         17:23:35: 3 connections wait in a queue for 4, and 409 attempts to connect were \
                         dropped in the last 10 s.",
            advice: "It accepts quickly; its queue for 4 is too small for bursts: raise the backlog that it \
                        gives to listen() (up to net.core.somaxconn = 4096) and restart it.",
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
            summary: "web-app (20) on 10.0.0.3:8080 accepts only 3.0/s since 17:15:57: 17 connections wait \
                         in a queue for 20.",
            advice: "It runs but takes connections too slowly: give it more workers or threads, or move \
                        what blocks between two accept() calls elsewhere (`strace -fp 20`, `gdb -p 20`). A \
                        larger backlog only helps against bursts.",
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
            summary: "5 connections to 10.0.0.3:8080 have not been accepted by web-app (20) since 17:15:57.",
            advice: "It is not stopped; see what it does instead of calling accept(): `strace -fp 20`, `gdb \
                        -p 20`. A pool of workers that are all busy, or a listener that was inherited and \
                        forgotten, looks like this.",
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
            cause: None,
            span: ("17:15:58", "17:16:11"),
            summary: "9 half-open connections from 198.18.0.7 to web-app (21) on 10.0.0.3:8080 are not \
                         completed since 17:15:58: 52 SYNs were dropped in the last 10 s.",
            advice: "Switch SYN cookies on: `sysctl -w net.ipv4.tcp_syncookies=1`. The SYN arrives and the \
                        answer, or what comes back, is lost: look at the way to these clients (routes, a \
                        firewall that sees only one direction, `tcpdump 'tcp[tcpflags] & tcp-syn != 0'`).",
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
            cause: None,
            span: ("17:15:59", "17:16:12"),
            summary: "65 half-open connections from 65 addresses to web-app (21) on 10.0.0.3:8080 are not \
                         completed since 17:15:59: SYN cookies are at work.",
            advice: "So many sources that never answer are most likely forged. Clients that answer still \
                        get in by SYN cookies, without window scaling if they have no timestamps. Limit SYNs \
                        in the firewall (nftables `synproxy`, `limit rate`) or upstream; a larger backlog than \
                        64 does not end it.",
        }],
    );
}

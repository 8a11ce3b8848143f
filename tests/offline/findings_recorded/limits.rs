//! What a process does not close, and limits of processes and of the host.

use super::{Expected, assert_findings};

#[test]
fn close_wait_leak() {
    assert_findings(
        "close-wait-leak",
        &[],
        &[Expected {
            id: "close-wait-leak",
            severity: "warning",
            subject: "process, web-app (20)",
            cause: Some("not-closed"),
            span: ("17:14:33", "17:14:49"),
            summary: "web-app (20) has not closed 24 connections that 10.0.0.7 and another host closed, \
                         since 17:14:33.",
            advice: "Its code does not call close() once read() has returned 0: look at connections that go \
                        back to a pool or are forgotten on an error path. Until it is mended, only a \
                        restart frees their descriptors; no kernel timeout does. `sockwatch kill state \
                        close-wait process 20` ends the connections alone.",
        }],
    );
}

#[test]
fn descriptors_low() {
    assert_findings(
        "descriptors-low",
        &[],
        &[Expected {
            id: "descriptors-low",
            severity: "critical",
            subject: "process, web-app (20)",
            cause: None,
            span: ("17:17:52", "17:18:02"),
            summary: "web-app (20) has 62 of 64 descriptors open (96.9 %) since 17:17:52: 57 of them are \
                         files.",
            advice: "At the limit accept(), socket() and open() fail (EMFILE). `prlimit --pid 20 \
                        --nofile=4096:` raises it now, up to its hard limit, LimitNOFILE= in its unit or \
                        `ulimit -n` for good; if the number only ever grows, it leaks.",
        }],
    );
}

#[test]
fn tcp_memory_pressure() {
    assert_findings(
        "tcp-memory-pressure",
        &[],
        &[Expected {
            id: "tcp-memory-pressure",
            severity: "warning",
            subject: "host",
            cause: None,
            span: ("17:18:07", "17:18:10"),
            summary: "TCP takes 655 MB (160 000 pages) of the 786 MB that it may (83.3 %) since 17:18:07: \
                         the kernel shrinks windows to save memory.",
            advice: "Find who holds it: sort sockets by unread and unacknowledged bytes. Readers that stall \
                        and peers that do not read fill buffers; if all of it is needed, raise \
                        net.ipv4.tcp_mem (in pages), or lower net.ipv4.tcp_rmem and tcp_wmem.",
        }],
    );
}

#[test]
fn orphans() {
    assert_findings(
        "orphans",
        &[],
        &[Expected {
            id: "orphans",
            severity: "warning",
            subject: "host",
            cause: None,
            span: ("17:18:04", "17:18:10"),
            summary: "6503 connections wait that no process holds any more, of at most 8192 (79.4 %) since \
                         17:18:04.",
            advice: "A process closed them while data was unsent, and the peers do not take it: see \
                        FIN-WAIT-1 and LAST-ACK by remote. Beyond the limit the kernel resets them and data is \
                        lost. `sysctl -w net.ipv4.tcp_orphan_retries=3` gives them up sooner (0 stands for 8), \
                        a higher net.ipv4.tcp_max_orphans has room for more (each may hold some 64 kB).",
        }],
    );
}

#[test]
fn conntrack_full() {
    assert_findings(
        "conntrack-full",
        &[],
        &[Expected {
            id: "conntrack-full",
            severity: "critical",
            subject: "host",
            cause: None,
            span: ("17:18:04", "17:18:10"),
            summary: "The firewall tracks 64 700 connections, of at most 65 536 (98.7 %) since 17:18:04.",
            advice: "When the table is full, packets of new connections are dropped (\"nf_conntrack: table \
                        full\" in the kernel's log). Raise net.netfilter.nf_conntrack_max, shorten its \
                        timeouts, or leave what needs no tracking out (`notrack`).",
        }],
    );
}

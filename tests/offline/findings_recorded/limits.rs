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
            cause: Some("not-read"),
            span: ("17:14:33", "17:14:49"),
            summary: "web-app (20) has left 24 connections in CLOSE-WAIT since 17:14:33: 10.0.0.7 and another host closed their ends first.",
            advice: "They were not read to the end, where the process would see that the peer closed. \
                        Look for a thread or event loop that hangs (`strace -fp 20`, `gdb -p 20`). Until \
                        the code is fixed, only a restart frees the file descriptors. `sockwatch kill \
                        state close-wait process 20` ends the connections but leaves the descriptors \
                        open.",
        }],
    );
}

#[test]
fn closed_held() {
    assert_findings(
        "closed-held",
        &[],
        &[Expected {
            id: "closed-held",
            severity: "warning",
            subject: "process, batch-job (26)",
            cause: Some("closed"),
            span: ("11:02:59", "11:03:09"),
            summary: "batch-job (26) has kept 40 sockets open without a connection since \
                        11:02:59: 0.20 % of its file descriptor limit.",
            advice: "They had a connection or a port in an earlier sample, and have been reset, \
                        timed out or disconnected since. Check that it calls close() after a \
                        read, write or connect() fails. `lsof -p 26` lists them as \"protocol: \
                        TCP\" or \"protocol: UDP\". Until the code is fixed, only a restart \
                        frees the file descriptors.",
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
            summary: "web-app (20) has had 62 of 64 file descriptors open (96.9 %) since \
                        17:17:52: 57 of them are files.",
            advice: "At the limit, accept(), socket() and open() fail with EMFILE. Run `prlimit \
                        --pid 20 --nofile=4096:` to raise it now, up to the hard limit; set \
                        LimitNOFILE= in its unit or `ulimit -n` to raise it permanently. If the \
                        number keeps growing, the process leaks descriptors.",
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
            summary: "TCP has used 655 MB (160 000 pages) of at most 786 MB (83.3 %) since \
                        17:18:07: the kernel shrinks windows to save memory.",
            advice: "Find the sockets that use the memory: sort by unread and unacknowledged \
                        bytes. Stalled readers, here and at the peers, fill buffers. If all of it \
                        is needed, raise net.ipv4.tcp_mem (in pages), or lower net.ipv4.tcp_rmem \
                        and net.ipv4.tcp_wmem.",
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
            summary: "This host has had 6503 of at most 8192 orphaned connections (79.4 %) since \
                        17:18:04.",
            advice: "Processes closed these connections with data still unsent, and the peers do \
                        not accept it: group sockets in FIN-WAIT-1 and LAST-ACK by remote host. \
                        Beyond the limit, the kernel resets them and the data is lost. Run \
                        `sysctl -w net.ipv4.tcp_orphan_retries=3` to give up sooner (0 means 8), \
                        or raise net.ipv4.tcp_max_orphans (each may use about 64 kB).",
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
            summary: "This host has tracked 64 700 of at most 65 536 connections (98.7 %) since \
                        17:18:04.",
            advice: "Once the table is full, the kernel drops packets of new connections \
                        (\"nf_conntrack: table full\" in its log). Raise \
                        net.netfilter.nf_conntrack_max, shorten the conntrack timeouts, or \
                        exclude traffic that needs no tracking (`notrack`).",
        }],
    );
}

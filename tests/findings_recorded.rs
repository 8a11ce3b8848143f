//! Every finding from a recording, in whole sentences, as `sockwatch diagnose FILE` tells it.
//!
//! The recordings are of conditions that were really there: `tests/support/findings.py` makes them, and
//! `fixtures_are_made_anew` leaves out what does not matter and names the host neutrally. A namespace cannot have three of
//! them, for they are limits of the whole machine: `tcp-memory-pressure`, `orphans` and `conntrack-full` are a quiet
//! recording whose counters and settings are set for some seconds.

mod support;

use std::path::Path;
use std::process::Command;

use serde_json::Value as Json;
use sockwatch::diagnose::Kind;
use support::rerecord::{fixture, leave_what_matters, rerecord, set, set_counter};

/// What is told of one finding.
#[derive(Debug, PartialEq)]
struct Told {
    id: &'static str,
    severity: &'static str,
    /// What it is about, as words: kind, place, process.
    subject: &'static str,
    cause: Option<&'static str>,
    /// Times of day; it began and ended while it was recorded.
    span: (&'static str, &'static str),
    summary: &'static str,
    advice: &'static str,
}

/// Runs `sockwatch diagnose` on a fixture, in UTC and without a configuration of this machine.
fn diagnose(name: &str, more: &[&str]) -> (String, i32) {
    let output = Command::new(env!("CARGO_BIN_EXE_sockwatch"))
        .arg("diagnose")
        .arg(fixture(name))
        .args(more)
        .env("TZ", "UTC")
        .env("SOCKWATCH_CONFIG", "none")
        .output()
        .expect("it runs");
    assert_eq!(String::from_utf8_lossy(&output.stderr), "", "{name}");
    let text = String::from_utf8(output.stdout).expect("it is text");
    (text, output.status.code().expect("it ends by itself"))
}

/// A subject as words.
fn subject(json: &Json) -> String {
    let text = |value: &Json| value.as_str().unwrap_or_default().to_owned();
    let end = |end: &Json| format!("{}:{}", text(&end["address"]), end["port"]);
    let place = match text(&json["kind"]).as_str() {
        "socket" => format!("{} {}", text(&json["protocol"]), end(&json["local"])),
        "remote" if json["port"].is_null() => text(&json["address"]),
        "remote" => end(json),
        "path" => format!("{} to {}", text(&json["source"]), end(&json["destination"])),
        _ => String::new(),
    };
    let process = match &json["process"] {
        Json::Null => String::new(),
        process => format!("{} ({})", text(&process["comm"]), process["pid"]),
    };
    let words = [text(&json["kind"]), place, process];
    let words: Vec<String> = words.into_iter().filter(|word| !word.is_empty()).collect();
    words.join(", ")
}

/// The time of day of an instant, to the second.
fn time(json: &Json) -> &str {
    json.as_str()
        .and_then(|text| text.get(11..19))
        .unwrap_or("–")
}

/// That exactly this is told of a recording, as JSON and as text, with the exit status.
fn tells(name: &str, more: &[&str], told: &[Told]) {
    let (text, status) = diagnose(name, &[more, &["--json"]].concat());
    let document: Json = serde_json::from_str(&text).expect("it is JSON");
    let findings = document["findings"].as_array().expect("it is a list");
    let ids: Vec<&Json> = findings.iter().map(|finding| &finding["id"]).collect();
    assert_eq!(ids.len(), told.len(), "{name}: {ids:?}");
    for (finding, told) in findings.iter().zip(told) {
        assert_eq!(finding["summary"], told.summary, "{name}");
        assert_eq!(finding["advice"], told.advice, "{name}");
        assert_eq!(finding["id"], told.id, "{name}");
        assert_eq!(finding["severity"], told.severity, "{name}");
        assert_eq!(finding["evidence"]["cause"].as_str(), told.cause, "{name}");
        assert_eq!(subject(&finding["subject"]), told.subject, "{name}");
        let span = (time(&finding["since"]), time(&finding["until"]));
        assert_eq!(span, told.span, "{name}");
    }
    let fails = told.iter().any(|told| told.severity != "info");
    assert_eq!(status, i32::from(fails), "{name}");

    let (text, status) = diagnose(name, more);
    assert_eq!(status, i32::from(fails), "{name}");
    for told in told {
        let head = format!("{:<10}{} It was over at ", told.severity, told.summary);
        assert!(text.contains(&head), "{name}: {text}");
        assert!(
            text.contains(&format!("\n          {}\n", told.advice)),
            "{name}: {text}"
        );
        assert!(text.contains(&format!("[{}] ", told.id)), "{name}: {text}");
    }
}

/// Makes the fixtures from what `tests/support/findings.py` has recorded:
///
/// ```text
/// tests/support/findings.py target/debug/sockwatch /tmp/raw
/// SOCKWATCH_RAW=/tmp/raw cargo test --test findings_recorded -- --ignored
/// ```
///
/// Their times, pids and numbers are others then, and so are the sentences here.
#[test]
#[ignore = "needs SOCKWATCH_RAW, a folder that tests/support/findings.py has filled"]
fn fixtures_are_made_anew() {
    let raw = std::env::var("SOCKWATCH_RAW").expect("SOCKWATCH_RAW is set");
    let mut names: Vec<String> = std::fs::read_dir(&raw)
        .expect("the folder can be read")
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter_map(|name| name.strip_suffix(".swr").map(str::to_owned))
        .collect();
    names.sort();
    for name in names {
        let from = Path::new(&raw).join(&name).with_extension("swr");
        if name != "quiet" {
            rerecord(&from, &fixture(&name), |_, sample| {
                leave_what_matters(sample)
            });
            continue;
        }
        // From the fifth second to the fourteenth.
        let grown = |at: usize, step: i64| {
            if (5..14).contains(&at) {
                at as i64 * step
            } else {
                0
            }
        };
        rerecord(&from, &fixture("tcp-memory-pressure"), |at, sample| {
            leave_what_matters(sample);
            set(sample, "net.ipv4.tcp_mem", "96000\t128000\t192000");
            set_counter(sample, "sockstat.TCP.mem", 4000 + grown(at, 12_000));
        });
        rerecord(&from, &fixture("orphans"), |at, sample| {
            leave_what_matters(sample);
            set(sample, "net.ipv4.tcp_max_orphans", "8192");
            set_counter(sample, "sockstat.TCP.orphan", 3 + grown(at, 500));
        });
        rerecord(&from, &fixture("conntrack-full"), |at, sample| {
            leave_what_matters(sample);
            set(sample, "net.netfilter.nf_conntrack_max", "65536");
            let count = 40_000 + grown(at, 1900);
            set_counter(sample, "net.netfilter.nf_conntrack_count", count);
        });
    }
}

#[test]
fn every_kind_has_its_recording() {
    let source = include_str!("findings_recorded.rs");
    for kind in Kind::ALL {
        let told = format!("id: \"{}\",", kind.id());
        assert!(source.contains(&told), "nothing is told of {}", kind.id());
    }
}

#[test]
fn close_wait_leak() {
    tells(
        "close-wait-leak",
        &[],
        &[Told {
            id: "close-wait-leak",
            severity: "warning",
            subject: "process, web-app (20)",
            cause: Some("not-closed"),
            span: ("17:14:33", "17:14:49"),
            summary: "web-app (20) has not closed 24 connections that 10.0.0.7 and another host closed, \
                         since 17:14:33.",
            advice: "Its code does not call close() once read() has returned 0: look at connections that go \
                        back to a pool or are forgotten on an error path. Until it is mended, a restart or \
                        `sockwatch kill state close-wait process 20` frees them; no kernel timeout does.",
        }],
    );
}

#[test]
fn time_wait_buildup() {
    tells(
        "time-wait-buildup",
        &[],
        &[Told {
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
    tells(
        "time-wait-buildup-server",
        &["--config", "tests/support/few_time_waits.toml"],
        &[Told {
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
    tells(
        "ephemeral-ports-low",
        &[],
        &[Told {
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
    tells(
        "ephemeral-ports-low-open",
        &[],
        &[Told {
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
fn accept_queue_full_stopped() {
    tells(
        "accept-queue-full-stopped",
        &[],
        &[Told {
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
    tells(
        "accept-queue-full-slow",
        &[],
        &[Told {
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
    tells(
        "accept-queue-full-backlog",
        &[],
        &[Told {
            id: "accept-queue-full",
            severity: "critical",
            subject: "socket, tcp 10.0.0.3:8080, web-app (20)",
            cause: Some("backlog"),
            span: ("17:23:35", "17:23:45"),
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
    tells(
        "accept-queue-filling",
        &[],
        &[Told {
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
    tells(
        "not-accepted",
        &[],
        &[Told {
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
    tells(
        "syn-queue-full",
        &[],
        &[Told {
            id: "syn-queue-full",
            severity: "critical",
            subject: "socket, tcp 10.0.0.3:8080, web-app (21)",
            cause: None,
            span: ("17:15:59", "17:16:11"),
            summary: "9 half-open connections from 198.18.0.7 to web-app (21) on 10.0.0.3:8080 are not \
                         completed since 17:15:59: 72 SYNs were dropped in the last 10 s.",
            advice: "Switch SYN cookies on: `sysctl -w net.ipv4.tcp_syncookies=1`. The SYN arrives and the \
                        answer, or what comes back, is lost: look at the way to these clients (routes, a \
                        firewall that sees only one direction, `tcpdump 'tcp[tcpflags] & tcp-syn != 0'`).",
        }],
    );
}

#[test]
fn syn_flood() {
    tells(
        "syn-flood",
        &[],
        &[Told {
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

#[test]
fn connect_stuck() {
    tells(
        "connect-stuck",
        &[],
        &[Told {
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
    tells(
        "receiver-stalled",
        &[],
        &[Told {
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
    tells(
        "sender-stalled",
        &[],
        &[Told {
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
    tells(
        "zero-window",
        &[],
        &[Told {
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
    tells(
        "retransmitting",
        &[],
        &[Told {
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
    tells(
        "udp-drops-slow",
        &[],
        &[Told {
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
    tells(
        "udp-drops-buffer",
        &[],
        &[Told {
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

#[test]
fn descriptors_low() {
    tells(
        "descriptors-low",
        &[],
        &[Told {
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
    tells(
        "tcp-memory-pressure",
        &[],
        &[Told {
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
    tells(
        "orphans",
        &[],
        &[Told {
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
fn time_wait_overflow() {
    tells(
        "time-wait-overflow",
        &[],
        &[Told {
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

#[test]
fn conntrack_full() {
    tells(
        "conntrack-full",
        &[],
        &[Told {
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

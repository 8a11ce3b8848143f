//! What each finding means, for those who are told of one: from which numbers on, how grave, what looks like it and is
//! not, what to do. The numbers are those of the thresholds in force.

use super::host_limits::Share;
use super::words::{self, count, per_second, plural, times};
use super::{Kind, Thresholds};

/// What is said of one finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Which one.
    pub kind: Kind,
    /// From which numbers on it is told.
    pub told: String,
    /// How grave it is.
    pub severity: String,
    /// What looks like it, and how they are told apart; its causes.
    pub apart: &'static str,
    /// What to do.
    pub remedy: &'static str,
}

/// What is said of every finding, in the order of [`Kind::ALL`].
pub fn entries(thresholds: &Thresholds) -> Vec<Entry> {
    let entry = |kind| {
        let (told, severity) = numbers(kind, thresholds);
        let (apart, remedy) = advice(kind);
        Entry {
            kind,
            told,
            severity,
            apart,
            remedy,
        }
    };
    Kind::ALL.into_iter().map(entry).collect()
}

/// Keeps a number and its unit in one line.
fn together(text: &str) -> String {
    text.replace(' ', "\u{a0}")
}

fn share(share: f64) -> String {
    together(&format!("{} %", (share * 1000.0).round() / 10.0))
}

fn seconds(seconds: f64) -> String {
    together(&words::seconds(seconds))
}

fn bytes(bytes: u64) -> String {
    together(&words::bytes(bytes))
}

/// A warning from one share on, critical from another.
fn shares(warning: f64, critical: f64) -> String {
    let (warning, critical) = (share(warning), share(critical));
    format!("Warning from {warning} on, critical from {critical} on.")
}

/// From which numbers on it is told, and how grave it is.
fn numbers(kind: Kind, t: &Thresholds) -> (String, String) {
    let always = |severity: &str| format!("{severity}.");
    let limit = |what: &str, limits: Share| {
        let told = format!("{what} reach {} of their limit.", share(limits.warning));
        (told, shares(limits.warning, limits.critical))
    };
    match kind {
        Kind::CloseWaitLeak => {
            let t = &t.close_wait_leak;
            let told = format!(
                "{} or more of one process, each in CLOSE-WAIT for {}.",
                plural(t.connections.into(), "connection", "connections"),
                seconds(t.age_s)
            );
            let severity = format!(
                "Warning; critical once they take {} of the descriptors that it may open.",
                share(t.critical_share)
            );
            (told, severity)
        }
        Kind::TimeWaitBuildup => {
            let t = &t.time_wait_buildup;
            let told = format!(
                "{} or more of one listener, or towards one destination, and {} begin; or they take {} of the local \
                 ports towards that destination.",
                plural(t.sockets.into(), "TIME-WAIT", "TIME-WAITs"),
                per_second(t.per_s),
                share(t.ports_share)
            );
            (told, "Info; warning if they eat ports.".to_owned())
        }
        Kind::EphemeralPortsLow => {
            let t = &t.ephemeral_ports_low;
            let told = format!(
                "{} of net.ipv4.ip_local_port_range (less net.ipv4.ip_local_reserved_ports) are taken for one source \
                 address, destination address and port, TIME-WAITs included.",
                share(t.warning)
            );
            let severity = format!(
                "{} Not critical if they are TIME-WAITs that tcp_tw_reuse takes again.",
                shares(t.warning, t.critical)
            );
            (told, severity)
        }
        Kind::AcceptQueueFull => {
            let told = format!(
                "More connections wait than the limit of the queue, or the listener dropped some within {} and the \
                 queue was full again and again.",
                seconds(t.accept_queue.window_s)
            );
            (told, always("Critical"))
        }
        Kind::AcceptQueueFilling => {
            let t = &t.accept_queue;
            let told = format!(
                "The queue stays filled to {} of its limit, with {} or more.",
                share(t.filling_share),
                plural(t.filling_connections.into(), "connection", "connections")
            );
            (told, always("Warning"))
        }
        Kind::NotAccepted => {
            let t = &t.not_accepted;
            let told = format!(
                "{} or more of one listener, each waiting for accept() for {}.",
                plural(t.connections.into(), "connection", "connections"),
                seconds(t.age_s)
            );
            (told, always("Warning"))
        }
        Kind::SynQueueFull | Kind::SynFlood => syn_numbers(kind, t),
        Kind::ConnectStuck => {
            let t = &t.connect_stuck;
            let told = format!(
                "{} or more to one address and port, whose SYN was sent again {} or more.",
                plural(t.requests.into(), "request", "requests"),
                times(t.retries.into())
            );
            (told, always("Warning"))
        }
        Kind::ReceiverStalled => {
            let t = &t.receiver_stalled;
            let told = format!(
                "{} or more of one connection wait, and not a byte was read for {}.",
                bytes(t.unread_bytes.into()),
                seconds(t.age_s)
            );
            let severity = "Warning; critical once a window is closed.";
            (told, severity.to_owned())
        }
        Kind::SenderStalled => {
            let t = &t.sender_stalled;
            let told = format!(
                "Nothing was acknowledged for {}, and the same data was sent again {} or more.",
                seconds(t.age_s),
                times(t.retries.into())
            );
            (told, always("Critical"))
        }
        Kind::ZeroWindow => {
            let told = format!(
                "The peer has closed its window, and nothing was acknowledged for {}.",
                seconds(t.sender_stalled.age_s)
            );
            (told, always("Warning"))
        }
        Kind::Retransmitting => {
            let t = &t.retransmitting;
            let told = format!(
                "{} of the bytes sent to a host within {} were sent again, and at least {}.",
                share(t.warning),
                seconds(t.window_s),
                bytes(t.bytes)
            );
            (told, shares(t.warning, t.critical))
        }
        Kind::UdpDrops => {
            let t = &t.udp_drops;
            let told = format!(
                "{} or more dropped at one socket within {}.",
                plural(t.datagrams, "datagram", "datagrams"),
                seconds(t.window_s)
            );
            (told, always("Warning"))
        }
        Kind::DescriptorsLow => {
            let t = &t.descriptors_low;
            let told = format!(
                "{} of the process's own soft limit are open.",
                share(t.warning)
            );
            (told, shares(t.warning, t.critical))
        }
        Kind::TcpMemoryPressure => {
            let limits = t.tcp_memory_pressure;
            let told = format!(
                "{} of the third number of net.ipv4.tcp_mem are taken, or the kernel is under pressure (the second \
                 number).",
                share(limits.warning)
            );
            let severity = format!(
                "{} Critical at once if the kernel ends connections for want of memory.",
                shares(limits.warning, limits.critical)
            );
            (told, severity)
        }
        Kind::Orphans => limit(
            "Connections that no process holds (net.ipv4.tcp_max_orphans)",
            t.orphans,
        ),
        Kind::TimeWaitOverflow => {
            let what = "TIME-WAITs (net.ipv4.tcp_max_tw_buckets)";
            let (told, severity) = limit(what, t.time_wait_overflow);
            let told = format!("{told} Or some were not kept.");
            (told, severity)
        }
        Kind::ConntrackFull => limit(
            "Tracked connections (net.netfilter.nf_conntrack_max)",
            t.conntrack_full,
        ),
    }
}

/// The same of half-open connections.
fn syn_numbers(kind: Kind, t: &Thresholds) -> (String, String) {
    let t = &t.syn_queue;
    let from = if kind == Kind::SynFlood {
        format!("From {} or more", count(t.flood_sources.into()))
    } else {
        format!("From fewer than {}", count(t.flood_sources.into()))
    };
    let told = format!(
        "{from} addresses: {} or more half-open connections of one listener did not answer for a second; or fewer, \
         and they take {} of its backlog, or half of it while SYN cookies were sent or SYNs dropped within {}.",
        count(t.half_open.into()),
        share(t.share),
        seconds(t.window_s)
    );
    let severity = "Info; warning from half the backlog on; critical if SYNs are dropped.";
    (told, severity.to_owned())
}

/// How it is told from what looks alike, and what to do.
fn advice(kind: Kind) -> (&'static str, &'static str) {
    match kind {
        Kind::CloseWaitLeak => (
            "Connections that no accept() has taken may be in CLOSE-WAIT as well: not-accepted tells of them. Cause \
             stopped: the process is in state T. not-read: data is unread, so that it has not seen the end; something \
             hangs. not-closed: it has read all, and forgets close().",
            "Mend the code; until then only a restart frees their descriptors. `sockwatch kill` ends the connections alone, and the kernel never does.",
        ),
        Kind::TimeWaitBuildup => (
            "Cause server-closes-first: they came in, take some memory and no ports, and tcp_tw_reuse does not help. \
             client-closes-first: they went out, and each holds a local port for 60 s, unless tcp_tw_reuse with \
             timestamps takes it again after a second.",
            "Keep connections open and use them again; let the other side close first.",
        ),
        Kind::EphemeralPortsLow => (
            "Ports run out for each path by itself: the same port serves connections to other destinations. Cause \
             time-wait: mostly TIME-WAITs of this side, which closes first. open: mostly open connections.",
            "A pool of connections; tcp_tw_reuse for time-wait; a wider range; more addresses.",
        ),
        Kind::AcceptQueueFull => (
            "Cause stopped: the process is in state T. not-accepting: it runs and calls accept() no more. slow: it \
             accepts, but less than comes. backlog: it accepts quickly, and listen() was given too few. somaxconn: \
             net.core.somaxconn cut what listen() was given.",
            "By its cause: let it go on, see what it waits for, more workers, a larger backlog.",
        ),
        Kind::AcceptQueueFilling => (
            "It has the causes of accept-queue-full, and comes before it: nothing is dropped yet.",
            "As for accept-queue-full.",
        ),
        Kind::NotAccepted => (
            "For the client the connection is open. Where the queue is filling or full, that finding tells of them. \
             Cause stopped: the process is in state T. not-accepting: it does something else.",
            "See what the process does instead of calling accept(): strace, gdb.",
        ),
        Kind::SynQueueFull => (
            "Few sources: clients whose way back is broken, or one that scans. A slow accept() shows as accept-queue-full, \
             which takes this with it.",
            "Look at the way to these clients: routes, a firewall that sees one direction only.",
        ),
        Kind::SynFlood => (
            "Many sources that never answer are most likely forged. The evidence says whether SYN cookies are at work, \
             by which clients that answer get in all the same.",
            "SYN cookies on; limit SYNs in the firewall or upstream. A larger backlog does not end it.",
        ),
        Kind::ConnectStuck => (
            "No answer at all. A connection that is refused fails at once, and is counted as a failed attempt \
             (failed_attempts_per_s). Towards a full accept queue on this machine, that tells of it.",
            "Look for a firewall that drops, a host that is down, a way back that is missing.",
        ),
        Kind::ReceiverStalled => (
            "A process here does not read. One that reads more slowly than data comes is not told of. Cause stopped: it \
             is in state T. busy: it runs, and does something else. not-reading: it sleeps.",
            "Look at the thread that should read. A larger buffer only delays it.",
        ),
        Kind::SenderStalled => (
            "The peer says nothing: it, or the way, is gone. A peer that says it has no room is zero-window; one that \
             gets some of it is retransmitting.",
            "Look at the way there and back; TCP_USER_TIMEOUT or keepalive notice it sooner.",
        ),
        Kind::ZeroWindow => (
            "The peer is there, and its process does not read (the probe timer asks it now and then). If it is on this \
             machine, receiver-stalled tells of it as well.",
            "Look at the process at the other end, not at the network.",
        ),
        Kind::Retransmitting => (
            "Some arrives, some is lost. Cause loss: it was lost. reordering: most of it had arrived, and the peer said \
             so.",
            "Find where on the path: mtr, drops of the devices, a shaper.",
        ),
        Kind::UdpDrops => (
            "Cause stopped: the process is in state T. slow: the buffer stays full. buffer: it is mostly empty, and too \
             small for the bursts.",
            "slow: read faster, with more threads. buffer: SO_RCVBUF, net.core.rmem_max.",
        ),
        Kind::DescriptorsLow => (
            "The limit is that of the process, not that of the shell one looks from. The evidence counts sockets, files \
             and pipes, and CLOSE-WAITs among them: then close-wait-leak is the cause.",
            "Raise the limit (prlimit, LimitNOFILE=); if the number only grows, mend the leak.",
        ),
        Kind::TcpMemoryPressure => (
            "Memory of all TCP sockets of the machine, in pages. Readers that stall fill it: receiver-stalled and \
             zero-window name them.",
            "Find who holds it; if all of it is needed, raise net.ipv4.tcp_mem.",
        ),
        Kind::Orphans => (
            "Connections that a process closed while data was unsent; TIME-WAITs are none.",
            "See why the peers do not take it; net.ipv4.tcp_orphan_retries gives up sooner.",
        ),
        Kind::TimeWaitOverflow => (
            "Many TIME-WAITs below the limit are time-wait-buildup; beyond it the kernel keeps no more.",
            "Raise net.ipv4.tcp_max_tw_buckets; keep connections alive.",
        ),
        Kind::ConntrackFull => (
            "Only where the firewall tracks connections. When the table is full, new ones are dropped, which shows as \
             connect-stuck elsewhere.",
            "Raise net.netfilter.nf_conntrack_max, shorten its timeouts, leave traffic out.",
        ),
    }
}

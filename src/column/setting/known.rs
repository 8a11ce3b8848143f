//! Known settings, the most wanted first, with the notation of their values.
//!
//! Kernel: `Documentation/networking/ip-sysctl.rst`, `Documentation/admin-guide/sysctl/net.rst`.

use std::fmt::Write as _;

use crate::column::format;
use crate::model::Settings;

/// A known setting.
#[derive(Debug)]
pub struct KnownSetting {
    /// Name of the setting, as in `sysctl`.
    pub name: &'static str,
    /// Meaning, in a few words.
    pub about: &'static str,
    form: Form,
}

/// Notation of a value.
#[derive(Debug, Clone, Copy)]
enum Form {
    /// The kernel's text with single spaces.
    Plain,
    /// A count.
    Count,
    /// 0 is off, everything else on.
    Switch,
    /// Numbers with names.
    Words(&'static [(&'static str, &'static str)]),
    /// A time, s.
    Seconds,
    /// Bytes: one number, or minimum, default and maximum.
    Bytes,
    /// Pages: start of memory pressure, and maximum.
    Pages,
    /// First and last.
    Range,
    /// A list, shown as its length if it does not fit.
    List,
}

use Form::{Bytes, Count, List, Pages, Plain, Range, Seconds, Switch, Words};

const fn known(name: &'static str, form: Form, about: &'static str) -> KnownSetting {
    KnownSetting { name, about, form }
}

/// Settings with a description.
pub static KNOWN: [KnownSetting; 45] = [
    known(
        "net.core.somaxconn",
        Count,
        "maximum accept queue: limits the backlog of listen()",
    ),
    known(
        "net.ipv4.tcp_max_syn_backlog",
        Count,
        "maximum half-open connections of a listener without SYN cookies",
    ),
    known(
        "net.ipv4.tcp_syncookies",
        Words(&[("0", "off"), ("1", "when full"), ("2", "always")]),
        "SYN cookies: answer without a queue entry",
    ),
    known(
        "net.ipv4.tcp_abort_on_overflow",
        Switch,
        "reset clients instead of dropping them if the accept queue is full",
    ),
    known(
        "net.ipv4.ip_local_port_range",
        Range,
        "local ports for outgoing connections",
    ),
    known(
        "net.ipv4.ip_local_reserved_ports",
        List,
        "local ports that the kernel never assigns",
    ),
    known(
        "net.ipv4.tcp_tw_reuse",
        Words(&[("0", "no"), ("1", "yes"), ("2", "loopback only")]),
        "reuse of ports in TIME-WAIT for outgoing connections",
    ),
    known(
        "net.ipv4.tcp_tw_reuse_delay",
        Plain,
        "minimum age of a TIME-WAIT port for reuse, ms",
    ),
    known(
        "net.ipv4.tcp_max_tw_buckets",
        Count,
        "maximum connections in TIME-WAIT; others skip it",
    ),
    known(
        "net.ipv4.tcp_fin_timeout",
        Seconds,
        "duration of FIN-WAIT-2 without a process; TIME-WAIT always lasts 60 s",
    ),
    known(
        "net.ipv4.tcp_keepalive_time",
        Seconds,
        "idle time before the first keepalive probe, if enabled for a socket",
    ),
    known(
        "net.ipv4.tcp_keepalive_intvl",
        Seconds,
        "interval between keepalive probes",
    ),
    known(
        "net.ipv4.tcp_keepalive_probes",
        Count,
        "unanswered keepalive probes before the connection is aborted",
    ),
    known(
        "net.ipv4.tcp_syn_retries",
        Count,
        "maximum SYN retransmissions: 6 take about 2 min",
    ),
    known(
        "net.ipv4.tcp_synack_retries",
        Count,
        "maximum SYN-ACK retransmissions",
    ),
    known(
        "net.ipv4.tcp_retries1",
        Count,
        "retransmissions before another route is tried",
    ),
    known(
        "net.ipv4.tcp_retries2",
        Count,
        "retransmissions before a connection is aborted: 15 take about 15 min",
    ),
    known(
        "net.ipv4.tcp_orphan_retries",
        Words(&[("0", "0 (means 8)")]),
        "retransmissions before a connection without a process is aborted",
    ),
    known(
        "net.ipv4.tcp_max_orphans",
        Count,
        "maximum connections without a process; others are reset",
    ),
    known(
        "net.ipv4.tcp_congestion_control",
        Plain,
        "congestion control algorithm of new connections",
    ),
    known(
        "net.core.default_qdisc",
        Plain,
        "queueing discipline of new devices",
    ),
    known(
        "net.ipv4.tcp_rmem",
        Bytes,
        "receive buffer of a TCP socket: minimum, default, maximum",
    ),
    known(
        "net.ipv4.tcp_wmem",
        Bytes,
        "send buffer of a TCP socket: minimum, default, maximum",
    ),
    known(
        "net.ipv4.tcp_moderate_rcvbuf",
        Switch,
        "automatic growth of receive buffers up to the maximum",
    ),
    known(
        "net.core.rmem_default",
        Bytes,
        "default receive buffer of other sockets",
    ),
    known("net.core.rmem_max", Bytes, "maximum for SO_RCVBUF"),
    known(
        "net.core.wmem_default",
        Bytes,
        "default send buffer of other sockets",
    ),
    known("net.core.wmem_max", Bytes, "maximum for SO_SNDBUF"),
    known(
        "net.ipv4.udp_rmem_min",
        Bytes,
        "receive memory of a UDP socket under memory pressure",
    ),
    known(
        "net.ipv4.tcp_mem",
        Pages,
        "memory of all TCP sockets: pressure, maximum",
    ),
    known(
        "net.ipv4.udp_mem",
        Pages,
        "memory of all UDP sockets: pressure, maximum",
    ),
    known(
        "net.ipv4.ipfrag_high_thresh",
        Bytes,
        "maximum memory of incomplete fragmented packets",
    ),
    known(
        "net.ipv4.tcp_notsent_lowat",
        Words(&[("4294967295", "no limit")]),
        "unsent bytes above which a socket is not writable",
    ),
    known(
        "net.core.netdev_max_backlog",
        Count,
        "maximum received packets queued for a processor",
    ),
    known(
        "net.ipv4.tcp_window_scaling",
        Switch,
        "windows larger than 64 KiB",
    ),
    known(
        "net.ipv4.tcp_timestamps",
        Words(&[("0", "off"), ("1", "on"), ("2", "on, no offset")]),
        "TCP timestamps, required by tcp_tw_reuse",
    ),
    known("net.ipv4.tcp_sack", Switch, "selective acknowledgments"),
    known(
        "net.ipv4.tcp_ecn",
        Words(&[("0", "off"), ("1", "on"), ("2", "if asked")]),
        "ECN: routers mark congestion instead of dropping",
    ),
    known(
        "net.ipv4.tcp_fastopen",
        Words(&[
            ("0", "off"),
            ("1", "clients"),
            ("2", "servers"),
            ("3", "both"),
        ]),
        "TCP Fast Open: data in the SYN",
    ),
    known(
        "net.ipv4.tcp_mtu_probing",
        Words(&[("0", "off"), ("1", "on black holes"), ("2", "always")]),
        "path MTU discovery by probing",
    ),
    known(
        "net.ipv4.tcp_slow_start_after_idle",
        Switch,
        "slow start after an idle period",
    ),
    known(
        "net.ipv4.tcp_rfc1337",
        Switch,
        "protection of TIME-WAIT against resets",
    ),
    known("net.ipv4.ip_forward", Switch, "forwarding of packets"),
    known(
        "net.netfilter.nf_conntrack_max",
        Count,
        "maximum connections tracked by netfilter; packets of others are dropped",
    ),
    known(
        "fs.file-max",
        Words(&[("9223372036854775807", "no limit")]),
        "maximum open files of the whole host",
    ),
];

impl KnownSetting {
    /// Appends the value in its notation; `all` has the page size.
    pub fn write(&self, text: &str, all: &Settings, out: &mut String) {
        let numbers: Option<Vec<u64>> = text
            .split_ascii_whitespace()
            .map(|number| number.parse().ok())
            .collect();
        let numbers = numbers.unwrap_or_default();
        let page = all.number(Settings::PAGE_SIZE, 0);
        match (self.form, &numbers[..]) {
            (Count, &[number]) => format::count(out, number),
            (Switch, [0]) => out.push_str("off"),
            (Switch, [_]) => out.push_str("on"),
            (Seconds, &[seconds]) => format::short_duration_us(out, seconds as f64 * 1e6),
            (Range, [first, last]) => {
                // Writing to a String does not fail.
                let _ = write!(out, "{first}–{last}");
            }
            (Bytes, [_, ..]) => sizes(&numbers, 1, out),
            (Pages, [_, short, most]) if page.is_some() => {
                sizes(&[*short, *most], page.unwrap_or(1), out);
            }
            (List, _) if text.is_empty() => out.push_str("none"),
            (Words(words), _) => {
                let word = words.iter().find(|(number, _)| *number == text);
                match (word, &numbers[..]) {
                    (Some((_, word)), _) => out.push_str(word),
                    (None, &[number]) => format::count(out, number),
                    _ => out.push_str(text),
                }
            }
            _ => out.push_str(&text.split_ascii_whitespace().collect::<Vec<_>>().join(" ")),
        }
    }
}

/// Appends bytes: `4.10 kB, 131 kB, 6.29 MB`.
fn sizes(numbers: &[u64], unit: u64, out: &mut String) {
    let mut gap = "";
    for number in numbers {
        out.push_str(gap);
        format::bytes(out, number.saturating_mul(unit) as f64);
        gap = ", ";
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(name: &str, text: &str) -> String {
        let all = Settings {
            values: vec![(Settings::PAGE_SIZE.to_owned(), "4096".to_owned())],
        };
        let known = KNOWN.iter().find(|known| known.name == name).unwrap();
        let mut out = String::new();
        known.write(text, &all, &mut out);
        out
    }

    #[test]
    fn values_read_as_what_they_mean() {
        for (name, text, expected) in [
            ("net.ipv4.tcp_keepalive_time", "7200", "2 h"),
            ("net.ipv4.tcp_keepalive_intvl", "75", "75 s"),
            ("net.ipv4.tcp_tw_reuse", "2", "loopback only"),
            ("net.ipv4.tcp_tw_reuse", "9", "9"),
            (
                "net.ipv4.tcp_rmem",
                "4096\t131072\t6291456",
                "4.10 kB, 131 kB, 6.29 MB",
            ),
            ("net.ipv4.tcp_mem", "1\t1000\t2000", "4.10 MB, 8.19 MB"),
            (
                "net.ipv4.ip_local_port_range",
                "32768\t60999",
                "32768–60999",
            ),
            ("net.ipv4.ip_local_reserved_ports", "", "none"),
            ("net.ipv4.tcp_sack", "1", "on"),
            ("net.core.somaxconn", "65536", "65 536"),
            ("net.ipv4.tcp_congestion_control", "cubic", "cubic"),
            ("net.ipv4.tcp_fin_timeout", "nonsense", "nonsense"),
            ("fs.file-max", "9223372036854775807", "no limit"),
        ] {
            assert_eq!(read(name, text), expected, "{name}");
        }
    }

    #[test]
    fn no_setting_is_described_twice() {
        for (at, known) in KNOWN.iter().enumerate() {
            assert!(KNOWN[..at].iter().all(|other| other.name != known.name));
        }
    }
}

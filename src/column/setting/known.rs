//! Settings that are known, in the order in which one asks for them, and how their values read.
//!
//! Kernel: `Documentation/networking/ip-sysctl.rst`, `Documentation/admin-guide/sysctl/net.rst`.

use std::fmt::Write as _;

use crate::column::format;
use crate::model::Settings;

/// A setting that is known.
#[derive(Debug)]
pub struct KnownSetting {
    /// Name of the setting, as `sysctl` writes it.
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
    /// A number that counts.
    Count,
    /// 0 is off, everything else on.
    Switch,
    /// Numbers in words.
    Words(&'static [(&'static str, &'static str)]),
    /// A time, s.
    Seconds,
    /// Bytes: one number, or least, initial and most.
    Bytes,
    /// Pages: from where memory is short, and how many there may be.
    Pages,
    /// First and last.
    Range,
    /// A list, of which only its length may fit.
    List,
}

use Form::{Bytes, Count, List, Pages, Plain, Range, Seconds, Switch, Words};

const fn known(name: &'static str, form: Form, about: &'static str) -> KnownSetting {
    KnownSetting { name, about, form }
}

/// The settings that have a description.
pub static KNOWN: [KnownSetting; 45] = [
    known(
        "net.core.somaxconn",
        Count,
        "the largest accept queue: limits the backlog of listen()",
    ),
    known(
        "net.ipv4.tcp_max_syn_backlog",
        Count,
        "half-open connections of a listener, without SYN cookies",
    ),
    known(
        "net.ipv4.tcp_syncookies",
        Words(&[("0", "off"), ("1", "when full"), ("2", "always")]),
        "SYN cookies: answer without a queue when it is full",
    ),
    known(
        "net.ipv4.tcp_abort_on_overflow",
        Switch,
        "reset clients when the accept queue is full, rather than let them try again",
    ),
    known(
        "net.ipv4.ip_local_port_range",
        Range,
        "local ports for connections from here",
    ),
    known(
        "net.ipv4.ip_local_reserved_ports",
        List,
        "local ports that the kernel never chooses",
    ),
    known(
        "net.ipv4.tcp_tw_reuse",
        Words(&[("0", "no"), ("1", "yes"), ("2", "loopback only")]),
        "whether connections from here may take the port of one in TIME-WAIT",
    ),
    known(
        "net.ipv4.tcp_tw_reuse_delay",
        Plain,
        "how long such a one must have been there, ms",
    ),
    known(
        "net.ipv4.tcp_max_tw_buckets",
        Count,
        "connections in TIME-WAIT; further ones are forgotten",
    ),
    known(
        "net.ipv4.tcp_fin_timeout",
        Seconds,
        "how long FIN-WAIT-2 lasts that no process holds; not TIME-WAIT, which lasts 60 s",
    ),
    known(
        "net.ipv4.tcp_keepalive_time",
        Seconds,
        "silence before the first keepalive probe, of sockets that ask for it",
    ),
    known(
        "net.ipv4.tcp_keepalive_intvl",
        Seconds,
        "between one keepalive probe and the next",
    ),
    known(
        "net.ipv4.tcp_keepalive_probes",
        Count,
        "unanswered probes before the connection is given up",
    ),
    known(
        "net.ipv4.tcp_syn_retries",
        Count,
        "how often a SYN is sent again: 6 take about 2 min",
    ),
    known(
        "net.ipv4.tcp_synack_retries",
        Count,
        "how often a SYN-ACK is sent again",
    ),
    known(
        "net.ipv4.tcp_retries1",
        Count,
        "retransmissions before another route is tried",
    ),
    known(
        "net.ipv4.tcp_retries2",
        Count,
        "retransmissions before a connection is given up: 15 take about 15 min",
    ),
    known(
        "net.ipv4.tcp_orphan_retries",
        Words(&[("0", "8, by 0")]),
        "the same of connections that no process holds",
    ),
    known(
        "net.ipv4.tcp_max_orphans",
        Count,
        "connections that no process holds; further ones are reset",
    ),
    known(
        "net.ipv4.tcp_congestion_control",
        Plain,
        "how new connections find their speed",
    ),
    known(
        "net.core.default_qdisc",
        Plain,
        "how new devices queue what they send",
    ),
    known(
        "net.ipv4.tcp_rmem",
        Bytes,
        "receive buffer of a TCP socket: least, at first, at most",
    ),
    known(
        "net.ipv4.tcp_wmem",
        Bytes,
        "send buffer of a TCP socket: least, at first, at most",
    ),
    known(
        "net.ipv4.tcp_moderate_rcvbuf",
        Switch,
        "receive buffers grow by themselves up to the most",
    ),
    known(
        "net.core.rmem_default",
        Bytes,
        "receive buffer of other sockets at first",
    ),
    known("net.core.rmem_max", Bytes, "the most that SO_RCVBUF gives"),
    known(
        "net.core.wmem_default",
        Bytes,
        "send buffer of other sockets at first",
    ),
    known("net.core.wmem_max", Bytes, "the most that SO_SNDBUF gives"),
    known(
        "net.ipv4.udp_rmem_min",
        Bytes,
        "what a UDP socket may receive even when memory is short",
    ),
    known(
        "net.ipv4.tcp_mem",
        Pages,
        "memory of all TCP sockets: short from, at most",
    ),
    known(
        "net.ipv4.udp_mem",
        Pages,
        "memory of all UDP sockets: short from, at most",
    ),
    known(
        "net.ipv4.ipfrag_high_thresh",
        Bytes,
        "memory of fragments that wait for the others",
    ),
    known(
        "net.ipv4.tcp_notsent_lowat",
        Words(&[("4294967295", "no limit")]),
        "unsent bytes from which on a socket is not writable",
    ),
    known(
        "net.core.netdev_max_backlog",
        Count,
        "packets that wait for a processor to take them",
    ),
    known(
        "net.ipv4.tcp_window_scaling",
        Switch,
        "windows of more than 64 KiB",
    ),
    known(
        "net.ipv4.tcp_timestamps",
        Words(&[("0", "off"), ("1", "on"), ("2", "on, no offset")]),
        "timestamps, without which there is no tw_reuse",
    ),
    known(
        "net.ipv4.tcp_sack",
        Switch,
        "tell others what is missing, not only where it begins",
    ),
    known(
        "net.ipv4.tcp_ecn",
        Words(&[("0", "off"), ("1", "on"), ("2", "if asked")]),
        "routers may mark congestion rather than drop",
    ),
    known(
        "net.ipv4.tcp_fastopen",
        Words(&[
            ("0", "off"),
            ("1", "clients"),
            ("2", "servers"),
            ("3", "both"),
        ]),
        "data with the SYN",
    ),
    known(
        "net.ipv4.tcp_mtu_probing",
        Words(&[("0", "off"), ("1", "on black holes"), ("2", "always")]),
        "find the path MTU by trying",
    ),
    known(
        "net.ipv4.tcp_slow_start_after_idle",
        Switch,
        "begin slowly again after a pause",
    ),
    known(
        "net.ipv4.tcp_rfc1337",
        Switch,
        "resets do not end TIME-WAIT",
    ),
    known("net.ipv4.ip_forward", Switch, "pass on packets of others"),
    known(
        "net.netfilter.nf_conntrack_max",
        Count,
        "connections that netfilter tracks; packets of further ones are dropped",
    ),
    known(
        "fs.file-max",
        Words(&[("9223372036854775807", "no limit")]),
        "open files of the whole host",
    ),
];

impl KnownSetting {
    /// Appends the value as it reads best; `all` knows the size of a page.
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

/// `4.10 kB, 131 kB, 6.29 MB`.
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

//! The host around the machine's sockets: counters of which some mean trouble, devices, settings, a setting that is not
//! told.

use std::sync::{Arc, LazyLock};

use sockwatch::model::{Device, DeviceAddress, Interface, Sample, Settings};

/// Counters: their names, values at the start, growth each second, and from which second on.
const COUNTERS: [(&str, i64, i64, u64); 61] = [
    ("sockstat.sockets.used", 211, 0, 0),
    ("sockstat.TCP.inuse", 42, 0, 0),
    ("sockstat.TCP.orphan", 1, 0, 0),
    ("sockstat.TCP.tw", 5, 3, 0),
    ("sockstat.TCP.alloc", 51, 0, 0),
    ("sockstat.TCP.mem", 311, 2, 0),
    ("sockstat.UDP.inuse", 4, 0, 0),
    ("sockstat.UDP.mem", 3, 0, 0),
    ("sockstat.UDPLITE.inuse", 0, 0, 0),
    ("sockstat.RAW.inuse", 1, 0, 0),
    ("sockstat.FRAG.inuse", 0, 0, 0),
    ("sockstat.FRAG.memory", 0, 0, 0),
    ("sockstat6.TCP6.inuse", 3, 0, 0),
    ("sockstat6.UDP6.inuse", 2, 0, 0),
    ("sockstat6.RAW6.inuse", 0, 0, 0),
    ("sockstat6.FRAG6.inuse", 0, 0, 0),
    ("fs.file-nr.allocated", 9_216, 0, 0),
    ("net.netfilter.nf_conntrack_count", 199_000, 120, 0),
    ("Ip.Forwarding", 2, 0, 0),
    ("Ip.DefaultTTL", 64, 0, 0),
    ("Ip.InReceives", 81_204_551, 4_410, 0),
    ("Ip.OutRequests", 90_114_870, 6_120, 0),
    ("Ip.InDiscards", 0, 0, 0),
    ("Ip.OutNoRoutes", 12, 0, 0),
    ("Ip.ReasmFails", 0, 0, 0),
    ("Icmp.InDestUnreachs", 320, 0, 0),
    ("Tcp.MaxConn", -1, 0, 0),
    ("Tcp.ActiveOpens", 110_442, 3, 0),
    ("Tcp.PassiveOpens", 2_410_077, 41, 0),
    ("Tcp.AttemptFails", 871, 0, 0),
    ("Tcp.EstabResets", 4_120, 0, 0),
    ("Tcp.CurrEstab", 25, 0, 0),
    ("Tcp.InSegs", 80_117_900, 4_380, 0),
    ("Tcp.OutSegs", 89_950_001, 6_090, 0),
    ("Tcp.RetransSegs", 98_410, 28, 0),
    ("Tcp.OutRsts", 33_102, 1, 0),
    ("Udp.InDatagrams", 61_220, 5, 0),
    ("Udp.NoPorts", 40, 0, 0),
    ("Udp.InErrors", 17, 0, 0),
    ("Udp.RcvbufErrors", 17, 0, 0),
    ("Udp.SndbufErrors", 0, 0, 0),
    ("Ip6.InReceives", 912, 0, 0),
    ("Ip6.OutNoRoutes", 6, 0, 0),
    ("Udp6.InDatagrams", 77, 0, 0),
    ("Udp6.RcvbufErrors", 0, 0, 0),
    ("TcpExt.PruneCalled", 9, 0, 0),
    ("TcpExt.TW", 1_800_415, 2, 0),
    ("TcpExt.ListenOverflows", 7, 2, 0),
    ("TcpExt.ListenDrops", 7, 2, 0),
    ("TcpExt.TCPTimeouts", 4_001, 0, 0),
    ("TcpExt.TCPLostRetransmit", 311, 1, 4),
    ("TcpExt.TCPAbortOnClose", 2_207, 0, 0),
    ("TcpExt.TCPBacklogDrop", 0, 0, 0),
    ("TcpExt.TCPReqQFullDoCookies", 0, 0, 0),
    ("TcpExt.TCPReqQFullDrop", 0, 0, 0),
    ("TcpExt.TCPTimeWaitOverflow", 0, 0, 0),
    ("TcpExt.TCPMemoryPressures", 0, 0, 0),
    ("TcpExt.TCPAbortOnMemory", 0, 0, 0),
    ("IpExt.InOctets", 31_200_451_887, 9_700_000, 0),
    ("IpExt.OutOctets", 61_804_112_020, 31_000_000, 0),
    ("Sctp.SctpCurrEstab", 0, 0, 0),
];

/// What the kernel is set to.
const SETTINGS: [(&str, &str); 33] = [
    ("page_size", "4096"),
    ("net.ipv4.ip_local_port_range", "32768\t60999"),
    ("net.ipv4.ip_local_reserved_ports", "33000-33099"),
    ("net.ipv4.ip_forward", "0"),
    ("net.ipv4.ipfrag_high_thresh", "4194304"),
    ("net.ipv4.tcp_abort_on_overflow", "0"),
    ("net.ipv4.tcp_congestion_control", "cubic"),
    ("net.ipv4.tcp_fin_timeout", "60"),
    ("net.ipv4.tcp_keepalive_intvl", "75"),
    ("net.ipv4.tcp_keepalive_probes", "9"),
    ("net.ipv4.tcp_keepalive_time", "7200"),
    ("net.ipv4.tcp_max_orphans", "65536"),
    ("net.ipv4.tcp_max_syn_backlog", "1024"),
    ("net.ipv4.tcp_max_tw_buckets", "65536"),
    ("net.ipv4.tcp_mem", "188319\t251093\t376638"),
    ("net.ipv4.tcp_moderate_rcvbuf", "1"),
    ("net.ipv4.tcp_retries2", "15"),
    ("net.ipv4.tcp_rmem", "4096\t131072\t6291456"),
    ("net.ipv4.tcp_sack", "1"),
    ("net.ipv4.tcp_syn_retries", "6"),
    ("net.ipv4.tcp_syncookies", "1"),
    ("net.ipv4.tcp_timestamps", "1"),
    ("net.ipv4.tcp_tw_reuse", "2"),
    ("net.ipv4.tcp_window_scaling", "1"),
    ("net.ipv4.tcp_wmem", "4096\t16384\t4194304"),
    ("net.core.default_qdisc", "fq_codel"),
    ("net.core.rmem_default", "212992"),
    ("net.core.rmem_max", "212992"),
    ("net.core.somaxconn", "4096"),
    ("net.core.wmem_max", "212992"),
    ("net.core.netdev_max_backlog", "1000"),
    ("net.netfilter.nf_conntrack_max", "262144"),
    ("fs.file-max", "9223372036854775807"),
];

static NAMES: LazyLock<Arc<Vec<String>>> = LazyLock::new(|| {
    let names = COUNTERS.iter().map(|(name, ..)| (*name).to_owned());
    Arc::new(names.collect())
});

static KERNEL: LazyLock<Arc<Settings>> = LazyLock::new(|| {
    let values = SETTINGS.iter().copied();
    Arc::new(Settings {
        values: values
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect(),
    })
});

static DEVICES: LazyLock<Arc<Vec<Device>>> = LazyLock::new(|| {
    let addresses = |texts: &[(&str, u8)]| {
        let own = |&(text, prefix): &(&str, u8)| DeviceAddress {
            address: text.parse().unwrap(),
            prefix,
        };
        texts.iter().map(own).collect()
    };
    let device = |index, name: &str, (mtu, flags, operstate), texts: &[(&str, u8)]| Device {
        index,
        name: name.to_owned(),
        mtu: Some(mtu),
        flags,
        operstate: Some(operstate),
        addresses: addresses(texts),
    };
    Arc::new(vec![
        device(
            1,
            "lo",
            (65_536, 0x1_0049, 0),
            &[("127.0.0.1", 8), ("::1", 128)],
        ),
        device(
            2,
            "eth0",
            (1500, 0x1_1043, 6),
            &[
                ("10.0.0.1", 24),
                ("2001:db8:85a3::8a2e:370:7334", 64),
                ("fe80::5054:ff:fe12:3456", 64),
            ],
        ),
        device(3, "eth1", (1500, 0x1003, 2), &[]),
        device(4, "wg0", (1420, 0x1_00d1, 0), &[("10.9.0.1", 32)]),
    ])
});

/// Counters, devices and settings at a second.
pub(super) fn put_into(sample: &mut Sample, tick: u64) {
    let grown = |by: i64, from: u64| by * tick.saturating_sub(from).cast_signed();
    let protocols = &mut sample.counters.protocols;
    protocols.names = Arc::clone(&NAMES);
    protocols.values.clear();
    let values = COUNTERS.iter();
    protocols
        .values
        .extend(values.map(|&(_, start, by, from)| start + grown(by, from)));
    sample.settings = Arc::clone(&KERNEL);
    sample.devices = Some(Arc::clone(&DEVICES));
    let device = |name: &str, received: u64, sent: u64| Interface {
        name: name.to_owned(),
        received_bytes: 41_000_000 + received * tick,
        received_packets: 210_000 + received / 900 * tick,
        sent_bytes: 12_000_000 + sent * tick,
        sent_packets: 190_000 + sent / 1_100 * tick,
        ..Interface::default()
    };
    sample.counters.interfaces = vec![
        device("lo", 800_000, 800_000),
        Interface {
            received_dropped: 31 + tick,
            received_errors: 2,
            ..device("eth0", 8_900_000, 30_200_000)
        },
        device("eth1", 0, 0),
        device("wg0", 1_200, 900),
    ];
}

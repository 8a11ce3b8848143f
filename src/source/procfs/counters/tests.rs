//! Synthetic files, and those of this machine.

use super::*;
use std::fs;

/// Creates a procfs with these files below `net`.
fn tree(files: &[(&str, &str)]) -> tempfile::TempDir {
    let root = tempfile::tempdir().expect("a directory");
    fs::create_dir(root.path().join("net")).expect("created");
    for (name, text) in files {
        fs::write(root.path().join("net").join(name), text).expect("written");
    }
    root
}

fn read(root: &Path) -> (Counters, Vec<Fault>) {
    let (mut counters, mut faults) = (Counters::default(), Vec::new());
    CounterReader::new(root).read(&mut counters, &mut faults);
    (counters, faults)
}

const DEV: &str = "\
Inter-|   Receive                                                |  Transmit
 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed
lo:  100       2    3    4    0     0          0         0     50       6    7    8    0     0       0          0
eth0.5: 18446744073709551615 1 0 0 0 0 0 0 1 2 3 4 0 0 0 0
broken: 1 2 3
";

#[test]
fn every_file_is_read_by_name() {
    let root = tree(&[
        (
            "sockstat",
            "sockets: used 280\nTCP: inuse 5 orphan 0 tw 9 alloc 7 mem 1\n",
        ),
        ("sockstat6", "TCP6: inuse 3\nFRAG6: inuse 0 memory 0\n"),
        (
            "snmp",
            "Tcp: MaxConn RetransSegs\nTcp: -1 42\nUdpLite: InDatagrams\nUdpLite: 0\n",
        ),
        (
            "snmp6",
            "Ip6InReceives   \t1\nIcmp6OutType136 2\nUdp6InDatagrams 3\nUdpLite6InErrors 4\n",
        ),
        (
            "netstat",
            "TcpExt: ListenOverflows ListenDrops\nTcpExt: 8 9\nIpExt: InOctets\nIpExt: 18446744073709551615\n",
        ),
        ("dev", DEV),
    ]);
    let (counters, faults) = read(root.path());
    assert_eq!(faults, []);
    for (name, value) in [
        ("sockstat.sockets.used", 280),
        ("sockstat.TCP.tw", 9),
        ("sockstat6.TCP6.inuse", 3),
        ("Tcp.MaxConn", -1),
        ("Tcp.RetransSegs", 42),
        ("UdpLite.InDatagrams", 0),
        ("Ip6.InReceives", 1),
        ("Icmp6.OutType136", 2),
        ("Udp6.InDatagrams", 3),
        ("UdpLite6.InErrors", 4),
        ("TcpExt.ListenDrops", 9),
        ("IpExt.InOctets", -1),
    ] {
        assert_eq!(counters.protocols.get(name), Some(value), "{name}");
    }
    let [lo, eth] = &counters.interfaces[..] else {
        panic!("two lines are complete: {:?}", counters.interfaces);
    };
    assert_eq!(
        *lo,
        Interface {
            name: "lo".into(),
            received_bytes: 100,
            received_packets: 2,
            received_errors: 3,
            received_dropped: 4,
            sent_bytes: 50,
            sent_packets: 6,
            sent_errors: 7,
            sent_dropped: 8,
        }
    );
    assert_eq!(
        (eth.name.as_str(), eth.received_bytes),
        ("eth0.5", u64::MAX)
    );
}

#[test]
fn odd_lines_are_skipped_and_the_others_parsed() {
    let mut values = Vec::new();
    let mut list = CounterList {
        known: &[],
        changed: None,
        values: &mut values,
    };
    parse_pairs(
        "Lost: 1 2\nIp: A B C\nIp: 1 2\nno colon\nTcp: X\nUdp: 5\nTcp: 6\nIcmp: A B\nIcmp: x 3\nE:\nE:\nUdp: Z\nUdp: 7 8 9\n",
        &mut list,
    );
    parse_sockstat(
        "sockstat",
        "TCP: inuse\nUDP: inuse 3 mem\nRAW inuse 1\n",
        &mut list,
    );
    parse_flat("Udp6InDatagrams\nUdp6In x\n\nOther 5\n", &mut list);
    let names = list.finish().unwrap_or_default();
    let read: Vec<_> = names.iter().map(String::as_str).zip(values).collect();
    assert_eq!(
        read,
        [
            ("Ip.A", 1),
            ("Ip.B", 2),
            ("Udp.Z", 7),
            ("sockstat.UDP.inuse", 3),
            ("snmp6.Other", 5),
        ]
    );
}

#[test]
fn a_missing_file_is_one_fault_and_the_rest_is_read() {
    let root = tree(&[("snmp", "Tcp: A\nTcp: 1\n")]);
    let (counters, faults) = read(root.path());
    assert_eq!(counters.protocols.get("Tcp.A"), Some(1));
    assert_eq!(faults.len(), 5);
    assert!(faults.iter().all(|fault| !fault.hides_data()));
    assert!(faults[0].source.ends_with("/net/sockstat"));
}

#[test]
fn names_are_shared_until_the_kernel_reports_others() {
    let root = tree(&[("snmp", "Tcp: A B\nTcp: 1 2\n")]);
    let mut reader = CounterReader::new(root.path());
    let (mut first, mut second) = (Counters::default(), Counters::default());
    let mut faults = Vec::new();
    reader.read(&mut first, &mut faults);
    reader.read(&mut second, &mut faults);
    assert!(Arc::ptr_eq(&first.protocols.names, &second.protocols.names));
    let snmp = root.path().join("net/snmp");
    for (text, names) in [
        ("Tcp: A C B\nTcp: 1 3 2\n", &["Tcp.A", "Tcp.C", "Tcp.B"][..]),
        ("Tcp: A C\nTcp: 1 3\n", &["Tcp.A", "Tcp.C"]),
        ("", &[]),
        ("Tcp: B\nTcp: 5\n", &["Tcp.B"]),
    ] {
        fs::write(&snmp, text).expect("written");
        reader.read(&mut second, &mut faults);
        assert_eq!(*second.protocols.names, names);
        assert_eq!(second.protocols.values.len(), names.len());
    }
    assert_eq!(
        first.protocols.get("Tcp.B"),
        Some(2),
        "the earlier values stay"
    );
}

#[test]
fn the_files_of_this_machine_are_parsed() {
    let (counters, _) = read(Path::new("/proc"));
    assert!(counters.protocols.get("sockstat.sockets.used").is_some());
    assert!(counters.protocols.get("Tcp.RetransSegs").is_some());
    assert!(counters.protocols.get("TcpExt.ListenOverflows").is_some());
    assert!(!counters.interfaces.is_empty());
}

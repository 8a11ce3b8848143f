use std::net::IpAddr;

use super::*;
use crate::model::SeededSet;
use crate::model::{
    DeviceAddress, Endpoint, Family, FaultSeverity, Parts, ProcessRow, Protocol, Runtime, Socket,
    State,
};

fn replaced(redactor: &mut Redactor, address: &str) -> String {
    let address: IpAddr = address.parse().unwrap();
    redactor.addresses.replace(address).to_string()
}

#[test]
fn an_address_is_replaced_within_its_class() {
    let mut redactor = Redactor::new();
    for (original, replacement) in [
        ("203.0.113.7", "198.18.0.1"),
        ("8.8.8.8", "198.18.0.2"),
        ("203.0.113.7", "198.18.0.1"),
        ("192.168.1.20", "10.64.0.1"),
        ("10.1.2.3", "10.64.0.2"),
        ("172.20.0.9", "10.64.0.3"),
        ("100.100.1.1", "10.64.0.4"),
        ("169.254.7.7", "169.254.0.1"),
        ("239.1.2.3", "239.0.0.1"),
        ("::ffff:203.0.113.7", "::ffff:198.18.0.1"),
        ("::ffff:9.9.9.9", "::ffff:198.18.0.3"),
        ("9.9.9.9", "198.18.0.3"),
        ("2a00:1450:4001::5", "2001:db8::1"),
        ("fd12:3456::1", "fd00::1"),
        ("fe80::5054:ff:fe12:3456", "fe80::1"),
        ("ff05::1:3", "ff15::1"),
        ("2a00:1450:4001::5", "2001:db8::1"),
    ] {
        assert_eq!(replaced(&mut redactor, original), replacement, "{original}");
    }
    for same in [
        "127.0.0.1",
        "127.0.0.53",
        "::1",
        "0.0.0.0",
        "::",
        "::ffff:127.0.0.1",
        "::ffff:0.0.0.0",
        "255.255.255.255",
        "224.0.0.251",
        "ff02::fb",
    ] {
        assert_eq!(replaced(&mut redactor, same), same);
    }
}

#[test]
fn more_addresses_than_a_pool_has_are_still_distinct() {
    let mut redactor = Redactor::new();
    let mut others = SeededSet::default();
    for at in 0..200_000_u32 {
        let address = std::net::Ipv4Addr::from_bits(0x0100_0000 + at);
        others.insert(redactor.addresses.replace(address.into()));
    }
    assert_eq!(others.len(), 200_000);
}

/// Returns a container in another one, with every fact about both.
fn container() -> Container {
    let outer = Container {
        runtime: Some(Runtime::Docker),
        id: "alice-1".into(),
        name: Some("payroll".into()),
        image: Some("registry.example.org/payroll:1".into()),
        project: Some("payroll".into()),
        service: Some("alice".into()),
        pod: Some(Pod {
            namespace: Some("payroll".into()),
            name: Some("alice-0".into()),
            uid: Some("alice-2".into()),
        }),
        outer: None,
    };
    Container {
        outer: Some(Arc::new(outer.clone())),
        ..outer
    }
}

/// Returns a Sample with every kind of data that is redacted.
fn sample() -> Sample {
    let mut sample = Sample {
        host: Arc::new(Host {
            hostname: "db-1.example.org".into(),
            kernel: "6.18.44".into(),
            boot_id: "4e0b1c3a-1111-2222-3333-444455556666".into(),
        }),
        users: [(0, "root".into()), (1000, "alice".into())].into(),
        cgroups: [(7, "/system.slice/payroll.service".into())].into(),
        containers: [("/docker/payroll".into(), Arc::new(container()))].into(),
        ..Sample::default()
    };
    let process = Process {
        comm: "postgres: alice".into(),
        command_line: "/srv/alice/postgres -D /srv/payroll".into(),
        user: Some("alice".into()),
        cgroup: Some("/system.slice/payroll.service".into()),
        ..Process::new(ProcessKey {
            pid: 5,
            start_time: 9,
        })
    };
    sample.processes.push(ProcessRow {
        process: Arc::new(process),
        descriptors: None,
        kinds: None,
        activity: None,
        unlisted: None,
    });
    let end = |address: &str, port| Endpoint {
        address: address.parse().unwrap(),
        port,
    };
    let tcp = Ends::Inet {
        local: end("::ffff:203.0.113.7", 5432),
        remote: end("198.51.100.9", 40000),
    };
    let unix = Ends::Unix {
        peer_inode: None,
        vfs: None,
        pending: 0,
    };
    let named = |ends, family, protocol, name: &[u8], table: &mut SocketTable| {
        let socket = Socket::new(
            1,
            table.len() as u64,
            family,
            protocol,
            State::Established,
            ends,
        );
        let parts = Parts {
            name,
            ..Parts::default()
        };
        table.push(socket, parts).unwrap();
    };
    let table = &mut sample.sockets;
    named(tcp, Family::Inet6, Protocol::Tcp, b"tls", table);
    named(
        unix,
        Family::Unix,
        Protocol::Stream,
        b"/srv/payroll/sock",
        table,
    );
    named(unix, Family::Unix, Protocol::Stream, b"\0payroll", table);
    named(unix, Family::Unix, Protocol::Stream, b"\0beef1", table);
    named(
        unix,
        Family::Unix,
        Protocol::Stream,
        b"/srv/payroll/sock",
        table,
    );
    let closed = &mut sample.closed_sockets;
    named(tcp, Family::Inet6, Protocol::Tcp, b"", closed);
    sample
}

#[test]
fn equal_originals_have_equal_replacements() {
    let mut redactor = Redactor::new();
    let (original, mut first, mut second) = (sample(), sample(), sample());
    redactor.redact(&mut first);
    redactor.redact(&mut second);
    assert_eq!(first, second);
    let names: Vec<&[u8]> = first
        .iter()
        .map(|socket| socket.row.name().unwrap_or(&[]))
        .collect();
    let expected: [&[u8]; 5] = [b"tls", b"/path-1", b"\0name-2", b"\x0000003", b"/path-1"];
    assert_eq!(names, expected);
    assert_eq!(first.sockets[0].ends, first.closed_sockets[0].ends);
    assert_eq!(first.users[&0].as_ref(), "root");
    assert_eq!(first.users[&1000].as_ref(), "user-1");
    assert_eq!(first.cgroups[&7].as_ref(), "/system.slice/group-1.service");
    let process = &first.processes[0].process;
    assert_eq!(process.comm, "postgres:");
    assert_eq!(process.command_line, "postgres: arguments-1");
    assert_eq!(process.user.as_deref(), Some("user-1"));
    assert_eq!(
        process.cgroup.as_deref(),
        Some("/system.slice/group-1.service")
    );
    let (path, container) = first.containers.first_key_value().unwrap();
    assert_eq!(path.as_ref(), "/docker/group-2");
    assert_eq!(container.label(), "namespace-6/pod-7/container-2");
    assert_eq!(container.outer.as_ref().unwrap().label(), container.label());
    assert_eq!(container.runtime, Some(Runtime::Docker));
    assert_eq!(first.host.hostname, "host-1");
    assert_eq!(first.host.kernel, original.host.kernel);
    assert_eq!(first.sockets.len(), original.sockets.len());
}

#[test]
fn a_process_is_redacted_once() {
    let mut redactor = Redactor::new();
    let original = sample();
    let mut first = original.clone();
    let mut second = original.clone();
    redactor.redact(&mut first);
    redactor.redact(&mut second);
    assert!(Arc::ptr_eq(
        &first.processes[0].process,
        &second.processes[0].process
    ));
    assert!(Arc::ptr_eq(&first.host, &second.host));
}

#[test]
fn nothing_of_the_original_is_left() {
    let mut redactor = Redactor::new();
    let mut sample = sample();
    redactor.redact(&mut sample);
    let mut metadata = Metadata {
        host: Host {
            hostname: "db-1.example.org".into(),
            ..Host::default()
        },
        filter: "dst 198.51.100.9".into(),
        ..Metadata::default()
    };
    redactor.redact_metadata(&mut metadata);
    assert_eq!(metadata.host.hostname, sample.host.hostname);
    assert!(metadata.redacted && !metadata.filter.is_empty());
    let mut all = format!("{sample:?} {metadata:?}");
    for table in [&sample.sockets, &sample.closed_sockets] {
        for row in table {
            let name = row.name().unwrap_or_default();
            all.push_str(&String::from_utf8_lossy(name));
        }
    }
    for original in [
        "203.0.113.7",
        "198.51.100.9",
        "payroll",
        "alice",
        "db-1",
        "4e0b1c3a",
        "/srv",
    ] {
        assert!(!all.contains(original), "{original} in {all}");
    }
}

#[test]
fn addresses_of_devices_match_those_of_sockets() {
    let own = |address: &str, prefix| DeviceAddress {
        address: address.parse().unwrap(),
        prefix,
    };
    let device = Device {
        index: 2,
        name: "eth0".to_owned(),
        addresses: vec![
            own("203.0.113.7", 24),
            own("fe80::5054:ff:fe12:3456", 64),
            own("127.0.0.1", 8),
        ],
        ..Device::default()
    };
    let devices = Some(Arc::new(vec![device]));
    let mut redactor = Redactor::new();
    let redacted = |redactor: &mut Redactor| {
        let mut sample = sample();
        sample.devices.clone_from(&devices);
        redactor.redact(&mut sample);
        sample
    };
    let first = redacted(&mut redactor);
    let socket = first.sockets[0].local().unwrap().canonical().address;
    let devices = first.devices.unwrap();
    let shown: Vec<String> = devices[0]
        .addresses
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(
        shown,
        [&format!("{socket}/24"), "fe80::1/64", "127.0.0.1/8"]
    );
    assert_eq!(devices[0].name, "eth0");
    let again = redacted(&mut redactor).devices.unwrap();
    assert!(Arc::ptr_eq(&devices, &again), "shared devices stay shared");
}

#[test]
fn faults_name_the_same_network_namespaces() {
    let mut redactor = Redactor::new();
    let fault = |source: &str| Fault::new(FaultSeverity::Incomplete, source, "no memory");
    let mut sample = Sample {
        own_netns_name: Some("payroll".into()),
        faults: [
            "sock_diag tcp in network namespace payroll",
            "network namespace billing",
            "other network namespaces",
            "own network namespace",
            "sock_diag tcp in network namespace host",
        ]
        .map(fault)
        .to_vec(),
        ..Sample::default()
    };
    redactor.redact(&mut sample);
    assert_eq!(sample.own_netns_name.as_deref(), Some("netns-1"));
    let sources: Vec<&str> = sample.faults.iter().map(|fault| &*fault.source).collect();
    assert_eq!(
        sources,
        [
            "sock_diag tcp in network namespace netns-1",
            "network namespace netns-2",
            "other network namespaces",
            "own network namespace",
            "sock_diag tcp in network namespace host",
        ]
    );
}

//! Headroom over hand-made Samples.

use std::sync::Arc;

use super::*;
use crate::aggregate::Aggregator;
use crate::model::{
    Ends, Family, Process, ProcessKey, ProcessRow, Protocol, Protocols, Settings, Socket, State,
};

fn of(moment: &Moment, id: &str) -> Headroom {
    let all = headroom(moment, None);
    all.into_iter().find(|found| found.limit.id == id).unwrap()
}

fn with_settings(values: &[(&str, &str)]) -> Moment {
    let values = values.iter().copied();
    let values = values.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let mut moment = Moment::default();
    moment.sample.settings = Arc::new(Settings {
        values: values.collect(),
    });
    moment
}

#[test]
fn an_unknown_limit_has_a_reason() {
    for found in headroom(&Moment::default(), None) {
        assert!(found.missing.is_some(), "{found:?}");
        assert_eq!(found.share(), None, "{found:?}");
    }
    let moment = with_settings(&[("fs.file-max", "9223372036854775807")]);
    let files = of(&moment, "open_files");
    assert_eq!(files.limit.limit, None);
    assert_eq!(files.missing, Some(MissingReason::NoLimit));
}

#[test]
fn the_process_closest_to_its_limit_is_named() {
    let mut moment = Moment::default();
    for (pid, open, most) in [(7, 900, 100_000), (8, 400, 512), (9, 10, 1024)] {
        let key = ProcessKey { pid, start_time: 1 };
        let process = Process {
            descriptor_limit: Some(most),
            ..Process::new(key)
        };
        moment.sample.processes.push(ProcessRow {
            descriptors: Some(open),
            ..ProcessRow::new(Arc::new(process))
        });
    }
    let found = of(&moment, "descriptors");
    assert_eq!(found.scope, LimitScope::Process(1));
    assert_eq!(
        (found.limit.value, found.limit.limit),
        (Some(400), Some(512))
    );
}

#[test]
fn local_ports_are_counted_for_the_destination_with_the_most() {
    let moment = with_settings(&[("net.ipv4.ip_local_port_range", "1000 1099")]);
    let source: IpAddr = "10.0.0.1".parse().unwrap();
    let destination = Endpoint {
        address: "10.0.0.2".parse().unwrap(),
        port: 443,
    };
    let ports = PortUsage {
        scope: Some(LimitScope::Path(source, destination)),
        used: 75,
    };
    let found = local_ports(&moment.sample, Some(ports));
    assert_eq!((found.share(), found.missing), (Some(0.75), None));
    assert_eq!(found.scope, LimitScope::Path(source, destination));
    let found = local_ports(&moment.sample, None);
    assert_eq!(
        (found.limit.limit, found.missing),
        (Some(100), Some(MissingReason::NotCounted))
    );
}

#[test]
fn limits_of_the_host_come_from_its_settings() {
    let mut moment = with_settings(&[
        ("page_size", "4096"),
        ("net.ipv4.tcp_mem", "1 2 1000"),
        ("net.netfilter.nf_conntrack_max", "200"),
    ]);
    let protocols = &mut moment.sample.counters.protocols;
    protocols.names = Arc::new(vec![
        "sockstat.TCP.mem".into(),
        "net.netfilter.nf_conntrack_count".into(),
    ]);
    protocols.values = vec![500, 50];
    assert_eq!(of(&moment, "tcp_memory").share(), Some(0.5));
    assert_eq!(of(&moment, "tcp_memory").scope, LimitScope::Host);
    assert_eq!(of(&moment, "conntrack").share(), Some(0.25));
    assert_eq!(of(&moment, "conntrack").missing, None);
}

#[test]
fn an_accept_queue_holds_one_more_than_its_limit() {
    let mut moment = Moment::default();
    let mut queue = |cookie, waiting, backlog| {
        let local = Endpoint {
            address: "10.0.0.1".parse().unwrap(),
            port: 80,
        };
        let remote = Endpoint::UNSPECIFIED;
        let ends = Ends::Inet { local, remote };
        let mut listener = Socket::new(1, cookie, Family::Inet, Protocol::Tcp, State::Listen, ends);
        (listener.recv_queue, listener.send_queue) = (waiting, backlog);
        moment.sample.sockets = [listener].into_iter().collect();
        Aggregator::new().update(&moment.sample, &mut moment.aggregate);
        let found = of(&moment, ACCEPT_QUEUE);
        (found.share(), found.left())
    };
    assert_eq!(queue(1, 0, 0), (Some(0.0), Some(1)));
    assert_eq!(queue(2, 1, 0), (Some(1.0), Some(0)));
    assert_eq!(queue(3, 1, 1), (Some(0.5), Some(1)));
    assert_eq!(queue(4, 9, 8), (Some(1.0), Some(0)));
    let (_, left) = queue(5, 0, u32::MAX);
    assert_eq!(left, Some(1 << 32));
}

#[test]
fn another_namespace_has_the_limits_of_the_host() {
    let counters = |names: &[(&str, i64)]| Protocols {
        names: Arc::new(names.iter().map(|(name, _)| (*name).into()).collect()),
        values: names.iter().map(|(_, value)| *value).collect(),
    };
    let mut moment = with_settings(&[
        (Settings::PAGE_SIZE, "4096"),
        ("net.ipv4.tcp_mem", "4 8 12"),
        ("net.ipv4.tcp_max_orphans", "64"),
        ("net.ipv4.tcp_max_tw_buckets", "100"),
    ]);
    moment.sample.own_netns = 1;
    moment.sample.counters.protocols = counters(&[
        ("sockstat.TCP.mem", 3),
        ("sockstat.TCP.orphan", 7),
        ("sockstat.TCP.tw", 50),
    ]);
    for (pid, open, netns) in [(7, 900, 1), (8, 400, 2)] {
        let mut process = Process::new(ProcessKey { pid, start_time: 1 });
        process.descriptor_limit = Some(1024);
        process.namespaces.net = Some(netns);
        moment.sample.processes.push(ProcessRow {
            descriptors: Some(open),
            ..ProcessRow::new(Arc::new(process))
        });
    }
    // The figures that the kernel reports in another namespace.
    let mut system = with_settings(&[
        ("net.ipv4.tcp_max_tw_buckets", "20"),
        ("net.ipv4.ip_local_port_range", "40000 40099"),
    ]);
    system.sample.counters.protocols = counters(&[("sockstat.TCP.tw", 5)]);
    let ports = PortUsage {
        scope: None,
        used: 4,
    };
    let all = headroom_in(&moment, &system, 2, Some(ports));
    for (id, value, limit, scope) in [
        ("tcp_memory", 12_288, 49_152, LimitScope::Host),
        ("orphans", 7, 64, LimitScope::Host),
        ("time_wait", 5, 20, LimitScope::Namespace),
        ("local_ports", 4, 100, LimitScope::Namespace),
        ("descriptors", 400, 1024, LimitScope::Process(1)),
    ] {
        let found = all.iter().find(|found| found.limit.id == id).unwrap();
        let figures = (found.limit.value, found.limit.limit);
        assert_eq!(figures, (Some(value), Some(limit)), "{id}");
        assert_eq!((found.scope, found.missing), (scope, None), "{id}");
    }
    let in_none = headroom_in(&moment, &system, 3, None);
    for (id, reason) in [
        ("descriptors", MissingReason::NoProcess),
        ("local_ports", MissingReason::NotCounted),
    ] {
        let found = in_none.iter().find(|found| found.limit.id == id).unwrap();
        assert_eq!(found.missing, Some(reason), "{id}");
    }
}

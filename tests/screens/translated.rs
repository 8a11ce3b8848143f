//! The page of a socket whose addresses are translated.

use std::sync::Arc;

use crossterm::event::KeyCode;
use sockwatch::model::{
    Attribution, Endpoint, Ends, Family, Holder, NamespaceHandle, NetNamespace, Parts, Process,
    ProcessKey, ProcessRow, Protocol, Sample, Socket, State, Translation,
};
use sockwatch::source::{Source, SourceError};

use crate::support::dashboard::Dashboard;

/// Takes the same Sample again and again, a second apart.
struct Same(Sample);

impl Source for Same {
    fn next_into(&mut self, sample: &mut Sample) -> Result<(), SourceError> {
        self.0.monotonic_ns += 1_000_000_000;
        self.0.taken_at_us += 1_000_000;
        sample.clone_from(&self.0);
        Ok(())
    }
}

fn end(address: [u8; 4], port: u16) -> Endpoint {
    Endpoint {
        address: address.into(),
        port,
    }
}

/// A client on the host, connected to a Service, and the server in the namespace of its pod.
fn sample() -> Sample {
    let mut sample = Sample {
        taken_at_us: 1_795_205_647_000_000,
        own_netns: 1,
        own_netns_name: Some("host".into()),
        ..Sample::default()
    };
    sample.namespaces.push(Arc::new(NetNamespace {
        inode: 2,
        name: "payments/db-0".into(),
        handle: NamespaceHandle::Process { pid: 91 },
        since_ns: 0,
        checked_ns: 0,
        counters: Arc::default(),
        devices: None,
        settings: Arc::default(),
        interfaces: Arc::default(),
    }));
    let client = (end([10, 0, 0, 1], 4000), end([10, 96, 0, 1], 443));
    let server = (end([10, 244, 1, 7], 5432), end([10, 244, 1, 1], 999));
    let sockets = [(90, "curl", 1, client), (91, "postgres", 2, server)];
    for (at, (pid, comm, netns, (local, remote))) in (0..).zip(sockets) {
        let process = Process {
            comm: comm.to_owned(),
            ..Process::new(ProcessKey { pid, start_time: 1 })
        };
        sample.processes.push(ProcessRow::new(Arc::new(process)));
        sample.holders.push(Holder { process: at, fd: 3 });
        let ends = Ends::Inet { local, remote };
        let (family, state) = (Family::Inet, State::Established);
        let mut socket = Socket::new(netns, u64::from(pid), family, Protocol::Tcp, state, ends);
        socket.inode = pid;
        socket.attribution = Attribution::Observed;
        (socket.holders_at, socket.holders_len) = (at, 1);
        sample.sockets.push(socket, Parts::default()).unwrap();
    }
    let key = sample.sockets[0].key();
    let translation = Translation {
        peer: server.0,
        seen_as: server.1,
        netns: 1,
    };
    sample.translations = Some(Arc::new([(key, translation)].into_iter().collect()));
    sample
}

#[test]
fn the_page_says_what_is_translated_and_who_the_other_end_is() {
    let mut dashboard = Dashboard::new((160, 40), Same(sample()));
    dashboard.ticks(2);
    dashboard.type_in("2/process curl\r");
    dashboard.key(KeyCode::Enter);
    let text = dashboard.text();
    for words in [
        "10.0.0.1:4000 → 10.96.0.1:443",
        "postgres/91 in payments/db-0 on this machine: ESTAB 10.244.1.7:5432",
        "10.96.0.1:443 is translated to 10.244.1.7:5432; 10.0.0.1:4000 is translated to 10.244.1.1:999",
        "(in network namespace host)",
    ] {
        assert!(text.contains(words), "{words}\n{text}");
    }
    // The other end has no entry of its own, but finds this one.
    dashboard.keys("e");
    let text = dashboard.text();
    assert!(text.contains("curl/90 in host on this machine"), "{text}");
    assert!(!text.contains("is translated"), "{text}");
}

#[test]
fn the_page_of_a_remote_host_says_what_it_is_translated_to() {
    let mut dashboard = Dashboard::new((160, 40), Same(sample()));
    dashboard.ticks(2);
    dashboard.type_in("5/10.96.0.1\r");
    dashboard.key(KeyCode::Enter);
    let text = dashboard.text();
    assert!(text.contains("┌ 10.96.0.1 "), "{text}");
    assert!(text.contains("translated to 10.244.1.7:5432 ×1 "), "{text}");
    // Nothing translates the address that the server sees.
    let mut dashboard = Dashboard::new((160, 40), Same(sample()));
    dashboard.ticks(2);
    dashboard.type_in("5/10.244.1.1\r");
    dashboard.key(KeyCode::Enter);
    let text = dashboard.text();
    assert!(text.contains("┌ 10.244.1.1 "), "{text}");
    assert!(!text.contains("translated to"), "{text}");
}

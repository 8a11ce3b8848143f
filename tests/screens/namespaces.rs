//! Journeys through network namespaces, containers and pods, with real key events, at three sizes of the terminal.

use std::sync::Arc;

use crossterm::event::KeyCode;
use sockwatch::model::{
    Attribution, Container, Counters, Endpoint, Ends, Family, Holder, NamespaceHandle,
    NetNamespace, Parts, Pod, Process, ProcessKey, ProcessRow, Protocol, Runtime, Sample, Settings,
    Socket, State,
};
use sockwatch::source::{Source, SourceError};

use crate::support::dashboard::Dashboard;

/// The sizes of the terminal.
const SIZES: [(u16, u16); 3] = [(80, 24), (120, 40), (200, 60)];

const HOST: u32 = 4_026_531_840;

/// A workload with the inode of its network namespace, its process and its connections: established, in CLOSE-WAIT.
struct Workload {
    netns: u32,
    /// Namespace and name of the pod; an empty namespace for a container without a pod.
    pod: (&'static str, &'static str),
    container: &'static str,
    process: (u32, &'static str),
    connections: (u8, u8),
}

const WORKLOADS: [Workload; 4] = [
    Workload {
        netns: 4_026_532_100,
        pod: ("payments", "api-7c9"),
        container: "app",
        process: (4100, "payd"),
        connections: (3, 9),
    },
    Workload {
        netns: 4_026_532_200,
        pod: ("payments", "db-0"),
        container: "postgres",
        process: (4200, "postgres"),
        connections: (6, 0),
    },
    Workload {
        netns: 4_026_532_300,
        pod: ("shop", "web-5d8"),
        container: "nginx",
        process: (4300, "nginx"),
        connections: (8, 0),
    },
    Workload {
        netns: 4_026_532_400,
        pod: ("", ""),
        container: "registry",
        process: (4400, "registry"),
        connections: (2, 0),
    },
];

impl Workload {
    fn name(&self) -> String {
        match self.pod {
            ("", _) => self.container.to_owned(),
            (namespace, pod) => format!("{namespace}/{pod}"),
        }
    }

    fn cgroup(&self) -> String {
        format!("/kubepods/{}", self.container)
    }

    fn container(&self) -> Container {
        Container {
            name: Some(self.container.into()),
            pod: (!self.pod.0.is_empty()).then(|| Pod {
                namespace: Some(self.pod.0.into()),
                name: Some(self.pod.1.into()),
                uid: None,
            }),
            ..Container::new(Some(Runtime::Containerd), self.container)
        }
    }

    /// Counters of the namespace, which grow with time.
    fn namespace(&self, tick: u64) -> NetNamespace {
        let mut counters = Counters::default();
        counters.protocols.names = Arc::new(vec!["TcpExt.ListenOverflows".to_owned()]);
        counters.protocols.values = vec![(tick * u64::from(self.connections.0)).cast_signed()];
        let settings = Settings {
            values: vec![("net.ipv4.tcp_tw_reuse".to_owned(), "1".to_owned())],
        };
        NetNamespace {
            inode: self.netns,
            name: self.name().into(),
            handle: NamespaceHandle::Process {
                pid: self.process.0,
            },
            since_ns: 1,
            checked_ns: 1_000_000_000_000 + tick * 1_000_000_000,
            counters: Arc::new(counters),
            devices: None,
            settings: Arc::new(settings),
            interfaces: Arc::default(),
        }
    }
}

fn end(address: [u8; 4], port: u16) -> Endpoint {
    Endpoint {
        address: address.into(),
        port,
    }
}

/// A host with pods, one of which does not close its connections.
#[derive(Default)]
struct Pods {
    tick: u64,
}

impl Pods {
    fn push(sample: &mut Sample, netns: u32, state: State, ends: [Endpoint; 2]) {
        let cookie = sample.sockets.len() as u64 + 1;
        let ends = Ends::Inet {
            local: ends[0],
            remote: ends[1],
        };
        let mut socket = Socket::new(netns, cookie, Family::Inet, Protocol::Tcp, state, ends);
        socket.inode = 9000 + cookie as u32;
        socket.attribution = Attribution::Observed;
        socket.recv_queue = u32::from(state == State::CloseWait);
        socket.holders_at = sample.holders.len() as u32;
        socket.holders_len = 1;
        sample.holders.push(Holder {
            process: sample.processes.len() as u32 - 1,
            fd: cookie as u32 + 3,
        });
        sample.sockets.push(socket, Parts::default()).unwrap();
    }

    fn process(sample: &mut Sample, (pid, comm): (u32, &str), cgroup: &str) {
        let process = Process {
            comm: comm.to_owned(),
            command_line: format!("/usr/bin/{comm}"),
            cgroup: Some(cgroup.into()),
            ..Process::new(ProcessKey { pid, start_time: 1 })
        };
        sample.processes.push(ProcessRow::new(Arc::new(process)));
    }
}

impl Source for Pods {
    fn next_into(&mut self, sample: &mut Sample) -> Result<(), SourceError> {
        self.tick += 1;
        *sample = Sample {
            taken_at_us: 1_795_205_647_000_000 + self.tick.cast_signed() * 1_000_000,
            monotonic_ns: 1_000_000_000_000 + self.tick * 1_000_000_000,
            own_netns: HOST,
            own_netns_name: Some("host".into()),
            ..Sample::default()
        };
        let none = end([0, 0, 0, 0], 0);
        Pods::process(sample, (812, "sshd"), "/system.slice/ssh.service");
        Pods::push(sample, HOST, State::Listen, [end([0, 0, 0, 0], 22), none]);
        let admin = [end([192, 0, 2, 10], 22), end([198, 51, 100, 3], 51_000)];
        Pods::push(sample, HOST, State::Established, admin);
        for (at, workload) in (1..).zip(&WORKLOADS) {
            let path = workload.cgroup();
            let container = Arc::new(workload.container());
            sample.containers.insert(path.as_str().into(), container);
            sample
                .namespaces
                .push(Arc::new(workload.namespace(self.tick)));
            Pods::process(sample, workload.process, &path);
            let local = end([10, 244, at, 7], 8080);
            Pods::push(sample, workload.netns, State::Listen, [local, none]);
            let (established, close_wait) = workload.connections;
            for number in 0..established + close_wait {
                let state = if number < established {
                    State::Established
                } else {
                    State::CloseWait
                };
                let remote = end([203, 0, 113, 20 + number], 40_000 + u16::from(number));
                Pods::push(sample, workload.netns, state, [local, remote]);
            }
        }
        Ok(())
    }
}

fn dashboard(size: (u16, u16)) -> Dashboard<Pods> {
    let mut dashboard = Dashboard::new(size, Pods::default());
    dashboard.ticks(12);
    dashboard
}

/// The line of the screen that contains a text.
fn line_with(dashboard: &Dashboard<Pods>, text: &str) -> String {
    let line = dashboard
        .lines()
        .into_iter()
        .find(|line| line.contains(text));
    line.unwrap_or_else(|| panic!("{text} is not shown:\n{}", dashboard.text()))
}

/// Checks that the page of a socket in CLOSE-WAIT is shown, and names its pod.
fn is_on_leaked_socket(dashboard: &Dashboard<Pods>) {
    let text = dashboard.text();
    assert!(text.contains("CLOSE-WAIT"), "{text}");
    assert!(text.contains("10.244.1.7:8080"), "{text}");
    assert!(text.contains("payments/api-7c9"), "{text}");
    assert!(text.contains("payd"), "{text}");
}

#[test]
fn from_the_pod_with_close_wait_to_its_socket() {
    for size in SIZES {
        let mut dashboard = dashboard(size);
        // From the overview, two keys answer which pod it is.
        dashboard.keys("bp");
        let heading = line_with(&dashboard, "▸ payments/api-7c9 (13)");
        assert!(heading.contains("9 CLOSE-WAIT  3 ESTAB"), "{heading}");
        let others = ["▸ payments/db-0 (7)", "▸ shop/web-5d8 (9)"];
        for other in others {
            let heading = line_with(&dashboard, other);
            assert!(!heading.contains("CLOSE-WAIT"), "{heading}");
        }
        // The first one is selected already: two more keys open it and its first socket.
        let selected = dashboard.selected().expect("the first group is selected");
        assert!(selected.contains("api-7c9"), "{selected}");
        dashboard.key(KeyCode::Enter);
        let text = dashboard.text();
        assert!(text.contains("┌ pod payments/api-7c9"), "{text}");
        assert!(text.contains("CLOSE-WAIT 9"), "{text}");
        let sockets = text.lines().filter(|line| line.contains("CLOSE-WAIT"));
        let first = sockets.clone().nth(2).unwrap_or_default();
        assert!(sockets.count() >= 9, "{text}");
        assert!(first.contains("8080"), "{first}");
        dashboard.key(KeyCode::Enter);
        is_on_leaked_socket(&dashboard);
        // And back to the groups, as they were.
        dashboard.key(KeyCode::Esc).key(KeyCode::Esc);
        let selected = dashboard.selected().expect("it is still selected");
        assert!(selected.contains("▸ payments/api-7c9"), "{selected}");
    }
}

#[test]
fn from_the_finding_in_another_namespace_to_its_socket() {
    for size in SIZES {
        let mut dashboard = dashboard(size);
        dashboard.keys("6");
        let text = dashboard.text();
        assert!(text.contains("payd"), "{text}");
        assert!(text.contains("payments/api-7c9"), "{text}");
        dashboard.key(KeyCode::Enter);
        assert!(dashboard.shows("┌ payd/4100"), "{}", dashboard.text());
        dashboard.keys("s");
        dashboard.key(KeyCode::Esc).key(KeyCode::Enter);
        assert!(
            dashboard.shows("10.244.1.7:8080"),
            "a socket of it: {}",
            dashboard.text()
        );
    }
}

#[test]
fn listeners_and_processes_are_grouped_by_pod_and_container() {
    for size in SIZES {
        let mut dashboard = dashboard(size);
        dashboard.keys("4bp");
        assert!(dashboard.shows("by pod"));
        for heading in ["▸ payments/api-7c9 (1)", "▸ shop/web-5d8 (1)", "▸ none (2)"] {
            assert!(dashboard.shows(heading), "{heading}\n{}", dashboard.text());
        }
        dashboard.keys("bn");
        assert!(dashboard.shows("▸ host (1)"), "{}", dashboard.text());
        dashboard.keys("b-");
        assert!(!dashboard.shows("▸"), "{}", dashboard.text());
        dashboard.keys("3bc");
        assert!(dashboard.shows("by container"));
        for heading in ["▸ payments/api-7c9/app ×1", "▸ registry ×1", "▸ none ×1"] {
            assert!(dashboard.shows(heading), "{heading}\n{}", dashboard.text());
        }
        dashboard.keys("gZ");
        assert!(dashboard.shows("▾ registry ×1") && dashboard.shows("4400"));
    }
}

#[test]
fn a_group_of_namespaces_leads_into_each() {
    for size in SIZES {
        let mut dashboard = dashboard(size);
        dashboard.keys("2bn");
        assert!(dashboard.shows("by network namespace"));
        let heading = line_with(&dashboard, "▸ payments/db-0 (7)");
        assert!(
            heading.contains("6 ESTAB  1 LISTEN  1 process"),
            "{heading}"
        );
        assert!(line_with(&dashboard, "▸ host (2)").contains("1 ESTAB  1 LISTEN"));
        for _ in 0..9 {
            if (dashboard.selected()).is_some_and(|line| line.contains("▸ registry")) {
                break;
            }
            dashboard.keys("j");
        }
        dashboard.key(KeyCode::Enter);
        let text = dashboard.text();
        assert!(text.contains("┌ network namespace registry"), "{text}");
        assert!(text.contains("sockets 3   ESTAB 2   LISTEN 1"), "{text}");
        assert!(text.contains("processes 1"), "{text}");
        assert!(!text.contains("10.244.1.7"), "only its own: {text}");
    }
}

#[test]
fn the_system_screen_shows_one_namespace_and_names_it() {
    for size in SIZES {
        let mut dashboard = dashboard(size);
        let header = dashboard.lines()[1].clone();
        assert!(header.contains("34 sockets in 5 namespaces"), "{header}");
        dashboard.keys("7");
        let text = dashboard.text();
        assert!(text.contains("Counters of host"), "{text}");
        assert!(!text.contains("ListenOverflows"), "{text}");
        dashboard.keys("v");
        let text = dashboard.text();
        assert!(text.contains("┌ Network namespaces"), "{text}");
        let line = line_with(&dashboard, "payments/api-7c9");
        assert!(line.contains("13 sockets"), "{line}");
        // It is searched as the text is typed.
        dashboard.type_in("api\r");
        let text = dashboard.text();
        assert!(text.contains("Counters of payments/api-7c9"), "{text}");
        assert!(text.contains("Limits of payments/api-7c9"), "{text}");
        assert!(text.contains(" payments/api-7c9: sockets"), "{text}");
        // The kernel counts these for all namespaces together.
        let usage = line_with(&dashboard, " payments/api-7c9: sockets");
        let (own, of_host) = usage.split_once("whole host: TCP ").unwrap_or((&usage, ""));
        assert!(!own.contains(" allocated"), "{usage}");
        // On a narrow screen, the last numbers are left out.
        assert_eq!(of_host.contains(" allocated"), size.0 >= 160, "{usage}");
        assert!(text.contains("ListenOverflows"), "{text}");
        // Three more a second, from the second sample on.
        dashboard.ticks(2);
        let line = line_with(&dashboard, "ListenOverflows");
        assert!(line.contains("42") && line.contains("3/s"), "{line}");
        let queue = line_with(&dashboard, "accept queue");
        assert!(!queue.contains("sshd"), "{queue}");
        // The choice is kept, and the own namespace is chosen again in the same way.
        dashboard.keys("2").keys("7");
        assert!(dashboard.shows("Counters of payments/api-7c9"));
        dashboard.type_in("vhost\r");
        assert!(dashboard.shows("Counters of host"), "{}", dashboard.text());
    }
}

#[test]
fn a_namespace_is_opened_from_anywhere() {
    for size in SIZES {
        let mut dashboard = dashboard(size);
        dashboard.type_in("vdb-0\r");
        let text = dashboard.text();
        let title = "┌ network namespace payments/db-0";
        assert!(text.contains(title), "{text}");
        assert!(text.contains("sockets 7"), "{text}");
    }
}

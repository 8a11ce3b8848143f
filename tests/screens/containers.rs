//! Containers, pods, units and the programs of interpreters on the screens.

use std::sync::Arc;

use crossterm::event::KeyCode;
use sockwatch::model::{
    Attribution, Container, Endpoint, Ends, Family, Holder, Parts, Pod, Process, ProcessKey,
    ProcessRow, Protocol, Runtime, Sample, Socket, State,
};
use sockwatch::source::{Source, SourceError};

use crate::support::dashboard::Dashboard;

const POD: &str = "/kubepods/burstable/pod1/app";
const WEB: &str = "/docker/web";
const NGINX: &str = "/system.slice/nginx.service";

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

fn container(runtime: Runtime, name: &str, image: &str) -> Container {
    Container {
        name: Some(name.into()),
        image: Some(image.into()),
        ..Container::new(Some(runtime), "3f2a1b0c9d8e")
    }
}

/// Three workers of nginx, a server in Java in a pod of a node of kind, and one in Python in Docker: each has a connection.
fn sample() -> Sample {
    let mut sample = Sample {
        taken_at_us: 1_795_205_647_000_000,
        ..Sample::default()
    };
    let node = container(Runtime::Docker, "kind-worker", "kindest/node:v1.30.0");
    let in_pod = Container {
        pod: Some(Pod {
            namespace: Some("payments".into()),
            name: Some("api-7c9".into()),
            uid: None,
        }),
        outer: Some(Arc::new(node)),
        ..container(Runtime::Containerd, "app", "registry/app:1")
    };
    let web = container(Runtime::Docker, "web", "python:3");
    sample.containers = [(POD, in_pod), (WEB, web)]
        .map(|(path, container)| (path.into(), Arc::new(container)))
        .into();
    let processes = [
        (80, "nginx", "nginx: worker process", NGINX),
        (81, "nginx", "nginx: worker process", NGINX),
        (82, "nginx", "nginx: worker process", NGINX),
        (90, "java", "java -Xmx1g -jar /srv/orders.jar", POD),
        (91, "python3", "python3 -u app.py", WEB),
    ];
    for (at, (pid, comm, command_line, path)) in (0..).zip(processes) {
        let process = Process {
            comm: comm.to_owned(),
            command_line: command_line.to_owned(),
            cgroup: Some(path.into()),
            ..Process::new(ProcessKey { pid, start_time: 1 })
        };
        sample.processes.push(ProcessRow::new(Arc::new(process)));
        sample.holders.push(Holder { process: at, fd: 3 });
        let end = |port| Endpoint {
            address: [10, 0, 0, 1].into(),
            port,
        };
        let ends = Ends::Inet {
            local: end(443),
            remote: end(50_000 + at as u16),
        };
        let (family, state) = (Family::Inet, State::Established);
        let mut socket = Socket::new(1, u64::from(pid), family, Protocol::Tcp, state, ends);
        socket.inode = pid;
        socket.attribution = Attribution::Observed;
        (socket.holders_at, socket.holders_len) = (at, 1);
        sample.sockets.push(socket, Parts::default()).unwrap();
    }
    sample
}

fn dashboard(size: (u16, u16)) -> Dashboard<Same> {
    let mut dashboard = Dashboard::new(size, Same(sample()));
    dashboard.ticks(2);
    dashboard
}

#[test]
fn the_screens_name_workloads_and_what_interpreters_run() {
    for size in [(120, 40), (200, 60)] {
        let mut dashboard = dashboard(size);
        dashboard.keys("3");
        let text = dashboard.text();
        for name in ["java orders.jar", "python3 app.py", "nginx"] {
            assert!(text.contains(name), "{name}\n{text}");
        }
        if size.0 == 200 {
            for name in ["payments/api-7c9/app", "nginx.service", "web"] {
                assert!(text.contains(name), "{name}\n{text}");
            }
        }
    }
}

#[test]
fn processes_are_grouped_by_name_workload_and_user() {
    let mut dashboard = dashboard((120, 40));
    dashboard.keys("3t");
    let text = dashboard.text();
    assert!(text.contains("by name"), "{text}");
    for heading in ["▸ nginx ×3", "▸ java orders.jar ×1", "▸ python3 app.py ×1"] {
        assert!(text.contains(heading), "{heading}\n{text}");
    }
    dashboard.keys("gz");
    assert!(dashboard.shows("▾ nginx ×3"), "the largest group is first");
    dashboard.keys("j");
    let selected = dashboard.selected().expect("a worker");
    assert!(selected.contains("nginx"), "{selected}");
    dashboard.key(KeyCode::Enter);
    assert!(dashboard.shows("┌ Sockets of this process"));
    dashboard.key(KeyCode::Esc).keys("g").key(KeyCode::Enter);
    assert!(dashboard.shows("▸ nginx ×3"), "Enter folds it again");
    dashboard.keys("t");
    for heading in [
        "▸ nginx.service ×3",
        "▸ payments/api-7c9/app ×1",
        "▸ web ×1",
    ] {
        assert!(dashboard.shows(heading), "{heading}\n{}", dashboard.text());
    }
    dashboard.keys("t");
    assert!(dashboard.shows("by user") && dashboard.shows("▸ 0 ×5"));
    for by in ["network namespace", "unit", "container", "pod"] {
        dashboard.keys("t");
        assert!(dashboard.shows(&format!("by {by}")));
    }
    dashboard.keys("t");
    assert!(!dashboard.shows("▸"), "none");
}

#[test]
fn sockets_are_grouped_by_unit_container_and_pod() {
    let mut dashboard = dashboard((120, 40));
    dashboard.keys("2ttttttt");
    assert!(dashboard.shows("by unit") && dashboard.shows("▸ nginx.service (3)"));
    assert!(dashboard.shows("▸ none (2)"), "{}", dashboard.text());
    dashboard.keys("t");
    for heading in ["▸ payments/api-7c9/app (1)", "▸ web (1)", "▸ none (3)"] {
        assert!(dashboard.shows(heading), "{heading}\n{}", dashboard.text());
    }
    dashboard.keys("t");
    assert!(dashboard.shows("▸ payments/api-7c9 (1)") && dashboard.shows("▸ none (4)"));
}

#[test]
fn a_container_is_filtered_by_and_offered_as_a_condition() {
    let mut dashboard = dashboard((120, 40));
    dashboard.type_in("2/container web\r");
    assert!(dashboard.shows("python3/91") && !dashboard.shows("java/90"));
    dashboard.type_in("F/pod =~ ^api\r");
    assert!(dashboard.shows("java/90") && !dashboard.shows("python3/91"));
    dashboard.keys("gi");
    for condition in ["container app", "pod api-7c9", "namespace payments"] {
        assert!(
            dashboard.shows(condition),
            "{condition}\n{}",
            dashboard.text()
        );
    }
    dashboard.key(KeyCode::Esc).type_in("F/unit ng");
    assert!(dashboard.shows("nginx.service"), "it is completed");
}

#[test]
fn the_pages_name_the_container_and_the_one_around_it() {
    let mut dashboard = dashboard((120, 40));
    dashboard
        .type_in("3/orders\r")
        .keys("g")
        .key(KeyCode::Enter);
    let text = dashboard.text();
    assert!(text.contains("┌ java orders.jar/90"), "{text}");
    let line =
        "container payments/api-7c9/app in kind-worker   runtime containerd   image registry/app:1";
    assert!(text.contains(line), "{text}");
    dashboard.key(KeyCode::Tab).keys("g").key(KeyCode::Enter);
    dashboard
        .key(KeyCode::Esc)
        .key(KeyCode::Esc)
        .type_in("2F/dport = 50003\r");
    dashboard.keys("g").key(KeyCode::Enter);
    let text = dashboard.text();
    for part in [
        "container",
        "pod namespace",
        "payments",
        "registry/app:1",
        "api-7c9",
    ] {
        assert!(text.contains(part), "{part}\n{text}");
    }
}

//! Names the network namespaces of containers after these.

use std::sync::Arc;

use crate::model::{Container, NamespaceHandle, NetNamespace, Sample, SeededMap};

/// The namespaces of containers by inode, with their names.
#[derive(Debug, Default)]
pub(in crate::source) struct WorkloadNames {
    known: SeededMap<u32, NamedNamespace>,
    round: u64,
}

#[derive(Debug)]
struct NamedNamespace {
    name: Arc<str>,
    /// Name of its container or pod, which is its own name unless another namespace of the container was there first.
    workload: Arc<str>,
    /// Start time and pid of the process of the container that started first in it, and the name of the process.
    oldest: (u64, u32),
    comm: String,
    /// The namespace of the previous Sample as it was found, and the same with the name: Samples share it while it does not
    /// change.
    found: Option<Arc<NetNamespace>>,
    named: Option<Arc<NetNamespace>>,
    /// When the namespace was first sampled, ns.
    since_ns: u64,
    /// Number of the last round in which it was in the Sample.
    round: u64,
}

impl WorkloadNames {
    /// Gives the namespaces of a Sample that have no name of their own that of the pod or container in which their processes
    /// are. The name stays as long as the namespace, even without processes that have sockets.
    pub(in crate::source) fn apply(&mut self, sample: &mut Sample) {
        self.round += 1;
        if sample.namespaces.is_empty() {
            self.known.clear();
            return;
        }
        // Others, with the inode of one that has gone.
        let namespace = |inode: &u32| sample.namespace(*inode);
        self.known.retain(|inode, known| {
            namespace(inode).is_some_and(|namespace| namespace.since_ns == known.since_ns)
        });
        if !sample.containers.is_empty() {
            self.find_names(sample);
        }
        for namespace in &mut sample.namespaces {
            let has_own_name = match namespace.handle {
                NamespaceHandle::Initial | NamespaceHandle::Mount => true,
                NamespaceHandle::Process { .. } | NamespaceHandle::Descriptor { .. } => false,
            };
            if let Some(known) = self.known.get_mut(&namespace.inode) {
                known.round = self.round;
                if !has_own_name {
                    *namespace = known.named(namespace);
                }
            }
        }
        let round = self.round;
        self.known.retain(|_, known| known.round == round);
    }

    /// Finds the containers of the namespaces by the processes in them.
    fn find_names(&mut self, sample: &Sample) {
        let mut changed: Vec<Arc<str>> = Vec::new();
        for row in &sample.processes {
            let Some(netns) = row.process.namespaces.net else {
                continue;
            };
            let Some(namespace) = sample.namespace(netns) else {
                continue;
            };
            let key = row.process.key;
            let oldest = (key.start_time, key.pid);
            if let Some(known) = self.known.get(&netns)
                && known.oldest <= oldest
            {
                continue;
            }
            let container = row.process.cgroup.as_ref();
            let container = container.and_then(|path| sample.containers.get(path));
            if let Some(container) = container {
                let workload = namespace_name(container);
                changed.push(Arc::clone(&workload));
                let named = NamedNamespace {
                    name: Arc::clone(&workload),
                    workload,
                    oldest,
                    comm: row.process.comm.clone(),
                    found: None,
                    named: None,
                    since_ns: namespace.since_ns,
                    round: self.round,
                };
                self.known.insert(netns, named);
            }
        }
        for workload in changed {
            name_all(&workload, self.known.values_mut());
        }
    }
}

/// Names the namespaces of one container or pod: that of the process which started first after the container itself, the others
/// after it and their own process.
fn name_all<'a>(workload: &str, all: impl Iterator<Item = &'a mut NamedNamespace>) {
    let mut all: Vec<&mut NamedNamespace> =
        all.filter(|known| *known.workload == *workload).collect();
    all.sort_by_key(|known| known.oldest);
    for (place, known) in all.into_iter().enumerate() {
        let name: Arc<str> = match place {
            0 => Arc::clone(&known.workload),
            _ => format!("{workload} {}({})", known.comm, known.oldest.1).into(),
        };
        if known.name != name {
            (known.name, known.found, known.named) = (name, None, None);
        }
    }
}

impl NamedNamespace {
    /// Returns the namespace with the name.
    fn named(&mut self, namespace: &Arc<NetNamespace>) -> Arc<NetNamespace> {
        let is_same = |found: &Arc<NetNamespace>| Arc::ptr_eq(found, namespace);
        if let Some(named) = &self.named
            && self.found.as_ref().is_some_and(is_same)
        {
            return Arc::clone(named);
        }
        let named = Arc::new(NetNamespace {
            name: Arc::clone(&self.name),
            ..NetNamespace::clone(namespace)
        });
        self.found = Some(Arc::clone(namespace));
        self.named = Some(Arc::clone(&named));
        named
    }
}

/// Returns the name of the namespace of a container: that of its pod, whose containers share it, or its own.
fn namespace_name(container: &Container) -> Arc<str> {
    match (container.pod_namespace(), container.pod_name()) {
        (Some(namespace), Some(pod)) => format!("{namespace}/{pod}").into(),
        (None, Some(pod)) => pod.into(),
        (_, None) => container.name_or_id().into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Pod, Process, ProcessKey, ProcessRow, Runtime};

    fn namespace(inode: u32, handle: NamespaceHandle) -> Arc<NetNamespace> {
        Arc::new(NetNamespace {
            handle,
            ..NetNamespace::named(inode, "sh(7)")
        })
    }

    fn process(pid: u32, netns: u32, cgroup: &str) -> ProcessRow {
        let mut process = Process::new(ProcessKey { pid, start_time: 1 });
        process.namespaces.net = Some(netns);
        process.cgroup = Some(cgroup.into());
        ProcessRow {
            process: Arc::new(process),
            descriptors: None,
            kinds: None,
            activity: None,
            unlisted: None,
        }
    }

    #[test]
    fn namespaces_have_the_name_of_their_pod_or_container() {
        let held = NamespaceHandle::Process { pid: 7 };
        let mut sample = Sample {
            own_netns: 1,
            namespaces: vec![
                namespace(2, held),
                namespace(3, held),
                namespace(4, NamespaceHandle::Mount),
                namespace(5, held),
            ],
            processes: vec![
                process(7, 2, "/pod"),
                process(8, 3, "/web"),
                process(9, 4, "/web"),
                process(10, 5, "/system.slice"),
            ],
            ..Sample::default()
        };
        let mut app = Container::new(Some(Runtime::Containerd), "1");
        app.pod = Some(Pod {
            namespace: Some("payments".into()),
            name: Some("api-7c9".into()),
            uid: None,
        });
        let mut web = Container::new(Some(Runtime::Docker), "2");
        web.name = Some("web".into());
        sample.containers = [
            ("/pod".into(), Arc::new(app)),
            ("/web".into(), Arc::new(web)),
        ]
        .into();
        let found = sample.namespaces.clone();
        let names = |sample: &Sample| -> Vec<String> {
            let all = sample.namespaces.iter();
            all.map(|namespace| namespace.name.to_string()).collect()
        };
        let mut workloads = WorkloadNames::default();
        workloads.apply(&mut sample);
        let expected = ["payments/api-7c9", "web", "sh(7)", "sh(7)"];
        assert_eq!(names(&sample), expected);
        // Without processes that have sockets, and shared.
        let before = sample.namespaces.clone();
        sample.namespaces = found;
        sample.processes.clear();
        workloads.apply(&mut sample);
        assert_eq!(names(&sample), expected);
        assert!(Arc::ptr_eq(&before[0], &sample.namespaces[0]));
    }

    #[test]
    fn a_further_namespace_of_a_container_is_named_after_its_process() {
        let by = |pid| NamespaceHandle::Process { pid };
        let mut web = Container::new(Some(Runtime::Docker), "2");
        web.name = Some("web".into());
        let started = |pid, netns, start_time| {
            let mut row = process(pid, netns, "/web");
            let mut of = Process::clone(&row.process);
            (of.key.start_time, of.comm) = (start_time, "chrome".to_owned());
            row.process = Arc::new(of);
            row
        };
        let mut sample = Sample {
            own_netns: 1,
            namespaces: vec![namespace(2, by(7)), namespace(3, by(8))],
            processes: vec![started(7, 2, 50)],
            containers: [("/web".into(), Arc::new(web))].into(),
            ..Sample::default()
        };
        let found = sample.namespaces.clone();
        let mut workloads = WorkloadNames::default();
        let mut names = |sample: &mut Sample| -> Vec<String> {
            sample.namespaces.clone_from(&found);
            workloads.apply(sample);
            let all = sample.namespaces.iter();
            all.map(|namespace| namespace.name.to_string()).collect()
        };
        assert_eq!(names(&mut sample), ["web", "sh(7)"]);
        // The process that started first turns out to be in another one.
        sample.processes.push(started(8, 3, 20));
        assert_eq!(names(&mut sample), ["web chrome(7)", "web"]);
        sample.processes.clear();
        assert_eq!(names(&mut sample), ["web chrome(7)", "web"]);
    }
}

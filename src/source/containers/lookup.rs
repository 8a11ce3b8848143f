//! Looks up the names of a container in the files of its runtime, or of each of them if the runtime is unknown.

use std::path::Path;
use std::sync::Arc;

use super::names::Names;
use super::place::Home;
use super::root::{Contents, Requirements, Root, Stamp};
use super::storage::List;
use super::{bundle, docker, machines, pod_logs, storage};
use crate::model::SeededMap;
use crate::model::{CgroupPath, Container, ContainerInPath, Pod, ProcessRow, Runtime, TaskInPath};

/// Maximum size of `/etc/passwd`, bytes.
const MAX_PASSWD: u64 = 4_000_000;

/// The result of a lookup.
#[derive(Debug, Default)]
pub(super) struct Outcome {
    /// The innermost container; `None` if the path is in none.
    pub(super) container: Option<Container>,
    /// Why its name is unknown: the runtime, if it is known, and the first error.
    pub(super) error: Option<(&'static str, String)>,
    /// The file with its name, if that can change while the container runs.
    pub(super) stamp: Option<Stamp>,
}

/// Lookups of one Sample. What lists several containers is read once for all of them.
pub(super) struct Lookup<'a> {
    root: &'a Root,
    proc_root: &'a Path,
    /// Lists and directories in the root.
    read: Read,
    homes: SeededMap<u32, Option<Home>>,
}

/// The lists and directories that were read of one root.
#[derive(Default)]
struct Read {
    lists: SeededMap<String, Result<List, String>>,
    directories: SeededMap<&'static str, Vec<String>>,
}

impl<'a> Lookup<'a> {
    pub(super) fn new(root: &'a Root, proc_root: &'a Path) -> Lookup<'a> {
        Lookup {
            root,
            proc_root,
            read: Read::default(),
            homes: SeededMap::default(),
        }
    }

    /// Looks up the containers in a path of a control group. `processes` are those of the Sample.
    pub(super) fn container(
        &mut self,
        path: &str,
        parsed: &CgroupPath<'_>,
        processes: &[ProcessRow],
    ) -> Outcome {
        let home = parsed.uid.and_then(|uid| self.home(uid));
        let mut outcome = Outcome::default();
        let mut outer_end = None;
        for found in &parsed.containers {
            let mut stamp = None;
            let (names, error) = match outer_end {
                None => {
                    stamp = docker_stamp(self.root, home.as_ref(), found);
                    find(self.root, &mut self.read, home.as_ref(), found)
                }
                // The files of a nested runtime are in the container around it.
                Some(end) => match self.root_of(path.get(..end), processes) {
                    Some(root) => find(&root, &mut Read::default(), None, found),
                    None => (Some(Names::default()), None),
                },
            };
            let Some(names) = names else {
                continue;
            };
            outer_end = Some(found.end);
            let outer = outcome.container.take().map(Arc::new);
            let container = container(found, names, outer);
            let kind = container.runtime.map_or("", Runtime::name);
            outcome = Outcome {
                error: error
                    .filter(|_| container.name.is_none())
                    .map(|it| (kind, it)),
                container: Some(container),
                stamp,
            };
        }
        if let Some(task) = parsed.task {
            match outer_end {
                None => add_task(self.root, true, task, &mut outcome),
                Some(end) => {
                    if let Some(root) = self.root_of(path.get(..end), processes) {
                        add_task(&root, false, task, &mut outcome);
                    }
                }
            }
        }
        outcome
    }

    /// Returns the root directory of a container, through one of its processes.
    fn root_of(&self, group: Option<&str>, processes: &[ProcessRow]) -> Option<Root> {
        let group = group?;
        let is_in_it = |row: &&ProcessRow| {
            let path = row.process.cgroup.as_deref().unwrap_or_default();
            // Not in a container within it.
            path.starts_with(group)
                && CgroupPath::parse(path)
                    .containers
                    .last()
                    .is_some_and(|last| path.get(..last.end) == Some(group))
        };
        let process = processes.iter().find(is_in_it)?;
        let pid = process.process.key.pid.to_string();
        Some(Root::new(&self.proc_root.join(pid).join("root")))
    }

    /// Returns the home of a user. Kernel: none; `/etc/passwd`, as other name services may not answer.
    fn home(&mut self, uid: u32) -> Option<Home> {
        if let Some(known) = self.homes.get(&uid) {
            return known.clone();
        }
        let required = Requirements {
            bytes: MAX_PASSWD,
            owner: None,
        };
        let passwd = self.root.read("/etc/passwd", required).ok().flatten();
        let passwd = String::from_utf8_lossy(passwd.as_deref().unwrap_or_default()).into_owned();
        let path = passwd.lines().find_map(|line| {
            let mut fields = line.split(':').skip(2);
            let is_it = fields.next()?.parse() == Ok(uid);
            fields.nth(2).filter(|path| is_it && path.starts_with('/'))
        });
        let path = path.map(|path| path.trim_end_matches('/').to_owned());
        let home = path.map(|path| Home { uid, path });
        self.homes.insert(uid, home.clone());
        home
    }
}

/// Adds a container of `ctr`, if that is what a path names. `root` is that of the container around it, unless it is that of the
/// host.
fn add_task(root: &Root, is_host: bool, task: TaskInPath<'_>, outcome: &mut Outcome) {
    match bundle::task(root, task) {
        Ok(None) => {}
        Ok(Some((names, path))) => {
            let found = ContainerInPath {
                runtime: Some(Runtime::Containerd),
                id: task.name.into(),
                pod_uid: None,
                end: task.end,
            };
            let around = outcome.container.take().map(Arc::new);
            *outcome = Outcome {
                container: Some(container(&found, names, around)),
                error: None,
                // The next container may have the same name.
                stamp: is_host.then(|| root.stamp(&path)).flatten(),
            };
        }
        // A file that is there and cannot be read.
        Err(error) => {
            let error = (Runtime::Containerd.name(), error);
            outcome.error.get_or_insert(error);
        }
    }
}

/// Joins the id of a container with its names.
fn container(
    found: &ContainerInPath<'_>,
    names: Names,
    outer: Option<Arc<Container>>,
) -> Container {
    let uid = found.pod_uid.as_deref().map(Arc::from).or(names.uid);
    let is_in_pod = uid.is_some() || names.pod.is_some();
    let runtime = match (found.runtime, names.runtime) {
        (None | Some(Runtime::Machine), Some(runtime)) => Some(runtime),
        (runtime, _) => runtime,
    };
    Container {
        name: names.name,
        image: names.image,
        project: names.project,
        service: names.service,
        pod: is_in_pod.then_some(Pod {
            namespace: names.namespace,
            name: names.pod,
            uid,
        }),
        outer,
        ..Container::new(runtime, &*found.id)
    }
}

/// Returns the identity of the file with the name of a container of Docker, which `docker rename` replaces.
fn docker_stamp(root: &Root, home: Option<&Home>, found: &ContainerInPath<'_>) -> Option<Stamp> {
    if found
        .runtime
        .is_some_and(|runtime| runtime != Runtime::Docker)
    {
        return None;
    }
    let places = docker::places(root, home);
    let mut paths = places
        .iter()
        .map(|place| docker::config_path(place, &found.id));
    paths.find_map(|path| root.stamp(&path))
}

/// Finds the names of a container, and why they are unknown. Returns no names if it is no container.
fn find(
    root: &Root,
    read: &mut Read,
    home: Option<&Home>,
    found: &ContainerInPath<'_>,
) -> (Option<Names>, Option<String>) {
    let id = &*found.id;
    let mut names = Names::default();
    let mut first_error = None;
    let mut add = |contents: Contents<Names>| match contents {
        Ok(None) => false,
        Ok(Some(found)) => {
            names.add(found);
            true
        }
        Err(error) => {
            first_error.get_or_insert(error);
            false
        }
    };
    let is = |runtime| found.runtime.is_none_or(|known| known == runtime);
    match found.runtime {
        Some(Runtime::Lxc | Runtime::Nspawn) => names.name = Some(Arc::from(id)),
        Some(Runtime::Machine) => {
            match machines::machine(root, id) {
                Ok(Some(machine)) if !machine.is_container => return (None, None),
                Ok(machine) => names.runtime = machine.map(|machine| machine.runtime),
                Err(error) => first_error = Some(error),
            }
            names.name = Some(Arc::from(id));
        }
        _ => {
            let mut places = Vec::new();
            if is(Runtime::Docker) {
                places = docker::places(root, home);
            }
            let mut is_found = places
                .iter()
                .any(|place| add(docker::names(root, place, id)));
            if !is_found && is(Runtime::Containerd) {
                is_found = add(bundle::containerd(root, id));
            }
            if !is_found && (is(Runtime::CriO) || is(Runtime::Podman)) {
                let places = storage::places(home);
                if is(Runtime::CriO) {
                    is_found = places
                        .iter()
                        .any(|place| add(bundle::crio(root, place, id)));
                }
                for place in places.iter().filter(|_| !is_found) {
                    for path in storage::lists(place) {
                        if add(read.storage(root, &path, place.owner, id)) {
                            break;
                        }
                    }
                }
            }
        }
    }
    if let Some(uid) = &found.pod_uid
        && found.runtime != Some(Runtime::Podman)
        && (names.pod.is_none() || names.name.is_none())
    {
        let containers = read.directory(root, pod_logs::CONTAINERS);
        names.add(pod_logs::container(containers, id).unwrap_or_default());
        let pods = read.directory(root, pod_logs::PODS);
        names.add(pod_logs::pod(pods, uid).unwrap_or_default());
    }
    (Some(names), first_error)
}

impl Read {
    /// Returns the names of a container in a list of the storage.
    fn storage(
        &mut self,
        root: &Root,
        path: &str,
        owner: Option<u32>,
        id: &str,
    ) -> Contents<Names> {
        if !self.lists.contains_key(path) {
            let list = storage::read(root, path, owner);
            let list = list.map(Option::unwrap_or_default);
            self.lists.insert(path.to_owned(), list);
        }
        match self.lists.get(path) {
            Some(Ok(list)) => Ok(list.get(id).cloned()),
            Some(Err(error)) => Err(error.clone()),
            None => Ok(None),
        }
    }

    /// Returns the names in a directory. One that cannot be read is a fallback that is not there.
    fn directory(&mut self, root: &Root, path: &'static str) -> &[String] {
        self.directories
            .entry(path)
            .or_insert_with(|| root.list(path).ok().flatten().unwrap_or_default())
    }
}

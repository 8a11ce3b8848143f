//! Bundles of containers: the `config.json` that containerd and CRI-O write for the program that starts a container. Its
//! annotations name the container and its pod.

use serde::Deserialize;

use super::labels::Labels;
use super::names::Names;
use super::place::Place;
use super::root::{Contents, Requirements, Root, parse};
use crate::model::{Runtime, TaskInPath};

/// Maximum size of a bundle's file, bytes. Usual ones have 20 to 60 kB.
const MAX_CONFIG: u64 = 4_000_000;

/// The directories of containerd's state: its own, and those of distributions of Kubernetes that bring one.
const CONTAINERD: [&str; 4] = [
    "/run/containerd",
    "/run/k3s/containerd",
    "/run/k0s/containerd",
    "/var/snap/microk8s/common/run/containerd",
];

/// The directories of tasks in it, of the current and of the former interface.
const TASKS: [&str; 2] = [
    "io.containerd.runtime.v2.task",
    "io.containerd.runtime.v1.linux",
];

#[derive(Deserialize)]
struct Config {
    annotations: Option<Labels>,
    linux: Option<Linux>,
}

#[derive(Deserialize)]
struct Linux {
    #[serde(rename = "cgroupsPath")]
    cgroup: Option<String>,
}

/// Reads the names of a container of containerd, whatever its namespace.
pub(super) fn containerd(root: &Root, id: &str) -> Contents<Names> {
    let mut outcome = Ok(None);
    for tasks in TASKS {
        for state in CONTAINERD {
            let tasks = format!("{state}/{tasks}");
            let namespaces = match root.list(&tasks) {
                Ok(namespaces) => namespaces.unwrap_or_default(),
                Err(error) => {
                    outcome = outcome.and(Err(error));
                    continue;
                }
            };
            for namespace in namespaces {
                let path = format!("{tasks}/{namespace}/{id}/config.json");
                match names(root, &path, None, Runtime::Containerd) {
                    Ok(None) => {}
                    // Docker's containers are there too, without names.
                    Ok(Some(names)) => return Ok(Some(names).filter(|_| namespace != "moby")),
                    Err(error) => outcome = outcome.and(Err(error)),
                }
            }
        }
    }
    outcome
}

/// Reads the names of a container of `ctr`, and the path of the file that has them. `None` if containerd has no such task, or
/// runs it in another control group: then the path only looks like that of one.
pub(super) fn task(root: &Root, task: TaskInPath<'_>) -> Contents<(Names, String)> {
    let TaskInPath {
        namespace, name, ..
    } = task;
    let group = format!("/{namespace}/{name}");
    let mut outcome = Ok(None);
    for tasks in TASKS {
        for state in CONTAINERD {
            let path = format!("{state}/{tasks}{group}/config.json");
            match config(root, &path, None) {
                Ok(None) => {}
                Ok(Some(config)) => {
                    let linux = config.linux.and_then(|linux| linux.cgroup);
                    if linux.as_deref() != Some(group.as_str()) {
                        continue;
                    }
                    let mut names = config.annotations.unwrap_or_default().names();
                    names.runtime = Some(Runtime::Containerd);
                    // Unlike the ids that other programs use, this is a name that the user chose.
                    names.name = names.name.or_else(|| Some(name.into()));
                    return Ok(Some((names, path)));
                }
                Err(error) => outcome = outcome.and(Err(error)),
            }
        }
    }
    outcome
}

/// Reads the names of a container of CRI-O from its bundle in a directory of the storage.
pub(super) fn crio(root: &Root, place: &Place, id: &str) -> Contents<Names> {
    let path = format!(
        "{}/overlay-containers/{id}/userdata/config.json",
        place.path
    );
    names(root, &path, place.owner, Runtime::CriO)
}

fn names(root: &Root, path: &str, owner: Option<u32>, runtime: Runtime) -> Contents<Names> {
    let config = config(root, path, owner)?;
    Ok(config.map(|config| {
        let mut names = config.annotations.unwrap_or_default().names();
        names.runtime = Some(runtime);
        names
    }))
}

fn config(root: &Root, path: &str, owner: Option<u32>) -> Contents<Config> {
    let required = Requirements {
        bytes: MAX_CONFIG,
        owner,
    };
    let Some(bytes) = root.read(path, required)? else {
        return Ok(None);
    };
    parse(path, &bytes).map(Some)
}

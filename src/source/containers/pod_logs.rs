//! Names in the directories of logs that the kubelet writes for every runtime: `/var/log/pods/NAMESPACE_POD_UID` and
//! `/var/log/containers/POD_NAMESPACE_CONTAINER-ID.log`. Nothing in them is read but their names.

use super::labels::text;
use super::names::Names;

/// Logs by pod.
pub(super) const PODS: &str = "/var/log/pods";

/// Links to logs by container.
pub(super) const CONTAINERS: &str = "/var/log/containers";

/// Returns the namespace and the name of the pod with a uid.
pub(super) fn pod(names: &[String], uid: &str) -> Option<Names> {
    let of_pod = |name: &String| {
        let (rest, found) = name.rsplit_once('_')?;
        let (namespace, pod) = rest.split_once('_')?;
        (found == uid).then(|| Names {
            namespace: text(Some(namespace.to_owned())),
            pod: text(Some(pod.to_owned())),
            ..Names::default()
        })
    };
    names.iter().find_map(of_pod)
}

/// Returns the names of the container with an id.
pub(super) fn container(names: &[String], id: &str) -> Option<Names> {
    let of_container = |name: &String| {
        let rest = name.strip_suffix(".log")?.strip_suffix(id)?;
        let mut parts = rest.strip_suffix('-')?.splitn(3, '_');
        let mut next = || text(parts.next().map(str::to_owned));
        Some(Names {
            pod: next(),
            namespace: next(),
            name: next(),
            ..Names::default()
        })
    };
    names.iter().find_map(of_container)
}

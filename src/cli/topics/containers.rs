//! `help containers`: where the names of containers come from.

use crate::cli::page::Page;

/// Runtimes, and the files that name their containers.
const RUNTIMES: [(&str, &str); 7] = [
    (
        "docker",
        "/var/lib/docker/containers/ID/config.v2.json; data-root of /etc/docker/daemon.json; \
         ~/.local/share/docker of a user",
    ),
    (
        "podman",
        "containers.json and volatile-containers.json in /var/lib/containers/storage and /run/containers/storage; \
         ~/.local/share/containers/storage of a user",
    ),
    (
        "containerd",
        "NAMESPACE/ID/config.json in /run/containerd/io.containerd.runtime.v2.task, also those of k3s, k0s and microk8s. \
         nerdctl and Kubernetes write names there. A container of ctr is recognized by this file alone: its control group, \
         /NAMESPACE/NAME, proves nothing",
    ),
    (
        "cri-o",
        "overlay-containers/ID/userdata/config.json in the storage",
    ),
    (
        "lxc",
        "no file: the control group has the name. Also LXD and Incus",
    ),
    ("systemd-nspawn", "no file: the control group has the name"),
    (
        "machine",
        "/run/systemd/machines/NAME, for other containers that systemd lists",
    ),
];

/// Writes how containers are found and named.
pub fn write(page: &mut Page) {
    page.paragraph(
        "The path of a control group has the id of a container, in cgroup 1 and 2. Its name, image, pod and Compose service are \
         in files of its runtime. sockwatch reads each once and asks no daemon. Most of these files are readable for root only; \
         CAP_DAC_READ_SEARCH replaces root. A file that cannot be read is listed by ! in the dashboard, and the container has its \
         id in place of a name.",
    );
    page.heading("COLUMNS AND CONDITIONS");
    page.paragraph(
        "container, image, pod, namespace, runtime and unit are columns and can be used in filters; t in the dashboard groups by them. workload is what the dashboard \
         shows: payments/api-7c9/app for a container of a pod, web for another one, else the systemd unit. A socket is in the \
         container of its own control group, or else in that of its owner, which also holds for TIME-WAIT and closed sockets. \
         Recordings keep the names.",
    );
    page.code(
        "sockwatch list -ta container web
sockwatch list -ta 'namespace payments and pod = api-*'
sockwatch list -tl --columns local,process,workload,image",
    );
    page.heading("RUNTIMES");
    page.terms(RUNTIMES);
    page.paragraph(
        "Without a file of its runtime, a pod's container has the names of its logs in /var/log/containers and /var/log/pods.",
    );
    page.paragraph(
        "Podman keeps the names of pods only in its database, which sockwatch does not read: a pod of Podman has its id, from the \
         control group. It has none if the pod has no control group of its own, as with --infra=false, --share-parent=false or \
         --cgroups=disabled. A container of ctr in a control group of another name (ctr run --cgroup) is not recognized, unless that \
         has an id of 64 digits.",
    );
    page.heading("NESTED CONTAINERS");
    page.paragraph(
        "If a container runs a runtime of its own, as kind and Docker in Docker do, the innermost container counts. Its files are \
         read through a process of the outer one that has sockets. The page of a process shows both.",
    );
}

//! Parses the path of a control group: systemd unit, slice and session, containers and pod.
//!
//! Runtimes and systemd name the directories of control groups, in cgroup 1 and 2 alike:
//!
//! | Path | Named by |
//! |---|---|
//! | `/system.slice/docker-ID.scope`, `/docker/ID` | Docker, with the driver systemd or cgroupfs |
//! | `/machine.slice/libpod-ID.scope/container`, `/libpod_parent/libpod-ID`, `…/libpod-payload-ID` | Podman |
//! | `/machine.slice/machine-libpod_pod_PODID.slice/libpod-ID.scope`, `/libpod_parent/PODID/libpod-ID` | Podman, in a pod |
//! | `/system.slice/nerdctl-ID.scope`, `/default/ID` | nerdctl |
//! | `/NAMESPACE/NAME` | `ctr` of containerd; such a path proves nothing, see [`TaskInPath`] |
//! | `/kubepods.slice/…/kubepods-burstable-podUID.slice/cri-containerd-ID.scope`, `/kubepods/burstable/podUID/ID` | containerd |
//! | `…/kubepods-podUID.slice/crio-ID.scope`, `/kubepods/podUID/crio-ID` | CRI-O |
//! | `…/containerd.service/kubepods-podUID.slice:cri-containerd:ID` | containerd, if its driver is not that of the kubelet |
//! | `/lxc.payload.NAME`, `/lxc/NAME` | LXC, LXD, Incus |
//! | `/machine.slice/systemd-nspawn@NAME.service/payload`, `/machine.slice/machine-NAME.scope` | systemd |
//!
//! A container may run a runtime of its own (kind, Docker in Docker), whose paths then follow: the last one is the
//! innermost.

use std::borrow::Cow;

use super::container::Runtime;

/// Suffixes of the units of systemd that have processes.
const UNIT_SUFFIXES: [&str; 5] = [".service", ".scope", ".socket", ".mount", ".swap"];

/// Number of hexadecimal digits of a container's id.
const ID_DIGITS: usize = 64;

/// Prefixes of a container's group, before its id. Those of helpers, such as `libpod-conmon-`, are not among them: a helper
/// runs outside of the container.
const PREFIXES: [(&str, Runtime); 7] = [
    ("docker", Runtime::Docker),
    ("libpod-payload", Runtime::Podman),
    ("libpod", Runtime::Podman),
    ("cri-containerd", Runtime::Containerd),
    ("nerdctl", Runtime::Containerd),
    ("crio", Runtime::CriO),
    ("containerd", Runtime::Containerd),
];

/// Parent of the groups of Podman, with the driver cgroupfs.
const PODMAN_PARENT: &str = "libpod_parent";

/// Maximum length of the names of containerd, bytes. containerd: `pkg/identifiers`.
const MAX_TASK_NAME: usize = 76;

/// Group next to that of a container's processes, for the program that runs it. systemd: `nspawn-cgroup.c`.
const SUPERVISOR: &str = "supervisor";

/// Prefix of the machines that libvirt registers for virtual machines, which are no containers.
const VIRTUAL_MACHINE: &str = "qemu-";

/// A container in a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContainerInPath<'a> {
    /// Runtime, if the path says it.
    pub runtime: Option<Runtime>,
    /// Id: 64 hexadecimal digits, or the name for LXC, machines and `ctr`.
    pub id: Cow<'a, str>,
    /// Unique id of the pod: with dashes in Kubernetes, 64 hexadecimal digits in Podman.
    pub pod_uid: Option<String>,
    /// Length of the path up to the container's group.
    pub end: usize,
}

/// A group that is named as `ctr` names those of its containers: `/NAMESPACE/NAME`. Any program may make such a group; it is
/// a container only if containerd has a task of that name. Both names are valid ones of containerd.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TaskInPath<'a> {
    /// Namespace of containerd, such as `default` or `k8s.io`.
    pub namespace: &'a str,
    /// Name of the container in it.
    pub name: &'a str,
    /// Length of the path up to the container's group.
    pub end: usize,
}

/// The parts of a path.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CgroupPath<'a> {
    /// Innermost systemd unit, such as `nginx.service`.
    pub unit: Option<&'a str>,
    /// Innermost slice, such as `system.slice`.
    pub slice: Option<&'a str>,
    /// Number of the login session.
    pub session: Option<&'a str>,
    /// User of the session or of the user manager.
    pub uid: Option<u32>,
    /// Containers, the outermost first.
    pub containers: Vec<ContainerInPath<'a>>,
    /// A possible container of `ctr`: the first two components, or those in the innermost container.
    pub task: Option<TaskInPath<'a>>,
    /// Length of the path up to the unit.
    unit_end: usize,
}

/// Iterates over the components of a path, each with the length of the path up to it.
fn components(path: &str) -> impl DoubleEndedIterator<Item = (&str, usize)> + Clone {
    let begin = path.as_ptr().addr();
    let parts = path.split('/').filter(|part| !part.is_empty());
    parts.map(move |part| (part, part.as_ptr().addr() - begin + part.len()))
}

fn is_unit(part: &str) -> bool {
    UNIT_SUFFIXES
        .iter()
        .any(|suffix| part.len() > suffix.len() && part.ends_with(suffix))
}

/// Returns the innermost systemd unit of a path, such as `nginx.service` of `/system.slice/nginx.service/worker`.
pub fn unit_of_cgroup(path: &str) -> Option<&str> {
    let mut parts = path.rsplit('/');
    parts.find(|part| is_unit(part))
}

/// Returns the last component of a path; `None` for the root.
pub fn last_of_cgroup(path: &str) -> Option<&str> {
    path.rsplit('/').find(|part| !part.is_empty())
}

impl<'a> CgroupPath<'a> {
    /// Parses a path.
    pub fn parse(path: &'a str) -> CgroupPath<'a> {
        let mut parsed = CgroupPath::default();
        let mut before = "";
        let mut is_kubernetes = false;
        let mut pod_uid = None;
        let mut depth = 0;
        let mut parts = components(path).peekable();
        while let Some((part, end)) = parts.next() {
            let next = parts.peek().map(|(next, _)| *next);
            parsed.add_names(part, end);
            is_kubernetes |= part.contains("kubepods");
            let pod = pod_of(part, is_kubernetes);
            if pod.is_some() {
                pod_uid = pod;
            }
            depth += 1;
            if depth == 2 {
                parsed.task = task_of(before, part, end);
            }
            if let Some(pod) = pod_of_podman(part, before, next) {
                pod_uid = Some(pod.to_owned());
            } else if let Some((runtime, id)) = container_of(part, before, next) {
                parsed.containers.push(ContainerInPath {
                    runtime,
                    id,
                    pod_uid: pod_uid.take(),
                    end,
                });
                is_kubernetes = false;
                (parsed.task, depth) = (None, 0);
            }
            before = part;
        }
        parsed
    }

    fn add_names(&mut self, part: &'a str, end: usize) {
        if is_unit(part) {
            self.unit = Some(part);
            self.unit_end = end;
        } else if part.strip_suffix(".slice").is_some() && !part.contains(':') {
            self.slice = Some(part);
        }
        let user = part.strip_prefix("user-");
        let user = user.and_then(|user| user.strip_suffix(".slice"));
        let manager = || part.strip_prefix("user@")?.strip_suffix(".service");
        if let Some(uid) = user.or_else(manager).and_then(|user| user.parse().ok()) {
            self.uid = Some(uid);
        }
        let session = part.strip_prefix("session-");
        if let Some(session) = session.and_then(|session| session.strip_suffix(".scope")) {
            self.session = Some(session);
        }
    }

    /// Returns the unit inside of the innermost container, as there is in one that runs systemd.
    pub fn unit_in_container(&self) -> Option<&'a str> {
        let end = self.containers.last()?.end;
        self.unit.filter(|_| self.unit_end > end)
    }
}

/// Returns the unique id of the pod to which a group belongs. The systemd driver replaces its dashes, which separate the
/// levels of slices.
fn pod_of(part: &str, is_kubernetes: bool) -> Option<String> {
    let (part, _) = part.split_once(':').unwrap_or((part, ""));
    let part = part.strip_suffix(".slice").unwrap_or(part);
    let uid = if part.contains("kubepods") {
        part.rsplit_once("-pod")?.1
    } else {
        part.strip_prefix("pod").filter(|_| is_kubernetes)?
    };
    let is_uid = (32..=36).contains(&uid.len())
        && uid
            .bytes()
            .all(|byte| byte.is_ascii_hexdigit() || matches!(byte, b'-' | b'_'));
    is_uid.then(|| uid.replace('_', "-"))
}

/// Returns the id of the pod of Podman to which a group belongs, given the components before and after it. With the driver
/// cgroupfs, it is named like a container; the containers of the pod are in it. Podman: `platformMakePod`.
fn pod_of_podman<'a>(part: &'a str, before: &str, next: Option<&str>) -> Option<&'a str> {
    if let Some(slice) = part.strip_suffix(".slice") {
        let (_, id) = slice.rsplit_once("-libpod_pod_")?;
        return is_id(id).then_some(id);
    }
    let is_of_podman = |next: &str| next.strip_prefix("libpod-").is_some_and(is_id);
    let is_parent =
        before == PODMAN_PARENT || (before != "docker" && next.is_some_and(is_of_podman));
    (is_parent && is_id(part)).then_some(part)
}

/// Returns the task of containerd whose group two components may be.
fn task_of<'a>(namespace: &'a str, name: &'a str, end: usize) -> Option<TaskInPath<'a>> {
    // systemd names what is on the top level of its hosts, and no container.
    let is_of_systemd = is_unit(namespace) || namespace.strip_suffix(".slice").is_some();
    let is_it = !is_of_systemd && is_task_name(namespace) && is_task_name(name);
    is_it.then_some(TaskInPath {
        namespace,
        name,
        end,
    })
}

/// Reports whether a text is a valid name of containerd: letters and digits, with single separators between them.
fn is_task_name(text: &str) -> bool {
    let is_part =
        |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric());
    text.len() <= MAX_TASK_NAME && text.split(['.', '_', '-']).all(is_part)
}

fn is_id(text: &str) -> bool {
    text.len() == ID_DIGITS && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Returns the runtime and id of the container whose group a component is, given the components before and after it.
fn container_of<'a>(
    part: &'a str,
    before: &str,
    next: Option<&str>,
) -> Option<(Option<Runtime>, Cow<'a, str>)> {
    let name = part.strip_suffix(".scope").unwrap_or(part);
    if is_id(name) && name.len() == part.len() {
        let runtime = (before == "docker").then_some(Runtime::Docker);
        return Some((runtime, Cow::Borrowed(name)));
    }
    for (prefix, runtime) in PREFIXES {
        let after = name.strip_prefix(prefix);
        if let Some(id) = after.and_then(|id| id.strip_prefix('-'))
            && is_id(id)
        {
            return Some((Some(runtime), Cow::Borrowed(id)));
        }
    }
    // A path for the systemd driver that the cgroupfs driver took literally: SLICE:PREFIX:ID.
    if let Some((rest, id)) = part.rsplit_once(':')
        && is_id(id)
    {
        let prefix = rest.rsplit_once(':').map_or(rest, |(_, prefix)| prefix);
        let known = PREFIXES.iter().find(|(known, _)| *known == prefix);
        return Some((known.map(|(_, runtime)| *runtime), Cow::Borrowed(id)));
    }
    let lxc = part.strip_prefix("lxc.payload.");
    let lxc = lxc.or((before == "lxc" || before == "lxc.payload").then_some(part));
    if let Some(name) = lxc.filter(|name| !name.is_empty()) {
        return Some((Some(Runtime::Lxc), Cow::Borrowed(name)));
    }
    if next == Some(SUPERVISOR) {
        return None;
    }
    let nspawn = part.strip_prefix("systemd-nspawn@");
    if let Some(name) = nspawn.and_then(|name| name.strip_suffix(".service")) {
        // The unit itself has only systemd-nspawn.
        return next.map(|_| (Some(Runtime::Nspawn), unescaped(name)));
    }
    let machine = part.strip_prefix("machine-")?.strip_suffix(".scope")?;
    let machine = unescaped(machine);
    (!machine.starts_with(VIRTUAL_MACHINE)).then_some((Some(Runtime::Machine), machine))
}

/// Replaces the escapes of a unit's name: `\x2d` for a dash. systemd: `unit_name_escape`.
fn unescaped(name: &str) -> Cow<'_, str> {
    if !name.contains("\\x") {
        return Cow::Borrowed(name);
    }
    let mut bytes = Vec::with_capacity(name.len());
    let mut rest = name.as_bytes();
    while let [first, after @ ..] = rest {
        let digits = after.strip_prefix(b"x").and_then(|digits| digits.get(..2));
        let digits = digits.filter(|_| *first == b'\\');
        let escaped = digits
            .and_then(|digits| std::str::from_utf8(digits).ok())
            .and_then(|digits| u8::from_str_radix(digits, 16).ok());
        bytes.push(escaped.unwrap_or(*first));
        rest = match escaped {
            Some(_) => rest.get(4..).unwrap_or(&[]),
            None => after,
        };
    }
    Cow::Owned(String::from_utf8_lossy(&bytes).into_owned())
}

#[cfg(test)]
mod tests;

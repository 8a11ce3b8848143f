//! Parses the path of a control group: systemd unit, slice and session, containers and pod.
//!
//! Runtimes and systemd name the directories of control groups, in cgroup 1 and 2 alike:
//!
//! | Path | Named by |
//! |---|---|
//! | `/system.slice/docker-ID.scope`, `/docker/ID` | Docker, with the driver systemd or cgroupfs |
//! | `/machine.slice/libpod-ID.scope/container`, `/libpod_parent/libpod-ID`, `…/libpod-payload-ID` | Podman |
//! | `/system.slice/nerdctl-ID.scope`, `/default/ID` | nerdctl |
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

/// Group next to that of a container's processes, for the program that runs it. systemd: `nspawn-cgroup.c`.
const SUPERVISOR: &str = "supervisor";

/// Prefix of the machines that libvirt registers for virtual machines, which are no containers.
const VIRTUAL_MACHINE: &str = "qemu-";

/// A container in a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContainerInPath<'a> {
    /// Runtime, if the path says it.
    pub runtime: Option<Runtime>,
    /// Id: 64 hexadecimal digits, or the name for LXC and machines.
    pub id: Cow<'a, str>,
    /// Unique id of the pod, with dashes.
    pub pod_uid: Option<String>,
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
        let mut parts = components(path).peekable();
        while let Some((part, end)) = parts.next() {
            let next = parts.peek().map(|(next, _)| *next);
            parsed.add_names(part, end);
            is_kubernetes |= part.contains("kubepods");
            let pod = pod_of(part, is_kubernetes);
            if pod.is_some() {
                pod_uid = pod;
            }
            if let Some((runtime, id)) = container_of(part, before, next) {
                parsed.containers.push(ContainerInPath {
                    runtime,
                    id,
                    pod_uid: pod_uid.take(),
                    end,
                });
                is_kubernetes = false;
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
mod tests {
    use super::*;

    const A: &str = "3f2a1b0c9d8e7f6a5b4c3d2e1f0a9b8c7d6e5f4a3b2c1d0e9f8a7b6c5d4e3f2a";
    const B: &str = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
    const UID: &str = "2d3b7a30-5b0e-4c0e-9c57-0a4f6f1b2c3d";
    const UID_IN_SLICE: &str = "2d3b7a30_5b0e_4c0e_9c57_0a4f6f1b2c3d";

    /// A path with `A` and `B` in place of ids, `UID` and `uid` in place of that of a pod.
    fn path(text: &str) -> String {
        text.replace("<A>", A)
            .replace("<B>", B)
            .replace("<UID>", UID)
            .replace("<uid>", UID_IN_SLICE)
    }

    /// Runtime, id and whether it is in the pod, of each container in a path.
    fn containers(text: &str) -> Vec<(Option<Runtime>, String, bool)> {
        let path = path(text);
        let found = CgroupPath::parse(&path).containers;
        let found = found.into_iter().map(|container| {
            let pod = container.pod_uid.inspect(|uid| assert_eq!(uid, UID));
            let id = container.id.replace(A, "A").replace(B, "B");
            (container.runtime, id, pod.is_some())
        });
        found.collect()
    }

    #[test]
    fn containers_are_found_in_the_paths_of_every_runtime() {
        use Runtime::{Containerd, CriO, Docker, Lxc, Machine, Nspawn, Podman};
        for (text, runtime, id, in_pod) in [
            ("/system.slice/docker-<A>.scope", Some(Docker), "A", false),
            ("/docker/<A>", Some(Docker), "A", false),
            ("/docker/<A>/init", Some(Docker), "A", false),
            ("/actions_job/<A>", None, "A", false),
            (
                "/user.slice/user-1000.slice/user@1000.service/user.slice/docker-<A>.scope",
                Some(Docker),
                "A",
                false,
            ),
            ("/machine.slice/libpod-<A>.scope", Some(Podman), "A", false),
            (
                "/machine.slice/libpod-<A>.scope/container",
                Some(Podman),
                "A",
                false,
            ),
            ("/libpod_parent/libpod-<A>", Some(Podman), "A", false),
            (
                "/machine.slice/machine-libpod_pod_<B>.slice/libpod-<A>.scope/container",
                Some(Podman),
                "A",
                false,
            ),
            (
                "/system.slice/web.service/libpod-payload-<A>",
                Some(Podman),
                "A",
                false,
            ),
            (
                "/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-<A>.scope/container",
                Some(Podman),
                "A",
                false,
            ),
            (
                "/system.slice/nerdctl-<A>.scope",
                Some(Containerd),
                "A",
                false,
            ),
            ("/default/<A>", None, "A", false),
            (
                "/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod<uid>.slice/cri-containerd-<A>.scope",
                Some(Containerd),
                "A",
                true,
            ),
            (
                "/kubepods.slice/kubepods-pod<uid>.slice/crio-<A>.scope",
                Some(CriO),
                "A",
                true,
            ),
            (
                "/kubepods.slice/kubepods-pod<uid>.slice/crio-<A>.scope/container",
                Some(CriO),
                "A",
                true,
            ),
            (
                "/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod<uid>.slice/docker-<A>.scope",
                Some(Docker),
                "A",
                true,
            ),
            ("/kubepods/burstable/pod<UID>/<A>", None, "A", true),
            (
                "/kubepods/besteffort/pod<UID>/crio-<A>",
                Some(CriO),
                "A",
                true,
            ),
            (
                "/system.slice/containerd.service/kubepods-burstable-pod<uid>.slice:cri-containerd:<A>",
                Some(Containerd),
                "A",
                true,
            ),
            ("/system.slice:docker:<A>", Some(Docker), "A", false),
            ("/lxc.payload.web", Some(Lxc), "web", false),
            (
                "/lxc.payload.web/system.slice/nginx.service",
                Some(Lxc),
                "web",
                false,
            ),
            (
                "/lxc/101/ns/system.slice/nginx.service",
                Some(Lxc),
                "101",
                false,
            ),
            (
                "/machine.slice/systemd-nspawn@web.service/payload",
                Some(Nspawn),
                "web",
                false,
            ),
            (
                "/machine.slice/systemd-nspawn@my\\x2dweb.service/payload/system.slice/x.service",
                Some(Nspawn),
                "my-web",
                false,
            ),
            (
                "/machine.slice/machine-my\\x2dweb.scope/payload",
                Some(Machine),
                "my-web",
                false,
            ),
        ] {
            let expected = vec![(runtime, id.to_owned(), in_pod)];
            assert_eq!(containers(text), expected, "{text}");
        }
    }

    #[test]
    fn helpers_of_runtimes_and_similar_names_are_no_containers() {
        for text in [
            "/",
            "",
            "/system.slice/docker.service",
            "/system.slice/docker-volumes.service",
            "/machine.slice/libpod-conmon-<A>.scope",
            "/system.slice/crio-conmon-<A>.scope",
            "/lxc.monitor.web",
            "/lxc.pivot",
            "/lxc",
            "/lxc.payload.",
            "/machine.slice/systemd-nspawn@web.service",
            "/machine.slice/systemd-nspawn@web.service/supervisor",
            "/machine.slice/machine-web.scope/supervisor",
            "/machine.slice/machine-qemu\\x2d1\\x2dvm.scope/libvirt/emulator",
            "/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod<uid>.slice",
            "/kubepods/burstable/pod<UID>",
            "/build/<A>0",
            "/build/z<A>",
            "/other-<A>.scope",
            "/<A>.scope",
        ] {
            assert_eq!(containers(text), [], "{text}");
        }
    }

    #[test]
    fn the_innermost_of_nested_containers_is_the_last() {
        use Runtime::{Containerd, Docker, Lxc};
        let docker = (Some(Docker), "A".to_owned(), false);
        for (text, inner) in [
            (
                "/docker/<A>/docker/<B>",
                (Some(Docker), "B".to_owned(), false),
            ),
            (
                "/docker/<A>/kubelet/kubepods/besteffort/pod<UID>/<B>",
                (None, "B".to_owned(), true),
            ),
            (
                "/system.slice/docker-<A>.scope/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-besteffort.slice/kubelet-kubepods-besteffort-pod<uid>.slice/cri-containerd-<B>.scope",
                (Some(Containerd), "B".to_owned(), true),
            ),
        ] {
            assert_eq!(containers(text), [docker.clone(), inner], "{text}");
        }
        let in_lxc = [
            (Some(Lxc), "web".to_owned(), false),
            (Some(Docker), "A".to_owned(), false),
        ];
        assert_eq!(containers("/lxc.payload.web/docker/<A>"), in_lxc);
        // The pod of the outer one is not that of the inner one.
        let in_pod = [
            (None, "A".to_owned(), true),
            (Some(Docker), "B".to_owned(), false),
        ];
        assert_eq!(containers("/kubepods/pod<UID>/<A>/docker/<B>"), in_pod);
    }

    #[test]
    fn units_slices_and_sessions_are_found() {
        let parsed = |text: &'static str| {
            let parsed = CgroupPath::parse(text);
            (parsed.unit, parsed.slice, parsed.session, parsed.uid)
        };
        for (text, expected) in [
            (
                "/system.slice/nginx.service",
                (Some("nginx.service"), Some("system.slice"), None, None),
            ),
            (
                "/system.slice/nginx.service/worker",
                (Some("nginx.service"), Some("system.slice"), None, None),
            ),
            ("/init.scope", (Some("init.scope"), None, None, None)),
            (
                "/user.slice/user-1000.slice/session-3.scope",
                (
                    Some("session-3.scope"),
                    Some("user-1000.slice"),
                    Some("3"),
                    Some(1000),
                ),
            ),
            (
                "/user.slice/user-1000.slice/user@1000.service/app.slice/app-vim.scope",
                (Some("app-vim.scope"), Some("app.slice"), None, Some(1000)),
            ),
            ("/docker/abc", (None, None, None, None)),
            ("/a/.service", (None, None, None, None)),
        ] {
            assert_eq!(parsed(text), expected, "{text}");
            assert_eq!(unit_of_cgroup(text), expected.0, "{text}");
        }
        assert_eq!(last_of_cgroup("/docker/abc/"), Some("abc"));
        assert_eq!(last_of_cgroup("/"), None);
        let inside = "/lxc/web/system.slice/nginx.service";
        assert_eq!(
            CgroupPath::parse(inside).unit_in_container(),
            Some("nginx.service")
        );
        let outside = path("/system.slice/docker-<A>.scope/x");
        assert_eq!(CgroupPath::parse(&outside).unit_in_container(), None);
    }

    #[test]
    fn escapes_are_replaced_and_others_are_kept() {
        for (name, expected) in [
            ("a\\x2db", "a-b"),
            ("a\\x2", "a\\x2"),
            ("\\xzz\\x2d", "\\xzz-"),
            ("\\x\\x2d", "\\x-"),
            ("\\xff", "\u{fffd}"),
            ("ü\\x2dü", "ü-ü"),
        ] {
            assert_eq!(unescaped(name), expected, "{name}");
        }
    }
}

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

#[test]
fn a_container_of_podman_is_in_its_pod() {
    for (text, pod) in [
        (
            "/machine.slice/machine-libpod_pod_<B>.slice/libpod-<A>.scope/container",
            Some(B),
        ),
        (
            "/user.slice/user-1000.slice/user@1000.service/user.slice/user-libpod_pod_<B>.slice/libpod-<A>.scope",
            Some(B),
        ),
        ("/libpod_parent/<B>/libpod-<A>", Some(B)),
        ("/jobs/<B>/libpod-<A>", Some(B)),
        ("/libpod_parent/libpod-<A>", None),
        (
            "/machine.slice/machine-libpod_pod_7.slice/libpod-<A>.scope",
            None,
        ),
    ] {
        let path = path(text);
        let found = CgroupPath::parse(&path).containers;
        let [container] = found.as_slice() else {
            panic!("{text}: {found:?}");
        };
        assert_eq!(container.id, A, "{text}");
        assert_eq!(container.runtime, Some(Runtime::Podman), "{text}");
        assert_eq!(container.pod_uid.as_deref(), pod, "{text}");
    }
    // The program that runs a container of a pod is in no container.
    assert_eq!(containers("/libpod_parent/<B>/conmon"), []);
    // A container of Docker in which Podman runs is no pod.
    let nested = path("/docker/<B>/libpod-<A>");
    assert_eq!(CgroupPath::parse(&nested).containers.len(), 2);
}

#[test]
fn what_may_be_a_task_has_valid_names() {
    let long = "x".repeat(76);
    let longer = "x".repeat(77);
    for (text, expected) in [
        ("/default/web", Some(("default", "web", 12))),
        ("/k8s.io/web-1_a.b/init", Some(("k8s.io", "web-1_a.b", 17))),
        ("/docker/<A>/default/web", Some(("default", "web", 84))),
        ("/default", None),
        ("/", None),
        ("/default/<A>", None),
        ("/docker/<A>", None),
        ("/docker/<A>/init", None),
        ("/system.slice/nginx.service", None),
        ("/init.scope/x", None),
        ("/../web", None),
        ("/default/..", None),
        ("/default/.web", None),
        ("/default/web-", None),
        ("/default/a--b", None),
        ("/default/ü", None),
        ("/default/a\0b", None),
        ("/default/a\\x2d", None),
    ] {
        let path = path(text);
        let found = CgroupPath::parse(&path).task;
        let found = found.map(|task| (task.namespace, task.name, task.end));
        assert_eq!(found, expected, "{text}");
    }
    for (name, is_it) in [(&long, true), (&longer, false)] {
        let path = format!("/{name}/web");
        assert_eq!(CgroupPath::parse(&path).task.is_some(), is_it);
        let path = format!("/default/{name}");
        assert_eq!(CgroupPath::parse(&path).task.is_some(), is_it);
    }
}

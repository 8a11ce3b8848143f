use std::fmt::Write as _;
use std::fs;
use std::os::unix::fs::symlink;

use super::*;
use crate::model::{Process, ProcessKey, ProcessRow};

const UID: &str = "2d3b7a30-5b0e-4c0e-9c57-0a4f6f1b2c3d";

/// The id of a container of the fixtures: its name in hexadecimal.
fn id(name: &str) -> String {
    let mut id = String::new();
    for byte in name.bytes() {
        write!(id, "{byte:02x}").unwrap();
    }
    format!("{id:0<64}")
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &to);
        } else {
            fs::copy(entry.path(), to).unwrap();
        }
    }
}

/// A copy of the fixtures, which belongs to this user, with a resolver.
struct Host {
    directory: tempfile::TempDir,
    containers: Containers,
    now: u64,
}

impl Host {
    fn new() -> Host {
        let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/containers");
        let directory = tempfile::tempdir().unwrap();
        let (root, proc_root) = (directory.path().join("host"), directory.path().join("proc"));
        copy(&fixtures.join("host"), &root);
        copy(&fixtures.join("node"), &proc_root.join("77/root"));
        let uid = rustix::process::getuid().as_raw();
        let passwd = format!("broken\n:\nalice:x:{uid}:100:Alice:/home/alice:/bin/sh\n");
        fs::write(root.join("etc/passwd"), passwd).unwrap();
        Host {
            containers: Containers::new(&proc_root, &root),
            directory,
            now: 1,
        }
    }

    fn file(&self, path: &str) -> PathBuf {
        self.directory.path().join("host").join(path)
    }

    /// Resolves the containers of sockets in some cgroups, `seconds` later.
    fn after(&mut self, seconds: u64, paths: &[&str]) -> Sample {
        self.now += seconds * 1_000_000_000;
        let mut sample = Sample {
            monotonic_ns: self.now,
            ..Sample::default()
        };
        for (id, path) in (2..).zip(paths) {
            sample.cgroups.insert(id, (*path).into());
        }
        // A process in the node, through which its files are found.
        let mut process = Process::new(ProcessKey {
            pid: 77,
            start_time: 1,
        });
        let node = format!("/docker/{}/system.slice/kubelet.service", id("kind-node"));
        process.cgroup = Some(node.as_str().into());
        sample.processes.push(ProcessRow::new(Arc::new(process)));
        self.containers.resolve(&mut sample);
        sample.containers.remove(node.as_str());
        sample
    }

    /// The container of a cgroup, as text.
    fn found(&mut self, path: &str) -> String {
        let sample = self.after(1, &[path]);
        let container = sample.containers.get(path);
        container.map_or_else(String::new, |container| {
            let runtime = container.runtime.map_or("-", Runtime::name);
            let image = container.image.as_deref().unwrap_or("-");
            let mut text = format!("{runtime} {} {image}", container.label());
            for part in [&container.project, &container.service]
                .into_iter()
                .flatten()
            {
                write!(text, " {part}").unwrap();
            }
            for outer in container.outers() {
                write!(text, " in {}", outer.label()).unwrap();
            }
            if let Some(uid) = container.pod.as_ref().and_then(|pod| pod.uid.as_deref()) {
                write!(
                    text,
                    " {}",
                    uid.replace(UID, "UID").replace(&id("pod"), "POD")
                )
                .unwrap();
            }
            text
        })
    }
}

use crate::model::Runtime;

#[test]
fn names_are_found_in_the_files_of_every_runtime() {
    let mut host = Host::new();
    let user = rustix::process::getuid().as_raw();
    let pod = format!(
        "/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod{}.slice",
        UID.replace('-', "_")
    );
    let rootless = format!("/user.slice/user-{user}.slice/user@{user}.service/user.slice");
    for (path, expected) in [
        (
            format!("/system.slice/docker-{}.scope", id("docker-web")),
            "docker web nginx:1.25",
        ),
        (
            format!("/docker/{}", id("docker-web")),
            "docker web nginx:1.25",
        ),
        // The parent of its group was chosen by a user: only the file says that it is Docker's.
        (
            format!("/jobs/{}", id("docker-web")),
            "docker web nginx:1.25",
        ),
        (
            format!("/docker/{}", id("compose")),
            "docker shop-front-1 shop/front:2 shop front",
        ),
        (format!("/docker/{}", id("moved")), "docker moved redis:7"),
        (
            format!("{rootless}/docker-{}.scope", id("rootless-docker")),
            "docker rootless nginx:latest",
        ),
        (
            format!("{pod}/docker-{}.scope", id("cri-dockerd")),
            "docker payments/api-7c9/app registry.k8s.io/app@sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb UID",
        ),
        (
            format!("/machine.slice/libpod-{}.scope/container", id("podman-web")),
            "podman web docker.io/library/nginx:latest",
        ),
        (
            format!("/libpod_parent/libpod-{}", id("podman-vfs")),
            "podman old localhost/old:latest",
        ),
        (
            format!("/machine.slice/libpod-{}.scope", id("podman-volatile")),
            "podman once docker.io/library/alpine:3",
        ),
        // The group of a pod is named like that of a container, and is none.
        (
            format!("/libpod_parent/{}/libpod-{}", id("pod"), id("podman-pod")),
            "podman shop-app localhost/bb:latest POD",
        ),
        (
            format!(
                "/machine.slice/machine-libpod_pod_{}.slice/libpod-{}.scope/container",
                id("pod"),
                id("podman-pod")
            ),
            "podman shop-app localhost/bb:latest POD",
        ),
        (format!("/libpod_parent/{}/conmon", id("pod")), ""),
        (
            format!(
                "{rootless}/libpod-{}.scope/container",
                id("rootless-podman")
            ),
            "podman blog docker.io/library/ghost:5",
        ),
        (
            format!("{pod}/cri-containerd-{}.scope", id("cri")),
            "containerd payments/api-7c9/app registry.k8s.io/app:1 UID",
        ),
        (
            format!("/kubepods/burstable/pod{UID}/{}", id("cri")),
            "containerd payments/api-7c9/app registry.k8s.io/app:1 UID",
        ),
        (
            format!("{pod}/cri-containerd-{}.scope", id("k3s")),
            "containerd payments/api-7c9/k3s-app k3s/app:1 UID",
        ),
        (
            format!("{pod}/cri-containerd-{}.scope", id("sandbox")),
            "containerd payments/api-7c9/73616e64626f - UID",
        ),
        (
            format!("/system.slice/nerdctl-{}.scope", id("nerdctl")),
            "containerd cache - shop cache",
        ),
        (
            format!("/default/{}", id("nerdctl")),
            "containerd cache - shop cache",
        ),
        ("/default/plain-1".to_owned(), "containerd plain-1 -"),
        ("/default/plain-1/init".to_owned(), "containerd plain-1 -"),
        (
            "/k8s.io/k8sc".to_owned(),
            "containerd payments/api-7c9/app registry.example/app:1",
        ),
        // These are named alike, and containerd has no such task, or runs it in another group.
        ("/default/plain-2".to_owned(), ""),
        ("/default/elsewhere".to_owned(), ""),
        ("/jobs/elsewhere".to_owned(), ""),
        ("/jobs/default/plain-1".to_owned(), ""),
        ("/system.slice/default/plain-1".to_owned(), ""),
        ("/default/../default/plain-1".to_owned(), ""),
        ("/default".to_owned(), ""),
        (
            format!("/docker/{}/k8s.io/k8sc", id("kind-node")),
            "docker kind-worker kindest/node:v1.30.0",
        ),
        (
            format!("/docker/{}/default/inner", id("kind-node")),
            "containerd inner - in kind-worker",
        ),
        (
            format!("{pod}/crio-{}.scope", id("crio")),
            "cri-o payments/api-7c9/app quay.io/app:1 UID",
        ),
        (
            format!("/kubepods/pod{UID}/crio-{}", id("crio-listed")),
            "cri-o payments/api-7c9/app quay.io/app:1 UID",
        ),
        (
            format!("{pod}/crio-{}.scope", id("crio-pause")),
            "cri-o payments/api-7c9/6372696f2d70 - UID",
        ),
        (
            format!(
                "/kubepods/besteffort/pod0a1b2c3d-0000-4000-8000-00000000000a/{}",
                id("logs")
            ),
            "- shop/cart-5d8/cart - 0a1b2c3d-0000-4000-8000-00000000000a",
        ),
        // The pod has a directory of logs, but this container has none.
        (
            format!(
                "/kubepods/besteffort/pod0a1b2c3d-0000-4000-8000-00000000000a/{}",
                id("other")
            ),
            "- shop/cart-5d8/6f7468657200 - 0a1b2c3d-0000-4000-8000-00000000000a",
        ),
        (
            format!(
                "/docker/{}/kubelet/kubepods/burstable/pod{UID}/{}",
                id("kind-node"),
                id("nested")
            ),
            "containerd payments/api-7c9/nested-app registry.k8s.io/app:1 in kind-worker UID",
        ),
        // A file of the host is not about a container in the node.
        (
            format!("/docker/{}/docker/{}", id("kind-node"), id("docker-web")),
            "docker 646f636b6572 - in kind-worker",
        ),
        ("/lxc.payload.db".to_owned(), "lxc db -"),
        (
            "/machine.slice/systemd-nspawn@my\\x2dweb.service/payload".to_owned(),
            "systemd-nspawn my-web -",
        ),
        (
            "/machine.slice/machine-my\\x2dweb.scope/payload".to_owned(),
            "systemd-nspawn my-web -",
        ),
        (
            "/machine.slice/machine-other.scope/payload".to_owned(),
            "machine other -",
        ),
        ("/machine.slice/machine-guest.scope".to_owned(), ""),
        (
            "/machine.slice/machine-..\\x2f..\\x2fpasswd.scope".to_owned(),
            "machine ../../passwd -",
        ),
        (
            format!("/docker/{}", id("unknown")),
            "docker 756e6b6e6f77 -",
        ),
        ("/system.slice/nginx.service".to_owned(), ""),
        ("/".to_owned(), ""),
    ] {
        assert_eq!(host.found(&path), expected, "{path}");
    }
    let sample = host.after(1, &[&format!("/docker/{}", id("unknown"))]);
    assert_eq!(sample.faults, [], "a file that is not there is no fault");
}

#[test]
fn a_host_without_runtimes_has_no_fault() {
    let empty = tempfile::tempdir().unwrap();
    let mut containers = Containers::new(Path::new("/nonexistent"), empty.path());
    let mut sample = Sample::default();
    for (at, path) in (1..).zip([
        "/docker/",
        "/libpod_parent/libpod-",
        "/default/",
        "/kubepods/crio-",
    ]) {
        let path = format!("{path}{}", id("x"));
        sample.cgroups.insert(at, path.into());
    }
    containers.resolve(&mut sample);
    assert_eq!(sample.containers.len(), 4);
    assert_eq!(sample.faults, []);
}

#[test]
fn a_container_is_read_once_while_it_is_in_use() {
    let mut host = Host::new();
    let path = format!("/docker/{}", id("docker-web"));
    assert_eq!(host.found(&path), "docker web nginx:1.25");
    let file = host.file(&format!(
        "var/lib/docker/containers/{}/config.v2.json",
        id("docker-web")
    ));
    let changed = fs::read_to_string(&file).unwrap().replace("/web", "/other");
    fs::remove_file(&file).unwrap();
    for _ in 0..200 {
        assert_eq!(host.found(&path), "docker web nginx:1.25");
    }
    fs::write(&file, changed).unwrap();
    let gone = host.after(120, &[]);
    assert!(gone.containers.is_empty());
    assert!(host.found(&path).starts_with("docker other"));
}

#[test]
fn a_name_that_is_written_late_is_found() {
    let mut host = Host::new();
    let path = format!("/docker/{}", id("docker-web"));
    let file = host.file(&format!(
        "var/lib/docker/containers/{}/config.v2.json",
        id("docker-web")
    ));
    let text = fs::read(&file).unwrap();
    fs::remove_file(&file).unwrap();
    assert!(host.found(&path).starts_with("docker 646f"));
    fs::write(&file, text).unwrap();
    host.now += 2_000_000_000;
    host.found(&path);
    assert_eq!(host.found(&path), "docker web nginx:1.25");
}

/// Replaces the file about a container of Docker and returns the fault that follows.
fn fault_of(replace: impl FnOnce(&Path)) -> String {
    let mut host = Host::new();
    let path = format!("/docker/{}", id("docker-web"));
    let name = format!(
        "var/lib/docker/containers/{}/config.v2.json",
        id("docker-web")
    );
    let file = host.file(&name);
    fs::remove_file(&file).unwrap();
    replace(&file);
    let first = host.after(1, &[&path]);
    let second = host.after(1, &[&path]);
    assert_eq!(
        first.faults, second.faults,
        "as long as the container is there"
    );
    assert!(host.after(1, &[]).faults.is_empty(), "no longer");
    let found = &first.containers[path.as_str()];
    assert_eq!(found.name, None);
    let [fault] = first.faults.as_slice() else {
        panic!("{:?}", first.faults);
    };
    assert_eq!(fault.source, "names of docker containers");
    fault.error.replace(&format!("/{name}"), "FILE")
}

#[test]
fn a_hostile_file_is_a_fault() {
    let text = |bytes: Vec<u8>| move |file: &Path| fs::write(file, bytes).unwrap();
    let json = |line, column| {
        format!("cannot read FILE: not the expected JSON, at line {line}, column {column}")
    };
    let deep = format!("{{\"Name\":{}", "[".repeat(100_000));
    let deep_label = format!("{{\"Config\":{{\"Labels\":{{\"x\":{}", "[".repeat(200_000));
    for (bytes, expected) in [
        (deep.into_bytes(), json(1, 8)),
        (b"{\"Name\":\"\xff\xfe\"}".to_vec(), json(1, 10)),
        (b"".to_vec(), json(1, 0)),
        (b"{\"Name\":7}".to_vec(), json(1, 9)),
        (b"{\"Name\":\"secret\"".to_vec(), json(1, 16)),
    ] {
        assert_eq!(fault_of(text(bytes)), expected);
    }
    let error = fault_of(text(deep_label.into_bytes()));
    assert!(
        error.starts_with("cannot read FILE: not the expected JSON"),
        "{error}"
    );
    let error = fault_of(|file| {
        let file = fs::File::create(file).unwrap();
        file.set_len(1 << 40).unwrap();
    });
    assert_eq!(error, "cannot read FILE: larger than 4000 kB");
    let fifo = |file: &Path| {
        let mode = rustix::fs::Mode::RUSR;
        rustix::fs::mknodat(rustix::fs::CWD, file, rustix::fs::FileType::Fifo, mode, 0).unwrap();
    };
    assert_eq!(fault_of(fifo), "cannot read FILE: not a regular file");
    let directory = |file: &Path| fs::create_dir(file).unwrap();
    assert_eq!(fault_of(directory), "cannot read FILE: not a regular file");
    let link = |file: &Path| symlink("/etc/passwd", file).unwrap();
    assert_eq!(fault_of(link), "cannot read FILE: not a regular file");
    let endless = |file: &Path| {
        let parent = file.parent().unwrap();
        fs::remove_dir(parent).unwrap();
        symlink(parent.file_name().unwrap(), parent).unwrap();
    };
    assert_eq!(
        fault_of(endless),
        "cannot read FILE: too many symbolic links"
    );
}

#[test]
fn links_do_not_lead_out_of_the_root() {
    let outside = tempfile::tempdir().unwrap();
    fs::write(
        outside.path().join("config.v2.json"),
        "{\"Name\":\"/outside\"}",
    )
    .unwrap();
    let host = Host::new();
    let path = format!("/docker/{}", id("docker-web"));
    let directory = host.file(&format!("var/lib/docker/containers/{}", id("docker-web")));
    fs::remove_dir_all(&directory).unwrap();
    symlink(outside.path(), &directory).unwrap();
    let mut host = host;
    assert_eq!(host.found(&path), "docker 646f636b6572 -");
    // One that stays within is followed.
    fs::remove_file(&directory).unwrap();
    symlink(
        format!("/srv/docker/containers/{}", id("moved")),
        &directory,
    )
    .unwrap();
    host.now += 10_000_000_000;
    host.found(&path);
    assert_eq!(host.found(&path), "docker moved redis:7");
}

#[test]
fn a_file_in_the_home_of_a_user_must_be_the_users_own() {
    let mut host = Host::new();
    let passwd = "mallory:x:4711:100::/home/alice:/bin/sh\n";
    fs::write(host.file("etc/passwd"), passwd).unwrap();
    let path = format!(
        "/user.slice/user-4711.slice/user@4711.service/libpod-{}.scope",
        id("rootless-podman")
    );
    let sample = host.after(1, &[&path]);
    assert_eq!(sample.containers[path.as_str()].name, None);
    let fault = &sample.faults[0];
    assert_eq!(fault.source, "names of podman containers");
    assert!(
        fault.error.ends_with("it belongs to another user"),
        "{}",
        fault.error
    );
}

#[test]
fn names_that_no_runtime_gives_are_not_used() {
    let mut host = Host::new();
    for (at, name) in [String::new(), "/".to_owned(), "x".repeat(513)]
        .iter()
        .enumerate()
    {
        let id = format!("{at:064x}");
        let directory = host.file(&format!("var/lib/docker/containers/{id}"));
        fs::create_dir(&directory).unwrap();
        let text = format!("{{\"Name\":\"/{name}\",\"Config\":null}}");
        fs::write(directory.join("config.v2.json"), text).unwrap();
        assert_eq!(
            host.found(&format!("/docker/{id}")),
            "docker 000000000000 -"
        );
    }
    // Escape sequences are kept: what is shown is made printable, as every name.
    let id = id("escape");
    let directory = host.file(&format!("var/lib/docker/containers/{id}"));
    fs::create_dir(&directory).unwrap();
    let text = "{\"Name\":\"/a\\u001b[31m\\nb\\u202e\"}";
    fs::write(directory.join("config.v2.json"), text).unwrap();
    assert_eq!(
        host.found(&format!("/docker/{id}")),
        "docker a\u{1b}[31m\nb\u{202e} -"
    );
}

#[test]
fn a_renamed_container_has_its_new_name_within_seconds() {
    let mut host = Host::new();
    let path = format!("/docker/{}", id("docker-web"));
    let before = host.found(&path);
    let file = format!(
        "var/lib/docker/containers/{}/config.v2.json",
        id("docker-web")
    );
    let file = host.file(&file);
    let text = fs::read_to_string(&file).unwrap();
    let config: serde_json::Value = serde_json::from_str(&text).unwrap();
    let name = config["Name"].as_str().unwrap();
    assert!(before.contains(name.trim_start_matches('/')), "{before}");
    // Docker writes another file and renames it.
    let other = file.with_extension("tmp");
    fs::write(&other, text.replace(name, "/storefront")).unwrap();
    fs::rename(&other, &file).unwrap();
    assert_eq!(host.found(&path), before, "it is not examined every time");
    let _ = host.after(5, &[&path]);
    let after = host.found(&path);
    assert!(after.contains("storefront"), "{after}");
    // If the file goes, the last name stays until the container is looked up again.
    fs::remove_file(&file).unwrap();
    assert_eq!(host.found(&path), after);
}

#[test]
fn a_task_is_proven_by_a_file_within_the_root() {
    let path = "/default/plain-1";
    let task = "run/containerd/io.containerd.runtime.v2.task/default/plain-1";
    let config = |name: &str| {
        format!(
            "{{\"annotations\":{{\"nerdctl/name\":\"{name}\"}},\"linux\":{{\"cgroupsPath\":\"{path}\"}}}}"
        )
    };
    // One outside of the root is none, whatever leads there.
    let outside = tempfile::tempdir().unwrap();
    fs::write(outside.path().join("config.json"), config("outside")).unwrap();
    let mut host = Host::new();
    let directory = host.file(task);
    fs::remove_dir_all(&directory).unwrap();
    assert_eq!(host.found(path), "");
    symlink(outside.path(), &directory).unwrap();
    host.now += 120_000_000_000;
    let _ = host.after(1, &[]);
    assert_eq!(host.found(path), "");
    // A file that cannot be read proves nothing, and is reported.
    let mut host = Host::new();
    fs::write(host.file(task).join("config.json"), "{").unwrap();
    let sample = host.after(1, &[path]);
    assert!(sample.containers.is_empty());
    let [fault] = sample.faults.as_slice() else {
        panic!("{:?}", sample.faults);
    };
    assert_eq!(fault.source, "names of containerd containers");
    // The next container of the same name has its own.
    let mut host = Host::new();
    assert_eq!(host.found(path), "containerd plain-1 -");
    let file = host.file(task).join("config.json");
    fs::remove_file(&file).unwrap();
    fs::write(&file, config("next")).unwrap();
    let _ = host.after(5, &[path]);
    assert_eq!(host.found(path), "containerd next -");
}

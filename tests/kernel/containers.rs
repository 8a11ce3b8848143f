//! A container on the real kernel: a process in a control group like that of one, whose names are in a directory of the test's
//! own.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;
use sockwatch::model::{Container, Runtime, Sample, SocketRef, SocketTable};
use sockwatch::source::{LiveOptions, LiveSource, Source as _};

use crate::support::helper_process::{HelperProcess, ROLE};
use crate::support::requirements::{Requirement, cgroup2_directory};
use crate::support::sandbox::Case;
use crate::support::wait;
use crate::{panicking, run};

pub(crate) const CASES: &[Case] = &[panicking(
    "a socket in a container has its names, also once it is closed",
    &[Requirement::Cgroup2],
    names_of_a_container,
)];

/// Writes what Podman writes about a container in a directory of its storage.
pub(crate) fn write_storage(directory: &Path, id: &str) {
    fs::create_dir_all(directory).expect("a directory");
    let entry = serde_json::json!([{
        "id": id,
        "names": ["web"],
        "metadata": "{\"image-name\":\"docker.io/library/nginx:latest\",\"name\":\"web\"}",
    }]);
    fs::write(directory.join("containers.json"), entry.to_string()).expect("written");
}

/// The socket with a cookie.
fn find<'s>(sample: &'s Sample, table: &'s SocketTable, cookie: u64) -> Option<SocketRef<'s>> {
    let mut sockets = table.iter().map(|row| SocketRef::new(sample, table, row));
    sockets.find(|socket| socket.socket.cookie == cookie)
}

fn names_of_a_container() {
    let root = tempfile::tempdir().expect("a directory");
    // Another one for each run, so that several can run at a time.
    let id = format!("{:0<64x}", std::process::id());
    let storage = "var/lib/containers/storage/overlay-containers";
    write_storage(&root.path().join(storage), &id);
    let group = cgroup2_directory().expect("it is writable");
    let group = group.join(format!("libpod-{id}.scope"));
    fs::create_dir(&group).expect("a cgroup");
    let join = format!("echo 0 > {}/cgroup.procs && exec \"$0\"", group.display());
    let mut command = Command::new("sh");
    command
        .args(["-c", &join])
        .arg(std::env::current_exe().expect("it has a path"))
        .env(ROLE, "listen")
        .stdin(Stdio::piped());
    let mut member = HelperProcess::start(command);
    let cookie: u64 = member.read_line().parse().expect("a cookie");

    let mut source = LiveSource::new(LiveOptions {
        file_root: root.path().to_owned(),
        ..LiveOptions::default()
    })
    .expect("sockets can be dumped");
    let mut sample = Sample::default();
    source.next_into(&mut sample).expect("a sample");
    let is_it = |container: Option<&Container>| {
        let container = container.expect("it is in a container");
        assert_eq!(*container.id, *id);
        assert_eq!(container.runtime, Some(Runtime::Podman));
        assert_eq!(container.label(), "web");
        let image = container.image.as_deref();
        assert_eq!(image, Some("docker.io/library/nginx:latest"));
    };
    let socket = find(&sample, &sample.sockets, cookie).expect("it is listed");
    is_it(socket.container());
    let owner = socket.owner().expect("its process is visible");
    is_it(sample.container_of(&owner.process));

    // The program itself looks where runtimes are installed: there, this container has no name.
    let output = run(&["list", "--json", "-tl", "container", &id[..12]]);
    let document: Value = serde_json::from_slice(&output.stdout).expect("it is JSON");
    let listed = document["sockets"].as_array().expect("a list");
    let found = listed.iter().find(|socket| socket["cookie"] == cookie);
    let found = found.expect("the filter lets it through");
    assert_eq!(found["container"]["id"], *id);
    assert_eq!(found["container"]["runtime"], "podman");
    assert_eq!(found["unit"], *format!("libpod-{id}.scope"));
    assert_eq!(found["pod"], Value::Null);

    member.kill();
    // Removed, it keeps its name for what is left of it.
    wait::until("the cgroup is empty", || fs::remove_dir(&group).is_ok());
    wait::until("the listener is reported as closed", || {
        source.next_into(&mut sample).expect("a sample");
        let closed = find(&sample, &sample.closed_sockets, cookie);
        closed.is_some_and(|socket| {
            is_it(socket.container());
            true
        })
    });
}

//! Control groups on a host of cgroup 1, where systemd keeps its units in a hierarchy named `systemd` and sockets belong to
//! no group: in a mount namespace of the test's own, which has that hierarchy and no cgroup 2.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use libtest_mimic::Failed;

use crate::support::helper_process::{HelperProcess, ROLE};
use crate::support::requirements::Requirement;
use crate::support::sandbox::{Case, Isolation};
use crate::{fallible, run, text};

pub(crate) const CASES: &[Case] = &[Case {
    isolation: Isolation::Machine,
    ..fallible(
        "processes have their units, sockets have no group, and a filter for one has that as its error",
        &[Requirement::Cgroup1],
        groups_of_cgroup_1,
    )
}];

/// Runs a command that has to succeed.
fn succeed(program: &str, arguments: &[&str]) -> Result<(), Failed> {
    let output = Command::new(program).args(arguments).output()?;
    if output.status.success() {
        return Ok(());
    }
    Err(format!("{program} {arguments:?}: {}", text(&output.stderr)).into())
}

/// Unmounts the hierarchies of cgroup 2 in this mount namespace.
fn unmount_cgroup2() -> Result<(), Failed> {
    for mount in fs::read_to_string("/proc/self/mounts")?.lines() {
        if let [_, place, "cgroup2", ..] = mount.split(' ').collect::<Vec<_>>()[..] {
            succeed("umount", &["--lazy", place])?;
        }
    }
    Ok(())
}

/// A group that is removed when its processes have ended.
struct Group<'a>(&'a Path);

impl Drop for Group<'_> {
    fn drop(&mut self) {
        let _ = fs::remove_dir(self.0);
    }
}

fn groups_of_cgroup_1() -> Result<(), Failed> {
    unmount_cgroup2()?;
    let directory = tempfile::tempdir()?;
    let root = directory.path().to_str().ok_or("a path of UTF-8")?;
    succeed(
        "mount",
        &["-t", "cgroup", "-o", "none,name=systemd", "cgroup", root],
    )?;
    let unit = format!("sockwatch-test-{}.service", std::process::id());
    let group = directory.path().join(&unit);
    fs::create_dir(&group)?;
    let group = Group(&group);
    let join = format!("echo 0 > {}/cgroup.procs && exec \"$0\"", group.0.display());
    let mut command = Command::new("sh");
    command
        .args(["-c", &join])
        .arg(std::env::current_exe()?)
        .env(ROLE, "listen")
        .stdin(Stdio::piped());
    let mut member = HelperProcess::start(command);
    let cookie: u64 = member.read_line().parse()?;

    // A text is searched for in the unit of the owner as well.
    let by_unit = run(&[
        "list",
        "-tlHn",
        "--columns",
        "cookie,cgroup",
        &format!("\"{unit}\""),
    ]);
    let by_unit = text(&by_unit.stdout);
    let words: Vec<&str> = by_unit.split_whitespace().collect();
    assert_eq!(words, [&format!("{cookie:x}"), "–"], "{by_unit}");
    let by_group = run(&["list", "-tl", &format!("cgroup = /{unit}")]);
    let error = text(&by_group.stderr);
    assert_eq!(by_group.status.code(), Some(2), "{error}");
    assert!(
        error.contains("sockets have no cgroup without a mounted cgroup-2 hierarchy"),
        "{error}"
    );
    member.kill();
    drop(group);
    succeed("umount", &[root])
}

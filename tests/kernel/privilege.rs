//! Capabilities from the file, from an ambient set and of a set-user-ID program: they show the owners of other users'
//! sockets, and open no file that the user may not open.

use std::fs::{self, Permissions};
use std::io::Read as _;
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use libtest_mimic::Failed;
use rustix::fs::XattrFlags;
use tempfile::TempDir;

use super::support::requirements::Requirement::{Root, Setpriv};
use super::support::sandbox::Case;
use super::support::wait::until;
use super::{fallible, text};

pub(super) const CASES: &[Case] = &[
    fallible(
        "file capabilities show the owners of other users' sockets",
        &[Root],
        file_capabilities_show_owners,
    ),
    fallible(
        "ambient capabilities and set-user-id show the owners of other users' sockets",
        &[Root, Setpriv],
        other_ways_show_owners,
    ),
    fallible(
        "file capabilities open no file that the user may not open",
        &[Root],
        file_capabilities_open_no_file,
    ),
    fallible(
        "ambient capabilities and set-user-id open no file that the user may not open",
        &[Root, Setpriv],
        other_ways_open_no_file,
    ),
    fallible(
        "between two samples no capability is effective in any thread",
        &[Root],
        nothing_is_effective_between_samples,
    ),
    fallible(
        "a command that reads a recording has no capability and can get none",
        &[Root],
        readers_have_no_capability,
    ),
];

/// `CAP_DAC_READ_SEARCH`, `CAP_NET_ADMIN` and `CAP_SYS_PTRACE`. Kernel: `include/uapi/linux/capability.h`.
const CAPABILITIES: u32 = 1 << 2 | 1 << 12 | 1 << 19;

/// User and group without rights.
const NOBODY: u32 = 65534;

/// Contents of a file that only root may read.
const SECRET: &str = "the secret of root";

/// A copy of the program in a directory that every user may read, and files that only root may use.
struct Installation {
    directory: TempDir,
    program: PathBuf,
}

impl Installation {
    fn new() -> Result<Installation, Failed> {
        let directory = tempfile::tempdir()?;
        fs::set_permissions(directory.path(), Permissions::from_mode(0o777))?;
        let program = directory.path().join("sockwatch");
        fs::copy(env!("CARGO_BIN_EXE_sockwatch"), &program)?;
        fs::set_permissions(&program, Permissions::from_mode(0o755))?;
        let closed = directory.path().join("closed");
        fs::create_dir(&closed)?;
        fs::set_permissions(&closed, Permissions::from_mode(0o700))?;
        fs::write(closed.join("recording.swr"), SECRET)?;
        let secret = directory.path().join("secret");
        fs::write(&secret, SECRET)?;
        fs::set_permissions(&secret, Permissions::from_mode(0o600))?;
        Ok(Installation { directory, program })
    }

    /// Grants the capabilities to the program file. Kernel: `vfs_cap_data`, revision 2, with the effective flag.
    fn grant(&self) -> Result<(), Failed> {
        let words: [u32; 5] = [0x0200_0000 | 1, CAPABILITIES, 0, 0, 0];
        let value: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
        rustix::fs::setxattr(
            &self.program,
            "security.capability",
            &value,
            XattrFlags::empty(),
        )?;
        Ok(())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// The program, to be run by the user without rights.
    fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        command.uid(NOBODY).gid(NOBODY).stdin(Stdio::null());
        command
    }

    /// The program, to be run by the user without rights but with ambient capabilities.
    fn ambient_command(&self) -> Command {
        let capabilities = "+sys_ptrace,+dac_read_search,+net_admin";
        let mut command = Command::new("setpriv");
        command
            .args(["--reuid", "65534", "--regid", "65534", "--clear-groups"])
            .args(["--inh-caps", capabilities, "--ambient-caps", capabilities])
            .arg(&self.program)
            .stdin(Stdio::null());
        command
    }

    /// Makes the program a set-user-ID program of root, to be run by the user without rights.
    fn set_user_id_command(&self) -> Result<Command, Failed> {
        fs::set_permissions(&self.program, Permissions::from_mode(0o4755))?;
        Ok(self.command())
    }
}

/// Checks that the program names the process that owns a socket of root.
fn expect_owner(mut command: Command) -> Result<(), Failed> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let filter = format!("sport = :{}", listener.local_addr()?.port());
    let output = command.args(["list", "-tlH", "--columns", "process", &filter]);
    let output = output.output()?;
    let shown = text(&output.stdout);
    let own_pid = format!("/{}", std::process::id());
    assert!(shown.contains(&own_pid), "{shown}{}", text(&output.stderr));
    Ok(())
}

fn file_capabilities_show_owners() -> Result<(), Failed> {
    let installation = Installation::new()?;
    installation.grant()?;
    expect_owner(installation.command())
}

fn other_ways_show_owners() -> Result<(), Failed> {
    let installation = Installation::new()?;
    expect_owner(installation.ambient_command())?;
    expect_owner(installation.set_user_id_command()?)
}

/// Checks that each way of naming a file ends with permission denied, one line, and nothing of the contents.
fn expect_denied(
    installation: &Installation,
    command: &dyn Fn() -> Result<Command, Failed>,
) -> Result<(), Failed> {
    let secret = &installation.path("secret");
    let below = &installation.path("closed/recording.swr");
    let new = &installation.path("closed/new");
    let ways: &[&[&dyn AsRef<Path>]] = &[
        &[&"list", &"-F", secret],
        &[&"list", &"-F", below],
        &[&"list", &"--from", secret],
        &[&"list", &"--from", below],
        &[&"events", &"-F", secret],
        &[&"events", &"--from", below],
        &[&"summary", &"--from", secret],
        &[&"info", secret],
        &[&"info", below],
        &[&"export", secret, &"--format", &"jsonl"],
        &[&"replay", below],
        &[&"diagnose", secret],
        &[&"diagnose", &"--config", secret],
        &[&"record", &"-F", secret, &"-o", &"unused.swr"],
        &[&"record", &"--duration", &"1s", &"-o", new],
        &[&"record", &"--duration", &"1s", &"-o", secret, &"--force"],
        &[&"kill", &"--dry-run", &"-F", secret],
    ];
    for way in ways {
        let mut command = command()?;
        command.current_dir(installation.directory.path());
        command.args(way.iter().map(|word| word.as_ref().as_os_str()));
        let Output {
            status,
            stdout,
            stderr,
        } = command.output()?;
        let complaint = text(&stderr);
        assert!(!status.success(), "{command:?}: {complaint}");
        assert!(
            complaint.to_lowercase().contains("permission denied"),
            "{command:?}: {complaint}"
        );
        assert!(
            !complaint.contains(SECRET) && !text(&stdout).contains(SECRET),
            "{command:?} quotes the file: {complaint}"
        );
    }
    assert_eq!(fs::read_to_string(secret)?, SECRET, "nothing was written");
    assert!(!new.exists());
    Ok(())
}

fn file_capabilities_open_no_file() -> Result<(), Failed> {
    let installation = Installation::new()?;
    installation.grant()?;
    expect_denied(&installation, &|| Ok(installation.command()))
}

fn other_ways_open_no_file() -> Result<(), Failed> {
    let installation = Installation::new()?;
    expect_denied(&installation, &|| Ok(installation.ambient_command()))?;
    expect_denied(&installation, &|| installation.set_user_id_command())
}

/// A program that is killed at the end of the test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Returns a field of `/proc/PID/task/TID/status` for each thread.
fn thread_status(pid: u32, field: &str) -> Vec<String> {
    let Ok(threads) = fs::read_dir(format!("/proc/{pid}/task")) else {
        return Vec::new();
    };
    let status = threads
        .flatten()
        .filter_map(|thread| fs::read_to_string(thread.path().join("status")).ok());
    status
        .filter_map(|status| {
            let mut lines = status.lines();
            lines.find_map(|line| Some(line.strip_prefix(field)?.trim().to_owned()))
        })
        .collect()
}

fn nothing_is_effective_between_samples() -> Result<(), Failed> {
    let installation = Installation::new()?;
    installation.grant()?;
    let file = installation.path("own.swr");
    let mut command = installation.command();
    command
        .args(["record", "--interval", "60s", "-o"])
        .arg(&file);
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let running = Running(command.spawn()?);
    let pid = running.0.id();
    // The first sample, which raises capabilities, is in the file once it is longer than its header.
    until("the first sample", || {
        fs::metadata(&file).is_ok_and(|file| file.len() > 1024)
    });
    until("no effective capability", || {
        let effective = thread_status(pid, "CapEff:");
        effective.len() > 1 && effective.iter().all(|set| set.trim_matches('0').is_empty())
    });
    let permitted = thread_status(pid, "CapPrm:");
    assert!(
        permitted
            .iter()
            .all(|set| u64::from_str_radix(set, 16) == Ok(CAPABILITIES.into())),
        "they can be raised again: {permitted:?}"
    );
    Ok(())
}

fn readers_have_no_capability() -> Result<(), Failed> {
    let installation = Installation::new()?;
    installation.grant()?;
    let held: Vec<TcpListener> = (0..200)
        .map(|_| TcpListener::bind((Ipv4Addr::LOCALHOST, 0)))
        .collect::<Result<_, _>>()?;
    let file = installation.path("own.swr");
    let mut record = installation.command();
    record
        .args(["record", "--interval", "100ms", "--duration", "1s", "-o"])
        .arg(&file);
    let recorded = record.output()?;
    assert!(recorded.status.success(), "{}", text(&recorded.stderr));
    drop(held);

    // It blocks when the pipe is full.
    let mut export = installation.command();
    export.args(["export", "--format", "jsonl"]).arg(&file);
    let mut running = Running(export.stdout(Stdio::piped()).spawn()?);
    let mut output = running.0.stdout.take().ok_or("a pipe")?;
    output.read_exact(&mut [0])?;
    let pid = running.0.id();
    for field in ["CapEff:", "CapPrm:", "CapInh:", "CapAmb:"] {
        for set in thread_status(pid, field) {
            assert_eq!(set.trim_matches('0'), "", "{field}");
        }
    }
    assert_eq!(thread_status(pid, "NoNewPrivs:"), ["1"]);
    Ok(())
}

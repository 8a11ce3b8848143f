//! Confinement of a process that reads files of unknown origin, with Landlock.
//!
//! It is best effort: a kernel restricts what it knows. Files are restricted since Linux 5.13, TCP ports since 6.7,
//! abstract unix sockets and signals since 6.12.

use std::error::Error;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use landlock::{
    ABI, Access as _, AccessFs, AccessNet, BitFlags, CompatLevel, Compatible as _, PathBeneath,
    PathFd, Ruleset, RulesetAttr as _, RulesetCreated, RulesetCreatedAttr as _, RulesetError,
    RulesetStatus, Scope,
};
use rustix::io::Errno;

/// The newest version of Landlock whose restrictions are requested.
const VERSION: ABI = ABI::V6;

/// Time zones, which may be read at any time.
const TIME_ZONES: [&str; 2] = ["/usr/share/zoneinfo", "/etc/localtime"];

/// The terminal, which is opened to read keys.
const TERMINAL: &str = "/dev/tty";

/// Everything that a confined process may still open. What is open already is not affected.
#[derive(Debug, Default)]
pub struct Allowed {
    /// Files to read.
    pub reads: Vec<PathBuf>,
    /// A file to write or to create.
    pub write: Option<PathBuf>,
}

/// How far the kernel confines a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Confinement {
    /// Files, network and signals.
    Full,
    /// Only what an older kernel can restrict.
    Partial,
    /// Nothing: the kernel has no Landlock, or it is disabled.
    None,
}

impl fmt::Display for Confinement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Confinement::Full => "no other file and no network (Landlock)",
            Confinement::Partial => {
                "no other file (Landlock; this kernel cannot restrict all of the network)"
            }
            Confinement::None => "every file of the user (this kernel has no Landlock)",
        })
    }
}

/// Returns how far this kernel confines a process.
pub fn available_confinement() -> Confinement {
    // Only the thread is confined.
    let tried = std::thread::spawn(|| confine(&Allowed::default())).join();
    match tried {
        Ok(Ok(confinement)) => confinement,
        _ => Confinement::None,
    }
}

/// Confines the calling thread, and those that it starts, to reading and writing the files that are allowed, without
/// network. A file that does not exist is not allowed.
///
/// # Errors
/// If the kernel has Landlock but refuses.
pub fn confine(allowed: &Allowed) -> Result<Confinement, RulesetError> {
    let mut ruleset = Ruleset::default()
        .set_compatibility(CompatLevel::BestEffort)
        .handle_access(AccessFs::from_all(VERSION))?
        .handle_access(AccessNet::from_all(VERSION))?
        .scope(Scope::from_all(VERSION))?
        .create()?;
    let zones = TIME_ZONES.into_iter().map(Path::new);
    for path in zones.chain(allowed.reads.iter().map(PathBuf::as_path)) {
        ruleset = allow(ruleset, path, AccessFs::from_read(VERSION))?;
    }
    let terminal = AccessFs::ReadFile | AccessFs::WriteFile | AccessFs::IoctlDev;
    ruleset = allow(ruleset, Path::new(TERMINAL), terminal)?;
    if let Some(path) = &allowed.write {
        ruleset = if path.exists() {
            allow(ruleset, path, AccessFs::WriteFile | AccessFs::Truncate)?
        } else {
            let directory = path.parent().filter(|parent| parent != &Path::new(""));
            let rights =
                AccessFs::WriteFile | AccessFs::Truncate | AccessFs::MakeReg | AccessFs::RemoveFile;
            allow(ruleset, directory.unwrap_or(Path::new(".")), rights)?
        };
    }
    Ok(match ruleset.restrict_self()?.ruleset {
        RulesetStatus::FullyEnforced => Confinement::Full,
        RulesetStatus::PartiallyEnforced => Confinement::Partial,
        RulesetStatus::NotEnforced => Confinement::None,
    })
}

/// Allows access to a file or below a directory, if it exists.
fn allow(
    ruleset: RulesetCreated,
    path: &Path,
    access: BitFlags<AccessFs>,
) -> Result<RulesetCreated, RulesetError> {
    let Ok(opened) = PathFd::new(path) else {
        return Ok(ruleset);
    };
    // Some rights are valid for directories only.
    let access = if path.is_dir() {
        access
    } else {
        access & AccessFs::from_file(VERSION)
    };
    let without = ruleset.try_clone();
    match ruleset.add_rule(PathBeneath::new(opened, access)) {
        // It is on no file system that has names, as what /dev/stdin or a process substitution refers to. Landlock does
        // not restrict access to such files, so that no rule is needed. Kernel: EBADFD of `landlock_add_rule`.
        Err(error) if is_unnamed(&error) => without.map_err(|_| error),
        added => added,
    }
}

/// Reports whether a rule was refused because its file is on no file system that has names.
fn is_unnamed(error: &RulesetError) -> bool {
    let mut cause: Option<&(dyn Error + 'static)> = Some(error);
    while let Some(error) = cause {
        let system = error.downcast_ref::<io::Error>();
        if system.and_then(io::Error::raw_os_error) == Some(Errno::BADFD.raw_os_error()) {
            return true;
        }
        cause = error.source();
    }
    false
}

#[cfg(test)]
mod tests {
    use std::fs::{self, File};
    use std::io::{ErrorKind, Read as _, Write as _};
    use std::net::{Ipv4Addr, TcpListener, TcpStream};
    use std::os::fd::AsRawFd as _;

    use super::*;

    /// Runs a test in a thread of its own, which alone is confined.
    fn in_thread(test: impl FnOnce() + Send + 'static) {
        std::thread::spawn(test).join().unwrap();
    }

    #[test]
    fn a_confined_thread_reads_and_writes_only_what_is_allowed() {
        let directory = tempfile::tempdir().unwrap();
        let path = |name: &str| directory.path().join(name);
        for name in ["read", "other"] {
            fs::write(path(name), name).unwrap();
        }
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let server = listener.local_addr().unwrap();
        let (read, other, new) = (path("read"), path("other"), path("new"));
        in_thread(move || {
            let mut opened = File::create(&other).unwrap();
            let allowed = Allowed {
                reads: vec![read.clone(), "/does/not/exist".into()],
                write: None,
            };
            let confinement = confine(&allowed).unwrap();
            assert_eq!(fs::read_to_string(&read).unwrap(), "read");
            opened.write_all(b"what is open stays open").unwrap();
            if confinement == Confinement::None {
                return;
            }
            let denied = |error: std::io::Error| error.kind() == ErrorKind::PermissionDenied;
            assert!(File::open(&other).is_err_and(denied));
            assert!(File::create(&read).is_err_and(denied), "it may be read");
            assert!(File::create(&new).is_err_and(denied));
            assert!(File::open("/etc/passwd").is_err_and(denied));
            if confinement == Confinement::Full {
                assert!(TcpStream::connect(server).is_err_and(denied));
            }
        });
    }

    #[test]
    fn pipes_and_files_without_a_name_are_no_obstacle() {
        let (reader, mut writer) = io::pipe().unwrap();
        writer.write_all(b"text").unwrap();
        let nameless = rustix::fs::memfd_create("filter", rustix::fs::MemfdFlags::CLOEXEC).unwrap();
        let path = |fd: i32| PathBuf::from(format!("/proc/self/fd/{fd}"));
        let (pipe, file) = (path(reader.as_raw_fd()), path(nameless.as_raw_fd()));
        let output = path(writer.as_raw_fd());
        let (read, opened) = (pipe.clone(), file.clone());
        in_thread(move || {
            let allowed = Allowed {
                reads: vec![pipe, file],
                write: Some(output.clone()),
            };
            confine(&allowed).unwrap();
            let mut text = [0; 4];
            File::open(read).unwrap().read_exact(&mut text).unwrap();
            assert_eq!(&text, b"text");
            File::open(opened).unwrap();
            fs::OpenOptions::new().write(true).open(output).unwrap();
        });
    }

    #[test]
    fn a_confined_thread_creates_its_output() {
        let directory = tempfile::tempdir().unwrap();
        let new = directory.path().join("new");
        in_thread(move || {
            let allowed = Allowed {
                reads: Vec::new(),
                write: Some(new.clone()),
            };
            confine(&allowed).unwrap();
            fs::write(&new, "text").unwrap();
        });
        let existing = directory.path().join("new");
        let copy = existing.clone();
        in_thread(move || {
            let allowed = Allowed {
                reads: Vec::new(),
                write: Some(copy.clone()),
            };
            confine(&allowed).unwrap();
            fs::write(&copy, "other text").unwrap();
        });
        assert_eq!(fs::read_to_string(existing).unwrap(), "other text");
    }
}

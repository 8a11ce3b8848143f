//! Finds the open files that keep a network namespace alive.

use std::mem::MaybeUninit;

use rustix::fs::AtFlags;

use super::super::process_reader::number;
use super::anonymous_files::AnonymousFile;
use super::map::Owners;

/// Maximum number of descriptors that are examined, at about 1.5 µs each.
const MAX_EXAMINED: usize = 16_384;

/// A descriptor that refers to a network namespace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NamespaceFile {
    /// Inode of the namespace.
    pub netns: u32,
    /// Pid of the process that has it open.
    pub pid: u32,
    /// Number of the descriptor.
    pub fd: u32,
}

impl Owners {
    /// Returns the descriptors of readable processes that refer to a network namespace, except those that were opened by the
    /// path of a namespace that is still mounted. Kernel: target `net:[INODE]` of `/proc/PID/fd/FD`, or `/` if it was
    /// opened by a path that was unmounted, which may also be a namespace of another kind.
    /// The second value is true if all descriptors were examined.
    pub fn namespace_files(&mut self) -> (Vec<NamespaceFile>, bool) {
        let mut files = Vec::new();
        let namespaces = rustix::fs::stat(self.root.join("self/ns/net"));
        let namespaces = namespaces.ok().map(|stat| stat.st_dev);
        let is_complete = self.examine_anonymous(MAX_EXAMINED, |file| {
            files.extend(netns_of(file, namespaces).map(|netns| NamespaceFile {
                netns,
                pid: file.pid,
                fd: file.fd,
            }));
        });
        (files, is_complete)
    }
}

/// Returns the inode of the namespace that a descriptor refers to; `None` if it refers to something else. `namespaces` is the
/// device of files of namespaces.
fn netns_of(file: AnonymousFile<'_>, namespaces: Option<u64>) -> Option<u32> {
    let path = file.via.path(&format!("fd/{}", file.fd));
    let path = path.as_c_str();
    let mut buffer = [MaybeUninit::<u8>::uninit(); 32];
    let (target, _) = rustix::fs::readlinkat_raw(file.process, path, &mut buffer).ok()?;
    if *target != *b"/" {
        return namespace_target(target);
    }
    let stat = rustix::fs::statat(file.process, path, AtFlags::empty()).ok()?;
    let is_namespace = Some(stat.st_dev) == namespaces;
    is_namespace.then(|| u32::try_from(stat.st_ino).ok())?
}

/// Returns the inode in `net:[INODE]`.
fn namespace_target(target: &[u8]) -> Option<u32> {
    let inode = target.strip_prefix(b"net:[")?.strip_suffix(b"]")?;
    number(inode)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_network_namespace_is_one() {
        assert_eq!(namespace_target(b"net:[4026532281]"), Some(4_026_532_281));
        for other in [
            &b"mnt:[4026532281]"[..],
            b"net:[",
            b"net:[]",
            b"net:[99999999999]",
        ] {
            assert_eq!(namespace_target(other), None);
        }
    }
}

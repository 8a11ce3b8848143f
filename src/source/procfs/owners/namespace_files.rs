//! Finds the open files that keep a network namespace alive.

use std::mem::MaybeUninit;
use std::os::fd::AsFd as _;

use rustix::fs::AtFlags;
use rustix::io::Errno;

use super::super::process_reader::{number, open_process};
use super::entry::Access;
use super::map::Owners;
use crate::model::DescriptorKind;

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
    pub fn namespace_files(&mut self) -> Vec<NamespaceFile> {
        let mut files = Vec::new();
        let Some(root) = self.open_root() else {
            return files;
        };
        let namespaces = rustix::fs::statat(&root, c"self/ns/net", AtFlags::empty());
        let namespaces = namespaces.ok().map(|stat| stat.st_dev);
        let mut examined = 0;
        for entry in self.slots.iter().flatten() {
            let anonymous = entry.kinds[DescriptorKind::Anonymous as usize];
            if entry.access != Access::Readable || anonymous == 0 {
                continue;
            }
            let Ok(process) = open_process(root.as_fd(), entry.key.pid) else {
                continue;
            };
            let descriptors = entry.descriptors.iter();
            for descriptor in descriptors.filter(|each| each.kind == DescriptorKind::Anonymous) {
                if examined == MAX_EXAMINED {
                    return files;
                }
                examined += 1;
                let path = entry.via.path(&format!("fd/{}", descriptor.fd));
                let mut buffer = [MaybeUninit::<u8>::uninit(); 32];
                let target: Result<_, Errno> =
                    rustix::fs::readlinkat_raw(&process, path.as_c_str(), &mut buffer);
                if let Ok((target, _)) = target
                    && let Some(netns) = namespace_target(target).or_else(|| {
                        let is_unmounted = *target == *b"/";
                        let path = is_unmounted.then_some(path.as_c_str())?;
                        let stat = rustix::fs::statat(&process, path, AtFlags::empty()).ok()?;
                        let is_namespace = Some(stat.st_dev) == namespaces;
                        is_namespace.then(|| u32::try_from(stat.st_ino).ok())?
                    })
                {
                    files.push(NamespaceFile {
                        netns,
                        pid: entry.key.pid,
                        fd: descriptor.fd,
                    });
                }
            }
        }
        files
    }
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

//! Examines the descriptors that are neither sockets, pipes nor files with a path.

use std::os::fd::{AsFd as _, OwnedFd};

use super::super::process_reader::{Via, open_process};
use super::entry::Access;
use super::map::Owners;
use crate::model::DescriptorKind;

/// A descriptor of a process without a path.
#[derive(Debug, Clone, Copy)]
pub(super) struct AnonymousFile<'a> {
    /// The directory `/proc/PID`.
    pub(super) process: &'a OwnedFd,
    pub(super) pid: u32,
    /// The thread through which the descriptor is read.
    pub(super) via: Via,
    pub(super) fd: u32,
}

impl Owners {
    /// Examines at most `most` anonymous descriptors of readable processes; returns true if there are no more.
    pub(super) fn examine_anonymous(
        &mut self,
        most: usize,
        mut examine: impl FnMut(AnonymousFile<'_>),
    ) -> bool {
        let Some(root) = self.open_root() else {
            return false;
        };
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
                if examined == most {
                    return false;
                }
                examined += 1;
                examine(AnonymousFile {
                    process: &process,
                    pid: entry.key.pid,
                    via: entry.via,
                    fd: descriptor.fd,
                });
            }
        }
        true
    }
}

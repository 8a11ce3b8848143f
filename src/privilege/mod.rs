//! Linux capabilities of this process: held in reserve, and effective only where an operation needs them.
//!
//! `main` calls [`reduce`] before any other thread exists. From then on, no capability is effective, and files that the
//! user names are opened with the user's own rights, however sockwatch got its capabilities: from the file, from an
//! ambient set or as a set-user-ID program. The readers of netlink and procfs [`raise`] what they need in their own
//! thread for as long as they need it. Commands that only read files [`discard`] everything, and those that read
//! recordings, which may come from others, [`confine`] themselves to these files.
//!
//! The rights of root over files are root's own rights, so they stay effective for real user 0.

mod sandbox;

use std::io;
use std::marker::PhantomData;

use rustix::process::{getegid, geteuid, getgid, getuid};
use rustix::thread::{
    CapabilitySet, CapabilitySets, capabilities, clear_ambient_capability_set, set_capabilities,
    set_keep_capabilities, set_no_new_privs, set_thread_res_gid, set_thread_res_uid,
};

pub use sandbox::{Allowed, Confinement, available_confinement, confine};

/// Reading the descriptors of other users' processes. Kernel: `ptrace_may_access` for `/proc/PID/fd`, and the modes of
/// its directories.
pub const READ_PROCESSES: CapabilitySet =
    CapabilitySet::SYS_PTRACE.union(CapabilitySet::DAC_READ_SEARCH);

/// Firewall marks, entries of connection tracking, a larger receive buffer, and `SOCK_DESTROY`.
pub const ADMINISTER_NETWORK: CapabilitySet = CapabilitySet::NET_ADMIN;

/// Entering network namespaces. Kernel: `setns(2)`.
pub const ENTER_NAMESPACES: CapabilitySet = CapabilitySet::SYS_ADMIN;

/// Events of other network namespaces. Kernel: `NETLINK_LISTEN_ALL_NSID`.
pub const RECEIVE_BROADCASTS: CapabilitySet = CapabilitySet::NET_BROADCAST;

/// Signals to other users' processes.
pub const SIGNAL_PROCESSES: CapabilitySet = CapabilitySet::KILL;

/// The rights of root over files.
const ROOT_FILES: CapabilitySet = CapabilitySet::DAC_OVERRIDE.union(CapabilitySet::DAC_READ_SEARCH);

/// Returns the capabilities that are always effective: none, or for real user 0 the rights of root over files.
fn own_rights() -> CapabilitySet {
    if getuid().is_root() {
        ROOT_FILES
    } else {
        CapabilitySet::empty()
    }
}

/// Makes all capabilities of this thread ineffective except the user's own rights; they stay permitted. Threads that it
/// starts inherit that. A set-user-ID or set-group-ID program becomes the real user and group. Programs that it starts
/// inherit no capability.
///
/// # Errors
/// If the kernel refuses; the process then must not open files that its user names.
pub fn reduce() -> io::Result<()> {
    let (user, group) = (getuid(), getgid());
    if getegid() != group {
        set_thread_res_gid(group, group, group)?;
    }
    if geteuid() != user {
        set_keep_capabilities(true)?;
        set_thread_res_uid(user, user, user)?;
        set_keep_capabilities(false)?;
    }
    let sets = capabilities(None)?;
    // Fails without ambient capabilities in the kernel (before 4.3).
    let _ = clear_ambient_capability_set();
    set_capabilities(
        None,
        CapabilitySets {
            effective: sets.permitted.intersection(own_rights()),
            permitted: sets.permitted,
            inheritable: CapabilitySet::empty(),
        },
    )?;
    Ok(())
}

/// Gives up all capabilities except the user's own rights, for good. Call it before any other thread exists.
///
/// # Errors
/// If the kernel refuses.
pub fn discard() -> io::Result<()> {
    set_no_new_privs(true)?;
    let kept = capabilities(None)?.permitted.intersection(own_rights());
    set_capabilities(
        None,
        CapabilitySets {
            effective: kept,
            permitted: kept,
            inheritable: CapabilitySet::empty(),
        },
    )?;
    Ok(())
}

/// Makes only the user's own rights effective in the calling thread: for a thread that may have been started while
/// capabilities were raised, and that runs code which must not have them.
pub fn lower() {
    // Lowering is always permitted; a kernel without capabilities has nothing to lower.
    if let Ok(sets) = capabilities(None) {
        let _ = set_effective(sets, sets.permitted & own_rights());
    }
}

/// Returns true if all of `needed` can be raised.
pub fn permits(needed: CapabilitySet) -> bool {
    capabilities(None).is_ok_and(|sets| sets.permitted.contains(needed))
}

/// Returns the names of the permitted capabilities, as the kernel has them; unknown ones by number, as `CAP_63`.
pub fn permitted_names() -> Vec<String> {
    let Ok(sets) = capabilities(None) else {
        return Vec::new();
    };
    let mut names: Vec<String> = sets
        .permitted
        .iter_names()
        .map(|(name, _)| format!("CAP_{name}"))
        .collect();
    let unknown = sets.permitted.bits() & !CapabilitySet::all().bits();
    names.extend(
        (0..u64::BITS)
            .filter(|bit| unknown >> bit & 1 == 1)
            .map(|bit| format!("CAP_{bit}")),
    );
    names
}

/// Capabilities that are effective in the calling thread until this is dropped.
#[derive(Debug)]
#[must_use = "the capabilities are effective only until it is dropped"]
pub struct Raised {
    /// The effective set to return to; `None` if nothing was raised.
    before: Option<CapabilitySet>,
    /// Capabilities belong to a thread.
    not_send: PhantomData<*const ()>,
}

/// Makes those of `needed` that are permitted effective in the calling thread. Without them, the operation that needs
/// them fails as it does for any user.
pub fn raise(needed: CapabilitySet) -> Raised {
    let raised = || {
        let sets = capabilities(None).ok()?;
        let effective = sets.effective | (sets.permitted & needed);
        if effective == sets.effective {
            return None;
        }
        set_effective(sets, effective).ok()?;
        Some(sets.effective)
    };
    Raised {
        before: raised(),
        not_send: PhantomData,
    }
}

impl Drop for Raised {
    fn drop(&mut self) {
        let Some(before) = self.before else {
            return;
        };
        let lowered = capabilities(None).and_then(|sets| set_effective(sets, before));
        // Capabilities of the own thread can always be lowered.
        debug_assert!(lowered.is_ok(), "{lowered:?}");
    }
}

/// Sets the effective set of the calling thread.
fn set_effective(sets: CapabilitySets, effective: CapabilitySet) -> rustix::io::Result<()> {
    set_capabilities(None, CapabilitySets { effective, ..sets })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Runs a test in a thread of its own, whose capabilities no other test shares.
    fn in_thread(test: impl FnOnce() + Send + 'static) {
        std::thread::spawn(test).join().unwrap();
    }

    fn effective() -> CapabilitySet {
        capabilities(None).unwrap().effective
    }

    #[test]
    fn capabilities_are_effective_only_while_raised() {
        in_thread(|| {
            let permitted = capabilities(None).unwrap().permitted;
            reduce().unwrap();
            let own = permitted & own_rights();
            assert_eq!(effective(), own);
            let outer = raise(READ_PROCESSES);
            let reading = own | (permitted & READ_PROCESSES);
            assert_eq!(effective(), reading);
            let inner = raise(READ_PROCESSES | ADMINISTER_NETWORK);
            assert_eq!(effective(), reading | (permitted & ADMINISTER_NETWORK));
            drop(inner);
            assert_eq!(effective(), reading, "the outer one still holds");
            drop(outer);
            assert_eq!(effective(), own);
            assert_eq!(capabilities(None).unwrap().permitted, permitted);
        });
    }

    #[test]
    fn discarded_capabilities_cannot_be_raised() {
        in_thread(|| {
            discard().unwrap();
            let _raised = raise(CapabilitySet::all());
            let sets = capabilities(None).unwrap();
            assert_eq!(sets.effective, sets.permitted);
            assert!(own_rights().contains(sets.permitted), "{sets:?}");
        });
    }
}

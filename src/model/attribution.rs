//! Attribution of a socket to its owner, or the reason for having none.

/// Reason for having no owner.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum Unowned {
    /// TIME-WAIT, or a FIN-WAIT-2 minisocket: the process has closed it.
    TimeWait,
    /// SYN-RECV: the handshake is not complete.
    Handshake,
    /// Established, and not yet accepted by `accept(2)`.
    WaitingForAccept,
    /// Closed by its process; the kernel completes the connection.
    Orphan,
    /// A kernel socket.
    Kernel,
    /// No process of this pid namespace owns it, and it was opened by a process outside of this pid namespace.
    OtherNamespace,
    /// No readable process owns it, and this user may not read the descriptors of some processes. Any of them may own
    /// it, because the user of a socket is the one who opened it.
    PermissionDenied,
    /// The process or descriptor no longer existed when owners were read.
    Exited,
    /// No process owns it, and nothing proves why: a descriptor in flight, a thread with its own descriptors, a process
    /// of another pid namespace, the kernel.
    Unknown,
    /// Registered with an `io_uring`, and no descriptor refers to it.
    IoUring,
    /// The descriptors of processes have not been read.
    NotRead,
}

impl Unowned {
    /// Every reason.
    pub const ALL: [Unowned; 11] = [
        Unowned::TimeWait,
        Unowned::Handshake,
        Unowned::WaitingForAccept,
        Unowned::Orphan,
        Unowned::Kernel,
        Unowned::OtherNamespace,
        Unowned::PermissionDenied,
        Unowned::Exited,
        Unowned::Unknown,
        Unowned::IoUring,
        Unowned::NotRead,
    ];

    /// Returns the name used in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Unowned::TimeWait => "time-wait",
            Unowned::Handshake => "handshake",
            Unowned::WaitingForAccept => "waiting-for-accept",
            Unowned::Orphan => "orphan",
            Unowned::Kernel => "kernel",
            Unowned::OtherNamespace => "other-namespace",
            Unowned::PermissionDenied => "permission-denied",
            Unowned::Exited => "exited",
            Unowned::Unknown => "unknown",
            Unowned::IoUring => "io-uring",
            Unowned::NotRead => "not-read",
        }
    }

    /// Returns a short name, at most 10 characters wide.
    pub fn short_name(self) -> &'static str {
        match self {
            Unowned::WaitingForAccept => "unaccepted",
            Unowned::OtherNamespace => "other-ns",
            Unowned::PermissionDenied => "denied",
            why => why.name(),
        }
    }

    /// Reports whether it may have an owner that could not be found. The other reasons rule out an owner.
    pub fn may_have_owner(self) -> bool {
        match self {
            Unowned::OtherNamespace
            | Unowned::PermissionDenied
            | Unowned::Exited
            | Unowned::Unknown
            | Unowned::IoUring
            | Unowned::NotRead => true,
            Unowned::TimeWait
            | Unowned::Handshake
            | Unowned::WaitingForAccept
            | Unowned::Orphan
            | Unowned::Kernel => false,
        }
    }

    /// Returns the reason as a short description.
    pub fn sentence(self) -> &'static str {
        match self {
            Unowned::TimeWait => "closed; address pair reserved",
            Unowned::Handshake => "handshake not complete",
            Unowned::WaitingForAccept => "waiting for accept()",
            Unowned::Orphan => "closed by its process",
            Unowned::Kernel => "kernel socket",
            Unowned::OtherNamespace => "owner outside this pid namespace",
            Unowned::PermissionDenied => "some processes are not readable",
            Unowned::Exited => "exited or closed meanwhile",
            Unowned::Unknown => "not found in any process",
            Unowned::IoUring => "registered with an io_uring",
            Unowned::NotRead => "processes not read yet",
        }
    }
}

/// How the owner of a socket was determined.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Attribution {
    /// A descriptor of the process refers to it now.
    Observed,
    /// A descriptor of the process referred to it when it was last read, which was too long ago, or before the process
    /// was found to have passed sockets on.
    Unverified,
    /// The process owned it when it was last seen.
    Remembered,
    /// The socket was never seen open; the process listens on its local port.
    Inferred,
    /// The socket was never seen open; one of these processes owned it, which share its listener or its local port.
    OneOf,
    /// No owner, with the reason.
    Unowned(Unowned),
}

impl Attribution {
    /// Returns `observed`, `unverified`, `remembered`, `inferred` or `one-of`; `None` without an owner.
    pub fn name(self) -> Option<&'static str> {
        match self {
            Attribution::Observed => Some("observed"),
            Attribution::Unverified => Some("unverified"),
            Attribution::Remembered => Some("remembered"),
            Attribution::Inferred => Some("inferred"),
            Attribution::OneOf => Some("one-of"),
            Attribution::Unowned(_) => None,
        }
    }

    /// Returns the reason for having no owner; `None` with an owner.
    pub fn unowned(self) -> Option<Unowned> {
        match self {
            Attribution::Unowned(why) => Some(why),
            _ => None,
        }
    }
}

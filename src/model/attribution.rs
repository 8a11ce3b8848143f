//! Attribution of a socket to its owner, or the reason for having none.

/// Reason for having no owner.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum Unowned {
    /// TIME-WAIT (or a FIN-WAIT-2 mini-socket): the process let go of it.
    TimeWait,
    /// SYN-RECV: the handshake is not complete.
    Handshake,
    /// Established, and no `accept(2)` has taken it.
    WaitingForAccept,
    /// The process closed it; the kernel finishes the connection.
    Orphan,
    /// A socket of the kernel's own.
    Kernel,
    /// No process of this pid namespace holds it, and there are others.
    OtherNamespace,
    /// The processes that could hold it may not be read by this user.
    PermissionDenied,
    /// The process or descriptor was gone when owners were read.
    Exited,
    /// Every process was read and none holds it (a descriptor in flight, `io_uring`, the kernel).
    Unknown,
}

impl Unowned {
    /// Every reason.
    pub const ALL: [Unowned; 9] = [
        Unowned::TimeWait,
        Unowned::Handshake,
        Unowned::WaitingForAccept,
        Unowned::Orphan,
        Unowned::Kernel,
        Unowned::OtherNamespace,
        Unowned::PermissionDenied,
        Unowned::Exited,
        Unowned::Unknown,
    ];

    /// The name used in JSON.
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
        }
    }

    /// The name where there is little room: at most 10 columns.
    pub fn short_name(self) -> &'static str {
        match self {
            Unowned::WaitingForAccept => "unaccepted",
            Unowned::OtherNamespace => "other-ns",
            Unowned::PermissionDenied => "denied",
            why => why.name(),
        }
    }

    /// Reports whether a process may hold it that could not be found. The other reasons exclude an owner.
    pub fn may_have_owner(self) -> bool {
        match self {
            Unowned::OtherNamespace
            | Unowned::PermissionDenied
            | Unowned::Exited
            | Unowned::Unknown => true,
            Unowned::TimeWait
            | Unowned::Handshake
            | Unowned::WaitingForAccept
            | Unowned::Orphan
            | Unowned::Kernel => false,
        }
    }

    /// The reason in words.
    pub fn sentence(self) -> &'static str {
        match self {
            Unowned::TimeWait => "closed here; address pair kept",
            Unowned::Handshake => "the handshake is not complete",
            Unowned::WaitingForAccept => "no accept() took them yet",
            Unowned::Orphan => "closed; the kernel finishes it",
            Unowned::Kernel => "the kernel's own",
            Unowned::OtherNamespace => "not held in this pid namespace",
            Unowned::PermissionDenied => "this user may not look",
            Unowned::Exited => "gone when it was looked for",
            Unowned::Unknown => "found in no process",
        }
    }
}

/// Source of the knowledge of a socket's owner.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Attribution {
    /// A descriptor of the process refers to it now.
    Observed,
    /// The process held it when it was last seen alive.
    Remembered,
    /// The socket was never seen open; the process listens on its local port.
    Inferred,
    /// No owner, and why.
    Unowned(Unowned),
}

impl Attribution {
    /// `observed`, `remembered`, `inferred`, or `None` without an owner.
    pub fn name(self) -> Option<&'static str> {
        match self {
            Attribution::Observed => Some("observed"),
            Attribution::Remembered => Some("remembered"),
            Attribution::Inferred => Some("inferred"),
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

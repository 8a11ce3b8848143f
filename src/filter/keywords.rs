//! The keywords that start a condition. Column names are in the vocabulary.

/// A keyword that starts a condition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Keyword {
    State,
    Exclude,
    Dst,
    Src,
    Host,
    Dport,
    Sport,
    Port,
    Dev,
    Fwmark,
    Cgroup,
    Container,
    Pod,
    Namespace,
    Unit,
    Autobound,
    Process,
    User,
    Owner,
    Unowned,
    Protocol,
    Family,
    Netns,
}

/// Kind of the value after a keyword.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ValueKind {
    Nothing,
    State,
    Host,
    Port,
    Device,
    Mark,
    Cgroup,
    Container,
    Pod,
    Namespace,
    Unit,
    Process,
    User,
    Owner,
    Reason,
    Protocol,
    Family,
    Netns,
}

/// A keyword's name, aliases, variant, and description for help.
pub(super) type KeywordRow = (&'static str, &'static [&'static str], Keyword, &'static str);

/// All keywords.
pub(super) const KEYWORDS: [KeywordRow; 23] = [
    ("state", &[], Keyword::State, "a state or a group of states"),
    (
        "exclude",
        &["excl"],
        Keyword::Exclude,
        "every state except this one",
    ),
    ("dport", &[], Keyword::Dport, "the remote port"),
    ("sport", &[], Keyword::Sport, "the local port"),
    ("dst", &["remote"], Keyword::Dst, "the remote host"),
    ("src", &["local"], Keyword::Src, "the local host"),
    ("port", &[], Keyword::Port, "the local or remote port"),
    ("host", &[], Keyword::Host, "the local or remote host"),
    (
        "process",
        &["comm"],
        Keyword::Process,
        "the owner, by name or PID",
    ),
    ("user", &[], Keyword::User, "the user, by name or UID"),
    ("owner", &[], Keyword::Owner, "none, any, or a process"),
    (
        "unowned",
        &[],
        Keyword::Unowned,
        "the reason for having no owner",
    ),
    (
        "protocol",
        &["netid"],
        Keyword::Protocol,
        "tcp, udp, stream, …",
    ),
    ("family", &[], Keyword::Family, "inet, inet6, unix, …"),
    (
        "dev",
        &["interface"],
        Keyword::Dev,
        "the network device it is bound to",
    ),
    ("cgroup", &[], Keyword::Cgroup, "the control group, by path"),
    (
        "container",
        &[],
        Keyword::Container,
        "the container, by name or short ID",
    ),
    (
        "pod",
        &[],
        Keyword::Pod,
        "the pod, by name, or by id if its name is unknown",
    ),
    (
        "namespace",
        &[],
        Keyword::Namespace,
        "the Kubernetes namespace",
    ),
    ("unit", &[], Keyword::Unit, "the systemd unit"),
    (
        "fwmark",
        &["mark"],
        Keyword::Fwmark,
        "the firewall mark, or MARK/MASK",
    ),
    (
        "autobound",
        &[],
        Keyword::Autobound,
        "local port chosen by the kernel",
    ),
    (
        "netns",
        &[],
        Keyword::Netns,
        "the inode of the network namespace",
    ),
];

impl Keyword {
    /// Finds a keyword by name or alias.
    pub(super) fn by_name(word: &str) -> Option<Keyword> {
        let is_it = |row: &&KeywordRow| row.0 == word || row.1.contains(&word);
        KEYWORDS.iter().find(is_it).map(|row| row.2)
    }

    /// Returns the keywords that start like a word.
    pub(super) fn similar(word: &str) -> Vec<&'static str> {
        let lower = word.to_lowercase();
        let names = KEYWORDS.iter().map(|row| row.0);
        names
            .filter(|name| {
                lower.len() >= 2 && (name.starts_with(&lower) || lower.starts_with(name))
            })
            .collect()
    }

    /// Returns the kind of value the keyword expects.
    pub(super) fn value_kind(self) -> ValueKind {
        match self {
            Keyword::State | Keyword::Exclude => ValueKind::State,
            Keyword::Dst | Keyword::Src | Keyword::Host => ValueKind::Host,
            Keyword::Dport | Keyword::Sport | Keyword::Port => ValueKind::Port,
            Keyword::Dev => ValueKind::Device,
            Keyword::Fwmark => ValueKind::Mark,
            Keyword::Cgroup => ValueKind::Cgroup,
            Keyword::Container => ValueKind::Container,
            Keyword::Pod => ValueKind::Pod,
            Keyword::Namespace => ValueKind::Namespace,
            Keyword::Unit => ValueKind::Unit,
            Keyword::Autobound => ValueKind::Nothing,
            Keyword::Process => ValueKind::Process,
            Keyword::User => ValueKind::User,
            Keyword::Owner => ValueKind::Owner,
            Keyword::Unowned => ValueKind::Reason,
            Keyword::Protocol => ValueKind::Protocol,
            Keyword::Family => ValueKind::Family,
            Keyword::Netns => ValueKind::Netns,
        }
    }

    /// Returns the column that `=~` matches after the keyword.
    pub(super) fn column(self) -> Option<&'static str> {
        Some(match self {
            Keyword::State => "state",
            Keyword::Dst => "remote",
            Keyword::Src => "local",
            Keyword::Process | Keyword::Owner => "process",
            Keyword::User => "user",
            Keyword::Unowned => "unowned",
            Keyword::Protocol => "protocol",
            Keyword::Family => "family",
            Keyword::Dev => "interface",
            Keyword::Cgroup => "cgroup",
            Keyword::Netns => "netns_name",
            Keyword::Container => "container",
            Keyword::Pod => "pod",
            Keyword::Namespace => "namespace",
            Keyword::Unit => "unit",
            _ => return None,
        })
    }
}

impl ValueKind {
    /// Describes the expected value, with examples.
    pub(super) fn describe(self) -> &'static str {
        match self {
            ValueKind::Nothing => "nothing",
            ValueKind::State => "a state, such as established or time-wait",
            ValueKind::Host => {
                "a host, such as 10.0.0.1, 10.0.0.0/8, [::1]:443, *:80 or /run/x.sock"
            }
            ValueKind::Port => "a port, such as 443, :443 or https",
            ValueKind::Device => "a device name or index",
            ValueKind::Mark => "a mark, such as 0x1 or 0x1/0x3",
            ValueKind::Cgroup => "a cgroup path, such as /system.slice",
            ValueKind::Container => "a container, such as web, 3f2a1b0c9d8e or shop-*",
            ValueKind::Pod => "a pod, such as api-7c9 or api-*",
            ValueKind::Namespace => "a namespace of Kubernetes, such as payments",
            ValueKind::Unit => "a systemd unit, such as nginx.service or session-*",
            ValueKind::Process => "a process, such as nginx, 812 or php-*",
            ValueKind::User => "a user, such as www-data or 33",
            ValueKind::Owner => "none, any, or a process",
            ValueKind::Reason => {
                "a reason: time-wait, handshake, waiting-for-accept, orphan, kernel, other-namespace, permission-denied, exited, unknown or any"
            }
            ValueKind::Protocol => {
                "a protocol: tcp, udp, raw, mptcp, sctp, stream, dgram, seqpacket, rdm, netlink, …"
            }
            ValueKind::Family => "a family: inet, inet6, unix, netlink, packet, vsock, tipc, xdp",
            ValueKind::Netns => "a network namespace, such as blue, web-* or its inode",
        }
    }
}

//! The keywords that begin a condition. Names of columns are in the vocabulary.

/// A keyword that begins a condition.
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
    Autobound,
    Process,
    User,
    Owner,
    Unowned,
    Protocol,
    Family,
    Netns,
}

/// Kind of the value behind a keyword.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ValueKind {
    Nothing,
    State,
    Host,
    Port,
    Device,
    Mark,
    Cgroup,
    Process,
    User,
    Owner,
    Reason,
    Protocol,
    Family,
    Netns,
}

/// A keyword: name, aliases, and description for help.
pub(super) type KeywordRow = (&'static str, &'static [&'static str], Keyword, &'static str);

/// All keywords.
pub(super) const KEYWORDS: [KeywordRow; 19] = [
    (
        "state",
        &[],
        Keyword::State,
        "a state, or a group of states",
    ),
    (
        "exclude",
        &["excl"],
        Keyword::Exclude,
        "every state but this",
    ),
    ("dport", &[], Keyword::Dport, "the port at the other end"),
    ("sport", &[], Keyword::Sport, "the port at this end"),
    (
        "dst",
        &["remote"],
        Keyword::Dst,
        "the host at the other end",
    ),
    ("src", &["local"], Keyword::Src, "the host at this end"),
    ("port", &[], Keyword::Port, "the port at either end"),
    ("host", &[], Keyword::Host, "the host at either end"),
    (
        "process",
        &[],
        Keyword::Process,
        "the owner, by name or pid",
    ),
    ("user", &[], Keyword::User, "the user, by name or id"),
    ("owner", &[], Keyword::Owner, "none, any, or the owner"),
    ("unowned", &[], Keyword::Unowned, "why there is no owner"),
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
        "the device that it is bound to",
    ),
    ("cgroup", &[], Keyword::Cgroup, "the control group, by path"),
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
        "the kernel chose the local port",
    ),
    (
        "netns",
        &[],
        Keyword::Netns,
        "the network namespace's inode",
    ),
];

impl Keyword {
    /// Finds a keyword by name or alias.
    pub(super) fn by_name(word: &str) -> Option<Keyword> {
        let is_it = |row: &&KeywordRow| row.0 == word || row.1.contains(&word);
        KEYWORDS.iter().find(is_it).map(|row| row.2)
    }

    /// Returns keywords with the same beginning as a word.
    pub(super) fn similar(word: &str) -> Vec<&'static str> {
        let lower = word.to_lowercase();
        let names = KEYWORDS.iter().map(|row| row.0);
        names
            .filter(|name| {
                lower.len() >= 2 && (name.starts_with(&lower) || lower.starts_with(name))
            })
            .collect()
    }

    /// Returns the kind of value that the keyword expects.
    pub(super) fn value_kind(self) -> ValueKind {
        match self {
            Keyword::State | Keyword::Exclude => ValueKind::State,
            Keyword::Dst | Keyword::Src | Keyword::Host => ValueKind::Host,
            Keyword::Dport | Keyword::Sport | Keyword::Port => ValueKind::Port,
            Keyword::Dev => ValueKind::Device,
            Keyword::Fwmark => ValueKind::Mark,
            Keyword::Cgroup => ValueKind::Cgroup,
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

    /// Returns the column that `=~` searches behind the keyword.
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
            _ => return None,
        })
    }
}

impl ValueKind {
    /// Describes the value with examples.
    pub(super) fn describe(self) -> &'static str {
        match self {
            ValueKind::Nothing => "nothing",
            ValueKind::State => "a state, for example established or time-wait",
            ValueKind::Host => {
                "a host, for example 10.0.0.1, 10.0.0.0/8, [::1]:443, *:80 or /run/x.sock"
            }
            ValueKind::Port => "a port, for example 443, :443 or https",
            ValueKind::Device => "a device's name or index",
            ValueKind::Mark => "a mark, for example 0x1 or 0x1/0x3",
            ValueKind::Cgroup => "the path of a control group, for example /system.slice",
            ValueKind::Process => "a process, for example nginx, 812 or php-*",
            ValueKind::User => "a user, for example www-data or 33",
            ValueKind::Owner => "none, any, or a process",
            ValueKind::Reason => {
                "why there is no owner: time-wait, handshake, waiting-for-accept, orphan, kernel, other-namespace, permission-denied, exited, unknown or any"
            }
            ValueKind::Protocol => {
                "a protocol: tcp, udp, raw, mptcp, sctp, stream, dgram, seqpacket, netlink, …"
            }
            ValueKind::Family => "a family: inet, inet6, unix, netlink, packet, vsock",
            ValueKind::Netns => "the inode of a network namespace",
        }
    }
}

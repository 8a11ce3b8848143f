//! The words that begin a condition, beside the names of columns.

/// A word that begins a condition.
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

/// What stands behind a keyword.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum What {
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

/// A keyword with its other spellings and what it asks.
pub(super) type Row = (&'static str, &'static [&'static str], Keyword, &'static str);

/// Every keyword, the first spelling first.
pub(super) const KEYWORDS: [Row; 19] = [
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
    /// The keyword that a word is.
    pub(super) fn by_name(word: &str) -> Option<Keyword> {
        let is_it = |row: &&Row| row.0 == word || row.1.contains(&word);
        KEYWORDS.iter().find(is_it).map(|row| row.2)
    }

    /// Keywords that begin like a word.
    pub(super) fn alike(word: &str) -> Vec<&'static str> {
        let lower = word.to_lowercase();
        let names = KEYWORDS.iter().map(|row| row.0);
        names
            .filter(|name| {
                lower.len() >= 2 && (name.starts_with(&lower) || lower.starts_with(name))
            })
            .collect()
    }

    /// What stands behind it.
    pub(super) fn what(self) -> What {
        match self {
            Keyword::State | Keyword::Exclude => What::State,
            Keyword::Dst | Keyword::Src | Keyword::Host => What::Host,
            Keyword::Dport | Keyword::Sport | Keyword::Port => What::Port,
            Keyword::Dev => What::Device,
            Keyword::Fwmark => What::Mark,
            Keyword::Cgroup => What::Cgroup,
            Keyword::Autobound => What::Nothing,
            Keyword::Process => What::Process,
            Keyword::User => What::User,
            Keyword::Owner => What::Owner,
            Keyword::Unowned => What::Reason,
            Keyword::Protocol => What::Protocol,
            Keyword::Family => What::Family,
            Keyword::Netns => What::Netns,
        }
    }

    /// The column whose text `=~` searches behind it.
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

impl What {
    /// In words, with examples.
    pub(super) fn describe(self) -> &'static str {
        match self {
            What::Nothing => "nothing",
            What::State => "a state, for example established or time-wait",
            What::Host => {
                "a host, for example 10.0.0.1, 10.0.0.0/8, [::1]:443, *:80 or /run/x.sock"
            }
            What::Port => "a port, for example 443, :443 or https",
            What::Device => "a device's name or index",
            What::Mark => "a mark, for example 0x1 or 0x1/0x3",
            What::Cgroup => "the path of a control group, for example /system.slice",
            What::Process => "a process, for example nginx, 812 or php-*",
            What::User => "a user, for example www-data or 33",
            What::Owner => "none, any, or a process",
            What::Reason => {
                "why there is no owner: time-wait, handshake, waiting-for-accept, orphan, kernel, other-namespace, permission-denied, exited, unknown or any"
            }
            What::Protocol => {
                "a protocol: tcp, udp, raw, mptcp, sctp, stream, dgram, seqpacket, netlink, …"
            }
            What::Family => "a family: inet, inet6, unix, netlink, packet, vsock",
            What::Netns => "the inode of a network namespace",
        }
    }
}

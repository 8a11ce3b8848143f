//! Kinds of sockets as selected by ss's letters, `-f` and `-A`, with the states that are listed for each.

use super::usage_error::UsageError;
use crate::cli::Select;
use crate::filter::StateSet;
use crate::model::{Family, Protocol, Socket, State};
use crate::source::netlink::request::Table;

/// Declares the kinds of sockets and the list of all.
macro_rules! kinds {
    ($($kind:ident),+ $(,)?) => {
        /// A kind of socket, which ss calls a table.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        enum Kind {
            $($kind),+
        }

        /// Every kind.
        const ALL: [Kind; [$(Kind::$kind),+].len()] = [$(Kind::$kind),+];
    };
}

kinds! {
    Tcp,
    Mptcp,
    Sctp,
    Udp,
    UdpLite,
    Raw,
    Icmp,
    UnixStream,
    UnixDgram,
    UnixSeqpacket,
    PacketRaw,
    PacketDgram,
    Netlink,
    VsockStream,
    VsockDgram,
    Tipc,
    Xdp,
}

use Kind::{
    Icmp, Mptcp, Netlink, PacketDgram, PacketRaw, Raw, Sctp, Tcp, Tipc, Udp, UdpLite, UnixDgram,
    UnixSeqpacket, UnixStream, VsockDgram, VsockStream, Xdp,
};

/// The kinds over IPv4 and IPv6.
const INTERNET: [Kind; 7] = [Tcp, Mptcp, Sctp, Udp, UdpLite, Raw, Icmp];

const UNIX: [Kind; 3] = [UnixStream, UnixDgram, UnixSeqpacket];

const PACKET: [Kind; 2] = [PacketRaw, PacketDgram];

const VSOCK: [Kind; 2] = [VsockStream, VsockDgram];

/// Names for `-A`, with the aliases of ss.
const QUERIES: [(&[&str], &[Kind]); 22] = [
    (&["all"], &ALL),
    (&["inet"], &INTERNET),
    (&["tcp"], &[Tcp]),
    (&["mptcp"], &[Mptcp]),
    (&["sctp"], &[Sctp]),
    (&["udp"], &[Udp]),
    (&["udplite"], &[UdpLite]),
    (&["raw"], &[Raw]),
    (&["icmp"], &[Icmp]),
    (&["unix"], &UNIX),
    (&["unix_stream", "u_str", "u_stream"], &[UnixStream]),
    (&["unix_dgram", "u_dgr", "u_dgram"], &[UnixDgram]),
    (
        &["unix_seqpacket", "u_seq", "u_seqpacket"],
        &[UnixSeqpacket],
    ),
    (&["packet"], &PACKET),
    (&["packet_raw", "p_raw"], &[PacketRaw]),
    (&["packet_dgram", "p_dgr"], &[PacketDgram]),
    (&["netlink"], &[Netlink]),
    (&["vsock"], &VSOCK),
    (&["vsock_stream", "v_str"], &[VsockStream]),
    (&["vsock_dgram", "v_dgr"], &[VsockDgram]),
    (&["tipc"], &[Tipc]),
    (&["xdp"], &[Xdp]),
];

/// Names for `-f`.
const FAMILIES: [(&str, Family); 8] = [
    ("inet", Family::Inet),
    ("inet6", Family::Inet6),
    ("unix", Family::Unix),
    ("link", Family::Packet),
    ("netlink", Family::Netlink),
    ("vsock", Family::Vsock),
    ("tipc", Family::Tipc),
    ("xdp", Family::Xdp),
];

impl Kind {
    /// Returns the kind of a socket; `None` for protocols without a name in ss.
    fn of(family: Family, protocol: Protocol) -> Option<Kind> {
        Some(match (family, protocol) {
            (Family::Inet | Family::Inet6, protocol) => match protocol {
                Protocol::Tcp => Tcp,
                Protocol::Mptcp => Mptcp,
                Protocol::Sctp => Sctp,
                Protocol::Udp => Udp,
                Protocol::UdpLite => UdpLite,
                Protocol::Raw => Raw,
                Protocol::Icmp | Protocol::Icmp6 => Icmp,
                _ => return None,
            },
            (Family::Unix, Protocol::Dgram) => UnixDgram,
            (Family::Unix, Protocol::Seqpacket) => UnixSeqpacket,
            (Family::Unix, _) => UnixStream,
            (Family::Packet, Protocol::Dgram) => PacketDgram,
            (Family::Packet, _) => PacketRaw,
            (Family::Netlink, _) => Netlink,
            (Family::Vsock, Protocol::Dgram) => VsockDgram,
            (Family::Vsock, _) => VsockStream,
            (Family::Tipc, _) => Tipc,
            (Family::Xdp, _) => Xdp,
        })
    }

    /// Returns the families that it occurs in.
    fn families(self) -> &'static [Family] {
        match self {
            Tcp | Mptcp | Sctp | Udp | UdpLite | Raw | Icmp => &[Family::Inet, Family::Inet6],
            UnixStream | UnixDgram | UnixSeqpacket => &[Family::Unix],
            PacketRaw | PacketDgram => &[Family::Packet],
            Netlink => &[Family::Netlink],
            VsockStream | VsockDgram => &[Family::Vsock],
            Tipc => &[Family::Tipc],
            Xdp => &[Family::Xdp],
        }
    }

    /// Returns the states that are listed if the kind is selected by name. Kernel: unconnected sockets are in
    /// `TCP_CLOSE`.
    fn states(self) -> StateSet {
        match self {
            PacketRaw | PacketDgram | Netlink | Xdp => StateSet::of(State::Closed),
            Udp | UdpLite | Raw | Icmp => StateSet::of(State::Established),
            Tipc => StateSet::of(State::Established)
                .with(StateSet::of(State::Listen))
                .with(StateSet::of(State::Closed)),
            _ => connected(),
        }
    }
}

/// Returns the states that ss lists without letters.
fn connected() -> StateSet {
    State::ALL
        .into_iter()
        .filter(|state| state.is_connected_for_ss())
        .map(StateSet::of)
        .fold(StateSet::default(), StateSet::with)
}

/// The selected kinds, families and states of sockets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::command) struct SocketKinds {
    kinds: Vec<Kind>,
    families: Vec<Family>,
    states: StateSet,
    /// The kinds that were named, by argument, apart from the internet families as a whole.
    named: Vec<&'static [Kind]>,
    /// The family that was named, if exactly one was.
    named_family: Option<Family>,
}

impl SocketKinds {
    /// Interprets the letters as ss does: a kind selects all of its families unless one of them is named, a family all
    /// of its kinds unless one of them is named, and no letter selects everything.
    ///
    /// # Errors
    /// If a name in `-f` or `-A` is unknown.
    pub(in crate::command) fn new(letters: &Select) -> Result<SocketKinds, UsageError> {
        let mut kinds: Vec<Kind> = Vec::new();
        let mut excluded: Vec<Kind> = Vec::new();
        let mut named: Vec<&'static [Kind]> = Vec::new();
        for (given, kind) in [
            (letters.tcp, Tcp),
            (letters.mptcp, Mptcp),
            (letters.sctp, Sctp),
            (letters.udp, Udp),
            (letters.raw, Raw),
        ] {
            kinds.extend(given.then_some(kind));
            named.extend(given.then(|| group_of(kind)).flatten());
        }
        for name in &letters.query {
            if let Some(name) = name.strip_prefix('!') {
                excluded.extend(parse_query(name)?);
            } else {
                let group = parse_query(name)?;
                kinds.extend(group);
                named.push(group);
            }
        }
        let mut families: Vec<Family> = Vec::new();
        for (given, family) in [
            (letters.ipv4, Family::Inet),
            (letters.ipv6, Family::Inet6),
            (letters.unix, Family::Unix),
            (letters.packet, Family::Packet),
            (letters.vsock, Family::Vsock),
            (letters.tipc, Family::Tipc),
            (letters.xdp, Family::Xdp),
        ] {
            families.extend(given.then_some(family));
        }
        for name in &letters.family {
            families.push(parse_family(name)?);
        }
        named.extend(families.iter().filter_map(|family| match family {
            Family::Unix => Some(&UNIX[..]),
            Family::Packet => Some(&PACKET[..]),
            Family::Vsock => Some(&VSOCK[..]),
            Family::Netlink => group_of(Netlink),
            Family::Tipc => group_of(Tipc),
            Family::Xdp => group_of(Xdp),
            Family::Inet | Family::Inet6 => None,
        }));
        let named_family = match families.as_slice() {
            // Another family in addition to an internet protocol does not decide how addresses are parsed.
            [family] if family.is_inet() || kinds.is_empty() => Some(*family),
            _ => None,
        };
        let mut states = StateSet::default();
        for kind in &kinds {
            states = states.with(kind.states());
        }
        for family in &families {
            for kind in ALL.iter().filter(|kind| kind.families().contains(family)) {
                states = states.with(kind.states());
            }
        }
        let is_unrestricted = kinds.is_empty() && families.is_empty();
        if is_unrestricted {
            kinds.extend(ALL);
        }
        // As ss: only connected sockets of the kinds in -A are listed.
        if is_unrestricted || !letters.query.is_empty() {
            states = connected();
        }
        for kind in &kinds {
            if !kind.families().iter().any(|own| families.contains(own)) {
                families.extend(kind.families());
            }
        }
        for family in &families {
            let own = ALL.iter().filter(|kind| kind.families().contains(family));
            if !own.clone().any(|kind| kinds.contains(kind)) {
                kinds.extend(own);
            }
        }
        kinds.retain(|kind| !excluded.contains(kind));
        if kinds.is_empty() {
            return Err(UsageError::new("-A excludes every kind of socket"));
        }
        Ok(SocketKinds {
            kinds,
            families,
            states,
            named,
            named_family,
        })
    }

    /// Returns the states that are listed by default.
    pub(in crate::command) fn default_states(&self) -> StateSet {
        self.states
    }

    /// Returns the family that addresses are parsed as, if one was named.
    pub(in crate::command) fn address_family(&self) -> Option<Family> {
        self.named_family
    }

    /// Returns the selected transport protocols with named services; none if everything is selected.
    pub(in crate::command) fn service_protocols(&self) -> Vec<Protocol> {
        let all = self.kinds.len() == ALL.len();
        [(Tcp, Protocol::Tcp), (Udp, Protocol::Udp)]
            .into_iter()
            .filter_map(|(kind, protocol)| (!all && self.kinds.contains(&kind)).then_some(protocol))
            .collect()
    }

    /// Returns true if every kind in every family is selected.
    pub(in crate::command) fn are_all(&self) -> bool {
        let own = |kind: &Kind| {
            let mut families = kind.families().iter();
            self.kinds.contains(kind) && families.all(|family| self.families.contains(family))
        };
        ALL.iter().all(own)
    }

    /// Returns true if the kernel can destroy all selected kinds: TCP and UDP.
    pub(in crate::command) fn are_destroyable(&self) -> bool {
        self.kinds.iter().all(|kind| matches!(kind, Tcp | Udp))
    }

    /// Returns true if a kernel table can contain a selected kind.
    pub(in crate::command) fn includes_table(&self, table: Table) -> bool {
        let any = |families: &[Family], kinds: &[Kind]| {
            families.iter().any(|family| self.families.contains(family))
                && kinds.iter().any(|kind| self.kinds.contains(kind))
        };
        let one = |family, protocol| {
            Kind::of(family, protocol).is_some_and(|kind| any(&[family], &[kind]))
        };
        match table {
            Table::Tcp => any(Tcp.families(), &[Tcp]),
            Table::Inet(protocol) => one(Family::Inet, protocol),
            Table::Inet6(protocol) => one(Family::Inet6, protocol),
            Table::Unix => any(&[Family::Unix], &UNIX),
            Table::Netlink => any(&[Family::Netlink], &[Netlink]),
            Table::Packet => any(&[Family::Packet], &PACKET),
            Table::Vsock => any(&[Family::Vsock], &VSOCK),
            Table::Tipc => any(&[Family::Tipc], &[Tipc]),
            Table::Xdp => any(&[Family::Xdp], &[Xdp]),
        }
    }

    /// Returns the names of the named kinds whose tables are all unavailable, and true if no other kind was named.
    pub(in crate::command) fn unavailable(
        &self,
        is_unavailable: impl Fn(Table) -> bool,
    ) -> (Vec<&'static str>, bool) {
        let is_lost = |group: &&&'static [Kind]| {
            let only = SocketKinds {
                kinds: group.to_vec(),
                ..self.clone()
            };
            let tables = Table::ALL.into_iter();
            let mut tables = tables.filter(|&table| only.includes_table(table));
            tables.all(&is_unavailable)
        };
        let lost = self.named.iter().filter(is_lost);
        let names = lost.filter_map(|group| {
            let (names, _) = QUERIES.iter().find(|(_, kinds)| kinds == group)?;
            Some(names[0])
        });
        let names: Vec<&str> = names.collect();
        let is_all = names.len() == self.named.len();
        (names, is_all)
    }

    /// Returns true if a socket is of a selected kind and family.
    #[inline]
    pub(in crate::command) fn include(&self, socket: &Socket) -> bool {
        // A kind without a name cannot be excluded.
        self.families.contains(&socket.family)
            && Kind::of(socket.family, socket.protocol)
                .is_none_or(|kind| self.kinds.contains(&kind))
    }
}

/// Returns a kind as the group that its name stands for.
fn group_of(kind: Kind) -> Option<&'static [Kind]> {
    let mut groups = QUERIES.iter().map(|(_, kinds)| *kinds);
    groups.find(|kinds| *kinds == [kind])
}

/// Parses a name in `-A`.
fn parse_query(name: &str) -> Result<&'static [Kind], UsageError> {
    let found = QUERIES.iter().find(|(names, _)| names.contains(&name));
    found.map(|(_, kinds)| *kinds).ok_or_else(|| {
        let names: Vec<&str> = QUERIES.iter().map(|(names, _)| names[0]).collect();
        UsageError::new(format!(
            "-A {name}: unknown kind of socket; use {}",
            names.join(", ")
        ))
    })
}

/// Parses a name in `-f`.
fn parse_family(name: &str) -> Result<Family, UsageError> {
    let found = FAMILIES.iter().find(|(known, _)| *known == name);
    found.map(|(_, family)| *family).ok_or_else(|| {
        let names: Vec<&str> = FAMILIES.iter().map(|(name, _)| *name).collect();
        UsageError::new(format!(
            "-f {name}: unknown family; use {}",
            names.join(", ")
        ))
    })
}

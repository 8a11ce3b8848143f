//! The sockets that the arguments select, with ss's letters and a filter.

use anyhow::anyhow;

use super::filter_text::FilterText;
use super::socket_kinds::SocketKinds;
use crate::aggregate::{Event, EventKind, Moment};
use crate::cli::Select;
use crate::column::{SOCKET_COLUMNS, SocketRow, VOCABULARY};
use crate::filter::{
    Filter, LoweredFilter, NameResolver, ParseContext, RequestedSockets, StateSet,
};
use crate::model::{Family, Protocol, SocketRef, SocketTable, State, Unowned};
use crate::privilege::{self, ADMINISTER_NETWORK};
use crate::source::netlink::request::Table;

/// Columns that need two Samples.
const RATES: [&str; 10] = [
    "received_rate",
    "sent_rate",
    "rate",
    "steady_rate",
    "rate_10s",
    "rate_60s",
    "wire_rate",
    "retransmitted_rate",
    "limit",
    "age",
];

/// Columns that need the owners of sockets.
const OWNERS: [&str; 6] = ["process", "name", "pid", "unowned", "attribution", "peer"];

/// Columns of the container or unit, which need the owners too, and no optional attributes.
const WORKLOADS: [&str; 7] = [
    "workload",
    "container",
    "image",
    "pod",
    "namespace",
    "unit",
    "runtime",
];

/// Columns that the kernel reports without requests for optional attributes.
const BASIC: [&str; 31] = [
    "netid",
    "state",
    "recv_queue",
    "send_queue",
    "local",
    "remote",
    "process",
    "name",
    "pid",
    "user",
    "timer",
    "peer",
    "interface",
    "cgroup",
    "inode",
    "cookie",
    "netns",
    "netns_name",
    "family",
    "protocol",
    "accept_queue",
    "backlog",
    "uid",
    "unowned",
    "attribution",
    "mark",
    "options",
    "shutdown",
    "association",
    "local_addresses",
    "remote_addresses",
];

/// States that `-l` lists.
const LISTENING: StateSet = StateSet::of(State::Listen).with(StateSet::of(State::Closed));

/// Reports whether a column needs the owners of sockets.
fn needs_owner(column: &str) -> bool {
    OWNERS.contains(&column) || WORKLOADS.contains(&column)
}

/// The parsed selection.
#[derive(Debug)]
pub(in crate::command) struct Selection {
    pub(in crate::command) kinds: SocketKinds,
    /// States that are listed before the filter applies; all if the filter names states.
    states: StateSet,
    /// True if only listening and unconnected sockets are listed.
    listening: bool,
    pub(in crate::command) filter: Filter,
}

impl Selection {
    /// Parses the letters and the filter. With `allow_unknown_devices`, names may be those of another machine.
    ///
    /// # Errors
    /// If a name or the filter is invalid, or the filter file cannot be read.
    pub(in crate::command) fn new(
        letters: &Select,
        names: &dyn NameResolver,
        allow_unknown_devices: bool,
    ) -> anyhow::Result<Selection> {
        let kinds = SocketKinds::new(letters)?;
        let around = RequestedSockets {
            family: kinds.address_family(),
            protocols: kinds.service_protocols(),
        };
        let context = ParseContext {
            vocabulary: &VOCABULARY,
            names,
            requested: &around,
            allow_unknown_devices,
        };
        let text = FilterText::read(letters)?;
        let filter = Filter::parse(&text.text, &context).map_err(|error| text.place(error))?;
        let states = if filter.mentions_states() || letters.all {
            StateSet::ALL
        } else if letters.listening {
            LISTENING
        } else {
            kinds.default_states()
        };
        Ok(Selection {
            kinds,
            states,
            listening: letters.listening && !filter.mentions_states(),
            filter,
        })
    }

    /// Parses a selection for recordings: in all states unless a letter or the filter restricts them.
    ///
    /// # Errors
    /// Those of [`Self::new`].
    pub(in crate::command) fn in_all_states(
        letters: &Select,
        names: &dyn NameResolver,
        allow_unknown_devices: bool,
    ) -> anyhow::Result<Selection> {
        let letters = Select {
            all: !letters.listening,
            ..letters.clone()
        };
        Selection::new(&letters, names, allow_unknown_devices)
    }

    /// Returns true if it does not select every socket.
    pub(in crate::command) fn excludes_any(&self) -> bool {
        !self.kinds.are_all() || !self.lists_all_states() || !self.filter.is_empty()
    }

    /// Returns true if it leaves out sockets of the selected kinds.
    pub(in crate::command) fn restricts_kinds(&self) -> bool {
        !self.lists_all_states() || !self.filter.is_empty()
    }

    /// Returns the kernel tables to dump.
    pub(in crate::command) fn tables(&self) -> Vec<Table> {
        let families = self.filter.families();
        let named = |table: &Table| {
            families.is_empty()
                || families.iter().any(|family| match table {
                    Table::Tcp => family.is_inet(),
                    Table::Inet(_) => *family == Family::Inet,
                    Table::Inet6(_) => *family == Family::Inet6,
                    Table::Unix => *family == Family::Unix,
                    Table::Netlink => *family == Family::Netlink,
                    Table::Packet => *family == Family::Packet,
                    Table::Vsock => *family == Family::Vsock,
                    Table::Tipc => *family == Family::Tipc,
                    Table::Xdp => *family == Family::Xdp,
                })
        };
        let all = Table::ALL.into_iter();
        all.filter(|&table| self.kinds.includes_table(table))
            .filter(named)
            .collect()
    }

    /// Returns true if only the filter restricts the states.
    pub(in crate::command) fn lists_all_states(&self) -> bool {
        self.states == StateSet::ALL
    }

    /// Returns the part of it that the kernel can evaluate.
    pub(in crate::command) fn lowered(&self) -> LoweredFilter {
        let mut lowered = self.filter.lower(privilege::permits(ADMINISTER_NETWORK));
        let states = lowered.states.common(self.states);
        // Listeners explain connections without an owner, and cost little.
        lowered.states = if states.contains(State::Established) && lowered.code.is_empty() {
            states.with(StateSet::of(State::Listen))
        } else {
            states
        };
        lowered
    }

    /// Returns true if a socket is selected.
    #[inline]
    pub(in crate::command) fn matches(&self, row: &SocketRow<'_>) -> bool {
        self.matches_in_states(row, self.states.contains(row.socket.socket.state))
    }

    /// Returns true if a socket is selected, provided that its state is.
    fn matches_in_states(&self, row: &SocketRow<'_>, is_in_states: bool) -> bool {
        is_in_states
            && self.kinds.include(row.socket.socket)
            && self.filter.matches(row.socket, row)
    }

    /// Returns true if the states include that of a row. As in ss, letters select SCTP sockets by what they have: `-l`
    /// those that listen, no letter those with associations, whatever their own state is.
    fn includes_state(&self, rows: &SocketTable, at: usize) -> bool {
        let Some(socket) = rows.get(at) else {
            return false;
        };
        if socket.protocol != Protocol::Sctp || self.filter.mentions_states() {
            return self.states.contains(socket.state);
        }
        if self.listening {
            return socket.is_listener();
        }
        let has_associations = || {
            let next = rows.get(at + 1);
            next.is_some_and(|next| next.is_association() && next.cookie == socket.cookie)
        };
        self.lists_all_states() || socket.is_association() || has_associations()
    }

    /// Returns the rows of the selected sockets of a moment.
    pub(in crate::command) fn matching_rows(&self, moment: &Moment) -> Vec<u32> {
        let rows = &moment.sample.sockets;
        let matches = |&row: &u32| {
            let at = row as usize;
            SocketRow::of(moment, at)
                .is_some_and(|row| self.matches_in_states(&row, self.includes_state(rows, at)))
        };
        (0..moment.sample.sockets.len() as u32)
            .filter(matches)
            .collect()
    }

    /// Returns true if an event of a socket is selected.
    pub(in crate::command) fn matches_event(&self, event: &Event, socket: SocketRef<'_>) -> bool {
        self.kinds.include(socket.socket)
            && event.matches(socket, |view| {
                (!self.listening || LISTENING.contains(view.socket.state))
                    && self.filter.matches(view, &SocketRow::detached(view))
            })
    }

    /// Returns true if an unselected event might match if the socket's owner or remote end were known.
    pub(in crate::command) fn could_match_event(
        &self,
        event: &Event,
        socket: SocketRef<'_>,
    ) -> bool {
        let ended = event.kind == EventKind::Closed && self.kinds.include(socket.socket);
        let is_unattributed = socket.socket.attribution.unowned() == Some(Unowned::Unknown);
        let is_unconnected = socket.socket.remote().is_none_or(|remote| remote.port == 0);
        let is_tcp = socket.socket.protocol == Protocol::Tcp;
        ended
            && ((is_unattributed
                && (self.filter.mentions_owner() || self.used_columns(&[]).any(needs_owner)))
                || (is_tcp
                    && is_unconnected
                    && event.from.is_none()
                    && self.filter.mentions_remote()))
    }

    /// Returns true if two Samples are needed to evaluate it or to show these columns.
    pub(in crate::command) fn needs_rates(&self, columns: &[&str]) -> bool {
        let mut names = self.used_columns(columns);
        names.any(|name| RATES.contains(&name))
    }

    /// Returns true if optional attributes are needed to evaluate it or to show these columns.
    pub(in crate::command) fn needs_details(&self, columns: &[&str]) -> bool {
        let mut names = self.used_columns(columns);
        names.any(|name| !BASIC.contains(&name) && !WORKLOADS.contains(&name))
            || self.filter.is_search()
    }

    /// Returns true if owners are needed to evaluate it or to show these columns.
    pub(in crate::command) fn needs_owners(&self, columns: &[&str]) -> bool {
        self.filter.needs_owners() || self.used_columns(columns).any(needs_owner)
    }

    /// Returns the columns that the filter uses, followed by those shown.
    fn used_columns<'a>(&'a self, columns: &'a [&'a str]) -> impl Iterator<Item = &'a str> {
        let fields = self.filter.fields();
        let names = fields.filter_map(|field| SOCKET_COLUMNS.get(usize::from(field)));
        names.map(|column| column.id).chain(columns.iter().copied())
    }

    /// Checks that the kernel reports what the filter uses.
    ///
    /// # Errors
    /// If it uses firewall marks without `CAP_NET_ADMIN`.
    pub(in crate::command) fn check_permissions(&self) -> anyhow::Result<()> {
        if self.filter.needs_marks() && !privilege::permits(ADMINISTER_NETWORK) {
            return Err(anyhow!(
                "the kernel reports firewall marks only with CAP_NET_ADMIN; run as root or grant it"
            ));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::cli::{Cli, Command};
    use crate::filter::NoResolver;
    use crate::model::{Ends, Socket};

    /// Parses the arguments of `list`.
    fn selection(words: &[&str]) -> Selection {
        let words = ["sockwatch", "list"].iter().chain(words);
        let Some(Command::List(arguments)) = Cli::parse_from(words).command else {
            panic!("list");
        };
        Selection::new(&arguments.select, &NoResolver, true).unwrap()
    }

    /// Returns the tables that some letters select.
    fn tables(letters: &str) -> Vec<Table> {
        let words: &[&str] = if letters.is_empty() { &[] } else { &[letters] };
        selection(words).tables()
    }

    #[test]
    fn letters_select_the_tables_that_they_select_in_ss() {
        use Protocol::Udp;
        use Table::{Inet, Inet6, Packet, Tcp as BothTcp, Unix, Vsock};
        assert_eq!(tables(""), Table::ALL);
        assert_eq!(tables("-a"), Table::ALL);
        assert_eq!(tables("-t"), [BothTcp]);
        assert_eq!(tables("-x"), [Unix]);
        assert_eq!(tables("-tu6"), [BothTcp, Inet6(Udp)]);
        assert_eq!(tables("-tx"), [BothTcp, Unix]);
        assert_eq!(tables("-t4x"), [BothTcp, Unix]);

        let v4: Vec<Table> = Table::ALL
            .into_iter()
            .filter(|table| matches!(table, BothTcp | Inet(_)))
            .collect();
        assert_eq!(tables("-4"), v4);
        assert_eq!(tables("-0"), [Packet]);
        assert_eq!(tables("-Avsock"), [Vsock]);
        assert_eq!(
            tables("-Ainet,!udp,!raw,!icmp,!udplite,!sctp,!mptcp"),
            [BothTcp]
        );
        assert_eq!(tables("-finet"), v4);
        assert_eq!(tables("-tflink"), [BothTcp, Packet]);
        let with_unix: Vec<Table> = Table::ALL
            .into_iter()
            .filter(|table| matches!(table, BothTcp | Inet(_) | Unix))
            .collect();
        assert_eq!(tables("-4x"), with_unix);
    }

    #[test]
    fn kinds_are_unavailable_if_all_their_tables_are() {
        use Table::{Inet, Inet6, Vsock};
        let missing = [
            Vsock,
            Inet(Protocol::Sctp),
            Inet6(Protocol::Sctp),
            Inet6(Protocol::Udp),
        ];
        let unavailable = |words: &[&str]| {
            let kinds = selection(words).kinds;
            kinds.unavailable(|table| missing.contains(&table))
        };
        assert_eq!(unavailable(&["-S"]), (vec!["sctp"], true));
        assert_eq!(unavailable(&["--vsock"]), (vec!["vsock"], true));
        assert_eq!(
            unavailable(&["-Avsock,sctp"]),
            (vec!["vsock", "sctp"], true)
        );
        assert_eq!(unavailable(&["-tS"]), (vec!["sctp"], false));
        assert_eq!(unavailable(&["-S4"]), (vec!["sctp"], true));
        assert_eq!(unavailable(&["-u6"]), (vec!["udp"], true));
        // IPv4 is there, and SCTP was not named.
        assert_eq!(unavailable(&["-u"]).0, Vec::<&str>::new());
        assert_eq!(unavailable(&["-4"]).0, Vec::<&str>::new());
        assert_eq!(unavailable(&[]).0, Vec::<&str>::new());
    }

    #[test]
    fn default_states_are_those_of_ss() {
        let states = |words: &[&str]| selection(words).states;
        assert!(
            states(&["-0"]).contains(State::Closed) && !states(&["-t"]).contains(State::Closed)
        );
        // As ss: -A lists connected sockets.
        assert!(!states(&["-Apacket"]).contains(State::Closed));
        assert_eq!(states(&["-u"]), StateSet::of(State::Established));
        assert!(states(&["-fnetlink"]).contains(State::Closed));
        assert_eq!(states(&["-0a"]), StateSet::ALL);
    }

    #[test]
    fn a_kind_of_unix_socket_excludes_the_others() {
        let ends = Ends::Unix {
            vfs: None,
            pending: 0,
            peer_inode: None,
        };
        let socket = |protocol| Socket::new(1, 1, Family::Unix, protocol, State::Established, ends);
        let kinds = selection(&["-Aunix_dgram,tcp"]).kinds;
        assert!(
            kinds.include(&socket(Protocol::Dgram)) && !kinds.include(&socket(Protocol::Stream))
        );
    }

    #[test]
    fn a_filter_that_names_states_decides_which_are_listed() {
        let states = |words: &[&str]| selection(words).lowered().states;
        let listen = StateSet::of(State::Listen);
        assert!(!states(&["-t"]).contains(State::TimeWait));
        assert_eq!(states(&["-ta"]), StateSet::ALL);
        assert_eq!(states(&["-tl"]), listen.with(StateSet::of(State::Closed)));
        assert_eq!(
            states(&["-tl", "state", "time-wait"]),
            StateSet::of(State::TimeWait)
        );
        assert!(
            selection(&["-tl", "sport = 80"])
                .states
                .contains(State::Closed)
        );
    }

    #[test]
    fn only_what_is_needed_is_requested() {
        let none = selection(&["-t", "dport = 80"]);
        assert!(!none.needs_details(&["state", "process"]) && none.needs_details(&["rtt"]));
        assert!(selection(&["rtt > 1ms"]).needs_details(&[]));
        assert!(none.needs_owners(&["process"]) && !none.needs_owners(&["local", "user"]));
        assert!(selection(&["owner none"]).needs_owners(&[]));
        assert!(selection(&["rate > 1MB"]).needs_rates(&[]) && none.needs_rates(&["age"]));
    }
}

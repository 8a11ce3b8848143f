//! Which sockets somebody asked for, with ss's letters and a filter.

use std::fs::File;
use std::io::Read;

use anyhow::{Context as _, anyhow};

use super::capabilities;
use super::socket_kinds::SocketKinds;
use crate::aggregate::{Event, EventKind};
use crate::cli::Select;
use crate::column::{SOCKET_COLUMNS, SocketRow, VOCABULARY};
use crate::filter::{Filter, LoweredFilter, NameResolver, ParseContext, SocketKinds, StateSet};
use crate::model::{Family, Protocol, SocketRef, State, Unowned};
use crate::source::netlink::request::Table;

/// Columns whose figures are differences between two Samples.
const RATES: [&str; 7] = [
    "received_rate",
    "sent_rate",
    "rate",
    "wire_rate",
    "retransmitted_rate",
    "limit",
    "age",
];

/// Columns that tell of owners.
const OWNERS: [&str; 5] = ["process", "pid", "unowned", "attribution", "peer"];

/// Columns that the kernel tells without being asked for details.
const PLAIN: [&str; 26] = [
    "netid",
    "state",
    "recv_queue",
    "send_queue",
    "local",
    "remote",
    "process",
    "pid",
    "user",
    "timer",
    "peer",
    "interface",
    "cgroup",
    "inode",
    "cookie",
    "netns",
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
];

/// What `-l` lists.
const LISTENING: StateSet = StateSet::of(State::Listen).with(StateSet::of(State::Closed));

/// The longest file that a filter is read from, bytes.
const LONGEST_FILE: u64 = 1 << 20;

/// What was asked for, understood.
#[derive(Debug)]
pub(in crate::command) struct Selection {
    pub(in crate::command) kinds: SocketKinds,
    /// The states that are listed; the filter's own, if it names any.
    states: StateSet,
    /// Whether only listening and unconnected sockets are.
    listening: bool,
    pub(in crate::command) filter: Filter,
}

impl Selection {
    /// Understands the filter. `allow_unknown_devices` if the sockets may be those of another machine.
    pub(in crate::command) fn new(
        letters: &Select,
        names: &dyn NameResolver,
        allow_unknown_devices: bool,
    ) -> anyhow::Result<Selection> {
        let kinds = SocketKinds::new(letters)?;
        let around = SocketKinds {
            family: kinds.family(),
            protocols: kinds.protocols(),
        };
        let context = ParseContext {
            vocabulary: &VOCABULARY,
            names,
            kinds: &around,
            allow_unknown_devices,
        };
        let filter = Filter::parse(&text(letters)?, &context)?;
        let states = if filter.mentions_states() || letters.all {
            StateSet::ALL
        } else if letters.listening {
            LISTENING
        } else {
            kinds.states()
        };
        Ok(Selection {
            kinds,
            states,
            listening: letters.listening && !filter.mentions_states(),
            filter,
        })
    }

    /// The same for what is, or was, recorded: in all states, unless a letter or the filter says which.
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

    /// Whether it leaves something out.
    pub(in crate::command) fn leaves_out(&self) -> bool {
        !self.kinds.are_all() || !self.lists_all_states() || !self.filter.is_empty()
    }

    /// Which of the kernel's tables hold what was asked for.
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
                })
        };
        let all = Table::ALL.into_iter();
        all.filter(|&table| self.kinds.wants(table))
            .filter(named)
            .collect()
    }

    /// Whether no state is left out but by the filter.
    pub(in crate::command) fn lists_all_states(&self) -> bool {
        self.states == StateSet::ALL
    }

    /// What of it the kernel can decide.
    pub(in crate::command) fn lowered(&self) -> LoweredFilter {
        let mut lowered = self.filter.lower(capabilities::is_network_admin());
        let states = lowered.states.common(self.states);
        // Listeners explain connections that have no owner, and cost nothing.
        lowered.states = if states.contains(State::Established) && lowered.code.is_empty() {
            states.with(StateSet::of(State::Listen))
        } else {
            states
        };
        lowered
    }

    /// Whether a socket is one of those that were asked for.
    #[inline]
    pub(in crate::command) fn holds(&self, row: &SocketRow<'_>) -> bool {
        let socket = row.socket.socket;
        self.kinds.hold(socket)
            && self.states.contains(socket.state)
            && self.filter.matches(row.socket, row)
    }

    /// Whether something that happened to a socket was asked for.
    pub(in crate::command) fn holds_event(&self, event: &Event, socket: SocketRef<'_>) -> bool {
        self.kinds.hold(socket.socket)
            && event.matches(socket, |view| {
                (!self.listening || LISTENING.contains(view.socket.state))
                    && self.filter.matches(view, &SocketRow::alone(view))
            })
    }

    /// Whether an event that was not asked for would have been, if more were known of the socket: its owner, or whom it was
    /// connected to.
    pub(in crate::command) fn could_hold_event(
        &self,
        event: &Event,
        socket: SocketRef<'_>,
    ) -> bool {
        let ended = event.kind == EventKind::Closed && self.kinds.hold(socket.socket);
        let nobody = socket.socket.attribution.unowned() == Some(Unowned::Unknown);
        let anywhere = socket.socket.remote().is_none_or(|remote| remote.port == 0);
        let is_tcp = socket.socket.protocol == Protocol::Tcp;
        ended
            && ((nobody
                && (self.filter.mentions_owner()
                    || self.names(&[]).any(|name| OWNERS.contains(&name))))
                || (is_tcp && anywhere && event.from.is_none() && self.filter.mentions_remote()))
    }

    /// Whether two Samples are needed to decide it, or to show these columns.
    pub(in crate::command) fn needs_rates(&self, columns: &[&str]) -> bool {
        let mut names = self.names(columns);
        names.any(|name| RATES.contains(&name))
    }

    /// Whether the kernel has to tell all that it knows to decide it, or to show these columns.
    pub(in crate::command) fn needs_details(&self, columns: &[&str]) -> bool {
        let mut names = self.names(columns);
        names.any(|name| !PLAIN.contains(&name)) || self.filter.is_search()
    }

    /// Whether owners have to be found to decide it, or to show these columns.
    pub(in crate::command) fn needs_owners(&self, columns: &[&str]) -> bool {
        self.filter.needs_owners() || self.names(columns).any(|name| OWNERS.contains(&name))
    }

    /// The columns that it looks at, and those shown.
    fn names<'a>(&'a self, columns: &'a [&'a str]) -> impl Iterator<Item = &'a str> {
        let fields = self.filter.fields();
        let names = fields.filter_map(|field| SOCKET_COLUMNS.get(usize::from(field)));
        names.map(|column| column.id).chain(columns.iter().copied())
    }

    /// Refuses what the kernel would not tell.
    pub(in crate::command) fn check(&self) -> anyhow::Result<()> {
        if self.filter.needs_marks() && !capabilities::is_network_admin() {
            return Err(anyhow!(
                "the kernel tells firewall marks to administrators only; run as root or grant CAP_NET_ADMIN"
            ));
        }
        Ok(())
    }
}

/// The filter as one text: what was typed, and behind it, as for ss, what is in the file of `-F`. Lines of it that begin
/// with `#` are remarks.
fn text(letters: &Select) -> anyhow::Result<String> {
    let mut text = letters.filter.join(" ");
    if let Some(path) = &letters.filter_file {
        let file = File::open(path).with_context(|| format!("cannot read {}", path.display()))?;
        let mut whole = String::new();
        file.take(LONGEST_FILE)
            .read_to_string(&mut whole)
            .with_context(|| format!("cannot read {}", path.display()))?;
        let lines = whole.lines().map(str::trim);
        for line in lines.filter(|line| !line.is_empty() && !line.starts_with('#')) {
            text.push(' ');
            text.push_str(line);
        }
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::cli::{Cli, Command};
    use crate::filter::NoResolver;
    use crate::model::{Ends, Socket};

    /// What some letters and a filter ask for.
    fn selection(words: &[&str]) -> Selection {
        let words = ["sockwatch", "list"].iter().chain(words);
        let Some(Command::List(arguments)) = Cli::parse_from(words).command else {
            panic!("list");
        };
        Selection::new(&arguments.select, &NoResolver, true).unwrap()
    }

    /// The tables that some letters ask for.
    fn asked(letters: &str) -> Vec<Table> {
        let words: &[&str] = if letters.is_empty() { &[] } else { &[letters] };
        selection(words).tables()
    }

    #[test]
    fn letters_ask_for_what_they_ask_ss_for() {
        use Protocol::Udp;
        use Table::{Inet, Inet6, Packet, Tcp as BothTcp, Unix, Vsock};
        assert_eq!(asked(""), Table::ALL);
        assert_eq!(asked("-a"), Table::ALL);
        assert_eq!(asked("-t"), [BothTcp]);
        assert_eq!(asked("-x"), [Unix]);
        assert_eq!(asked("-tu6"), [BothTcp, Inet6(Udp)]);
        assert_eq!(asked("-tx"), [BothTcp, Unix]);
        assert_eq!(asked("-t4x"), [BothTcp, Unix]);

        let v4: Vec<Table> = Table::ALL
            .into_iter()
            .filter(|table| matches!(table, BothTcp | Inet(_)))
            .collect();
        assert_eq!(asked("-4"), v4);
        assert_eq!(asked("-0"), [Packet]);
        assert_eq!(asked("-Avsock"), [Vsock]);
        assert_eq!(asked("-Ainet,!udp,!raw,!udplite,!sctp,!mptcp"), [BothTcp]);
        assert_eq!(asked("-finet"), v4);
        assert_eq!(asked("-tflink"), [BothTcp, Packet]);
        let with_unix: Vec<Table> = Table::ALL
            .into_iter()
            .filter(|table| matches!(table, BothTcp | Inet(_) | Unix))
            .collect();
        assert_eq!(asked("-4x"), with_unix);
    }

    #[test]
    fn states_are_those_that_ss_lists_of_each_kind() {
        let states = |words: &[&str]| selection(words).states;
        assert!(
            states(&["-0"]).contains(State::Closed) && !states(&["-t"]).contains(State::Closed)
        );
        // As ss: its -A lists what is connected.
        assert!(!states(&["-Apacket"]).contains(State::Closed));
        assert_eq!(states(&["-u"]), StateSet::of(State::Established));
        assert!(states(&["-fnetlink"]).contains(State::Closed));
        assert_eq!(states(&["-0a"]), StateSet::ALL);
    }

    #[test]
    fn a_kind_of_unix_socket_is_that_kind_alone() {
        let ends = Ends::Unix {
            vfs: None,
            pending: 0,
            peer_inode: None,
        };
        let socket = |protocol| Socket::new(1, 1, Family::Unix, protocol, State::Established, ends);
        let kinds = selection(&["-Aunix_dgram,tcp"]).kinds;
        assert!(kinds.hold(&socket(Protocol::Dgram)) && !kinds.hold(&socket(Protocol::Stream)));
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
                .holds(State::Closed)
        );
    }

    #[test]
    fn only_what_is_needed_is_asked_for() {
        let none = selection(&["-t", "dport = 80"]);
        assert!(!none.needs_details(&["state", "process"]) && none.needs_details(&["rtt"]));
        assert!(selection(&["rtt > 1ms"]).needs_details(&[]));
        assert!(none.needs_owners(&["process"]) && !none.needs_owners(&["local", "user"]));
        assert!(selection(&["owner none"]).needs_owners(&[]));
        assert!(selection(&["rate > 1MB"]).needs_rates(&[]) && none.needs_rates(&["age"]));
    }
}

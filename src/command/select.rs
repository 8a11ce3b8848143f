//! Which sockets somebody asked for, with ss's letters and a filter.

use anyhow::anyhow;

use crate::cli::Select;
use crate::column::{SOCKET_COLUMNS, SocketRow, VOCABULARY};
use crate::filter::{Context, Filter, FilterError, Lowered, Names, StateSet, Surroundings};
use crate::model::{Family, Protocol, Socket, SocketRef, State};
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

/// What was asked for, understood.
#[derive(Debug)]
pub(super) struct Selection {
    letters: Select,
    pub(super) filter: Filter,
}

impl Selection {
    /// Understands the filter. `lenient` if the names in it may be those of another machine.
    pub(super) fn new(
        letters: &Select,
        names: &dyn Names,
        lenient: bool,
    ) -> Result<Selection, FilterError> {
        let around = surroundings(letters);
        let context = Context {
            vocabulary: &VOCABULARY,
            names,
            around: &around,
            lenient,
        };
        Ok(Selection {
            filter: Filter::parse(&letters.filter_text(), &context)?,
            letters: letters.clone(),
        })
    }

    /// Which of the kernel's tables hold what was asked for.
    pub(super) fn tables(&self) -> Vec<Table> {
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
        all.filter(|&table| wanted(&self.letters, table))
            .filter(named)
            .collect()
    }

    /// The states that are listed; the filter's own, if it names any.
    fn states(&self) -> StateSet {
        if self.filter.mentions_states() || self.letters.all {
            return StateSet::ALL;
        }
        let wanted = |state: &State| {
            if self.letters.listening {
                matches!(state, State::Listen | State::Closed)
            } else {
                state.is_connected_for_ss()
            }
        };
        State::ALL
            .into_iter()
            .filter(wanted)
            .map(StateSet::of)
            .fold(StateSet::default(), StateSet::with)
    }

    /// What of it the kernel can decide.
    pub(super) fn lowered(&self) -> Lowered {
        let mut lowered = self.filter.lower(super::is_network_admin());
        let states = lowered.states.common(self.states());
        // Listeners explain connections that have no owner, and cost nothing.
        lowered.states = if states.holds(State::Established) && lowered.code.is_empty() {
            states.with(StateSet::of(State::Listen))
        } else {
            states
        };
        lowered
    }

    /// Whether a socket is one of those that were asked for.
    #[inline]
    pub(super) fn holds(&self, row: &SocketRow<'_>) -> bool {
        let socket = row.socket.socket;
        self.has_family(socket)
            && self.states().holds(socket.state)
            && self.filter.matches(row.socket, row)
    }

    /// Whether something that happened to a socket was asked for. `state` is the one that it happened in.
    pub(super) fn holds_event(&self, view: SocketRef<'_>, state: State) -> bool {
        let mut socket = *view.socket;
        socket.state = state;
        let view = SocketRef {
            socket: &socket,
            ..view
        };
        let listed = !self.letters.listening || matches!(state, State::Listen | State::Closed);
        let row = SocketRow::alone(view);
        (listed || self.filter.mentions_states())
            && self.has_protocol(&socket)
            && self.has_family(&socket)
            && self.filter.matches(view, &row)
    }

    fn has_protocol(&self, socket: &Socket) -> bool {
        let table = match socket.family {
            Family::Unix => Table::Unix,
            Family::Netlink => Table::Netlink,
            Family::Packet => Table::Packet,
            Family::Vsock => Table::Vsock,
            Family::Inet | Family::Inet6 if socket.protocol == Protocol::Tcp => Table::Tcp,
            Family::Inet => Table::Inet(socket.protocol),
            Family::Inet6 => Table::Inet6(socket.protocol),
        };
        wanted(&self.letters, table)
    }

    fn has_family(&self, socket: &Socket) -> bool {
        let letters = &self.letters;
        (!letters.ipv4 && !letters.ipv6)
            || !socket.family.is_inet()
            || (letters.ipv4 && socket.family == Family::Inet)
            || (letters.ipv6 && socket.family == Family::Inet6)
    }

    /// Whether two Samples are needed to decide it, or to show these columns.
    pub(super) fn needs_rates(&self, columns: &[&str]) -> bool {
        let mut names = self.names(columns);
        names.any(|name| RATES.contains(&name))
    }

    /// Whether the kernel has to tell all that it knows to decide it, or to show these columns.
    pub(super) fn needs_details(&self, columns: &[&str]) -> bool {
        let mut names = self.names(columns);
        names.any(|name| !PLAIN.contains(&name)) || self.filter.is_search()
    }

    /// Whether owners have to be found to decide it, or to show these columns.
    pub(super) fn needs_owners(&self, columns: &[&str]) -> bool {
        self.filter.needs_owners() || self.names(columns).any(|name| OWNERS.contains(&name))
    }

    /// The columns that it looks at, and those shown.
    fn names<'a>(&'a self, columns: &'a [&'a str]) -> impl Iterator<Item = &'a str> {
        let fields = self.filter.fields();
        let names = fields.filter_map(|field| SOCKET_COLUMNS.get(usize::from(field)));
        names.map(|column| column.id).chain(columns.iter().copied())
    }

    /// Refuses what the kernel would not tell.
    pub(super) fn check(&self) -> anyhow::Result<()> {
        if self.filter.needs_marks() && !super::is_network_admin() {
            return Err(anyhow!(
                "the kernel tells firewall marks to administrators only; run as root or grant CAP_NET_ADMIN"
            ));
        }
        Ok(())
    }
}

/// What the letters say about words in the filter.
fn surroundings(letters: &Select) -> Surroundings {
    let families = [
        (letters.ipv4, Family::Inet),
        (letters.ipv6, Family::Inet6),
        (letters.unix, Family::Unix),
    ];
    let mut chosen = families.iter().filter(|(given, _)| *given);
    let family = match (chosen.next(), chosen.next()) {
        // Unix beside a protocol of the internet decides nothing.
        (Some((_, Family::Unix)), None) if letters.tcp || letters.udp || letters.raw => None,
        (Some((_, family)), None) => Some(*family),
        _ => None,
    };
    let protocols = [
        (letters.tcp, Protocol::Tcp),
        (letters.udp, Protocol::Udp),
        (letters.raw, Protocol::Raw),
    ];
    Surroundings {
        family,
        protocols: protocols
            .into_iter()
            .filter_map(|(given, protocol)| given.then_some(protocol))
            .collect(),
    }
}

/// Whether a table was asked for, as ss understands its letters: a protocol of the internet holds for both families, a
/// family alone for all protocols of the internet, and unix where it is named. No letter at all is everything.
fn wanted(letters: &Select, table: Table) -> bool {
    let protocols = letters.tcp || letters.udp || letters.raw;
    let families = letters.ipv4 || letters.ipv6;
    let nothing = !protocols && !families && !letters.unix;
    let internet = |protocol: Protocol, family: bool| {
        let by_protocol = match protocol {
            Protocol::Tcp => letters.tcp,
            Protocol::Udp => letters.udp,
            Protocol::Raw => letters.raw,
            _ => false,
        };
        // Without a letter, a family stands for all of its protocols.
        let by_protocol = by_protocol || (families && !protocols);
        nothing || (by_protocol && (family || !families))
    };
    match table {
        Table::Tcp => {
            let families = [letters.ipv4, letters.ipv6];
            families
                .iter()
                .any(|&family| internet(Protocol::Tcp, family))
        }
        Table::Inet(protocol) => internet(protocol, letters.ipv4),
        Table::Inet6(protocol) => internet(protocol, letters.ipv6),
        Table::Unix => nothing || letters.unix,
        Table::Netlink | Table::Packet | Table::Vsock => nothing,
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::cli::{Cli, Command};
    use crate::filter::NoNames;

    /// What some letters and a filter ask for.
    fn selection(words: &[&str]) -> Selection {
        let words = ["sockwatch", "list"].iter().chain(words);
        let Some(Command::List(arguments)) = Cli::parse_from(words).command else {
            panic!("list");
        };
        Selection::new(&arguments.select, &NoNames, true).unwrap()
    }

    /// The tables that some letters ask for.
    fn asked(letters: &str) -> Vec<Table> {
        let words: &[&str] = if letters.is_empty() { &[] } else { &[letters] };
        selection(words).tables()
    }

    #[test]
    fn letters_ask_for_what_they_ask_ss_for() {
        use Protocol::Udp;
        use Table::{Inet, Inet6, Tcp as BothTcp, Unix};
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
        let with_unix: Vec<Table> = Table::ALL
            .into_iter()
            .filter(|table| matches!(table, BothTcp | Inet(_) | Unix))
            .collect();
        assert_eq!(asked("-4x"), with_unix);
    }

    #[test]
    fn a_filter_that_names_states_decides_which_are_listed() {
        let states = |words: &[&str]| selection(words).lowered().states;
        let listen = StateSet::of(State::Listen);
        assert!(!states(&["-t"]).holds(State::TimeWait));
        assert_eq!(states(&["-ta"]), StateSet::ALL);
        assert_eq!(states(&["-tl"]), listen.with(StateSet::of(State::Closed)));
        assert_eq!(
            states(&["-tl", "state", "time-wait"]),
            StateSet::of(State::TimeWait)
        );
        assert!(
            selection(&["-tl", "sport = 80"])
                .states()
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

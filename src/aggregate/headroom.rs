//! What there is only so much of, and how much of it is left: of the host, of a process, of a listener.

use std::cmp::Reverse;
use std::net::IpAddr;

use crate::model::{Endpoint, Sample, SocketKey};

use super::summary::limits;
use super::{LimitUnit, Moment, SummaryLimit};

/// Whose a limit is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whose {
    /// The whole host's, all network namespaces together.
    Host,
    /// The network namespace's.
    Namespace,
    /// That of the process in this row of the Sample.
    Process(u32),
    /// That of the listener in this row of the Sample.
    Listener(u32),
    /// That of all connections from one address to one port of another.
    Path(IpAddr, Endpoint),
}

/// Why a limit, or what there is of it, is not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Missing {
    /// The kernel does not tell it, or not in this network namespace.
    NotTold,
    /// There is no listener.
    NobodyListens,
    /// There is no process that may be looked into.
    Hidden,
    /// Nobody has counted.
    NotCounted,
    /// It is set so high that it limits nothing.
    NoLimit,
    /// netfilter tracks no connections.
    NoConntrack,
}

impl Missing {
    /// In two words.
    pub fn name(self) -> &'static str {
        match self {
            Missing::NotTold => "not told",
            Missing::NobodyListens => "nobody listens",
            Missing::Hidden => "hidden",
            Missing::NotCounted => "not counted",
            Missing::NoLimit => "no limit",
            Missing::NoConntrack => "no conntrack",
        }
    }

    /// In a sentence.
    pub fn sentence(self) -> &'static str {
        match self {
            Missing::NotTold => {
                "The kernel does not tell it here: some limits are told in the first network namespace only."
            }
            Missing::NobodyListens => "Nobody listens.",
            Missing::Hidden => "No process that holds sockets could be looked into.",
            Missing::NotCounted => "Nobody has counted.",
            Missing::NoLimit => "It is set so high that it limits nothing.",
            Missing::NoConntrack => "netfilter tracks no connections here.",
        }
    }
}

/// How many local ports are taken where the most are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PortsTaken {
    /// From where to where; `None` if there is no connection at all.
    pub path: Option<(IpAddr, Endpoint)>,
    /// How many, TIME-WAIT included.
    pub taken: u32,
}

/// A limit and what there is of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Headroom {
    /// What is limited, how much there is of it and how much there may be.
    pub limit: SummaryLimit,
    /// Whose it is: of processes and listeners the one nearest to its limit.
    pub whose: Whose,
    /// Why something is missing, if it is.
    pub missing: Option<Missing>,
    /// What happens at the limit, and what sets it.
    pub about: &'static str,
}

/// Limits that [`limits`] tells of: a short name, and what happens there.
const OF_HOST: [(&str, &str, &str); 5] = [
    (
        "time_wait",
        "TIME-WAIT",
        "Beyond it connections that end are not kept in TIME-WAIT but forgotten at once. Set by net.ipv4.tcp_max_tw_buckets.",
    ),
    (
        "orphans",
        "orphans",
        "Connections that their process has closed and that still send. Beyond it they are reset. Set by net.ipv4.tcp_max_orphans.",
    ),
    (
        "tcp_memory",
        "TCP memory",
        "Memory of all TCP sockets. From the second number of net.ipv4.tcp_mem on buffers shrink; at the third data is dropped and connections are reset.",
    ),
    (
        "udp_memory",
        "UDP memory",
        "Memory of all UDP sockets. At the third number of net.ipv4.udp_mem datagrams are dropped (MemErrors).",
    ),
    (
        "fragment_memory",
        "fragments",
        "Memory of IPv4 packets that are put together again. Beyond it fragments are dropped (ReasmFails). Set by net.ipv4.ipfrag_high_thresh.",
    ),
];

/// From this number on `fs.file-max` limits nothing: systemd sets it to the largest there is.
const NO_LIMIT: u64 = 1 << 53;

/// All limits, in the order in which they matter when none is near. Those of listeners and processes are of all, whatever
/// is filtered. How many local ports are taken takes a walk over all sockets; who has done it tells.
pub fn headroom(moment: &Moment, ports: Option<PortsTaken>) -> Vec<Headroom> {
    let mut all = vec![
        accept_queue(moment),
        half_open(moment),
        descriptors(&moment.sample),
        local_ports(&moment.sample, ports),
    ];
    for mut limit in limits(moment) {
        let Some((_, title, about)) = OF_HOST.iter().find(|(id, ..)| *id == limit.id) else {
            continue;
        };
        limit.title = title;
        let is_whole = limit.value.is_some() && limit.limit.is_some();
        all.push(Headroom {
            whose: if limit.of_host {
                Whose::Host
            } else {
                Whose::Namespace
            },
            missing: (!is_whole).then_some(Missing::NotTold),
            about,
            limit,
        });
    }
    all.push(open_files(&moment.sample));
    all.push(tracked(&moment.sample));
    all
}

fn limit(
    (id, title): (&'static str, &'static str),
    value: Option<u64>,
    limit: Option<u64>,
    unit: LimitUnit,
) -> SummaryLimit {
    SummaryLimit {
        id,
        title,
        value,
        limit,
        unit,
        of_host: false,
    }
}

/// The listener whose accept queue is the fullest.
fn accept_queue(moment: &Moment) -> Headroom {
    let key = |row: u32| row_key(&moment.sample, row);
    let worst = moment.whole().listeners.iter().max_by_key(|listener| {
        let backlog = u64::from(listener.backlog.max(1));
        // Shares as whole numbers; of equal ones the smaller queue fills sooner.
        let fill = (u64::from(listener.accept_queue) << 24) / backlog;
        (fill, Reverse(backlog), Reverse(key(listener.row)))
    });
    Headroom {
        limit: limit(
            ("accept_queue", "accept queue"),
            worst.map(|listener| listener.accept_queue.into()),
            worst.map(|listener| listener.backlog.into()),
            LimitUnit::Connections,
        ),
        whose: worst.map_or(Whose::Namespace, |listener| Whose::Listener(listener.row)),
        missing: worst.is_none().then_some(Missing::NobodyListens),
        about: "Connections that wait for accept() of the listener nearest to its limit; beyond it they are dropped (ListenOverflows). Set by listen(), at most net.core.somaxconn.",
    }
}

/// The listener with the most half-open connections.
fn half_open(moment: &Moment) -> Headroom {
    let key = |row: u32| row_key(&moment.sample, row);
    let worst = moment
        .whole()
        .listeners
        .iter()
        .filter(|listener| listener.syn_recv.is_some())
        .max_by_key(|listener| (listener.syn_recv, Reverse(key(listener.row))));
    let most = moment
        .sample
        .settings
        .number("net.ipv4.tcp_max_syn_backlog", 0);
    let missing = match (worst, most) {
        (None, _) => Some(Missing::NobodyListens),
        (_, None) => Some(Missing::NotTold),
        _ => None,
    };
    Headroom {
        limit: limit(
            ("half_open", "half-open"),
            worst.and_then(|listener| listener.syn_recv).map(u64::from),
            most,
            LimitUnit::Connections,
        ),
        whose: worst.map_or(Whose::Namespace, |listener| Whose::Listener(listener.row)),
        missing,
        about: "Handshakes under way (SYN-RECV) of the listener that has the most. Without SYN cookies new clients are dropped near net.ipv4.tcp_max_syn_backlog; a listener takes no more of them than its own backlog either.",
    }
}

/// The process that has the largest share of its descriptors open.
fn descriptors(sample: &Sample) -> Headroom {
    let share = |(open, most): (u32, u64)| (u64::from(open) << 24) / most.max(1);
    let worst = (0..)
        .zip(&sample.processes)
        .filter_map(|(at, row)| {
            let figures = (row.descriptors?, row.process.descriptor_limit?);
            Some((at, row.process.key, figures))
        })
        .max_by_key(|(_, key, figures)| (share(*figures), Reverse((key.pid, key.start_time))));
    let figures = worst.map(|(_, _, figures)| figures);
    Headroom {
        limit: limit(
            ("descriptors", "descriptors"),
            figures.map(|(open, _)| open.into()),
            figures.map(|(_, most)| most),
            LimitUnit::Files,
        ),
        whose: worst.map_or(Whose::Namespace, |(at, _, _)| Whose::Process(at)),
        missing: worst.is_none().then_some(Missing::Hidden),
        about: "Open descriptors of the process nearest to its limit; beyond it accept() and open() fail (EMFILE). Set by ulimit -n, LimitNOFILE= of a unit.",
    }
}

/// How many local ports there are to choose from, and how many are taken: that depends on where one connects to.
fn local_ports(sample: &Sample, taken: Option<PortsTaken>) -> Headroom {
    let ports = sample.settings.local_ports();
    let missing = match (&ports, taken) {
        (None, _) => Some(Missing::NotTold),
        (_, None) => Some(Missing::NotCounted),
        _ => None,
    };
    let path = taken.and_then(|taken| taken.path);
    Headroom {
        limit: limit(
            ("local_ports", "local ports"),
            taken.map(|taken| taken.taken.into()),
            ports.map(|ports| ports.count().into()),
            LimitUnit::Ports,
        ),
        whose: path.map_or(Whose::Namespace, |(source, destination)| {
            Whose::Path(source, destination)
        }),
        missing,
        about: "Local ports for connections from here, apart for each (source, destination, port), TIME-WAIT included. Set by net.ipv4.ip_local_port_range, without ip_local_reserved_ports.",
    }
}

/// Open files of the whole host.
fn open_files(sample: &Sample) -> Headroom {
    let open = sample.counters.protocols.get("fs.file-nr.allocated");
    let told = sample.settings.number("fs.file-max", 0);
    let most = told.filter(|&most| most < NO_LIMIT);
    let missing = match (open, told, most) {
        (_, Some(_), None) => Some(Missing::NoLimit),
        (_, None, _) | (None, ..) => Some(Missing::NotTold),
        _ => None,
    };
    Headroom {
        limit: SummaryLimit {
            of_host: true,
            ..limit(
                ("open_files", "open files"),
                open.and_then(|open| u64::try_from(open).ok()),
                most,
                LimitUnit::Files,
            )
        },
        whose: Whose::Host,
        missing,
        about: "Open files and sockets of all processes; beyond it open() and socket() fail (ENFILE). Set by fs.file-max.",
    }
}

/// Connections that netfilter tracks.
fn tracked(sample: &Sample) -> Headroom {
    let count = sample
        .counters
        .protocols
        .get("net.netfilter.nf_conntrack_count");
    let most = sample.settings.number("net.netfilter.nf_conntrack_max", 0);
    Headroom {
        limit: limit(
            ("conntrack", "conntrack"),
            count.and_then(|count| u64::try_from(count).ok()),
            most,
            LimitUnit::Connections,
        ),
        whose: Whose::Namespace,
        missing: (count.is_none() || most.is_none()).then_some(Missing::NoConntrack),
        about: "Connections that netfilter tracks; beyond it packets of new ones are dropped. Set by net.netfilter.nf_conntrack_max.",
    }
}

fn row_key(sample: &Sample, row: u32) -> Option<(u32, u64)> {
    let key: SocketKey = sample.sockets.rows.get(row as usize)?.key();
    Some((key.netns, key.cookie))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::model::{Process, ProcessKey, ProcessRow, Settings};

    fn of(moment: &Moment, id: &str) -> Headroom {
        let all = headroom(moment, None);
        all.into_iter().find(|found| found.limit.id == id).unwrap()
    }

    fn with_settings(values: &[(&str, &str)]) -> Moment {
        let values = values.iter().copied();
        let values = values.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let mut moment = Moment::default();
        moment.sample.settings = Arc::new(Settings {
            values: values.collect(),
        });
        moment
    }

    #[test]
    fn what_is_not_known_says_why() {
        for found in headroom(&Moment::default(), None) {
            assert!(found.missing.is_some(), "{found:?}");
            assert_eq!(found.limit.share(), None, "{found:?}");
        }
        let moment = with_settings(&[("fs.file-max", "9223372036854775807")]);
        let files = of(&moment, "open_files");
        assert_eq!(files.limit.limit, None);
        assert_eq!(files.missing, Some(Missing::NoLimit));
    }

    #[test]
    fn the_process_nearest_to_its_limit_is_named() {
        let mut moment = Moment::default();
        for (pid, open, most) in [(7, 900, 100_000), (8, 400, 512), (9, 10, 1024)] {
            let key = ProcessKey { pid, start_time: 1 };
            let process = Process {
                descriptor_limit: Some(most),
                ..Process::new(key)
            };
            moment.sample.processes.push(ProcessRow {
                descriptors: Some(open),
                ..ProcessRow::new(Arc::new(process))
            });
        }
        let found = of(&moment, "descriptors");
        assert_eq!(found.whose, Whose::Process(1));
        assert_eq!(
            (found.limit.value, found.limit.limit),
            (Some(400), Some(512))
        );
    }

    #[test]
    fn local_ports_are_those_of_the_path_that_takes_the_most() {
        let moment = with_settings(&[("net.ipv4.ip_local_port_range", "1000 1099")]);
        let source: IpAddr = "10.0.0.1".parse().unwrap();
        let destination = Endpoint {
            address: "10.0.0.2".parse().unwrap(),
            port: 443,
        };
        let ports = PortsTaken {
            path: Some((source, destination)),
            taken: 75,
        };
        let found = local_ports(&moment.sample, Some(ports));
        assert_eq!((found.limit.share(), found.missing), (Some(0.75), None));
        assert_eq!(found.whose, Whose::Path(source, destination));
        let found = local_ports(&moment.sample, None);
        assert_eq!(
            (found.limit.limit, found.missing),
            (Some(100), Some(Missing::NotCounted))
        );
    }

    #[test]
    fn limits_of_the_host_come_from_its_settings() {
        let mut moment = with_settings(&[
            ("page_size", "4096"),
            ("net.ipv4.tcp_mem", "1 2 1000"),
            ("net.netfilter.nf_conntrack_max", "200"),
        ]);
        let protocols = &mut moment.sample.counters.protocols;
        protocols.names = Arc::new(vec![
            "sockstat.TCP.mem".into(),
            "net.netfilter.nf_conntrack_count".into(),
        ]);
        protocols.values = vec![500, 50];
        assert_eq!(of(&moment, "tcp_memory").limit.share(), Some(0.5));
        assert_eq!(of(&moment, "tcp_memory").whose, Whose::Host);
        assert_eq!(of(&moment, "conntrack").limit.share(), Some(0.25));
        assert_eq!(of(&moment, "conntrack").missing, None);
    }
}

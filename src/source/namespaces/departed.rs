//! Keeps network namespaces that have gone, for the events of their sockets that arrive afterwards.

use std::sync::Arc;

use crate::model::{NetNamespace, Sample, SeededMap};

/// Time for which a namespace that has gone is remembered, ns.
const KEEP_NS: u64 = 10_000_000_000;

/// The namespaces of the last Samples.
#[derive(Debug, Default)]
pub(in crate::source) struct DepartedNamespaces {
    /// By inode, with the time of the last Sample that had it as an existing one, ns.
    known: SeededMap<u32, (Arc<NetNamespace>, u64)>,
}

impl DepartedNamespaces {
    /// Adds to a Sample the namespaces that have gone and of which it has closed sockets, so that these have the name that
    /// their namespace had.
    pub(in crate::source) fn apply(&mut self, sample: &mut Sample) {
        let now = sample.monotonic_ns;
        self.known
            .retain(|_, (_, seen_ns)| now.saturating_sub(*seen_ns) < KEEP_NS);
        for namespace in &sample.namespaces {
            let known = (Arc::clone(namespace), now);
            self.known.insert(namespace.inode, known);
        }
        let mut gone: Vec<Arc<NetNamespace>> = Vec::new();
        let mut last = sample.own_netns;
        for socket in &sample.closed_sockets {
            let netns = socket.socket.netns;
            if netns == last || sample.namespace(netns).is_some() {
                continue;
            }
            last = netns;
            gone.extend(self.known.get(&netns).map(|(known, _)| Arc::clone(known)));
        }
        for namespace in &gone {
            sample.insert_namespace(namespace);
        }
    }
}

#[cfg(test)]
mod tests {

    use super::*;
    use crate::model::{Ends, Family, Parts, Protocol, Socket, State};

    fn namespace() -> Arc<NetNamespace> {
        Arc::new(NetNamespace::named(7, "blue"))
    }

    fn sample(seconds: u64) -> Sample {
        let mut sample = Sample {
            monotonic_ns: seconds * 1_000_000_000,
            own_netns: 1,
            ..Sample::default()
        };
        let ends = Ends::Xdp { queue: 0 };
        let socket = Socket::new(7, 1, Family::Inet, Protocol::Tcp, State::Closed, ends);
        sample.closed_sockets.push(socket, Parts::default());
        sample
    }

    #[test]
    fn a_closed_socket_keeps_the_name_of_its_namespace() {
        let mut departed = DepartedNamespaces::default();
        let mut unknown = sample(1);
        departed.apply(&mut unknown);
        assert_eq!(unknown.namespace_name(7), None);
        let mut present = sample(2);
        present.namespaces = vec![namespace()];
        departed.apply(&mut present);
        for (seconds, name) in [(3, Some("blue")), (11, Some("blue")), (13, None)] {
            let mut later = sample(seconds);
            departed.apply(&mut later);
            assert_eq!(later.namespace_name(7), name, "{seconds} s");
        }
        let mut without_events = Sample {
            monotonic_ns: 3_000_000_000,
            own_netns: 1,
            ..Sample::default()
        };
        departed.apply(&mut without_events);
        assert!(without_events.namespaces.is_empty());
    }
}

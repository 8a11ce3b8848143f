//! Columns of the container, the pod and the unit of a socket.

use std::borrow::Cow;

use super::row::{SocketColumn, SocketRow};
use crate::column::workload::workload_columns;
use crate::model::Container;

/// Returns the columns.
pub(super) fn columns() -> impl Iterator<Item = SocketColumn> {
    workload_columns!(SocketColumn, container, unit, workload).into_iter()
}

fn container<'a>(row: &SocketRow<'a>) -> Option<&'a Container> {
    row.socket.container()
}

fn unit<'a>(row: &SocketRow<'a>) -> Option<&'a str> {
    row.socket.unit()
}

fn workload<'a>(row: &SocketRow<'a>) -> Option<Cow<'a, str>> {
    row.socket.workload()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::column::VOCABULARY;
    use crate::filter::{Filter, NoResolver, ParseContext, RequestedSockets};
    use crate::model::{Ends, Family, Parts, Pod, Protocol, Runtime, Sample, Socket, State};

    fn sample() -> Sample {
        let mut container = Container::new(Some(Runtime::Containerd), "3f2a1b0c9d8e");
        container.name = Some("app\u{1b}[31m".into());
        container.image = Some("registry/app:1".into());
        container.pod = Some(Pod {
            namespace: Some("payments".into()),
            name: Some("api-7c9".into()),
            uid: None,
        });
        let unnamed = Container::new(None, "0011223344556677".repeat(4));
        let mut sample = Sample::default();
        for (id, path, container) in [
            (7, "/kubepods/a", Some(container)),
            (8, "/docker/b", Some(unnamed)),
            (9, "/system.slice/nginx.service", None),
            (1, "/", None),
        ] {
            sample.cgroups.insert(id, path.into());
            if let Some(container) = container {
                sample.containers.insert(path.into(), Arc::new(container));
            }
            let ends = Ends::Xdp { queue: 0 };
            let mut socket = Socket::new(1, id, Family::Xdp, Protocol::Raw, State::Closed, ends);
            socket.cgroup_id = id;
            sample.sockets.push(socket, Parts::default()).unwrap();
        }
        sample
    }

    /// The cgroup ids of the sockets that a filter lets through.
    fn matching(filter: &str) -> Vec<u64> {
        let requested = RequestedSockets::default();
        let context = ParseContext {
            vocabulary: &VOCABULARY,
            names: &NoResolver,
            requested: &requested,
            allow_unknown_devices: false,
        };
        let filter = Filter::parse(filter, &context).unwrap();
        let sample = sample();
        let sockets = sample.iter().filter(|socket| {
            let row = SocketRow::detached(*socket);
            filter.matches(*socket, &row)
        });
        sockets.map(|socket| socket.socket.cgroup_id).collect()
    }

    #[test]
    fn containers_pods_and_units_are_conditions() {
        for (filter, expected) in [
            ("container = app*", &[7][..]),
            ("container app*", &[7]),
            ("container = 001122334455", &[8]),
            ("container = *", &[7, 8]),
            ("container != *", &[9, 1]),
            ("not container 0011*", &[7, 9, 1]),
            ("pod =~ api", &[7]),
            ("pod = api-7c9 namespace payments", &[7]),
            ("namespace != payments", &[8, 9, 1]),
            ("image =~ ^registry/", &[7]),
            ("unit = nginx.service", &[9]),
            ("unit nginx.*", &[9]),
            ("runtime = containerd", &[7]),
            ("workload = payments/api-7c9/app*", &[7]),
            ("workload = nginx.service", &[9]),
            ("\"payments/api\"", &[7]),
            ("\"registry/app\"", &[7]),
        ] {
            assert_eq!(matching(filter), expected, "{filter}");
        }
    }

    #[test]
    fn the_cells_are_printable_and_missing_where_nothing_is_known() {
        let sample = sample();
        let cells = |at: usize| {
            let row = SocketRow::detached(sample.socket(at).unwrap());
            let cells = columns().map(|column| {
                let mut text = String::new();
                column.write(&row, &mut text);
                text
            });
            cells.collect::<Vec<_>>()
        };
        let named = [
            "payments/api-7c9/app\\u{1b}[31m",
            "app\\u{1b}[31m",
            "registry/app:1",
            "api-7c9",
            "payments",
            "–",
            "containerd",
        ];
        assert_eq!(cells(0), named);
        let unnamed = ["001122334455", "001122334455", "–", "–", "–", "–", "–"];
        assert_eq!(cells(1), unnamed);
        let unit = ["nginx.service", "–", "–", "–", "–", "nginx.service", "–"];
        assert_eq!(cells(2), unit);
        assert_eq!(cells(3), ["–"; 7]);
    }
}

//! Finds the container, the systemd unit and their common name, the workload, of sockets and processes.
//!
//! A socket belongs to the control group of the process that created it. That is another one than its owner's if systemd
//! created it for a service, or if it was passed on; and the kernel does not report it on a host of cgroup 1 and in
//! TIME-WAIT.

use std::borrow::Cow;

use super::cgroup_path::{CgroupPath, last_of_cgroup, unit_of_cgroup};
use super::container::Container;
use super::sample::{Sample, SocketRef};
use super::{Attribution, Process};

impl<'a> SocketRef<'a> {
    /// Returns the container of its control group, or else that of its owner.
    pub fn container(&self) -> Option<&'a Container> {
        let containers = &self.sample.containers;
        if containers.is_empty() {
            return None;
        }
        containers.get(self.workload_path()?).map(AsRef::as_ref)
    }

    /// Returns the systemd unit of its owner, such as `nginx.service`; that of its own control group if that is in a
    /// container or the owner is unknown.
    pub fn unit(&self) -> Option<&'a str> {
        unit_of_cgroup(self.workload_path()?)
    }

    /// Returns the name of its workload; see [`Sample::workload_of_path`].
    pub fn workload(&self) -> Option<Cow<'a, str>> {
        self.sample.workload_of_path(self.workload_path()?)
    }

    /// Returns the path of the control group that says the most: its own if that is in a container, or else that of its
    /// owner, if it is known.
    fn workload_path(&self) -> Option<&'a str> {
        let own = self.sample.cgroup_path(self.socket.cgroup_id);
        match own {
            Some(path) if self.sample.containers.contains_key(path) => own,
            _ => self.owner_cgroup().or(own),
        }
    }

    /// Returns the control group of the first owner. If one of several processes is the owner, they must be in the same one.
    fn owner_cgroup(&self) -> Option<&'a str> {
        let mut owners = self.owners();
        let (first, _) = owners.next()?;
        let path = first.process.cgroup.as_deref()?;
        let is_same = |process: &Process| process.cgroup.as_deref() == Some(path);
        let is_certain = self.socket.attribution != Attribution::OneOf
            || owners.all(|(other, _)| is_same(&other.process));
        is_certain.then_some(path)
    }
}

impl Sample {
    /// Returns the name of the workload of a process; see [`Self::workload_of_path`].
    pub fn workload_of<'p>(&self, process: &'p Process) -> Option<Cow<'p, str>> {
        self.workload_of_path(process.cgroup.as_deref()?)
    }

    /// Returns the name of the workload in a control group: `payments/api-7c9/app` for a container of a pod, `web` for
    /// another container, followed by the unit if it runs systemd; else the unit, or the last component of the path. `None`
    /// for the root.
    pub fn workload_of_path<'p>(&self, path: &'p str) -> Option<Cow<'p, str>> {
        let Some(container) = self.containers.get(path) else {
            return unit_of_cgroup(path)
                .or_else(|| last_of_cgroup(path))
                .map(Cow::Borrowed);
        };
        let label = container.label();
        Some(Cow::Owned(
            match CgroupPath::parse(path).unit_in_container() {
                Some(unit) => format!("{label}/{unit}"),
                None => label.into_owned(),
            },
        ))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::model::{
        Ends, Family, Holder, Parts, Pod, ProcessKey, ProcessRow, Protocol, Runtime, Socket, State,
        Unowned,
    };

    const ENDS: Ends = Ends::Xdp { queue: 0 };

    const WEB: &str = "/docker/3f2a1b0c9d8e7f6a5b4c3d2e1f0a9b8c7d6e5f4a3b2c1d0e9f8a7b6c5d4e3f2a";

    /// A Sample with one socket in the cgroup `own`, and owners in the cgroups `owners`.
    fn sample(own: Option<&str>, owners: &[&str], attribution: Attribution) -> Sample {
        let mut sample = Sample::default();
        let mut container = Container::new(Some(Runtime::Docker), "3f2a");
        container.name = Some("web".into());
        let container = Arc::new(container);
        for path in [WEB.to_owned(), format!("{WEB}/system.slice/nginx.service")] {
            sample
                .containers
                .insert(path.as_str().into(), Arc::clone(&container));
        }
        if let Some(path) = own {
            sample.cgroups.insert(7, path.into());
        }
        for (at, path) in (0..).zip(owners) {
            let mut process = Process::new(ProcessKey {
                pid: at,
                start_time: 1,
            });
            process.cgroup = Some((*path).into());
            sample.processes.push(ProcessRow::new(Arc::new(process)));
            sample.holders.push(Holder { process: at, fd: 3 });
        }
        let socket = Socket {
            cgroup_id: own.map_or(0, |_| 7),
            holders_len: owners.len() as u16,
            attribution,
            ..Socket::new(
                1,
                1,
                Family::Netlink,
                Protocol::Netlink(0),
                State::Closed,
                ENDS,
            )
        };
        sample.sockets.push(socket, Parts::default()).unwrap();
        sample
    }

    #[test]
    fn a_socket_is_in_the_container_of_its_group_or_of_its_owner() {
        use Attribution::{Observed, OneOf, Unowned as Without};
        let nginx = "/system.slice/nginx.service";
        let inside = format!("{WEB}/system.slice/nginx.service");
        for (own, owners, attribution, container, unit, workload) in [
            (
                Some(WEB),
                &[][..],
                Without(Unowned::Unknown),
                Some("web"),
                None,
                "web",
            ),
            (Some(WEB), &[nginx][..], Observed, Some("web"), None, "web"),
            (Some("/"), &[WEB][..], Observed, Some("web"), None, "web"),
            (
                None,
                &[WEB][..],
                Attribution::Remembered,
                Some("web"),
                None,
                "web",
            ),
            (
                Some("/init.scope"),
                &[nginx][..],
                Observed,
                None,
                Some("nginx.service"),
                "nginx.service",
            ),
            (
                Some(nginx),
                &[][..],
                Without(Unowned::Unknown),
                None,
                Some("nginx.service"),
                "nginx.service",
            ),
            (
                Some("/a/b"),
                &[][..],
                Without(Unowned::Unknown),
                None,
                None,
                "b",
            ),
            (
                Some("/"),
                &[inside.as_str()][..],
                Observed,
                Some("web"),
                Some("nginx.service"),
                "web/nginx.service",
            ),
            (None, &[WEB, WEB][..], OneOf, Some("web"), None, "web"),
            (None, &[WEB, nginx][..], OneOf, None, None, ""),
            (None, &[WEB, nginx][..], Observed, Some("web"), None, "web"),
        ] {
            let sample = sample(own, owners, attribution);
            let socket = sample.socket(0).unwrap();
            let found = socket.container().map(Container::name_or_id);
            let case = (own, owners);
            assert_eq!(found, container, "{case:?}");
            assert_eq!(socket.unit(), unit, "{case:?}");
            assert_eq!(socket.workload().unwrap_or_default(), workload, "{case:?}");
        }
    }

    #[test]
    fn the_container_of_a_copied_socket_is_copied() {
        let mut sample = sample(None, &[WEB], Attribution::Observed);
        let mut container = Container::new(None, "3f2a");
        container.pod = Some(Pod::default());
        let copy = Sample::of_socket(sample.socket(0).unwrap());
        assert_eq!(copy.containers.len(), 1);
        sample.containers.clear();
        assert!(
            Sample::of_socket(sample.socket(0).unwrap())
                .containers
                .is_empty()
        );
        let name = copy.socket(0).unwrap().container();
        assert_eq!(name.map(Container::name_or_id), Some("web"));
    }
}

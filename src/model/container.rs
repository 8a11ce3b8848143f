//! Containers, and the pods that they are part of.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::sync::Arc;

/// Length of a shortened id, as `docker ps` shows it.
const SHORT_ID: usize = 12;

/// Length of the ids that are shortened.
const LONG_ID: usize = 64;

/// Program that runs a container.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Runtime {
    /// Docker, also where Kubernetes uses it.
    Docker,
    /// Podman.
    Podman,
    /// containerd: used by Kubernetes, nerdctl or ctr.
    Containerd,
    /// CRI-O.
    CriO,
    /// LXC, LXD or Incus.
    Lxc,
    /// systemd-nspawn.
    Nspawn,
    /// Another program that registered the container as a machine of systemd.
    Machine,
}

impl Runtime {
    /// Every runtime.
    pub const ALL: [Runtime; 7] = [
        Runtime::Docker,
        Runtime::Podman,
        Runtime::Containerd,
        Runtime::CriO,
        Runtime::Lxc,
        Runtime::Nspawn,
        Runtime::Machine,
    ];

    /// Returns the name used in tables, filters and JSON.
    pub fn name(self) -> &'static str {
        match self {
            Runtime::Docker => "docker",
            Runtime::Podman => "podman",
            Runtime::Containerd => "containerd",
            Runtime::CriO => "cri-o",
            Runtime::Lxc => "lxc",
            Runtime::Nspawn => "systemd-nspawn",
            Runtime::Machine => "machine",
        }
    }
}

/// A pod of Kubernetes or Podman.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Pod {
    /// Namespace; `None` if only the uid is known.
    pub namespace: Option<Arc<str>>,
    /// Name; `None` if only the uid is known, as in Podman.
    pub name: Option<Arc<str>>,
    /// Unique id, with dashes. That of a static pod is a checksum without dashes, that of Podman has 64 hexadecimal digits.
    pub uid: Option<Arc<str>>,
}

impl Pod {
    /// Returns the name, or else the unique id, shortened as `podman pod ps` shows it.
    pub fn name_or_id(&self) -> Option<&str> {
        let uid = || self.uid.as_deref().map(short_id);
        self.name.as_deref().or_else(uid)
    }
}

/// Returns the first 12 digits of an id of 64, and other ids as they are.
fn short_id(id: &str) -> &str {
    let is_digits = id.len() == LONG_ID && id.bytes().all(|byte| byte.is_ascii_hexdigit());
    id.get(..SHORT_ID).filter(|_| is_digits).unwrap_or(id)
}

/// A container: its id from the path of its control group, its names from the files of its runtime.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Container {
    /// Runtime; `None` if the path does not say, and no runtime has a file about it.
    pub runtime: Option<Runtime>,
    /// Id: 64 hexadecimal digits, or the name for LXC, machines and `ctr` of containerd.
    pub id: Arc<str>,
    /// Name; `None` if no readable file has it.
    pub name: Option<Arc<str>>,
    /// Image, as it was requested.
    pub image: Option<Arc<str>>,
    /// Project of Docker Compose.
    pub project: Option<Arc<str>>,
    /// Service of Docker Compose.
    pub service: Option<Arc<str>>,
    /// Pod, if it is part of one.
    pub pod: Option<Pod>,
    /// The container in which its runtime runs, if it is nested.
    pub outer: Option<Arc<Container>>,
}

impl Container {
    /// Creates a container of which only the id is known.
    pub fn new(runtime: Option<Runtime>, id: impl Into<Arc<str>>) -> Container {
        Container {
            runtime,
            id: id.into(),
            name: None,
            image: None,
            project: None,
            service: None,
            pod: None,
            outer: None,
        }
    }

    /// Returns the id as `docker ps` shows it: 12 of 64 digits.
    pub fn short_id(&self) -> &str {
        short_id(&self.id)
    }

    /// Returns the name, or else the shortened id.
    pub fn name_or_id(&self) -> &str {
        self.name.as_deref().unwrap_or_else(|| self.short_id())
    }

    /// Returns the name of the pod, or else its unique id; see [`Pod::name_or_id`].
    pub fn pod_name_or_id(&self) -> Option<&str> {
        self.pod.as_ref()?.name_or_id()
    }

    /// Returns the name of the pod, if it is known.
    pub fn pod_name(&self) -> Option<&str> {
        self.pod.as_ref()?.name.as_deref()
    }

    /// Returns the namespace of the pod in Kubernetes, if it is known.
    pub fn pod_namespace(&self) -> Option<&str> {
        self.pod.as_ref()?.namespace.as_deref()
    }

    /// Returns the name with that of its pod: `payments/api-7c9/app`, or `web`.
    pub fn label(&self) -> Cow<'_, str> {
        let own = self.name_or_id();
        let mut label = String::new();
        for part in [self.pod_namespace(), self.pod_name()]
            .into_iter()
            .flatten()
        {
            // Writing to a String does not fail.
            let _ = write!(label, "{part}/");
        }
        if label.is_empty() {
            return Cow::Borrowed(own);
        }
        label.push_str(own);
        Cow::Owned(label)
    }

    /// Iterates over the containers around it, the innermost first.
    pub fn outers(&self) -> impl Iterator<Item = &Container> {
        std::iter::successors(self.outer.as_deref(), |outer| outer.outer.as_deref())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_has_what_is_known() {
        let id = "3f2a1b0c9d8e".to_owned() + &"0".repeat(52);
        let mut container = Container::new(Some(Runtime::Containerd), id.as_str());
        assert_eq!(container.label(), "3f2a1b0c9d8e");
        container.pod = Some(Pod {
            uid: Some("1-2".into()),
            ..Pod::default()
        });
        assert_eq!(container.label(), "3f2a1b0c9d8e", "a uid is no name");
        container.name = Some("app".into());
        assert_eq!(container.label(), "app");
        container.pod = Some(Pod {
            namespace: Some("payments".into()),
            name: Some("api-7c9".into()),
            uid: None,
        });
        assert_eq!(container.label(), "payments/api-7c9/app");
        container.name = None;
        assert_eq!(container.label(), "payments/api-7c9/3f2a1b0c9d8e");
        let named = Container::new(Some(Runtime::Lxc), "database-of-the-shop");
        assert_eq!(named.label(), "database-of-the-shop");
    }
}

//! Columns of containers, pods and units that the tables of sockets and of processes share.

use crate::model::Container;

/// Description of `container`.
pub(super) const CONTAINER_ABOUT: &str = "Name of the container, or else its shortened id. From the path of the control group and the files of the runtime.";
/// Description of `image`, which exports share.
pub(crate) const IMAGE_ABOUT: &str = "Image of the container, as it was requested.";
/// Description of `pod`.
pub(super) const POD_ABOUT: &str =
    "Name of the pod in Kubernetes, or else the id of the pod, as in Podman.";
/// Description of the name of a pod in exports.
pub(crate) const POD_NAME_ABOUT: &str =
    "Name of the pod in Kubernetes; null if only its id is known, as in Podman.";
/// Description of `namespace`, which exports share.
pub(crate) const NAMESPACE_ABOUT: &str = "Namespace of the pod in Kubernetes.";
/// Description of `unit`, which exports share.
pub(crate) const UNIT_ABOUT: &str =
    "Innermost systemd unit of the owner's control group, or else of the socket's.";
/// Description of `runtime`, which exports share.
pub(crate) const RUNTIME_ABOUT: &str = "Runtime of the container: docker, podman, containerd, cri-o, lxc, systemd-nspawn, or machine for others that systemd lists.";
/// Description of `workload`.
pub(super) const WORKLOAD_ABOUT: &str = "Container with the namespace and name of its pod, such as payments/api-7c9/app; else the systemd unit, or the control group's name.";

/// Returns the name of a container's runtime.
pub(super) fn runtime(container: &Container) -> Option<&'static str> {
    Some(container.runtime?.name())
}

/// The columns, given functions that return the container, the unit and the workload of a row.
macro_rules! workload_columns {
    ($column:ty, $container:path, $unit:path, $workload:path) => {{
        use $crate::column::sort_key::text_key;
        use $crate::column::{SortKey, format, workload};
        macro_rules! text {
            ($heading:expr, $about:expr, $text:expr) => {
                <$column>::text(
                    $heading,
                    $about,
                    |row, out| {
                        format::sanitize(out, $text(row)?.as_bytes());
                        Some(())
                    },
                    |row, _| text_key($text(row)?),
                )
            };
        }
        [
            <$column>::text(
                ("workload", "WORKLOAD", 20),
                workload::WORKLOAD_ABOUT,
                |row, out| {
                    format::sanitize(out, $workload(row)?.as_bytes());
                    Some(())
                },
                |row, _| Some(SortKey::Text($workload(row)?)),
            ),
            text!(
                ("container", "CONTAINER", 18),
                workload::CONTAINER_ABOUT,
                (|row| Some($container(row)?.name_or_id()))
            ),
            text!(
                ("image", "IMAGE", 24),
                workload::IMAGE_ABOUT,
                (|row| { $container(row)?.image.as_deref() })
            ),
            text!(
                ("pod", "POD", 18),
                workload::POD_ABOUT,
                (|row| $container(row)?.pod_name_or_id())
            ),
            text!(
                ("namespace", "NAMESPACE", 12),
                workload::NAMESPACE_ABOUT,
                (|row| $container(row)?.pod_namespace())
            ),
            text!(("unit", "UNIT", 16), workload::UNIT_ABOUT, $unit),
            text!(
                ("runtime", "RUNTIME", 10),
                workload::RUNTIME_ABOUT,
                (|row| workload::runtime($container(row)?))
            ),
        ]
    }};
}

pub(super) use workload_columns;

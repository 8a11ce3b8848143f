//! Labels and annotations that name a container, under the keys of Kubernetes, Docker Compose and nerdctl.

use std::sync::Arc;

use serde::Deserialize;

use super::names::Names;

/// Maximum length of a name, bytes. Longer ones are not used: images have up to 255, the others 253.
const MAX_NAME: usize = 512;

/// Name that the kubelet gives to the container that only holds the namespaces of a pod.
const SANDBOX: &str = "POD";

/// The labels that are used. All others are skipped.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Labels {
    // Docker under Kubernetes, and CRI-O.
    #[serde(rename = "io.kubernetes.container.name")]
    container: Option<String>,
    #[serde(rename = "io.kubernetes.pod.name")]
    pod: Option<String>,
    #[serde(rename = "io.kubernetes.pod.namespace")]
    namespace: Option<String>,
    #[serde(rename = "io.kubernetes.pod.uid")]
    uid: Option<String>,
    // CRI-O.
    #[serde(rename = "io.kubernetes.cri-o.ImageName")]
    crio_image_name: Option<String>,
    #[serde(rename = "io.kubernetes.cri-o.Image")]
    crio_image: Option<String>,
    // containerd.
    #[serde(rename = "io.kubernetes.cri.container-name")]
    cri_container: Option<String>,
    #[serde(rename = "io.kubernetes.cri.sandbox-name")]
    cri_pod: Option<String>,
    #[serde(rename = "io.kubernetes.cri.sandbox-namespace")]
    cri_namespace: Option<String>,
    #[serde(rename = "io.kubernetes.cri.sandbox-uid")]
    cri_uid: Option<String>,
    #[serde(rename = "io.kubernetes.cri.image-name")]
    cri_image: Option<String>,
    // nerdctl.
    #[serde(rename = "nerdctl/name")]
    nerdctl: Option<String>,
    // Docker Compose, podman-compose and nerdctl compose.
    #[serde(rename = "com.docker.compose.project")]
    project: Option<String>,
    #[serde(rename = "com.docker.compose.service")]
    service: Option<String>,
}

impl Labels {
    /// Returns the names in the labels.
    pub(super) fn names(self) -> Names {
        let name = text(self.container.or(self.cri_container));
        Names {
            name: name
                .filter(|name| &**name != SANDBOX)
                .or(text(self.nerdctl)),
            image: text(self.cri_image.or(self.crio_image_name).or(self.crio_image)),
            project: text(self.project),
            service: text(self.service),
            namespace: text(self.namespace.or(self.cri_namespace)),
            pod: text(self.pod.or(self.cri_pod)),
            uid: text(self.uid.or(self.cri_uid)),
            runtime: None,
        }
    }
}

/// Returns a text that can be a name.
pub(super) fn text(text: Option<String>) -> Option<Arc<str>> {
    text.filter(|text| !text.is_empty() && text.len() <= MAX_NAME)
        .map(Arc::from)
}

/// Returns the names in that of a container that the kubelet created: `k8s_CONTAINER_POD_NAMESPACE_UID_ATTEMPT`.
pub(super) fn kubelet_name(name: &str) -> Option<Names> {
    let mut parts = name.strip_prefix("k8s_")?.split('_');
    let mut next = || text(parts.next().map(str::to_owned));
    let names = Names {
        name: next(),
        pod: next(),
        namespace: next(),
        uid: next(),
        ..Names::default()
    };
    let attempt = next()?;
    let is_it = attempt.bytes().all(|byte| byte.is_ascii_digit()) && parts.next().is_none();
    is_it.then(|| Names {
        name: names.name.filter(|name| &**name != SANDBOX),
        ..names
    })
}

//! Containers of Docker: `/var/lib/docker/containers/ID/config.v2.json`.

use serde::Deserialize;

use super::labels::{Labels, kubelet_name, text};
use super::names::Names;
use super::place::{Home, Place};
use super::root::{Contents, Requirements, Root, parse};
use crate::model::Runtime;

/// Maximum size of a file about one container, bytes. Usual ones have 10 kB.
const MAX_CONFIG: u64 = 4_000_000;

/// Maximum size of the daemon's configuration, bytes.
const MAX_DAEMON: u64 = 1_000_000;

/// Where Docker is installed, if its configuration does not say another place.
const DIRECTORIES: [&str; 2] = ["/var/lib/docker", "/var/snap/docker/common/var-lib-docker"];

#[derive(Deserialize)]
struct Daemon {
    #[serde(rename = "data-root")]
    data_root: Option<String>,
}

#[derive(Deserialize)]
struct Config {
    #[serde(rename = "Name")]
    name: Option<String>,
    #[serde(rename = "Config")]
    config: Option<Created>,
}

#[derive(Deserialize)]
struct Created {
    #[serde(rename = "Image")]
    image: Option<String>,
    #[serde(rename = "Labels")]
    labels: Option<Labels>,
}

/// Returns the places of Docker's files: its own, that of its configuration, and that of a user without root.
pub(super) fn places(root: &Root, home: Option<&Home>) -> Vec<Place> {
    let mut places: Vec<Place> = DIRECTORIES.map(Place::of_system).into();
    let required = Requirements {
        bytes: MAX_DAEMON,
        owner: None,
    };
    // A configuration that cannot be read says nothing of another place.
    let daemon = root.read("/etc/docker/daemon.json", required);
    let daemon = daemon.ok().flatten();
    let daemon = daemon.and_then(|bytes| serde_json::from_slice::<Daemon>(&bytes).ok());
    let moved = daemon.and_then(|daemon| daemon.data_root);
    places.extend(
        moved
            .filter(|path| path.starts_with('/'))
            .map(Place::of_system),
    );
    places.extend(home.map(|home| home.place(".local/share/docker")));
    places
}

/// Returns the path of the file with the names of a container.
pub(super) fn config_path(place: &Place, id: &str) -> String {
    format!("{}/containers/{id}/config.v2.json", place.path)
}

/// Reads the names of a container.
pub(super) fn names(root: &Root, place: &Place, id: &str) -> Contents<Names> {
    let path = config_path(place, id);
    let required = Requirements {
        bytes: MAX_CONFIG,
        owner: place.owner,
    };
    let Some(bytes) = root.read(&path, required)? else {
        return Ok(None);
    };
    let config: Config = parse(&path, &bytes)?;
    let (image, labels) = match config.config {
        Some(created) => (created.image, created.labels.unwrap_or_default()),
        None => (None, Labels::default()),
    };
    let mut names = labels.names();
    let name = config.name.unwrap_or_default();
    let name = name.trim_start_matches('/');
    names.add(kubelet_name(name).unwrap_or_default());
    if names.pod.is_none() {
        names.name = text(Some(name.to_owned()));
    }
    names.image = text(image).or(names.image);
    names.runtime = Some(Runtime::Docker);
    Ok(Some(names))
}

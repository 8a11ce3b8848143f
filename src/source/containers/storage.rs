//! Containers of Podman and CRI-O in their common storage: `overlay-containers/containers.json`. Containers that end with
//! the system are in `volatile-containers.json`.

use std::sync::Arc;

use serde::Deserialize;

use super::labels::{kubelet_name, text};
use super::names::Names;
use super::place::{Home, Place};
use super::root::{Contents, Requirements, Root, parse};
use crate::model::{Runtime, SeededMap};

/// Maximum size of a list of containers, bytes. An entry has about 1 kB.
const MAX_LIST: u64 = 32_000_000;

/// The directories of root's storage.
const DIRECTORIES: [&str; 2] = ["/var/lib/containers/storage", "/run/containers/storage"];

/// Drivers of the storage that containers use.
const DRIVERS: [&str; 3] = ["overlay", "vfs", "btrfs"];

/// Lists of containers of a driver.
const LISTS: [&str; 2] = ["containers.json", "volatile-containers.json"];

#[derive(Deserialize)]
struct Entry {
    id: String,
    names: Option<Vec<String>>,
    metadata: Option<String>,
}

/// Names that the runtime adds to the entry, as JSON in a string.
#[derive(Default, Deserialize)]
struct Metadata {
    #[serde(rename = "image-name")]
    image: Option<String>,
    name: Option<String>,
}

/// Names by id.
pub(super) type List = SeededMap<String, Names>;

/// Returns the directories of storage, of root and of a user without root.
pub(super) fn places(home: Option<&Home>) -> Vec<Place> {
    let mut places: Vec<Place> = DIRECTORIES.map(Place::of_system).into();
    places.extend(home.map(|home| home.place(".local/share/containers/storage")));
    places.extend(home.map(|home| Place {
        path: format!("/run/user/{}/containers", home.uid),
        owner: Some(home.uid),
    }));
    places
}

/// Returns the paths of the lists in a directory.
pub(super) fn lists(place: &Place) -> impl Iterator<Item = String> {
    let drivers = DRIVERS
        .iter()
        .flat_map(|driver| LISTS.map(|list| (driver, list)));
    drivers.map(|(driver, list)| format!("{}/{driver}-containers/{list}", place.path))
}

/// Reads a list.
pub(super) fn read(root: &Root, path: &str, owner: Option<u32>) -> Contents<List> {
    let required = Requirements {
        bytes: MAX_LIST,
        owner,
    };
    let Some(bytes) = root.read(path, required)? else {
        return Ok(None);
    };
    let entries: Vec<Entry> = parse(path, &bytes)?;
    let entries = entries.into_iter().map(|entry| {
        let names = names(entry.names.unwrap_or_default(), entry.metadata.as_deref());
        (entry.id, names)
    });
    Ok(Some(entries.collect()))
}

fn names(names: Vec<String>, metadata: Option<&str>) -> Names {
    // Another storage user may have anything there.
    let metadata = metadata.and_then(|text| serde_json::from_str::<Metadata>(text).ok());
    let metadata = metadata.unwrap_or_default();
    let own = text(names.into_iter().next()).or(text(metadata.name));
    let of_kubelet = own.as_deref().and_then(kubelet_name);
    let mut found = of_kubelet.unwrap_or(Names {
        name: own.as_ref().map(Arc::clone),
        ..Names::default()
    });
    found.runtime = Some(match found.pod {
        Some(_) => Runtime::CriO,
        None => Runtime::Podman,
    });
    found.image = text(metadata.image);
    found
}

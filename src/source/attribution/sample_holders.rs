//! The holders of the Sample under construction.

use super::holder_places::HolderPlaces;
use super::sample_processes::SampleProcesses;
use crate::model::Holder;

/// The holders of the Sample under construction: where those of each socket are, and their processes.
#[derive(Debug, Default)]
pub(super) struct SampleHolders {
    pub(super) places: HolderPlaces,
    pub(super) processes: SampleProcesses,
    /// Buffer for those of one socket.
    pub(super) found: Vec<Holder>,
}

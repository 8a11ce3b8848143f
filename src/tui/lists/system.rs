//! The lists of the System screen: limits, protocol counters, network devices, settings.
//!
//! The filter is about sockets and does not apply here; a search by text does.

mod counters;
mod interfaces;
mod limits;
mod settings;
mod text_search;

pub use counters::Counters;
pub use interfaces::Interfaces;
pub use limits::Limits;
pub use settings::Settings;

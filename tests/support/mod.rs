//! What tests share: a machine made by hand and a dashboard over it; and for those on the real kernel a network
//! namespace of their own, sockets in every state, what ss says.
#![allow(
    dead_code,
    missing_docs,
    unreachable_pub,
    unused_imports,
    reason = "each test crate compiles all of it and uses its part"
)]

pub(crate) mod bytecode;
pub(crate) mod cost_baseline;
pub mod dashboard;
pub(crate) mod diagnosis;
pub(crate) mod dumps;
pub mod edited_numbers;
pub mod edited_rows;
pub(crate) mod helper_process;
pub mod hostile_sample;
pub(crate) mod known_names;
pub(crate) mod list_json;
pub mod machine;
pub(crate) mod many_connections;
pub(crate) mod network_namespace;
pub(crate) mod requirements;
pub(crate) mod rewrite_recording;
pub(crate) mod sandbox;
pub mod sensitive_thresholds;
pub(crate) mod sockets_in_every_state;
pub(crate) mod ss;
pub(crate) mod synthetic;
pub(crate) mod wait;

pub use machine::Machine;

//! What tests share: a machine made by hand and a dashboard over it; and for those on the real kernel a network
//! namespace of their own, sockets in every state, what ss says.
#![allow(
    dead_code,
    missing_docs,
    unreachable_pub,
    unused_imports,
    reason = "each test crate compiles all of it and uses its part"
)]

pub(crate) mod crowd;
pub mod dashboard;
pub(crate) mod diagnosis;
pub(crate) mod dumps;
pub(crate) mod listed;
pub mod machine;
pub(crate) mod measure;
pub(crate) mod needs;
pub(crate) mod net;
pub(crate) mod rerecord;
pub(crate) mod roles;
pub(crate) mod sandbox;
pub(crate) mod ss;
pub(crate) mod states;
pub(crate) mod synthetic;
pub(crate) mod wait;

pub use machine::Machine;

//! What tests on the real kernel share: a network namespace of their own, sockets in every state, what ss says.
#![allow(
    dead_code,
    reason = "each test crate compiles all of it and uses its part"
)]

pub(crate) mod listed;
pub(crate) mod needs;
pub(crate) mod net;
pub(crate) mod roles;
pub(crate) mod ss;
pub(crate) mod states;
pub(crate) mod wait;
